//! A way to a server that keeps every request, and tells those that only read from all others by
//! what is on the wire, not by what the sender calls it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The bytes of one request, which may still be growing.
type Bytes = Arc<Mutex<Vec<u8>>>;
type Requests = Arc<Mutex<Vec<Bytes>>>;

pub struct Recorder {
    pub url: String,
    requests: Requests,
}

impl Recorder {
    /// Listens on a port of its own until the process ends.
    pub fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound port"));
        let requests = Requests::default();
        let shared = Arc::clone(&requests);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(server) else { continue };
                relay(&client, &server, &shared);
            }
        });
        Self { url, requests }
    }

    /// What was asked since the last time, each request in short.
    pub fn take(&self) -> Vec<Request> {
        lock(&self.requests).drain(..).map(|bytes| Request::read(&lock(&bytes))).collect()
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request by what makes it a read or not.
#[derive(Debug)]
pub struct Request {
    method: String,
    path: String,
    /// Of the protocols that name their operation in the body or a header.
    operation: Option<String>,
    /// EC2 only says whether it would have done it.
    is_dry_run: bool,
}

/// What the names of operations begin with that change nothing.
const READING_VERBS: [&str; 6] = ["Describe", "Get", "List", "Head", "BatchGet", "Simulate"];
/// Operations that change nothing and have another name.
const READING: [&str; 2] = ["AssumeRole", "Decrypt"];

impl Request {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let mut line = text.split(' ');
        let (method, path) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let target = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("x-amz-target").then(|| value.rsplit('.').next())?
        });
        let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            operation: target.or(action).map(str::to_owned),
            is_dry_run: body.split('&').any(|pair| pair == "DryRun=true"),
        }
    }

    /// Whether it changes nothing, whoever answers it.
    pub fn is_read(&self) -> bool {
        if let Some(operation) = &self.operation {
            return READING_VERBS.iter().any(|verb| operation.starts_with(verb))
                || READING.contains(&operation.as_str())
                || self.is_dry_run;
        }
        // Bedrock lists by `POST` to a collection; `POST` to one agent prepares it.
        let collections = [
            "agents",
            "agentaliases",
            "agentversions",
            "actiongroups",
            "agentcollaborators",
            "knowledgebases",
        ];
        let collection = self.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        match self.method.as_str() {
            "GET" | "HEAD" => true,
            "POST" => collections.contains(&collection),
            _ => false,
        }
    }
}

fn relay(client: &TcpStream, server: &TcpStream, requests: &Requests) {
    let answered = Arc::new(AtomicBool::new(true));
    let clone = |stream: &TcpStream| stream.try_clone().expect("a connected socket can be shared");
    let (from, to, flag) = (clone(client), clone(server), Arc::clone(&answered));
    let requests = Arc::clone(requests);
    thread::spawn(move || {
        let mut current = Bytes::default();
        copy(from, to, |bytes| {
            // What a client sends after the server has spoken begins a new request.
            if flag.swap(false, Ordering::SeqCst) {
                current = Bytes::default();
                lock(&requests).push(Arc::clone(&current));
            }
            lock(&current).extend_from_slice(bytes);
        });
    });
    let (from, to) = (clone(server), clone(client));
    thread::spawn(move || copy(from, to, |_| answered.store(true, Ordering::SeqCst)));
}

fn copy(mut from: TcpStream, mut to: TcpStream, mut before_writing: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        before_writing(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // Either side may be gone already.
    let _ = to.shutdown(Shutdown::Write);
}

#[test]
fn what_reads_is_told_from_what_changes() {
    let form = |body: &str| format!("POST / HTTP/1.1\r\nhost: x\r\n\r\n{body}");
    let target = |name: &str| format!("POST / HTTP/1.1\r\nX-Amz-Target: Logs.{name}\r\n\r\n{{}}");
    let rest = |line: &str| format!("{line} HTTP/1.1\r\nhost: x\r\n\r\n");
    for (request, is_read) in [
        (form("Action=DescribeVpcs&Version=1"), true),
        (form("Action=CreateVpc&Version=1"), false),
        (form("Action=CreateVpc&DryRun=true"), true),
        (form("Action=ModifyVpcAttribute&Name=Describe"), false),
        (form("Action=SimulatePrincipalPolicy"), true),
        (form("Action=GetCallerIdentity"), true),
        (form("Action=TagRole"), false),
        (target("DescribeLogGroups"), true),
        (target("PutRetentionPolicy"), false),
        (target("ListTagsForResource"), true),
        (rest("GET /2015-03-31/functions/x"), true),
        (rest("PUT /2015-03-31/functions/x/code"), false),
        (rest("POST /restapis"), false),
        (rest("PATCH /restapis/a"), false),
        (rest("POST /agents/"), true),
        (rest("PUT /agents/"), false),
        (rest("POST /agents/ABC/"), false),
        (rest("POST /agents/ABC/agentaliases/"), true),
        (rest("DELETE /agents/ABC/"), false),
        (rest("HEAD /bucket/key"), true),
        (rest("PUT /bucket/key"), false),
    ] {
        assert_eq!(Request::read(request.as_bytes()).is_read(), is_read, "{request}");
    }
}

//! A forge's API, or a file store beside it: a real HTTP server whose answers a test decides.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value as Json;

/// What a client asks.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// With names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Json,
}

/// What it gets.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(status: u16, body: &Json) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string().into_bytes() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

pub struct Server {
    pub url: String,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Listens on a port of its own until the process ends.
    pub fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound port"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || serve(client, &log, &*answer));
            }
        });
        Self { url, asked }
    }

    /// What was asked since this was last called.
    pub fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.asked.lock().expect("nobody panics with it"))
    }
}

fn serve(
    mut client: TcpStream,
    log: &Mutex<Vec<Request>>,
    answer: &(dyn Fn(&Request) -> Answer + Send + Sync),
) {
    let Some(request) = read(&client) else { return };
    log.lock().expect("nobody panics with it").push(request.clone());
    let Answer { status, headers, body } = answer(&request);
    let mut lines = vec![
        format!("HTTP/1.1 {status} x"),
        format!("content-length: {}", body.len()),
        "connection: close".to_owned(),
    ];
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    let head = lines.join("\r\n") + "\r\n\r\n";
    // A client that does not wait for its answer has its reasons.
    let _ = client.write_all(head.as_bytes()).and_then(|()| client.write_all(&body));
}

fn read(client: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(client);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Some(Request {
        method,
        path: path.to_owned(),
        query: query.collect(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Json::Null),
    })
}

/// One page of a listing as forges page them, and where the next one is.
pub fn page(
    base: &str,
    request: &Request,
    most: usize,
    entries: &[Json],
) -> (Vec<Json>, Option<String>) {
    let number = |name: &str| request.query.get(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("per_page").unwrap_or(30).min(most);
    let page = number("page").unwrap_or(1);
    let shown: Vec<Json> = entries.iter().skip((page - 1) * size).take(size).cloned().collect();
    let next = (entries.len() > page * size).then(|| {
        let others = request.query.iter().filter(|(name, _)| *name != "page");
        let mut query: Vec<String> =
            others.map(|(name, value)| format!("{name}={value}")).collect();
        query.push(format!("page={}", page + 1));
        let path = &request.path;
        format!("<{base}{path}?{}>; rel=\"next\", <{base}>; rel=\"last\"", query.join("&"))
    });
    (shown, next)
}

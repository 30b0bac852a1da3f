//! The simulated account over HTTP on this machine, for clients that nobody here wrote.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::aws::Aws;
use super::aws::account::{Account, Time};
use super::aws::wire::{self, Request, Response};
use super::random::Random;

/// What an answer takes: two calls of one client are not at the same time.
const LATENCY: Duration = Duration::from_millis(5);

/// Serves until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    listening: JoinHandle<()>,
}

struct World {
    aws: Mutex<Aws>,
    start: Instant,
    /// How many seconds of the account pass in one.
    speed: u64,
}

impl Server {
    /// An account, empty but for what `furnish` puts into it. At speed 1 its time is everybody's.
    pub async fn start(speed: u64, furnish: impl FnOnce(&mut Account)) -> Self {
        let mut account = Account::new(Random::new(7));
        furnish(&mut account);
        let start = Instant::now();
        let world = Arc::new(World { aws: Mutex::new(Aws::new(account)), start, speed });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&world)));
            }
        });
        Self { address, listening }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl World {
    fn answer(&self, request: &Request) -> Response {
        let passed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(Time::MAX);
        let call = request.call();
        let mut aws = self.aws.lock().expect("no call panics");
        let answer = aws.answer(&call, passed.saturating_mul(self.speed));
        wire::response(&call, &answer)
    }
}

/// One connection: request after request, until the client has no more.
async fn converse(mut stream: TcpStream, world: Arc<World>) {
    let mut read = Vec::new();
    while let Some(request) = next_request(&mut stream, &mut read).await {
        let response = world.answer(&request);
        tokio::time::sleep(LATENCY).await;
        let mut head = format!("HTTP/1.1 {} simulated\r\n", response.status);
        for (name, value) in &response.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!(
            "x-amzn-requestid: simulated\r\ncontent-length: {}\r\n\r\n",
            response.body.len()
        ));
        let answer = [head.as_bytes(), response.body.as_bytes()].concat();
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// `read` holds what has come and is not yet part of a request.
async fn next_request(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Request> {
    loop {
        if let Some((request, length)) = parsed(read) {
            read.drain(..length);
            return Some(request);
        }
        let mut buffer = vec![0; 64 * 1024];
        let length = stream.read(&mut buffer).await.ok().filter(|length| *length > 0)?;
        read.extend_from_slice(&buffer[..length]);
    }
}

/// A whole request and its length. Every client announces the length of its body.
fn parsed(read: &[u8]) -> Option<(Request, usize)> {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (its, value) = line.split_once(':')?;
            its.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let length = end + header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let body = read.get(end..length)?.to_vec();
    let mut words = head.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        service: wire::signed_for(&header("authorization").unwrap_or_default()),
        target: header("x-amz-target"),
        body,
    };
    Some((request, length))
}

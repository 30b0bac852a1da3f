//! Somebody between Cairn and the emulator who answers in its place, or loses an answer.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// What is done to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meddling {
    Pass,
    /// The server never sees it: this is its answer, a status and a JSON body.
    Answer(u16, &'static str),
    /// It is carried out, and its answer never arrives.
    LoseAnswer,
    /// It is carried out, and its answer takes this long.
    HoldAnswer(Duration),
    /// The server never sees it, and nobody answers.
    HangUp,
}

pub struct Meddler {
    pub url: String,
}

type Rule = dyn Fn(&str) -> Meddling + Send + Sync;

impl Meddler {
    /// Listens on a port of its own until the process ends; `rule` sees every whole request.
    pub fn before(
        server: SocketAddr,
        rule: impl Fn(&str) -> Meddling + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound port"));
        let rule: Arc<Rule> = Arc::new(rule);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(server) else { continue };
                let rule = Arc::clone(&rule);
                thread::spawn(move || relay(&client, &server, &*rule));
            }
        });
        Self { url }
    }
}

fn relay(client: &TcpStream, server: &TcpStream, rule: &Rule) {
    let clone = |stream: &TcpStream| stream.try_clone().expect("a connected socket can be shared");
    let lose = Arc::new(AtomicBool::new(false));
    let hold = Arc::new(AtomicU64::new(0));
    let (from, to, lost) = (clone(server), clone(client), Arc::clone(&lose));
    let held = Arc::clone(&hold);
    thread::spawn(move || answers(from, to, &lost, &held));
    let (mut requests, mut back, mut on) = (clone(client), clone(client), clone(server));
    while let Some(request) = whole_request(&mut requests) {
        let sent = match rule(&String::from_utf8_lossy(&request)) {
            Meddling::Answer(status, body) => {
                let kind = body.split('"').nth(3).unwrap_or_default();
                let answer = format!(
                    "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\n\
                     x-amzn-errortype: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                back.write_all(answer.as_bytes())
            }
            Meddling::HangUp => break,
            meddling => {
                if let Meddling::HoldAnswer(time) = meddling {
                    let time = u64::try_from(time.as_millis()).expect("a test ends");
                    hold.store(time, Ordering::SeqCst);
                }
                lose.store(meddling == Meddling::LoseAnswer, Ordering::SeqCst);
                on.write_all(&request)
            }
        };
        if sent.is_err() {
            break;
        }
    }
    // Either side may be gone already.
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
}

fn answers(mut from: TcpStream, mut to: TcpStream, lose: &AtomicBool, hold: &AtomicU64) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        thread::sleep(Duration::from_millis(hold.swap(0, Ordering::SeqCst)));
        if lose.load(Ordering::SeqCst) || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// The head and the body of the next request; nothing when the client has no more.
fn whole_request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = client.read(&mut buffer).ok().filter(|length| *length > 0)?;
        request.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let announced = lines.find_map(|line| line.strip_prefix("content-length:"));
        let body = announced.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        let head_length =
            request.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or_default() + 4;
        if request.len() >= head_length + body {
            return Some(request);
        }
    }
}

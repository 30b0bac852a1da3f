//! A way to a server on which every request takes longer: what a network does, without one.
//!
//! It knows no HTTP. Clients send a request and wait for its answer, so what a client sends after
//! the server has spoken begins a new request, and only that is held back.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

pub struct Latency {
    pub url: String,
    requests: Arc<AtomicUsize>,
}

impl Latency {
    /// Listens on a port of its own until the process ends.
    pub fn before(server: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound port"));
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(server) else { continue };
                relay(&client, &server, delay, &count);
            }
        });
        Self { url, requests }
    }

    /// How many requests have passed.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

fn relay(client: &TcpStream, server: &TcpStream, delay: Duration, count: &Arc<AtomicUsize>) {
    let answered = Arc::new(AtomicBool::new(true));
    for stream in [client, server] {
        stream.set_nodelay(true).expect("a connected socket takes options");
    }
    let clone = |stream: &TcpStream| stream.try_clone().expect("a connected socket can be shared");
    let (from, to, flag) = (clone(client), clone(server), Arc::clone(&answered));
    let count = Arc::clone(count);
    thread::spawn(move || {
        copy(from, to, || {
            if flag.swap(false, Ordering::SeqCst) {
                count.fetch_add(1, Ordering::Relaxed);
                thread::sleep(delay);
            }
        });
    });
    let (from, to) = (clone(server), clone(client));
    thread::spawn(move || copy(from, to, || answered.store(true, Ordering::SeqCst)));
}

fn copy(mut from: TcpStream, mut to: TcpStream, before_writing: impl Fn()) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        before_writing();
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // Either side may be gone already.
    let _ = to.shutdown(Shutdown::Write);
}

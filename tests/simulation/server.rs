//! The simulated account over HTTP on this machine, for clients that nobody here wrote.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tiny_http::{Header, Server as Http};

use super::aws::Aws;
use super::aws::account::{Account, Time};
use super::aws::wire::{self, Request, Response};
use super::random::Random;

/// What an answer takes: two calls of one client are not at the same time.
const LATENCY: Duration = Duration::from_millis(5);
/// So many requests are answered at once.
const WORKERS: usize = 16;

/// Serves until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    http: Arc<Http>,
}

struct World {
    aws: Mutex<Aws>,
    start: Instant,
    /// How many seconds of the account pass in one.
    speed: u64,
}

impl Server {
    /// An account on a free port, empty but for what `furnish` puts into it. At speed 1 its time is
    /// everybody's.
    pub fn start(speed: u64, furnish: impl FnOnce(&mut Account)) -> Self {
        Self::at((Ipv4Addr::LOCALHOST, 0).into(), speed, furnish)
    }

    pub fn at(address: SocketAddr, speed: u64, furnish: impl FnOnce(&mut Account)) -> Self {
        let mut account = Account::new(Random::new(7));
        furnish(&mut account);
        let aws = Mutex::new(Aws::new(account));
        let world = Arc::new(World { aws, start: Instant::now(), speed });
        let http = Arc::new(Http::http(address).expect("nobody else listens there"));
        let address = http.server_addr().to_ip().expect("an address of the network");
        for _ in 0..WORKERS {
            let (http, world) = (Arc::clone(&http), Arc::clone(&world));
            thread::spawn(move || {
                while let Ok(request) = http.recv() {
                    world.serve(request);
                }
            });
        }
        Self { address, http }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for _ in 0..WORKERS {
            self.http.unblock();
        }
    }
}

impl World {
    fn serve(&self, mut http: tiny_http::Request) {
        let mut body = Vec::new();
        // Who hangs up in the middle of a request has asked nothing.
        if http.as_reader().read_to_end(&mut body).is_err() {
            return;
        }
        let response = self.answer(&understood(&http, body));
        thread::sleep(LATENCY);
        let mut answer = tiny_http::Response::from_string(response.body)
            .with_status_code(response.status)
            .with_header(header("x-amzn-requestid", "simulated"));
        for (name, value) in &response.headers {
            answer.add_header(header(name, value));
        }
        // Nobody may be there any more.
        let _ = http.respond(answer);
    }

    fn answer(&self, request: &Request) -> Response {
        let passed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(Time::MAX);
        let call = request.call();
        let mut aws = self.aws.lock().expect("no call panics");
        let answer = aws.answer(&call, passed.saturating_mul(self.speed));
        wire::response(&call, &answer)
    }
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("the account's headers are text")
}

fn understood(http: &tiny_http::Request, body: Vec<u8>) -> Request {
    let given = |name: &'static str| {
        let header = http.headers().iter().find(|header| header.field.equiv(name))?;
        Some(header.value.as_str().to_owned())
    };
    let (path, query) = http.url().split_once('?').unwrap_or((http.url(), ""));
    Request {
        method: http.method().to_string(),
        path: path.to_owned(),
        query: query.to_owned(),
        service: wire::signed_for(&given("authorization").unwrap_or_default()),
        target: given("x-amz-target"),
        body,
    }
}

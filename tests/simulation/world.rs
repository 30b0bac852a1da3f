//! The simulated AWS on the other side of HTTP: what the SDK's clients reach instead of a network.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::aws::account::{Account, Answer, Time};
use super::aws::wire::{self, Call, Request, Response};
use super::aws::{Aws, carry_out};
use super::faults::{Faults, Kind, denial, failure};
use super::random::Random;

/// How old an answer may be that a stale read gives: "eventual consistency" of EC2 and IAM is a
/// matter of seconds.
const STALE: Time = 4_000;

pub struct World {
    pub aws: Aws,
    pub faults: Faults,
    random: Random,
    start: Instant,
    /// What was there before each of the last changes.
    past: VecDeque<(Time, Account)>,
    in_flight: BTreeMap<u64, Call>,
    pub is_crashed: bool,
    pub crash: Arc<Notify>,
    /// Everything that reached AWS, in order.
    pub transcript: Vec<String>,
    pub requests: u64,
}

#[derive(Clone)]
pub struct Shared(Arc<Mutex<World>>);

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl World {
    pub fn now(&self) -> Time {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(Time::MAX)
    }

    fn carry_out(&mut self, call: &Call) -> Answer {
        let now = self.now();
        let before = (!call.is_read()).then(|| self.aws.account.clone());
        let answer = self.aws.answer(call, now);
        if let Some(before) = before.filter(|_| answer.is_ok()) {
            self.past.push_back((now, before));
            self.past.retain(|(at, _)| at + STALE >= now);
        }
        let outcome = answer.as_ref().map_or_else(|no| no.code.as_str(), |_| "ok");
        self.transcript.push(format!("{now} {} {outcome}", call.action()));
        answer
    }

    /// What was there before the changes of the last moments.
    fn carry_out_stale(&mut self, call: &Call) -> Answer {
        let now = self.now();
        let past = self.past.iter().find(|(at, _)| at + STALE >= now);
        let mut account = past.map_or_else(|| self.aws.account.clone(), |(_, past)| past.clone());
        self.transcript.push(format!("{now} {} stale", call.action()));
        carry_out(&mut account, call)
    }

    /// Cairn is gone; what it has sent may still arrive.
    fn die(&mut self, own: u64) {
        self.is_crashed = true;
        self.in_flight.remove(&own);
        for (_, call) in std::mem::take(&mut self.in_flight) {
            if self.random.chance(500) {
                let _ = self.carry_out(&call);
            }
        }
        self.crash.notify_one();
    }
}

/// What becomes of a request.
enum Fate {
    Answered(Response),
    AnsweredAfter(Duration, Response),
    Lost,
    /// Nobody is there any more to hear of it.
    Never,
}

impl Shared {
    pub fn new(mut random: Random) -> Self {
        let account = Account::new(random.fork());
        Self(Arc::new(Mutex::new(World {
            aws: Aws::new(account),
            faults: Faults::new(random.fork()),
            random,
            start: Instant::now(),
            past: VecDeque::new(),
            in_flight: BTreeMap::new(),
            is_crashed: false,
            crash: Arc::default(),
            transcript: Vec::new(),
            requests: 0,
        })))
    }

    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("the simulation has not panicked")
    }

    /// A line of the story.
    pub fn tell(&self, line: &str) {
        self.lock().transcript.push(line.to_owned());
    }

    /// For the SDK's clients.
    pub fn client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }

    async fn serve(self, request: Request) -> Result<Response, ConnectorError> {
        let call = request.call();
        let (number, latency) = {
            let mut world = self.lock();
            world.requests += 1;
            let number = world.requests;
            if !world.is_crashed {
                world.in_flight.insert(number, call.clone());
            }
            (number, world.random.between(5, 120))
        };
        tokio::time::sleep(Duration::from_millis(latency)).await;
        let fate = self.decide(number, &call);
        match fate {
            Fate::Answered(response) => Ok(response),
            Fate::AnsweredAfter(time, response) => {
                tokio::time::sleep(time).await;
                Ok(response)
            }
            Fate::Lost => Err(ConnectorError::io("the connection was reset".into())),
            Fate::Never => std::future::pending().await,
        }
    }

    fn decide(&self, number: u64, call: &Call) -> Fate {
        let mut world = self.lock();
        if world.is_crashed {
            return Fate::Never;
        }
        world.in_flight.remove(&number);
        let respond = |answer: &Answer| wire::response(call, answer);
        let service = call.service.as_str();
        let drawn = world.faults.draw(call);
        if let Some(kind) = drawn {
            let line = format!("{} {} meets {kind:?}", world.now(), call.action());
            world.transcript.push(line);
        }
        match drawn {
            None => Fate::Answered(respond(&world.carry_out(call))),
            Some(Kind::RequestLost) => Fate::Lost,
            Some(Kind::ReplyLost) => {
                let _ = world.carry_out(call);
                Fate::Lost
            }
            Some(Kind::TimedOut) => {
                let answer = world.carry_out(call);
                Fate::AnsweredAfter(Duration::from_mins(5), respond(&answer))
            }
            Some(Kind::Throttled) => Fate::Answered(respond(&Err(super::aws::throttle(service)))),
            Some(Kind::Failed) => Fate::Answered(respond(&Err(failure(service)))),
            Some(Kind::FailedAfter) => {
                let _ = world.carry_out(call);
                Fate::Answered(respond(&Err(failure(service))))
            }
            Some(Kind::Slow) => {
                let answer = world.carry_out(call);
                let seconds = world.random.between(2, 50);
                Fate::AnsweredAfter(Duration::from_secs(seconds), respond(&answer))
            }
            Some(Kind::Stale) => Fate::Answered(respond(&world.carry_out_stale(call))),
            Some(Kind::Denied) => Fate::Answered(respond(&Err(denial(service)))),
            Some(Kind::CrashBefore) => {
                world.die(number);
                Fate::Never
            }
            Some(Kind::CrashAfter) => {
                let _ = world.carry_out(call);
                world.die(number);
                Fate::Never
            }
        }
    }
}

impl HttpConnector for Shared {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let shared = self.clone();
        HttpConnectorFuture::new(async move {
            let response = shared.serve(understood(&request)).await?;
            let status = StatusCode::try_from(response.status).expect("a status");
            let mut answer = HttpResponse::new(status, SdkBody::from(response.body));
            for (name, value) in response.headers {
                answer.headers_mut().insert(name, value);
            }
            Ok(answer)
        })
    }
}

fn understood(request: &HttpRequest) -> Request {
    let uri = request.uri();
    let after_host = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let path = after_host.find('/').map_or("/", |at| &after_host[at..]);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let header = |name: &str| request.headers().get(name).map(str::to_owned);
    Request {
        method: request.method().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        service: wire::signed_for(&header("authorization").unwrap_or_default()),
        target: header("x-amz-target"),
        body: request.body().bytes().unwrap_or_default().to_vec(),
    }
}

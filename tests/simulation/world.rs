//! The simulated world on the other side of HTTP: what the SDK's clients reach instead of a network,
//! and what happens to each process in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::aws::account::{Account, Refusal, Time};
use super::aws::wire::{self, Call, Request, Response};
use super::aws::{Aws, carry_out};
use super::faults::{self, Kind, denial, failure, throttle};
use super::meddle;
use super::oracle::{self, Work};
use super::random::Random;
use super::s3;
use super::script::Mishap;

/// How old that is of which a stale answer tells: "eventual consistency" of EC2 and IAM is a
/// matter of seconds.
const STALE: Time = 4_000;
/// More calls than any run makes.
const ENDLESS: u64 = 20_000;

/// What was met where: each once for each run.
pub type Met = BTreeMap<(String, &'static str), u64>;

pub struct World {
    pub aws: Aws,
    pub bucket: s3::Bucket,
    chance: u64,
    start: Instant,
    /// What was there before each of the last changes.
    past: VecDeque<(Time, Account)>,
    processes: Vec<Process>,
    pub met: Met,
    /// Which calls and writes there were, faults or not.
    pub seen: BTreeMap<String, u64>,
    /// Everything that reached AWS, in order.
    pub transcript: Vec<String>,
    pub requests: u64,
    /// What no fault explains.
    pub problems: Vec<String>,
}

/// One run of Cairn.
struct Process {
    /// Each with how often what it is on has come to pass.
    mishaps: Vec<(Mishap, u64)>,
    calls: u64,
    in_flight: BTreeMap<u64, Call>,
    is_dead: bool,
    death: Arc<Notify>,
    cut_until: Time,
    /// For how long it is to sleep, in seconds.
    asleep: u64,
    /// Calls that were under way when it fell asleep.
    severed: BTreeSet<u64>,
    /// What it may do to AWS, once it has a plan.
    work: Option<Work>,
    wanted: VecDeque<Option<usize>>,
    wish: Arc<Notify>,
    interrupt: watch::Sender<bool>,
    was_meddled_with: bool,
    met: BTreeSet<(String, &'static str)>,
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

    /// A process begins.
    pub fn begin(&mut self, mishaps: &[Mishap]) -> usize {
        self.processes.push(Process {
            mishaps: mishaps.iter().map(|mishap| (mishap.clone(), 0)).collect(),
            calls: 0,
            in_flight: BTreeMap::new(),
            is_dead: false,
            death: Arc::default(),
            cut_until: 0,
            asleep: 0,
            severed: BTreeSet::new(),
            work: None,
            wanted: VecDeque::new(),
            wish: Arc::default(),
            interrupt: watch::Sender::new(false),
            was_meddled_with: false,
            met: BTreeSet::new(),
        });
        self.processes.len() - 1
    }

    /// A process has ended, one way or another.
    pub fn end(&mut self, process: usize, is_crash: bool) {
        self.processes[process].is_dead = true;
        for met in std::mem::take(&mut self.processes[process].met) {
            *self.met.entry(met).or_default() += 1;
        }
        if !is_crash && self.random(process, 0).chance(800) {
            let now = self.now();
            self.bucket.release(process, now);
        }
    }

    pub fn is_dead(&self, process: usize) -> bool {
        self.processes[process].is_dead
    }

    /// Told when it dies.
    pub fn death(&self, process: usize) -> Arc<Notify> {
        Arc::clone(&self.processes[process].death)
    }

    /// Told when another is to begin.
    pub fn wish(&self, process: usize) -> Arc<Notify> {
        Arc::clone(&self.processes[process].wish)
    }

    /// Whether somebody wants it to end.
    pub fn interrupt(&self, process: usize) -> watch::Receiver<bool> {
        self.processes[process].interrupt.subscribe()
    }

    /// For what another is to begin; nothing at all is wanted, too.
    pub fn wanted(&mut self, process: usize) -> Option<usize> {
        self.processes[process].wanted.pop_front().flatten()
    }

    pub fn was_meddled_with(&self, process: usize) -> bool {
        self.processes[process].was_meddled_with
    }

    pub fn set_work(&mut self, process: usize, work: Work) {
        self.processes[process].work = Some(work);
    }

    /// When a process is to die by the clock.
    pub fn time_of_death(&self, process: usize) -> Option<Duration> {
        let mut times = self.processes[process].mishaps.iter().filter(|(it, _)| it.on == "time");
        times.next().map(|(mishap, _)| Duration::from_millis(mishap.nth))
    }

    /// The same for the same process and number, whatever was drawn before.
    pub fn random(&self, process: usize, number: u64) -> Random {
        let place = (process as u64) << 32 | number;
        Random::new(Random::new(self.chance ^ place).next())
    }

    /// What becomes of what a process does: a call, a write. What others do meanwhile is done.
    pub fn draw(
        &mut self,
        process: usize,
        label: &str,
        general: &str,
        fits: impl Fn(Kind) -> bool,
    ) -> Option<Kind> {
        *self.seen.entry(label.to_owned()).or_default() += 1;
        let mut drawn = Vec::new();
        for (mishap, seen) in &mut self.processes[process].mishaps {
            if mishap.on != label && mishap.on != general {
                continue;
            }
            *seen += 1;
            if (mishap.nth..mishap.nth + mishap.times).contains(seen) {
                drawn.push(mishap.kind);
            }
        }
        let mut fate = None;
        for kind in drawn {
            let is_fate = fits(kind) && fate.is_none();
            if !is_fate && !self.happens(process, kind) {
                continue;
            }
            if is_fate {
                fate = Some(kind);
            }
            self.meet(process, label, kind);
        }
        fate
    }

    pub fn meet(&mut self, process: usize, label: &str, kind: Kind) {
        let now = self.now();
        self.transcript.push(format!("{now} #{process} {label} meets {}", kind.name()));
        self.processes[process].met.insert((label.to_owned(), kind.name()));
    }

    /// What others do, if it is that.
    fn happens(&mut self, process: usize, kind: Kind) -> bool {
        let now = self.now();
        match kind {
            Kind::Meddle(which) => {
                self.aws.account.advance(now);
                self.remember();
                let told = meddle::meddle(&mut self.aws.account, which);
                self.transcript.push(format!("{now} {told}"));
                self.processes[process].was_meddled_with = true;
            }
            Kind::Other(target) => {
                self.processes[process].wanted.push_back(target);
                self.processes[process].wish.notify_one();
            }
            Kind::Cut(seconds) => self.processes[process].cut_until = now + seconds * 1000,
            Kind::Stolen => self.bucket.steal(now),
            Kind::Asleep(seconds) => self.processes[process].asleep = seconds,
            Kind::Interrupted => drop(self.processes[process].interrupt.send_replace(true)),
            _ => return false,
        }
        true
    }

    fn remember(&mut self) {
        let now = self.now();
        self.past.push_back((now, self.aws.account.clone()));
        self.past.retain(|(at, _)| at + STALE >= now);
    }

    fn carry_out(&mut self, process: usize, call: &Call) -> Response {
        let now = self.now();
        if call.service == "s3" {
            let answer = self.bucket.answer(call, now);
            let outcome = answer.as_ref().map_or_else(|no| no.code.as_str(), |_| "ok");
            self.transcript.push(format!("{now} #{process} {} {outcome}", faults::label(call)));
            let is_state = !call.is_read() && !s3::is_lock(call);
            if is_state && self.bucket.is_without_lock(process, now) {
                let what = faults::label(call);
                self.problems.push(format!("{what} by a run whose lock is another's by now"));
            }
            return answer.unwrap_or_else(|no| s3::refused(&no, now));
        }
        if self.bucket.is_without_lock(process, now) {
            let action = call.action();
            self.problems.push(format!("{action} by a run whose lock is another's by now"));
        }
        self.aws.account.advance(now);
        let before = (!call.is_read()).then(|| self.aws.account.clone());
        let answer = self.aws.answer(call, now);
        let outcome = answer.as_ref().map_or_else(|no| no.code.as_str(), |_| "ok");
        self.transcript.push(format!("{now} #{process} {} {outcome}", call.action()));
        if let Some(before) = before.filter(|_| answer.is_ok()) {
            let work = self.processes[process].work.as_ref();
            if let Err(problem) = oracle::within_plan(call, &before, &self.aws.account, work) {
                self.problems.push(problem);
            }
            self.past.push_back((now, before));
            self.past.retain(|(at, _)| at + STALE >= now);
        }
        wire::response(call, &answer)
    }

    /// What is answered with what was there before the changes of the last moments: a read tells of
    /// that, and what changes something does not know it yet.
    fn carry_out_stale(&mut self, process: usize, call: &Call) -> Response {
        let now = self.now();
        let past = self.past.iter().find(|(at, _)| at + STALE >= now);
        let mut account = past.map_or_else(|| self.aws.account.clone(), |(_, past)| past.clone());
        let answer = carry_out(&mut account, call);
        match &answer {
            Err(no) if no.is_unknown() => wire::response(call, &answer),
            _ if call.is_read() => wire::response(call, &answer),
            _ => self.carry_out(process, call),
        }
    }

    /// A process is gone; what it has sent may still arrive.
    pub fn die(&mut self, process: usize, own: Option<u64>) {
        self.processes[process].is_dead = true;
        self.processes[process].in_flight.retain(|number, _| Some(*number) != own);
        self.sever(process);
        self.processes[process].death.notify_one();
    }

    /// Nobody hears any more what becomes of what was sent.
    fn sever(&mut self, process: usize) {
        for (number, call) in std::mem::take(&mut self.processes[process].in_flight) {
            if self.random(process, number).chance(500) {
                let _ = self.carry_out(process, &call);
            }
            self.processes[process].severed.insert(number);
        }
    }

    /// The machine of a process falls asleep, if it is to: for how long. Somebody takes the lock, and
    /// its connections are gone when it wakes.
    fn falls_asleep(&mut self, process: usize) -> Option<Duration> {
        let seconds = std::mem::take(&mut self.processes[process].asleep);
        if seconds == 0 || self.processes[process].is_dead {
            return None;
        }
        self.sever(process);
        let now = self.now();
        self.bucket.steal(now);
        Some(Duration::from_secs(seconds))
    }

    fn refused(&self, call: &Call, no: Refusal) -> Response {
        match call.service.as_str() {
            "s3" => s3::refused(&no, self.now()),
            _ => wire::response(call, &Err(no)),
        }
    }
}

/// What becomes of a request.
enum Fate {
    Answered(Response),
    AnsweredAfter(Duration, Response),
    Lost,
    LostAfter(Duration),
    /// Nobody is there any more to hear of it.
    Never,
}

impl Shared {
    pub fn new(chance: u64) -> Self {
        let mut account = Account::new(Random::new(chance));
        account.is_quick = true;
        // Fewer than AWS does, so that every list has pages.
        account.page = 2;
        Self(Arc::new(Mutex::new(World {
            aws: Aws::new(account),
            bucket: s3::Bucket::default(),
            chance,
            start: Instant::now(),
            past: VecDeque::new(),
            processes: Vec::new(),
            met: Met::new(),
            seen: BTreeMap::new(),
            transcript: Vec::new(),
            requests: 0,
            problems: Vec::new(),
        })))
    }

    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("the simulation has not panicked")
    }

    /// A line of the story.
    pub fn tell(&self, line: &str) {
        self.lock().transcript.push(line.to_owned());
    }

    /// For the SDK's clients of one process.
    pub fn client(&self, process: usize) -> SharedHttpClient {
        let wire = Wire { shared: self.clone(), process };
        let connector = SharedHttpConnector::new(wire);
        http_client_fn(move |_, _| connector.clone())
    }
}

/// The network as one process sees it.
#[derive(Debug, Clone)]
struct Wire {
    shared: Shared,
    process: usize,
}

impl Wire {
    async fn serve(self, call: Call) -> Result<Response, ConnectorError> {
        let (number, latency, cut) = {
            let mut world = self.shared.lock();
            world.requests += 1;
            let now = world.now();
            let process = &mut world.processes[self.process];
            process.calls += 1;
            let (number, cut) = (process.calls, process.cut_until.saturating_sub(now));
            if !process.is_dead && cut == 0 {
                process.in_flight.insert(number, call.clone());
            }
            if number == ENDLESS {
                world.problems.push("a run makes calls without end".to_owned());
                world.die(self.process, None);
            }
            (number, world.random(self.process, number).between(5, 120), cut)
        };
        if cut > 0 {
            tokio::time::sleep(Duration::from_millis(cut)).await;
            return Err(lost());
        }
        tokio::time::sleep(Duration::from_millis(latency)).await;
        let fate = self.decide(number, &call);
        let asleep = self.shared.lock().falls_asleep(self.process);
        if let Some(time) = asleep {
            // Nothing runs meanwhile, and everything is late afterwards.
            tokio::time::advance(time).await;
        }
        match fate {
            Fate::Answered(response) => Ok(response),
            Fate::AnsweredAfter(time, response) => {
                tokio::time::sleep(time).await;
                Ok(response)
            }
            Fate::Lost => Err(lost()),
            Fate::LostAfter(time) => {
                tokio::time::sleep(time).await;
                Err(lost())
            }
            Fate::Never => std::future::pending().await,
        }
    }

    fn decide(&self, number: u64, call: &Call) -> Fate {
        let (shared, process) = (&self.shared, self.process);
        let mut world = shared.lock();
        if world.is_dead(process) {
            return Fate::Never;
        }
        if world.processes[process].severed.remove(&number) {
            return Fate::Lost;
        }
        world.processes[process].in_flight.remove(&number);
        let service = call.service.as_str();
        let label = faults::label(call);
        let fate = match world.draw(process, &label, "call", |kind| kind.fits_call(&label)) {
            None => Fate::Answered(world.carry_out(process, call)),
            Some(Kind::RequestLost) => Fate::Lost,
            Some(Kind::ReplyLost) => {
                let _ = world.carry_out(process, call);
                Fate::Lost
            }
            Some(Kind::TimedOut) => {
                let answer = world.carry_out(process, call);
                Fate::AnsweredAfter(Duration::from_mins(5), answer)
            }
            Some(Kind::Throttled) => Fate::Answered(world.refused(call, throttle(service))),
            Some(Kind::FailedAfter) => {
                let _ = world.carry_out(process, call);
                Fate::Answered(world.refused(call, failure(service)))
            }
            Some(Kind::Slow) => {
                let seconds = world.random(process, number).between(2, 50);
                let answer = world.carry_out(process, call);
                Fate::AnsweredAfter(Duration::from_secs(seconds), answer)
            }
            Some(Kind::Stale) => Fate::Answered(world.carry_out_stale(process, call)),
            Some(Kind::GivenUp) => {
                let pending = world.aws.account.pending();
                let answer = world.carry_out(process, call);
                world.aws.account.give_up(pending);
                Fate::Answered(answer)
            }
            Some(Kind::Denied) => Fate::Answered(world.refused(call, denial(service))),
            Some(Kind::CrashAfter) => {
                let _ = world.carry_out(process, call);
                world.die(process, Some(number));
                Fate::Never
            }
            Some(Kind::CrashBefore) => {
                world.die(process, Some(number));
                Fate::Never
            }
            Some(Kind::Failed) => Fate::Answered(world.refused(call, failure(service))),
            Some(kind) => unreachable!("{} is nothing that becomes of a call", kind.name()),
        };
        let cut = world.processes[process].cut_until.saturating_sub(world.now());
        match fate {
            // What it was told when nothing got through any more.
            Fate::Answered(_) | Fate::AnsweredAfter(..) if cut > 0 => {
                Fate::LostAfter(Duration::from_millis(cut))
            }
            fate => fate,
        }
    }
}

fn lost() -> ConnectorError {
    ConnectorError::io("the connection was reset".into())
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = self.clone();
        HttpConnectorFuture::new(async move {
            let response = wire.serve(understood(&request)).await?;
            let status = StatusCode::try_from(response.status).expect("a status");
            let mut answer = HttpResponse::new(status, SdkBody::from(response.body));
            for (name, value) in response.headers {
                answer.headers_mut().insert(name, value);
            }
            Ok(answer)
        })
    }
}

fn understood(request: &HttpRequest) -> Call {
    let uri = request.uri();
    let after_host = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let path = after_host.find('/').map_or("/", |at| &after_host[at..]);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let header = |name: &str| request.headers().get(name).map(str::to_owned);
    let service = wire::signed_for(&header("authorization").unwrap_or_default());
    let body = request.body().bytes().unwrap_or_default();
    if service == "s3" {
        return s3::call(request.method(), path, query, header, body);
    }
    let request = Request {
        method: request.method().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        service,
        target: header("x-amz-target"),
        body: body.to_vec(),
    };
    request.call()
}

//! What is known of every call: counted, logged, and told to whoever listens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::exchange::Answer;
use super::fault::{Fault, FaultKind};

/// In whose name calls are made: a step of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub step: usize,
    pub name: String,
}

/// One request, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// As IAM writes it: `ec2:CreateVpc`.
    pub action: String,
    pub caller: Option<Arc<Caller>>,
    pub began: Instant,
    pub took: Duration,
    /// Which time it was sent, from 1.
    pub attempt: u32,
    pub status: Option<u16>,
    pub request_id: Option<String>,
    /// What AWS says is wrong, or a word for what happened on the way.
    pub code: Option<String>,
}

/// A call that was held back.
#[derive(Debug, Clone, PartialEq)]
pub struct Pause {
    pub action: String,
    pub caller: Option<Arc<Caller>>,
    pub began: Instant,
    pub took: Duration,
    pub why: Held,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Sent at once it would be more than AWS takes.
    Budget,
    /// AWS has refused it for being one too many.
    Throttle,
}

impl Held {
    pub fn word(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Throttle => "throttle",
        }
    }
}

/// What is told of calls.
#[derive(Debug, Clone, PartialEq)]
pub enum CallNews {
    Called(Call),
    Paused(Pause),
}

/// Where it is told.
pub type Ears = Arc<dyn Fn(&CallNews) + Send + Sync>;

/// Shorter than this nobody was held back.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// What was called, in order.
#[derive(Default)]
pub struct Transcript {
    calls: Mutex<Vec<String>>,
    count: AtomicUsize,
    throttles: AtomicUsize,
}

impl Transcript {
    pub(super) fn note(&self, action: &str) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.calls.lock().expect("nothing panics while it holds this lock").push(action.to_owned());
    }

    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// How many calls AWS refused for being too many.
    pub fn throttles(&self) -> usize {
        self.throttles.load(Ordering::Relaxed)
    }

    /// Every call so far, as IAM action names.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().expect("nothing panics while it holds this lock").clone()
    }
}

/// Who is calling, and who hears of it.
#[derive(Clone, Default)]
pub(super) struct Witness {
    pub transcript: Arc<Transcript>,
    pub caller: Option<Arc<Caller>>,
    pub ears: Option<Ears>,
}

impl Witness {
    pub fn called(
        &self,
        action: &str,
        (began, attempt): (Instant, u32),
        answer: Option<Answer>,
        fault: Option<&Fault>,
    ) {
        if fault.is_some_and(|fault| fault.is(FaultKind::Throttled)) {
            self.transcript.throttles.fetch_add(1, Ordering::Relaxed);
        }
        let told = answer.as_ref().and_then(|answer| answer.request_id.clone());
        let call = Call {
            action: action.to_owned(),
            caller: self.caller.clone(),
            began,
            took: now().saturating_duration_since(began),
            attempt,
            status: answer.map(|answer| answer.status),
            request_id: told.or_else(|| fault.and_then(|fault| fault.request_id.clone())),
            code: fault.map(|fault| fault.code.clone()),
        };
        log(&call, fault);
        self.tell(&CallNews::Called(call));
    }

    pub fn paused(&self, action: &str, began: Instant, why: Held) {
        let took = now().saturating_duration_since(began);
        if took < SHORTEST_PAUSE {
            return;
        }
        let caller = self.caller.as_deref().map(|caller| caller.name.as_str());
        let took_ms = milliseconds(took);
        tracing::debug!(action, step = caller, took_ms, why = why.word(), "pause");
        let (action, caller) = (action.to_owned(), self.caller.clone());
        self.tell(&CallNews::Paused(Pause { action, caller, began, took, why }));
    }

    fn tell(&self, news: &CallNews) {
        if let Some(ears) = &self.ears {
            ears(&news);
        }
    }
}

/// A line for each call: never what was sent or answered, only that, and how it went.
fn log(call: &Call, fault: Option<&Fault>) {
    let (service, operation) = call.action.split_once(':').unwrap_or(("", &call.action));
    tracing::debug!(
        service,
        operation,
        step = call.caller.as_deref().map(|caller| caller.name.as_str()),
        attempt = call.attempt,
        status = call.status,
        took_ms = milliseconds(call.took),
        request_id = call.request_id.as_deref(),
        code = call.code.as_deref().unwrap_or("ok"),
        error = fault.map(|fault| fault.message.as_str()),
        "call"
    );
}

pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

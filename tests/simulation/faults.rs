//! What can go wrong with one call, drawn from the seed.

use std::collections::BTreeMap;

use super::aws::account::Refusal;
use super::aws::wire::Call;
use super::random::Random;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It never arrives.
    RequestLost,
    /// It is carried out, and nobody hears of it.
    ReplyLost,
    /// It is carried out, and the answer takes longer than anybody waits.
    TimedOut,
    Throttled,
    /// A 5xx, and nothing was done.
    Failed,
    /// A 5xx, and it was done.
    FailedAfter,
    Slow,
    /// A read is answered with what was there a moment ago.
    Stale,
    Denied,
    /// Cairn dies when it has sent the call, and AWS never sees it.
    CrashBefore,
    /// Cairn dies before it hears what the call did.
    CrashAfter,
}

use Kind::{
    CrashAfter, CrashBefore, Denied, Failed, FailedAfter, ReplyLost, RequestLost, Slow, Stale,
    Throttled, TimedOut,
};

pub const ALL: [Kind; 11] = [
    RequestLost,
    ReplyLost,
    TimedOut,
    Throttled,
    Failed,
    FailedAfter,
    Slow,
    Stale,
    Denied,
    CrashBefore,
    CrashAfter,
];

impl Kind {
    /// Whether it says anything of this call that another kind does not.
    fn fits(self, call: &Call) -> bool {
        match self {
            Stale => call.is_read(),
            ReplyLost | FailedAfter => !call.is_read(),
            _ => true,
        }
    }
}

/// How often each kind met each action.
pub type Met = BTreeMap<(String, Kind), u64>;

#[derive(Debug)]
pub struct Faults {
    random: Random,
    /// How many of a thousand calls.
    pub permille: u64,
    /// Those that this seed draws from.
    kinds: Vec<Kind>,
    pub met: Met,
}

impl Faults {
    pub fn new(mut random: Random) -> Self {
        let kinds: Vec<Kind> = match random.between(0, 4) {
            // One kind alone, a few, or all of them.
            0 => vec![*random.pick(&ALL)],
            1 => (0..3).map(|_| *random.pick(&ALL)).collect(),
            _ => ALL.to_vec(),
        };
        Self { random, permille: 0, kinds, met: Met::new() }
    }

    pub fn draw(&mut self, call: &Call) -> Option<Kind> {
        if self.permille == 0 || !self.random.chance(self.permille) {
            return None;
        }
        let kind = Some(*self.random.pick(&self.kinds)).filter(|kind| kind.fits(call))?;
        *self.met.entry((call.action(), kind)).or_default() += 1;
        Some(kind)
    }
}

/// A 5xx in the words of each service: "Common errors" of its API Reference.
pub fn failure(service: &str) -> Refusal {
    let (status, code) = match service {
        "ec2" => (500, "InternalError"),
        "iam" => (500, "ServiceFailure"),
        "lambda" => (500, "ServiceException"),
        _ => (503, "ServiceUnavailableException"),
    };
    let message = "An internal error has occurred".to_owned();
    Refusal { status, code: code.to_owned(), message }
}

pub fn denial(service: &str) -> Refusal {
    let (status, code) = match service {
        "ec2" => (403, "UnauthorizedOperation"),
        "iam" => (403, "AccessDenied"),
        _ => (403, "AccessDeniedException"),
    };
    let message = "You are not authorized to perform this operation.".to_owned();
    Refusal { status, code: code.to_owned(), message }
}

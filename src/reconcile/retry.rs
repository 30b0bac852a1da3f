//! The one retry policy: what to do about a fault, from its kind alone.

use std::time::Duration;

use crate::aws::FaultKind;

/// What was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    Create,
    Change,
    Delete,
}

/// What is known besides the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    pub attempt: Attempt,
    /// Whether something it depends on was made a moment ago.
    pub youth: Youth,
    pub tries: u32,
    /// Since the first try.
    pub elapsed: Duration,
    /// The longest it may take until it is ready, and the longest a deletion may take.
    pub patience: Duration,
    pub delete_patience: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Youth {
    Young,
    Settled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    RetryAfter(Duration),
    /// Look for what the call may have left behind, then decide.
    Resolve,
    GiveUp,
}

const PROPAGATION_LIMIT: Duration = Duration::from_mins(2);
const VISIBILITY_LIMIT: Duration = Duration::from_mins(1);
const CONCURRENCY_LIMIT: Duration = Duration::from_mins(5);
const LONGEST_WAY: Duration = Duration::from_mins(15);
const UNCERTAINTY_TRIES: u32 = 5;

pub fn decide(kind: FaultKind, circumstances: Circumstances) -> Decision {
    let Circumstances { attempt, youth, tries, elapsed, patience, delete_patience } = circumstances;
    let until = |limit: Duration, pause: Duration| {
        if elapsed + pause < limit { Decision::RetryAfter(pause) } else { Decision::GiveUp }
    };
    match kind {
        // IAM catches up within seconds, rarely minutes: try often.
        FaultKind::Propagating if youth == Youth::Young => {
            until(PROPAGATION_LIMIT, steps(tries, &[250, 500, 1000, 1500]))
        }
        FaultKind::NotFound if youth == Youth::Young && attempt != Attempt::Delete => {
            until(VISIBILITY_LIMIT, steps(tries, &[250, 500, 1000, 1500]))
        }
        // What is in the way of a create may take as long to go as what is made takes to come.
        FaultKind::Concurrent if attempt == Attempt::Create => {
            let limit = CONCURRENCY_LIMIT.max(patience.min(LONGEST_WAY));
            until(limit, steps(tries, &[250, 500, 1000, 2000, 3000]))
        }
        FaultKind::Concurrent => {
            until(CONCURRENCY_LIMIT, steps(tries, &[250, 500, 1000, 2000, 3000]))
        }
        FaultKind::InUse if attempt == Attempt::Delete => {
            until(delete_patience, steps(tries, &[500, 1000, 2000, 5000, 5000, 10000]))
        }
        FaultKind::InUse => until(CONCURRENCY_LIMIT, steps(tries, &[500, 1000, 2000, 5000])),
        FaultKind::AlreadyExists if attempt == Attempt::Create => Decision::Resolve,
        FaultKind::Uncertain if attempt == Attempt::Create => Decision::Resolve,
        FaultKind::Uncertain if tries < UNCERTAINTY_TRIES => {
            Decision::RetryAfter(steps(tries, &[500, 1000, 2000, 4000]))
        }
        FaultKind::Propagating
        | FaultKind::NotFound
        | FaultKind::AlreadyExists
        | FaultKind::Uncertain
        | FaultKind::Throttled
        | FaultKind::Denied
        | FaultKind::Quota
        | FaultKind::Closed
        | FaultKind::Invalid => Decision::GiveUp,
    }
}

/// The pause before the next try: the last one of the list for all later tries.
fn steps(tries: u32, milliseconds: &[u64]) -> Duration {
    let index = usize::try_from(tries).unwrap_or(usize::MAX).min(milliseconds.len() - 1);
    Duration::from_millis(milliseconds[index])
}

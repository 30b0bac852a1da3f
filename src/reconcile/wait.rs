//! Waiting: one question, one rhythm, the same for all types.

use std::time::Duration;

use tokio::time::Instant;

use crate::aws::{Aws, Fault, FaultKind};
use crate::resource::{Handler, KnownJson, LiveJson, Status};
use crate::value::PhysicalId;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    Present,
    /// Present, or failed: at rest either way.
    Settled,
    Gone,
}

/// Whether what is there is what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    Yes,
    /// AWS's word for how far it is; empty where AWS says nothing.
    NotYet(String),
    Never(String),
}

/// The one place that judges a status.
pub fn settled(want: Want, live: Option<&Status>) -> Settled {
    match (want, live) {
        (Want::Present | Want::Settled, Some(Status::Ready))
        | (Want::Settled, Some(Status::Failed(_)))
        | (Want::Gone, None) => Settled::Yes,
        (Want::Present | Want::Settled, Some(Status::Pending(word))) => {
            Settled::NotYet(word.clone())
        }
        (Want::Present | Want::Settled, Some(Status::Deleting(word))) => {
            Settled::Never(format!("it is being deleted ({word})"))
        }
        (Want::Present, Some(Status::Failed(why))) if why.is_empty() => {
            Settled::Never("AWS says that it has failed, and not why".to_owned())
        }
        (Want::Present, Some(Status::Failed(why))) => Settled::Never(why.clone()),
        (Want::Present | Want::Settled, None) => Settled::NotYet(String::new()),
        (Want::Gone, Some(Status::Deleting(word))) => Settled::NotYet(word.clone()),
        (Want::Gone, Some(_)) => Settled::NotYet(String::new()),
    }
}

fn unspoken(want: Want, id: &PhysicalId) -> String {
    match want {
        Want::Present | Want::Settled => format!("`{id}` is not visible yet"),
        Want::Gone => format!("`{id}` is still there"),
    }
}

/// How a wait ends badly.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitError {
    /// It took longer than its patience; the text is the last thing that was seen.
    TooLong(Duration, String),
    /// It was to be there, and was not to be seen for as long.
    Unseen(Duration, String),
    Never(String),
    Fault(Fault),
}

/// Pauses between polls: short at first, since most things are ready at once.
const PAUSES_IN_MILLISECONDS: [u64; 8] = [100, 200, 400, 700, 1000, 1500, 2000, 3000];

/// Sleeps: the only place of the engine that does.
#[expect(clippy::disallowed_methods, reason = "this is where the engine waits")]
pub async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Reads one resource until it is as wanted.
///
/// # Errors
///
/// When it never will be, or not within `patience`.
pub async fn wait(
    want: Want,
    handler: &dyn Handler,
    aws: &Aws,
    known: KnownJson<'_>,
    patience: Duration,
    mut progress: impl FnMut(&str),
) -> Result<Option<LiveJson>, WaitError> {
    let start = Instant::now();
    let mut polls = 0_usize;
    loop {
        let read = handler.read(aws, std::slice::from_ref(&known)).await;
        let live = match read {
            Ok(mut found) => found.remove(known.id),
            Err(fault) if fault.is(FaultKind::NotFound) => None,
            Err(fault) => return Err(WaitError::Fault(fault)),
        };
        let word = match settled(want, live.as_ref().map(|live| &live.status)) {
            Settled::Yes => return Ok(live),
            Settled::Never(why) => return Err(WaitError::Never(why)),
            Settled::NotYet(word) if word.is_empty() => unspoken(want, known.id),
            Settled::NotYet(word) => word,
        };
        progress(&word);
        let next = PAUSES_IN_MILLISECONDS[polls.min(PAUSES_IN_MILLISECONDS.len() - 1)];
        polls += 1;
        if start.elapsed() + Duration::from_millis(next) > patience {
            return Err(match (want, live) {
                (Want::Present | Want::Settled, None) => WaitError::Unseen(patience, word),
                _ => WaitError::TooLong(patience, word),
            });
        }
        pause(Duration::from_millis(next)).await;
    }
}

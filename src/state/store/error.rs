//! What can go wrong with a state, and what to do then.

use std::io;
use std::time::Duration;

use super::super::{FORMAT, Violation};
use super::Holder;
use crate::aws::Fault;
use crate::journal::Illegal;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot {attempt} `{place}`")]
    Io { attempt: &'static str, place: String, source: io::Error },
    #[error("cannot {attempt} `{place}`")]
    Call { attempt: &'static str, place: String, source: Box<Fault> },
    #[error("`{place}` is not a state file")]
    Unreadable { place: String, source: serde_json::Error },
    #[error(
        "the state in `{place}` was written by a newer Cairn (format {format}, this one knows {FORMAT})"
    )]
    Newer { place: String, format: u64 },
    #[error("the state in `{place}` is not sound: {}", list(violations))]
    Unsound { place: String, violations: Vec<Violation> },
    #[error("the journal in `{place}` does not fit its state")]
    Contradiction { place: String, source: Illegal },
    #[error("the journal in `{place}` is damaged")]
    Damaged { place: String },
    #[error("another run holds the lock of this stack: {}", describe(holder.as_ref(), *heard))]
    Locked {
        holder: Option<Holder>,
        /// How long ago it was heard of, where the lock does not go with its process.
        heard: Option<Duration>,
    },
    #[error("this run has lost the lock of its stack{}", to(by.as_ref()))]
    Lost { by: Option<Holder> },
}

impl StoreError {
    /// What is told while somebody waits for a lock.
    pub(super) fn held(holder: &Holder, heard: Duration) -> String {
        let who = describe(Some(holder), Some(heard));
        format!("waiting to see whether the run that holds the lock goes on: {who}")
    }

    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Locked { heard: None, .. } => {
                vec!["wait until it ends; the lock goes with its process".to_owned()]
            }
            Self::Locked { heard: Some(_), .. } => vec![
                "wait until it ends; a run that is not heard of any more loses the lock by itself"
                    .to_owned(),
            ],
            Self::Lost { .. } => vec![
                "it was not heard of for too long: nothing it knows is lost, run the same command \
                 again"
                    .to_owned(),
            ],
            Self::Newer { .. } => vec!["update Cairn".to_owned()],
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                vec![
                    "make room on the disk and run the same command again: nothing is lost"
                        .to_owned(),
                ]
            }
            _ => Vec::new(),
        }
    }
}

fn list(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn describe(holder: Option<&Holder>, heard: Option<Duration>) -> String {
    let who = match holder {
        Some(holder) => format!(
            "`{}` by {} on {}, process {}, since {}",
            holder.command, holder.user, holder.host, holder.pid, holder.since
        ),
        None => "its holder has not said who it is".to_owned(),
    };
    match heard {
        Some(heard) => format!("{who}, heard of {} s ago", heard.as_secs()),
        None => who,
    }
}

fn to(by: Option<&Holder>) -> String {
    by.map(|holder| format!(" to {}", describe(Some(holder), None))).unwrap_or_default()
}

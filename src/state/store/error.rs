//! What can go wrong with a state, and what to do then.

use std::io;
use std::time::Duration;

use super::super::{FORMAT, FormatError, Violation};
use super::Holder;
use super::seal::Kind;
use crate::aws::{Fault, FaultKind};
use crate::journal::Illegal;

/// What is attempted of what is only looked at.
pub(super) const READ: &str = "read";

/// What is attempted when KMS is asked to unwrap a key.
pub(super) const OPEN: &str = "open";

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot {attempt} `{place}`")]
    Io { attempt: &'static str, place: String, source: io::Error },
    #[error("cannot {attempt} `{place}`")]
    Call { attempt: &'static str, place: String, source: Box<Fault> },
    #[error("`{place}` is not a state file")]
    Unreadable { place: String, source: serde_json::Error },
    #[error("the journal in `{place}` has a record that this Cairn cannot read")]
    Unread { place: String, source: serde_json::Error },
    #[error(
        "the state in `{place}` was written by a newer Cairn (format {format}, this one knows {FORMAT})"
    )]
    Newer { place: String, format: u64 },
    #[error("the state in `{place}` is not sound: {}", list(violations))]
    Unsound { place: String, violations: Vec<Violation> },
    #[error("the journal in `{place}` does not fit its state")]
    Contradiction { place: String, source: Illegal },
    #[error("the journal in `{place}` is damaged{}", at(*line))]
    Damaged {
        place: String,
        /// Which line it is, where there are lines.
        line: Option<usize>,
    },
    #[error("the state in `{place}` is gone, and what leads to it is still there")]
    Headless { place: String },
    #[error("`{place}` is not encrypted, and `encryption: {wanted}` is configured")]
    InClear { place: String, wanted: Kind },
    #[error("`{place}` is encrypted by `{kind}`, and that is not what is configured")]
    Sealed { place: String, kind: Kind },
    #[error("`{place}` does not open: it was encrypted with another {kind}")]
    WrongKey { place: String, kind: Kind },
    #[error(
        "`{place}` does not open: it was changed, or written for another stack, environment or place"
    )]
    Altered { place: String },
    #[error("`{place}` cannot be encrypted: the system gives no randomness")]
    NotSealed { place: String },
    #[error("another run holds the lock of this stack: {}", describe(holder.as_ref(), *heard))]
    Locked {
        holder: Option<Holder>,
        /// How long ago it was heard of, where the lock does not go with its process.
        heard: Option<Duration>,
    },
    #[error("this run has lost the lock of its stack{}", to(by.as_ref()))]
    Lost { by: Option<Holder> },
}

/// What an error says of that which could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// It says nothing any more, to anybody.
    Lost,
    /// It may be sound, and the key that opens it is not at hand.
    Closed,
    /// It may be sound, and is not for this version or not for this moment.
    Withheld,
}

impl StoreError {
    /// Whether what could not be read is lost. In place of what is not, nothing may be written.
    pub fn loss(&self) -> Loss {
        match self {
            Self::Unreadable { .. }
            | Self::Unsound { .. }
            | Self::Contradiction { .. }
            | Self::Damaged { .. }
            | Self::Headless { .. }
            | Self::Altered { .. } => Loss::Lost,
            Self::WrongKey { .. } | Self::Sealed { .. } | Self::InClear { .. } => Loss::Closed,
            // KMS answers, and has no such key or lets nobody use it any more.
            Self::Call { attempt: OPEN, source, .. }
                if matches!(source.kind, FaultKind::NotFound | FaultKind::Invalid) =>
            {
                Loss::Closed
            }
            Self::Io { .. }
            | Self::Call { .. }
            | Self::Unread { .. }
            | Self::Newer { .. }
            | Self::NotSealed { .. }
            | Self::Locked { .. }
            | Self::Lost { .. } => Loss::Withheld,
        }
    }

    /// What is told while somebody waits for a lock.
    pub(super) fn held(holder: &Holder, heard: Duration) -> String {
        let who = describe(Some(holder), Some(heard));
        format!("waiting to see whether the run that holds the lock goes on: {who}")
    }

    pub(super) fn of_format(place: &str, error: FormatError) -> Self {
        let place = place.to_owned();
        match error {
            FormatError::Newer { format } => Self::Newer { place, format },
            FormatError::Malformed(source) => Self::Unreadable { place, source },
        }
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
            Self::Newer { .. } | Self::Unread { .. } => vec!["update Cairn".to_owned()],
            Self::Unreadable { .. }
            | Self::Unsound { .. }
            | Self::Contradiction { .. }
            | Self::Damaged { .. }
            | Self::Headless { .. }
            | Self::Altered { .. } => vec![
                "`cairn state check` says what is wrong, `cairn state repair` mends what is safe \
                 to mend"
                    .to_owned(),
            ],
            Self::InClear { .. } => {
                vec!["`cairn state convert` writes it anew, encrypted".to_owned()]
            }
            Self::Sealed { kind, .. } => vec![
                format!("set `encryption: {}` in config/", kind.setting()),
                "or write it anew as it is configured now, with `cairn state convert`".to_owned(),
            ],
            Self::WrongKey { kind: Kind::Passphrase, .. } => {
                vec!["is CAIRN_STATE_PASSPHRASE what it was written with?".to_owned()]
            }
            Self::WrongKey { kind: Kind::Key, .. } => {
                vec!["is CAIRN_STATE_KEY what it was written with?".to_owned()]
            }
            Self::WrongKey { kind: Kind::Kms, .. } => {
                vec!["is the KMS key that it was written with still there?".to_owned()]
            }
            Self::Call { attempt, source, .. } => {
                of_call(source, *attempt == OPEN && self.loss() == Loss::Closed)
            }
            Self::Io { attempt, source, .. } => of_io(source, *attempt == READ),
            _ => Vec::new(),
        }
    }
}

/// What to do about a call that failed.
fn of_call(fault: &Fault, is_key_gone: bool) -> Vec<String> {
    let hint = match fault.kind {
        _ if fault.code == "NoSuchBucket" => {
            "is that the bucket? `cairn init` makes it ready for states".to_owned()
        }
        _ if is_key_gone => {
            "is the KMS key that it was written with still there, and enabled?".to_owned()
        }
        FaultKind::Uncertain | FaultKind::Throttled => {
            "look whether the network is there, and the bucket, then run the same command again: \
             nothing is lost"
                .to_owned()
        }
        FaultKind::Denied => format!(
            "the credentials in use lack `{}`, or a policy denies it: once they have it, run the \
             same command again, nothing is lost",
            fault.action
        ),
        _ => return Vec::new(),
    };
    vec![hint]
}

/// What to do about a disk that refuses.
fn of_io(error: &io::Error, is_read: bool) -> Vec<String> {
    let what = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "make room on the disk"
        }
        io::ErrorKind::PermissionDenied if is_read => "let it be read by who runs this",
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "let the directory be written to"
        }
        _ => return Vec::new(),
    };
    vec![format!("{what} and run the same command again: nothing is lost")]
}

fn list(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(": line {line} is not what was written")).unwrap_or_default()
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

//! What a run tells while it runs.

use std::time::{Duration, Instant};

use crate::aws::Fault;
use crate::plan::StepId;

/// What happened, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    pub at: Instant,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The first steps are about to be started.
    Begun,
    Started(StepId),
    /// What a step is at from now on.
    Entered(StepId, Phase),
    Done(StepId, Duration),
    Failed(StepId, StepError),
    /// No more steps are started; those that run are being drained.
    Draining {
        running: usize,
        why: super::Stop,
    },
}

/// What a step is at: always one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Working out what to send.
    Evaluating,
    /// Making calls.
    Calling,
    /// Writing into the journal.
    Recording,
    /// Until another step has done with what only one may change at once.
    Queueing(String),
    /// Until AWS is where it is wanted: what AWS says of it.
    Waiting(String),
    /// Until what was refused is tried again: why it was refused.
    Retrying(String),
}

impl Phase {
    /// What is waited for, in words.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Evaluating | Self::Calling | Self::Recording => None,
            Self::Queueing(what) | Self::Waiting(what) | Self::Retrying(what) => Some(what),
        }
    }
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StepError {
    #[error("{0}")]
    Fault(Fault),
    #[error("it did not become ready within {}: {word}", human(*patience))]
    TooLong { patience: Duration, word: String },
    #[error("it will not become ready: {0}")]
    Never(String),
    #[error("a create without an answer may have made any of {}: it cannot be told which", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// Others have changed it, and what was agreed to was about something else.
    #[error("it is not as it was when the plan was made: {}", .0.join(", "))]
    Changed(Vec<String>),
    #[error("its properties cannot be evaluated: {0}")]
    Evaluation(String),
    /// A law of the engine is broken: a defect of Cairn, never of a template.
    #[error("{0}")]
    Defect(String),
    #[error("the state cannot be written: {text}")]
    State { text: String, hints: Vec<String> },
}

impl StepError {
    /// What to do now.
    pub fn hints(&self) -> Vec<String> {
        use crate::aws::FaultKind;
        match self {
            Self::Fault(fault) => match fault.kind {
                FaultKind::Denied => vec![format!(
                    "the credentials in use lack `{}`, or a policy denies it",
                    fault.action
                )],
                FaultKind::Quota => {
                    vec!["raise the quota (Service Quotas), or remove what is not needed".to_owned()]
                }
                FaultKind::AlreadyExists => vec![
                    "something with this name exists and is not this stack's: choose another name"
                        .to_owned(),
                ],
                FaultKind::Closed => vec![
                    "Bedrock Agents is closed to accounts that never used it: use an account that did, \
                     or move to the AgentCore harness (AWS::BedrockAgentCore::Harness)"
                        .to_owned(),
                ],
                FaultKind::InUse => {
                    vec!["remove what still uses it, then run the same command again".to_owned()]
                }
                FaultKind::Uncertain => {
                    vec!["look whether the network is there, and AWS, then go on".to_owned()]
                }
                _ => Vec::new(),
            },
            Self::TooLong { .. } => {
                vec!["run the same command again: it goes on waiting where this run stopped".to_owned()]
            }
            Self::Changed(_) => {
                vec!["nothing of it was touched: see what would change now, and agree to that".to_owned()]
            }
            Self::State { hints, .. } => hints.clone(),
            Self::Ambiguous(_) => vec![
                "delete those that are not wanted by hand, then run the same command again".to_owned(),
            ],
            _ => Vec::new(),
        }
    }
}

/// `5m`, `90s`.
pub fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds >= 120 && seconds.is_multiple_of(60) {
        format!("{} minutes", seconds / 60)
    } else {
        format!("{seconds} s")
    }
}

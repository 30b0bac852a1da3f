//! What was tried: one record before and after everything that can leave something behind.
//!
//! A create is written down before its call, its name before anything waits for it, its end before
//! anything that depends on it starts. The new state is only ever the old one with these events
//! applied.

pub mod file;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::aws::Fault;
use crate::state::{Instance, State};
use crate::value::{Attributes, LogicalId, PhysicalId, Token, digest};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A run began.
    Opened {
        run: Token,
        command: String,
        at: String,
        #[serde(default)]
        user: String,
        #[serde(default)]
        host: String,
    },
    /// A create call is about to be made.
    CreateBegun {
        id: LogicalId,
        instance: Instance,
    },
    /// AWS has named what is being created.
    Named {
        id: LogicalId,
        token: Token,
        physical_id: PhysicalId,
    },
    /// The create call was refused, or nothing that it made is there.
    Abandoned {
        id: LogicalId,
        token: Token,
    },
    /// The resource is ready and whole.
    Created {
        id: LogicalId,
        token: Token,
        attributes: Attributes,
        follows: Option<String>,
    },
    UpdateBegun {
        id: LogicalId,
        token: Token,
        /// What it is to become.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        properties: Option<Json>,
    },
    /// The resource is as the instance says now.
    Updated {
        id: LogicalId,
        instance: Instance,
    },
    DeleteBegun {
        id: LogicalId,
        token: Token,
    },
    /// It is gone.
    Deleted {
        id: LogicalId,
        token: Token,
    },
    /// It is the same under another name.
    Moved {
        id: LogicalId,
        to: LogicalId,
    },
    /// It is kept in AWS and no longer ours.
    Forgotten {
        id: LogicalId,
        token: Token,
    },
    Failed {
        id: LogicalId,
        fault: Fault,
    },
    /// Something that was there already is the stack's from now on. No call was made.
    Adopted {
        id: LogicalId,
        instance: Instance,
    },
    Outputs {
        outputs: BTreeMap<String, Json>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
        exports: BTreeMap<String, Json>,
    },
    /// One that was replaced and is still there is in use again.
    Reinstated {
        id: LogicalId,
        token: Token,
    },
    /// What the stack may use of others from now on.
    Imports {
        imports: BTreeMap<String, String>,
    },
    /// All that the plan says has happened: this is what a rollback goes back to from now on.
    Completed,
    /// The run ended by itself.
    Closed,
}

/// An event with its number and a checksum over both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub sequence: u64,
    pub event: Event,
}

/// An event that cannot follow a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Illegal {
    pub text: String,
}

impl Illegal {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the journal contradicts the state: {}", self.text)
    }
}

impl std::error::Error for Illegal {}

/// The state after the records, which begin where the state ends.
///
/// # Errors
///
/// When a record is missing or cannot follow.
pub fn replay(mut state: State, records: &[Record]) -> Result<State, Illegal> {
    for record in records {
        // A snapshot written while its journal was still there makes the journal's part of it old.
        if record.sequence <= state.serial {
            continue;
        }
        if record.sequence != state.serial + 1 {
            return Err(Illegal::new(format!(
                "record {} follows serial {}",
                record.sequence, state.serial
            )));
        }
        state.apply(&record.event)?;
    }
    Ok(state)
}

/// One line of the journal file.
pub fn encode(record: &Record) -> Result<String, serde_json::Error> {
    serde_json::to_string(record).map(|body| summed(&body))
}

/// A text without line breaks as a line with its checksum.
pub fn summed(body: &str) -> String {
    let sum = &digest(body.as_bytes())[..16];
    format!("{sum} {body}\n")
}

/// What stands in a line; `None` when it is torn or changed.
pub fn body(line: &str) -> Option<&str> {
    let (sum, body) = line.split_once(' ')?;
    (digest(body.as_bytes())[..16] == *sum).then_some(body)
}

/// The number of what stands in a line, sealed or not.
pub fn sequence(body: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Numbered {
        sequence: u64,
    }
    serde_json::from_str::<Numbered>(body).ok().map(|numbered| numbered.sequence)
}

/// A line as a record; `None` when it is torn, changed, or holds something else.
pub fn decode(line: &str) -> Option<Record> {
    serde_json::from_str(body(line)?).ok()
}

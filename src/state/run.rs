//! What a state remembers of the runs that changed it: a few numbers for each of the last ones.

use serde::{Deserialize, Serialize};

use super::State;
use crate::journal::Event;
use crate::value::Token;

/// How many runs are remembered.
pub const KEPT: usize = 40;

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub run: Token,
    pub command: String,
    pub at: String,
    pub user: String,
    pub host: String,
    /// The serial of its first event.
    pub serial: u64,
    pub changed: Counts,
    pub ending: Ending,
}

/// How many resources a run has changed in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Counts {
    #[serde(skip_serializing_if = "is_zero")]
    pub created: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub updated: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub deleted: u32,
    /// Kept in AWS and no longer ours.
    #[serde(skip_serializing_if = "is_zero")]
    pub forgotten: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub moved: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub adopted: u32,
    /// Calls that were refused for good.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: u32,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Not yet, or never: it was killed.
    Open,
    /// By itself.
    Closed,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Counts {
    fn of(&mut self, event: &Event) -> Option<&mut u32> {
        Some(match event {
            Event::Created { .. } => &mut self.created,
            Event::Updated { .. } => &mut self.updated,
            Event::Deleted { .. } => &mut self.deleted,
            Event::Forgotten { .. } => &mut self.forgotten,
            Event::Moved { .. } => &mut self.moved,
            Event::Adopted { .. } => &mut self.adopted,
            Event::Failed { .. } => &mut self.failed,
            _ => return None,
        })
    }
}

impl State {
    /// Notes what an event says of its run.
    pub(super) fn note(&mut self, event: &Event) {
        if let Event::Opened { run, command, at, user, host } = event {
            let excess = (self.runs.len() + 1).saturating_sub(KEPT);
            self.runs.drain(..excess);
            self.runs.push(Run {
                run: run.clone(),
                command: command.clone(),
                at: at.clone(),
                user: user.clone(),
                host: host.clone(),
                serial: self.serial,
                changed: Counts::default(),
                ending: Ending::Open,
            });
        }
        let Some(run) = self.runs.last_mut().filter(|run| run.ending == Ending::Open) else {
            return;
        };
        if *event == Event::Closed {
            run.ending = Ending::Closed;
        }
        if let Some(count) = run.changed.of(event) {
            *count = count.saturating_add(1);
        }
    }
}

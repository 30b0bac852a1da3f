//! A run in a line or two, once it has ended.

use std::time::Duration;

use super::{Calls, took};
use crate::course::Path;
use crate::plan::{Action, Plan, StepId};
use crate::render::plan::is_shown;
use crate::render::style::spoken_of;

/// More names are hard to read: those of the steps that took longest stay.
const NAMES: usize = 5;
/// In the place of those between.
const SKIPPED: &str = "…";

/// `25 created, 2 updated`; `None` where nothing was done. The old side of a replacement is counted
/// no more than in the plan.
pub fn totals(plan: &Plan, done: &[StepId]) -> Option<String> {
    let count = |wanted: &[Action]| {
        let all = done.iter().map(|id| &plan.steps[id.0]);
        all.filter(|step| {
            super::is_visible(step) && is_shown(plan, step) && wanted.contains(&step.action)
        })
        .count()
    };
    let kinds: [(&[Action], &str); 6] = [
        (&[Action::Create], "created"),
        (&[Action::Update], "updated"),
        (&[Action::Replace], "replaced"),
        (&[Action::Delete], "deleted"),
        (&[Action::Adopt, Action::Move], "taken over"),
        (&[Action::Retain], "let go"),
    ];
    let parts = kinds.into_iter().filter_map(|(actions, word)| {
        let count = count(actions);
        (count > 0).then(|| format!("{count} {word}"))
    });
    let text = parts.collect::<Vec<_>>().join(", ");
    (!text.is_empty()).then_some(text)
}

/// `3.8 s of it on Vpc → Endpoint → Function`; `None` where nothing waited for anything.
pub fn longest_way(plan: &Plan, path: &Path) -> Option<String> {
    if path.steps.len() < 2 {
        return None;
    }
    let mut longest: Vec<(Duration, usize)> =
        path.steps.iter().enumerate().map(|(index, (_, took))| (*took, index)).collect();
    longest.sort_by(|one, other| other.cmp(one));
    let kept: Vec<usize> = longest.into_iter().take(NAMES).map(|(_, index)| index).collect();
    let mut names: Vec<String> = Vec::new();
    for (index, (id, _)) in path.steps.iter().enumerate() {
        match kept.contains(&index) {
            true => names.push(spoken_of(plan, *id)),
            false if names.last().is_some_and(|last| last == SKIPPED) => {}
            false => names.push(SKIPPED.to_owned()),
        }
    }
    Some(format!("{} of it on {}", took(path.took()), names.join(" → ")))
}

impl Calls {
    /// `52 AWS calls`, and how many of them were refused for being too many.
    pub fn words(self) -> String {
        match self.throttled {
            0 => format!("{} AWS calls", self.made),
            throttled => format!("{} AWS calls, {throttled} of them throttled", self.made),
        }
    }
}

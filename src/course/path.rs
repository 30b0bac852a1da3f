//! Why a run took its time: the chain of steps that it was as long as.

use std::time::{Duration, Instant};

use super::Course;
use crate::plan::StepId;

/// Each step was started by the end of the one before it, and the last was the last to end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path {
    pub steps: Vec<(StepId, Duration)>,
    /// From the beginning of the run to the end of the last step.
    pub whole: Duration,
}

impl Path {
    pub(super) fn of(course: &Course<'_>) -> Self {
        let ended = |id: &StepId| course.ended(*id);
        let all = (0..course.plan.steps.len()).map(StepId).filter(|id| ended(id).is_some());
        let last = all.max_by_key(|id| (ended(id), *id));
        let mut steps = Vec::new();
        let mut next = last;
        let mut until: Option<Instant> = None;
        while let Some(id) = next {
            let (Some(from), Some(to)) = (course.started(id), course.ended(id)) else { break };
            // What waited for it begins while it writes its last record: no moment counts twice.
            let to = until.map_or(to, |until| to.min(until));
            steps.push((id, to.saturating_duration_since(from)));
            until = Some(from);
            // Where steps had to wait for a place, the one that made room is not known.
            next = course
                .before(id)
                .iter()
                .filter(|other| ended(other).is_some())
                .max_by_key(|other| (ended(other), **other))
                .copied();
        }
        steps.reverse();
        let end: Option<Instant> = last.as_ref().and_then(ended);
        let whole = end.map_or(Duration::ZERO, |end| course.elapsed(end));
        Self { steps, whole }
    }

    /// What its steps took, without what lay between them.
    pub fn took(&self) -> Duration {
        self.steps.iter().map(|(_, took)| *took).sum()
    }
}

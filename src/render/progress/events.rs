//! A line for each event, and a sign of life for what takes long: a CI that hears nothing for some
//! minutes takes a job for dead.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::line::Line;
use super::{so_far, words};
use crate::course::Course;
use crate::plan::StepId;
use crate::reconcile::{Phase, What};
use crate::render::plan::is_visible;
use crate::render::style::DIM;

const HEARTBEAT: Duration = Duration::from_secs(30);

#[derive(Default)]
pub struct Events {
    /// What was last said of whom, and when.
    said: BTreeMap<StepId, (String, Instant)>,
}

impl Events {
    /// What is to be said of an event: not everything a step does is one.
    pub fn of(&mut self, course: &Course<'_>, id: StepId, what: &What) -> Option<Line> {
        match what {
            What::Started(_) => {
                let (doing, _) = words(course.plan.steps[id.0].action);
                self.said.insert(id, (String::new(), course.started(id)?));
                Some(Line::new().plain(doing))
            }
            What::Entered(_, phase) => {
                let reason = phase.reason()?;
                let (_, since) = course.phase(id)?;
                if self.said.get(&id).is_some_and(|(said, _)| said == reason) {
                    return None;
                }
                self.said.insert(id, (reason.to_owned(), since));
                let text = format!("{}: {reason}", word(phase));
                Some(Line::new().painted(DIM, &text))
            }
            _ => None,
        }
    }

    /// What is to be said of those of whom nothing was heard for long.
    pub fn heartbeats(&mut self, course: &Course<'_>, now: Instant) -> Vec<(StepId, Line)> {
        let mut lines = Vec::new();
        for id in course.running() {
            let step = &course.plan.steps[id.0];
            let (Some((reason, said)), Some(started)) =
                (self.said.get_mut(&id), course.started(id))
            else {
                continue;
            };
            if !is_visible(step) || now.saturating_duration_since(*said) < HEARTBEAT {
                continue;
            }
            *said = now;
            let (doing, _) = words(step.action);
            let ran = so_far(now.saturating_duration_since(started));
            let text = match reason.is_empty() {
                true => format!("still {doing} after {ran}"),
                false => format!("still {doing} after {ran}: {reason}"),
            };
            lines.push((id, Line::new().painted(DIM, &text)));
        }
        lines
    }
}

/// How what is waited for is announced.
fn word(phase: &Phase) -> &'static str {
    match phase {
        Phase::Retrying(_) => "trying again",
        Phase::Queueing(_)
        | Phase::Waiting(_)
        | Phase::Evaluating
        | Phase::Calling
        | Phase::Recording => "waiting",
    }
}

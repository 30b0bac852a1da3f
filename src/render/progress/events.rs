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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::Pace;
    use crate::reconcile::News;
    use crate::reconcile::tests::scheduling::plan;

    #[test]
    fn a_reason_is_told_once_and_silence_is_broken_every_half_minute() {
        let plan = plan(&[vec![]]);
        let mut course = Course::new(&plan, Pace::Account, 8);
        let mut events = Events::default();
        let zero = Instant::now();
        let at = |seconds| zero + Duration::from_secs(seconds);
        let id = StepId(0);
        let mut told = Vec::new();
        let waiting = |word: &str| What::Entered(id, Phase::Waiting(word.to_owned()));
        for (second, what) in [
            (0, What::Started(id)),
            (1, What::Entered(id, Phase::Calling)),
            (2, waiting("vpc-1 is pending")),
            (3, waiting("vpc-1 is pending")),
            (40, waiting("vpc-1 is quiescing")),
        ] {
            for silent in 4..second {
                let lines = events.heartbeats(&course, at(silent));
                told.extend(lines.into_iter().map(|(_, line)| line));
            }
            course.take(&News { at: at(second), what: what.clone() });
            told.extend(events.of(&course, id, &what));
        }
        for second in 41..=100 {
            told.extend(events.heartbeats(&course, at(second)).into_iter().map(|(_, line)| line));
        }
        let told: Vec<String> = told
            .iter()
            .map(|line| anstream::adapter::strip_str(&line.text()).to_string())
            .collect();
        assert_eq!(
            told,
            [
                "creating",
                "waiting: vpc-1 is pending",
                "still creating after 32 s: vpc-1 is pending",
                "waiting: vpc-1 is quiescing",
                "still creating after 1m 10s: vpc-1 is quiescing",
                "still creating after 1m 40s: vpc-1 is quiescing",
            ]
        );
    }
}

//! How a run goes: what its news add up to, for whoever shows a run or explains it afterwards.
//!
//! No clock is read here. News say when they happened, and who asks says what time it is.

mod estimate;
mod path;
#[cfg(test)]
mod tests;
mod typical;

pub use path::Path;
pub use typical::Pace;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::plan::{Operation, Plan, StepId};
use crate::reconcile::{News, Phase, What};

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Waiting,
    Running,
    Done,
    Failed,
    /// Something it waits for has failed.
    Skipped,
}

#[derive(Debug, Clone)]
struct Stage {
    status: Status,
    started: Option<Instant>,
    ended: Option<Instant>,
    phase: Option<(Phase, Instant)>,
}

/// How many steps are how far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub all: usize,
    pub done: usize,
    pub running: usize,
    pub waiting: usize,
    pub failed: usize,
    /// They will not be started by this run.
    pub left: usize,
}

pub struct Course<'p> {
    pub plan: &'p Plan,
    stages: Vec<Stage>,
    /// What each step waits for, steps without work looked through.
    before: Vec<BTreeSet<StepId>>,
    begun: Option<Instant>,
    is_draining: bool,
    estimate: estimate::Estimate,
}

impl<'p> Course<'p> {
    /// `concurrency` is how many steps may run at once.
    pub fn new(plan: &'p Plan, pace: Pace, concurrency: usize) -> Self {
        let before = looked_through(plan);
        let stages = plan
            .steps
            .iter()
            .map(|step| Stage {
                // What there is nothing to do for is as it will be.
                status: if has_work(&step.operation) { Status::Waiting } else { Status::Done },
                started: None,
                ended: None,
                phase: None,
            })
            .collect();
        let estimate = estimate::Estimate::new(plan, &before, pace, concurrency);
        Self { plan, stages, before, begun: None, is_draining: false, estimate }
    }

    pub fn take(&mut self, news: &News) {
        match &news.what {
            What::Begun => self.begun = Some(news.at),
            What::Started(id) => {
                let stage = &mut self.stages[id.0];
                stage.status = Status::Running;
                stage.started = Some(news.at);
            }
            What::Entered(id, phase) => {
                let stage = &mut self.stages[id.0];
                if stage.phase.as_ref().is_none_or(|(earlier, _)| earlier != phase) {
                    stage.phase = Some((phase.clone(), news.at));
                }
            }
            What::Done(id, took) => {
                self.end(*id, Status::Done, news.at);
                self.estimate.learn(*id, *took);
            }
            What::Failed(id, _) => {
                self.end(*id, Status::Failed, news.at);
                self.skip_dependents(*id);
                let open = self.open();
                self.estimate.forget_all_but(&open, &self.before);
            }
            What::Draining { .. } => self.is_draining = true,
        }
    }

    /// Whether something it had to wait for has not been told to have ended.
    pub fn is_ahead(&self, id: StepId) -> bool {
        self.before[id.0].iter().any(|other| self.stages[other.0].status == Status::Running)
    }

    fn end(&mut self, id: StepId, status: Status, at: Instant) {
        let stage = &mut self.stages[id.0];
        stage.status = status;
        stage.ended = Some(at);
        stage.phase = None;
    }

    fn skip_dependents(&mut self, failed: StepId) {
        let mut gone = BTreeSet::from([failed]);
        loop {
            let next: Vec<StepId> = self
                .with(Status::Waiting)
                .filter(|id| !gone.contains(id) && !self.before[id.0].is_disjoint(&gone))
                .collect();
            if next.is_empty() {
                break;
            }
            gone.extend(next);
        }
        for id in gone.into_iter().filter(|id| *id != failed) {
            self.stages[id.0].status = Status::Skipped;
        }
    }

    fn with(&self, status: Status) -> impl Iterator<Item = StepId> + '_ {
        let all = self.stages.iter().enumerate();
        all.filter(move |(_, stage)| stage.status == status).map(|(index, _)| StepId(index))
    }

    /// Those that this run still has to do with.
    fn open(&self) -> BTreeSet<StepId> {
        self.with(Status::Waiting).chain(self.with(Status::Running)).collect()
    }

    pub fn is_draining(&self) -> bool {
        self.is_draining
    }

    pub fn elapsed(&self, now: Instant) -> Duration {
        self.begun.map_or(Duration::ZERO, |begun| now.saturating_duration_since(begun))
    }

    pub fn status(&self, id: StepId) -> Status {
        self.stages[id.0].status
    }

    /// What a step is at, and since when.
    pub fn phase(&self, id: StepId) -> Option<(&Phase, Instant)> {
        self.stages[id.0].phase.as_ref().map(|(phase, since)| (phase, *since))
    }

    pub fn started(&self, id: StepId) -> Option<Instant> {
        self.stages[id.0].started
    }

    pub fn ended(&self, id: StepId) -> Option<Instant> {
        self.stages[id.0].ended
    }

    /// All that a step waits for, done or not.
    pub fn before(&self, id: StepId) -> &BTreeSet<StepId> {
        &self.before[id.0]
    }

    /// What runs, the longest first.
    pub fn running(&self) -> Vec<StepId> {
        let mut running: Vec<StepId> = self.with(Status::Running).collect();
        running.sort_by_key(|id| (self.started(*id), *id));
        running
    }

    /// What waits and for whom, those with the fewest to wait for first.
    pub fn waiting(&self) -> Vec<(StepId, Vec<StepId>)> {
        let is_open = |id: &&StepId| matches!(self.status(**id), Status::Waiting | Status::Running);
        let mut waiting: Vec<(StepId, Vec<StepId>)> = self
            .with(Status::Waiting)
            .map(|id| (id, self.before[id.0].iter().filter(is_open).copied().collect()))
            .collect();
        // What runs already is nearer than what waits itself.
        for (_, others) in &mut waiting {
            others.sort_by_key(|id| (self.status(*id) != Status::Running, *id));
        }
        waiting.sort_by_key(|(id, others)| (others.len(), *id));
        waiting
    }

    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for (stage, step) in self.stages.iter().zip(&self.plan.steps) {
            if !has_work(&step.operation) {
                continue;
            }
            totals.all += 1;
            match stage.status {
                Status::Waiting if self.is_draining => totals.left += 1,
                Status::Waiting => totals.waiting += 1,
                Status::Running => totals.running += 1,
                Status::Done => totals.done += 1,
                Status::Failed => totals.failed += 1,
                Status::Skipped => totals.left += 1,
            }
        }
        totals
    }

    /// How much longer it takes, as far as can be told. Between two news it never grows.
    pub fn remaining(&self, now: Instant) -> Duration {
        let running = self.running().into_iter().map(|id| {
            let started = self.started(id).unwrap_or(now);
            (id, now.saturating_duration_since(started))
        });
        let waiting: Vec<StepId> = match self.is_draining {
            true => Vec::new(),
            false => self.with(Status::Waiting).collect(),
        };
        self.estimate.remaining(&running.collect::<Vec<_>>(), &waiting)
    }

    /// The chain of steps that took until the end, each begun by the end of the one before.
    pub fn critical_path(&self) -> Path {
        Path::of(self)
    }
}

fn has_work(operation: &Operation) -> bool {
    *operation != Operation::Nothing
}

/// What each step waits for; in the place of a step without work, what that waits for.
fn looked_through(plan: &Plan) -> Vec<BTreeSet<StepId>> {
    let mut before: Vec<Option<BTreeSet<StepId>>> = vec![None; plan.steps.len()];
    for index in 0..plan.steps.len() {
        look_through(plan, StepId(index), &mut before);
    }
    before.into_iter().map(Option::unwrap_or_default).collect()
}

fn look_through(plan: &Plan, id: StepId, before: &mut Vec<Option<BTreeSet<StepId>>>) {
    if before[id.0].is_some() {
        return;
    }
    let mut found = BTreeSet::new();
    for other in &plan.steps[id.0].after {
        if has_work(&plan.steps[other.0].operation) {
            found.insert(*other);
        } else {
            look_through(plan, *other, before);
            found.extend(before[other.0].iter().flatten().copied());
        }
    }
    before[id.0] = Some(found);
}

//! Which step runs next: a pure state machine, driven by what happened.
//!
//! There are no levels: a step starts as soon as all it waits for is done, the one with the
//! longest path behind it first. A failed step stops what waits for it and nothing else, and what
//! runs always ends.

use std::collections::BTreeSet;

use crate::plan::{Plan, StepId};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Started,
    /// Its last record is said, or, the same once more, written.
    Done(StepId),
    /// Even after it was done, where its last record could not be written.
    Failed(StepId),
    /// Start nothing any more.
    Interrupted,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Start(StepId),
    /// Nothing runs and nothing more will.
    Finish,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Waiting,
    Running,
    Done,
    Failed,
    /// Something it waits for has failed.
    Skipped,
}

/// The steps of a plan and how far each is.
#[derive(Debug)]
pub struct Schedule {
    statuses: Vec<Status>,
    after: Vec<Vec<StepId>>,
    dependents: Vec<Vec<StepId>>,
    /// How many steps the longest path from here has.
    heights: Vec<usize>,
    concurrency: usize,
    interrupted: bool,
}

impl Schedule {
    pub fn new(plan: &Plan, concurrency: usize) -> Self {
        let after: Vec<Vec<StepId>> = plan.steps.iter().map(|step| step.after.clone()).collect();
        let mut dependents = vec![Vec::new(); after.len()];
        for (index, before) in after.iter().enumerate() {
            for StepId(earlier) in before {
                dependents[*earlier].push(StepId(index));
            }
        }
        let mut heights = vec![0; after.len()];
        for index in 0..after.len() {
            measure(index, &dependents, &mut heights);
        }
        Self {
            statuses: vec![Status::Waiting; after.len()],
            after,
            dependents,
            heights,
            concurrency: concurrency.max(1),
            interrupted: false,
        }
    }

    /// Takes what happened and says what to do now.
    pub fn step(&mut self, event: Event) -> Vec<Command> {
        match event {
            Event::Started => {}
            Event::Interrupted => self.interrupted = true,
            Event::Done(id) => self.statuses[id.0] = Status::Done,
            Event::Failed(id) => {
                self.statuses[id.0] = Status::Failed;
                self.skip_dependents(id);
            }
        }
        let mut commands = Vec::new();
        let mut running = self.count(Status::Running);
        if !self.interrupted {
            for id in self.ready() {
                if running == self.concurrency {
                    break;
                }
                self.statuses[id.0] = Status::Running;
                running += 1;
                commands.push(Command::Start(id));
            }
        }
        if running == 0 {
            commands.push(Command::Finish);
        }
        commands
    }

    /// Steps that were never started.
    pub fn not_started(&self) -> Vec<StepId> {
        self.with(|status| matches!(status, Status::Waiting | Status::Skipped))
    }

    fn with(&self, is: impl Fn(Status) -> bool) -> Vec<StepId> {
        (0..self.statuses.len()).filter(|index| is(self.statuses[*index])).map(StepId).collect()
    }

    fn count(&self, status: Status) -> usize {
        self.statuses.iter().filter(|one| **one == status).count()
    }

    fn ready(&self) -> Vec<StepId> {
        let mut ready: Vec<StepId> = self
            .with(|status| status == Status::Waiting)
            .into_iter()
            .filter(|id| self.after[id.0].iter().all(|StepId(i)| self.statuses[*i] == Status::Done))
            .collect();
        ready.sort_by_key(|id| (std::cmp::Reverse(self.heights[id.0]), *id));
        ready
    }

    fn skip_dependents(&mut self, id: StepId) {
        let mut open = vec![id];
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            for dependent in self.dependents[id.0].clone() {
                if seen.insert(dependent) && self.statuses[dependent.0] == Status::Waiting {
                    self.statuses[dependent.0] = Status::Skipped;
                    open.push(dependent);
                }
            }
        }
    }
}

fn measure(index: usize, dependents: &[Vec<StepId>], heights: &mut [usize]) -> usize {
    if heights[index] == 0 {
        let below = dependents[index]
            .iter()
            .map(|StepId(next)| measure(*next, dependents, heights))
            .max()
            .unwrap_or(0);
        heights[index] = below + 1;
    }
    heights[index]
}

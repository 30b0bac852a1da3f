//! How much longer a run will take: what each step usually takes, corrected by how long those took
//! that are done.
//!
//! A run takes as long as its longest chain, and no less than all its work shared among those that
//! may run at once. Both only shrink while time passes and nothing happens.

use std::collections::BTreeSet;
use std::time::Duration;

use super::has_work;
use super::typical::Pace;
use crate::plan::{Plan, StepId};

/// How much of what is expected counts as if it had happened: a few short steps say little.
const TRUST_IN_SECONDS: f64 = 10.0;

pub struct Estimate {
    /// Seconds.
    expected: Vec<f64>,
    /// The longest chain behind a step, in seconds.
    tails: Vec<f64>,
    concurrency: f64,
    trust: f64,
    done_expected: f64,
    done_actual: f64,
}

impl Estimate {
    pub fn new(plan: &Plan, before: &[BTreeSet<StepId>], pace: Pace, concurrency: usize) -> Self {
        let expected: Vec<f64> = plan
            .steps
            .iter()
            .map(|step| if has_work(&step.operation) { pace.seconds(step) } else { 0.0 })
            .collect();
        let all = (0..expected.len()).map(StepId).collect();
        let tails = tails(&expected, before, &all);
        #[expect(clippy::cast_precision_loss, reason = "nobody runs 2^52 steps at once")]
        let concurrency = concurrency.max(1) as f64;
        let trust = match pace {
            Pace::Account => TRUST_IN_SECONDS,
            Pace::Local => 1.0,
        };
        Self { expected, tails, concurrency, trust, done_expected: 0.0, done_actual: 0.0 }
    }

    /// A step is done: what it took says something of the others.
    pub fn learn(&mut self, id: StepId, took: Duration) {
        self.done_expected += self.expected[id.0];
        self.done_actual += took.as_secs_f64();
    }

    /// Those that will not be started any more are in nobody's way.
    pub fn forget_all_but(&mut self, open: &BTreeSet<StepId>, before: &[BTreeSet<StepId>]) {
        self.tails = tails(&self.expected, before, open);
    }

    fn scale(&self) -> f64 {
        (self.trust + self.done_actual) / (self.trust + self.done_expected)
    }

    /// `running` with how long each has run.
    pub fn remaining(&self, running: &[(StepId, Duration)], waiting: &[StepId]) -> Duration {
        let scale = self.scale();
        let mut longest: f64 = 0.0;
        let mut work: f64 = 0.0;
        for (id, ran) in running {
            let rest = (scale * self.expected[id.0] - ran.as_secs_f64()).max(0.0);
            longest =
                longest.max(rest + if waiting.is_empty() { 0.0 } else { scale * self.tails[id.0] });
            work += rest;
        }
        for id in waiting {
            work += scale * self.expected[id.0];
        }
        Duration::from_secs_f64(longest.max(work / self.concurrency))
    }
}

fn tails(expected: &[f64], before: &[BTreeSet<StepId>], open: &BTreeSet<StepId>) -> Vec<f64> {
    let mut dependents = vec![Vec::new(); expected.len()];
    for id in open {
        for other in &before[id.0] {
            dependents[other.0].push(*id);
        }
    }
    let mut tails = vec![None; expected.len()];
    for index in 0..expected.len() {
        tail(index, expected, &dependents, &mut tails);
    }
    tails.into_iter().map(Option::unwrap_or_default).collect()
}

fn tail(
    index: usize,
    expected: &[f64],
    dependents: &[Vec<StepId>],
    tails: &mut Vec<Option<f64>>,
) -> f64 {
    if let Some(known) = tails[index] {
        return known;
    }
    let mut longest: f64 = 0.0;
    for id in &dependents[index] {
        longest = longest.max(expected[id.0] + tail(id.0, expected, dependents, tails));
    }
    tails[index] = Some(longest);
    longest
}

//! A last look at what a step is about, just before it begins: whoever agreed to a plan agreed to
//! what it saw.

use std::collections::BTreeMap;

use super::execute::Run;
use super::find::BETWEEN;
use super::progress::{Phase, StepError};
use super::wait::pause;
use crate::graph::IgnoreDrift;
use crate::plan::drift::{changed_since, is_otherwise};
use crate::plan::{Action, Operation, Step};
use crate::refresh::{Observation, Observed};
use crate::resource::{self, KnownJson, Status};
use crate::state::{Instance, State};

/// What a run looks at again.
#[derive(Debug, Clone, Copy)]
pub enum Recheck {
    /// Only what was gone when the plan was made a moment ago: a read may have come too early.
    Gone,
    /// All that is changed or taken away: the plan is older, and others have had time.
    Changing { overlook: Option<Overlook> },
}

/// Puts what was applied in the place of what cannot be read here.
pub type Overlook = fn(&State, &mut Observed);

impl Run {
    /// Refuses a step whose resource is not as the plan saw it.
    pub async fn recheck(&self, step: &Step) -> Result<(), StepError> {
        let Some(instance) = self.subject(step) else { return Ok(()) };
        let was_gone = was_gone(step);
        let overlook = match self.recheck {
            Recheck::Gone if !was_gone => return Ok(()),
            Recheck::Gone => None,
            Recheck::Changing { overlook } => overlook,
        };
        let (was, is) = match self.observe(step, &instance, overlook).await? {
            Observation::Gone if was_gone || !step.operation.is_forward() => return Ok(()),
            Observation::Gone => ("there", "gone"),
            Observation::Live(_) if was_gone => ("gone", "there again"),
            Observation::Live(live) => {
                let changed = changed_since(&instance, step, self.ignored(step), &live);
                return match changed.is_empty() {
                    true => Ok(()),
                    false => Err(StepError::Changed(changed)),
                };
            }
        };
        Err(StepError::Changed(vec![format!("it was {was} and is {is}")]))
    }

    /// Refuses to write down that something is as it is wanted, which it was not when it was last
    /// applied, where the plan has read so too early.
    pub(super) async fn recheck_recorded(
        &self,
        step: &Step,
        wanted: &Instance,
    ) -> Result<(), StepError> {
        let id = &step.logical_id;
        let Some(applied) = self.with_state(|state| state.current(id).cloned()) else {
            return Ok(());
        };
        if !self.may_be_early() || !is_otherwise(&applied, &wanted.properties) {
            return Ok(());
        }
        loop {
            let is_early = self.is_early();
            let changed = match self.observe(step, &applied, None).await? {
                Observation::Gone => vec!["it was there and is gone".to_owned()],
                Observation::Live(live) => changed_since(wanted, step, self.ignored(step), &live),
            };
            if !changed.is_empty() {
                return Err(StepError::Changed(changed));
            }
            if !is_early {
                return Ok(());
            }
            let why = "AWS tells what was not applied, which is not certain yet".to_owned();
            self.during(Phase::Waiting(why), pause(BETWEEN)).await;
        }
    }

    fn ignored(&self, step: &Step) -> &IgnoreDrift {
        let graph = self.graph.as_deref();
        let node = graph.and_then(|graph| graph.nodes.get(&step.logical_id));
        node.map_or(&IgnoreDrift::None, |one| &one.directions.ignore_drift)
    }

    /// Whether a step's resource is looked at again before it begins.
    pub fn is_looked_at(&self, step: &Step) -> bool {
        let is_due = was_gone(step) || matches!(self.recheck, Recheck::Changing { .. });
        is_due && self.subject(step).is_some()
    }

    /// What a step finds there, if the plan has seen it. What an earlier run left to be deleted is
    /// not looked at when a plan is made.
    fn subject(&self, step: &Step) -> Option<Instance> {
        let current = self.ledger.with_state(|state| state.current(&step.logical_id).cloned())?;
        let is_meant = match &step.operation {
            Operation::Update { token, .. } | Operation::Delete { token } => {
                current.token == *token
            }
            Operation::Create { .. } => current.type_name == step.type_name,
            // What is kept by its policy is let go of; this one was gone.
            Operation::Forget { token } => step.action == Action::Keep && current.token == *token,
            _ => false,
        };
        is_meant.then_some(current)
    }

    async fn observe(
        &self,
        step: &Step,
        instance: &Instance,
        overlook: Option<Overlook>,
    ) -> Result<Observation, StepError> {
        let (Some(handler), Some(id)) =
            (resource::handler(instance.type_name.as_str()), &instance.physical_id)
        else {
            return Ok(Observation::Gone);
        };
        // As a refresh reads: with the same properties left out.
        let aws = self.aws.sharing_reads(BTreeMap::new());
        let known = [KnownJson { id, properties: &instance.properties }];
        let mut found = handler.read(&aws, &known).await.map_err(StepError::Fault)?;
        let observation = match found.remove(id) {
            Some(live) if !matches!(live.status, Status::Deleting(_)) => Observation::Live(live),
            _ => return Ok(Observation::Gone),
        };
        let resources = BTreeMap::from([(step.logical_id.clone(), observation)]);
        let mut observed = Observed { resources, ..Observed::default() };
        if let Some(overlook) = overlook {
            self.ledger.with_state(|state| overlook(state, &mut observed));
        }
        Ok(observed.resources.remove(&step.logical_id).unwrap_or(Observation::Gone))
    }
}

/// Whether the plan found nothing of what a step is about.
fn was_gone(step: &Step) -> bool {
    step.action == Action::Create || matches!(step.operation, Operation::Forget { .. })
}

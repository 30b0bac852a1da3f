//! Taking away: the plan that leaves nothing, and the steps it is made of.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Action, Operation, OutputChange, Plan, Purpose, Step, StepId, order, risk};
use crate::state::{Entry, Instance, State};
use crate::template::DeletionPolicy;
use crate::value::{Attributes, LogicalId};

/// A plan that removes everything owned, except what is to be retained.
pub fn teardown(state: &State) -> Plan {
    let mut steps = Vec::new();
    for (id, entry) in &state.resources {
        leave(&mut steps, id, entry, "");
    }
    mark_vanishing(&mut steps, state);
    order::connect(&mut steps, &|_| None, state);
    let gone = |values: &BTreeMap<String, Json>| {
        let gone = values.iter().map(|(name, value)| (name.clone(), OutputChange::removal(value)));
        gone.collect::<BTreeMap<_, _>>()
    };
    Plan {
        stack: state.stack.clone(),
        account: state.account.clone(),
        region: state.region.clone(),
        purpose: Purpose::Teardown,
        lineage: state.lineage.clone(),
        serial: state.serial,
        risks: risk::risks(&steps, state),
        steps,
        renames: Vec::new(),
        findings: Vec::new(),
        outputs: gone(&state.outputs),
        exports: gone(&state.exports),
        imports: None,
        notes: Vec::new(),
        lost: Vec::new(),
    }
}

pub const LEFT_OVER: &str = "left over from an earlier run";

/// Adds the steps that take away, or let go of, all that stands behind a logical id.
pub fn leave(steps: &mut Vec<Step>, id: &LogicalId, entry: &Entry, reason: &str) {
    let mut add = |instance, policy, reason| {
        steps.push(farewell(StepId(steps.len()), id, instance, policy, reason));
    };
    if let Some(current) = &entry.current {
        add(current, current.deletion_policy, reason);
    }
    if let Some(intent) = &entry.intent {
        add(intent, DeletionPolicy::Delete, LEFT_OVER);
    }
    for old in &entry.deposed {
        // The policy in force when it was replaced is the one its successor was made with.
        let successor = entry.current.as_ref().unwrap_or(old);
        add(old, successor.update_replace_policy, LEFT_OVER);
    }
}

/// A step that deletes an instance or lets go of it, by its policy.
pub fn farewell(
    step_id: StepId,
    id: &LogicalId,
    instance: &Instance,
    policy: DeletionPolicy,
    reason: &str,
) -> Step {
    match policy {
        DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate => {
            retention(step_id, id, instance)
        }
        DeletionPolicy::Delete | DeletionPolicy::Snapshot => removal(step_id, id, instance, reason),
    }
}

/// A step that deletes an instance.
pub fn removal(step_id: StepId, id: &LogicalId, instance: &Instance, reason: &str) -> Step {
    let reasons = if reason.is_empty() { Vec::new() } else { vec![reason.to_owned()] };
    Step {
        operation: Operation::Delete { token: instance.token.clone() },
        action: Action::Delete,
        reasons,
        ..bare(step_id, id, instance)
    }
}

/// A step that lets go of an instance and leaves it in AWS.
pub fn retention(step_id: StepId, id: &LogicalId, instance: &Instance) -> Step {
    Step {
        operation: Operation::Forget { token: instance.token.clone() },
        action: Action::Retain,
        reasons: vec!["its policy is Retain: it stays in AWS and is no longer managed".to_owned()],
        ..bare(step_id, id, instance)
    }
}

/// A step about an instance that leaves it as it is.
pub fn bare(step_id: StepId, id: &LogicalId, instance: &Instance) -> Step {
    Step {
        id: step_id,
        logical_id: id.clone(),
        type_name: instance.type_name.clone(),
        physical_id: instance.physical_id.clone(),
        action: Action::Keep,
        operation: Operation::Nothing,
        changes: Vec::new(),
        drifted: Vec::new(),
        moved_from: None,
        reasons: Vec::new(),
        attributes: Attributes::new(),
        restored: None,
        after: Vec::new(),
    }
}

/// What goes with its parent needs no call of its own, unless it has to be gone before that.
pub fn mark_vanishing(steps: &mut [Step], state: &State) {
    let deleted: Vec<(StepId, &Instance)> = steps
        .iter()
        .filter_map(|step| match &step.operation {
            Operation::Delete { token } => {
                Some((step.id, state.instance(&step.logical_id, token)?))
            }
            _ => None,
        })
        .collect();
    let vanishing: Vec<StepId> = deleted
        .iter()
        .filter(|(id, child)| {
            child.physical_id.is_some() && !order::is_early(&steps[id.0], steps, state)
        })
        .filter(|(_, child)| order::parent_of(child, deleted.iter().copied()).is_some())
        .map(|(id, _)| *id)
        .collect();
    for step in steps.iter_mut().filter(|step| vanishing.contains(&step.id)) {
        if let Operation::Delete { token } = &step.operation {
            step.operation = Operation::VanishWithParent { token: token.clone() };
        }
    }
}

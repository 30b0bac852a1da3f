//! What the resource of each step will be once the plan has been run.

use serde_json::Value as Json;

use super::desired::{Known, desired_properties};
use super::{Action, Plan, Step};
use crate::graph::Graph;
use crate::state::{Naming, State};
use crate::value::LogicalId;

/// A resource after its step, as far as it can be known before; one that goes, as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// In the schema's spelling, secrets as digests, what is not known as `(known after apply: …)`.
    pub properties: Json,
    /// Whether its name is Cairn's own choice.
    pub naming: Naming,
}

/// One for each step of a plan, in their order.
pub fn outlooks(plan: &Plan, graph: Option<&Graph>, state: &State) -> Vec<Outlook> {
    let mut known = Known::default();
    for step in &plan.steps {
        if let Some(instance) = state.current(known_as(step)).filter(|_| stays(step)) {
            known.insert(&step.logical_id, instance, &instance.attributes);
        }
    }
    plan.steps.iter().map(|step| outlook(step, graph, state, &known)).collect()
}

/// Whether the instance that the state knows is the one that there will be.
fn stays(step: &Step) -> bool {
    matches!(step.action, Action::Keep | Action::Update | Action::Move)
}

/// What the state calls it.
fn known_as(step: &Step) -> &LogicalId {
    step.moved_from.as_ref().unwrap_or(&step.logical_id)
}

fn outlook(step: &Step, graph: Option<&Graph>, state: &State, known: &Known) -> Outlook {
    let id = &step.logical_id;
    let current = state.current(known_as(step));
    if let Some(graph) = graph.filter(|graph| graph.nodes.contains_key(id))
        && !matches!(step.action, Action::Delete | Action::Retain)
    {
        // An instance of its own takes no name over.
        let kept = current.filter(|_| stays(step));
        let token = step.operation.token().or_else(|| Some(&kept?.token));
        if let Some(token) = token
            && let Ok(desired) = desired_properties(graph, id, known, kept, token)
        {
            let properties = desired.properties.to_masked_json();
            return Outlook { properties, naming: desired.naming };
        }
    }
    let token = step.operation.token();
    let instance = token.and_then(|token| state.instance(known_as(step), token)).or(current);
    match instance {
        Some(one) => Outlook { properties: one.properties.clone(), naming: one.naming },
        None => Outlook { properties: Json::Null, naming: Naming::Declared },
    }
}

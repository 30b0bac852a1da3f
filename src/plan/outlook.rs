//! What the resource of each step will be once the plan has been run.

use serde_json::Value as Json;

use super::desired::{Known, desired_properties};
use super::{Action, Plan, Step};
use crate::graph::Graph;
use crate::state::{Naming, State};

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
        let stays = matches!(step.action, Action::Keep | Action::Update);
        if let Some(instance) = state.current(&step.logical_id).filter(|_| stays) {
            known.insert(&step.logical_id, instance, &instance.attributes);
        }
    }
    plan.steps.iter().map(|step| outlook(step, graph, state, &known)).collect()
}

fn outlook(step: &Step, graph: Option<&Graph>, state: &State, known: &Known) -> Outlook {
    let id = &step.logical_id;
    let current = state.current(id);
    if let Some(graph) = graph.filter(|graph| graph.nodes.contains_key(id))
        && !matches!(step.action, Action::Delete | Action::Retain)
    {
        // An instance of its own takes no name over.
        let kept = current.filter(|_| matches!(step.action, Action::Keep | Action::Update));
        let token = step.operation.token().or_else(|| Some(&kept?.token));
        if let Some(token) = token
            && let Ok(desired) = desired_properties(graph, id, known, kept, token)
        {
            let properties = desired.properties.to_masked_json();
            return Outlook { properties, naming: desired.naming };
        }
    }
    let instance = step.operation.token().and_then(|token| state.instance(id, token)).or(current);
    match instance {
        Some(one) => Outlook { properties: one.properties.clone(), naming: one.naming },
        None => Outlook { properties: Json::Null, naming: Naming::Declared },
    }
}

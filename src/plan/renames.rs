//! Renames that the template does not tell of: something goes and something of the same content
//! comes. Nobody can know that it is meant to be the same, so it is only said, with what to write.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use strsim::damerau_levenshtein;

use super::same::Rules;
use super::{Action, Operation, Step};
use crate::diagnostic::Place;
use crate::graph::Graph;
use crate::resource;
use crate::schema;
use crate::state::{Instance, Naming, State};
use crate::value::{LogicalId, PhysicalId, TypeName};

/// One that goes and one that comes, and looks the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rename {
    pub from: LogicalId,
    pub to: LogicalId,
    pub type_name: TypeName,
    pub physical_id: PhysicalId,
    /// Where the new one stands: `stack.yaml:12:3`.
    pub place: String,
    /// The line that makes it a move.
    pub line: String,
}

/// Each resource that is made with the one that it most likely was.
pub fn renames(steps: &[Step], graph: &Graph, state: &State) -> Vec<Rename> {
    let mut taken = BTreeSet::new();
    let made = steps.iter().filter(|step| {
        step.action == Action::Create && matches!(step.operation, Operation::Create { .. })
    });
    let renames = made.filter_map(|made| {
        let gone = steps.iter().filter(|step| {
            !taken.contains(&step.id)
                && step.type_name == made.type_name
                && !graph.nodes.contains_key(&step.logical_id)
                && matches!(step.action, Action::Delete | Action::Retain)
        });
        let alike = gone.filter_map(|step| {
            let old = current(step, state)?;
            is_same(graph, made, old).then_some((step, old))
        });
        let distance =
            |step: &Step| damerau_levenshtein(step.logical_id.as_str(), made.logical_id.as_str());
        let (step, old) = alike.min_by_key(|(step, _)| distance(step))?;
        taken.insert(step.id);
        Some(Rename {
            from: step.logical_id.clone(),
            to: made.logical_id.clone(),
            type_name: made.type_name.clone(),
            physical_id: old.physical_id.clone()?,
            place: place(graph, &made.logical_id),
            line: line(graph, &made.logical_id, &step.logical_id),
        })
    });
    renames.collect()
}

/// What is in use and goes with a step.
fn current<'s>(step: &Step, state: &'s State) -> Option<&'s Instance> {
    let current = state.current(&step.logical_id)?;
    (step.operation.token() == Some(&current.token)).then_some(current)
}

/// Whether what is made has the content of what is there. Where it has a name that only one can have,
/// there is no plan ([`super::taken`]).
fn is_same(graph: &Graph, made: &Step, old: &Instance) -> bool {
    let Some(handler) = resource::handler(made.type_name.as_str()) else { return false };
    let facts = graph.facts(&made.logical_id).or_else(|| schema::facts(made.type_name.as_str()));
    let rules = Rules { facts, rules: handler.rules() };
    let tags = facts.and_then(|facts| facts.tags.as_ref()).map(|tags| tags.property.as_str());
    // Generated names have the logical id in them.
    let own_name = handler.name().map(|name| name.property);
    let generated = own_name.filter(|_| old.naming == Naming::Generated);
    let is_compared = |name: &str| tags != Some(name) && generated != Some(name);
    let new: Vec<(&str, Option<&Json>, bool)> = made
        .changes
        .iter()
        .filter(|change| is_compared(&change.path) && !rules.is_ignored(&change.path))
        .map(|change| (change.path.as_str(), change.to.as_ref(), change.known))
        .collect();
    let Some(before) = old.properties.as_object() else { return false };
    let is_there = |name: &str| new.iter().any(|(path, ..)| *path == name);
    let is_dropped = |(name, value): (&String, &Json)| {
        is_compared(name)
            && !rules.is_ignored(name)
            && !is_there(name)
            && !rules.is_default(name, value)
    };
    if before.iter().any(is_dropped) {
        return false;
    }
    let agrees = new.iter().all(|(path, to, known)| match (*to, before.get(*path)) {
        // What is not known yet may well be the same.
        (Some(_), Some(_)) if !known => true,
        (Some(to), Some(from)) => rules.same(path, from, to),
        (Some(one), None) | (None, Some(one)) => rules.is_default(path, one),
        (None, None) => true,
    });
    // Two of which nothing is said are not alike for that.
    agrees && !new.is_empty()
}

fn place(graph: &Graph, id: &LogicalId) -> String {
    let span = graph.nodes.get(id).map(|node| node.id_span).unwrap_or_default();
    let source = &graph.template.source;
    let (line, column) = Place { source: std::sync::Arc::clone(source), span }.line_column();
    format!("{}:{line}:{column}", source.name)
}

/// In the words of the template's language; less where there is some metadata already.
fn line(graph: &Graph, new: &LogicalId, old: &LogicalId) -> String {
    let is_json = graph.template.source.text.trim_start().starts_with('{');
    let metadata = graph.template.resources.get(new).and_then(|one| one.metadata.as_ref());
    match (is_json, metadata.is_some()) {
        (true, true) => format!(r#""Cairn": {{"MovedFrom": "{old}"}}"#),
        (true, false) => format!(r#""Metadata": {{"Cairn": {{"MovedFrom": "{old}"}}}}"#),
        (false, true) => format!("Cairn: {{MovedFrom: {old}}}"),
        (false, false) => format!("Metadata: {{Cairn: {{MovedFrom: {old}}}}}"),
    }
}

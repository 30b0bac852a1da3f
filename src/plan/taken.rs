//! What the stack itself has, and something else is to have as well: a name, a path, a rule. AWS has
//! each once, what goes is deleted when all that is new has been made, and two that swap names would
//! wait for each other: such a plan would stop half-way, and so there is none.

use serde_json::Value as Json;

use super::same::Rules;
use super::{Action, Operation, Step};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::resource;
use crate::schema::{self, At, Segment};
use crate::state::{Instance, State};
use crate::value::LogicalId;

/// One for each step that makes what another resource of the stack is, anew or by an update.
pub fn taken(
    steps: &[Step],
    graph: &Graph,
    state: &State,
    is_gone: &dyn Fn(&LogicalId) -> bool,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (position, step) in steps.iter().enumerate() {
        for key in keys(step.type_name.as_str()).into_iter().filter(|key| takes(step, key)) {
            let current = state.current(&step.logical_id);
            let wanted = |property: &str| wanted(step, current, property);
            let holders = holders(step, state, is_gone);
            let held = holders.into_iter().find(|(_, instance)| {
                is_same(step, key, &wanted, &|property| Some(held(instance, property)))
            });
            let made = || {
                let earlier = steps[..position].iter().filter(|other| {
                    other.type_name == step.type_name
                        && other.logical_id != step.logical_id
                        && takes(other, key)
                });
                let mut earlier = earlier.filter(|other| {
                    let old = state.current(&other.logical_id);
                    is_same(step, key, &wanted, &|property| self::wanted(other, old, property))
                });
                earlier.next()
            };
            let finding = match held {
                Some((holder, _)) => {
                    let until = until(steps, key, holder);
                    Some(held_by(step, key, &wanted, graph, (holder, until)))
                }
                None => made().map(|other| twice(step, key, &wanted, graph, &other.logical_id)),
            };
            if let Some(finding) = finding {
                found.push(finding);
                break;
            }
        }
    }
    found
}

/// Whether a step gives what it is about this key, which it did not have.
fn takes(step: &Step, key: &[&str]) -> bool {
    match step.operation {
        Operation::Create { .. } => true,
        Operation::Update { .. } => gives_up(step, key),
        _ => false,
    }
}

/// Whether a part of a key changes, or what it takes to have it.
fn gives_up(step: &Step, key: &[&str]) -> bool {
    let switch = switch(step.type_name.as_str(), key);
    let is_part = |path: &str| key.contains(&path) || switch == Some(path);
    step.changes.iter().any(|change| is_part(&change.path))
}

/// The property that has to be on for a key to be had.
fn switch(type_name: &str, key: &[&str]) -> Option<&'static str> {
    let handler = resource::handler(type_name)?;
    handler.occupies_with().filter(|_| handler.occupies() == key)
}

/// How long a resource has its key.
#[derive(Clone, Copy)]
enum Until {
    Deleted,
    Updated,
    Always,
}

fn until(steps: &[Step], key: &[&str], holder: &LogicalId) -> Until {
    let mut own = steps.iter().filter(|step| step.logical_id == *holder);
    if own.clone().any(|step| matches!(step.action, Action::Delete | Action::Replace)) {
        Until::Deleted
    } else if own.any(|step| step.action == Action::Update && gives_up(step, key)) {
        Until::Updated
    } else {
        Until::Always
    }
}

/// The properties of which no two of a type may have the same.
fn keys(type_name: &str) -> Vec<&'static [&'static str]> {
    let Some(handler) = resource::handler(type_name) else { return Vec::new() };
    let mut keys = Vec::new();
    keys.extend(handler.name_key());
    if !handler.occupies().is_empty() {
        keys.push(handler.occupies());
    }
    keys.extend(handler.alone());
    keys
}

/// What a step makes of a property, null for nothing; `None` when that is not known yet.
fn wanted(step: &Step, current: Option<&Instance>, property: &str) -> Option<Json> {
    match step.changes.iter().find(|change| change.path == property) {
        Some(change) if !change.known => None,
        Some(change) => Some(change.to.clone().unwrap_or_default()),
        None => Some(current.map_or(Json::Null, |current| held(current, property))),
    }
}

fn held(instance: &Instance, property: &str) -> Json {
    instance.properties.get(property).cloned().unwrap_or_default()
}

type Value<'a> = dyn Fn(&str) -> Option<Json> + 'a;

/// Whether all of a key is known, given, and the same on both sides.
fn is_same(step: &Step, key: &[&str], wanted: &Value<'_>, other: &Value<'_>) -> bool {
    let rules = resource::handler(step.type_name.as_str()).map_or(&[][..], |it| it.rules());
    let rules = Rules { facts: schema::facts(step.type_name.as_str()), rules };
    let is_on = |value: Option<Json>| value == Some(Json::Bool(true));
    if let Some(switch) = switch(step.type_name.as_str(), key)
        && !(is_on(wanted(switch)) && is_on(other(switch)))
    {
        return false;
    }
    let mut is_given = key.is_empty();
    key.iter().all(|property| match (wanted(property), other(property)) {
        (Some(Json::Null), Some(Json::Null)) => true,
        (Some(Json::Null), Some(_)) | (Some(_), Some(Json::Null)) | (None, _) | (_, None) => false,
        (Some(one), Some(other)) => {
            is_given = true;
            rules.same(property, &one, &other)
        }
    }) && is_given
}

/// What the stack has of a type while a step is run, apart from its own.
fn holders<'s>(
    step: &Step,
    state: &'s State,
    is_gone: &dyn Fn(&LogicalId) -> bool,
) -> Vec<(&'s LogicalId, &'s Instance)> {
    let others = state.resources.iter().filter(|(id, _)| **id != step.logical_id);
    let mut holders = Vec::new();
    for (id, entry) in others {
        let current = entry.current.iter().filter(|_| !is_gone(id));
        let all = current.chain(entry.deposed.iter());
        let of_type = all.filter(|one| one.type_name == step.type_name);
        holders.extend(of_type.filter(|one| one.physical_id.is_some()).map(|one| (id, one)));
    }
    holders
}

fn told(key: &[&str], wanted: &Value<'_>) -> String {
    let given = key.iter().rev().find_map(|property| match wanted(property)? {
        Json::Null => None,
        Json::String(text) => Some(format!("{property} `{text}`")),
        other => Some(format!("{property} {other}")),
    });
    given.unwrap_or_else(|| "place".to_owned())
}

fn finding(step: &Step, key: &[&str], graph: &Graph, message: String) -> Diagnostic {
    let path: Vec<Segment> =
        key.last().map(|property| Segment::Key((*property).to_owned())).into_iter().collect();
    let span = graph.span_of(&step.logical_id, &path, At::Value);
    Diagnostic::error(message).at(&graph.template.source, span)
}

fn held_by(
    step: &Step,
    key: &[&str],
    wanted: &Value<'_>,
    graph: &Graph,
    (holder, until): (&LogicalId, Until),
) -> Diagnostic {
    let (id, what) = (&step.logical_id, told(key, wanted));
    let has = match until {
        Until::Deleted => "has until it is deleted",
        Until::Updated => "has until it is updated",
        Until::Always => "has",
    };
    let message = format!("`{id}` is to have the {what}, which `{holder}` {has}");
    let finding = finding(step, key, graph, message);
    let is_made = matches!(step.operation, Operation::Create { .. });
    match (graph.nodes.contains_key(holder), until) {
        (true, Until::Updated) => finding
            .hint(format!("deploy once with the change of `{holder}` alone, and then with this"))
            .hint("if they swap, one of them needs another in between"),
        (true, _) if is_made => {
            finding.hint("give one of them another, or deploy once without the new one")
        }
        (true, _) => finding.hint("give one of them another, or deploy once without this change"),
        (false, _) if is_made => finding
            .hint(format!(
                "if they are the same, say so: `Metadata: {{Cairn: {{MovedFrom: {holder}}}}}` at `{id}`"
            ))
            .hint(format!("if not, deploy once without `{id}`, or give it another")),
        (false, Until::Deleted) => {
            finding.hint("give it another, or deploy once without this change")
        }
        (false, _) => finding.hint("give it another"),
    }
}

fn twice(
    step: &Step,
    key: &[&str],
    wanted: &Value<'_>,
    graph: &Graph,
    other: &LogicalId,
) -> Diagnostic {
    let message = format!(
        "`{}` is to have the {}, which `{other}` is to have as well",
        step.logical_id,
        told(key, wanted)
    );
    finding(step, key, graph, message).hint("AWS has each once: give one of them another")
}

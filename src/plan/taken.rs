//! What the stack itself has, and something new is to have as well: a name, a path, a rule. AWS has
//! each once, and what goes is deleted when all that is new has been made: such a plan would stop
//! half-way, and so there is none.

use serde_json::Value as Json;

use super::same::Rules;
use super::{Action, Operation, Step};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::resource;
use crate::schema::{self, At, Segment};
use crate::state::{Instance, State};
use crate::value::LogicalId;

/// One for each step that makes what another resource of the stack is.
pub fn taken(
    steps: &[Step],
    graph: &Graph,
    state: &State,
    is_gone: &dyn Fn(&LogicalId) -> bool,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (position, step) in steps.iter().enumerate() {
        let Operation::Create { .. } = step.operation else { continue };
        for key in keys(step.type_name.as_str()) {
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
                        && matches!(other.operation, Operation::Create { .. })
                });
                let mut earlier = earlier.filter(|other| {
                    let old = state.current(&other.logical_id);
                    is_same(step, key, &wanted, &|property| self::wanted(other, old, property))
                });
                earlier.next()
            };
            let finding = match held {
                Some((holder, _)) => {
                    let goes = |other: &Step| {
                        other.logical_id == *holder
                            && matches!(other.action, Action::Delete | Action::Replace)
                    };
                    let goes = steps.iter().any(goes);
                    Some(until_deleted(step, key, &wanted, graph, (holder, goes)))
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

fn until_deleted(
    step: &Step,
    key: &[&str],
    wanted: &Value<'_>,
    graph: &Graph,
    (holder, goes): (&LogicalId, bool),
) -> Diagnostic {
    let (id, what) = (&step.logical_id, told(key, wanted));
    let until = if goes { "has until it is deleted" } else { "has" };
    let message = format!("`{id}` is to have the {what}, which `{holder}` {until}");
    let finding = finding(step, key, graph, message);
    match graph.nodes.contains_key(holder) {
        true => finding.hint("give one of them another, or deploy once without the new one"),
        false => finding
            .hint(format!(
                "if they are the same, say so: `Metadata: {{Cairn: {{MovedFrom: {holder}}}}}` at `{id}`"
            ))
            .hint(format!("if not, deploy once without `{id}`, or give it another")),
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

//! What a plan puts at risk: what it destroys, and where it lets more in or out than before.
//!
//! Made with the plan, from its steps and the state. Only what goes or grows is a risk; what
//! cannot be judged before apply is said to be unknown, and never taken for harmless.

mod exposure;
mod grants;
mod loss;
mod traffic;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use loss::STATELESS;

use super::{Action, Operation, Step};
use crate::state::State;
use crate::value::{LogicalId, TypeName};

/// One thing to look at before a plan is agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    pub class: Class,
    pub logical_id: LogicalId,
    pub type_name: TypeName,
    /// What happens, in words that follow the logical id.
    pub what: String,
    /// How it is now, where there is something to compare with.
    pub before: Option<String>,
    pub after: Option<String>,
    /// Whether all of it is known before apply.
    pub known: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// Data or an address is lost.
    Destructive,
    /// Somebody may do or reach more than before.
    Broadening,
}

/// The risks of steps that are made from a state.
pub fn risks(steps: &[Step], state: &State) -> Vec<Risk> {
    let mut risks: Vec<Risk> =
        steps.iter().filter_map(|step| loss::of(step, steps, state)).collect();
    for subject in steps.iter().filter_map(|step| Subject::of(step, steps, state)) {
        risks.extend(loss::shortened(&subject));
        risks.extend(grants::of(&subject));
        risks.extend(traffic::of(&subject));
        risks.extend(exposure::of(&subject));
    }
    risks.sort_by(|left, right| {
        (left.class, &left.logical_id).cmp(&(right.class, &right.logical_id))
    });
    risks
}

/// A resource before and after: null where there is none.
struct Subject<'s> {
    step: &'s Step,
    steps: &'s [Step],
    type_name: &'s str,
    before: Json,
    after: Json,
}

impl<'s> Subject<'s> {
    fn of(step: &'s Step, steps: &'s [Step], state: &State) -> Option<Self> {
        let current = state.current(&step.logical_id);
        let same_type = current
            .filter(|current| current.type_name == step.type_name)
            .map(|current| current.properties.clone());
        let (mut before, is_overlaid) = match (step.action, &step.operation) {
            (Action::Update | Action::Replace, _) => (same_type.unwrap_or_default(), true),
            (Action::Create, _) => (Json::Null, true),
            (Action::Delete, operation) if !is_replaced(step, steps) => {
                let gone = state.instance(&step.logical_id, operation.token()?)?;
                (gone.properties.clone(), false)
            }
            _ => return None,
        };
        let mut after = Json::Null;
        if let Operation::Resume { token } = &step.operation {
            after = state.instance(&step.logical_id, token)?.properties.clone();
        } else if let Operation::Reinstate { token, .. } = &step.operation {
            after = state.instance(&step.logical_id, token)?.properties.clone();
            for change in &step.changes {
                put(&mut after, &change.path, change.to.as_ref());
            }
        } else if is_overlaid {
            after = before.clone();
            for change in &step.changes {
                if !before.is_null() {
                    put(&mut before, &change.path, change.from.as_ref());
                }
                put(&mut after, &change.path, change.to.as_ref());
            }
            if after.is_null() {
                after = Json::Object(serde_json::Map::new());
            }
        }
        Some(Self { step, steps, type_name: step.type_name.as_str(), before, after })
    }

    /// Whether an id, not known yet, is that of something which this plan makes anew and whose old
    /// id was there before: what gets wider by that has its own line.
    fn is_renewed(&self, id: &str, before: &[String]) -> bool {
        let source = id.strip_prefix(UNKNOWN).and_then(|rest| rest.strip_prefix(": "));
        let Some(source) = source.and_then(|rest| rest.strip_suffix(')')) else { return false };
        let logical_id = source.split('.').next().unwrap_or(source);
        self.steps.iter().any(|step| {
            step.action == Action::Replace
                && step.logical_id.as_str() == logical_id
                && step
                    .physical_id
                    .as_ref()
                    .is_some_and(|old| before.iter().any(|before| before.contains(old.as_str())))
        })
    }

    /// Texts that a list has now and had not, and those that it had and has no more.
    fn moved(&self, path: &str) -> (Vec<String>, Vec<String>) {
        let before = texts(at(&self.before, path));
        let after = texts(at(&self.after, path));
        let (renewed, new): (Vec<String>, Vec<String>) = after
            .iter()
            .filter(|item| !before.contains(item))
            .cloned()
            .partition(|item| self.is_renewed(item, &before));
        let mut gone: Vec<String> =
            before.into_iter().filter(|item| !after.contains(item)).collect();
        gone.retain(|item| {
            !renewed.iter().any(|new| self.is_renewed(new, std::slice::from_ref(item)))
        });
        (new, gone)
    }

    fn broadening(&self, what: impl Into<String>, before: Option<String>, after: String) -> Risk {
        let what = what.into();
        let known = ![&what, &after].iter().any(|text| text.contains(UNKNOWN));
        Risk {
            class: Class::Broadening,
            logical_id: self.step.logical_id.clone(),
            type_name: self.step.type_name.clone(),
            what,
            before,
            after: Some(after),
            known,
        }
    }
}

/// How the placeholder of what is not known yet begins.
const UNKNOWN: &str = "(known after apply";

/// Whether what a step takes away is the old side of a replacement.
fn is_replaced(step: &Step, steps: &[Step]) -> bool {
    replacement(step, steps).is_some()
}

fn replacement<'s>(step: &Step, steps: &'s [Step]) -> Option<&'s Step> {
    steps.iter().find(|other| {
        other.action == Action::Replace
            && other.logical_id == step.logical_id
            && (other.physical_id == step.physical_id
                || matches!(other.operation, Operation::Resume { .. }))
    })
}

/// Sets what stands at a path of keys, or takes it away.
fn put(json: &mut Json, path: &str, value: Option<&Json>) {
    if !json.is_object() {
        *json = Json::Object(serde_json::Map::new());
    }
    let Some(entries) = json.as_object_mut() else { return };
    match (path.split_once('.'), value) {
        (Some((key, rest)), _) => put(entries.entry(key).or_insert(Json::Null), rest, value),
        (None, Some(value)) => {
            entries.insert(path.to_owned(), value.clone());
        }
        (None, None) => {
            entries.remove(path);
        }
    }
}

/// What stands at a path of keys, unless that is null or an empty list.
fn at<'j>(json: &'j Json, path: &str) -> Option<&'j Json> {
    let found = path.split('.').try_fold(json, |json, key| json.get(key))?;
    let is_empty = found.is_null() || found.as_array().is_some_and(Vec::is_empty);
    (!is_empty).then_some(found)
}

/// A scalar as text.
fn text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

fn text_at(json: &Json, path: &str) -> Option<String> {
    at(json, path).map(text)
}

fn is_true(json: &Json, path: &str) -> bool {
    text_at(json, path).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// One or many, as texts.
fn texts(json: Option<&Json>) -> Vec<String> {
    match json {
        None => Vec::new(),
        Some(Json::Array(items)) => items.iter().map(text).collect(),
        Some(one) => vec![text(one)],
    }
}

/// A name in backticks; what is not known yet says so itself.
fn quoted(name: &str) -> String {
    if name.starts_with(UNKNOWN) { name.to_owned() } else { format!("`{name}`") }
}

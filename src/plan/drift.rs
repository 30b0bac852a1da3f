//! What others did: where AWS is not as it was last applied, whatever the template says by now.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use super::detail::{Detail, details};
use super::diff::{Change, Sides, diff};
use super::same::{Rules, general};
use super::{Step, path};
use crate::graph::IgnoreDrift;
use crate::refresh::{Observation, Observed};
use crate::resource::{self, LiveJson, Status};
use crate::schema;
use crate::state::{Instance, State};
use crate::value::{LogicalId, PhysicalId, TypeName, Value};

/// One resource that is not as it was last applied.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drifted {
    pub logical_id: LogicalId,
    pub type_name: TypeName,
    pub physical_id: Option<PhysicalId>,
    pub drift: Drift,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Drift {
    Deleted,
    /// AWS says that it has failed, and why.
    Failed(String),
    Changed(Vec<Difference>),
}

/// A property as it was applied, and as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub path: String,
    pub applied: Option<Json>,
    pub live: Option<Json>,
    /// What differs inside, where the property has parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// Whether the template says that it is nothing to speak of.
    pub ignored: bool,
}

impl Drifted {
    /// Whether all of it is to be ignored.
    pub fn is_ignored(&self) -> bool {
        match &self.drift {
            Drift::Changed(differences) => differences.iter().all(|one| one.ignored),
            Drift::Deleted | Drift::Failed(_) => false,
        }
    }
}

/// What the template lets others change, by logical id.
pub type Ignored = BTreeMap<LogicalId, IgnoreDrift>;

/// Compares as a plan does. What was not looked for has not drifted.
pub fn drift(state: &State, observed: &Observed, ignored: &Ignored) -> Vec<Drifted> {
    let current =
        state.resources.iter().filter_map(|(id, entry)| Some((id, entry.current.as_ref()?)));
    current
        .filter_map(|(id, instance)| {
            let ignored = ignored.get(id).unwrap_or(&IgnoreDrift::None);
            let drift = drift_of(instance, observed.resources.get(id)?, ignored)?;
            Some(Drifted {
                logical_id: id.clone(),
                type_name: instance.type_name.clone(),
                physical_id: instance.physical_id.clone(),
                drift,
            })
        })
        .collect()
}

fn drift_of(
    instance: &Instance,
    observation: &Observation,
    ignored: &IgnoreDrift,
) -> Option<Drift> {
    let Observation::Live(live) = observation else { return Some(Drift::Deleted) };
    let facts = schema::facts(instance.type_name.as_str());
    let rules = resource::handler(instance.type_name.as_str())?.rules();
    let rules = Rules { facts, rules };
    let differences: Vec<Difference> = since(instance, &instance.properties, live)
        .into_iter()
        .map(|change| Difference {
            details: match (&change.to, &change.from) {
                (Some(applied), Some(live)) => {
                    details(rules, &general(&change.path), applied, live)
                }
                _ => Vec::new(),
            },
            ignored: ignored.covers(&change.path),
            path: change.path,
            applied: change.to,
            live: change.from,
        })
        .collect();
    match &live.status {
        _ if !differences.is_empty() => Some(Drift::Changed(differences)),
        Status::Failed(why) => Some(Drift::Failed(why.clone())),
        _ => None,
    }
}

/// What of an instance is not as it was known to be: from what is there now to what was known.
pub fn since(instance: &Instance, known: &Json, live: &LiveJson) -> Vec<Change> {
    let Some(handler) = resource::handler(instance.type_name.as_str()) else { return Vec::new() };
    let facts = schema::facts(instance.type_name.as_str());
    let sides = Sides {
        // As if the template said what was known: whatever differs is somebody else's.
        desired: &Value::from(known),
        applied: known,
        live: Some(&live.properties),
    };
    diff(handler, Rules { facts, rules: handler.rules() }, sides)
}

/// Whether other properties than those that were last applied mean something else.
pub fn is_otherwise(applied: &Instance, properties: &Json) -> bool {
    let Some(handler) = resource::handler(applied.type_name.as_str()) else { return false };
    let facts = schema::facts(applied.type_name.as_str());
    let desired = &Value::from(properties);
    let sides = Sides { desired, applied: &applied.properties, live: None };
    !diff(handler, Rules { facts, rules: handler.rules() }, sides).is_empty()
}

/// What of the resource that a step is about is not as its plan saw it, in words.
pub fn changed_since(
    instance: &Instance,
    step: &Step,
    ignored: &IgnoreDrift,
    live: &LiveJson,
) -> Vec<String> {
    let Some(handler) = resource::handler(instance.type_name.as_str()) else { return Vec::new() };
    let rules = Rules { facts: schema::facts(instance.type_name.as_str()), rules: handler.rules() };
    let seen = seen(&instance.properties, step);
    let properties = overlooking(ignored, &live.properties, &instance.properties).into_owned();
    let live = LiveJson { properties, ..live.clone() };
    let side = |value: Option<&Json>| value.map_or_else(|| "absent".to_owned(), Json::to_string);
    let told = |path: &str, was: Option<&Json>, is: Option<&Json>| {
        format!("`{path}` was {} and is {}", side(was), side(is))
    };
    let mut changed: Vec<String> = since(instance, &seen, &live)
        .iter()
        .map(|change| told(&change.path, change.to.as_ref(), change.from.as_ref()))
        .collect();
    for change in step.changes.iter().filter(|change| change.from.is_none()) {
        let path = general(&change.path);
        let is_compared = !rules.is_write_only(&path) && !rules.is_ignored(&path);
        let is = path::at(&live.properties, &change.path).filter(|_| is_compared);
        if is.is_some_and(|is| !rules.is_default(&path, is)) {
            // What nobody has declared may be a secret.
            changed.push(format!("`{}` was absent and is set", change.path));
        }
    }
    changed
}

/// What a plan saw of the resource that a step is about: what was last applied, with live values
/// where those were others.
pub fn seen(applied: &Json, step: &Step) -> Json {
    let mut seen = applied.clone();
    for change in step.changes.iter().chain(&step.drifted) {
        path::set(&mut seen, &change.path, change.from.clone());
    }
    seen
}

/// Live properties with what was applied in the place of what others may change.
pub fn overlooking<'j>(ignored: &IgnoreDrift, live: &'j Json, applied: &Json) -> Cow<'j, Json> {
    match ignored {
        IgnoreDrift::None => Cow::Borrowed(live),
        IgnoreDrift::All => Cow::Owned(applied.clone()),
        IgnoreDrift::Paths(paths) => {
            let mut overlooked = live.clone();
            for path in paths {
                path::set(&mut overlooked, path, path::at(applied, path).cloned());
            }
            Cow::Owned(overlooked)
        }
    }
}

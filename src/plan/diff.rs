//! The three-way difference of one resource: template, last applied, live.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::beside;
use super::detail::{Detail, details};
use super::same::{Rules, below, general};
use crate::resource::{Handler, Rule, Verdict};
use crate::template::dynamic::has_reference;
use crate::value::{SECRET_PREFIX, Secret, Value};

/// One property that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// `Integration.TimeoutInMillis`.
    pub path: String,
    pub from: Option<Json>,
    pub to: Option<Json>,
    /// What differs inside, where the property has parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// Whether `to` holds placeholders for what is known only after apply.
    pub known: bool,
    pub why: Why,
    /// What others did to it, where that is not why it changes: it is lost with the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overwritten: Option<Overwritten>,
    /// Whether it needs a new resource.
    pub replaces: bool,
}

/// A property that somebody else has changed since it was applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overwritten {
    pub applied: Json,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Why {
    /// The template says so.
    Template,
    /// Somebody else changed it; the last applied value is what the template still says.
    Drift { applied: Option<Json> },
    /// It depends on something that is made anew.
    Dependency,
}

/// The sides of a comparison.
#[derive(Clone, Copy)]
pub struct Sides<'a> {
    pub desired: &'a Value,
    pub applied: &'a Json,
    /// What AWS says, if it was asked.
    pub live: Option<&'a Json>,
}

/// What changes, in the order of the template's properties.
pub fn diff(handler: &dyn Handler, rules: Rules, sides: Sides<'_>) -> Vec<Change> {
    let mut differ = Differ { handler, rules, changes: Vec::new() };
    let empty = Value::Map(crate::ordered::IndexMap::default());
    let desired = if matches!(sides.desired, Value::Map(_)) { sides.desired } else { &empty };
    differ.map("", desired, Some(sides.applied), sides.live);
    differ.changes
}

struct Differ<'h> {
    handler: &'h dyn Handler,
    rules: Rules,
    changes: Vec<Change>,
}

impl Differ<'_> {
    /// Compares key by key what the template or the last apply mentions.
    fn map(&mut self, path: &str, desired: &Value, applied: Option<&Json>, live: Option<&Json>) {
        let Value::Map(entries) = desired else { return };
        for (key, value) in entries {
            self.value(
                &below(path, key),
                Some(value),
                applied.and_then(|json| json.get(key)),
                Live::below(live, key),
            );
        }
        let Some(Json::Object(before)) = applied else { return };
        for (key, value) in before {
            if !entries.contains_key(key) {
                self.value(&below(path, key), None, Some(value), Live::below(live, key));
            }
        }
    }

    fn value(
        &mut self,
        path: &str,
        desired: Option<&Value>,
        applied: Option<&Json>,
        live: Live<'_>,
    ) {
        let general_path = general(path);
        if self.rules.is_ignored(&general_path) {
            return;
        }
        let live = if self.rules.is_write_only(&general_path) { Live::NotAsked } else { live };
        if let Some(desired) = desired
            && self.has_parts(&general_path, desired)
            && matches!(applied, Some(Json::Object(_)))
            && matches!(live, Live::NotAsked | Live::Known(Json::Object(_)))
        {
            let live = match live {
                Live::Known(json) => Some(json),
                _ => None,
            };
            self.map(path, desired, applied, live);
            return;
        }
        self.whole(path, &general_path, desired, applied, live);
    }

    /// Whether a value is told apart by its keys rather than shown as one.
    fn has_parts(&self, path: &str, value: &Value) -> bool {
        matches!(value, Value::Map(_)) && !self.rules.is_document(path)
    }

    fn whole(
        &mut self,
        path: &str,
        general_path: &str,
        desired: Option<&Value>,
        applied: Option<&Json>,
        live: Live<'_>,
    ) {
        let absent = self.rules.default(general_path);
        let known = desired.is_none_or(|value| !value.has_unknown());
        let wanted = desired.map(Value::to_masked_json);
        // What a dynamic reference stands for is not to be shown, and may change without us: only
        // its text is compared, and in a list what stands beside it.
        let refers = desired.is_some_and(value_refers) || applied.is_some_and(beside::refers);
        let changed = match (live, applied, &wanted) {
            (Live::Known(live), Some(applied @ Json::Array(_)), Some(wanted))
                if refers && self.is_drift(general_path, wanted, applied, live) =>
            {
                Some(hidden(live, &[applied], &|json| has_secret(json) || beside::refers(json)))
            }
            _ => None,
        };
        let live = match &changed {
            Some(changed) => Live::Known(changed),
            None if refers => Live::NotAsked,
            None => live,
        };
        let declared: Vec<&Json> = wanted.iter().chain(applied).collect();
        let projected = match live {
            Live::Known(json) => {
                Some(self.rules.project(general_path, &masked(json, &declared), &declared))
            }
            Live::Absent | Live::NotAsked => None,
        };
        let base = match live {
            Live::NotAsked => applied,
            Live::Known(_) | Live::Absent => projected.as_ref(),
        };
        let is_same = |left: Option<&Json>, right: Option<&Json>| match (left, right) {
            (Some(left), Some(right)) => self.rules.same(general_path, left, right),
            (Some(one), None) | (None, Some(one)) => self.rules.is_default(general_path, one),
            (None, None) => true,
        };
        if known && is_same(wanted.as_ref(), base) {
            return;
        }
        // Not mentioned by the template any more: what was applied must be reset, what was not is
        // none of our business.
        if desired.is_none() && is_same(base, absent.as_ref()) {
            return;
        }
        let why = if !known {
            Why::Dependency
        } else if is_same(wanted.as_ref(), applied) {
            Why::Drift { applied: applied.cloned() }
        } else {
            Why::Template
        };
        let replaces = self.replaces(general_path, base, wanted.as_ref());
        let details = match (base, &wanted) {
            (Some(from), Some(to)) => details(self.rules, general_path, from, to),
            _ => Vec::new(),
        };
        self.changes.push(Change {
            path: path.to_owned(),
            from: base.cloned(),
            to: wanted,
            details,
            known,
            overwritten: match why {
                Why::Drift { .. } => None,
                Why::Template | Why::Dependency => self.overwritten(general_path, applied, live),
            },
            why,
            replaces,
        });
    }

    /// What was applied, if AWS says otherwise by now.
    fn overwritten(
        &self,
        path: &str,
        applied: Option<&Json>,
        live: Live<'_>,
    ) -> Option<Overwritten> {
        let applied = applied?;
        let is_same = match live {
            Live::NotAsked => true,
            Live::Absent => self.rules.is_default(path, applied),
            Live::Known(live) => {
                let declared = [applied];
                let live = self.rules.project(path, &masked(live, &declared), &declared);
                self.rules.same(path, &live, applied)
            }
        };
        (!is_same).then(|| Overwritten { applied: applied.clone() })
    }

    /// Whether a list with references in it is wanted as it was applied, and is not so any more.
    fn is_drift(&self, path: &str, wanted: &Json, applied: &Json, live: &Json) -> bool {
        !self.rules.is_document(path)
            && self.rules.same(path, wanted, applied)
            && !beside::fits(self.rules, path, applied, live)
    }

    fn replaces(&self, path: &str, from: Option<&Json>, to: Option<&Json>) -> bool {
        if self.rules.has(path, Rule::Replace) {
            return true;
        }
        let Some(facts) = self.rules.facts else { return false };
        if facts.is_conditional_create_only(path) || self.rules.has(path, Rule::MayReplace) {
            let (from, to) = (from.unwrap_or(&Json::Null), to.unwrap_or(&Json::Null));
            return self.handler.replaces(path, from, to) == Verdict::Replace;
        }
        facts.is_create_only(path)
            || facts.create_only.iter().any(|inner| {
                let inner = inner.strip_prefix(path).and_then(|rest| rest.strip_prefix('.'));
                inner.is_some_and(|inner| part(from, inner) != part(to, inner))
            })
    }
}

/// What stands at a path of keys below a value.
fn part<'a>(json: Option<&'a Json>, path: &str) -> Option<&'a Json> {
    path.split('.').try_fold(json?, |json, key| json.get(key))
}

/// A live value with digests where what was declared has secrets, so that it can be compared and
/// shown. Which item of a list is which is not known: what is not declared in clear may be one.
pub(super) fn masked(live: &Json, declared: &[&Json]) -> Json {
    hidden(live, declared, &has_secret)
}

fn hidden(live: &Json, declared: &[&Json], hides: &dyn Fn(&Json) -> bool) -> Json {
    if declared.contains(&live) || !declared.iter().any(|one| hides(one)) {
        return live.clone();
    }
    match live {
        Json::Object(entries) => entries
            .iter()
            .map(|(key, value)| {
                let below: Vec<&Json> = declared.iter().filter_map(|one| one.get(key)).collect();
                (key.clone(), hidden(value, &below, hides))
            })
            .collect(),
        Json::Array(items) => {
            let below: Vec<&Json> =
                declared.iter().filter_map(|one| one.as_array()).flatten().collect();
            items.iter().map(|item| hidden(item, &below, hides)).collect()
        }
        Json::Null => Json::Null,
        Json::String(text) => Json::String(Secret::new(text).masked()),
        Json::Bool(_) | Json::Number(_) => Json::String(Secret::new(live.to_string()).masked()),
    }
}

fn has_secret(json: &Json) -> bool {
    match json {
        Json::String(text) => text.starts_with(SECRET_PREFIX),
        Json::Array(items) => items.iter().any(has_secret),
        Json::Object(entries) => entries.values().any(has_secret),
        _ => false,
    }
}

fn value_refers(value: &Value) -> bool {
    match value {
        Value::String(text) => has_reference(text),
        Value::Unknown(unknown) => has_reference(&unknown.source),
        Value::List(items) => items.iter().any(value_refers),
        Value::Map(entries) => entries.values().any(value_refers),
        _ => false,
    }
}

/// What AWS says of one property.
#[derive(Clone, Copy)]
enum Live<'a> {
    NotAsked,
    Absent,
    Known(&'a Json),
}

impl<'a> Live<'a> {
    fn below(live: Option<&'a Json>, key: &str) -> Self {
        match live {
            None => Self::NotAsked,
            Some(json) => json.get(key).map_or(Self::Absent, Self::Known),
        }
    }
}

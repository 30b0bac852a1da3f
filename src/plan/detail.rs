//! What exactly differs inside a value with parts: the paths below a changed property.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::policy;
use super::same::{Rules, below, twin};
use crate::resource::Rule;

/// One difference inside a changed property.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Below the property: `[hut-desk].Description`, `.Variables.STAGE`.
    pub path: String,
    pub from: Option<Json>,
    pub to: Option<Json>,
}

/// The differences between two values of a property, or nothing if there is no more to say than
/// that the whole is another.
pub fn details(rules: Rules, path: &str, from: &Json, to: &Json) -> Vec<Detail> {
    let mut walker = Walker { rules, details: Vec::new() };
    if rules.has(path, Rule::Json) {
        walker.values(path, "", &parsed(from), &parsed(to));
    } else {
        walker.values(path, "", from, to);
    }
    walker.details.retain(|detail| !detail.path.is_empty());
    walker.details
}

fn parsed(value: &Json) -> Json {
    match value {
        Json::String(text) => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    }
}

struct Walker {
    rules: Rules,
    details: Vec<Detail>,
}

impl Walker {
    fn note(&mut self, shown: &str, from: Option<&Json>, to: Option<&Json>) {
        self.details.push(Detail { path: shown.to_owned(), from: from.cloned(), to: to.cloned() });
    }

    fn values(&mut self, path: &str, shown: &str, from: &Json, to: &Json) {
        if self.rules.same(path, from, to) {
            return;
        }
        let before = self.details.len();
        match (from, to) {
            _ if self.rules.has(path, Rule::Policy) => self.policies(shown, from, to),
            (Json::Object(_), Json::Object(_)) => self.maps(path, shown, from, to),
            (Json::Array(from), Json::Array(to)) => self.lists(path, shown, from, to),
            _ => {}
        }
        if self.details.len() == before {
            self.note(shown, Some(from), Some(to));
        }
    }

    fn maps(&mut self, path: &str, shown: &str, from: &Json, to: &Json) {
        for (key, from, to) in keys(from, to) {
            let (path, shown) = (below(path, key), format!("{shown}.{key}"));
            match (from, to) {
                (Some(from), Some(to)) => self.values(&path, &shown, from, to),
                (Some(one), None) | (None, Some(one)) if self.rules.is_default(&path, one) => {}
                (from, to) => self.note(&shown, from, to),
            }
        }
    }

    fn lists(&mut self, path: &str, shown: &str, from: &[Json], to: &[Json]) {
        let path = format!("{path}[]");
        let rules = self.rules;
        let pairs = pairs(from, to, |left, right| rules.same(&path, left, right));
        for (label, from, to) in pairs {
            let shown = format!("{shown}[{label}]");
            match (from, to) {
                (Some(from), Some(to)) => self.values(&path, &shown, from, to),
                (from, to) => self.note(&shown, from, to),
            }
        }
    }

    /// Statement by statement; within one, by what its keys mean.
    fn policies(&mut self, shown: &str, from: &Json, to: &Json) {
        let (from, to) = (policy::parsed(from), policy::parsed(to));
        for (key, from, to) in keys(&from, &to) {
            let shown = format!("{shown}.{key}");
            match (key, from, to) {
                ("Statement", Some(from), Some(to)) => {
                    let (from, to) = (policy::as_items(from), policy::as_items(to));
                    for (label, from, to) in pairs(&from, &to, policy::same_statement) {
                        self.statements(&format!("{shown}[{label}]"), from, to);
                    }
                }
                (_, from, to) if from == to => {}
                (_, from, to) => self.note(&shown, from, to),
            }
        }
    }

    fn statements(&mut self, shown: &str, from: Option<&Json>, to: Option<&Json>) {
        let (Some(from), Some(to)) = (from, to) else { return self.note(shown, from, to) };
        for (key, from, to) in keys(from, to) {
            if !policy::same_part(key, from, to) {
                self.note(&format!("{shown}.{key}"), from, to);
            }
        }
    }
}

/// The keys of two maps, those of the second first.
fn keys<'j>(
    from: &'j Json,
    to: &'j Json,
) -> impl Iterator<Item = (&'j str, Option<&'j Json>, Option<&'j Json>)> {
    let entries = |json: &'j Json| json.as_object().into_iter().flatten();
    let gone = entries(from).filter(|(key, _)| to.get(key.as_str()).is_none());
    entries(to)
        .map(|(key, value)| (key.as_str(), from.get(key), Some(value)))
        .chain(gone.map(|(key, value)| (key.as_str(), Some(value), None)))
}

type Pair<'j> = (String, Option<&'j Json>, Option<&'j Json>);

/// Items that are the same thing, one perhaps changed; then what is only on one side.
fn pairs<'j>(
    from: &'j [Json],
    to: &'j [Json],
    same: impl Fn(&Json, &Json) -> bool,
) -> Vec<Pair<'j>> {
    let mut left: Vec<(usize, &Json)> = from.iter().enumerate().collect();
    let mut pairs = Vec::new();
    let mut new = Vec::new();
    for (index, item) in to.iter().enumerate() {
        let rest: Vec<&Json> = left.iter().map(|(_, one)| *one).collect();
        match twin(item, &rest, |one| same(one, item)) {
            Some(position) => {
                let (_, old) = left.remove(position);
                pairs.push((label(item, index), Some(old), Some(item)));
            }
            None => new.push((index, item)),
        }
    }
    // What is left on both sides is taken for changed in the order it stands.
    let are_maps = left.iter().chain(&new).all(|(_, item)| item.is_object());
    if are_maps && left.len() == new.len() {
        let changed = left.drain(..).zip(new.drain(..));
        pairs.extend(
            changed.map(|((_, old), (index, item))| (label(item, index), Some(old), Some(item))),
        );
    }
    pairs.extend(left.into_iter().map(|(index, old)| (label(old, index), Some(old), None)));
    pairs.extend(new.into_iter().map(|(index, item)| (label(item, index), None, Some(item))));
    pairs
}

fn label(item: &Json, index: usize) -> String {
    super::same::identity(item).map_or_else(|| index.to_string(), |(_, name)| name.to_owned())
}

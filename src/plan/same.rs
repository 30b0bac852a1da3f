//! Whether two values of a property mean the same.
//!
//! Both sides are brought to one spelling first: by the schema (lists without order, defaults) and
//! by the type's rules (policies, JSON, CIDR blocks, case).

use ipnet::IpNet;
use serde_json::Value as Json;

use super::policy;
use crate::resource::Rule;
use crate::schema::TypeFacts;

/// How the properties of one type are compared.
#[derive(Clone, Copy)]
pub struct Rules {
    pub facts: Option<&'static TypeFacts>,
    pub rules: &'static [(&'static str, Rule)],
}

/// A path without the indices of its lists: `Policies[].PolicyDocument`.
pub fn general(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut inside = false;
    for character in path.chars() {
        match character {
            '[' => {
                inside = true;
                text.push('[');
            }
            ']' => {
                inside = false;
                text.push(']');
            }
            _ if inside => {}
            other => text.push(other),
        }
    }
    text
}

impl Rules {
    pub fn has(&self, path: &str, rule: Rule) -> bool {
        self.rules.iter().any(|(of, has)| *of == path && *has == rule)
    }

    /// What absence means at `path`.
    pub fn default(&self, path: &str) -> Option<Json> {
        let declared = self.rules.iter().find_map(|(of, rule)| match rule {
            Rule::Default(text) | Rule::Always(text) if *of == path => Some(*text),
            _ => None,
        });
        match declared {
            Some(text) => serde_json::from_str(text).ok(),
            None => self.facts?.default(path).cloned(),
        }
    }

    pub fn is_write_only(&self, path: &str) -> bool {
        self.has(path, Rule::WriteOnly)
            || self.has(path, Rule::Secret)
            || self.facts.is_some_and(|facts| facts.is_write_only(path))
    }

    pub fn is_ignored(&self, path: &str) -> bool {
        self.has(path, Rule::Ignore)
    }

    /// Whether what stands at `path` is compared as one document.
    pub fn is_document(&self, path: &str) -> bool {
        self.has(path, Rule::Policy) || self.has(path, Rule::Json)
    }

    pub fn is_unordered(&self, path: &str) -> bool {
        // Not every schema says it, but tags have no order in any service.
        let is_tags = |facts: &TypeFacts| facts.tags.as_ref().is_some_and(|it| it.property == path);
        self.has(path, Rule::Set)
            || self.facts.is_some_and(|facts| facts.is_unordered(path) || is_tags(facts))
    }

    /// Whether two values at `path` mean the same.
    pub fn same(&self, path: &str, left: &Json, right: &Json) -> bool {
        self.canonical(path, left) == self.canonical(path, right)
    }

    /// Whether a value at `path` is what absence means.
    pub fn is_default(&self, path: &str, value: &Json) -> bool {
        match self.default(path) {
            Some(default) => self.same(path, value, &default),
            None => is_empty(value),
        }
    }

    /// What AWS says, without the keys that nobody declared: services fill in and add. One whose
    /// absence always means the same stays where AWS says something else. `declared` are the sides
    /// that may name a key: the template and what was last applied.
    pub fn project(&self, path: &str, live: &Json, declared: &[&Json]) -> Json {
        if self.is_document(path) {
            return live.clone();
        }
        match live {
            Json::Object(entries) => {
                let maps: Vec<_> = declared.iter().filter(|one| one.is_object()).collect();
                if maps.is_empty() {
                    return live.clone();
                }
                let named = |key: &str| -> Vec<&Json> {
                    maps.iter().filter_map(|map| map.get(key)).collect()
                };
                entries
                    .iter()
                    .map(|(key, value)| (key, below(path, key), value, named(key)))
                    .filter(|(_, path, value, inner)| {
                        !inner.is_empty() || self.is_unlike_always(path, value)
                    })
                    .map(|(key, path, value, inner)| {
                        (key.clone(), self.project(&path, value, &inner))
                    })
                    .collect()
            }
            Json::Array(items) => {
                let path = format!("{path}[]");
                let item = |(index, item)| self.project_item(&path, index, item, declared);
                items.iter().enumerate().map(item).collect()
            }
            _ => live.clone(),
        }
    }

    fn is_unlike_always(&self, path: &str, value: &Json) -> bool {
        let is_always = |rule: &Rule| matches!(rule, Rule::Always(_));
        self.rules.iter().any(|(of, rule)| *of == path && is_always(rule))
            && !self.is_default(path, value)
    }

    /// An item of a list, held against the declared items that it is.
    fn project_item(&self, path: &str, index: usize, item: &Json, declared: &[&Json]) -> Json {
        let twins: Vec<&Json> = declared
            .iter()
            .filter_map(|list| {
                let list: Vec<&Json> = list.as_array()?.iter().collect();
                let is_same = |one: &Json| self.same(path, &self.project(path, item, &[one]), one);
                let position = twin(item, &list, is_same).unwrap_or(index);
                list.get(position).copied()
            })
            .collect();
        if twins.is_empty() { item.clone() } else { self.project(path, item, &twins) }
    }

    /// A value at `path` in the one spelling that all values of its meaning share.
    pub fn canonical(&self, path: &str, value: &Json) -> Json {
        if self.has(path, Rule::Policy) {
            return policy::canonical(value);
        }
        if self.has(path, Rule::Json) {
            return match value {
                Json::String(text) => {
                    serde_json::from_str(text).map_or_else(|_| value.clone(), policy::sorted)
                }
                other => policy::sorted(other.clone()),
            };
        }
        match value {
            Json::String(text) if self.has(path, Rule::Cidr) => match text.parse::<IpNet>() {
                Ok(network) => Json::String(network.trunc().to_string()),
                Err(_) => value.clone(),
            },
            Json::String(text) if self.has(path, Rule::CaseFold) => {
                Json::String(text.to_lowercase())
            }
            Json::Number(number) => canonical_number(number),
            Json::Array(items) => {
                let item_path = format!("{path}[]");
                let mut items: Vec<Json> =
                    items.iter().map(|item| self.canonical(&item_path, item)).collect();
                if self.is_unordered(path) {
                    items.sort_by_key(Json::to_string);
                }
                Json::Array(items)
            }
            Json::Object(entries) => {
                let mut kept: Vec<(String, Json)> = entries
                    .iter()
                    .map(|(key, inner)| (key, below(path, key), inner))
                    .filter(|(_, path, inner)| {
                        !self.is_ignored(path) && !self.is_default(path, inner)
                    })
                    .map(|(key, path, inner)| (key.clone(), self.canonical(&path, inner)))
                    .collect();
                kept.sort_by(|left, right| left.0.cmp(&right.0));
                Json::Object(kept.into_iter().collect())
            }
            other => other.clone(),
        }
    }
}

/// `60` and `60.0` are one number.
fn canonical_number(number: &serde_json::Number) -> Json {
    match number.as_f64() {
        Some(float) if float.fract() == 0.0 && float.abs() < 9e15 =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within 53 bits")]
            Json::from(float as i64)
        }
        _ => Json::Number(number.clone()),
    }
}

/// The path of a key below a path.
pub fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The keys that tell the items of a list apart, in AWS's templates.
const IDENTITIES: [&str; 8] =
    ["Name", "Key", "ActionGroupName", "PolicyName", "Sid", "Id", "FunctionName", "StageName"];

/// What an item of a list is called, and by which key.
pub fn identity(item: &Json) -> Option<(&'static str, &str)> {
    IDENTITIES.iter().find_map(|key| Some((*key, item.get(key)?.as_str()?)))
}

/// The position of the item that is the same thing: of the same name, or else equal.
pub fn twin(item: &Json, list: &[&Json], is_same: impl Fn(&Json) -> bool) -> Option<usize> {
    let name = identity(item);
    name.and_then(|_| list.iter().position(|one| identity(one) == name))
        .or_else(|| list.iter().position(|one| is_same(one)))
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

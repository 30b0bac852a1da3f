//! Tags: what the template sets, and the marks Cairn adds to find its own again.
//!
//! Marks and AWS's own tags are never compared, shown or removed.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::Mark;
use crate::value::Token;

/// What Cairn's marks begin with.
pub const PREFIX: &str = "cairn:";
pub const STACK: &str = "cairn:stack";
pub const LOGICAL_ID: &str = "cairn:logical-id";
pub const TOKEN: &str = "cairn:token";
/// How many marks there are.
pub const MARKS: usize = 3;

/// A tag as most types write it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tag {
    pub key: String,
    #[serde(default)]
    pub value: String,
}

impl Mark {
    /// The marks, as tags.
    pub fn tags(&self) -> [(&'static str, &str); MARKS] {
        [(STACK, &self.stack), (LOGICAL_ID, &self.logical_id), (TOKEN, self.token.as_str())]
    }

    /// The declared tags and the marks: what a create sends.
    pub fn with(&self, declared: Option<&[Tag]>) -> BTreeMap<String, String> {
        let mut tags = to_map(declared);
        tags.extend(self.tags().map(|(key, value)| (key.to_owned(), value.to_owned())));
        tags
    }

    /// The mark of a stack that these live tags are, if they are one.
    pub fn of<'a>(stack: &str, live: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let live: BTreeMap<&str, &str> = live.into_iter().collect();
        (live.get(STACK) == Some(&stack)).then_some(())?;
        Some(Self {
            stack: stack.to_owned(),
            logical_id: (*live.get(LOGICAL_ID)?).to_owned(),
            token: Token::from(*live.get(TOKEN)?),
        })
    }

    /// Whether these live tags carry this mark's token.
    pub fn is_on<'a>(&self, tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> bool {
        tags.into_iter().any(|(key, value)| key == TOKEN && value == self.token.as_str())
    }
}

/// Whether a name is the declared one, or may be one that Cairn has generated for a stack.
pub fn may_be_ours(name: &str, declared: Option<&str>, stack: &str) -> bool {
    declared == Some(name) || name.starts_with(&beginning(stack))
}

/// How all names begin that Cairn generates for a stack: with as much of its name as the shortest
/// of them have.
pub fn beginning(stack: &str) -> String {
    const KEPT: usize = 12;
    stack.trim_start_matches('-').replace("--", "-").chars().take(KEPT).collect()
}

/// Declared tags by key.
pub fn to_map(declared: Option<&[Tag]>) -> BTreeMap<String, String> {
    declared.unwrap_or_default().iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// Whether a tag belongs to the template: not AWS's and not a mark.
pub fn is_declared(key: &str) -> bool {
    !key.starts_with("aws:") && !key.starts_with(PREFIX)
}

/// Live tags as properties: without marks, sorted; `None` when there are none.
pub fn declared(live: impl IntoIterator<Item = (String, String)>) -> Option<Vec<Tag>> {
    let mut tags: Vec<Tag> = live
        .into_iter()
        .filter(|(key, _)| is_declared(key))
        .map(|(key, value)| Tag { key, value })
        .collect();
    tags.sort();
    (!tags.is_empty()).then_some(tags)
}

/// The difference between two sets of declared tags: what to set and what to remove.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TagChange {
    pub set: BTreeMap<String, String>,
    pub remove: Vec<String>,
}

impl TagChange {
    pub fn between(from: &BTreeMap<String, String>, to: &BTreeMap<String, String>) -> Self {
        Self {
            set: to
                .iter()
                .filter(|(key, value)| from.get(*key) != Some(*value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            remove: from.keys().filter(|key| !to.contains_key(*key)).cloned().collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }

    /// As the services with map-shaped tags take it.
    pub fn set_map(&self) -> HashMap<String, String> {
        self.set.clone().into_iter().collect()
    }
}

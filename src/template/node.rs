//! A template as it was written: every node with its place, intrinsics unevaluated.
//!
//! Short tags are only another spelling: `!Sub x` is loaded as the map `{Fn::Sub: x}`, so that
//! nothing behind the loader knows whether it read YAML or JSON.

use std::sync::Arc;

use crate::diagnostic::{Place, Source, Span};
use crate::value::Literal;
use serde_json::Value as Json;

/// One node of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub kind: NodeKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    Null,
    /// An unquoted boolean or number, with its text.
    Literal(Literal),
    String(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// What is written is wrong and has been complained of: nothing more is said of it.
    Broken,
}

/// One key of a map and what it holds. Keys are unique.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    pub key_span: Span,
    pub value: Node,
}

impl Node {
    pub fn place(&self, source: &Arc<Source>) -> Place {
        Place { source: Arc::clone(source), span: self.span }
    }

    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            NodeKind::Map(entries) => entries,
            _ => &[],
        }
    }

    pub fn items(&self) -> &[Node] {
        match &self.kind {
            NodeKind::List(items) => items,
            _ => &[],
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub fn is_broken(&self) -> bool {
        self.kind == NodeKind::Broken
    }

    /// The text of a scalar, as it was written.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::String(text) => Some(text),
            NodeKind::Literal(literal) => Some(literal.text()),
            _ => None,
        }
    }

    /// The only entry of a map with one key: how an intrinsic function looks.
    pub fn single(&self) -> Option<&Entry> {
        match self.entries() {
            [entry] => Some(entry),
            _ => None,
        }
    }

    /// The node as JSON, with long forms of functions. A number that JSON would write in another
    /// way, such as an account with a leading zero, is a string.
    pub fn to_json(&self) -> Json {
        match &self.kind {
            NodeKind::Null | NodeKind::Broken => Json::Null,
            NodeKind::Literal(Literal::Bool { value, .. }) => Json::Bool(*value),
            NodeKind::Literal(Literal::Number { text }) => {
                let number: Option<serde_json::Number> = text.parse().ok();
                let same = number.filter(|number| number.to_string() == *text);
                same.map_or_else(|| Json::String(text.clone()), Json::Number)
            }
            NodeKind::String(text) => Json::String(text.clone()),
            NodeKind::List(items) => items.iter().map(Self::to_json).collect(),
            NodeKind::Map(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect()
            }
        }
    }

    /// What stands in no file.
    pub fn from_json(json: Json) -> Self {
        let number = |text: String| Literal::Number { text };
        let kind = match json {
            Json::Null => NodeKind::Null,
            Json::Bool(value) => {
                NodeKind::Literal(Literal::Bool { value, text: value.to_string() })
            }
            Json::Number(found) => NodeKind::Literal(number(found.to_string())),
            Json::String(text) => NodeKind::String(text),
            Json::Array(items) => NodeKind::List(items.into_iter().map(Self::from_json).collect()),
            Json::Object(entries) => NodeKind::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| Entry {
                        key,
                        key_span: Span::default(),
                        value: Self::from_json(value),
                    })
                    .collect(),
            ),
        };
        Self { kind, span: Span::default() }
    }

    /// What kind of thing this is, for messages.
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            NodeKind::Null | NodeKind::Broken => "null",
            NodeKind::Literal(Literal::Bool { .. }) => "a boolean",
            NodeKind::Literal(Literal::Number { .. }) => "a number",
            NodeKind::String(_) => "a string",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }
}

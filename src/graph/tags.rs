//! What AWS takes of tags, and what Cairn needs of them for itself.

use std::collections::BTreeSet;

use super::{Graph, check};
use crate::diagnostic::Diagnostic;
use crate::resource::{self, tags};
use crate::schema::{At, Segment, TagKind, TagShape};
use crate::template::ResourceNode;
use crate::value::Value;

const TAGS: &str = "https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html";
/// What a resource may have, without those of AWS itself.
const MOST: usize = 50;
/// What AWS's own begin with, in whatever case.
const RESERVED: &str = "aws:";

/// What is wrong with the tags of one resource, the stack's included.
pub fn check(graph: &Graph, declared: &ResourceNode, properties: &Value) -> Vec<Diagnostic> {
    let shape = graph.facts(&declared.id).and_then(|facts| facts.tags.as_ref());
    let Some(shape) = shape else { return Vec::new() };
    let Value::Map(properties) = properties else { return Vec::new() };
    let Some(value) = properties.get(&shape.property) else { return Vec::new() };
    let at = |inside: Option<Segment>, message: String| {
        let path: Vec<Segment> =
            [Some(Segment::Key(shape.property.clone())), inside].into_iter().flatten().collect();
        Diagnostic::error(message)
            .at(&graph.template.source, check::locate(graph, &declared.id, &path, At::Key))
    };
    let keys = keys(shape, value);
    let mut found = Vec::new();
    let own = match resource::marks::are_on(&declared.type_name) {
        true => tags::MARKS,
        false => 0,
    };
    if keys.len() + own > MOST {
        let message = format!("{} tags: {} is the most", keys.len(), MOST - own);
        let ours = format!("AWS takes {MOST}, and Cairn finds its own again by {own} of them");
        found.push(at(None, message).hint_if((own > 0).then_some(ours)).hint(TAGS));
    }
    let mut seen = BTreeSet::new();
    for (place, key) in keys {
        let Some(key) = key else { continue };
        let begins = |with: &str| {
            key.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
        };
        if begins(RESERVED) {
            let message = format!("the tag `{key}` begins with `{RESERVED}`, as AWS's own do");
            found.push(at(Some(place), message).hint("give it another name").hint(TAGS));
        } else if key.starts_with(tags::PREFIX) {
            let message =
                format!("the tag `{key}` begins with `{}`, as Cairn's own do", tags::PREFIX);
            found.push(at(Some(place), message).hint("give it another name"));
        } else if !seen.insert(key) {
            let message = format!("the tag `{key}` is there twice");
            found.push(at(Some(place), message).hint("keep one").hint(TAGS));
        }
    }
    found
}

/// The keys, as far as they are known, and where they are.
fn keys<'v>(shape: &TagShape, value: &'v Value) -> Vec<(Segment, Option<&'v str>)> {
    match (shape.kind, value) {
        (TagKind::List, Value::List(items)) => {
            let key = |item: &'v Value| match item {
                Value::Map(tag) => tag.get("Key").and_then(Value::as_text),
                _ => None,
            };
            let keys = items.iter().enumerate();
            keys.map(|(index, item)| (Segment::Index(index), key(item))).collect()
        }
        (TagKind::Map, Value::Map(entries)) => {
            let keys = entries.keys();
            keys.map(|key| (Segment::Key(key.clone()), Some(key.as_str()))).collect()
        }
        _ => Vec::new(),
    }
}

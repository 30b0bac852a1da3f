//! What AWS takes of tags, and what Cairn needs of them for itself.

use std::collections::BTreeSet;

use super::{Graph, Node, check};
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{self, tags};
use crate::schema::{At, Segment, TagKind, TagShape};
use crate::template::ResourceNode;
use crate::value::{LogicalId, Value};

const TAGS: &str = "https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html";
/// What a resource may have, without those of AWS itself.
const MOST: usize = 50;
/// What it may have beside Cairn's.
const FREE: usize = MOST - tags::MARKS;
/// What AWS's own begin with, in whatever case.
const RESERVED: &str = "aws:";

/// What is wrong with the tags of one resource, the stack's included.
pub fn check(graph: &Graph, declared: &ResourceNode, properties: &Value) -> Vec<Diagnostic> {
    let Some((shape, value)) = of(graph, &declared.id, properties) else { return Vec::new() };
    let at = |place: Segment, message: String| {
        let path = [Segment::Key(shape.property.clone()), place];
        Diagnostic::error(message)
            .at(&graph.template.source, check::locate(graph, &declared.id, &path, At::Key))
    };
    let keys = keys(shape, value);
    let mut found: Vec<_> = too_many(graph, declared, shape, keys.len()).into_iter().collect();
    // IAM takes two that differ in case for one: "Tag IAM resources".
    let ignores_case = declared.type_name.starts_with("AWS::IAM::");
    let mut seen = BTreeSet::new();
    for (place, key) in keys {
        let Some(key) = key else { continue };
        let begins = |with: &str| {
            key.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
        };
        if begins(RESERVED) {
            let message = format!("the tag `{key}` begins with `{RESERVED}`, as AWS's own do");
            found.push(at(place, message).hint("give it another name").hint(TAGS));
        } else if key.starts_with(tags::PREFIX) || ignores_case && begins(tags::PREFIX) {
            let message =
                format!("the tag `{key}` begins with `{}`, as Cairn's own do", tags::PREFIX);
            found.push(at(place, message).hint("give it another name"));
        } else if !seen.insert(if ignores_case { key.to_lowercase() } else { key.to_owned() }) {
            let message = format!("the tag `{key}` is there twice");
            found.push(at(place, message).hint("keep one").hint(TAGS));
        }
    }
    found
}

fn too_many(
    graph: &Graph,
    declared: &ResourceNode,
    shape: &TagShape,
    count: usize,
) -> Option<Diagnostic> {
    let facts = graph.facts(&declared.id)?.shape(&shape.property);
    // Some schemas say it themselves.
    let is_said = facts.and_then(|facts| facts.max_items).is_some_and(|most| most <= MOST);
    let finding = if count > MOST && !is_said {
        Diagnostic::error(format!("{count} tags: {MOST} is the most")).hint(TAGS)
    } else if (FREE + 1..=MOST).contains(&count) && resource::marks::are_on(&declared.type_name) {
        // One that was adopted has none of Cairn's.
        Diagnostic::warning(format!("{count} tags leave no room for Cairn's own"))
            .hint(format!("what Cairn is to make can have {FREE}"))
    } else {
        return None;
    };
    Some(finding.at(&graph.template.source, place(graph, declared)))
}

/// What is wrong with a resource that has these properties, and so many tags that Cairn has no room
/// for its own.
pub fn without_room(graph: &Graph, node: &Node, properties: &Value) -> Option<Diagnostic> {
    let (shape, value) = of(graph, &node.id, properties)?;
    let count = keys(shape, value).len();
    if count <= FREE || !resource::marks::are_on(&node.type_name) {
        return None;
    }
    let message = format!("{count} tags: {FREE} is the most that `{}` can have", node.id);
    let declared = graph.template.resources.get(&node.id)?;
    let marks = tags::MARKS;
    Some(
        Diagnostic::error(message)
            .at(&graph.template.source, place(graph, declared))
            .hint(format!("AWS takes {MOST}, and Cairn finds its own again by {marks} of them"))
            .hint(TAGS),
    )
}

fn of<'v>(
    graph: &Graph,
    id: &LogicalId,
    properties: &'v Value,
) -> Option<(&'static TagShape, &'v Value)> {
    let shape = graph.facts(id)?.tags.as_ref()?;
    let Value::Map(properties) = properties else { return None };
    Some((shape, properties.get(&shape.property)?))
}

fn place(graph: &Graph, declared: &ResourceNode) -> Span {
    let shape = graph.facts(&declared.id).and_then(|facts| facts.tags.as_ref());
    let path: Vec<Segment> =
        shape.iter().map(|shape| Segment::Key(shape.property.clone())).collect();
    check::locate(graph, &declared.id, &path, At::Key)
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

//! The tags of the constructs around a resource, merged into its own.

use std::collections::BTreeMap;

use crate::ordered::IndexMap;

use super::element::ResourceFacts;
use super::expression::Expression;
use super::tree::Tree;
use crate::schema::{self, TagKind};

/// The tags of a construct: its own, and those of what it stands in.
pub(super) fn of(tree: &Tree, index: usize) -> BTreeMap<String, String> {
    let branches = tree.branches.borrow();
    let mut tags = BTreeMap::new();
    for bearer in tree.ancestors(index).into_iter().rev() {
        tags.extend(branches[bearer].tags.clone());
    }
    tags
}

/// A resource's properties with all its tags.
pub(super) fn tagged(
    tree: &Tree,
    index: usize,
    facts: &ResourceFacts,
) -> IndexMap<String, Expression> {
    let mut properties = facts.properties.clone();
    let tags = of(tree, index);
    let Some(shape) = schema::facts(facts.type_name).and_then(|facts| facts.tags.as_ref()) else {
        return properties;
    };
    if tags.is_empty() {
        return properties;
    }
    let text = |text: String| Expression::Text(text);
    match (shape.kind, properties.get_mut(&shape.property)) {
        (TagKind::List, Some(Expression::List(own))) => {
            own.retain(|tag| key_of(tag).is_none_or(|key| !tags.contains_key(key)));
            own.extend(tags.into_iter().map(|(key, value)| pair(key, value)));
            own.sort_by_key(|tag| key_of(tag).map(str::to_owned));
        }
        (TagKind::Map, Some(Expression::Map(own))) => {
            own.extend(tags.into_iter().map(|(key, value)| (key, text(value))));
            own.sort_keys();
        }
        // Computed as a whole: what it will hold is not known here.
        (_, Some(_)) => {}
        (TagKind::List, None) => {
            let tags = tags.into_iter().map(|(key, value)| pair(key, value)).collect();
            properties.insert(shape.property.clone(), Expression::List(tags));
        }
        (TagKind::Map, None) => {
            let tags = tags.into_iter().map(|(key, value)| (key, text(value))).collect();
            properties.insert(shape.property.clone(), Expression::Map(tags));
        }
    }
    properties
}

fn key_of(tag: &Expression) -> Option<&str> {
    match tag {
        Expression::Map(entries) => entries.get("Key").and_then(Expression::as_text),
        _ => None,
    }
}

fn pair(key: String, value: String) -> Expression {
    Expression::Map(IndexMap::from_iter([
        ("Key".to_owned(), Expression::Text(key)),
        ("Value".to_owned(), Expression::Text(value)),
    ]))
}

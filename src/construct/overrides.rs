//! Escape hatches: a value put at a path of a finished resource, or removed from it.

use crate::diagnostic::Span;
use crate::template::{Entry, Node, NodeKind};

/// Applies one; whether there was anything to apply it to.
pub(super) fn apply(node: &mut Node, path: &str, value: Option<Node>, span: Span) -> bool {
    let parts = parts(path);
    let Some((last, above)) = parts.split_last() else { return false };
    let mut at = node;
    for part in above {
        let Some(below) = step(at, part, span) else { return false };
        at = below;
    }
    match value {
        Some(value) => step(at, last, span).map(|slot| *slot = value).is_some(),
        None => {
            remove(at, last);
            true
        }
    }
}

/// The names of a path. `\.` is a dot within a name.
fn parts(path: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = path.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, parts.last_mut()) {
            ('.', _) => parts.push(String::new()),
            ('\\', Some(last)) if characters.peek() == Some(&'.') => {
                last.extend(characters.next());
            }
            (_, Some(last)) => last.push(character),
            (_, None) => {}
        }
    }
    parts
}

/// One step down, making what is not there.
fn step<'n>(node: &'n mut Node, part: &str, span: Span) -> Option<&'n mut Node> {
    match &mut node.kind {
        NodeKind::List(items) => {
            let index: usize = part.parse().ok()?;
            if index == items.len() {
                items.push(empty(span));
            }
            items.get_mut(index)
        }
        NodeKind::Map(entries) => {
            let index = entries.iter().position(|entry| entry.key == part).unwrap_or_else(|| {
                entries.push(Entry { key: part.to_owned(), key_span: span, value: empty(span) });
                entries.len() - 1
            });
            entries.get_mut(index).map(|entry| &mut entry.value)
        }
        _ => None,
    }
}

fn remove(node: &mut Node, part: &str) {
    match &mut node.kind {
        NodeKind::Map(entries) => entries.retain(|entry| entry.key != part),
        NodeKind::List(items) => {
            if let Some(index) = part.parse().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

fn empty(span: Span) -> Node {
    Node { kind: NodeKind::Map(Vec::new()), span }
}

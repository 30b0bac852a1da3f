//! Renames that the template tells of: what `MovedFrom` names is in the state under its old
//! logical id, and everything is decided as if it had always had the new one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::journal::Event;
use crate::state::State;
use crate::value::LogicalId;

/// New logical ids, each with the old one.
pub type Moves = BTreeMap<LogicalId, LogicalId>;

/// The moves that are still to be made. A `MovedFrom` that has been followed may stay where it is.
///
/// # Errors
///
/// What cannot be moved, at its place.
pub fn moves(graph: &Graph, state: &State) -> Result<Moves, Vec<Diagnostic>> {
    let mut moves = Moves::new();
    let mut errors = Vec::new();
    for node in graph.nodes.values() {
        let Some((old, span)) = &node.directions.moved_from else { continue };
        let (Some(entry), false) =
            (state.resources.get(old), state.resources.contains_key(&node.id))
        else {
            continue;
        };
        let other = entry.instances().find(|one| one.type_name.as_str() != node.type_name);
        if let Some(other) = other {
            let message = format!(
                "`{}` cannot be moved from `{old}`, which is of the type `{}`",
                node.id, other.type_name
            );
            errors.push(Diagnostic::error(message).at(&graph.template.source, *span));
            continue;
        }
        if state.before.resources.contains_key(&node.id) {
            let message = format!(
                "`{}` cannot be moved from `{old}`: a run that did not end has made or deleted another `{}`",
                node.id, node.id
            );
            let finding = Diagnostic::error(message).at(&graph.template.source, *span);
            errors.push(finding.hint(
                "first deploy what that run was to deploy, or go back with `cairn rollback`",
            ));
            continue;
        }
        moves.insert(node.id.clone(), old.clone());
    }
    if errors.is_empty() { Ok(moves) } else { Err(errors) }
}

/// The state as it will be called. Its serial stays: nothing has happened yet.
pub fn renamed<'s>(state: &'s State, moves: &Moves) -> Cow<'s, State> {
    if moves.is_empty() {
        return Cow::Borrowed(state);
    }
    let mut renamed = state.clone();
    for (new, old) in moves {
        let event = Event::Moved { id: old.clone(), to: new.clone() };
        // Each was seen to be possible, and none is about the same two as another.
        let _ = renamed.apply(&event);
    }
    renamed.serial = state.serial;
    Cow::Owned(renamed)
}

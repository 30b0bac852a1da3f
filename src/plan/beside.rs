//! What stands beside dynamic references in a list, held against what AWS says.
//!
//! What a reference stands for is nobody's to see, so a text that has one fits any text that it can
//! have become. The rest of the list has to be as it was: nothing more, nothing less, nothing else.

use serde_json::Value as Json;

use super::same::{Rules, below};
use crate::template::dynamic::{has_reference, references};
use crate::value::{SECRET_PREFIX, Secret};

/// Whether what AWS says can be what was applied, whatever the references in it stand for.
pub fn fits(rules: Rules, path: &str, applied: &Json, live: &Json) -> bool {
    match (applied, live) {
        (Json::String(text), live) if has_reference(text) => match live {
            Json::String(live) => can_be(text, live),
            Json::Number(_) | Json::Bool(_) => can_be(text, &live.to_string()),
            _ => false,
        },
        (Json::String(text), Json::String(live)) if text.starts_with(SECRET_PREFIX) => {
            *text == Secret::new(live).masked()
        }
        (Json::Array(items), Json::Array(lives)) => {
            let path = format!("{path}[]");
            let fits = |item: &Json, live: &Json| fits(rules, &path, item, live);
            if items.len() != lives.len() {
                return false;
            }
            match rules.is_unordered(path.trim_end_matches("[]")) {
                false => items.iter().zip(lives).all(|(item, live)| fits(item, live)),
                true => can_pair(items, lives, &fits),
            }
        }
        (Json::Object(entries), Json::Object(live)) => entries.iter().all(|(key, value)| {
            let path = below(path, key);
            match live.get(key) {
                Some(live) => fits(rules, &path, value, live),
                None => rules.is_default(&path, value),
            }
        }),
        _ => rules.same(path, applied, &rules.project(path, live, &[applied])),
    }
}

/// Whether each can have one of its own, however they are given out.
fn can_pair(items: &[Json], lives: &[Json], fits: &dyn Fn(&Json, &Json) -> bool) -> bool {
    let mut owners: Vec<Option<usize>> = vec![None; lives.len()];
    (0..items.len()).all(|item| {
        let mut tried = vec![false; lives.len()];
        finds(item, &mut tried, &mut owners, &|item, live| fits(&items[item], &lives[live]))
    })
}

/// Whether an item finds a place, if need be by sending another on to a second one.
fn finds(
    item: usize,
    tried: &mut [bool],
    owners: &mut [Option<usize>],
    fits: &dyn Fn(usize, usize) -> bool,
) -> bool {
    for live in 0..owners.len() {
        if tried[live] || !fits(item, live) {
            continue;
        }
        tried[live] = true;
        if owners[live].is_none_or(|owner| finds(owner, tried, owners, fits)) {
            owners[live] = Some(item);
            return true;
        }
    }
    false
}

/// Whether a text with references can have become this one: what stands around them is there.
fn can_be(text: &str, live: &str) -> bool {
    let found = references(text);
    let (Some(first), Some(last)) = (found.first(), found.last()) else { return text == live };
    let (head, tail) = (&text[..first.at.start], &text[last.at.end..]);
    live.len() >= head.len() + tail.len() && live.starts_with(head) && live.ends_with(tail)
}

/// Whether there is a dynamic reference in it.
pub fn refers(json: &Json) -> bool {
    match json {
        Json::String(text) => has_reference(text),
        Json::Array(items) => items.iter().any(refers),
        Json::Object(entries) => entries.values().any(refers),
        _ => false,
    }
}

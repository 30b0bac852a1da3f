//! A page in one file: a picture, and beside it what there is to say of each resource. It asks
//! nobody for anything, and says so to the browser.

mod diff;
pub mod plan;
pub mod stack;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use base64::Engine as _;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::picture::{self, Anchor, Frame, Item, Scene, clean};
use super::style::glyph;
use crate::plan::Action;
use crate::value::LogicalId;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What a page says above all else.
struct Head<'a> {
    title: &'a str,
    place: &'a str,
    summary: Markup,
}

/// What a page says of one resource.
struct Entry {
    id: LogicalId,
    type_name: String,
    physical_id: Option<String>,
    action: Option<Action>,
    body: Markup,
}

/// Which entries are shown.
struct Filter {
    /// An action's class; `changed` or `all`.
    name: &'static str,
    title: String,
    count: usize,
}

fn render(
    head: &Head<'_>,
    scene: &Scene,
    before: &Markup,
    entries: &[Entry],
    filters: &[Filter],
    after: &Markup,
) -> String {
    // A style that stands in the page's head is one for the picture as well.
    let style = format!("{}{STYLE}", picture::STYLE);
    let policy = format!(
        "default-src 'none'; img-src data:; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(&style),
        hash(SCRIPT)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content="cairn";
                title { (clean(head.title)) }
                link rel="icon" href="data:,";
                style { (PreEscaped(&style)) }
            }
            body.paper {
                a.skip href="#list" { "To the list" }
                header {
                    h1 { (clean(head.title)) }
                    p.place { (clean(head.place)) }
                    (head.summary)
                }
                (before)
                main {
                    section.canvas #canvas aria-label="Picture: arrow keys go from one to the next" tabindex="-1" {
                        (drawing(scene, head.title, entries))
                    }
                    section.listing aria-label="Resources" {
                        (controls(filters))
                        ol #list { @for (index, entry) in entries.iter().enumerate() { (listed(index, entry)) } }
                        (after)
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string() + "\n"
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(digest))
}

fn drawing(scene: &Scene, title: &str, entries: &[Entry]) -> Markup {
    let places: BTreeMap<&LogicalId, usize> =
        entries.iter().enumerate().rev().map(|(index, entry)| (&entry.id, index)).collect();
    let anchor = |item: &Item| {
        let found: Vec<usize> = item.ids.iter().filter_map(|id| places.get(id).copied()).collect();
        let first = found.first()?;
        let data: Vec<String> = found.iter().map(ToString::to_string).collect();
        Some(Anchor { href: format!("#r{first}"), data: data.join(" ") })
    };
    let description = picture::describe(scene);
    picture::draw(scene, &Frame { title, description: &description, anchor: Some(&anchor) })
}

fn controls(filters: &[Filter]) -> Markup {
    html! {
        div.controls {
            div.filters role="group" aria-label="Which to show" {
                @for (index, filter) in filters.iter().enumerate() {
                    button type="button" class=(filter.name) data-filter=(filter.name) aria-pressed=(index == 0) {
                        (filter.title) " " span.count { (filter.count) }
                    }
                }
                button.chosen #chosen type="button" hidden { "" }
            }
            input #search type="search" placeholder="Name or type" aria-label="Search by name or type" autocomplete="off" spellcheck="false";
            p #shown role="status" { "" }
        }
    }
}

/// The class of an action, as in the picture.
fn class(action: Option<Action>) -> &'static str {
    match action {
        None => "plain",
        Some(Action::Keep) => "keep",
        Some(Action::Create) => "create",
        Some(Action::Update) => "update",
        Some(Action::Move) => "move",
        Some(Action::Adopt) => "adopt",
        Some(Action::Replace) => "replace",
        Some(Action::Delete) => "delete",
        Some(Action::Retain) => "retain",
    }
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Keep => "unchanged",
        Action::Create => "create",
        Action::Update => "update",
        Action::Move => "move",
        Action::Adopt => "adopt",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Retain => "let go",
    }
}

fn listed(index: usize, entry: &Entry) -> Markup {
    let class = class(entry.action);
    html! {
        li id=(format!("r{index}")) class=(class) data-action=(class) {
            details {
                summary {
                    @if let Some(action) = entry.action {
                        span.sign aria-hidden="true" { (if action == Action::Keep { "·" } else { glyph(action) }) }
                        span.spoken { (word(action)) ": " }
                    }
                    b { (clean(entry.id.as_str())) }
                    " " span.type { (clean(&entry.type_name)) }
                    @if let Some(id) = &entry.physical_id { " " code { (clean(id)) } }
                }
                div.body { (entry.body) }
            }
        }
    }
}

/// A sentence in which names stand in backticks.
fn spoken(text: &str) -> Markup {
    let text = clean(text);
    let pieces: Vec<&str> = text.split('`').collect();
    // One that is left open is none.
    let is_even = pieces.len() % 2 == 1;
    html! {
        @if is_even {
            @for (index, piece) in pieces.iter().enumerate() {
                @if index % 2 == 1 { code { (piece) } } @else { (piece) }
            }
        } @else { (text) }
    }
}

/// Links to other entries.
fn links(entries: &BTreeMap<LogicalId, usize>, ids: &[&LogicalId]) -> Markup {
    html! {
        @for (position, id) in ids.iter().enumerate() {
            @if position > 0 { ", " }
            @match entries.get(*id) {
                Some(index) => a href=(format!("#r{index}")) { (clean(id.as_str())) },
                None => (clean(id.as_str())),
            }
        }
    }
}

//! A picture as SVG: the places as they were found, in colours for a light and a dark page.

use maud::{Markup, PreEscaped, html};

use super::kind::short;
use super::layout::{LABELS, Layout, PAD, PORT, ROW, Rect, below, layout, runs};
use super::scene::{Card, Item, Scene, Site};
use super::text::{clean, fit, width};
use crate::plan::Action;
use crate::render::style::glyph;

pub const STYLE: &str = include_str!("picture.css");

/// Where a reader gets from an item: a fragment of the page that the picture is on, and the
/// resources that are meant.
pub struct Anchor {
    pub href: String,
    pub data: String,
}

/// Finds the anchor of an item, if it has one.
pub type ToAnchor<'a> = dyn Fn(&Item) -> Option<Anchor> + 'a;

/// How a picture is set into what surrounds it.
pub struct Frame<'a> {
    pub title: &'a str,
    pub description: &'a str,
    /// On a page items are links, and the page has the style.
    pub anchor: Option<&'a ToAnchor<'a>>,
}

pub fn draw(scene: &Scene, frame: &Frame<'_>) -> Markup {
    let layout = layout(scene);
    let (width, height) = (layout.width, layout.height);
    let is_alone = frame.anchor.is_none();
    let view = format!("0 0 {width} {height}");
    html! {
        // On a page it is a list of links, and no image.
        svg.picture xmlns="http://www.w3.org/2000/svg" viewBox=(view) width=(width) height=(height)
            role=(if is_alone { "img" } else { "group" }) aria-labelledby="picture-title picture-description" {
            title id="picture-title" { (clean(frame.title)) }
            desc id="picture-description" { (clean(frame.description)) }
            @if is_alone { style { (PreEscaped(STYLE)) } }
            defs {
                marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto" {
                    path.head d="M0 0 L10 5 L0 10 z" {}
                }
            }
            @if is_alone { rect.page width=(width) height=(height) rx="10" {} }
            (networks(scene, &layout, frame))
            @for line in &layout.lines { path.line d=(path(line)) marker-end="url(#arrow)" {} }
            @for rect in &layout.callers { (caller(rect)) }
            @for (card, pieces) in scene.cards.iter().zip(&layout.cards) {
                @for (index, rect) in pieces.iter().enumerate() {
                    (drawn(card, rect, index, frame))
                }
            }
            @for (shelf, (place, chips)) in scene.shelves.iter().zip(&layout.shelves) {
                text.heading x=(place.x) y=(place.y + 14) {
                    (fit(&shelf.title, 12, true, place.width))
                }
                @for (item, rect) in shelf.items.iter().zip(chips) { (chip(item, rect, frame)) }
            }
        }
    }
}

/// A line with its corners rounded.
fn path(corners: &[(usize, usize)]) -> String {
    const ROUND: usize = 7;
    // Towards a point, as far as the corner is round and there is room.
    let towards = |from: usize, to: usize| match from.abs_diff(to).min(ROUND * 2) / 2 {
        step if from < to => from + step,
        step => from - step,
    };
    let mut corners = corners.to_vec();
    corners.dedup();
    let mut text = String::new();
    for (index, (x, y)) in corners.iter().enumerate() {
        match (index, corners.get(index + 1)) {
            (0, _) => text.push_str(&format!("M{x} {y}")),
            (_, None) => text.push_str(&format!(" L{x} {y}")),
            (_, Some((after_x, after_y))) => {
                let (before_x, before_y) = corners[index - 1];
                text.push_str(&format!(
                    " L{} {} Q{x} {y} {} {}",
                    towards(*x, before_x),
                    towards(*y, before_y),
                    towards(*x, *after_x),
                    towards(*y, *after_y)
                ));
            }
        }
    }
    text
}

fn networks(scene: &Scene, layout: &Layout, frame: &Frame<'_>) -> Markup {
    html! {
        @for (vpc, rect) in scene.vpcs.iter().zip(&layout.vpcs) {
            rect.vpc x=(rect.x) y=(rect.y) width=(rect.width) height=(rect.height) rx="10" {}
            @let room = rect.width.min(LABELS + 176);
            @let label = Rect { x: rect.x + 6, y: rect.y + 5, width: room, height: 42 };
            (linked(&vpc.item, "network", frame, &html! {
                rect.hit x=(label.x) y=(label.y) width=(label.width) height=(label.height) rx="6" {}
                (named(&vpc.item, &label, &join(&[&vpc.item.note, vpc.ways])))
            }))
        }
        @for (vpc, bands) in scene.vpcs.iter().zip(&layout.bands) {
            @for (band, rect) in vpc.bands.iter().zip(bands) {
                rect.band x=(rect.x) y=(rect.y) width=(rect.width) height=(rect.height) rx="8" {}
                @let label = Rect { x: rect.x + 4, y: rect.y + 4, width: LABELS - 16, height: 40 };
                (linked(&band.item, "subnet", frame, &html! {
                    rect.hit x=(label.x) y=(label.y) width=(label.width) height=(label.height) rx="5" {}
                    (named(&band.item, &label, &join(&[&band.item.note, &band.zone])))
                }))
            }
        }
    }
}

fn join(texts: &[&str]) -> String {
    texts.iter().copied().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// A name with a line below it, and at the end what happens to it.
fn named(item: &Item, rect: &Rect, below: &str) -> Markup {
    let sign = sign(item, rect.right() - 14, rect.y + 14);
    let taken = if sign.is_some() { 46 } else { 20 };
    html! {
        text.name x=(rect.x + 10) y=(rect.y + 18) {
            (fit(&item.title, 13, true, rect.width.saturating_sub(taken)))
        }
        text.small x=(rect.x + 10) y=(rect.y + 34) {
            (fit(below, 11, false, rect.width.saturating_sub(20)))
        }
        @if let Some(sign) = sign { (sign) }
    }
}

fn class(mark: Option<Action>) -> &'static str {
    match mark {
        None => "",
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

/// What happens to it, as the terminal has it.
fn sign(item: &Item, x: usize, y: usize) -> Option<Markup> {
    let mark = item.mark.filter(|mark| *mark != Action::Keep)?;
    Some(html! {
        circle.badge cx=(x) cy=(y) r="8" {}
        text.sign x=(x) y=(y + 4) { (glyph(mark)) }
    })
}

/// An item as a link where there is a page, else as a group; its whole name for who points at it.
fn linked(item: &Item, what: &str, frame: &Frame<'_>, inner: &Markup) -> Markup {
    let class = format!("item {what} {}", class(item.mark));
    let label = describe(item);
    match frame.anchor.and_then(|anchor| anchor(item)) {
        Some(anchor) => html! {
            a class=(class.trim_end()) href=(anchor.href) data-r=(anchor.data) aria-label=(label) {
                title { (label) }
                (inner)
            }
        },
        None => html! {
            g class=(class.trim_end()) {
                title { (label) }
                (inner)
            }
        },
    }
}

/// The most names that are told of those that are folded.
const NAMED: usize = 12;

fn describe(item: &Item) -> String {
    let done = match item.mark {
        Some(Action::Keep) => ", unchanged".to_owned(),
        Some(action) => format!(", is {}", crate::render::style::words(action).1),
        None => String::new(),
    };
    let names: Vec<&str> = match item.ids.len() {
        0 | 1 => Vec::new(),
        _ => item.ids.iter().take(NAMED).map(crate::value::LogicalId::as_str).collect(),
    };
    let more = item.ids.len().saturating_sub(NAMED);
    let names = match (names.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(": {}", names.join(", ")),
        (false, more) => format!(": {} and {more} more", names.join(", ")),
    };
    let note = if item.note.is_empty() { String::new() } else { format!(", {}", item.note) };
    let kind = short(&item.type_name);
    let kind = if kind.is_empty() { String::new() } else { format!(", {kind}") };
    clean(&format!("{}{kind}{note}{done}{names}", item.title))
}

fn caller(rect: &Rect) -> Markup {
    html! {
        g.caller {
            rect.card x=(rect.x) y=(rect.y) width=(rect.width) height=(rect.height) rx="8" {}
            text.name x=(rect.x + PAD) y=(rect.y + 21) { "Callers" }
            text.small x=(rect.x + PAD) y=(rect.y + 37) { "outside" }
        }
    }
}

fn drawn(card: &Card, rect: &Rect, piece: usize, frame: &Frame<'_>) -> Markup {
    let item = &card.item;
    let kind = below(card);
    let head = Rect { x: rect.x + PAD - 10, y: rect.y + 3, width: rect.width - 8, height: 40 };
    let is_spread = match &card.site {
        Site::Inside { bands, .. } => runs(bands).len() > 1,
        _ => false,
    };
    let rows = rect.y + PORT + 22;
    html! {
        (linked(item, "actor", frame, &html! {
            rect.card x=(rect.x) y=(rect.y) width=(rect.width) height=(rect.height) rx="8" {}
            (named(item, &head, &kind))
        }))
        @if piece == 0 {
            @for (index, row) in card.rows.iter().enumerate() {
                (part(row, &Rect { x: rect.x + 6, y: rows + index * ROW - 13, width: rect.width - 12, height: ROW - 1 }, frame))
            }
            @for (index, group) in card.groups.iter().enumerate() {
                @let y = rows + (card.rows.len() + index) * ROW;
                path.group d=(format!("M{} {} l5 -5 l5 5 l-5 5 z", rect.x + PAD, y - 4)) {}
                text.small x=(rect.x + PAD + 15) y=(y) { (fit(group, 11, false, rect.width - 2 * PAD - 15)) }
            }
        } @else if is_spread && rect.height > 50 {
            text.small x=(rect.x + PAD) y=(rows) { "here as well" }
        }
    }
}

/// What belongs to a card, in one line.
fn part(item: &Item, rect: &Rect, frame: &Frame<'_>) -> Markup {
    let mark = item.mark.filter(|mark| *mark != Action::Keep);
    let end = rect.right() - if mark.is_some() { 22 } else { 8 };
    let room = end - rect.x - 8;
    let title = fit(&item.title, 12, false, room);
    let left = room.saturating_sub(width(&title, 12, false) + 10);
    let note = fit(&item.note, 11, false, left);
    linked(
        item,
        "part",
        frame,
        &html! {
            rect.hit x=(rect.x) y=(rect.y) width=(rect.width) height=(rect.height) rx="4" {}
            text x=(rect.x + 8) y=(rect.y + 13) { (title) }
            @if !item.note.is_empty() && note != "…" {
                text.small.end x=(end) y=(rect.y + 13) { (note) }
            }
            @if let Some(mark) = mark {
            text.sign x=(rect.right() - 10) y=(rect.y + 13) { (glyph(mark)) }
        }
        },
    )
}

fn chip(item: &Item, rect: &Rect, frame: &Frame<'_>) -> Markup {
    linked(
        item,
        "quiet",
        frame,
        &html! {
            rect.card x=(rect.x) y=(rect.y) width=(rect.width) height=(rect.height) rx="7" {}
            (named(item, rect, &join(&[short(&item.type_name), &item.note])))
        },
    )
}

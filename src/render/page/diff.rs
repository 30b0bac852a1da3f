//! What changes of a property, side by side or line by line.

use maud::{Markup, html};
use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};

use crate::plan::{Change, Why};
use crate::render::picture::clean;
use crate::render::plan::{document, told};

/// Longer texts are compared by their lines.
const SHORT: usize = 160;
/// The lines of context around what differs.
const CONTEXT: usize = 3;

/// One property: what it was and what it will be; of what is new only that.
pub fn change(change: &Change, is_new: bool) -> Markup {
    html! {
        div.change {
            h3 {
                (clean(&change.path))
                @if let Some(overwritten) = &change.overwritten {
                    " " span.why { (clean(&told(overwritten))) }
                }
                @if change.replaces { " " span.forces { "forces replacement" } }
                @match &change.why {
                    Why::Template => {}
                    Why::Dependency => { " " span.why { "what it depends on is made anew" } }
                    Why::Drift { .. } => { " " span.why { "drift: changed outside of Cairn, set back" } }
                }
            }
            @if is_new {
                (value("after", change.to.as_ref()))
            } @else if change.details.is_empty() || !is_long(change.from.as_ref()) && !is_long(change.to.as_ref()) {
                (sides(change.from.as_ref(), change.to.as_ref()))
            } @else {
                @for detail in &change.details {
                    h4 { (clean(detail.path.trim_start_matches('.'))) }
                    (sides(detail.from.as_ref(), detail.to.as_ref()))
                }
            }
        }
    }
}

pub fn sides(from: Option<&Json>, to: Option<&Json>) -> Markup {
    if let (Some(before), Some(after)) = (from, to)
        && (is_long(from) || is_long(to))
    {
        return lines(&document(before), &document(after));
    }
    html! { (value("before", from)) (value("after", to)) }
}

fn is_long(value: Option<&Json>) -> bool {
    value.map(document).is_some_and(|text| text.contains('\n') || text.chars().count() > SHORT)
}

fn value(side: &str, value: Option<&Json>) -> Markup {
    let text = value.map(document);
    let is_unknown = text.as_ref().is_some_and(|text| text.starts_with("(known after apply"));
    let (class, text) = match &text {
        None => ("none", "(none)".to_owned()),
        Some(text) if text.is_empty() => ("none", "(empty text)".to_owned()),
        Some(text) if is_unknown => ("unknown", cleaned(text)),
        Some(text) => ("known", cleaned(text)),
    };
    html! {
        div class=(side) {
            span.spoken { (side) ": " }
            pre class=(class) tabindex=[(text.lines().count() > 12).then_some("0")] { (text) }
        }
    }
}

/// New lines stay.
fn cleaned(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

fn lines(before: &str, after: &str) -> Markup {
    let diff = TextDiff::from_lines(before, after);
    html! {
        pre.lines tabindex="0" aria-label="what differs, line by line" {
            @for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
                @if index > 0 { span.skipped { "…\n" } }
                @for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
                    @let line = clean(change.value().trim_end_matches('\n'));
                    @match change.tag() {
                        ChangeTag::Delete => { del { "- " (line) "\n" } }
                        ChangeTag::Insert => { ins { "+ " (line) "\n" } }
                        ChangeTag::Equal => { span { "  " (line) "\n" } }
                    }
                }
            }
        }
    }
}

//! A plan as people read it: what changes, property by property, and what stays in one line.

mod differs;
pub(super) mod findings;
pub mod json;
pub mod markdown;
pub(super) mod renames;
pub(super) mod risks;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value as Json;

use super::style::{BAD, BOLD, CHANGED, DIM, GOOD, RENEWED, counted, glyph, paint, style};
use crate::plan::{
    Action, Change, Detail, Lost, Operation, OutputChange, Overwritten, Plan, Purpose, Step, Why,
};

use differs::{excerpts, render_lines};
pub use findings::count as count_findings;
pub use risks::count as count_risks;

/// What stands above a plan besides what it says itself.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    pub environment: &'a str,
}

/// The longest value shown in one line.
const WIDTH: usize = 88;
/// The longest value in a remark.
const SHORT: usize = 40;

pub fn render(plan: &Plan, header: &Header<'_>) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} {}",
        paint(BOLD, &plan.stack),
        paint(
            DIM,
            &format!("· {} · account {} · {}", header.environment, plan.account, plan.region)
        )
    );
    let shown: Vec<&Step> = plan.steps.iter().filter(|step| is_shown(plan, step)).collect();
    if !shown.is_empty() {
        text.push('\n');
    }
    let width = shown.iter().map(|step| step.logical_id.as_str().len()).max().unwrap_or_default();
    for step in shown {
        render_step(&mut text, step, width);
    }
    render_outputs(&mut text, plan);
    for note in &plan.notes {
        let _ = writeln!(text, "\nnote: {note}");
    }
    renames::render(&mut text, plan);
    render_lost(&mut text, "  Not brought back", &plan.lost);
    risks::render(&mut text, plan);
    findings::render(&mut text, plan);
    let _ = writeln!(text, "\n{}", summary(plan));
    if let Some(risks) = risks::summary(plan) {
        let _ = writeln!(text, "{risks}");
    }
    if let Some(findings) = findings::summary(plan) {
        let _ = writeln!(text, "{findings}");
    }
    text
}

/// The old side of a replacement is part of the replacement, unless it stays in AWS; what stays as
/// it is is only counted.
pub(super) fn is_shown(plan: &Plan, step: &Step) -> bool {
    match step.action {
        Action::Keep => false,
        Action::Delete => !plan.steps.iter().any(|other| {
            other.logical_id == step.logical_id
                && other.action == Action::Replace
                && other.physical_id == step.physical_id
        }),
        Action::Move
        | Action::Adopt
        | Action::Create
        | Action::Update
        | Action::Replace
        | Action::Retain => true,
    }
}

fn render_step(text: &mut String, step: &Step, width: usize) {
    let style = style(step.action);
    let id = step.physical_id.as_ref().map(|id| paint(DIM, id.as_str())).unwrap_or_default();
    let head = format!("{} {:<width$}", glyph(step.action), step.logical_id.as_str());
    let _ = writeln!(
        text,
        "{}",
        format!("  {}  {}  {id}", paint(style.bold(), &head), step.type_name).trim_end()
    );
    for reason in &step.reasons {
        let _ = writeln!(text, "      {}", paint(DIM, &format!("# {reason}")));
    }
    let is_new = step.action == Action::Create;
    for change in &step.changes {
        if is_new {
            let value = change.to.as_ref().map(inline).unwrap_or_default();
            let _ = writeln!(text, "      {}: {}", change.path, mark_unknown(&value));
        } else {
            render_change(text, change);
        }
    }
}

pub(super) fn render_change(text: &mut String, change: &Change) {
    let forces = if change.replaces {
        format!("  {}", paint(RENEWED, "forces replacement"))
    } else {
        String::new()
    };
    let why = match &change.why {
        Why::Template => String::new(),
        Why::Dependency => format!("  {}", paint(DIM, "# what it depends on is made anew")),
        Why::Drift { .. } => {
            format!("  {}", paint(CHANGED, "# drift: changed outside of Cairn, set back"))
        }
    };
    let why = match &change.overwritten {
        Some(overwritten) => {
            format!("{why}  {}", paint(CHANGED, &format!("# {}", told(overwritten))))
        }
        None => why,
    };
    let before = change.from.as_ref().map(document);
    let after = change.to.as_ref().map(document);
    let is_long = |value: &Option<String>| {
        value.as_ref().is_some_and(|text| text.contains('\n') || text.len() > WIDTH)
    };
    if !change.details.is_empty() && (is_long(&before) || is_long(&after)) {
        let _ = writeln!(text, "      {}:{forces}{why}", change.path);
        for detail in &change.details {
            render_detail(text, detail);
        }
        return;
    }
    if is_long(&before) || is_long(&after) {
        let _ = writeln!(text, "      {}:{forces}{why}", change.path);
        render_lines(text, &before.unwrap_or_default(), &after.unwrap_or_default());
        return;
    }
    let from =
        change.from.as_ref().map_or_else(|| paint(DIM, "(none)"), |from| paint(BAD, &inline(from)));
    let to = change.to.as_ref().map_or_else(
        || paint(DIM, "(none)"),
        |to| if change.known { paint(GOOD, &inline(to)) } else { mark_unknown(&inline(to)) },
    );
    let _ = writeln!(text, "      {}: {from} → {to}{forces}{why}", change.path);
}

fn render_detail(text: &mut String, detail: &Detail) {
    let path = detail.path.trim_start_matches('.');
    let is_long =
        |value: &Option<Json>| value.as_ref().is_some_and(|value| inline(value) != one_line(value));
    if is_long(&detail.from) || is_long(&detail.to) {
        let side = |value: &Option<Json>| value.as_ref().map(document).unwrap_or_default();
        let _ = writeln!(text, "        {path}:");
        return render_lines(text, &side(&detail.from), &side(&detail.to));
    }
    let side = |value: &Option<Json>, style| match value {
        Some(value) => mark_unknown_or(style, &inline(value)),
        None => paint(DIM, "(none)"),
    };
    let _ =
        writeln!(text, "        {path}: {} → {}", side(&detail.from, BAD), side(&detail.to, GOOD));
}

fn mark_unknown_or(style: anstyle::Style, text: &str) -> String {
    if text.contains("(known after apply") { paint(CHANGED, text) } else { paint(style, text) }
}

/// Without colours.
pub(super) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// A value over several lines: texts as they are, the rest as JSON; a text that holds JSON as JSON.
pub(super) fn document(value: &Json) -> String {
    match value {
        Json::String(text) => match serde_json::from_str::<Json>(text) {
            Ok(inner @ (Json::Object(_) | Json::Array(_))) => pretty(&inner),
            _ => text.clone(),
        },
        other => pretty(other),
    }
}

fn pretty(value: &Json) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

/// What others did to what is changed, in words.
pub(super) fn told(overwritten: &Overwritten) -> String {
    let told = "drift: also changed outside of Cairn";
    let applied = one_line(&overwritten.applied);
    match applied.len() <= SHORT {
        true => format!("{told}, it was {applied}"),
        false => told.to_owned(),
    }
}

/// A value in one line, as long as it is.
fn one_line(value: &Json) -> String {
    match value {
        Json::String(text) if text.starts_with("(known after apply") => text.clone(),
        Json::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}

/// A value in one line, shortened.
fn inline(value: &Json) -> String {
    let text = match value {
        Json::String(text) if text.contains('\n') => {
            let mut lines = text.lines();
            let first = shorten(lines.next().unwrap_or_default(), WIDTH - 20);
            match lines.count() {
                0 => format!("\"{first}\""),
                more => format!("\"{first}\" … {more} more lines"),
            }
        }
        other => one_line(other),
    };
    shorten(&text, WIDTH)
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most - 1).collect();
    format!("{start}…")
}

fn mark_unknown(text: &str) -> String {
    if text.contains("(known after apply") { paint(CHANGED, text) } else { text.to_owned() }
}

/// What a rollback cannot undo.
pub fn render_lost(text: &mut String, title: &str, lost: &[Lost]) {
    if lost.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", paint(BOLD, title));
    for Lost { logical_id, why } in lost {
        let _ = writeln!(text, "      {logical_id}: {why}");
    }
}

fn render_outputs(text: &mut String, plan: &Plan) {
    if plan.purpose == Purpose::Teardown {
        return;
    }
    render_changes(text, "Outputs", &plan.outputs);
    render_changes(text, "Exports", &plan.exports);
}

fn render_changes(text: &mut String, title: &str, changes: &BTreeMap<String, OutputChange>) {
    let changed: Vec<_> = changes.iter().filter(|(_, change)| change.is_change()).collect();
    if changed.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  {}", paint(BOLD, title));
    for (name, change) in changed {
        let _ = writeln!(text, "      {name}: {}", mark_unknown(&output(change)));
    }
}

/// An output in one line: what it will be, and what it was, both where they differ.
fn output(change: &OutputChange) -> String {
    match (&change.before, &change.after) {
        (_, None) => "(removed)".to_owned(),
        (Some(before), Some(after)) if before != after => {
            let (before, after) = excerpts(&one_line(before), &one_line(after), WIDTH);
            format!("{before} → {after}")
        }
        (_, Some(after)) => inline(after),
    }
}

/// How many resources meet with what; the old side of a replacement belongs to it.
pub fn counts(plan: &Plan) -> [(&'static str, usize); 8] {
    let count = |action| {
        let is_counted = |step: &&Step| {
            step.action == action
                && match action {
                    Action::Keep => step.operation.is_forward(),
                    _ => is_shown(plan, step),
                }
        };
        plan.steps.iter().filter(is_counted).count()
    };
    [
        ("adopt", count(Action::Adopt)),
        ("move", count(Action::Move)),
        ("create", count(Action::Create)),
        ("update", count(Action::Update)),
        ("replace", count(Action::Replace)),
        ("delete", count(Action::Delete)),
        ("let go", count(Action::Retain)),
        ("unchanged", count(Action::Keep)),
    ]
}

/// One line that counts.
pub fn summary(plan: &Plan) -> String {
    const ACTIONS: [Action; 7] = [
        Action::Adopt,
        Action::Move,
        Action::Create,
        Action::Update,
        Action::Replace,
        Action::Delete,
        Action::Retain,
    ];
    let [changed @ .., (_, kept)] = counts(plan);
    let parts: Vec<String> = ACTIONS
        .into_iter()
        .zip(changed)
        .filter(|(_, (_, number))| *number > 0)
        .map(|(action, (word, number))| paint(style(action), &format!("{number} to {word}")))
        .collect();
    if parts.is_empty() {
        if plan.outputs.values().chain(plan.exports.values()).any(OutputChange::is_change)
            && plan.purpose != Purpose::Teardown
        {
            let kept = format!("{} as before", are(kept));
            return format!("Only outputs change, {kept}.");
        }
        return match plan.purpose {
            Purpose::Deploy => format!("Nothing to do: {} as the template says.", are(kept)),
            Purpose::Teardown => "Nothing to do: the stack owns nothing.".to_owned(),
            Purpose::Import => format!("Nothing to do: {} the stack's already.", are(kept)),
            Purpose::Rollback => format!("Nothing to do: {} as before.", are(kept)),
        };
    }
    let kept = if kept > 0 { format!(", {kept} unchanged") } else { String::new() };
    format!("{}{kept}.", parts.join(", "))
}

/// `1 resource is`, `2 resources are`.
pub(super) fn are(count: usize) -> String {
    format!("{} {}", counted(count, "resource"), if count == 1 { "is" } else { "are" })
}

/// Whether a step makes calls, and so shows up while a plan runs.
pub fn is_visible(step: &Step) -> bool {
    !matches!(step.operation, Operation::Nothing | Operation::Record { .. })
        && step.action != Action::Keep
}

//! A plan as a comment on a pull request: what changes at a glance, each change folded.
//!
//! Forges cut off, or refuse, what is longer than 65,536 characters. What does not fit is left
//! out here instead, largest first, and the comment says what and where to read it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Header, findings, is_shown, output, plain, renames, render_step, risks, summary};
use crate::plan::{Action, Finding, Plan, Purpose, Rename, Risk, Step};
use crate::render::style::{glyph, words};

/// The most characters a comment has.
pub const LIMIT: usize = 65_000;
/// Of those, for what is not about one resource or output.
const FRAME: usize = 4_000;

pub fn render(plan: &Plan, header: &Header<'_>) -> String {
    let items = items(plan);
    let shown = fit(&items, LIMIT - FRAME);
    let mut text = format!(
        "### `{}` · {} · account {} · {}\n\n**{}**\n",
        plan.stack,
        header.environment,
        plan.account,
        plan.region,
        plain(&summary(plan))
    );
    if let Some(risks) = risks::summary(plan) {
        let _ = write!(text, "\n**{}**\n", plain(&risks));
    }
    if let Some(findings) = findings::summary(plan) {
        let _ = write!(text, "\n**{}**\n", plain(&findings));
    }
    for note in &plan.notes {
        let _ = write!(text, "\n> {}\n", escaped(&one_line(note, 300)));
    }
    let mut omitted = Omitted::default();
    let is_plain = plan.risks.is_empty() && plan.renames.is_empty() && plan.findings.is_empty();
    let mut section = if is_plain { CHANGES } else { "" };
    for (item, form) in items.iter().zip(shown) {
        if item.section != section && form != Shown::Counted {
            section = item.section;
            let _ = write!(text, "\n#### {section}\n");
        }
        match form {
            Shown::Whole => text.push_str(&item.whole),
            Shown::Heading => {
                text.push_str(&item.heading);
                omitted.bodies.push(&item.name);
            }
            Shown::Counted => *omitted.items.entry(item.kind.clone()).or_default() += 1,
        }
    }
    omitted.tell(&mut text);
    text
}

/// A resource or the outputs, in its two lengths.
struct Item {
    section: &'static str,
    name: String,
    /// For counting those that have no room: `created AWS::EC2::VPC`.
    kind: String,
    heading: String,
    whole: String,
    weight: Weight,
}

/// What is rather left out comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Harmless,
    Destructive,
    Risk,
}

/// The section of what is no risk, where there are risks.
const CHANGES: &str = "Changes";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Whole,
    Heading,
    Counted,
}

fn items(plan: &Plan) -> Vec<Item> {
    let mut items: Vec<Item> = plan.renames.iter().map(rename_item).collect();
    let risks = risks::CLASSES.into_iter().flat_map(|class| risks::of(plan, class));
    items.extend(risks.map(risk_item));
    items.extend(findings::ordered(plan).into_iter().map(finding_item));
    items.extend(plan.steps.iter().filter(|step| is_shown(plan, step)).map(step_item));
    items.extend(outputs_item(plan));
    items
}

fn rename_item(rename: &Rename) -> Item {
    let id = rename.to.as_str();
    let told = escaped(&one_line(&renames::told(rename), 600));
    let heading = format!("<code>→</code> <b>{}</b> {told}", escaped(id));
    let body = format!("{}\n{}", renames::advice(rename), rename.line);
    let item = item(id, "possible renames".to_owned(), &heading, &body, Weight::Risk);
    Item { section: renames::TITLE, ..item }
}

fn risk_item(risk: &Risk) -> Item {
    let heading = format!(
        "<code>{}</code> <b>{}</b> {}",
        risks::sign(risk.class),
        escaped(risk.logical_id.as_str()),
        escaped(&one_line(&risk.what, 600))
    );
    let mut body = risks::sides(risk);
    if risk.what.chars().count() > 600 {
        body.insert(0, risk.what.clone());
    }
    let kind = format!("{} risks", risks::word(risk.class));
    let item = item(risk.logical_id.as_str(), kind, &heading, &body.join("\n"), Weight::Risk);
    Item { section: risks::title(risk.class), ..item }
}

fn finding_item(finding: &Finding) -> Item {
    let about = finding.logical_id.as_ref().map_or(finding.by.as_str(), |id| id.as_str());
    let heading = format!(
        "<code>{}</code> <b>{}</b> {} ({})",
        findings::word(finding),
        escaped(about),
        escaped(&one_line(&finding.message, 600)),
        escaped(&finding.by)
    );
    let body = findings::below(finding).join("\n");
    let kind = format!("findings that are {}s", findings::word(finding));
    let item = item(about, kind, &heading, &body, Weight::Risk);
    Item { section: findings::TITLE, ..item }
}

fn step_item(step: &Step) -> Item {
    let id = step.logical_id.as_str();
    let (_, done) = words(step.action);
    let physical =
        step.physical_id.as_ref().map(|one| format!(" <code>{}</code>", escaped(one.as_str())));
    let forced: Vec<&str> = step
        .changes
        .iter()
        .filter(|change| change.replaces)
        .map(|change| change.path.as_str())
        .collect();
    let forced = match forced.is_empty() {
        true => String::new(),
        false => format!(", forced by {}", escaped(&one_line(&forced.join(", "), 200))),
    };
    let heading = format!(
        "<code>{}</code> <b>{}</b> is {done}{forced} · {}{}",
        glyph(step.action),
        escaped(id),
        escaped(step.type_name.as_str()),
        physical.unwrap_or_default()
    );
    let mut body = String::new();
    render_step(&mut body, step, 0);
    let body = plain(&body);
    // The first line says what the heading does.
    let body: Vec<String> = body.lines().skip(1).map(flushed).collect();
    let weight = match step.action {
        Action::Delete | Action::Replace => Weight::Destructive,
        Action::Keep
        | Action::Move
        | Action::Adopt
        | Action::Create
        | Action::Update
        | Action::Retain => Weight::Harmless,
    };
    item(id, format!("{done} {}", step.type_name), &heading, &body.join("\n"), weight)
}

fn outputs_item(plan: &Plan) -> Option<Item> {
    let changed: Vec<_> = plan.outputs.iter().filter(|(_, change)| change.is_change()).collect();
    if changed.is_empty() || plan.purpose == Purpose::Teardown {
        return None;
    }
    let heading = format!("Outputs: {} change", changed.len());
    let mut body = String::new();
    for (name, change) in changed {
        let _ = writeln!(body, "{name}: {}", output(change));
    }
    Some(item("Outputs", "changed outputs".to_owned(), &heading, &body, Weight::Harmless))
}

fn item(name: &str, kind: String, heading: &str, body: &str, weight: Weight) -> Item {
    let body = body.trim_end();
    let alone = format!("\n{heading}\n");
    let whole = match body.is_empty() {
        true => alone.clone(),
        false => {
            let fence = fence(body);
            format!(
                "\n<details><summary>{heading}</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n"
            )
        }
    };
    Item { section: CHANGES, name: name.to_owned(), kind, heading: alone, whole, weight }
}

/// Which items have room, and how: bodies go first, the largest before smaller ones, and only
/// then items, those that take nothing away first.
fn fit(items: &[Item], limit: usize) -> Vec<Shown> {
    let length = |text: &str| text.chars().count();
    let mut shown = vec![Shown::Whole; items.len()];
    let mut total: usize = items.iter().map(|item| length(&item.whole)).sum();
    let saved = |item: &Item| length(&item.whole).saturating_sub(length(&item.heading));
    let mut by_body: Vec<usize> = (0..items.len()).collect();
    by_body.sort_by_key(|index| std::cmp::Reverse(saved(&items[*index])));
    for index in by_body {
        if total <= limit {
            return shown;
        }
        if saved(&items[index]) > 0 {
            total -= saved(&items[index]);
            shown[index] = Shown::Heading;
        }
    }
    let mut by_weight: Vec<usize> = (0..items.len()).collect();
    by_weight.sort_by_key(|index| (items[*index].weight, std::cmp::Reverse(*index)));
    for index in by_weight {
        if total <= limit {
            return shown;
        }
        total -= length(&items[index].heading);
        shown[index] = Shown::Counted;
    }
    shown
}

/// What has no room.
#[derive(Default)]
struct Omitted<'a> {
    bodies: Vec<&'a str>,
    items: BTreeMap<String, usize>,
}

impl Omitted<'_> {
    fn tell(&self, text: &mut String) {
        const NAMED: usize = 20;
        if self.bodies.is_empty() && self.items.is_empty() {
            return;
        }
        text.push_str("\n> [!WARNING]\n> This plan is too long for a comment.");
        if !self.bodies.is_empty() {
            let names: Vec<String> =
                self.bodies.iter().take(NAMED).map(|name| escaped(&one_line(name, 80))).collect();
            let more = self.bodies.len() - names.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = write!(text, " Without their properties: {}{more}.", names.join(", "));
        }
        if !self.items.is_empty() {
            let kinds: Vec<String> = self
                .items
                .iter()
                .take(NAMED)
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            let more: usize = self.items.values().skip(NAMED).sum();
            let more = if more > 0 { format!(" and {more} others") } else { String::new() };
            let _ = write!(text, " Not listed at all: {}{more}.", kinds.join(", "));
        }
        text.push_str("\n> All of it: `cairn plan show` on the saved plan.\n");
    }
}

/// A line of a change without its indentation, the signs of a difference in the first column,
/// where forges colour them.
fn flushed(line: &str) -> String {
    let inner = line.strip_prefix("      ").unwrap_or(line);
    match inner.strip_prefix("  ") {
        Some(signed) if signed.starts_with("+ ") || signed.starts_with("- ") => signed.to_owned(),
        // Lines around what differs have two blanks for a sign.
        Some(around) if around.starts_with("  ") => around.to_owned(),
        _ => inner.to_owned(),
    }
}

fn one_line(text: &str, most: usize) -> String {
    super::shorten(&text.split_whitespace().collect::<Vec<_>>().join(" "), most)
}

/// More backticks in a row than the text has.
fn fence(text: &str) -> String {
    let longest = text.split(|one| one != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

/// Text that means itself, in Markdown and in HTML.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, one| {
        match one {
            '<' | '>' | '&' | '`' | '*' | '_' | '[' | ']' | '@' | '#' | '|' | '\\' => {
                let _ = write!(escaped, "&#{};", u32::from(one));
            }
            other => escaped.push(other),
        }
        escaped
    })
}

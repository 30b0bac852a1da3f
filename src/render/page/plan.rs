//! A plan as a page: the stack with its changes coloured, and each change with its reasons.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Entry, Filter, Head, diff, links, spoken, word};
use crate::plan::{Action, Class, OutputChange, Plan, Purpose, Step};
use crate::render::picture::{self, Marks, clean};
use crate::render::plan::{Header, findings, is_shown, plain, renames, risks, summary};
use crate::sketch::Sketch;
use crate::value::LogicalId;

/// What happens to each resource. Where there are several steps, what becomes of the one in use
/// counts, and not what goes with it.
pub fn marks(plan: &Plan) -> Marks {
    let mut marks = Marks::new();
    let (forward, rest): (Vec<&Step>, Vec<&Step>) =
        plan.steps.iter().partition(|step| step.operation.is_forward());
    for step in forward.into_iter().chain(rest) {
        marks.entry(step.logical_id.clone()).or_insert(step.action);
    }
    marks
}

pub fn render(plan: &Plan, sketch: &Sketch, header: &Header<'_>) -> String {
    let steps = steps(plan);
    let places: BTreeMap<LogicalId, usize> =
        steps.iter().enumerate().rev().map(|(at, step)| (step.logical_id.clone(), at)).collect();
    let entries: Vec<Entry> = steps.iter().map(|step| entry(plan, step, &places)).collect();
    let place = format!("{} · account {} · {}", header.environment, plan.account, plan.region);
    let head = Head {
        title: &plan.stack,
        place: &place,
        summary: html! {
            p.summary { (plain(&summary(plan))) }
            @if plan.purpose == Purpose::Teardown { p.note { "This plan tears the stack down." } }
            @for note in &plan.notes { p.note { (spoken(note)) } }
        },
    };
    let scene = picture::scene(sketch, &marks(plan));
    super::render(
        &head,
        &scene,
        &html! {
            (dangers(plan, &places))
            (found(plan, &places))
            (renamed(plan, &places))
        },
        &entries,
        &filters(&steps),
        &outputs(plan),
    )
}

/// One for each resource and each of its instances: what changes first, as in the plan.
fn steps(plan: &Plan) -> Vec<&Step> {
    let shown = plan.steps.iter().filter(|step| is_shown(plan, step));
    let kept =
        plan.steps.iter().filter(|step| step.action == Action::Keep && step.operation.is_forward());
    shown.chain(kept).collect()
}

fn filters(steps: &[&Step]) -> Vec<Filter> {
    const ACTIONS: [Action; 8] = [
        Action::Move,
        Action::Adopt,
        Action::Create,
        Action::Update,
        Action::Replace,
        Action::Delete,
        Action::Retain,
        Action::Keep,
    ];
    let count = |action: Action| steps.iter().filter(|step| step.action == action).count();
    let changed = steps.len() - count(Action::Keep);
    let all = Filter { name: "all", title: "all".to_owned(), count: steps.len() };
    let mut filters = Vec::new();
    if changed > 0 && changed < steps.len() {
        filters.push(Filter { name: "changed", title: "changed".to_owned(), count: changed });
    }
    filters.push(all);
    filters.extend(ACTIONS.into_iter().filter(|action| count(*action) > 0).map(|action| Filter {
        name: super::class(Some(action)),
        title: word(action).to_owned(),
        count: count(action),
    }));
    filters
}

/// The risks, before anything else.
fn dangers(plan: &Plan, places: &BTreeMap<LogicalId, usize>) -> Markup {
    let Some(told) = risks::summary(plan) else { return html! {} };
    let is_lost = risks::of(plan, Class::Destructive).next().is_some();
    let worst = if is_lost { Class::Destructive } else { Class::Broadening };
    html! {
        section class=(format!("risks {}", risks::word(worst))) aria-label="Risks" {
            details open[plan.risks.len() <= 12] {
                summary { h2 { (plain(&told)) } }
                @for class in risks::CLASSES {
                    @let all: Vec<_> = risks::of(plan, class).collect();
                    @if !all.is_empty() {
                        h3 { (risks::title(class)) }
                        ul class=(risks::word(class)) {
                            @for risk in all {
                                li {
                                    (links(places, &[&risk.logical_id])) " " (spoken(&risk.what))
                                    @for side in risks::sides(risk) { div.side { (spoken(&side)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What rules and the account say, errors first.
fn found(plan: &Plan, places: &BTreeMap<LogicalId, usize>) -> Markup {
    let Some(told) = findings::summary(plan) else { return html! {} };
    let all = findings::ordered(plan);
    let worst = if all.iter().any(|one| one.is_error()) { "error" } else { "warning" };
    html! {
        section class=(format!("risks findings {worst}")) aria-label=(findings::TITLE) {
            details open[all.len() <= 12] {
                summary { h2 { (plain(&told)) } }
                ul {
                    @for finding in all {
                        li class=(findings::word(finding)) {
                            b { (findings::word(finding)) } " "
                            @if let Some(id) = &finding.logical_id { (links(places, &[id])) " " }
                            (spoken(&finding.message)) " " span.by { (clean(&finding.by)) }
                            @for line in findings::below(finding) { div.side { (spoken(&line)) } }
                        }
                    }
                }
            }
        }
    }
}

/// What looks as if it had only been renamed, and what to write then.
fn renamed(plan: &Plan, places: &BTreeMap<LogicalId, usize>) -> Markup {
    html! {
        @if !plan.renames.is_empty() {
            section.risks.renames aria-label=(renames::TITLE) {
                details open[plan.renames.len() <= 12] {
                    summary { h2 { (renames::TITLE) } }
                    ul {
                        @for rename in &plan.renames {
                            li {
                                (links(places, &[&rename.to])) " " (spoken(&renames::told(rename)))
                                div.side { (spoken(&renames::advice(rename))) }
                                pre { (clean(&rename.line)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn entry(plan: &Plan, step: &Step, places: &BTreeMap<LogicalId, usize>) -> Entry {
    let is_new = step.action == Action::Create;
    let waits: Vec<&LogicalId> = others(plan, step, &mut step.after.iter().map(|id| id.0));
    let awaited = plan.steps.iter().filter(|other| other.after.contains(&step.id));
    let awaited = others(plan, step, &mut awaited.map(|other| other.id.0));
    let body = html! {
        @for reason in &step.reasons { p.reason { (spoken(reason)) } }
        @for change in &step.changes { (diff::change(change, is_new)) }
        @if step.action == Action::Keep { p.reason { "It stays as it is." } }
        @if step.changes.is_empty() && step.reasons.is_empty() && step.action != Action::Keep {
            p.reason { "No property says more." }
        }
        @if !waits.is_empty() { p.waits { "Waits for " (links(places, &waits)) "." } }
        @if !awaited.is_empty() { p.waits { "Waited for by " (links(places, &awaited)) "." } }
    };
    Entry {
        id: step.logical_id.clone(),
        type_name: step.type_name.as_str().to_owned(),
        physical_id: step.physical_id.as_ref().map(|id| id.as_str().to_owned()),
        action: Some(step.action),
        body,
    }
}

/// The resources of some steps, each once and without those where nothing happens.
fn others<'p>(
    plan: &'p Plan,
    step: &Step,
    ids: &mut dyn Iterator<Item = usize>,
) -> Vec<&'p LogicalId> {
    let mut found: Vec<&LogicalId> = Vec::new();
    for other in ids.filter_map(|id| plan.steps.get(id)) {
        if other.action != Action::Keep
            && other.logical_id != step.logical_id
            && !found.contains(&&other.logical_id)
        {
            found.push(&other.logical_id);
        }
    }
    found
}

fn outputs(plan: &Plan) -> Markup {
    let changed = |all: &BTreeMap<String, OutputChange>| {
        all.iter()
            .filter(|(_, change)| change.is_change())
            .map(|(name, change)| (name.clone(), change.clone()))
            .collect::<Vec<_>>()
    };
    html! {
        @for (title, changes) in [("Outputs", changed(&plan.outputs)), ("Exports", changed(&plan.exports))] {
            @if !changes.is_empty() {
                section.outputs {
                    h2 { (title) }
                    @for (name, change) in &changes {
                        div.change {
                            h3 { (clean(name)) }
                            (diff::sides(change.before.as_ref(), change.after.as_ref()))
                        }
                    }
                }
            }
        }
    }
}

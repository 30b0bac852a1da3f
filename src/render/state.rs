//! What is said of states: what is wrong with one, its runs, who holds it, what was found again.

use std::fmt::Write as _;

use super::style::{BAD, BOLD, CHANGED, DIM, GOOD, paint};
use crate::rebuild::Rebuilt;
use crate::state::store::{Finding, Held};
use crate::state::{Counts, Ending, Run};
use crate::value::PhysicalId;

pub fn render_findings(place: &str, findings: &[Finding]) -> String {
    let mut text = format!("{}\n", paint(BOLD, place));
    for finding in findings {
        let what = paint(BAD, &finding.what.to_string());
        let _ = writeln!(text, "  {what}  {}: {}", finding.place, finding.text);
        if !finding.hint.is_empty() {
            let _ = writeln!(text, "      {}", paint(DIM, &format!("hint: {}", finding.hint)));
        }
    }
    text
}

pub fn render_held(held: &Held) -> String {
    let who = match &held.holder {
        Some(holder) => format!(
            "`{}` by {} on {}, process {}, since {}",
            holder.command, holder.user, holder.host, holder.pid, holder.since
        ),
        None => "a process that has not said who it is".to_owned(),
    };
    match held.heard {
        Some(heard) => format!("{who}, heard of {} s ago", heard.as_secs()),
        None => who,
    }
}

pub fn render_run(run: &Run) -> String {
    format!("{} (`{}`), begun at {} after serial {}", run.run, run.command, run.at, run.serial - 1)
}

/// The runs, as they are given. `is_held` says that the newest may still be at work.
pub fn render_history(runs: &[&Run], is_held: bool) -> String {
    if runs.is_empty() {
        return "no run is remembered\n".to_owned();
    }
    let command = runs.iter().map(|run| run.command.len()).max().unwrap_or_default();
    let who = |run: &Run| match (run.user.as_str(), run.host.as_str()) {
        ("", "") => "unknown".to_owned(),
        (user, host) => format!("{user}@{host}"),
    };
    let width = runs.iter().map(|run| who(run).len()).max().unwrap_or_default();
    let mut text = String::new();
    for (index, run) in runs.iter().enumerate() {
        let ending = match (run.ending, index == 0 && is_held) {
            (Ending::Closed, _) => String::new(),
            (Ending::Open, true) => paint(CHANGED, "  at work"),
            (Ending::Open, false) => paint(CHANGED, "  cut off"),
        };
        let _ = writeln!(
            text,
            "{:>6}  {}  {:<command$}  {:<width$}  {}{ending}",
            run.serial,
            run.at,
            run.command,
            who(run),
            counts(run.changed),
        );
    }
    text
}

fn counts(counts: Counts) -> String {
    let each = [
        (counts.created, "created"),
        (counts.updated, "updated"),
        (counts.deleted, "deleted"),
        (counts.forgotten, "forgotten"),
        (counts.moved, "moved"),
        (counts.adopted, "adopted"),
        (counts.failed, "failed"),
    ];
    let told: Vec<String> = each
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if told.is_empty() { "nothing changed".to_owned() } else { told.join(", ") }
}

pub fn render_rebuilt(stack: &str, environment: &str, rebuilt: &Rebuilt) -> String {
    let Rebuilt { found, missing, ambiguous, strays, .. } = rebuilt;
    let mut text =
        format!("{} {}\n\n", paint(BOLD, stack), paint(DIM, &format!("· {environment}")));
    let all = found.iter().map(|it| it.id.as_str());
    let all = all.chain(missing.iter().map(|it| it.id.as_str()));
    let width = all.map(str::len).max().unwrap_or_default();
    for one in found {
        let sign = paint(GOOD, "=");
        let _ = writeln!(
            text,
            "  {sign} {:<width$}  {:<36}  {}",
            one.id, one.type_name, one.physical_id
        );
        if !one.untold.is_empty() {
            let note = format!(
                "# AWS does not tell: {}; taken as the template says",
                one.untold.join(", ")
            );
            let _ = writeln!(text, "      {}", paint(DIM, &note));
        }
    }
    for one in missing {
        let sign = paint(CHANGED, "?");
        let why = match &one.for_want_of {
            Some(source) => format!("not found, for want of {source}"),
            None => "not found".to_owned(),
        };
        let _ = writeln!(text, "  {sign} {:<width$}  {:<36}  {why}", one.id, one.type_name);
    }
    for one in ambiguous {
        let ids: Vec<&str> = one.candidates.iter().map(PhysicalId::as_str).collect();
        let sign = paint(BAD, "!");
        let _ = writeln!(
            text,
            "  {sign} {:<width$}  {:<36}  one of {}",
            one.id,
            one.type_name,
            ids.join(", ")
        );
    }
    for one in strays {
        let ids: Vec<&str> = one.physical_ids.iter().map(PhysicalId::as_str).collect();
        let sign = paint(CHANGED, "*");
        let _ = writeln!(
            text,
            "  {sign} {:<width$}  {:<36}  {}  {}",
            one.id,
            one.type_name,
            ids.join(", "),
            paint(
                DIM,
                "# this stack's, and not in the template: it stays as it is, and nothing remembers it"
            )
        );
    }
    let _ = writeln!(
        text,
        "\n{} found, {} not found, {} more than once, {} not in the template",
        found.len(),
        missing.len(),
        ambiguous.len(),
        strays.len()
    );
    text
}

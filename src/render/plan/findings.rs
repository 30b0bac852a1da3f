//! What rules and a look at the account say of a plan, in a section of its own: errors first.

use std::fmt::Write as _;

use crate::diagnostic::Severity;
use crate::plan::{Finding, Plan};
use crate::render::style::{BAD, BOLD, CHANGED, DIM, paint};

pub const TITLE: &str = "Findings";

/// The findings, errors first.
pub fn ordered(plan: &Plan) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = plan.findings.iter().collect();
    findings.sort_by_key(|finding| finding.severity);
    findings
}

pub fn word(finding: &Finding) -> &'static str {
    match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Where it is, as editors and forges make a link of it: `stack.yaml:12:3`.
pub fn place(finding: &Finding) -> Option<String> {
    let place = finding.place.as_ref()?;
    Some(format!("{}:{}:{}", place.file, place.line, place.column))
}

pub fn render(text: &mut String, plan: &Plan) {
    for (index, finding) in ordered(plan).into_iter().enumerate() {
        if index == 0 {
            let _ = writeln!(text, "\n  {}", paint(BOLD, TITLE));
        }
        let style = match finding.severity {
            Severity::Error => BAD,
            Severity::Warning => CHANGED,
        };
        let id = finding.logical_id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
        let head = format!("{}{id}:", word(finding));
        let _ = writeln!(
            text,
            "    {} {}  {}",
            paint(style, &head),
            finding.message,
            paint(DIM, &format!("# {}", finding.by))
        );
        for line in below(finding) {
            let _ = writeln!(text, "        {}", paint(DIM, &line));
        }
    }
}

/// The place and the hints.
pub fn below(finding: &Finding) -> Vec<String> {
    let hints = finding.hints.iter().map(|hint| format!("hint: {hint}"));
    place(finding).map(|place| format!("--> {place}")).into_iter().chain(hints).collect()
}

/// One line that counts, if there is anything to count.
pub fn summary(plan: &Plan) -> Option<String> {
    let told = count(plan);
    (!told.is_empty()).then(|| format!("{} {told}.", paint(BAD.bold(), "Findings:")))
}

/// How many there are: `2 errors, 1 warning`; empty for none.
pub fn count(plan: &Plan) -> String {
    let of = |severity| plan.findings.iter().filter(|one| one.severity == severity).count();
    let counts = [(of(Severity::Error), "error"), (of(Severity::Warning), "warning")];
    let told = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }));
    told.collect::<Vec<_>>().join(", ")
}

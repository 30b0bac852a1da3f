//! What other stacks use stays as it is.

use super::Plan;
use crate::diagnostic::Diagnostic;
use crate::state::State;

/// Refuses a plan that takes away or changes what another stack imports, or that exports what
/// another one does already.
///
/// # Errors
///
/// One for each export.
pub fn check_exports(plan: &Plan, others: &[State]) -> Result<(), Vec<Diagnostic>> {
    let mut refusals = Vec::new();
    for (name, change) in plan.exports.iter().filter(|(_, change)| change.is_change()) {
        if change.before.is_none() {
            if let Some(other) = others.iter().find(|other| other.exports.contains_key(name)) {
                refusals.push(
                    Diagnostic::error(format!(
                        "`{name}` is exported by the stack `{}` already",
                        other.stack
                    ))
                    .hint("the name of an export is unique in its account and region"),
                );
            }
            continue;
        }
        let importers: Vec<String> = others
            .iter()
            .filter(|other| other.imports.get(name) == Some(&plan.stack))
            .map(|other| format!("`{}`", other.stack))
            .collect();
        if importers.is_empty() {
            continue;
        }
        let what = match (&change.after, change.known) {
            (None, _) => "would be taken away",
            (Some(_), true) => "would change",
            (Some(_), false) => "may change",
        };
        let importers = importers.join(", ");
        let finding = Diagnostic::error(format!(
            "the export `{name}` {what}, and it is in use: {importers} imports it"
        ));
        refusals.push(finding.hint("let what imports it do without it first"));
    }
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

//! Holding a plan against rules.

use serde_json::{Value as Json, json};

use super::Rule;
use super::expression::{Expression, PROPERTIES, STEP, context, value};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::plan::{Finding, Outlook, Plan, Step};

/// What the rules say of a plan. `document` is the plan as `cairn plan --json` prints it.
///
/// # Errors
///
/// The rules that cannot be asked, at their places: what is not judged does not pass.
pub fn judge(
    rules: &[Rule],
    plan: &Plan,
    document: &Json,
    outlooks: &[Outlook],
    graph: Option<&Graph>,
) -> Result<Vec<Finding>, Vec<Diagnostic>> {
    let whole = context(document);
    let (mut findings, mut errors) = (Vec::new(), Vec::new());
    let (each, once): (Vec<&Rule>, Vec<&Rule>) =
        rules.iter().partition(|rule| rule.is_about_steps());
    for rule in once {
        match rule.is_broken(&whole, "the plan") {
            Ok(true) => findings.push(rule.finding()),
            Ok(false) => {}
            Err(error) => errors.push(error),
        }
    }
    for (step, outlook) in plan.steps.iter().zip(outlooks) {
        let mut one = whole.new_inner_scope();
        one.add_variable_from_value(STEP, value(&json!(step)));
        let properties =
            if outlook.properties.is_null() { &json!({}) } else { &outlook.properties };
        one.add_variable_from_value(PROPERTIES, value(properties));
        for rule in &each {
            match rule.is_broken(&one, &format!("`{}`", step.logical_id)) {
                Ok(true) => {
                    // A replacement has a step for what comes and one for what goes.
                    let finding = rule.finding_of(step, graph);
                    if !findings.contains(&finding) {
                        findings.push(finding);
                    }
                }
                Ok(false) => {}
                Err(error) => errors.push(error),
            }
        }
    }
    if errors.is_empty() { Ok(findings) } else { Err(errors) }
}

impl Rule {
    fn is_about_steps(&self) -> bool {
        let when = self.when.as_ref();
        self.forbid.is_about_steps() || when.is_some_and(Expression::is_about_steps)
    }

    fn is_broken(&self, context: &cel::Context<'_, '_>, what: &str) -> Result<bool, Diagnostic> {
        if let Some(when) = &self.when
            && !when.holds(context, what)?
        {
            return Ok(false);
        }
        self.forbid.holds(context, what)
    }

    fn finding(&self) -> Finding {
        Finding::new(self.severity, &self.name, &self.message)
    }

    fn finding_of(&self, step: &Step, graph: Option<&Graph>) -> Finding {
        self.finding().of(graph, &step.logical_id, &[])
    }
}

//! What dynamic references stand for, put in their place for the calls of one step.

use serde_json::Value as Json;

use super::execute::Run;
use super::progress::StepError;
use crate::aws::Aws;
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::plan::{self, Operation, Plan, Step};
use crate::schema;
use crate::state::State;
use crate::template::dynamic::{has_reference, references};
use crate::value::Value;

/// Asks for what the dynamic references of a plan's steps stand for, as far as they are known, so
/// that one that points at nothing is found before anything is changed.
///
/// # Errors
///
/// One for each that cannot be read, at its place.
pub async fn look_ahead(
    plan: &Plan,
    graph: &Graph,
    state: &State,
    aws: &Aws,
) -> Result<(), Vec<Diagnostic>> {
    let known = plan::lookup(state);
    let mut errors = Vec::new();
    let writes = |step: &&Step| {
        use Operation::{Create, Resume, Update};
        matches!(step.operation, Create { .. } | Resume { .. } | Update { .. })
    };
    for step in plan.steps.iter().filter(writes) {
        for placed in graph.references(&step.logical_id, &known) {
            if let Err(fault) = aws.dereference(&placed.reference).await {
                let message = format!("{} cannot be read: {fault}", placed.reference);
                let finding = Diagnostic::error(message).at(&graph.template.source, placed.span);
                errors.push(finding.hint("nothing was changed"));
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

impl Run {
    /// Properties for AWS: each text with what its references stand for, as the schema wants it.
    pub(super) async fn dereferenced(
        &self,
        type_name: &str,
        properties: Json,
    ) -> Result<Json, StepError> {
        if !refers(&properties) {
            return Ok(properties);
        }
        let mut properties = properties;
        for text in texts(&mut properties) {
            let mut written = String::new();
            let mut from = 0;
            for found in references(text) {
                // A malformed one was complained of where it is written; made of what only AWS
                // could tell, it is left as it is, and AWS refuses it.
                let Ok(reference) = found.reference else { continue };
                let secret = self.aws.dereference(&reference).await.map_err(StepError::Fault)?;
                written.push_str(&text[from..found.at.start]);
                written.push_str(secret.expose());
                from = found.at.end;
            }
            written.push_str(&text[from..]);
            *text = written;
        }
        let Some(facts) = schema::facts(type_name) else { return Ok(properties) };
        let (value, findings) = schema::coerce(facts, Value::from(&properties));
        match findings.first() {
            // What does not fit is hidden, and so is what is said of it.
            Some(finding) => Err(StepError::Evaluation(format!(
                "what the dynamic reference in `{}` stands for does not fit there",
                schema::path_text(&finding.path)
            ))),
            None => Ok(value.to_json()),
        }
    }

    /// The same for properties of before, whose references may point at nothing by now: they stay
    /// as they are then.
    pub(super) async fn dereferenced_if_there(&self, type_name: &str, properties: &Json) -> Json {
        match self.dereferenced(type_name, properties.clone()).await {
            Ok(properties) => properties,
            Err(_) => properties.clone(),
        }
    }
}

/// Whether a dynamic reference stands in it.
pub(super) fn refers(json: &Json) -> bool {
    match json {
        Json::String(text) => has_reference(text),
        Json::Array(items) => items.iter().any(refers),
        Json::Object(entries) => entries.values().any(refers),
        _ => false,
    }
}

/// The texts that have references.
fn texts(json: &mut Json) -> Vec<&mut String> {
    match json {
        Json::String(text) if has_reference(text) => vec![text],
        Json::Array(items) => items.iter_mut().flat_map(texts).collect(),
        Json::Object(entries) => entries.values_mut().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

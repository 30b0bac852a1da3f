//! The evaluator's functions one by one, then what a whole template says.

mod agreement;
mod directions;
mod endpoints;
mod exports;
mod functions;
mod handlers;
mod loops;
mod modules;
mod outside;
mod tags;
mod templates;
mod together;
mod trust;
mod types;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::{Given, Graph, Inputs, Lookup, Nothing, synth};
use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::template::{Template, parse};
use crate::value::Value;

/// What is known of resources: `Vpc` and `Vpc.VpcId`, by name.
#[derive(Debug, Clone, Default)]
struct Told(BTreeMap<String, Value>);

impl Told {
    fn of(facts: &[(&str, Value)]) -> Self {
        Self(facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }
}

impl Lookup for Told {
    fn reference(&self, id: &str) -> Value {
        self.0.get(id).cloned().unwrap_or_else(|| Nothing.reference(id))
    }

    fn attribute(&self, id: &str, attribute: &str) -> Value {
        let known = self.0.get(&format!("{id}.{attribute}")).cloned();
        known.unwrap_or_else(|| Nothing.attribute(id, attribute))
    }
}

fn template(text: &str) -> Arc<Template> {
    let source = Arc::new(Source { name: "t.yaml".to_owned(), text: text.to_owned() });
    Arc::new(parse(&source).unwrap_or_else(|findings| panic!("{text}\n{findings:?}")))
}

fn inputs(parameters: &[(&str, &str)]) -> Inputs {
    let given = |(name, text): &(&str, &str)| {
        ((*name).to_owned(), Given { text: (*text).to_owned(), place: None })
    };
    Inputs {
        stack: "sample".to_owned(),
        account: "012345678901".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        stack_id: "arn:aws:cloudformation:us-east-1:012345678901:stack/sample/id".to_owned(),
        parameters: parameters.iter().map(given).collect(),
        zones: vec!["us-east-1a".to_owned(), "us-east-1b".to_owned()],
        ..Inputs::default()
    }
}

fn graph(text: &str) -> Graph {
    synth(template(text), inputs(&[]))
        .unwrap_or_else(|findings| panic!("{text}\n{}", said(&findings)))
}

/// `line:column message | hint`, one a line; a tilde before a warning.
fn said(findings: &[Diagnostic]) -> String {
    let mut text = String::new();
    for finding in findings {
        let mark = if finding.severity == Severity::Warning { "~" } else { "" };
        let place = finding.place.as_ref().map(crate::diagnostic::Place::line_column);
        let place = place.map_or_else(|| "-".to_owned(), |(line, at)| format!("{line}:{at}"));
        let _ = write!(text, "{mark}{place} {}", finding.message);
        for hint in &finding.hints {
            let _ = write!(text, " | {hint}");
        }
        text.push('\n');
    }
    text
}

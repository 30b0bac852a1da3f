//! Findings as SARIF 2.1.0, which code scanning reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::diagnostic::{to_json, with_hints};
use super::plan::risks;
use crate::diagnostic::Diagnostic;
use crate::plan::{Finding, Plan};
use crate::sketch::Sketch;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// What findings can be about: a rule, and what it asks for.
const RULES: [(&str, &str); 3] = [
    (VALIDATE, "the template can be deployed"),
    ("cairn-destructive", "no data, id or address is lost"),
    ("cairn-broadening", "nobody may do or reach more than before"),
];
const VALIDATE: &str = "cairn-validate";

/// The log of one run.
#[derive(Debug, Default)]
pub struct Log {
    results: Vec<Json>,
    /// Those besides [`RULES`], with what they are.
    rules: BTreeMap<String, String>,
}

impl Log {
    /// Adds what is wrong with a template.
    pub fn add_findings(&mut self, findings: &[Diagnostic]) {
        self.results.extend(findings.iter().map(result));
    }

    /// Adds what a plan puts at risk, and what rules and a look at the account say of it.
    pub fn add_plan(&mut self, plan: &Plan, sketch: &Sketch, file: &str) {
        self.add_risks(plan, sketch, file);
        for finding in &plan.findings {
            self.rules.insert(finding.by.clone(), format!("what `{}` asks for", finding.by));
            self.results.push(judgement(finding, file));
        }
    }

    /// Each risk stands at its resource in the template's file. What the template no longer has is
    /// told of the file as a whole.
    fn add_risks(&mut self, plan: &Plan, sketch: &Sketch, file: &str) {
        for risk in &plan.risks {
            let rule = format!("cairn-{}", risks::word(risk.class));
            let sides = risks::sides(risk).into_iter().map(|side| format!("\n{side}"));
            let text = format!("`{}` {}{}", risk.logical_id, risk.what, sides.collect::<String>());
            let region = sketch.part(&risk.logical_id).and_then(|part| part.region);
            let region = match region {
                None => json!({"startLine": 1}),
                Some(region) => json!({
                    "startLine": region.line,
                    "startColumn": region.column,
                    "endColumn": region.end_column,
                }),
            };
            self.results.push(json!({
                "ruleId": rule,
                "level": "warning",
                "message": {"text": text},
                "locations": [{
                    "physicalLocation": {"artifactLocation": {"uri": uri(file)}, "region": region},
                    "logicalLocations": [{
                        "name": risk.logical_id.as_str(),
                        "fullyQualifiedName": format!("{}/{}", plan.stack, risk.logical_id),
                        "kind": "resource",
                    }],
                }],
            }));
        }
    }

    pub fn to_json(&self) -> Json {
        let others = self.rules.iter().map(|(id, text)| (id.as_str(), text.as_str()));
        let rules = RULES
            .into_iter()
            .chain(others)
            .map(|(id, text)| json!({"id": id, "shortDescription": {"text": text}}));
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": env!("CARGO_PKG_NAME"),
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules.collect::<Vec<_>>(),
                }},
                "columnKind": "unicodeCodePoints",
                "results": self.results,
            }],
        })
    }
}

/// What is said of a plan, at its place or of the file as a whole.
fn judgement(finding: &Finding, file: &str) -> Json {
    let about = finding.logical_id.as_ref().map(|id| format!("`{id}`: ")).unwrap_or_default();
    let (file, region) = match &finding.place {
        None => (file, json!({"startLine": 1})),
        Some(at) => (at.file.as_str(), json!({"startLine": at.line, "startColumn": at.column})),
    };
    json!({
        "ruleId": finding.by,
        "level": finding.severity,
        "message": {"text": with_hints(format!("{about}{}", finding.message), &finding.hints)},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(file)},
            "region": region,
        }}],
    })
}

fn result(finding: &Diagnostic) -> Json {
    let told = to_json(finding);
    let text = with_hints(finding.message.clone(), &finding.hints);
    let mut result = json!({
        "ruleId": VALIDATE,
        "level": told["severity"],
        "message": {"text": text},
    });
    if let Some(place) = &finding.place {
        result["locations"] = json!([{"physicalLocation": {
            "artifactLocation": {"uri": uri(&place.source.name)},
            "region": {
                "startLine": told["line"],
                "startColumn": told["column"],
                "endLine": told["end_line"],
                "endColumn": told["end_column"],
            },
        }}]);
    }
    result
}

/// A path as a reference in a URI.
fn uri(path: &str) -> String {
    let mut uri = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => {
                // A string takes everything.
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::{Log, VALIDATE, uri};
    use crate::diagnostic::{Diagnostic, Source, Span};

    #[test]
    fn a_finding_is_a_result_with_its_region() {
        let source =
            Arc::new(Source { name: "a/b.yaml".to_owned(), text: "é: x\nyy: z\n".into() });
        let placed = Diagnostic::error("no `yy`").at(&source, Span { start: 6, end: 8 });
        let findings = [placed.hint("did you mean `y`?"), Diagnostic::warning("odd")];
        let mut log = Log::default();
        log.add_findings(&findings);
        let log = log.to_json();
        assert_eq!(log["version"], "2.1.0");
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][0]["id"], VALIDATE);
        assert_eq!(
            log["runs"][0]["results"],
            json!([
                {
                    "ruleId": VALIDATE,
                    "level": "error",
                    "message": {"text": "no `yy`\nhint: did you mean `y`?"},
                    "locations": [{"physicalLocation": {
                        "artifactLocation": {"uri": "a/b.yaml"},
                        "region": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 3},
                    }}],
                },
                {"ruleId": VALIDATE, "level": "warning", "message": {"text": "odd"}},
            ])
        );
    }

    #[test]
    fn a_path_is_written_as_a_uri() {
        assert_eq!(uri("./my stack/ä.yaml"), "my%20stack/%C3%A4.yaml");
        assert_eq!(uri("/tmp/a.yaml"), "file:///tmp/a.yaml");
    }
}

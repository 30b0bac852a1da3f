//! Findings as SARIF 2.1.0, which code scanning reads.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::diagnostic::{to_json, with_hints};
use super::plan::{findings, renames, risks};
use crate::diagnostic::Diagnostic;
use crate::plan::Plan;
use crate::sketch::Sketch;
use crate::value::LogicalId;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// What findings can be about: a rule, and what it asks for. Rules of files and checks of the
/// account come to these as they are met.
const RULES: [(&str, &str); 4] = [
    (VALIDATE, "the template can be deployed"),
    ("cairn-destructive", "no data, id or address is lost"),
    ("cairn-broadening", "nobody may do or reach more than before"),
    (RENAMED, "what only has another name stays what it is"),
];
const VALIDATE: &str = "cairn-validate";
const RENAMED: &str = "cairn-renamed";

/// The log of one run.
#[derive(Debug, Default)]
pub struct Log {
    results: Vec<Json>,
    /// Who else has said something: a rule of a file, or a check of the account.
    others: BTreeSet<String>,
}

/// Where a result is.
struct Spot<'a> {
    stack: &'a str,
    /// Without one it is about the whole plan.
    id: Option<&'a LogicalId>,
    file: &'a str,
    region: Json,
}

impl Log {
    /// Adds what is wrong with a template.
    pub fn add_findings(&mut self, findings: &[Diagnostic]) {
        self.results.extend(findings.iter().map(result));
    }

    /// Adds what a plan puts at risk, what is found of it, and what looks as if it were only
    /// renamed, each at its resource in the template's file. What the template no longer has is
    /// told of the file as a whole.
    pub fn add_plan(&mut self, plan: &Plan, sketch: &Sketch, file: &str) {
        let spot = |id| Spot { stack: &plan.stack, id, file, region: region(sketch, id) };
        for risk in &plan.risks {
            let rule = format!("cairn-{}", risks::word(risk.class));
            let sides = risks::sides(risk).into_iter().map(|side| format!("\n{side}"));
            let text = format!("`{}` {}{}", risk.logical_id, risk.what, sides.collect::<String>());
            self.add(&rule, "warning", &text, &spot(Some(&risk.logical_id)));
        }
        for finding in findings::ordered(plan) {
            let text = with_hints(finding.message.clone(), &finding.hints);
            let spot = spot(finding.logical_id.as_ref());
            let spot = match &finding.place {
                None => spot,
                Some(place) => Spot {
                    file: &place.file,
                    region: json!({"startLine": place.line, "startColumn": place.column}),
                    ..spot
                },
            };
            self.others.insert(finding.by.clone());
            self.add(&finding.by, findings::word(finding), &text, &spot);
        }
        for rename in &plan.renames {
            let told = renames::told(rename);
            let text =
                format!("`{}` {told}\n{}\n{}", rename.to, renames::advice(rename), rename.line);
            self.add(RENAMED, "warning", &text, &spot(Some(&rename.to)));
        }
    }

    /// Code scanning takes no result without a place.
    fn add(&mut self, rule: &str, level: &str, text: &str, spot: &Spot<'_>) {
        let Spot { stack, id, file, region } = spot;
        let mut location = json!({
            "physicalLocation": {"artifactLocation": {"uri": uri(file)}, "region": region},
        });
        if let Some(id) = id {
            location["logicalLocations"] = json!([{
                "name": id.as_str(),
                "fullyQualifiedName": format!("{stack}/{id}"),
                "kind": "resource",
            }]);
        }
        self.results.push(json!({
            "ruleId": rule,
            "level": level,
            "message": {"text": text},
            "locations": [location],
        }));
    }

    pub fn to_json(&self) -> Json {
        let rule = |id: &str, text: &str| json!({"id": id, "shortDescription": {"text": text}});
        let others = self.others.iter().map(|id| {
            rule(
                id,
                "the rules that plans are held against, and the account, have nothing against it",
            )
        });
        let rules = RULES.iter().map(|(id, text)| rule(id, text)).chain(others);
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

/// Where a resource is in the template's file: the whole file, where it has no place.
fn region(sketch: &Sketch, id: Option<&LogicalId>) -> Json {
    match id.and_then(|id| sketch.part(id)?.region) {
        None => json!({"startLine": 1}),
        Some(region) => json!({
            "startLine": region.line,
            "startColumn": region.column,
            "endColumn": region.end_column,
        }),
    }
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

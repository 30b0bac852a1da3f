//! Findings as SARIF 2.1.0, which code scanning reads.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::diagnostic::to_json;
use crate::diagnostic::Diagnostic;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The one rule that all findings break.
const RULE: &str = "cairn-validate";

/// A whole log of one run.
pub fn to_sarif(findings: &[Diagnostic]) -> Json {
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "rules": [{
                    "id": RULE,
                    "shortDescription": {"text": "the template can be deployed"},
                }],
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn result(finding: &Diagnostic) -> Json {
    let told = to_json(finding);
    let mut text = finding.message.clone();
    for hint in &finding.hints {
        // A string takes everything.
        let _ = write!(text, "\nhint: {hint}");
    }
    let mut result = json!({
        "ruleId": RULE,
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

    use super::{RULE, to_sarif, uri};
    use crate::diagnostic::{Diagnostic, Source, Span};

    #[test]
    fn a_finding_is_a_result_with_its_region() {
        let source =
            Arc::new(Source { name: "a/b.yaml".to_owned(), text: "é: x\nyy: z\n".into() });
        let placed = Diagnostic::error("no `yy`").at(&source, Span { start: 6, end: 8 });
        let findings = [placed.hint("did you mean `y`?"), Diagnostic::warning("odd")];
        let log = to_sarif(&findings);
        assert_eq!(log["version"], "2.1.0");
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][0]["id"], RULE);
        assert_eq!(
            log["runs"][0]["results"],
            json!([
                {
                    "ruleId": RULE,
                    "level": "error",
                    "message": {"text": "no `yy`\nhint: did you mean `y`?"},
                    "locations": [{"physicalLocation": {
                        "artifactLocation": {"uri": "a/b.yaml"},
                        "region": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 3},
                    }}],
                },
                {"ruleId": RULE, "level": "warning", "message": {"text": "odd"}},
            ])
        );
    }

    #[test]
    fn a_path_is_written_as_a_uri() {
        assert_eq!(uri("./my stack/ä.yaml"), "my%20stack/%C3%A4.yaml");
        assert_eq!(uri("/tmp/a.yaml"), "file:///tmp/a.yaml");
    }
}

//! Rules in a file that a plan is held against before it is run.
//!
//! ```yaml
//! rules:
//!   - name: log-groups-have-retention
//!     when: step.type_name == "AWS::Logs::LogGroup" && step.action != "Delete"
//!     forbid: '!("RetentionInDays" in properties)'
//!     message: its events are kept, and paid for, for ever
//!     severity: error
//! ```
//!
//! The expressions are in CEL. `plan` is the document of `cairn plan --json`, `step` one of its
//! steps, `properties` what the resource will have. A rule that speaks of no step is asked once.

mod expression;
mod judge;
#[cfg(test)]
mod tests;

pub use judge::judge;

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Severity, Source, Span, nearest};
use crate::template::read::{Keys, Reader};
use crate::template::{Node, NodeKind, load};
use expression::Expression;

/// One rule.
#[derive(Debug)]
pub struct Rule {
    name: String,
    /// Which steps it is about; all without it.
    when: Option<Expression>,
    /// What must not be.
    forbid: Expression,
    message: String,
    severity: Severity,
}

const FILE_KEYS: Keys = Keys { known: &["rules"], required: &["rules"] };
const RULE_KEYS: Keys = Keys {
    known: &["name", "when", "forbid", "message", "severity"],
    required: &["name", "forbid", "message"],
};
const SEVERITIES: [(&str, Severity); 2] =
    [("error", Severity::Error), ("warning", Severity::Warning)];

/// Reads the rules of a file.
///
/// # Errors
///
/// Every mistake in it, at its place.
pub fn parse(source: &Arc<Source>) -> Result<Vec<Rule>, Vec<Diagnostic>> {
    let node = load(source)?;
    let mut reader = Reader::new(source);
    let fields = reader.fields(&node, node.span, "the rules' file", FILE_KEYS);
    let mut rules: Vec<Rule> = Vec::new();
    if let Some(list) = fields.get("rules") {
        if !matches!(list.kind, NodeKind::List(_)) {
            reader.expected(list, "`rules`", "a list");
        }
        for item in list.items() {
            let Some((rule, span)) = rule(&mut reader, source, item) else { continue };
            if rules.iter().any(|other| other.name == rule.name) {
                reader.error(span, format!("there are two rules `{}`", rule.name));
            }
            rules.push(rule);
        }
    }
    reader.finish()?;
    Ok(rules)
}

fn rule(reader: &mut Reader<'_>, source: &Arc<Source>, item: &Node) -> Option<(Rule, Span)> {
    let fields = reader.fields(item, item.span, "a rule", RULE_KEYS);
    let name = fields.spanned("name", reader);
    let message = fields.spanned("message", reader);
    let severity = match fields.get("severity") {
        Some(node) => severity(reader, node),
        None => Some(Severity::Error),
    };
    let mut expression = |key: &str| {
        let node = fields.get(key)?;
        let text = reader.name(node, &fields.name(key))?;
        Expression::compile(source, node.span, text)
            .map_err(|findings| findings.into_iter().for_each(|finding| reader.note(finding)))
            .ok()
    };
    let (when, forbid) = (expression("when"), expression("forbid"));
    if when.is_none() && fields.get("when").is_some() {
        return None;
    }
    let (name, span) = name?;
    let rule = Rule { name, when, forbid: forbid?, message: message?.0, severity: severity? };
    Some((rule, span))
}

fn severity(reader: &mut Reader<'_>, node: &Node) -> Option<Severity> {
    let text = reader.name(node, "`severity` of a rule")?;
    let known = SEVERITIES.iter().find(|(word, _)| *word == text);
    if known.is_none() {
        let near = nearest(text, SEVERITIES.iter().map(|(word, _)| *word));
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        let message = format!("`severity` of a rule is `error` or `warning`, not `{text}`");
        reader.error_hint(node.span, message, hint);
    }
    known.map(|(_, severity)| *severity)
}

//! `Rules`: what a template demands of its parameters together.

use crate::diagnostic::Diagnostic;
use crate::template::{Entry, Node, NodeKind};
use crate::value::Value;

use super::evaluate::{Evaluator, is_failed};
use super::lookup::Nothing;
use super::{Graph, cdk, inputs};

/// Functions that ask the account about a parameter's value.
const ASKING: [&str; 3] = ["Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll"];

/// Complains of every assertion that does not hold.
pub fn check(graph: &Graph, diagnostics: &mut Vec<Diagnostic>) {
    let rules = graph.template.rules.iter();
    for (name, rule) in rules.filter(|(name, _)| !cdk::is_bootstrap_rule(name)) {
        if let Some(asking) = asking(rule) {
            diagnostics.push(
                Diagnostic::warning(format!("the rule `{name}` is not checked"))
                    .at(&graph.template.source, rule.span)
                    .hint(format!("`{}` asks the account about a parameter", asking.key)),
            );
            continue;
        }
        check_one(graph, name, rule, diagnostics);
    }
}

fn check_one(graph: &Graph, name: &str, rule: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let mut evaluator = graph.evaluator(&Nothing).for_rules();
    let applies = rule.get("RuleCondition").is_none_or(|node| evaluator.condition(node));
    let mut broken = Vec::new();
    if applies {
        for assertion in rule.get("Assertions").map(Node::items).unwrap_or_default() {
            let Some(condition) = assertion.get("Assert") else {
                broken.push(
                    Diagnostic::error(format!("an assertion of the rule `{name}` has no `Assert`"))
                        .at(&graph.template.source, assertion.span),
                );
                continue;
            };
            if !evaluator.condition(condition) {
                let why = assertion.get("AssertDescription").and_then(Node::text);
                let message = match why {
                    Some(why) => format!("the rule `{name}` is broken: {why}"),
                    None => format!("the rule `{name}` is broken"),
                };
                broken.push(
                    Diagnostic::error(message)
                        .at(&graph.template.source, condition.span)
                        .hint("give other parameters"),
                );
            }
        }
    }
    let is_judged = !evaluator.misled;
    let errors = evaluator.into_errors();
    diagnostics.extend(if errors.is_empty() && is_judged { broken } else { errors });
}

fn asking(node: &Node) -> Option<&Entry> {
    match &node.kind {
        NodeKind::Map(entries) => entries.iter().find_map(|entry| {
            if ASKING.contains(&entry.key.as_str()) { Some(entry) } else { asking(&entry.value) }
        }),
        NodeKind::List(items) => items.iter().find_map(asking),
        _ => None,
    }
}

/// The functions that only rules have, over lists of strings.
pub fn compare(evaluator: &mut Evaluator<'_>, entry: &Entry) -> Option<bool> {
    let function = entry.key.as_str();
    let decide: fn(&[String], &[String]) -> bool = match function {
        "Fn::Contains" => |list, wanted| wanted.iter().all(|one| list.contains(one)),
        "Fn::EachMemberEquals" => |list, wanted| list.iter().all(|one| Some(one) == wanted.first()),
        "Fn::EachMemberIn" => |list, allowed| list.iter().all(|one| allowed.contains(one)),
        _ => return None,
    };
    let [left, right] = entry.value.items() else {
        evaluator.complain(entry.value.span, format!("`{function}` takes two values"));
        return Some(false);
    };
    let (left, right) = (texts(evaluator, left), texts(evaluator, right));
    Some(decide(&left, &right))
}

fn texts(evaluator: &mut Evaluator<'_>, node: &Node) -> Vec<String> {
    let text = |value: &Value| value.as_text().map(str::to_owned);
    let value = evaluator.value(node);
    evaluator.misled |=
        value.as_ref().is_some_and(|value| is_failed(value) || inputs::is_stored(value));
    match value {
        Some(Value::List(items)) => items.iter().filter_map(text).collect(),
        Some(one) => text(&one).into_iter().collect(),
        None => Vec::new(),
    }
}

//! `Rules`: what a template demands of its parameters together.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::template::{Entry, Named, Node, NodeKind, Template, Thing};
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
        if graph.inputs.things.is_none()
            && let Some(asking) = asking(rule).first()
        {
            let what = format!("`{}` asks the account: `cairn plan` checks it", asking.key);
            diagnostics.push(
                Diagnostic::warning(format!("the rule `{name}` is not checked here"))
                    .at(&graph.template.source, rule.span)
                    .hint(what),
            );
        }
        check_one(graph, name, rule, diagnostics);
    }
}

fn check_one(graph: &Graph, name: &str, rule: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let mut evaluator = graph.evaluator(&Nothing).for_rules();
    let applies = match rule.get("RuleCondition") {
        Some(condition) => evaluator.condition(condition),
        None => Some(true),
    };
    let mut broken = Vec::new();
    if applies != Some(false) {
        for assertion in rule.get("Assertions").map(Node::items).unwrap_or_default() {
            let Some(condition) = assertion.get("Assert") else {
                broken.push(
                    Diagnostic::error(format!("an assertion of the rule `{name}` has no `Assert`"))
                        .at(&graph.template.source, assertion.span),
                );
                continue;
            };
            if evaluator.condition(condition) == Some(false) && applies == Some(true) {
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
    diagnostics.extend(evaluator.into_errors());
    diagnostics.extend(broken);
}

fn asking(node: &Node) -> Vec<&Entry> {
    match &node.kind {
        NodeKind::Map(entries) => entries
            .iter()
            .flat_map(|entry| match ASKING.contains(&entry.key.as_str()) {
                true => vec![entry],
                false => asking(&entry.value),
            })
            .collect(),
        NodeKind::List(items) => items.iter().flat_map(asking).collect(),
        _ => Vec::new(),
    }
}

/// The kinds of things that rules ask the account about.
pub fn kinds(template: &Template) -> BTreeSet<Named> {
    let asking = template.rules.values().flat_map(asking);
    asking.filter_map(|entry| kind(template, entry)).collect()
}

fn kind(template: &Template, asking: &Entry) -> Option<Named> {
    let argument = &asking.value;
    let first = argument.items().first().unwrap_or(argument).text()?;
    match asking.key.as_str() {
        "Fn::ValueOf" => template.parameters.get(first)?.names(),
        _ => Named::of_type(first),
    }
}

impl Evaluator<'_> {
    /// `Fn::RefAll`, `Fn::ValueOf` and `Fn::ValueOfAll`: what the account has.
    pub(super) fn ask(&mut self, entry: &Entry) -> Value {
        let function = entry.key.as_str();
        let argument = &entry.value;
        let Some(kind) = kind(self.template, entry) else {
            let what = match function {
                "Fn::ValueOf" => "a parameter of a type like `AWS::EC2::VPC::Id`",
                _ => "a type of parameters like `AWS::EC2::VPC::Id`",
            };
            return self.fail(argument.span, format!("`{function}` takes {what}"), None);
        };
        let attribute = match (function, argument.items()) {
            ("Fn::RefAll", _) => None,
            (_, [_, attribute]) if attribute.text().is_some() => attribute.text(),
            _ => {
                let message =
                    format!("`{function}` takes a list of two: whose, and which attribute");
                return self.fail(argument.span, message, None);
            }
        };
        let Some(things) = &self.inputs.things else {
            return inputs::unasked(function.trim_start_matches("Fn::"), kind.noun());
        };
        let things = things.get(&kind).map(Vec::as_slice).unwrap_or_default();
        let told = |thing: &Thing| match attribute {
            None => Value::string(&thing.name),
            // What has no such tag has none that could be right.
            Some(name) => Value::string(thing.attributes.get(name).map_or("", String::as_str)),
        };
        if function != "Fn::ValueOf" {
            return Value::List(things.iter().map(told).collect());
        }
        let parameter = argument.items().first().and_then(Node::text).unwrap_or_default();
        let value = self.named(parameter, argument.span);
        let of = |name: &Value| {
            let thing = things.iter().find(|thing| name.as_text() == Some(&thing.name));
            thing.map_or_else(|| Value::string(""), told)
        };
        match &value {
            Value::List(items) => Value::List(items.iter().map(of).collect()),
            one => of(one),
        }
    }
}

/// Whether a function compares lists of strings, as only rules can.
pub fn is_comparison(name: &str) -> bool {
    ["Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn"].contains(&name)
}

/// What such a function says, where its lists are known.
pub fn compare(evaluator: &mut Evaluator<'_>, entry: &Entry) -> Option<bool> {
    let function = entry.key.as_str();
    let decide: fn(&[String], &[String]) -> bool = match function {
        "Fn::Contains" => |list, wanted| wanted.iter().all(|one| list.contains(one)),
        "Fn::EachMemberEquals" => |list, wanted| list.iter().all(|one| Some(one) == wanted.first()),
        _ => |list, allowed| list.iter().all(|one| allowed.contains(one)),
    };
    let [left, right] = entry.value.items() else {
        evaluator.complain(entry.value.span, format!("`{function}` takes two values"));
        return None;
    };
    let (left, right) = (texts(evaluator, left), texts(evaluator, right));
    Some(decide(&left?, &right?))
}

fn texts(evaluator: &mut Evaluator<'_>, node: &Node) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_text().map(str::to_owned);
    match evaluator.value(node) {
        Some(value) if is_failed(&value) || inputs::is_unasked(&value) => None,
        Some(Value::List(items)) => Some(items.iter().filter_map(text).collect()),
        Some(one) => Some(text(&one).into_iter().collect()),
        None => Some(Vec::new()),
    }
}

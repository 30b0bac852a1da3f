//! Conditions: settled once, before anything that depends on them.

use std::collections::BTreeMap;

use super::evaluate::{Evaluator, is_failed};
use super::lookup::Nothing;
use super::{Inputs, rules};
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::template::{Node, NodeKind, Template};
use crate::value::Value;

const CONDITION_FUNCTIONS: &[&str] = &["Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition"];

/// Every condition of the template, settled.
pub fn conditions(
    template: &Template,
    inputs: &Inputs,
    parameters: &BTreeMap<String, Value>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<String, bool> {
    let mut settled = BTreeMap::new();
    for name in template.conditions.keys() {
        settle(name, template, inputs, parameters, &mut settled, &mut Vec::new(), diagnostics);
    }
    settled
}

fn settle(
    name: &str,
    template: &Template,
    inputs: &Inputs,
    parameters: &BTreeMap<String, Value>,
    settled: &mut BTreeMap<String, bool>,
    path: &mut Vec<String>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(node) = template.conditions.get(name) else { return };
    if settled.contains_key(name) {
        return;
    }
    if path.iter().any(|earlier| earlier == name) {
        diagnostics.push(
            Diagnostic::error(format!(
                "conditions depend on each other: {} → {name}",
                path.join(" → ")
            ))
            .at(&template.source, node.span),
        );
        settled.insert(name.to_owned(), false);
        return;
    }
    path.push(name.to_owned());
    for other in conditions_named_in(node) {
        settle(&other, template, inputs, parameters, settled, path, diagnostics);
    }
    path.pop();
    if settled.contains_key(name) {
        return;
    }
    let mut evaluator = Evaluator::new(template, inputs, parameters, settled, &Nothing);
    let holds = evaluator.condition(node);
    diagnostics.extend(evaluator.into_errors());
    settled.insert(name.to_owned(), holds);
}

fn conditions_named_in(node: &Node) -> Vec<String> {
    match &node.kind {
        NodeKind::Map(entries) => entries
            .iter()
            .flat_map(|entry| match (entry.key.as_str(), entry.value.text()) {
                ("Condition", Some(name)) => vec![name.to_owned()],
                _ => conditions_named_in(&entry.value),
            })
            .collect(),
        NodeKind::List(items) => items.iter().flat_map(conditions_named_in).collect(),
        _ => Vec::new(),
    }
}

pub fn no_such_condition(template: &Template, name: &str, span: Span) -> Diagnostic {
    let near = nearest(name, template.conditions.keys().map(String::as_str));
    Diagnostic::error(format!("there is no condition `{name}`"))
        .at(&template.source, span)
        .hint_if(near.map(|near| format!("did you mean `{near}`?")))
}

impl Evaluator<'_> {
    /// Whether a condition holds.
    pub fn condition(&mut self, node: &Node) -> bool {
        let Some(entry) = node.single() else {
            self.fail(
                node.span,
                "a condition is one of Fn::And, Fn::Or, Fn::Not, Fn::Equals, Condition",
                None,
            );
            return false;
        };
        let argument = &entry.value;
        match entry.key.as_str() {
            "Condition" => {
                let name = argument.text().unwrap_or_default();
                match self.conditions.get(name) {
                    Some(holds) => *holds,
                    None => {
                        self.errors.push(no_such_condition(self.template, name, argument.span));
                        false
                    }
                }
            }
            "Fn::And" | "Fn::Or" => {
                let results: Vec<bool> =
                    argument.items().iter().map(|item| self.condition(item)).collect();
                if !(2..=10).contains(&results.len()) {
                    self.fail(
                        argument.span,
                        format!("`{}` takes 2 to 10 conditions", entry.key),
                        None,
                    );
                }
                match entry.key.as_str() {
                    "Fn::And" => results.into_iter().all(|holds| holds),
                    _ => results.into_iter().any(|holds| holds),
                }
            }
            "Fn::Not" => match argument.items() {
                [item] => !self.condition(item),
                _ => {
                    self.fail(argument.span, "`Fn::Not` takes a list of one condition", None);
                    false
                }
            },
            "Fn::Equals" => self.equals(argument),
            name => {
                if self.in_rules
                    && let Some(holds) = rules::compare(self, entry)
                {
                    return holds;
                }
                let hint = nearest(name, CONDITION_FUNCTIONS.iter().copied())
                    .map(|near| format!("did you mean `{near}`?"));
                self.fail(entry.key_span, format!("`{name}` is not a condition"), hint);
                false
            }
        }
    }

    fn equals(&mut self, argument: &Node) -> bool {
        let [left, right] = argument.items() else {
            self.fail(argument.span, "`Fn::Equals` takes two values", None);
            return false;
        };
        let (left_value, right_value) = (self.value(left), self.value(right));
        for (node, value) in [(left, &left_value), (right, &right_value)] {
            let Some(value) = value else { continue };
            if is_failed(value) {
                self.misled = true;
            } else if value.has_unknown() {
                self.fail(
                    node.span,
                    "a condition can use only what is known before deployment",
                    Some("use parameters, pseudo parameters and mappings".to_owned()),
                );
            }
        }
        match (left_value, right_value) {
            (Some(left), Some(right)) => match (left.as_text(), right.as_text()) {
                (Some(left), Some(right)) => left == right,
                _ => left == right,
            },
            (left, right) => left.is_none() && right.is_none(),
        }
    }
}

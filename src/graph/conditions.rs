//! Conditions: settled once, before anything that depends on them.

use std::collections::BTreeMap;

use super::evaluate::{Evaluator, is_failed};
use super::lookup::Nothing;
use super::walk::depth_first;
use super::{Inputs, check, inputs, rules};
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::template::read::function_of;
use crate::template::{Node, NodeKind, Template};
use crate::value::Value;

const CONDITION_FUNCTIONS: &[&str] = &["Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition"];

/// Every condition of the template, settled. Those that depend on what only the account can tell,
/// and that nobody has asked yet, are not among them.
pub fn conditions(
    template: &Template,
    inputs: &Inputs,
    parameters: &BTreeMap<String, Value>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<String, bool> {
    let place = |name: String| template.conditions.get_index_of(&name);
    let named_in = |node: &Node| conditions_named_in(node).into_iter().filter_map(place).collect();
    let edges: Vec<Vec<usize>> = template.conditions.values().map(named_in).collect();
    let walk = depth_first(&edges);
    let mut settled = BTreeMap::new();
    for cycle in walk.cycles {
        let name = |at: &usize| template.conditions.keys()[*at].clone();
        let mut names: Vec<String> = cycle.iter().map(name).collect();
        settled.insert(names[0].clone(), false);
        names.push(names[0].clone());
        let message = format!("conditions depend on each other: {}", names.join(" → "));
        let span = template.conditions[cycle[0]].span;
        diagnostics.push(Diagnostic::error(message).at(&template.source, span));
    }
    for at in walk.order {
        let name = &template.conditions.keys()[at];
        if settled.contains_key(name) {
            continue;
        }
        if check::is_enough(diagnostics) {
            break;
        }
        let mut evaluator = Evaluator::new(template, inputs, parameters, &settled, &Nothing);
        let holds = evaluator.condition(&template.conditions[at]);
        let is_judged = !evaluator.misled;
        diagnostics.extend(evaluator.into_errors());
        if is_judged {
            settled.insert(name.clone(), holds);
        }
    }
    settled
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
                let Some(name) = self.condition_name(argument, "Condition") else { return false };
                match self.conditions.get(name) {
                    Some(holds) => *holds,
                    None if self.template.conditions.contains_key(name) => {
                        self.misled = true;
                        false
                    }
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

    /// The name of a condition, which no function can give.
    pub(super) fn condition_name<'n>(&mut self, node: &'n Node, taker: &str) -> Option<&'n str> {
        if node.text().is_none() {
            let found = match function_of(node) {
                Some(function) => format!("the function `{function}`"),
                None => node.kind_name().to_owned(),
            };
            self.fail(
                node.span,
                format!("`{taker}` takes the name of a condition, not {found}"),
                Some("give the condition a name in `Conditions`".to_owned()),
            );
        }
        node.text()
    }

    fn equals(&mut self, argument: &Node) -> bool {
        let [left, right] = argument.items() else {
            self.fail(argument.span, "`Fn::Equals` takes two values", None);
            return false;
        };
        let (left_value, right_value) = (self.value(left), self.value(right));
        for (node, value) in [(left, &left_value), (right, &right_value)] {
            let Some(value) = value else { continue };
            if is_failed(value) || inputs::is_unasked(value) {
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

//! Conditions: settled once, before anything that depends on them.

use std::collections::BTreeMap;

use super::evaluate::{Evaluator, is_failed};
use super::lookup::Nothing;
use super::walk::depth_first;
use super::{Inputs, check, inputs, rules};
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::template::read::function_of;
use crate::template::{Entry, Node, NodeKind, Template};
use crate::value::Value;

const CONDITION_FUNCTIONS: &[&str] = &["Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition"];

/// Every condition of the template, settled. Those that depend on what only the account can tell,
/// and that nobody has asked yet, or on something wrong, are not among them.
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
        names.push(names[0].clone());
        let message = format!("conditions depend on each other: {}", names.join(" → "));
        let span = template.conditions[cycle[0]].span;
        diagnostics.push(Diagnostic::error(message).at(&template.source, span));
    }
    for at in walk.order {
        if check::is_enough(diagnostics) {
            break;
        }
        let mut evaluator = Evaluator::new(template, inputs, parameters, &settled, &Nothing);
        let holds = evaluator.condition(&template.conditions[at]);
        diagnostics.extend(evaluator.into_errors());
        if let Some(holds) = holds {
            settled.insert(template.conditions.keys()[at].clone(), holds);
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

/// Complains of the name of a condition that is not there.
pub fn missing(template: &Template, name: &str, span: Span) -> Option<Diagnostic> {
    if template.conditions.contains_key(name) || template.incomplete.contains("Conditions") {
        return None;
    }
    let near = nearest(name, template.conditions.keys().map(String::as_str));
    let error = Diagnostic::error(format!("there is no condition `{name}`"));
    let hint = near.map(|near| format!("did you mean `{near}`?"));
    Some(error.at(&template.source, span).hint_if(hint))
}

impl Evaluator<'_> {
    /// Whether a condition holds; `None` where that depends on what only the account can tell, or
    /// on something that has been complained of.
    pub fn condition(&mut self, node: &Node) -> Option<bool> {
        if node.is_broken() || node.single().is_some_and(|entry| entry.value.is_broken()) {
            return None;
        }
        let Some(entry) = node.single() else {
            let message = "a condition is one of Fn::And, Fn::Or, Fn::Not, Fn::Equals, Condition";
            return self.undecided(node.span, message, None);
        };
        let argument = &entry.value;
        match entry.key.as_str() {
            "Condition" => {
                let name = self.condition_name(argument, "Condition")?;
                self.errors.extend(missing(self.template, name, argument.span));
                self.conditions.get(name).copied()
            }
            "Fn::And" => self.decided_by(false, entry),
            "Fn::Or" => self.decided_by(true, entry),
            "Fn::Not" => match argument.items() {
                [item] => self.condition(item).map(|holds| !holds),
                _ => self.undecided(argument.span, "`Fn::Not` takes a list of one condition", None),
            },
            "Fn::Equals" => self.equals(argument),
            name if self.in_rules && rules::is_comparison(name) => rules::compare(self, entry),
            name => {
                let hint = nearest(name, CONDITION_FUNCTIONS.iter().copied())
                    .map(|near| format!("did you mean `{near}`?"));
                self.undecided(entry.key_span, format!("`{name}` is not a condition"), hint)
            }
        }
    }

    fn undecided(
        &mut self,
        span: Span,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Option<bool> {
        self.fail(span, message, hint);
        None
    }

    /// `Fn::And` is false as soon as one condition is, and `Fn::Or` true, whatever the others are.
    fn decided_by(&mut self, decisive: bool, entry: &Entry) -> Option<bool> {
        let items = entry.value.items();
        let results: Vec<Option<bool>> = items.iter().map(|item| self.condition(item)).collect();
        if !(2..=10).contains(&results.len()) {
            let message = format!("`{}` takes 2 to 10 conditions", entry.key);
            return self.undecided(entry.value.span, message, None);
        }
        if results.contains(&Some(decisive)) {
            return Some(decisive);
        }
        (!results.contains(&None)).then_some(!decisive)
    }

    /// The name of a condition, which no function can give.
    pub(super) fn condition_name<'n>(&mut self, node: &'n Node, taker: &str) -> Option<&'n str> {
        if node.text().is_none() && !node.is_broken() {
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

    fn equals(&mut self, argument: &Node) -> Option<bool> {
        let [left, right] = argument.items() else {
            return self.undecided(argument.span, "`Fn::Equals` takes two values", None);
        };
        let (left_value, right_value) = (self.value(left), self.value(right));
        let mut is_known = true;
        for (node, value) in [(left, &left_value), (right, &right_value)] {
            let Some(value) = value else { continue };
            is_known &= !value.has_unknown();
            if value.has_unknown() && !is_failed(value) && !inputs::is_unasked(value) {
                self.fail(
                    node.span,
                    "a condition can use only what is known before deployment",
                    Some("use parameters, pseudo parameters and mappings".to_owned()),
                );
            }
        }
        is_known.then(|| match (left_value, right_value) {
            (Some(left), Some(right)) => match (left.as_text(), right.as_text()) {
                (Some(left), Some(right)) => left == right,
                _ => left == right,
            },
            (left, right) => left.is_none() && right.is_none(),
        })
    }
}

//! What the loops and modules of a template stand for, by its parameters.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::evaluate::{Evaluator, is_failed};
use super::lookup::Nothing;
use super::{Inputs, check, inputs, modules};
use crate::diagnostic::{Diagnostic, Span};
use crate::template::{self, Loops, Node, Template};
use crate::value::Value;

/// The template with every `Fn::ForEach` and then every module written out; one without either
/// stays as it is. What is wrong with the loops and the modules is among its findings.
pub fn expand(template: Arc<Template>, inputs: &Inputs) -> Arc<Template> {
    if check::is_enough(&template.findings) {
        return template;
    }
    modules::expand(loops(template, inputs))
}

fn loops(template: Arc<Template>, inputs: &Inputs) -> Arc<Template> {
    if template.loops == Loops::None {
        return template;
    }
    // What is wrong with the parameters is said with all the rest.
    let parameters = inputs::parameters(&template, inputs, &mut Vec::new());
    let mut resolve = |collection: &Node| members(&template, inputs, &parameters, collection);
    Arc::new(template::expand(&template, &mut resolve))
}

/// The members of a collection.
fn members(
    template: &Template,
    inputs: &Inputs,
    parameters: &BTreeMap<String, Value>,
    collection: &Node,
) -> Result<Vec<String>, Vec<Diagnostic>> {
    if let Some(span) = choice(collection) {
        // Conditions can be made by loops themselves.
        return Err(vec![
            Diagnostic::error("the collection of `Fn::ForEach` cannot depend on a condition")
                .at(&template.source, span)
                .hint("use a parameter or a mapping"),
        ]);
    }
    let conditions = BTreeMap::new();
    let mut evaluator = Evaluator::new(template, inputs, parameters, &conditions, &Nothing);
    let value = evaluator.value(collection);
    let errors = evaluator.into_errors();
    if !errors.is_empty() {
        return Err(errors);
    }
    let wrong = |message: &str| {
        Err(vec![
            Diagnostic::error(message)
                .at(&template.source, collection.span)
                .hint("a list, or a `Ref` to a parameter of type `CommaDelimitedList`"),
        ])
    };
    let items = match value {
        // The parameter has been complained of.
        Some(value) if is_failed(&value) => return Err(Vec::new()),
        Some(value) if inputs::is_unasked(&value) => {
            return wrong("the collection of `Fn::ForEach` depends on a value that is not given");
        }
        Some(value) if value.has_unknown() => {
            return wrong("the collection of `Fn::ForEach` is not known before deployment");
        }
        Some(value) if value.has_secret() => {
            return wrong("the collection of `Fn::ForEach` cannot be hidden");
        }
        Some(Value::List(items)) => items,
        _ => return wrong("the collection of `Fn::ForEach` is not a list"),
    };
    let texts: Option<Vec<_>> =
        items.iter().map(|item| item.as_text().map(str::to_owned)).collect();
    texts.map_or_else(|| wrong("the collection of `Fn::ForEach` is not a list of texts"), Ok)
}

/// Where an `Fn::If` stands in a node.
fn choice(node: &Node) -> Option<Span> {
    let inside = node.entries().iter().find_map(|entry| match entry.key.as_str() {
        "Fn::If" => Some(entry.key_span),
        _ => choice(&entry.value),
    });
    inside.or_else(|| node.items().iter().find_map(choice))
}

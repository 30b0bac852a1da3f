//! `Fn::Sub` as people write it: references and known texts stand in the text itself, and only what
//! cannot stays a variable.

use super::expression::Expression;
use crate::diagnostic::Span;
use crate::template::{Entry, Node, NodeKind};

/// What a variable becomes.
pub(super) enum Variable {
    /// A part of the text.
    Inline(String),
    /// A variable of the function.
    Own(Node),
}

/// How a variable's value is best written.
pub(super) fn inlined(expression: &Expression, node: Node) -> Variable {
    if let Some(text) = expression.as_text() {
        return Variable::Inline(text.replace("${", "${!"));
    }
    let named = node.single().and_then(|call| match (call.key.as_str(), &call.value.kind) {
        ("Ref", NodeKind::String(name)) => Some(name.clone()),
        ("Fn::GetAtt", NodeKind::String(name)) => Some(name.clone()),
        ("Fn::GetAtt", NodeKind::List(parts)) => {
            let parts: Option<Vec<&str>> = parts.iter().map(Node::text).collect();
            Some(parts?.join("."))
        }
        _ => None,
    });
    named.map_or(Variable::Own(node), |name| Variable::Inline(format!("${{{name}}}")))
}

/// The call, or a plain text if nothing is left to substitute.
pub(super) fn written(text: &str, variables: Vec<(String, Variable)>, span: Span) -> Node {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${") {
        let Some((name, behind)) = from.split_once('}') else { break };
        written.push_str(before);
        match variables.iter().find(|(known, _)| known == name) {
            Some((_, Variable::Inline(text))) => written.push_str(text),
            _ => {
                written.push_str("${");
                written.push_str(name);
                written.push('}');
            }
        }
        rest = behind;
    }
    written.push_str(rest);
    let own: Vec<Entry> = variables
        .into_iter()
        .filter_map(|(key, variable)| match variable {
            Variable::Own(value) => Some(Entry { key, key_span: span, value }),
            Variable::Inline(_) => None,
        })
        .collect();
    let node = |kind| Node { kind, span };
    if own.is_empty() && !written.contains("${") {
        return node(NodeKind::String(written));
    }
    let text = node(NodeKind::String(written));
    let argument = match own.is_empty() {
        true => text,
        false => node(NodeKind::List(vec![text, node(NodeKind::Map(own))])),
    };
    let call = Entry { key: "Fn::Sub".to_owned(), key_span: span, value: argument };
    node(NodeKind::Map(vec![call]))
}

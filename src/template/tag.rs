//! Short tags: `!Sub x` is only another spelling of `{Fn::Sub: x}`.

use std::sync::Arc;

use yaml_events::Tag;

use super::{Entry, Node, NodeKind};
use crate::diagnostic::{Diagnostic, Source, Span, nearest};

/// Every short tag and the key it stands for.
const FUNCTIONS: &[(&str, &str)] = &[
    ("Ref", "Ref"),
    ("Condition", "Condition"),
    ("GetAtt", GET_ATT),
    ("Sub", "Fn::Sub"),
    ("Join", "Fn::Join"),
    ("Select", "Fn::Select"),
    ("Split", "Fn::Split"),
    ("FindInMap", "Fn::FindInMap"),
    ("If", "Fn::If"),
    ("And", "Fn::And"),
    ("Or", "Fn::Or"),
    ("Not", "Fn::Not"),
    ("Equals", "Fn::Equals"),
    ("Base64", "Fn::Base64"),
    ("Cidr", "Fn::Cidr"),
    ("GetAZs", "Fn::GetAZs"),
    ("ImportValue", "Fn::ImportValue"),
    ("Transform", "Fn::Transform"),
];

pub(super) const GET_ATT: &str = "Fn::GetAtt";

/// Functions that can only be written in full.
const LONG_ONLY: &[&str] = &[
    "Length",
    "ToJsonString",
    "ForEach",
    "Contains",
    "EachMemberEquals",
    "EachMemberIn",
    "RefAll",
    "ValueOf",
    "ValueOfAll",
];

/// What a tag makes of the node behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tagging {
    /// Nothing: the node is what it looks like.
    None,
    /// A scalar is text, whatever it looks like.
    Text,
    /// The node is the argument of a function.
    Function { key: &'static str, span: Span },
    /// Nobody knows what.
    Unknown,
}

/// Reads the tag written at a span. A misspelt one is taken for the one that is meant, and said.
pub(super) fn read(tag: &Tag, span: Span, source: &Arc<Source>) -> (Tagging, Option<Diagnostic>) {
    if let Some(core) = tag.core_suffix() {
        return (if core == "str" { Tagging::Text } else { Tagging::None }, None);
    }
    if tag.original() == "!" {
        return (Tagging::Text, None);
    }
    let known = FUNCTIONS.iter().find(|(name, _)| tag.handle() == "!" && *name == tag.suffix());
    match known {
        Some((_, key)) => (Tagging::Function { key, span }, None),
        None => unknown(tag, span, source),
    }
}

fn unknown(tag: &Tag, span: Span, source: &Arc<Source>) -> (Tagging, Option<Diagnostic>) {
    let name = tag.suffix();
    let bare = name.strip_prefix("Fn::").unwrap_or(name);
    let error = Diagnostic::error(format!("unknown tag `{}`", tag.original())).at(source, span);
    if LONG_ONLY.contains(&bare) {
        let hint = format!("`Fn::{bare}` has no short form: write `Fn::{bare}:`");
        return (Tagging::Unknown, Some(error.hint(hint)));
    }
    let near = nearest(bare, FUNCTIONS.iter().map(|(name, _)| *name));
    match FUNCTIONS.iter().find(|(name, _)| near == Some(*name)) {
        Some((name, key)) => {
            let error = error.hint(format!("did you mean `!{name}`?"));
            (Tagging::Function { key, span }, Some(error))
        }
        None => (Tagging::Unknown, Some(error)),
    }
}

/// The long form of a tagged node.
pub(super) fn long_form(key: &'static str, key_span: Span, argument: Node) -> Node {
    let span = Span { start: key_span.start, end: argument.span.end.max(key_span.end) };
    let entry = Entry { key: key.to_owned(), key_span, value: argument };
    Node { kind: NodeKind::Map(vec![entry]), span }
}

/// `Vpc.VpcId` is another spelling of `[Vpc, VpcId]`; the attribute may have dots of its own.
pub(super) fn split_attribute(argument: &mut Node, source: &Arc<Source>) -> Result<(), Diagnostic> {
    let NodeKind::String(text) = &argument.kind else { return Ok(()) };
    let span = argument.span;
    let Some((resource, attribute)) = text
        .split_once('.')
        .filter(|(resource, attribute)| !resource.is_empty() && !attribute.is_empty())
    else {
        let hint =
            format!("write the resource and the attribute: `{}.Arn`", text.trim_matches('.'));
        return Err(Diagnostic::error(format!("`{text}` names no attribute of a resource"))
            .at(source, span)
            .hint(hint));
    };
    let dot = resource.len();
    let items = vec![
        Node {
            kind: NodeKind::String(resource.to_owned()),
            span: within(text, span, 0, dot, source),
        },
        Node {
            kind: NodeKind::String(attribute.to_owned()),
            span: within(text, span, dot + 1, text.len(), source),
        },
    ];
    argument.kind = NodeKind::List(items);
    Ok(())
}

/// The place of a part of a scalar; the whole scalar if it was not written as it reads.
fn within(text: &str, span: Span, from: usize, to: usize, source: &Arc<Source>) -> Span {
    let written = source.text.get(span.start..span.end).unwrap_or_default();
    match written.find(text) {
        Some(offset) => Span { start: span.start + offset + from, end: span.start + offset + to },
        None => span,
    }
}

//! What can be said of a template's properties before any call.

use super::Graph;
use super::evaluate::is_function;
pub use crate::diagnostic::sort;
use crate::diagnostic::{Diagnostic, Severity, Source, Span, nearest};
use crate::resource;
use crate::schema::{At, Basis, Finding, Segment};
use crate::template::read::MOST_FINDINGS;
use crate::template::{Node, ResourceNode, Template};
use crate::value::{LogicalId, Value};

pub fn no_such_dependency(template: &Template, name: &str, span: Span) -> Option<Diagnostic> {
    if template.incomplete.contains("Resources") {
        return None;
    }
    let near = nearest(name, template.resources.keys().map(LogicalId::as_str));
    let error = Diagnostic::error(format!("there is no resource `{name}` to depend on"))
        .at(&template.source, span);
    Some(error.hint_if(near.map(|near| format!("did you mean `{near}`?"))))
}

/// The properties that a template may have and Cairn cannot set yet.
pub fn unsupported(graph: &Graph, declared: &ResourceNode, value: &Value) -> Vec<Diagnostic> {
    let Some(handler) = resource::handler(&declared.type_name) else { return Vec::new() };
    let find = |(property, reason): &(&str, &str)| {
        let path: Vec<Segment> =
            property.split('.').map(|name| Segment::Key(name.to_owned())).collect();
        let finding = || {
            Diagnostic::warning(format!("Cairn does not support `{property}` yet: {reason}"))
                .at(&graph.template.source, locate(graph, &declared.id, &path, At::Key))
        };
        find(value, &path).then(finding)
    };
    handler.unsupported().iter().filter_map(find).collect()
}

fn find(value: &Value, path: &[Segment]) -> bool {
    match (value, path) {
        (_, []) => true,
        (Value::Map(entries), [Segment::Key(key), rest @ ..]) => {
            let name = key.trim_end_matches("[]");
            entries.get(name).is_some_and(|inner| match inner {
                Value::List(items) if key.ends_with("[]") => {
                    items.iter().any(|item| find(item, rest))
                }
                inner => find(inner, rest),
            })
        }
        _ => false,
    }
}

/// A finding about a property, at its place.
pub fn diagnostic(graph: &Graph, id: &LogicalId, finding: &Finding) -> Diagnostic {
    let diagnostic = match finding.severity {
        Severity::Error => Diagnostic::error(&finding.message),
        Severity::Warning => Diagnostic::warning(&finding.message),
    };
    diagnostic
        .at(&graph.template.source, locate(graph, id, &finding.path, finding.at))
        .hint_if(finding.hint.clone())
        .hint_if(source(graph, id).filter(|_| finding.basis == Basis::Limit))
}

/// Where AWS documents what it takes.
fn source(graph: &Graph, id: &LogicalId) -> Option<String> {
    const REFERENCE: &str = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide";
    let declared = graph.template.resources.get(id)?;
    let name = declared.type_name.strip_prefix("AWS::")?.replace("::", "-").to_lowercase();
    Some(format!("{REFERENCE}/aws-resource-{name}.html"))
}

/// Where a property is written: as deep along the path as the template goes, through the taken
/// branches of `Fn::If`.
pub fn locate(graph: &Graph, id: &LogicalId, path: &[Segment], at: At) -> Span {
    let Some(declared) = graph.template.resources.get(id) else { return Span::default() };
    let mut node = &declared.properties;
    let mut span = if node.entries().is_empty() { declared.id_span } else { node.span };
    if path.is_empty() {
        return declared.id_span;
    }
    for (depth, segment) in path.iter().enumerate() {
        node = taken(graph, node);
        let is_last = depth + 1 == path.len();
        match segment {
            Segment::Key(name) => {
                let Some(entry) = node.entries().iter().find(|entry| entry.key == *name) else {
                    return if depth == 0 { declared.id_span } else { span };
                };
                span = match (is_last, at) {
                    (true, At::Value) => taken(graph, &entry.value).span,
                    _ => entry.key_span,
                };
                node = &entry.value;
            }
            Segment::Index(index) => {
                let Some(item) = node.items().get(*index) else { return span };
                span = item.span;
                node = item;
            }
        }
    }
    span
}

fn taken<'a>(graph: &Graph, node: &'a Node) -> &'a Node {
    let Some(entry) = node.single().filter(|entry| is_function(&entry.key)) else { return node };
    match (entry.key.as_str(), entry.value.items()) {
        ("Fn::If", [condition, then, otherwise]) => {
            let holds = condition.text().and_then(|name| graph.conditions.get(name));
            taken(graph, if holds == Some(&true) { then } else { otherwise })
        }
        _ => node,
    }
}

/// Whether there is more to say than anybody reads: what else is wrong is found next time. Without
/// this a large template with one mistake in each resource takes minutes to look for near names.
pub fn is_enough(diagnostics: &[Diagnostic]) -> bool {
    let is_error = |finding: &&Diagnostic| finding.severity == Severity::Error;
    diagnostics.iter().filter(is_error).count() > MOST_FINDINGS
}

/// The first of each severity, and how many more there are.
pub fn limit(diagnostics: &mut Vec<Diagnostic>, source: &Source) {
    for severity in [Severity::Error, Severity::Warning] {
        let mut count = 0;
        diagnostics.retain(|finding| {
            count += usize::from(finding.severity == severity);
            finding.severity != severity || count <= MOST_FINDINGS
        });
        if count > MOST_FINDINGS {
            let (more, name) = (count - MOST_FINDINGS, &source.name);
            diagnostics.push(match severity {
                Severity::Error => {
                    Diagnostic::error(format!("at least {more} more errors in `{name}`"))
                }
                Severity::Warning => {
                    Diagnostic::warning(format!("{more} more warnings in `{name}`"))
                }
            });
        }
    }
}

//! Roles held against what they are given to: a service can only use a role whose trust policy lets
//! it, and says so when the resource is made. Where the role is of the same template it is seen here.

use super::known::Known;
use super::order::parent;
use super::{Graph, Node};
use crate::diagnostic::Diagnostic;
use crate::schema::{At, Segment};
use crate::value::Value;

/// A type, its property that names a role, and the service that assumes it.
const USERS: &[(&str, &str, &str)] = &[
    ("AWS::ApiGateway::Account", "CloudWatchRoleArn", "apigateway"),
    ("AWS::Bedrock::Agent", "AgentResourceRoleArn", "bedrock"),
    ("AWS::Lambda::Function", "Role", "lambda"),
];

/// Checks every role of the template where it is used.
pub fn check(graph: &Graph, known: &Known, diagnostics: &mut Vec<Diagnostic>) {
    for node in graph.nodes.values() {
        for (_, property, service) in USERS.iter().filter(|(of, _, _)| *of == node.type_name) {
            diagnostics.extend(refused(graph, known, node, property, service));
        }
    }
}

fn refused(
    graph: &Graph,
    known: &Known,
    node: &Node,
    property: &str,
    service: &str,
) -> Option<Diagnostic> {
    let role = parent(graph, &node.id, property)?;
    if graph.nodes.get(&role)?.type_name != "AWS::IAM::Role" {
        return None;
    }
    let document = known.sound(&role)?.get("AssumeRolePolicyDocument")?;
    if !certainly_lacks(document, service) {
        return None;
    }
    let span = graph.span_of(&node.id, &[Segment::Key(property.to_owned())], At::Value);
    let principal = format!("{service}.amazonaws.com");
    let finding = Diagnostic::error(format!(
        "`{}` cannot use the role `{role}`: its trust policy does not let `{principal}` assume it",
        node.id
    ));
    Some(finding.at(&graph.template.source, span).hint(format!(
        "add `Service: {principal}` to the `Principal` in the `AssumeRolePolicyDocument` of `{role}`"
    )))
}

/// Whether a trust policy is known, and has nothing that might let a service assume the role.
fn certainly_lacks(document: &Value, service: &str) -> bool {
    if document.has_unknown() || document.has_secret() {
        return false;
    }
    let Value::Map(document) = document else { return false };
    let statements = document.get("Statement").map(items).unwrap_or_default();
    // What is no policy at all is another mistake.
    !statements.is_empty() && statements.iter().all(|one| is_about_others(one, service))
}

/// Whether a statement denies, or allows only others by their names.
fn is_about_others(statement: &Value, service: &str) -> bool {
    let Value::Map(entries) = statement else { return false };
    if entries.get("Effect").and_then(Value::as_text) == Some("Deny") {
        return true;
    }
    let Some(Value::Map(principals)) = entries.get("Principal") else { return false };
    principals.iter().all(|(kind, named)| {
        let mut names = items(named).into_iter().map(Value::as_text);
        names.all(|name| match (kind.as_str(), name) {
            (_, None) => false,
            ("Service", Some(name)) => is_other(name, service),
            ("AWS", Some(name)) => name != "*",
            ("Federated" | "CanonicalUser", Some(_)) => true,
            _ => false,
        })
    })
}

/// Whether a principal is plainly another service: `lambda.us-east-1.amazonaws.com` may be the same.
fn is_other(principal: &str, service: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ".-".contains(letter);
    principal.chars().all(is_plain)
        && !principal.split('.').any(|label| label.eq_ignore_ascii_case(service))
}

/// One or several, as policies write them.
fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::List(items) => items.iter().collect(),
        one => vec![one],
    }
}

//! Limits of the services that no schema tells, and that show only when somebody calls: each
//! finding names where AWS says so.

use super::known::Known;
use super::{Graph, Node};
use crate::diagnostic::Diagnostic;
use crate::schema::{At, Pattern, Segment};
use crate::template::dynamic::has_reference;
use crate::value::{LogicalId, Value};

const QUOTAS: &str = "https://docs.aws.amazon.com/bedrock/latest/userguide/quotas.html";
const TOOL_NAMES: &str =
    "https://docs.aws.amazon.com/bedrock/latest/userguide/agents-action-create.html";
const MODELS: &str = "https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html";
const API_LIMITS: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html";

/// The longest name of a tool that Anthropic's models take: `<action group>__<function>`.
const TOOL_NAME_LENGTH: usize = 64;
const FUNCTION_PARAMETERS: usize = 5;
/// What an integration waits when nothing is said, and the most without a raised quota.
const INTEGRATION_MILLISECONDS: u64 = 29_000;
/// What a function may take when nothing is said.
const FUNCTION_SECONDS: u64 = 3;

/// Checks all that is known.
pub fn check(graph: &Graph, known: &Known, diagnostics: &mut Vec<Diagnostic>) {
    for node in graph.nodes.values() {
        let mut found = match node.type_name.as_str() {
            "AWS::Bedrock::Agent" => agent(graph, known, &node.id),
            "AWS::ApiGateway::Method" => method(graph, known, node),
            _ => Vec::new(),
        };
        diagnostics.append(&mut found);
    }
}

fn agent(graph: &Graph, known: &Known, id: &LogicalId) -> Vec<Diagnostic> {
    let Some(properties) = known.any(id) else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(model) = text(properties, "FoundationModel")
        && !is_model(model)
    {
        found.push(
            error(graph, id, &[key("FoundationModel")], format!("`{model}` is no id of a model"))
                .hint(
                    "a model is `anthropic.claude-haiku-4-5-20251001-v1:0`, an inference profile \
                     `us.anthropic.…`, either may be an ARN",
                )
                .hint(MODELS),
        );
    }
    for (index, group) in items(properties, "ActionGroups").iter().enumerate() {
        let path = [key("ActionGroups"), Segment::Index(index)];
        action_group(graph, id, &path, group, &mut found);
    }
    found
}

fn action_group(
    graph: &Graph,
    id: &LogicalId,
    path: &[Segment],
    group: &Value,
    found: &mut Vec<Diagnostic>,
) {
    let Some(schema) = get(group, "FunctionSchema") else { return };
    for (index, function) in items(schema, "Functions").iter().enumerate() {
        let inside = |name: &str| {
            [path, &[key("FunctionSchema"), key("Functions"), Segment::Index(index), key(name)]]
                .concat()
        };
        let name = text(function, "Name");
        if let (Some(group), Some(name)) = (text(group, "ActionGroupName"), name) {
            let tool = format!("{group}__{name}");
            if tool.len() > TOOL_NAME_LENGTH {
                let message = format!(
                    "the model would see this function as `{tool}`, {} characters: \
                     {TOOL_NAME_LENGTH} is the most",
                    tool.len()
                );
                let finding = error(graph, id, &inside("Name"), message);
                found.push(finding.hint("shorten it, or the name of its group").hint(TOOL_NAMES));
            }
        }
        let count = match get(function, "Parameters") {
            Some(Value::Map(parameters)) => parameters.len(),
            _ => 0,
        };
        if count > FUNCTION_PARAMETERS {
            let message = format!(
                "`{}` has {count} parameters, and a function may have {FUNCTION_PARAMETERS}",
                name.unwrap_or("this function")
            );
            let finding = error(graph, id, &inside("Parameters"), message);
            found.push(finding.hint("the quota can be raised for an account").hint(QUOTAS));
        }
    }
}

/// How long the integration waits, held against how long the function may take.
fn method(graph: &Graph, known: &Known, node: &Node) -> Vec<Diagnostic> {
    let Some(properties) = known.any(&node.id) else { return Vec::new() };
    let Some(integration) = get(properties, "Integration") else { return Vec::new() };
    let mut found = Vec::new();
    let waits = number(integration, "TimeoutInMillis").unwrap_or(INTEGRATION_MILLISECONDS);
    let is_streamed = text(integration, "ResponseTransferMode") == Some("STREAM");
    if waits > INTEGRATION_MILLISECONDS && !is_streamed {
        let path = [key("Integration"), key("TimeoutInMillis")];
        let span = graph.span_of(&node.id, &path, At::Value);
        let message = format!(
            "an integration waits 29 s at most unless the account's quota is raised: {waits} ms"
        );
        let finding = match is_edge(graph, known, node) {
            true => Diagnostic::error(message)
                .hint("the quota can be raised for Regional and private APIs only"),
            false => Diagnostic::warning(message)
                .hint("ask for `Maximum integration timeout in milliseconds` in Service Quotas"),
        };
        found.push(finding.at(&graph.template.source, span).hint(API_LIMITS));
    }
    let functions = node.dependencies.iter().filter(|id| {
        graph.nodes.get(*id).is_some_and(|node| node.type_name == "AWS::Lambda::Function")
    });
    for function in functions {
        found.extend(short_function(graph, known, &node.id, function, waits));
    }
    found
}

/// A function that is ended while its integration still waits cannot even say so.
fn short_function(
    graph: &Graph,
    known: &Known,
    method: &LogicalId,
    function: &LogicalId,
    waits: u64,
) -> Option<Diagnostic> {
    let properties = known.any(function)?;
    let declared = get(properties, "Timeout");
    let seconds = match declared {
        Some(_) => number(properties, "Timeout")?,
        None => FUNCTION_SECONDS,
    };
    if seconds * 1000 >= waits {
        return None;
    }
    let said = if declared.is_some() { "" } else { ", as nothing is said" };
    let span = graph.span_of(function, &[key("Timeout")], At::Value);
    Some(
        Diagnostic::warning(format!(
            "`{function}` is ended after {seconds} s{said}, while `{method}` waits {waits} ms \
             for it: callers get 502 without a reason"
        ))
        .at(&graph.template.source, span)
        .hint("raise `Timeout`, or lower `TimeoutInMillis`")
        .hint(API_LIMITS),
    )
}

/// Whether the API of a method is edge-optimized, as it is when nothing is said.
fn is_edge(graph: &Graph, known: &Known, method: &Node) -> bool {
    let api = super::order::parent(graph, &method.id, "RestApiId");
    let Some(properties) = api.and_then(|api| known.any(&api)) else { return false };
    let Some(configuration) = get(properties, "EndpointConfiguration") else { return true };
    items(configuration, "Types").iter().any(|kind| kind.as_text() == Some("EDGE"))
}

fn is_model(text: &str) -> bool {
    text.starts_with("arn:")
        || Pattern::from(r"^[a-z0-9-]+\.[a-zA-Z0-9.:-]+$".to_owned()).matches(text)
}

fn error(graph: &Graph, id: &LogicalId, path: &[Segment], message: String) -> Diagnostic {
    let span = graph.span_of(id, path, At::Value);
    Diagnostic::error(message).at(&graph.template.source, span)
}

fn key(name: &str) -> Segment {
    Segment::Key(name.to_owned())
}

fn get<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Map(entries) => entries.get(key),
        _ => None,
    }
}

fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    match get(value, key) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    get(value, key)?.as_text().filter(|text| !has_reference(text))
}

fn number(value: &Value, key: &str) -> Option<u64> {
    text(value, key)?.parse().ok()
}

//! Aliases of the stack's own agents, and which of them the template gives a routing.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::order::{parent, says};
use super::{Graph, Nothing};
use crate::value::{LogicalId, Value};

const ALIAS: &str = "AWS::Bedrock::AgentAlias";
/// What leads an alias to a version that is there already.
pub const ROUTING: &str = "RoutingConfiguration";

/// The aliases that lead to versions there are, each with its agent.
pub fn pinned(graph: &Graph) -> BTreeMap<&LogicalId, LogicalId> {
    aliases(graph).filter(|(id, _)| says(graph, id, ROUTING)).collect()
}

/// The aliases that a version is cut for, each with its agent.
pub fn cutting(graph: &Graph) -> BTreeMap<&LogicalId, LogicalId> {
    aliases(graph).filter(|(id, _)| !says(graph, id, ROUTING)).collect()
}

/// The versions that the template leads an alias to, as far as they are known.
pub fn versions(graph: &Graph, id: &LogicalId) -> Vec<String> {
    let mut evaluator = graph.evaluator(&Nothing);
    let routing = match graph.evaluate_properties(id, &mut evaluator) {
        Value::Map(properties) => properties.get(ROUTING).map(Value::to_masked_json),
        _ => None,
    };
    let routes = routing.as_ref().and_then(Json::as_array).into_iter().flatten();
    routes.filter_map(|route| Some(route["AgentVersion"].as_str()?.to_owned())).collect()
}

fn aliases(graph: &Graph) -> impl Iterator<Item = (&LogicalId, LogicalId)> {
    let aliases = graph.nodes.values().filter(|node| node.type_name == ALIAS);
    aliases.filter_map(|node| Some((&node.id, parent(graph, &node.id, "AgentId")?)))
}

//! Aliases of the stack's own agents, and which of them the template gives a routing.

use std::collections::BTreeMap;

use super::Graph;
use super::order::{parent, says};
use crate::value::LogicalId;

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

fn aliases(graph: &Graph) -> impl Iterator<Item = (&LogicalId, LogicalId)> {
    let aliases = graph.nodes.values().filter(|node| node.type_name == ALIAS);
    aliases.filter_map(|node| Some((&node.id, parent(graph, &node.id, "AgentId")?)))
}

//! Edges that no template needs to write, the order they all give, and cycles.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::Evaluator;
use super::lookup::{Lookup, Nothing};
use super::walk::depth_first;
use super::{Graph, Node};
use crate::diagnostic::Diagnostic;
use crate::resource::{self, Follows};
use crate::value::{LogicalId, Value};

/// Answers `Ref` with a marker, so that it can be seen which resource a property names.
struct Markers;

const MARK: &str = "ref:";

impl Lookup for Markers {
    fn reference(&self, id: &str) -> Value {
        Value::string(format!("{MARK}{id}"))
    }

    fn attribute(&self, id: &str, attribute: &str) -> Value {
        // `GetAtt Api.RestApiId` names the API as `Ref Api` does.
        match attribute {
            "Id" | "RestApiId" | "AgentId" | "VpcId" | "GroupId" | "Arn" => self.reference(id),
            _ => Nothing.attribute(id, attribute),
        }
    }
}

/// Which resource a property of a resource names, if it names one.
pub fn parent(graph: &Graph, id: &LogicalId, property: &str) -> Option<LogicalId> {
    let node = graph.template.resources.get(id)?.properties.get(property)?;
    let mut evaluator = Evaluator::new(
        &graph.template,
        &graph.inputs,
        &graph.parameters,
        &graph.conditions,
        &Markers,
    );
    match evaluator.value(node)? {
        Value::String(text) => text.strip_prefix(MARK).map(LogicalId::new),
        _ => None,
    }
}

/// A resource that copies others' content comes after them: a deployment after every method of
/// its API, which only `DependsOn` could say otherwise.
pub fn add_followed(graph: &mut Graph) {
    let mut members = Members::default();
    let mut additions: Vec<(LogicalId, BTreeSet<LogicalId>)> = Vec::new();
    for node in graph.nodes.values() {
        let Some(follows) = resource::handler(&node.type_name).and_then(resource::Handler::follows)
        else {
            continue;
        };
        if follows.unless.is_some_and(|property| says(graph, &node.id, property)) {
            continue;
        }
        let Some(parent_id) = parent(graph, &node.id, follows.through) else { continue };
        let mut followed: BTreeSet<LogicalId> = members
            .of(graph, &node.type_name, follows)
            .get(&parent_id)
            .cloned()
            .unwrap_or_default();
        followed.insert(parent_id);
        additions.push((node.id.clone(), followed));
    }
    for (id, followed) in additions {
        if let Some(node) = graph.nodes.get_mut(&id) {
            node.dependencies.extend(followed.iter().cloned());
            node.follows = followed;
        }
    }
}

/// For each type that follows, what there is to follow, by parent.
#[derive(Default)]
struct Members(BTreeMap<String, BTreeMap<LogicalId, BTreeSet<LogicalId>>>);

impl Members {
    fn of(
        &mut self,
        graph: &Graph,
        type_name: &str,
        follows: Follows,
    ) -> &BTreeMap<LogicalId, BTreeSet<LogicalId>> {
        self.0.entry(type_name.to_owned()).or_insert_with(|| {
            let mut members: BTreeMap<LogicalId, BTreeSet<LogicalId>> = BTreeMap::new();
            let followed = |node: &&Node| follows.types.contains(&node.type_name.as_str());
            for node in graph.nodes.values().filter(followed) {
                if let Some(parent) = parent(graph, &node.id, follows.through) {
                    members.entry(parent).or_default().insert(node.id.clone());
                }
            }
            members
        })
    }
}

/// Whether the template gives a resource this property.
pub fn says(graph: &Graph, id: &LogicalId, property: &str) -> bool {
    let mut evaluator = graph.evaluator(&Nothing);
    match graph.evaluate_properties(id, &mut evaluator) {
        Value::Map(properties) => properties.contains_key(property),
        _ => false,
    }
}

/// Puts the nodes in an order of their dependencies, the template's order where they leave a
/// choice, and reports cycles by their members.
pub fn sort(graph: &mut Graph, diagnostics: &mut Vec<Diagnostic>) {
    let place = |id: &LogicalId| graph.nodes.get_index_of(id);
    let dependencies = |node: &Node| {
        let mut places: Vec<usize> = node.dependencies.iter().filter_map(place).collect();
        places.sort_unstable();
        places
    };
    let edges: Vec<Vec<usize>> = graph.nodes.values().map(dependencies).collect();
    let walk = depth_first(&edges);
    for cycle in walk.cycles {
        let members: Vec<LogicalId> =
            cycle.into_iter().map(|at| graph.nodes[at].id.clone()).collect();
        diagnostics.push(explain(graph, &members));
    }
    let mut rank = vec![0; edges.len()];
    for (position, at) in walk.order.into_iter().enumerate() {
        rank[at] = position;
    }
    let mut nodes: Vec<(usize, (LogicalId, Node))> =
        rank.into_iter().zip(std::mem::take(&mut graph.nodes)).collect();
    nodes.sort_unstable_by_key(|(rank, _)| *rank);
    graph.nodes = nodes.into_iter().map(|(_, node)| node).collect();
}

fn explain(graph: &Graph, cycle: &[LogicalId]) -> Diagnostic {
    let span = graph.nodes[&cycle[0]].id_span;
    if let [only] = cycle {
        let hint = match graph.nodes[only].type_name.as_str() {
            "AWS::EC2::SecurityGroup" => {
                "a rule inside the group cannot name the group: write it as a resource of its own, \
                 `AWS::EC2::SecurityGroupIngress` or `AWS::EC2::SecurityGroupEgress`"
            }
            _ => "a resource cannot refer to itself",
        };
        return Diagnostic::error(format!("`{only}` depends on itself"))
            .at(&graph.template.source, span)
            .hint(hint);
    }
    let mut members: Vec<&str> = cycle.iter().map(LogicalId::as_str).collect();
    members.push(cycle[0].as_str());
    let diagnostic =
        Diagnostic::error(format!("these resources depend on each other: {}", members.join(" → ")))
            .at(&graph.template.source, span);
    let groups =
        cycle.iter().filter(|id| graph.nodes[*id].type_name.starts_with("AWS::EC2::SecurityGroup"));
    if groups.count() > 1 {
        return diagnostic.hint(
            "security groups that name each other need their rules as resources of their own: \
             `AWS::EC2::SecurityGroupIngress`, `AWS::EC2::SecurityGroupEgress`",
        );
    }
    diagnostic.hint("break the cycle where one of them can do without the other")
}

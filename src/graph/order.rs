//! Edges that no template needs to write, the order they all give, and cycles.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::evaluate::Evaluator;
use super::lookup::{Lookup, Nothing};
use super::{Graph, Node};
use crate::diagnostic::Diagnostic;
use crate::resource;
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
        let mut followed: BTreeSet<LogicalId> = graph
            .nodes
            .values()
            .filter(|other| follows.types.contains(&other.type_name.as_str()))
            .filter(|other| parent(graph, &other.id, follows.through).as_ref() == Some(&parent_id))
            .map(|other| other.id.clone())
            .collect();
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

/// Whether the template gives a resource this property.
fn says(graph: &Graph, id: &LogicalId, property: &str) -> bool {
    let mut evaluator = graph.evaluator(&Nothing);
    match graph.evaluate_properties(id, &mut evaluator) {
        Value::Map(properties) => properties.contains_key(property),
        _ => false,
    }
}

/// Puts the nodes in an order of their dependencies, the template's order where they leave a
/// choice, and reports cycles by their members.
pub fn sort(graph: &mut Graph, diagnostics: &mut Vec<Diagnostic>) {
    let mut sorting = Sorting { nodes: &graph.nodes, marks: BTreeMap::new(), order: Vec::new() };
    let mut cycles = Vec::new();
    for id in graph.nodes.keys() {
        sorting.visit(id, &mut Vec::new(), &mut cycles);
    }
    let order = sorting.order;
    for cycle in cycles {
        diagnostics.push(explain(graph, &cycle));
    }
    graph.nodes = order
        .into_iter()
        .filter_map(|id| graph.nodes.get(&id).map(|node| (id.clone(), node.clone())))
        .collect();
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    Open,
    Closed,
}

struct Sorting<'a> {
    nodes: &'a IndexMap<LogicalId, Node>,
    marks: BTreeMap<LogicalId, Visit>,
    order: Vec<LogicalId>,
}

impl Sorting<'_> {
    fn visit(
        &mut self,
        id: &LogicalId,
        path: &mut Vec<LogicalId>,
        cycles: &mut Vec<Vec<LogicalId>>,
    ) {
        match self.marks.get(id) {
            Some(Visit::Closed) => return,
            Some(Visit::Open) => {
                let start = path.iter().position(|earlier| earlier == id).unwrap_or(0);
                cycles.push(path[start..].to_vec());
                return;
            }
            None => {}
        }
        let Some(node) = self.nodes.get(id) else { return };
        self.marks.insert(id.clone(), Visit::Open);
        path.push(id.clone());
        let mut dependencies: Vec<_> = node.dependencies.iter().collect();
        dependencies.sort_by_key(|id| self.nodes.get_index_of(*id));
        for dependency in dependencies {
            self.visit(dependency, path, cycles);
        }
        path.pop();
        self.marks.insert(id.clone(), Visit::Closed);
        self.order.push(id.clone());
    }
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

//! What a template says of its resources, evaluated so that references can be seen.

use super::{Link, Part, Region, each_text, linked, told};
use crate::diagnostic::Place;
use crate::graph::{Graph, Lookup, Node};
use crate::value::{LogicalId, TypeName, Value};

/// What stands around a logical id in an evaluated text: no template has these.
pub const OPEN: char = '\u{f0000}';
const CLOSE: char = '\u{f0001}';

/// Answers with the name of what was asked for.
struct Names;

impl Lookup for Names {
    fn reference(&self, id: &str) -> Value {
        Value::string(format!("{OPEN}{id}{CLOSE}"))
    }

    fn attribute(&self, id: &str, _: &str) -> Value {
        self.reference(id)
    }
}

pub fn parts(graph: &Graph) -> Vec<Part> {
    graph.nodes.values().map(|node| part(graph, node)).collect()
}

fn part(graph: &Graph, node: &Node) -> Part {
    // A function that needs more than a name cannot be evaluated so: its links are the node's
    // dependencies, only without their path.
    let (properties, _) = graph.expressed(&node.id, &Names);
    let properties = properties.to_masked_json();
    let mut links = Vec::new();
    each_text(&properties, &mut Vec::new(), &mut |path, text| {
        for name in names(text).filter(|name| graph.nodes.contains_key(*name)) {
            links.push(Link { to: LogicalId::new(name), path: path.to_owned() });
        }
    });
    Part {
        id: node.id.clone(),
        type_name: TypeName::new(&node.type_name),
        says: told(|name| properties.get(name)),
        links: linked(links, node.dependencies.iter().cloned()),
        region: Some(region(graph, node)),
    }
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(OPEN).skip(1).filter_map(|rest| rest.split_once(CLOSE)).map(|(name, _)| name)
}

fn region(graph: &Graph, node: &Node) -> Region {
    let source = &graph.template.source;
    let (line, column) = Place { source: source.clone(), span: node.id_span }.line_column();
    let name = source.text.get(node.id_span.start..node.id_span.end).unwrap_or_default();
    Region { line, column, end_column: column + name.chars().count().max(1) }
}

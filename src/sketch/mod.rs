//! What a stack consists of, and who refers to whom: enough to draw it, without its values.
//!
//! It is made of the graph, of the state, or of both. It goes into plan files, so that a plan can
//! be drawn where neither is.

mod of_graph;
mod of_state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::graph::Graph;
use crate::state::State;
use crate::value::{LogicalId, SECRET_PREFIX, TypeName};

/// A stack's resources, those it refers to before those that refer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sketch {
    pub parts: Vec<Part>,
}

/// One resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub id: LogicalId,
    pub type_name: TypeName,
    /// What is known of the few properties that stand in a drawing, such as an address block.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub says: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub links: Vec<Link>,
    /// Where the template declares it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub region: Option<Region>,
}

/// That one resource needs another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub to: LogicalId,
    /// The property that names it, without the positions in lists; empty where none does.
    pub path: String,
}

/// A part of the template's text, lines and columns from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    pub line: usize,
    pub column: usize,
    pub end_column: usize,
}

/// The properties that a drawing tells.
const TOLD: &[&str] = &[
    "AvailabilityZone",
    "CidrBlock",
    "CidrIp",
    "CidrIpv6",
    "DestinationCidrBlock",
    "Engine",
    "FromPort",
    "HttpMethod",
    "InstanceType",
    "InternetFacing",
    "IpProtocol",
    "PathPart",
    "Principal",
    "Protocol",
    "RouteKey",
    "Runtime",
    "ScheduleExpression",
    "Scheme",
    "ServiceName",
    "ToPort",
    "VpcEndpointType",
];

/// The longest text of these that is worth a place in a drawing.
const LONGEST: usize = 120;

impl Sketch {
    pub fn of_graph(graph: &Graph) -> Self {
        Self { parts: of_graph::parts(graph) }
    }

    pub fn of_state(state: &State) -> Self {
        Self { parts: of_state::parts(state) }
    }

    /// With what a state owns and this does not have: what is to be taken away.
    #[must_use]
    pub fn with_state(mut self, state: &State) -> Self {
        let known: std::collections::BTreeSet<LogicalId> =
            self.parts.iter().map(|part| part.id.clone()).collect();
        let gone = of_state::parts(state).into_iter().filter(|part| !known.contains(&part.id));
        self.parts.extend(gone);
        self
    }

    pub fn part(&self, id: &LogicalId) -> Option<&Part> {
        self.parts.iter().find(|part| part.id == *id)
    }
}

/// What of some properties a drawing tells.
fn told<'j>(property: impl Fn(&str) -> Option<&'j Json>) -> BTreeMap<String, String> {
    let entries = TOLD.iter().filter_map(|name| {
        let text = match property(name)? {
            Json::String(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            Json::Bool(flag) => flag.to_string(),
            _ => return None,
        };
        let is_plain = !text.starts_with(SECRET_PREFIX)
            && !text.contains(['\n', of_graph::OPEN])
            && !text.contains("(known after apply")
            && text.chars().count() <= LONGEST;
        (is_plain && !text.is_empty()).then(|| ((*name).to_owned(), text))
    });
    entries.collect()
}

/// Every text in a value, with the keys that lead to it.
fn each_text<'j>(json: &'j Json, path: &mut Vec<&'j str>, tell: &mut dyn FnMut(&str, &str)) {
    match json {
        Json::String(text) => tell(&path.join("."), text),
        Json::Array(items) => items.iter().for_each(|item| each_text(item, path, tell)),
        Json::Object(entries) => entries.iter().for_each(|(key, value)| {
            path.push(key);
            each_text(value, path, tell);
            path.pop();
        }),
        _ => {}
    }
}

/// Links in order and without repetition; `more` are those no property tells.
fn linked(mut links: Vec<Link>, more: impl Iterator<Item = LogicalId>) -> Vec<Link> {
    links.sort_unstable();
    links.dedup();
    let unsaid: Vec<Link> = more
        .filter(|to| !links.iter().any(|link| link.to == *to))
        .map(|to| Link { to, path: String::new() })
        .collect();
    links.extend(unsaid);
    links
}

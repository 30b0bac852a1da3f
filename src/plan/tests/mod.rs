//! Decisions one by one, then the laws of every plan.

mod decisions;
mod drift;
mod laws;
mod moves;
mod retained;
mod risks;
mod rollback;
mod saved;
mod secrets;
mod taken;
mod versions;

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::{Operation, Plan, Step, UpdateKind, desired_properties, instance_of, lookup, plan};
use crate::diagnostic::{Diagnostic, Source};
use crate::graph::{Graph, Inputs, synth};
use crate::journal::Event;
use crate::refresh::{Observation, Observed};
use crate::resource::{LiveJson, Status};
use crate::schema::{self, Kind};
use crate::state::State;
use crate::template::parse;
use crate::value::{Attributes, LogicalId, PhysicalId, Token};

fn graph(text: &str) -> Graph {
    let source = Arc::new(Source { name: "t.yaml".to_owned(), text: text.to_owned() });
    let template = parse(&source).unwrap_or_else(|findings| panic!("{text}\n{findings:?}"));
    let inputs = Inputs {
        stack: "sample".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        ..Inputs::default()
    };
    synth(Arc::new(template), inputs).unwrap_or_else(|findings| panic!("{text}\n{findings:?}"))
}

/// Tokens that are the same in every run.
pub(crate) fn tokens(name: &str) -> impl FnMut() -> Token {
    let (name, mut drawn) = (name.to_owned(), 0);
    move || {
        drawn += 1;
        Token::new(format!("{name}-{drawn}"))
    }
}

fn apply(state: &mut State, event: &Event) {
    state.apply(event).unwrap_or_else(|illegal| panic!("{event:?}: {illegal}"));
}

/// Every attribute a type offers that is not a property, named after its resource.
fn attributes(
    type_name: &str,
    physical_id: &PhysicalId,
    properties: &Json,
    tell: &dyn Fn(&str, &PhysicalId) -> String,
) -> Attributes {
    let Some(facts) = schema::facts(type_name) else { return Attributes::new() };
    let names = facts.attributes.iter().filter(|name| properties.get(name.as_str()).is_none());
    let value = |name: &String| match schema::get_att_kind(facts, name) {
        Some(Kind::List) => json!([tell(name, physical_id)]),
        _ => json!(tell(name, physical_id)),
    };
    names.map(|name| (name.clone(), value(name))).collect()
}

/// Makes one resource of a graph, or its successor, as a run would record it.
fn make(state: &mut State, graph: &Graph, id: &LogicalId, version: &str) {
    let physical_id = PhysicalId::new(format!("{}{version}", id.as_str().to_lowercase()));
    make_as(state, graph, id, version, physical_id, &|name, id| format!("{name} of {id}"));
}

fn make_as(
    state: &mut State,
    graph: &Graph,
    id: &LogicalId,
    version: &str,
    physical_id: PhysicalId,
    tell: &dyn Fn(&str, &PhysicalId) -> String,
) {
    let token = Token::new(format!("{id}-{version}"));
    let desired = desired_properties(graph, id, &lookup(state), None, &token)
        .unwrap_or_else(|findings| panic!("{findings:?}"));
    let node = &graph.nodes[id];
    let properties = desired.properties.to_masked_json();
    let instance = instance_of(node, &token, properties.clone(), desired.naming);
    let attributes = attributes(&node.type_name, &physical_id, &properties, tell);
    let id = id.clone();
    apply(state, &Event::CreateBegun { id: id.clone(), instance });
    apply(state, &Event::Named { id: id.clone(), token: token.clone(), physical_id });
    let follows = super::follows_digest(graph, &id, |other| {
        state.current(other).map(|instance| &instance.properties)
    });
    apply(state, &Event::Created { id, token, attributes, follows });
}

/// The state after everything in a graph has been made.
fn deployed(graph: &Graph) -> State {
    let mut state = State::empty("sample", "123456789012", "us-east-1", &Token::from("lineage"));
    for id in graph.nodes.keys() {
        make(&mut state, graph, id, "1");
    }
    state
}

/// The same, with ids and attributes as somebody else makes them.
pub(crate) fn deployed_as(
    graph: &Graph,
    name: impl Fn(&LogicalId) -> PhysicalId,
    tell: impl Fn(&str, &PhysicalId) -> String,
) -> State {
    let mut state = State::empty("sample", "123456789012", "us-east-1", &Token::from("lineage"));
    for id in graph.nodes.keys() {
        make_as(&mut state, graph, id, "1", name(id), &tell);
    }
    state
}

/// Everything is as it was applied.
pub(crate) fn observed(state: &State) -> Observed {
    let mut observed = Observed::default();
    for (id, entry) in &state.resources {
        let Some(current) = &entry.current else { continue };
        let live = LiveJson {
            properties: current.properties.clone(),
            attributes: current.attributes.clone(),
            status: Status::Ready,
        };
        observed.resources.insert(id.clone(), Observation::Live(live));
    }
    for old in state.resources.values().flat_map(|entry| &entry.deposed) {
        let live = LiveJson {
            properties: old.properties.clone(),
            attributes: old.attributes.clone(),
            status: Status::Ready,
        };
        observed.beside.insert(old.token.clone(), Observation::Live(live));
    }
    observed
}

fn live<'a>(observed: &'a mut Observed, id: &str) -> &'a mut LiveJson {
    match observed.resources.get_mut(id) {
        Some(Observation::Live(live)) => live,
        other => panic!("{id} is {other:?}"),
    }
}

fn properties<'a>(observed: &'a mut Observed, id: &str) -> &'a mut Map<String, Json> {
    live(observed, id).properties.as_object_mut().expect("properties are a map")
}

fn planned(graph: &Graph, state: &State, observed: &Observed) -> Result<Plan, Vec<Diagnostic>> {
    plan(graph, state, observed, &mut tokens("new"))
}

fn operation(step: &Step) -> &'static str {
    match &step.operation {
        Operation::Nothing => "nothing",
        Operation::Record { .. } => "record",
        Operation::Mark { .. } => "mark",
        Operation::Adopt { .. } => "adopt",
        Operation::Create { .. } => "create",
        Operation::Resume { .. } => "resume",
        Operation::Update { how: UpdateKind::Properties, .. } => "update",
        Operation::Update { how: UpdateKind::Roll, .. } => "roll",
        Operation::Reinstate { .. } => "reinstate",
        Operation::Delete { .. } => "delete",
        Operation::VanishWithParent { .. } => "vanish",
        Operation::Forget { .. } => "forget",
    }
}

/// The steps in short, one a line and sorted, without those that stay as they are:
/// `Action operation Id (physical id): Path, ForcedPath! | reason`.
fn told(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for step in plan.steps.iter().filter(|step| step.operation != Operation::Nothing) {
        let mut line = format!("{:?} {} {}", step.action, operation(step), step.logical_id);
        if let Some(physical_id) = &step.physical_id {
            line.push_str(&format!(" ({physical_id})"));
        }
        let path = |change: &super::Change| {
            let mark = if change.replaces { "!" } else { "" };
            let unknown = if change.known { "" } else { "?" };
            format!("{}{mark}{unknown}", change.path)
        };
        if step.action != super::Action::Create && !step.changes.is_empty() {
            let paths: Vec<_> = step.changes.iter().map(path).collect();
            line.push_str(&format!(": {}", paths.join(", ")));
        }
        for reason in &step.reasons {
            line.push_str(&format!(" | {reason}"));
        }
        lines.push(line);
    }
    lines.sort_unstable();
    lines.join("\n")
}

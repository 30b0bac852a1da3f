//! What is there already and becomes the stack's: nothing is made, and nothing touched but, where
//! that is wanted, Cairn's tags. What the template says otherwise is for the next plan.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::desired::{Desired, Known, desired_properties};
use super::diff::{Change, Sides, diff, masked};
use super::same::{Rules, below};
use super::{Action, Operation, Plan, Purpose, Step, StepId, Tagging, instance_of, lookup, order};
use crate::diagnostic::{Diagnostic, nearest};
use crate::graph::{Graph, Node};
use crate::refresh::{Observation, Observed};
use crate::resource::{self, Handler, LiveJson, marks, tags};
use crate::state::{Entry, Instance, Marks, Naming, State};
use crate::template::dynamic::has_reference;
use crate::value::{Attributes, LogicalId, PhysicalId, Token, TypeName, Value};

/// What is to be adopted: ids as somebody gave them, by logical id.
pub type Wanted = BTreeMap<LogicalId, String>;

/// The tags on what is to be adopted, as far as they say whose it is.
pub type Owners = BTreeMap<LogicalId, BTreeMap<String, String>>;

/// Complains of logical ids that nothing can be adopted as.
///
/// # Errors
///
/// One for each that is not in the template, or of a type that Cairn does not know.
pub fn check(graph: &Graph, wanted: &Wanted) -> Result<(), Vec<Diagnostic>> {
    let complaint = |id: &LogicalId| match graph.nodes.get(id) {
        Some(node) if resource::handler(&node.type_name).is_some() => None,
        Some(node) => Some(at(graph, node, format!("Cairn cannot manage `{}`", node.type_name))),
        None => {
            let near = nearest(id.as_str(), graph.nodes.keys().map(LogicalId::as_str));
            let name = &graph.template.source.name;
            Some(
                Diagnostic::error(format!("there is no resource `{id}` in `{name}`"))
                    .hint_if(near.map(|near| format!("did you mean `{near}`?"))),
            )
        }
    };
    let errors: Vec<_> = wanted.keys().filter_map(complaint).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn at(graph: &Graph, node: &Node, message: String) -> Diagnostic {
    Diagnostic::error(message).at(&graph.template.source, node.id_span)
}

/// A state in which the wanted are the stack's already, and nothing else: what to look for, with
/// as much of their properties as is known by then.
pub fn provisional(graph: &Graph, state: &State, wanted: &Wanted, observed: &Observed) -> State {
    let mut known = lookup(state);
    let mut resources = BTreeMap::new();
    for node in graph.nodes.values() {
        let Some(text) = wanted.get(&node.id) else { continue };
        let Some(handler) = resource::handler(&node.type_name) else { continue };
        let token = Token::new(format!("adopted-{}", node.id));
        let properties = match desired_properties(graph, &node.id, &known, None, &token) {
            Ok(Desired { properties: Value::Map(entries), naming }) => {
                let own_name = handler.name().map(|name| name.property);
                let is_known = |(name, value): &(&String, &Value)| {
                    let is_made_up = naming == Naming::Generated && own_name == Some(name.as_str());
                    !value.has_unknown() && !is_made_up
                };
                let entries = entries.iter().filter(is_known);
                entries.map(|(name, value)| (name.clone(), value.to_masked_json())).collect()
            }
            _ => Json::Object(serde_json::Map::new()),
        };
        let physical_id = handler.identify(text, &properties);
        let instance = Instance {
            physical_id: Some(physical_id),
            ..instance_of(node, &token, properties, Naming::Declared)
        };
        let attributes = match observed.resources.get(&node.id) {
            Some(Observation::Live(live)) => live.attributes.clone(),
            _ => Attributes::new(),
        };
        known.insert(&node.id, &instance, &attributes);
        resources.insert(node.id.clone(), Entry { current: Some(instance), ..Entry::default() });
    }
    State { resources, ..state.clone() }
}

/// What adopting means, from what was found of the [`provisional`] state.
///
/// # Errors
///
/// What cannot be adopted, and why.
pub fn adopt(
    graph: &Graph,
    state: &State,
    provisional: &State,
    (observed, owners): (&Observed, &Owners),
    tagging: Tagging,
    tokens: &mut dyn FnMut() -> Token,
) -> Result<Plan, Vec<Diagnostic>> {
    let mut adopter = Adopter {
        graph,
        state,
        known: lookup(state),
        tagging,
        steps: Vec::new(),
        errors: Vec::new(),
    };
    adopter.refuse_twice(provisional);
    for node in graph.nodes.values() {
        let Some(expected) = provisional.current(&node.id) else { continue };
        let Some(physical_id) = &expected.physical_id else { continue };
        let found = Found {
            physical_id,
            live: match observed.resources.get(&node.id) {
                Some(Observation::Live(live)) => Some(live),
                _ => None,
            },
            tags: owners.get(&node.id),
        };
        adopter.decide(node, &found, tokens);
    }
    let Adopter { mut steps, errors, .. } = adopter;
    if !errors.is_empty() {
        return Err(errors);
    }
    order::connect(&mut steps, &|id| Some(&graph.nodes.get(id)?.dependencies), state);
    Ok(Plan {
        stack: state.stack.clone(),
        account: state.account.clone(),
        region: state.region.clone(),
        purpose: Purpose::Import,
        lineage: state.lineage.clone(),
        serial: state.serial,
        steps,
        risks: Vec::new(),
        findings: Vec::new(),
        renames: Vec::new(),
        outputs: BTreeMap::new(),
        exports: BTreeMap::new(),
        imports: None,
        notes: notes(owners),
        lost: Vec::new(),
    })
}

/// What somebody else's tags say.
fn notes(owners: &Owners) -> Vec<String> {
    let stack = |(id, tags): (&LogicalId, &BTreeMap<String, String>)| {
        let stack = tags.get("aws:cloudformation:stack-name")?;
        Some((stack.clone(), id.to_string()))
    };
    let mut by_stack: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (stack, id) in owners.iter().filter_map(stack) {
        by_stack.entry(stack).or_default().push(id);
    }
    let note = |(stack, ids): (String, Vec<String>)| {
        format!(
            "{} belong to the CloudFormation stack `{stack}` too, until it lets go of them",
            ids.join(", ")
        )
    };
    by_stack.into_iter().map(note).collect()
}

/// What was found of one.
struct Found<'f> {
    physical_id: &'f PhysicalId,
    live: Option<&'f LiveJson>,
    tags: Option<&'f BTreeMap<String, String>>,
}

struct Adopter<'a> {
    graph: &'a Graph,
    state: &'a State,
    known: Known,
    tagging: Tagging,
    steps: Vec<Step>,
    errors: Vec<Diagnostic>,
}

impl Adopter<'_> {
    fn refuse(&mut self, node: &Node, message: String, hint: Option<&str>) {
        let finding = at(self.graph, node, message).hint_if(hint.map(str::to_owned));
        self.errors.push(finding);
    }

    fn refuse_twice(&mut self, provisional: &State) {
        let mut seen: BTreeMap<(&TypeName, &PhysicalId), &LogicalId> = BTreeMap::new();
        let mut twice = Vec::new();
        for (id, entry) in &provisional.resources {
            let Some(instance) = &entry.current else { continue };
            let Some(physical_id) = &instance.physical_id else { continue };
            if let Some(other) = seen.insert((&instance.type_name, physical_id), id) {
                twice.push((id, format!("`{id}` and `{other}` would both be `{physical_id}`")));
            }
        }
        for (id, message) in twice {
            self.refuse(&self.graph.nodes[id], message, None);
        }
    }

    fn decide(&mut self, node: &Node, found: &Found<'_>, tokens: &mut dyn FnMut() -> Token) {
        let Some(handler) = resource::handler(&node.type_name) else { return };
        if self.is_owned(node, found) || self.is_elsewhere(node, found) {
            return;
        }
        let Some(live) = found.live else {
            let (id, kind) = (found.physical_id, &node.type_name);
            let (account, region) = (&self.state.account, &self.state.region);
            let message = format!("there is no `{kind}` `{id}` in account {account}, {region}");
            return self.refuse(node, message, Some("is it of that type, and in that region?"));
        };
        let token = tokens();
        let as_found = Instance {
            physical_id: Some(found.physical_id.clone()),
            ..instance_of(node, &token, live.properties.clone(), Naming::Generated)
        };
        let known = &self.known;
        let desired = match desired_properties(self.graph, &node.id, known, Some(&as_found), &token)
        {
            Ok(desired) => desired,
            Err(errors) => return self.errors.extend(errors),
        };
        let rules = Rules { facts: self.graph.facts(&node.id), rules: handler.rules() };
        let mut assumed = Vec::new();
        let properties = as_it_is(rules, &desired, live, &mut assumed);
        let instance = Instance { properties, ..as_found };
        self.known.insert(&node.id, &instance, &live.attributes);
        let changes = differences(handler, rules, &desired, &instance, live);
        self.push(
            node,
            &instance,
            Operation::Adopt {
                token,
                properties: instance.properties.clone(),
                naming: desired.naming,
                tagging: self.tagging,
            },
        );
        if let Some(step) = self.steps.last_mut() {
            step.action = Action::Adopt;
            step.reasons = reasons(&changes, &assumed);
            if self.tagging == Tagging::Write && marks::are_on(&node.type_name) {
                step.reasons.push("Cairn's tags are written on it".to_owned());
            }
            step.changes = changes;
            step.attributes.clone_from(&live.attributes);
        }
    }

    /// Whether it is ours already, as the state says: then there is little to do, or it is wrong.
    fn is_owned(&mut self, node: &Node, found: &Found<'_>) -> bool {
        let id = found.physical_id;
        if let Some(entry) = self.state.resources.get(&node.id) {
            match &entry.current {
                Some(current) if current.physical_id.as_ref() == Some(id) => {
                    let token = current.token.clone();
                    let is_to_be_tagged = self.tagging == Tagging::Write
                        && current.marks != Marks::Own
                        && marks::are_on(&node.type_name);
                    let operation = match is_to_be_tagged {
                        true => Operation::Mark { token },
                        false => Operation::Nothing,
                    };
                    let instance = current.clone();
                    self.push(node, &instance, operation);
                    if let Some(step) = self.steps.last_mut().filter(|_| is_to_be_tagged) {
                        step.action = Action::Adopt;
                        step.reasons =
                            vec!["it is the stack's already: Cairn's tags are written".to_owned()];
                    }
                }
                other => {
                    let is = other.as_ref().and_then(|one| one.physical_id.as_ref());
                    let is = is.map_or_else(|| "being made".to_owned(), |is| format!("`{is}`"));
                    let hint = "`cairn state rm` lets go of it without deleting it";
                    let message = format!("`{}` is {is} already", node.id);
                    self.refuse(node, message, Some(hint));
                }
            }
            return true;
        }
        let others = self.state.resources.iter();
        let owner = others.filter_map(|(other, entry)| {
            let is_it = |one: &Instance| {
                one.type_name.as_str() == node.type_name && one.physical_id.as_ref() == Some(id)
            };
            entry.instances().any(is_it).then(|| other.clone())
        });
        let Some(other) = owner.into_iter().next() else { return false };
        let hint = format!("if it was renamed: `Metadata: {{Cairn: {{MovedFrom: {other}}}}}`");
        self.refuse(node, format!("`{id}` is `{other}` of this stack already"), Some(&hint));
        true
    }

    /// Whether its tags say that it is another stack's, or another resource of this one.
    fn is_elsewhere(&mut self, node: &Node, found: &Found<'_>) -> bool {
        let Some(stack) = found.tags.and_then(|tags| tags.get(tags::STACK)) else { return false };
        let id = found.tags.and_then(|tags| tags.get(tags::LOGICAL_ID));
        let id = id.map_or("(unknown)", String::as_str);
        if *stack == self.state.stack && id == node.id.as_str() {
            return false;
        }
        let message = format!(
            "`{}` belongs to the stack `{stack}`, where it is `{id}`: its tags say so",
            found.physical_id
        );
        let hint = "let go of it there first: `cairn state rm`, and take its `cairn:` tags away";
        self.refuse(node, message, Some(hint));
        true
    }

    fn push(&mut self, node: &Node, instance: &Instance, operation: Operation) {
        self.steps.push(Step {
            id: StepId(self.steps.len()),
            logical_id: node.id.clone(),
            type_name: TypeName::new(&node.type_name),
            physical_id: instance.physical_id.clone(),
            action: Action::Keep,
            operation,
            changes: Vec::new(),
            drifted: Vec::new(),
            moved_from: None,
            reasons: Vec::new(),
            attributes: Attributes::new(),
            restored: None,
            after: Vec::new(),
        });
    }
}

/// What the next deploy would change.
fn differences(
    handler: &dyn Handler,
    rules: Rules,
    desired: &Desired,
    instance: &Instance,
    live: &LiveJson,
) -> Vec<Change> {
    let sides = Sides {
        desired: &desired.properties,
        applied: &instance.properties,
        live: Some(&live.properties),
    };
    diff(handler, rules, sides)
}

fn reasons(changes: &[Change], assumed: &[String]) -> Vec<String> {
    let mut reasons = Vec::new();
    if !assumed.is_empty() {
        let names: Vec<String> = assumed.iter().map(|name| format!("`{name}`")).collect();
        reasons.push(format!(
            "{} cannot be read back: taken to be as the template says",
            names.join(", ")
        ));
    }
    if changes.iter().any(|change| change.replaces) {
        reasons.push("the next deploy would replace it, because of this:".to_owned());
    } else if !changes.is_empty() {
        reasons.push("the next deploy would change this:".to_owned());
    }
    reasons
}

/// What is there of what the template declares, as if it had been applied.
fn as_it_is(rules: Rules, desired: &Desired, live: &LiveJson, assumed: &mut Vec<String>) -> Json {
    let Value::Map(entries) = &desired.properties else { return Json::Null };
    let mut found = serde_json::Map::new();
    for (name, wanted) in entries {
        if let Some(value) = part(rules, name, wanted, live.properties.get(name), assumed) {
            found.insert(name.clone(), value);
        }
    }
    Json::Object(found)
}

fn part(
    rules: Rules,
    path: &str,
    wanted: &Value,
    live: Option<&Json>,
    assumed: &mut Vec<String>,
) -> Option<Json> {
    let declared = wanted.to_masked_json();
    let refers = wanted.as_text().is_some_and(has_reference);
    if rules.is_write_only(path) || rules.is_ignored(path) || refers {
        if !rules.is_ignored(path) {
            assumed.push(path.to_owned());
        }
        return (!wanted.has_unknown()).then_some(declared);
    }
    let live = live?;
    if wanted.has_unknown() {
        return Some(live.clone());
    }
    if let (Value::Map(entries), Json::Object(_)) = (wanted, live)
        && !rules.is_document(path)
    {
        let parts = entries.iter().filter_map(|(key, wanted)| {
            let below = below(path, key);
            Some((key.clone(), part(rules, &below, wanted, live.get(key), assumed)?))
        });
        return Some(parts.collect());
    }
    let declared = [&declared];
    Some(rules.project(path, &masked(live, &declared), &declared))
}

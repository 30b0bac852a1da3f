//! What a resource should be, with what is known of the others: the same at plan and at apply.

use std::collections::BTreeMap;

use crate::ordered::IndexMap;
use serde_json::Value as Json;

use super::name;
use super::same::Rules;
use crate::diagnostic::Diagnostic;
use crate::graph::{Graph, Lookup};
use crate::resource::{self, Rule};
use crate::state::{Instance, Naming, State};
use crate::template::dynamic::has_reference;
use crate::value::{Attributes, LogicalId, Secret, Token, Value, digest};

/// What is known of the resources others refer to.
#[derive(Debug, Default)]
pub struct Known {
    resources: BTreeMap<LogicalId, KnownResource>,
}

#[derive(Debug)]
struct KnownResource {
    reference: String,
    attributes: Attributes,
    properties: Json,
}

impl Known {
    /// Adds an instance, with the attributes that are known of it now.
    pub fn insert(&mut self, id: &LogicalId, instance: &Instance, attributes: &Attributes) {
        let Some(physical_id) = &instance.physical_id else { return };
        let Some(handler) = resource::handler(instance.type_name.as_str()) else { return };
        self.resources.insert(
            id.clone(),
            KnownResource {
                reference: handler.reference(physical_id),
                attributes: attributes.clone(),
                properties: instance.properties.clone(),
            },
        );
    }
}

/// Everything that is in use, as references see it.
pub fn lookup(state: &State) -> Known {
    let mut known = Known::default();
    for (id, entry) in &state.resources {
        if let Some(instance) = &entry.current {
            known.insert(id, instance, &instance.attributes);
        }
    }
    known
}

impl Lookup for Known {
    fn reference(&self, id: &str) -> Value {
        match self.resources.get(id) {
            Some(known) => Value::string(&known.reference),
            None => Value::unknown(id),
        }
    }

    fn attribute(&self, id: &str, attribute: &str) -> Value {
        let known = self.resources.get(id).and_then(|known| {
            at(&known.attributes, attribute)
                .or_else(|| at(known.properties.as_object()?, attribute))
        });
        match known {
            Some(json) => Value::from(json),
            None => Value::unknown(format!("{id}.{attribute}")),
        }
    }
}

/// An attribute by its name, which may be a path: `SnapStartResponse.ApplyOn`.
fn at<'a>(attributes: &'a Attributes, path: &str) -> Option<&'a Json> {
    if let Some(json) = attributes.get(path) {
        return Some(json);
    }
    let (first, rest) = path.split_once('.')?;
    at(attributes.get(first)?.as_object()?, rest)
}

/// A resource's properties, with its generated name and its secrets marked.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    pub properties: Value,
    pub naming: Naming,
}

/// What a resource should be. A missing name is the one of `current` if that was generated too,
/// else made from `token`.
///
/// # Errors
///
/// What the functions in its properties complain of.
pub fn desired_properties(
    graph: &Graph,
    id: &LogicalId,
    known: &Known,
    current: Option<&Instance>,
    token: &Token,
) -> Result<Desired, Vec<Diagnostic>> {
    let mut properties = graph.properties(id, known)?;
    let mut naming = Naming::Declared;
    let handler = resource::handler(&graph.nodes[id].type_name);
    if let Some(name) = handler.and_then(resource::Handler::name)
        && let Value::Map(entries) = &mut properties
        && !entries.contains_key(name.property)
    {
        naming = Naming::Generated;
        let kept = current
            .filter(|instance| instance.naming == Naming::Generated)
            .and_then(|instance| instance.properties.get(name.property)?.as_str());
        let text = kept.map_or_else(
            || name::generate(&graph.inputs.stack, id, token, name.max_length),
            str::to_owned,
        );
        entries.insert(name.property.to_owned(), Value::String(text));
    }
    if let (Some(handler), Value::Map(entries)) = (handler, &mut properties) {
        hide_secrets(entries, handler.rules());
    }
    Ok(Desired { properties, naming })
}

fn hide_secrets(entries: &mut IndexMap<String, Value>, rules: &[(&str, Rule)]) {
    for (path, rule) in rules {
        if *rule == Rule::Secret
            && let Some(value) = entries.get_mut(*path)
            && let Some(text) = value.as_text()
            && !has_reference(text)
        {
            *value = Value::Secret(Secret::new(text));
        }
    }
}

/// What a copy of a resource would copy, in one spelling: everything but its tags.
fn content(graph: &Graph, id: &LogicalId, properties: &Json) -> Json {
    let facts = graph.facts(id);
    let rules = resource::handler(&graph.nodes[id].type_name).map(resource::Handler::rules);
    let mut content = properties.clone();
    if let (Json::Object(entries), Some(tags)) =
        (&mut content, facts.and_then(|facts| facts.tags.as_ref()))
    {
        entries.remove(&tags.property);
    }
    Rules { facts, rules: rules.unwrap_or_default() }.canonical("", &content)
}

/// The digest of what a resource follows; `None` when it follows nothing, or when something it
/// follows is not known yet.
pub fn follows_digest<'a>(
    graph: &Graph,
    id: &LogicalId,
    properties_of: impl Fn(&LogicalId) -> Option<&'a Json>,
) -> Option<String> {
    follows_digest_as(graph, id, properties_of, LogicalId::clone)
}

/// The same, where what it follows is called as `name` says.
pub fn follows_digest_as<'a>(
    graph: &Graph,
    id: &LogicalId,
    properties_of: impl Fn(&LogicalId) -> Option<&'a Json>,
    name: impl Fn(&LogicalId) -> LogicalId,
) -> Option<String> {
    let follows = &graph.nodes.get(id)?.follows;
    if follows.is_empty() {
        return None;
    }
    let mut contents = BTreeMap::new();
    for other in follows {
        contents.insert(name(other), content(graph, other, properties_of(other)?));
    }
    let mut text = String::new();
    for (name, content) in contents {
        text.push_str(name.as_str());
        text.push('=');
        text.push_str(&content.to_string());
        text.push('\n');
    }
    Some(digest(text.as_bytes()))
}

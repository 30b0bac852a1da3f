//! A state made again from what is there, when nobody remembers it.
//!
//! The template says what to look for, and the marks that every create leaves say what is ours:
//! each resource is looked for as a create whose answer was lost is. What is not found, and what
//! there is more than one of, is told and not guessed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;

use crate::aws::{Aws, Fault};
use crate::graph::{Graph, Node};
use crate::journal::Event;
use crate::plan::{self, Known, Rules, desired_properties, instance_of};
use crate::resource::{self, Handler, KnownJson, LiveJson, Mark, Status};
use crate::state::{Instance, Naming, State};
use crate::value::{LogicalId, PhysicalId, Token, TypeName, Value};

/// What was found.
#[derive(Debug, Default)]
pub struct Rebuilt {
    /// What makes an empty state the one that was lost, as far as it was found.
    pub events: Vec<Event>,
    pub found: Vec<Found>,
    pub missing: Vec<Missing>,
    pub ambiguous: Vec<Ambiguous>,
    pub strays: Vec<Stray>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Found {
    pub id: LogicalId,
    pub type_name: TypeName,
    pub physical_id: PhysicalId,
    /// Properties that AWS does not tell: they are taken to be as the template says.
    pub untold: Vec<String>,
}

/// In the template, and nothing that is ours is there.
#[derive(Debug, Clone, Serialize)]
pub struct Missing {
    pub id: LogicalId,
    pub type_name: TypeName,
    /// What it refers to and was not found either.
    pub for_want_of: Option<String>,
}

/// In the template, and several things that are ours may be it.
#[derive(Debug, Clone, Serialize)]
pub struct Ambiguous {
    pub id: LogicalId,
    pub type_name: TypeName,
    pub candidates: Vec<PhysicalId>,
}

/// Ours by its marks, and not in the template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Stray {
    pub id: String,
    pub type_name: &'static str,
    pub physical_ids: Vec<PhysicalId>,
}

#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    #[error("cannot look for `{id}`")]
    Fault { id: LogicalId, source: Fault },
    #[error("`{id}` cannot be evaluated: {why}")]
    Evaluation { id: LogicalId, why: String },
    #[error("`{id}` is not `{physical_id}`: nothing of this stack's is")]
    NoSuch { id: LogicalId, physical_id: PhysicalId, candidates: Vec<PhysicalId> },
}

/// Looks for all that the template declares.
///
/// `chosen` says which one is meant where there are several.
///
/// # Errors
///
/// When AWS does not tell, or a choice fits nothing.
pub async fn rebuild(
    graph: &Graph,
    aws: &Aws,
    chosen: &BTreeMap<LogicalId, PhysicalId>,
    tokens: &mut (dyn FnMut() -> Token + Send),
) -> Result<Rebuilt, RebuildError> {
    let mut search = Search {
        graph,
        aws,
        chosen,
        known: Known::default(),
        instances: BTreeMap::new(),
        marks: BTreeMap::new(),
        rebuilt: Rebuilt::default(),
    };
    for node in graph.nodes.values() {
        let token = tokens();
        let id = &node.id;
        let looked = search.look_for(node, token).await;
        looked.map_err(|fault| match fault {
            SearchError::Fault(source) => RebuildError::Fault { id: id.clone(), source },
            SearchError::Told(error) => *error,
        })?;
    }
    search.look_for_strays().await.map_err(|source| RebuildError::Fault {
        id: LogicalId::from("what is not in the template"),
        source,
    })?;
    Ok(search.finish())
}

struct Search<'a> {
    graph: &'a Graph,
    aws: &'a Aws,
    chosen: &'a BTreeMap<LogicalId, PhysicalId>,
    known: Known,
    instances: BTreeMap<LogicalId, Instance>,
    /// All marks that were seen, by type.
    marks: BTreeMap<&'static str, Vec<Mark>>,
    rebuilt: Rebuilt,
}

enum SearchError {
    Fault(Fault),
    Told(Box<RebuildError>),
}

impl From<Fault> for SearchError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What may be a resource of the template.
struct Candidate {
    token: Token,
    properties: Value,
    naming: Naming,
    physical_id: PhysicalId,
}

impl Search<'_> {
    async fn look_for(&mut self, node: &Node, token: Token) -> Result<(), SearchError> {
        let (id, type_name) = (node.id.clone(), TypeName::new(&node.type_name));
        let Some(handler) = resource::handler(&node.type_name) else {
            self.rebuilt.missing.push(Missing { id, type_name, for_want_of: None });
            return Ok(());
        };
        let mut candidates = self.candidates(node, handler, token).await?;
        if let Some(physical_id) = self.chosen.get(&id) {
            let all: Vec<PhysicalId> = candidates.iter().map(|it| it.physical_id.clone()).collect();
            candidates.retain(|candidate| candidate.physical_id == *physical_id);
            if candidates.is_empty() {
                let (physical_id, candidates) = (physical_id.clone(), all);
                let error = RebuildError::NoSuch { id, physical_id, candidates };
                return Err(SearchError::Told(Box::new(error)));
            }
        }
        let mut live = Vec::new();
        for candidate in candidates {
            let properties = candidate.properties.to_json();
            let known = KnownJson { id: &candidate.physical_id, properties: &properties };
            let mut read = handler.read(self.aws, &[known]).await?;
            let one = read.remove(&candidate.physical_id);
            live.extend(
                one.filter(|one| !matches!(one.status, Status::Deleting(_)))
                    .map(|one| (candidate, one)),
            );
        }
        match (live.pop(), live.is_empty()) {
            (None, _) => {
                let wanted =
                    desired_properties(self.graph, &id, &self.known, None, &Token::from(""));
                let for_want_of = wanted.ok().and_then(|it| unknown(&it.properties));
                self.rebuilt.missing.push(Missing { id, type_name, for_want_of });
            }
            (Some((candidate, one)), true) => self.take(node, handler, candidate, one),
            (Some((last, _)), false) => {
                let mut ids: Vec<_> = live.into_iter().map(|(it, _)| it.physical_id).collect();
                ids.push(last.physical_id);
                self.rebuilt.ambiguous.push(Ambiguous { id, type_name, candidates: ids });
            }
        }
        Ok(())
    }

    /// Everything of this stack's that may be the resource.
    async fn candidates(
        &mut self,
        node: &Node,
        handler: &'static dyn Handler,
        drawn: Token,
    ) -> Result<Vec<Candidate>, SearchError> {
        let stack = self.graph.inputs.stack.clone();
        let (wanted, naming) = self.desired(&node.id, &drawn)?;
        let mut declared = wanted.to_json();
        if let (Naming::Generated, Some(name), Some(entries)) =
            (naming, handler.name(), declared.as_object_mut())
        {
            entries.remove(name.property);
        }
        let marks = handler.marks(self.aws, &stack, &declared).await?;
        let tokens: BTreeSet<Token> = match marks {
            None => [drawn].into(),
            Some(marks) => {
                let fits = |mark: &&Mark| {
                    mark.logical_id.is_empty() || mark.logical_id == node.id.as_str()
                };
                let tokens = marks.iter().filter(fits).map(|mark| mark.token.clone()).collect();
                let seen = self.marks.entry(handler.type_name()).or_default();
                seen.extend(marks.into_iter().filter(|mark| !mark.logical_id.is_empty()));
                tokens
            }
        };
        let mut candidates: Vec<Candidate> = Vec::new();
        for token in tokens {
            let (properties, naming) = self.desired(&node.id, &token)?;
            let logical_id = node.id.as_str().to_owned();
            let mark = Mark { stack: stack.clone(), logical_id, token: token.clone() };
            for physical_id in handler.find(self.aws, &properties.to_json(), &mark).await? {
                if candidates.iter().all(|other| other.physical_id != physical_id) {
                    let (token, properties) = (token.clone(), properties.clone());
                    candidates.push(Candidate { token, properties, naming, physical_id });
                }
            }
        }
        Ok(candidates)
    }

    fn desired(&self, id: &LogicalId, token: &Token) -> Result<(Value, Naming), SearchError> {
        let desired = desired_properties(self.graph, id, &self.known, None, token);
        desired.map(|desired| (desired.properties, desired.naming)).map_err(|errors| {
            let texts: Vec<String> = errors.into_iter().map(|error| error.message).collect();
            let why = texts.join("; ");
            SearchError::Told(Box::new(RebuildError::Evaluation { id: id.clone(), why }))
        })
    }

    fn take(
        &mut self,
        node: &Node,
        handler: &'static dyn Handler,
        candidate: Candidate,
        live: LiveJson,
    ) {
        let Candidate { token, properties, naming, physical_id } = candidate;
        let rules = Rules { facts: self.graph.facts(&node.id), rules: handler.rules() };
        let untold = match &properties {
            Value::Map(entries) => {
                entries.keys().filter(|key| rules.is_write_only(key)).cloned().collect()
            }
            _ => Vec::new(),
        };
        let masked = known_part(&properties, &live.properties);
        let instance = Instance {
            physical_id: Some(physical_id.clone()),
            attributes: live.attributes,
            ..instance_of(node, &token, masked, naming)
        };
        self.known.insert(&node.id, &instance, &instance.attributes);
        self.instances.insert(node.id.clone(), instance);
        let type_name = TypeName::new(&node.type_name);
        self.rebuilt.found.push(Found { id: node.id.clone(), type_name, physical_id, untold });
    }

    /// What is ours by its marks, and that the template does not declare so.
    async fn look_for_strays(&mut self) -> Result<(), Fault> {
        let stack = self.graph.inputs.stack.clone();
        let nothing = Json::Object(serde_json::Map::new());
        for handler in resource::types() {
            if !self.marks.contains_key(handler.type_name()) {
                let marks = handler.marks(self.aws, &stack, &nothing).await?;
                self.marks.insert(handler.type_name(), marks.unwrap_or_default());
            }
        }
        let mut strays = BTreeSet::new();
        for (type_name, marks) in &self.marks {
            let Some(handler) = resource::handler(type_name) else { continue };
            for mark in marks {
                let node = self.graph.nodes.get(mark.logical_id.as_str());
                if node.is_some_and(|node| node.type_name == *type_name) {
                    continue;
                }
                let mut properties = nothing.clone();
                if let Some(name) = handler.name() {
                    let id = LogicalId::new(&mark.logical_id);
                    let named = plan::generate_name(&stack, &id, &mark.token, name.max_length);
                    properties[name.property] = named.into();
                }
                let physical_ids =
                    handler.find(self.aws, &properties, mark).await.unwrap_or_default();
                strays.insert(Stray { id: mark.logical_id.clone(), type_name, physical_ids });
            }
        }
        self.rebuilt.strays.extend(strays);
        Ok(())
    }

    /// The way from an empty state to what was found.
    fn finish(self) -> Rebuilt {
        let Self { graph, known, instances, mut rebuilt, .. } = self;
        for (id, instance) in &instances {
            let Instance { token, physical_id, attributes, .. } = instance.clone();
            let Some(physical_id) = physical_id else { continue };
            let follows = plan::follows_digest(graph, id, |other| {
                instances.get(other).map(|instance| &instance.properties)
            });
            let begun = Instance {
                physical_id: None,
                attributes: serde_json::Map::new(),
                ..instance.clone()
            };
            let id = id.clone();
            rebuilt.events.extend([
                Event::CreateBegun { id: id.clone(), instance: begun },
                Event::Named { id: id.clone(), token: token.clone(), physical_id },
                Event::Created { id, token, attributes, follows },
            ]);
        }
        if !graph.imports.is_empty() {
            rebuilt.events.push(Event::Imports { imports: graph.imports.clone() });
        }
        if let (Ok(outputs), Ok(exports)) = (graph.outputs(&known), graph.exports(&known)) {
            let outputs = outputs.into_iter().filter(|output| !output.value.has_unknown());
            let exports = exports
                .into_iter()
                .filter(|export| !export.value.has_unknown() && !export.value.has_secret());
            rebuilt.events.push(Event::Outputs {
                outputs: outputs.map(|it| (it.name, it.value.to_masked_json())).collect(),
                exports: exports.map(|it| (it.name, it.value.to_json())).collect(),
            });
        }
        // What was before nobody knows any more: a rollback has nothing to go back to.
        rebuilt.events.push(Event::Completed);
        rebuilt
    }
}

impl Rebuilt {
    /// A state that owns nothing yet, with all that was found.
    ///
    /// # Errors
    ///
    /// When two resources of the template are the same thing.
    pub fn state(&self, empty: State) -> Result<State, crate::journal::Illegal> {
        let mut state = empty;
        for event in &self.events {
            state.apply(event)?;
        }
        Ok(state)
    }
}

/// The properties to remember: as the template says, and where that depends on what was not found,
/// as they are.
fn known_part(wanted: &Value, live: &Json) -> Json {
    let Value::Map(entries) = wanted else { return wanted.to_masked_json() };
    let part = entries.iter().filter_map(|(key, value)| match value.has_unknown() {
        false => Some((key.clone(), value.to_masked_json())),
        true => live.get(key).map(|live| (key.clone(), live.clone())),
    });
    Json::Object(part.collect())
}

fn unknown(value: &Value) -> Option<String> {
    match value {
        Value::Unknown(unknown) => Some(unknown.source.clone()),
        Value::List(items) => items.iter().find_map(unknown),
        Value::Map(entries) => entries.values().find_map(unknown),
        _ => None,
    }
}

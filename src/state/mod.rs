//! What we own.
//!
//! A state changes in one way only: [`State::apply`] of a journal event. The file on disk is a
//! snapshot plus the journal since; replaying gives the same state the run had in memory.

mod law;
pub mod store;

pub use law::Violation;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::journal::{Event, Illegal};
use crate::template::DeletionPolicy;
use crate::value::{Attributes, LogicalId, PhysicalId, Token, TypeName};

/// The version of the format. A newer one is refused.
pub const FORMAT: u32 = 1;

/// Everything one stack owns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub format: u32,
    /// Goes up with every event; a plan holds for one serial only.
    pub serial: u64,
    /// Chosen when the state began: two states with different lineages are different stacks.
    pub lineage: String,
    pub stack: String,
    pub account: String,
    pub region: String,
    pub resources: BTreeMap<LogicalId, Entry>,
    pub outputs: BTreeMap<String, Json>,
}

/// What stands behind one logical id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The resource in use.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub current: Option<Instance>,
    /// One whose creation has begun and not ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub intent: Option<Instance>,
    /// Those that are no longer in use and still to be deleted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub deposed: Vec<Instance>,
}

/// One resource in AWS, or one that may be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    pub type_name: TypeName,
    /// Made before the create call; also what this instance is told apart by.
    pub token: Token,
    /// Absent while AWS has not named it, as far as we know.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub physical_id: Option<PhysicalId>,
    /// As last applied; secrets as digests.
    pub properties: Json,
    pub attributes: Attributes,
    pub dependencies: BTreeSet<LogicalId>,
    pub deletion_policy: DeletionPolicy,
    pub update_replace_policy: DeletionPolicy,
    /// Whether its name was generated rather than declared.
    pub naming: Naming,
    /// The digest of what it follows, when it was made or last rolled over.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub follows: Option<String>,
}

/// Where a physical name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Naming {
    Declared,
    Generated,
}

impl State {
    /// A stack that owns nothing yet.
    pub fn empty(stack: &str, account: &str, region: &str, lineage: &Token) -> Self {
        Self {
            format: FORMAT,
            serial: 0,
            lineage: lineage.as_str().to_owned(),
            stack: stack.to_owned(),
            account: account.to_owned(),
            region: region.to_owned(),
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
        }
    }

    pub fn current(&self, id: &LogicalId) -> Option<&Instance> {
        self.resources.get(id)?.current.as_ref()
    }

    /// Whether nothing is owned and nothing may be left behind.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// The state after an event.
    ///
    /// # Errors
    ///
    /// When the event cannot follow this state.
    pub fn apply(&mut self, event: &Event) -> Result<(), Illegal> {
        self.serial += 1;
        match event {
            Event::Opened { .. } | Event::Failed { .. } | Event::Closed => Ok(()),
            Event::CreateBegun { id, instance } => self.begin_create(id, instance),
            Event::Named { id, token, physical_id } => {
                self.intent_mut(id, token)?.physical_id = Some(physical_id.clone());
                Ok(())
            }
            Event::Abandoned { id, token } => self.abandon(id, token),
            Event::Created { id, token, attributes, follows } => {
                self.finish_create(id, token, attributes, follows.as_ref())
            }
            Event::UpdateBegun { id, token } | Event::DeleteBegun { id, token } => {
                self.instance_mut(id, token).map(|_| ())
            }
            Event::Updated { id, instance } => self.replace_current(id, instance),
            Event::Deleted { id, token } | Event::Forgotten { id, token } => self.remove(id, token),
            Event::Outputs { outputs } => {
                self.outputs.clone_from(outputs);
                Ok(())
            }
        }
    }

    fn begin_create(&mut self, id: &LogicalId, instance: &Instance) -> Result<(), Illegal> {
        let entry = self.resources.entry(id.clone()).or_default();
        match &entry.intent {
            // A resumed create begins again under its own token.
            Some(earlier) if earlier.token == instance.token => {
                let physical_id = earlier.physical_id.clone();
                entry.intent = Some(Instance { physical_id, ..instance.clone() });
            }
            Some(_) => {
                return Err(Illegal::new(format!("`{id}` is being created already")));
            }
            None => entry.intent = Some(instance.clone()),
        }
        Ok(())
    }

    fn finish_create(
        &mut self,
        id: &LogicalId,
        token: &Token,
        attributes: &Attributes,
        follows: Option<&String>,
    ) -> Result<(), Illegal> {
        let intent = self.intent_mut(id, token)?;
        if intent.physical_id.is_none() {
            return Err(Illegal::new(format!("`{id}` was created without a physical id")));
        }
        intent.attributes.clone_from(attributes);
        intent.follows = follows.cloned();
        let entry = self.resources.entry(id.clone()).or_default();
        if let Some(old) = entry.current.take() {
            entry.deposed.push(old);
        }
        entry.current = entry.intent.take();
        Ok(())
    }

    fn abandon(&mut self, id: &LogicalId, token: &Token) -> Result<(), Illegal> {
        let intent = self.intent_mut(id, token)?;
        if intent.physical_id.is_some() {
            return Err(Illegal::new(format!("`{id}` has been named and cannot be abandoned")));
        }
        self.remove(id, token)
    }

    fn replace_current(&mut self, id: &LogicalId, instance: &Instance) -> Result<(), Illegal> {
        let entry = self.resources.get_mut(id);
        match entry.and_then(|entry| entry.current.as_mut()) {
            Some(current) if current.token == instance.token => {
                *current = instance.clone();
                Ok(())
            }
            _ => Err(Illegal::new(format!("`{id}` was updated but is not there"))),
        }
    }

    fn intent_mut(&mut self, id: &LogicalId, token: &Token) -> Result<&mut Instance, Illegal> {
        self.resources
            .get_mut(id)
            .and_then(|entry| entry.intent.as_mut())
            .filter(|intent| intent.token == *token)
            .ok_or_else(|| Illegal::new(format!("`{id}` is not being created")))
    }

    fn instance_mut(&mut self, id: &LogicalId, token: &Token) -> Result<&mut Instance, Illegal> {
        self.resources
            .get_mut(id)
            .and_then(|entry| entry.instances_mut().find(|instance| instance.token == *token))
            .ok_or_else(|| Illegal::new(format!("`{id}` is not there")))
    }

    fn remove(&mut self, id: &LogicalId, token: &Token) -> Result<(), Illegal> {
        self.instance_mut(id, token)?;
        let Some(entry) = self.resources.get_mut(id) else { return Ok(()) };
        entry.current.take_if(|instance| instance.token == *token);
        entry.intent.take_if(|instance| instance.token == *token);
        entry.deposed.retain(|instance| instance.token != *token);
        if entry.instances().next().is_none() {
            self.resources.remove(id);
        }
        Ok(())
    }

    /// The instance made with this token, wherever it stands.
    pub fn instance(&self, id: &LogicalId, token: &Token) -> Option<&Instance> {
        self.resources.get(id)?.instances().find(|instance| instance.token == *token)
    }
}

impl Entry {
    /// All that is there or may be.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.current.iter().chain(&self.intent).chain(&self.deposed)
    }

    fn instances_mut(&mut self) -> impl Iterator<Item = &mut Instance> {
        self.current.iter_mut().chain(&mut self.intent).chain(&mut self.deposed)
    }
}

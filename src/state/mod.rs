//! What we own.
//!
//! A state changes in one way only: by a journal event (`change`). The file on disk is a
//! snapshot plus the journal since; replaying gives the same state the run had in memory.

mod change;
mod format;
mod law;
mod run;
#[cfg(test)]
pub(crate) mod sample;
pub mod store;
#[cfg(test)]
mod tests;

pub use format::FormatError;
pub use law::Violation;
pub use run::{Counts, Ending, Run};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::template::DeletionPolicy;
use crate::value::{Attributes, LogicalId, PhysicalId, Token, TypeName};

/// The version of the format. An older one is read as this one, a newer one is refused.
pub const FORMAT: u32 = 4;

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
    /// What other stacks may import, by its name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub exports: BTreeMap<String, Json>,
    /// The exports of others that this stack may use, each with the stack it came from.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub imports: BTreeMap<String, String>,
    /// The last runs that changed something, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub runs: Vec<Run>,
    /// What a rollback goes back to, as far as that is no longer so.
    #[serde(skip_serializing_if = "Before::is_empty", default)]
    pub before: Before,
}

/// How it was when a run last did all that its plan said, of what has changed since.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Before {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<LogicalId, Was>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// Logical ids of now, each with that of then.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub moved: BTreeMap<LogicalId, LogicalId>,
}

/// What was in use under a logical id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Was {
    Absent,
    Present(Box<Instance>),
    /// It was let go of: if nobody has deleted it, it is still there.
    LetGo(Box<Instance>),
}

impl Was {
    pub fn instance(&self) -> Option<&Instance> {
        match self {
            Self::Absent => None,
            Self::Present(instance) | Self::LetGo(instance) => Some(instance),
        }
    }

    fn instance_mut(&mut self) -> Option<&mut Instance> {
        match self {
            Self::Absent => None,
            Self::Present(instance) | Self::LetGo(instance) => Some(instance),
        }
    }
}

/// What a stack told, and used of what others tell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    pub outputs: BTreeMap<String, Json>,
    pub exports: BTreeMap<String, Json>,
    pub imports: BTreeMap<String, String>,
}

impl Before {
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.told.is_none() && self.moved.is_empty()
    }
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
    /// What updates that began and did not end were to make of its properties: any part of it may
    /// be there. Its own properties are among them when its deletion has begun: any part of them may
    /// be gone.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub attempted: Vec<Json>,
    /// What its tags say of whose it is.
    #[serde(skip_serializing_if = "Marks::are_own", default)]
    pub marks: Marks,
}

/// Which of Cairn's tags are on a resource, as far as its type can have any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Marks {
    /// Those of its logical id.
    #[default]
    Own,
    /// Those of the logical id it had before it was moved.
    Of(LogicalId),
    /// None: it was adopted, and nothing of it touched.
    None,
}

impl Marks {
    /// What has these marks is called otherwise from now on; its tags are as they were.
    fn rename(&mut self, from: &LogicalId, to: &LogicalId) {
        match self {
            Self::Own => *self = Self::Of(from.clone()),
            // They may have been written, and that not written down.
            Self::Of(old) if old == to => *self = Self::Of(from.clone()),
            Self::Of(_) | Self::None => {}
        }
    }

    fn are_own(&self) -> bool {
        *self == Self::Own
    }
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
            exports: BTreeMap::new(),
            imports: BTreeMap::new(),
            runs: Vec::new(),
            before: Before::default(),
        }
    }

    pub fn current(&self, id: &LogicalId) -> Option<&Instance> {
        self.resources.get(id)?.current.as_ref()
    }

    /// Whether nothing is owned and nothing may be left behind.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// The digests of all local code that it has, or that a rollback goes back to.
    pub fn code(&self) -> BTreeSet<String> {
        fn collect(json: &Json, found: &mut BTreeSet<String>) {
            match json {
                Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
                Json::Object(entries) => {
                    let digest = entries.get("AssetSha256").and_then(Json::as_str);
                    found.extend(digest.map(str::to_owned));
                    entries.values().for_each(|item| collect(item, found));
                }
                _ => {}
            }
        }
        let before = self.before.resources.values().filter_map(Was::instance);
        let mut found = BTreeSet::new();
        for instance in self.resources.values().flat_map(Entry::instances).chain(before) {
            collect(&instance.properties, &mut found);
            instance.attempted.iter().for_each(|properties| collect(properties, &mut found));
        }
        found
    }

    /// The instance made with this token, wherever it stands.
    pub fn instance(&self, id: &LogicalId, token: &Token) -> Option<&Instance> {
        self.resources.get(id)?.instances().find(|instance| instance.token == *token)
    }
}

impl Entry {
    /// All that is there or may be.
    /// Whether another one of the same type was in use before, and is still there.
    pub fn has_other_of(&self, instance: &Instance) -> bool {
        let is_other = |old: &Instance| old.token != instance.token;
        self.deposed.iter().any(|old| is_other(old) && old.type_name == instance.type_name)
    }

    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.current.iter().chain(&self.intent).chain(&self.deposed)
    }

    fn instances_mut(&mut self) -> impl Iterator<Item = &mut Instance> {
        self.current.iter_mut().chain(&mut self.intent).chain(&mut self.deposed)
    }
}

//! What will happen: a complete, immutable value made from the graph, the state and what was
//! observed, and the only thing `reconcile` obeys.

pub mod accept;
pub mod adopt;
mod beside;
mod desired;
mod detail;
mod diff;
pub mod drift;
mod exports;
mod finding;
mod make;
mod moves;
mod name;
mod order;
mod outlook;
mod path;
mod policy;
mod renames;
pub mod retained;
pub mod risk;
mod rollback;
mod same;
pub mod saved;
mod taken;
mod teardown;
#[cfg(test)]
pub(crate) mod tests;
mod versions;

pub use desired::{Known, desired_properties, follows_digest, lookup};
pub use detail::Detail;
pub use diff::{Change, Overwritten, Why};
pub use drift::{overlooking, seen};
pub use exports::check_exports;
pub use finding::{FilePlace, Finding};
pub use make::{instance_of, plan};
pub use name::generate as generate_name;
pub use outlook::{Outlook, outlooks};
pub use renames::Rename;
pub use risk::{Class, Risk};
pub use rollback::{Past, beyond_recall, rollback};
pub use same::Rules;
pub use teardown::teardown;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::state::{Instance, Naming, State};
use crate::value::{Attributes, LogicalId, PhysicalId, Token, TypeName};

/// A whole plan. It holds only for the state it was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub stack: String,
    pub account: String,
    pub region: String,
    pub purpose: Purpose,
    pub lineage: String,
    pub serial: u64,
    pub steps: Vec<Step>,
    /// What is destroyed, and where more is let in or out than before.
    pub risks: Vec<Risk>,
    /// What looks as if it had only been given another logical id.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub renames: Vec<Rename>,
    /// What rules and a look at the account say of it. Nothing that is run depends on them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub findings: Vec<Finding>,
    pub outputs: BTreeMap<String, OutputChange>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub exports: BTreeMap<String, OutputChange>,
    /// What the stack will import, where the state says otherwise.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub imports: Option<BTreeMap<String, String>>,
    /// What the reader should know besides: one sentence each.
    pub notes: Vec<String>,
    /// What a rollback cannot bring back.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub lost: Vec<Lost>,
}

/// A resource that stays, or stays away, although it was otherwise before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    pub logical_id: LogicalId,
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    Deploy,
    Teardown,
    /// What is there is taken over.
    Import,
    /// Back to how it was when a run last did all that its plan said.
    Rollback,
}

/// The position of a step in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub usize);

/// One of the two that have a logical id in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    New,
    Old,
}

/// One change of one resource, or the word that it stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub id: StepId,
    pub logical_id: LogicalId,
    pub type_name: TypeName,
    /// Of the instance the step is about, if it has one already.
    pub physical_id: Option<PhysicalId>,
    /// What people are told.
    pub action: Action,
    /// What reconcile does.
    pub operation: Operation,
    pub changes: Vec<Change>,
    /// What others have changed of something that is taken away.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub drifted: Vec<Change>,
    /// The logical id it had until now: the state calls it otherwise before any step begins.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub moved_from: Option<LogicalId>,
    /// Why, where no property says it.
    pub reasons: Vec<String>,
    /// What AWS tells of it that the state does not know yet.
    #[serde(skip_serializing_if = "Attributes::is_empty", default)]
    pub attributes: Attributes,
    /// What a rollback makes of it again, secrets as digests: it has no template to evaluate.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub restored: Option<Box<Instance>>,
    pub after: Vec<StepId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Action {
    Keep,
    /// The same resource, under another logical id.
    Move,
    /// One that is there already, and the stack's from now on.
    Adopt,
    Create,
    Update,
    Replace,
    Delete,
    /// Kept in AWS, no longer ours.
    Retain,
}

/// The token names the instance that is made or meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    Nothing,
    /// No call: only what the state says of it changes.
    Record {
        token: Token,
    },
    /// Only Cairn's tags change, and what the state says of it.
    Mark {
        token: Token,
    },
    /// What is there becomes the stack's.
    Adopt {
        token: Token,
        /// What is there, of what the template declares; secrets as digests.
        properties: Json,
        naming: Naming,
        tagging: Tagging,
    },
    Create {
        token: Token,
    },
    /// A create that began in an earlier run and is brought to its end.
    Resume {
        token: Token,
    },
    Update {
        token: Token,
        how: UpdateKind,
    },
    /// One that was replaced, and is still there, takes the place of what took its place.
    Reinstate {
        token: Token,
        /// The update that it needs then.
        how: Option<UpdateKind>,
    },
    Delete {
        token: Token,
    },
    /// Gone with the parent that the step waits for: no call.
    VanishWithParent {
        token: Token,
    },
    Forget {
        token: Token,
    },
}

/// Whether what is adopted gets Cairn's tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tagging {
    /// Nothing is touched.
    Leave,
    Write,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UpdateKind {
    Properties,
    /// Because of what it follows; its own properties may change too.
    Roll,
}

/// An output before and after; `after` is absent when it goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputChange {
    pub before: Option<Json>,
    pub after: Option<Json>,
    /// Whether `after` is only a placeholder.
    pub known: bool,
}

impl Plan {
    /// Whether applying it would change anything in AWS or in the state.
    pub fn has_work(&self) -> bool {
        self.imports.is_some() || self.steps.iter().any(|step| step.operation != Operation::Nothing)
    }

    /// Whether applying it would change anything people care about.
    pub fn has_changes(&self) -> bool {
        self.steps.iter().any(|step| step.action != Action::Keep)
            || self.outputs.values().chain(self.exports.values()).any(OutputChange::is_change)
    }

    /// Whether a run of it would leave everything as it is, the state as well: one that stopped before
    /// it could say that all was done has that left to say.
    pub fn is_idle(&self, state: &State) -> bool {
        !self.has_work() && !self.has_changes() && state.before.is_empty()
    }

    /// Which one of its logical id a step is about, where the plan has to do with two of them.
    pub fn side(&self, id: StepId) -> Option<Side> {
        let step = &self.steps[id.0];
        let is_other_side = |other: &Step| {
            other.logical_id == step.logical_id && other.is_farewell() != step.is_farewell()
        };
        let is_one_of_two = self.steps.iter().any(is_other_side);
        is_one_of_two.then(|| if step.is_farewell() { Side::Old } else { Side::New })
    }

    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }
}

impl Step {
    /// Whether something of its logical id goes, or is let go.
    fn is_farewell(&self) -> bool {
        matches!(self.action, Action::Delete | Action::Retain)
    }
}

impl OutputChange {
    /// One that goes.
    pub fn removal(before: &Json) -> Self {
        Self { before: Some(before.clone()), after: None, known: true }
    }

    pub fn is_change(&self) -> bool {
        !self.known || self.before != self.after
    }
}

impl Operation {
    pub fn token(&self) -> Option<&Token> {
        match self {
            Self::Nothing => None,
            Self::Record { token }
            | Self::Mark { token }
            | Self::Adopt { token, .. }
            | Self::Create { token }
            | Self::Resume { token }
            | Self::Update { token, .. }
            | Self::Reinstate { token, .. }
            | Self::Delete { token }
            | Self::VanishWithParent { token }
            | Self::Forget { token } => Some(token),
        }
    }

    /// Whether this makes or keeps something, rather than taking it away.
    pub fn is_forward(&self) -> bool {
        !matches!(self, Self::Delete { .. } | Self::VanishWithParent { .. } | Self::Forget { .. })
    }
}

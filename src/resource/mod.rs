//! The seam between the engine and AWS: one file for each resource type.
//!
//! A type implements [`Resource`]: what its properties are, by which rules they are compared, and
//! the calls of each operation. The engine sees only [`Handler`], over untyped values. Policy is
//! not here: waiting, retrying, pacing and ordering are the engine's.

mod handler;
pub mod marks;
mod registry;
pub mod tags;

mod apigateway_account;
mod apigateway_api_key;
mod apigateway_deployment;
mod apigateway_method;
mod apigateway_method_calls;
mod apigateway_method_parts;
mod apigateway_method_settings;
mod apigateway_patch;
mod apigateway_resource;
mod apigateway_rest_api;
mod apigateway_stage;
mod apigateway_tags;
mod apigateway_tree;
mod apigateway_usage_plan;
mod apigateway_usage_plan_key;
mod bedrock_agent;
mod bedrock_agent_action_group;
mod bedrock_agent_alias;
mod bedrock_agent_collaborator;
mod bedrock_agent_knowledge_base;
mod bedrock_agent_parts;
mod bedrock_agent_prompts;
mod bedrock_agent_settings;
mod bedrock_answers;
mod bedrock_tags;
pub mod bedrock_versions;
mod ec2_lambda_interfaces;
mod ec2_route;
mod ec2_route_table;
mod ec2_rules;
mod ec2_security_group;
mod ec2_security_group_egress;
mod ec2_security_group_ingress;
mod ec2_subnet;
mod ec2_subnet_route_table_association;
mod ec2_tags;
mod ec2_vpc;
mod ec2_vpc_endpoint;
mod generated_id;
mod iam_account;
mod iam_documents;
mod iam_managed_policy;
mod iam_policy;
mod iam_principals;
mod iam_role;
mod iam_tags;
mod lambda_code;
mod lambda_configuration;
mod lambda_faults;
mod lambda_function;
mod lambda_inline_code;
mod lambda_permission;
mod lambda_properties;
mod lambda_settings;
mod logs_log_group;
mod or_absent;
mod pages;

pub(crate) use bedrock_agent::list as agents;
pub use handler::{BoxFuture, Handler, KnownJson, LiveJson};
pub(crate) use iam_account::{ACTIONS as ACCOUNT_ACTIONS, MANY, TYPES as ACCOUNT_TYPES};
pub use registry::{handler, near_types, types};

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aws::{Aws, Fault, FaultKind};
use crate::value::{Attributes, PhysicalId, Token};

/// One AWS resource type. A method makes the calls for one operation and returns: no waiting, no
/// retrying, no state. Every method may be called again after a fault and then finishes what is
/// missing.
pub trait Resource: Copy + Default + Send + Sync + 'static {
    /// `AWS::EC2::VPC`.
    const TYPE: &'static str;
    /// The most ids one read may carry.
    const READ_BATCH: usize = 1;
    /// The longest it may take to become ready.
    const PATIENCE: Duration = Duration::from_mins(5);
    /// The longest it may take to be gone, whatever still uses it included.
    const DELETE_PATIENCE: Duration = Duration::from_mins(20);
    /// How properties are compared, by path (`Integration.TimeoutInMillis`, `Policies[].PolicyDocument`),
    /// beyond what the schema says (create-only, write-only, unordered).
    const RULES: &'static [(&'static str, Rule)] = &[];
    /// Properties of the schema that are left out, and why.
    const UNSUPPORTED: &'static [(&'static str, &'static str)] = &[];
    /// Whether calls are left once AWS has named it.
    const COMPLETION: Completion = Completion::None;
    /// The property that holds a name Cairn generates when the template gives none.
    const NAME: Option<Name> = None;
    /// What this type has to be made anew or rolled over for.
    const FOLLOWS: Option<Follows> = None;
    /// What a create makes that is sent again.
    const REPEAT: Repeat = Repeat::Same;
    /// Whether a deleted one stays for a while.
    const REMOVAL: Removal = Removal::AtOnce;
    /// Properties of which no two resources may have the same values at once, the one to change
    /// last: a replacement that keeps them all would not find room beside what it replaces.
    const OCCUPIES: &'static [&'static str] = &[];
    /// A property that has to be on for that: two that are not both so are not in each other's way.
    const OCCUPIES_WITH: Option<&'static str> = None;
    /// Properties of which no two resources may have the same, absence included, where one that is
    /// made runs into the one that is there; with none of them, there is only one.
    const ALONE: Option<&'static [&'static str]> = None;
    /// The types of resources in which AWS leaves something behind of a deleted one for a while. It
    /// is removed there by the rights of the role that the deleted one had.
    const LINGERS_IN: &'static [&'static str] = &[];
    /// The property naming a parent whose deletion removes this resource too.
    const GONE_WITH: Option<&'static str> = None;
    /// The property whose value names what must not be changed by two steps at once.
    const LOCK: Option<Lock> = None;

    /// `PascalCase` fields as in the schema, all `Option`, unknown fields denied.
    type Props: Serialize + DeserializeOwned + Clone + PartialEq + Debug + Send + Sync;

    /// What `Ref` returns.
    fn reference(id: &PhysicalId) -> String {
        id.as_str().to_owned()
    }

    /// The id of one that Cairn has not made, from what its user calls it: an id as the console or
    /// CloudFormation tells it, and the properties, as far as they are known.
    fn identify(text: &str, _props: &Self::Props) -> PhysicalId {
        PhysicalId::new(text)
    }

    /// Whether a change of a property that the schema calls conditionally create-only replaces.
    fn replaces(_path: &str, _from: &serde_json::Value, _to: &serde_json::Value) -> Verdict {
        Verdict::Replace
    }

    /// What an error means for this type, where that is not what it means elsewhere.
    fn classify(_code: &str, _message: &str) -> Option<FaultKind> {
        None
    }

    /// What exists of the known ones; what is missing is gone. Properties in the spelling of the
    /// schema, everything AWS tells, without AWS's and Cairn's own tags.
    fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Self::Props>],
    ) -> impl Future<Output = Result<BTreeMap<PhysicalId, Live<Self::Props>>, Fault>> + Send;

    /// Creates it and returns as soon as AWS has named it. Only the naming call: the rest is
    /// [`Resource::complete`], which runs when the name is on disk.
    fn create(
        self,
        aws: &Aws,
        props: &Self::Props,
        mark: &Mark,
    ) -> impl Future<Output = Result<Created, Fault>> + Send;

    /// The calls after the naming one, once it is ready: attributes, attachments, rules. Called
    /// again it finishes what is missing. Only for [`Completion::Calls`].
    fn complete(
        self,
        _aws: &Aws,
        _id: &PhysicalId,
        _props: &Self::Props,
        _mark: &Mark,
    ) -> impl Future<Output = Result<Progress, Fault>> + Send {
        async { Ok(Progress::Done) }
    }

    /// Changes it in place. `from` is what was last applied, with live values where they differ. A
    /// property that is in `from` and not in `to` is reset to what AWS would have given.
    fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Self::Props,
        to: &Self::Props,
    ) -> impl Future<Output = Result<Progress, Fault>> + Send;

    /// Rolls it over because what it follows has changed ([`Effect::Roll`]), and changes it like
    /// [`Resource::update`] on the way.
    fn roll(
        self,
        _aws: &Aws,
        _id: &PhysicalId,
        _from: &Self::Props,
        _to: &Self::Props,
    ) -> impl Future<Output = Result<Progress, Fault>> + Send {
        async { Ok(Progress::Done) }
    }

    /// Deletes it; gone already is success. `props` are the last applied ones.
    fn delete(
        self,
        aws: &Aws,
        id: &PhysicalId,
        props: &Self::Props,
    ) -> impl Future<Output = Result<(), Fault>> + Send;

    /// What a create with this mark and these properties has left behind: nothing, one, or more
    /// when it cannot be told apart. Only what is certainly ours, by token, tag or a name Cairn
    /// generated.
    fn find(
        self,
        aws: &Aws,
        props: &Self::Props,
        mark: &Mark,
    ) -> impl Future<Output = Result<Vec<PhysicalId>, Fault>> + Send;

    /// The marks of a stack that are on what there is of this type, as far as its properties lead
    /// there (a name, a parent): with them [`Resource::find`] finds what nobody remembers. One
    /// without a logical id may be of any. `None` of a type that bears no marks, and is found by
    /// what it is.
    fn marks(
        self,
        _aws: &Aws,
        _stack: &str,
        _props: &Self::Props,
    ) -> impl Future<Output = Result<Option<Vec<Mark>>, Fault>> + Send {
        async { Ok(None) }
    }
}

/// A resource Cairn knows of: its id and the properties last applied.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a, P> {
    pub id: &'a PhysicalId,
    pub properties: &'a P,
}

/// A resource as AWS has it now.
#[derive(Debug, Clone, PartialEq)]
pub struct Live<P> {
    pub properties: P,
    pub attributes: Attributes,
    pub status: Status,
}

/// How far a resource is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Ready,
    /// On its way; the text is AWS's word for it.
    Pending(String),
    /// It will not become ready; the text says why.
    Failed(String),
    /// On its way out.
    Deleting(String),
}

/// What a create returned.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    pub id: PhysicalId,
    pub attributes: Attributes,
    pub status: Status,
}

impl Created {
    /// Usable at once, with all its attributes known.
    pub fn ready(id: PhysicalId, attributes: Attributes) -> Self {
        Self { id, attributes, status: Status::Ready }
    }

    /// Named, but to be waited for; reading it tells its attributes.
    pub fn pending(id: PhysicalId) -> Self {
        Self { id, attributes: Attributes::new(), status: Status::Pending("creating".to_owned()) }
    }
}

/// Whether an operation is through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Done,
    /// Done with its calls, but the resource has to become ready (and is read) before it counts.
    Settle,
    /// Wait until it is ready, then call again for the rest.
    Again,
    /// Done with its calls, but something that had to go was not known: if that was made seconds ago,
    /// it may be known later, and is still there. When it is certain, this is as `Settle`.
    Unsure,
}

impl Progress {
    /// Done, where all that had to go has been taken away.
    pub fn done(all_gone: bool) -> Self {
        if all_gone { Self::Done } else { Self::Unsure }
    }
}

/// Whether there is something to do for a resource that is named and ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    None,
    /// [`Resource::complete`].
    Calls,
}

/// What comes of a create that is sent twice with the same mark and the same properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// No second one: AWS knows the token, or has only one of that name or in that place.
    Same,
    /// A second one, so that it has to be certain that the first was not carried out.
    Another,
}

/// What AWS says to a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    Accepted,
    /// It is not there, or not seen yet.
    NotFound,
}

/// When a deleted resource is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// As soon as AWS has accepted the deletion.
    AtOnce,
    /// When reading it no longer finds it.
    Lingering,
}

/// Who makes a resource: the marks that lead back from AWS to the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub stack: String,
    pub logical_id: String,
    pub token: Token,
}

/// How a property is compared or treated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// Absent means this value (JSON text).
    Default(&'static str),
    /// The same, whatever else is declared and whatever the service does by itself: where AWS says
    /// something else, somebody has made it so, although nobody has declared it.
    Always(&'static str),
    /// An IAM policy document, as object or text: compared by meaning.
    Policy,
    /// A JSON document, as object or text.
    Json,
    /// A CIDR block: compared after masking.
    Cidr,
    /// Upper and lower case are the same.
    CaseFold,
    /// A list whose order does not matter.
    Set,
    /// Cannot be read back: compared with what was last applied only.
    WriteOnly,
    /// Must not be stored or shown.
    Secret,
    /// A change needs a new resource, although the schema does not say so.
    Replace,
    /// A change may need a new resource, although the schema does not say so: `replaces` tells.
    MayReplace,
    /// For Cairn itself: a change of it alone is no change.
    Ignore,
}

/// The verdict on a conditional replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Replace,
    InPlace,
}

/// A physical name Cairn generates: `<stack>-<logical id>-<suffix>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    pub property: &'static str,
    pub max_length: usize,
    /// Whether two with one name can exist side by side: if not, a replacement that keeps an
    /// explicit name is refused.
    pub unique: Uniqueness,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uniqueness {
    /// No two may have it.
    Unique,
    /// Names are only labels.
    Label,
}

/// A type whose content is a copy of other resources' content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Follows {
    /// The property that names the parent: what it references is followed, and so are the
    /// resources of `types` whose property of the same name references the same parent.
    pub through: &'static str,
    pub types: &'static [&'static str],
    /// A property that says for itself what is to be copied: where it is given, nothing is followed.
    pub unless: Option<&'static str>,
    pub effect: Effect,
    /// Shown in the plan.
    pub reason: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Replace,
    Roll,
}

/// What must not be changed by two steps at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// The resource named by this property: `RestApiId`, `FunctionName`.
    Property(&'static str),
    /// This resource itself, by its physical id; the same key as a child's `Property`.
    Itself,
    /// Everything of this kind in the account.
    Account(&'static str),
}

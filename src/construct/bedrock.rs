//! Agents of Bedrock whose tools run at the caller, and the aliases that callers use.

use super::element::Condition;
use super::expression::{MapOf, Prop};
use super::function::{Aws, Fn};
use super::iam::{Grantee, Role, Statement};
use super::level1::bedrock::{CfnAgent, CfnAgentAlias};
use super::level1::bedrock_agent::{
    ActionGroup as L1ActionGroup, ActionGroupExecutor, CustomControl, Function as L1Function,
    FunctionSchema, Parameter as L1Parameter, RequireConfirmation, Type,
};
use super::tree::{Construct, Kind, Scope};

/// What a scope says of a model that is offered in the region itself.
const REGION: &str = "region";

/// A model, and where it may run.
#[derive(Debug, Clone)]
pub struct Model {
    id: Prop<String>,
    scope: Prop<String>,
}

impl Model {
    /// A model of the region itself.
    pub fn in_region(id: impl Into<Prop<String>>) -> Self {
        Self::scoped(REGION, id)
    }

    /// A model that runs wherever the inference profile of a geography sends it: `us`, `eu`,
    /// `global` …
    pub fn through_profile(
        geography: impl Into<Prop<String>>,
        id: impl Into<Prop<String>>,
    ) -> Self {
        Self::scoped(geography, id)
    }

    /// Either of them: the scope is `region` or a geography, and may be known at deployment only.
    pub fn scoped(scope: impl Into<Prop<String>>, id: impl Into<Prop<String>>) -> Self {
        Self { id: id.into(), scope: scope.into() }
    }

    fn variables(&self) -> [(&'static str, Prop<String>); 2] {
        [("Scope", self.scope.clone()), ("Model", self.id.clone())]
    }

    /// What an agent calls it, and what its role has to be allowed. Who calls through a profile
    /// needs the profile, and the model it leads to in whatever region.
    fn resolve(&self, scope: &Scope) -> (Prop<String>, Prop<Vec<String>>) {
        let sub = |text: &str| Fn::sub_with(text, self.variables());
        let direct = Prop::from(vec![sub(
            "arn:${AWS::Partition}:bedrock:${AWS::Region}::foundation-model/${Model}",
        )]);
        let profile = Prop::from(vec![
            sub(
                "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:inference-profile/\
                 ${Scope}.${Model}",
            ),
            sub("arn:${AWS::Partition}:bedrock:*::foundation-model/${Model}"),
        ]);
        let named = sub("${Scope}.${Model}");
        match self.scope.expression.as_text() {
            Some(REGION) => (self.id.clone(), direct),
            Some(_) => (named, profile),
            None => {
                let test = Fn::not(Fn::equals(&self.scope, REGION));
                let uses = Condition::new(scope, "UsesInferenceProfile", test);
                (Fn::if_(&uses, named, &self.id), Fn::if_(&uses, profile, direct))
            }
        }
    }
}

/// What a tool takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Yes or no.
    Boolean,
    /// A list.
    Array,
}

impl Takes {
    fn schema(self) -> Type {
        match self {
            Self::Text => Type::String,
            Self::Integer => Type::Integer,
            Self::Number => Type::Number,
            Self::Boolean => Type::Boolean,
            Self::Array => Type::Array,
        }
    }
}

/// A function that an agent may ask for.
///
/// ```
/// use cairn::construct::bedrock::{Takes, Tool};
///
/// let forecast = Tool::new("read_forecast", "Reads the forecast for a place.")
///     .required("place", Takes::Text, "A summit, pass or valley")
///     .optional("hours", Takes::Integer, "How many hours ahead");
/// let book = Tool::new("book", "Books a bunk.").confirmed();
/// # let _ = (forecast, book);
/// ```
#[derive(Debug, Clone)]
pub struct Tool {
    name: Prop<String>,
    description: Option<Prop<String>>,
    confirmation: Option<Prop<RequireConfirmation>>,
    parameters: Vec<(String, Prop<L1Parameter>)>,
}

impl Tool {
    /// One of a name, and what the model is told of it.
    pub fn new(name: impl Into<Prop<String>>, description: impl Into<Prop<String>>) -> Self {
        Self {
            name: name.into(),
            description: Some(description.into()),
            confirmation: None,
            parameters: Vec::new(),
        }
    }

    /// A parameter that the model has to give.
    #[must_use]
    pub fn required(self, name: &str, takes: Takes, description: &str) -> Self {
        self.parameter(name, takes, description, true)
    }

    /// A parameter that the model may give.
    #[must_use]
    pub fn optional(self, name: &str, takes: Takes, description: &str) -> Self {
        self.parameter(name, takes, description, false)
    }

    /// Has the caller confirm it before it counts: for what changes something.
    #[must_use]
    pub fn confirmed(mut self) -> Self {
        self.confirmation = Some(RequireConfirmation::Enabled.into());
        self
    }

    fn parameter(mut self, name: &str, takes: Takes, description: &str, required: bool) -> Self {
        let parameter = L1Parameter::builder()
            .type_(takes.schema())
            .description(description)
            .required(required)
            .build();
        self.parameters.push((name.to_owned(), parameter.into()));
        self
    }

    fn build(self) -> L1Function {
        let mut function = L1Function::builder().name(self.name);
        if let Some(description) = self.description {
            function = function.description(description);
        }
        if let Some(confirmation) = self.confirmation {
            function = function.require_confirmation(confirmation);
        }
        if !self.parameters.is_empty() {
            function = function.parameters(Prop::<MapOf<L1Parameter>>::from(self.parameters));
        }
        function.build()
    }
}

/// Functions of one purpose.
#[derive(Debug, Clone)]
pub struct ActionGroup {
    name: Prop<String>,
    description: Option<Prop<String>>,
    functions: Prop<Vec<L1Function>>,
}

impl ActionGroup {
    /// Those that Bedrock does not run: it hands the caller the name and the arguments, and waits
    /// for the result. The model sees `<group>__<tool>`.
    pub fn return_control(
        name: impl Into<Prop<String>>,
        tools: impl IntoIterator<Item = Tool>,
    ) -> Self {
        let functions: Vec<_> = tools.into_iter().map(Tool::build).collect();
        Self::of_functions(name, functions)
    }

    /// The same, from functions as level 1 has them.
    pub fn of_functions(
        name: impl Into<Prop<String>>,
        functions: impl Into<Prop<Vec<L1Function>>>,
    ) -> Self {
        Self { name: name.into(), description: None, functions: functions.into() }
    }

    /// What they are for.
    #[must_use]
    pub fn description(mut self, text: impl Into<Prop<String>>) -> Self {
        self.description = Some(text.into());
        self
    }

    fn build(self) -> L1ActionGroup {
        let executor = ActionGroupExecutor::builder().custom_control(CustomControl::ReturnControl);
        let mut group = L1ActionGroup::builder().action_group_name(self.name);
        if let Some(description) = self.description {
            group = group.description(description);
        }
        group
            .action_group_executor(executor.build())
            .function_schema(FunctionSchema::builder().functions(self.functions).build())
            .build()
    }
}

/// An agent with an instruction, a model and groups of functions.
#[derive(Debug, Clone)]
pub struct Agent {
    resource: CfnAgent,
}

/// Builds an [`Agent`].
#[derive(Debug)]
#[must_use]
pub struct AgentBuilder {
    name: Prop<String>,
    model: Model,
    instruction: Prop<String>,
    description: Option<Prop<String>>,
    idle_seconds: i32,
    groups: Vec<ActionGroup>,
    role: Option<Role>,
}

impl Agent {
    /// One of a name, a model, and what it is told to be.
    pub fn builder(
        name: impl Into<Prop<String>>,
        model: Model,
        instruction: impl Into<Prop<String>>,
    ) -> AgentBuilder {
        AgentBuilder {
            name: name.into(),
            model,
            instruction: instruction.into(),
            description: None,
            idle_seconds: 1800,
            groups: Vec::new(),
            role: None,
        }
    }

    /// Its id.
    pub fn id(&self) -> Prop<String> {
        self.resource.attr_agent_id()
    }

    /// Its ARN.
    pub fn arn(&self) -> Prop<String> {
        self.resource.attr_agent_arn()
    }

    /// The resource.
    pub fn resource(&self) -> &CfnAgent {
        &self.resource
    }
}

impl AgentBuilder {
    /// What it is.
    pub fn description(mut self, text: impl Into<Prop<String>>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// How long a session lasts without a word: half an hour unless said otherwise.
    pub fn idle_seconds(mut self, seconds: i32) -> Self {
        self.idle_seconds = seconds;
        self
    }

    /// Adds functions.
    pub fn action_group(mut self, group: ActionGroup) -> Self {
        self.groups.push(group);
        self
    }

    /// Runs it as a role, instead of one of its own that may run the model and nothing else.
    pub fn role(mut self, role: &Role) -> Self {
        self.role = Some(role.clone());
        self
    }

    /// Makes it.
    pub fn build(self, scope: &dyn Construct, id: &str) -> Agent {
        let place = scope.scope().grow(id, "Agent", Kind::Plain);
        let (model, resources) = self.model.resolve(&place);
        let role = self.role.unwrap_or_else(|| own_role(&place, resources));
        let groups: Vec<_> = self.groups.into_iter().map(ActionGroup::build).collect();
        let mut agent = CfnAgent::builder()
            .agent_name(self.name)
            .agent_resource_role_arn(role.arn())
            .foundation_model(model)
            .instruction(self.instruction)
            .idle_session_ttl_in_seconds(self.idle_seconds)
            .auto_prepare(true);
        if let Some(description) = self.description {
            agent = agent.description(description);
        }
        if !groups.is_empty() {
            agent = agent.action_groups(groups);
        }
        Agent { resource: agent.build(&place, "Resource") }
    }
}

/// A role that may run a model, for agents of this account only.
fn own_role(scope: &Scope, resources: Prop<Vec<String>>) -> Role {
    let agents = "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:agent/*";
    let role = Role::assumed_by("bedrock.amazonaws.com")
        .when("StringEquals", "aws:SourceAccount", Aws::ACCOUNT_ID)
        .when("ArnLike", "aws:SourceArn", Fn::sub(agents))
        .description("What the agent may do - run its model")
        .policy_name("run-the-model")
        .build(scope, "Role");
    let run = Statement::allow([
        "bedrock:InvokeModel",
        "bedrock:InvokeModelWithResponseStream",
        "bedrock:GetFoundationModel",
        "bedrock:GetInferenceProfile",
    ]);
    role.add_to_policy(run.on([resources.cast::<String>()]));
    role
}

/// What callers use instead of an agent's draft: it routes to a version, which does not change
/// under them.
#[derive(Debug, Clone)]
pub struct AgentAlias {
    resource: CfnAgentAlias,
}

/// Builds an [`AgentAlias`].
#[derive(Debug)]
#[must_use]
pub struct AgentAliasBuilder {
    agent: Agent,
    name: Prop<String>,
    description: Option<Prop<String>>,
}

impl AgentAlias {
    /// One of an agent, with a name.
    pub fn builder(agent: &Agent, name: impl Into<Prop<String>>) -> AgentAliasBuilder {
        AgentAliasBuilder { agent: agent.clone(), name: name.into(), description: None }
    }

    /// Its id.
    pub fn id(&self) -> Prop<String> {
        self.resource.attr_agent_alias_id()
    }

    /// Its ARN.
    pub fn arn(&self) -> Prop<String> {
        self.resource.attr_agent_alias_arn()
    }

    /// Lets somebody talk to it, and do nothing else with it.
    pub fn grant_invoke(&self, grantee: &dyn Grantee) {
        grantee.role().add_to_policy(self.may_invoke());
    }

    /// The statement that [`AgentAlias::grant_invoke`] writes.
    pub fn may_invoke(&self) -> Statement {
        Statement::allow(["bedrock:InvokeAgent"]).on([self.arn()])
    }

    /// The resource.
    pub fn resource(&self) -> &CfnAgentAlias {
        &self.resource
    }
}

impl AgentAliasBuilder {
    /// What it is for.
    pub fn description(mut self, text: impl Into<Prop<String>>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Makes it.
    pub fn build(self, scope: &dyn Construct, id: &str) -> AgentAlias {
        let alias = CfnAgentAlias::builder().agent_id(self.agent.id()).agent_alias_name(self.name);
        let alias = match self.description {
            Some(description) => alias.description(description),
            None => alias,
        };
        AgentAlias { resource: alias.build(scope, id) }
    }
}

//! The whole of it: an agent with a persona, behind an API with a key, whose function has no way to
//! the internet.

use super::apigateway::{Access, ApiKey, Integration, RestApi};
use super::bedrock::{ActionGroup, Agent, AgentAlias, Model};
use super::ec2::{InterfaceEndpoint, Port, SecurityGroup, Vpc};
use super::element::Output;
use super::expression::Prop;
use super::function::Fn;
use super::iam::{Principal, Role};
use super::lambda::{Code, Function, Runtime};
use super::tree::{Construct, Kind, Scope};

const SERVICE: &str = "bedrock-agent-runtime";
const HTTPS: u16 = 443;

/// An agent that is reached through one HTTPS route and a private endpoint, and whose tools run at
/// the caller.
///
/// ```text
/// caller --HTTPS, key--> REST API --> function --443--> interface endpoint --> agent
///                                     \_______ isolated subnets _______/
/// ```
///
/// Only the persona and the function's code have to be given; each part can be changed, or
/// replaced by one that is there.
///
/// ```
/// use cairn::construct::bedrock::{ActionGroup, Takes, Tool};
/// use cairn::construct::lambda::Code;
/// use cairn::construct::{App, PrivateAgentApi, Stack};
///
/// let app = App::new();
/// let stack = Stack::new(&app, "Huts");
/// let forecast = Tool::new("read_forecast", "Reads the mountain forecast for a place.")
///     .required("place", Takes::Text, "A summit, pass, hut or valley");
/// let huts = PrivateAgentApi::builder("You are Maren, who keeps a hut.", Code::directory("lambda"))
///     .action_group(ActionGroup::return_control("hut-desk", [forecast]))
///     .build(&stack, "Huts");
/// huts.add_outputs(&stack);
/// let template = stack.template()?;
/// assert_eq!(template["Resources"].as_object().map(|all| all.len()), Some(25));
/// # Ok::<(), cairn::construct::SynthError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PrivateAgentApi {
    api: RestApi,
    key: ApiKey,
    agent: Agent,
    alias: AgentAlias,
    function: Function,
    network: Option<Network>,
}

#[derive(Debug, Clone)]
struct Network {
    vpc: Vpc,
    group: SecurityGroup,
    endpoint: InterfaceEndpoint,
}

/// Builds a [`PrivateAgentApi`].
#[derive(Debug)]
#[must_use]
pub struct PrivateAgentApiBuilder {
    persona: Prop<String>,
    code: Code,
    name: Prop<String>,
    model: Model,
    groups: Vec<ActionGroup>,
    cidr: Prop<String>,
    zone_letters: Vec<Prop<String>>,
    vpc: Option<Vpc>,
    agent_role: Option<Role>,
    function_role: Option<Role>,
    function: Option<Function>,
    runtime: Prop<Runtime>,
    handler: Prop<String>,
    answer_within: Prop<String>,
    stage: Prop<String>,
    per_second: (Prop<f64>, Prop<i64>),
    per_day: Prop<i64>,
    log_retention: Prop<i64>,
}

impl PrivateAgentApi {
    /// One with a persona, and the code of the function that hands requests to the agent.
    pub fn builder(persona: impl Into<Prop<String>>, code: Code) -> PrivateAgentApiBuilder {
        PrivateAgentApiBuilder {
            persona: persona.into(),
            code,
            name: "persona-agent".into(),
            model: Model::through_profile("us", "anthropic.claude-haiku-4-5-20251001-v1:0"),
            groups: Vec::new(),
            cidr: "10.4.0.0/16".into(),
            zone_letters: vec!["a".into(), "b".into()],
            vpc: None,
            agent_role: None,
            function_role: None,
            function: None,
            runtime: Runtime::Python312.into(),
            handler: "handler.handler".into(),
            answer_within: "25".into(),
            stage: "live".into(),
            per_second: (5.into(), 10.into()),
            per_day: 1000.into(),
            log_retention: 14.into(),
        }
    }

    /// Where requests are posted.
    pub fn invoke_url(&self) -> Prop<String> {
        self.api.url("/invoke")
    }

    /// The API.
    pub fn api(&self) -> &RestApi {
        &self.api
    }

    /// The key that opens it.
    pub fn key(&self) -> &ApiKey {
        &self.key
    }

    /// The agent.
    pub fn agent(&self) -> &Agent {
        &self.agent
    }

    /// What the function talks to.
    pub fn alias(&self) -> &AgentAlias {
        &self.alias
    }

    /// The function.
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// The network, unless the function is one that was there.
    pub fn vpc(&self) -> Option<&Vpc> {
        self.network.as_ref().map(|network| &network.vpc)
    }

    /// The group of the function and the endpoint, unless the function is one that was there.
    pub fn security_group(&self) -> Option<&SecurityGroup> {
        self.network.as_ref().map(|network| &network.group)
    }

    /// What a deployment tells, by name: what `cairn invoke` and the notebook look for, and the
    /// ids of the network.
    pub fn outputs(&self) -> Vec<(&'static str, &'static str, Prop<String>)> {
        let mut outputs = vec![
            ("InvokeUrl", "Where to post requests, with the key in x-api-key", self.invoke_url()),
            ("ApiKeyId", "Id of the API key", self.key.id()),
            ("AgentId", "Id of the agent", self.agent.id()),
            ("AgentAliasId", "Id of the alias the function talks to", self.alias.id()),
        ];
        if let Some(Network { vpc, endpoint, .. }) = &self.network {
            let subnets = Fn::join(",", vpc.subnet_ids());
            outputs.push(("VpcId", "Id of the VPC", vpc.id()));
            outputs.push(("SubnetIds", "Ids of the subnets", subnets));
            outputs.push(("EndpointId", "Id of the private way to Bedrock", endpoint.id()));
        }
        if let Some(function) = self.function.resource() {
            outputs.push(("FunctionName", "Name of the function", function.ref_()));
        }
        outputs
    }

    /// Declares the outputs in a stack.
    pub fn add_outputs(&self, scope: &dyn Construct) {
        for (name, description, value) in self.outputs() {
            Output::new(scope, name, value).description(description);
        }
    }
}

impl PrivateAgentApiBuilder {
    /// What the agent and the API are called: `persona-agent` unless said otherwise.
    pub fn name(mut self, name: impl Into<Prop<String>>) -> Self {
        self.name = name.into();
        self
    }

    /// The model: Claude Haiku 4.5 through the profile of the US unless said otherwise.
    pub fn model(mut self, model: Model) -> Self {
        self.model = model;
        self
    }

    /// Adds tools.
    pub fn action_group(mut self, group: ActionGroup) -> Self {
        self.groups.push(group);
        self
    }

    /// The addresses of the VPC: 10.4.0.0/16 unless said otherwise.
    pub fn cidr(mut self, cidr: impl Into<Prop<String>>) -> Self {
        self.cidr = cidr.into();
        self
    }

    /// The zones, by their letters: `a` and `b` unless said otherwise. Not every zone of every
    /// region offers the endpoint.
    pub fn zone_letters<X: Into<Prop<String>>>(
        mut self,
        letters: impl IntoIterator<Item = X>,
    ) -> Self {
        self.zone_letters = letters.into_iter().map(Into::into).collect();
        self
    }

    /// A VPC that is there, instead of one of its own.
    pub fn vpc(mut self, vpc: &Vpc) -> Self {
        self.vpc = Some(vpc.clone());
        self
    }

    /// The agent's role, instead of one of its own.
    pub fn agent_role(mut self, role: &Role) -> Self {
        self.agent_role = Some(role.clone());
        self
    }

    /// The function's role, instead of one of its own.
    pub fn function_role(mut self, role: &Role) -> Self {
        self.function_role = Some(role.clone());
        self
    }

    /// A function of one's own: no network is made then, and its way to Bedrock is its own.
    pub fn function(mut self, function: &Function) -> Self {
        self.function = Some(function.clone());
        self
    }

    /// What the code runs on, and what is called: Python 3.12 and `handler.handler` unless said
    /// otherwise.
    pub fn runtime(
        mut self,
        runtime: impl Into<Prop<Runtime>>,
        handler: impl Into<Prop<String>>,
    ) -> Self {
        self.runtime = runtime.into();
        self.handler = handler.into();
        self
    }

    /// After how many seconds the function gives an agent up: 25 unless said otherwise, because
    /// the API waits 29 and a cold start is part of that.
    pub fn answer_within(mut self, seconds: impl Into<Prop<String>>) -> Self {
        self.answer_within = seconds.into();
        self
    }

    /// The API's stage: `live` unless said otherwise.
    pub fn stage(mut self, name: impl Into<Prop<String>>) -> Self {
        self.stage = name.into();
        self
    }

    /// What a key may use: requests a second in the long run, in one burst, and in a day. It is 5,
    /// 10 and 1000 unless said otherwise.
    pub fn requests(
        mut self,
        per_second: impl Into<Prop<f64>>,
        at_once: impl Into<Prop<i64>>,
        per_day: impl Into<Prop<i64>>,
    ) -> Self {
        self.per_second = (per_second.into(), at_once.into());
        self.per_day = per_day.into();
        self
    }

    /// For how many days the function's log is kept: two weeks unless said otherwise.
    pub fn log_retention(mut self, days: impl Into<Prop<i64>>) -> Self {
        self.log_retention = days.into();
        self
    }

    /// Makes it.
    pub fn build(mut self, scope: &dyn Construct, id: &str) -> PrivateAgentApi {
        let place = scope.scope().grow(id, "PrivateAgentApi", Kind::Plain);
        let mut agent = Agent::builder(&self.name, self.model.clone(), &self.persona)
            .description("A persona whose tools run at the caller");
        for group in std::mem::take(&mut self.groups) {
            agent = agent.action_group(group);
        }
        if let Some(role) = &self.agent_role {
            agent = agent.role(role);
        }
        let agent = agent.build(&place, "Agent");
        let alias = AgentAlias::builder(&agent, "live").description("What the function talks to");
        let alias = alias.build(&place, "AgentAlias");
        let (function, network) = match self.function.clone() {
            Some(function) => (function, None),
            None => {
                let network = self.network(&place);
                let statement = alias.may_invoke().to(Principal::Anyone);
                network.endpoint.add_to_policy(statement);
                (self.own_function(&place, &network), Some(network))
            }
        };
        alias.grant_invoke(&function);
        function.add_environment("AGENT_ID", agent.id());
        function.add_environment("AGENT_ALIAS_ID", alias.id());
        function.add_environment("ANSWER_WITHIN_SECONDS", &self.answer_within);
        let (api, key) = self.open(&place, &function);
        PrivateAgentApi { api, key, agent, alias, function, network }
    }

    fn network(&self, place: &Scope) -> Network {
        let vpc = self.vpc.clone().unwrap_or_else(|| {
            let vpc = Vpc::isolated(&self.cidr).zone_letters(&self.zone_letters);
            vpc.shared_route_table().build(place, "Vpc")
        });
        let group = SecurityGroup::builder(&vpc, "The function and the endpoint, and nobody else");
        let group = group.build(place, "SecurityGroup");
        group.allow_from_self(Port::tcp(HTTPS));
        let endpoint =
            InterfaceEndpoint::builder(&vpc, SERVICE).group(&group).build(place, "Endpoint");
        Network { vpc, group, endpoint }
    }

    fn own_function(&self, place: &Scope, network: &Network) -> Function {
        let name =
            Fn::sub_with("/aws/lambda/${AWS::StackName}-${Stage}", [("Stage", self.stage.clone())]);
        let mut function = Function::builder(&self.runtime, &self.handler, self.code.clone())
            .description("Hands one leg of a conversation to the agent")
            .timeout(90)
            .in_vpc(&network.vpc, &network.group)
            .log_name(name)
            .log_retention(&self.log_retention);
        if let Some(role) = &self.function_role {
            function = function.role(role);
        }
        function.build(place, "Function")
    }

    fn open(&self, place: &Scope, function: &Function) -> (RestApi, ApiKey) {
        let api = RestApi::builder(&self.name)
            .description("One route to the persona")
            .stage(&self.stage)
            .build(place, "Api");
        api.root().route("invoke").method("POST", Integration::lambda(function), Access::Key);
        let named = |text: &str| Fn::sub_with(text, [("Name", self.name.clone())]);
        let key = api.key("Key", named("Opens ${Name}"));
        let (rate, burst) = &self.per_second;
        api.usage_plan("UsagePlan")
            .description(named("How much of ${Name} one key may use"))
            .per_second(rate, burst)
            .per_day(&self.per_day)
            .key(&key)
            .build();
        (api, key)
    }
}

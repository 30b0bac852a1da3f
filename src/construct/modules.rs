//! The types of modules there are.

use super::bedrock::{ActionGroup, Model};
use super::ec2::Vpc;
use super::expression::{Expression, Prop};
use super::function::Fn;
use super::iam::Role;
use super::lambda::{Code, Function, Runtime};
use super::level1::bedrock_agent;
use super::module::{Attributes, Given, Module};
use super::private_agent_api::{PrivateAgentApi, PrivateAgentApiBuilder};
use super::tree::Scope;
use crate::template::{Entry, Node, NodeKind};

pub(super) const MODULES: &[Module] = &[
    Module {
        type_name: "Cairn::Bedrock::PrivateAgentApi::MODULE",
        properties: &[
            "ActionGroupName",
            "AgentName",
            "AgentRoleArn",
            "AnswerWithinSeconds",
            "CidrBlock",
            "Code",
            "FoundationModel",
            "FunctionArn",
            "FunctionRoleArn",
            "Handler",
            "LogRetentionInDays",
            "ModelScope",
            "Persona",
            "RequestsAtOnce",
            "RequestsPerDay",
            "RequestsPerSecond",
            "Runtime",
            "StageName",
            "SubnetIds",
            "Tools",
            "VpcId",
            "ZoneLetters",
        ],
        required: &[&["Persona"], &["Code", "FunctionArn"]],
        build: private_agent_api,
    },
    Module {
        type_name: "Cairn::EC2::IsolatedVpc::MODULE",
        properties: &["CidrBlock", "ZoneLetters"],
        required: &[&["CidrBlock"]],
        build: isolated_vpc,
    },
];

fn isolated_vpc(given: &mut Given<'_>, scope: &Scope, id: &str) -> Attributes {
    let vpc = Vpc::isolated(given.prop_or::<String>("CidrBlock", ""));
    let vpc = match given.items("ZoneLetters") {
        Some(letters) => vpc.zone_letters(letters),
        None => vpc,
    };
    // A module's own logical id is no resource's: what it makes stands below it.
    let place = scope.child(id);
    let vpc = vpc.build(&place, "Vpc");
    vec![("VpcId", vpc.id()), ("SubnetIds", Fn::join(",", vpc.subnet_ids()))]
}

fn private_agent_api(given: &mut Given<'_>, scope: &Scope, id: &str) -> Attributes {
    let code = given.node("Code").map_or_else(
        || Code::directory(""),
        |node| Code::written(Expression::Written(node.clone())),
    );
    let model =
        given.prop_or::<String>("FoundationModel", "anthropic.claude-haiku-4-5-20251001-v1:0");
    let api = PrivateAgentApi::builder(given.prop_or::<String>("Persona", ""), code)
        .model(Model::scoped(given.prop_or::<String>("ModelScope", "us"), model))
        .runtime(
            given.prop_or::<Runtime>("Runtime", Runtime::Python312),
            given.prop_or::<String>("Handler", "handler.handler"),
        )
        .answer_within(given.prop_or::<String>("AnswerWithinSeconds", "25"))
        .name(given.prop_or::<String>("AgentName", "persona-agent"))
        .stage(given.prop_or::<String>("StageName", "live"))
        .cidr(given.prop_or::<String>("CidrBlock", "10.4.0.0/16"))
        .requests(
            given.prop_or::<f64>("RequestsPerSecond", 5),
            given.prop_or::<i64>("RequestsAtOnce", 10),
            given.prop_or::<i64>("RequestsPerDay", 1000),
        )
        .log_retention(given.prop_or::<i64>("LogRetentionInDays", 14));
    let api = with_parts(api, given);
    let api = api.build(scope, id);
    api.outputs().into_iter().map(|(name, _, value)| (name, value)).collect()
}

/// Those parts that are there only if they are given.
fn with_parts(mut api: PrivateAgentApiBuilder, given: &mut Given<'_>) -> PrivateAgentApiBuilder {
    if let Some(letters) = given.items("ZoneLetters") {
        api = api.zone_letters(letters);
    }
    match (given.prop("VpcId"), given.items("SubnetIds")) {
        (Some(vpc), Some(subnets)) => api = api.vpc(&Vpc::from_ids::<Prop<String>>(vpc, subnets)),
        (None, None) => {}
        _ => {
            let node = given.node("VpcId").or_else(|| given.node("SubnetIds"));
            let span = node.map(|node| node.span).unwrap_or_default();
            let message = "`VpcId` and `SubnetIds` go together".to_owned();
            given.complain(span, message, "a VPC that is there, with the subnets to use in it");
        }
    }
    if let Some(role) = given.prop::<String>("AgentRoleArn") {
        api = api.agent_role(&Role::from_arn(role));
    }
    if let Some(role) = given.prop::<String>("FunctionRoleArn") {
        api = api.function_role(&Role::from_arn(role));
    }
    if let Some(function) = given.prop::<String>("FunctionArn") {
        api = api.function(&Function::from_arn(function));
    }
    let tools: Vec<_> = given.map("Tools").iter().map(tool).collect();
    if !tools.is_empty() {
        let name = given.prop_or::<String>("ActionGroupName", "tools");
        api = api.action_group(ActionGroup::of_functions(name, tools));
    }
    api
}

/// A tool is a function of an action group under its name; the rest is as CloudFormation has it.
fn tool(tool: &Entry) -> Prop<bedrock_agent::Function> {
    let name = Node { kind: NodeKind::String(tool.key.clone()), span: tool.key_span };
    let mut entries = vec![Entry { key: "Name".to_owned(), key_span: tool.key_span, value: name }];
    match &tool.value.kind {
        NodeKind::Map(rest) => entries.extend(rest.iter().cloned()),
        // Only what it does.
        _ => entries.push(Entry {
            key: "Description".to_owned(),
            key_span: tool.key_span,
            value: tool.value.clone(),
        }),
    }
    let kind = NodeKind::Map(entries);
    Prop::from_expression(Expression::Written(Node { kind, span: tool.value.span }))
}

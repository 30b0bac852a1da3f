use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{Scope, action_of, actions, document, kinds, permissions};
use crate::diagnostic::Source;
use crate::graph::{Inputs, synth};
use crate::plan::{outlooks, plan};
use crate::refresh::Observed;
use crate::resource;
use crate::state::State;
use crate::template;
use crate::value::Token;

/// What no plan asks for: parts of policies and keys of conditions, and what an import, or whoever
/// looks for a lost state, reads.
const NO_CALLS: [&str; 11] = [
    "ec2:DescribeTags",
    // Only of a plan with many: it is added for those.
    "iam:GetAccountAuthorizationDetails",
    "iam:ListPolicies",
    "iam:ListPolicyTags",
    "iam:ListRoleTags",
    "iam:ListRoles",
    "lambda:EventSourceToken",
    "lambda:FunctionUrlAuthType",
    "lambda:InvokeFunction",
    "lambda:InvokedViaFunctionUrl",
    "lambda:ListFunctions",
];

#[test]
fn every_type_has_its_row() {
    for handler in resource::types() {
        assert!(!actions(handler.type_name()).is_empty(), "{}", handler.type_name());
    }
    for kind in kinds() {
        assert!(resource::handler(kind.type_name).is_some(), "{}", kind.type_name);
    }
}

/// Every text in the handlers that names a call names one that the table knows.
#[test]
fn every_call_of_the_handlers_is_in_the_table() {
    let pattern =
        regex::Regex::new(r#""((?:ec2|iam|lambda|logs|apigateway|bedrock):[A-Z][A-Za-z]+)""#)
            .expect("a pattern");
    let known: BTreeSet<&str> =
        kinds().flat_map(|kind| kind.needs).map(|need| need.action).collect();
    let mut seen = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/resource")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a source file");
            for found in pattern.captures_iter(&text) {
                let call = found[1].to_owned();
                seen += 1;
                let is_known =
                    known.contains(action_of(&call).as_str()) || NO_CALLS.contains(&call.as_str());
                assert!(is_known, "{call} in {}", path.display());
            }
        }
    }
    assert!(seen > 150, "{seen} calls");
}

/// The policy of a template that is deployed for the first time.
fn policy(text: &str, scope: Scope, state: &State) -> Json {
    let source = Arc::new(Source { name: "t.yaml".to_owned(), text: text.to_owned() });
    let template = Arc::new(template::parse(&source).expect("a template"));
    let inputs = Inputs {
        stack: "sample".to_owned(),
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        partition: "aws".to_owned(),
        ..Inputs::default()
    };
    let graph = synth(template, inputs).expect("a graph");
    let mut drawn = 0;
    let mut tokens = || {
        drawn += 1;
        Token::new(format!("token-{drawn}"))
    };
    let made = plan(&graph, state, &Observed::default(), &mut tokens).expect("a plan");
    let outlooks = outlooks(&made, Some(&graph), state);
    let calls = ["ec2:DescribeAvailabilityZones".to_owned(), "ec2:DescribeVpcs".to_owned()];
    document(&permissions(&made, &outlooks, "aws", scope, &calls))
}

fn nothing() -> State {
    State::empty("sample", "123456789012", "eu-west-1", &Token::from("lineage"))
}

/// The statements that allow an action.
fn allowing<'p>(policy: &'p Json, action: &str) -> Vec<&'p Json> {
    let statements = policy["Statement"].as_array().expect("statements");
    let allows = |one: &&Json| {
        one["Action"].as_array().expect("actions").iter().any(|known| known == action)
    };
    statements.iter().filter(allows).collect()
}

const NETWORK: &str = "
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16, EnableDnsHostnames: true}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}
  Other: {Type: AWS::EC2::Subnet, Properties: {VpcId: vpc-1, CidrBlock: 10.1.0.0/24}}
";

const SERVICE: &str = "
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      Path: /app/
      AssumeRolePolicyDocument: {Statement: {Effect: Allow, Action: sts:AssumeRole, Principal: {Service: lambda.amazonaws.com}}}
  Function:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: run, Runtime: python3.12, Handler: index.h, Role: !GetAtt Role.Arn, Code: {ZipFile: pass}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Function, Action: lambda:InvokeFunction, Principal: apigateway.amazonaws.com}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: api}}
  Resource: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: x}}
";

/// A template, a scope, an action, what it is allowed on, and its condition.
type Case = (&'static str, Scope, &'static str, &'static [&'static str], Option<[&'static str; 2]>);

const ACCOUNT: &str = "arn:aws:ec2:eu-west-1:123456789012:";

const CASES: [Case; 14] = [
    (NETWORK, Scope::Plan, "ec2:DescribeVpcs", &["*"], None),
    (NETWORK, Scope::Plan, "ec2:DescribeAvailabilityZones", &["*"], None),
    (NETWORK, Scope::Plan, "ec2:CreateVpc", &[], None),
    (NETWORK, Scope::Deploy, "ec2:CreateVpc", &["vpc/*"], None),
    (NETWORK, Scope::Deploy, "ec2:CreateSubnet", &["subnet/*", "vpc/*", "vpc/vpc-1"], None),
    (
        NETWORK,
        Scope::Deploy,
        "ec2:ModifyVpcAttribute",
        &["vpc/*"],
        Some(["aws:ResourceTag/cairn:stack", "sample"]),
    ),
    // No property asks for it.
    (NETWORK, Scope::Deploy, "ec2:ModifySubnetAttribute", &[], None),
    (NETWORK, Scope::Deploy, "ec2:DeleteVpc", &[], None),
    (
        NETWORK,
        Scope::Teardown,
        "ec2:DeleteVpc",
        &["vpc/*"],
        Some(["aws:ResourceTag/cairn:stack", "sample"]),
    ),
    (
        SERVICE,
        Scope::Deploy,
        "iam:PassRole",
        &["arn:aws:iam::123456789012:role/app/sample-Role-*"],
        Some(["iam:PassedToService", "lambda.amazonaws.com"]),
    ),
    (
        SERVICE,
        Scope::Deploy,
        "iam:CreateRole",
        &["arn:aws:iam::123456789012:role/app/sample-Role-*"],
        None,
    ),
    (
        SERVICE,
        Scope::Deploy,
        "lambda:AddPermission",
        &["arn:aws:lambda:eu-west-1:123456789012:function:run"],
        None,
    ),
    (SERVICE, Scope::Deploy, "lambda:PutFunctionConcurrency", &[], None),
    (
        SERVICE,
        Scope::Teardown,
        "apigateway:DELETE",
        &[
            "arn:aws:apigateway:eu-west-1::/restapis/*",
            "arn:aws:apigateway:eu-west-1::/restapis/*/resources/*",
        ],
        None,
    ),
];

#[test]
fn actions_are_allowed_where_they_are_needed() {
    for (template, scope, action, resources, condition) in CASES {
        let policy = policy(template, scope, &nothing());
        let found = allowing(&policy, action);
        let expected: BTreeSet<String> = resources
            .iter()
            .map(|one| match one.starts_with("arn:") || *one == "*" {
                true => (*one).to_owned(),
                false => format!("{ACCOUNT}{one}"),
            })
            .collect();
        let told: BTreeSet<String> = found
            .iter()
            .flat_map(|one| one["Resource"].as_array().expect("resources"))
            .map(|one| one.as_str().expect("a text").to_owned())
            .collect();
        assert_eq!(told, expected, "{action} in {scope:?}: {policy:#}");
        let conditions: Vec<&Json> = found.iter().map(|one| &one["Condition"]).collect();
        match condition {
            Some([key, value]) => {
                assert_eq!(conditions, [&json!({"StringEquals": {key: value}})], "{action}");
            }
            None => assert!(conditions.iter().all(|one| one.is_null()), "{action}"),
        }
    }
}

/// What is there is called by its id, and an update needs what it changes.
#[test]
fn what_is_there_has_its_id() {
    let instance = json!({
        "type_name": "AWS::EC2::VPC", "token": "token-0", "physical_id": "vpc-7",
        "properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": false},
        "attributes": {}, "dependencies": [], "deletion_policy": "Delete",
        "update_replace_policy": "Delete", "naming": "Declared",
    });
    let mut state = json!(nothing());
    state["resources"] = json!({"Vpc": {"current": instance}});
    let state: State = serde_json::from_value(state).expect("a state is JSON");
    let policy = policy(NETWORK, Scope::Deploy, &state);
    let resource = |action| allowing(&policy, action).first().map(|one| one["Resource"].clone());
    let vpc = format!("{ACCOUNT}vpc/vpc-7");
    assert_eq!(resource("ec2:ModifyVpcAttribute"), Some(json!([vpc])));
    assert_eq!(resource("ec2:CreateVpc"), None);
    assert_eq!(resource("ec2:DeleteVpc"), None);
    let subnets = json!([format!("{ACCOUNT}subnet/*"), format!("{ACCOUNT}vpc/vpc-1"), vpc]);
    assert_eq!(resource("ec2:CreateSubnet"), Some(subnets));
}

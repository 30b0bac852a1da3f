use std::sync::Arc;

use serde_json::json;

use super::{judge, parse};
use crate::diagnostic::{Severity, Source};
use crate::graph::{Graph, Inputs, synth};
use crate::plan::{Finding, outlooks, plan};
use crate::refresh::Observed;
use crate::render::diagnostic::{Color, render_all};
use crate::state::State;
use crate::template;
use crate::value::Token;

const STARTERS: &str = include_str!("../../config/policies/private-agent.yaml");

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source { name: name.to_owned(), text: text.to_owned() })
}

fn graph(text: &str) -> Graph {
    let parsed = template::parse(&source("t.yaml", text));
    let parsed = parsed.unwrap_or_else(|found| panic!("{}", render_all(&found, Color::Never)));
    let inputs = Inputs {
        stack: "sample".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        ..Inputs::default()
    };
    synth(Arc::new(parsed), inputs)
        .unwrap_or_else(|found| panic!("{text}\n{}", render_all(&found, Color::Never)))
}

/// What rules say of a template that is deployed over a state.
fn said(rules: &str, text: &str, state: &State) -> Result<Vec<Finding>, String> {
    let told = |found: Vec<_>| render_all(&found, Color::Never);
    let rules = parse(&source("rules.yaml", rules)).map_err(told)?;
    let graph = graph(text);
    let mut drawn = 0;
    let mut tokens = || {
        drawn += 1;
        Token::new(format!("token-{drawn}"))
    };
    let made = plan(&graph, state, &Observed::default(), &mut tokens).map_err(told)?;
    let outlooks = outlooks(&made, Some(&graph), state);
    judge(&rules, &made, &json!(made), &outlooks, Some(&graph)).map_err(told)
}

fn nothing() -> State {
    State::empty("sample", "123456789012", "us-east-1", &Token::from("lineage"))
}

/// The names of the starter rules that a resource breaks.
fn broken(kind: &str, properties: &str) -> Vec<String> {
    let text = format!("Resources:\n  It: {{Type: {kind}, Properties: {properties}}}\n");
    let found = said(STARTERS, &text, &nothing()).unwrap_or_else(|error| panic!("{text}\n{error}"));
    for finding in &found {
        assert_eq!(finding.logical_id.as_ref().map(ToString::to_string).as_deref(), Some("It"));
        let place = finding.place.as_ref().expect("it stands in the template");
        assert_eq!((place.file.as_str(), place.line, place.column), ("t.yaml", 2, 3));
    }
    found.into_iter().map(|finding| finding.by).collect()
}

const ROLE: &str = "AssumeRolePolicyDocument: {Statement: {Effect: Allow, Action: sts:AssumeRole, \
                    Principal: {Service: lambda.amazonaws.com}}}";

/// A rule, a type, properties that break it and properties that do not.
const CASES: [(&str, &str, &str, &str); 11] = [
    (
        "no-internet-gateway",
        "AWS::EC2::Route",
        "{RouteTableId: rtb-1, DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-1}",
        "{RouteTableId: rtb-1, DestinationCidrBlock: 10.1.0.0/16, TransitGatewayId: tgw-1}",
    ),
    (
        "no-public-ip",
        "AWS::EC2::Subnet",
        "{VpcId: vpc-1, CidrBlock: 10.0.0.0/24, MapPublicIpOnLaunch: true}",
        "{VpcId: vpc-1, CidrBlock: 10.0.0.0/24, MapPublicIpOnLaunch: false}",
    ),
    (
        "security-groups-not-open",
        "AWS::EC2::SecurityGroup",
        "{GroupDescription: g, VpcId: vpc-1, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]}",
        "{GroupDescription: g, VpcId: vpc-1, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/8}]}",
    ),
    (
        "security-groups-not-open",
        "AWS::EC2::SecurityGroupIngress",
        "{GroupId: sg-1, IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIpv6: '::/0'}",
        "{GroupId: sg-1, IpProtocol: tcp, FromPort: 443, ToPort: 443, SourceSecurityGroupId: sg-2}",
    ),
    (
        "no-wildcard-actions",
        "AWS::IAM::Role",
        "{ROLE, Policies: [{PolicyName: p, PolicyDocument: {Statement: {Effect: Allow, Action: 's3:*', Resource: 'arn:aws:s3:::b'}}}]}",
        "{ROLE, Policies: [{PolicyName: p, PolicyDocument: {Statement: {Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*'}}}]}",
    ),
    (
        "no-wildcard-actions",
        "AWS::IAM::ManagedPolicy",
        "{PolicyDocument: {Statement: [{Effect: Allow, NotAction: 'iam:PassRole', Resource: 'arn:aws:s3:::b'}]}}",
        "{PolicyDocument: {Statement: [{Effect: Deny, NotAction: 'iam:PassRole', Resource: 'arn:aws:s3:::b'}]}}",
    ),
    (
        "no-wildcard-resources",
        "AWS::IAM::ManagedPolicy",
        "{PolicyDocument: {Statement: [{Effect: Allow, Action: ['ec2:DescribeSubnets', 's3:GetObject'], Resource: '*'}]}}",
        "{PolicyDocument: {Statement: [{Effect: Allow, Action: ['ec2:DescribeSubnets'], Resource: '*'}]}}",
    ),
    (
        "endpoints-have-private-dns",
        "AWS::EC2::VPCEndpoint",
        "{VpcEndpointType: Interface, VpcId: vpc-1, ServiceName: com.amazonaws.us-east-1.bedrock-agent-runtime, PrivateDnsEnabled: false}",
        "{VpcEndpointType: Interface, VpcId: vpc-1, ServiceName: com.amazonaws.us-east-1.bedrock-agent-runtime, PrivateDnsEnabled: true}",
    ),
    ("log-groups-have-retention", "AWS::Logs::LogGroup", "{}", "{RetentionInDays: 7}"),
    (
        "methods-need-keys",
        "AWS::ApiGateway::Method",
        "{RestApiId: a, ResourceId: r, HttpMethod: POST, AuthorizationType: NONE}",
        "{RestApiId: a, ResourceId: r, HttpMethod: POST, AuthorizationType: NONE, ApiKeyRequired: true}",
    ),
    (
        "methods-need-keys",
        "AWS::ApiGateway::Method",
        "{RestApiId: a, ResourceId: r, HttpMethod: GET, AuthorizationType: NONE, ApiKeyRequired: false}",
        "{RestApiId: a, ResourceId: r, HttpMethod: OPTIONS, AuthorizationType: NONE}",
    ),
];

#[test]
fn every_starter_rule_fires_and_lets_pass() {
    for (rule, kind, breaks, keeps) in CASES {
        assert_eq!(broken(kind, &breaks.replace("ROLE", ROLE)), [rule], "{breaks}");
        assert_eq!(broken(kind, &keeps.replace("ROLE", ROLE)), [""; 0], "{keeps}");
    }
    let rules = parse(&source("rules.yaml", STARTERS)).expect("the starters are rules");
    for rule in &rules {
        let is_tried = rule.name == "no-loss" || CASES.iter().any(|case| case.0 == rule.name);
        assert!(is_tried, "{}", rule.name);
    }
}

/// A stack that owns one log group.
fn with_log_group() -> State {
    let instance = json!({
        "type_name": "AWS::Logs::LogGroup",
        "token": "token-0",
        "physical_id": "events",
        "properties": {"LogGroupName": "events", "RetentionInDays": 7},
        "attributes": {},
        "dependencies": [],
        "deletion_policy": "Delete",
        "update_replace_policy": "Delete",
        "naming": "Declared",
    });
    let mut state = json!(nothing());
    state["resources"] = json!({"Events": {"current": instance}});
    serde_json::from_value(state).expect("a state is JSON")
}

#[test]
fn what_is_lost_is_found() {
    let other = "Resources: {Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}}";
    let found = said(STARTERS, other, &with_log_group()).expect("the rules can be asked");
    let told: Vec<_> = found.iter().map(|one| (one.by.as_str(), one.place.is_some())).collect();
    assert_eq!(told, [("no-loss", false)], "it has no place in the template any more");
    let same = "Resources: {Events: {Type: AWS::Logs::LogGroup, DeletionPolicy: Delete, \
                UpdateReplacePolicy: Delete, Properties: {LogGroupName: events, RetentionInDays: 7}}}";
    assert_eq!(said(STARTERS, same, &with_log_group()), Ok(Vec::new()));
}

#[test]
fn a_rule_about_the_plan_is_asked_once() {
    let rules = "rules: [{name: small, forbid: size(plan.steps) > 1, message: too many, severity: warning}]";
    let text = "Resources: {A: {Type: AWS::Logs::LogGroup}, B: {Type: AWS::Logs::LogGroup}}";
    let found = said(rules, text, &nothing()).expect("it can be asked");
    let told: Vec<_> = found.iter().map(|one| (one.severity, one.logical_id.clone())).collect();
    assert_eq!(told, [(Severity::Warning, None)]);
}

/// A file of rules, and what is said of it.
const MISTAKES: [(&str, &str, &str); 8] = [
    (
        "rules:\n  - name: a\n    forbid: step.action ==\n    message: m\n",
        "rules.yaml:3:",
        "this is no CEL",
    ),
    (
        "rules:\n  - name: a\n    forbid: >-\n      true &&\n      stepp.action == \"Create\"\n    message: m\n",
        "rules.yaml:5:7",
        "did you mean `step`?",
    ),
    ("rules:\n  - name: a\n    forbid: 'true'\n", "rules.yaml:2:5", "a rule has no `message`"),
    (
        "rules:\n  - {name: a, forbit: 'true', message: m}\n",
        "rules.yaml:2:15",
        "did you mean `forbid`?",
    ),
    (
        "rules:\n  - {name: a, forbid: 'true', message: m, severity: eror}\n",
        "rules.yaml:2:53",
        "did you mean `error`?",
    ),
    (
        "rules: [{name: a, forbid: 'false', message: m}, {name: a, forbid: 'false', message: m}]",
        "rules.yaml:1:56",
        "there are two rules `a`",
    ),
    (
        "rules:\n  - {name: a, forbid: properties.Nope == 1, message: m}\n",
        "rules.yaml:2:23",
        "there is no `Nope`",
    ),
    (
        "rules:\n  - {name: a, forbid: step.action, message: m}\n",
        "rules.yaml:2:23",
        "not true or false",
    ),
];

#[test]
fn mistakes_have_places() {
    let text = "Resources: {A: {Type: AWS::Logs::LogGroup}}";
    for (rules, place, told) in MISTAKES {
        let error = said(rules, text, &nothing()).expect_err(rules);
        assert!(error.contains(place) && error.contains(told), "{rules}\n{error}");
        assert!(
            error.contains("\nhint: ")
                || told.contains("no `message`")
                || told.contains("two rules"),
            "{error}"
        );
    }
}

/// However a policy is written, its statements are seen, and names within an expression are its own.
#[test]
fn statements_are_lists() {
    let rules = "rules:\n  - name: a\n    forbid: statements(properties).exists(s, s.Action.exists(a, a == \"s3:*\"))\n    message: m\n";
    for document in [
        "{Statement: {Effect: Allow, Action: 's3:*', Resource: '*'}}",
        "{Statement: [{Effect: Allow, Action: ['s3:*'], Resource: ['*']}]}",
    ] {
        let text = format!(
            "Resources: {{A: {{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {document}}}}}}}"
        );
        assert_eq!(said(rules, &text, &nothing()).map(|found| found.len()), Ok(1), "{document}");
    }
}

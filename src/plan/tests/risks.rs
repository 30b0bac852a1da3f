//! Pairs of templates, and what is said of going from the first to the second.

use std::fmt::Write as _;

use serde_json::json;

use super::{deployed, graph, observed, planned, properties};
use crate::plan::{Class, Plan, Risk, teardown};
use crate::state::State;
use crate::value::Token;

fn line(risk: &Risk) -> String {
    let class = match risk.class {
        Class::Destructive => "-",
        Class::Broadening => "!",
    };
    let mut told = format!("{class} {} {}", risk.logical_id, risk.what);
    if let (Class::Broadening, Some(before)) = (risk.class, &risk.before) {
        let _ = write!(told, " | before: {before}");
    }
    if !risk.known {
        told.push_str(" | not known");
    }
    told
}

fn told(plan: &Plan) -> Vec<String> {
    plan.risks.iter().map(line).collect()
}

/// A resource `X`, and another one; `-` is without it.
fn template(type_name: &str, properties: &str) -> String {
    let other = "Resources:\n  Other: {Type: 'AWS::ApiGateway::Account', Properties: {}}\n";
    match properties {
        "-" => other.to_owned(),
        _ => format!("{other}  X: {{Type: 'AWS::{type_name}', Properties: {{{properties}}}}}\n"),
    }
}

fn update(before: &str, after: &str) -> Plan {
    let state = deployed(&graph(before));
    planned(&graph(after), &state, &observed(&state))
        .unwrap_or_else(|findings| panic!("{after}\n{findings:?}"))
}

/// What is said of each change, all of it in one text to be read.
fn table(type_name: &str, cases: &[(&str, &str)], spell: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    for (before, after) in cases {
        let of = |properties: &str| template(type_name, &spell(properties));
        let _ = writeln!(text, "{before}\n  → {after}");
        let told = told(&update(&of(before), &of(after)));
        if told.is_empty() {
            text.push_str("    nothing\n");
        }
        told.iter().for_each(|line| text.push_str(&format!("    {line}\n")));
    }
    text
}

fn plain(properties: &str) -> String {
    properties.to_owned()
}

/// `{S}` is a statement; a condition or more may follow the `S`.
fn with_policy(frame: &'static str) -> impl Fn(&str) -> String {
    const STATEMENT: &str = "{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*'";
    move |statements| match statements {
        "-" => "-".to_owned(),
        _ => frame.replace(
            '$',
            &statements
                .replace("{S}", &format!("{STATEMENT}}}"))
                .replace("{S,", &format!("{STATEMENT},")),
        ),
    }
}

#[test]
fn policies_are_compared_by_meaning() {
    let cases = [
        ("-", "{S}"),
        ("{S}", "{S}, {Effect: Allow, Action: 's3:PutObject', Resource: '*'}"),
        (
            "{S}",
            "{Effect: Allow, Action: ['s3:getobject', 's3:ListBucket'], Resource: 'arn:aws:s3:::b/*'}",
        ),
        ("{S}", "{Effect: Allow, Action: 's3:Get*', Resource: 'arn:aws:s3:::b/*'}"),
        (
            "{S}",
            "{Effect: Allow, Action: 's3:GetObject', Resource: ['arn:aws:s3:::b/*', 'arn:aws:s3:::c/*']}",
        ),
        ("{S, Condition: {StringEquals: {'aws:SourceAccount': '1'}}}", "{S}"),
        (
            "{S, Condition: {StringEquals: {'aws:SourceAccount': '1'}}}",
            "{S, Condition: {StringEquals: {'aws:SourceAccount': ['1', '2']}}}",
        ),
        (
            "{S, Condition: {StringNotEquals: {'aws:SourceAccount': ['1', '2']}}}",
            "{S, Condition: {StringNotEquals: {'aws:SourceAccount': '1'}}}",
        ),
        (
            "{Effect: Allow, NotAction: ['iam:*', 's3:*'], Resource: '*'}",
            "{Effect: Allow, NotAction: 'iam:*', Resource: '*'}",
        ),
        ("{S}, {Effect: Deny, Action: 's3:*', Resource: '*'}", "{S}"),
        (
            "{S}, {Effect: Deny, Action: ['s3:PutObject', 's3:GetObject'], Resource: '*'}",
            "{S}, {Effect: Deny, Action: 's3:PutObject', Resource: '*'}",
        ),
        (
            "{Effect: Deny, Action: 's3:*', Resource: '*'}",
            "{Effect: Deny, Action: 's3:*', Resource: '*', Condition: {Bool: {'aws:SecureTransport': 'false'}}}",
        ),
        ("{Effect: Deny, Action: 's3:*', Resource: '*'}", "-"),
        // The same, or less.
        ("{S}", "-"),
        ("{S}", "{Effect: Allow, Action: 'S3:GETOBJECT', Resource: ['arn:aws:s3:::b/*']}"),
        ("{S}", "{S, Condition: {StringEquals: {'aws:SourceAccount': '1'}}}"),
        (
            "{S, Condition: {StringEquals: {'aws:SourceAccount': ['1', '2']}}}",
            "{S, Condition: {StringEquals: {'aws:SourceAccount': '2'}}}",
        ),
        (
            "{Effect: Allow, Action: 's3:*', Resource: '*'}",
            "{S}, {Effect: Allow, Action: 's3:PutObject', Resource: 'arn:aws:s3:::b/?x'}",
        ),
        (
            "{Effect: Allow, NotAction: 'iam:*', Resource: '*'}",
            "{Effect: Allow, NotAction: ['iam:*', 's3:*'], Resource: '*'}, {S}",
        ),
        (
            "{S}, {Effect: Deny, Action: 's3:Put*', Resource: '*'}",
            "{S}, {Effect: Deny, Action: 's3:*', Resource: '*'}",
        ),
    ];
    let frame =
        "PolicyName: p, Roles: [r], PolicyDocument: {Version: '2012-10-17', Statement: [$]}";
    insta::assert_snapshot!(table("IAM::Policy", &cases, with_policy(frame)));
}

#[test]
fn roles_are_who_takes_them_and_what_they_may() {
    let trust = |principal: &str, more: &str| {
        format!(
            "AssumeRolePolicyDocument: {{Statement: {{Effect: Allow, Action: 'sts:AssumeRole', Principal: {principal}}}}}{more}"
        )
    };
    let lambda = trust("{Service: lambda.amazonaws.com}", "");
    let everybody = trust("'*'", "");
    let account = trust("{AWS: '123456789012'}", "");
    let both = trust("{Service: [lambda.amazonaws.com, ec2.amazonaws.com]}", "");
    let managed = trust(
        "{Service: lambda.amazonaws.com}",
        ", ManagedPolicyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess']",
    );
    let own = trust(
        "{Service: lambda.amazonaws.com}",
        ", ManagedPolicyArns: ['arn:aws:iam::123456789012:policy/own']",
    );
    let bound = trust(
        "{Service: lambda.amazonaws.com}",
        ", PermissionsBoundary: 'arn:aws:iam::123456789012:policy/most'",
    );
    let other = trust(
        "{Service: lambda.amazonaws.com}",
        ", PermissionsBoundary: 'arn:aws:iam::123456789012:policy/other'",
    );
    let cases = [
        ("-", lambda.as_str()),
        (&lambda, &both),
        (&both, &lambda),
        (&account, &everybody),
        (&everybody, &account),
        (&lambda, &managed),
        (&managed, &lambda),
        (&own, &lambda),
        (&bound, &lambda),
        (&bound, &other),
        (&lambda, &bound),
        (&lambda, "-"),
    ];
    insta::assert_snapshot!(table("IAM::Role", &cases, plain));
}

#[test]
fn rules_of_groups_are_compared_by_what_they_let_through() {
    let cases = [
        ("-", ""),
        ("-", "$ {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/16}"),
        (
            "$ {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/16}",
            "$ {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}",
        ),
        (
            "$ {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/16}",
            "$ {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIpv6: '::/0'}",
        ),
        (
            "$ {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/16}",
            "$ {IpProtocol: tcp, FromPort: 0, ToPort: 443, CidrIp: 10.0.0.0/16}",
        ),
        (
            "$ {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/16}",
            "$ {IpProtocol: '-1', CidrIp: 10.0.0.0/16}",
        ),
        (
            "$ {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/16}",
            "$ {IpProtocol: tcp, FromPort: 443, ToPort: 443, SourceSecurityGroupId: sg-1}",
        ),
        (
            "$ {IpProtocol: icmp, FromPort: 8, ToPort: 0, CidrIp: 10.0.0.0/16}",
            "$ {IpProtocol: icmp, FromPort: -1, ToPort: -1, CidrIp: 10.0.0.0/16}",
        ),
        (
            "SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/16}]",
            "",
        ),
        // The same, or less.
        (
            "$ {IpProtocol: '-1', CidrIp: 10.0.0.0/8}",
            "$ {IpProtocol: '6', FromPort: 1, ToPort: 65535, CidrIp: 10.1.0.0/16}",
        ),
        (
            "$ {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/25}, {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.128/25}",
            "$ {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/24}",
        ),
        (
            "",
            "SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/16}]",
        ),
        ("$ {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/16}", ""),
    ];
    let spell = |rules: &str| match rules.strip_prefix("$ ") {
        Some(rules) => format!(
            "GroupDescription: g, VpcId: vpc-1, SecurityGroupIngress: [{rules}], SecurityGroupEgress: [{{IpProtocol: icmp, FromPort: 252, ToPort: 86, CidrIp: 255.255.255.255/32}}]"
        ),
        None if rules == "-" => rules.to_owned(),
        None => format!("GroupDescription: g, VpcId: vpc-1, {rules}"),
    };
    insta::assert_snapshot!(table("EC2::SecurityGroup", &cases, spell));
}

#[test]
fn a_rule_alone_is_compared_with_itself_before() {
    let cases = [
        ("-", "GroupId: sg-1, IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0"),
        (
            "GroupId: sg-1, IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8",
            "GroupId: sg-1, IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0",
        ),
        (
            "GroupId: sg-1, IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8",
            "GroupId: sg-2, IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8",
        ),
        (
            "GroupId: sg-1, IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8",
            "GroupId: sg-1, IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.1.0.0/16",
        ),
        ("GroupId: sg-1, IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0", "-"),
    ];
    insta::assert_snapshot!("rules_alone", table("EC2::SecurityGroupIngress", &cases, plain));
}

/// By type, pairs of properties.
const EXPOSED: [(&str, &[(&str, &str)]); 7] = [
    (
        "ApiGateway::RestApi",
        &[
            ("-", "Name: a"),
            (
                "Name: a, EndpointConfiguration: {Types: [PRIVATE]}",
                "Name: a, EndpointConfiguration: {Types: [REGIONAL]}",
            ),
            ("Name: a", "Name: a, EndpointConfiguration: {Types: [PRIVATE]}"),
            (
                "Name: a, Policy: {Statement: {Effect: Allow, Principal: {AWS: '123456789012'}, Action: 'execute-api:Invoke', Resource: '*'}}",
                "Name: a",
            ),
            (
                "Name: a",
                "Name: a, Policy: {Statement: {Effect: Allow, Principal: {AWS: '123456789012'}, Action: 'execute-api:Invoke', Resource: '*'}}",
            ),
            (
                "Name: a, Body: {openapi: 3.0.1, paths: {}}",
                "Name: a, Body: {openapi: 3.0.1, paths: {/a: {}}}",
            ),
        ],
    ),
    (
        "ApiGateway::Method",
        &[
            ("-", "RestApiId: a, ResourceId: b, HttpMethod: POST, ApiKeyRequired: true"),
            ("-", "RestApiId: a, ResourceId: b, HttpMethod: POST, AuthorizationType: NONE"),
            (
                "RestApiId: a, ResourceId: b, HttpMethod: POST, ApiKeyRequired: true",
                "RestApiId: a, ResourceId: b, HttpMethod: POST, ApiKeyRequired: false",
            ),
            (
                "RestApiId: a, ResourceId: b, HttpMethod: POST, ApiKeyRequired: true, AuthorizationType: AWS_IAM",
                "RestApiId: a, ResourceId: b, HttpMethod: POST, ApiKeyRequired: true, AuthorizationType: NONE",
            ),
            (
                "RestApiId: a, ResourceId: b, HttpMethod: POST, AuthorizationType: AWS_IAM",
                "RestApiId: a, ResourceId: b, HttpMethod: POST, AuthorizationType: CUSTOM, AuthorizerId: x",
            ),
            (
                "RestApiId: a, ResourceId: b, HttpMethod: POST",
                "RestApiId: a, ResourceId: b, HttpMethod: POST, ApiKeyRequired: true",
            ),
        ],
    ),
    (
        "EC2::VPCEndpoint",
        &[
            ("-", "VpcId: v, ServiceName: s"),
            (
                "VpcId: v, ServiceName: s, PolicyDocument: {Statement: {Effect: Allow, Principal: '*', Action: 'bedrock:InvokeAgent', Resource: 'arn:aws:bedrock:us-east-1:123456789012:agent-alias/A/B'}}",
                "VpcId: v, ServiceName: s",
            ),
            (
                "VpcId: v, ServiceName: s",
                "VpcId: v, ServiceName: s, PolicyDocument: {Statement: {Effect: Allow, Principal: '*', Action: 'bedrock:InvokeAgent', Resource: '*'}}",
            ),
            (
                "VpcId: v, ServiceName: s, VpcEndpointType: Interface, SecurityGroupIds: [sg-1]",
                "VpcId: v, ServiceName: s, VpcEndpointType: Interface, SecurityGroupIds: [sg-1, sg-2]",
            ),
            ("VpcId: v, ServiceName: s", "VpcId: v, ServiceName: t"),
        ],
    ),
    (
        "Lambda::Permission",
        &[
            (
                "-",
                "FunctionName: f, Action: 'lambda:InvokeFunction', Principal: apigateway.amazonaws.com, SourceArn: 'arn:aws:execute-api:us-east-1:123456789012:a/*'",
            ),
            (
                "FunctionName: f, Action: 'lambda:InvokeFunction', Principal: apigateway.amazonaws.com, SourceArn: 'arn:aws:execute-api:us-east-1:123456789012:a/*'",
                "FunctionName: f, Action: 'lambda:InvokeFunction', Principal: apigateway.amazonaws.com",
            ),
            (
                "FunctionName: f, Action: 'lambda:InvokeFunction', Principal: apigateway.amazonaws.com",
                "FunctionName: f, Action: 'lambda:InvokeFunction', Principal: apigateway.amazonaws.com, SourceAccount: '123456789012'",
            ),
        ],
    ),
    (
        "EC2::Subnet",
        &[
            (
                "VpcId: v, CidrBlock: 10.0.0.0/24",
                "VpcId: v, CidrBlock: 10.0.0.0/24, MapPublicIpOnLaunch: true",
            ),
            (
                "VpcId: v, CidrBlock: 10.0.0.0/24, MapPublicIpOnLaunch: true",
                "VpcId: v, CidrBlock: 10.0.0.0/24",
            ),
        ],
    ),
    (
        "EC2::Route",
        &[
            ("-", "RouteTableId: rtb-1, DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-1"),
            (
                "RouteTableId: rtb-1, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: nat-1",
                "RouteTableId: rtb-1, DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-1",
            ),
            ("RouteTableId: rtb-1, DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-1", "-"),
        ],
    ),
    (
        "Lambda::Function",
        &[
            (
                "Role: 'arn:aws:iam::123456789012:role/r', Code: {ZipFile: x}, Handler: index.h, Runtime: python3.12, VpcConfig: {SubnetIds: [subnet-1], SecurityGroupIds: [sg-1]}",
                "Role: 'arn:aws:iam::123456789012:role/s', Code: {ZipFile: x}, Handler: index.h, Runtime: python3.12",
            ),
            (
                "Role: 'arn:aws:iam::123456789012:role/r', Code: {ZipFile: x}, Handler: index.h, Runtime: python3.12",
                "-",
            ),
        ],
    ),
];

#[test]
fn what_is_open_to_the_outside_is_told() {
    let text: Vec<String> = EXPOSED
        .iter()
        .map(|(type_name, cases)| format!("== {type_name}\n{}", table(type_name, cases, plain)))
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn what_is_lost_is_told() {
    let cases = [
        ("LogGroupName: a, RetentionInDays: 30", "LogGroupName: a, RetentionInDays: 7"),
        ("LogGroupName: a", "LogGroupName: a, RetentionInDays: 7"),
        ("LogGroupName: a, RetentionInDays: 7", "LogGroupName: a, RetentionInDays: 30"),
        ("LogGroupName: a, RetentionInDays: 7", "LogGroupName: a"),
        ("LogGroupName: a", "LogGroupName: b"),
        ("LogGroupName: a", "-"),
    ];
    insta::assert_snapshot!(table("Logs::LogGroup", &cases, plain));
    let kept = "Resources:\n  X: {Type: 'AWS::Logs::LogGroup', UpdateReplacePolicy: Retain, DeletionPolicy: Retain, Properties: {LogGroupName: a}}\n  Y: {Type: 'AWS::Logs::LogGroup'}\n";
    let moved = told(&update(kept, &kept.replace("LogGroupName: a", "LogGroupName: b")));
    assert_eq!(
        moved,
        ["- X is replaced; the old one, `x1`, stays in AWS and is no longer managed"]
    );
    let gone = "Resources:\n  Y: {Type: 'AWS::Logs::LogGroup'}\n";
    assert!(told(&update(kept, gone)).is_empty(), "what is let go of is not lost");
    let association = template("EC2::SubnetRouteTableAssociation", "SubnetId: s, RouteTableId: a");
    let other = association.replace("RouteTableId: a", "RouteTableId: b");
    let gap = told(&update(&association, &other));
    assert!(gap[0].contains("the old one is deleted first"), "{gap:?}");
    // What takes the place of something else is new.
    let group = template("Logs::LogGroup", "");
    let rule = "IpProtocol: tcp, FromPort: 1, ToPort: 1, CidrIp: 0.0.0.0/0, GroupId: g";
    let swapped = told(&update(&group, &template("EC2::SecurityGroupIngress", rule)));
    assert_eq!(swapped.len(), 2, "{swapped:?}");
    assert!(swapped[1].starts_with("! X lets in tcp 1 from `0.0.0.0/0`"), "{swapped:?}");
}

#[test]
fn what_others_narrowed_is_widened_again() {
    let rule = "GroupId: sg-1, IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0";
    let text = template("EC2::SecurityGroupIngress", rule);
    let (graph, mut state) = (graph(&text), deployed(&graph(&text)));
    state.outputs.clear();
    let mut observed = observed(&state);
    properties(&mut observed, "X").insert("CidrIp".to_owned(), json!("10.0.0.0/8"));
    let plan = planned(&graph, &state, &observed).unwrap_or_else(|all| panic!("{all:?}"));
    let expected = "! X lets in tcp 22 from `0.0.0.0/0` (every IPv4 address) | before: tcp 22 from `10.0.0.0/8`";
    assert_eq!(told(&plan), [expected]);
}

/// The stack of the repository: all it does at first, and all it loses in the end.
#[test]
fn a_whole_stack_comes_and_goes() {
    let text = "Resources:\n  Group: {Type: 'AWS::EC2::SecurityGroup', Properties: {GroupDescription: g}}\n  Logs: {Type: 'AWS::Logs::LogGroup'}\n";
    let graph = graph(text);
    let empty = State::empty("sample", "123456789012", "us-east-1", &Token::from("lineage"));
    let first = planned(&graph, &empty, &observed(&empty)).unwrap_or_else(|all| panic!("{all:?}"));
    assert_eq!(told(&first), ["! Group lets out everything to `0.0.0.0/0` (every IPv4 address)"]);
    let last = told(&teardown(&deployed(&graph)));
    assert_eq!(last.len(), 2, "{last:?}");
    assert!(last.iter().all(|line| line.contains("is deleted. Lost: ")), "{last:?}");
}

/// What is only known after apply is said to be unknown; what is only made anew is not.
#[test]
fn what_is_not_known_is_not_taken_for_harmless() {
    let text = |description: &str, more: &str| {
        let group = format!(
            "  Group: {{Type: 'AWS::EC2::SecurityGroup', Properties: {{GroupDescription: {description}, SecurityGroupEgress: [{{IpProtocol: tcp, FromPort: 1, ToPort: 1, CidrIp: 10.0.0.0/8}}]}}}}\n"
        );
        let rule = "IpProtocol: tcp, FromPort: 22, ToPort: 22";
        let rules = format!(
            "  Own: {{Type: 'AWS::EC2::SecurityGroupIngress', Properties: {{GroupId: !GetAtt Group.GroupId, {rule}, CidrIp: 10.0.0.0/8}}}}\n  From: {{Type: 'AWS::EC2::SecurityGroupIngress', Properties: {{GroupId: sg-1, {rule}, SourceSecurityGroupId: !GetAtt Group.GroupId}}}}\n"
        );
        format!("Resources:\n{group}{rules}{more}")
    };
    let function = |role: &str| {
        format!(
            "  F: {{Type: 'AWS::Lambda::Function', Properties: {{Role: {role}, Code: {{ZipFile: x}}, Handler: index.h, Runtime: python3.12}}}}\n"
        )
    };
    let role =
        "  R: {Type: 'AWS::IAM::Role', Properties: {AssumeRolePolicyDocument: {Statement: []}}}\n";
    let before = text("one", &function("'arn:aws:iam::123456789012:role/r'"));
    let after = text("two", &format!("{role}{}", function("!GetAtt R.Arn")));
    let told: Vec<String> =
        told(&update(&before, &after)).into_iter().filter(|line| line.starts_with('!')).collect();
    assert_eq!(
        told,
        [
            "! F acts as another role: whether that allows more is not known | before: `arn:aws:iam::123456789012:role/r` | not known",
            "! From lets in tcp 22 from (known after apply: Group.GroupId) | before: tcp 22 from `GroupId of group1` | not known",
        ]
    );
}

//! What level 2 writes.

use serde_json::{Value as Json, json};

use super::{one_stack, problems};
use crate::construct::Stack;
use crate::construct::apigateway::{Access, Integration, RestApi};
use crate::construct::bedrock::{Agent, AgentAlias, Model};
use crate::construct::ec2::{Port, SecurityGroup, Vpc};
use crate::construct::iam::{Principal, Role, Statement};
use crate::construct::lambda::{Code, Function, Runtime};

fn resources(stack: &Stack) -> Json {
    stack.template().expect("the stack is sound")["Resources"].clone()
}

fn ids_of(resources: &Json, type_name: &str) -> Vec<String> {
    let all = resources.as_object().expect("resources").iter();
    all.filter(|(_, one)| one["Type"] == type_name).map(|(id, _)| id.clone()).collect()
}

#[test]
fn each_isolated_subnet_has_a_route_table_of_its_own() {
    let (_app, stack) = one_stack();
    Vpc::isolated("10.4.0.0/16").zone_letters(["a", "b", "c"]).build(&stack, "Vpc");
    let resources = resources(&stack);
    let tables = ids_of(&resources, "AWS::EC2::RouteTable");
    let associations = ids_of(&resources, "AWS::EC2::SubnetRouteTableAssociation");
    assert_eq!((tables.len(), associations.len()), (3, 3));
    for (table, association) in tables.iter().zip(&associations) {
        let properties = &resources[association]["Properties"];
        assert_eq!(properties["RouteTableId"]["Ref"], *table);
    }
    let subnets = ids_of(&resources, "AWS::EC2::Subnet");
    assert_eq!(
        resources[&subnets[2]]["Properties"]["CidrBlock"],
        json!({"Fn::Select": [2, {"Fn::Cidr": ["10.4.0.0/16", 3, 8]}]})
    );
    assert_eq!(
        resources[&subnets[2]]["Properties"]["AvailabilityZone"],
        json!({"Fn::Sub": "${AWS::Region}c"})
    );
}

#[test]
fn a_connection_is_a_rule_on_either_side() {
    let (_app, stack) = one_stack();
    let vpc = Vpc::from_ids("vpc-1", ["subnet-1"]);
    let caller = SecurityGroup::builder(&vpc, "calls").build(&stack, "Caller");
    let server = SecurityGroup::builder(&vpc, "answers").build(&stack, "Server");
    caller.connections().allow_to(&server, Port::tcp(443));
    let resources = resources(&stack);
    let [server_id, caller_id] = ["Server", "Caller"].map(|start| {
        let ids = ids_of(&resources, "AWS::EC2::SecurityGroup");
        ids.into_iter().find(|id| id.starts_with(start)).expect("a group")
    });
    let group = |id: &str| json!({"Fn::GetAtt": [id, "GroupId"]});
    let [ingress] =
        ids_of(&resources, "AWS::EC2::SecurityGroupIngress").try_into().expect("one rule");
    let ingress = &resources[&ingress]["Properties"];
    assert_eq!(ingress["GroupId"], group(&server_id));
    assert_eq!(ingress["SourceSecurityGroupId"], group(&caller_id));
    assert_eq!((&ingress["FromPort"], &ingress["ToPort"]), (&json!(443), &json!(443)));
    let [egress] =
        ids_of(&resources, "AWS::EC2::SecurityGroupEgress").try_into().expect("one rule");
    let egress = &resources[&egress]["Properties"];
    assert_eq!(egress["GroupId"], group(&caller_id));
    assert_eq!(egress["DestinationSecurityGroupId"], group(&server_id));
}

#[test]
fn a_grant_is_exactly_the_action_and_the_resource() {
    let (_app, stack) = one_stack();
    let agent = Agent::builder("huts", Model::in_region("amazon.nova-lite-v1:0"), "x".repeat(40))
        .build(&stack, "Agent");
    let alias = AgentAlias::builder(&agent, "live").build(&stack, "Alias");
    let code = Code::directory("lambda");
    let function = Function::builder(Runtime::Python312, "h.h", code).build(&stack, "Function");
    let theirs = Role::from_arn("arn:aws:iam::123456789012:role/theirs");
    alias.grant_invoke(&function);
    alias.grant_invoke(&theirs);
    theirs.add_to_policy(Statement::deny(["*"]).to(Principal::Anyone));
    let resources = resources(&stack);
    let roles = ids_of(&resources, "AWS::IAM::Role");
    let role = roles.iter().find(|id| id.starts_with("Function")).expect("its role");
    let policies = &resources[role]["Properties"]["Policies"];
    assert_eq!(policies.as_array().map(Vec::len), Some(1));
    let statements = policies[0]["PolicyDocument"]["Statement"].as_array().expect("a list");
    assert_eq!(
        statements.last().expect("a statement"),
        &json!({
            "Effect": "Allow",
            "Action": "bedrock:InvokeAgent",
            "Resource": {"Fn::GetAtt": ["Alias", "AgentAliasArn"]},
        })
    );
    assert_eq!(roles.len(), 2, "a role that is there is left alone: {roles:?}");
    let all = resources.to_string();
    assert!(!all.contains("ec2:"), "nothing of a VPC where there is none");
    assert!(!all.contains("inference-profile"), "{all}");
}

/// An API with one method; what its deployment is called.
fn deployment(timeout: i32, description: &str) -> String {
    let (_app, stack) = one_stack();
    let function = Function::from_arn("arn:aws:lambda:us-east-1:123456789012:function:f");
    let api = RestApi::builder("huts").build(&stack, "Api");
    let integration = Integration::lambda(&function).timeout_milliseconds(timeout);
    api.root().route("a").route("b").method("GET", integration, Access::Open);
    api.key("Key", description);
    let resources = resources(&stack);
    let [id] = ids_of(&resources, "AWS::ApiGateway::Deployment").try_into().expect("one");
    let waits = resources[&id]["DependsOn"].as_array().expect("a list");
    assert_eq!(waits.len(), 1, "{waits:?}");
    let permission = &resources[&ids_of(&resources, "AWS::Lambda::Permission")[0]];
    let arn = permission["Properties"]["SourceArn"]["Fn::Sub"].as_str().expect("a text");
    assert!(arn.ends_with("}/live/GET/a/b"), "{arn}");
    id
}

#[test]
fn what_a_deployment_copies_is_part_of_its_name() {
    let (one, same, other) = (deployment(1000, "x"), deployment(1000, "y"), deployment(2000, "x"));
    assert_eq!(one, same);
    assert_ne!(one, other);
}

#[test]
fn what_is_missing_from_a_directory_is_told() {
    let (app, stack) = one_stack();
    let code = Code::directory("no/such/directory");
    Function::builder(Runtime::Python312, "h.h", code).build(&stack, "Function");
    assert_eq!(
        problems(&app),
        ["`Service/Function/Resource`: the code cannot be packed: there is no directory or \
             file `no/such/directory`"]
    );
    assert!(stack.template().is_ok(), "a template only names it");
}

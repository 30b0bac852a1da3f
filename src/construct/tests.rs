//! The tree and what is made of it, held against templates that the CDK has made.

mod level2;

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::level1::ec2::{CfnSecurityGroup, CfnSecurityGroupIngress, CfnSubnet, CfnVPC};
use super::level1::ec2_subnet::Tag;
use super::level1::logs::CfnLogGroup;
use super::level1::{TYPES, ec2_security_group};
use super::*;
use crate::{resource, schema};

fn one_stack() -> (App, Stack) {
    let app = App::new();
    let stack = Stack::new(&app, "Service");
    (app, stack)
}

fn problems(app: &App) -> Vec<String> {
    let error = app.synth().expect_err("the app is wrong");
    error.problems.iter().map(ToString::to_string).collect()
}

/// A stack that uses what another one has, with tags on both.
fn network_and_service() -> App {
    let app = App::new();
    let network = Stack::new(&app, "Network");
    let service = Stack::new(&app, "Service");
    let vpc = CfnVPC::builder().cidr_block("10.0.0.0/16").build(&network, "Vpc");
    let group = CfnSecurityGroup::builder()
        .group_description("x")
        .vpc_id(vpc.ref_())
        .build(&network, "Group");
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    CfnSubnet::builder()
        .vpc_id(vpc.ref_())
        .cidr_block("10.0.0.0/24")
        .tags([tag("own", "1"), tag("team", "mine")])
        .build(&service, "Subnet");
    CfnSecurityGroupIngress::builder()
        .ip_protocol("tcp")
        .group_id(group.attr_group_id())
        .cidr_ip("10.0.0.0/8")
        .build(&service, "In");
    Tags::of(&app).add("team", "x");
    Tags::of(&service).add("team", "y");
    Tags::of(&app).add("alpha", "z");
    app
}

/// Recorded from aws-cdk-lib 2.276.0, without what it adds for its own bootstrap.
#[test]
fn two_stacks_are_as_the_cdk_makes_them() {
    let app = network_and_service();
    let assembly = app.synth().expect("the app is sound");
    let tags = json!([{"Key": "alpha", "Value": "z"}, {"Key": "team", "Value": "x"}]);
    let vpc_export = "Network:ExportsOutputRefVpc0040386A";
    let group_export = "Network:ExportsOutputFnGetAttGroupGroupIdBCB2EB4B";
    assert_eq!(
        assembly.stacks[0].template,
        json!({
            "Resources": {
                "Vpc": {
                    "Type": "AWS::EC2::VPC",
                    "Properties": {"CidrBlock": "10.0.0.0/16", "Tags": tags},
                },
                "Group": {
                    "Type": "AWS::EC2::SecurityGroup",
                    "Properties":
                        {"GroupDescription": "x", "Tags": tags, "VpcId": {"Ref": "Vpc"}},
                },
            },
            "Outputs": {
                "ExportsOutputRefVpc0040386A":
                    {"Value": {"Ref": "Vpc"}, "Export": {"Name": vpc_export}},
                "ExportsOutputFnGetAttGroupGroupIdBCB2EB4B": {
                    "Value": {"Fn::GetAtt": ["Group", "GroupId"]},
                    "Export": {"Name": group_export},
                },
            },
        })
    );
    assert_eq!(
        assembly.stacks[1].template["Resources"],
        json!({
            "Subnet": {
                "Type": "AWS::EC2::Subnet",
                "Properties": {
                    "CidrBlock": "10.0.0.0/24",
                    "Tags": [
                        {"Key": "alpha", "Value": "z"},
                        {"Key": "own", "Value": "1"},
                        {"Key": "team", "Value": "y"},
                    ],
                    "VpcId": {"Fn::ImportValue": vpc_export},
                },
            },
            "In": {
                "Type": "AWS::EC2::SecurityGroupIngress",
                "Properties": {
                    "CidrIp": "10.0.0.0/8",
                    "GroupId": {"Fn::ImportValue": group_export},
                    "IpProtocol": "tcp",
                },
            },
        })
    );
    assert_eq!(assembly.stacks[1].dependencies, ["Network"]);
    assert_eq!(json!(assembly.stacks[1].tags), json!({"alpha": "z", "team": "y"}));
    assert_eq!(app.synth(), Ok(assembly), "a second time it is the same");
}

#[test]
fn every_property_of_every_type_has_a_setter() {
    let deployable: BTreeSet<&str> =
        resource::types().iter().map(|handler| handler.type_name()).collect();
    let made: BTreeSet<&str> = TYPES.iter().map(|(type_name, _)| *type_name).collect();
    assert_eq!(made, deployable, "run scripts/level1.py");
    for (type_name, properties) in TYPES {
        let facts = schema::facts(type_name).expect("every deployable type has a schema");
        let known: BTreeSet<&str> = facts.property_names().collect();
        let set: BTreeSet<&str> = properties.iter().copied().collect();
        assert_eq!(set, known, "{type_name}: run scripts/level1.py");
    }
}

/// Something wrong in an app with a stack `Service`, and what is said of it.
type Case = (fn(&App, &Stack), &'static [&'static str]);

fn tell(cases: &[Case]) {
    for (wrong, told) in cases {
        let (app, stack) = one_stack();
        wrong(&app, &stack);
        assert_eq!(problems(&app), *told);
    }
}

#[test]
fn what_is_wrong_is_told_with_its_path() {
    let cases: &[Case] = &[
        (
            |_, stack| {
                CfnLogGroup::builder().build(stack, "Log");
                CfnLogGroup::builder().build(stack, "Log");
            },
            &[
                "`Service/Log`: its logical id `Log` is that of `Service/Log` too",
                "`Service/Log`: there is another construct with this id in the same scope",
            ],
        ),
        (
            |_, stack| {
                CfnLogGroup::builder().build(stack, "my-log");
                CfnLogGroup::builder().build(stack, "mylog");
            },
            &["`Service/mylog`: its logical id `mylog` is that of `Service/my-log` too"],
        ),
        (
            |app, _| {
                CfnLogGroup::builder().build(app, "Log");
            },
            &["`Log`: it stands in no stack"],
        ),
        (
            |_, stack| {
                let (_other, elsewhere) = one_stack();
                let log = CfnLogGroup::builder().build(&elsewhere, "Log");
                Output::new(stack, "Log", log.ref_());
            },
            &["`Service/Log`: it refers to a construct of another app"],
        ),
        (
            |_, stack| {
                let log = CfnLogGroup::builder().build(stack, "Log");
                log.add_property_override("Tags.3.Key", "x");
                log.add_override("Type.Name", "x");
                log.scope().add_validation(|| vec!["it is too small".to_owned()]);
            },
            &[
                "`Service/Log`: it is too small",
                "`Service/Log`: there is nothing at `Type.Name` to override",
            ],
        ),
    ];
    tell(cases);
}

#[test]
fn what_is_wrong_between_stacks_is_told() {
    let cases: &[Case] = &[
        (
            |app, stack| {
                let other = Stack::new(app, "Other");
                let here = CfnLogGroup::builder().build(stack, "Log");
                let there = CfnLogGroup::builder().build(&other, "Log");
                Output::new(stack, "There", there.ref_());
                Output::new(&other, "Here", here.ref_());
            },
            &[
                "`Other`: it and `Service` would have to be deployed before each other",
                "`Service`: it and `Other` would have to be deployed before each other",
            ],
        ),
        (
            |app, _| {
                let east = Stack::new(app, "East").environment("123456789012", "us-east-1");
                let west = Stack::new(app, "West").environment("123456789012", "us-west-2");
                let log = CfnLogGroup::builder().build(&east, "Log");
                Output::new(&west, "Log", log.ref_());
            },
            &["`West/Log`: it uses `East/Log` of a stack in another account or region, where \
               nothing can be imported from"],
        ),
    ];
    tell(cases);
}

#[test]
fn escape_hatches_reach_everything() {
    let (_app, stack) = one_stack();
    let condition = Condition::new(&stack, "InEurope", Fn::equals(Aws::REGION, "eu-central-1"));
    let vpc = CfnVPC::builder().cidr_block("10.0.0.0/16").build(&stack, "Vpc");
    let rule =
        ec2_security_group::SecurityGroupIngress::builder().ip_protocol("tcp").from_port(1).build();
    let group = CfnSecurityGroup::builder()
        .group_description("x")
        .security_group_ingress([rule])
        .build(&stack, "Group");
    group.add_property_override("SecurityGroupIngress.0.ToPort", json!(2));
    group.add_property_override("SecurityGroupIngress.1.IpProtocol", "icmp");
    group.add_deletion_override("Properties.SecurityGroupIngress.0.FromPort");
    group.add_override(r"Metadata.a\.b", json!({"c": vpc_name()}));
    group.override_logical_id("Mine");
    group.depends_on(&vpc);
    group.set_condition(&condition);
    group.apply_removal_policy(RemovalPolicy::RetainOnUpdateOrDelete);
    let template = stack.template().expect("the stack is sound");
    assert_eq!(
        template["Resources"]["Mine"],
        json!({
            "Type": "AWS::EC2::SecurityGroup",
            "Condition": "InEurope",
            "Properties": {
                "GroupDescription": "x",
                "SecurityGroupIngress": [
                    {"IpProtocol": "tcp", "ToPort": 2},
                    {"IpProtocol": "icmp"},
                ],
            },
            "DependsOn": ["Vpc"],
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Metadata": {"a.b": {"c": "Vpc"}},
        })
    );
}

fn vpc_name() -> Json {
    json!("Vpc")
}

#[test]
fn substitution_is_written_as_people_write_it() {
    let (_app, stack) = one_stack();
    let vpc = CfnVPC::builder().cidr_block("10.0.0.0/16").build(&stack, "Vpc");
    let name = Parameter::string(&stack, "Name").value();
    let cases = [
        (Fn::sub("plain"), json!("plain")),
        (Fn::sub("${AWS::Region}a"), json!({"Fn::Sub": "${AWS::Region}a"})),
        (
            Fn::sub_with(
                "${Id} ${Cidr} ${X}",
                [("Id", vpc.ref_()), ("Cidr", vpc.attr_cidr_block()), ("X", Aws::REGION.into())],
            ),
            json!({"Fn::Sub": "${Vpc} ${Vpc.CidrBlock} ${AWS::Region}"}),
        ),
        (Fn::sub_with("/${Name}/${Text}", [("Name", name), ("Text", "a${b}".into())]), {
            json!({"Fn::Sub": "/${Name}/a${!b}"})
        }),
        (
            Fn::sub_with("${Zone}!", [("Zone", Fn::select(0, Fn::get_azs()))]),
            json!({"Fn::Sub": ["${Zone}!", {
                "Zone": {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
            }]}),
        ),
    ];
    for (index, (value, _)) in cases.iter().enumerate() {
        Output::new(&stack, &format!("O{index}"), value);
    }
    let template = stack.template().expect("the stack is sound");
    for (index, (_, written)) in cases.iter().enumerate() {
        assert_eq!(template["Outputs"][format!("O{index}")]["Value"], *written);
    }
}

#[test]
fn every_section_of_a_template_can_be_written() {
    let (_app, stack) = one_stack();
    let stack = stack.description("All of it");
    let size = Parameter::number(&stack, "Size").default(json!(3)).between(1, 5).no_echo();
    let zones = Mapping::new(&stack, "Zones", json!({"eu-central-1": {"Letter": "a"}}));
    let is_large = Condition::new(&stack, "IsLarge", Fn::equals(size.value(), "5"));
    let both = Fn::and([Fn::not(&is_large), Fn::or([Fn::equals("a", "b"), (&is_large).into()])]);
    Condition::new(&stack, "Both", both);
    Rule::new(&stack, "Sized", Fn::not(Fn::equals(size.value(), "4")), "not four");
    Output::new(&stack, "Letter", zones.find(Aws::REGION, "Letter"))
        .description("Of the zone")
        .export_as("letter")
        .only_if(&is_large);
    let retention = Fn::if_(&is_large, 14, Fn::no_value());
    CfnLogGroup::builder().retention_in_days(retention).build(&stack, "Log");
    let expected = json!({
        "Description": "All of it",
        "Parameters": {"Size":
            {"Type": "Number", "Default": 3, "MinValue": 1, "MaxValue": 5, "NoEcho": true}},
        "Rules": {"Sized": {"Assertions": [{
            "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, "4"]}]},
            "AssertDescription": "not four",
        }]}},
        "Mappings": {"Zones": {"eu-central-1": {"Letter": "a"}}},
        "Conditions": {
            "IsLarge": {"Fn::Equals": [{"Ref": "Size"}, "5"]},
            "Both": {"Fn::And": [
                {"Fn::Not": [{"Condition": "IsLarge"}]},
                {"Fn::Or": [{"Fn::Equals": ["a", "b"]}, {"Condition": "IsLarge"}]},
            ]},
        },
        "Resources": {"Log": {"Type": "AWS::Logs::LogGroup", "Properties":
            {"RetentionInDays": {"Fn::If": ["IsLarge", 14, {"Ref": "AWS::NoValue"}]}}}},
        "Outputs": {"Letter": {
            "Value": {"Fn::FindInMap": ["Zones", {"Ref": "AWS::Region"}, "Letter"]},
            "Description": "Of the zone",
            "Export": {"Name": "letter"},
            "Condition": "IsLarge",
        }},
    });
    let template = stack.template().expect("the stack is sound");
    assert_eq!(template.to_string(), expected.to_string(), "in this very order");
}

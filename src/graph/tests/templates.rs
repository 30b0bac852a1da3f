use std::collections::BTreeMap;

use super::{Told, graph, inputs, said, template};
use crate::graph::{AssetRef, Nothing, synth};
use crate::value::{LogicalId, Value};

/// What a template with these parameters is told.
#[track_caller]
fn check(parameters: &[(&str, &str)], text: &str, expected: &str) {
    let findings = match synth(template(text), inputs(parameters)) {
        Ok(graph) => graph.warnings,
        Err(findings) => findings,
    };
    assert_eq!(said(&findings).trim_end(), expected.trim(), "{text}");
}

fn ids<'a>(ids: impl IntoIterator<Item = &'a LogicalId>) -> String {
    ids.into_iter().map(LogicalId::as_str).collect::<Vec<_>>().join(" ")
}

#[test]
fn nodes_come_after_what_they_depend_on_and_else_as_written() {
    let graph = graph(
        r#"
Resources:
  Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  Zebra: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.1.0.0/16}}
  Last: {Type: AWS::Logs::LogGroup, DependsOn: [Vpc, Second, Zebra, First]}
  Second: {Type: AWS::Logs::LogGroup, DependsOn: First}
  First: {Type: AWS::Logs::LogGroup}
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: !Sub "${Zebra} ${Table.RouteTableId} ${!First}"
      VpcId: !If [No, !Ref First, !GetAtt Vpc.VpcId]
Conditions: {No: !Equals [a, b]}
"#,
    );
    assert_eq!(ids(graph.nodes.keys()), "Vpc Table Zebra First Second Last Group");
    let dependencies = |id: &str| ids(&graph.nodes[id].dependencies);
    assert_eq!(dependencies("Table"), "Vpc");
    assert_eq!(dependencies("Last"), "First Second Vpc Zebra");
    assert_eq!(dependencies("Group"), "Table Vpc Zebra");
    assert_eq!(dependencies("Vpc"), "");
}

#[test]
fn a_deployment_comes_after_the_methods_it_copies() {
    let graph = graph(
        r"
Resources:
  Deployment: {Type: AWS::ApiGateway::Deployment, Properties: {RestApiId: !Ref Api}}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: one}}
  Other: {Type: AWS::ApiGateway::RestApi, Properties: {Name: two}}
  Get: &method
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: GET
      AuthorizationType: NONE
  Else:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Other
      ResourceId: !GetAtt Other.RootResourceId
      HttpMethod: GET
      AuthorizationType: NONE
",
    );
    assert_eq!(ids(&graph.nodes["Deployment"].follows), "Api Get");
    assert_eq!(ids(&graph.nodes["Deployment"].dependencies), "Api Get");
    assert_eq!(ids(graph.nodes.keys()), "Api Get Deployment Other Else");
}

#[test]
fn a_false_condition_takes_a_resource_away() {
    let text = r"
Parameters: {Stage: {Type: String, Default: dev}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [{Condition: IsProd}]
Resources:
  Vpc: {Type: AWS::EC2::VPC, Condition: IsProd, Properties: {CidrBlock: 10.0.0.0/16}}
  Other:
    Type: AWS::EC2::VPC
    DependsOn: Vpc
    Properties: {CidrBlock: !If [IsProd, !GetAtt Vpc.CidrBlock, 10.1.0.0/16]}
Outputs:
  Id: {Condition: IsProd, Value: !Ref Vpc}
  Name: {Condition: IsDev, Value: only dev}
";
    let dev = graph(text);
    assert_eq!(ids(dev.nodes.keys()), "Other");
    assert_eq!(ids(&dev.nodes["Other"].dependencies), "");
    let names = |graph: &crate::graph::Graph| {
        let outputs = graph.outputs(&Nothing).expect("they can be evaluated");
        outputs.into_iter().map(|output| output.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&dev), ["Name"]);
    let prod = synth(template(text), inputs(&[("Stage", "prod")])).expect("it is right");
    assert_eq!(ids(prod.nodes.keys()), "Vpc Other");
    assert_eq!(ids(&prod.nodes["Other"].dependencies), "Vpc");
    assert_eq!(names(&prod), ["Id"]);
}

#[test]
fn properties_get_the_types_of_their_schema() {
    let graph = graph(
        r#"
Parameters:
  Port: {Type: String, Default: "443"}
  Account: {Type: Number, Default: 012345678901}
Resources:
  Rule:
    Type: AWS::EC2::SecurityGroupIngress
    Properties:
      GroupId: sg-1
      CidrIp: 10.0.0.0/8
      IpProtocol: tcp
      FromPort: !Ref Port
      ToPort: 443
      SourceSecurityGroupOwnerId: 012345678901
      Description: true
  Vpc:
    Type: AWS::EC2::VPC
    Properties:
      CidrBlock: 10.0.0.0/16
      EnableDnsSupport: "true"
      Tags: [{Key: account, Value: !Ref Account}]
"#,
    );
    let json = |id: &str| {
        graph.properties(&LogicalId::from(id), &Nothing).expect("they fit").to_json().to_string()
    };
    assert_eq!(
        json("Rule"),
        r#"{"GroupId":"sg-1","CidrIp":"10.0.0.0/8","IpProtocol":"tcp","FromPort":443,"ToPort":443,"SourceSecurityGroupOwnerId":"012345678901","Description":"true"}"#
    );
    assert_eq!(
        json("Vpc"),
        r#"{"CidrBlock":"10.0.0.0/16","EnableDnsSupport":true,"Tags":[{"Key":"account","Value":"012345678901"}]}"#
    );
}

#[test]
fn tags_and_assets_come_from_outside() {
    let text = r"
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16, Tags: [{Key: team, Value: own}]}
  Function:
    Type: AWS::Lambda::Function
    Properties: {Code: ./code, Role: !GetAtt Role.Arn, Handler: a.b, Runtime: python3.12}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
";
    let asset = AssetRef {
        property: "Code".to_owned(),
        path: "./code".to_owned(),
        sha256: "abc".to_owned(),
        files: Vec::new(),
    };
    let mut inputs = inputs(&[]);
    inputs.tags = BTreeMap::from(
        [("team", "all"), ("stage", "dev")].map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    inputs.assets = BTreeMap::from([("Function".into(), asset)]);
    let graph = synth(template(text), inputs).expect("it is right");
    let told = Told::of(&[("Role.Arn", Value::string("arn:aws:iam::012345678901:role/r"))]);
    let json = |id: &str| graph.properties(&id.into(), &told).expect("they fit").to_json();
    assert_eq!(
        json("Vpc")["Tags"].to_string(),
        r#"[{"Key":"team","Value":"own"},{"Key":"stage","Value":"dev"}]"#
    );
    assert_eq!(
        json("Function")["Code"].to_string(),
        r#"{"AssetPath":"./code","AssetSha256":"abc"}"#
    );
    assert_eq!(json("Function")["Tags"].as_array().map(Vec::len), Some(2));
}

#[test]
fn errors_come_together_by_place_and_once() {
    check(
        &[],
        r#"
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16, EnableDnsSuport: true}}
  Subnet:
    Type: AWS::EC2::Subnet
    DependsOn: Vcp
    Properties: {VpcId: !Ref Vcp, CidrBlock: !Sub "${Blok}${Blok}"}
  Copy: {Type: AWS::EC2::Subnet, Condition: Yse, Properties: {VpcId: !Ref Vpc}}
  Strange: {Type: AWS::EC2::Vcp}
Outputs:
  Id: {Value: !GetAtt Vpc.Foo}
  List: {Value: !GetAtt Vpc.CidrBlockAssociations}
  None: {Value: !Ref AWS::NoValue}
"#,
        "
3:67 `AWS::EC2::VPC` has no property `EnableDnsSuport` | did you mean `EnableDnsSupport`?
6:16 there is no resource `Vcp` to depend on | did you mean `Vpc`?
7:30 there is no resource or parameter `Vcp` | did you mean `Vpc`?
7:54 there is no resource or parameter `Blok`
7:61 there is no resource or parameter `Blok`
8:3 `AWS::EC2::Subnet` needs one of `CidrBlock`, `Ipv4IpamPoolId`, `Ipv6IpamPoolId`, `Ipv6CidrBlock`
8:45 there is no condition `Yse`
9:19 Cairn knows no resource type `AWS::EC2::Vcp` | did you mean `AWS::EC2::VPC`?
11:23 `AWS::EC2::VPC` has no attribute `Foo` | it offers CidrBlock, CidrBlockAssociations, \
DefaultNetworkAcl, DefaultSecurityGroup, EnableDnsHostnames, EnableDnsSupport, InstanceTenancy, \
Ipv4IpamPoolId, Ipv4NetmaskLength, Ipv6CidrBlocks, Tags, VpcId
12:17 output `List` is not a string | join a list: `!Join [\",\", …]`
13:17 output `None` has no value
",
    );
    check(
        &[],
        r#"
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
Outputs:
  List: {Value: !GetAtt Vpc.CidrBlockAssociations}
  Zones: {Value: !GetAZs ""}
  None: {Value: !Ref AWS::NoValue}
"#,
        r#"
5:17 output `List` is not a string | join a list: `!Join [",", …]`
6:18 output `Zones` is not a string | join a list: `!Join [",", …]`
7:17 output `None` has no value
"#,
    );
}

#[test]
fn a_cycle_is_told_by_its_members_in_order() {
    check(
        &[],
        "
Resources:
  Before: {Type: AWS::Logs::LogGroup, DependsOn: B}
  A: {Type: AWS::Logs::LogGroup, DependsOn: C}
  B: {Type: AWS::Logs::LogGroup, DependsOn: A}
  C: {Type: AWS::Logs::LogGroup, DependsOn: B}
  Itself: {Type: AWS::Logs::LogGroup, DependsOn: Itself}
",
        "
5:3 these resources depend on each other: B → A → C → B | break the cycle where one of them can \
do without the other
7:3 `Itself` depends on itself | a resource cannot refer to itself
",
    );
    check(
        &[],
        "
Resources:
  One:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: one
      SecurityGroupIngress: [{IpProtocol: tcp, SourceSecurityGroupId: !GetAtt Two.GroupId}]
  Two:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: two
      SecurityGroupIngress: [{IpProtocol: tcp, SourceSecurityGroupId: !GetAtt One.GroupId}]
  Own:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: own
      SecurityGroupIngress: [{IpProtocol: tcp, SourceSecurityGroupId: !GetAtt Own.GroupId}]
",
        "
3:3 these resources depend on each other: One → Two → One | security groups that name each other \
need their rules as resources of their own: `AWS::EC2::SecurityGroupIngress`, \
`AWS::EC2::SecurityGroupEgress`
13:3 `Own` depends on itself | a rule inside the group cannot name the group: write it as a \
resource of its own, `AWS::EC2::SecurityGroupIngress` or `AWS::EC2::SecurityGroupEgress`
",
    );
}

#[test]
fn conditions_are_checked_once() {
    check(
        &[],
        "
Conditions:
  A: !And [{Condition: B}, {Condition: B}]
  B: !Not [{Condition: A}]
  Known: !Equals [!Ref Vpc, x]
  Near: !Not [{Condition: Knwon}]
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
",
        "
3:6 conditions depend on each other: A → B → A
5:19 a condition can use only what is known before deployment | use parameters, pseudo \
parameters and mappings
6:27 there is no condition `Knwon` | did you mean `Known`?
",
    );
}

/// A template is right for some region; which one it is deployed to is known when it is planned.
#[test]
fn zones_of_another_region_are_no_mistake_of_a_template() {
    let text = r"
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24, AvailabilityZone: eu-west-1a}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1-bos-1a}}
Outputs: {Zone: {Value: !Select [0, !GetAZs eu-west-1]}}
";
    let graph = graph(text);
    assert_eq!(said(&graph.warnings), "");
    assert_eq!(
        said(&graph.obstacles),
        "~6:45 Cairn does not know the zones of another region (`eu-west-1`) yet | leave it empty for the stack's region\n"
    );
    let mut here = inputs(&[]);
    here.exports = Some(BTreeMap::new());
    let findings = synth(template(text), here).expect_err("one subnet is elsewhere");
    assert!(
        said(&findings).starts_with(
            "4:103 `eu-west-1a` is no zone of us-east-1 | `!Select [0, !GetAZs \"\"]` is one of the region that a stack is deployed to\n"
        ),
        "{}",
        said(&findings)
    );
}

/// One operand can decide, whatever the others will be.
#[test]
fn a_condition_is_settled_by_what_decides_it() {
    let text = r"
Parameters: {Given: {Type: String, Default: a}, Not: {Type: String}}
Conditions:
  Open: !Equals [!Ref Not, a]
  True: !Equals [!Ref Given, a]
  False: !Equals [!Ref Given, b]
  And: !And [{Condition: Open}, {Condition: False}]
  Or: !Or [{Condition: Open}, {Condition: True}]
  OpenAnd: !And [{Condition: Open}, {Condition: True}]
  OpenOr: !Or [{Condition: Open}, {Condition: False}]
  OpenNot: !Not [{Condition: Open}]
  NotAnd: !Not [{Condition: And}]
Resources: {Group: {Type: AWS::Logs::LogGroup}}
";
    let settled = graph(text).conditions;
    let settled: Vec<_> = settled.iter().map(|(name, holds)| (name.as_str(), *holds)).collect();
    assert_eq!(
        settled,
        [("And", false), ("False", false), ("NotAnd", true), ("Or", true), ("True", true)]
    );
}

const PARAMETERS: &str = r#"
Parameters:
  Size: {Type: Number, Default: 1, MinValue: 1, MaxValue: 4}
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Name: {Type: String, Default: abc, AllowedPattern: "[a-z]+", ConstraintDescription: lower case}
  Short: {Type: String, Default: ab, MinLength: 2, MaxLength: 3}
  Ports: {Type: List<Number>, Default: "1, 2", AllowedValues: [1, 2, 3, "5,6"]}
  Pin: {Type: Number, NoEcho: true, Default: 1, MaxValue: 9}
  Word: {Type: String, NoEcho: true, Default: a, AllowedPattern: "[a-z]"}
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
"#;

#[test]
fn parameters_keep_to_their_constraints() {
    for (given, expected) in [
        (("Size", "2.5"), ""),
        (("Size", "5"), "3:3 parameter `Size`: `5` is more than 4"),
        (("Size", "0"), "3:3 parameter `Size`: `0` is less than 1"),
        (("Size", "two"), "3:3 parameter `Size`: `two` is not a number"),
        (
            ("Stage", "prd"),
            "4:3 parameter `Stage`: `prd` is none of dev, prod | did you mean `prod`?",
        ),
        (("Name", "aBc"), "5:3 parameter `Name`: `aBc` does not match `[a-z]+` | lower case"),
        (("Short", "a"), "6:3 parameter `Short` has 1 characters, at least 2 are needed"),
        (("Short", "abcd"), "6:3 parameter `Short` has 4 characters, at most 3 are allowed"),
        (("Ports", "1,x"), "7:3 parameter `Ports`: `x` is not a number"),
        (("Ports", "5,6"), ""),
        (
            ("Ports", "3,5"),
            "7:3 parameter `Ports`: `5` is none of 1, 2, 3, 5,6 | did you mean `1`?",
        ),
        (("Nmae", "a"), "- the template has no parameter `Nmae` | did you mean `Name`?"),
        // What is hidden is not repeated.
        (("Pin", "12345"), "8:3 parameter `Pin`: its value is more than 9"),
        (("Pin", "secret"), "8:3 parameter `Pin`: its value is not a number"),
        (("Word", "SECRET"), "9:3 parameter `Word`: its value does not match `[a-z]`"),
    ] {
        check(&[given], PARAMETERS, expected);
    }
}

/// What can be said of a template without a parameter is said, with both sides of what depends on
/// it; whoever deploys it has to give one.
#[test]
fn a_template_is_checked_without_the_values_of_its_parameters() {
    let text = r#"
Parameters: {Stage: {Type: String}, Count: {Type: Number}, Groups: {Type: CommaDelimitedList}}
Rules: {Right: {Assertions: [{Assert: !Equals [!Ref Stage, a]}]}}
Conditions: {IsProd: !Equals [!Sub "x${Stage}", prod]}
Mappings: {Blocks: {dev: {Block: 10.0.0.0/16}}}
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !FindInMap [Blocks, !Ref Stage, Block]}}
  Other: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !Select [0, !Cidr [10.0.0.0/8, !Ref Count, 8]]}}
  Third: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !Select [!Ref Count, [10.0.0.0/8]]}}
  Logs:
    Type: AWS::Logs::LogGroup
    Condition: IsProd
    Properties: {LogGroupName: !Join ["-", !Ref Groups], RetentionInDays: !If [IsProd, 8, !Ref Nobody]}
"#;
    let inputs = inputs(&[("Groups", "a,b")]);
    let findings = synth(template(text), inputs.clone()).expect_err("one name is wrong");
    assert_eq!(
        said(&findings),
        "\
~2:14 parameter `Stage` has no value | give one with `--parameter Stage=…`, in config/, or as its Default
~2:37 parameter `Count` has no value | give one with `--parameter Count=…`, in config/, or as its Default
13:96 there is no resource or parameter `Nobody`
"
    );
    let graph = synth(template(&text.replace("Nobody", "Count")), inputs).expect("it is right");
    assert!(graph.nodes.contains_key("Logs") && graph.warnings.is_empty());
    let refused = graph.deployable().expect_err("two parameters have no value");
    assert_eq!(
        said(&refused),
        "\
2:14 parameter `Stage` has no value | give one with `--parameter Stage=…`, in config/, or as its Default
2:37 parameter `Count` has no value | give one with `--parameter Count=…`, in config/, or as its Default
"
    );
}

#[test]
fn rules_are_kept() {
    let text = |rule: &str| {
        format!(
            r#"
Parameters:
  Stage: {{Type: String, Default: dev}}
  Zones: {{Type: CommaDelimitedList, Default: "a,b"}}
Rules:
  Case: {rule}
Resources:
  Vpc: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: 10.0.0.0/16}}}}
"#
        )
    };
    let broken = "the rule `Case` is broken";
    for (rule, expected) in [
        ("{Assertions: [{Assert: !Equals [!Ref Stage, dev]}]}", String::new()),
        (
            "{Assertions: [{Assert: !Equals [!Ref Stage, prod], AssertDescription: only prod}]}",
            format!("6:32 {broken}: only prod | give other parameters"),
        ),
        (
            "{RuleCondition: !Equals [!Ref Stage, prod], Assertions: [{Assert: !Equals [a, b]}]}",
            String::new(),
        ),
        ("{Assertions: [{Assert: {Fn::Contains: [[dev, prod], !Ref Stage]}}]}", String::new()),
        (
            "{Assertions: [{Assert: {Fn::Contains: [[prod], !Ref Stage]}}]}",
            format!("6:32 {broken} | give other parameters"),
        ),
        ("{Assertions: [{Assert: {Fn::EachMemberIn: [!Ref Zones, [a, b, c]]}}]}", String::new()),
        (
            "{Assertions: [{Assert: {Fn::EachMemberIn: [!Ref Zones, [a]]}}]}",
            format!("6:32 {broken} | give other parameters"),
        ),
        ("{Assertions: [{Assert: !Not [{Fn::EachMemberEquals: [!Ref Zones, a]}]}]}", String::new()),
        ("{Assertions: [{Assert: {Fn::EachMemberEquals: [[a, a], a]}}]}", String::new()),
        (
            "{Assertions: [{Assert: {Fn::Contains: [[a]]}}]}",
            "6:47 `Fn::Contains` takes two values".to_owned(),
        ),
        (
            "{Assertions: [{Assert: {Fn::EachMemberIn: [{Fn::RefAll: AWS::EC2::VPC::Id}, [a]]}}]}",
            "~6:9 the rule `Case` is not checked here | `Fn::RefAll` asks the account: `cairn plan` checks it"
                .to_owned(),
        ),
    ] {
        check(&[], &text(rule), &expected);
    }
}

#[test]
fn the_same_template_gives_the_same_graph() {
    let once = graph(super::functions::PREAMBLE);
    let twice = graph(super::functions::PREAMBLE);
    assert_eq!(ids(once.nodes.keys()), ids(twice.nodes.keys()));
    for id in once.nodes.keys() {
        assert_eq!(once.properties(id, &Nothing), twice.properties(id, &Nothing));
    }
}

#[test]
fn an_alias_with_a_version_of_its_own_follows_no_agent() {
    let alias = |rest: &str| {
        let text = format!(
            "Resources:\n  Agent: {{Type: AWS::Bedrock::Agent, Properties: {{AgentName: a}}}}\n  \
             Alias:\n    Type: AWS::Bedrock::AgentAlias\n    Properties:\n      \
             AgentId: !Ref Agent\n      AgentAliasName: live\n{rest}"
        );
        ids(&graph(&text).nodes["Alias"].follows)
    };
    assert_eq!(alias(""), "Agent");
    assert_eq!(alias("      RoutingConfiguration: [{AgentVersion: '3'}]\n"), "");
}

#[test]
fn findings_have_a_limit() {
    let vpc = |number| {
        format!("  R{number}: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: !Ref X{number}}}}}\n")
    };
    let resources: Vec<String> = (0..400).map(vpc).collect();
    let findings = synth(template(&format!("Resources:\n{}", resources.concat())), inputs(&[]))
        .expect_err("there are no such parameters");
    assert_eq!(findings.len(), 101);
    assert_eq!(findings[0].message, "there is no resource or parameter `X0`");
    assert_eq!(findings[100].message, "at least 1 more errors in `t.yaml`");
}

/// Cairn takes more than CloudFormation does, and says so.
#[test]
fn what_cloudformation_would_not_take_is_warned_of() {
    let many = |count: usize, entry: &str| {
        let entries = (0..count).map(|at| entry.replace('#', &at.to_string()));
        entries.collect::<Vec<_>>().concat()
    };
    let template_of = |extra: usize| {
        format!(
            "Description: {}\nParameters:\n  P: {{Type: String, Default: {}, Description: {}}}\n{}\
             Mappings:\n  M: {{a: {{{}}}}}\nResources:\n{}  {}: {{Type: AWS::Logs::LogGroup}}\n\
             Outputs:\n{}",
            "d".repeat(1024 + extra),
            "v".repeat(4096 + extra),
            "p".repeat(4000 + extra),
            many(199 + extra, "  P#: {Type: String, Default: a}\n"),
            many(200 + extra, "k#: v, "),
            many(499 + extra, "  R#: {Type: AWS::Logs::LogGroup}\n"),
            "n".repeat(255 + extra),
            many(200 + extra, "  O#: {Value: a}\n"),
        )
    };
    assert_eq!(said(&graph(&template_of(0)).warnings), "");
    let warnings = graph(&template_of(1)).warnings;
    let messages: Vec<_> = warnings.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "a description of 1025 bytes: CloudFormation takes 1024 at most",
            "201 parameters: CloudFormation takes 200 in a template",
            "a description of 4001 characters: CloudFormation takes 4000 of a parameter",
            "the value of `P` has 4097 bytes: CloudFormation takes 4096",
            "201 keys in the mapping `M`: CloudFormation takes 200 in one",
            "501 resources: CloudFormation takes 500 in a template",
            "a name of 256 characters: CloudFormation takes 255",
            "201 outputs: CloudFormation takes 200 in a template",
        ]
    );
}

#[test]
fn a_chain_is_as_long_as_it_likes() {
    let conditions =
        (0..20_000).map(|number| format!("  C{number}: !Not [{{Condition: C{}}}]\n", number + 1));
    let resources = (0..20_000).map(|number| {
        format!("  R{number}: {{Type: AWS::Logs::LogGroup, DependsOn: R{}}}\n", number + 1)
    });
    let graph = graph(&format!(
        "Conditions:\n{}  C20000: !Equals [a, a]\n\
         Resources:\n{}  R20000: {{Type: AWS::Logs::LogGroup, Condition: C0}}\n",
        conditions.collect::<String>(),
        resources.collect::<String>(),
    ));
    assert_eq!(graph.nodes.len(), 20_001);
    assert_eq!(graph.nodes.keys().next().map(LogicalId::as_str), Some("R20000"));
}

#[test]
fn what_the_cdk_writes_for_itself_is_left_out() {
    let graph = graph(
        r#"
Parameters:
  BootstrapVersion:
    Type: AWS::SSM::Parameter::Value<String>
    Default: /cdk-bootstrap/hnb659fds/version
Rules:
  CheckBootstrapVersion:
    Assertions:
      - Assert: {Fn::Not: [{Fn::Contains: [["1", "2"], !Ref BootstrapVersion]}]}
Conditions:
  CDKMetadataAvailable: !Equals [!Ref AWS::Region, !Ref AWS::Region]
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  CDKMetadata:
    Type: AWS::CDK::Metadata
    Condition: CDKMetadataAvailable
    Properties: {Analytics: "v2:deflate64:H4s"}
"#,
    );
    assert_eq!(ids(graph.nodes.keys()), "Vpc");
    assert!(graph.warnings.is_empty(), "{:?}", graph.warnings);
}

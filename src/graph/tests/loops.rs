//! `Fn::ForEach`, and what else `AWS::LanguageExtensions` changes of a whole template.

use super::{inputs, said, template};
use crate::graph::{Graph, Nothing, synth};
use crate::template::DeletionPolicy;

fn extended(text: &str) -> String {
    format!("Transform: AWS::LanguageExtensions\n{text}")
}

fn expanded(parameters: &[(&str, &str)], text: &str) -> Graph {
    let text = extended(text);
    synth(template(&text), inputs(parameters))
        .unwrap_or_else(|findings| panic!("{text}\n{}", said(&findings)))
}

/// Every resource with its properties, then every output.
fn shown(graph: &Graph) -> String {
    let mut lines = Vec::new();
    for id in graph.nodes.keys() {
        let properties = graph.properties(id, &Nothing).expect("they are right");
        lines.push(format!("{id} {}", properties.to_masked_json()));
    }
    for output in graph.outputs(&Nothing).expect("they are right") {
        lines.push(format!("{} = {}", output.name, output.value.to_masked_json()));
    }
    lines.join("\n")
}

#[track_caller]
fn makes(parameters: &[(&str, &str)], text: &str, expected: &str) {
    assert_eq!(shown(&expanded(parameters, text)), expected.trim(), "{text}");
}

#[track_caller]
fn refuses(text: &str, expected: &str) {
    let findings = synth(template(&extended(text)), inputs(&[])).expect_err("it is wrong");
    assert_eq!(said(&findings).trim_end(), expected.trim(), "{text}");
}

#[test]
fn loops_make_resources_conditions_and_outputs() {
    makes(
        &[("Stages", "dev, prod")],
        r"
Parameters:
  Stages: {Type: CommaDelimitedList}
Conditions:
  Fn::ForEach::Wanted:
    - Stage
    - !Ref Stages
    - Is${Stage}: !Equals [!Ref Stage, dev]
Resources:
  Before: {Type: AWS::Logs::LogGroup}
  Fn::ForEach::Groups:
    - Stage
    - !Ref Stages
    - Group${Stage}:
        Type: AWS::Logs::LogGroup
        Properties:
          LogGroupName: !Sub ${Stage}-${AWS::Region}
          RetentionInDays: !If ['Is${Stage}', 1, 30]
          Tags: [{Key: !Ref Stage, Value: !Sub '${!Stage}'}]
Outputs:
  Fn::ForEach::Names:
    - Stage
    - !Ref Stages
    - Name${Stage}: {Value: !GetAtt 'Group${Stage}.Arn', Description: 'of ${Stage}'}
",
        r#"
Before {}
Groupdev {"LogGroupName":"dev-us-east-1","RetentionInDays":1,"Tags":[{"Key":"dev","Value":"${Stage}"}]}
Groupprod {"LogGroupName":"prod-us-east-1","RetentionInDays":30,"Tags":[{"Key":"prod","Value":"${Stage}"}]}
Namedev = "(known after apply: Groupdev.Arn)"
Nameprod = "(known after apply: Groupprod.Arn)"
"#,
    );
}

#[test]
fn loops_make_properties_at_any_depth() {
    makes(
        &[],
        r"
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      Fn::ForEach::Texts:
        - Property
        - [RoleName, Description]
        - ${Property}: the-${Property}
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Action: sts:AssumeRole
            Principal: {Service: lambda.amazonaws.com}
            Condition:
              StringEquals:
                Fn::ForEach::Keys: [Key, [a, b.c], {'aws:RequestTag/${Key}': !Ref Key}]
",
        r#"
Role {"RoleName":"the-RoleName","Description":"the-Description","AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"},"Condition":{"StringEquals":{"aws:RequestTag/a":"a","aws:RequestTag/b.c":"b.c"}}}]}}
"#,
    );
}

#[test]
fn loops_within_loops_see_the_outer_ones_and_ampersands_leave_out_signs() {
    makes(
        &[],
        r"
Mappings:
  Blocks:
    one: {Zones: [a.1, b-2]}
    two: {Zones: [c]}
Resources:
  Fn::ForEach::Networks:
    - Network
    - [one, two]
    - Fn::ForEach::Zones:
        - Zone
        - !FindInMap [Blocks, !Ref Network, Zones]
        - Log&{Network}&{Zone}:
            Type: AWS::Logs::LogGroup
            Properties: {LogGroupName: '/${Network}/${Zone}/&{Zone}', Tags: [{Key: k, Value: '${Other}/$&{'}]}
      Last${Network}: {Type: AWS::Logs::LogGroup, DependsOn: 'Log${Network}&{Network}'}
  Logoneone: {Type: AWS::Logs::LogGroup}
  Logtwotwo: {Type: AWS::Logs::LogGroup}
",
        r#"
Logonea1 {"LogGroupName":"/one/a.1/a1","Tags":[{"Key":"k","Value":"${Other}/$&{"}]}
Logoneb2 {"LogGroupName":"/one/b-2/b2","Tags":[{"Key":"k","Value":"${Other}/$&{"}]}
Logoneone {}
Lastone {}
Logtwoc {"LogGroupName":"/two/c/c","Tags":[{"Key":"k","Value":"${Other}/$&{"}]}
Logtwotwo {}
Lasttwo {}
"#,
    );
    makes(
        &[],
        r"
Resources:
  Only: {Type: AWS::Logs::LogGroup}
  Fn::ForEach::Nothing: [X, [], {'A${X}': {Type: AWS::Logs::LogGroup}}]
",
        "Only {}",
    );
}

#[test]
fn what_is_wrong_with_a_loop_is_said_where_it_is_written() {
    refuses(
        r"
Parameters:
  Secrets: {Type: CommaDelimitedList, Default: a, NoEcho: true}
  Text: {Type: String, Default: a}
Conditions:
  Is: !Equals [a, a]
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Fn::ForEach: [X, [a], {'R${X}': {Type: AWS::Logs::LogGroup}}]
  Fn::ForEach::A-b: [X, [b], {'R${X}': {Type: AWS::Logs::LogGroup}}]
  Fn::ForEach::Vpc: [X, [c], {'R${X}': {Type: AWS::Logs::LogGroup}}]
  Fn::ForEach::Two: [X, [d], {'R${X}': {Type: AWS::Logs::LogGroup}}]
  Fn::ForEach::Three: [X, [e], {'R${X}': {Type: AWS::Logs::LogGroup}}, more]
  Fn::ForEach::Four: [X-Y, [f], {'R${X-Y}': {Type: AWS::Logs::LogGroup}}]
  Fn::ForEach::Five: [X, [g], {Same: {Type: AWS::Logs::LogGroup}}]
  Fn::ForEach::Six: [X, [g, g], {'S${X}': {Type: AWS::Logs::LogGroup}}]
  Fn::ForEach::Seven: [X, [h.i], {'S${X}': {Type: AWS::Logs::LogGroup}}]
  Fn::ForEach::Eight: [X, !Ref Vpc, {'S${X}': {Type: AWS::Logs::LogGroup}}]
  Fn::ForEach::Nine: [X, !Ref Text, {'S${X}': {Type: AWS::Logs::LogGroup}}]
  Fn::ForEach::Ten: [X, !Ref Secrets, {'S${X}': {Type: AWS::Logs::LogGroup}}]
  Fn::ForEach::Eleven: [X, !If [Is, [a], [b]], {'S${X}': {Type: AWS::Logs::LogGroup}}]
  Fn::ForEach::Twelve: [X, !Ref Nobody, {'S${X}': {Type: AWS::Logs::LogGroup}}]
  Fn::ForEach::Thirteen: [X, [a], some]
Outputs:
  Fn::ForEach::Two: [X, [a], {'O${X}': {Value: a}}]
",
        "
10:3 `Fn::ForEach` names no loop | a loop has a name of letters and digits: `Fn::ForEach::Name`
11:3 `Fn::ForEach::A-b` names no loop | a loop has a name of letters and digits: `Fn::ForEach::Name`
12:3 the loop `Vpc` is called as a resource is | rename the loop
14:23 `Fn::ForEach` takes an identifier, a collection and what to repeat
15:23 `X-Y` is no identifier | only ASCII letters and digits are allowed
16:32 `Same` is the same each time | a key in `Fn::ForEach` has `${X}` or `&{X}` in it
17:34 `Sg` would be there twice | the first is at line 17, column 34
18:35 `S${X}` would become `Sh.i`, which cannot be a name | `&{…}` instead of `${…}` leaves out all but letters and digits
19:27 the collection of `Fn::ForEach` is not known before deployment | a list, or a `Ref` to a parameter of type `CommaDelimitedList`
20:26 the collection of `Fn::ForEach` is not a list | a list, or a `Ref` to a parameter of type `CommaDelimitedList`
21:25 the collection of `Fn::ForEach` cannot be hidden | a list, or a `Ref` to a parameter of type `CommaDelimitedList`
22:28 the collection of `Fn::ForEach` cannot depend on a condition | use a parameter or a mapping
23:33 there is no resource or parameter `Nobody`
24:35 what `Fn::ForEach` repeats must be a map, not `some`
26:3 there are two loops `Two` | a loop's name is unique in its template
",
    );
}

#[test]
fn what_loops_make_is_checked_as_if_it_were_written() {
    refuses(
        r"
Resources:
  Fn::ForEach::Groups:
    - X
    - [a, b]
    - Group${X}:
        Type: AWS::Logs::LogGroup
        Properties: {LogGroupNam: !Ref Y, RetentionInDays: 'x${X}'}
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {Tags: !If [Fn::ForEach::Q, a, b], CidrBlock: 10.0.0.0/16}
",
        "
9:22 `AWS::Logs::LogGroup` has no property `LogGroupNam` | did you mean `LogGroupName`?
9:40 there is no resource or parameter `Y`
9:60 expected an integer, found `xa`
9:60 expected an integer, found `xb`
12:29 there is no condition `Fn::ForEach::Q`
",
    );
}

#[test]
fn five_loops_stand_within_each_other_and_no_more() {
    let nested = |depth: usize| {
        let mut inner = "{Type: AWS::Logs::LogGroup}".to_owned();
        let names: String =
            (0..depth).map(|level| ["${L", &level.to_string(), "}"].concat()).collect();
        inner = format!("{{'R{names}': {inner}}}");
        for level in (0..depth).rev() {
            inner = format!("{{'Fn::ForEach::N{level}': [L{level}, [a, b], {inner}]}}");
        }
        format!("Resources: {inner}\n")
    };
    assert_eq!(expanded(&[], &nested(5)).nodes.len(), 32);
    let findings = synth(template(&extended(&nested(6))), inputs(&[])).expect_err("too deep");
    assert!(said(&findings).contains("loops stand within each other 5 deep at most"));
}

#[test]
fn loops_cannot_fill_the_memory() {
    let members: Vec<_> = (0..200).map(|member| format!("m{member}")).collect();
    let members = members.join(",");
    let text = format!(
        "Resources:\n  Fn::ForEach::A:\n    - A\n    - [{members}]\n    - Fn::ForEach::B:\n        \
         - B\n        - [{members}]\n        - Fn::ForEach::C:\n            - C\n            - \
         [{members}]\n            - R${{A}}${{B}}${{C}}: {{Type: AWS::Logs::LogGroup}}\n"
    );
    let findings = synth(template(&extended(&text)), inputs(&[])).expect_err("too large");
    assert!(said(&findings).contains("the loops make this template too large"));
    assert_eq!(findings.len(), 1);
}

#[test]
fn policies_are_functions_of_what_is_known() {
    let text = r"
Parameters:
  Stage: {Type: String}
Mappings:
  Policies: {prod: {Leave: Retain}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    DeletionPolicy: {Fn::FindInMap: [Policies, !Ref Stage, Leave, {DefaultValue: Delete}]}
    UpdateReplacePolicy: !If [IsProd, Retain, !Ref AWS::NoValue]
";
    for (stage, expected) in [("prod", DeletionPolicy::Retain), ("dev", DeletionPolicy::Delete)] {
        let graph = expanded(&[("Stage", stage)], text);
        assert_eq!(graph.nodes["Group"].deletion_policy, expected);
        assert_eq!(graph.nodes["Group"].update_replace_policy, expected);
    }
    refuses(
        r"
Resources:
  A: {Type: AWS::Logs::LogGroup, DeletionPolicy: !Sub Retian}
  B: {Type: AWS::Logs::LogGroup, DeletionPolicy: !Ref A}
  C: {Type: AWS::Logs::LogGroup, DeletionPolicy: !Sub Snapshot}
  D: {Type: AWS::Logs::LogGroup, UpdateReplacePolicy: !Sub RetainExceptOnCreate}
",
        "
4:50 `DeletionPolicy` of the resource `A` cannot be `Retian` | did you mean `Retain`?
5:50 `DeletionPolicy` of the resource `B` is not a text known before deployment | use parameters, mappings and conditions
6:3 `AWS::Logs::LogGroup` has no snapshots: `DeletionPolicy` of `C` cannot be `Snapshot` | `Retain` keeps the resource itself
7:55 `UpdateReplacePolicy` of the resource `D` cannot be `RetainExceptOnCreate` | it is one of `Delete`, `Retain` and `Snapshot`
",
    );
}

#[test]
fn without_the_transform_there_are_no_extensions() {
    let text = r"
Mappings: {M: {a: {b: c}}}
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties:
      CidrBlock: {Fn::FindInMap: [M, a, x, {DefaultValue: 10.0.0.0/16}]}
      Fn::ForEach::P: [X, [InstanceTenancy], {'${X}': default}]
      EnableDnsSupport: {Fn::ToJsonString: [a]}
      EnableDnsHostnames: {Fn::Length: [a]}
";
    let findings = synth(template(text), inputs(&[])).expect_err("they are not there");
    assert_eq!(
        said(&findings),
        "\
7:44 `DefaultValue` is no argument of `Fn::FindInMap` here | it needs `Transform: AWS::LanguageExtensions`
8:7 `Fn::ForEach` is none of the functions of this template | it needs `Transform: AWS::LanguageExtensions`
9:26 `Fn::ToJsonString` is none of the functions of this template | it needs `Transform: AWS::LanguageExtensions`
10:28 `Fn::Length` is none of the functions of this template | it needs `Transform: AWS::LanguageExtensions`
"
    );
}

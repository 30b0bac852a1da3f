//! What the stack has until the end of a run cannot be made again in it.

use super::{deployed, graph, observed, planned};
use crate::diagnostic::Diagnostic;
use crate::refresh::Observation;

const NETWORK: &str = "\
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24}}
  Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: x, VpcId: !Ref Vpc}}
  Way: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Subnet, RouteTableId: !Ref Table}}
  Rule:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !GetAtt Group.GroupId, IpProtocol: tcp, FromPort: 1, ToPort: 1, CidrIp: 10.0.0.0/8}
  A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: a}}
  B: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: b}}
  Settings: {Type: AWS::ApiGateway::Account}
  One: {Type: AWS::Bedrock::Agent, Properties: {AgentName: one}}
  Two: {Type: AWS::Bedrock::Agent, Properties: {AgentName: two}}
";

/// What is said of a change of the template.
fn said(changes: &[(&str, &str)]) -> String {
    found(changes)
        .iter()
        .map(|one| {
            let (line, column) = one.place.as_ref().expect("a place").line_column();
            format!("{line}:{column} {}", one.message)
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn found(changes: &[(&str, &str)]) -> Vec<Diagnostic> {
    let before = graph(NETWORK);
    let state = deployed(&before);
    let after = changes.iter().fold(NETWORK.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replacen(old, new, 1)
    });
    planned(&graph(&after), &state, &observed(&state)).err().unwrap_or_default()
}

#[test]
fn an_endpoint_without_private_names_can_be_made_beside_another() {
    let text = "\
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16, EnableDnsHostnames: true}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24}}
  Old:
    Type: AWS::EC2::VPCEndpoint
    Properties:
      VpcId: !Ref Vpc
      VpcEndpointType: Interface
      ServiceName: com.amazonaws.us-east-1.logs
      SubnetIds: [!Ref Subnet]
      PrivateDnsEnabled: true
";
    let state = deployed(&graph(text));
    let said = |text: &str| {
        let found = planned(&graph(text), &state, &observed(&state)).err().unwrap_or_default();
        found.into_iter().map(|one| one.message).collect::<String>()
    };
    let renamed = text.replace("Old:", "New:");
    let taken = "`New` is to have the ServiceName `com.amazonaws.us-east-1.logs`, which `Old` has \
                 until it is deleted";
    assert_eq!(said(&renamed), taken);
    assert_eq!(said(&renamed.replace("Enabled: true", "Enabled: false")), "");
}

#[test]
fn what_is_only_renamed_cannot_be_made_beside_itself() {
    for (from, expected) in [
        ("Subnet:", "`New` is to have the CidrBlock `10.0.1.0/24`, which `Subnet` has"),
        ("Way:", "`New` is to have the SubnetId `subnet1`, which `Way` has"),
        ("A:", "`New` is to have the LogGroupName `a`, which `A` has"),
        ("Settings:", "`New` is to have the place, which `Settings` has"),
    ] {
        // What refers to a subnet goes with it.
        let mut changes = vec![(from, "New:")];
        if from == "Subnet:" {
            changes.push(("!Ref Subnet", "!Ref New"));
        }
        let said = said(&changes);
        assert!(said.contains(expected), "{from}: {said}");
        assert!(said.contains("until it is deleted"), "{from}: {said}");
    }
    let said = said(&[("  Rule:", "  New:")]);
    assert!(said.contains("`New` is to have the CidrIp `10.0.0.0/8`, which `Rule` has"), "{said}");
}

#[test]
fn names_are_not_swapped_in_one_run() {
    let said =
        said(&[("LogGroupName: a", "LogGroupName: c"), ("LogGroupName: b", "LogGroupName: a")]);
    assert_eq!(
        said,
        "11:61 `B` is to have the LogGroupName `a`, which `A` has until it is deleted"
    );
}

#[test]
fn names_are_not_taken_in_place_while_something_has_them() {
    let swapped = said(&[("AgentName: one", "AgentName: x"), ("AgentName: two", "AgentName: one")]);
    assert_eq!(
        swapped,
        "14:60 `Two` is to have the AgentName `one`, which `One` has until it is updated"
    );
    let both = said(&[
        ("AgentName: one", "AgentName: x"),
        ("AgentName: two", "AgentName: one"),
        ("AgentName: x", "AgentName: two"),
    ]);
    assert_eq!(
        both,
        "13:60 `One` is to have the AgentName `two`, which `Two` has until it is updated\n\
         14:60 `Two` is to have the AgentName `one`, which `One` has until it is updated"
    );
    let kept = said(&[("AgentName: two", "AgentName: one")]);
    assert_eq!(kept, "14:60 `Two` is to have the AgentName `one`, which `One` has");
    let gone = said(&[
        ("  One: {Type: AWS::Bedrock::Agent, Properties: {AgentName: one}}\n", ""),
        ("AgentName: two", "AgentName: one"),
    ]);
    assert_eq!(
        gone,
        "13:60 `Two` is to have the AgentName `one`, which `One` has until it is deleted"
    );
    let same = said(&[("AgentName: one", "AgentName: x"), ("AgentName: two", "AgentName: x")]);
    assert_eq!(same, "14:60 `Two` is to have the AgentName `x`, which `One` is to have as well");
    let way_out = |changes: &[(&str, &str)]| found(changes)[0].hints.join("; ");
    assert_eq!(
        way_out(&[("AgentName: one", "AgentName: x"), ("AgentName: two", "AgentName: one")]),
        "deploy once with the change of `One` alone, and then with this; if they swap, one of them \
         needs another in between"
    );
    assert_eq!(
        way_out(&[
            ("  One: {Type: AWS::Bedrock::Agent, Properties: {AgentName: one}}\n", ""),
            ("AgentName: two", "AgentName: one"),
        ]),
        "give it another, or deploy once without this change"
    );
    // A name that nothing has, and a change that is not of the name.
    assert_eq!(said(&[("AgentName: one", "AgentName: x")]), "");
    assert_eq!(said(&[("AgentName: one", "AgentName: one, Description: x")]), "");
}

#[test]
fn two_new_ones_are_not_the_same() {
    let more = "  C: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: c}}\n  A:";
    let said = said(&[("  A:", more), ("LogGroupName: b", "LogGroupName: c")]);
    assert!(
        said.contains("is to have the LogGroupName `c`, which `C` is to have as well"),
        "{said}"
    );
}

#[test]
fn what_is_free_can_be_made() {
    for changes in [
        &[("FromPort: 1, ToPort: 1", "FromPort: 2, ToPort: 2"), ("  Rule:", "  New:")][..],
        &[("LogGroupName: a", "LogGroupName: c"), ("  A:", "  C:")],
        &[("  Group:", "  Other:"), ("Group.GroupId", "Other.GroupId"), ("  Rule:", "  New:")],
    ] {
        assert_eq!(said(changes), "", "{changes:?}");
    }
    // What others have deleted is in nobody's way.
    let before = graph(NETWORK);
    let state = deployed(&before);
    let mut seen = observed(&state);
    seen.resources.insert("A".into(), Observation::Gone);
    let after = graph(&NETWORK.replace("  A:", "  C:"));
    assert!(planned(&after, &state, &seen).is_ok());
}

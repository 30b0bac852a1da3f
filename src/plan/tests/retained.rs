//! What is let go and holds something keeps it from being deleted.

use super::{deployed, graph, observed, planned};
use crate::diagnostic::Diagnostic;
use crate::plan::retained::{check_users, users};
use crate::plan::teardown;
use crate::refresh::{Observation, Observed};

const NETWORK: &str = "\
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24}}
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: x, VpcId: !Ref Vpc}}
  Log: {Type: AWS::Logs::LogGroup, DeletionPolicy: Retain, DependsOn: Group}
";
const FUNCTION: &str = "
  Function:
    Type: AWS::Lambda::Function
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      Role: arn:aws:iam::123456789012:role/r
      PackageType: Image
      Code: {ImageUri: x}
      VpcConfig: {SubnetIds: [!Ref Subnet], SecurityGroupIds: [!Ref Group]}
";

fn found(before: &str, after: &str) -> Vec<Diagnostic> {
    let state = deployed(&graph(before));
    planned(&graph(after), &state, &observed(&state)).err().unwrap_or_default()
}

fn said(before: &str, after: &str) -> String {
    let lines = found(before, after).into_iter().map(|one| {
        let place = one.place.as_ref().map(crate::diagnostic::Place::line_column);
        let place = place.map_or(String::new(), |(line, column)| format!("{line}:{column} "));
        format!("{place}{} ({})", one.message, one.hints.join("; "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_function_that_stays_keeps_its_subnet_and_its_group() {
    let before = format!("{NETWORK}{FUNCTION}");
    let (network, _) = NETWORK.split_once("  Group:").expect("a group");
    assert_eq!(
        said(&before, network),
        "`Group` cannot be deleted: `Function` is retained and still uses it (VpcConfig) (to keep \
         both, put `Group` back with `DeletionPolicy: Retain`, deploy, and take it out then; to \
         delete both, put both back, `Function` without its `DeletionPolicy`, deploy, and take them \
         out then)"
    );
    let moved = NETWORK.replace("10.0.1.0", "10.0.2.0");
    assert_eq!(
        said(&before, &moved),
        "3:3 `Subnet` cannot be deleted: `Function` is retained and still uses it (VpcConfig) (to \
         keep both, give `Subnet` `UpdateReplacePolicy: Retain` too; to delete both, put both back, \
         `Function` without its `DeletionPolicy`, deploy, and take them out then)"
    );
    // What is replaced and stays holds what it had.
    let replaced = format!("{moved}{FUNCTION}")
        .replace("Properties:\n      Role", "Properties:\n      FunctionName: x\n      Role");
    assert!(
        said(&before, &replaced)
            .contains("to delete both, take `UpdateReplacePolicy` from `Function`")
    );
}

#[test]
fn what_stays_together_or_goes_together_is_in_nobodys_way() {
    let before = format!("{NETWORK}{FUNCTION}");
    // All that it uses stays in the template.
    assert_eq!(said(&before, NETWORK), "");
    // It goes with what it uses.
    let deleted = before.replace("    DeletionPolicy: Retain\n", "");
    let (network, _) = NETWORK.split_once("  Group:").expect("a group");
    assert_eq!(said(&deleted, network), "");
    // What is let go as well.
    let kept = before
        .replace("AWS::EC2::SecurityGroup,", "AWS::EC2::SecurityGroup, DeletionPolicy: Retain,");
    assert_eq!(said(&kept, network), "");
    // What others have deleted holds nothing any more.
    let state = deployed(&graph(&before));
    let mut seen = observed(&state);
    seen.resources.insert("Function".into(), Observation::Gone);
    assert!(planned(&graph(network), &state, &seen).is_ok());
    // What only waited for it does not use it.
    assert_eq!(said(NETWORK, network), "");
}

#[test]
fn a_teardown_does_not_wait_for_what_stays() {
    let state = deployed(&graph(&format!("{NETWORK}{FUNCTION}")));
    let plan = teardown(&state);
    let users: Vec<String> = users(&plan, &state).iter().map(ToString::to_string).collect();
    assert_eq!(users, ["Function"]);
    let refusals = |seen: &Observed| check_users(&plan, &state, seen).err().unwrap_or_default();
    let of = |refusals: Vec<Diagnostic>| -> Vec<String> {
        let said =
            refusals.into_iter().map(|one| format!("{} ({})", one.message, one.hints.join("; ")));
        said.collect()
    };
    let refusal = |gone: &str| {
        format!(
            "`{gone}` cannot be deleted: `Function` is retained and still uses it (VpcConfig) (to \
             keep both, give `{gone}` `DeletionPolicy: Retain` too, and deploy that before; to \
             delete both, take `DeletionPolicy` from `Function`, and deploy that before)"
        )
    };
    let mut seen = observed(&state);
    assert_eq!(of(refusals(&seen)), [refusal("Group"), refusal("Subnet")]);
    // Somebody has taken it off the group, and off all that it was in.
    let Some(Observation::Live(function)) = seen.resources.get_mut("Function") else {
        panic!("it is there")
    };
    function.properties["VpcConfig"]["SecurityGroupIds"] = serde_json::json!(["sg-0of0others"]);
    assert_eq!(of(refusals(&seen)), [refusal("Subnet")]);
    let Some(Observation::Live(function)) = seen.resources.get_mut("Function") else {
        panic!("it is there")
    };
    function.properties["VpcConfig"] = serde_json::Value::Null;
    assert_eq!(of(refusals(&seen)), [""; 0]);
    // What somebody else has deleted holds nothing.
    seen.resources.insert("Function".into(), Observation::Gone);
    assert_eq!(of(refusals(&seen)), [""; 0]);
    let network = deployed(&graph(NETWORK));
    assert!(check_users(&teardown(&network), &network, &Observed::default()).is_ok());
}

#[test]
fn what_only_points_at_a_table_or_a_group_holds_it() {
    let rest = "
  Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  Other: {Type: AWS::EC2::SecurityGroup, DeletionPolicy: Retain, Properties: {GroupDescription: x, VpcId: vpc-1}}
  Association:
    Type: AWS::EC2::SubnetRouteTableAssociation
    DeletionPolicy: Retain
    Properties: {SubnetId: subnet-1, RouteTableId: !Ref Table}
  Rule:
    Type: AWS::EC2::SecurityGroupIngress
    DeletionPolicy: Retain
    Properties: {GroupId: !Ref Other, IpProtocol: tcp, SourceSecurityGroupId: !Ref Group}
";
    let held = |template: &str| {
        let state = deployed(&graph(template));
        let refusals = check_users(&teardown(&state), &state, &observed(&state)).err();
        let refusals = refusals.unwrap_or_default().into_iter().map(|one| one.message);
        refusals.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        held(&format!("{NETWORK}{rest}")),
        "`Table` cannot be deleted: `Association` is retained and still uses it (RouteTableId)\n\
         `Group` cannot be deleted: `Rule` is retained and still uses it (SourceSecurityGroupId)"
    );
    // They go with the subnet and the group that they are of.
    let together =
        rest.replace("subnet-1", "!Ref Subnet").replace("Group, DeletionPolicy: Retain,", "Group,");
    assert_eq!(held(&format!("{NETWORK}{together}")), "");
}

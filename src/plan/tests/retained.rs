//! What is let go and holds something keeps it from being deleted.

use super::{deployed, graph, observed, planned};
use crate::diagnostic::Diagnostic;
use crate::refresh::Observation;

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

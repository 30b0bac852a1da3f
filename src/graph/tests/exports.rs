//! `Export` and `Fn::ImportValue`.

use std::collections::BTreeMap;

use serde_json::json;

use super::{inputs, said, template};
use crate::graph::{Export, Graph, Inputs, Nothing, synth};
use crate::value::Value;

const TEXT: &str = r#"
Parameters: {Network: {Type: String, Default: network}}
Resources:
  Subnet:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !ImportValue {Fn::Sub: "${Network}-vpc"}, CidrBlock: 10.0.0.0/24}
  Group: {Type: AWS::Logs::LogGroup, Condition: No}
Conditions: {No: !Equals [a, b]}
Outputs:
  Vpc: {Value: !ImportValue network-vpc}
  Subnet: {Value: !Ref Subnet, Export: {Name: !Sub "${AWS::StackName}-subnet"}}
  Absent: {Value: !ImportValue nobody, Condition: No, Export: {Name: absent}}
"#;

fn told(exports: &[(&str, &str)]) -> Inputs {
    let export = |(name, value): &(&str, &str)| {
        ((*name).to_owned(), Export { stack: "base".to_owned(), value: Value::from(&json!(value)) })
    };
    Inputs { exports: Some(exports.iter().map(export).collect()), ..inputs(&[]) }
}

fn vpc_of(graph: &Graph) -> Value {
    match graph.properties(&"Subnet".into(), &Nothing).expect("they are right") {
        Value::Map(properties) => properties["VpcId"].clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_import_is_what_another_stack_exports() {
    let graph = synth(template(TEXT), told(&[("network-vpc", "vpc-1")])).expect("it is right");
    assert_eq!(vpc_of(&graph), Value::string("vpc-1"));
    assert_eq!(graph.imports, BTreeMap::from([("network-vpc".to_owned(), "base".to_owned())]));
    assert_eq!(graph.outputs(&Nothing).expect("they are right")[0].value, Value::string("vpc-1"));
    let exports = graph.exports(&Nothing).expect("they are right");
    let exports: Vec<_> = exports.iter().map(|one| (one.name.as_str(), &one.value)).collect();
    assert_eq!(exports, [("sample-subnet", &Value::unknown("Subnet"))]);
}

#[test]
fn an_import_is_unknown_where_nobody_has_looked() {
    let graph = synth(template(TEXT), inputs(&[])).expect("it is right");
    assert_eq!(vpc_of(&graph), Value::unknown("ImportValue(network-vpc)"));
    assert_eq!(graph.imports, BTreeMap::new());
}

#[test]
fn what_nobody_exports_is_refused_with_a_near_name() {
    let findings =
        synth(template(TEXT), told(&[("network-vcp", "x")])).expect_err("it is not there");
    assert_eq!(
        said(&findings),
        "\
6:38 no other stack of this environment exports `network-vpc` | did you mean `network-vcp`, which `base` exports?
10:29 no other stack of this environment exports `network-vpc` | did you mean `network-vcp`, which `base` exports?
"
    );
}

#[test]
fn names_of_exports_are_unique_known_and_of_nothing_hidden() {
    let text = r"
Parameters: {Hidden: {Type: String, Default: a, NoEcho: true}}
Resources:
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !ImportValue {Ref: Other}}}
  Other: {Type: AWS::Logs::LogGroup}
Outputs:
  A: {Value: a, Export: {Name: same}}
  B: {Value: b, Export: {Name: same}}
  C: {Value: c, Export: {Name: !Ref Other}}
  D: {Value: !Ref Hidden, Export: {Name: hidden}}
";
    let findings = synth(template(text), told(&[])).expect_err("they are wrong");
    assert_eq!(
        said(&findings),
        "\
4:78 the name of an export is a text known before deployment
8:32 `same` is exported twice
9:32 the name of an export is a text known before deployment
10:42 `hidden` would export a hidden value | give the other stack the secret as a parameter with NoEcho
"
    );
}

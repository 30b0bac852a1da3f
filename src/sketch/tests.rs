use std::sync::Arc;

use serde_json::json;

use super::{Part, Region, Sketch};
use crate::diagnostic::Source;
use crate::graph::{Inputs, synth};
use crate::state::State;
use crate::template::parse;
use crate::value::LogicalId;

const TEMPLATE: &str = "\
Parameters:
  Word: {Type: String, NoEcho: true, Default: hush-hush}
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16}
  Subnet:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !Ref Vpc
      CidrBlock: !Select [0, !Cidr [!GetAtt Vpc.CidrBlock, 2, 8]]
      AvailabilityZone: !Sub '${AWS::Region}a'
  Key:
    Type: AWS::ApiGateway::ApiKey
    Properties: {Value: !Sub '${Word}-and-twenty-characters'}
    DependsOn: Vpc
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      Tags: [{Key: in, Value: !Join ['+', [a, !Ref Subnet, !GetAtt Vpc.VpcId]]}]
";

fn sketch() -> Sketch {
    let source = Arc::new(Source { name: "t.yaml".to_owned(), text: TEMPLATE.to_owned() });
    let template = parse(&source).unwrap_or_else(|findings| panic!("{findings:?}"));
    let inputs = Inputs {
        stack: "sample".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        ..Inputs::default()
    };
    let graph = synth(Arc::new(template), inputs).unwrap_or_else(|all| panic!("{all:?}"));
    Sketch::of_graph(&graph)
}

fn links(sketch: &Sketch, id: &str) -> Vec<String> {
    let part = sketch.part(&LogicalId::new(id)).expect("a part");
    part.links.iter().map(|link| format!("{} -> {}", link.path, link.to)).collect()
}

/// Types that cannot be deployed are parts like others.
#[test]
fn a_template_tells_who_refers_to_whom() {
    let sketch = sketch();
    assert_eq!(links(&sketch, "Bucket"), ["Tags.Value -> Subnet", "Tags.Value -> Vpc"]);
    assert_eq!(links(&sketch, "Subnet"), ["VpcId -> Vpc"]);
    assert_eq!(links(&sketch, "Key"), [" -> Vpc"], "no property says it");
    let subnet = sketch.part(&LogicalId::new("Subnet")).expect("a part");
    assert_eq!(subnet.says["AvailabilityZone"], "us-east-1a");
    assert!(!subnet.says.contains_key("CidrBlock"), "it is not known: {:?}", subnet.says);
    assert_eq!(subnet.region, Some(Region { line: 7, column: 3, end_column: 9 }));
    let text = serde_json::to_string(&sketch).expect("JSON");
    assert!(!text.contains("hush-hush"), "{text}");
    assert_eq!(serde_json::from_str::<Sketch>(&text).expect("JSON"), sketch);
}

/// A state has ids where the template has references.
#[test]
fn a_state_tells_who_refers_to_whom() {
    let instance = |type_name: &str, id: &str, properties, dependencies| {
        json!({"current": {
            "type_name": type_name, "token": id, "physical_id": id, "properties": properties,
            "attributes": {"Arn": format!("arn:aws:{id}")}, "dependencies": dependencies,
            "deletion_policy": "Delete", "update_replace_policy": "Delete", "naming": "Declared",
        }})
    };
    let state: State = serde_json::from_value(json!({
        "format": 1, "serial": 1, "lineage": "l", "stack": "s", "account": "123456789012",
        "region": "us-east-1", "outputs": {},
        "resources": {
            "Vpc": instance("AWS::EC2::VPC", "vpc-1234", json!({"CidrBlock": "10.0.0.0/16"}), json!([])),
            "Subnet": instance("AWS::EC2::Subnet", "subnet-1", json!({"VpcId": "vpc-1234"}), json!(["Vpc"])),
            "Role": instance("AWS::IAM::Role", "role-1", json!({"Policies": [{"R": "arn:aws:subnet-1/*"}]}),
                json!(["Subnet", "Vpc"])),
        },
    }))
    .expect("a state");
    let owned = Sketch::of_state(&state);
    assert_eq!(links(&owned, "Subnet"), ["VpcId -> Vpc"]);
    assert_eq!(links(&owned, "Role"), ["Policies.R -> Subnet", " -> Vpc"]);

    let both = sketch().with_state(&state);
    let ids: Vec<&str> = both.parts.iter().map(|part: &Part| part.id.as_str()).collect();
    assert_eq!(ids.iter().filter(|id| **id == "Subnet").count(), 1);
    assert!(ids.contains(&"Role") && ids.contains(&"Bucket"), "{ids:?}");
}

//! Modules: what refers to them, and what stands beside them.

use serde_json::{Value as Json, json};

use super::{graph, inputs, said, template};
use crate::graph::{Graph, Nothing, has_modules, synth};
use crate::template::DeletionPolicy;
use crate::value::LogicalId;

const MODULE: &str = "
Conditions:
  IsWanted: !Equals [a, a]
Resources:
  Net:
    Type: Cairn::EC2::IsolatedVpc::MODULE
    Properties: {CidrBlock: 10.0.0.0/16}
";

fn with(text: &str) -> Graph {
    graph(&format!("{MODULE}{text}"))
}

fn properties(graph: &Graph, id: &str) -> Json {
    graph.properties(&LogicalId::from(id), &Nothing).expect("they are right").to_json()
}

#[test]
fn a_resource_of_a_module_is_named_with_a_dot_or_without() {
    let same = [
        ("!Ref Net.Vpc", "!Ref NetVpc"),
        ("!GetAtt Net.Vpc.VpcId", "!GetAtt NetVpc.VpcId"),
        ("!GetAtt [Net, Vpc.VpcId]", "!GetAtt NetVpc.VpcId"),
        ("!GetAtt [Net.Vpc, VpcId]", "!GetAtt NetVpc.VpcId"),
        ("!Sub '${Net.Vpc}'", "!Sub '${NetVpc}'"),
        ("!Sub 'a ${Net.Vpc.VpcId} ${!Net.Vpc}'", "!Sub 'a ${NetVpc.VpcId} ${!Net.Vpc}'"),
        ("!Sub ['${X}', {X: !Ref Net.Vpc}]", "!Sub ['${X}', {X: !Ref NetVpc}]"),
        ("!If [IsWanted, !Ref Net.Vpc, x]", "!If [IsWanted, !Ref NetVpc, x]"),
        ("!GetAtt Net.VpcId", "!Ref NetVpc"),
        ("!Sub '${Net.VpcId}/${Net.VpcId}'", "!Sub '${NetVpc}/${NetVpc}'"),
        ("!GetAtt Net.SubnetIds", "!Join [',', [!Ref NetVpcSubnet1, !Ref NetVpcSubnet2]]"),
    ];
    for (dotted, plain) in same {
        let table = |vpc: &str| {
            with(&format!("  T: {{Type: AWS::EC2::RouteTable, Properties: {{VpcId: {vpc}}}}}\n"))
        };
        let (dotted_graph, plain_graph) = (table(dotted), table(plain));
        assert_eq!(properties(&dotted_graph, "T"), properties(&plain_graph, "T"), "{dotted}");
        let waits = |graph: &Graph| graph.nodes["T"].dependencies.clone();
        assert_eq!(waits(&dotted_graph), waits(&plain_graph), "{dotted}");
        assert!(!waits(&dotted_graph).is_empty(), "{dotted}");
    }
}

#[test]
fn what_stands_beside_a_module_is_said_of_all_its_resources() {
    let graph = graph(
        "
Conditions:
  IsWanted: !Equals [a, a]
  IsNot: !Equals [a, b]
Resources:
  Log: {Type: AWS::Logs::LogGroup}
  After: {Type: AWS::Logs::LogGroup, DependsOn: [Net, Other.Vpc]}
  Net:
    Type: Cairn::EC2::IsolatedVpc::MODULE
    DependsOn: Log
    DeletionPolicy: Retain
    Condition: IsWanted
    Properties: {CidrBlock: 10.0.0.0/16, ZoneLetters: [a]}
  Other:
    Type: Cairn::EC2::IsolatedVpc::MODULE
    Properties: {CidrBlock: 10.1.0.0/16, ZoneLetters: [a]}
  Never:
    Type: Cairn::EC2::IsolatedVpc::MODULE
    Condition: IsNot
    Properties: {CidrBlock: 10.2.0.0/16}
",
    );
    let own: Vec<&str> =
        graph.nodes.keys().map(LogicalId::as_str).filter(|id| id.starts_with("Net")).collect();
    assert_eq!(
        own,
        ["NetVpc", "NetVpcSubnet1", "NetVpcSubnet1RouteTable", "NetVpcSubnet1Association"]
    );
    for id in &own {
        let node = &graph.nodes[*id];
        assert!(node.dependencies.contains("Log"), "{id}");
        assert_eq!(node.deletion_policy, DeletionPolicy::Retain, "{id}");
        assert!(graph.nodes["After"].dependencies.contains(*id), "{id}");
    }
    assert_eq!(graph.nodes["After"].dependencies.len(), own.len() + 1);
    assert_eq!(graph.nodes["OtherVpc"].deletion_policy, DeletionPolicy::Delete);
    assert!(!graph.nodes.contains_key("NeverVpc"));
}

#[test]
fn properties_of_a_module_may_be_functions() {
    let text = "
Parameters:
  Scope: {Type: String, Default: region}
  Block: {Type: String, Default: 10.7.0.0/16}
  Zone: {Type: String, Default: c}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: []}}
  Huts:
    Type: Cairn::Bedrock::PrivateAgentApi::MODULE
    Properties:
      Persona: You are Maren, who has kept a hut for thirty-one summers.
      Code: {S3Bucket: bucket, S3Key: k}
      CidrBlock: !Ref Block
      ZoneLetters: [!Ref Zone, d, e]
      ModelScope: !Ref Scope
      FoundationModel: amazon.nova-lite-v1:0
      AgentRoleArn: !GetAtt Role.Arn
      AgentName: !Ref AWS::NoValue
";
    let models = [("region", "amazon.nova-lite-v1:0"), ("eu", "eu.amazon.nova-lite-v1:0")];
    for (scope, model) in models {
        let graph = synth(template(text), inputs(&[("Scope", scope)]))
            .unwrap_or_else(|findings| panic!("{}", said(&findings)));
        let agent = properties(&graph, "HutsAgent");
        assert_eq!(agent["FoundationModel"], model);
        assert_eq!(agent["AgentName"], "persona-agent");
        assert_eq!(agent["AgentResourceRoleArn"], "(known after apply: Role.Arn)");
        let subnet = properties(&graph, "HutsVpcSubnet3");
        assert_eq!(subnet["CidrBlock"], "10.7.2.0/24");
        assert_eq!(properties(&graph, "HutsVpcSubnet1")["AvailabilityZone"], json!("us-east-1c"));
        assert!(!graph.nodes.contains_key("HutsAgentRole"));
    }
}

#[test]
fn parts_that_are_there_are_not_made() {
    let huts = |properties: &str| {
        graph(&format!(
            "
Resources:
  Huts:
    Type: Cairn::Bedrock::PrivateAgentApi::MODULE
    Properties:
      Persona: You are Maren, who has kept a hut for thirty-one summers.
{properties}"
        ))
    };
    let with_function =
        huts("      FunctionArn: arn:aws:lambda:us-east-1:123456789012:function:f\n");
    let types = |graph: &Graph| {
        let mut types: Vec<_> = graph.nodes.values().map(|node| node.type_name.clone()).collect();
        types.sort();
        types.dedup();
        types
    };
    assert!(types(&with_function).iter().all(|name| !name.starts_with("AWS::EC2")));
    let with_vpc = huts(
        "      Code: {S3Bucket: bucket, S3Key: k}\n      VpcId: vpc-1\n      SubnetIds: [subnet-1, subnet-2]\n",
    );
    let endpoint = properties(&with_vpc, "HutsEndpoint");
    assert_eq!(endpoint["VpcId"], "vpc-1");
    assert_eq!(endpoint["SubnetIds"], json!(["subnet-1", "subnet-2"]));
    assert!(!types(&with_vpc).contains(&"AWS::EC2::VPC".to_owned()));
}

#[test]
fn a_loop_may_make_modules() {
    let text = "
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Nets:
    - Number
    - ['1', '2']
    - Net${Number}:
        Type: Cairn::EC2::IsolatedVpc::MODULE
        Properties: {CidrBlock: '10.${Number}.0.0/16', ZoneLetters: [a]}
Outputs:
  Second: {Value: !Ref Net2.Vpc}
";
    let graph = graph(text);
    assert_eq!(properties(&graph, "Net2Vpc")["CidrBlock"], "10.2.0.0/16");
    assert_eq!(graph.nodes.len(), 8);
    assert!(has_modules(&template(text)));
    assert!(!has_modules(&graph.template));
}

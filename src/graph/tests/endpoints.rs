//! What is said of VPC endpoints.

use super::{inputs, said, template};
use crate::graph::synth;

/// What is said of one endpoint in a VPC with these properties besides its block.
#[track_caller]
fn check(vpc: &str, endpoint: &str, expected: &str) {
    let text = format!(
        "Resources:
  Vpc: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: 10.0.0.0/16{vpc}}}}}
  Subnet: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}}}
  Endpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties:
      VpcId: !Ref Vpc
{endpoint}"
    );
    let findings = match synth(template(&text), inputs(&[])) {
        Ok(graph) => graph.warnings,
        Err(findings) => findings,
    };
    assert_eq!(said(&findings).trim_end(), expected.trim(), "{text}");
}

#[test]
fn a_misspelt_service_is_doubted() {
    let named = |name: &str, expected: &str| {
        let endpoint = format!("      VpcEndpointType: Interface\n      ServiceName: {name}\n");
        check("", &endpoint, expected);
    };
    named(
        "!Sub com.amazonaws.${AWS::Region}.bedrock-agent-runtim",
        "~9:20 no service `com.amazonaws.us-east-1.bedrock-agent-runtim` is known here | \
         did you mean `!Sub com.amazonaws.${AWS::Region}.bedrock-agent-runtime`?",
    );
    named(
        "com.amazonaws.us-east-1.sqss",
        "~9:20 no service `com.amazonaws.us-east-1.sqss` is known here | \
         did you mean `!Sub com.amazonaws.${AWS::Region}.sqs`?",
    );
    named(
        "com.amazonaws.bedrock-runtime",
        "~9:20 no service `com.amazonaws.bedrock-runtime` is known here | \
         did you mean `!Sub com.amazonaws.${AWS::Region}.bedrock-runtime`?",
    );
    named(
        "com.amazonaws.eu-west-1.sqs",
        "~9:20 `com.amazonaws.eu-west-1.sqs` is in eu-west-1, and the endpoint would be in \
         us-east-1 | did you mean `!Sub com.amazonaws.${AWS::Region}.sqs`?",
    );
    for fine in [
        "com.amazonaws.us-east-1.bedrock-agent-runtime",
        "aws.sagemaker.us-east-1.notebook",
        "com.amazonaws.iam",
        "com.amazonaws.us-east-1.something-new",
        "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
        "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0",
        "cn.com.amazonaws.cn-north-1.sqs",
        "!GetAtt Subnet.SubnetId",
        "com.amazonaws.eu-west-1.sqs\n      ServiceRegion: eu-west-1",
    ] {
        named(fine, "");
    }
}

#[test]
fn an_endpoint_takes_what_its_type_takes() {
    check(
        "",
        r"      VpcEndpointType: Interface
      ServiceName: !Sub com.amazonaws.${AWS::Region}.sqs
      RouteTableIds: [rtb-1]
",
        "10:7 an interface endpoint takes no `RouteTableIds` | it is reached in its `SubnetIds`, not \
         by routes",
    );
    check(
        "",
        r"      ServiceName: !Sub com.amazonaws.${AWS::Region}.sqs
      SubnetIds: [!Ref Subnet]
      PrivateDnsEnabled: true
",
        "9:7 a gateway endpoint takes no `SubnetIds` | say `VpcEndpointType: Interface`: an endpoint \
         is a gateway unless it says\n10:7 a gateway endpoint takes no `PrivateDnsEnabled` | say \
         `VpcEndpointType: Interface`: an endpoint is a gateway unless it says",
    );
    check(
        "",
        r"      VpcEndpointType: Gateway
      ServiceName: !Sub com.amazonaws.${AWS::Region}.s3
      SecurityGroupIds: [sg-1]
",
        "10:7 a gateway endpoint takes no `SecurityGroupIds` | it is reached by the routes of its \
         `RouteTableIds`",
    );
    check(
        "",
        "      ServiceName: !Sub com.amazonaws.${AWS::Region}.sqs\n",
        "8:20 `com.amazonaws.us-east-1.sqs` has no gateway: it is reached by an interface endpoint \
         | say `VpcEndpointType: Interface`",
    );
    check(
        "",
        r"      ServiceName: !Sub com.amazonaws.${AWS::Region}.s3
      RouteTableIds: [rtb-1]
      SubnetIds: []
      PrivateDnsEnabled: false
",
        "",
    );
}

#[test]
fn a_subnet_is_listed_once_although_nobody_knows_its_id() {
    let twice = r"      VpcEndpointType: Interface
      ServiceName: !Sub com.amazonaws.${AWS::Region}.sqs
      SubnetIds: [!Ref Subnet, !GetAtt Subnet.SubnetId, !Ref Subnet]
";
    check("", twice, "10:57 the same item is listed twice");
}

#[test]
fn private_names_need_what_resolves_them() {
    let private = r"      VpcEndpointType: Interface
      ServiceName: !Sub com.amazonaws.${AWS::Region}.sqs
      PrivateDnsEnabled: true
";
    let hostnames = "10:7 private names need `EnableDnsHostnames` of the VPC `Vpc`, which is off | \
                     give `Vpc` `EnableDnsHostnames: true`";
    check("", private, hostnames);
    check(", EnableDnsHostnames: false", private, hostnames);
    check(
        ", EnableDnsHostnames: true, EnableDnsSupport: false",
        private,
        "10:7 private names need `EnableDnsSupport` of the VPC `Vpc`, which is off | give `Vpc` \
         `EnableDnsSupport: true`",
    );
    check(", EnableDnsHostnames: 'True'", private, "");
    check("", &private.replace("true", "false"), "");
}

//! A stack of a thousand network and IAM resources, as large companies have them: what a plan of
//! many costs is measured, and tested, on it.

use serde_json::{Map, Value as Json, json};

/// How many resources it has.
pub const RESOURCES: usize = 1_000;

const VPCS: usize = 5;
const SUBNETS: usize = 40;
const TABLES: usize = 10;
const ROUTES: usize = 10;
const GROUPS: usize = 20;
const RULES: usize = 30;
const ROLES: usize = 75;
const MANAGED: usize = 25;
const LOGS: usize = 50;

/// The template, as JSON.
pub fn template() -> Json {
    let mut resources = Map::new();
    for number in 0..VPCS {
        network(&mut resources, number);
    }
    for number in 0..ROLES {
        role(&mut resources, number);
    }
    for number in 0..MANAGED {
        let properties = json!({
            "PolicyDocument": document(&format!("logs:Describe{number}")),
            "Roles": [{"Ref": format!("Role{number}")}],
        });
        add(&mut resources, format!("Managed{number}"), "AWS::IAM::ManagedPolicy", properties);
    }
    for number in 0..LOGS {
        let properties =
            json!({"LogGroupName": format!("/thousand/{number}"), "RetentionInDays": 14});
        add(&mut resources, format!("Logs{number}"), "AWS::Logs::LogGroup", properties);
    }
    assert_eq!(resources.len(), RESOURCES, "the parts add up");
    json!({"Resources": resources})
}

/// A VPC with all that is in it.
fn network(resources: &mut Map<String, Json>, number: usize) {
    let vpc = format!("Vpc{number}");
    let in_vpc = json!({"Ref": vpc});
    let tags = json!([{"Key": "network", "Value": number.to_string()}]);
    let properties = json!({
        "CidrBlock": format!("10.{number}.0.0/16"), "EnableDnsSupport": true,
        "EnableDnsHostnames": true, "Tags": tags,
    });
    add(resources, vpc.clone(), "AWS::EC2::VPC", properties);
    for table in 0..TABLES {
        let properties = json!({"VpcId": in_vpc, "Tags": tags});
        add(resources, format!("{vpc}Table{table}"), "AWS::EC2::RouteTable", properties);
    }
    for route in 0..ROUTES {
        let properties = json!({
            "RouteTableId": {"Ref": format!("{vpc}Table{route}")},
            "DestinationCidrBlock": "192.168.0.0/16",
            "GatewayId": format!("vgw-0000000000000000{number}"),
        });
        add(resources, format!("{vpc}Route{route}"), "AWS::EC2::Route", properties);
    }
    for subnet in 0..SUBNETS {
        let name = format!("{vpc}Subnet{subnet}");
        let zone = ["us-east-1a", "us-east-1b"][subnet % 2];
        let properties = json!({
            "VpcId": in_vpc, "CidrBlock": format!("10.{number}.{subnet}.0/24"),
            "AvailabilityZone": zone, "Tags": tags,
        });
        add(resources, name.clone(), "AWS::EC2::Subnet", properties);
        let way = json!({
            "SubnetId": {"Ref": name}, "RouteTableId": {"Ref": format!("{vpc}Table{}", subnet % TABLES)},
        });
        add(resources, format!("{name}Way"), "AWS::EC2::SubnetRouteTableAssociation", way);
    }
    for group in 0..GROUPS {
        let properties = json!({
            "GroupDescription": format!("members {group}"), "VpcId": in_vpc, "Tags": tags,
        });
        add(resources, format!("{vpc}Group{group}"), "AWS::EC2::SecurityGroup", properties);
    }
    let group = |number: usize| json!({"Fn::GetAtt": [format!("{vpc}Group{}", number % GROUPS), "GroupId"]});
    for rule in 0..RULES {
        let (kind, name, peer) = match rule % 3 {
            0 => ("AWS::EC2::SecurityGroupEgress", "Out", "DestinationSecurityGroupId"),
            _ => ("AWS::EC2::SecurityGroupIngress", "In", "SourceSecurityGroupId"),
        };
        let port = 8_000 + rule;
        let properties = json!({
            "GroupId": group(rule), peer: group(rule + 1), "IpProtocol": "tcp",
            "FromPort": port, "ToPort": port,
        });
        add(resources, format!("{vpc}{name}{rule}"), kind, properties);
    }
    for (endpoint, service) in ["logs", "sts", "bedrock-runtime", "kms"].iter().enumerate() {
        let properties = json!({
            "VpcId": in_vpc, "VpcEndpointType": "Interface", "PrivateDnsEnabled": true,
            "ServiceName": format!("com.amazonaws.us-east-1.{service}"),
            "SubnetIds": [{"Ref": format!("{vpc}Subnet0")}, {"Ref": format!("{vpc}Subnet1")}],
            "SecurityGroupIds": [group(endpoint)],
        });
        add(resources, format!("{vpc}Endpoint{endpoint}"), "AWS::EC2::VPCEndpoint", properties);
    }
}

/// A role with a policy of its own, and one that is put on it.
fn role(resources: &mut Map<String, Json>, number: usize) {
    let name = format!("Role{number}");
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }],
    });
    let properties = json!({
        "AssumeRolePolicyDocument": trust, "Description": format!("worker {number}"),
        "MaxSessionDuration": 7200,
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
        "Policies": [{"PolicyName": "own", "PolicyDocument": document(&format!("s3:Get{number}"))}],
        "Tags": [{"Key": "worker", "Value": number.to_string()}],
    });
    add(resources, name.clone(), "AWS::IAM::Role", properties);
    let properties = json!({
        "PolicyName": "put", "Roles": [{"Ref": name}],
        "PolicyDocument": document(&format!("sqs:Send{number}")),
    });
    add(resources, format!("{name}Policy"), "AWS::IAM::Policy", properties);
}

fn document(action: &str) -> Json {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}],
    })
}

fn add(resources: &mut Map<String, Json>, name: String, kind: &str, properties: Json) {
    let resource = [("Type", kind.into()), ("Properties", properties)];
    resources.insert(name, Json::from_iter(resource));
}

//! The rules of EC2's routes, and of IPv6 blocks.

use serde_json::json;

use super::Story;
use crate::simulation::aws::account::MINUTE;

#[test]
fn a_route_leads_from_a_table_to_something_of_its_vpc() {
    let mut story = Story::new();
    let (vpc, other) = (story.vpc("10.4.0.0/16"), story.vpc("10.5.0.0/16"));
    let table = story.ok("ec2:CreateRouteTable", json!({"VpcId": vpc}))["routeTable"].clone();
    let table = table["routeTableId"].clone();
    let made = story.ok("ec2:CreateInternetGateway", json!({}));
    let gateway = made["internetGateway"]["internetGatewayId"].clone();
    let route = |destination: &str| json!({"RouteTableId": table, "DestinationCidrBlock": destination, "GatewayId": gateway});
    let early = story.refused("ec2:CreateRoute", route("0.0.0.0/0"));
    assert_eq!(early, "InvalidParameterValue", "it is in another network");
    story.ok("ec2:AttachInternetGateway", json!({"InternetGatewayId": gateway, "VpcId": vpc}));
    story.ok("ec2:CreateRoute", route("100.68.0.18/18"));
    story.all_refused(&[
        ("ec2:CreateRoute", route("100.68.0.0/18"), "RouteAlreadyExists"),
        ("ec2:CreateRoute", route("10.4.0.0/16"), "RouteAlreadyExists"),
        ("ec2:CreateRoute", route("nowhere"), "InvalidParameterValue"),
        ("ec2:CreateRoute", json!({"RouteTableId": table, "GatewayId": gateway}), "InvalidParameterCombination"),
        ("ec2:CreateRoute", json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}), "InvalidParameterCombination"),
        ("ec2:CreateRoute", json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}), "InvalidGatewayID.NotFound"),
        ("ec2:ReplaceRoute", route("0.0.0.0/0"), "InvalidParameterValue"),
        ("ec2:DeleteRoute", route("0.0.0.0/0"), "InvalidRoute.NotFound"),
        ("ec2:DeleteRoute", route("10.4.0.0/16"), "InvalidParameterValue"),
        ("ec2:AttachInternetGateway", json!({"InternetGatewayId": gateway, "VpcId": other}), "Resource.AlreadyAssociated"),
        ("ec2:DeleteInternetGateway", json!({"InternetGatewayId": gateway}), "DependencyViolation"),
    ]);
    let told = story.ok(
        "ec2:DescribeRouteTables",
        json!({"Filter": [{"Name": "route-table-id", "Value": [table]}]}),
    );
    let routes = &told["routeTableSet"][0]["routeSet"];
    assert_eq!(routes[1]["destinationCidrBlock"], "100.68.0.0/18", "in its canonical form");
    story.ok("ec2:DetachInternetGateway", json!({"InternetGatewayId": gateway, "VpcId": vpc}));
    story.ok("ec2:DeleteInternetGateway", json!({"InternetGatewayId": gateway}));
    let told = story.ok(
        "ec2:DescribeRouteTables",
        json!({"Filter": [{"Name": "route-table-id", "Value": [table]}]}),
    );
    assert_eq!(told["routeTableSet"][0]["routeSet"][1]["state"], "blackhole");
    story.ok("ec2:DeleteRouteTable", json!({"RouteTableId": table}));
    assert_eq!(story.account.records("route").count(), 0, "its routes went with it");
}

#[test]
fn of_endpoints_only_that_of_a_gateway_load_balancer_is_led_to() {
    let mut story = Story::new();
    let vpc = story.vpc("10.4.0.0/16");
    let subnet = story.subnet(&vpc, "10.4.1.0/24");
    let table = story.ok("ec2:CreateRouteTable", json!({"VpcId": vpc}))["routeTable"].clone();
    let table = table["routeTableId"].clone();
    let balancer = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0";
    let mut make = |service: &str, kind: &str, subnets: &[&serde_json::Value]| {
        let request = json!({"VpcId": vpc, "ServiceName": service, "VpcEndpointType": kind, "SubnetId": subnets});
        story.ok("ec2:CreateVpcEndpoint", request)["vpcEndpoint"]["vpcEndpointId"].clone()
    };
    let objects = make("com.amazonaws.us-east-1.s3", "Gateway", &[]);
    let queues = make("com.amazonaws.us-east-1.sqs", "Interface", &[&subnet]);
    let inspection = make(balancer, "GatewayLoadBalancer", &[&subnet]);
    let route = |endpoint: &serde_json::Value| json!({"RouteTableId": table, "DestinationCidrBlock": "192.168.0.0/16", "VpcEndpointId": endpoint});
    let of_balancer = |subnets: &[&serde_json::Value]| json!({"VpcId": vpc, "ServiceName": balancer, "VpcEndpointType": "GatewayLoadBalancer", "SubnetId": subnets});
    let of_kind = |kind: &str| json!({"VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.sqs", "VpcEndpointType": kind});
    story.all_refused(&[
        ("ec2:CreateRoute", route(&objects), "InvalidParameterValue"),
        ("ec2:CreateRoute", route(&queues), "InvalidParameterValue"),
        ("ec2:CreateVpcEndpoint", of_balancer(&[]), "InvalidParameter"),
        ("ec2:CreateVpcEndpoint", of_kind("Gateway"), "InvalidParameter"),
        ("ec2:CreateVpcEndpoint", of_kind("GatewayLoadBalancer"), "InvalidParameter"),
    ]);
    story.ok("ec2:CreateRoute", route(&inspection));
    let answer = story.ok("ec2:DeleteVpcEndpoints", json!({"VpcEndpointId": [inspection]}));
    assert_eq!(answer["unsuccessful"][0]["error"]["code"], "DependencyViolation");
    let key = json!({"RouteTableId": table, "DestinationCidrBlock": "192.168.0.0/16"});
    story.ok("ec2:DeleteRoute", key);
    let answer = story.ok("ec2:DeleteVpcEndpoints", json!({"VpcEndpointId": [inspection]}));
    assert_eq!(answer["unsuccessful"], json!([]));
}

#[test]
fn a_subnet_has_one_ipv6_block_of_its_vpc() {
    let mut story = Story::new();
    let vpc = story.vpc("10.4.0.0/16");
    let (one, two) = (story.subnet(&vpc, "10.4.1.0/24"), story.subnet(&vpc, "10.4.2.0/24"));
    let made = story.ok("ec2:AssociateVpcCidrBlock", json!({"VpcId": vpc}));
    let whole =
        made["ipv6CidrBlockAssociation"]["ipv6CidrBlock"].as_str().expect("a block").to_owned();
    let block = whole.replace("/56", "/64");
    let give = |subnet: &serde_json::Value, block: &str| json!({"SubnetId": subnet, "Ipv6CidrBlock": block});
    let made = story.ok("ec2:AssociateSubnetCidrBlock", give(&one, &block));
    story.all_refused(&[
        ("ec2:AssociateSubnetCidrBlock", give(&one, &block), "InvalidParameterValue"),
        ("ec2:AssociateSubnetCidrBlock", give(&two, &block), "InvalidSubnet.Conflict"),
        ("ec2:AssociateSubnetCidrBlock", give(&two, "2001:db8::/64"), "InvalidSubnet.Range"),
        ("ec2:AssociateSubnetCidrBlock", give(&two, "ten"), "InvalidParameterValue"),
    ]);
    story.wait(MINUTE);
    let association = made["ipv6CidrBlockAssociation"]["associationId"].clone();
    let gone = json!({"AssociationId": association});
    story.ok("ec2:DisassociateSubnetCidrBlock", gone.clone());
    let again = story.refused("ec2:DisassociateSubnetCidrBlock", gone);
    assert_eq!(again, "InvalidSubnetCidrBlockAssociationID.NotFound");
    story.ok("ec2:AssociateSubnetCidrBlock", give(&two, &block));
}

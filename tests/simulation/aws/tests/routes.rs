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

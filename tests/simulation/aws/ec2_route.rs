//! EC2: routes, and the internet gateways that some of them lead to.
//! Sources: the Amazon EC2 API Reference (`CreateRoute` to `ReplaceRoute`, `AttachInternetGateway`),
//! "Configure route tables" in the Amazon VPC User Guide, and "Amazon VPC quotas".

use ipnet::IpNet;
use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, NUMBER, Record, Refusal, given, needed, record, refuse, text,
};
use super::ec2::{in_use, not_found, vpc};
use super::ec2_endpoint::LOAD_BALANCER;
use super::ec2_routing::table;
use super::ec2_tags;

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "CreateRoute" => create(account, request),
        "ReplaceRoute" => replace(account, request),
        "DeleteRoute" => delete(account, request),
        "CreateInternetGateway" => create_gateway(account, request),
        "DescribeInternetGateways" => ec2_tags::describe(
            account,
            "gateway",
            request,
            "internetGatewaySet",
            ec2_tags::members(&[("internet-gateway-id", "internetGatewayId")]),
        ),
        "AttachInternetGateway" => attach(account, request),
        "DetachInternetGateway" => detach(account, request),
        "DeleteInternetGateway" => delete_gateway(account, request),
        _ => refuse("InvalidAction", format!("{operation} of EC2 is not simulated")),
    }
}

/// A request's destination, its member in answers and its canonical form: "we modify the specified
/// CIDR block to its canonical form; for example, if you specify 100.68.0.18/18, we modify it to
/// 100.68.0.0/18".
fn destination(request: &Json) -> Result<(&'static str, String), Refusal> {
    let known = [
        ("DestinationCidrBlock", "destinationCidrBlock"),
        ("DestinationIpv6CidrBlock", "destinationIpv6CidrBlock"),
        ("DestinationPrefixListId", "destinationPrefixListId"),
    ];
    let mut all = known.iter().filter_map(|(name, told)| Some((*told, given(request, name)?)));
    let (Some((told, value)), None) = (all.next(), all.next()) else {
        return refuse("InvalidParameterCombination", "exactly one destination must be specified");
    };
    if told == "destinationPrefixListId" {
        return Ok((told, value.to_owned()));
    }
    match value.parse::<IpNet>() {
        Ok(block) => Ok((told, block.trunc().to_string())),
        Err(_) => refuse(
            "InvalidParameterValue",
            format!(
                "Value ({value}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block."
            ),
        ),
    }
}

const TARGETS: [(&str, &str); 11] = [
    ("CarrierGatewayId", "carrierGatewayId"),
    ("CoreNetworkArn", "coreNetworkArn"),
    ("EgressOnlyInternetGatewayId", "egressOnlyInternetGatewayId"),
    ("GatewayId", "gatewayId"),
    ("InstanceId", "instanceId"),
    ("LocalGatewayId", "localGatewayId"),
    ("NatGatewayId", "natGatewayId"),
    ("NetworkInterfaceId", "networkInterfaceId"),
    ("TransitGatewayId", "transitGatewayId"),
    // An endpoint is told as a gateway.
    ("VpcEndpointId", "gatewayId"),
    ("VpcPeeringConnectionId", "vpcPeeringConnectionId"),
];

/// "You must specify one of the targets", which is there and of the table's VPC. Of what can be a
/// target there are gateways, interfaces and endpoints: "The ID of a VPC endpoint. Supported for
/// Gateway Load Balancer endpoints only" (`VpcEndpointId`).
fn target(account: &Account, vpc: &str, request: &Json) -> Result<(&'static str, String), Refusal> {
    let mut all =
        TARGETS.iter().filter_map(|(name, told)| Some((*name, *told, given(request, name)?)));
    let (Some((name, told, id)), None) = (all.next(), all.next()) else {
        return refuse("InvalidParameterCombination", "exactly one target must be specified");
    };
    if id.starts_with("vpce-") {
        return match account.record("endpoint", id) {
            None => not_found("InvalidVpcEndpointId.NotFound", "VpcEndpoint", id),
            Some(found) if text(found, "vpcEndpointType") != LOAD_BALANCER => refuse(
                "InvalidParameterValue",
                format!("{id} is not the endpoint of a gateway load balancer"),
            ),
            Some(found) if text(found, "vpcId") != vpc => refuse(
                "InvalidParameterValue",
                format!("route table and endpoint {id} belong to different networks"),
            ),
            Some(_) => Ok((told, id.to_owned())),
        };
    }
    match name {
        "GatewayId" => match account.record("gateway", id) {
            None => not_found("InvalidGatewayID.NotFound", "gateway", id),
            Some(found) if !is_attached(found, vpc) => refuse(
                "InvalidParameterValue",
                format!("route table and network gateway {id} belong to different networks"),
            ),
            Some(_) => Ok((told, id.to_owned())),
        },
        "NetworkInterfaceId" => match account.record("interface", id) {
            None => not_found("InvalidNetworkInterfaceID.NotFound", "networkInterface", id),
            Some(found) if text(found, "vpcId") != vpc => refuse(
                "InvalidParameterValue",
                format!("route table and interface {id} belong to different networks"),
            ),
            Some(_) => Ok((told, id.to_owned())),
        },
        _ => not_found(&format!("Invalid{}.NotFound", name.replace("Id", "ID")), name, id),
    }
}

fn is_attached(gateway: &Record, vpc: &str) -> bool {
    gateway["attachmentSet"].as_array().is_some_and(|all| all.iter().any(|one| one["vpcId"] == vpc))
}

/// The route a table has for a destination.
fn key(table: &str, destination: &str) -> String {
    format!("{table}|{destination}")
}

/// The local route is there from the beginning; 500 routes a table.
fn create(account: &mut Account, request: &Json) -> Answer {
    let table = table(account, needed(request, "RouteTableId")?)?;
    let id = text(table, "routeTableId").to_owned();
    let (member, destination) = destination(request)?;
    let (target, target_id) = target(account, text(table, "vpcId"), request)?;
    let is_local = table["routeSet"][0]["destinationCidrBlock"] == destination.as_str();
    if is_local || account.record("route", &key(&id, &destination)).is_some() {
        let message = format!("The route identified by {destination} already exists.");
        return refuse("RouteAlreadyExists", message);
    }
    if account.records("route").filter(|(_, it)| text(it, "_table") == id).count() >= 500 {
        return refuse("RouteLimitExceeded", "The maximum number of routes has been reached.");
    }
    let made = record(json!({
        member: destination, target: target_id, "state": "active", "origin": "CreateRoute",
        "_table": id, "_target": target,
    }));
    account.table("route").insert(key(&id, &destination), made);
    Ok(json!({"return": true}))
}

fn replace(account: &mut Account, request: &Json) -> Answer {
    let table = table(account, needed(request, "RouteTableId")?)?;
    let id = text(table, "routeTableId").to_owned();
    let (member, destination) = destination(request)?;
    let (target, target_id) = target(account, text(table, "vpcId"), request)?;
    let key = key(&id, &destination);
    if account.record("route", &key).is_none() {
        let message = format!(
            "There is no route defined for '{destination}' in the route table. Use CreateRoute instead."
        );
        return refuse("InvalidParameterValue", message);
    }
    let made = record(json!({
        member: destination, target: target_id, "state": "active", "origin": "CreateRoute",
        "_table": id, "_target": target,
    }));
    account.table("route").insert(key, made);
    Ok(json!({"return": true}))
}

/// "You can't delete the local route."
fn delete(account: &mut Account, request: &Json) -> Answer {
    let table = table(account, needed(request, "RouteTableId")?)?;
    let id = text(table, "routeTableId").to_owned();
    let (_, destination) = destination(request)?;
    if table["routeSet"][0]["destinationCidrBlock"] == destination.as_str() {
        let message = format!("cannot remove local route {destination} in route table {id}");
        return refuse("InvalidParameterValue", message);
    }
    if account.table("route").remove(&key(&id, &destination)).is_none() {
        let message =
            format!("no route with destination-cidr-block {destination} in route table {id}");
        return refuse("InvalidRoute.NotFound", message);
    }
    Ok(json!({"return": true}))
}

/// The routes of a table that somebody made: "blackhole" once the target is gone.
pub fn told(account: &Account, table: &str) -> Vec<Json> {
    let all = account.records("route").filter(|(_, it)| text(it, "_table") == table);
    all.map(|(_, route)| {
        let id = text(route, text(route, "_target"));
        let is_there = ["gateway", "interface", "endpoint"]
            .iter()
            .any(|kind| account.record(kind, id).is_some());
        let mut told = route.clone();
        if !is_there {
            told.insert("state".to_owned(), "blackhole".into());
        }
        Json::Object(told)
    })
    .collect()
}

fn create_gateway(account: &mut Account, request: &Json) -> Answer {
    let tags = ec2_tags::of_create(request, "internet-gateway")?;
    let id = account.id("igw");
    let made =
        json!({"internetGatewayId": id, "attachmentSet": [], "tagSet": tags, "ownerId": NUMBER});
    account.table("gateway").insert(id, record(made.clone()));
    Ok(json!({"internetGateway": made}))
}

fn gateway<'a>(account: &'a Account, request: &Json) -> Result<&'a Record, Refusal> {
    let id = needed(request, "InternetGatewayId")?;
    let found = account.record("gateway", id);
    found.map_or_else(|| not_found("InvalidInternetGatewayID.NotFound", "internetGateway", id), Ok)
}

/// One VPC a gateway, one gateway a VPC.
fn attach(account: &mut Account, request: &Json) -> Answer {
    let found = gateway(account, request)?;
    let (id, vpc_id) = (text(found, "internetGatewayId").to_owned(), needed(request, "VpcId")?);
    vpc(account, vpc_id)?;
    if found["attachmentSet"].as_array().is_some_and(|all| !all.is_empty()) {
        return refuse(
            "Resource.AlreadyAssociated",
            format!("resource {id} is already attached to a network"),
        );
    }
    if account.records("gateway").any(|(_, other)| is_attached(other, vpc_id)) {
        return refuse(
            "InvalidParameterValue",
            format!("Network {vpc_id} already has an internet gateway attached"),
        );
    }
    let attachment = json!([{"vpcId": vpc_id, "state": "available"}]);
    account.set("gateway", &id, "attachmentSet", attachment);
    Ok(json!({"return": true}))
}

fn detach(account: &mut Account, request: &Json) -> Answer {
    let found = gateway(account, request)?;
    let (id, vpc_id) = (text(found, "internetGatewayId").to_owned(), needed(request, "VpcId")?);
    if !is_attached(found, vpc_id) {
        return refuse(
            "Gateway.NotAttached",
            format!("resource {id} is not attached to network {vpc_id}"),
        );
    }
    account.set("gateway", &id, "attachmentSet", json!([]));
    Ok(json!({"return": true}))
}

/// "The internet gateway must not be attached to any VPC."
fn delete_gateway(account: &mut Account, request: &Json) -> Answer {
    let found = gateway(account, request)?;
    let id = text(found, "internetGatewayId").to_owned();
    if found["attachmentSet"].as_array().is_some_and(|all| !all.is_empty()) {
        return in_use("internetGateway", &id, "it is attached");
    }
    account.table("gateway").remove(&id);
    Ok(json!({"return": true}))
}

//! EC2: VPC endpoints: interfaces, gateways, and those of gateway load balancers.
//! Sources: the Amazon EC2 API Reference (`CreateVpcEndpoint` …), and the AWS `PrivateLink` Guide,
//! whose "AWS services that integrate with AWS `PrivateLink`" are the services there are.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, Effect, MINUTE, NUMBER, REGION, Record, Refusal, SECOND, given, needed,
    record, refuse, text, text_set, texts,
};
use super::ec2::{make_interface, not_found, subnet, vpc};
use super::ec2_tags;

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "CreateVpcEndpoint" => ec2_tags::once(account, request, |account| create(account, request)),
        "DescribeVpcEndpoints" => ec2_tags::describe(
            account,
            "endpoint",
            request,
            "vpcEndpointSet",
            ec2_tags::members(&[("vpc-id", "vpcId"), ("vpc-endpoint-id", "vpcEndpointId")]),
        ),
        "ModifyVpcEndpoint" => modify(account, request),
        "DeleteVpcEndpoints" => delete(account, request),
        _ => refuse("InvalidAction", format!("{operation} of EC2 is not simulated")),
    }
}

/// A service of AWS's and the types of endpoint that reach it, one a line.
const SERVICES: &str = include_str!("../../../data/endpoint-services.txt");
/// Services of somebody who has put gateway load balancers behind them.
const LOAD_BALANCERS: [&str; 2] = [
    "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
    "com.amazonaws.vpce.us-east-1.vpce-svc-0fedcba9876543210",
];
const GATEWAY: &str = "Gateway";
const INTERFACE: &str = "Interface";
pub const LOAD_BALANCER: &str = "GatewayLoadBalancer";

/// The types of endpoint that reach a service, if there is one of this name.
fn kinds_of(service: &str) -> Option<&'static str> {
    if LOAD_BALANCERS.contains(&service) {
        return Some(LOAD_BALANCER);
    }
    let mut all = SERVICES.lines().filter_map(|line| line.split_once(' '));
    all.find(|(name, _)| name.replace("{region}", REGION) == service).map(|(_, kinds)| kinds)
}

const EVERYTHING: &str =
    r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#;

fn endpoint<'a>(account: &'a Account, id: &str) -> Result<&'a Record, Refusal> {
    let found = account.record("endpoint", id).filter(|one| text(one, "state") != "deleted");
    found.map_or_else(|| not_found("InvalidVpcEndpointId.NotFound", "VpcEndpoint", id), Ok)
}

/// One subnet of each zone, of the endpoint's own VPC: "Considerations" of interface endpoints.
fn check_subnets(account: &Account, vpc_id: &str, ids: &[String]) -> Result<(), Refusal> {
    let mut zones = BTreeSet::new();
    for id in ids {
        let subnet = subnet(account, id)?;
        if text(subnet, "vpcId") != vpc_id {
            return refuse("InvalidParameter", format!("{id} is not in {vpc_id}"));
        }
        if !zones.insert(text(subnet, "availabilityZone").to_owned()) {
            let message =
                format!("Found another VPC endpoint subnet in the availability zone of {id}");
            return refuse("DuplicateSubnetsInSameZone", message);
        }
    }
    Ok(())
}

fn check_groups(account: &Account, ids: &[String]) -> Result<(), Refusal> {
    match ids.iter().find(|id| account.record("group", id).is_none()) {
        Some(id) => {
            refuse("InvalidGroup.NotFound", format!("The security group '{id}' does not exist"))
        }
        None => Ok(()),
    }
}

/// Private DNS needs both DNS attributes of the VPC, and no other endpoint of the VPC that has it
/// for this service, one on its way out included.
fn check_private_dns(account: &Account, vpc_id: &str, service: &str) -> Result<(), Refusal> {
    let vpc = vpc(account, vpc_id)?;
    if vpc["_EnableDnsSupport"] != true || vpc["_EnableDnsHostnames"] != true {
        let message = "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true";
        return refuse("InvalidParameter", message);
    }
    let conflicts = account.records("endpoint").any(|(_, other)| {
        text(other, "vpcId") == vpc_id
            && text(other, "serviceName") == service
            && other["privateDnsEnabled"] == true
            && text(other, "state") != "deleted"
    });
    if conflicts {
        let message = format!(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {service} in the VPC {vpc_id}"
        );
        return refuse("InvalidParameter", message);
    }
    Ok(())
}

fn create(account: &mut Account, request: &Json) -> Answer {
    let (vpc_id, service) = (needed(request, "VpcId")?, needed(request, "ServiceName")?);
    vpc(account, vpc_id)?;
    let kind = given(request, "VpcEndpointType").unwrap_or(GATEWAY);
    let Some(kinds) = kinds_of(service) else {
        let message = format!("The Vpc Endpoint Service '{service}' does not exist");
        return refuse("InvalidServiceName", message);
    };
    if !kinds.split(' ').any(|one| one == kind) {
        let message =
            format!("Endpoint type ({kind}) does not match available service types ([{kinds}]).");
        return refuse("InvalidParameter", message);
    }
    let name = service.rsplit('.').next().unwrap_or_default();
    let (subnets, mut groups) = (texts(request, "SubnetId"), texts(request, "SecurityGroupId"));
    let has_dns = given(request, "PrivateDnsEnabled") == Some("true");
    let tags = ec2_tags::of_create(request, "vpc-endpoint")?;
    if kind != GATEWAY {
        check_subnets(account, vpc_id, &subnets)?;
    }
    if kind == INTERFACE {
        check_groups(account, &groups)?;
        if has_dns {
            check_private_dns(account, vpc_id, service)?;
        }
        if groups.is_empty() {
            let mut all = account.records("group");
            let default =
                all.find(|(_, it)| text(it, "vpcId") == vpc_id && it.contains_key("_default"));
            groups.extend(default.map(|(id, _)| id.clone()));
        }
    } else if !groups.is_empty() || has_dns || kind == GATEWAY && !subnets.is_empty() {
        return refuse(
            "InvalidParameter",
            format!("an endpoint of type {kind} has no subnets, groups or private DNS of its own"),
        );
    } else if kind == LOAD_BALANCER && subnets.len() != 1 {
        // "For a Gateway Load Balancer endpoint, you can specify only one subnet."
        return refuse("InvalidParameter", "exactly one subnet must be specified");
    }
    let (vpc_id, id) = (vpc_id.to_owned(), account.id("vpce"));
    let made = json!({
        "vpcEndpointId": id, "vpcEndpointType": kind, "vpcId": vpc_id, "serviceName": service,
        "state": if kind == GATEWAY { "available" } else { "pending" },
        "policyDocument": given(request, "PolicyDocument").unwrap_or(EVERYTHING),
        "routeTableIdSet": texts(request, "RouteTableId"), "subnetIdSet": subnets,
        "privateDnsEnabled": has_dns,
        "ipAddressType": given(request, "IpAddressType").unwrap_or("ipv4"),
        "networkInterfaceIdSet": [], "dnsEntrySet": [], "requesterManaged": false,
        "creationTimestamp": "2026-01-01T00:00:00Z", "tagSet": tags, "ownerId": NUMBER,
    });
    account.table("endpoint").insert(id.clone(), record(made));
    set_groups(account, &id, &groups);
    if kind == INTERFACE {
        let dns = json!([{"dnsName": format!("{id}.{name}.{REGION}.vpce.amazonaws.com"), "hostedZoneId": "Z1"}]);
        account.set("endpoint", &id, "dnsEntrySet", dns);
    }
    if kind != GATEWAY {
        attach(account, &id)?;
    }
    settle(account, &id, (20 * SECOND, 3 * MINUTE));
    Ok(json!({"vpcEndpoint": account.record("endpoint", &id)}))
}

fn set_groups(account: &mut Account, id: &str, groups: &[String]) {
    let told = groups.iter().map(|group| json!({"groupId": group, "groupName": ""})).collect();
    account.set("endpoint", id, "groupSet", told);
}

fn groups(endpoint: &Record) -> Vec<String> {
    super::ec2::groups_of(endpoint)
}

/// Becomes available after a while, if it is not yet.
fn settle(account: &mut Account, id: &str, (low, high): (u64, u64)) {
    if account.record("endpoint", id).is_some_and(|it| text(it, "state") == "pending") {
        let after = account.some_time(low, high);
        let value = json!("available");
        account.later(
            after,
            Effect::Set { table: "endpoint", id: id.to_owned(), key: "state", value },
        );
    }
}

/// Gives it what it lacks of "one network interface in each subnet", and takes what is too much.
fn attach(account: &mut Account, id: &str) -> Result<(), Refusal> {
    let endpoint = endpoint(account, id)?.clone();
    let wanted = text_set(&Json::Object(endpoint.clone()), "subnetIdSet");
    let mut kept: Vec<String> = texts(&Json::Object(endpoint.clone()), "networkInterfaceIdSet");
    let mut has = BTreeSet::new();
    kept.retain(|interface| {
        let Some(found) = account.record("interface", interface) else { return false };
        wanted.contains(text(found, "subnetId")) && has.insert(text(found, "subnetId").to_owned())
    });
    let before = texts(&Json::Object(endpoint.clone()), "networkInterfaceIdSet");
    for gone in before.iter().filter(|interface| !kept.contains(interface)) {
        account.table("interface").remove(gone);
    }
    let description = format!("VPC Endpoint Interface {id}");
    for subnet in wanted.iter().filter(|subnet| !has.contains(*subnet)) {
        kept.push(make_interface(account, subnet, &groups(&endpoint), &description)?);
    }
    for interface in &kept {
        account.set("interface", interface, "groupSet", endpoint["groupSet"].clone());
    }
    account.set("endpoint", id, "networkInterfaceIdSet", json!(kept));
    Ok(())
}

/// `IncorrectState` while it is on its way; afterwards pending again for a moment.
fn modify(account: &mut Account, request: &Json) -> Answer {
    let id = needed(request, "VpcEndpointId")?.to_owned();
    let before = endpoint(account, &id)?.clone();
    if text(&before, "state") != "available" {
        let message = format!("VPC endpoint {id} is in state {}", text(&before, "state"));
        return refuse("IncorrectState", message);
    }
    let vpc_id = text(&before, "vpcId").to_owned();
    // Sets: what is there already is not there twice.
    let changed = |ids: Vec<String>, name: &str| -> Vec<String> {
        let mut ids: BTreeSet<String> = ids.into_iter().collect();
        for id in texts(request, &format!("Remove{name}")) {
            ids.remove(&id);
        }
        ids.extend(texts(request, &format!("Add{name}")));
        ids.into_iter().collect()
    };
    let its = |key: &str| texts(&Json::Object(before.clone()), key);
    let subnets = changed(its("subnetIdSet"), "SubnetId");
    let tables = changed(its("routeTableIdSet"), "RouteTableId");
    let its_groups = changed(groups(&before), "SecurityGroupId");
    check_subnets(account, &vpc_id, &subnets)?;
    check_groups(account, &its_groups)?;
    let wants_dns = given(request, "PrivateDnsEnabled").map(|value| value == "true");
    if wants_dns == Some(true) && before["privateDnsEnabled"] != true {
        check_private_dns(account, &vpc_id, text(&before, "serviceName"))?;
    }
    account.set("endpoint", &id, "subnetIdSet", json!(subnets));
    account.set("endpoint", &id, "routeTableIdSet", json!(tables));
    set_groups(account, &id, &its_groups);
    if let Some(wants) = wants_dns {
        account.set("endpoint", &id, "privateDnsEnabled", wants.into());
    }
    if given(request, "ResetPolicy") == Some("true") {
        account.set("endpoint", &id, "policyDocument", EVERYTHING.into());
    }
    if let Some(policy) = given(request, "PolicyDocument") {
        account.set("endpoint", &id, "policyDocument", policy.into());
    }
    if let Some(addresses) = given(request, "IpAddressType") {
        account.set("endpoint", &id, "ipAddressType", addresses.into());
    }
    if text(&before, "vpcEndpointType") != GATEWAY {
        attach(account, &id)?;
        account.set("endpoint", &id, "state", "pending".into());
        settle(account, &id, (SECOND, 20 * SECOND));
    }
    Ok(json!({"return": true}))
}

/// The call succeeds and lists what it refused. Its interfaces stay until it is gone.
fn delete(account: &mut Account, request: &Json) -> Answer {
    let mut refused = Vec::new();
    for id in texts(request, "VpcEndpointId") {
        let Ok(found) = endpoint(account, &id) else {
            let message = format!("The Vpc Endpoint Id '{id}' does not exist");
            let error = json!({"code": "InvalidVpcEndpoint.NotFound", "message": message});
            refused.push(json!({"resourceId": id, "error": error}));
            continue;
        };
        if text(found, "state") == "deleting" {
            continue;
        }
        // "You can only delete Gateway Load Balancer endpoints when the routes that are associated
        // with the endpoint are deleted." The code is not told.
        if text(found, "vpcEndpointType") == LOAD_BALANCER && is_led_to(account, &id) {
            let message = format!("The Vpc Endpoint '{id}' has routes that lead to it");
            let error = json!({"code": "DependencyViolation", "message": message});
            refused.push(json!({"resourceId": id, "error": error}));
            continue;
        }
        let interfaces = texts(&Json::Object(found.clone()), "networkInterfaceIdSet");
        let has_interfaces = !interfaces.is_empty();
        account.forget_later("endpoint", &id);
        account.set("endpoint", &id, "state", "deleting".into());
        let gone = if has_interfaces { account.some_time(MINUTE, 10 * MINUTE) } else { SECOND };
        for interface in interfaces {
            account.later(gone, Effect::Remove { table: "interface", id: interface });
        }
        let value = json!("deleted");
        account.later(gone, Effect::Set { table: "endpoint", id: id.clone(), key: "state", value });
        account.later(gone + MINUTE, Effect::Remove { table: "endpoint", id });
    }
    Ok(json!({"unsuccessful": refused}))
}

fn is_led_to(account: &Account, endpoint: &str) -> bool {
    account.records("route").any(|(_, route)| text(route, text(route, "_target")) == endpoint)
}

//! EC2: VPCs, subnets, and the interfaces that hold them.
//! Sources: the Amazon EC2 API Reference, and "Error codes for the Amazon EC2 API".

use ipnet::Ipv4Net;
use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, Effect, NUMBER, REGION, Record, Refusal, SECOND, given, needed, record,
    refuse, text,
};
use super::{ec2_endpoint, ec2_group, ec2_ipv6, ec2_routing, ec2_tags};

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    if given(request, "DryRun") == Some("true") {
        // "DryRun: … If you have the required permissions, the error response is DryRunOperation."
        carry_out(&mut account.clone(), operation, request)?;
        return Err(Refusal {
            status: 412,
            code: "DryRunOperation".to_owned(),
            message: "Request would have succeeded, but DryRun flag is set.".to_owned(),
        });
    }
    carry_out(account, operation, request)
}

fn carry_out(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "CreateVpc" => create_vpc(account, request),
        "DescribeVpcs" => ec2_tags::describe(
            account,
            "vpc",
            request,
            "vpcSet",
            ec2_tags::members(&[("vpc-id", "vpcId"), ("is-default", "isDefault")]),
        ),
        "DescribeVpcAttribute" => describe_attribute(account, request),
        "ModifyVpcAttribute" => modify_vpc(account, request),
        "DeleteVpc" => delete_vpc(account, request),
        "CreateSubnet" => create_subnet(account, request),
        "DescribeSubnets" => ec2_tags::describe(
            account,
            "subnet",
            request,
            "subnetSet",
            ec2_tags::members(&[("subnet-id", "subnetId"), ("vpc-id", "vpcId")]),
        ),
        "ModifySubnetAttribute" => modify_subnet(account, request),
        "DeleteSubnet" => delete_subnet(account, request),
        "DescribeNetworkAcls" => {
            ec2_tags::describe(account, "acl", request, "networkAclSet", |_, record, name| {
                match name {
                    "vpc-id" => Some(vec![text(record, "vpcId").to_owned()]),
                    "default" => Some(vec!["true".to_owned()]),
                    "association.subnet-id" => Some(
                        record["associationSet"]
                            .as_array()
                            .into_iter()
                            .flatten()
                            .filter_map(|one| one["subnetId"].as_str().map(str::to_owned))
                            .collect(),
                    ),
                    _ => None,
                }
            })
        }
        "DescribeNetworkInterfaces" => ec2_tags::describe(
            account,
            "interface",
            request,
            "networkInterfaceSet",
            |_, record, name| match name {
                "subnet-id" => Some(vec![text(record, "subnetId").to_owned()]),
                "group-id" => Some(groups_of(record)),
                _ => None,
            },
        ),
        "DeleteNetworkInterface" => delete_interface(account, request),
        "CreateTags" => ec2_tags::change(account, request, true),
        "DeleteTags" => ec2_tags::change(account, request, false),
        "DescribeTags" => ec2_tags::tell(account, request),
        "DescribeAvailabilityZones" => Ok(json!({"availabilityZoneInfo": ZONES.map(|zone| json!({
            "zoneName": format!("{REGION}{zone}"), "zoneType": "availability-zone",
        }))})),
        "ModifyVpcTenancy" => modify_tenancy(account, request),
        _ if operation.ends_with("CidrBlock") => ec2_ipv6::answer(account, operation, request),
        _ if operation.contains("VpcEndpoint") => ec2_endpoint::answer(account, operation, request),
        _ if operation.contains("SecurityGroup") => ec2_group::answer(account, operation, request),
        _ => ec2_routing::answer(account, operation, request),
    }
}

const ZONES: [&str; 3] = ["a", "b", "c"];

pub fn not_found<T>(code: &str, what: &str, id: &str) -> Result<T, Refusal> {
    refuse(code, format!("The {what} ID '{id}' does not exist"))
}

pub fn in_use<T>(what: &str, id: &str, by: &str) -> Result<T, Refusal> {
    refuse(
        "DependencyViolation",
        format!("The {what} '{id}' has dependencies and cannot be deleted. ({by})"),
    )
}

/// A record that must be there; EC2 names what is missing by type.
pub fn vpc<'a>(account: &'a Account, id: &str) -> Result<&'a Record, Refusal> {
    account.record("vpc", id).map_or_else(|| not_found("InvalidVpcID.NotFound", "vpc", id), Ok)
}

pub fn subnet<'a>(account: &'a Account, id: &str) -> Result<&'a Record, Refusal> {
    let found = account.record("subnet", id);
    found.map_or_else(|| not_found("InvalidSubnetID.NotFound", "subnet", id), Ok)
}

/// A block from /16 to /28, without host bits: "VPC CIDR blocks", "Subnet sizing".
fn block(request: &Json, code: &str) -> Result<Ipv4Net, Refusal> {
    let text = needed(request, "CidrBlock")?;
    let Ok(block) = text.parse::<Ipv4Net>() else {
        return refuse(
            "InvalidParameterValue",
            format!(
                "Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
            ),
        );
    };
    if !(16..=28).contains(&block.prefix_len()) {
        return refuse(code, format!("The CIDR '{text}' is invalid."));
    }
    Ok(block.trunc())
}

/// With its default group, ACL and main route table: "Default components of a VPC".
fn create_vpc(account: &mut Account, request: &Json) -> Answer {
    let block = block(request, "InvalidVpc.Range")?;
    let tags = ec2_tags::of_create(request, "vpc")?;
    let id = account.id("vpc");
    let association = account.id("vpc-cidr-assoc");
    let made = json!({
        "vpcId": id, "state": "pending", "cidrBlock": block.to_string(), "isDefault": false,
        "instanceTenancy": given(request, "InstanceTenancy").unwrap_or("default"),
        "tagSet": tags, "ownerId": NUMBER,
        "cidrBlockAssociationSet": [{
            "associationId": association, "cidrBlock": block.to_string(),
            "cidrBlockState": {"state": "associated"},
        }],
        "_EnableDnsSupport": true, "_EnableDnsHostnames": false,
    });
    account.table("vpc").insert(id.clone(), record(made.clone()));
    let ready = account.some_time(SECOND / 5, 2 * SECOND);
    let (table, value) = ("vpc", json!("available"));
    account.later(ready, Effect::Set { table, id: id.clone(), key: "state", value });
    ec2_group::make_default(account, &id);
    ec2_routing::make_main(account, &id);
    let acl = account.id("acl");
    let record =
        record(json!({"networkAclId": acl, "vpcId": id, "default": true, "associationSet": []}));
    account.table("acl").insert(acl, record);
    Ok(json!({"vpc": made}))
}

fn describe_attribute(account: &Account, request: &Json) -> Answer {
    let vpc = vpc(account, needed(request, "VpcId")?)?;
    let (member, key) = match given(request, "Attribute") {
        Some("enableDnsSupport") => ("enableDnsSupport", "_EnableDnsSupport"),
        Some("enableDnsHostnames") => ("enableDnsHostnames", "_EnableDnsHostnames"),
        _ => return refuse("InvalidParameterValue", "no such attribute"),
    };
    Ok(json!({"vpcId": vpc["vpcId"], member: {"value": vpc[key]}}))
}

/// "You cannot modify the DNS resolution and DNS hostnames attributes in the same request", and no
/// hostnames without support.
fn modify_vpc(account: &mut Account, request: &Json) -> Answer {
    let id = needed(request, "VpcId")?;
    let vpc = vpc(account, id)?;
    let wanted: Vec<(&str, bool)> = ["EnableDnsSupport", "EnableDnsHostnames"]
        .into_iter()
        .filter_map(|name| Some((name, request.get(name)?["Value"] == "true")))
        .collect();
    let [(name, value)] = wanted[..] else {
        return refuse(
            "InvalidParameterCombination",
            "Fields for multiple attribute types specified",
        );
    };
    let has_support = vpc["_EnableDnsSupport"] == true;
    let has_hostnames = vpc["_EnableDnsHostnames"] == true;
    let breaks = name == "EnableDnsHostnames" && value && !has_support
        || name == "EnableDnsSupport" && !value && has_hostnames;
    if breaks {
        return refuse("InvalidParameterCombination", "DNS hostnames need DNS support");
    }
    account.set("vpc", id, &format!("_{name}"), value.into());
    Ok(json!({"return": true}))
}

/// "You can change the instance tenancy attribute of a VPC to default only."
fn modify_tenancy(account: &mut Account, request: &Json) -> Answer {
    let id = needed(request, "VpcId")?;
    vpc(account, id)?;
    if given(request, "InstanceTenancy") != Some("default") {
        return refuse("InvalidParameterValue", "a VPC's tenancy can be changed to default only");
    }
    account.set("vpc", id, "instanceTenancy", "default".into());
    Ok(json!({"return": true}))
}

/// "Before you can delete a VPC you must detach or delete all gateways and resources associated
/// with it": `DeleteVpc`. The default group, ACL and main table go with it.
fn delete_vpc(account: &mut Account, request: &Json) -> Answer {
    let id = needed(request, "VpcId")?.to_owned();
    vpc(account, &id)?;
    for table in ["subnet", "endpoint", "interface", "group", "route-table"] {
        let holds = account.records(table).find(|(_, record)| {
            text(record, "vpcId") == id
                && record.get("_default").is_none()
                && record.get("state").is_none_or(|state| state != "deleted")
        });
        if let Some((by, _)) = holds {
            return in_use("vpc", &id, by);
        }
    }
    let attached = |record: &Record| record["attachmentSet"].to_string().contains(&id);
    if let Some((by, _)) = account.records("gateway").find(|(_, record)| attached(record)) {
        return in_use("vpc", &id, by);
    }
    for table in ["group", "route-table", "acl", "endpoint"] {
        account.table(table).retain(|_, record| text(record, "vpcId") != id);
    }
    let groups = account.tables.get("group").cloned().unwrap_or_default();
    account.table("rule").retain(|_, rule| groups.contains_key(text(rule, "groupId")));
    account.table("vpc").remove(&id);
    account.forget_later("vpc", &id);
    Ok(json!({"return": true}))
}

/// "Subnet CIDR blocks": within the VPC's, and no two overlap.
fn create_subnet(account: &mut Account, request: &Json) -> Answer {
    let vpc_id = needed(request, "VpcId")?;
    let vpc = vpc(account, vpc_id)?;
    let block = block(request, "InvalidSubnet.Range")?;
    let whole: Ipv4Net = text(vpc, "cidrBlock").parse().expect("it was checked when it was made");
    if !whole.contains(&block) {
        return refuse("InvalidSubnet.Range", format!("The CIDR '{block}' is invalid."));
    }
    let overlaps = account.records("subnet").any(|(_, other)| {
        let taken = text(other, "cidrBlock").parse::<Ipv4Net>().expect("it was checked, too");
        text(other, "vpcId") == vpc_id && (taken.contains(&block) || block.contains(&taken))
    });
    if overlaps {
        let message = format!("The CIDR '{block}' conflicts with another subnet");
        return refuse("InvalidSubnet.Conflict", message);
    }
    let zone = given(request, "AvailabilityZone").map_or(format!("{REGION}a"), str::to_owned);
    if !ZONES.iter().any(|letter| zone == format!("{REGION}{letter}")) {
        let message = format!("Value ({zone}) for parameter availabilityZone is invalid.");
        return refuse("InvalidParameterValue", message);
    }
    let tags = ec2_tags::of_create(request, "subnet")?;
    let id = account.id("subnet");
    let made = json!({
        "subnetId": id, "state": "pending", "vpcId": vpc_id, "cidrBlock": block.to_string(),
        "availabilityZone": zone, "availabilityZoneId": "use1-az1", "tagSet": tags,
        "mapPublicIpOnLaunch": false, "assignIpv6AddressOnCreation": false, "enableDns64": false,
        "ipv6Native": false, "defaultForAz": false, "ownerId": NUMBER,
        "privateDnsNameOptionsOnLaunch": {
            "hostnameType": "ip-name", "enableResourceNameDnsARecord": false,
            "enableResourceNameDnsAAAARecord": false,
        },
    });
    let vpc_id = vpc_id.to_owned();
    account.table("subnet").insert(id.clone(), record(made.clone()));
    let ready = account.some_time(SECOND / 5, 3 * SECOND);
    let (table, value) = ("subnet", json!("available"));
    account.later(ready, Effect::Set { table, id: id.clone(), key: "state", value });
    let association = account.id("aclassoc");
    for acl in account.table("acl").values_mut().filter(|acl| text(acl, "vpcId") == vpc_id) {
        let one = json!({
            "networkAclAssociationId": association, "networkAclId": acl["networkAclId"],
            "subnetId": id,
        });
        acl["associationSet"].as_array_mut().expect("a list").push(one);
    }
    Ok(json!({"subnet": made}))
}

/// "You can only modify one attribute at a time": `ModifySubnetAttribute`.
fn modify_subnet(account: &mut Account, request: &Json) -> Answer {
    let id = needed(request, "SubnetId")?;
    subnet(account, id)?;
    let given: Vec<(&str, Json)> = SUBNET_ATTRIBUTES
        .iter()
        .filter_map(|(name, key)| Some((*key, request.get(*name)?.clone())))
        .collect();
    let [(key, value)] = &given[..] else {
        return refuse("InvalidParameterCombination", "exactly one attribute may be modified");
    };
    let value = match value {
        Json::Object(boolean) => json!(boolean["Value"] == "true"),
        other => other.clone(),
    };
    match key.strip_prefix(NAME_OPTIONS) {
        Some(option) => {
            let mut options = subnet(account, id)?["privateDnsNameOptionsOnLaunch"].clone();
            options[option] = value;
            account.set("subnet", id, "privateDnsNameOptionsOnLaunch", options);
        }
        None => account.set("subnet", id, key, value),
    }
    Ok(json!({"return": true}))
}

/// What a request calls an attribute of a subnet, and what a subnet does.
const SUBNET_ATTRIBUTES: [(&str, &str); 6] = [
    ("MapPublicIpOnLaunch", "mapPublicIpOnLaunch"),
    ("AssignIpv6AddressOnCreation", "assignIpv6AddressOnCreation"),
    ("EnableDns64", "enableDns64"),
    ("PrivateDnsHostnameTypeOnLaunch", "privateDnsNameOptionsOnLaunch.hostnameType"),
    (
        "EnableResourceNameDnsARecordOnLaunch",
        "privateDnsNameOptionsOnLaunch.enableResourceNameDnsARecord",
    ),
    (
        "EnableResourceNameDnsAAAARecordOnLaunch",
        "privateDnsNameOptionsOnLaunch.enableResourceNameDnsAAAARecord",
    ),
];
const NAME_OPTIONS: &str = "privateDnsNameOptionsOnLaunch.";

/// "You must terminate all running instances in the subnet before you can delete it": what counts
/// are its network interfaces, whoever owns them.
fn delete_subnet(account: &mut Account, request: &Json) -> Answer {
    let id = needed(request, "SubnetId")?.to_owned();
    subnet(account, &id)?;
    if let Some((by, _)) = account.records("interface").find(|(_, it)| text(it, "subnetId") == id) {
        return in_use("subnet", &id, by);
    }
    account.table("subnet").remove(&id);
    account.forget_later("subnet", &id);
    // "Any association of the subnet goes with it."
    account.table("association").retain(|_, one| text(one, "subnetId") != id);
    for acl in account.table("acl").values_mut() {
        let associations = acl["associationSet"].as_array_mut().expect("a list");
        associations.retain(|one| one["subnetId"] != id.as_str());
    }
    Ok(json!({"return": true}))
}

pub fn groups_of(interface: &Record) -> Vec<String> {
    let groups = interface.get("groupSet").and_then(Json::as_array).into_iter().flatten();
    groups.filter_map(|group| group["groupId"].as_str().map(str::to_owned)).collect()
}

/// A network interface in a subnet, with an address of it: the first four and the last one are
/// AWS's ("Subnet sizing").
pub fn make_interface(
    account: &mut Account,
    subnet_id: &str,
    groups: &[String],
    description: &str,
) -> Result<String, Refusal> {
    let subnet = subnet(account, subnet_id)?.clone();
    let block: Ipv4Net = text(&subnet, "cidrBlock").parse().expect("it was checked");
    let taken: Vec<String> = account
        .records("interface")
        .filter(|(_, it)| text(it, "subnetId") == subnet_id)
        .map(|(_, it)| text(it, "privateIpAddress").to_owned())
        .collect();
    let mut addresses = block.hosts().skip(3).map(|address| address.to_string());
    let Some(address) = addresses.find(|address| !taken.contains(address)) else {
        let message = format!("There are not enough free addresses in subnet '{subnet_id}'.");
        return refuse("InsufficientFreeAddressesInSubnet", message);
    };
    let id = account.id("eni");
    let groups: Vec<Json> = groups.iter().map(|group| json!({"groupId": group})).collect();
    let made = json!({
        "networkInterfaceId": id, "subnetId": subnet_id, "vpcId": subnet["vpcId"],
        "availabilityZone": subnet["availabilityZone"], "description": description,
        "groupSet": groups, "status": "in-use", "privateIpAddress": address, "ownerId": NUMBER,
    });
    account.table("interface").insert(id.clone(), record(made));
    Ok(id)
}

/// "You must detach the network interface before you can delete it."
fn delete_interface(account: &mut Account, request: &Json) -> Answer {
    let id = needed(request, "NetworkInterfaceId")?.to_owned();
    let Some(interface) = account.record("interface", &id) else {
        return not_found("InvalidNetworkInterfaceID.NotFound", "networkInterface", &id);
    };
    if text(interface, "status") != "available" {
        let message = format!("Network interface '{id}' is currently in use.");
        return refuse("InvalidParameterValue", message);
    }
    account.table("interface").remove(&id);
    account.forget_later("interface", &id);
    Ok(json!({"return": true}))
}

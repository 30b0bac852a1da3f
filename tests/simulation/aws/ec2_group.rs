//! EC2: security groups and their rules.
//! Sources: the Amazon EC2 API Reference, and "Security group rules" in the Amazon VPC User Guide.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, NUMBER, Record, Refusal, given, list, needed, record, refuse, text, texts,
};
use super::ec2::{groups_of, vpc};
use super::ec2_tags;

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "CreateSecurityGroup" => create(account, request),
        "DescribeSecurityGroups" => describe(account, request),
        "DescribeSecurityGroupRules" => ec2_tags::describe(
            account,
            "rule",
            request,
            "securityGroupRuleSet",
            ec2_tags::members(&[("group-id", "groupId")]),
        ),
        "AuthorizeSecurityGroupIngress" => authorize(account, request, false),
        "AuthorizeSecurityGroupEgress" => authorize(account, request, true),
        "RevokeSecurityGroupIngress" => revoke(account, request, false),
        "RevokeSecurityGroupEgress" => revoke(account, request, true),
        "ModifySecurityGroupRules" => modify(account, request),
        "DeleteSecurityGroup" => delete(account, request),
        _ => refuse("InvalidAction", format!("{operation} of EC2 is not simulated")),
    }
}

fn group<'a>(account: &'a Account, id: &str) -> Result<&'a Record, Refusal> {
    let message = format!("The security group '{id}' does not exist");
    account.record("group", id).map_or_else(|| refuse("InvalidGroup.NotFound", message), Ok)
}

fn make(account: &mut Account, name: &str, description: &str, vpc_id: &str, tags: Json) -> String {
    let id = account.id("sg");
    let made = record(json!({
        "groupId": id, "groupName": name, "groupDescription": description, "vpcId": vpc_id,
        "tagSet": tags, "ownerId": NUMBER,
    }));
    account.table("group").insert(id.clone(), made);
    // "By default, … an outbound rule that allows all outbound traffic".
    let all = json!({"ipProtocol": "-1", "fromPort": -1, "toPort": -1, "cidrIpv4": "0.0.0.0/0"});
    insert_rule(account, &id, true, all, json!([]));
    id
}

pub fn make_default(account: &mut Account, vpc_id: &str) {
    let id = make(account, "default", "default VPC security group", vpc_id, json!([]));
    account.set("group", &id, "_default", true.into());
    let mutual = json!({
        "ipProtocol": "-1", "fromPort": -1, "toPort": -1, "referencedGroupInfo": {"groupId": id},
    });
    insert_rule(account, &id, false, mutual, json!([]));
}

/// Names are unique in a VPC, whatever their case, and none begins with `sg-`.
fn create(account: &mut Account, request: &Json) -> Answer {
    let (name, vpc_id) = (needed(request, "GroupName")?, needed(request, "VpcId")?);
    let description = needed(request, "GroupDescription")?;
    vpc(account, vpc_id)?;
    if name.starts_with("sg-") {
        return refuse("InvalidParameterValue", "Group names may not be in the format sg-*.");
    }
    let is_taken = account.records("group").any(|(_, other)| {
        text(other, "vpcId") == vpc_id && text(other, "groupName").eq_ignore_ascii_case(name)
    });
    if is_taken {
        let message = format!("The security group '{name}' already exists for VPC '{vpc_id}'");
        return refuse("InvalidGroup.Duplicate", message);
    }
    let tags = ec2_tags::of_create(request, "security-group")?;
    let id = make(account, name, description, vpc_id, tags.clone());
    Ok(json!({"groupId": id, "tagSet": tags}))
}

fn describe(account: &Account, request: &Json) -> Answer {
    if request.get("GroupName").is_some() {
        // Names find groups of the default VPC only, and there is none.
        return refuse("InvalidGroup.NotFound", "The security group does not exist");
    }
    let mut answer = ec2_tags::describe(
        account,
        "group",
        request,
        "securityGroupInfo",
        |account, record, name| match name {
            "group-id" => Some(vec![text(record, "groupId").to_owned()]),
            "vpc-id" => Some(vec![text(record, "vpcId").to_owned()]),
            "group-name" => Some(vec![text(record, "groupName").to_owned()]),
            "ip-permission.group-id" => Some(named_by(account, record, false)),
            "egress.ip-permission.group-id" => Some(named_by(account, record, true)),
            _ => None,
        },
    )?;
    for group in answer["securityGroupInfo"].as_array_mut().into_iter().flatten() {
        let id = group["groupId"].as_str().unwrap_or_default().to_owned();
        group["ipPermissions"] = permissions(account, &id, false);
        group["ipPermissionsEgress"] = permissions(account, &id, true);
    }
    Ok(answer)
}

fn named_by(account: &Account, group: &Record, is_egress: bool) -> Vec<String> {
    let rules = account
        .records("rule")
        .filter(|(_, rule)| rule["groupId"] == group["groupId"] && rule["isEgress"] == is_egress);
    rules.filter_map(|(_, rule)| Some(peer_group(rule)?.to_owned())).collect()
}

fn peer_group(rule: &Record) -> Option<&str> {
    rule.get("referencedGroupInfo")?["groupId"].as_str()
}

/// Rules as a group tells them: no ports where the protocol is all of them.
fn permissions(account: &Account, group: &str, is_egress: bool) -> Json {
    let rules = account
        .records("rule")
        .filter(|(_, rule)| text(rule, "groupId") == group && rule["isEgress"] == is_egress);
    rules
        .map(|(_, rule)| {
            let mut told = json!({"ipProtocol": rule["ipProtocol"]});
            if text(rule, "ipProtocol") != "-1" {
                told["fromPort"] = rule["fromPort"].clone();
                told["toPort"] = rule["toPort"].clone();
            }
            let description = rule.get("description").cloned().unwrap_or_default();
            if let Some(cidr) = rule.get("cidrIpv4") {
                told["ipRanges"] = json!([{"cidrIp": cidr, "description": description}]);
            }
            if let Some(id) = peer_group(rule) {
                told["groups"] =
                    json!([{"groupId": id, "userId": NUMBER, "description": description}]);
            }
            told
        })
        .collect()
}

fn insert_rule(
    account: &mut Account,
    group: &str,
    is_egress: bool,
    terms: Json,
    tags: Json,
) -> Json {
    let id = account.id("sgr");
    let mut rule = record(terms);
    rule.insert("securityGroupRuleId".to_owned(), id.clone().into());
    rule.insert("groupId".to_owned(), group.into());
    rule.insert("isEgress".to_owned(), is_egress.into());
    rule.insert("tagSet".to_owned(), tags);
    account.table("rule").insert(id, rule.clone());
    Json::Object(rule)
}

/// What a rule is known by: a group has no two with the same.
const KEY: [&str; 5] = ["ipProtocol", "fromPort", "toPort", "cidrIpv4", "referencedGroupInfo"];

fn is_alike(one: &Record, other: &Record) -> bool {
    KEY.iter().all(|key| one.get(*key) == other.get(*key))
}

/// The rules of a request's permissions, one for each peer.
fn terms(account: &Account, request: &Json) -> Result<Vec<Record>, Refusal> {
    let mut all = Vec::new();
    for permission in list(request, "IpPermissions") {
        let protocol = needed(permission, "IpProtocol")?;
        let port = |key: &str| -> Option<i64> { given(permission, key)?.parse().ok() };
        let (from, to) = if protocol == "-1" {
            (-1, -1)
        } else {
            match (port("FromPort"), port("ToPort")) {
                (Some(from), Some(to)) => (from, to),
                _ => return refuse("InvalidParameterValue", "Invalid value for portRange."),
            }
        };
        if matches!(protocol, "tcp" | "udp") && (from > to || from < 0 || to > 65535) {
            let message = format!("Invalid TCP/UDP port range ({from}, {to})");
            return refuse("InvalidParameterValue", message);
        }
        let base = json!({"ipProtocol": protocol, "fromPort": from, "toPort": to});
        let mut add = |key: &str, peer: Json, description: Option<&str>| {
            let mut rule = record(base.clone());
            rule.insert(key.to_owned(), peer);
            if let Some(description) = description {
                rule.insert("description".to_owned(), description.into());
            }
            all.push(rule);
        };
        for range in list(permission, "IpRanges") {
            let cidr = needed(range, "CidrIp")?;
            let Ok(block) = cidr.parse::<Ipv4Net>() else {
                let message = format!("CIDR block {cidr} is malformed");
                return refuse("InvalidParameterValue", message);
            };
            add("cidrIpv4", block.trunc().to_string().into(), given(range, "Description"));
        }
        for pair in list(permission, "Groups") {
            let id = needed(pair, "GroupId")?;
            group(account, id)?;
            add("referencedGroupInfo", json!({"groupId": id}), given(pair, "Description"));
        }
    }
    if all.is_empty() {
        return refuse("MissingParameter", "Source group specification is missing");
    }
    Ok(all)
}

/// All or none; 60 a direction ("Amazon VPC quotas").
fn authorize(account: &mut Account, request: &Json, is_egress: bool) -> Answer {
    let id = needed(request, "GroupId")?;
    group(account, id)?;
    let wanted = terms(account, request)?;
    let tags = ec2_tags::of_create(request, "security-group-rule")?;
    let live: Vec<&Record> = account
        .records("rule")
        .map(|(_, rule)| rule)
        .filter(|rule| text(rule, "groupId") == id && rule["isEgress"] == is_egress)
        .collect();
    let twice = |(index, rule): (usize, &Record)| {
        live.iter().any(|live| is_alike(live, rule))
            || wanted[..index].iter().any(|other| is_alike(other, rule))
    };
    if wanted.iter().enumerate().any(twice) {
        return refuse("InvalidPermission.Duplicate", "the specified rule already exists");
    }
    if live.len() + wanted.len() > 60 {
        let message = "The maximum number of rules per security group has been reached.";
        return refuse("RulesPerSecurityGroupLimitExceeded", message);
    }
    let made: Vec<Json> = wanted
        .into_iter()
        .map(|rule| insert_rule(account, id, is_egress, Json::Object(rule), tags.clone()))
        .collect();
    Ok(json!({"return": true, "securityGroupRuleSet": made}))
}

fn revoke(account: &mut Account, request: &Json, is_egress: bool) -> Answer {
    let group_id = needed(request, "GroupId")?.to_owned();
    group(account, &group_id)?;
    let ids = texts(request, "SecurityGroupRuleId");
    let found: Vec<String> = if ids.is_empty() {
        let unwanted = terms(account, request)?;
        let alike = |rule: &Record| unwanted.iter().any(|other| is_alike(rule, other));
        let rules = account.records("rule").filter(|(_, rule)| {
            text(rule, "groupId") == group_id && rule["isEgress"] == is_egress && alike(rule)
        });
        let found: Vec<String> = rules.map(|(id, _)| id.clone()).collect();
        if found.len() < unwanted.len() {
            let message = "The specified rule does not exist in this security group.";
            return refuse("InvalidPermission.NotFound", message);
        }
        found
    } else {
        let is_missing = |id: &&String| {
            account.record("rule", id).is_none_or(|rule| {
                text(rule, "groupId") != group_id || rule["isEgress"] != is_egress
            })
        };
        if let Some(missing) = ids.iter().find(is_missing) {
            let message = format!("The security group rule ID '{missing}' does not exist");
            return refuse("InvalidSecurityGroupRuleId.NotFound", message);
        }
        ids
    };
    for id in found {
        account.table("rule").remove(&id);
    }
    Ok(json!({"return": true}))
}

/// The whole rule is sent; here only descriptions change.
fn modify(account: &mut Account, request: &Json) -> Answer {
    let group_id = needed(request, "GroupId")?;
    group(account, group_id)?;
    for update in list(request, "SecurityGroupRule") {
        let id = needed(update, "SecurityGroupRuleId")?;
        if account.record("rule", id).is_none() {
            let message = format!("The security group rule ID '{id}' does not exist");
            return refuse("InvalidSecurityGroupRuleId.NotFound", message);
        }
    }
    for update in list(request, "SecurityGroupRule") {
        let id = needed(update, "SecurityGroupRuleId")?;
        let description = given(&update["SecurityGroupRule"], "Description").unwrap_or_default();
        let rule = account.table("rule").get_mut(id).expect("it was just there");
        match description {
            "" => rule.remove("description"),
            text => rule.insert("description".to_owned(), text.into()),
        };
    }
    Ok(json!({"return": true}))
}

/// "If you attempt to delete a security group that is associated with an instance or network
/// interface, or is referenced by another security group in the same VPC, the operation fails with
/// DependencyViolation": `DeleteSecurityGroup`.
fn delete(account: &mut Account, request: &Json) -> Answer {
    let id = needed(request, "GroupId")?.to_owned();
    if group(account, &id)?.contains_key("_default") {
        let message =
            "the specified group: \"default\" name: \"default\" cannot be deleted by a user";
        return refuse("CannotDelete", message);
    }
    let mut users: BTreeSet<String> = account
        .records("interface")
        .filter(|(_, interface)| groups_of(interface).contains(&id))
        .map(|(by, _)| by.clone())
        .collect();
    users.extend(
        account
            .records("rule")
            .filter(|(_, rule)| text(rule, "groupId") != id && peer_group(rule) == Some(&id))
            .map(|(_, rule)| text(rule, "groupId").to_owned()),
    );
    if let Some(by) = users.first() {
        return refuse(
            "DependencyViolation",
            format!("resource {id} has a dependent object ({by})"),
        );
    }
    account.table("group").remove(&id);
    account.table("rule").retain(|_, rule| text(rule, "groupId") != id);
    Ok(json!({"return": true, "groupId": id}))
}

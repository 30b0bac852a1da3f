//! Somebody else, who changes what is ours while nobody looks.

use serde_json::json;

use super::aws::account::{Account, Record};
use super::aws::wire::Call;
use super::aws::{carry_out, ec2_tags};
use super::random::Random;

/// From here on a number stands for one that deletes something.
pub const DELETES: u64 = 1_000_000;

/// One change that AWS lets anybody make, by its number, and how it went.
pub fn meddle(account: &mut Account, which: u64) -> String {
    let ids =
        |table: &str| -> Vec<String> { account.records(table).map(|(id, _)| id.clone()).collect() };
    // What a template says nothing of, nobody puts right again.
    let named = |table: &str, wanted: &[&str]| -> Vec<String> {
        let is_named = |record: &Record| {
            ec2_tags::tag(record, "cairn:logical-id")
                .is_some_and(|name| wanted.iter().any(|begin| name.starts_with(begin)))
        };
        let records = account.records(table).filter(|(_, record)| is_named(record));
        records.map(|(id, _)| id.clone()).collect()
    };
    let (rules, subnets) = (named("rule", &["Ingress"]), named("subnet", &["Two", "Subnet"]));
    let (groups, functions, roles) = (ids("log-group"), ids("function"), ids("role"));
    let call = |service: &str, operation: &str, members: serde_json::Value| Call {
        service: service.to_owned(),
        operation: operation.to_owned(),
        members,
    };
    let mut changes = Vec::new();
    for id in &rules {
        let group = account.record("rule", id).map(|rule| rule["groupId"].clone());
        let revoke = json!({"GroupId": group, "SecurityGroupRuleId": [id]});
        changes.push(call("ec2", "RevokeSecurityGroupIngress", revoke));
    }
    for id in &subnets {
        let open = json!({"SubnetId": id, "MapPublicIpOnLaunch": {"Value": "true"}});
        changes.push(call("ec2", "ModifySubnetAttribute", open));
    }
    for name in &groups {
        changes.push(call("logs", "DeleteLogGroup", json!({"logGroupName": name})));
        if account
            .record("log-group", name)
            .is_some_and(|it| !it.get("retentionInDays").is_none_or(serde_json::Value::is_null))
        {
            let retain = json!({"logGroupName": name, "retentionInDays": 30});
            changes.push(call("logs", "PutRetentionPolicy", retain));
        }
    }
    for id in ids("endpoint") {
        changes.push(call("ec2", "DeleteVpcEndpoints", json!({"VpcEndpointId": [id]})));
    }
    for id in ids("vpc") {
        let tags = json!([{"Key": "tag"}, {"Key": "use"}]);
        changes.push(call("ec2", "DeleteTags", json!({"ResourceId": [id], "Tag": tags})));
    }
    for name in &functions {
        changes.push(call("lambda", "DeleteFunction", json!({"FunctionName": name})));
        let slow = json!({"FunctionName": name, "Timeout": 17});
        changes.push(call("lambda", "UpdateFunctionConfiguration", slow));
    }
    for name in &roles {
        let policy = json!({"RoleName": name, "PolicyName": "talk"});
        changes.push(call("iam", "DeleteRolePolicy", policy));
    }
    if which >= DELETES {
        let whole = ["DeleteLogGroup", "DeleteVpcEndpoints", "DeleteFunction"];
        changes.retain(|change| whole.contains(&change.operation.as_str()));
    }
    if changes.is_empty() {
        return "there is nothing to meddle with".to_owned();
    }
    let change = Random::new(which).pick(&changes);
    // AWS may refuse it: then nothing has changed.
    let outcome = carry_out(account, change).map_or_else(|no| no.code, |_| "ok".to_owned());
    format!("somebody: {} {} {outcome}", change.action(), change.members)
}

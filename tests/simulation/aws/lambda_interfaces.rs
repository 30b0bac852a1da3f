//! The network interfaces of functions: one for each pair of a subnet and a set of groups, shared by
//! all functions that have the pair ("Understanding Hyperplane Elastic Network Interfaces"). Lambda
//! takes 20 to 45 minutes to remove those of a deleted function (cloudformation-coverage-roadmap
//! issue 392); a function that left its VPC first gives them up within a minute, and they can be
//! deleted then.

use std::collections::BTreeSet;

use serde_json::json;

use super::account::{Account, Effect, MINUTE, Record, Refusal, SECOND, text, texts};
use super::ec2::{groups_of, make_interface};

const DESCRIPTION: &str = "AWS Lambda VPC ENI-";

/// The subnets and groups of a function.
fn place(account: &Account, name: &str) -> (Vec<String>, Vec<String>) {
    let Some(vpc) = account.record("function", name).and_then(|it| it.get("VpcConfig")) else {
        return (Vec::new(), Vec::new());
    };
    let mut groups = texts(vpc, "SecurityGroupIds");
    groups.sort();
    (texts(vpc, "SubnetIds"), groups)
}

fn is_of(interface: &Record, subnet: &str, groups: &[String]) -> bool {
    let its: BTreeSet<String> = groups_of(interface).into_iter().collect();
    text(interface, "description").starts_with(DESCRIPTION)
        && text(interface, "subnetId") == subnet
        && its == groups.iter().cloned().collect()
}

/// Makes the interfaces a function needs and does not find.
pub fn provide(account: &mut Account, name: &str) -> Result<(), Refusal> {
    let (subnets, groups) = place(account, name);
    for subnet in subnets {
        let mut all = account.records("interface");
        let found = all.find(|(_, it)| is_of(it, &subnet, &groups)).map(|(id, _)| id.clone());
        drop(all);
        match found {
            Some(id) => {
                account.forget_later("interface", &id);
                account.set("interface", &id, "status", "in-use".into());
            }
            None => {
                let description = format!("{DESCRIPTION}{name}");
                make_interface(account, &subnet, &groups, &description)?;
            }
        }
    }
    Ok(())
}

/// Those that no other function uses.
fn unshared(account: &Account, name: &str) -> Vec<String> {
    let (subnets, groups) = place(account, name);
    let is_shared = |subnet: &String| {
        account.records("function").any(|(other, _)| {
            let (theirs, their_groups) = place(account, other);
            other != name && theirs.contains(subnet) && their_groups == groups
        })
    };
    let own: Vec<&String> = subnets.iter().filter(|subnet| !is_shared(subnet)).collect();
    let interfaces = account.records("interface");
    interfaces
        .filter(|(_, it)| own.iter().any(|subnet| is_of(it, subnet, &groups)))
        .map(|(id, _)| id.clone())
        .collect()
}

/// A function leaves its VPC.
pub fn leave(account: &mut Account, name: &str) {
    for id in unshared(account, name) {
        let (free, gone) =
            (account.some_time(SECOND, MINUTE), account.some_time(20 * MINUTE, 45 * MINUTE));
        let value = json!("available");
        account
            .later(free, Effect::Set { table: "interface", id: id.clone(), key: "status", value });
        account.later(gone, Effect::Remove { table: "interface", id });
    }
}

/// A function is deleted while it is in its VPC.
pub fn abandon(account: &mut Account, name: &str) {
    for id in unshared(account, name) {
        let gone = account.some_time(20 * MINUTE, 45 * MINUTE);
        account.later(gone, Effect::Remove { table: "interface", id });
    }
}

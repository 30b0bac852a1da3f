//! EC2: IPv6 blocks of VPCs and subnets.
//! Sources: the pages of `AssociateVpcCidrBlock` and `AssociateSubnetCidrBlock` in the Amazon EC2
//! API Reference, and "IPv6 VPC CIDR blocks" and "Subnet CIDR blocks" in the Amazon VPC User Guide.

use ipnet::Ipv6Net;
use serde_json::{Value as Json, json};

use super::account::{Account, Answer, Effect, Record, SECOND, given, needed, refuse, text};
use super::ec2::{not_found, subnet, vpc};

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "AssociateVpcCidrBlock" => give_to_vpc(account, request),
        "AssociateSubnetCidrBlock" => give_to_subnet(account, request),
        _ => take_from_subnet(account, request),
    }
}

const SET: &str = "ipv6CidrBlockAssociationSet";

fn blocks(record: &Record) -> impl Iterator<Item = Ipv6Net> {
    let all = record.get(SET).and_then(Json::as_array).into_iter().flatten();
    all.filter_map(|one| one["ipv6CidrBlock"].as_str()?.parse().ok())
}

/// "Requests an Amazon-provided IPv6 CIDR block with a /56 prefix length".
fn give_to_vpc(account: &mut Account, request: &Json) -> Answer {
    let id = needed(request, "VpcId")?.to_owned();
    vpc(account, &id)?;
    let count = account.records("vpc").count();
    let made = json!([{
        "associationId": account.id("vpc-cidr-assoc"), "networkBorderGroup": "us-east-1",
        "ipv6CidrBlock": format!("2600:1f18:{count:x}::/56"), "ipv6Pool": "Amazon",
        "ipv6CidrBlockState": {"state": "associated"},
    }]);
    account.set("vpc", &id, SET, made.clone());
    Ok(json!({"vpcId": id, "ipv6CidrBlockAssociation": made[0]}))
}

/// "The IPv6 CIDR block must have a prefix length between /44 and /64", within the VPC's, one a
/// subnet, and no two subnets have the same.
fn give_to_subnet(account: &mut Account, request: &Json) -> Answer {
    let (id, wanted) = (needed(request, "SubnetId")?.to_owned(), needed(request, "Ipv6CidrBlock")?);
    let live = subnet(account, &id)?;
    let Ok(block) = wanted.parse::<Ipv6Net>() else {
        return refuse("InvalidParameterValue", format!("{wanted} is not a valid IPv6 CIDR block"));
    };
    let whole = vpc(account, text(live, "vpcId"))?;
    if !blocks(whole).any(|whole| whole.contains(&block)) {
        return refuse("InvalidSubnet.Range", format!("The CIDR '{wanted}' is invalid."));
    }
    if blocks(live).next().is_some() {
        return refuse("InvalidParameterValue", format!("{id} has an IPv6 CIDR block already"));
    }
    let mut others = account.records("subnet").map(|(_, other)| other);
    if others.any(|other| other["vpcId"] == live["vpcId"] && blocks(other).any(|it| it == block)) {
        let message = format!("The CIDR '{wanted}' conflicts with another subnet");
        return refuse("InvalidSubnet.Conflict", message);
    }
    drop(others);
    let wanted = block.to_string();
    let mut made = json!({
        "associationId": account.id("subnet-cidr-assoc"), "ipv6CidrBlock": wanted,
        "ipv6CidrBlockState": {"state": "associating"},
    });
    account.set("subnet", &id, SET, json!([made]));
    let answer = json!({"subnetId": id, "ipv6CidrBlockAssociation": made});
    made["ipv6CidrBlockState"]["state"] = "associated".into();
    let after = account.some_time(SECOND / 5, 3 * SECOND);
    let value = json!([made]);
    account.later(after, Effect::Set { table: "subnet", id, key: SET, value });
    Ok(answer)
}

fn take_from_subnet(account: &mut Account, request: &Json) -> Answer {
    let association = needed(request, "AssociationId")?;
    let is_it = |record: &Record| {
        let all = record.get(SET).and_then(Json::as_array).into_iter().flatten();
        all.filter_map(|one| given(one, "associationId")).any(|one| one == association)
    };
    let found = account.records("subnet").find(|(_, record)| is_it(record));
    let Some((id, record)) = found.map(|(id, record)| (id.clone(), record.clone())) else {
        return not_found(
            "InvalidSubnetCidrBlockAssociationID.NotFound",
            "association",
            association,
        );
    };
    let mut gone = record[SET][0].clone();
    gone["ipv6CidrBlockState"]["state"] = "disassociated".into();
    account.set("subnet", &id, SET, json!([]));
    Ok(json!({"subnetId": id, "ipv6CidrBlockAssociation": gone}))
}

//! EC2: route tables, their routes and associations.
//! Sources: the Amazon EC2 API Reference (`CreateRouteTable` to `DisassociateRouteTable`).

use serde_json::{Value as Json, json};

use super::account::{Account, Answer, NUMBER, Record, Refusal, needed, record, refuse, text};
use super::ec2::{in_use, not_found, subnet, vpc};
use super::{ec2_route, ec2_tags};

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "CreateRouteTable" => {
            ec2_tags::once(account, request, |account| create_table(account, request))
        }
        "DescribeRouteTables" => describe(account, request),
        "DeleteRouteTable" => delete_table(account, request),
        "AssociateRouteTable" => associate(account, request),
        "DisassociateRouteTable" => disassociate(account, request),
        _ => ec2_route::answer(account, operation, request),
    }
}

pub fn table<'a>(account: &'a Account, id: &str) -> Result<&'a Record, Refusal> {
    let found = account.record("route-table", id);
    found.map_or_else(|| not_found("InvalidRouteTableID.NotFound", "routeTable", id), Ok)
}

/// A table with the local route of its VPC, which nobody can take away.
fn make(account: &mut Account, vpc_id: &str, tags: Json) -> Record {
    let id = account.id("rtb");
    let block = account.record("vpc", vpc_id).map(|vpc| vpc["cidrBlock"].clone());
    let made = record(json!({
        "routeTableId": id, "vpcId": vpc_id, "tagSet": tags, "ownerId": NUMBER,
        "routeSet": [{
            "destinationCidrBlock": block, "gatewayId": "local", "state": "active",
            "origin": "CreateRouteTable",
        }],
    }));
    account.table("route-table").insert(id, made.clone());
    made
}

/// "Your VPC automatically comes with a main route table".
pub fn make_main(account: &mut Account, vpc_id: &str) {
    let id = text(&make(account, vpc_id, json!([])), "routeTableId").to_owned();
    account.set("route-table", &id, "_default", true.into());
}

fn create_table(account: &mut Account, request: &Json) -> Answer {
    let vpc_id = needed(request, "VpcId")?;
    vpc(account, vpc_id)?;
    let tags = ec2_tags::of_create(request, "route-table")?;
    Ok(json!({"routeTable": make(account, vpc_id, tags)}))
}

/// With routes and associations, at most 100 at once: `DescribeRouteTables`.
fn describe(account: &Account, request: &Json) -> Answer {
    let filters = ec2_tags::members(&[("route-table-id", "routeTableId"), ("vpc-id", "vpcId")]);
    let mut answer = ec2_tags::describe(account, "route-table", request, "routeTableSet", filters)?;
    for table in answer["routeTableSet"].as_array_mut().into_iter().flatten() {
        let associations = account
            .records("association")
            .filter(|(_, one)| one["routeTableId"] == table["routeTableId"])
            .map(|(_, one)| Json::Object(one.clone()));
        table["associationSet"] = associations.collect();
        let routes = ec2_route::told(account, table["routeTableId"].as_str().unwrap_or_default());
        table["routeSet"].as_array_mut().into_iter().for_each(|all| all.extend(routes.clone()));
    }
    Ok(answer)
}

/// "You must disassociate the route table from any subnets before you can delete it. You can't
/// delete the main route table." A gateway endpoint's route holds it, too.
fn delete_table(account: &mut Account, request: &Json) -> Answer {
    let id = needed(request, "RouteTableId")?.to_owned();
    if table(account, &id)?.contains_key("_default") {
        return in_use("routeTable", &id, "it is the main one");
    }
    let mut associations = account.records("association");
    if let Some((by, _)) = associations.find(|(_, one)| text(one, "routeTableId") == id) {
        return in_use("routeTable", &id, by);
    }
    drop(associations);
    account.table("route").retain(|_, route| text(route, "_table") != id);
    account.table("route-table").remove(&id);
    Ok(json!({"return": true}))
}

/// A subnet has one association; the same pair again is refused: "Error codes for the Amazon EC2
/// API", Resource.AlreadyAssociated.
fn associate(account: &mut Account, request: &Json) -> Answer {
    let (table_id, subnet_id) = (needed(request, "RouteTableId")?, needed(request, "SubnetId")?);
    let table = table(account, table_id)?;
    let subnet = subnet(account, subnet_id)?;
    if table["vpcId"] != subnet["vpcId"] {
        let message = format!("{table_id} and {subnet_id} belong to different networks");
        return refuse("InvalidParameterValue", message);
    }
    if account.records("association").any(|(_, one)| text(one, "subnetId") == subnet_id) {
        let message = format!("the specified association for subnet {subnet_id} already exists");
        return refuse("Resource.AlreadyAssociated", message);
    }
    let id = account.id("rtbassoc");
    let made = json!({
        "routeTableAssociationId": id, "routeTableId": table_id, "subnetId": subnet_id,
        "main": false, "associationState": {"state": "associated"},
    });
    account.table("association").insert(id.clone(), record(made));
    Ok(json!({"associationId": id, "associationState": {"state": "associated"}}))
}

fn disassociate(account: &mut Account, request: &Json) -> Answer {
    let id = needed(request, "AssociationId")?;
    if account.table("association").remove(id).is_none() {
        return not_found("InvalidAssociationID.NotFound", "association", id);
    }
    Ok(json!({"return": true}))
}

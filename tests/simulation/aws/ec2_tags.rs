//! What all of EC2 does in the same way: tags, filters, pages, dry runs.

use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, Record, Refusal, given, list, page, record, refuse, text, texts,
};

/// The tables of what carries tags, by the prefix of its ids, and the type that EC2 says it is of.
const TAGGED: &[(&str, &str, &str)] = &[
    ("vpc-", "vpc", "vpc"),
    ("subnet-", "subnet", "subnet"),
    ("rtb-", "route-table", "route-table"),
    ("sg-", "group", "security-group"),
    ("sgr-", "rule", "security-group-rule"),
    ("vpce-", "endpoint", "vpc-endpoint"),
    ("igw-", "gateway", "internet-gateway"),
];

/// The tags of a create, as EC2 tells them. "Tag your Amazon EC2 resources": at most 50 a resource,
/// and keys that begin with `aws:` are AWS's own.
pub fn of_create(request: &Json, kind: &str) -> Result<Json, Refusal> {
    let mut tags = Vec::new();
    for specification in list(request, "TagSpecification") {
        if given(specification, "ResourceType") != Some(kind) {
            return refuse(
                "InvalidParameterValue",
                format!("{} is not the type of what is made", specification["ResourceType"]),
            );
        }
        tags.extend(list(specification, "Tag").iter().map(
            |tag| json!({"key": tag["Key"], "value": tag["Value"].as_str().unwrap_or_default()}),
        ));
    }
    checked(tags)
}

fn checked(tags: Vec<Json>) -> Result<Json, Refusal> {
    if tags.len() > 50 {
        return refuse("TagLimitExceeded", "a resource has at most 50 tags");
    }
    if tags.iter().any(|tag| tag["key"].as_str().is_some_and(|key| key.starts_with("aws:"))) {
        return refuse("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved");
    }
    Ok(Json::Array(tags))
}

/// The value of a tag.
pub fn tag<'a>(record: &'a Record, key: &str) -> Option<&'a str> {
    let tags = record.get("tagSet").and_then(Json::as_array)?;
    tags.iter().find(|tag| tag["key"] == key)?["value"].as_str()
}

pub fn change(account: &mut Account, request: &Json, adds: bool) -> Answer {
    let ids = texts(request, "ResourceId");
    for id in &ids {
        let table = table_of(id)?;
        if account.record(table, id).is_none() {
            return refuse("InvalidID", format!("The ID '{id}' is not valid"));
        }
    }
    for id in &ids {
        let table = table_of(id)?;
        let Some(record) = account.table(table).get_mut(id) else { continue };
        let mut tags = record.get("tagSet").and_then(Json::as_array).cloned().unwrap_or_default();
        for given in list(request, "Tag") {
            tags.retain(|tag| tag["key"] != given["Key"]);
            if adds {
                let value = given["Value"].as_str().unwrap_or_default();
                tags.push(json!({"key": given["Key"], "value": value}));
            }
        }
        record.insert("tagSet".to_owned(), checked(tags)?);
    }
    Ok(json!({"return": true}))
}

/// Tags by themselves: "Describes the specified tags for your EC2 resources."
pub fn tell(account: &Account, request: &Json) -> Answer {
    let mut found = Vec::new();
    for (_, table, kind) in TAGGED {
        for (id, live) in account.records(table) {
            for tag in live.get("tagSet").and_then(Json::as_array).into_iter().flatten() {
                let (key, value) = (&tag["key"], &tag["value"]);
                let told = record(
                    json!({"resourceId": id, "resourceType": kind, "key": key, "value": value}),
                );
                if passes(account, &told, request, &members(OF_TAGS))? {
                    found.push(Json::Object(told));
                }
            }
        }
    }
    let size =
        given(request, "MaxResults").and_then(|size| size.parse().ok()).unwrap_or(account.page);
    let (items, next) = page(found, given(request, "NextToken"), size);
    Ok(json!({"tagSet": items, "nextToken": next}))
}

const OF_TAGS: &[(&str, &str)] = &[
    ("resource-id", "resourceId"),
    ("resource-type", "resourceType"),
    ("key", "key"),
    ("value", "value"),
];

fn table_of(id: &str) -> Result<&'static str, Refusal> {
    let found = TAGGED.iter().find(|(prefix, ..)| id.starts_with(prefix));
    found.map_or_else(
        || refuse("InvalidID", format!("The ID '{id}' is not valid")),
        |(_, table, _)| Ok(*table),
    )
}

/// By which member a Describe names the ones it is about, and what EC2 says of one that is not there:
/// the pages of the Describes, and "Error codes for the Amazon EC2 API".
const NAMED: &[(&str, &str, &str)] = &[
    ("vpc", "VpcId", "InvalidVpcID.NotFound"),
    ("subnet", "SubnetId", "InvalidSubnetID.NotFound"),
    ("acl", "NetworkAclId", "InvalidNetworkAclID.NotFound"),
    ("interface", "NetworkInterfaceId", "InvalidNetworkInterfaceID.NotFound"),
    ("endpoint", "VpcEndpointId", "InvalidVpcEndpointId.NotFound"),
    ("group", "GroupId", "InvalidGroup.NotFound"),
    ("rule", "SecurityGroupRuleId", "InvalidSecurityGroupRuleId.NotFound"),
    ("gateway", "InternetGatewayId", "InvalidInternetGatewayID.NotFound"),
    ("route-table", "RouteTableId", "InvalidRouteTableID.NotFound"),
];

/// The ids that a Describe names, all of which are there; none where it is about all.
fn named(account: &Account, table: &str, request: &Json) -> Result<Vec<String>, Refusal> {
    let Some((_, member, code)) = NAMED.iter().find(|(of, ..)| *of == table) else {
        return Ok(Vec::new());
    };
    let ids = texts(request, member);
    match ids.iter().find(|id| account.record(table, id).is_none()) {
        Some(id) => refuse(code, format!("The ID '{id}' does not exist")),
        None => Ok(ids),
    }
}

/// The records of a table that a Describe asks for, a page at once: `MaxResults` of their pages. `value` tells what a filter of
/// this type looks at, and `None` for a filter that the type does not have, which EC2 refuses.
pub fn describe(
    account: &Account,
    table: &str,
    request: &Json,
    set: &str,
    value: impl Fn(&Account, &Record, &str) -> Option<Vec<String>>,
) -> Answer {
    let ids = named(account, table, request)?;
    let past = given(request, "NextToken");
    let size = given(request, "MaxResults").and_then(|size| size.parse().ok());
    let most = if table == "route-table" { 100 } else { 1000 };
    let size = size.unwrap_or(account.page.min(most));
    let (mut found, mut last, mut next) = (Vec::new(), None, None);
    for (id, record) in account.records(table) {
        let is_meant = ids.is_empty() || ids.contains(id);
        if !is_meant || past.is_some_and(|past| id.as_str() <= past) {
            continue;
        }
        if passes(account, record, request, &value)? {
            if found.len() == size {
                next = last;
                break;
            }
            found.push(Json::Object(record.clone()));
            last = Some(id.clone());
        }
    }
    let mut answer = json!({ set: found });
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
    Ok(answer)
}

fn passes(
    account: &Account,
    record: &Record,
    request: &Json,
    value: &impl Fn(&Account, &Record, &str) -> Option<Vec<String>>,
) -> Result<bool, Refusal> {
    for filter in list(request, "Filter") {
        let name = given(filter, "Name").unwrap_or_default();
        let live = match name.strip_prefix("tag:") {
            Some(key) => tag(record, key).map(|value| vec![value.to_owned()]).unwrap_or_default(),
            None => match value(account, record, name) {
                Some(live) => live,
                None => {
                    let message = format!("The filter '{name}' is invalid");
                    return refuse("InvalidParameterValue", message);
                }
            },
        };
        if !texts(filter, "Value").iter().any(|wanted| live.contains(wanted)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Looks at members of the record itself.
pub fn members(
    names: &'static [(&'static str, &'static str)],
) -> impl Fn(&Account, &Record, &str) -> Option<Vec<String>> {
    move |_, record, name| {
        let (_, key) = names.iter().find(|(filter, _)| *filter == name)?;
        Some(match record.get(*key) {
            Some(Json::Bool(value)) => vec![value.to_string()],
            _ => vec![text(record, key).to_owned()],
        })
    }
}

/// A create with a token: the same token with the same request is the same answer, with another
/// request a mistake. "Ensuring idempotency in Amazon EC2 API requests".
pub fn once(
    account: &mut Account,
    request: &Json,
    make: impl FnOnce(&mut Account) -> Answer,
) -> Answer {
    let Some(token) = given(request, "ClientToken").map(str::to_owned) else {
        return make(account);
    };
    if let Some((earlier, answer)) = account.answered(&token) {
        return if earlier == request {
            Ok(answer.clone())
        } else {
            refuse("IdempotentParameterMismatch", "the token was used for another request")
        };
    }
    let answer = make(account)?;
    account.remember(token, request.clone(), answer.clone());
    Ok(answer)
}

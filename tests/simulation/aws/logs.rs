//! `CloudWatch` Logs: groups. Sources: the `CloudWatch` Logs API Reference.

use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, NUMBER, REGION, Record, Refusal, given, needed, page, record, refuse, texts,
};
use super::logs_settings;

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "CreateLogGroup" => create(account, request),
        "DescribeLogGroups" => describe(account, request),
        "DeleteLogGroup" => delete(account, request),
        "PutRetentionPolicy" => retain(account, request, request["retentionInDays"].clone()),
        "DeleteRetentionPolicy" => retain(account, request, Json::Null),
        "ListTagsForResource" => {
            let group = group(account, name_in(needed(request, "resourceArn")?))?;
            Ok(json!({"tags": group["_tags"]}))
        }
        "TagResource" | "UntagResource" => tag(account, request),
        _ => logs_settings::answer(account, operation, request),
    }
}

/// The name of a group, also from its ARN.
pub fn name_in(identifier: &str) -> &str {
    let name = identifier.split_once(":log-group:").map_or(identifier, |(_, name)| name);
    name.trim_end_matches(":*")
}

pub fn group<'a>(account: &'a Account, name: &str) -> Result<&'a Record, Refusal> {
    let found = account.record("log-group", name);
    let message = "The specified log group does not exist.";
    found.map_or_else(|| refuse("ResourceNotFoundException", message), Ok)
}

/// "Log group names must be unique within a Region"; there are no client tokens.
fn create(account: &mut Account, request: &Json) -> Answer {
    let name = needed(request, "logGroupName")?;
    if account.record("log-group", name).is_some() {
        let message = "The specified log group already exists";
        return refuse("ResourceAlreadyExistsException", message);
    }
    let arn = format!("arn:aws:logs:{REGION}:{NUMBER}:log-group:{name}");
    let made = json!({
        "logGroupName": name, "arn": format!("{arn}:*"), "logGroupArn": arn,
        "logGroupClass": given(request, "logGroupClass").unwrap_or("STANDARD"),
        "deletionProtectionEnabled": request.get("deletionProtectionEnabled").unwrap_or(&Json::Bool(false)),
        "_tags": request.get("tags").cloned().unwrap_or(json!({})),
    });
    account.table("log-group").insert(name.to_owned(), record(made));
    super::account::accepted()
}

fn describe(account: &Account, request: &Json) -> Answer {
    let wanted = texts(request, "logGroupIdentifiers");
    let prefix = given(request, "logGroupNamePrefix").unwrap_or_default();
    let found = account.records("log-group").filter(|(name, _)| {
        name.starts_with(prefix)
            && (wanted.is_empty() || wanted.iter().any(|one| name_in(one) == name.as_str()))
    });
    let found = found.map(|(_, group)| Json::Object(group.clone())).collect();
    let (groups, next) = page(found, given(request, "nextToken"), 50);
    Ok(json!({"logGroups": groups, "nextToken": next}))
}

fn delete(account: &mut Account, request: &Json) -> Answer {
    let name = needed(request, "logGroupName")?;
    if group(account, name)?["deletionProtectionEnabled"] == true {
        return refuse("ValidationException", "the log group is protected against deletion");
    }
    account.table("log-group").remove(name);
    super::account::accepted()
}

/// "Possible values are": `PutRetentionPolicy`.
const RETENTIONS: [u64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

fn retain(account: &mut Account, request: &Json, days: Json) -> Answer {
    let name = needed(request, "logGroupName")?;
    group(account, name)?;
    if days.as_u64().is_some_and(|days| !RETENTIONS.contains(&days)) {
        return refuse("InvalidParameterException", "no such retention");
    }
    account.set("log-group", name, "retentionInDays", days);
    super::account::accepted()
}

fn tag(account: &mut Account, request: &Json) -> Answer {
    let name = name_in(needed(request, "resourceArn")?).to_owned();
    let mut tags = group(account, &name)?["_tags"].as_object().cloned().unwrap_or_default();
    for (key, value) in request.get("tags").and_then(Json::as_object).into_iter().flatten() {
        tags.insert(key.clone(), value.clone());
    }
    tags.retain(|key, _| !texts(request, "tagKeys").contains(key));
    account.set("log-group", &name, "_tags", Json::Object(tags));
    super::account::accepted()
}

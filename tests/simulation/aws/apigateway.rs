//! API Gateway, REST APIs: what all of it does in the same way.
//! Sources: the Amazon API Gateway Version 1 API Reference, and "Amazon API Gateway quotas and
//! important notes" in its Developer Guide.

use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, Record, Refusal, Time, given, needed, page, record, refuse, seconds, text,
    texts,
};
use super::{apigateway_api, apigateway_method, apigateway_plan, apigateway_stage};

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    let changed = given(request, "restApiId").filter(|_| !operation.starts_with("Get"));
    if let Some(id) = changed {
        check_alone(account, id)?;
    }
    let answer = carry_out(account, operation, request)?;
    if let Some(id) = changed {
        let until = account.now + CHANGE;
        let busy = record(json!({"until": until, "_default": true}));
        account.table("api-at-work").insert(id.to_owned(), busy);
    }
    Ok(answer)
}

/// How long a change of an API goes on behind its answer: less than the next one is on its way.
pub const CHANGE: Time = 4;

/// Two changes of one API at once: "`ConflictException`: Unable to complete operation due to
/// concurrent modification" (terraform-provider-aws issues 776 and 16439).
fn check_alone(account: &Account, api: &str) -> Result<(), Refusal> {
    let busy = account.record("api-at-work", api).and_then(|it| it["until"].as_u64());
    if busy.is_some_and(|until| account.now < until) {
        return conflict(
            "Unable to complete operation due to concurrent modification. Please try again later.",
        );
    }
    Ok(())
}

fn carry_out(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "TagResource" | "UntagResource" => tag(account, request),
        "GetTags" => {
            let (table, id) = tagged(request)?;
            let Some(record) = account.record(table, &id) else {
                return missing("Invalid resource ARN specified");
            };
            Ok(json!({"tags": record.get("tags").cloned().unwrap_or(json!({}))}))
        }
        _ if operation.contains("RestApi") => apigateway_api::answer(account, operation, request),
        _ if operation.contains("Deployment") || operation.contains("Stage") => {
            apigateway_stage::answer(account, operation, request)
        }
        _ if ["ApiKey", "UsagePlan", "Account"].iter().any(|it| operation.contains(it)) => {
            apigateway_plan::answer(account, operation, request)
        }
        _ => apigateway_method::answer(account, operation, request),
    }
}

pub fn bad<T>(message: impl Into<String>) -> Result<T, Refusal> {
    refuse("BadRequestException", message)
}

pub fn missing<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status: 404, code: "NotFoundException".to_owned(), message: message.into() })
}

pub fn conflict<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status: 409, code: "ConflictException".to_owned(), message: message.into() })
}

/// A quota: status and code are those of the error's page in the API Reference.
pub fn limit<T>(message: impl Into<String>) -> Result<T, Refusal> {
    let code = "LimitExceededException".to_owned();
    Err(Refusal { status: 429, code, message: message.into() })
}

/// The API a request is about.
pub fn api<'a>(account: &'a Account, request: &Json) -> Result<&'a Record, Refusal> {
    let id = needed(request, "restApiId")?;
    let message = format!("Invalid API identifier specified {}:{id}", super::account::NUMBER);
    account.record("rest-api", id).map_or_else(|| missing(message), Ok)
}

/// Its records in another table.
pub fn of_api<'a>(
    account: &'a Account,
    table: &'static str,
    api: &'a str,
) -> impl Iterator<Item = (&'a String, &'a Record)> {
    account.records(table).filter(move |(_, record)| text(record, "_api") == api)
}

/// A parameter of the query.
pub fn query<'a>(request: &'a Json, key: &str) -> Option<&'a str> {
    request.get(key)?.as_array()?.first()?.as_str()
}

/// "The maximum number of returned results per page. The default value is 25 and the maximum value
/// is 500": `limit` of every list.
pub fn listed(items: Vec<Json>, request: &Json) -> Answer {
    let size = query(request, "limit").and_then(|size| size.parse().ok()).unwrap_or(25);
    let (items, next) = page(items, query(request, "position"), size.min(500));
    let mut answer = json!({ "item": items });
    if let Some(next) = next {
        answer["position"] = next.into();
    }
    Ok(answer)
}

pub fn whole(record: &Record) -> Json {
    Json::Object(record.clone())
}

/// With the status of what was made.
pub fn made(record: &Record) -> Answer {
    Ok(with_status(201, whole(record)))
}

pub fn with_status(status: u16, mut answer: Json) -> Json {
    answer["_status"] = status.into();
    answer
}

pub fn gone(status: u16) -> Answer {
    Ok(json!({"_status": status, "_empty": true}))
}

/// When it is, in the words of this service.
pub fn now(account: &Account) -> Json {
    seconds(account.now).into()
}

/// By ARN: `arn:aws:apigateway:us-east-1::/restapis/a1b2c3/stages/live`. At most 50 tags: "Tagging
/// your API Gateway resources".
fn tag(account: &mut Account, request: &Json) -> Answer {
    let (table, id) = tagged(request)?;
    let Some(record) = account.table(table).get_mut(&id) else {
        return missing("Invalid resource ARN specified");
    };
    let mut tags = record.get("tags").and_then(Json::as_object).cloned().unwrap_or_default();
    tags.extend(request.get("tags").and_then(Json::as_object).cloned().unwrap_or_default());
    tags.retain(|key, _| !texts(request, "tagKeys").contains(key));
    check_tags(&Json::Object(tags.clone()))?;
    record.insert("tags".to_owned(), Json::Object(tags));
    gone(204)
}

/// The record that an ARN names.
fn tagged(request: &Json) -> Result<(&'static str, String), Refusal> {
    let arn = needed(request, "resourceArn")?;
    let path: Vec<&str> = arn.split("::/").nth(1).unwrap_or_default().split('/').collect();
    match path[..] {
        ["restapis", api] => Ok(("rest-api", api.to_owned())),
        ["restapis", api, "stages", stage] => Ok(("api-stage", format!("{api}|{stage}"))),
        ["apikeys", key] => Ok(("api-key", key.to_owned())),
        ["usageplans", plan] => Ok(("usage-plan", plan.to_owned())),
        _ => bad("Invalid ARN specified in the request"),
    }
}

pub fn check_tags(tags: &Json) -> Result<(), Refusal> {
    let tags = tags.as_object().into_iter().flatten();
    if tags.clone().any(|(key, _)| key.starts_with("aws:")) {
        return bad("Invalid tag key: aws: is reserved");
    }
    if tags.count() > 50 {
        return bad("The number of tags exceeds the limit of 50");
    }
    Ok(())
}

/// The members of a request that become the record's own.
pub fn copied(request: &Json, keys: &[&str]) -> Record {
    let given = keys.iter().filter_map(|key| Some((*key, request.get(*key)?)));
    given
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect()
}

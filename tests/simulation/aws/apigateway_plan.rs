//! API Gateway: keys, usage plans and the keys in them, and the account's own settings.
//! Sources: the pages of `CreateApiKey` to `UpdateAccount` in the API Reference; "Usage plans and
//! API keys for REST APIs".

use serde_json::{Value as Json, json};

use super::account::{Account, Answer, Record, Refusal, given, list, needed, record, text};
use super::apigateway::{
    bad, check_tags, conflict, copied, gone, listed, made, missing, now, query, whole,
};
use super::apigateway_patch::{Field, Kind, Operation, operations, patched, place};
use super::iam;

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "CreateApiKey" => create_key(account, request),
        "GetApiKey" => Ok(told_key(key(account, request)?, query(request, "includeValue"))),
        "GetApiKeys" => {
            let values = query(request, "includeValues");
            listed(
                account.records("api-key").map(|(_, it)| told_key(it, values)).collect(),
                request,
            )
        }
        "UpdateApiKey" => {
            let mut changed = patched(key(account, request)?, request, KEY)?;
            changed.retain(|_, value| value != "");
            changed.insert("lastUpdatedDate".to_owned(), now(account));
            account.table("api-key").insert(text(&changed, "id").to_owned(), changed.clone());
            Ok(told_key(&changed, None))
        }
        "DeleteApiKey" => {
            let id = text(key(account, request)?, "id").to_owned();
            account.table("usage-plan-key").retain(|_, it| text(it, "id") != id);
            account.table("api-key").remove(&id);
            gone(202)
        }
        "CreateUsagePlanKey" => add_key(account, request),
        "GetUsagePlanKey" => Ok(whole(plan_key(account, request)?)),
        "GetUsagePlanKeys" => {
            let plan = text(plan(account, request)?, "id");
            let keys =
                account.records("usage-plan-key").filter(|(_, it)| text(it, "_plan") == plan);
            listed(keys.map(|(_, it)| whole(it)).collect(), request)
        }
        "DeleteUsagePlanKey" => {
            let found = plan_key(account, request)?;
            let id = format!("{}:{}", text(found, "id"), text(found, "_plan"));
            account.table("usage-plan-key").remove(&id);
            gone(202)
        }
        "CreateUsagePlan" => create_plan(account, request),
        "GetUsagePlan" => Ok(whole(plan(account, request)?)),
        "GetUsagePlans" => {
            listed(account.records("usage-plan").map(|(_, it)| whole(it)).collect(), request)
        }
        "UpdateUsagePlan" => update_plan(account, request),
        "DeleteUsagePlan" => delete_plan(account, request),
        "GetAccount" => Ok(told_account(account)),
        "UpdateAccount" => update_account(account, request),
        _ => missing(format!("{operation} of API Gateway is not simulated")),
    }
}

const KEY: &[Field] = &[
    ("name", Kind::Text),
    ("description", Kind::Text),
    ("enabled", Kind::Flag),
    ("customerId", Kind::Text),
    ("stages", Kind::Values),
];

fn key<'a>(account: &'a Account, request: &Json) -> Result<&'a Record, Refusal> {
    let found = account.record("api-key", needed(request, "apiKey")?);
    found.map_or_else(|| missing("Invalid API Key identifier specified"), Ok)
}

/// Its value only where it is asked for: `includeValue`.
fn told_key(key: &Record, includes_value: Option<&str>) -> Json {
    let mut told = key.clone();
    if includes_value != Some("true") {
        told.remove("value");
    }
    if let Some(stages) = told.remove("stages") {
        told.insert("stageKeys".to_owned(), stages);
    }
    Json::Object(told)
}

/// "The value of the API key is between 20 and 128 characters", and no two keys have the same one.
/// Names are not unique and there are no client tokens.
fn create_key(account: &mut Account, request: &Json) -> Answer {
    check_tags(&request["tags"])?;
    let id = account.short_id('k');
    // An empty text is none, as terraform-provider-aws sends it.
    let value = match given(request, "value").filter(|value| !value.is_empty()) {
        Some(value) if !(20..=128).contains(&value.len()) => {
            return bad("API Key value should be at least 20 characters");
        }
        Some(value) => value.to_owned(),
        None => format!("{id}{id}{id}{id}"),
    };
    if account.records("api-key").any(|(_, other)| text(other, "value") == value) {
        return conflict("API Key already exists");
    }
    let stages: Vec<Json> = list(request, "stageKeys")
        .iter()
        .map(|key| {
            let part = |name: &str| given(key, name).unwrap_or_default();
            format!("{}/{}", part("restApiId"), part("stageName")).into()
        })
        .collect();
    let mut made_key = record(json!({
        "id": id, "value": value, "enabled": false, "createdDate": now(account),
        "lastUpdatedDate": now(account), "stages": stages,
    }));
    made_key.extend(copied(request, &["name", "description", "enabled", "customerId", "tags"]));
    account.table("api-key").insert(id, made_key.clone());
    let Json::Object(told) = told_key(&made_key, Some("true")) else { unreachable!("a record") };
    made(&told)
}

fn plan<'a>(account: &'a Account, request: &Json) -> Result<&'a Record, Refusal> {
    let found = account.record("usage-plan", needed(request, "usagePlanId")?);
    found.map_or_else(|| missing("Invalid Usage Plan ID specified"), Ok)
}

fn plan_key<'a>(account: &'a Account, request: &Json) -> Result<&'a Record, Refusal> {
    let plan = text(plan(account, request)?, "id");
    let found = account.record("usage-plan-key", &format!("{}:{plan}", needed(request, "keyId")?));
    found.map_or_else(|| missing("Invalid API Key identifier specified"), Ok)
}

/// `a1b2c3:live` of each stage of a plan.
fn stages(plan: &Record) -> Vec<String> {
    let stages = plan.get("apiStages").and_then(Json::as_array).into_iter().flatten();
    stages
        .map(|stage| {
            let part = |name: &str| given(stage, name).unwrap_or_default();
            format!("{}:{}", part("apiId"), part("stage"))
        })
        .collect()
}

/// The plan that names a stage.
pub fn plan_of(account: &Account, api: &str, stage: &str) -> Option<String> {
    let named = format!("{api}:{stage}");
    let mut plans = account.records("usage-plan");
    plans.find(|(_, plan)| stages(plan).contains(&named)).map(|(id, _)| id.clone())
}

fn check_stage(account: &Account, stage: &str) -> Result<(), Refusal> {
    match account.record("api-stage", &stage.replace(':', "|")) {
        Some(_) => Ok(()),
        None => missing(format!("API Stage not found: {stage}")),
    }
}

fn create_plan(account: &mut Account, request: &Json) -> Answer {
    if given(request, "name").is_none_or(str::is_empty) {
        return bad("Usage plan name cannot be null or empty");
    }
    check_tags(&request["tags"])?;
    let id = account.short_id('u');
    let mut made_plan = record(json!({"id": id}));
    made_plan.extend(copied(
        request,
        &["name", "description", "apiStages", "throttle", "quota", "tags"],
    ));
    check_plan(account, &made_plan)?;
    account.table("usage-plan").insert(id, made_plan.clone());
    made(&made_plan)
}

/// Its stages are there, and its quota is of a day, a week or a month.
fn check_plan(account: &Account, plan: &Record) -> Result<(), Refusal> {
    for stage in stages(plan) {
        check_stage(account, &stage)?;
    }
    let Some(quota) = plan.get("quota") else { return Ok(()) };
    let longest = match given(quota, "period") {
        Some("DAY") => 0,
        Some("WEEK") => 6,
        Some("MONTH") => 27,
        _ => return bad("Usage Plan quota period must be one of DAY, WEEK, MONTH"),
    };
    if quota["limit"].as_i64().unwrap_or_default() <= 0 {
        return bad("Usage Plan quota limit must be greater than 0");
    }
    if quota["offset"].as_i64().unwrap_or_default() > longest {
        return bad("Usage Plan quota offset must be within its period");
    }
    Ok(())
}

const PLAN: &[Field] = &[
    ("name", Kind::Text),
    ("description", Kind::Text),
    ("throttle", Kind::Object),
    ("throttle/rateLimit", Kind::Number),
    ("throttle/burstLimit", Kind::Whole),
    ("quota", Kind::Object),
    ("quota/limit", Kind::Whole),
    ("quota/offset", Kind::Whole),
    ("quota/period", Kind::Text),
];

fn update_plan(account: &mut Account, request: &Json) -> Answer {
    let mut changed = plan(account, request)?.clone();
    for operation in operations(request) {
        if operation.path.first().is_some_and(|first| first == "apiStages") {
            change_stages(&operation, &mut changed)?;
        } else {
            operation.apply(&mut changed, PLAN)?;
        }
    }
    check_plan(account, &changed)?;
    account.table("usage-plan").insert(text(&changed, "id").to_owned(), changed.clone());
    Ok(whole(&changed))
}

/// `/apiStages` takes and gives back stages; `/apiStages/<api:stage>/throttle` limits their methods.
fn change_stages(operation: &Operation, plan: &mut Record) -> Result<(), Refusal> {
    let its = stages(plan);
    let all = plan.entry("apiStages").or_insert(json!([])).as_array_mut().expect("a list");
    let index = |name: &str| its.iter().position(|one| one == name);
    match (&operation.path[..], operation.op.as_str()) {
        ([_], "add") => {
            let Some((api, stage)) = operation.value().split_once(':') else {
                return bad("Invalid API Stage specified");
            };
            if index(operation.value()).is_none() {
                all.push(json!({"apiId": api, "stage": stage}));
            }
        }
        ([_], "remove") => match index(operation.value()) {
            Some(index) => {
                all.remove(index);
            }
            None => return bad("Invalid API Stage specified"),
        },
        ([_, name, throttle], op) if throttle == "throttle" => {
            let Some(stage) = index(name).and_then(|index| all[index].as_object_mut()) else {
                return bad("Invalid API Stage specified");
            };
            match op {
                "replace" => {
                    let limits = serde_json::from_str::<Json>(operation.value());
                    let Ok(limits @ Json::Object(_)) = limits else {
                        return bad("Invalid throttle settings");
                    };
                    stage.insert("throttle".to_owned(), limits);
                }
                _ => {
                    stage.remove("throttle");
                }
            }
        }
        ([_, name, throttle, path, verb, field], "replace") if throttle == "throttle" => {
            let Some(stage) = index(name).and_then(|index| all[index].as_object_mut()) else {
                return bad("Invalid API Stage specified");
            };
            let value = operation.parsed(Kind::Number)?;
            place(stage, &["throttle", &format!("{path}/{verb}")]).insert(field.clone(), value);
        }
        _ => return operation.refused(),
    }
    Ok(())
}

/// "Cannot delete Usage Plan … because there are API Stages associated with it": aws-sdk-js issue
/// 3841.
fn delete_plan(account: &mut Account, request: &Json) -> Answer {
    let plan = plan(account, request)?;
    let id = text(plan, "id").to_owned();
    if let Some(stage) = stages(plan).first() {
        return bad(format!(
            "Cannot delete Usage Plan {id} because there are API Stages associated with it, including {stage}"
        ));
    }
    account.table("usage-plan-key").retain(|_, it| text(it, "_plan") != id);
    account.table("usage-plan").remove(&id);
    gone(202)
}

/// "A given API key can only be associated with one usage plan for each stage of your API".
fn add_key(account: &mut Account, request: &Json) -> Answer {
    let plan = plan(account, request)?;
    let (plan_id, its_stages) = (text(plan, "id").to_owned(), stages(plan));
    let id = needed(request, "keyId")?;
    if needed(request, "keyType")? != "API_KEY" {
        return bad("Invalid key type, it should be API_KEY");
    }
    let Some(key) = account.record("api-key", id) else {
        return missing("Invalid API Key identifier specified");
    };
    let name = format!("{id}:{plan_id}");
    let shares = |other: &Record| {
        let plan = account.record("usage-plan", text(other, "_plan"));
        plan.is_some_and(|plan| stages(plan).iter().any(|stage| its_stages.contains(stage)))
    };
    let mut links = account.records("usage-plan-key");
    if links
        .any(|(other_name, other)| *other_name == name || text(other, "id") == id && shares(other))
    {
        return conflict(format!("The API Key {id} is in a plan of this stage already"));
    }
    let made_link = record(json!({
        "id": id, "type": "API_KEY", "name": key.get("name"), "value": key["value"], "_plan": plan_id,
    }));
    drop(links);
    account.table("usage-plan-key").insert(name, made_link.clone());
    made(&made_link)
}

const ONLY: &str = "settings";

fn told_account(account: &Account) -> Json {
    let mut told = json!({
        "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
        "features": ["UsagePlans"], "apiKeyVersion": "4",
    });
    if let Some(settings) = account.record("api-account", ONLY) {
        told["cloudwatchRoleArn"] = settings.get("cloudwatchRoleArn").cloned().unwrap_or_default();
    }
    told
}

pub fn can_log(account: &Account) -> bool {
    let settings = account.record("api-account", ONLY);
    settings.is_some_and(|settings| !text(settings, "cloudwatchRoleArn").is_empty())
}

/// The role is tried: "The role ARN does not have required permissions configured. Please grant
/// trust permission for API Gateway and add the required role policy".
fn update_account(account: &mut Account, request: &Json) -> Answer {
    let live = account.record("api-account", ONLY).cloned().unwrap_or_default();
    let changed = patched(&live, request, &[("cloudwatchRoleArn", Kind::Text)])?;
    let role = text(&changed, "cloudwatchRoleArn");
    let is_fit = iam::can_be_assumed(account, role, "apigateway.amazonaws.com")
        && iam::allows(account, role, "logs:PutLogEvents");
    if !role.is_empty() && !is_fit {
        return bad(
            "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy.",
        );
    }
    account.table("api-account").insert(ONLY.to_owned(), changed);
    Ok(told_account(account))
}

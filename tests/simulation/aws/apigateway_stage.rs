//! API Gateway: deployments, which are snapshots of an API, and stages, which serve them.
//! Sources: the pages of `CreateDeployment` to `UpdateStage` in the API Reference; "Enable API
//! caching to enhance responsiveness"; "Set up CloudWatch logging for REST APIs".

use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, Effect, MINUTE, Record, Refusal, given, needed, record, text,
};
use super::apigateway::{
    api, bad, check_tags, conflict, copied, gone, limit, listed, made, missing, now, of_api, query,
    whole,
};
use super::apigateway_method::snapshot;
use super::apigateway_patch::{Field, Kind, Operation, operations, patched, place};
use super::apigateway_plan;

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    let api = text(api(account, request)?, "id").to_owned();
    match operation {
        "CreateDeployment" => deploy(account, &api, request),
        "GetDeployment" => Ok(whole(deployment(account, &api, needed(request, "deploymentId")?)?)),
        "GetDeployments" => listed(
            of_api(account, "api-deployment", &api).map(|(_, it)| whole(it)).collect(),
            request,
        ),
        "UpdateDeployment" => {
            let live = deployment(account, &api, needed(request, "deploymentId")?)?;
            let changed = patched(live, request, &[("description", Kind::Text)])?;
            let id = format!("{api}|{}", text(&changed, "id"));
            account.table("api-deployment").insert(id, changed.clone());
            Ok(whole(&changed))
        }
        "DeleteDeployment" => delete_deployment(account, &api, request),
        "CreateStage" => create(account, &api, request),
        "GetStage" => Ok(whole(stage(account, &api, request)?)),
        "GetStages" => {
            let wanted = query(request, "deploymentId");
            let found = of_api(account, "api-stage", &api)
                .filter(|(_, it)| wanted.is_none_or(|wanted| text(it, "deploymentId") == wanted));
            Ok(json!({"item": found.map(|(_, it)| whole(it)).collect::<Vec<_>>()}))
        }
        "UpdateStage" => update(account, &api, request),
        "DeleteStage" => delete_stage(account, &api, request),
        _ => missing(format!("{operation} of API Gateway is not simulated")),
    }
}

fn deployment<'a>(account: &'a Account, api: &str, id: &str) -> Result<&'a Record, Refusal> {
    let found = account.record("api-deployment", &format!("{api}|{id}"));
    found.map_or_else(|| missing("Invalid Deployment identifier specified"), Ok)
}

fn stage<'a>(account: &'a Account, api: &str, request: &Json) -> Result<&'a Record, Refusal> {
    let found = account.record("api-stage", &format!("{api}|{}", needed(request, "stageName")?));
    found.map_or_else(|| missing("Invalid stage identifier specified"), Ok)
}

/// "Creates a deployment, which makes a specified `RestApi` callable": what the API is now, and
/// never another. With a stage name it makes the stage, or is what the stage serves from now on.
fn deploy(account: &mut Account, api: &str, request: &Json) -> Answer {
    let kept = snapshot(account, api)?;
    let id = account.short_id('d');
    // An empty text is none, as terraform-provider-aws sends it.
    let name = given(request, "stageName").filter(|name| !name.is_empty()).map(str::to_owned);
    if name.is_none() && given(request, "stageDescription").is_some_and(|text| !text.is_empty()) {
        return bad("Stage name shouldn't be null if stage description is specified");
    }
    let mut made_deployment = record(json!({
        "id": id, "createdDate": now(account), "_api": api, "_snapshot": kept,
    }));
    made_deployment.extend(copied(request, &["description"]));
    account.table("api-deployment").insert(format!("{api}|{id}"), made_deployment.clone());
    if let Some(name) = name {
        let mut terms = json!({"stageName": name, "deploymentId": id, "description": request.get("stageDescription")});
        for key in ["cacheClusterEnabled", "cacheClusterSize", "variables", "tracingEnabled"] {
            terms[key] = request.get(key).cloned().unwrap_or_default();
        }
        match account.record("api-stage", &format!("{api}|{name}")).cloned() {
            Some(mut live) => {
                live.extend(copied(&terms, &OWN));
                insert(account, api, live)?;
            }
            None => {
                create(account, api, &terms)?;
                account.set("api-stage", &format!("{api}|{name}"), "_with_deployment", true.into());
            }
        }
    }
    made(&made_deployment)
}

/// "Active stages pointing to this deployment must be moved or deleted":
/// terraform-provider-aws issue 19805.
fn delete_deployment(account: &mut Account, api: &str, request: &Json) -> Answer {
    let id = needed(request, "deploymentId")?;
    deployment(account, api, id)?;
    if of_api(account, "api-stage", api).any(|(_, stage)| text(stage, "deploymentId") == id) {
        return bad("Active stages pointing to this deployment must be moved or deleted");
    }
    account.table("api-deployment").remove(&format!("{api}|{id}"));
    gone(202)
}

const OWN: [&str; 10] = [
    "stageName",
    "deploymentId",
    "description",
    "cacheClusterEnabled",
    "cacheClusterSize",
    "variables",
    "documentationVersion",
    "canarySettings",
    "tracingEnabled",
    "tags",
];

/// "The stage name can only contain alphanumeric characters, hyphens, and underscores"; 10 stages
/// an API ("Quotas for configuring and running a REST API").
fn create(account: &mut Account, api: &str, request: &Json) -> Answer {
    let name = needed(request, "stageName")?;
    if name.is_empty() || !name.chars().all(|it| it.is_ascii_alphanumeric() || "-_".contains(it)) {
        return bad("Stage name only allows a-zA-Z0-9_-");
    }
    check_tags(&request["tags"])?;
    if account.record("api-stage", &format!("{api}|{name}")).is_some() {
        return conflict("Stage already exists");
    }
    if of_api(account, "api-stage", api).count() >= 10 {
        return limit("Maximum number of stages for this API has been reached");
    }
    let mut made_stage = record(json!({
        "cacheClusterEnabled": false, "tracingEnabled": false, "methodSettings": {}, "_api": api,
        "createdDate": now(account), "cacheClusterStatus": "NOT_AVAILABLE",
    }));
    made_stage.extend(copied(request, &OWN));
    made(&insert(account, api, made_stage)?)
}

/// Checks what a stage refers to, says what it serves, and lets its cache come and go: "Creating or
/// deleting a cache takes about 4 minutes for API Gateway to complete".
fn insert(account: &mut Account, api: &str, mut stage: Record) -> Result<Record, Refusal> {
    let serves = deployment(account, api, text(&stage, "deploymentId"))?["_snapshot"].clone();
    if let Some(canary) = stage.get("canarySettings").and_then(|it| given(it, "deploymentId")) {
        deployment(account, api, canary)?;
    }
    check_logs(account, &stage)?;
    stage.insert("_serves".to_owned(), serves);
    stage.insert("lastUpdatedDate".to_owned(), now(account));
    stage.retain(|_, value| value != "");
    let id = format!("{api}|{}", text(&stage, "stageName"));
    let (wants, status) =
        (stage["cacheClusterEnabled"] == true, text(&stage, "cacheClusterStatus"));
    let change = match (wants, status) {
        (true, "NOT_AVAILABLE" | "DELETE_IN_PROGRESS") => Some(("CREATE_IN_PROGRESS", "AVAILABLE")),
        (false, "AVAILABLE" | "CREATE_IN_PROGRESS") => {
            Some(("DELETE_IN_PROGRESS", "NOT_AVAILABLE"))
        }
        _ => None,
    };
    if wants {
        stage.entry("cacheClusterSize").or_insert("0.5".into());
    }
    if let Some((begins, ends)) = change {
        stage.insert("cacheClusterStatus".to_owned(), begins.into());
        account.forget_later("api-stage", &id);
        let (after, table) = (account.some_time(3 * MINUTE, 5 * MINUTE), "api-stage");
        let effect =
            Effect::Set { table, id: id.clone(), key: "cacheClusterStatus", value: ends.into() };
        account.later(after, effect);
    }
    account.table("api-stage").insert(id, stage.clone());
    Ok(stage)
}

/// "CloudWatch Logs role ARN must be set in account settings to enable logging".
fn check_logs(account: &Account, stage: &Record) -> Result<(), Refusal> {
    let mut settings = stage["methodSettings"].as_object().into_iter().flatten();
    let logs = settings.any(|(_, it)| it.get("loggingLevel").is_some_and(|level| level != "OFF"));
    if (logs || stage.contains_key("accessLogSettings")) && !apigateway_plan::can_log(account) {
        return bad("CloudWatch Logs role ARN must be set in account settings to enable logging");
    }
    let destination = stage.get("accessLogSettings").and_then(|it| given(it, "destinationArn"));
    if destination.is_some_and(|arn| arn.ends_with(":*") || !arn.starts_with("arn:")) {
        return bad(
            "Invalid ARN specified in the request. ARNs must start with 'arn:' and not end with ':*'",
        );
    }
    Ok(())
}

const FIELDS: &[Field] = &[
    ("deploymentId", Kind::Text),
    ("description", Kind::Text),
    ("tracingEnabled", Kind::Flag),
    ("cacheClusterEnabled", Kind::Flag),
    ("cacheClusterSize", Kind::Text),
    ("clientCertificateId", Kind::Text),
    ("documentationVersion", Kind::Text),
    ("variables", Kind::Texts { adds: false }),
    ("accessLogSettings", Kind::Object),
    ("accessLogSettings/destinationArn", Kind::Text),
    ("accessLogSettings/format", Kind::Text),
    ("canarySettings", Kind::Object),
    ("canarySettings/deploymentId", Kind::Text),
    ("canarySettings/percentTraffic", Kind::Number),
    ("canarySettings/useStageCache", Kind::Flag),
    ("canarySettings/stageVariableOverrides", Kind::Texts { adds: false }),
];

/// How an operation names a setting of methods, and how an answer does.
const SETTINGS: [(&str, &str, &str, Kind); 10] = [
    ("metrics", "enabled", "metricsEnabled", Kind::Flag),
    ("logging", "loglevel", "loggingLevel", Kind::Text),
    ("logging", "dataTrace", "dataTraceEnabled", Kind::Flag),
    ("throttling", "burstLimit", "throttlingBurstLimit", Kind::Whole),
    ("throttling", "rateLimit", "throttlingRateLimit", Kind::Number),
    ("caching", "enabled", "cachingEnabled", Kind::Flag),
    ("caching", "ttlInSeconds", "cacheTtlInSeconds", Kind::Whole),
    ("caching", "dataEncrypted", "cacheDataEncrypted", Kind::Flag),
    (
        "caching",
        "requireAuthorizationForCacheControl",
        "requireAuthorizationForCacheControl",
        Kind::Flag,
    ),
    (
        "caching",
        "unauthorizedCacheControlHeaderStrategy",
        "unauthorizedCacheControlHeaderStrategy",
        Kind::Text,
    ),
];

fn update(account: &mut Account, api: &str, request: &Json) -> Answer {
    let mut changed = stage(account, api, request)?.clone();
    for operation in operations(request) {
        let is_own = FIELDS
            .iter()
            .any(|(path, _)| path.split('/').next() == operation.path.first().map(String::as_str));
        if is_own {
            operation.apply(&mut changed, FIELDS)?;
        } else {
            set_methods(&operation, &mut changed)?;
        }
    }
    Ok(whole(&insert(account, api, changed)?))
}

/// `/<path>/<verb>/<group>/<field>`; only all of a method's settings can be removed.
fn set_methods(operation: &Operation, stage: &mut Record) -> Result<(), Refusal> {
    let settings = place(stage, &["methodSettings"]);
    let name =
        |path: &str, verb: &str| format!("{}/{verb}", path.replace('~', "~0").replace('/', "~1"));
    match &operation.path[..] {
        [path, verb] if operation.is("remove") => {
            settings.remove(&name(path, verb));
            Ok(())
        }
        [path, verb, group, field] if operation.is("replace") => {
            let known = SETTINGS.iter().find(|(its, own, ..)| its == group && own == field);
            let Some((_, _, key, kind)) = known else { return operation.refused() };
            let value = operation.parsed(*kind)?;
            let setting = settings.entry(name(path, verb)).or_insert_with(|| {
                json!({
                    "metricsEnabled": false, "loggingLevel": "OFF", "dataTraceEnabled": false,
                    "throttlingBurstLimit": 5000, "throttlingRateLimit": 10000.0,
                    "cachingEnabled": false, "cacheTtlInSeconds": 300,
                    "cacheDataEncrypted": false, "requireAuthorizationForCacheControl": true,
                    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
                })
            });
            setting[*key] = value;
            Ok(())
        }
        _ => operation.refused(),
    }
}

/// A plan that names it holds it.
fn delete_stage(account: &mut Account, api: &str, request: &Json) -> Answer {
    let name = text(stage(account, api, request)?, "stageName").to_owned();
    if let Some(plan) = apigateway_plan::plan_of(account, api, &name) {
        return bad(format!("Cannot delete a stage that is in the usage plan {plan}"));
    }
    let id = format!("{api}|{name}");
    account.table("api-stage").remove(&id);
    account.forget_later("api-stage", &id);
    gone(202)
}

//! API Gateway: the APIs themselves.
//! Sources: the pages of `CreateRestApi` to `PutRestApi` in the API Reference; "Quotas for
//! configuring and running a REST API".

use serde_json::{Map, Value as Json, json};

use super::account::{
    Account, Answer, NUMBER, REGION, Record, Refusal, given, needed, record, text,
};
use super::apigateway::{
    api, bad, check_tags, copied, gone, limit, listed, made, missing, now, of_api, query, whole,
};
use super::apigateway_method;
use super::apigateway_patch::{Field, Kind, operations, place};

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "CreateRestApi" => create(account, request),
        "GetRestApi" => Ok(whole(api(account, request)?)),
        "GetRestApis" => {
            listed(account.records("rest-api").map(|(_, it)| whole(it)).collect(), request)
        }
        "UpdateRestApi" => update(account, request),
        "PutRestApi" => import(account, request),
        "DeleteRestApi" => delete(account, request),
        _ => missing(format!("{operation} of API Gateway is not simulated")),
    }
}

const OWN: [&str; 10] = [
    "name",
    "description",
    "version",
    "binaryMediaTypes",
    "minimumCompressionSize",
    "apiKeySource",
    "policy",
    "disableExecuteApiEndpoint",
    "securityPolicy",
    "tags",
];

/// How many APIs of a kind an account may have in a region.
const MOST: [(&str, usize); 3] = [("EDGE", 120), ("REGIONAL", 600), ("PRIVATE", 600)];

fn endpoint_type(api: &Record) -> &str {
    api["endpointConfiguration"]["types"][0].as_str().unwrap_or_default()
}

/// Names are not unique and there are no client tokens: the same request again is another API.
fn create(account: &mut Account, request: &Json) -> Answer {
    if given(request, "name").is_none_or(str::is_empty) {
        return bad("API name cannot be null or empty");
    }
    check_tags(&request["tags"])?;
    let id = account.short_id('a');
    let mut made_api = record(json!({
        "id": id, "apiKeySource": "HEADER", "disableExecuteApiEndpoint": false, "tags": {},
        "createdDate": now(account), "apiStatus": "AVAILABLE",
        "endpointConfiguration": {"types": ["EDGE"]},
    }));
    made_api.extend(copied(request, &OWN));
    if let Some(Json::Object(endpoint)) = request.get("endpointConfiguration") {
        place(&mut made_api, &["endpointConfiguration"]).extend(endpoint.clone());
    }
    check(&made_api)?;
    let kind = endpoint_type(&made_api).to_owned();
    // "If no value is specified, … ipv4"; "private APIs can only have a dualstack".
    let address = if kind == "PRIVATE" { "dualstack" } else { "ipv4" };
    let endpoint = place(&mut made_api, &["endpointConfiguration"]);
    endpoint.entry("ipAddressType").or_insert(address.into());
    let most = MOST.iter().find(|(its, _)| *its == kind).map_or(0, |(_, most)| *most);
    if account.records("rest-api").filter(|(_, other)| endpoint_type(other) == kind).count() >= most
    {
        return limit("Maximum number of Rest APIs for this account has been reached");
    }
    account.table("rest-api").insert(id.clone(), made_api);
    let root = apigateway_method::make_root(account, &id);
    account.set("rest-api", &id, "rootResourceId", root.into());
    if let Some(from) = given(request, "cloneFrom") {
        apigateway_method::clone_tree(account, from, &id)?;
    }
    made(account.record("rest-api", &id).expect("just made"))
}

/// "A nullable integer … between 0 and 10485760"; one endpoint type; a policy is JSON; VPC
/// endpoints are for private APIs.
fn check(api: &Record) -> Result<(), Refusal> {
    let size = api.get("minimumCompressionSize").and_then(Json::as_i64);
    if size.is_some_and(|size| !(0..=10_485_760).contains(&size)) {
        return bad("Invalid minimum compression size, must be between 0 and 10485760");
    }
    let kind = endpoint_type(api);
    if !MOST.iter().any(|(its, _)| *its == kind) {
        return bad(format!("Invalid endpoint type: {kind}"));
    }
    let endpoint = &api["endpointConfiguration"];
    let has_endpoints = endpoint["vpcEndpointIds"].as_array().is_some_and(|ids| !ids.is_empty());
    if has_endpoints && kind != "PRIVATE" {
        return bad("VPCEndpoints can only be specified with PRIVATE apis.");
    }
    if kind == "PRIVATE" && endpoint["ipAddressType"] == "ipv4" {
        return bad("Private APIs only support the dualstack IP address type.");
    }
    let policy = text(api, "policy");
    if !policy.is_empty() && serde_json::from_str::<Json>(policy).is_err() {
        return bad(
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
        );
    }
    Ok(())
}

const FIELDS: &[Field] = &[
    ("name", Kind::Text),
    ("description", Kind::Text),
    ("apiKeySource", Kind::Text),
    ("disableExecuteApiEndpoint", Kind::Flag),
    ("policy", Kind::Text),
    ("minimumCompressionSize", Kind::Whole),
    ("binaryMediaTypes", Kind::Members),
    ("endpointConfiguration/ipAddressType", Kind::Text),
    ("endpointConfiguration/vpcEndpointIds", Kind::Values),
    ("securityPolicy", Kind::Text),
    ("endpointAccessMode", Kind::Text),
];

fn update(account: &mut Account, request: &Json) -> Answer {
    let mut changed = api(account, request)?.clone();
    for operation in operations(request) {
        // `/endpointConfiguration/types/0`, or `/endpointConfiguration/types/EDGE`.
        match &operation.path[..] {
            [first, second, _] if first == "endpointConfiguration" && second == "types" => {
                let kinds = json!([operation.value()]);
                place(&mut changed, &["endpointConfiguration"]).insert("types".to_owned(), kinds);
            }
            _ => operation.apply(&mut changed, FIELDS)?,
        }
    }
    if text(&changed, "name").is_empty() {
        return bad("API name cannot be null or empty");
    }
    change_type(api(account, request)?, &mut changed)?;
    check(&changed)?;
    changed
        .insert("policy".to_owned(), told_policy(text(&changed, "policy"), text(&changed, "id")));
    changed.retain(|_, value| value != "");
    let id = text(&changed, "id").to_owned();
    account.table("rest-api").insert(id, changed.clone());
    Ok(whole(&changed))
}

/// "You cannot change a private API into an edge-optimized API": Developer Guide, "Change a public or
/// private API endpoint type". One that becomes private becomes dualstack, and one that is no longer
/// private stays so until it is changed in a call of its own: "IP address types for REST APIs".
fn change_type(before: &Record, changed: &mut Record) -> Result<(), Refusal> {
    let address = |api: &Record| api["endpointConfiguration"]["ipAddressType"].clone();
    let is_asked_for = address(before) != address(changed);
    match (endpoint_type(before), endpoint_type(changed)) {
        ("PRIVATE", "EDGE") => bad("Cannot update endpoint from PRIVATE to EDGE"),
        ("PRIVATE", "REGIONAL") if is_asked_for => {
            bad("The IP address type cannot be changed with the endpoint type")
        }
        ("EDGE" | "REGIONAL", "PRIVATE") if !is_asked_for => {
            let endpoint = place(changed, &["endpointConfiguration"]);
            endpoint.insert("ipAddressType".to_owned(), "dualstack".into());
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Written out: `execute-api:/stage/` is an abbreviation ("Resource expressions of permissions to
/// invoke an API").
fn told_policy(policy: &str, api: &str) -> Json {
    let long = format!("\"arn:aws:execute-api:{REGION}:{NUMBER}:{api}/");
    policy.replace("\"execute-api:/", &long).into()
}

/// An OpenAPI document: its paths and methods, in the place of what is there or, with
/// `mode=merge`, beside it. "Overwrite: the existing API is replaced by the external document."
fn import(account: &mut Account, request: &Json) -> Answer {
    let id = text(api(account, request)?, "id").to_owned();
    let title = request["info"]["title"].as_str().map(str::to_owned);
    let Some(paths) = request.get("paths").and_then(Json::as_object) else {
        return bad("Unable to put API: no paths in the document");
    };
    if query(request, "mode") != Some("merge") {
        apigateway_method::clear_tree(account, &id);
    }
    for (path, methods) in paths {
        let resource = apigateway_method::make_path(account, &id, path)?;
        for (method, terms) in methods.as_object().unwrap_or(&Map::new()) {
            let method = match method.as_str() {
                "x-amazon-apigateway-any-method" => "ANY".to_owned(),
                other => other.to_uppercase(),
            };
            apigateway_method::import(account, &id, &resource, &method, terms);
        }
    }
    if let Some(title) = title {
        account.set("rest-api", &id, "name", title.into());
    }
    Ok(whole(api(account, request)?))
}

/// All that is below goes with it. A plan that names one of its stages holds it.
fn delete(account: &mut Account, request: &Json) -> Answer {
    let id = text(api(account, request)?, "id").to_owned();
    let held = of_api(account, "api-stage", &id).find_map(|(_, stage)| {
        super::apigateway_plan::plan_of(account, &id, text(stage, "stageName"))
    });
    if let Some(plan) = held {
        return bad(format!("Cannot delete an API whose stages are in the usage plan {plan}"));
    }
    for table in ["api-resource", "api-method", "api-deployment", "api-stage"] {
        account.table(table).retain(|_, record| text(record, "_api") != id);
    }
    account.table("rest-api").remove(needed(request, "restApiId")?);
    gone(202)
}

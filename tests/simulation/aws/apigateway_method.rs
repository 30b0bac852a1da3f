//! API Gateway: resources, and the methods of resources with their integrations and responses.
//! Sources: the pages of `CreateResource` to `PutIntegrationResponse` in the API Reference.

use serde_json::{Value as Json, json};

use super::account::{Account, Answer, Record, Refusal, given, needed, record, text};
use super::apigateway::{
    api, bad, conflict, copied, gone, limit, listed, made, missing, of_api, query, whole,
    with_status,
};
use super::apigateway_patch::{Field, Kind, patched, place};

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    api(account, request)?;
    match operation {
        "CreateResource" => create_resource(account, request),
        "GetResource" => {
            let id = text(resource(account, request)?, "id").to_owned();
            Ok(told(account, request, &id))
        }
        "GetResources" => get_resources(account, request),
        "DeleteResource" => delete_resource(account, request),
        "PutMethod" => put_method(account, request),
        "GetMethod" => Ok(whole(method(account, request)?)),
        "UpdateMethod" => {
            let changed = patched(method(account, request)?, request, METHOD)?;
            account.table("api-method").insert(key(request)?, changed.clone());
            Ok(whole(&changed))
        }
        "DeleteMethod" => {
            method(account, request)?;
            account.table("api-method").remove(&key(request)?);
            gone(204)
        }
        "PutMethodResponse" => put_response(account, request),
        "UpdateMethodResponse" => update_response(account, request),
        "DeleteMethodResponse" => delete_response(account, request, &["methodResponses"]),
        "PutIntegration" => put_integration(account, request),
        "GetIntegration" => {
            let found = method(account, request)?.get("methodIntegration").cloned();
            found.map_or_else(|| missing(NO_INTEGRATION), Ok)
        }
        "DeleteIntegration" => {
            let id = key(request)?;
            method(account, request)?;
            let record = account.table("api-method").get_mut(&id).expect("it was just there");
            match record.remove("methodIntegration") {
                Some(_) => gone(204),
                None => missing(NO_INTEGRATION),
            }
        }
        "PutIntegrationResponse" => put_integration_response(account, request),
        "DeleteIntegrationResponse" => {
            delete_response(account, request, &["methodIntegration", "integrationResponses"])
        }
        _ => missing(format!("{operation} of API Gateway is not simulated")),
    }
}

const NO_INTEGRATION: &str = "Invalid Integration identifier specified";

fn resource<'a>(account: &'a Account, request: &Json) -> Result<&'a Record, Refusal> {
    find(account, needed(request, "restApiId")?, needed(request, "resourceId")?)
}

fn find<'a>(account: &'a Account, api: &str, id: &str) -> Result<&'a Record, Refusal> {
    let found = account.record("api-resource", &format!("{api}|{id}"));
    found.map_or_else(|| missing("Invalid Resource identifier specified"), Ok)
}

fn key(request: &Json) -> Result<String, Refusal> {
    let part = |name: &str| needed(request, name);
    Ok([part("restApiId")?, part("resourceId")?, part("httpMethod")?].join("|"))
}

fn method<'a>(account: &'a Account, request: &Json) -> Result<&'a Record, Refusal> {
    resource(account, request)?;
    let found = account.record("api-method", &key(request)?);
    found.map_or_else(|| missing("Invalid Method identifier specified"), Ok)
}

pub fn make_root(account: &mut Account, api: &str) -> String {
    let id = account.short_id('r');
    let made = record(json!({"id": id, "path": "/", "_api": api, "_default": true}));
    account.table("api-resource").insert(format!("{api}|{id}"), made);
    id
}

/// "Another resource with the same parent already has this name"; of two siblings one may be a
/// variable; 300 resources an API ("Quotas for configuring and running a REST API").
fn create_resource(account: &mut Account, request: &Json) -> Answer {
    let (api, parent) = (needed(request, "restApiId")?, needed(request, "parentId")?);
    let part = needed(request, "pathPart")?;
    let parent = find(account, api, parent)?.clone();
    let is_variable = |part: &str| part.starts_with('{') && part.ends_with('}');
    let plain =
        |part: &str| part.chars().all(|it| it.is_ascii_alphanumeric() || "-._~:$".contains(it));
    if part.is_empty() || !is_variable(part) && !plain(part) {
        return bad(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
        );
    }
    let siblings: Vec<&str> = of_api(account, "api-resource", api)
        .filter(|(_, it)| it.get("parentId") == parent.get("id"))
        .map(|(_, it)| text(it, "pathPart"))
        .collect();
    if siblings.contains(&part) {
        let message =
            format!("Another resource with the same parent already has this name: {part}");
        return conflict(message);
    }
    if let Some(other) = siblings.iter().find(|other| is_variable(part) && is_variable(other)) {
        return bad(format!(
            "A sibling ({other}) of this resource already has a variable path part -- only one is allowed"
        ));
    }
    if of_api(account, "api-resource", api).count() >= 300 {
        return limit("Maximum number of resources for this API has been reached");
    }
    made(&insert(account, api, &parent, part))
}

fn insert(account: &mut Account, api: &str, parent: &Record, part: &str) -> Record {
    let id = account.short_id('r');
    let path = format!("{}/{part}", text(parent, "path").trim_end_matches('/'));
    let made = record(json!({
        "id": id, "parentId": parent["id"], "pathPart": part, "path": path, "_api": api,
    }));
    account.table("api-resource").insert(format!("{api}|{id}"), made.clone());
    made
}

/// "Use embed=methods to retrieve the methods": `GetResources`.
fn get_resources(account: &Account, request: &Json) -> Answer {
    let api = needed(request, "restApiId")?;
    let ids = of_api(account, "api-resource", api).map(|(_, it)| text(it, "id").to_owned());
    listed(ids.map(|id| told(account, request, &id)).collect(), request)
}

/// A resource with its methods; only their names where they were not asked for.
fn told(account: &Account, request: &Json, id: &str) -> Json {
    let api = given(request, "restApiId").unwrap_or_default();
    let mut told =
        account.record("api-resource", &format!("{api}|{id}")).map(whole).unwrap_or_default();
    let embeds = query(request, "embed") == Some("methods");
    let methods: serde_json::Map<String, Json> = of_api(account, "api-method", api)
        .filter(|(_, it)| text(it, "_resource") == id)
        .map(|(_, it)| {
            let name = text(it, "httpMethod").to_owned();
            (name, if embeds { whole(it) } else { json!({}) })
        })
        .collect();
    if !methods.is_empty() {
        told["resourceMethods"] = Json::Object(methods);
    }
    told
}

/// With all that is below it.
fn delete_resource(account: &mut Account, request: &Json) -> Answer {
    let found = resource(account, request)?;
    if found.contains_key("_default") {
        return bad("The root resource cannot be deleted");
    }
    let (api, path) = (text(found, "_api").to_owned(), text(found, "path").to_owned());
    let below = format!("{path}/");
    let gone_ids: Vec<String> = of_api(account, "api-resource", &api)
        .filter(|(_, it)| text(it, "path") == path || text(it, "path").starts_with(&below))
        .map(|(_, it)| text(it, "id").to_owned())
        .collect();
    for id in gone_ids {
        account.table("api-resource").remove(&format!("{api}|{id}"));
        account
            .table("api-method")
            .retain(|_, it| text(it, "_api") != api || text(it, "_resource") != id);
    }
    gone(202)
}

const VERBS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

const METHOD: &[Field] = &[
    ("authorizationType", Kind::Text),
    ("authorizerId", Kind::Text),
    ("apiKeyRequired", Kind::Flag),
    ("operationName", Kind::Text),
    ("requestValidatorId", Kind::Text),
    ("authorizationScopes", Kind::Values),
    ("requestParameters", Kind::Flags),
    ("requestModels", Kind::Texts { adds: true }),
];

fn put_method(account: &mut Account, request: &Json) -> Answer {
    let resource = text(resource(account, request)?, "id").to_owned();
    let (verb, authorization) =
        (needed(request, "httpMethod")?, needed(request, "authorizationType")?);
    if !VERBS.contains(&verb) {
        return bad("Invalid HTTP method specified");
    }
    if !["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"].contains(&authorization) {
        return bad("Invalid authorization type specified");
    }
    if matches!(authorization, "CUSTOM" | "COGNITO_USER_POOLS")
        && given(request, "authorizerId").is_none()
    {
        return bad("Invalid authorizer ID specified");
    }
    if account.record("api-method", &key(request)?).is_some() {
        return conflict("Method already exists for this resource");
    }
    let mut made_method = record(json!({
        "httpMethod": verb, "apiKeyRequired": false, "_api": request["restApiId"],
        "_resource": resource,
    }));
    made_method.extend(copied(
        request,
        &[
            "authorizationType",
            "authorizerId",
            "apiKeyRequired",
            "operationName",
            "requestParameters",
            "requestModels",
            "requestValidatorId",
            "authorizationScopes",
        ],
    ));
    account.table("api-method").insert(key(request)?, made_method.clone());
    made(&made_method)
}

fn status_code(request: &Json) -> Result<&str, Refusal> {
    let code = needed(request, "statusCode")?;
    match code.parse::<u16>() {
        Ok(100..=599) => Ok(code),
        _ => bad("Invalid Response status code specified"),
    }
}

fn put_response(account: &mut Account, request: &Json) -> Answer {
    let (id, code) = (key(request)?, status_code(request)?);
    method(account, request)?;
    let record = account.table("api-method").get_mut(&id).expect("it was just there");
    let responses = place(record, &["methodResponses"]);
    if responses.contains_key(code) {
        return conflict("Response already exists for this resource");
    }
    let mut response = copied(request, &["responseParameters", "responseModels"]);
    response.insert("statusCode".to_owned(), code.into());
    responses.insert(code.to_owned(), whole(&response));
    made(&response)
}

fn update_response(account: &mut Account, request: &Json) -> Answer {
    let (id, code) = (key(request)?, status_code(request)?);
    let Some(Json::Object(live)) =
        method(account, request)?.get("methodResponses").and_then(|all| all.get(code))
    else {
        return missing("Invalid Response status code specified");
    };
    let fields =
        [("responseModels", Kind::Texts { adds: true }), ("responseParameters", Kind::Flags)];
    let changed = patched(live, request, &fields)?;
    let record = account.table("api-method").get_mut(&id).expect("it was just there");
    place(record, &["methodResponses"]).insert(code.to_owned(), whole(&changed));
    Ok(with_status(201, whole(&changed)))
}

fn delete_response(account: &mut Account, request: &Json, path: &[&str]) -> Answer {
    let (id, code) = (key(request)?, needed(request, "statusCode")?);
    method(account, request)?;
    let record = account.table("api-method").get_mut(&id).expect("it was just there");
    let found = path.iter().try_fold(record, |place, key| place.get_mut(*key)?.as_object_mut());
    match found.and_then(|responses| responses.remove(code)) {
        Some(_) => gone(204),
        None => missing("Invalid Response status code specified"),
    }
}

/// Anew, whatever was there: its responses are put again after it. "Custom timeout between 50 and
/// 29,000 milliseconds" without a raised quota.
fn put_integration(account: &mut Account, request: &Json) -> Answer {
    let id = key(request)?;
    method(account, request)?;
    let kind = needed(request, "type")?;
    if !["AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"].contains(&kind) {
        return bad("Invalid integration type specified");
    }
    let timeout = request.get("timeoutInMillis").and_then(Json::as_i64);
    if timeout.is_some_and(|timeout| !(50..=29_000).contains(&timeout)) {
        return bad("Timeout should be between 50 ms and 29000 ms");
    }
    let uri = given(request, "uri").unwrap_or_default();
    if kind.starts_with("AWS") && !uri.starts_with("arn:aws:apigateway:") {
        return bad("Invalid ARN specified in the request");
    }
    // The verb of the method is in the path, the integration's own in the body.
    let verb = request.get("_body_httpMethod");
    if kind != "MOCK" && verb.is_none() {
        return bad("Enumeration value for HttpMethod must be non-empty");
    }
    let mut integration = record(json!({
        "passthroughBehavior": "WHEN_NO_MATCH", "timeoutInMillis": 29_000,
        "cacheNamespace": request["resourceId"], "cacheKeyParameters": [],
    }));
    integration.extend(copied(
        request,
        &[
            "type",
            "uri",
            "connectionType",
            "connectionId",
            "credentials",
            "requestParameters",
            "requestTemplates",
            "passthroughBehavior",
            "cacheNamespace",
            "cacheKeyParameters",
            "contentHandling",
            "timeoutInMillis",
            "responseTransferMode",
            "integrationTarget",
        ],
    ));
    if let Some(verb) = verb {
        integration.insert("httpMethod".to_owned(), verb.clone());
    }
    let record = account.table("api-method").get_mut(&id).expect("it was just there");
    record.insert("methodIntegration".to_owned(), whole(&integration));
    made(&integration)
}

/// After the integration, and after the method's response of the same status.
fn put_integration_response(account: &mut Account, request: &Json) -> Answer {
    let (id, code) = (key(request)?, status_code(request)?);
    let found = method(account, request)?;
    if !found.contains_key("methodIntegration") {
        return missing(NO_INTEGRATION);
    }
    if found.get("methodResponses").and_then(|all| all.get(code)).is_none() {
        return missing("Invalid Response status code specified");
    }
    let mut response = copied(
        request,
        &["selectionPattern", "responseParameters", "responseTemplates", "contentHandling"],
    );
    response.insert("statusCode".to_owned(), code.into());
    let record = account.table("api-method").get_mut(&id).expect("it was just there");
    let responses = place(record, &["methodIntegration", "integrationResponses"]);
    responses.insert(code.to_owned(), whole(&response));
    made(&response)
}

/// What a deployment keeps of an API: its methods, by path and verb.
pub fn snapshot(account: &Account, api: &str) -> Result<Json, Refusal> {
    let mut kept = json!({});
    let mut count = 0;
    for (_, method) in of_api(account, "api-method", api) {
        // "No integration defined for method": `CreateDeployment`.
        if !method.contains_key("methodIntegration") {
            return bad("No integration defined for method");
        }
        let resource = find(account, api, text(method, "_resource"))?;
        let mut told = whole(method);
        told["_resource"] = Json::Null;
        kept[format!("{} {}", text(method, "httpMethod"), text(resource, "path"))] = told;
        count += 1;
    }
    if count == 0 {
        return bad("The REST API doesn't contain any methods");
    }
    Ok(kept)
}

/// Everything but the root.
pub fn clear_tree(account: &mut Account, api: &str) {
    account.table("api-method").retain(|_, it| text(it, "_api") != api);
    account
        .table("api-resource")
        .retain(|_, it| text(it, "_api") != api || it.contains_key("_default"));
}

/// The resource at a path, made with all above it.
pub fn make_path(account: &mut Account, api: &str, path: &str) -> Result<String, Refusal> {
    let at = |account: &Account, path: &str| -> Option<Record> {
        let mut all = of_api(account, "api-resource", api);
        all.find(|(_, it)| text(it, "path") == path).map(|(_, it)| it.clone())
    };
    let Some(mut parent) = at(account, "/") else { return missing("the API has no root") };
    let mut so_far = String::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        so_far.push('/');
        so_far.push_str(part);
        parent = match at(account, &so_far) {
            Some(found) => found,
            None => insert(account, api, &parent, part),
        };
    }
    Ok(text(&parent, "id").to_owned())
}

/// A method of an OpenAPI document, with the integration its extension tells.
pub fn import(account: &mut Account, api: &str, resource: &str, verb: &str, terms: &Json) {
    let mut made = record(json!({
        "httpMethod": verb, "authorizationType": "NONE", "apiKeyRequired": false, "_api": api,
        "_resource": resource,
    }));
    if let Some(integration) = terms.get("x-amazon-apigateway-integration") {
        let mut told =
            copied(integration, &["uri", "httpMethod", "passthroughBehavior", "requestTemplates"]);
        let kind = given(integration, "type").unwrap_or_default().to_uppercase();
        told.insert("type".to_owned(), kind.into());
        made.insert("methodIntegration".to_owned(), whole(&told));
    }
    account.table("api-method").insert(format!("{api}|{resource}|{verb}"), made);
}

/// "The ID of the `RestApi` that you want to clone from": its paths and methods, under new ids.
pub fn clone_tree(account: &mut Account, from: &str, to: &str) -> Result<(), Refusal> {
    let source = json!({"restApiId": from});
    api(account, &source)?;
    let methods: Vec<Record> =
        of_api(account, "api-method", from).map(|(_, it)| it.clone()).collect();
    for mut method in methods {
        let path = text(find(account, from, text(&method, "_resource"))?, "path").to_owned();
        let resource = make_path(account, to, &path)?;
        let id = format!("{to}|{resource}|{}", text(&method, "httpMethod"));
        method.insert("_api".to_owned(), to.into());
        method.insert("_resource".to_owned(), resource.into());
        account.table("api-method").insert(id, method);
    }
    Ok(())
}

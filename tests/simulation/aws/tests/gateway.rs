//! The rules of API Gateway.

use serde_json::{Value as Json, json};

use super::Story;
use crate::simulation::aws::account::{MINUTE, SECOND};

struct Api {
    id: Json,
    root: Json,
}

impl Story {
    fn api(&mut self) -> Api {
        let made = self.ok("apigateway:CreateRestApi", json!({"name": "api"}));
        Api { id: made["id"].clone(), root: made["rootResourceId"].clone() }
    }

    fn method(&mut self, api: &Api) -> Json {
        let at = json!({
            "restApiId": api.id, "resourceId": api.root, "httpMethod": "POST",
            "authorizationType": "NONE",
        });
        self.ok("apigateway:PutMethod", at.clone());
        at
    }

    /// An API that is served.
    fn stage(&mut self) -> Api {
        let api = self.api();
        let mut at = self.method(&api);
        at["type"] = "MOCK".into();
        self.ok("apigateway:PutIntegration", at);
        let deployment = json!({"restApiId": api.id, "stageName": "live"});
        self.ok("apigateway:CreateDeployment", deployment);
        api
    }

    fn patch(&mut self, action: &str, mut at: Json, operation: Json) -> Result<Json, String> {
        at["patchOperations"] = json!([operation]);
        self.call(action, at).map_err(|no| no.code)
    }
}

#[test]
fn changes_of_one_api_do_not_overlap() {
    let mut story = Story::new();
    let (api, other) = (story.api(), story.api());
    let child = |api: &Api, part: &str| json!({"restApiId": api.id, "parentId": api.root, "pathPart": part});
    story.ok("apigateway:CreateResource", child(&api, "a"));
    let refused =
        story.at_once("apigateway:CreateResource", child(&api, "b")).expect_err("at once");
    assert_eq!((refused.status, refused.code.as_str()), (409, "ConflictException"));
    assert!(refused.message.contains("concurrent modification"));
    story.at_once("apigateway:CreateResource", child(&other, "b")).expect("another API");
    story.at_once("apigateway:GetResources", json!({"restApiId": api.id})).expect("no change");
    story.ok("apigateway:CreateResource", child(&api, "b"));
}

#[test]
fn names_are_taken_where_they_have_to_be_unique() {
    let mut story = Story::new();
    let api = story.stage();
    let child = |part: &str| json!({"restApiId": api.id, "parentId": api.root, "pathPart": part});
    story.ok("apigateway:CreateResource", child("a"));
    story.ok("apigateway:CreateResource", child("{b}"));
    let at = json!({
        "restApiId": api.id, "resourceId": api.root, "httpMethod": "POST", "statusCode": "200",
        "authorizationType": "NONE",
    });
    story.ok("apigateway:PutMethodResponse", at.clone());
    let value = "a value of twenty letters and more";
    story.ok("apigateway:CreateApiKey", json!({"name": "key", "value": value}));
    story.ok("apigateway:CreateApiKey", json!({"name": "key"}));
    story.all_refused(&[
        ("apigateway:CreateResource", child("a"), "ConflictException"),
        ("apigateway:CreateResource", child("{c}"), "BadRequestException"),
        ("apigateway:CreateResource", child("a/b"), "BadRequestException"),
        ("apigateway:PutMethod", at.clone(), "ConflictException"),
        ("apigateway:PutMethodResponse", at, "ConflictException"),
        (
            "apigateway:CreateStage",
            json!({"restApiId": api.id, "stageName": "live"}),
            "ConflictException",
        ),
        ("apigateway:CreateApiKey", json!({"value": value}), "ConflictException"),
        ("apigateway:CreateApiKey", json!({"value": "short"}), "BadRequestException"),
        ("apigateway:CreateRestApi", json!({}), "BadRequestException"),
        ("apigateway:GetRestApi", json!({"restApiId": "none"}), "NotFoundException"),
    ]);
}

#[test]
fn a_stage_serves_what_the_api_was() {
    let mut story = Story::new();
    let api = story.api();
    let deploy = json!({"restApiId": api.id, "stageName": "live"});
    assert_eq!(story.refused("apigateway:CreateDeployment", deploy.clone()), "BadRequestException");
    let mut at = story.method(&api);
    let says =
        story.call("apigateway:CreateDeployment", deploy.clone()).expect_err("no integration");
    assert!(says.message.contains("No integration"));
    at["type"] = "MOCK".into();
    story.ok("apigateway:PutIntegration", at.clone());
    let first = story.ok("apigateway:CreateDeployment", deploy.clone())["id"].clone();
    let serves = |story: &mut Story| {
        let stage = json!({"restApiId": api.id, "stageName": "live"});
        story.ok("apigateway:GetStage", stage)["_serves"]["POST /"]["apiKeyRequired"].clone()
    };
    let key = json!({"op": "replace", "path": "/apiKeyRequired", "value": "true"});
    story.patch("apigateway:UpdateMethod", at, key).expect("a change");
    assert_eq!(serves(&mut story), false, "a deployment is what the API was");
    let gone = json!({"restApiId": api.id, "deploymentId": first});
    assert_eq!(story.refused("apigateway:DeleteDeployment", gone.clone()), "BadRequestException");
    story.ok("apigateway:CreateDeployment", deploy);
    assert_eq!(serves(&mut story), true);
    story.ok("apigateway:DeleteDeployment", gone);
}

#[test]
fn responses_need_what_they_belong_to() {
    let mut story = Story::new();
    let api = story.api();
    let mut at = story.method(&api);
    at["statusCode"] = "200".into();
    at["type"] = "HTTP".into();
    story.all_refused(&[
        ("apigateway:PutIntegrationResponse", at.clone(), "NotFoundException"),
        ("apigateway:PutIntegration", at.clone(), "BadRequestException"),
        ("apigateway:DeleteIntegration", at.clone(), "NotFoundException"),
    ]);
    at["_body_httpMethod"] = "GET".into();
    story.ok("apigateway:PutIntegration", at.clone());
    let early = story.refused("apigateway:PutIntegrationResponse", at.clone());
    assert_eq!(early, "NotFoundException", "the method's response comes first");
    story.ok("apigateway:PutMethodResponse", at.clone());
    story.ok("apigateway:PutIntegrationResponse", at.clone());
    at["timeoutInMillis"] = 29_001.into();
    assert_eq!(story.refused("apigateway:PutIntegration", at.clone()), "BadRequestException");
    at["timeoutInMillis"] = 29_000.into();
    let anew = story.ok("apigateway:PutIntegration", at);
    assert_eq!(anew["httpMethod"], "GET");
    assert!(anew.get("integrationResponses").is_none(), "putting it drops its responses");
}

#[test]
fn a_plan_holds_its_stages_and_its_keys() {
    let mut story = Story::new();
    let (api, key) = (story.stage(), story.ok("apigateway:CreateApiKey", json!({}))["id"].clone());
    let stages = json!([{"apiId": api.id, "stage": "live"}]);
    let none = json!({"name": "p", "apiStages": [{"apiId": api.id, "stage": "none"}]});
    assert_eq!(story.refused("apigateway:CreateUsagePlan", none), "NotFoundException");
    let plan = |story: &mut Story| {
        let plan = json!({"name": "p", "apiStages": stages});
        story.ok("apigateway:CreateUsagePlan", plan)["id"].clone()
    };
    let (one, two) = (plan(&mut story), plan(&mut story));
    let link = |plan: &Json| json!({"usagePlanId": plan, "keyId": key, "keyType": "API_KEY"});
    story.ok("apigateway:CreateUsagePlanKey", link(&one));
    story.all_refused(&[
        ("apigateway:CreateUsagePlanKey", link(&one), "ConflictException"),
        // One plan a key for each stage.
        ("apigateway:CreateUsagePlanKey", link(&two), "ConflictException"),
        ("apigateway:DeleteUsagePlan", json!({"usagePlanId": one}), "BadRequestException"),
        (
            "apigateway:DeleteStage",
            json!({"restApiId": api.id, "stageName": "live"}),
            "BadRequestException",
        ),
        ("apigateway:DeleteRestApi", json!({"restApiId": api.id}), "BadRequestException"),
    ]);
    let name = format!("{}:live", api.id.as_str().expect("an id"));
    for plan in [one, two] {
        let leave = json!({"op": "remove", "path": "/apiStages", "value": name});
        let at = json!({"usagePlanId": plan});
        story.patch("apigateway:UpdateUsagePlan", at.clone(), leave).expect("it was in it");
        story.ok("apigateway:DeleteUsagePlan", at);
    }
    let gone = story.refused("apigateway:GetUsagePlanKey", link(&"u".into()));
    assert_eq!(gone, "NotFoundException");
    story.ok("apigateway:DeleteRestApi", json!({"restApiId": api.id}));
    assert!(story.account.record("api-key", key.as_str().expect("an id")).is_some());
}

/// "Patch Operations": a path takes some operations, and no other.
#[test]
fn patches_are_those_that_a_resource_takes() {
    let mut story = Story::new();
    let api = story.stage();
    let (of_api, of_stage) =
        (json!({"restApiId": api.id}), json!({"restApiId": api.id, "stageName": "live"}));
    for (action, at, op, path, value, is_taken) in [
        ("UpdateRestApi", &of_api, "replace", "/name", "other", true),
        ("UpdateRestApi", &of_api, "replace", "/name", "", false),
        ("UpdateRestApi", &of_api, "add", "/name", "other", false),
        ("UpdateRestApi", &of_api, "replace", "/nothing", "x", false),
        ("UpdateRestApi", &of_api, "add", "/binaryMediaTypes/image~1png", "", true),
        ("UpdateRestApi", &of_api, "replace", "/endpointConfiguration/types/0", "REGIONAL", true),
        ("UpdateRestApi", &of_api, "replace", "/endpointConfiguration/types/0", "NOWHERE", false),
        ("UpdateRestApi", &of_api, "replace", "/minimumCompressionSize", "10485761", false),
        ("UpdateStage", &of_stage, "replace", "/variables/one", "a", true),
        ("UpdateStage", &of_stage, "add", "/variables/one", "a", false),
        ("UpdateStage", &of_stage, "replace", "/tracingEnabled", "perhaps", false),
        ("UpdateStage", &of_stage, "replace", "/deploymentId", "none", false),
        ("UpdateStage", &of_stage, "replace", "/*/*/throttling/burstLimit", "5", true),
        ("UpdateStage", &of_stage, "remove", "/*/*/throttling/burstLimit", "", false),
        ("UpdateStage", &of_stage, "remove", "/*/*", "", true),
        // There is no role for logs.
        ("UpdateStage", &of_stage, "replace", "/*/*/logging/loglevel", "INFO", false),
    ] {
        let operation = json!({"op": op, "path": path, "value": value});
        let outcome = story.patch(&format!("apigateway:{action}"), at.clone(), operation);
        assert_eq!(outcome.is_ok(), is_taken, "{op} {path} {value}: {outcome:?}");
    }
}

#[test]
fn a_cache_takes_minutes_and_logs_need_a_role() {
    let mut story = Story::new();
    let api = story.stage();
    let at = json!({"restApiId": api.id, "stageName": "live"});
    let on = json!({"op": "replace", "path": "/cacheClusterEnabled", "value": "true"});
    let told = story.patch("apigateway:UpdateStage", at.clone(), on).expect("a change");
    assert_eq!(told["cacheClusterStatus"], "CREATE_IN_PROGRESS");
    story.wait(5 * MINUTE);
    let live = story.ok("apigateway:GetStage", at.clone());
    assert_eq!(live["cacheClusterStatus"], "AVAILABLE");
    let role = story.role("logger", "apigateway");
    let set = json!({"op": "replace", "path": "/cloudwatchRoleArn", "value": role});
    let outcome = story.patch("apigateway:UpdateAccount", json!({}), set.clone());
    assert_eq!(outcome.expect_err("it may not write"), "BadRequestException");
    let policy = json!({"RoleName": "logger", "PolicyName": "logs", "PolicyDocument":
        r#"{"Statement": [{"Action": "logs:PutLogEvents"}]}"#});
    story.ok("iam:PutRolePolicy", policy);
    story.wait(10 * SECOND);
    story.patch("apigateway:UpdateAccount", json!({}), set).expect("now it may");
    let logs = json!({"op": "replace", "path": "/*/*/logging/loglevel", "value": "INFO"});
    story.patch("apigateway:UpdateStage", at, logs).expect("there is a role now");
}

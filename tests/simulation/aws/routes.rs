//! REST: which operation a method and a path are. Sources: the request
//! syntax of each operation in the API Reference of Lambda, API Gateway and Bedrock.

use serde_json::{Value as Json, json};

use super::wire::{Request, decoded};

const LAMBDA: &[(&str, &str, &str)] = &[
    ("POST", "/2015-03-31/functions", "CreateFunction"),
    ("GET", "/2015-03-31/functions/{FunctionName}", "GetFunction"),
    ("DELETE", "/2015-03-31/functions/{FunctionName}", "DeleteFunction"),
    ("GET", "/2015-03-31/functions/{FunctionName}/configuration", "GetFunctionConfiguration"),
    ("PUT", "/2015-03-31/functions/{FunctionName}/configuration", "UpdateFunctionConfiguration"),
    ("PUT", "/2015-03-31/functions/{FunctionName}/code", "UpdateFunctionCode"),
    ("PUT", "/2017-10-31/functions/{FunctionName}/concurrency", "PutFunctionConcurrency"),
    ("DELETE", "/2017-10-31/functions/{FunctionName}/concurrency", "DeleteFunctionConcurrency"),
    ("POST", "/2015-03-31/functions/{FunctionName}/policy", "AddPermission"),
    ("GET", "/2015-03-31/functions/{FunctionName}/policy", "GetPolicy"),
    ("DELETE", "/2015-03-31/functions/{FunctionName}/policy/{StatementId}", "RemovePermission"),
    ("PUT", SIGNING, "PutFunctionCodeSigningConfig"),
    ("GET", SIGNING, "GetFunctionCodeSigningConfig"),
    ("DELETE", SIGNING, "DeleteFunctionCodeSigningConfig"),
    ("POST", "/2020-04-22/code-signing-configs", "CreateCodeSigningConfig"),
    ("PUT", RECURSION, "PutFunctionRecursionConfig"),
    ("GET", RECURSION, "GetFunctionRecursionConfig"),
    ("PUT", RUNTIME, "PutRuntimeManagementConfig"),
    ("GET", RUNTIME, "GetRuntimeManagementConfig"),
    ("GET", "/2015-03-31/functions", "ListFunctions"),
    ("GET", "/2017-03-31/tags/{Resource}", "ListTags"),
    ("POST", "/2017-03-31/tags/{Resource}", "TagResource"),
    ("DELETE", "/2017-03-31/tags/{Resource}", "UntagResource"),
];

const SIGNING: &str = "/2020-06-30/functions/{FunctionName}/code-signing-config";
const RECURSION: &str = "/2024-08-31/functions/{FunctionName}/recursion-config";
const RUNTIME: &str = "/2021-07-20/functions/{FunctionName}/runtime-management-config";

const API: &str = "/restapis/{restApiId}";
const DEPLOYMENTS: &str = "/restapis/{restApiId}/deployments";
const DEPLOYMENT: &str = "/restapis/{restApiId}/deployments/{deploymentId}";
const STAGES: &str = "/restapis/{restApiId}/stages";
const STAGE: &str = "/restapis/{restApiId}/stages/{stageName}";
const RESOURCE: &str = "/restapis/{restApiId}/resources/{resourceId}";
const METHOD: &str = "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}";
const RESPONSE: &str =
    "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}/responses/{statusCode}";
const INTEGRATION: &str =
    "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}/integration";
const INTEGRATION_RESPONSE: &str = "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}/integration/responses/{statusCode}";
const API_KEY: &str = "/apikeys/{apiKey}";
const PLAN: &str = "/usageplans/{usagePlanId}";
const PLAN_KEYS: &str = "/usageplans/{usagePlanId}/keys";
const PLAN_KEY: &str = "/usageplans/{usagePlanId}/keys/{keyId}";
const TAGS: &str = "/tags/{resourceArn}";

const APIGATEWAY: &[(&str, &str, &str)] = &[
    ("POST", "/restapis", "CreateRestApi"),
    ("GET", "/restapis", "GetRestApis"),
    ("GET", API, "GetRestApi"),
    ("PATCH", API, "UpdateRestApi"),
    ("PUT", API, "PutRestApi"),
    ("DELETE", API, "DeleteRestApi"),
    ("POST", DEPLOYMENTS, "CreateDeployment"),
    ("GET", DEPLOYMENTS, "GetDeployments"),
    ("GET", DEPLOYMENT, "GetDeployment"),
    ("PATCH", DEPLOYMENT, "UpdateDeployment"),
    ("DELETE", DEPLOYMENT, "DeleteDeployment"),
    ("POST", STAGES, "CreateStage"),
    ("GET", STAGES, "GetStages"),
    ("GET", STAGE, "GetStage"),
    ("PATCH", STAGE, "UpdateStage"),
    ("DELETE", STAGE, "DeleteStage"),
    ("POST", "/restapis/{restApiId}/resources/{parentId}", "CreateResource"),
    ("GET", "/restapis/{restApiId}/resources", "GetResources"),
    ("GET", RESOURCE, "GetResource"),
    ("DELETE", RESOURCE, "DeleteResource"),
    ("PUT", METHOD, "PutMethod"),
    ("GET", METHOD, "GetMethod"),
    ("PATCH", METHOD, "UpdateMethod"),
    ("DELETE", METHOD, "DeleteMethod"),
    ("PUT", RESPONSE, "PutMethodResponse"),
    ("PATCH", RESPONSE, "UpdateMethodResponse"),
    ("DELETE", RESPONSE, "DeleteMethodResponse"),
    ("PUT", INTEGRATION, "PutIntegration"),
    ("GET", INTEGRATION, "GetIntegration"),
    ("DELETE", INTEGRATION, "DeleteIntegration"),
    ("PUT", INTEGRATION_RESPONSE, "PutIntegrationResponse"),
    ("DELETE", INTEGRATION_RESPONSE, "DeleteIntegrationResponse"),
    ("POST", "/apikeys", "CreateApiKey"),
    ("GET", "/apikeys", "GetApiKeys"),
    ("GET", API_KEY, "GetApiKey"),
    ("PATCH", API_KEY, "UpdateApiKey"),
    ("DELETE", API_KEY, "DeleteApiKey"),
    ("POST", "/usageplans", "CreateUsagePlan"),
    ("GET", "/usageplans", "GetUsagePlans"),
    ("GET", PLAN, "GetUsagePlan"),
    ("PATCH", PLAN, "UpdateUsagePlan"),
    ("DELETE", PLAN, "DeleteUsagePlan"),
    ("POST", PLAN_KEYS, "CreateUsagePlanKey"),
    ("GET", PLAN_KEYS, "GetUsagePlanKeys"),
    ("GET", PLAN_KEY, "GetUsagePlanKey"),
    ("DELETE", PLAN_KEY, "DeleteUsagePlanKey"),
    ("GET", "/account", "GetAccount"),
    ("PATCH", "/account", "UpdateAccount"),
    ("GET", TAGS, "GetTags"),
    ("PUT", TAGS, "TagResource"),
    ("DELETE", TAGS, "UntagResource"),
];

const AGENT: &str = "/agents/{agentId}";
const ALIASES: &str = "/agents/{agentId}/agentaliases";
const ALIAS: &str = "/agents/{agentId}/agentaliases/{agentAliasId}";
const GROUPS: &str = "/agents/{agentId}/agentversions/{agentVersion}/actiongroups";
const GROUP: &str = "/agents/{agentId}/agentversions/{agentVersion}/actiongroups/{actionGroupId}";
const BASES: &str = "/agents/{agentId}/agentversions/{agentVersion}/knowledgebases";
const BASE: &str =
    "/agents/{agentId}/agentversions/{agentVersion}/knowledgebases/{knowledgeBaseId}";
const COLLABORATORS: &str = "/agents/{agentId}/agentversions/{agentVersion}/agentcollaborators";
const COLLABORATOR: &str =
    "/agents/{agentId}/agentversions/{agentVersion}/agentcollaborators/{collaboratorId}";

const BEDROCK: &[(&str, &str, &str)] = &[
    ("PUT", "/agents", "CreateAgent"),
    ("POST", "/agents", "ListAgents"),
    ("GET", AGENT, "GetAgent"),
    ("PUT", AGENT, "UpdateAgent"),
    ("POST", AGENT, "PrepareAgent"),
    ("DELETE", AGENT, "DeleteAgent"),
    ("PUT", ALIASES, "CreateAgentAlias"),
    ("POST", ALIASES, "ListAgentAliases"),
    ("GET", ALIAS, "GetAgentAlias"),
    ("PUT", ALIAS, "UpdateAgentAlias"),
    ("DELETE", ALIAS, "DeleteAgentAlias"),
    ("POST", "/agents/{agentId}/agentversions", "ListAgentVersions"),
    ("PUT", GROUPS, "CreateAgentActionGroup"),
    ("POST", GROUPS, "ListAgentActionGroups"),
    ("GET", GROUP, "GetAgentActionGroup"),
    ("PUT", GROUP, "UpdateAgentActionGroup"),
    ("DELETE", GROUP, "DeleteAgentActionGroup"),
    ("PUT", BASES, "AssociateAgentKnowledgeBase"),
    ("POST", BASES, "ListAgentKnowledgeBases"),
    ("PUT", BASE, "UpdateAgentKnowledgeBase"),
    ("DELETE", BASE, "DisassociateAgentKnowledgeBase"),
    ("PUT", COLLABORATORS, "AssociateAgentCollaborator"),
    ("POST", COLLABORATORS, "ListAgentCollaborators"),
    ("PUT", COLLABORATOR, "UpdateAgentCollaborator"),
    ("DELETE", COLLABORATOR, "DisassociateAgentCollaborator"),
    ("GET", TAGS, "ListTagsForResource"),
    ("POST", TAGS, "TagResource"),
    ("DELETE", TAGS, "UntagResource"),
];

/// The operation, and the members of path, query and body together.
pub fn route(request: &Request) -> (&'static str, Json) {
    let routes = match request.service.as_str() {
        "lambda" => LAMBDA,
        "apigateway" => APIGATEWAY,
        "bedrock" => BEDROCK,
        _ => &[],
    };
    for (method, pattern, operation) in routes {
        if *method == request.method
            && let Some(mut members) = matched(pattern, request.path.trim_end_matches('/'))
        {
            let all = members.as_object_mut().expect("an object");
            // Where both have a member of one name, the body's is another thing.
            if let Json::Object(body) = request.json() {
                for (key, value) in body {
                    let key = if all.contains_key(&key) { format!("_body_{key}") } else { key };
                    all.insert(key, value);
                }
            }
            for pair in request.query.split('&') {
                let Some((key, value)) = pair.split_once('=') else { continue };
                let list = all.entry(decoded(key)).or_insert(json!([]));
                list.as_array_mut().into_iter().for_each(|list| list.push(decoded(value).into()));
            }
            return (operation, members);
        }
    }
    ("Unknown", json!({}))
}

fn matched(pattern: &str, path: &str) -> Option<Json> {
    let (pattern, path): (Vec<_>, Vec<_>) =
        (pattern.split('/').collect(), path.split('/').collect());
    if pattern.len() != path.len() {
        return None;
    }
    let mut members = json!({});
    for (wanted, part) in pattern.iter().zip(path) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => members[name] = decoded(part).into(),
            None if *wanted == part => {}
            None => return None,
        }
    }
    Some(members)
}

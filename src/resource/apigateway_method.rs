//! `AWS::ApiGateway::Method`: what an HTTP method of a resource takes, who answers it, and what
//! may come back. In API Gateway these are up to a dozen things, each put by its own call: the
//! method itself, its responses, the integration, the integration's responses.
//!
//! One function leads from any state of them to any other, so that a create cut short, a change
//! and a repair are the same.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::{self, Op};
use serde::{Deserialize, Serialize};

use super::apigateway_method_calls::At;
use super::apigateway_method_parts::{Integration, MethodResponse, entries, sorted};
use super::apigateway_patch::Patch;
use super::{Completion, Created, Known, Live, Lock, Mark, Progress, Resource, Rule, Status};
use super::{apigateway_tags, apigateway_tree};
use crate::aws::{Aws, Fault, FaultKind};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct Method;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    api_key_required: Option<bool>,
    authorization_scopes: Option<Vec<String>>,
    authorization_type: Option<String>,
    authorizer_id: Option<String>,
    http_method: Option<String>,
    integration: Option<Integration>,
    method_responses: Option<Vec<MethodResponse>>,
    operation_name: Option<String>,
    request_models: Option<BTreeMap<String, String>>,
    request_parameters: Option<BTreeMap<String, bool>>,
    request_validator_id: Option<String>,
    resource_id: Option<String>,
    rest_api_id: Option<String>,
}

/// What a method has when the template names no authorization.
const NO_AUTHORIZATION: &str = "NONE";

impl Props {
    fn id(&self) -> PhysicalId {
        PhysicalId::join(&[
            self.rest_api_id.as_deref().unwrap_or_default(),
            self.resource_id.as_deref().unwrap_or_default(),
            self.http_method.as_deref().unwrap_or_default(),
        ])
    }

    /// What the call that makes a method makes: no responses, no integration.
    fn bare(&self) -> Self {
        Self { integration: None, method_responses: None, ..self.clone() }
    }

    fn responses(&self) -> BTreeMap<&str, &MethodResponse> {
        let responses = self.method_responses.iter().flatten();
        responses.map(|one| (one.status_code.as_deref().unwrap_or_default(), one)).collect()
    }

    fn from_sdk(id: &PhysicalId, live: &types::Method) -> Result<Self, Fault> {
        let [api, resource, http_method] = apigateway_tree::parts(id)?;
        Ok(Self {
            api_key_required: live.api_key_required,
            authorization_scopes: live.authorization_scopes.clone(),
            authorization_type: live.authorization_type.clone(),
            authorizer_id: live.authorizer_id.clone(),
            http_method: Some(http_method.to_owned()),
            integration: live.method_integration.as_ref().map(Integration::from),
            method_responses: live.method_responses.as_ref().map(|responses| {
                sorted(responses)
                    .into_iter()
                    .map(|(code, response)| MethodResponse::from_sdk(code, response))
                    .collect()
            }),
            operation_name: live.operation_name.clone(),
            request_models: entries(live.request_models.as_ref()),
            request_parameters: entries(live.request_parameters.as_ref()),
            request_validator_id: live.request_validator_id.clone(),
            resource_id: Some(resource.to_owned()),
            rest_api_id: Some(api.to_owned()),
        })
    }
}

/// Leads from one state to the other. A response that is there already is what an earlier try
/// left: then the live method is where to start from.
async fn converge(at: At<'_>, id: &PhysicalId, from: &Props, to: &Props) -> Result<(), Fault> {
    match change(at, from, to).await {
        Err(fault) if fault.is(FaultKind::AlreadyExists) => {
            let resources = apigateway_tree::resources(at.aws, at.api).await?;
            let Some(live) = method(&resources, at.resource, at.method) else {
                return Err(fault);
            };
            change(at, &Props::from_sdk(id, live)?, to).await
        }
        outcome => outcome,
    }
}

/// In the order in which the parts need each other: an integration response needs the method
/// response of its status code.
async fn change(at: At<'_>, from: &Props, to: &Props) -> Result<(), Fault> {
    at.update_method(&patch(from, to)).await?;
    let (old, new) = (from.responses(), to.responses());
    for (code, response) in &new {
        match old.get(code) {
            None => at.put_response(code, response).await?,
            Some(before) => at.update_response(code, before, response).await?,
        }
    }
    change_integration(at, from.integration.as_ref(), to.integration.as_ref()).await?;
    for code in old.keys().filter(|code| !new.contains_key(*code)) {
        at.delete_response(code).await?;
    }
    Ok(())
}

async fn change_integration(
    at: At<'_>,
    from: Option<&Integration>,
    to: Option<&Integration>,
) -> Result<(), Fault> {
    let Some(wanted) = to else {
        return if from.is_some() { at.delete_integration().await } else { Ok(()) };
    };
    let (old, new) = (from.map(Integration::responses).unwrap_or_default(), wanted.responses());
    for code in old.keys().filter(|code| !new.contains_key(*code)) {
        at.delete_integration_response(code).await?;
    }
    // Putting an integration drops its responses.
    let anew = from.map(Integration::without_responses) != Some(wanted.without_responses());
    if anew {
        at.put_integration(wanted).await?;
    }
    for (code, response) in &new {
        if anew || old.get(code) != Some(response) {
            at.put_integration_response(code, response).await?;
        }
    }
    Ok(())
}

/// What changes of the method itself.
fn patch(from: &Props, to: &Props) -> Patch {
    let mut patch = Patch::default();
    patch.field(
        "/authorizationType",
        from.authorization_type.as_ref(),
        to.authorization_type.as_ref(),
        NO_AUTHORIZATION,
    );
    patch.field("/authorizerId", from.authorizer_id.as_ref(), to.authorizer_id.as_ref(), "");
    patch.values(
        "/authorizationScopes",
        from.authorization_scopes.as_ref(),
        to.authorization_scopes.as_ref(),
    );
    patch.field(
        "/apiKeyRequired",
        from.api_key_required.as_ref(),
        to.api_key_required.as_ref(),
        "false",
    );
    patch.clearable("/operationName", from.operation_name.as_ref(), to.operation_name.as_ref());
    patch.clearable(
        "/requestValidatorId",
        from.request_validator_id.as_ref(),
        to.request_validator_id.as_ref(),
    );
    patch.entries(
        "/requestParameters",
        from.request_parameters.as_ref(),
        to.request_parameters.as_ref(),
        &Op::Add,
    );
    patch.entries(
        "/requestModels",
        from.request_models.as_ref(),
        to.request_models.as_ref(),
        &Op::Add,
    );
    patch
}

/// One method among all resources of an API.
fn method<'a>(
    resources: &'a [types::Resource],
    resource: &str,
    method: &str,
) -> Option<&'a types::Method> {
    let resource = resources.iter().find(|one| one.id() == Some(resource))?;
    resource.resource_methods.as_ref()?.get(method)
}

impl Resource for Method {
    const TYPE: &'static str = "AWS::ApiGateway::Method";
    const ALONE: Option<&'static [&'static str]> = Some(&["RestApiId", "ResourceId", "HttpMethod"]);
    const COMPLETION: Completion = Completion::Calls;
    const READ_BATCH: usize = 500;
    const RULES: &'static [(&'static str, Rule)] = &[
        ("ApiKeyRequired", Rule::Default("false")),
        ("AuthorizationScopes", Rule::Set),
        ("AuthorizationType", Rule::Default(r#""NONE""#)),
        ("Integration.ConnectionType", Rule::Default(r#""INTERNET""#)),
        ("Integration.IntegrationResponses[].SelectionPattern", Rule::Default(r#""""#)),
        ("Integration.PassthroughBehavior", Rule::Default(r#""WHEN_NO_MATCH""#)),
        ("Integration.ResponseTransferMode", Rule::Default(r#""BUFFERED""#)),
        ("Integration.TimeoutInMillis", Rule::Default("29000")),
        ("OperationName", Rule::Default(r#""""#)),
    ];
    const GONE_WITH: Option<&'static str> = Some("RestApiId");
    const LOCK: Option<Lock> = Some(Lock::Property("RestApiId"));

    type Props = Props;

    /// CloudFormation makes up a name for it.
    fn identify(text: &str, props: &Props) -> PhysicalId {
        if text.contains('|') { PhysicalId::new(text) } else { props.id() }
    }

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let mut live = BTreeMap::new();
        for (api, known) in apigateway_tree::by_api(known) {
            let resources = apigateway_tree::resources(aws, api).await?;
            for one in known {
                let [_, resource, http_method] = apigateway_tree::parts(one.id)?;
                let Some(found) = method(&resources, resource, http_method) else { continue };
                let properties = Props::from_sdk(one.id, found)?;
                let (attributes, status) = (Attributes::new(), Status::Ready);
                live.insert(one.id.clone(), Live { properties, attributes, status });
            }
        }
        Ok(live)
    }

    async fn create(self, aws: &Aws, props: &Props, _mark: &Mark) -> Result<Created, Fault> {
        let authorization = props.authorization_type.as_deref().unwrap_or(NO_AUTHORIZATION);
        aws.call("apigateway:PutMethod", || {
            let (models, parameters) =
                (props.request_models.clone(), props.request_parameters.clone());
            aws.apigateway()
                .put_method()
                .set_rest_api_id(props.rest_api_id.clone())
                .set_resource_id(props.resource_id.clone())
                .set_http_method(props.http_method.clone())
                .authorization_type(authorization)
                .set_authorizer_id(props.authorizer_id.clone())
                .set_authorization_scopes(props.authorization_scopes.clone())
                .set_api_key_required(props.api_key_required)
                .set_operation_name(props.operation_name.clone())
                .set_request_models(models.map(|map| map.into_iter().collect()))
                .set_request_parameters(parameters.map(|map| map.into_iter().collect()))
                .set_request_validator_id(props.request_validator_id.clone())
                .send()
        })
        .await?;
        Ok(Created::ready(props.id(), Attributes::new()))
    }

    async fn complete(
        self,
        aws: &Aws,
        id: &PhysicalId,
        props: &Props,
        _mark: &Mark,
    ) -> Result<Progress, Fault> {
        converge(At::new(aws, id)?, id, &props.bare(), props).await?;
        Ok(Progress::Done)
    }

    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        converge(At::new(aws, id)?, id, from, to).await?;
        Ok(Progress::Done)
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, _props: &Props) -> Result<(), Fault> {
        let [api, resource, method] = apigateway_tree::parts(id)?;
        aws.call("apigateway:DeleteMethod", || {
            let request = aws.apigateway().delete_method().rest_api_id(api);
            request.resource_id(resource).http_method(method).send()
        })
        .await?;
        Ok(())
    }

    /// A resource has each HTTP method once.
    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let id = props.id();
        let [api, resource, http_method] = apigateway_tree::parts(&id)?;
        if !apigateway_tags::is_api_of_stack(aws, api, mark).await? {
            return Ok(Vec::new());
        }
        let resources = apigateway_tree::resources(aws, api).await?;
        let is_there = method(&resources, resource, http_method).is_some();
        Ok(is_there.then_some(id).into_iter().collect())
    }
}

//! The calls that put, change and remove the parts of a method, one function each.

use aws_sdk_apigateway::types::{
    ConnectionType, ContentHandlingStrategy, IntegrationType, Op, ResponseTransferMode,
};

use super::apigateway_method_parts::{Integration, IntegrationResponse, MethodResponse};
use super::apigateway_patch::Patch;
use super::apigateway_tree;
use super::or_absent::OrAbsent;
use crate::aws::{Aws, Fault};
use crate::value::PhysicalId;

/// Where a method is.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub aws: &'a Aws,
    pub api: &'a str,
    pub resource: &'a str,
    pub method: &'a str,
}

impl<'a> At<'a> {
    pub(super) fn new(aws: &'a Aws, id: &'a PhysicalId) -> Result<Self, Fault> {
        let [api, resource, method] = apigateway_tree::parts(id)?;
        Ok(Self { aws, api, resource, method })
    }

    pub(super) async fn update_method(self, patch: &Patch) -> Result<(), Fault> {
        if patch.is_empty() {
            return Ok(());
        }
        self.aws
            .call("apigateway:UpdateMethod", || {
                self.aws
                    .apigateway()
                    .update_method()
                    .rest_api_id(self.api)
                    .resource_id(self.resource)
                    .http_method(self.method)
                    .set_patch_operations(patch.operations())
                    .send()
            })
            .await?;
        Ok(())
    }

    pub(super) async fn put_response(
        self,
        code: &str,
        response: &MethodResponse,
    ) -> Result<(), Fault> {
        self.aws
            .call("apigateway:PutMethodResponse", || {
                let models = response.response_models.clone();
                let parameters = response.response_parameters.clone();
                self.aws
                    .apigateway()
                    .put_method_response()
                    .rest_api_id(self.api)
                    .resource_id(self.resource)
                    .http_method(self.method)
                    .status_code(code)
                    .set_response_models(models.map(|map| map.into_iter().collect()))
                    .set_response_parameters(parameters.map(|map| map.into_iter().collect()))
                    .send()
            })
            .await?;
        Ok(())
    }

    pub(super) async fn update_response(
        self,
        code: &str,
        from: &MethodResponse,
        to: &MethodResponse,
    ) -> Result<(), Fault> {
        let mut patch = Patch::default();
        let (old, new) = (from.response_models.as_ref(), to.response_models.as_ref());
        patch.entries("/responseModels", old, new, &Op::Add);
        let (old, new) = (from.response_parameters.as_ref(), to.response_parameters.as_ref());
        patch.entries("/responseParameters", old, new, &Op::Add);
        if patch.is_empty() {
            return Ok(());
        }
        self.aws
            .call("apigateway:UpdateMethodResponse", || {
                self.aws
                    .apigateway()
                    .update_method_response()
                    .rest_api_id(self.api)
                    .resource_id(self.resource)
                    .http_method(self.method)
                    .status_code(code)
                    .set_patch_operations(patch.operations())
                    .send()
            })
            .await?;
        Ok(())
    }

    pub(super) async fn delete_response(self, code: &str) -> Result<(), Fault> {
        self.aws
            .call("apigateway:DeleteMethodResponse", || {
                self.aws
                    .apigateway()
                    .delete_method_response()
                    .rest_api_id(self.api)
                    .resource_id(self.resource)
                    .http_method(self.method)
                    .status_code(code)
                    .send()
            })
            .await
            .or_absent()?;
        Ok(())
    }

    pub(super) async fn put_integration(self, integration: &Integration) -> Result<(), Fault> {
        self.aws
            .call("apigateway:PutIntegration", || {
                let parameters = integration.request_parameters.clone();
                let templates = integration.request_templates.clone();
                self.aws
                    .apigateway()
                    .put_integration()
                    .rest_api_id(self.api)
                    .resource_id(self.resource)
                    .http_method(self.method)
                    .set_type(integration.kind.as_deref().map(IntegrationType::from))
                    .set_integration_http_method(integration.integration_http_method.clone())
                    .set_uri(integration.uri.clone())
                    .set_connection_type(
                        integration.connection_type.as_deref().map(ConnectionType::from),
                    )
                    .set_connection_id(integration.connection_id.clone())
                    .set_credentials(integration.credentials.clone())
                    .set_request_parameters(parameters.map(|map| map.into_iter().collect()))
                    .set_request_templates(templates.map(|map| map.into_iter().collect()))
                    .set_passthrough_behavior(integration.passthrough_behavior.clone())
                    .set_cache_namespace(integration.cache_namespace.clone())
                    .set_cache_key_parameters(integration.cache_key_parameters.clone())
                    .set_content_handling(
                        integration.content_handling.as_deref().map(ContentHandlingStrategy::from),
                    )
                    .set_timeout_in_millis(integration.timeout_in_millis)
                    .set_response_transfer_mode(
                        integration
                            .response_transfer_mode
                            .as_deref()
                            .map(ResponseTransferMode::from),
                    )
                    .set_integration_target(integration.integration_target.clone())
                    .send()
            })
            .await?;
        Ok(())
    }

    pub(super) async fn delete_integration(self) -> Result<(), Fault> {
        self.aws
            .call("apigateway:DeleteIntegration", || {
                self.aws
                    .apigateway()
                    .delete_integration()
                    .rest_api_id(self.api)
                    .resource_id(self.resource)
                    .http_method(self.method)
                    .send()
            })
            .await
            .or_absent()?;
        Ok(())
    }

    pub(super) async fn put_integration_response(
        self,
        code: &str,
        response: &IntegrationResponse,
    ) -> Result<(), Fault> {
        self.aws
            .call("apigateway:PutIntegrationResponse", || {
                let parameters = response.response_parameters.clone();
                let templates = response.response_templates.clone();
                self.aws
                    .apigateway()
                    .put_integration_response()
                    .rest_api_id(self.api)
                    .resource_id(self.resource)
                    .http_method(self.method)
                    .status_code(code)
                    .set_selection_pattern(response.selection_pattern.clone())
                    .set_response_parameters(parameters.map(|map| map.into_iter().collect()))
                    .set_response_templates(templates.map(|map| map.into_iter().collect()))
                    .set_content_handling(
                        response.content_handling.as_deref().map(ContentHandlingStrategy::from),
                    )
                    .send()
            })
            .await?;
        Ok(())
    }

    pub(super) async fn delete_integration_response(self, code: &str) -> Result<(), Fault> {
        self.aws
            .call("apigateway:DeleteIntegrationResponse", || {
                self.aws
                    .apigateway()
                    .delete_integration_response()
                    .rest_api_id(self.api)
                    .resource_id(self.resource)
                    .http_method(self.method)
                    .status_code(code)
                    .send()
            })
            .await
            .or_absent()?;
        Ok(())
    }
}

//! The parts of a method, as properties and as the SDK has them: what may come back, who answers,
//! and what becomes of the answer. API Gateway keeps responses by status code; a template lists
//! them in any order.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::types;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct MethodResponse {
    pub response_models: Option<BTreeMap<String, String>>,
    pub response_parameters: Option<BTreeMap<String, bool>>,
    pub status_code: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Integration {
    pub cache_key_parameters: Option<Vec<String>>,
    pub cache_namespace: Option<String>,
    pub connection_id: Option<String>,
    pub connection_type: Option<String>,
    pub content_handling: Option<String>,
    pub credentials: Option<String>,
    pub integration_http_method: Option<String>,
    pub integration_responses: Option<Vec<IntegrationResponse>>,
    pub integration_target: Option<String>,
    pub passthrough_behavior: Option<String>,
    pub request_parameters: Option<BTreeMap<String, String>>,
    pub request_templates: Option<BTreeMap<String, String>>,
    pub response_transfer_mode: Option<String>,
    pub timeout_in_millis: Option<i32>,
    #[serde(rename = "Type")]
    pub kind: Option<String>,
    pub uri: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct IntegrationResponse {
    pub content_handling: Option<String>,
    pub response_parameters: Option<BTreeMap<String, String>>,
    pub response_templates: Option<BTreeMap<String, String>>,
    pub selection_pattern: Option<String>,
    pub status_code: Option<String>,
}

impl MethodResponse {
    pub fn from_sdk(code: &str, live: &types::MethodResponse) -> Self {
        Self {
            response_models: entries(live.response_models.as_ref()),
            response_parameters: entries(live.response_parameters.as_ref()),
            status_code: Some(code.to_owned()),
        }
    }
}

impl Integration {
    /// The part that one call sets.
    pub fn without_responses(&self) -> Self {
        Self { integration_responses: None, ..self.clone() }
    }

    /// Its responses by status code.
    pub fn responses(&self) -> BTreeMap<&str, &IntegrationResponse> {
        let responses = self.integration_responses.iter().flatten();
        responses.map(|one| (one.status_code.as_deref().unwrap_or_default(), one)).collect()
    }
}

impl From<&types::Integration> for Integration {
    fn from(live: &types::Integration) -> Self {
        Self {
            cache_key_parameters: live.cache_key_parameters.clone(),
            cache_namespace: live.cache_namespace.clone(),
            connection_id: live.connection_id.clone(),
            connection_type: live.connection_type.as_ref().map(|kind| kind.as_str().to_owned()),
            content_handling: live.content_handling.as_ref().map(|way| way.as_str().to_owned()),
            credentials: live.credentials.clone(),
            integration_http_method: live.http_method.clone(),
            integration_responses: live.integration_responses.as_ref().map(|responses| {
                sorted(responses)
                    .into_iter()
                    .map(|(code, response)| IntegrationResponse::from_sdk(code, response))
                    .collect()
            }),
            integration_target: live.integration_target.clone(),
            passthrough_behavior: live.passthrough_behavior.clone(),
            request_parameters: entries(live.request_parameters.as_ref()),
            request_templates: entries(live.request_templates.as_ref()),
            response_transfer_mode: live
                .response_transfer_mode
                .as_ref()
                .map(|mode| mode.as_str().to_owned()),
            timeout_in_millis: Some(live.timeout_in_millis).filter(|timeout| *timeout > 0),
            kind: live.r#type.as_ref().map(|kind| kind.as_str().to_owned()),
            uri: live.uri.clone(),
        }
    }
}

impl IntegrationResponse {
    pub fn from_sdk(code: &str, live: &types::IntegrationResponse) -> Self {
        Self {
            content_handling: live.content_handling.as_ref().map(|way| way.as_str().to_owned()),
            response_parameters: entries(live.response_parameters.as_ref()),
            response_templates: entries(live.response_templates.as_ref()),
            selection_pattern: live.selection_pattern.clone().filter(|pattern| !pattern.is_empty()),
            status_code: Some(code.to_owned()),
        }
    }
}

/// A live map, sorted; an empty one is none.
pub(super) fn entries<T: Clone>(live: Option<&HashMap<String, T>>) -> Option<BTreeMap<String, T>> {
    live.filter(|map| !map.is_empty())
        .map(|map| map.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// Live responses in the order of their status codes.
pub(super) fn sorted<T>(live: &HashMap<String, T>) -> BTreeMap<&str, &T> {
    live.iter().map(|(code, response)| (code.as_str(), response)).collect()
}

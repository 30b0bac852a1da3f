//! The settings of an agent that are objects.

use aws_sdk_bedrockagent::types::{self, MemoryType};
use serde::{Deserialize, Serialize};

use crate::aws::Fault;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct CustomOrchestration {
    executor: Option<OrchestrationExecutor>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OrchestrationExecutor {
    lambda: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Guardrail {
    guardrail_identifier: Option<String>,
    guardrail_version: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Memory {
    enabled_memory_types: Option<Vec<String>>,
    session_summary_configuration: Option<SessionSummary>,
    storage_days: Option<i32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct SessionSummary {
    max_recent_sessions: Option<i32>,
}

impl CustomOrchestration {
    pub(super) fn sent(&self) -> types::CustomOrchestration {
        let executor = self
            .executor
            .as_ref()
            .map(|executor| types::OrchestrationExecutor::Lambda(executor.lambda.clone()));
        types::CustomOrchestration::builder().set_executor(executor).build()
    }
}

impl From<types::CustomOrchestration> for CustomOrchestration {
    fn from(live: types::CustomOrchestration) -> Self {
        let lambda = live.executor.as_ref().and_then(|executor| executor.as_lambda().ok());
        Self { executor: lambda.cloned().map(|lambda| OrchestrationExecutor { lambda }) }
    }
}

impl Guardrail {
    pub(super) fn sent(&self) -> types::GuardrailConfiguration {
        types::GuardrailConfiguration::builder()
            .set_guardrail_identifier(self.guardrail_identifier.clone())
            .set_guardrail_version(self.guardrail_version.clone())
            .build()
    }
}

impl From<types::GuardrailConfiguration> for Guardrail {
    fn from(live: types::GuardrailConfiguration) -> Self {
        Self {
            guardrail_identifier: live.guardrail_identifier,
            guardrail_version: live.guardrail_version,
        }
    }
}

impl Memory {
    pub(super) fn sent(&self, action: &str) -> Result<types::MemoryConfiguration, Fault> {
        let kinds = self.enabled_memory_types.iter().flatten();
        let kinds = kinds.map(|kind| MemoryType::from(kind.as_str())).collect();
        let summary = self.session_summary_configuration.as_ref().map(|summary| {
            types::SessionSummaryConfiguration::builder()
                .set_max_recent_sessions(summary.max_recent_sessions)
                .build()
        });
        types::MemoryConfiguration::builder()
            .set_enabled_memory_types(Some(kinds))
            .set_storage_days(self.storage_days)
            .set_session_summary_configuration(summary)
            .build()
            .map_err(|error| Fault::invalid(action, error.to_string()))
    }
}

impl From<types::MemoryConfiguration> for Memory {
    fn from(live: types::MemoryConfiguration) -> Self {
        let kinds = live.enabled_memory_types.iter().map(ToString::to_string).collect();
        let summary = live.session_summary_configuration;
        Self {
            enabled_memory_types: Some(kinds),
            session_summary_configuration: summary
                .map(|summary| SessionSummary { max_recent_sessions: summary.max_recent_sessions }),
            storage_days: Some(live.storage_days),
        }
    }
}

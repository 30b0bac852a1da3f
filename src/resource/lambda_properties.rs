//! The properties of `AWS::Lambda::Function`, and how AWS's description of a function reads in
//! them.

use std::collections::BTreeMap;

use aws_sdk_lambda::types;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::tags::Tag;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    pub(super) architectures: Option<Vec<String>>,
    pub(super) capacity_provider_config: Option<CapacityProviderConfig>,
    pub(super) code: Option<Code>,
    pub(super) code_signing_config_arn: Option<String>,
    pub(super) dead_letter_config: Option<DeadLetterConfig>,
    pub(super) description: Option<String>,
    pub(super) durable_config: Option<DurableConfig>,
    pub(super) environment: Option<Environment>,
    pub(super) ephemeral_storage: Option<EphemeralStorage>,
    pub(super) file_system_configs: Option<Vec<FileSystemConfig>>,
    pub(super) function_name: Option<String>,
    pub(super) handler: Option<String>,
    pub(super) image_config: Option<ImageConfig>,
    pub(super) kms_key_arn: Option<String>,
    pub(super) layers: Option<Vec<String>>,
    pub(super) logging_config: Option<LoggingConfig>,
    pub(super) memory_size: Option<i32>,
    pub(super) package_type: Option<String>,
    pub(super) recursive_loop: Option<String>,
    pub(super) reserved_concurrent_executions: Option<i32>,
    pub(super) role: Option<String>,
    pub(super) runtime: Option<String>,
    pub(super) runtime_management_config: Option<RuntimeManagementConfig>,
    pub(super) snap_start: Option<SnapStart>,
    pub(super) tags: Option<Vec<Tag>>,
    pub(super) tenancy_config: Option<TenancyConfig>,
    pub(super) timeout: Option<i32>,
    pub(super) tracing_config: Option<TracingConfig>,
    pub(super) vpc_config: Option<VpcConfig>,
}

/// Where the code comes from. The last two are Cairn's own: a local directory, for people, and
/// the zip made of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct Code {
    pub(super) image_uri: Option<String>,
    pub(super) s3_bucket: Option<String>,
    pub(super) s3_key: Option<String>,
    pub(super) s3_object_storage_mode: Option<String>,
    pub(super) s3_object_version: Option<String>,
    #[serde(rename = "SourceKMSKeyArn")]
    pub(super) source_kms_key_arn: Option<String>,
    pub(super) zip_file: Option<String>,
    pub(super) asset_path: Option<String>,
    pub(super) asset_sha256: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct CapacityProviderConfig {
    pub(super) lambda_managed_instances_capacity_provider_config: Option<ManagedInstances>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct ManagedInstances {
    pub(super) capacity_provider_arn: Option<String>,
    #[serde(rename = "ExecutionEnvironmentMemoryGiBPerVCpu")]
    pub(super) memory_gib_per_vcpu: Option<f64>,
    pub(super) per_execution_environment_max_concurrency: Option<i32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct DeadLetterConfig {
    pub(super) target_arn: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct DurableConfig {
    pub(super) execution_timeout: Option<i32>,
    pub(super) retention_period_in_days: Option<i32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct Environment {
    pub(super) variables: Option<BTreeMap<String, Json>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct EphemeralStorage {
    pub(super) size: Option<i32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct FileSystemConfig {
    pub(super) arn: Option<String>,
    pub(super) local_mount_path: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct ImageConfig {
    pub(super) command: Option<Vec<String>>,
    pub(super) entry_point: Option<Vec<String>>,
    pub(super) working_directory: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct LoggingConfig {
    pub(super) application_log_level: Option<String>,
    pub(super) log_format: Option<String>,
    pub(super) log_group: Option<String>,
    pub(super) system_log_level: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct RuntimeManagementConfig {
    pub(super) runtime_version_arn: Option<String>,
    pub(super) update_runtime_on: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct SnapStart {
    pub(super) apply_on: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct TenancyConfig {
    pub(super) tenant_isolation_mode: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct TracingConfig {
    pub(super) mode: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(super) struct VpcConfig {
    pub(super) ipv6_allowed_for_dual_stack: Option<bool>,
    pub(super) security_group_ids: Option<Vec<String>>,
    pub(super) subnet_ids: Option<Vec<String>>,
}

/// A variable's value as a function sees it: always text.
pub(super) fn variable_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Props {
    /// What `GetFunction` tells of the configuration. `known` are the properties last applied.
    pub(super) fn from_live(function: &types::FunctionConfiguration, known: &Self) -> Self {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let architectures: Vec<String> =
            function.architectures().iter().map(|one| one.as_str().to_owned()).collect();
        Self {
            architectures: (!architectures.is_empty()).then_some(architectures),
            capacity_provider_config: capacity_provider(function),
            dead_letter_config: function
                .dead_letter_config()
                .map(|letters| DeadLetterConfig { target_arn: letters.target_arn.clone() }),
            description: function.description.clone(),
            durable_config: function.durable_config().map(|durable| DurableConfig {
                execution_timeout: durable.execution_timeout,
                retention_period_in_days: durable.retention_period_in_days,
            }),
            environment: environment(function, known),
            ephemeral_storage: function
                .ephemeral_storage()
                .map(|storage| EphemeralStorage { size: Some(storage.size) }),
            file_system_configs: file_systems(function),
            function_name: function.function_name.clone(),
            handler: function.handler.clone(),
            image_config: image(function),
            kms_key_arn: function.kms_key_arn.clone(),
            layers: function
                .layers
                .as_ref()
                .map(|layers| layers.iter().filter_map(|layer| layer.arn.clone()).collect()),
            logging_config: function.logging_config().map(logging),
            memory_size: function.memory_size,
            package_type: text(function.package_type().map(types::PackageType::as_str)),
            role: function.role.clone(),
            runtime: text(function.runtime().map(types::Runtime::as_str)),
            snap_start: function.snap_start().map(|start| SnapStart {
                apply_on: text(start.apply_on().map(types::SnapStartApplyOn::as_str)),
            }),
            tenancy_config: function.tenancy_config().map(|tenancy| TenancyConfig {
                tenant_isolation_mode: text(Some(tenancy.tenant_isolation_mode().as_str())),
            }),
            timeout: function.timeout,
            tracing_config: function.tracing_config().map(|tracing| TracingConfig {
                mode: text(tracing.mode().map(types::TracingMode::as_str)),
            }),
            vpc_config: function.vpc_config().map(|vpc| VpcConfig {
                ipv6_allowed_for_dual_stack: vpc.ipv6_allowed_for_dual_stack,
                security_group_ids: Some(vpc.security_group_ids().to_vec()),
                subnet_ids: Some(vpc.subnet_ids().to_vec()),
            }),
            ..Self::default()
        }
    }
}

fn capacity_provider(function: &types::FunctionConfiguration) -> Option<CapacityProviderConfig> {
    let provider = function.capacity_provider_config()?;
    let instances = provider.lambda_managed_instances_capacity_provider_config()?;
    Some(CapacityProviderConfig {
        lambda_managed_instances_capacity_provider_config: Some(ManagedInstances {
            capacity_provider_arn: Some(instances.capacity_provider_arn.clone()),
            memory_gib_per_vcpu: instances.execution_environment_memory_gib_per_v_cpu,
            per_execution_environment_max_concurrency: instances
                .per_execution_environment_max_concurrency,
        }),
    })
}

/// Variables are text in AWS and anything in a template: where they say the same, as the template
/// says it. What cannot be decrypted cannot be compared either.
fn environment(function: &types::FunctionConfiguration, known: &Props) -> Option<Environment> {
    let live = function.environment()?;
    if live.error().is_some() {
        return known.environment.clone();
    }
    let applied = known.environment.as_ref().and_then(|known| known.variables.as_ref());
    let as_applied = |key: &str, text: &str| {
        let value = applied.and_then(|variables| variables.get(key));
        match value {
            Some(value) if variable_text(value) == text => value.clone(),
            _ => Json::from(text),
        }
    };
    let variables = live.variables().map(|variables| {
        variables.iter().map(|(key, text)| (key.clone(), as_applied(key, text))).collect()
    });
    Some(Environment { variables })
}

fn file_systems(function: &types::FunctionConfiguration) -> Option<Vec<FileSystemConfig>> {
    let told = function.file_system_configs.as_ref()?;
    let config = |config: &types::FileSystemConfig| FileSystemConfig {
        arn: Some(config.arn.clone()),
        local_mount_path: Some(config.local_mount_path.clone()),
    };
    Some(told.iter().map(config).collect())
}

fn image(function: &types::FunctionConfiguration) -> Option<ImageConfig> {
    let image = function.image_config_response()?.image_config()?;
    Some(ImageConfig {
        command: image.command.clone(),
        entry_point: image.entry_point.clone(),
        working_directory: image.working_directory.clone(),
    })
}

fn logging(live: &types::LoggingConfig) -> LoggingConfig {
    let text = |text: Option<&str>| text.map(str::to_owned);
    LoggingConfig {
        application_log_level: text(
            live.application_log_level().map(types::ApplicationLogLevel::as_str),
        ),
        log_format: text(live.log_format().map(types::LogFormat::as_str)),
        log_group: live.log_group.clone(),
        system_log_level: text(live.system_log_level().map(types::SystemLogLevel::as_str)),
    }
}

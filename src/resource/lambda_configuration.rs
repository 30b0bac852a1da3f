//! What `CreateFunction` and `UpdateFunctionConfiguration` are sent.
//!
//! The update leaves alone what it is not told, so a property that went from the template is sent
//! as what AWS would have given a new function. For the same reason two sets of properties differ
//! only when they do after those defaults: absent and default are the same.

use aws_sdk_lambda::operation::create_function::builders::CreateFunctionInputBuilder;
use aws_sdk_lambda::operation::update_function_configuration::builders::UpdateFunctionConfigurationInputBuilder;
use aws_sdk_lambda::types;
use aws_smithy_types::error::operation::BuildError;

use super::lambda_properties::{Props, variable_text};

const DEFAULT_TIMEOUT: i32 = 3;
const DEFAULT_MEMORY: i32 = 128;
const DEFAULT_STORAGE: i32 = 512;
const DEFAULT_LOG_LEVEL: &str = "INFO";
const DEFAULT_RETENTION: i32 = 14;
const JSON_FORMAT: &str = "JSON";

/// The request for a new function, but for its code and tags.
///
/// # Errors
///
/// Which member is missing.
pub(super) fn create(props: &Props) -> Result<CreateFunctionInputBuilder, BuildError> {
    let storage = props.ephemeral_storage.as_ref().map(|_| storage(props)).transpose()?;
    let file_systems = props.file_system_configs.as_ref().map(|_| file_systems(props));
    let tenancy = props.tenancy_config.as_ref().and_then(|it| it.tenant_isolation_mode.as_deref());
    let tenancy = tenancy
        .map(|mode| types::TenancyConfig::builder().tenant_isolation_mode(mode.into()).build())
        .transpose()?;
    Ok(CreateFunctionInputBuilder::default()
        .set_architectures(Some(architectures(props)))
        .set_capacity_provider_config(capacity_provider(props)?)
        .set_code_signing_config_arn(props.code_signing_config_arn.clone())
        .set_dead_letter_config(props.dead_letter_config.as_ref().map(|_| dead_letter(props)))
        .set_description(props.description.clone())
        .set_durable_config(durable(props))
        .set_environment(props.environment.as_ref().map(|_| environment(props)))
        .set_ephemeral_storage(storage)
        .set_file_system_configs(file_systems.transpose()?)
        .set_function_name(props.function_name.clone())
        .set_handler(props.handler.clone())
        .set_image_config(props.image_config.as_ref().map(|_| image(props)))
        .set_kms_key_arn(props.kms_key_arn.clone())
        .set_layers(props.layers.clone())
        .set_logging_config(props.logging_config.as_ref().map(|_| logging(props)))
        .set_memory_size(props.memory_size)
        .set_package_type(props.package_type.as_deref().map(Into::into))
        .set_role(props.role.clone())
        .set_runtime(runtime(props))
        .set_snap_start(props.snap_start.as_ref().map(|_| snap_start(props)))
        .set_tenancy_config(tenancy)
        .set_timeout(props.timeout)
        .set_tracing_config(props.tracing_config.as_ref().map(|_| tracing(props)))
        .set_vpc_config(props.vpc_config.as_ref().map(|_| vpc(props))))
}

/// The request that changes a function's configuration, with nothing in it but what differs;
/// `None` when nothing does.
///
/// # Errors
///
/// Which member is missing.
pub(super) fn change(
    from: &Props,
    to: &Props,
) -> Result<Option<UpdateFunctionConfigurationInputBuilder>, BuildError> {
    let request = request(&Change { from, to, live: None })?;
    let nothing = request == UpdateFunctionConfigurationInputBuilder::default();
    Ok((!nothing).then_some(request))
}

/// Whether the change from one to the other shows in the live properties. It is made as a whole or
/// not at all, so one property that is as wanted and was not before says it of all.
///
/// # Errors
///
/// Which member is missing.
pub(super) fn is_made(from: &Props, to: &Props, live: &Props) -> Result<bool, BuildError> {
    let whole = request(&Change { from, to, live: None })?;
    Ok(request(&Change { from, to, live: Some(live) })? != whole)
}

/// The VPC configuration of a function that is in none.
pub(super) fn no_vpc() -> types::VpcConfig {
    vpc(&Props::default())
}

/// The processor: it belongs to the code, which is compiled for it.
pub(super) fn architectures(props: &Props) -> Vec<types::Architecture> {
    match props.architectures.as_deref() {
        None | Some([]) => vec![types::Architecture::X8664],
        Some(declared) => declared.iter().map(|one| one.as_str().into()).collect(),
    }
}

/// What is changed to what, and where it stands if that is known.
struct Change<'a> {
    from: &'a Props,
    to: &'a Props,
    live: Option<&'a Props>,
}

impl Change<'_> {
    /// What `read` makes of the wanted properties, where that is to be changed.
    fn of<T: PartialEq>(&self, read: impl Fn(&Props) -> T) -> Option<T> {
        let wanted = read(self.to);
        let differs = |props: &Props| read(props) != wanted;
        (differs(self.from) && self.live.is_none_or(differs)).then_some(wanted)
    }

    fn of_built<T: PartialEq>(
        &self,
        read: impl Fn(&Props) -> Result<T, BuildError>,
    ) -> Result<Option<T>, BuildError> {
        let wanted = read(self.to)?;
        let differs = read(self.from)? != wanted
            && self.live.map(&read).transpose()?.is_none_or(|live| live != wanted);
        Ok(differs.then_some(wanted))
    }
}

fn request(change: &Change<'_>) -> Result<UpdateFunctionConfigurationInputBuilder, BuildError> {
    Ok(UpdateFunctionConfigurationInputBuilder::default()
        .set_capacity_provider_config(change.of_built(capacity_provider)?.flatten())
        .set_dead_letter_config(change.of(dead_letter))
        .set_description(change.of(|props| props.description.clone().unwrap_or_default()))
        .set_durable_config(change.of(durable).flatten())
        .set_environment(change.of(environment))
        .set_ephemeral_storage(change.of_built(storage)?)
        .set_file_system_configs(change.of_built(file_systems)?)
        .set_handler(change.of(|props| props.handler.clone()).flatten())
        .set_image_config(change.of(image))
        .set_kms_key_arn(change.of(|props| props.kms_key_arn.clone().unwrap_or_default()))
        .set_layers(change.of(|props| props.layers.clone().unwrap_or_default()))
        .set_logging_config(change.of(logging))
        .set_memory_size(change.of(|props| props.memory_size.unwrap_or(DEFAULT_MEMORY)))
        .set_role(change.of(|props| props.role.clone()).flatten())
        .set_runtime(change.of(runtime).flatten())
        .set_snap_start(change.of(snap_start))
        .set_timeout(change.of(|props| props.timeout.unwrap_or(DEFAULT_TIMEOUT)))
        .set_tracing_config(change.of(tracing))
        .set_vpc_config(change.of(vpc)))
}

fn capacity_provider(props: &Props) -> Result<Option<types::CapacityProviderConfig>, BuildError> {
    let declared = props.capacity_provider_config.as_ref();
    let declared =
        declared.and_then(|it| it.lambda_managed_instances_capacity_provider_config.as_ref());
    let Some(declared) = declared else { return Ok(None) };
    let instances = types::LambdaManagedInstancesCapacityProviderConfig::builder()
        .set_capacity_provider_arn(declared.capacity_provider_arn.clone())
        .set_execution_environment_memory_gib_per_v_cpu(declared.memory_gib_per_vcpu)
        .set_per_execution_environment_max_concurrency(
            declared.per_execution_environment_max_concurrency,
        )
        .build()?;
    let provider = types::CapacityProviderConfig::builder();
    Ok(Some(provider.lambda_managed_instances_capacity_provider_config(instances).build()))
}

fn dead_letter(props: &Props) -> types::DeadLetterConfig {
    let target = props.dead_letter_config.as_ref().and_then(|it| it.target_arn.clone());
    types::DeadLetterConfig::builder().target_arn(target.unwrap_or_default()).build()
}

/// Only its numbers can change, so one that vanishes is not sent.
fn durable(props: &Props) -> Option<types::DurableConfig> {
    let declared = props.durable_config.as_ref()?;
    let retention = declared.retention_period_in_days.unwrap_or(DEFAULT_RETENTION);
    let durable = types::DurableConfig::builder().retention_period_in_days(retention);
    Some(durable.set_execution_timeout(declared.execution_timeout).build())
}

fn environment(props: &Props) -> types::Environment {
    let declared = props.environment.as_ref().and_then(|it| it.variables.as_ref());
    let variables = declared.into_iter().flatten();
    let texts = variables.map(|(key, value)| (key.clone(), variable_text(value))).collect();
    types::Environment::builder().set_variables(Some(texts)).build()
}

fn storage(props: &Props) -> Result<types::EphemeralStorage, BuildError> {
    let size = props.ephemeral_storage.as_ref().and_then(|it| it.size).unwrap_or(DEFAULT_STORAGE);
    types::EphemeralStorage::builder().size(size).build()
}

fn file_systems(props: &Props) -> Result<Vec<types::FileSystemConfig>, BuildError> {
    let declared = props.file_system_configs.iter().flatten();
    declared
        .map(|one| {
            types::FileSystemConfig::builder()
                .set_arn(one.arn.clone())
                .set_local_mount_path(one.local_mount_path.clone())
                .build()
        })
        .collect()
}

fn image(props: &Props) -> types::ImageConfig {
    let declared = props.image_config.clone().unwrap_or_default();
    let some = |list: Option<Vec<String>>| list.filter(|list| !list.is_empty());
    types::ImageConfig::builder()
        .set_command(some(declared.command))
        .set_entry_point(some(declared.entry_point))
        .set_working_directory(declared.working_directory.filter(|path| !path.is_empty()))
        .build()
}

/// Levels exist in the JSON format only.
fn logging(props: &Props) -> types::LoggingConfig {
    let declared = props.logging_config.clone().unwrap_or_default();
    let format = declared.log_format.as_deref().unwrap_or("Text");
    let group = declared.log_group.unwrap_or_else(|| {
        format!("/aws/lambda/{}", props.function_name.as_deref().unwrap_or_default())
    });
    let level = |level: Option<String>| {
        let level = level.or((format == JSON_FORMAT).then(|| DEFAULT_LOG_LEVEL.to_owned()));
        level.filter(|level| !level.is_empty())
    };
    let (application, system) =
        (level(declared.application_log_level), level(declared.system_log_level));
    types::LoggingConfig::builder()
        .log_format(format.into())
        .log_group(group)
        .set_application_log_level(application.map(|level| level.as_str().into()))
        .set_system_log_level(system.map(|level| level.as_str().into()))
        .build()
}

fn runtime(props: &Props) -> Option<types::Runtime> {
    props.runtime.as_deref().map(Into::into)
}

fn snap_start(props: &Props) -> types::SnapStart {
    let apply = props.snap_start.as_ref().and_then(|it| it.apply_on.as_deref()).unwrap_or("None");
    types::SnapStart::builder().apply_on(apply.into()).build()
}

fn tracing(props: &Props) -> types::TracingConfig {
    let mode = props.tracing_config.as_ref().and_then(|it| it.mode.as_deref());
    types::TracingConfig::builder().mode(mode.unwrap_or("PassThrough").into()).build()
}

fn vpc(props: &Props) -> types::VpcConfig {
    let declared = props.vpc_config.clone().unwrap_or_default();
    let sorted = |list: Option<Vec<String>>| {
        let mut list = list.unwrap_or_default();
        list.sort();
        Some(list)
    };
    types::VpcConfig::builder()
        .set_subnet_ids(sorted(declared.subnet_ids))
        .set_security_group_ids(sorted(declared.security_group_ids))
        .ipv6_allowed_for_dual_stack(declared.ipv6_allowed_for_dual_stack.unwrap_or(false))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_property_shows_that_all_were_changed() {
        let from = props(serde_json::json!({"Timeout": 30, "MemorySize": 512}));
        let to = props(serde_json::json!({"Timeout": 60, "MemorySize": 256, "Description": "d"}));
        let check = |live: serde_json::Value, made: bool| {
            assert_eq!(is_made(&from, &to, &props(live)).unwrap(), made);
        };
        check(serde_json::json!({"Timeout": 30, "MemorySize": 512}), false);
        check(serde_json::json!({"Timeout": 60, "MemorySize": 512}), true);
        check(serde_json::json!({"Timeout": 90, "MemorySize": 512, "Layers": ["l"]}), false);
    }

    fn props(json: serde_json::Value) -> Props {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn defaults_are_no_change() {
        let live = props(serde_json::json!({
            "FunctionName": "f", "Timeout": 3, "MemorySize": 128, "Description": "", "Layers": [],
            "EphemeralStorage": {"Size": 512}, "TracingConfig": {"Mode": "PassThrough"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"},
            "SnapStart": {"ApplyOn": "None"}, "Environment": {"Variables": {}},
            "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
        }));
        let wanted = props(serde_json::json!({"FunctionName": "f"}));
        assert_eq!(change(&live, &wanted).unwrap(), None);
    }

    #[test]
    fn what_vanishes_is_reset_and_nothing_else_is_sent() {
        let from = props(serde_json::json!({
            "Timeout": 30, "Handler": "index.handler",
            "VpcConfig": {"SubnetIds": ["b", "a"], "SecurityGroupIds": ["g"]},
            "Environment": {"Variables": {"PORT": 80}},
        }));
        let to = props(serde_json::json!({
            "Handler": "index.handler",
            "VpcConfig": {"SubnetIds": ["a", "b"], "SecurityGroupIds": ["g"]},
            "Environment": {"Variables": {"PORT": "80"}},
        }));
        let expected = UpdateFunctionConfigurationInputBuilder::default().timeout(3);
        assert_eq!(change(&from, &to).unwrap(), Some(expected));
    }
}

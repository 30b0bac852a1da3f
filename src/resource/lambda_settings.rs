//! What a function has beside its configuration and code, each with calls of its own: limits,
//! signing, the choice of runtime versions, tags.

use aws_sdk_lambda::types::{RecursiveLoop, UpdateRuntimeOn};

use super::lambda_properties::{Props, RuntimeManagementConfig};
use super::or_absent::OrAbsent as _;
use super::tags::{self, TagChange};
use crate::aws::{Aws, Fault};

const DEFAULT_LOOP: &str = "Terminate";
const DEFAULT_RUNTIME_UPDATE: &str = "Auto";

/// Reads those settings that `known` mentions into `live`.
pub(super) async fn read(
    aws: &Aws,
    name: &str,
    known: &Props,
    live: &mut Props,
) -> Result<(), Fault> {
    if known.code_signing_config_arn.is_some() {
        let answer = aws
            .call("lambda:GetFunctionCodeSigningConfig", || {
                aws.lambda().get_function_code_signing_config().function_name(name).send()
            })
            .await
            .or_absent()?;
        live.code_signing_config_arn =
            answer.map(|answer| answer.code_signing_config_arn).filter(|arn| !arn.is_empty());
    }
    if known.recursive_loop.is_some() {
        let answer = aws
            .call("lambda:GetFunctionRecursionConfig", || {
                aws.lambda().get_function_recursion_config().function_name(name).send()
            })
            .await
            .or_absent()?;
        live.recursive_loop =
            answer.and_then(|answer| Some(answer.recursive_loop?.as_str().to_owned()));
    }
    if known.runtime_management_config.is_some() {
        let answer = aws
            .call("lambda:GetRuntimeManagementConfig", || {
                aws.lambda().get_runtime_management_config().function_name(name).send()
            })
            .await
            .or_absent()?;
        live.runtime_management_config = answer.map(|answer| RuntimeManagementConfig {
            runtime_version_arn: answer.runtime_version_arn,
            update_runtime_on: answer.update_runtime_on.map(|when| when.as_str().to_owned()),
        });
    }
    Ok(())
}

/// How much may run at once, and whether it may call itself.
pub(super) async fn limit(aws: &Aws, name: &str, from: &Props, to: &Props) -> Result<(), Fault> {
    let (before, after) = (from.reserved_concurrent_executions, to.reserved_concurrent_executions);
    match after {
        _ if before == after => {}
        Some(reserved) => {
            aws.call("lambda:PutFunctionConcurrency", || {
                let put = aws.lambda().put_function_concurrency().function_name(name);
                put.reserved_concurrent_executions(reserved).send()
            })
            .await?;
        }
        None => {
            aws.call("lambda:DeleteFunctionConcurrency", || {
                aws.lambda().delete_function_concurrency().function_name(name).send()
            })
            .await?;
        }
    }
    let recursion = |props: &Props| -> RecursiveLoop {
        props.recursive_loop.as_deref().unwrap_or(DEFAULT_LOOP).into()
    };
    if recursion(from) != recursion(to) {
        aws.call("lambda:PutFunctionRecursionConfig", || {
            let put = aws.lambda().put_function_recursion_config().function_name(name);
            put.recursive_loop(recursion(to)).send()
        })
        .await?;
    }
    Ok(())
}

pub(super) async fn sign(aws: &Aws, name: &str, from: &Props, to: &Props) -> Result<(), Fault> {
    if from.code_signing_config_arn == to.code_signing_config_arn {
        return Ok(());
    }
    match &to.code_signing_config_arn {
        Some(arn) => aws
            .call("lambda:PutFunctionCodeSigningConfig", || {
                let put = aws.lambda().put_function_code_signing_config().function_name(name);
                put.code_signing_config_arn(arn).send()
            })
            .await
            .map(drop),
        None => aws
            .call("lambda:DeleteFunctionCodeSigningConfig", || {
                aws.lambda().delete_function_code_signing_config().function_name(name).send()
            })
            .await
            .map(drop),
    }
}

/// When a function gets a new version of its runtime, and which it has until then.
fn runtime_management(props: &Props) -> (UpdateRuntimeOn, Option<String>) {
    let declared = props.runtime_management_config.clone().unwrap_or_default();
    let when = declared.update_runtime_on.as_deref().unwrap_or(DEFAULT_RUNTIME_UPDATE);
    (when.into(), declared.runtime_version_arn)
}

pub(super) fn runtime_management_differs(from: &Props, to: &Props) -> bool {
    runtime_management(from) != runtime_management(to)
}

/// Refused while the function is being changed.
pub(super) async fn manage_runtime(aws: &Aws, name: &str, to: &Props) -> Result<(), Fault> {
    let (when, version) = runtime_management(to);
    aws.call("lambda:PutRuntimeManagementConfig", || {
        let put = aws.lambda().put_runtime_management_config().function_name(name);
        put.update_runtime_on(when.clone()).set_runtime_version_arn(version.clone()).send()
    })
    .await
    .map(drop)
}

pub(super) async fn tag(aws: &Aws, name: &str, from: &Props, to: &Props) -> Result<(), Fault> {
    let (from, to) = (from.tags.as_deref(), to.tags.as_deref());
    let change = TagChange::between(&tags::to_map(from), &tags::to_map(to));
    let (partition, region, account) = (aws.partition(), aws.region(), aws.account());
    let arn = format!("arn:{partition}:lambda:{region}:{account}:function:{name}");
    if !change.set.is_empty() {
        aws.call("lambda:TagResource", || {
            aws.lambda().tag_resource().resource(&arn).set_tags(Some(change.set_map())).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        aws.call("lambda:UntagResource", || {
            let keys = Some(change.remove.clone());
            aws.lambda().untag_resource().resource(&arn).set_tag_keys(keys).send()
        })
        .await?;
    }
    Ok(())
}

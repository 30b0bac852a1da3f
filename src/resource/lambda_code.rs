//! The code of a function: from where it is sent, and when it has changed.

use aws_sdk_lambda::operation::update_function_code::builders::UpdateFunctionCodeInputBuilder;
use aws_sdk_lambda::types::{FunctionCode, FunctionConfiguration};
use aws_smithy_types::Blob;

use super::lambda_configuration::architectures;
use super::lambda_inline_code;
use super::lambda_properties::{Code, Props};
use crate::aws::{Asset, Aws, Fault};

/// The code that `action` sends.
///
/// # Errors
///
/// What keeps it from being sent.
pub(super) fn function_code(aws: &Aws, props: &Props, action: &str) -> Result<FunctionCode, Fault> {
    let code = declared(props, action)?;
    Ok(FunctionCode::builder()
        .set_zip_file(zip(aws, props, action)?.map(Blob::new))
        .set_s3_bucket(code.s3_bucket.clone())
        .set_s3_key(code.s3_key.clone())
        .set_s3_object_version(code.s3_object_version.clone())
        .set_s3_object_storage_mode(code.s3_object_storage_mode.as_deref().map(Into::into))
        .set_image_uri(code.image_uri.clone())
        .set_source_kms_key_arn(code.source_kms_key_arn.clone())
        .build())
}

/// The request that replaces the code, and with it the processor it is for.
///
/// # Errors
///
/// What keeps it from being sent.
pub(super) fn change(
    aws: &Aws,
    props: &Props,
    action: &str,
) -> Result<UpdateFunctionCodeInputBuilder, Fault> {
    let code = declared(props, action)?;
    Ok(UpdateFunctionCodeInputBuilder::default()
        .set_zip_file(zip(aws, props, action)?.map(Blob::new))
        .set_s3_bucket(code.s3_bucket.clone())
        .set_s3_key(code.s3_key.clone())
        .set_s3_object_version(code.s3_object_version.clone())
        .set_s3_object_storage_mode(code.s3_object_storage_mode.as_deref().map(Into::into))
        .set_image_uri(code.image_uri.clone())
        .set_source_kms_key_arn(code.source_kms_key_arn.clone())
        .set_architectures(Some(architectures(props))))
}

/// Whether the code has to be sent. Where a directory lies on this machine does not matter.
pub(super) fn differs(from: &Props, to: &Props) -> bool {
    let content = |props: &Props| props.code.clone().map(|code| Code { asset_path: None, ..code });
    content(from) != content(to) || architectures(from) != architectures(to)
}

/// The code a function has, as far as it can be told: by the digest of the zip where Cairn makes
/// that. What AWS fetched from somewhere else is taken as it was applied, but only for comparing:
/// an update that asks how far it has come must send it.
pub(super) fn live(aws: &Aws, function: &FunctionConfiguration, known: &Props) -> Option<Code> {
    let code = known.code.as_ref()?;
    if code.asset_sha256.is_some() {
        return Some(Code { asset_sha256: function.code_sha256.clone(), ..Code::default() });
    }
    let Some(text) = &code.zip_file else { return aws.is_refresh().then(|| code.clone()) };
    let bytes = lambda_inline_code::zip(known.runtime.as_deref().unwrap_or_default(), text).ok()?;
    let is_applied = function.code_sha256() == Some(Asset::new(bytes).sha256());
    is_applied.then(|| code.clone())
}

fn declared<'a>(props: &'a Props, action: &str) -> Result<&'a Code, Fault> {
    props.code.as_ref().ok_or_else(|| Fault::invalid(action, "`Code` is missing"))
}

/// The bytes that are sent with the request, if any.
fn zip(aws: &Aws, props: &Props, action: &str) -> Result<Option<Vec<u8>>, Fault> {
    let code = declared(props, action)?;
    if let Some(sha256) = &code.asset_sha256 {
        let asset = aws.assets().get(sha256).ok_or_else(|| {
            let path = code.asset_path.as_deref().unwrap_or(sha256);
            Fault::invalid(action, format!("the code in `{path}` was not packed"))
        })?;
        return Ok(Some(asset.bytes().to_vec()));
    }
    let Some(text) = &code.zip_file else { return Ok(None) };
    let runtime = props.runtime.as_deref().unwrap_or_default();
    let bytes = lambda_inline_code::zip(runtime, text);
    bytes.map(Some).map_err(|problem| Fault::invalid(action, problem))
}

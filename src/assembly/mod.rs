//! Local files that a template points at: found, zipped and hashed before anything is planned.
//!
//! A function's `Code: ./directory`, as `aws cloudformation package` takes it, and the CDK's
//! `aws:asset:path` in a resource's Metadata mean the same.

pub mod cloud;
#[cfg(test)]
mod tests;
mod zip;

pub use self::zip::{ZipError, zip_directory, zip_text};

use std::collections::BTreeMap;
use std::path::Path;

use crate::aws::{Asset, Assets};
use crate::diagnostic::Diagnostic;
use crate::graph::AssetRef;
use crate::template::{ResourceNode, Template};
use crate::value::LogicalId;

/// The property of a function that a directory takes the place of.
const CODE: &str = "Code";

/// The assets of a template: by resource, and their bytes.
#[derive(Debug, Default)]
pub struct Collected {
    pub by_resource: BTreeMap<LogicalId, AssetRef>,
    pub assets: Assets,
}

/// Zips every local directory the template names; paths are relative to the template's directory.
///
/// # Errors
///
/// Directories that are not there, or cannot be read, at their places.
pub fn collect(template: &Template, directory: &Path) -> Result<Collected, Vec<Diagnostic>> {
    let mut collected = Collected::default();
    let mut errors = Vec::new();
    for resource in template.resources.values() {
        let Some((path, span)) = local_code(resource) else { continue };
        match zip_directory(&directory.join(&path)) {
            Ok(bytes) => {
                let asset = Asset::new(bytes);
                collected.by_resource.insert(
                    resource.id.clone(),
                    AssetRef { property: CODE.to_owned(), path, sha256: asset.sha256().to_owned() },
                );
                collected.assets.insert(asset);
            }
            Err(error) => errors.push(
                Diagnostic::error(format!("the code of `{}`: {error}", resource.id))
                    .at(&template.source, span)
                    .hint("the path is relative to the template's directory"),
            ),
        }
    }
    if errors.is_empty() { Ok(collected) } else { Err(errors) }
}

fn local_code(resource: &ResourceNode) -> Option<(String, crate::diagnostic::Span)> {
    if resource.type_name != "AWS::Lambda::Function" {
        return None;
    }
    let metadata = resource.metadata.as_ref();
    let is_code = metadata
        .and_then(|node| node.get("aws:asset:property"))
        .and_then(|node| node.text())
        .is_none_or(|property| property == CODE);
    let asset = metadata.and_then(|node| node.get("aws:asset:path")).filter(|_| is_code);
    let node = asset.or_else(|| resource.properties.get(CODE))?;
    Some((node.text()?.to_owned(), node.span))
}

//! Local files that a template points at: found, zipped and hashed before anything is planned.
//!
//! A function's `Code: ./directory`, as `aws cloudformation package` takes it, and the CDK's
//! `aws:asset:path` in a resource's Metadata mean the same.

pub mod cloud;
pub mod handover;
#[cfg(test)]
mod tests;
mod zip;

pub use self::zip::{ZipError, file_names, zip_directory, zip_text};

use std::collections::BTreeMap;
use std::path::Path;

use self::cloud::Files;
use crate::aws::{Asset, Assets};
use crate::diagnostic::{Diagnostic, Span};
use crate::graph::AssetRef;
use crate::template::{ResourceNode, Template};
use crate::value::LogicalId;

/// The property of a function that a directory takes the place of.
const CODE: &str = "Code";
const FUNCTION: &str = "AWS::Lambda::Function";

/// The assets of a template: by resource, and their bytes.
#[derive(Debug, Default)]
pub struct Collected {
    pub by_resource: BTreeMap<LogicalId, AssetRef>,
    pub assets: Assets,
    /// What is not there, or cannot be read, at its place.
    pub errors: Vec<Diagnostic>,
}

/// Where what a template points at is found.
#[derive(Debug, Clone, Copy)]
pub enum Home<'a> {
    /// By paths relative to the template's directory.
    Directory(&'a Path),
    /// By keys of a bucket, staged in a cloud assembly.
    Staged(&'a Files),
}

/// Zips all that a template names, each once.
pub fn collect(template: &Template, home: Home<'_>) -> Collected {
    let mut collected = Collected::default();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for resource in template.resources.values() {
        let Some((path, span, zip)) = home.code(resource) else { continue };
        let sha256 = match known.get(&path) {
            Some(sha256) => sha256.clone(),
            None => match zip() {
                Ok(bytes) => {
                    let asset = Asset::new(bytes);
                    let sha256 = asset.sha256().to_owned();
                    collected.assets.insert(asset);
                    sha256
                }
                Err(error) => {
                    let message = format!("the code of `{}`: {error}", resource.id);
                    let error = Diagnostic::error(message).at(&template.source, span);
                    collected.errors.push(error.hint_if(home.hint().map(str::to_owned)));
                    String::new()
                }
            },
        };
        if !sha256.is_empty() {
            known.insert(path.clone(), sha256.clone());
        }
        let zipped = collected.assets.get(&sha256);
        let files = zipped.map(|asset| file_names(asset.bytes())).unwrap_or_default();
        let asset = AssetRef { property: CODE.to_owned(), path, sha256, files };
        collected.by_resource.insert(resource.id.clone(), asset);
    }
    collected
}

type Zip<'a> = Box<dyn FnOnce() -> Result<Vec<u8>, ZipError> + 'a>;

impl<'a> Home<'a> {
    /// A function's code that is here: what it is called, where that is written, and how it is zipped.
    fn code(self, resource: &ResourceNode) -> Option<(String, Span, Zip<'a>)> {
        match self {
            Self::Directory(directory) => {
                let (path, span) = local_code(resource)?;
                let source = directory.join(&path);
                Some((path, span, Box::new(move || zip_directory(&source))))
            }
            Self::Staged(files) => {
                let (key, span) = staged_code(resource)?;
                let asset = files.by_key.get(key)?;
                let name = asset.source.file_name()?.to_string_lossy().into_owned();
                Some((name, span, Box::new(move || files.zip(asset))))
            }
        }
    }

    fn hint(self) -> Option<&'static str> {
        match self {
            Self::Directory(_) => Some("the path is relative to the template's directory"),
            Self::Staged(_) => None,
        }
    }
}

/// The key that a function's code would have in a bucket, as it is written.
fn staged_code(resource: &ResourceNode) -> Option<(&str, Span)> {
    if resource.type_name != FUNCTION {
        return None;
    }
    let key = resource.properties.get(CODE)?.get("S3Key")?;
    let written = key.single().filter(|entry| entry.key == "Fn::Sub").map(|entry| &entry.value);
    Some((written.unwrap_or(key).text()?, key.span))
}

fn local_code(resource: &ResourceNode) -> Option<(String, Span)> {
    if resource.type_name != FUNCTION {
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

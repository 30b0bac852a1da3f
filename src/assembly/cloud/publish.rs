//! A template as CloudFormation takes it: local code is an asset in the CDK's bucket.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::FileAsset;
use crate::template::{Node, Template};

const FUNCTION: &str = "AWS::Lambda::Function";
const LOOP: &str = "Fn::ForEach";

/// The template with assets in place of local code, which is found by its path as it is written.
/// Loops stay where that is possible: in one that makes the path of some code, they are written
/// out.
pub fn published(
    written: &Template,
    expanded: &Template,
    assets: &BTreeMap<String, FileAsset>,
) -> Json {
    let mut json = written.root.to_json();
    if replace_all(&mut json, assets) {
        return json;
    }
    let mut json = expanded.root.to_json();
    replace_all(&mut json, assets);
    json
}

/// Whether all local code was found.
fn replace_all(json: &mut Json, assets: &BTreeMap<String, FileAsset>) -> bool {
    json.get_mut("Resources").is_none_or(|resources| replace(resources, assets))
}

fn replace(resources: &mut Json, assets: &BTreeMap<String, FileAsset>) -> bool {
    let Some(resources) = resources.as_object_mut() else { return true };
    let mut is_whole = true;
    for (id, resource) in resources {
        if id.starts_with(LOOP) {
            let body = resource.get_mut(2);
            is_whole &= body.is_none_or(|body| replace(body, assets));
        } else if resource.get("Type").and_then(Json::as_str) == Some(FUNCTION) {
            is_whole &= replace_code(resource, assets);
        }
    }
    is_whole
}

fn replace_code(function: &mut Json, assets: &BTreeMap<String, FileAsset>) -> bool {
    let staged = function.pointer("/Metadata/aws:asset:path").and_then(Json::as_str);
    let staged = staged.and_then(|path| assets.get(path)).map(FileAsset::code);
    let Some(code) = function.pointer_mut("/Properties/Code") else { return true };
    let found = staged.or_else(|| assets.get(code.as_str()?).map(FileAsset::code));
    match found {
        Some(found) => {
            *code = found;
            true
        }
        None => !code.is_string(),
    }
}

/// The construct paths of a template that no constructs have made.
pub fn paths(template: &Template, stack: &str) -> impl Iterator<Item = (String, String)> {
    template.resources.values().map(move |resource| {
        let path = resource.metadata.as_ref().and_then(|node| node.get("aws:cdk:path"));
        let path = path.and_then(Node::text).map(|path| format!("/{path}"));
        let id = resource.id.as_str();
        (path.unwrap_or_else(|| format!("/{stack}/{id}")), id.to_owned())
    })
}

//! A stack handed over to CloudFormation: the import change set's template, and which resource in
//! AWS each of its resources is.
//!
//! An import may bring resources only: what refers to something that CloudFormation cannot import
//! and all outputs come with the first update after it, by the whole template.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::graph::{AssetRef, Graph};
use crate::schema;
use crate::state::{Instance, State};
use crate::value::{LogicalId, PhysicalId};

/// The parameter that names the bucket with the code.
pub const BUCKET: &str = "CairnCodeBucket";

/// What CloudFormation is given.
#[derive(Debug, PartialEq)]
pub struct Handover {
    /// Everything, for the update after the import.
    pub template: Json,
    /// What can be imported, and nothing else.
    pub import_template: Json,
    /// `ResourceType`, `LogicalResourceId` and `ResourceIdentifier` of each.
    pub resources: Vec<Json>,
    /// What is not imported, and why.
    pub left_out: BTreeMap<LogicalId, String>,
}

/// Types that CloudFormation cannot read back, and so cannot import.
const NOT_IMPORTABLE: [&str; 2] = ["AWS::IAM::Policy", "AWS::CloudFormation::CustomResource"];

/// What is to be handed over of a graph's template, all loops written out, as the state knows it.
pub fn handover(graph: &Graph, state: &State, code: &BTreeMap<LogicalId, AssetRef>) -> Handover {
    let mut template = graph.template.root.to_json();
    let mut resources = Vec::new();
    let mut left_out = BTreeMap::new();
    for node in graph.nodes.values() {
        let found = match state.current(&node.id) {
            None => Err("the stack does not have it".to_owned()),
            Some(_) if is_out(&node.type_name) => {
                Err(format!("CloudFormation cannot import `{}`", node.type_name))
            }
            Some(instance) => identifier(&node.type_name, instance),
        };
        match found {
            Ok(identifier) => resources.push(json!({
                "ResourceType": node.type_name,
                "LogicalResourceId": node.id,
                "ResourceIdentifier": identifier,
            })),
            Err(why) => {
                left_out.insert(node.id.clone(), why);
            }
        }
    }
    for (id, asset) in code {
        let pointer = format!("/Resources/{id}/Properties/{}", asset.property);
        if let Some(written) = template.pointer_mut(&pointer) {
            *written = json!({"S3Bucket": {"Ref": BUCKET}, "S3Key": key(asset)});
        }
        template["Parameters"][BUCKET] = json!({"Type": "String"});
    }
    for resource in template["Resources"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        // Without a word an import is refused, and what is taken out again must stay.
        if resource.get("DeletionPolicy").is_none() {
            resource["DeletionPolicy"] = "Retain".into();
        }
    }
    leave_out_users(&template, &mut left_out);
    resources.retain(|one| {
        one["LogicalResourceId"].as_str().is_some_and(|id| !left_out.contains_key(id))
    });
    let import_template = without(&template, &left_out, graph);
    Handover { template, import_template, resources, left_out }
}

/// What a zip is called in the bucket.
pub fn key(asset: &AssetRef) -> String {
    // The digest is in base64, whose signs mean something in paths.
    let name: String = asset
        .sha256
        .chars()
        .map(|sign| if sign.is_ascii_alphanumeric() { sign } else { '-' })
        .collect();
    format!("{}.zip", name.trim_end_matches('-'))
}

fn is_out(type_name: &str) -> bool {
    type_name.starts_with("Custom::") || NOT_IMPORTABLE.contains(&type_name)
}

/// What tells a resource from all others of its type.
fn identifier(type_name: &str, instance: &Instance) -> Result<BTreeMap<String, String>, String> {
    let names = schema::facts(type_name).map(|facts| facts.primary_identifier.as_slice());
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        return Err(format!("nobody says what identifies a `{type_name}`"));
    };
    let physical_id = instance.physical_id.as_ref().map(PhysicalId::as_str).unwrap_or_default();
    let mut identifier = BTreeMap::new();
    for name in names {
        let told = instance.properties.get(name).or_else(|| instance.attributes.get(name));
        let value = match told.and_then(Json::as_str) {
            Some(text) => text.to_owned(),
            None if names.len() == 1 => physical_id.to_owned(),
            None => return Err(format!("its `{name}` is not in the state")),
        };
        identifier.insert(name.clone(), value);
    }
    Ok(identifier)
}

/// What refers to something that is left out cannot come before it either.
fn leave_out_users(template: &Json, left_out: &mut BTreeMap<LogicalId, String>) {
    let Some(resources) = template["Resources"].as_object() else { return };
    loop {
        let user = resources.iter().find_map(|(id, resource)| {
            let id = LogicalId::new(id);
            let used = left_out.keys().find(|other| refers(&resource["Properties"], other))?;
            (!left_out.contains_key(&id)).then(|| (id, format!("it refers to {used}")))
        });
        let Some((id, why)) = user else { return };
        left_out.insert(id, why);
    }
}

/// Whether a value has a function that names a resource.
fn refers(json: &Json, id: &LogicalId) -> bool {
    let is_it = |text: &str| text == id.as_str() || text.starts_with(&format!("{id}."));
    match json {
        Json::Array(items) => items.iter().any(|item| refers(item, id)),
        Json::Object(entries) => entries.iter().any(|(key, value)| match (key.as_str(), value) {
            ("Ref", Json::String(text)) => is_it(text),
            ("Fn::GetAtt", Json::String(text)) => is_it(text),
            ("Fn::GetAtt", Json::Array(parts)) => {
                parts.first().is_some_and(|one| one == id.as_str())
            }
            ("Fn::Sub", value) => sub_refers(value, id) || refers(value, id),
            (_, value) => refers(value, id),
        }),
        _ => false,
    }
}

fn sub_refers(value: &Json, id: &LogicalId) -> bool {
    let text = value.as_str().or_else(|| value.get(0)?.as_str()).unwrap_or_default();
    text.split("${")
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .any(|name| name == id.as_str() || name.starts_with(&format!("{id}.")))
}

fn without(template: &Json, left_out: &BTreeMap<LogicalId, String>, graph: &Graph) -> Json {
    let mut template = template.clone();
    let Some(whole) = template.as_object_mut() else { return template };
    whole.remove("Outputs");
    let used: BTreeSet<&str> = graph.nodes.keys().map(LogicalId::as_str).collect();
    let stays = |id: &str| used.contains(id) && !left_out.contains_key(id);
    if let Some(resources) = whole.get_mut("Resources").and_then(Json::as_object_mut) {
        resources.retain(|id, _| stays(id));
        for resource in resources.values_mut() {
            let Some(entries) = resource.as_object_mut() else { continue };
            let kept: Vec<Json> = match entries.get("DependsOn") {
                Some(Json::Array(names)) => names.clone(),
                Some(name) => vec![name.clone()],
                None => continue,
            };
            let kept: Vec<Json> =
                kept.into_iter().filter(|name| name.as_str().is_some_and(&stays)).collect();
            match kept.is_empty() {
                true => entries.remove("DependsOn"),
                false => entries.insert("DependsOn".to_owned(), kept.into()),
            };
        }
    }
    template
}

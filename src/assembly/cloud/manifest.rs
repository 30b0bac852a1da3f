//! The files of an assembly as they are written. Keys that nothing here needs are passed over: new
//! ones come with almost every release of the CDK.

use std::collections::BTreeMap;

use crate::ordered::IndexMap;
use serde::Deserialize;
use serde_json::Value as Json;

pub const STACK: &str = "aws:cloudformation:stack";
pub const ASSETS: &str = "cdk:asset-manifest";
pub const NESTED: &str = "cdk:cloud-assembly";

/// `manifest.json`.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    #[serde(default)]
    pub artifacts: IndexMap<String, Artifact>,
    #[serde(default)]
    pub missing: Vec<Missing>,
}

/// The one thing that is read before anything else is believed.
#[derive(Debug, Deserialize)]
pub struct Versioned {
    pub version: String,
}

/// What the app would have to know before its assembly is complete.
#[derive(Debug, Deserialize)]
pub struct Missing {
    pub key: String,
    pub provider: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    #[serde(rename = "type")]
    pub kind: String,
    pub environment: Option<String>,
    #[serde(default)]
    pub metadata: Metadata,
    pub additional_metadata_file: Option<String>,
    #[serde(default)]
    pub dependencies: Vec<String>,
    #[serde(default)]
    pub properties: Json,
    pub display_name: Option<String>,
}

/// What is noted at each construct, by its path.
pub type Metadata = IndexMap<String, Vec<Note>>;

#[derive(Debug, Deserialize)]
pub struct Note {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub data: Json,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StackProperties {
    pub template_file: String,
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    pub stack_name: Option<String>,
    #[serde(default)]
    pub termination_protection: bool,
}

#[derive(Debug, Deserialize)]
pub struct AssetProperties {
    pub file: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NestedProperties {
    pub directory_name: String,
}

/// `<Stack>.assets.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetManifest {
    #[serde(default)]
    pub files: IndexMap<String, File>,
    #[serde(default)]
    pub docker_images: IndexMap<String, Image>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct File {
    pub display_name: Option<String>,
    pub source: FileSource,
    #[serde(default)]
    pub destinations: IndexMap<String, Destination>,
}

#[derive(Debug, Deserialize)]
pub struct FileSource {
    pub path: Option<String>,
    /// A command that tells the path.
    pub executable: Option<Vec<String>>,
    pub packaging: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    pub object_key: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    pub display_name: Option<String>,
}

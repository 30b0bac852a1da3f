//! Writing an assembly, with the same bytes for the same stacks.

use std::path::Path;

use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::asset::{BUCKET, hex};
use super::stage::{Stage, StageError};
use super::{FileAsset, Packaging, StackArtifact, TreeNode};

/// The lowest schema with all that is written here; it is that of the CDK 2.0, so every CLI of
/// version 2 reads it. <https://www.npmjs.com/package/@aws-cdk/cloud-assembly-schema/v/2.0.0>
const SCHEMA: &str = "15.0.0";

const MANIFEST: &str = "manifest.json";
const DEPLOY_ROLE: &str = "deploy-role";
const PUBLISH_ROLE: &str = "file-publishing-role";
const EXECUTION_ROLE: &str = "cfn-exec-role";
/// The version of the CDK's bootstrap that can take assets by these roles.
const BOOTSTRAP: u32 = 6;
const BOOTSTRAP_PARAMETER: &str = "/cdk-bootstrap/hnb659fds/version";

#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("`{0}` cannot be the id of a stack: it names its files")]
    Id(String),
    #[error("two stacks have the id `{0}`")]
    Twice(String),
    #[error("`{0}` depends on `{1}`, which is not in the assembly")]
    Dependency(String, String),
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes an assembly. The directory is made if it is not there; what else is in it stays, and
/// the manifest is replaced last.
///
/// # Errors
///
/// Ids that cannot be files' names, dependencies that are not there, and what the disk says.
pub fn write(out: &Path, stacks: &[StackArtifact]) -> Result<(), WriteError> {
    check(stacks)?;
    let stage = Stage::beside(out)?;
    let mut artifacts = Map::new();
    let mut root = TreeNode { id: "App".to_owned(), ..TreeNode::default() };
    for stack in stacks {
        let template = text(&stack.template)?;
        let hash = hex(&Sha256::digest(&template));
        stage.file(&template_file(stack), &template)?;
        stage.file(&assets_file(stack), &text(&asset_manifest(stack, &hash))?)?;
        for asset in &stack.assets {
            let as_directory = asset.packaging == Packaging::Zip;
            stage.copy(&asset.source, &staged_name(asset), as_directory)?;
        }
        artifacts.insert(assets_id(stack), asset_artifact(stack));
        artifacts.insert(stack.id.clone(), stack_artifact(stack, &hash));
        let tree = stack.tree.clone();
        let tree = tree.unwrap_or_else(|| TreeNode::of_template(&stack.id, &stack.template));
        root.children.insert(tree.id.clone(), tree);
    }
    artifacts.insert(
        "Tree".to_owned(),
        json!({"type": "cdk:tree", "properties": {"file": "tree.json"}}),
    );
    let tree = json!({"version": "tree-0.1", "tree": root.to_json()});
    stage.file("tree.json", &text(&tree)?)?;
    stage.file("cdk.out", json!({"version": SCHEMA}).to_string().as_bytes())?;
    let manifest = json!({"version": SCHEMA, "artifacts": artifacts});
    stage.file(MANIFEST, &text(&manifest)?)?;
    Ok(stage.publish(MANIFEST)?)
}

fn check(stacks: &[StackArtifact]) -> Result<(), WriteError> {
    let is_plain = |one: char| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.');
    for (index, stack) in stacks.iter().enumerate() {
        if stack.id.is_empty() || stack.id.starts_with('.') || !stack.id.chars().all(is_plain) {
            return Err(WriteError::Id(stack.id.clone()));
        }
        if stacks[..index].iter().any(|other| other.id == stack.id) {
            return Err(WriteError::Twice(stack.id.clone()));
        }
        for needed in &stack.dependencies {
            if !stacks.iter().any(|other| other.id == *needed) {
                return Err(WriteError::Dependency(stack.id.clone(), needed.clone()));
            }
        }
    }
    Ok(())
}

fn text(json: &Json) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = serde_json::to_vec_pretty(json)?;
    text.push(b'\n');
    Ok(text)
}

fn template_file(stack: &StackArtifact) -> String {
    format!("{}.template.json", stack.id)
}

fn assets_file(stack: &StackArtifact) -> String {
    format!("{}.assets.json", stack.id)
}

fn assets_id(stack: &StackArtifact) -> String {
    format!("{}.assets", stack.id)
}

fn staged_name(asset: &FileAsset) -> String {
    match asset.packaging {
        Packaging::Zip => format!("asset.{}", asset.hash),
        Packaging::File => format!("asset.{}{}", asset.hash, asset.extension()),
    }
}

fn asset_artifact(stack: &StackArtifact) -> Json {
    json!({
        "type": "cdk:asset-manifest",
        "properties": {
            "file": assets_file(stack),
            "requiresBootstrapStackVersion": BOOTSTRAP,
            "bootstrapStackVersionSsmParameter": BOOTSTRAP_PARAMETER,
        },
    })
}

fn stack_artifact(stack: &StackArtifact, template_hash: &str) -> Json {
    let mut properties = json!({
        "templateFile": template_file(stack),
        "terminationProtection": stack.termination_protection,
        "validateOnSynth": false,
        "assumeRoleArn": role(stack, DEPLOY_ROLE),
        "cloudFormationExecutionRoleArn": role(stack, EXECUTION_ROLE),
        "stackTemplateAssetObjectUrl":
            format!("s3://{}/{template_hash}.json", here(stack, BUCKET)),
        "requiresBootstrapStackVersion": BOOTSTRAP,
        "bootstrapStackVersionSsmParameter": BOOTSTRAP_PARAMETER,
        "stackName": stack.stack_name,
    });
    if !stack.parameters.is_empty() {
        properties["parameters"] = json!(stack.parameters);
    }
    if !stack.tags.is_empty() {
        properties["tags"] = json!(stack.tags);
    }
    let metadata: Map<_, _> = stack
        .logical_ids
        .iter()
        .map(|(path, id)| (path.clone(), json!([{"type": "aws:cdk:logicalId", "data": id}])))
        .collect();
    let mut dependencies = stack.dependencies.clone();
    dependencies.push(assets_id(stack));
    json!({
        "type": "aws:cloudformation:stack",
        "environment": stack.environment.to_string(),
        "properties": properties,
        "dependencies": dependencies,
        "metadata": metadata,
        "displayName": stack.display_name,
    })
}

/// The template and the assets, each with where it is uploaded to.
fn asset_manifest(stack: &StackArtifact, template_hash: &str) -> Json {
    let mut files = Map::new();
    let mut add = |hash: &str, name: &str, path: String, packaging: &str, key: String| {
        let mut destination = json!({"bucketName": here(stack, BUCKET), "objectKey": key});
        if let Some(region) = &stack.environment.region {
            destination["region"] = json!(region);
        }
        destination["assumeRoleArn"] = json!(role(stack, PUBLISH_ROLE));
        let mut destinations = Map::new();
        destinations.insert(destination_id(stack, &destination), destination);
        files.insert(
            hash.to_owned(),
            json!({
                "displayName": name,
                "source": {"path": path, "packaging": packaging},
                "destinations": destinations,
            }),
        );
    };
    for asset in &stack.assets {
        let packaging = match asset.packaging {
            Packaging::Zip => "zip",
            Packaging::File => "file",
        };
        let name = &asset.display_name;
        add(&asset.hash, name, staged_name(asset), packaging, asset.object_key());
    }
    let name = format!("{} Template", stack.display_name);
    add(template_hash, &name, template_file(stack), "file", format!("{template_hash}.json"));
    json!({"version": SCHEMA, "files": files, "dockerImages": {}})
}

fn destination_id(stack: &StackArtifact, destination: &Json) -> String {
    let home = match (&stack.environment.account, &stack.environment.region) {
        (Some(account), Some(region)) => format!("{account}-{region}"),
        _ => "current_account-current_region".to_owned(),
    };
    let digest = hex(&Sha256::digest(destination.to_string()));
    format!("{home}-{}", &digest[..8])
}

/// An ARN of the CDK's bootstrap.
fn role(stack: &StackArtifact, name: &str) -> String {
    here(
        stack,
        &format!(
            "arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/\
             cdk-hnb659fds-{name}-${{AWS::AccountId}}-${{AWS::Region}}"
        ),
    )
}

/// A text with what is known of the environment in place of its placeholders.
fn here(stack: &StackArtifact, text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(account) = &stack.environment.account {
        text = text.replace("${AWS::AccountId}", account);
    }
    if let Some(region) = &stack.environment.region {
        text = text.replace("${AWS::Region}", region);
    }
    text
}

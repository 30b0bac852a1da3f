//! Reading an assembly: from its manifest to stacks in the order in which they can be deployed.
//!
//! Who wrote it is not trusted: no path in it may lead out of it, and nothing in it is run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::error::AssemblyError;
use super::manifest::{
    self, ASSETS, Artifact, AssetManifest, AssetProperties, Manifest, Metadata, NESTED,
    NestedProperties, STACK, StackProperties, Versioned,
};
use super::{FileAsset, Packaging, StackEnvironment, UNKNOWN_ACCOUNT, UNKNOWN_REGION, order};
use crate::assembly::zip::{ZipError, read as read_file, zip_staged};

/// The last schema that is known; every change of it is a new major version.
pub(super) const SCHEMA_MAJOR: u64 = 55;
/// The largest file of JSON that is read.
pub(super) const MOST_BYTES: u64 = 64 << 20;
/// How many assemblies may stand within each other: a stage in a stage in a stage.
const MOST_NESTED: usize = 8;

/// What an app synthesized.
#[derive(Debug)]
pub struct Assembly {
    pub directory: PathBuf,
    /// Each after those it depends on.
    pub stacks: Vec<AssembledStack>,
}

/// A stack of an assembly.
#[derive(Debug, Clone, PartialEq)]
pub struct AssembledStack {
    pub id: String,
    /// The path in the construct tree, stages included.
    pub display_name: String,
    pub stack_name: String,
    pub environment: StackEnvironment,
    pub template: PathBuf,
    pub parameters: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub termination_protection: bool,
    pub files: Files,
    /// What only a command makes, or only a registry takes: by name, with why it is refused.
    pub refused: Vec<(String, Refused)>,
    /// What the app says of itself.
    pub messages: Vec<Message>,
    /// The places in [`Assembly::stacks`] of those it depends on directly.
    pub dependencies: Vec<usize>,
}

/// The files that a template points at by the key they would have in a bucket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Files {
    /// No file may be out of it.
    pub root: PathBuf,
    pub by_key: BTreeMap<String, FileAsset>,
}

impl Files {
    /// What a bucket would get of a file.
    ///
    /// # Errors
    ///
    /// When it is empty, too large or unreadable, or has links that lead out of the assembly.
    pub(in crate::assembly) fn zip(&self, asset: &FileAsset) -> Result<Vec<u8>, ZipError> {
        match asset.packaging {
            Packaging::Zip => zip_staged(&asset.source, &self.root),
            Packaging::File => read_file(&asset.source),
        }
    }
}

/// Why an asset cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// A program of the assembly would have to be run.
    Executable,
    /// A container image.
    Image,
    /// A packaging that is neither of the two.
    Packaging,
}

/// A finding of the app itself, such as of an aspect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub is_error: bool,
    /// The construct's.
    pub path: String,
    pub text: String,
}

/// Reads an assembly.
///
/// # Errors
///
/// What is not as the schema says, leads out of it, or is of a newer schema; and an assembly that
/// is not complete because its app lacks context.
pub fn read(directory: &Path) -> Result<Assembly, AssemblyError> {
    let root = directory
        .canonicalize()
        .map_err(|source| AssemblyError::Io { path: directory.to_owned(), source })?;
    let mut reading = Reading { top: directory.to_owned(), root, stacks: Vec::new() };
    reading.assembly(directory, &[], 0)?;
    Ok(Assembly { directory: directory.to_owned(), stacks: reading.stacks })
}

struct Reading {
    /// As it was given, and as the disk knows it.
    top: PathBuf,
    root: PathBuf,
    stacks: Vec<AssembledStack>,
}

impl Reading {
    /// Adds the stacks of one manifest, and says which they are. All of them wait for `after`.
    fn assembly(
        &mut self,
        directory: &Path,
        after: &[usize],
        depth: usize,
    ) -> Result<Vec<usize>, AssemblyError> {
        if depth > MOST_NESTED {
            return Err(AssemblyError::TooDeep(self.top.clone()));
        }
        let path = directory.join("manifest.json");
        if !path.is_file() {
            return Err(AssemblyError::NoManifest(directory.to_owned()));
        }
        let manifest: Manifest = versioned(&path)?;
        if !manifest.missing.is_empty() {
            let key =
                |missing: &manifest::Missing| format!("{}: {}", missing.provider, missing.key);
            return Err(AssemblyError::MissingContext(manifest.missing.iter().map(key).collect()));
        }
        // What stands for each artifact: a stack, or all stacks of a nested assembly.
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut all = Vec::new();
        for id in order::sorted(&manifest.artifacts)? {
            let artifact = &manifest.artifacts[id];
            let mut needed = after.to_vec();
            for name in &artifact.dependencies {
                needed.extend(places.get(name.as_str()).into_iter().flatten());
            }
            let made = match artifact.kind.as_str() {
                STACK => {
                    let stack = self.stack(directory, &manifest, id, artifact, needed)?;
                    self.stacks.push(stack);
                    vec![self.stacks.len() - 1]
                }
                NESTED => {
                    let nested: NestedProperties = properties(&path, artifact)?;
                    let inner = self.inside(directory, id, &nested.directory_name)?;
                    self.assembly(&inner, &needed, depth + 1)?
                }
                _ => Vec::new(),
            };
            all.extend(&made);
            places.insert(id, made);
        }
        Ok(all)
    }

    fn stack(
        &self,
        directory: &Path,
        manifest: &Manifest,
        id: &str,
        artifact: &Artifact,
        mut dependencies: Vec<usize>,
    ) -> Result<AssembledStack, AssemblyError> {
        let path = directory.join("manifest.json");
        let said: StackProperties = properties(&path, artifact)?;
        let mut messages = messages(&artifact.metadata);
        if let Some(file) = &artifact.additional_metadata_file {
            messages.extend(self::messages(&json(&self.inside(directory, id, file)?)?));
        }
        let mut files = Files { root: self.root.clone(), ..Files::default() };
        let mut refused = Vec::new();
        for name in &artifact.dependencies {
            let Some(other) = manifest.artifacts.get(name) else { continue };
            if other.kind == ASSETS {
                let said: AssetProperties = properties(&path, other)?;
                let path = self.inside(directory, name, &said.file)?;
                let listed = versioned(&path)?;
                self.assets(directory, name, listed, &mut files, &mut refused)?;
            }
        }
        dependencies.sort_unstable();
        dependencies.dedup();
        Ok(AssembledStack {
            id: id.to_owned(),
            display_name: artifact.display_name.clone().unwrap_or_else(|| id.to_owned()),
            stack_name: said.stack_name.unwrap_or_else(|| id.to_owned()),
            environment: environment(id, artifact.environment.as_deref())?,
            template: self.inside(directory, id, &said.template_file)?,
            parameters: said.parameters,
            tags: said.tags,
            termination_protection: said.termination_protection,
            files,
            refused,
            messages,
            dependencies,
        })
    }

    fn assets(
        &self,
        directory: &Path,
        artifact: &str,
        listed: AssetManifest,
        files: &mut Files,
        refused: &mut Vec<(String, Refused)>,
    ) -> Result<(), AssemblyError> {
        for (hash, image) in listed.docker_images {
            refused.push((image.display_name.unwrap_or(hash), Refused::Image));
        }
        for (hash, file) in listed.files {
            let display_name = file.display_name.unwrap_or_else(|| hash.clone());
            let packaging = match file.source.packaging.as_deref() {
                None | Some("file") => Packaging::File,
                Some("zip") => Packaging::Zip,
                Some(_) => {
                    refused.push((display_name, Refused::Packaging));
                    continue;
                }
            };
            let Some(path) = file.source.path.filter(|_| file.source.executable.is_none()) else {
                refused.push((display_name, Refused::Executable));
                continue;
            };
            let source = self.inside(directory, artifact, &path)?;
            let asset = FileAsset { hash, display_name, source, packaging };
            for destination in file.destinations.into_values() {
                files.by_key.insert(destination.object_key, asset.clone());
            }
            files.by_key.insert(asset.object_key(), asset);
        }
        Ok(())
    }

    /// A path of the assembly, which may be out of a nested one but not out of the whole.
    fn inside(
        &self,
        directory: &Path,
        artifact: &str,
        path: &str,
    ) -> Result<PathBuf, AssemblyError> {
        let outside =
            || AssemblyError::Outside { artifact: artifact.to_owned(), path: path.to_owned() };
        let joined = plain(&directory.join(path)).ok_or_else(outside)?;
        let top = plain(&self.top).ok_or_else(outside)?;
        if !joined.starts_with(&top) && !joined.starts_with(&self.root) {
            return Err(outside());
        }
        let Ok(real) = joined.canonicalize() else {
            return Err(AssemblyError::Absent {
                artifact: artifact.to_owned(),
                path: path.to_owned(),
            });
        };
        // A link may lead anywhere.
        if real.starts_with(&self.root) { Ok(joined) } else { Err(outside()) }
    }
}

/// A path without `.` and, where something stands before it, without `..`; none where `..` comes
/// after the root.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match (part, plain.components().next_back()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                plain.pop();
            }
            (Component::ParentDir, Some(Component::RootDir | Component::Prefix(_))) => return None,
            _ => plain.push(part),
        }
    }
    Some(plain)
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, AssemblyError> {
    let failed = |source| AssemblyError::Io { path: path.to_owned(), source };
    if fs::metadata(path).map_err(failed)?.len() > MOST_BYTES {
        return Err(AssemblyError::TooLarge(path.to_owned()));
    }
    let text = fs::read(path).map_err(failed)?;
    serde_json::from_slice(&text)
        .map_err(|source| AssemblyError::Json { path: path.to_owned(), source })
}

/// A file that says its schema, which is looked at first: a newer one may have any form.
fn versioned<T: DeserializeOwned>(path: &Path) -> Result<T, AssemblyError> {
    let whole: Json = json(path)?;
    let wrong = |source| AssemblyError::Json { path: path.to_owned(), source };
    let Versioned { version } = serde_json::from_value(whole.clone()).map_err(wrong)?;
    match version.split('.').next().and_then(|major| major.parse::<u64>().ok()) {
        None => Err(AssemblyError::NoVersion { path: path.to_owned(), version }),
        Some(major) if major > SCHEMA_MAJOR => {
            Err(AssemblyError::Newer { path: path.to_owned(), version })
        }
        Some(_) => serde_json::from_value(whole).map_err(wrong),
    }
}

fn properties<T: DeserializeOwned>(path: &Path, artifact: &Artifact) -> Result<T, AssemblyError> {
    serde_json::from_value(artifact.properties.clone())
        .map_err(|source| AssemblyError::Json { path: path.to_owned(), source })
}

/// `aws://account/region`, either of which may be unknown.
fn environment(id: &str, text: Option<&str>) -> Result<StackEnvironment, AssemblyError> {
    let Some(text) = text else { return Ok(StackEnvironment::default()) };
    let parts = text.strip_prefix("aws://").and_then(|rest| rest.split_once('/'));
    let Some((account, region)) = parts.filter(|(account, region)| {
        !account.is_empty() && !region.is_empty() && !region.contains('/')
    }) else {
        let (stack, environment) = (id.to_owned(), text.to_owned());
        return Err(AssemblyError::Environment { stack, environment });
    };
    let known = |text: &str, unknown: &str| (text != unknown).then(|| text.to_owned());
    Ok(StackEnvironment {
        account: known(account, UNKNOWN_ACCOUNT),
        region: known(region, UNKNOWN_REGION),
    })
}

fn messages(metadata: &Metadata) -> Vec<Message> {
    let mut messages = Vec::new();
    for (path, notes) in metadata {
        for note in notes {
            let is_error = match note.kind.as_str() {
                "aws:cdk:error" => true,
                "aws:cdk:warning" => false,
                _ => continue,
            };
            let text = match &note.data {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            messages.push(Message { is_error, path: path.clone(), text });
        }
    }
    messages
}

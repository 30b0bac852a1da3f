//! Where a stack goes: account, region, parameters and limits, from files in `config/`.
//!
//! `config/default.yaml` holds what all environments share and `config/<name>.yaml` what one of them
//! says differently. Key by key the later file wins; tags, parameters and limits are merged. The
//! files are read by the template loader, so an account number keeps its zeros and every mistake
//! has a place.

mod layer;
mod parameter;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

pub use parameter::ParameterValue;

use crate::diagnostic::{Diagnostic, nearest};
use crate::template::read::listed;
use layer::Layer;

/// The environment when none is named.
pub const DEFAULT: &str = "default";
/// The environment that needs no file: an AWS on this machine.
pub const LOCAL: &str = "local";

/// The directory of the environments' files, within the project's.
const DIRECTORY: &str = "config";
const LOCAL_ACCOUNT: &str = "000000000000";
const LOCAL_REGION: &str = "us-east-1";
const STATE: &str = ".cairn";

/// Everything a run needs to know beside its template.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    pub name: String,
    /// Twelve digits.
    pub account: Option<String>,
    pub region: Option<String>,
    pub profile: Option<String>,
    /// The ARN of the role to assume.
    pub role: Option<String>,
    pub endpoint: Option<Endpoint>,
    pub state: StateHome,
    pub encryption: Encryption,
    pub tags: BTreeMap<String, String>,
    /// Stack name to parameter name to value.
    pub parameters: BTreeMap<String, BTreeMap<String, ParameterValue>>,
    pub limits: Limits,
    /// The rules that plans are held against.
    pub policies: Vec<PathBuf>,
}

/// Where the states of all environments are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateHome {
    /// Absolute.
    Directory(PathBuf),
    /// `s3://bucket/prefix?region=…&endpoint=…&lease=…`
    Bucket {
        bucket: String,
        prefix: String,
        region: Option<String>,
        endpoint: Option<String>,
        /// How long a run that is not heard of keeps the lock of its stack.
        lease: Duration,
    },
}

/// How states are written: in clear, or sealed with what only some have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Encryption {
    #[default]
    None,
    /// From `CAIRN_STATE_PASSPHRASE`.
    Passphrase,
    /// From `CAIRN_STATE_KEY`: 32 bytes in base64.
    Key,
    /// A key of KMS, by its id, ARN or alias.
    Kms(String),
}

impl Encryption {
    /// As the files say it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::None),
            "passphrase" => Some(Self::Passphrase),
            "key" => Some(Self::Key),
            _ => text
                .strip_prefix("kms:")
                .filter(|id| !id.is_empty())
                .map(|id| Self::Kms(id.to_owned())),
        }
    }
}

impl StateHome {
    /// A bucket, as the files say it: `s3://bucket/prefix?region=…&endpoint=…&lease=…`.
    pub fn bucket(text: &str) -> Option<Self> {
        layer::bucket(text)
    }
}

/// Where calls go that do not go to AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// The AWS on this machine, at whatever port it listens.
    Local,
    Url(String),
}

/// How much a run may do at once, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub concurrency: usize,
    pub deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 16, deadline: Duration::from_hours(1) }
    }
}

impl Environment {
    /// Reads the environment of a name from the project's `config/` directory.
    pub fn load(project_root: Option<&Path>, name: &str) -> Result<Self, Vec<Diagnostic>> {
        check_name(name)?;
        let directory = project_root.map(|root| root.join(DIRECTORY));
        let root = project_root.unwrap_or(Path::new("."));
        let mut errors = Vec::new();
        let mut read = |name: &str| {
            let path = directory.as_ref()?.join(format!("{name}.yaml"));
            Layer::read(&path, root).unwrap_or_else(|found| {
                errors.extend(found);
                Some(Layer::default())
            })
        };
        let shared = read(DEFAULT);
        let own = if name == DEFAULT { None } else { read(name) };
        if own.is_none() && name != DEFAULT && name != LOCAL {
            errors.push(unknown(name, directory.as_deref()));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut merged = shared.unwrap_or_default();
        if name == LOCAL {
            // Credentials meant for AWS have no business with an AWS on this machine.
            merged.profile = None;
            merged.role = None;
            merged = merged.under(local());
        }
        merged.under(own.unwrap_or_default()).finish(name, root).map_err(|error| vec![error])
    }
}

/// The nearest directory, from `start` upwards, that has a `config/` directory in it.
pub fn project_root(start: &Path) -> Option<PathBuf> {
    let start = if start.components().any(|part| part == Component::ParentDir) {
        start.canonicalize().ok()?
    } else {
        std::path::absolute(start).ok()?
    };
    start.ancestors().find(|above| above.join(DIRECTORY).is_dir()).map(Path::to_path_buf)
}

/// What the local environment is before anything is said about it.
fn local() -> Layer {
    Layer {
        account: Some(LOCAL_ACCOUNT.to_owned()),
        region: Some(LOCAL_REGION.to_owned()),
        endpoint: Some(Endpoint::Local),
        ..Layer::default()
    }
}

/// A name is part of a path.
fn check_name(name: &str) -> Result<(), Vec<Diagnostic>> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !name.is_empty() && name.bytes().all(allowed) {
        return Ok(());
    }
    let error = Diagnostic::error(format!("`{name}` cannot name an environment"));
    Err(vec![error.hint("use letters, digits, `-` and `_`")])
}

fn unknown(name: &str, directory: Option<&Path>) -> Diagnostic {
    let error = Diagnostic::error(format!("unknown environment `{name}`"));
    let Some(directory) = directory else {
        return error.hint(format!(
            "there is no `{DIRECTORY}/` directory here or above: create `{DIRECTORY}/{name}.yaml`"
        ));
    };
    let known = names(directory);
    let near = nearest(name, known.iter().map(String::as_str));
    error.hint_if(near.map(|near| format!("did you mean `{near}`?"))).hint(format!(
        "environments are {}; a new one is a file `{}`",
        listed(&known),
        layer::shown(&directory.join(format!("{name}.yaml")))
    ))
}

/// The environments there are, by name.
fn names(directory: &Path) -> Vec<String> {
    let files = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = files
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .chain([DEFAULT.to_owned(), LOCAL.to_owned()])
        .collect();
    names.sort();
    names.dedup();
    names
}

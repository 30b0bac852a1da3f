//! Running a CDK app: the CDK's command line does no more than this to get an assembly.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tempfile::NamedTempFile;

use super::read::SCHEMA_MAJOR;

/// The command line that apps are told they talk to: its features are those of the schema.
const CLI_VERSION: &str = "2.1148.1";
const OUTPUT: &str = "cdk.out";
/// What one environment variable may hold; Linux takes 128 KiB.
const MOST_CONTEXT: usize = 100 << 10;

/// What `cdk.json` says of an app.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct CdkJson {
    /// A command, or the directory of an assembly.
    pub app: Option<String>,
    /// What is to be run before it.
    pub build: Option<String>,
    /// Where the assembly goes.
    pub output: Option<PathBuf>,
    #[serde(default)]
    context: Map<String, Json>,
}

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("cannot read `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` is not JSON as the CDK reads it", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("cannot start `{command}`")]
    Start { command: String, source: io::Error },
    #[error("the app `{command}` failed: {status}")]
    Failed { command: String, status: ExitStatus },
    #[error("the app `{command}` has written no assembly to `{}`", output.display())]
    Nothing { command: String, output: PathBuf },
}

impl AppError {
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Failed { status, .. } if status.code() == Some(127) => {
                "the shell knows no such command; if a directory was meant, it is not there"
            }
            Self::Failed { .. } => "what it said stands above",
            Self::Nothing { .. } => {
                "an app writes it when it calls `app.synth()`, to where CDK_OUTDIR says"
            }
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}

impl CdkJson {
    /// That of a directory, if it has one, with the context that the CDK has looked up.
    pub fn read(directory: &Path) -> Result<Option<Self>, AppError> {
        let Some(mut found) = read::<Self>(&directory.join("cdk.json"))? else { return Ok(None) };
        let looked_up: Option<Map<String, Json>> = read(&directory.join("cdk.context.json"))?;
        for (key, value) in looked_up.into_iter().flatten() {
            found.context.entry(key).or_insert(value);
        }
        Ok(Some(found))
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, AppError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(AppError::Io { path: path.to_owned(), source }),
    };
    let json = serde_json::from_slice(&text);
    json.map(Some).map_err(|source| AppError::Json { path: path.to_owned(), source })
}

/// An app that is a command.
#[derive(Debug)]
pub struct App<'a> {
    pub command: &'a str,
    pub file: &'a CdkJson,
    /// What is said on the command line; it wins.
    pub context: &'a [(String, String)],
    pub account: Option<&'a str>,
    pub region: Option<&'a str>,
}

impl App<'_> {
    /// Runs it in the current directory, and says where its assembly is. What it prints goes to
    /// standard error, since standard output is for what was asked for.
    pub fn synthesize(&self) -> Result<PathBuf, AppError> {
        if let Some(build) = &self.file.build {
            run(build, shell(build))?;
        }
        let output = self.file.output.clone().unwrap_or_else(|| PathBuf::from(OUTPUT));
        let absolute = std::path::absolute(&output)
            .map_err(|source| AppError::Io { path: output.clone(), source })?;
        let mut command = shell(self.command);
        command
            .env("CDK_OUTDIR", &absolute)
            .env("CDK_CLI_ASM_VERSION", format!("{SCHEMA_MAJOR}.0.0"))
            .env("CDK_CLI_VERSION", CLI_VERSION);
        for (name, value) in
            [("CDK_DEFAULT_ACCOUNT", self.account), ("CDK_DEFAULT_REGION", self.region)]
        {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        let context = Json::Object(self.whole_context()).to_string();
        // It goes when the app has ended.
        let _overflow = match context.len() > MOST_CONTEXT {
            true => Some(overflow(&mut command, &context)?),
            false => {
                command.env("CDK_CONTEXT_JSON", &context);
                None
            }
        };
        let manifest = absolute.join("manifest.json");
        let before = written_at(&manifest);
        run(self.command, command)?;
        let after = written_at(&manifest);
        if after.is_none() || after == before {
            return Err(AppError::Nothing { command: self.command.to_owned(), output });
        }
        Ok(output)
    }

    /// The context, with what the CDK's command line adds to each.
    fn whole_context(&self) -> Map<String, Json> {
        let mut context = self.file.context.clone();
        for name in ["aws:cdk:enable-path-metadata", "aws:cdk:enable-asset-metadata"] {
            context.entry(name.to_owned()).or_insert(Json::Bool(true));
        }
        for (key, value) in self.context {
            context.insert(key.clone(), Json::String(value.clone()));
        }
        context
    }
}

fn overflow(command: &mut Command, context: &str) -> Result<NamedTempFile, AppError> {
    let failed = |source| AppError::Io { path: std::env::temp_dir(), source };
    let mut file = NamedTempFile::new().map_err(failed)?;
    file.write_all(context.as_bytes()).map_err(failed)?;
    command.env("CONTEXT_OVERFLOW_LOCATION_ENV", file.path());
    Ok(file)
}

#[cfg(unix)]
fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    command
}

#[cfg(not(unix))]
fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd");
    command.args(["/C", line]);
    command
}

fn run(line: &str, mut command: Command) -> Result<(), AppError> {
    let status = command
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status()
        .map_err(|source| AppError::Start { command: line.to_owned(), source })?;
    if status.success() {
        return Ok(());
    }
    Err(AppError::Failed { command: line.to_owned(), status })
}

fn written_at(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

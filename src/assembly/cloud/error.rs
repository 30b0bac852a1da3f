//! Why an assembly cannot be used.

use std::io;
use std::path::PathBuf;

use super::read::SCHEMA_MAJOR;

#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    #[error("`{}` is no cloud assembly: it has no manifest.json", .0.display())]
    NoManifest(PathBuf),
    #[error("cannot read `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` is larger than the {} MB that are read", .0.display(), super::read::MOST_BYTES >> 20)]
    TooLarge(PathBuf),
    #[error("`{}` is not what the CDK writes", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("`{}` has the schema version `{version}`, which is none", path.display())]
    NoVersion { path: PathBuf, version: String },
    #[error(
        "`{}` was written by a newer CDK: its schema is {version}, and {SCHEMA_MAJOR} is the last one this Cairn knows",
        path.display()
    )]
    Newer { path: PathBuf, version: String },
    #[error("the app lacks context that only AWS knows: {}", listed(.0))]
    MissingContext(Vec<String>),
    #[error("`{artifact}` points at `{path}`, which is outside of the assembly")]
    Outside { artifact: String, path: String },
    #[error("`{artifact}` points at `{path}`, which is not in the assembly")]
    Absent { artifact: String, path: String },
    #[error("the environment `{environment}` of `{stack}` is not of the form aws://account/region")]
    Environment { stack: String, environment: String },
    #[error("`{artifact}` depends on `{needed}`, which is not in the manifest")]
    Dependency { artifact: String, needed: String },
    #[error("these wait for each other: {}", .0.join(" → "))]
    Cycle(Vec<String>),
    #[error("the assemblies in `{}` are nested too deeply", .0.display())]
    TooDeep(PathBuf),
}

impl AssemblyError {
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NoManifest(_) => "an app writes it when it calls `app.synth()`",
            Self::Newer { .. } => "update Cairn, or synthesize with an older aws-cdk-lib",
            Self::MissingContext(_) => {
                "run `cdk synth` once with credentials: it looks them up and keeps them in \
                 cdk.context.json; commit that file"
            }
            Self::Outside { .. } => {
                "an assembly holds all it needs: synthesize it with asset staging, which is the \
                 CDK's default"
            }
            Self::Absent { .. } => "synthesize it again, and copy the directory as a whole",
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

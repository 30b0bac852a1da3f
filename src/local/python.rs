//! The Python that the emulators run on: found by asking each candidate, never by its name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use super::command::run;
use super::{Host, LocalError, Said};

/// In the order they are tried; `python` may still be a Python 2.
const NAMES: [&str; 7] =
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python"];

/// The oldest that the emulators support.
const OLDEST: (u32, u32) = (3, 10);

/// The newest that the pinned packages have ready files for; a newer one must build one of them.
const NEWEST: (u32, u32) = (3, 14);

const PATIENCE: Duration = Duration::from_secs(10);

/// Runs on any Python since 2.6, so that an old one can say how old it is.
const QUESTION: &str = r#"
import json, sys
answer = {"version": list(sys.version_info[:3])}
if sys.version_info >= (3, 10):
    import importlib.util, sysconfig
    modules = [importlib.util.find_spec(name) for name in ("venv", "ensurepip")]
    answer["kind"] = "%s %s %s" % (sys.implementation.name, sysconfig.get_platform(), sys.base_prefix)
    answer["makes_environments"] = None not in modules
print(json.dumps(answer))
"#;

#[derive(Deserialize)]
struct Answer {
    version: (u32, u32, u32),
    #[serde(default)]
    kind: String,
    #[serde(default)]
    makes_environments: bool,
}

#[derive(Debug)]
pub(super) struct Python {
    pub(super) program: PathBuf,
    pub(super) version: String,
    /// Everything a virtual environment depends on, in words.
    pub(super) kind: String,
}

/// The first suitable Python on the host's `PATH`.
pub(super) async fn find(host: &Host) -> Result<Python, LocalError> {
    let (mut newer, mut bare, mut rejected) = (None, None, Vec::new());
    for program in candidates(host) {
        let shown = program.display().to_string();
        let Some(answer) = ask(&program).await else {
            rejected.push(format!("`{shown}` does not work"));
            continue;
        };
        let Answer { version: (major, minor, patch), kind, makes_environments } = answer;
        let version = format!("{major}.{minor}.{patch}");
        if (major, minor) < OLDEST {
            rejected.push(format!("`{shown}` is Python {version}, which is too old"));
        } else if !kind.starts_with("cpython") {
            rejected.push(format!("`{shown}` is not CPython"));
        } else if !makes_environments {
            bare.get_or_insert(LocalError::NoVenv { python: shown, version });
        } else if (major, minor) > NEWEST {
            newer.get_or_insert(Python { program, version, kind });
        } else {
            return Ok(Python { program, version, kind });
        }
    }
    if rejected.is_empty() {
        rejected.push("`PATH` has neither `python3` nor `python`".to_owned());
    }
    let nothing = || LocalError::NoPython { source: Said(rejected.join("\n")) };
    newer.ok_or_else(|| bare.unwrap_or_else(nothing))
}

/// A program is tried under each of its names, because one that stands in for many Pythons
/// decides by the name; a folder only once, because `/bin` is often `/usr/bin`.
fn candidates(host: &Host) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let folders: Vec<PathBuf> = std::env::split_paths(host.path())
        .filter(|folder| folder.is_absolute())
        .filter(|folder| folder.canonicalize().is_ok_and(|real| seen.insert(real)))
        .collect();
    NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .filter(|program| program.is_file())
        .collect()
}

async fn ask(program: &Path) -> Option<Answer> {
    let mut command = Command::new(program);
    command.args(["-E", "-s", "-c", QUESTION]);
    let printed = run(command, PATIENCE).await.ok()?;
    serde_json::from_str(printed.lines().last()?).ok()
}

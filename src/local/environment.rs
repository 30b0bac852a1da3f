//! Virtual environments with pinned packages, made once and then only looked at.
//!
//! An environment is made beside its place and renamed into it when it is whole, under a lock, so
//! one that is there is ready, and two Cairns at once make one. Its name is a digest of everything
//! it was made from: another Python or other packages are another environment, and nothing is
//! ever changed in place. Because of the renaming its scripts do not work, only its Python does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::command::{CommandError, run};
use super::error::{Doing, remove_folder};
use super::lock::Lock;
use super::python::{self, Python};
use super::{Host, LocalError, Progress};

/// A slow line and a cold cache.
const PATIENCE: Duration = Duration::from_mins(15);

/// What of the user's environment would send pip elsewhere or change its mind. Where it looks for
/// packages stays the user's choice: the hashes say what it may bring.
const MISLEADING: [&str; 8] = [
    "PYTHONHOME",
    "PYTHONPATH",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_CONSTRAINT",
    "PIP_DRY_RUN",
    "PIP_NO_DEPS",
];

/// The packages of an environment, as a file that pip reads: every one pinned, with its hashes.
#[derive(Debug, Clone, Copy)]
pub struct Requirements {
    /// The package that the others are there for.
    pub package: &'static str,
    pub text: &'static str,
}

impl Requirements {
    /// The pinned version of the package, or an empty text.
    pub fn version(&self) -> &'static str {
        self.text
            .lines()
            .filter_map(|line| line.strip_prefix(self.package)?.strip_prefix("=="))
            .find_map(|rest| rest.split([' ', ';', '\\']).next())
            .unwrap_or_default()
    }

    fn key(&self, python: &Python) -> String {
        let digest = Sha256::digest(format!("{}\n{}\n{}", python.version, python.kind, self.text));
        format!("{:016x}", u64::from_be_bytes(std::array::from_fn(|index| digest[index])))
    }
}

/// The environment with these packages, made if it is not there.
pub async fn install(
    host: &Host,
    requirements: &Requirements,
    progress: Progress<'_>,
) -> Result<PathBuf, LocalError> {
    let python = python::find(host).await?;
    let name = format!("{}-{}", requirements.package, requirements.key(&python));
    let parent = host.cache().join("python");
    let place = parent.join(&name);
    if is_usable(&place) {
        return Ok(place);
    }
    let waiting = || progress("waiting for another cairn that installs it");
    let _lock = Lock::hold(&parent.join(format!("{name}.lock")), PATIENCE, &waiting).await?;
    if is_usable(&place) {
        return Ok(place);
    }
    let unfinished = format!(".{name}.");
    remove_leftovers(&parent, &unfinished)?;
    remove_folder(&place)?;
    let making = tempfile::Builder::new()
        .prefix(&unfinished)
        .tempdir_in(&parent)
        .doing("make a folder in", &parent)?;
    fill(making.path(), &python, requirements, progress).await?;
    std::fs::rename(making.path(), &place).doing("make", &place)?;
    Ok(place)
}

/// The Python of an environment.
pub(super) fn python_of(environment: &Path) -> PathBuf {
    environment.join("bin").join("python")
}

/// It is whole if it is there; but the Python it refers to may have been removed since.
fn is_usable(environment: &Path) -> bool {
    python_of(environment).exists()
}

/// What a killed Cairn left; the lock is held, so nobody is at work on it.
fn remove_leftovers(parent: &Path, prefix: &str) -> Result<(), LocalError> {
    for entry in std::fs::read_dir(parent).doing("read", parent)? {
        let entry = entry.doing("read", parent)?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            remove_folder(&entry.path())?;
        }
    }
    Ok(())
}

async fn fill(
    folder: &Path,
    python: &Python,
    requirements: &Requirements,
    progress: Progress<'_>,
) -> Result<(), LocalError> {
    let (package, version) = (requirements.package, requirements.version());
    progress(&format!("making a virtual environment of Python {}", python.version));
    let mut make = command(&python.program);
    make.args(["-m", "venv"]).arg(folder);
    run(make, PATIENCE).await.map_err(|source| LocalError::Command {
        attempt: "make a virtual environment".to_owned(),
        source,
    })?;

    progress(&format!("installing {package} {version} (once)"));
    let failed = |source: CommandError| LocalError::Install {
        package: package.to_owned(),
        version: version.to_owned(),
        source,
    };
    let list = folder.join("requirements.txt");
    std::fs::write(&list, requirements.text).doing("write", &list)?;
    let mut pip = command(&python_of(folder));
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
        .args(["--require-hashes", "--prefer-binary", "--requirement"])
        .arg(&list);
    run(pip, PATIENCE).await.map_err(failed)?;

    // A pip that is set up to install elsewhere succeeds all the same.
    let mut check = command(&python_of(folder));
    check.args(["-c", "import importlib.metadata as m, sys; m.version(sys.argv[1])", package]);
    run(check, PATIENCE).await.map_err(failed)?;
    Ok(())
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for name in MISLEADING {
        command.env_remove(name);
    }
    command.env("PIP_USER", "0");
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::MINISTACK;

    #[test]
    fn the_version_is_the_pinned_one() {
        let text =
            "# For: x==9.\nab==2.0 \\\n    --hash=sha256:00\na==1.5.33 ; python_version < \"3\"";
        assert_eq!(Requirements { package: "a", text }.version(), "1.5.33");
        assert_eq!(Requirements { package: "b", text }.version(), "");
        assert!(!MINISTACK.requirements.version().is_empty());
    }

    /// Pinned, hashed, and from no certain host.
    #[test]
    fn the_requirements_are_closed() {
        let joined = MINISTACK.requirements.text.replace("\\\n", "");
        for line in joined.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.contains("==") && line.contains("--hash=sha256:"), "{line}");
            assert!(!line.contains("://") && !line.starts_with('-'), "{line}");
        }
    }
}

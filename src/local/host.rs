//! What this module knows of the user's machine. It is handed in, because a library reads no
//! environment; and it is little, because a local server's Lambdas inherit what it is given.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::LocalError;

#[derive(Debug, Clone)]
pub struct Host {
    cache: PathBuf,
    state: PathBuf,
    path: OsString,
}

impl Host {
    /// Reads what is needed with `get`, which the command line makes of the environment.
    pub fn from_environment(get: impl Fn(&str) -> Option<OsString>) -> Result<Self, LocalError> {
        let cache = cache_folder(&get).ok_or(LocalError::NoCache)?;
        Ok(Self { state: cache.clone(), cache, path: get("PATH").unwrap_or_default() })
    }

    /// Keeps the named servers elsewhere than the virtual environments.
    #[must_use]
    pub fn keeping_state_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.state = folder.into();
        self
    }

    pub(super) fn cache(&self) -> &Path {
        &self.cache
    }

    pub(super) fn state(&self) -> &Path {
        &self.state
    }

    pub(super) fn path(&self) -> &OsStr {
        &self.path
    }
}

/// Where Cairn keeps what it can make again: `CAIRN_CACHE_DIR`, or a folder in the user's cache.
/// As the XDG rules say, an `XDG_CACHE_HOME` that is relative counts as not set.
pub fn cache_folder(get: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(chosen) = folder("CAIRN_CACHE_DIR") {
        return std::path::absolute(chosen).ok();
    }
    let users = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    folder("XDG_CACHE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| folder("HOME").map(|home| home.join(users)))
        .map(|cache| cache.join("cairn"))
}

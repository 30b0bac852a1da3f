//! What can go wrong with a local server, and what to do about each.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, io};

use super::command::CommandError;

#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error("no folder for local emulators: the user's cache folder is not known")]
    NoCache,
    #[error("`{0}` is not a name for a local emulator")]
    BadName(String),
    #[error("no Python that can run a local emulator was found")]
    NoPython { source: Said },
    #[error("`{python}` (Python {version}) cannot make a virtual environment")]
    NoVenv { python: String, version: String },
    #[error("cannot {attempt}")]
    Command { attempt: String, source: CommandError },
    #[error("cannot install {package} {version}")]
    Install { package: String, version: String, source: CommandError },
    #[error("cannot {doing} `{path}`")]
    File { doing: &'static str, path: String, source: io::Error },
    #[error("`{path}` is still locked after {} seconds", .patience.as_secs())]
    Locked { path: String, patience: Duration },
    #[error("the local emulator ended ({ending}) before it was ready")]
    Ended { ending: String, source: Said },
    #[error("the local emulator does not answer on {url} after {} seconds", .patience.as_secs())]
    Silent { url: String, patience: Duration, source: Said },
    #[error("no local port is free for the emulator")]
    NoPort { source: io::Error },
    #[error("the local emulator `{0}` is not running")]
    NotRunning(String),
    #[error("the local emulator on {url} was not emptied")]
    Reset { url: String, source: Box<dyn Error + Send + Sync> },
    #[error("process {0} does not end")]
    Endless(u32),
}

impl LocalError {
    /// What the user can do now, most likely first.
    pub fn hints(&self) -> Vec<String> {
        let hints: &[&str] = match self {
            Self::NoCache => &["set `CAIRN_CACHE_DIR` to a folder that Cairn may fill"],
            Self::BadName(_) => &["use up to 64 letters, digits, `-` and `_`"],
            Self::NoPython { .. } => {
                &["install Python 3.10 or newer so that `python3` is on `PATH`"]
            }
            Self::NoVenv { .. } => {
                &["install its `venv` module; on Debian and Ubuntu: `apt install python3-venv`"]
            }
            Self::Install { .. } => &[
                "pip fetches the packages from the index it is set up for: `python3 -m pip config list`",
                "the files must be those that Cairn names by hash: a mirror must not change them",
            ],
            Self::Locked { .. } => &["another cairn is at work on it: wait for it, or end it"],
            Self::NotRunning(_) => &["start it with `cairn local start`"],
            Self::Silent { .. } => &["a busy machine may need another try: `cairn local start`"],
            Self::Reset { .. } => &["`cairn local stop` and `cairn local start` empty it too"],
            Self::Endless(pid) => return vec![format!("end it yourself: `kill -9 {pid}`")],
            Self::Command { .. } | Self::File { .. } | Self::Ended { .. } | Self::NoPort { .. } => {
                &[]
            }
        };
        hints.iter().map(|&hint| hint.to_owned()).collect()
    }
}

/// The words of another program, as the cause of an error.
#[derive(Debug)]
pub struct Said(pub(super) String);

impl Said {
    /// Whether a server says that its port is another's.
    pub(super) fn says_in_use(&self) -> bool {
        self.0.to_lowercase().contains("already in use")
    }

    /// The last lines of a log: enough for a Python traceback's end.
    pub(super) fn end_of(text: &str) -> Self {
        const LINES: usize = 20;
        let lines: Vec<&str> = text.trim().lines().collect();
        let end = lines[lines.len().saturating_sub(LINES)..].join("\n");
        Self(if end.is_empty() { "it said nothing".to_owned() } else { end })
    }

    pub(super) fn end_of_file(path: &Path) -> Self {
        match std::fs::read(path) {
            Ok(bytes) => Self::end_of(&String::from_utf8_lossy(&bytes)),
            Err(error) => Self(format!("its log `{}` cannot be read: {error}", path.display())),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Said {}

/// Says which file an operation was about.
pub(super) trait Doing<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, LocalError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, LocalError> {
        self.map_err(|source| LocalError::File { doing, path: path.display().to_string(), source })
    }
}

/// Makes a folder and those above it.
pub(super) fn make_folder(path: &Path) -> Result<(), LocalError> {
    std::fs::create_dir_all(path).doing("make the folder", path)
}

/// Removes a folder that may not be there.
pub(super) fn remove_folder(path: &Path) -> Result<(), LocalError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.doing("remove", &PathBuf::from(path)),
    }
}

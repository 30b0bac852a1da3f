//! The state file: which process was started, and where it listens.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::LocalError;
use super::error::{Doing, make_folder};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) pid: u32,
    pub(super) port: u16,
    /// Where the second server in the process listens, if it has one.
    #[serde(default)]
    pub(super) companion_port: Option<u16>,
    /// What the process carries on its command line and the server in its answers.
    pub(super) token: String,
    pub(super) version: String,
    pub(super) environment: PathBuf,
}

impl Record {
    /// A file that cannot be understood says as little as a missing one.
    pub(super) fn read(file: &Path) -> Option<Self> {
        let record: Self = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
        (!record.token.is_empty()).then_some(record)
    }

    /// Whole or not at all.
    pub(super) fn write(&self, file: &Path) -> Result<(), LocalError> {
        let folder = file.parent().unwrap_or(Path::new("."));
        make_folder(folder)?;
        let text = serde_json::to_string_pretty(self).expect("a record is plain text and numbers");
        let mut new = tempfile::NamedTempFile::new_in(folder).doing("write in", folder)?;
        new.write_all(text.as_bytes()).doing("write", file)?;
        new.persist(file).map_err(|error| error.error).doing("write", file)?;
        Ok(())
    }

    pub(super) fn remove(file: &Path) -> Result<(), LocalError> {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            result => result.doing("remove", file),
        }
    }
}

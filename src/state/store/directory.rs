//! A state in a directory: a snapshot that is replaced atomically, a journal that is appended to,
//! and the operating system's lock, which goes with the process that held it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Disk, Holder, Records, StoreError};
use crate::journal::file;

/// Where the state of one stack lives.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
    disk: Arc<dyn Disk>,
}

/// The right to change it, until dropped.
#[derive(Debug)]
pub struct FileLock {
    file: File,
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Who held it is of no interest any more; the lock itself goes with the file.
        let _ = self.file.set_len(0);
    }
}

fn failed(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let place = path.display().to_string();
    move |source| StoreError::Io { attempt, place, source }
}

impl Directory {
    pub fn new(path: &Path, disk: Arc<dyn Disk>) -> Self {
        Self { path: path.to_owned(), disk }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn snapshot_path(&self) -> PathBuf {
        self.path.join("state.json")
    }

    pub fn journal_path(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    pub fn snapshot(&self) -> Result<Option<String>, StoreError> {
        let path = self.snapshot_path();
        let bytes = self.disk.read(&path).map_err(failed("read", &path))?;
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|error| {
            failed("read", &path)(io::Error::new(io::ErrorKind::InvalidData, error))
        })
    }

    pub fn write_snapshot(&self, text: &str) -> Result<(), StoreError> {
        let path = self.snapshot_path();
        self.disk.replace(&path, text.as_bytes()).map_err(failed("write", &path))
    }

    pub fn remove_snapshot(&self) -> Result<(), StoreError> {
        let path = self.snapshot_path();
        self.disk.remove(&path).map_err(failed("remove", &path))
    }

    pub fn journal(&self) -> Result<Records, StoreError> {
        let path = self.journal_path();
        let contents = file::read(&*self.disk, &path).map_err(failed("read", &path))?;
        Ok(Records { records: contents.records, whole: contents.whole })
    }

    /// Opens the journal for appending after what is whole of it.
    pub fn open_journal(&self, whole: u64) -> Result<file::Journal, StoreError> {
        let path = self.journal_path();
        file::Journal::open(&*self.disk, &path, whole).map_err(failed("open", &path))
    }

    pub fn append(journal: &mut file::Journal, lines: &str) -> Result<(), StoreError> {
        let path = journal.path().to_owned();
        journal.append(lines).map_err(failed("write to", &path))
    }

    pub fn remove_journal(&self) -> Result<(), StoreError> {
        let path = self.journal_path();
        self.disk.remove(&path).map_err(failed("remove", &path))
    }

    pub fn lock(&self, holder: &Holder) -> Result<FileLock, StoreError> {
        fs::create_dir_all(&self.path).map_err(failed("create", &self.path))?;
        let path = self.path.join("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let mut file = options.open(&path).map_err(failed("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // A holder that has not written its name yet is only unnamed.
                let _ = file.read_to_string(&mut text);
                let holder = serde_json::from_str(&text).ok();
                return Err(StoreError::Locked { holder, heard: None });
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
        }
        let text = serde_json::to_string(holder).unwrap_or_default();
        let mut write = || {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(text.as_bytes())
        };
        write().map_err(failed("write", &path))?;
        Ok(FileLock { file })
    }
}

//! A state in a directory: a snapshot that is replaced atomically, a journal that is appended to,
//! and the operating system's lock, which goes with the process that held it.

mod remains;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::disk::{absent_or, make_folder};
use super::error::READ;
use super::{Bodies, Disk, Held, Holder, StoreError, may_stay};
use crate::journal::file::{self, Unread};

/// Who holds a lock without having said who it is has just begun, or has ended and its file is still
/// open for a moment in a process that it was about to start: it is looked for again so many times.
const PATIENCE: u32 = 20;
/// One with a name may have been killed, while somebody looks for a moment who holds the lock.
const PATIENCE_WITH_A_NAME: u32 = 5;
const MOMENT: Duration = Duration::from_millis(10);

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

/// Who wrote its name into a lock. A holder that has not yet is only unnamed.
fn named(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut text));
    serde_json::from_str(&text).ok()
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

    /// The snapshot before the last run.
    pub fn previous_path(&self) -> PathBuf {
        self.path.join("state.previous.json")
    }

    /// The journal that leads from there to the snapshot.
    pub fn previous_journal_path(&self) -> PathBuf {
        self.path.join("journal.previous.jsonl")
    }

    pub fn snapshot(&self) -> Result<Option<String>, StoreError> {
        let path = self.snapshot_path();
        let bytes = self.disk.read(&path).map_err(failed(READ, &path))?;
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|error| StoreError::Unreadable {
            place: path.display().to_string(),
            source: serde::de::Error::custom(error),
        })
    }

    pub fn write_snapshot(&self, text: &str) -> Result<(), StoreError> {
        let path = self.snapshot_path();
        self.disk.replace(&path, text.as_bytes()).map_err(failed("write", &path))
    }

    /// Keeps the snapshot as it is, beside the one that takes its place.
    pub fn keep_snapshot(&self) -> Result<(), StoreError> {
        let (path, previous) = (self.snapshot_path(), self.previous_path());
        self.disk.keep(&path, &previous).map_err(failed("keep", &path))
    }

    pub fn has_previous(&self) -> bool {
        self.previous_path().exists()
    }

    /// Removes what remembers a stack; the snapshot last, since it is what says that there is one.
    pub fn forget(&self) -> Result<(), StoreError> {
        self.forget_previous()?;
        let code = self.path.join("code");
        absent_or(fs::remove_dir_all(&code)).map_err(failed("remove", &code))?;
        for path in [self.journal_path(), self.snapshot_path()] {
            absent_or(self.disk.remove(&path)).map_err(failed("remove", &path))?;
        }
        Ok(())
    }

    fn code_path(&self, name: &str) -> PathBuf {
        self.path.join("code").join(name)
    }

    pub fn code_place(&self, name: &str) -> String {
        self.code_path(name).display().to_string()
    }

    pub fn code_names(&self) -> Result<Vec<String>, StoreError> {
        let path = self.path.join("code");
        match fs::read_dir(&path) {
            Ok(entries) => Ok(entries
                .flatten()
                .filter_map(|entry| entry.file_name().into_string().ok())
                .collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(failed(READ, &path)(error)),
        }
    }

    pub fn code(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.code_path(name);
        self.disk.read(&path).map_err(failed(READ, &path))
    }

    pub fn keep_code(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.code_path(name);
        make_folder(&self.path.join("code"))
            .and_then(|()| self.disk.replace(&path, bytes))
            .map_err(failed("write", &path))
    }

    pub fn forget_code(&self, name: &str) -> Result<(), StoreError> {
        let path = self.code_path(name);
        absent_or(self.disk.remove(&path)).map_err(failed("remove", &path))
    }

    pub fn forget_previous(&self) -> Result<(), StoreError> {
        for path in [self.previous_path(), self.previous_journal_path()] {
            absent_or(self.disk.remove(&path)).map_err(failed("remove", &path))?;
        }
        Ok(())
    }

    pub fn journal(&self) -> Result<Bodies, StoreError> {
        let path = self.journal_path();
        let contents = file::read(&*self.disk, &path).map_err(|error| match error {
            Unread::Io(source) => failed(READ, &path)(source),
            Unread::Damaged { line } => {
                StoreError::Damaged { place: path.display().to_string(), line: Some(line) }
            }
        })?;
        Ok(Bodies { bodies: contents.bodies, whole: contents.whole })
    }

    /// Whether a journal may stay beside the snapshot when its run ends.
    pub fn may_keep(&self, journal: &file::Journal) -> bool {
        let snapshot = fs::metadata(self.snapshot_path()).map_or(0, |it| it.len());
        may_stay(journal.length(), snapshot)
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

    /// The journal is part of the snapshot now, and leads there from the one before.
    pub fn retire_journal(&self) -> Result<(), StoreError> {
        let path = self.journal_path();
        let previous = self.previous_journal_path();
        self.disk.rename(&path, &previous).map_err(failed("retire", &path))
    }

    pub fn remove_journal(&self) -> Result<(), StoreError> {
        let path = self.journal_path();
        absent_or(self.disk.remove(&path)).map_err(failed("remove", &path))
    }

    /// Who holds the lock, if anybody does: it goes with its process. To look needs no right to
    /// write, and keeps nobody else from looking.
    pub fn holder(&self) -> Result<Option<Held>, StoreError> {
        let path = self.path.join("lock");
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(READ, &path)(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                Ok(Some(Held { holder: named(&mut file), heard: None }))
            }
            Err(TryLockError::Error(error)) => Err(failed("lock", &path)(error)),
        }
    }

    pub fn lock(&self, holder: &Holder) -> Result<FileLock, StoreError> {
        make_folder(&self.path).map_err(failed("create", &self.path))?;
        let path = self.path.join("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let mut file = options.open(&path).map_err(failed("open", &path))?;
        let mut waited = 0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    let holder = named(&mut file);
                    let patience = holder.as_ref().map_or(PATIENCE, |_| PATIENCE_WITH_A_NAME);
                    if waited >= patience {
                        return Err(StoreError::Locked { holder, heard: None });
                    }
                }
                Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
            }
            waited += 1;
            thread::sleep(MOMENT);
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

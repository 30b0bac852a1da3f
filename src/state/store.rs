//! The state of a stack in a directory: a snapshot, the journal since, and a lock.
//!
//! `state.json` is replaced atomically when a run ends; until then `journal.jsonl` is what makes
//! a change durable, so that the cost of a change does not grow with the stack. The lock is the
//! operating system's, so that it goes with the process that held it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{FORMAT, State, Violation};
use crate::journal::file::{self as journal_file, Journal};
use crate::journal::{Event, Illegal, replay};

/// Where the state of one stack lives.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
}

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub command: String,
    pub pid: u32,
    pub user: String,
    pub host: String,
    pub since: String,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot {attempt} `{}`", path.display())]
    Io { attempt: &'static str, path: PathBuf, source: io::Error },
    #[error("`{}` is not a state file", path.display())]
    Unreadable { path: PathBuf, source: serde_json::Error },
    #[error("the state in `{}` was written by a newer Cairn (format {format}, this one knows {FORMAT})", path.display())]
    Newer { path: PathBuf, format: u64 },
    #[error("the state in `{}` is not sound: {}", path.display(), list(violations))]
    Unsound { path: PathBuf, violations: Vec<Violation> },
    #[error("the journal in `{}` does not fit its state", path.display())]
    Contradiction { path: PathBuf, source: Illegal },
    #[error("another run holds the lock of this stack: {}", describe(holder.as_ref()))]
    Locked { holder: Option<Holder> },
}

impl StoreError {
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Locked { .. } => {
                vec!["wait until it ends; the lock goes with its process".to_owned()]
            }
            Self::Newer { .. } => vec!["update Cairn".to_owned()],
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                vec![
                    "make room on the disk and run the same command again: nothing is lost"
                        .to_owned(),
                ]
            }
            _ => Vec::new(),
        }
    }
}

fn list(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn describe(holder: Option<&Holder>) -> String {
    match holder {
        Some(holder) => format!(
            "`{}` by {} on {}, process {}, since {}",
            holder.command, holder.user, holder.host, holder.pid, holder.since
        ),
        None => "its holder has not said who it is".to_owned(),
    }
}

/// The right to change a stack's state, until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Who held it is of no interest any more; the lock itself goes with the file.
        let _ = self.file.set_len(0);
    }
}

/// A state that may be changed: every event is on disk before it counts.
#[derive(Debug)]
pub struct Ledger {
    store: Store,
    state: State,
    journal: Journal,
    _lock: Lock,
}

impl Store {
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn snapshot_path(&self) -> PathBuf {
        self.directory.join("state.json")
    }

    fn journal_path(&self) -> PathBuf {
        self.directory.join("journal.jsonl")
    }

    /// The state as it stands; `None` when there is none yet. A run may be writing it meanwhile:
    /// when it ends between the reading of snapshot and journal, both are read again.
    pub fn read(&self) -> Result<Option<State>, StoreError> {
        let mut snapshot = self.read_snapshot()?;
        loop {
            let contents = self.read_journal()?;
            let again = self.read_snapshot()?;
            let serial = |state: &Option<State>| state.as_ref().map(|state| state.serial);
            if serial(&again) == serial(&snapshot) {
                return snapshot.map(|state| self.replayed(state, &contents.records)).transpose();
            }
            snapshot = again;
        }
    }

    /// Opens the state for changes, beginning with `initial` when there is none.
    pub fn open(&self, lock: Lock, initial: State) -> Result<Ledger, StoreError> {
        let snapshot = match self.read_snapshot()? {
            Some(state) => state,
            None => {
                self.write_snapshot(&initial)?;
                initial
            }
        };
        let contents = self.read_journal()?;
        let state = self.replayed(snapshot, &contents.records)?;
        let path = self.journal_path();
        let journal = Journal::open(&path, contents.whole, state.serial + 1)
            .map_err(|source| StoreError::Io { attempt: "open", path, source })?;
        Ok(Ledger { store: self.clone(), state, journal, _lock: lock })
    }

    /// Removes the state of a stack that owns nothing any more.
    pub fn forget(&self) -> Result<(), StoreError> {
        let path = self.snapshot_path();
        fs::remove_file(&path).map_err(|source| StoreError::Io { attempt: "remove", path, source })
    }

    /// Takes the right to change this stack, or says who has it.
    pub fn lock(&self, holder: &Holder) -> Result<Lock, StoreError> {
        fs::create_dir_all(&self.directory).map_err(|source| StoreError::Io {
            attempt: "create",
            path: self.directory.clone(),
            source,
        })?;
        let path = self.directory.join("lock");
        let io = |attempt, source| StoreError::Io { attempt, path: path.clone(), source };
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|source| io("open", source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // A holder that has not written its name yet is only unnamed.
                let _ = file.read_to_string(&mut text);
                return Err(StoreError::Locked { holder: serde_json::from_str(&text).ok() });
            }
            Err(TryLockError::Error(source)) => return Err(io("lock", source)),
        }
        let text = serde_json::to_string(holder).unwrap_or_default();
        file.set_len(0).map_err(|source| io("write", source))?;
        file.rewind().map_err(|source| io("write", source))?;
        file.write_all(text.as_bytes()).map_err(|source| io("write", source))?;
        Ok(Lock { file })
    }

    fn read_snapshot(&self) -> Result<Option<State>, StoreError> {
        let path = self.snapshot_path();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Io { attempt: "read", path, source }),
        };
        let json: serde_json::Value = serde_json::from_str(&text)
            .map_err(|source| StoreError::Unreadable { path: path.clone(), source })?;
        let format = json.get("format").and_then(serde_json::Value::as_u64).unwrap_or_default();
        if format > u64::from(FORMAT) {
            return Err(StoreError::Newer { path, format });
        }
        serde_json::from_value(json)
            .map(Some)
            .map_err(|source| StoreError::Unreadable { path, source })
    }

    fn read_journal(&self) -> Result<journal_file::Contents, StoreError> {
        let path = self.journal_path();
        journal_file::read(&path).map_err(|source| StoreError::Io { attempt: "read", path, source })
    }

    fn replayed(
        &self,
        snapshot: State,
        records: &[crate::journal::Record],
    ) -> Result<State, StoreError> {
        let state = replay(snapshot, records)
            .map_err(|source| StoreError::Contradiction { path: self.journal_path(), source })?;
        self.sound(state)
    }

    fn sound(&self, state: State) -> Result<State, StoreError> {
        let violations = state.violations();
        if violations.is_empty() {
            Ok(state)
        } else {
            Err(StoreError::Unsound { path: self.snapshot_path(), violations })
        }
    }

    fn write_snapshot(&self, state: &State) -> Result<(), StoreError> {
        let path = self.snapshot_path();
        let io = |source| StoreError::Io { attempt: "write", path: path.clone(), source };
        let mut text = serde_json::to_string_pretty(state)
            .map_err(|source| StoreError::Unreadable { path: path.clone(), source })?;
        text.push('\n');
        let mut file = tempfile::NamedTempFile::new_in(&self.directory).map_err(io)?;
        file.write_all(text.as_bytes()).map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(&path).map_err(|error| io(error.error))?;
        File::open(&self.directory).and_then(|directory| directory.sync_all()).map_err(io)
    }
}

impl Ledger {
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Makes an event durable, then lets it count. An event that cannot follow is not written.
    pub fn record(&mut self, event: Event) -> Result<(), StoreError> {
        self.state.check(&event).map_err(|source| StoreError::Contradiction {
            path: self.journal.path().to_owned(),
            source,
        })?;
        let record = self.journal.append(event).map_err(|source| StoreError::Io {
            attempt: "write to",
            path: self.journal.path().to_owned(),
            source,
        })?;
        self.state.take(&record.event);
        debug_assert_eq!(self.state.violations(), [], "no legal event breaks a law");
        Ok(())
    }

    /// Ends a run: the journal becomes part of the snapshot.
    pub fn close(mut self) -> Result<State, StoreError> {
        self.record(Event::Closed)?;
        self.store.write_snapshot(&self.state)?;
        let path = self.journal.path().to_owned();
        fs::remove_file(&path).map_err(|source| StoreError::Io {
            attempt: "remove",
            path,
            source,
        })?;
        Ok(self.state)
    }
}

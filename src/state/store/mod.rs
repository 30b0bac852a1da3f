//! Where the state of a stack is kept: a snapshot, the journal since, and a lock; in a directory or
//! in a bucket.
//!
//! The snapshot is replaced when a run ends; until then the journal is what makes a change
//! durable, so that the cost of a change does not grow with the stack.

mod bucket;
mod directory;
mod disk;
mod error;
pub mod lease;
mod ledger;

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use bucket::{Bucket, Lease};
pub use disk::{Disk, LocalDisk, Tail};
pub use error::StoreError;
pub use ledger::Ledger;

use super::{FORMAT, State};
use crate::journal::{Record, replay};
use bucket::BucketJournal;
use directory::{Directory, FileLock};

/// Where the state of one stack lives.
#[derive(Debug, Clone)]
pub struct Store {
    home: Home,
}

#[derive(Debug, Clone)]
enum Home {
    Directory(Directory),
    Bucket(Arc<Bucket>),
}

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Holder {
    pub command: String,
    pub pid: u32,
    pub user: String,
    pub host: String,
    pub since: String,
}

/// The right to change a stack's state, until dropped.
#[derive(Debug)]
pub struct Lock {
    kind: LockKind,
}

#[derive(Debug)]
enum LockKind {
    /// Held for as long as it lives.
    File {
        _lock: FileLock,
    },
    Lease(Lease),
}

impl Lock {
    /// What has to be asked before each call, where the lock can be lost.
    pub fn lease(&self) -> Option<Lease> {
        match &self.kind {
            LockKind::File { .. } => None,
            LockKind::Lease(lease) => Some(lease.clone()),
        }
    }
}

/// The records of a journal, and how much of a file they are.
#[derive(Debug, Default)]
struct Records {
    records: Vec<Record>,
    whole: u64,
}

/// A journal that is written to.
#[derive(Debug)]
enum Journal {
    File(crate::journal::file::Journal),
    Bucket(BucketJournal),
}

impl Store {
    /// A state in a directory of its own.
    pub fn new(directory: &Path) -> Self {
        Self::on(directory, Arc::new(LocalDisk))
    }

    /// A state in a directory of some disk.
    pub fn on(directory: &Path, disk: Arc<dyn Disk>) -> Self {
        Self { home: Home::Directory(Directory::new(directory, disk)) }
    }

    /// A state in a bucket.
    pub fn in_bucket(bucket: Bucket) -> Self {
        Self { home: Home::Bucket(Arc::new(bucket)) }
    }

    /// Where it is, for messages.
    pub fn place(&self) -> String {
        match &self.home {
            Home::Directory(directory) => directory.path().display().to_string(),
            Home::Bucket(bucket) => bucket.place(),
        }
    }

    fn snapshot_place(&self) -> String {
        match &self.home {
            Home::Directory(directory) => directory.snapshot_path().display().to_string(),
            Home::Bucket(bucket) => bucket.snapshot_place(),
        }
    }

    fn journal_place(&self) -> String {
        match &self.home {
            Home::Directory(directory) => directory.journal_path().display().to_string(),
            Home::Bucket(bucket) => bucket.journal_place(),
        }
    }

    /// The state as it stands; `None` when there is none yet. A run may be writing it meanwhile:
    /// when it ends between the reading of snapshot and journal, both are read again.
    pub async fn read(&self) -> Result<Option<State>, StoreError> {
        let mut snapshot = self.read_snapshot().await?;
        loop {
            let records = self.read_journal().await?.records;
            let again = self.read_snapshot().await?;
            let serial = |state: &Option<State>| state.as_ref().map(|state| state.serial);
            if serial(&again) == serial(&snapshot) {
                return snapshot.map(|state| self.replayed(state, &records)).transpose();
            }
            snapshot = again;
        }
    }

    /// Takes the right to change this stack, or says who has it.
    /// Where it has to wait to know that, it tells so.
    pub async fn lock(
        &self,
        holder: &Holder,
        tell: &(dyn Fn(&str) + Sync),
    ) -> Result<Lock, StoreError> {
        let kind = match &self.home {
            Home::Directory(directory) => LockKind::File { _lock: directory.lock(holder)? },
            Home::Bucket(bucket) => LockKind::Lease(Lease::take(bucket, holder, tell).await?),
        };
        Ok(Lock { kind })
    }

    /// Opens the state for changes, beginning with `initial` when there is none.
    pub async fn open(&self, lock: Lock, initial: State) -> Result<Ledger, StoreError> {
        let (snapshot, is_new) = match self.read_snapshot().await? {
            Some(state) => (state, false),
            None => (initial, true),
        };
        let contents = self.read_journal().await?;
        let state = self.replayed(snapshot, &contents.records)?;
        let journal = match (&self.home, &lock.kind) {
            (Home::Directory(directory), _) => {
                if is_new {
                    directory.write_snapshot(&self.text(&state)?)?;
                }
                Journal::File(directory.open_journal(contents.whole)?)
            }
            (Home::Bucket(bucket), LockKind::Lease(lease)) => {
                // The journal is that of one holder: what another left becomes part of the snapshot.
                if is_new || !contents.records.is_empty() {
                    bucket.write_snapshot(&self.text(&state)?).await?;
                }
                Journal::Bucket(BucketJournal::open(lease, state.serial).await?)
            }
            (Home::Bucket(_), LockKind::File { .. }) => return Err(StoreError::Lost { by: None }),
        };
        Ok(Ledger::new(self.clone(), state, journal, lock))
    }

    /// Removes the state of a stack that owns nothing any more.
    pub async fn forget(&self) -> Result<(), StoreError> {
        match &self.home {
            Home::Directory(directory) => directory.remove_snapshot(),
            Home::Bucket(bucket) => bucket.remove_snapshot().await,
        }
    }

    async fn read_snapshot(&self) -> Result<Option<State>, StoreError> {
        let text = match &self.home {
            Home::Directory(directory) => directory.snapshot()?,
            Home::Bucket(bucket) => bucket.snapshot().await?,
        };
        let Some(text) = text else { return Ok(None) };
        let unreadable = |source| StoreError::Unreadable { place: self.snapshot_place(), source };
        let json: serde_json::Value = serde_json::from_str(&text).map_err(unreadable)?;
        let format = json.get("format").and_then(serde_json::Value::as_u64).unwrap_or_default();
        if format > u64::from(FORMAT) {
            return Err(StoreError::Newer { place: self.snapshot_place(), format });
        }
        serde_json::from_value(json).map(Some).map_err(unreadable)
    }

    async fn read_journal(&self) -> Result<Records, StoreError> {
        match &self.home {
            Home::Directory(directory) => directory.journal(),
            Home::Bucket(bucket) => bucket.journal().await,
        }
    }

    fn replayed(&self, snapshot: State, records: &[Record]) -> Result<State, StoreError> {
        let state = replay(snapshot, records)
            .map_err(|source| StoreError::Contradiction { place: self.journal_place(), source })?;
        let violations = state.violations();
        if violations.is_empty() {
            return Ok(state);
        }
        Err(StoreError::Unsound { place: self.snapshot_place(), violations })
    }

    fn text(&self, state: &State) -> Result<String, StoreError> {
        match serde_json::to_string_pretty(state) {
            Ok(text) => Ok(text + "\n"),
            Err(source) => Err(StoreError::Unreadable { place: self.snapshot_place(), source }),
        }
    }
}

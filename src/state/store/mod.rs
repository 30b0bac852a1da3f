//! Where the state of a stack is kept: a snapshot, the journal since, and a lock; in a directory or
//! in a bucket.
//!
//! The journal is what makes a change durable. It becomes part of the snapshot when a run ends and it
//! has grown to a part of that, so that the cost of a change does not grow with the stack.

mod bucket;
mod code;
mod directory;
mod disk;
mod error;
mod examine;
pub mod lease;
mod ledger;
mod premises;
mod seal;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use bucket::{Bucket, Lease, Parting};
pub use disk::{Disk, LocalDisk, Tail};
pub use error::{Loss, StoreError};
pub use examine::{Examined, Finding, What};
pub use ledger::{Ledger, Promise};
pub use premises::{Premises, SETTINGS, Setting, Standing, Survey, TAG};
pub use seal::{Keys, Kind, Others, Seals};

use super::State;
use crate::journal::{Event, Record, replay};
use crate::value::Token;
use bucket::BucketJournal;
use directory::{Directory, FileLock};
use seal::Pen;

/// How many bytes of a snapshot are as good as none.
const SMALL: u64 = 8 * 1024;

/// The part of a snapshot that a journal may grow to.
const SHARE: u64 = 4;

/// Whether a journal may stay beside its snapshot when a run ends. A large snapshot is written again
/// only after so many changes that this costs each of them no more than it wrote itself.
fn may_stay(journal: u64, snapshot: u64) -> bool {
    snapshot > SMALL && journal < snapshot / SHARE
}

/// Where the state of one stack lives.
#[derive(Debug, Clone)]
pub struct Store {
    home: Home,
    seals: Arc<Seals>,
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

/// Who is found to hold a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Absent while it has not said who it is.
    pub holder: Option<Holder>,
    /// How long ago it was heard of, where the lock does not go with its process.
    pub heard: Option<Duration>,
}

/// The right to change a stack's state, until its last clone is dropped.
#[derive(Debug, Clone)]
pub struct Lock {
    holder: Holder,
    kind: LockKind,
}

#[derive(Debug, Clone)]
enum LockKind {
    /// Held for as long as it lives.
    File {
        _lock: Arc<FileLock>,
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

    /// When it has been given back, where that takes time.
    pub fn parting(&self) -> Option<Parting> {
        match &self.kind {
            LockKind::File { .. } => None,
            LockKind::Lease(lease) => Some(lease.parting()),
        }
    }

    /// The event that begins a run, in the name of its holder.
    pub fn beginning(&self, run: &Token, command: &str, at: &str) -> Event {
        Event::Opened {
            run: run.clone(),
            command: command.to_owned(),
            at: at.to_owned(),
            user: self.holder.user.clone(),
            host: self.holder.host.clone(),
        }
    }
}

/// What stands in a journal, and how much of a file it is.
#[derive(Debug, Default)]
struct Bodies {
    bodies: Vec<String>,
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
        Self::at(Home::Directory(Directory::new(directory, disk)))
    }

    /// A state in a bucket.
    pub fn in_bucket(bucket: Bucket) -> Self {
        Self::at(Home::Bucket(Arc::new(bucket)))
    }

    fn at(home: Home) -> Self {
        Self { home, seals: Arc::new(Seals::new("", None, Others::Nothing)) }
    }

    /// The same place, where what is written is sealed.
    #[must_use]
    pub fn sealed_by(self, seals: Seals) -> Self {
        Self { seals: Arc::new(seals), ..self }
    }

    /// The same place, for who holds its lock: nothing is written there that has not asked it.
    fn under(&self, lock: &Lock) -> Result<Self, StoreError> {
        let home = match (&self.home, &lock.kind) {
            (Home::Directory(directory), _) => Home::Directory(directory.clone()),
            (Home::Bucket(_), LockKind::Lease(lease)) => Home::Bucket(Arc::clone(lease.bucket())),
            (Home::Bucket(_), LockKind::File { .. }) => return Err(StoreError::Lost { by: None }),
        };
        Ok(Self { home, seals: Arc::clone(&self.seals) })
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
        let (text, journal) = tokio::join!(self.snapshot_text(), self.read_journal());
        let (mut text, mut bodies) = (text?, journal?.bodies);
        loop {
            let again = self.snapshot_text().await?;
            if again != text {
                (text, bodies) = (again, self.read_journal().await?.bodies);
                continue;
            }
            return match self.snapshot(text).await? {
                Some(state) => self.replayed(state, &bodies).await.map(Some),
                None if bodies.is_empty() && !self.has_previous().await? => Ok(None),
                None => Err(StoreError::Headless { place: self.snapshot_place() }),
            };
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
            Home::Directory(directory) => {
                LockKind::File { _lock: Arc::new(directory.lock(holder)?) }
            }
            Home::Bucket(bucket) => LockKind::Lease(Lease::take(bucket, holder, tell).await?),
        };
        Ok(Lock { holder: holder.clone(), kind })
    }

    /// Who holds the lock, if anybody does.
    ///
    /// # Errors
    ///
    /// When that cannot be told.
    pub async fn holder(&self) -> Result<Option<Held>, StoreError> {
        match &self.home {
            Home::Directory(directory) => directory.holder(),
            Home::Bucket(bucket) => bucket.holder().await,
        }
    }

    /// Takes the lock from a run, heard of or not, and waits until that run can do nothing any
    /// more. One whose lock goes with its process has to be ended instead.
    ///
    /// # Errors
    ///
    /// When it cannot be taken.
    pub async fn seize(
        &self,
        holder: &Holder,
        tell: &(dyn Fn(&str) + Sync),
    ) -> Result<Lock, StoreError> {
        match &self.home {
            Home::Directory(_) => self.lock(holder, tell).await,
            Home::Bucket(bucket) => {
                let kind = LockKind::Lease(Lease::seize(bucket, holder, tell).await?);
                Ok(Lock { holder: holder.clone(), kind })
            }
        }
    }

    /// Moves all that is kept of the state to where nobody reads it; says what it was.
    ///
    /// # Errors
    ///
    /// When it cannot be moved.
    pub async fn put_away(&self, lock: &Lock, at: &str) -> Result<Vec<String>, StoreError> {
        let beside = format!("lost-{}", at.replace(':', ""));
        match (&self.home, lock.lease()) {
            (Home::Directory(directory), _) => directory.put_all_away(&beside),
            (Home::Bucket(_), Some(lease)) => lease.bucket().put_all_away(&lease, &beside).await,
            (Home::Bucket(_), None) => Err(StoreError::Lost { by: None }),
        }
    }

    /// Opens the state for changes, beginning with `initial` when there is none.
    pub async fn open(&self, lock: Lock, initial: State) -> Result<Ledger, StoreError> {
        let held = self.under(&lock)?;
        let (state, journal, pen) = match (&held.home, lock.lease()) {
            (Home::Directory(directory), _) => held.open_directory(directory, initial).await?,
            (Home::Bucket(bucket), Some(lease)) => {
                held.open_bucket(bucket, &lease, initial).await?
            }
            (Home::Bucket(_), None) => return Err(StoreError::Lost { by: None }),
        };
        Ok(Ledger::new(held, state, journal, pen, lock))
    }

    async fn open_directory(
        &self,
        directory: &Directory,
        initial: State,
    ) -> Result<(State, Journal, Pen), StoreError> {
        let (snapshot, contents) = (self.read_snapshot().await?, self.read_journal().await?);
        let is_new = snapshot.is_none();
        let state = self.opened(snapshot, &contents.bodies, initial).await?;
        let pen = self.seals.pen(&self.snapshot_place(), &state.lineage).await?;
        if is_new {
            directory.write_snapshot(&self.text(&pen, &state)?)?;
            directory.keep_snapshot()?;
        }
        let journal = Journal::File(directory.open_journal(contents.whole)?);
        Ok((state, journal, pen))
    }

    async fn open_bucket(
        &self,
        bucket: &Bucket,
        lease: &Lease,
        initial: State,
    ) -> Result<(State, Journal, Pen), StoreError> {
        let (snapshot, journal) =
            tokio::join!(self.read_snapshot(), Box::pin(BucketJournal::open(lease)));
        let (snapshot, (journal, contents)) = (snapshot?, journal?);
        let is_new = snapshot.is_none();
        let state = self.opened(snapshot, &contents.bodies, initial).await?;
        journal.begins_after(state.serial);
        let pen = self.seals.pen(&self.snapshot_place(), &state.lineage).await?;
        if is_new {
            let text = self.text(&pen, &state)?;
            Box::pin(bucket.write_snapshot(&text)).await?;
            Box::pin(bucket.keep(&text)).await?;
        }
        if journal.is_of_older_format().await {
            if !contents.bodies.is_empty() {
                Box::pin(bucket.keep_snapshot()).await?;
            }
            // Whoever knows that format only is to see that this is another.
            Box::pin(bucket.write_snapshot(&self.text(&pen, &state)?)).await?;
            Box::pin(journal.begin_chain()).await?;
        }
        Ok((state, Journal::Bucket(journal), pen))
    }

    /// The state that is opened; the initial one where there certainly is none.
    async fn opened(
        &self,
        snapshot: Option<State>,
        bodies: &[String],
        initial: State,
    ) -> Result<State, StoreError> {
        match snapshot {
            Some(snapshot) => self.replayed(snapshot, bodies).await,
            None if bodies.is_empty() && !self.has_previous().await? => Ok(initial),
            None => Err(StoreError::Headless { place: self.snapshot_place() }),
        }
    }

    /// Whether a journal may stay as it is when its run ends.
    fn may_keep(&self, journal: &Journal) -> bool {
        match (&self.home, journal) {
            (Home::Directory(directory), Journal::File(journal)) => directory.may_keep(journal),
            (_, Journal::Bucket(journal)) => journal.may_stay(),
            (Home::Bucket(_), Journal::File(_)) => false,
        }
    }

    /// Removes the state of a stack that owns nothing any more.
    ///
    /// # Errors
    ///
    /// When it cannot be removed, or the lock is another's by now.
    pub async fn forget(&self, lock: &Lock) -> Result<(), StoreError> {
        match &self.under(lock)?.home {
            Home::Directory(directory) => directory.forget(),
            Home::Bucket(bucket) => bucket.forget().await,
        }
    }

    /// Writes the state anew, as this environment writes it, and nothing else beside it: what was
    /// written before may be open to others.
    pub async fn convert(&self, lock: &Lock) -> Result<Option<State>, StoreError> {
        self.under(lock)?.convert_held(lock).await
    }

    async fn convert_held(&self, lock: &Lock) -> Result<Option<State>, StoreError> {
        let Some(snapshot) = self.read_snapshot().await? else { return Ok(None) };
        let contents = self.read_journal().await?;
        let state = self.replayed(snapshot, &contents.bodies).await?;
        let pen = self.seals.pen(&self.snapshot_place(), &state.lineage).await?;
        let text = self.text(&pen, &state)?;
        match (&self.home, lock.lease()) {
            (Home::Directory(directory), _) => {
                directory.write_snapshot(&text)?;
                directory.remove_journal()?;
                directory.forget_previous()?;
            }
            (Home::Bucket(bucket), Some(lease)) => {
                lease.ensure().await?;
                bucket.write_snapshot(&text).await?;
                lease.restart_chain().await?;
                bucket.forget_previous().await?;
            }
            (Home::Bucket(_), None) => return Err(StoreError::Lost { by: None }),
        }
        self.convert_code(lock, &state).await?;
        Ok(Some(state))
    }

    async fn read_snapshot(&self) -> Result<Option<State>, StoreError> {
        let text = self.snapshot_text().await?;
        self.snapshot(text).await
    }

    async fn snapshot_text(&self) -> Result<Option<String>, StoreError> {
        match &self.home {
            Home::Directory(directory) => directory.snapshot(),
            Home::Bucket(bucket) => Box::pin(bucket.snapshot()).await,
        }
    }

    async fn snapshot(&self, text: Option<String>) -> Result<Option<State>, StoreError> {
        match text {
            Some(text) => self.seals.snapshot(&self.snapshot_place(), &text).await.map(Some),
            None => Ok(None),
        }
    }

    async fn has_previous(&self) -> Result<bool, StoreError> {
        match &self.home {
            Home::Directory(directory) => Ok(directory.has_previous()),
            Home::Bucket(bucket) => bucket.has_previous().await,
        }
    }

    async fn read_journal(&self) -> Result<Bodies, StoreError> {
        match &self.home {
            Home::Directory(directory) => directory.journal(),
            Home::Bucket(bucket) => Box::pin(bucket.journal()).await,
        }
    }

    async fn records(&self, lineage: &str, bodies: &[String]) -> Result<Vec<Record>, StoreError> {
        let place = self.journal_place();
        let mut records = Vec::with_capacity(bodies.len());
        for body in bodies {
            records.push(self.seals.record(&place, lineage, body).await?);
        }
        Ok(records)
    }

    async fn replayed(&self, snapshot: State, bodies: &[String]) -> Result<State, StoreError> {
        let records = self.records(&snapshot.lineage, bodies).await?;
        let state = replay(snapshot, &records)
            .map_err(|source| StoreError::Contradiction { place: self.journal_place(), source })?;
        self.lawful(state)
    }

    fn lawful(&self, state: State) -> Result<State, StoreError> {
        let violations = state.violations();
        match violations.is_empty() {
            true => Ok(state),
            false => Err(StoreError::Unsound { place: self.snapshot_place(), violations }),
        }
    }

    /// What is written of a state: nothing of one that is not sound.
    fn text(&self, pen: &Pen, state: &State) -> Result<String, StoreError> {
        let place = self.snapshot_place();
        let violations = state.violations();
        match violations.is_empty() {
            true => pen.snapshot(&place, state),
            false => Err(StoreError::Unsound { place, violations }),
        }
    }
}

//! A state that may be changed: every event is durable before it counts.
//!
//! Events that come while others are being written are written together, so that a slow store
//! costs each of them one wait and not one wait after another.

use std::sync::{Arc, Mutex};

use tokio::sync::{Mutex as Turn, oneshot};

use super::directory::Directory;
use super::seal::Pen;
use super::{Home, Journal, Lock, State, Store, StoreError};
use crate::journal::{Event, Record};
use crate::value::Token;

/// The end of one event's way: it counts, or why it does not.
type Told = oneshot::Sender<Result<(), Arc<StoreError>>>;

#[derive(Debug)]
pub struct Ledger {
    store: Store,
    state: Mutex<State>,
    waiting: Mutex<Vec<(Event, Told)>>,
    /// Whoever holds it writes what is waiting.
    writer: Turn<Writer>,
    pen: Pen,
    lock: Lock,
}

#[derive(Debug)]
struct Writer {
    journal: Journal,
    /// The state with what is being written, too: what comes together has to fit together.
    ahead: State,
}

impl Ledger {
    pub(super) fn new(store: Store, state: State, journal: Journal, pen: Pen, lock: Lock) -> Self {
        Self {
            store,
            state: Mutex::new(state.clone()),
            waiting: Mutex::default(),
            writer: Turn::new(Writer { journal, ahead: state }),
            pen,
            lock,
        }
    }

    /// The lock this is written under.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// The state with all that counts.
    pub fn with_state<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.lock().expect("nothing panics while it holds this lock"))
    }

    pub fn state(&self) -> State {
        self.with_state(State::clone)
    }

    /// Begins a run, in the name of whoever holds the lock.
    ///
    /// # Errors
    ///
    /// Why it is not begun.
    pub async fn begin(&self, run: &Token, command: &str, at: &str) -> Result<(), Arc<StoreError>> {
        let holder = &self.lock.holder;
        self.record(Event::Opened {
            run: run.clone(),
            command: command.to_owned(),
            at: at.to_owned(),
            user: holder.user.clone(),
            host: holder.host.clone(),
        })
        .await
    }

    /// Makes an event durable, then lets it count. An event that cannot follow is not written.
    ///
    /// # Errors
    ///
    /// Why it does not count.
    pub async fn record(&self, event: Event) -> Result<(), Arc<StoreError>> {
        let (tell, told) = oneshot::channel();
        self.waiting.lock().expect("nothing panics while it holds this lock").push((event, tell));
        {
            let mut writer = self.writer.lock().await;
            // Somebody else may have written it meanwhile.
            let batch = std::mem::take(
                &mut *self.waiting.lock().expect("nothing panics while it holds this lock"),
            );
            self.write(&mut writer, batch).await;
        }
        told.await.unwrap_or_else(|_| Err(Arc::new(StoreError::Lost { by: None })))
    }

    async fn write(&self, writer: &mut Writer, batch: Vec<(Event, Told)>) {
        let mut lines = String::new();
        let mut written: Vec<(Event, Told)> = Vec::new();
        let first = writer.ahead.serial + 1;
        for (event, tell) in batch {
            match self.line(writer, &event) {
                Ok(line) => {
                    lines.push_str(&line);
                    written.push((event, tell));
                }
                // Whoever does not wait for it does not want to know.
                Err(error) => drop(tell.send(Err(Arc::new(error)))),
            }
        }
        if written.is_empty() {
            return;
        }
        let durable = match &mut writer.journal {
            Journal::File(file) => Directory::append(file, &lines),
            Journal::Bucket(bucket) => bucket.append(first, writer.ahead.serial, &lines).await,
        };
        let durable = durable.map_err(Arc::new);
        for (event, tell) in written {
            if durable.is_ok() {
                self.count(&event);
            }
            let _ = tell.send(durable.clone());
        }
        if durable.is_err() {
            writer.ahead = self.state();
        }
    }

    /// The line of an event that can follow, and is ahead from then on.
    fn line(&self, writer: &mut Writer, event: &Event) -> Result<String, StoreError> {
        let place = || self.store.journal_place();
        writer
            .ahead
            .check(event)
            .map_err(|source| StoreError::Contradiction { place: place(), source })?;
        let record = Record { sequence: writer.ahead.serial + 1, event: event.clone() };
        let line = self.pen.line(&place(), &record)?;
        writer.ahead.take(event);
        Ok(line)
    }

    fn count(&self, event: &Event) {
        let mut state = self.state.lock().expect("nothing panics while it holds this lock");
        state.take(event);
        debug_assert_eq!(state.violations(), [], "no legal event breaks a law");
    }

    /// Ends a run: the journal becomes part of the snapshot, unless that is much larger. The lock is
    /// the caller's again.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the journal is still there then.
    pub async fn close(self) -> Result<(State, Lock), Arc<StoreError>> {
        self.record(Event::Closed).await?;
        let state = self.state();
        let journal = self.writer.into_inner().journal;
        if let (Home::Directory(directory), Journal::File(journal)) = (&self.store.home, &journal)
            && !state.is_empty()
            && directory.may_keep(journal)
        {
            return Ok((state, self.lock));
        }
        let text = self.store.text(&self.pen, &state)?;
        match (&self.store.home, journal) {
            (Home::Directory(directory), _) => {
                directory.keep_snapshot()?;
                directory.write_snapshot(&text)?;
                directory.retire_journal()?;
            }
            (Home::Bucket(bucket), Journal::Bucket(journal)) => {
                bucket.keep_snapshot().await?;
                bucket.write_snapshot(&text).await?;
                journal.retire().await?;
            }
            (Home::Bucket(_), Journal::File(_)) => {}
        }
        Ok((state, self.lock))
    }
}

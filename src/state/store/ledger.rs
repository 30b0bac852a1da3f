//! A state that may be changed: every event is durable before it counts.
//!
//! An event is said first, and judged by all that was said before it; then it is written, together
//! with what others have said meanwhile, so that a slow store costs each of them one wait and not one
//! wait after another. They are written in the order in which they were said: what is durable is so
//! with all before it.

use std::sync::{Arc, Mutex};

use tokio::sync::{Mutex as Turn, oneshot};

use super::bucket::Ends;
use super::directory::Directory;
use super::seal::Pen;
use super::{Home, Journal, Lock, State, Store, StoreError};
use crate::journal::{Event, Record};
use crate::value::Token;

/// The end of one event's way: it counts, or why it does not.
type Told = Result<(), Arc<StoreError>>;

#[derive(Debug)]
pub struct Ledger {
    store: Store,
    /// With all that is durable.
    counted: Mutex<State>,
    ahead: Mutex<Ahead>,
    /// Whoever holds it writes what is waiting.
    writer: Turn<Writer>,
    pen: Pen,
    lock: Lock,
}

/// What was said.
#[derive(Debug)]
struct Ahead {
    state: State,
    waiting: Vec<Said>,
}

#[derive(Debug)]
struct Said {
    event: Event,
    line: String,
    tell: oneshot::Sender<Told>,
}

/// An event that was said; it counts when [`Ledger::durable`] says so.
#[derive(Debug)]
#[must_use = "it counts once it is durable"]
pub struct Promise(oneshot::Receiver<Told>);

#[derive(Debug)]
struct Writer {
    journal: Journal,
    /// What was written and not heard of: it may count, and nothing comes before it is known.
    unheard: Vec<Event>,
}

impl Ledger {
    pub(super) fn new(store: Store, state: State, journal: Journal, pen: Pen, lock: Lock) -> Self {
        Self {
            store,
            counted: Mutex::new(state.clone()),
            ahead: Mutex::new(Ahead { state, waiting: Vec::new() }),
            writer: Turn::new(Writer { journal, unheard: Vec::new() }),
            pen,
            lock,
        }
    }

    /// The lock this is written under.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// The state with all that was said: what follows from it is written after it.
    pub fn with_state<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.ahead.lock().expect("nothing panics while it holds this lock").state)
    }

    pub fn state(&self) -> State {
        self.with_state(State::clone)
    }

    /// The event that begins a run, in the name of whoever holds the lock.
    pub fn beginning(&self, run: &Token, command: &str, at: &str) -> Event {
        self.lock.beginning(run, command, at)
    }

    /// Begins a run.
    ///
    /// # Errors
    ///
    /// Why it is not begun.
    pub async fn begin(&self, run: &Token, command: &str, at: &str) -> Told {
        self.record(self.beginning(run, command, at)).await
    }

    /// Makes an event durable, then lets it count. An event that cannot follow is not written.
    ///
    /// # Errors
    ///
    /// Why it does not count.
    pub async fn record(&self, event: Event) -> Told {
        self.durable(self.say(event)?).await
    }

    /// The same for some events, together.
    ///
    /// # Errors
    ///
    /// Why one of them does not count.
    pub async fn record_all(&self, events: Vec<Event>) -> Told {
        let said: Result<Vec<Promise>, _> =
            events.into_iter().map(|event| self.say(event)).collect();
        for promise in said? {
            self.durable(promise).await?;
        }
        Ok(())
    }

    /// Says an event: from now on what is said has to follow it, and is written after it or with it.
    ///
    /// # Errors
    ///
    /// Why it cannot follow.
    pub fn say(&self, event: Event) -> Result<Promise, Arc<StoreError>> {
        let place = || self.store.journal_place();
        let mut ahead = self.ahead.lock().expect("nothing panics while it holds this lock");
        ahead
            .state
            .check(&event)
            .map_err(|source| StoreError::Contradiction { place: place(), source })?;
        let record = Record { sequence: ahead.state.serial + 1, event };
        let line = self.pen.line(&place(), &record)?;
        let event = record.event;
        ahead.state.take(&event);
        let (tell, told) = oneshot::channel();
        ahead.waiting.push(Said { event, line, tell });
        Ok(Promise(told))
    }

    /// Waits until an event is durable, with all that was said before it.
    ///
    /// # Errors
    ///
    /// Why it does not count.
    pub async fn durable(&self, promise: Promise) -> Told {
        {
            let mut writer = self.writer.lock().await;
            // Somebody else may have written it meanwhile.
            let batch = std::mem::take(
                &mut self.ahead.lock().expect("nothing panics while it holds this lock").waiting,
            );
            if !batch.is_empty() {
                self.write(&mut writer, batch).await;
            }
        }
        promise.0.await.unwrap_or_else(|_| Err(Arc::new(StoreError::Lost { by: None })))
    }

    async fn write(&self, writer: &mut Writer, batch: Vec<Said>) {
        if let Err(error) = self.settle(writer).await {
            return self.refuse(writer, batch, error);
        }
        let lines: String = batch.iter().map(|said| said.line.as_str()).collect();
        let durable = match &mut writer.journal {
            Journal::File(file) => Directory::append(file, &lines),
            Journal::Bucket(bucket) => {
                let serial = self.counted.lock().expect("nothing panics while it holds it").serial;
                Box::pin(bucket.append(serial + batch.len() as u64, &lines)).await
            }
        };
        if let Err(error) = durable {
            if matches!(writer.journal, Journal::Bucket(_)) {
                writer.unheard = batch.iter().map(|said| said.event.clone()).collect();
            }
            return self.refuse(writer, batch, error);
        }
        for said in batch {
            self.count(&said.event);
            // Whoever does not wait for it does not want to know.
            let _ = said.tell.send(Ok(()));
        }
    }

    /// Makes certain of what was not heard of.
    async fn settle(&self, writer: &mut Writer) -> Result<(), StoreError> {
        if let Journal::Bucket(bucket) = &mut writer.journal {
            Box::pin(bucket.settle()).await?;
        }
        writer.unheard.drain(..).for_each(|event| self.count(&event));
        Ok(())
    }

    /// Nothing of this counts, nor what was said after it.
    fn refuse(&self, writer: &Writer, batch: Vec<Said>, error: StoreError) {
        let error = Arc::new(error);
        let mut ahead = self.ahead.lock().expect("nothing panics while it holds this lock");
        for said in batch.into_iter().chain(std::mem::take(&mut ahead.waiting)) {
            let _ = said.tell.send(Err(Arc::clone(&error)));
        }
        ahead.state = self.counted.lock().expect("nothing panics while it holds it").clone();
        for event in &writer.unheard {
            ahead.state.take(event);
        }
    }

    fn count(&self, event: &Event) {
        let mut state = self.counted.lock().expect("nothing panics while it holds this lock");
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
        self.close_with(Vec::new()).await
    }

    /// The same after some last events.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the journal is still there then.
    pub async fn close_with(self, mut last: Vec<Event>) -> Result<(State, Lock), Arc<StoreError>> {
        last.push(Event::Closed);
        self.record_all(last).await?;
        let state = self.state();
        let journal = self.writer.into_inner().journal;
        if !state.is_empty() && self.store.may_keep(&journal) {
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
                Box::pin(bucket.keep_snapshot()).await?;
                Box::pin(bucket.write_snapshot(&text)).await?;
                let ends = if state.is_empty() { Ends::Empty } else { Ends::Owning };
                Box::pin(journal.retire(ends)).await?;
            }
            (Home::Bucket(_), Journal::File(_)) => {}
        }
        Ok((state, self.lock))
    }
}

//! A state in a bucket, S3 or what speaks like it.
//!
//! ```text
//! <prefix>/state.json          the snapshot
//! <prefix>/state.previous.json the one before the last run
//! <prefix>/journal/<number>    records since, one object for those that were written together
//! <prefix>/code/<digest>.zip   local code that was sent, while a rollback may need it
//! <prefix>/lock                who may write, and where the journal begins
//! ```
//!
//! Nothing is written over what somebody else has written: the snapshot and the lock are replaced
//! only where they are still what this run has seen, and an object of the journal is made only where
//! there is none. Each new holder takes the next number of the journal for itself: one that was
//! paused, and wakes up after another has begun, can make nothing count any more.

mod clock;
mod code;
mod journal;
mod remains;
mod seize;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Mutex as Turn, watch};
use tokio::task::JoinHandle;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output as Page;
use aws_sdk_s3::operation::list_objects_v2::builders::ListObjectsV2FluentBuilder as Listing;

use super::lease::{Answer, Claim, Etag, Next, Request, Saying, Standing, Taking};
use super::{Holder, StoreError};
use crate::aws::{Fault, FaultKind, Guard, chain};
use crate::state::FORMAT;

use clock::{Clock, Moment};
pub use journal::{BucketJournal, Ends};

/// How often a holder is heard of within its term.
const BEATS: u32 = 4;

/// How often somebody who waits looks whether a holder is heard of.
const LOOK: Duration = Duration::from_secs(1);

/// How long giving a lock back may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// How often an unanswered request that changes nothing twice is sent.
const TRIES: u32 = 5;

/// The part of a bucket that holds the state of one stack.
pub struct Bucket {
    client: aws_sdk_s3::Client,
    bucket: String,
    prefix: String,
    /// How long a run that is not heard of keeps the lock.
    term: Duration,
    /// The snapshot that this run has seen.
    seen: Mutex<Option<Seen>>,
    /// The lock that this run has taken.
    taken: Mutex<Option<Weak<Inner>>>,
}

/// A version of the snapshot.
#[derive(Debug, Clone)]
struct Seen {
    etag: Etag,
    length: u64,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place())
    }
}

/// Over what an object may be written.
#[derive(Debug, Clone)]
enum Over {
    Nothing,
    Version(Etag),
}

/// How a conditional write ended.
enum Put {
    Written(Etag),
    /// Another version stands there.
    Refused,
    Unanswered(Fault),
}

struct Object {
    /// Whoever has the right may have written anything there.
    bytes: Vec<u8>,
    etag: Etag,
    age: Duration,
}

impl Bucket {
    pub fn new(client: aws_sdk_s3::Client, bucket: &str, prefix: &str, term: Duration) -> Self {
        let prefix = prefix.trim_matches('/').to_owned();
        Self {
            client,
            bucket: bucket.to_owned(),
            prefix,
            term,
            seen: Mutex::default(),
            taken: Mutex::default(),
        }
    }

    pub fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }

    pub fn snapshot_place(&self) -> String {
        format!("{}/state.json", self.place())
    }

    pub fn journal_place(&self) -> String {
        format!("{}/journal", self.place())
    }

    /// The stacks below a prefix.
    ///
    /// # Errors
    ///
    /// When the bucket does not tell.
    pub async fn stacks(
        client: &aws_sdk_s3::Client,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<String>, StoreError> {
        let prefix = format!("{}/", prefix.trim_matches('/'));
        let failed = |source| StoreError::Call {
            attempt: "list",
            place: format!("s3://{bucket}/{prefix}"),
            source: Box::new(source),
        };
        let mut names = Vec::new();
        let mut next = None;
        loop {
            let request = client.list_objects_v2().bucket(bucket).prefix(&prefix).delimiter("/");
            let page = page(request.set_continuation_token(next)).await.map_err(failed)?;
            names.extend(page.common_prefixes().iter().filter_map(|one| {
                Some(one.prefix()?.strip_prefix(&prefix)?.trim_end_matches('/').to_owned())
            }));
            next = page.next_continuation_token;
            if next.is_none() {
                return Ok(names);
            }
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    fn failed(&self, attempt: &'static str, name: &str, source: Fault) -> StoreError {
        let place = format!("s3://{}/{}", self.bucket, self.key(name));
        StoreError::Call { attempt, place, source: Box::new(source) }
    }

    async fn get(&self, name: &str) -> Result<Option<Object>, Fault> {
        let Some((bytes, etag, age)) = self.get_bytes(name).await? else { return Ok(None) };
        Ok(Some(Object { bytes, etag, age }))
    }

    async fn get_bytes(&self, name: &str) -> Result<Option<(Vec<u8>, Etag, Duration)>, Fault> {
        const ACTION: &str = "s3:GetObject";
        let request = self.client.get_object().bucket(&self.bucket).key(self.key(name));
        let clock = Clock::default();
        let answer = match Box::pin(request.customize().interceptor(clock.clone()).send()).await {
            Ok(answer) => answer,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(Fault::from_sdk(ACTION, &error)),
        };
        let etag =
            answer.e_tag.clone().ok_or_else(|| Fault::malformed(ACTION, "name of its version"))?;
        let age = answer.last_modified().map_or(Duration::ZERO, |since| clock.since(since));
        let bytes = answer.body.collect().await.map_err(|error| Fault {
            kind: FaultKind::Uncertain,
            ..Fault::invalid(ACTION, error.to_string())
        })?;
        Ok(Some((bytes.to_vec(), etag, age)))
    }

    async fn read(&self, name: &str) -> Result<Option<Object>, StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.get(name).await {
                Err(fault) if again(&fault) && tries < TRIES => backoff(tries).await,
                other => return other.map_err(|fault| self.failed("read", name, fault)),
            }
        }
    }

    /// Whoever has taken the lock changes nothing beside it without it: not when it has slept, and not
    /// when it tries again what it began in time.
    async fn admitted(&self) -> Result<(), StoreError> {
        let taken = self.taken.lock().expect("nothing panics while it holds this lock").clone();
        match taken.map(|taken| taken.upgrade()) {
            None => Ok(()),
            Some(Some(lease)) => lease.ensure().await,
            Some(None) => Err(StoreError::Lost { by: None }),
        }
    }

    async fn put(&self, name: &str, content: &[u8], over: Option<&Over>) -> Put {
        const ACTION: &str = "s3:PutObject";
        let request = self.client.put_object().bucket(&self.bucket).key(self.key(name));
        let request = request.body(ByteStream::from(content.to_vec()));
        let is_code = name.starts_with("code/");
        let kind = if is_code { "application/octet-stream" } else { "application/json" };
        let request = request.content_type(kind);
        let request = match over {
            None => request,
            Some(Over::Nothing) => request.if_none_match("*"),
            Some(Over::Version(etag)) => request.if_match(etag),
        };
        match Box::pin(request.send()).await {
            Ok(answer) => match answer.e_tag {
                Some(etag) => Put::Written(etag),
                None => Put::Unanswered(Fault::malformed(ACTION, "name of its version")),
            },
            Err(error) => match status(&error) {
                Some(412 | 404) => Put::Refused,
                // Another write to it was under way, maybe one of our own whose answer was lost.
                Some(409) => Put::Unanswered(Fault {
                    kind: FaultKind::Concurrent,
                    ..Fault::from_sdk(ACTION, &error)
                }),
                _ => Put::Unanswered(Fault::from_sdk(ACTION, &error)),
            },
        }
    }

    /// Writes an object whose name nobody else writes to: doing it twice changes nothing.
    async fn write(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            self.admitted().await?;
            match self.put(name, content, None).await {
                Put::Written(_) => return Ok(()),
                Put::Unanswered(fault) if again(&fault) && tries < TRIES => backoff(tries).await,
                Put::Unanswered(fault) => return Err(self.failed("write", name, fault)),
                Put::Refused => return Err(StoreError::Lost { by: None }),
            }
        }
    }

    pub async fn snapshot(&self) -> Result<Option<String>, StoreError> {
        let text = self.look().await?.map(String::from_utf8).transpose();
        text.map_err(|error| StoreError::Unreadable {
            place: self.snapshot_place(),
            source: serde::de::Error::custom(error),
        })
    }

    /// Reads the snapshot as the one that the next to be written replaces.
    pub async fn look(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let object = self.read(SNAPSHOT).await?;
        self.has_seen(object.as_ref().map(|object| (&object.etag, object.bytes.len())));
        Ok(object.map(|object| object.bytes))
    }

    fn has_seen(&self, version: Option<(&Etag, usize)>) {
        *self.seen.lock().expect("nothing panics while it holds this lock") =
            version.map(|(etag, length)| Seen { etag: etag.clone(), length: length as u64 });
    }

    fn seen(&self) -> Option<Seen> {
        self.seen.lock().expect("nothing panics while it holds this lock").clone()
    }

    fn snapshot_length(&self) -> u64 {
        self.seen().map_or(0, |seen| seen.length)
    }

    /// Replaces the snapshot that was read or written last.
    pub async fn write_snapshot(&self, text: &str) -> Result<(), StoreError> {
        let over = self.seen().map_or(Over::Nothing, |seen| Over::Version(seen.etag));
        let mut tries = 0;
        let etag = loop {
            tries += 1;
            self.admitted().await?;
            let fault = match self.put(SNAPSHOT, text.as_bytes(), Some(&over)).await {
                Put::Written(etag) => break etag,
                Put::Refused => None,
                Put::Unanswered(fault) => Some(fault),
            };
            // An answer that was lost may have been that it is written.
            match (self.read(SNAPSHOT).await?, fault) {
                (Some(object), _) if object.bytes == text.as_bytes() => break object.etag,
                (_, Some(fault)) if again(&fault) && tries < TRIES => backoff(tries).await,
                (_, Some(fault)) => return Err(self.failed("write", SNAPSHOT, fault)),
                (_, None) => return Err(StoreError::Lost { by: None }),
            }
        };
        self.has_seen(Some((&etag, text.len())));
        Ok(())
    }

    /// Keeps the snapshot as it is, beside the one that takes its place.
    pub async fn keep_snapshot(&self) -> Result<(), StoreError> {
        self.copy(SNAPSHOT, PREVIOUS).await
    }

    /// Keeps a snapshot that was just written.
    pub async fn keep(&self, text: &str) -> Result<(), StoreError> {
        self.write(PREVIOUS, text.as_bytes()).await
    }

    pub async fn has_previous(&self) -> Result<bool, StoreError> {
        Ok(self.read(PREVIOUS).await?.is_some())
    }

    /// Writes what stands in an object to another, too.
    async fn copy(&self, from: &str, to: &str) -> Result<(), StoreError> {
        match self.read(from).await? {
            Some(object) => self.write(to, &object.bytes).await,
            None => Ok(()),
        }
    }

    /// Removes what remembers a stack; the snapshot last, since it is what says that there is one.
    pub async fn forget(self: &Arc<Self>) -> Result<(), StoreError> {
        self.forget_previous().await?;
        for name in self.code_names().await? {
            self.forget_code(&name).await?;
        }
        self.remove(SNAPSHOT).await
    }

    /// Removes what leads to the snapshot: the one before, and the records between them.
    pub async fn forget_previous(self: &Arc<Self>) -> Result<(), StoreError> {
        tokio::try_join!(self.remove(PREVIOUS), self.remove_journal(u64::MAX)).map(drop)
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(self.key(name));
        let mut tries = 0;
        loop {
            tries += 1;
            self.admitted().await?;
            let fault = match Box::pin(request.clone().send()).await {
                Ok(_) => return Ok(()),
                Err(error) if is_absent(&error) => return Ok(()),
                Err(error) => Fault::from_sdk("s3:DeleteObject", &error),
            };
            match again(&fault) && tries < TRIES {
                true => backoff(tries).await,
                false => return Err(self.failed("remove", name, fault)),
            }
        }
    }

    async fn claim(&self) -> Result<Option<Claim>, StoreError> {
        let object = self.read(LOCK).await?;
        object.map(|object| self.claimed(&object.bytes)).transpose()
    }

    /// What a lock says. One of a newer Cairn is no mistake.
    fn claimed(&self, bytes: &[u8]) -> Result<Claim, StoreError> {
        #[derive(serde::Deserialize)]
        struct Head {
            #[serde(default)]
            format: u64,
        }
        let place = || format!("{}/{LOCK}", self.place());
        let unreadable = |source| StoreError::Unreadable { place: place(), source };
        let Head { format } = serde_json::from_slice(bytes).map_err(unreadable)?;
        match format > u64::from(FORMAT) {
            true => Err(StoreError::Newer { place: place(), format }),
            false => serde_json::from_slice(bytes).map_err(unreadable),
        }
    }

    /// The objects whose names begin like this, in their order.
    async fn objects(&self, below: &str) -> Result<Vec<String>, StoreError> {
        let prefix = self.key(below);
        let mut names = Vec::new();
        let mut next = None;
        loop {
            let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(&prefix);
            let page = page(request.set_continuation_token(next))
                .await
                .map_err(|fault| self.failed("list", below, fault))?;
            names.extend(page.contents().iter().filter_map(|object| {
                Some(format!("{below}{}", object.key()?.strip_prefix(&prefix)?))
            }));
            next = page.next_continuation_token;
            if next.is_none() {
                names.sort();
                return Ok(names);
            }
        }
    }
}

/// A page of a listing, asked for again where its answer is lost.
async fn page(request: Listing) -> Result<Page, Fault> {
    let mut tries = 0;
    loop {
        tries += 1;
        let answer = Box::pin(request.clone().send()).await;
        match answer.map_err(|error| Fault::from_sdk("s3:ListBucket", &error)) {
            Err(fault) if again(&fault) && tries < TRIES => backoff(tries).await,
            other => return other,
        }
    }
}

const SNAPSHOT: &str = "state.json";
const PREVIOUS: &str = "state.previous.json";
const LOCK: &str = "lock";

/// The right to change a state in a bucket. Cheap to clone; given back with the last clone, and lost
/// when it is not heard of for too long.
#[derive(Debug, Clone)]
pub struct Lease {
    inner: Arc<Inner>,
    farewell: Arc<Farewell>,
}

/// What the clones of a lease have in common, and nobody else: the last of them gives it back. The
/// heartbeat only has what is within, or it could be the last, and give it back in a runtime that
/// has ended.
#[derive(Debug)]
struct Farewell {
    inner: Arc<Inner>,
    /// Goes when it is given back.
    over: watch::Sender<()>,
}

/// The end of a lease, whoever has the last clone of it.
#[derive(Debug)]
pub struct Parting(watch::Receiver<()>);

impl Parting {
    /// Waits until it is given back, or can not be.
    pub async fn over(mut self) {
        while self.0.changed().await.is_ok() {}
    }
}

#[derive(Debug)]
struct Inner {
    bucket: Arc<Bucket>,
    /// Whoever holds it speaks to the bucket.
    held: Turn<Held>,
    /// When it was certainly ours; `None` once it is lost.
    confirmed: Mutex<Option<Moment>>,
    /// What the holder says of the journal the next time it is heard of.
    reached: Mutex<Reached>,
    beating: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Held {
    claim: Claim,
    etag: Etag,
}

/// How far a journal has come.
#[derive(Debug, Clone, Copy)]
struct Reached {
    format: u32,
    /// Where it begins.
    journal: u64,
    /// Its last record.
    serial: u64,
}

impl Drop for Farewell {
    /// Gives it back. Where that fails, it is free after a while all the same.
    fn drop(&mut self) {
        let inner = Arc::clone(&self.inner);
        let over = std::mem::take(&mut self.over);
        if let Ok(Some(beating)) = inner.beating.lock().map(|mut beating| beating.take()) {
            beating.abort();
        }
        // Who gives it back makes no call any more, whether that is heard or not.
        inner.confirm(None);
        let Ok(runtime) = Handle::try_current() else { return };
        if runtime.runtime_flavor() == RuntimeFlavor::MultiThread {
            let (tell, told) = std::sync::mpsc::channel();
            // A task, and not waited for in here: a runtime that is being shut down moves no timer
            // any more, and drops the task at once.
            runtime.spawn(async move {
                let _ = inner.say(|claim| claim.standing = Standing::Released).await;
                let _ = tell.send(());
                drop(over);
            });
            tokio::task::block_in_place(|| {
                let _ = told.recv_timeout(FAREWELL);
            });
        }
    }
}

impl Inner {
    /// Says something new as the holder.
    async fn say(&self, change: impl FnOnce(&mut Claim)) -> Result<(), StoreError> {
        let mut held = self.held.lock().await;
        let mut claim = held.claim.clone();
        claim.beat += 1;
        let reached = *self.reached.lock().expect("nothing panics while it holds this lock");
        (claim.format, claim.journal, claim.serial) =
            (reached.format, reached.journal, reached.serial);
        change(&mut claim);
        let mut saying = Saying::new(claim, held.etag.clone());
        let mut asked = Moment::now();
        let mut next = saying.begin();
        loop {
            match next {
                Next::Ask(request) => {
                    if matches!(request, Request::Put { .. }) {
                        asked = Moment::now();
                    }
                    next = saying.next(self.bucket.ask(request).await?);
                }
                Next::Ours { claim, etag } => {
                    *held = Held { claim, etag };
                    self.confirm(Some(asked));
                    return Ok(());
                }
                Next::Others { claim, .. } => {
                    self.confirm(None);
                    return Err(StoreError::Lost { by: Some(claim.holder) });
                }
                Next::Unanswered => return Err(self.bucket.silent(LOCK)),
            }
        }
    }

    /// Whether it is certainly still ours; asks the bucket where that is not known.
    async fn ensure(&self) -> Result<(), StoreError> {
        let confirmed = *self.confirmed.lock().expect("nothing panics while it holds this lock");
        match confirmed {
            None => Err(StoreError::Lost { by: None }),
            Some(moment) if moment.elapsed() < self.bucket.term => Ok(()),
            Some(_) => self.say(|_| ()).await,
        }
    }

    fn confirm(&self, moment: Option<Moment>) {
        *self.confirmed.lock().expect("nothing panics while it holds this lock") = moment;
    }
}

impl Lease {
    /// Takes the lock. Whoever holds it and is still heard of keeps it; for one that may be gone,
    /// this waits.
    pub(super) async fn take(
        bucket: &Arc<Bucket>,
        holder: &Holder,
        tell: &(dyn Fn(&str) + Sync),
    ) -> Result<Self, StoreError> {
        let mut taking = Taking::new(&nonce()?, holder, bucket.term);
        let mut silent: Option<Claim> = None;
        // Counted from before the first question, so that it ends before anybody else's counting.
        let mut asked = Moment::now();
        let mut next = taking.begin();
        let (claim, etag) = loop {
            match next {
                Next::Ask(request) => {
                    if matches!(request, Request::Put { .. }) {
                        asked = Moment::now();
                    }
                    next = taking.next(bucket.ask(request).await?);
                }
                Next::Ours { claim, etag } => break (claim, etag),
                Next::Others { claim, age } => {
                    match &silent {
                        None => tell(&StoreError::held(&claim.holder, age)),
                        Some(before) if *before != claim => {
                            let holder = Some(claim.holder);
                            return Err(StoreError::Locked { holder, heard: Some(age) });
                        }
                        Some(_) => {}
                    }
                    silent = Some(claim);
                    pause(LOOK).await;
                    next = taking.begin();
                }
                Next::Unanswered => return Err(bucket.silent(LOCK)),
            }
        };
        Ok(Self::holding(bucket, claim, etag, asked))
    }

    /// A lock that is ours, and certainly was when it was asked for.
    fn holding(bucket: &Arc<Bucket>, claim: Claim, etag: Etag, asked: Moment) -> Self {
        let reached =
            Reached { format: claim.format, journal: claim.journal, serial: claim.serial };
        let inner = Arc::new(Inner {
            bucket: Arc::clone(bucket),
            reached: Mutex::new(reached),
            held: Turn::new(Held { claim, etag }),
            confirmed: Mutex::new(Some(asked)),
            beating: Mutex::default(),
        });
        *bucket.taken.lock().expect("nothing panics while it holds this lock") =
            Some(Arc::downgrade(&inner));
        let farewell =
            Arc::new(Farewell { inner: Arc::clone(&inner), over: watch::Sender::new(()) });
        let lease = Self { inner, farewell };
        lease.keep_beating();
        lease
    }

    #[expect(clippy::disallowed_methods, reason = "a holder is heard of at regular times")]
    fn keep_beating(&self) {
        let inner = Arc::downgrade(&self.inner);
        let task = tokio::spawn(async move {
            loop {
                let Some(strong) = inner.upgrade() else { return };
                let beat = strong.bucket.term / BEATS;
                drop(strong);
                tokio::time::sleep(beat).await;
                let Some(inner) = inner.upgrade() else { return };
                // What is wrong shows when the lease is needed; a bucket that is away may come back.
                if let Err(StoreError::Lost { .. }) = inner.say(|_| ()).await {
                    return;
                }
            }
        });
        *self.inner.beating.lock().expect("nothing panics while it holds this lock") = Some(task);
    }

    /// Whether it is certainly still ours; asks the bucket where that is not known.
    ///
    /// # Errors
    ///
    /// When it is lost, or the bucket does not tell.
    pub async fn ensure(&self) -> Result<(), StoreError> {
        self.inner.ensure().await
    }

    /// When it has been given back.
    pub fn parting(&self) -> Parting {
        Parting(self.farewell.over.subscribe())
    }

    async fn say(&self, change: impl FnOnce(&mut Claim)) -> Result<(), StoreError> {
        self.inner.say(change).await
    }

    pub(super) fn bucket(&self) -> &Arc<Bucket> {
        &self.inner.bucket
    }

    /// What was said last.
    async fn claim(&self) -> Claim {
        self.inner.held.lock().await.claim.clone()
    }

    /// The last record that counts.
    fn has_reached(&self, serial: u64) {
        self.inner.reached.lock().expect("nothing panics while it holds this lock").serial = serial;
    }

    /// Says that the journal is a chain that begins with this number.
    async fn begin_chain(&self, number: u64) -> Result<(), StoreError> {
        {
            let mut reached =
                self.inner.reached.lock().expect("nothing panics while it holds this lock");
            (reached.format, reached.journal) = (FORMAT, number);
        }
        self.say(|_| ()).await
    }

    /// It is another's: who has it now, as far as the bucket tells.
    async fn lost(&self) -> StoreError {
        self.inner.confirm(None);
        let nonce = self.claim().await.nonce;
        let claim = self.bucket().claim().await.ok().flatten();
        StoreError::Lost { by: claim.filter(|it| it.nonce != nonce).map(|claim| claim.holder) }
    }
}

impl Guard for Lease {
    fn admit<'a>(
        &'a self,
        action: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>> {
        Box::pin(async move {
            let refused = |error: StoreError| Fault {
                code: "NoLock".to_owned(),
                ..Fault::invalid(action, format!("the call was not made: {}", chain(&error)))
            };
            self.ensure().await.map_err(refused)
        })
    }
}

impl Bucket {
    async fn ask(&self, request: Request) -> Result<Answer, StoreError> {
        let lost = |fault: Fault, attempt| match again(&fault) {
            true => Ok(Answer::Lost),
            false => Err(self.failed(attempt, LOCK, fault)),
        };
        let answer = match request {
            Request::Get => match self.get(LOCK).await {
                Ok(None) => Answer::Absent,
                Ok(Some(object)) => {
                    let claim = self.claimed(&object.bytes)?;
                    Answer::Found { claim, etag: object.etag, age: object.age }
                }
                Err(fault) => lost(fault, "read")?,
            },
            Request::Put { claim, over } => {
                let over = over.map_or(Over::Nothing, Over::Version);
                let text = serde_json::to_string(&claim).unwrap_or_default();
                match self.put(LOCK, text.as_bytes(), Some(&over)).await {
                    Put::Written(etag) => Answer::Written { etag },
                    Put::Refused => Answer::Refused,
                    Put::Unanswered(fault) => lost(fault, "write")?,
                }
            }
        };
        if answer == Answer::Lost {
            backoff(1).await;
        }
        Ok(answer)
    }

    fn silent(&self, name: &str) -> StoreError {
        let fault = Fault::invalid("s3:PutObject", "the bucket does not answer");
        self.failed("write", name, Fault { kind: FaultKind::Uncertain, ..fault })
    }
}

/// Whether nothing is known of what was asked.
fn again(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Uncertain | FaultKind::Throttled | FaultKind::Concurrent)
}

async fn backoff(tries: u32) {
    pause(Duration::from_millis(100) * 2_u32.pow(tries.min(5))).await;
}

#[expect(clippy::disallowed_methods, reason = "what is not answered is asked again a little later")]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

fn nonce() -> Result<String, StoreError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Io {
        attempt: "draw a name for",
        place: LOCK.to_owned(),
        source: std::io::Error::other(error.to_string()),
    })?;
    Ok(crate::value::hex(&bytes))
}

fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

fn is_absent<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    matches!(code, Some("NoSuchKey" | "NotFound"))
}

//! The journal in a bucket: read, begun by a new holder, added to, made part of the snapshot.
//!
//! What cost it has is requests: each batch of records is one, and what is read or removed is so many
//! at a time.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::super::lease::Claim;
use super::super::lease::chain::{Adding, Answer, Link, Next, Request};
use super::super::{Bodies, StoreError, may_stay};
use super::{Bucket, Lease, Object, Over, Put, again, backoff};
use crate::journal::{body, sequence, summed};

/// How many objects are read or removed at once.
const AT_ONCE: usize = 16;

/// How many objects a journal may have beside a small snapshot, and for how many bytes of a large one
/// there may be another: reading all of them is not to take much longer than reading the snapshot.
const FEW: u64 = 64;
const BYTES_FOR_ONE: u64 = 16 * 1024;

/// What the first line of an object says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    epoch: u64,
}

fn name_of(number: u64) -> String {
    format!("journal/{number:020}")
}

/// Which number of the chain an object has; `None` before format 3.
pub(super) fn number_of(name: &str) -> Option<u64> {
    name.strip_prefix("journal/")?.parse().ok()
}

/// Which epoch's journal an object belongs to before format 3: `journal/<epoch>/<sequence>`.
pub(super) fn epoch_of(name: &str) -> Option<u64> {
    name.strip_prefix("journal/")?.split_once('/')?.0.parse().ok()
}

fn written(link: &Link) -> String {
    let head = serde_json::to_string(&Head { epoch: link.epoch }).unwrap_or_default();
    summed(&head) + &link.lines
}

/// What stands in an object of the chain, unless it is no such thing.
pub(super) fn parsed(bytes: &[u8]) -> Option<Link> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, lines) = text.split_once('\n')?;
    let head: Head = serde_json::from_str(body(head)?).ok()?;
    Some(Link { epoch: head.epoch, lines: lines.to_owned() })
}

impl Bucket {
    /// The records that count.
    pub(in crate::state::store) async fn journal(self: &Arc<Self>) -> Result<Bodies, StoreError> {
        match self.claim().await? {
            Some(claim) if !claim.is_chained() => self.unchained(&claim).await,
            claim => {
                let from = claim.map_or(0, |claim| claim.journal);
                let names = self.chain(from).await?.into_iter().map(name_of).collect();
                // One that was removed since it was listed: a run has ended, and who reads sees
                // that next.
                let links = self.links(names).await?;
                self.bodies(&links, u64::MAX)
            }
        }
    }

    /// The records that count, as before format 3: those of one epoch, as far as the lock says.
    async fn unchained(self: &Arc<Self>, claim: &Claim) -> Result<Bodies, StoreError> {
        let names = self.objects(&format!("journal/{:020}/", claim.journal)).await?;
        let objects = self.read_all(names).await?;
        let texts = objects.into_iter().map(|object| String::from_utf8(object.bytes));
        let texts: Vec<String> = texts.collect::<Result<_, _>>().map_err(|_| self.damaged())?;
        self.bodies(&texts, claim.serial)
    }

    fn bodies(&self, texts: &[String], last: u64) -> Result<Bodies, StoreError> {
        let mut bodies = Vec::new();
        for line in texts.iter().flat_map(|text| text.lines()) {
            let numbered = body(line).and_then(|body| Some((sequence(body)?, body)));
            let Some((sequence, body)) = numbered else {
                return Err(self.damaged());
            };
            if sequence <= last {
                bodies.push(body.to_owned());
            }
        }
        Ok(Bodies { bodies, whole: 0 })
    }

    /// The numbers of the chain that there are, from one on.
    async fn chain(&self, from: u64) -> Result<Vec<u64>, StoreError> {
        let names = self.objects("journal/").await?;
        Ok(names.iter().filter_map(|name| number_of(name)).filter(|it| *it >= from).collect())
    }

    /// The lines of some objects of the chain.
    async fn links(self: &Arc<Self>, names: Vec<String>) -> Result<Vec<String>, StoreError> {
        let objects = self.read_all(names).await?;
        let links = objects.into_iter().map(|object| parsed(&object.bytes));
        let lines: Option<Vec<String>> = links.map(|link| link.map(|link| link.lines)).collect();
        lines.ok_or_else(|| self.damaged())
    }

    fn damaged(&self) -> StoreError {
        StoreError::Damaged { place: self.journal_place(), line: None }
    }

    /// What there is of some objects, in their order.
    async fn read_all(self: &Arc<Self>, names: Vec<String>) -> Result<Vec<Object>, StoreError> {
        let mut found = Vec::with_capacity(names.len());
        for few in names.chunks(AT_ONCE) {
            let mut reading = JoinSet::new();
            for (at, name) in few.iter().enumerate() {
                let (bucket, name) = (Arc::clone(self), name.clone());
                reading.spawn(async move { (at, bucket.read(&name).await) });
            }
            let mut read = Vec::with_capacity(few.len());
            while let Some(Ok((at, object))) = reading.join_next().await {
                read.push((at, object?));
            }
            read.sort_by_key(|(at, _)| *at);
            found.extend(read.into_iter().filter_map(|(_, object)| object));
        }
        Ok(found)
    }

    /// Removes the records before one of the chain, and all that are in none.
    pub async fn remove_journal(self: &Arc<Self>, before: u64) -> Result<(), StoreError> {
        let names = self.objects("journal/").await?;
        let is_old = |name: &String| number_of(name).is_none_or(|number| number < before);
        let old: Vec<String> = names.into_iter().filter(is_old).collect();
        for few in old.chunks(AT_ONCE) {
            let mut removing = JoinSet::new();
            for name in few {
                let (bucket, name) = (Arc::clone(self), name.clone());
                removing.spawn(async move { bucket.remove(&name).await });
            }
            while let Some(Ok(removed)) = removing.join_next().await {
                removed?;
            }
        }
        Ok(())
    }

    async fn ask_chain(&self, request: Request) -> Result<Answer, StoreError> {
        let (name, attempt, fault) = match request {
            Request::Make { number, link } => {
                let name = name_of(number);
                self.admitted().await?;
                match self.put(&name, written(&link).as_bytes(), Some(&Over::Nothing)).await {
                    Put::Written(_) => return Ok(Answer::Made),
                    Put::Refused => return Ok(Answer::Taken),
                    Put::Unanswered(fault) => (name, "write", fault),
                }
            }
            Request::Get { number } => {
                let name = name_of(number);
                match self.get(&name).await {
                    Ok(None) => return Ok(Answer::Absent),
                    Ok(Some(object)) => {
                        let found = parsed(&object.bytes).map(Answer::Found);
                        return found.ok_or_else(|| self.damaged());
                    }
                    Err(fault) => (name, "read", fault),
                }
            }
        };
        match again(&fault) {
            true => Ok(Answer::Lost),
            false => Err(self.failed(attempt, &name, fault)),
        }
    }

    /// Adds to the chain; returns the number under which it stands.
    async fn add(&self, mut adding: Adding) -> Result<Option<u64>, StoreError> {
        let mut next = adding.begin();
        let mut lost = 0;
        loop {
            match next {
                Next::Ask(request) => {
                    let answer = self.ask_chain(request).await?;
                    if matches!(answer, Answer::Lost | Answer::Absent) {
                        lost += 1;
                        backoff(lost).await;
                    }
                    next = adding.next(answer);
                }
                Next::Ours { number } => return Ok(Some(number)),
                Next::Others => return Ok(None),
                Next::Unanswered => return Err(self.silent("journal")),
            }
        }
    }
}

/// What a run leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Empty,
    Owning,
}

/// The journal of one holder.
#[derive(Debug)]
pub struct BucketJournal {
    lease: Lease,
    epoch: u64,
    /// The number of what is added next.
    next: u64,
    /// How much there is since the snapshot.
    links: u64,
    bytes: u64,
    /// What was sent and not heard of, with its last record: it may be there.
    unheard: Option<(Link, u64)>,
}

impl BucketJournal {
    /// Begins the journal of a holder, after all that others have added; returns what counts of that.
    pub async fn open(lease: &Lease) -> Result<(Self, Bodies), StoreError> {
        let bucket = lease.bucket();
        let claim = lease.claim().await;
        let mut journal = Self {
            lease: lease.clone(),
            epoch: claim.epoch,
            next: 1,
            links: 0,
            bytes: 0,
            unheard: None,
        };
        if !claim.is_chained() {
            return Ok((journal, bucket.unchained(&claim).await?));
        }
        let there = bucket.chain(claim.journal).await?;
        let after = there.last().map_or(claim.journal, |last| last + 1);
        let names = there.into_iter().map(name_of).collect();
        let (fence, links) =
            tokio::join!(lease.add(Adding::fence(after, claim.epoch)), bucket.links(names));
        let (fence, mut links) = (fence?, links?);
        // What a predecessor has added since it was listed.
        links.extend(bucket.links((after..fence).map(name_of).collect()).await?);
        journal.next = fence + 1;
        journal.links = links.len() as u64 + 1;
        journal.bytes = links.iter().map(|lines| lines.len() as u64).sum();
        let bodies = bucket.bodies(&links, u64::MAX)?;
        Ok((journal, bodies))
    }

    /// The state is read: this is the last record that counts.
    pub fn begins_after(&self, serial: u64) {
        self.lease.has_reached(serial);
    }

    /// Whether the snapshot has to take in what was read before the journal can be added to.
    pub async fn is_of_older_format(&self) -> bool {
        !self.lease.claim().await.is_chained()
    }

    /// From here on records are a chain; all before is in the snapshot.
    pub async fn begin_chain(&self) -> Result<(), StoreError> {
        self.lease.begin_chain(self.next).await
    }

    /// Makes records durable; they count from then on.
    pub async fn append(&mut self, last: u64, lines: &str) -> Result<(), StoreError> {
        let link = Link { epoch: self.epoch, lines: lines.to_owned() };
        self.unheard = Some((link, last));
        self.settle().await
    }

    /// Makes certain of what was sent and not heard of, before anything comes after it.
    pub async fn settle(&mut self) -> Result<(), StoreError> {
        let Some((link, last)) = &self.unheard else { return Ok(()) };
        self.lease.add(Adding::records(self.next, link.clone())).await?;
        self.lease.has_reached(*last);
        self.next += 1;
        self.links += 1;
        self.bytes += link.lines.len() as u64;
        self.unheard = None;
        Ok(())
    }

    /// Whether it may stay beside the snapshot when its run ends.
    pub fn may_stay(&self) -> bool {
        let snapshot = self.lease.bucket().snapshot_length();
        may_stay(self.bytes, snapshot) && self.links < FEW + snapshot / BYTES_FOR_ONE
    }

    /// The journal is part of the snapshot now, and leads there from the one before; what led to
    /// that goes. What comes after a state that owns nothing may begin anew.
    pub async fn retire(self, ends: Ends) -> Result<(), StoreError> {
        if ends == Ends::Empty {
            self.lease.has_reached(0);
        }
        let before = self.lease.claim().await.journal;
        let removing = self.lease.bucket().remove_journal(before);
        tokio::try_join!(self.lease.begin_chain(self.next), removing).map(drop)
    }
}

impl Lease {
    /// Adds to the chain, certainly as the holder: who knows that it may have lost the lock adds nothing.
    async fn add(&self, adding: Adding) -> Result<u64, StoreError> {
        match self.bucket().add(adding).await? {
            // Who has lost the lock may find a number free again that was taken from it.
            Some(number) => self.ensure().await.map(|()| number),
            None => Err(self.lost().await),
        }
    }

    /// Nothing of the chain counts any more that was added before now.
    pub async fn restart_chain(&self) -> Result<(), StoreError> {
        let begin = self.claim().await.journal;
        let last = self.bucket().chain(0).await?.last().copied();
        self.begin_chain(last.map_or(begin, |last| begin.max(last + 1))).await
    }
}

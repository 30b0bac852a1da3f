//! What is kept of a state, looked at piece by piece: what is wrong with it, and what can be made
//! good without guessing.
//!
//! A snapshot is made again only where that is certain: from the one before it, and a journal
//! without gaps that ends where the lost one stood. In a bucket the lock says where that is; in a
//! directory it is after the end of a run, or where the journal of the next one goes on.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::{Home, Lock, Loss, Store, StoreError};
use crate::aws::chain;
use crate::journal::{Event, Record, body, replay, sequence};
use crate::state::State;

/// What was found.
#[derive(Debug)]
pub struct Examined {
    /// The state, as far as there is a sound one.
    pub state: Option<State>,
    pub findings: Vec<Finding>,
    /// Why something was not read that may be sound all the same: nothing is certain without it.
    pub withheld: Option<StoreError>,
    mends: Vec<Mend>,
}

impl Examined {
    /// What `repair` would do.
    pub fn mends(&self) -> impl Iterator<Item = String> {
        self.mends.iter().map(ToString::to_string)
    }
}

/// Something that is wrong with what is kept of a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub what: What,
    pub place: String,
    pub text: String,
    /// What to do.
    pub hint: String,
    pub repairable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The snapshot is gone, and what leads to it is there.
    NoSnapshot,
    /// The snapshot cannot be read, or not by this version or with these keys.
    Unreadable,
    /// The snapshot breaks a law.
    Unsound,
    /// The end of the journal is a write that never ended.
    TornTail,
    /// A line of the journal is not what was written.
    Damaged,
    /// A record of the journal cannot be read, or not by this version or with these keys.
    UnreadRecord,
    /// Records are missing.
    Gap,
    /// A record cannot follow what is before it.
    Contradiction,
    /// The lock says that more, or less, counts than there is.
    Uncounted,
    /// A file that a killed run left.
    Stray,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoSnapshot => "no-snapshot",
            Self::Unreadable => "unreadable",
            Self::Unsound => "unsound",
            Self::TornTail => "torn-tail",
            Self::Damaged => "damaged",
            Self::UnreadRecord => "unread-record",
            Self::Gap => "gap",
            Self::Contradiction => "contradiction",
            Self::Uncounted => "uncounted",
            Self::Stray => "stray",
        })
    }
}

/// What can be made good.
#[derive(Debug)]
enum Mend {
    /// The journal ends after this much of it.
    Cut {
        whole: u64,
        torn: u64,
        why: &'static str,
    },
    Restore(Box<State>),
    Remove(String),
}

impl fmt::Display for Mend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { torn, why, .. } => write!(f, "cut {torn} bytes off the journal: {why}"),
            Self::Restore(state) => write!(
                f,
                "write the snapshot anew, as of serial {}: the one before it with its journal",
                state.serial
            ),
            Self::Remove(name) => write!(f, "take `{name}` away: a write that never ended"),
        }
    }
}

/// All that is kept, as it lies there.
#[derive(Debug, Default)]
pub(super) struct Remains {
    pub snapshot: Option<Vec<u8>>,
    pub previous: Option<Vec<u8>>,
    /// In their order.
    pub pieces: Vec<Piece>,
    /// What the lock says of the last record that counts.
    pub counted: Option<Counted>,
    /// What a killed run left half-written.
    pub stray: Vec<String>,
}

/// What a lock says of the last record that counts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counted {
    /// Before format 3: none after this one does.
    Exactly(u64),
    /// It was this one when the holder was heard of last.
    AtLeast(u64),
}

impl Counted {
    fn includes(self, sequence: u64) -> bool {
        match self {
            Self::Exactly(last) => sequence <= last,
            Self::AtLeast(_) => true,
        }
    }

    fn ends_at(self, serial: u64) -> bool {
        match self {
            Self::Exactly(last) => serial == last,
            Self::AtLeast(last) => serial >= last,
        }
    }

    fn last(self) -> u64 {
        match self {
            Self::Exactly(last) | Self::AtLeast(last) => last,
        }
    }
}

/// A part of a journal.
#[derive(Debug)]
pub(super) struct Piece {
    pub place: String,
    pub part: Part,
    /// Where it comes in their order: of two records with one number that of the later piece counts.
    pub rank: (u8, u64),
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// It leads from the snapshot before to the snapshot.
    Previous,
    /// It begins where the snapshot ends.
    Current,
}

const LOST: &str = "restore it from a backup or from an older version of it, or make it again from \
                    what is there, with `cairn state rebuild`";
const REPAIR: &str = "`cairn state repair` mends it";
const CUT: &str = "restore it from a backup, or let `cairn state repair` cut that line off: it keeps a copy, and what \
                   the line said, if it counted, is not known any more, so look at what is there before the next deploy";
const NEVER_COUNTED: &str = "a record that never counted";
const UNREADABLE: &str = "a record that says nothing any more, and may have counted";

/// Where a line stands that is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It has no end: the write of it never ended.
    Torn,
    /// It is the last.
    Last,
    /// Others follow.
    Before,
}

fn finding(what: What, place: &str, text: impl Into<String>, hint: &str) -> Finding {
    let (place, hint) = (place.to_owned(), hint.to_owned());
    Finding { what, place, text: text.into(), hint, repairable: hint_repairs(what) }
}

/// What is always safe to mend; a snapshot is judged by itself.
fn hint_repairs(what: What) -> bool {
    matches!(what, What::TornTail | What::Stray)
}

/// What was found in the place of a snapshot.
enum Looked {
    Sound(Box<State>),
    /// There is none, or it says nothing any more.
    Gone,
    /// It may be sound: it is for a newer version, for other keys, or for another moment.
    Withheld(StoreError),
}

/// The records of a journal, and what is wrong with them.
#[derive(Default)]
struct Read {
    records: Vec<((u8, u64), Record)>,
    findings: Vec<Finding>,
    cut: Option<Mend>,
}

impl Store {
    /// Looks at all that is kept. Nothing is changed.
    ///
    /// # Errors
    ///
    /// When it cannot be looked at.
    pub async fn examine(&self) -> Result<Examined, StoreError> {
        let remains = match &self.home {
            Home::Directory(directory) => directory.remains()?,
            Home::Bucket(bucket) => bucket.remains().await?,
        };
        let (mut findings, mut mends) = (Vec::new(), Vec::new());
        let snapshot = match self.look_at_snapshot(&remains, &mut findings).await {
            Looked::Sound(state) => Some(*state),
            Looked::Gone => None,
            // What it and its journal are can only be judged by whoever can read it.
            Looked::Withheld(error) => {
                return Ok(Examined { state: None, findings, withheld: Some(error), mends });
            }
        };
        // A journal is bound to the lineage of its state.
        let (previous, withheld) = match &remains.previous {
            Some(bytes) => match self.snapshot_of(bytes).await {
                Ok(state) => (Some(state), None),
                Err(error) => (None, Some(error).filter(|it| it.loss() != Loss::Lost)),
            },
            None => (None, None),
        };
        // Where the snapshot is there, nothing depends on the one before it.
        if let Some(error) = withheld.filter(|_| snapshot.is_none()) {
            let text = format!("the one before it: {}", chain(&error));
            let hint = error.hints().join("; ");
            findings.push(finding(What::Unreadable, &self.snapshot_place(), text, &hint));
            return Ok(Examined { state: None, findings, withheld: Some(error), mends });
        }
        let lineage = snapshot.as_ref().or(previous.as_ref()).map(|state| state.lineage.clone());
        let mut current = self.look_at_journal(&remains, Part::Current, lineage.as_deref()).await;
        mends.extend(current.cut.take());
        findings.append(&mut current.findings);
        let has_snapshot = snapshot.is_some();
        let records: Vec<Record> =
            current.records.iter().map(|(_, record)| record.clone()).collect();
        let mut state = snapshot
            .and_then(|snapshot| self.look_at_replay(&remains, snapshot, &records, &mut findings));
        if !has_snapshot && (remains.snapshot.is_some() || !findings.is_empty()) {
            let earlier = self.look_at_journal(&remains, Part::Previous, lineage.as_deref()).await;
            state = previous.and_then(|previous| restored(&remains, previous, earlier, current));
            if let Some(state) = &state {
                mends.push(Mend::Restore(Box::new(state.clone())));
                self.is_repairable(&mut findings);
            }
        }
        for name in &remains.stray {
            let text = "a killed run left it half-written";
            findings.push(finding(What::Stray, name, text, REPAIR));
            mends.push(Mend::Remove(name.clone()));
        }
        Ok(Examined { state, findings, withheld: None, mends })
    }

    /// What is wrong with the snapshot can be made good.
    fn is_repairable(&self, findings: &mut [Finding]) {
        for one in findings.iter_mut().filter(|one| one.place == self.snapshot_place()) {
            one.repairable = true;
            REPAIR.clone_into(&mut one.hint);
        }
    }

    async fn snapshot_of(&self, bytes: &[u8]) -> Result<State, StoreError> {
        let place = self.snapshot_place();
        let text = std::str::from_utf8(bytes).map_err(|error| StoreError::Unreadable {
            place: place.clone(),
            source: serde::de::Error::custom(error),
        })?;
        let state = self.seals.snapshot(&place, text).await?;
        self.lawful(state)
    }

    async fn look_at_snapshot(&self, remains: &Remains, findings: &mut Vec<Finding>) -> Looked {
        let place = self.snapshot_place();
        let Some(bytes) = &remains.snapshot else {
            if remains.previous.is_some() || !remains.pieces.is_empty() {
                let text = "the snapshot is gone, and what leads to it is still there";
                findings.push(finding(What::NoSnapshot, &place, text, LOST));
            }
            return Looked::Gone;
        };
        if std::str::from_utf8(bytes).is_err() {
            findings.push(finding(What::Unreadable, &place, "it is not UTF-8 text", LOST));
            return Looked::Gone;
        }
        match self.snapshot_of(bytes).await {
            Ok(state) => Looked::Sound(Box::new(state)),
            Err(StoreError::Unsound { violations, .. }) => {
                let each = violations.iter().map(ToString::to_string);
                findings.extend(each.map(|text| finding(What::Unsound, &place, text, LOST)));
                Looked::Gone
            }
            Err(error) if error.loss() == Loss::Lost => {
                findings.push(finding(What::Unreadable, &place, chain(&error), LOST));
                Looked::Gone
            }
            Err(error) => {
                let hint = error.hints().join("; ");
                findings.push(finding(What::Unreadable, &place, chain(&error), &hint));
                Looked::Withheld(error)
            }
        }
    }

    /// The whole lines of a part of the journal that count.
    async fn look_at_journal(&self, remains: &Remains, part: Part, lineage: Option<&str>) -> Read {
        let mut read = Read::default();
        for piece in remains.pieces.iter().filter(|piece| piece.part == part) {
            let mut at = 0;
            for (number, line) in piece.bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
                let begin = at;
                at += line.len();
                let text = std::str::from_utf8(line).ok().and_then(|text| text.strip_suffix('\n'));
                let Some(body) = text.and_then(body) else {
                    let end = match (line.ends_with(b"\n"), at == piece.bytes.len()) {
                        (false, _) => End::Torn,
                        (true, true) => End::Last,
                        (true, false) => End::Before,
                    };
                    read.unfit(remains, piece, number, begin as u64, end);
                    break;
                };
                let is_past =
                    |counted: Counted| sequence(body).is_some_and(|it| !counted.includes(it));
                if remains.counted.is_some_and(is_past) {
                    continue;
                }
                match self.seals.record(&piece.place, lineage.unwrap_or_default(), body).await {
                    Ok(record) => read.records.push((piece.rank, record)),
                    Err(error) => {
                        let hint = error.hints().join("; ");
                        let text = format!("line {}: {}", number + 1, chain(&error));
                        read.findings.push(finding(What::UnreadRecord, &piece.place, text, &hint));
                        break;
                    }
                }
            }
        }
        read
    }

    /// The state with its journal, if that fits it.
    fn look_at_replay(
        &self,
        remains: &Remains,
        snapshot: State,
        records: &[Record],
        findings: &mut Vec<Finding>,
    ) -> Option<State> {
        let place = self.journal_place();
        let mut last = snapshot.serial;
        for record in records.iter().filter(|record| record.sequence > snapshot.serial) {
            if record.sequence != last + 1 {
                let text = format!("record {} comes after {last}", record.sequence);
                findings.push(finding(What::Gap, &place, text, LOST));
                return None;
            }
            last = record.sequence;
        }
        let state = match replay(snapshot, records) {
            Ok(state) => state,
            Err(illegal) => {
                findings.push(finding(What::Contradiction, &place, illegal.to_string(), LOST));
                return None;
            }
        };
        let violations = state.violations();
        let each = violations.iter().map(ToString::to_string);
        findings.extend(each.map(|text| finding(What::Unsound, &place, text, LOST)));
        if let Some(counted) = remains.counted.filter(|it| !it.ends_at(state.serial)) {
            let text = format!(
                "the lock says that record {} is the last that counts, and {} is",
                counted.last(),
                state.serial
            );
            findings.push(finding(What::Uncounted, &place, text, LOST));
        }
        violations.is_empty().then_some(state)
    }

    /// Makes good what can be, and says what it did. A copy of what it changes is kept beside it.
    ///
    /// # Errors
    ///
    /// When something cannot be written.
    pub async fn repair(&self, lock: &Lock, at: &str) -> Result<Vec<String>, StoreError> {
        let mut done = Vec::new();
        let held = self.under(lock)?;
        let examined = held.examine().await?;
        for mend in &examined.mends {
            let kept = held.mend(lock, mend, &format!("repaired-{}", at.replace(':', ""))).await?;
            done.push(format!("{mend}; what was there is in `{kept}`"));
        }
        Ok(done)
    }

    async fn mend(&self, lock: &Lock, mend: &Mend, keep: &str) -> Result<String, StoreError> {
        if let Some(lease) = lock.lease() {
            lease.ensure().await?;
        }
        match (&self.home, mend) {
            (Home::Directory(directory), Mend::Cut { whole, .. }) => {
                let kept = directory.keep_copy("journal.jsonl", keep)?;
                drop(directory.open_journal(*whole)?);
                Ok(kept)
            }
            (Home::Directory(directory), Mend::Remove(name)) => directory.put_away(name, keep),
            (Home::Directory(directory), Mend::Restore(state)) => {
                let kept = directory.keep_copy("state.json", keep)?;
                let pen = self.seals.pen(&self.snapshot_place(), &state.lineage).await?;
                directory.write_snapshot(&self.text(&pen, state)?)?;
                Ok(kept)
            }
            (Home::Bucket(bucket), Mend::Restore(state)) => {
                let kept = bucket.keep_copy("state.json", keep).await?;
                let pen = self.seals.pen(&self.snapshot_place(), &state.lineage).await?;
                let text = self.text(&pen, state)?;
                // What stands there now is what is replaced, whatever it is.
                bucket.look().await?;
                bucket.write_snapshot(&text).await?;
                Ok(kept)
            }
            // A bucket has no torn tails: an object is whole, or not there.
            (Home::Bucket(bucket), Mend::Cut { .. } | Mend::Remove(_)) => Ok(bucket.place()),
        }
    }
}

impl Read {
    /// A line that is not what was written.
    fn unfit(&mut self, remains: &Remains, piece: &Piece, line: usize, begin: u64, end: End) {
        let rest = piece.bytes.len() as u64 - begin;
        // Only what is appended to can be torn, and only there a last line can be done without.
        let is_tail = remains.counted.is_none() && piece.part == Part::Current;
        let (what, text, hint) = match end {
            End::Torn if is_tail => {
                let text = format!("its last {rest} bytes are a record that was never whole");
                (What::TornTail, text, REPAIR)
            }
            End::Last if is_tail => (What::Damaged, not_written(line), CUT),
            _ => (What::Damaged, not_written(line), LOST),
        };
        let mut found = finding(what, &piece.place, text, hint);
        self.cut = match (is_tail, end) {
            (true, End::Torn) => Some(Mend::Cut { whole: begin, torn: rest, why: NEVER_COUNTED }),
            (true, End::Last) => Some(Mend::Cut { whole: begin, torn: rest, why: UNREADABLE }),
            _ => None,
        };
        found.repairable = self.cut.is_some();
        self.findings.push(found);
    }
}

fn not_written(line: usize) -> String {
    format!("line {} is not what was written", line + 1)
}

/// The state that was lost, where it is certain that it was this one.
fn restored(remains: &Remains, previous: State, earlier: Read, current: Read) -> Option<State> {
    if !earlier.findings.is_empty() {
        return None;
    }
    let goes_on = !current.records.is_empty();
    // Of two records with one number, only that of the later holder counted.
    let mut by_number = BTreeMap::new();
    for (rank, record) in earlier.records.into_iter().chain(current.records) {
        let before = by_number.insert(record.sequence, (rank, record));
        if let Some((other, record)) = before.filter(|(other, _)| *other > rank) {
            by_number.insert(record.sequence, (other, record));
        }
    }
    let records: Vec<Record> = by_number.into_values().map(|(_, record)| record).collect();
    let is_ended = records.last().is_some_and(|record| record.event == Event::Closed);
    let state = replay(previous, &records).ok()?;
    let is_certain = match remains.counted {
        Some(counted) => counted.ends_at(state.serial),
        None => is_ended || goes_on,
    };
    (is_certain && state.violations().is_empty()).then_some(state)
}

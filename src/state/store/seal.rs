//! What is written, closed to whoever has not the key.
//!
//! Each run draws a data key, and everything it writes carries that key, wrapped: by a passphrase,
//! by a key, or by KMS. What a passphrase is made into takes its time, so a run wraps by the salt that
//! it has read with. So every snapshot and every record can be opened on its own, and a record
//! costs no more than itself and a line. What is sealed is bound to its place: the environment and
//! stack, the lineage, and the serial or the number in the journal. Moved anywhere else it does not
//! open.

mod keys;
mod wrap;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::sync::OnceCell;

pub use keys::{Keys, Kind};

use super::StoreError;
use crate::aws::Asset;
use crate::journal::{Record, encode, summed};
use crate::state::{FORMAT, State};
use keys::Outer;
use wrap::{Cipher, DataKey, Wrapped};

/// How the states of one stack are written, and which are read.
pub struct Seals {
    /// Environment and stack.
    scope: String,
    /// What is written is sealed with these, or in clear.
    own: Option<Keys>,
    /// What may be read besides.
    others: Others,
    drawn: OnceCell<Arc<DataKey>>,
    opened: Mutex<HashMap<String, Arc<Cipher>>>,
    /// What the passphrase was made into, by each salt that has opened something.
    outers: Mutex<Vec<Arc<Outer>>>,
}

/// What may be read besides what this environment writes.
#[derive(Debug)]
pub enum Others {
    Nothing,
    /// All that these open, and what is in clear: for whoever writes it anew.
    Anything(Vec<Keys>),
}

impl fmt::Debug for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {:?}", self.scope, self.own)
    }
}

/// A snapshot that is sealed. The format stands where it stands in others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedSnapshot {
    format: u32,
    serial: u64,
    lineage: String,
    key: Wrapped,
    sealed: String,
}

/// A record that is sealed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedRecord {
    sequence: u64,
    key: Wrapped,
    sealed: String,
}

/// Code that is sealed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedCode {
    key: Wrapped,
    sealed: String,
}

impl Seals {
    /// `scope` is the environment and the stack.
    pub fn new(scope: &str, own: Option<Keys>, others: Others) -> Self {
        Self {
            scope: scope.to_owned(),
            own,
            others,
            drawn: OnceCell::new(),
            opened: Mutex::default(),
            outers: Mutex::default(),
        }
    }

    /// What writes the snapshots and records of one state.
    pub(super) async fn pen(&self, place: &str, lineage: &str) -> Result<Pen, StoreError> {
        let Some(keys) = &self.own else { return Ok(Pen { seal: None }) };
        let draw = || async {
            let outer = self.outer(keys.kind(), Outer::is_strong);
            let (key, outer) = keys.draw(&self.scope, place, outer).await?;
            self.keep_outer(keys.kind(), outer);
            Ok(Arc::new(key))
        };
        let key = Arc::clone(self.drawn.get_or_try_init(draw).await?);
        let (scope, lineage) = (self.scope.clone(), lineage.to_owned());
        Ok(Pen { seal: Some(Seal { key, scope, lineage }) })
    }

    /// A snapshot, whichever way it was written.
    pub(super) async fn snapshot(&self, place: &str, text: &str) -> Result<State, StoreError> {
        /// What is asked before the rest: a large state is parsed once only, into what it is.
        #[derive(Deserialize)]
        struct Head {
            #[serde(default)]
            format: u64,
            sealed: Option<serde::de::IgnoredAny>,
        }
        let unreadable = |source| StoreError::Unreadable { place: place.to_owned(), source };
        let head: Head = serde_json::from_str(text).map_err(unreadable)?;
        // Before anything is asked of the rest: a newer format may have it otherwise.
        if head.format > u64::from(FORMAT) {
            return Err(StoreError::Newer { place: place.to_owned(), format: head.format });
        }
        if head.sealed.is_none() && head.format == u64::from(FORMAT) {
            self.check_clear(place)?;
            return serde_json::from_str(text).map_err(unreadable);
        }
        let json: Json = serde_json::from_str(text).map_err(unreadable)?;
        let json = match json.get("sealed") {
            None => {
                self.check_clear(place)?;
                json
            }
            Some(_) => {
                let outer: SealedSnapshot = serde_json::from_value(json).map_err(unreadable)?;
                let SealedSnapshot { serial, lineage, key, sealed, .. } = outer;
                let bound = bound_snapshot(&self.scope, &lineage, serial);
                let text = self.open(place, &key, &bound, &sealed).await?;
                serde_json::from_slice(&text).map_err(unreadable)?
            }
        };
        State::from_json(json).map_err(|error| StoreError::of_format(place, error))
    }

    /// A record of the journal, whichever way it was written.
    pub(super) async fn record(
        &self,
        place: &str,
        lineage: &str,
        body: &str,
    ) -> Result<Record, StoreError> {
        let unreadable = |source| StoreError::Unread { place: place.to_owned(), source };
        let json: Json = serde_json::from_str(body).map_err(unreadable)?;
        if json.get("sealed").is_none() {
            self.check_clear(place)?;
            return serde_json::from_value(json).map_err(unreadable);
        }
        let SealedRecord { sequence, key, sealed } =
            serde_json::from_value(json).map_err(unreadable)?;
        let bound = bound_record(&self.scope, lineage, sequence);
        let text = self.open(place, &key, &bound, &sealed).await?;
        let event = serde_json::from_slice(&text).map_err(unreadable)?;
        Ok(Record { sequence, event })
    }

    /// Code, whichever way it was written.
    pub(super) async fn code(
        &self,
        place: &str,
        lineage: &str,
        sha256: &str,
        bytes: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        // A zip does not begin like JSON.
        if bytes.first() != Some(&b'{') {
            self.check_clear(place)?;
            return Ok(bytes);
        }
        let unreadable = |source| StoreError::Unreadable { place: place.to_owned(), source };
        let SealedCode { key, sealed } = serde_json::from_slice(&bytes).map_err(unreadable)?;
        self.open(place, &key, &bound_code(&self.scope, lineage, sha256), &sealed).await
    }

    /// What is in clear is not believed where it was to be sealed: anybody can have written it.
    fn check_clear(&self, place: &str) -> Result<(), StoreError> {
        match (&self.own, &self.others) {
            (Some(own), Others::Nothing) => {
                Err(StoreError::InClear { place: place.to_owned(), wanted: own.kind() })
            }
            _ => Ok(()),
        }
    }

    async fn open(
        &self,
        place: &str,
        wrapped: &Wrapped,
        bound: &str,
        sealed: &str,
    ) -> Result<Vec<u8>, StoreError> {
        let cipher = self.cipher(place, wrapped).await?;
        let sealed = BASE64_STANDARD.decode(sealed).ok();
        let opened = sealed.and_then(|sealed| cipher.open(bound, sealed));
        opened.ok_or_else(|| StoreError::Altered { place: place.to_owned() })
    }

    /// The data key that was wrapped so, unwrapped once.
    async fn cipher(&self, place: &str, wrapped: &Wrapped) -> Result<Arc<Cipher>, StoreError> {
        let name = wrapped.name();
        if let Some(cipher) = self.known(&name) {
            return Ok(cipher);
        }
        let others = match &self.others {
            Others::Nothing => &[][..],
            Others::Anything(keys) => keys,
        };
        let fitting = self.own.iter().chain(others).find(|keys| keys.kind() == wrapped.kind());
        let Some(keys) = fitting else {
            let (place, kind) = (place.to_owned(), wrapped.kind());
            return Err(StoreError::Sealed { place, kind });
        };
        let outer = match wrapped {
            Wrapped::Passphrase { salt, rounds, .. } => self
                .outer(Kind::Passphrase, |outer| outer.is_of(salt, *rounds))
                .or_else(|| keys.outer(salt, *rounds).map(Arc::new)),
            Wrapped::Key { .. } => keys.outer("", 0).map(Arc::new),
            Wrapped::Kms { .. } => None,
        };
        let cipher = keys.unwrap(&self.scope, place, wrapped, outer.as_deref()).await?;
        let cipher = Arc::new(cipher);
        self.keep_outer(wrapped.kind(), outer);
        let mut known = self.opened.lock().expect("nothing panics while it holds this lock");
        known.insert(name, Arc::clone(&cipher));
        Ok(cipher)
    }

    /// What the passphrase was made into before. There is one passphrase at most: of two that open
    /// the same kind, the own one does.
    fn outer(&self, kind: Kind, fits: impl Fn(&Outer) -> bool) -> Option<Arc<Outer>> {
        let outers = self.outers.lock().expect("nothing panics while it holds this lock");
        let fitting = outers.iter().find(|outer| kind == Kind::Passphrase && fits(outer));
        fitting.map(Arc::clone)
    }

    fn keep_outer(&self, kind: Kind, outer: Option<Arc<Outer>>) {
        let Some(outer) = outer.filter(|_| kind == Kind::Passphrase) else { return };
        let mut outers = self.outers.lock().expect("nothing panics while it holds this lock");
        if !outers.iter().any(|other| Arc::ptr_eq(other, &outer)) {
            outers.push(outer);
        }
    }

    fn known(&self, name: &str) -> Option<Arc<Cipher>> {
        let known = self.opened.lock().expect("nothing panics while it holds this lock");
        known.get(name).map(Arc::clone)
    }
}

/// What writes the snapshots and records of one state.
#[derive(Debug)]
pub struct Pen {
    seal: Option<Seal>,
}

struct Seal {
    key: Arc<DataKey>,
    scope: String,
    lineage: String,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.scope)
    }
}

impl Pen {
    /// The line of a record.
    pub(super) fn line(&self, place: &str, record: &Record) -> Result<String, StoreError> {
        let unwritten = |source| StoreError::Unreadable { place: place.to_owned(), source };
        let Some(seal) = &self.seal else { return encode(record).map_err(unwritten) };
        let text = serde_json::to_vec(&record.event).map_err(unwritten)?;
        let bound = bound_record(&seal.scope, &seal.lineage, record.sequence);
        let sealed = SealedRecord {
            sequence: record.sequence,
            key: seal.key.wrapped.clone(),
            sealed: seal.close(place, &bound, text)?,
        };
        serde_json::to_string(&sealed).map(|body| summed(&body)).map_err(unwritten)
    }

    /// The text of a snapshot.
    pub(super) fn snapshot(&self, place: &str, state: &State) -> Result<String, StoreError> {
        let unwritten = |source| StoreError::Unreadable { place: place.to_owned(), source };
        let text = match &self.seal {
            None => serde_json::to_string_pretty(state),
            Some(seal) => {
                let text = serde_json::to_vec(state).map_err(unwritten)?;
                let bound = bound_snapshot(&seal.scope, &seal.lineage, state.serial);
                serde_json::to_string_pretty(&SealedSnapshot {
                    format: FORMAT,
                    serial: state.serial,
                    lineage: seal.lineage.clone(),
                    key: seal.key.wrapped.clone(),
                    sealed: seal.close(place, &bound, text)?,
                })
            }
        };
        text.map(|text| text + "\n").map_err(unwritten)
    }
}

impl Pen {
    /// The bytes of code.
    pub(super) fn code(&self, place: &str, asset: &Asset) -> Result<Vec<u8>, StoreError> {
        let Some(seal) = &self.seal else { return Ok(asset.bytes().to_vec()) };
        let bound = bound_code(&seal.scope, &seal.lineage, asset.sha256());
        let sealed = seal.close(place, &bound, asset.bytes().to_vec())?;
        let sealed = SealedCode { key: seal.key.wrapped.clone(), sealed };
        serde_json::to_vec(&sealed)
            .map_err(|source| StoreError::Unreadable { place: place.to_owned(), source })
    }
}

impl Seal {
    fn close(&self, place: &str, bound: &str, text: Vec<u8>) -> Result<String, StoreError> {
        let sealed = self.key.cipher.close(bound, text);
        sealed
            .map(|sealed| BASE64_STANDARD.encode(sealed))
            .ok_or_else(|| StoreError::NotSealed { place: place.to_owned() })
    }
}

fn bound_snapshot(scope: &str, lineage: &str, serial: u64) -> String {
    format!("cairn state\n{scope}\n{lineage}\nsnapshot\n{serial}")
}

fn bound_record(scope: &str, lineage: &str, sequence: u64) -> String {
    format!("cairn state\n{scope}\n{lineage}\nrecord\n{sequence}")
}

fn bound_code(scope: &str, lineage: &str, sha256: &str) -> String {
    format!("cairn state\n{scope}\n{lineage}\ncode\n{sha256}")
}

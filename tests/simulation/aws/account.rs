//! An account as plain data: tables of records in AWS's own spelling, and what will happen to them
//! by itself. Keys that begin with `_` are the simulation's own and never told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::simulation::random::Random;

pub const NUMBER: &str = "000000000000";
pub const REGION: &str = "us-east-1";

/// When virtual time begins: 2026-01-01T00:00:00Z.
const EPOCH: u64 = 1_767_225_600;

/// Seconds since 1970, as API Gateway tells a time.
pub fn seconds(time: Time) -> u64 {
    EPOCH + time / SECOND
}

/// As the other services tell it.
pub fn date(time: Time) -> String {
    let seconds = i64::try_from(seconds(time)).expect("before the year 3000");
    jiff::Timestamp::from_second(seconds).expect("before the year 3000").to_string()
}

/// Milliseconds of virtual time.
pub type Time = u64;
pub const SECOND: Time = 1000;
pub const MINUTE: Time = 60 * SECOND;

pub type Record = Map<String, Json>;
pub type Table = BTreeMap<String, Record>;

/// What AWS says no with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: String,
    pub message: String,
}

impl Refusal {
    /// Whether what was named is not known.
    pub fn is_unknown(&self) -> bool {
        self.code.ends_with("NotFound") || self.code == "NoSuchEntity"
    }
}

pub fn refuse<T>(code: &str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status: 400, code: code.to_owned(), message: message.into() })
}

pub type Answer = Result<Json, Refusal>;

/// What happens by itself, later.
#[derive(Debug, Clone)]
pub enum Effect {
    Set { table: &'static str, id: String, key: &'static str, value: Json },
    Remove { table: &'static str, id: String },
}

#[derive(Debug, Clone)]
pub struct Account {
    pub now: Time,
    /// Shared with copies of the account until they differ.
    pub tables: BTreeMap<&'static str, Arc<Table>>,
    /// Answers by client token: the same request again is the same resource.
    tokens: Arc<BTreeMap<String, (Json, Json)>>,
    later: Vec<(Time, Effect)>,
    /// Whether most things take less time than anybody says: each look at one costs time of ours.
    pub is_quick: bool,
    /// How many EC2 tells of at once, where nobody says how many.
    pub page: usize,
    made: u64,
    random: Random,
}

impl Account {
    pub fn new(random: Random) -> Self {
        Self {
            now: 0,
            tables: BTreeMap::new(),
            tokens: Arc::default(),
            later: Vec::new(),
            is_quick: false,
            page: 1000,
            made: 0,
            random,
        }
    }

    /// Lets everything happen that happens by itself until then.
    pub fn advance(&mut self, now: Time) {
        self.now = self.now.max(now);
        while let Some(index) = self.next_due() {
            let (_, effect) = self.later.remove(index);
            match effect {
                Effect::Set { table, id, key, value } => {
                    if let Some(record) = self.table(table).get_mut(&id) {
                        record.insert(key.to_owned(), value);
                    }
                }
                Effect::Remove { table, id } => {
                    self.table(table).remove(&id);
                }
            }
        }
    }

    fn next_due(&self) -> Option<usize> {
        let due = self.later.iter().enumerate().filter(|(_, (at, _))| *at <= self.now);
        due.min_by_key(|(_, (at, _))| *at).map(|(index, _)| index)
    }

    pub fn later(&mut self, after: Time, effect: Effect) {
        self.later.push((self.now + after, effect));
    }

    /// How much happens by itself later.
    pub fn pending(&self) -> usize {
        self.later.len()
    }

    /// What was to be done later, since then, fails instead.
    pub fn give_up(&mut self, since: usize) {
        let fails = |effect: &mut Effect| {
            let Effect::Set { key, value, .. } = effect else { return false };
            let failed = match (*key, value.as_str()) {
                ("State", Some("Active")) | ("LastUpdateStatus", Some("Successful")) => "Failed",
                ("agentStatus", Some("NOT_PREPARED" | "PREPARED"))
                | ("agentAliasStatus", Some("PREPARED")) => "FAILED",
                ("state", Some("available")) => "failed",
                _ => return false,
            };
            *value = failed.into();
            true
        };
        let is_alias = |effect: &Effect| matches!(effect, Effect::Set { table: "agent-alias", .. });
        let mut later = self.later.split_off(since.min(self.later.len()));
        let has_alias = later.iter().any(|(_, effect)| is_alias(effect));
        // Whatever becomes of an alias, its version is cut; and one that fails routes as before.
        later.retain_mut(|(_, effect)| match has_alias {
            true => !is_alias(effect) || fails(effect),
            false => {
                fails(effect);
                true
            }
        });
        self.later.extend(later);
    }

    /// Takes back what would have happened to one key of a record.
    pub fn forget_later(&mut self, table: &str, id: &str) {
        self.later.retain(|(_, effect)| match effect {
            Effect::Set { table: its, id: whose, .. }
            | Effect::Remove { table: its, id: whose } => *its != table || whose != id,
        });
    }

    /// A time from a range, in milliseconds; where things are quick, mostly a shorter one.
    pub fn some_time(&mut self, low: Time, high: Time) -> Time {
        match self.is_quick && !self.random.chance(150) {
            true => self.random.between(low / 8, low / 2),
            false => self.random.between(low, high),
        }
    }

    /// The next id with this prefix.
    pub fn id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}-0{:016x}", self.made)
    }

    /// An id of ten letters and digits, small as those of API Gateway or large as those of Bedrock.
    pub fn short_id(&mut self, first: char) -> String {
        self.made += 1;
        let id = format!("{first}0{:08x}", self.made);
        if first.is_uppercase() { id.to_uppercase() } else { id }
    }

    /// An id in capitals, as IAM gives them.
    pub fn unique_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}{:017X}", self.made)
    }

    pub fn table(&mut self, name: &'static str) -> &mut Table {
        Arc::make_mut(self.tables.entry(name).or_default())
    }

    pub fn records(&self, name: &str) -> impl Iterator<Item = (&String, &Record)> {
        self.tables.get(name).into_iter().flat_map(|table| table.iter())
    }

    /// The request that a token came with before, and its answer.
    pub fn answered(&self, token: &str) -> Option<&(Json, Json)> {
        self.tokens.get(token)
    }

    pub fn remember(&mut self, token: String, request: Json, answer: Json) {
        Arc::make_mut(&mut self.tokens).insert(token, (request, answer));
    }

    pub fn record(&self, table: &str, id: &str) -> Option<&Record> {
        self.tables.get(table)?.get(id)
    }

    pub fn set(&mut self, table: &'static str, id: &str, key: &str, value: Json) {
        if let Some(record) = self.table(table).get_mut(id) {
            record.insert(key.to_owned(), value);
        }
    }
}

pub fn record(json: Json) -> Record {
    match json {
        Json::Object(record) => record,
        other => panic!("not an object: {other}"),
    }
}

/// The text at a key, or none.
pub fn text<'a>(record: &'a Record, key: &str) -> &'a str {
    record.get(key).and_then(Json::as_str).unwrap_or_default()
}

/// A member of a request, as text.
pub fn given<'a>(request: &'a Json, key: &str) -> Option<&'a str> {
    request.get(key).and_then(Json::as_str)
}

/// A member that the protocol says is there.
pub fn needed<'a>(request: &'a Json, key: &str) -> Result<&'a str, Refusal> {
    given(request, key).map_or_else(
        || refuse("MissingParameter", format!("The request must contain the parameter {key}")),
        Ok,
    )
}

pub fn list<'a>(request: &'a Json, key: &str) -> &'a [Json] {
    request.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

pub fn texts(request: &Json, key: &str) -> Vec<String> {
    list(request, key).iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

pub fn text_set(request: &Json, key: &str) -> BTreeSet<String> {
    texts(request, key).into_iter().collect()
}

/// One page of a list: `size` items from where the token of the page before leads.
pub fn page(items: Vec<Json>, token: Option<&str>, size: usize) -> (Vec<Json>, Option<String>) {
    let start = token.and_then(|token| token.strip_prefix("page-")?.parse().ok()).unwrap_or(0);
    let end = items.len().min(start + size);
    let next = (end < items.len()).then(|| format!("page-{end}"));
    (items.into_iter().take(end).skip(start).collect(), next)
}

pub fn accepted() -> Answer {
    Ok(json!({}))
}

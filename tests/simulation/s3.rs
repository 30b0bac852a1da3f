//! A bucket for states. Strongly consistent, with conditional writes. Sources: "Amazon S3 data
//! consistency model", "How to prevent object overwrites with conditional writes", and the API
//! Reference of the four operations.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use cairn::journal::summed;
use cairn::state::store::lease::{Claim, Standing};
use serde_json::json;

use super::aws::account::{Refusal, Time, given};
use super::aws::wire::{Call, Response};

pub const NAME: &str = "states";
pub const PREFIX: &str = "simulated";
/// How long a holder of the lock that is not heard of keeps it.
pub const TERM: Duration = Duration::from_mins(1);

/// How long a call is under way that was made while the lock was there.
const SENDING: Duration = Duration::from_secs(1);

/// The process of whoever steals the lock: none of the story's.
const NOBODY: u32 = u32::MAX;

/// Keys in one page of a list; AWS has 1,000 and may give fewer.
const PAGE: usize = 5;
/// When time begins.
const EPOCH: i64 = 1_767_225_600;

#[derive(Debug, Default)]
pub struct Bucket {
    objects: BTreeMap<String, Object>,
    written: u64,
    /// Whether the lock was ever taken from its holder.
    pub was_stolen: bool,
    /// Since when the lock is another's than that of these processes, who had it.
    lost: BTreeMap<u32, Time>,
}

#[derive(Debug, Clone)]
struct Object {
    text: String,
    etag: String,
    at: Time,
}

pub type Answer = Result<Response, Refusal>;

fn refuse<T>(status: u16, code: &str) -> Result<T, Refusal> {
    Err(Refusal { status, code: code.to_owned(), message: "the bucket says no".to_owned() })
}

fn date(at: Time) -> String {
    let seconds = EPOCH + i64::try_from(at / 1000).expect("a time");
    DateTime::from_secs(seconds).fmt(Format::HttpDate).expect("a date that HTTP knows")
}

/// A request as a call: what names the operation, and the members.
pub fn call(
    method: &str,
    path: &str,
    query: &str,
    header: impl Fn(&str) -> Option<String>,
    body: &[u8],
) -> Call {
    let key = super::aws::wire::decoded(path.trim_start_matches('/'));
    let parameter = |name: &str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value.map(super::aws::wire::decoded)
    };
    let (operation, members) = match (method, key.is_empty()) {
        ("GET", true) => {
            let members =
                json!({"Prefix": parameter("prefix"), "After": parameter("continuation-token")});
            ("ListObjectsV2", members)
        }
        ("GET", false) => ("GetObject", json!({"Key": key})),
        ("PUT", _) => {
            let text = String::from_utf8_lossy(body);
            let (matching, absent) = (header("if-match"), header("if-none-match"));
            (
                "PutObject",
                json!({"Key": key, "Body": text, "IfMatch": matching, "IfNoneMatch": absent}),
            )
        }
        ("DELETE", _) => ("DeleteObject", json!({"Key": key})),
        _ => ("Unknown", json!({})),
    };
    Call { service: "s3".to_owned(), operation: operation.to_owned(), members }
}

impl Bucket {
    pub fn answer(&mut self, call: &Call, now: Time) -> Answer {
        let member = |name: &str| given(&call.members, name);
        let key = member("Key").unwrap_or_default();
        match call.operation.as_str() {
            "GetObject" => match self.objects.get(key) {
                Some(object) => Ok(told(now, Some(object), object.text.clone())),
                None => refuse(404, "NoSuchKey"),
            },
            "PutObject" => {
                let there = self.objects.get(key).map(|object| object.etag.as_str());
                match (member("IfMatch"), member("IfNoneMatch"), there) {
                    (Some(_), _, None) => return refuse(404, "NoSuchKey"),
                    (Some(wanted), _, Some(there)) if wanted != there => {
                        return refuse(412, "PreconditionFailed");
                    }
                    (None, Some(_), Some(_)) => return refuse(412, "PreconditionFailed"),
                    _ => {}
                }
                let text = member("Body").unwrap_or_default().to_owned();
                let object = self.put(key, text, now);
                Ok(told(now, Some(&object), String::new()))
            }
            "DeleteObject" => {
                self.objects.remove(key);
                Ok(Response { status: 204, ..told(now, None, String::new()) })
            }
            "ListObjectsV2" => Ok(self.list(
                member("Prefix").unwrap_or_default(),
                member("After").unwrap_or_default(),
                now,
            )),
            _ => refuse(501, "NotImplemented"),
        }
    }

    fn put(&mut self, key: &str, text: String, now: Time) -> Object {
        self.written += 1;
        if key == lock_key() {
            self.note_holder(&text, now);
        }
        let object = Object { text, etag: format!("\"{:032x}\"", self.written), at: now };
        self.objects.insert(key.to_owned(), object.clone());
        object
    }

    fn note_holder(&mut self, text: &str, now: Time) {
        let holder = |text: &str| {
            let claim: Claim = serde_json::from_str(text).expect("a claim");
            claim.holder.pid
        };
        let before = self.objects.get(&lock_key()).map(|object| holder(&object.text));
        let after = holder(text);
        self.lost.remove(&after);
        if let Some(before) = before.filter(|before| *before != after) {
            self.lost.insert(before, now);
        }
    }

    /// Whether a process has had the lock, and another has had it for longer than the process may
    /// believe to have it still.
    pub fn is_without_lock(&self, process: usize, now: Time) -> bool {
        let process = u32::try_from(process).expect("few processes");
        let term = Time::try_from((TERM + SENDING).as_millis()).expect("a minute");
        self.lost.get(&process).is_some_and(|since| since + term < now)
    }

    fn list(&self, prefix: &str, after: &str, now: Time) -> Response {
        let mut keys =
            self.objects.keys().filter(|key| key.starts_with(prefix) && *key.as_str() > *after);
        let page: Vec<&String> = keys.by_ref().take(PAGE).collect();
        let next = match (keys.next(), page.last()) {
            (Some(_), Some(last)) => format!(
                "<IsTruncated>true</IsTruncated><NextContinuationToken>{last}</NextContinuationToken>"
            ),
            _ => "<IsTruncated>false</IsTruncated>".to_owned(),
        };
        let contents = page.iter().fold(String::new(), |contents, key| {
            contents + "<Contents><Key>" + key + "</Key></Contents>"
        });
        let body = format!("<ListBucketResult>{next}{contents}</ListBucketResult>");
        told(now, None, body)
    }

    /// All that is kept, as texts.
    pub fn texts(&self) -> impl Iterator<Item = (&String, &String)> {
        self.objects.iter().map(|(key, object)| (key, &object.text))
    }

    /// What a process says as it ends: that it holds the lock no longer. (Cairn says it by itself
    /// where threads may wait, which they may not in virtual time.)
    pub fn release(&mut self, process: usize, now: Time) {
        self.claim(now, |claim| {
            let is_its = claim.holder.pid == u32::try_from(process).expect("few processes");
            if is_its {
                claim.standing = Standing::Released;
                claim.beat += 1;
            }
            is_its
        });
    }

    /// Somebody takes the lock, whoever has it, and the next number of the journal, and gives the lock
    /// back at once.
    pub fn steal(&mut self, now: Time) {
        let mut epoch = 0;
        self.claim(now, |claim| {
            claim.epoch += 1;
            epoch = claim.epoch;
            claim.nonce = format!("stolen {}", claim.epoch);
            claim.beat = 1;
            claim.standing = Standing::Released;
            claim.holder.pid = NOBODY;
            true
        });
        self.was_stolen |= epoch > 0;
        let journal = format!("{PREFIX}/journal/");
        let numbers =
            self.objects.keys().filter_map(|key| key.strip_prefix(&journal)?.parse::<u64>().ok());
        if let Some(last) = numbers.max() {
            let fence = summed(&json!({"epoch": epoch}).to_string());
            self.put(&format!("{journal}{:020}", last + 1), fence, now);
        }
    }

    fn claim(&mut self, now: Time, change: impl FnOnce(&mut Claim) -> bool) {
        let key = lock_key();
        let Some(object) = self.objects.get(&key) else { return };
        let mut claim: Claim = serde_json::from_str(&object.text).expect("a claim");
        if change(&mut claim) {
            self.put(&key, serde_json::to_string(&claim).expect("a claim is JSON"), now);
        }
    }
}

/// Whether a call is about the lock.
pub fn is_lock(call: &Call) -> bool {
    given(&call.members, "Key").is_some_and(|key| key == lock_key())
}

fn lock_key() -> String {
    format!("{PREFIX}/lock")
}

fn told(now: Time, object: Option<&Object>, body: String) -> Response {
    let mut headers = vec![("date", date(now))];
    if let Some(object) = object {
        headers.push(("etag", object.etag.clone()));
        headers.push(("last-modified", date(object.at)));
    }
    Response { status: 200, headers, body }
}

/// A refusal in S3's words.
pub fn refused(no: &Refusal, now: Time) -> Response {
    let body = format!("<Error><Code>{}</Code><Message>{}</Message></Error>", no.code, no.message);
    Response { status: no.status, headers: vec![("date", date(now))], body }
}

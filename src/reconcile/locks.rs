//! One at a time where AWS refuses two changes of one parent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::Value as Json;
use tokio::sync::OwnedMutexGuard;

use crate::resource::Lock;

/// The locks of one run, made when they are first asked for.
#[derive(Debug, Default)]
pub struct Locks {
    by_key: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// What a step has to hold: the value that names the parent. A name, an ARN ending in it and a
/// composite id beginning with it are one key, so that parents and children meet.
pub fn key(lock: Option<Lock>, properties: &Json, physical_id: Option<&str>) -> Option<String> {
    match lock? {
        Lock::Account(name) => Some(format!("account:{name}")),
        Lock::Itself => physical_id.map(plain),
        Lock::Property(name) => properties.get(name)?.as_str().map(plain),
    }
}

fn plain(id: &str) -> String {
    let first = id.split('|').next().unwrap_or(id);
    match first.strip_prefix("arn:") {
        Some(arn) => arn.rsplit([':', '/']).next().unwrap_or(arn).to_owned(),
        None => first.to_owned(),
    }
}

impl Locks {
    /// Takes its turn; `busy` is told of what has to end first, if something has.
    pub async fn hold(
        &self,
        key: Option<String>,
        busy: impl FnOnce(&str),
    ) -> Option<OwnedMutexGuard<()>> {
        let key = key?;
        let lock = {
            let mut by_key = self.by_key.lock().expect("nothing panics while it holds this lock");
            Arc::clone(by_key.entry(key.clone()).or_default())
        };
        if let Ok(held) = Arc::clone(&lock).try_lock_owned() {
            return Some(held);
        }
        busy(&key);
        Some(lock.lock_owned().await)
    }
}

//! What a stage does with its methods: logging, throttling, caching, by path and HTTP method.
//!
//! Three spellings of one path meet here. A template writes `/~1pets~1{id}` (or `/*` for all), an
//! operation wants `~1pets~1{id}`, an answer may have either or the plain `/pets/{id}`.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::types;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::apigateway_patch::{Patch, escape, number, unescape};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct MethodSetting {
    pub cache_data_encrypted: Option<bool>,
    pub cache_ttl_in_seconds: Option<i32>,
    pub caching_enabled: Option<bool>,
    pub data_trace_enabled: Option<bool>,
    pub http_method: Option<String>,
    pub logging_level: Option<String>,
    pub metrics_enabled: Option<bool>,
    pub resource_path: Option<String>,
    pub throttling_burst_limit: Option<i32>,
    pub throttling_rate_limit: Option<Number>,
}

/// All paths, or all methods.
pub const ANY: &str = "*";

/// Which methods a setting is for: the plain path without its first slash, and the HTTP method.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    path: String,
    http_method: String,
}

impl Key {
    /// From the path as a template writes it.
    fn declared(setting: &MethodSetting) -> Self {
        let path = setting.resource_path.as_deref().unwrap_or_default();
        Self::new(
            path.strip_prefix('/').unwrap_or(path),
            setting.http_method.as_deref().unwrap_or_default(),
        )
    }

    /// From the key in an answer.
    fn live(key: &str) -> Self {
        let (path, http_method) = key.rsplit_once('/').unwrap_or((ANY, key));
        Self::new(path, http_method)
    }

    fn new(path: &str, http_method: &str) -> Self {
        Self {
            path: unescape(path).trim_start_matches('/').to_owned(),
            http_method: http_method.to_owned(),
        }
    }

    /// The path as an operation wants it.
    fn escaped_path(&self) -> String {
        if self.path == ANY { ANY.to_owned() } else { escape(&format!("/{}", self.path)) }
    }

    fn pointer(&self) -> String {
        format!("/{}/{}", self.escaped_path(), self.http_method)
    }
}

type Fields = BTreeMap<&'static str, String>;

impl MethodSetting {
    /// What is set, by the end of its path.
    fn fields(&self) -> Fields {
        let texts = [
            ("metrics/enabled", self.metrics_enabled.map(|on| on.to_string())),
            ("logging/loglevel", self.logging_level.clone()),
            ("logging/dataTrace", self.data_trace_enabled.map(|on| on.to_string())),
            ("throttling/burstLimit", self.throttling_burst_limit.map(|limit| limit.to_string())),
            ("throttling/rateLimit", self.throttling_rate_limit.as_ref().map(Number::to_string)),
            ("caching/enabled", self.caching_enabled.map(|on| on.to_string())),
            ("caching/ttlInSeconds", self.cache_ttl_in_seconds.map(|ttl| ttl.to_string())),
            ("caching/dataEncrypted", self.cache_data_encrypted.map(|on| on.to_string())),
        ];
        texts.into_iter().filter_map(|(path, text)| Some((path, text?))).collect()
    }

    /// Whether it sets anything at all.
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty()
    }

    fn from_sdk(key: &Key, live: &types::MethodSetting) -> Self {
        Self {
            cache_data_encrypted: Some(live.cache_data_encrypted),
            cache_ttl_in_seconds: Some(live.cache_ttl_in_seconds),
            caching_enabled: Some(live.caching_enabled),
            data_trace_enabled: Some(live.data_trace_enabled),
            http_method: Some(key.http_method.clone()),
            logging_level: live.logging_level.clone(),
            metrics_enabled: Some(live.metrics_enabled),
            resource_path: None,
            throttling_burst_limit: Some(live.throttling_burst_limit),
            throttling_rate_limit: number(live.throttling_rate_limit),
        }
    }
}

/// Settings by what they are for.
fn by_key(settings: Option<&Vec<MethodSetting>>) -> BTreeMap<Key, Fields> {
    let mut groups: BTreeMap<_, Fields> = BTreeMap::new();
    for setting in settings.into_iter().flatten() {
        groups.entry(Key::declared(setting)).or_default().extend(setting.fields());
    }
    groups
}

/// Adds the operations that lead from one list to the other. AWS takes away no single field: the
/// whole setting goes, and what stays of it is set again.
pub(super) fn patch(
    patch: &mut Patch,
    from: Option<&Vec<MethodSetting>>,
    to: Option<&Vec<MethodSetting>>,
) {
    let (from, to) = (by_key(from), by_key(to));
    let nothing = Fields::new();
    for (key, before) in &from {
        let after = to.get(key).unwrap_or(&nothing);
        if before.keys().any(|field| !after.contains_key(field)) {
            patch.remove(&key.pointer());
        }
    }
    for (key, after) in &to {
        let before = from.get(key).unwrap_or(&nothing);
        let anew = before.keys().any(|field| !after.contains_key(field));
        for (field, value) in after {
            if anew || before.get(field) != Some(value) {
                patch.replace(&format!("{}/{field}", key.pointer()), value);
            }
        }
    }
}

/// Live settings as properties, under the path as the template writes it.
pub(super) fn read(
    live: Option<HashMap<String, types::MethodSetting>>,
    declared: Option<&Vec<MethodSetting>>,
) -> Option<Vec<MethodSetting>> {
    let live: BTreeMap<Key, types::MethodSetting> =
        live?.into_iter().map(|(key, setting)| (Key::live(&key), setting)).collect();
    let settings = live.iter().map(|(key, setting)| {
        let same = declared.into_iter().flatten().find(|one| Key::declared(one) == *key);
        let path = same.and_then(|one| one.resource_path.clone());
        MethodSetting {
            resource_path: path.or_else(|| Some(format!("/{}", key.escaped_path()))),
            ..MethodSetting::from_sdk(key, setting)
        }
    });
    Some(settings.collect())
}

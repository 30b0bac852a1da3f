//! One file of an environment, and how two of them become one.

use std::collections::BTreeMap;
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::parameter::{self, ParameterValue};
use super::{Encryption, Endpoint, Environment, Limits, STATE, StateHome};
use crate::diagnostic::{Diagnostic, Source};
use crate::template::read::{Fields, Keys, Reader};
use crate::template::{Node, NodeKind, load};

const KEYS: Keys = Keys {
    known: &[
        "account",
        "region",
        "profile",
        "role",
        "endpoint",
        "state",
        "encryption",
        "tags",
        "parameters",
        "limits",
        "policies",
    ],
    required: &[],
};
const LIMIT_KEYS: Keys = Keys { known: &["concurrency", "deadline"], required: &[] };

const CONCURRENCY: RangeInclusive<u64> = 1..=256;
/// How many seconds a run that is not heard of keeps the lock of a stack in a bucket.
const LEASE: u64 = 60;
const LEASES: RangeInclusive<u64> = 2..=3600;
/// A week.
const DEADLINE_MINUTES: RangeInclusive<u64> = 1..=10_080;

/// What one file says.
#[derive(Default)]
pub(super) struct Layer {
    pub account: Option<String>,
    pub region: Option<String>,
    pub profile: Option<String>,
    pub role: Option<String>,
    pub endpoint: Option<Endpoint>,
    pub state: Option<String>,
    pub encryption: Option<Encryption>,
    pub tags: BTreeMap<String, String>,
    pub parameters: BTreeMap<String, BTreeMap<String, ParameterValue>>,
    pub concurrency: Option<u64>,
    pub deadline_minutes: Option<u64>,
    pub policies: Option<Vec<String>>,
}

impl Layer {
    /// Reads a file; nothing if there is none.
    pub fn read(path: &Path, root: &Path) -> Result<Option<Self>, Vec<Diagnostic>> {
        let text = match std::fs::read(path) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => Err(error.to_string()),
        };
        let name = shown(path);
        let text = text.map_err(|why| {
            vec![Diagnostic::error(format!("cannot read the environment file `{name}`: {why}"))]
        })?;
        let source = Arc::new(Source { name, text });
        let node = load(&source)?;
        let mut reader = Reader::new(&source);
        let layer = if node.kind == NodeKind::Null {
            Self::default()
        } else {
            Self::from_node(&mut reader, &node, root)
        };
        reader.finish()?;
        Ok(Some(layer))
    }

    fn from_node(reader: &mut Reader<'_>, node: &Node, root: &Path) -> Self {
        let fields = reader.fields(node, node.span, "the environment", KEYS);
        let (concurrency, deadline_minutes) = limits(reader, &fields);
        Self {
            account: checked(reader, &fields, "account", is_account, "12 digits"),
            region: checked(reader, &fields, "region", is_region, "like `eu-central-1`"),
            profile: fields.spanned("profile", reader).map(|(text, _)| text),
            role: checked(reader, &fields, "role", is_role, "an ARN like `arn:aws:iam::…:role/…`"),
            endpoint: checked(reader, &fields, "endpoint", is_endpoint, "`local` or a URL").map(
                |text| if text == super::LOCAL { Endpoint::Local } else { Endpoint::Url(text) },
            ),
            state: checked(
                reader,
                &fields,
                "state",
                |text| is_path(text) || bucket(text).is_some(),
                "a directory, or `s3://BUCKET/PREFIX`",
            ),
            encryption: checked(
                reader,
                &fields,
                "encryption",
                |text| Encryption::parse(text).is_some(),
                "`none`, `passphrase`, `key` or `kms:KEY-ID`",
            )
            .and_then(|text| Encryption::parse(&text)),
            tags: tags(reader, &fields),
            parameters: parameter::read_all(reader, &fields, root),
            concurrency,
            deadline_minutes,
            policies: policies(reader, &fields),
        }
    }

    /// This layer with another on top of it.
    pub fn under(mut self, top: Self) -> Self {
        self.tags.extend(top.tags);
        for (stack, values) in top.parameters {
            self.parameters.entry(stack).or_default().extend(values);
        }
        Self {
            account: top.account.or(self.account),
            region: top.region.or(self.region),
            profile: top.profile.or(self.profile),
            role: top.role.or(self.role),
            endpoint: top.endpoint.or(self.endpoint),
            state: top.state.or(self.state),
            encryption: top.encryption.or(self.encryption),
            tags: self.tags,
            parameters: self.parameters,
            concurrency: top.concurrency.or(self.concurrency),
            deadline_minutes: top.deadline_minutes.or(self.deadline_minutes),
            policies: top.policies.or(self.policies),
        }
    }

    /// What is not said is as it is built in.
    pub fn finish(self, name: &str, root: &Path) -> Result<Environment, Diagnostic> {
        let state = home(self.state.as_deref().unwrap_or(STATE), root)?;
        let built_in = Limits::default();
        Ok(Environment {
            name: name.to_owned(),
            account: self.account,
            region: self.region,
            profile: self.profile,
            role: self.role,
            endpoint: self.endpoint,
            state,
            encryption: self.encryption.unwrap_or_default(),
            tags: self.tags,
            parameters: self.parameters,
            limits: Limits {
                concurrency: self
                    .concurrency
                    .and_then(|number| usize::try_from(number).ok())
                    .unwrap_or(built_in.concurrency),
                deadline: self
                    .deadline_minutes
                    .map_or(built_in.deadline, |minutes| Duration::from_secs(minutes * 60)),
            },
            policies: self
                .policies
                .unwrap_or_default()
                .iter()
                .map(|path| root.join(path))
                .collect(),
        })
    }
}

/// A path as people here would write it.
pub(super) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let near = here.and_then(|here| path.strip_prefix(here).ok());
    near.unwrap_or(path).display().to_string()
}

/// Text of a certain form.
fn checked(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    key: &str,
    is_right: fn(&str) -> bool,
    wanted: &str,
) -> Option<String> {
    let node = fields.get(key)?;
    let text = reader.name(node, &fields.name(key))?;
    if !is_right(text) {
        reader.expected(node, &fields.name(key), wanted);
        return None;
    }
    Some(text.to_owned())
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `us-east-1`, `us-gov-west-1`, `ap-southeast-4`
fn is_region(text: &str) -> bool {
    let mut parts: Vec<&str> = text.split('-').collect();
    let number = parts.pop().unwrap_or_default();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    parts.len() >= 2 && parts.iter().all(is_word) && number.parse::<u8>().is_ok()
}

fn is_role(text: &str) -> bool {
    text.starts_with("arn:") && text.contains(":role/")
}

fn is_endpoint(text: &str) -> bool {
    text == super::LOCAL
        || ["http://", "https://"]
            .iter()
            .any(|scheme| text.strip_prefix(scheme).is_some_and(|host| !host.is_empty()))
}

fn is_path(text: &str) -> bool {
    !text.contains("://")
}

fn tags(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, String> {
    let Some(node) = fields.get("tags") else { return BTreeMap::new() };
    let mut tags = BTreeMap::new();
    for entry in reader.entries(node, &fields.name("tags")) {
        if entry.key.to_ascii_lowercase().starts_with("aws:") {
            let message = format!("the tag `{}` begins with `aws:`", entry.key);
            reader.error_hint(
                entry.key_span,
                message,
                "AWS keeps that prefix to itself".to_owned(),
            );
        }
        if let Some(text) = reader.text(&entry.value, &format!("the tag `{}`", entry.key)) {
            tags.insert(entry.key.clone(), text.to_owned());
        }
    }
    tags
}

fn limits(reader: &mut Reader<'_>, fields: &Fields<'_>) -> (Option<u64>, Option<u64>) {
    let Some(entry) = fields.entry("limits") else { return (None, None) };
    let limits = reader.fields(&entry.value, entry.key_span, fields.name("limits"), LIMIT_KEYS);
    let concurrency = within(reader, &limits, "concurrency", &CONCURRENCY, "a number");
    let deadline = within(reader, &limits, "deadline", &DEADLINE_MINUTES, "a number of minutes");
    (concurrency, deadline)
}

fn policies(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Vec<String>> {
    let node = fields.get("policies")?;
    let NodeKind::List(items) = &node.kind else {
        reader.expected(node, &fields.name("policies"), "a list of files");
        return None;
    };
    let paths = items.iter().filter_map(|item| reader.name(item, "a file of rules"));
    Some(paths.map(str::to_owned).collect())
}

fn within(
    reader: &mut Reader<'_>,
    limits: &Fields<'_>,
    key: &str,
    range: &RangeInclusive<u64>,
    kind: &str,
) -> Option<u64> {
    let node = limits.get(key)?;
    let wanted = format!("{kind} from {} to {}", range.start(), range.end());
    let number = reader.number(node, &limits.name(key), &wanted)?;
    if !range.contains(&number) {
        reader.expected(node, &limits.name(key), &wanted);
        return None;
    }
    Some(number)
}

fn home(text: &str, root: &Path) -> Result<StateHome, Diagnostic> {
    if let Some(home) = bucket(text) {
        return Ok(home);
    }
    let path = root.join(text);
    std::path::absolute(&path).map(StateHome::Directory).map_err(|error| {
        Diagnostic::error(format!("cannot tell where `{}` is: {error}", path.display()))
    })
}

/// The parts of `s3://bucket/prefix?region=eu-west-1&lease=60`.
pub(super) fn bucket(text: &str) -> Option<StateHome> {
    let rest = text.strip_prefix("s3://")?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    let prefix = prefix.trim_matches('/');
    if bucket.is_empty() || prefix.is_empty() {
        return None;
    }
    let (mut region, mut endpoint, mut lease) = (None, None, LEASE);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=')? {
            ("region", value) if !value.is_empty() => region = Some(value.to_owned()),
            ("endpoint", value) if value.contains("://") => endpoint = Some(value.to_owned()),
            ("lease", value) => lease = value.parse().ok().filter(|one| LEASES.contains(one))?,
            _ => return None,
        }
    }
    Some(StateHome::Bucket {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        region,
        endpoint,
        lease: Duration::from_secs(lease),
    })
}

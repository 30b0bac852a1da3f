//! Tags as IAM writes them.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;

use crate::aws::Fault;

/// Tags to send with `action`.
pub(super) fn to_iam(action: &str, tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, Fault> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<_, _>>()
        .map_err(|error| Fault::invalid(action, error.to_string()))
}

/// The keys and values of live tags.
pub(super) fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|tag| (tag.key(), tag.value()))
}

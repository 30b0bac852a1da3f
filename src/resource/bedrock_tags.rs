//! Tags of what Bedrock can tag: a map, read and changed by ARN.

use std::collections::{BTreeMap, HashMap};

use super::Mark;
use super::tags::{TagChange, is_declared};
use crate::aws::{Aws, Fault};

/// Tags as the templates of these types write them.
pub(super) type Tags = BTreeMap<String, String>;

/// The declared tags with the marks.
pub(super) fn marked(mark: &Mark, declared: Option<&Tags>) -> HashMap<String, String> {
    let mut tags: HashMap<_, _> = declared.cloned().unwrap_or_default().into_iter().collect();
    tags.extend(mark.tags().map(|(key, value)| (key.to_owned(), value.to_owned())));
    tags
}

/// Live tags as properties: without marks; `None` when there are none.
pub(super) async fn read(aws: &Aws, arn: &str) -> Result<Option<Tags>, Fault> {
    let tags: Tags =
        list(aws, arn).await?.into_iter().filter(|(key, _)| is_declared(key)).collect();
    Ok((!tags.is_empty()).then_some(tags))
}

/// Whether the live tags carry the mark's token.
pub(super) async fn are_of(aws: &Aws, arn: &str, mark: &Mark) -> Result<bool, Fault> {
    let tags = list(aws, arn).await?;
    Ok(mark.is_on(tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))))
}

/// The mark of a stack among live tags.
pub(super) fn mark(stack: &str, live: &HashMap<String, String>) -> Option<Mark> {
    Mark::of(stack, live.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

/// Sets those of the wanted tags that are not there.
pub(super) async fn add_missing(
    aws: &Aws,
    arn: &str,
    wanted: &HashMap<String, String>,
) -> Result<(), Fault> {
    let live = list(aws, arn).await?;
    let missing: HashMap<_, _> = wanted
        .iter()
        .filter(|(key, value)| live.get(*key) != Some(*value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if missing.is_empty() { Ok(()) } else { set(aws, arn, &missing).await }
}

/// Makes the calls between two sets of declared tags; none where they are the same.
pub(super) async fn update(
    aws: &Aws,
    arn: &str,
    from: Option<&Tags>,
    to: Option<&Tags>,
) -> Result<(), Fault> {
    let none = Tags::new();
    let change = TagChange::between(from.unwrap_or(&none), to.unwrap_or(&none));
    if !change.set.is_empty() {
        set(aws, arn, &change.set_map()).await?;
    }
    if !change.remove.is_empty() {
        aws.call("bedrock:UntagResource", || {
            let keys = Some(change.remove.clone());
            aws.bedrock_agent().untag_resource().resource_arn(arn).set_tag_keys(keys).send()
        })
        .await?;
    }
    Ok(())
}

async fn set(aws: &Aws, arn: &str, tags: &HashMap<String, String>) -> Result<(), Fault> {
    aws.call("bedrock:TagResource", || {
        aws.bedrock_agent().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()
    })
    .await?;
    Ok(())
}

pub(super) async fn list(aws: &Aws, arn: &str) -> Result<HashMap<String, String>, Fault> {
    let answer = aws
        .call("bedrock:ListTagsForResource", || {
            aws.bedrock_agent().list_tags_for_resource().resource_arn(arn).send()
        })
        .await?;
    Ok(answer.tags.unwrap_or_default())
}

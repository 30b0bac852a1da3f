//! What every EC2 type does in the same way: tags, which one call sets and one removes on anything,
//! filters, which find what carries a mark, and pages.

use std::future::Future;

use aws_sdk_ec2::types::{Filter, ResourceType, TagSpecification};

use super::Mark;
use super::tags::{self, Tag, TagChange};
use crate::aws::{Aws, Fault};

/// The declared tags and the marks, for a create of this kind of resource.
pub fn specification(
    kind: ResourceType,
    declared: Option<&[Tag]>,
    mark: &Mark,
) -> TagSpecification {
    let tags = mark.with(declared).into_iter().map(|(key, value)| live_tag(key, value)).collect();
    TagSpecification::builder().resource_type(kind).set_tags(Some(tags)).build()
}

/// Live tags as properties: without marks and AWS's own.
pub fn declared(live: &[aws_sdk_ec2::types::Tag]) -> Option<Vec<Tag>> {
    tags::declared(live.iter().map(|tag| {
        (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned())
    }))
}

/// Makes the calls between two sets of declared tags; none where they are the same.
pub async fn change(
    aws: &Aws,
    id: &str,
    from: Option<&[Tag]>,
    to: Option<&[Tag]>,
) -> Result<(), Fault> {
    let change = TagChange::between(&tags::to_map(from), &tags::to_map(to));
    if !change.set.is_empty() {
        aws.call("ec2:CreateTags", || {
            let set = change.set.clone().into_iter().map(|(key, value)| live_tag(key, value));
            aws.ec2().create_tags().resources(id).set_tags(Some(set.collect())).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        aws.call("ec2:DeleteTags", || {
            // A key without a value removes the tag whatever its value.
            let remove = change.remove.iter().map(|key| key_only(key));
            aws.ec2().delete_tags().resources(id).set_tags(Some(remove.collect())).send()
        })
        .await?;
    }
    Ok(())
}

/// Whether these live tags carry this mark's token.
pub fn carries(live: &[aws_sdk_ec2::types::Tag], mark: &Mark) -> bool {
    mark.is_on(live.iter().filter_map(|tag| Some((tag.key()?, tag.value()?))))
}

/// Finds what carries this mark's token.
pub fn token_filter(mark: &Mark) -> Filter {
    filter(&format!("tag:{}", tags::TOKEN), [mark.token.as_str().to_owned()])
}

/// Finds what carries a mark of this stack.
pub fn stack_filter(stack: &str) -> Filter {
    filter(&format!("tag:{}", tags::STACK), [stack.to_owned()])
}

/// The mark of this stack among these live tags.
pub fn mark(live: &[aws_sdk_ec2::types::Tag], stack: &str) -> Option<Mark> {
    Mark::of(stack, live.iter().filter_map(|tag| Some((tag.key()?, tag.value()?))))
}

/// A filter that lets any of these values through.
pub fn filter(name: &str, values: impl IntoIterator<Item = String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().collect())).build()
}

/// All items of a paged read. `page` reads the page a token leads to and returns its items and the
/// token of the next one.
pub async fn pages<T, F>(mut page: impl FnMut(Option<String>) -> F) -> Result<Vec<T>, Fault>
where
    F: Future<Output = Result<(Option<Vec<T>>, Option<String>), Fault>>,
{
    let (items, mut next) = page(None).await?;
    let mut all = items.unwrap_or_default();
    while let Some(token) = next.take().filter(|token| !token.is_empty()) {
        let (items, following) = page(Some(token)).await?;
        all.extend(items.unwrap_or_default());
        next = following;
    }
    Ok(all)
}

fn live_tag(key: String, value: String) -> aws_sdk_ec2::types::Tag {
    aws_sdk_ec2::types::Tag::builder().key(key).value(value).build()
}

fn key_only(key: &str) -> aws_sdk_ec2::types::Tag {
    aws_sdk_ec2::types::Tag::builder().key(key).build()
}

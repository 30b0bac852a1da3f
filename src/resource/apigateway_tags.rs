//! Tags of what API Gateway can tag: a map on create and in every answer, two calls to change it.

use std::collections::HashMap;

use super::Mark;
use super::or_absent::OrAbsent;
use super::tags::{STACK, Tag, TagChange, declared, to_map};
use crate::aws::{Aws, Fault};

/// The declared tags with the marks, as a create takes them.
pub(super) fn marked(mark: &Mark, declared: Option<&[Tag]>) -> HashMap<String, String> {
    mark.with(declared).into_iter().collect()
}

/// Live tags as properties.
pub(super) fn read(live: Option<HashMap<String, String>>) -> Option<Vec<Tag>> {
    declared(live.unwrap_or_default())
}

/// Whether these live tags carry the mark's token.
pub(super) fn is_on(mark: &Mark, live: Option<&HashMap<String, String>>) -> bool {
    mark.is_on(live.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str())))
}

/// Whether these live tags say that the mark's stack made what carries them.
pub(super) fn is_of_stack(mark: &Mark, live: Option<&HashMap<String, String>>) -> bool {
    live.and_then(|tags| tags.get(STACK)).is_some_and(|stack| *stack == mark.stack)
}

/// The mark of a stack among these live tags.
pub(super) fn mark(stack: &str, live: Option<&HashMap<String, String>>) -> Option<Mark> {
    let live = live.into_iter().flatten();
    Mark::of(stack, live.map(|(key, value)| (key.as_str(), value.as_str())))
}

/// Whether the mark's stack made this API. Resources and methods bear no marks: what is found in
/// an API of the same stack is the stack's own, anywhere else it may be anybody's.
pub(super) async fn is_api_of_stack(aws: &Aws, api: &str, mark: &Mark) -> Result<bool, Fault> {
    let answer = aws
        .call("apigateway:GetRestApi", || aws.apigateway().get_rest_api().rest_api_id(api).send())
        .await
        .or_absent()?;
    Ok(answer.is_some_and(|api| is_of_stack(mark, api.tags())))
}

/// Changes the tags of what lies at `path`: `/restapis/a1b2c3`, `/apikeys/d4e5f6`.
pub(super) async fn update(
    aws: &Aws,
    path: &str,
    from: Option<&[Tag]>,
    to: Option<&[Tag]>,
) -> Result<(), Fault> {
    let change = TagChange::between(&to_map(from), &to_map(to));
    let arn = format!("arn:{}:apigateway:{}::{path}", aws.partition(), aws.region());
    if !change.set.is_empty() {
        aws.call("apigateway:TagResource", || {
            let tags = Some(change.set_map());
            aws.apigateway().tag_resource().resource_arn(&arn).set_tags(tags).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        aws.call("apigateway:UntagResource", || {
            let keys = Some(change.remove.clone());
            aws.apigateway().untag_resource().resource_arn(&arn).set_tag_keys(keys).send()
        })
        .await?;
    }
    Ok(())
}

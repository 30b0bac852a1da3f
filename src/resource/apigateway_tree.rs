//! What lies below an API: composite ids, and the one read that tells all its resources and
//! methods.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use aws_sdk_apigateway::types;

use super::Known;
use super::or_absent::OrAbsent;
use crate::aws::{Aws, Fault};
use crate::value::PhysicalId;

/// The most items a page may have.
pub(super) const PAGE: i32 = 500;

/// The parts of a composite id: the API first.
pub(super) fn parts<const N: usize>(id: &PhysicalId) -> Result<[&str; N], Fault> {
    <[&str; N]>::try_from(id.parts()).map_err(|parts| {
        Fault::invalid(
            &format!("reading the id `{id}`"),
            format!("it has {} parts instead of {N}", parts.len()),
        )
    })
}

/// The id of what lies in an API, with the API before it if it is not there yet.
pub(super) fn below(api: &str, text: &str) -> PhysicalId {
    if text.contains('|') { PhysicalId::new(text) } else { PhysicalId::join(&[api, text]) }
}

/// What is known, by the API it belongs to.
pub(super) fn by_api<'a, P>(known: &[Known<'a, P>]) -> BTreeMap<&'a str, Vec<Known<'a, P>>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for &Known { id, properties } in known {
        let api = id.as_str().split('|').next().unwrap_or_default();
        groups.entry(api).or_default().push(Known { id, properties });
    }
    groups
}

/// One page: its items, and where the next one begins.
pub(super) type Page<T> = (Option<Vec<T>>, Option<String>);

/// Every item of a listing, page by page.
pub(super) async fn all<T, F>(mut page: impl FnMut(Option<String>) -> F) -> Result<Vec<T>, Fault>
where
    F: Future<Output = Result<Page<T>, Fault>>,
{
    let mut items = Vec::new();
    let mut position = None;
    loop {
        let (page_items, next) = page(position.take()).await?;
        items.extend(page_items.unwrap_or_default());
        match next {
            Some(next) if !next.is_empty() => position = Some(next),
            _ => return Ok(items),
        }
    }
}

/// All resources of an API with their methods, read once for all who ask during a refresh; none
/// when the API is gone.
pub(super) async fn resources(aws: &Aws, api: &str) -> Result<Arc<Vec<types::Resource>>, Fault> {
    let key = format!("apigateway:GetResources {api}");
    aws.shared(key, || async move {
        let pages = all(|position: Option<String>| async move {
            let answer = aws
                .call("apigateway:GetResources", || {
                    aws.apigateway()
                        .get_resources()
                        .rest_api_id(api)
                        .embed("methods")
                        .limit(PAGE)
                        .set_position(position.clone())
                        .send()
                })
                .await?;
            Ok((answer.items, answer.position))
        });
        Ok(pages.await.or_absent()?.unwrap_or_default())
    })
    .await
}

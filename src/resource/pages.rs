//! Reads that come in pages.

use std::future::Future;

use crate::aws::Fault;

/// All items of a paged read. `page` reads the page a token leads to and returns its items and the
/// token of the next one.
pub(super) async fn pages<T, F>(mut page: impl FnMut(Option<String>) -> F) -> Result<Vec<T>, Fault>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), Fault>>,
{
    let (mut all, mut next) = page(None).await?;
    while let Some(token) = next.take().filter(|token| !token.is_empty()) {
        let (items, following) = page(Some(token)).await?;
        all.extend(items);
        next = following;
    }
    Ok(all)
}

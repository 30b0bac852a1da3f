//! The lock of a bucket, taken from a run that is not to go on.

use std::sync::Arc;
use std::time::Duration;

use super::super::lease::{Next, Request, Taking};
use super::super::{Holder, StoreError};
use super::{Bucket, LOCK, Lease, Moment, nonce, pause};

impl Lease {
    /// Takes the lock from whoever holds it now, and waits until that run, which may be paused and
    /// wake up, has to ask whether it still is the holder before it does anything.
    pub(in super::super) async fn seize(
        bucket: &Arc<Bucket>,
        holder: &Holder,
        tell: &(dyn Fn(&str) + Sync),
    ) -> Result<Self, StoreError> {
        let before = bucket.claim().await?;
        let taking = Taking::new(&nonce()?, holder, bucket.term);
        let Some(before) = before else { return Self::take(bucket, holder, tell).await };
        let mut taking = taking.ousting(&before.nonce);
        let mut asked = Moment::now();
        let mut next = taking.begin();
        loop {
            match next {
                Next::Ask(request) => {
                    if matches!(request, Request::Put { .. }) {
                        asked = Moment::now();
                    }
                    next = taking.next(bucket.ask(request).await?);
                }
                Next::Ours { claim, etag } => {
                    let lease = Self::holding(bucket, claim, etag, asked);
                    let seconds = before.term().as_secs();
                    tell(&format!(
                        "the lock is taken; waiting {seconds} s, until the run that had it can do nothing any more"
                    ));
                    pause(before.term() + Duration::from_secs(1)).await;
                    return Ok(lease);
                }
                Next::Others { claim, age } => {
                    let holder = Some(claim.holder);
                    return Err(StoreError::Locked { holder, heard: Some(age) });
                }
                Next::Unanswered => return Err(bucket.silent(LOCK)),
            }
        }
    }
}

//! What a create has left behind whose answer nobody has heard.
//!
//! Reads of AWS are seconds behind its writes. That nothing is to be seen of a create means only later
//! that there is nothing; until then another would be made beside it, or it would be left behind.

use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

use super::execute::{Run, Wanted};
use super::progress::{Phase, StepError};
use super::wait::pause;
use crate::aws::Scope;
use crate::resource::{Handler, Mark, Repeat};
use crate::value::PhysicalId;

/// What is not to be seen so long after its create was not made. "Eventual consistency" of EC2's and
/// IAM's reads is a matter of seconds, says AWS; nobody says of how many.
pub(super) const SEEN_WITHIN: Duration = Duration::from_secs(10);
pub(super) const BETWEEN: Duration = Duration::from_secs(1);

impl Run {
    /// Whether AWS may not know yet what an earlier run has told it in its last seconds.
    pub(super) fn is_early(&self) -> bool {
        self.may_be_early() && self.begun.elapsed() < SEEN_WITHIN
    }

    /// Whether reads are behind what was written. An emulator's are not.
    pub(super) fn may_be_early(&self) -> bool {
        self.aws.clients().scope() != Scope::Local
    }

    /// The one that a create with this mark has made, which was sent before `since`. Where sending it
    /// again makes no second one, what shows itself later does no harm.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or there are several.
    pub(super) async fn find(
        &self,
        handler: &dyn Handler,
        wanted: &Wanted,
        mark: &Mark,
        since: Instant,
    ) -> Result<Option<PhysicalId>, StepError> {
        match handler.repeat() {
            Repeat::Same => the_one(self.find_now(handler, &wanted.clear, mark).await?),
            Repeat::Another => self.find_surely(handler, wanted, mark, since).await,
        }
    }

    /// The same, where it has to be certain that there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or there are several.
    pub(super) async fn find_surely(
        &self,
        handler: &dyn Handler,
        wanted: &Wanted,
        mark: &Mark,
        since: Instant,
    ) -> Result<Option<PhysicalId>, StepError> {
        the_one(self.find_until_sure(handler, &wanted.clear, mark, since).await?)
    }

    /// All that there is. That there is nothing is only believed when it is certain.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(super) async fn find_until_sure(
        &self,
        handler: &dyn Handler,
        properties: &Json,
        mark: &Mark,
        since: Instant,
    ) -> Result<Vec<PhysicalId>, StepError> {
        loop {
            // Whatever was read began to be read then.
            let waited = since.elapsed();
            let found = self.find_now(handler, properties, mark).await?;
            if !found.is_empty() || waited >= SEEN_WITHIN {
                return Ok(found);
            }
            let why = "whether AWS has made it already is not certain yet".to_owned();
            self.during(Phase::Waiting(why), pause(BETWEEN)).await;
        }
    }

    async fn find_now(
        &self,
        handler: &dyn Handler,
        properties: &Json,
        mark: &Mark,
    ) -> Result<Vec<PhysicalId>, StepError> {
        handler.find(&self.aws, properties, mark).await.map_err(StepError::Fault)
    }
}

fn the_one(mut found: Vec<PhysicalId>) -> Result<Option<PhysicalId>, StepError> {
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(StepError::Ambiguous(found.iter().map(ToString::to_string).collect())),
    }
}

//! Deleting what a resource is and may be.

use serde_json::Value as Json;

use super::execute::{Run, wait_error};
use super::find::BETWEEN;
use super::intent::Begun;
use super::locks::key;
use super::progress::{Phase, StepError};
use super::properties::all_that_may_be;
use super::retry::Attempt;
use super::wait::{Want, pause, wait};
use crate::journal::Event as Fact;
use crate::plan::Step;
use crate::resource::{Deletion, Handler, KnownJson, Removal};
use crate::value::{PhysicalId, Token};

impl Run {
    pub(super) async fn delete(
        &self,
        step: &Step,
        token: &Token,
        begun: Begun,
    ) -> Result<(), StepError> {
        let handler = Self::handler(step)?;
        let id = &step.logical_id;
        let instance = self.with_state(|state| state.instance(id, token).cloned());
        let Some(instance) = instance else {
            return Err(StepError::Defect(format!("`{id}` is not in the state")));
        };
        match begun {
            Begun::Said { promise, .. } => self.written(promise).await?,
            Begun::Later => {
                self.record(Fact::DeleteBegun { id: id.clone(), token: token.clone() }).await?;
            }
        }
        let found = match &instance.physical_id {
            Some(physical_id) => vec![physical_id.clone()],
            None => {
                let mark = self.mark(id, token);
                self.find_until_sure(handler, &instance.properties, &mark, self.begun).await?
            }
        };
        for properties in all_that_may_be(&instance) {
            let type_name = step.type_name.as_str();
            let properties = self.dereferenced_if_there(type_name, &properties).await;
            for physical_id in &found {
                self.delete_one(step, handler, physical_id, &properties).await?;
            }
        }
        self.settle_with(step, Fact::Deleted { id: id.clone(), token: token.clone() }).await
    }

    async fn delete_one(
        &self,
        step: &Step,
        handler: &dyn Handler,
        physical_id: &PhysicalId,
        properties: &Json,
    ) -> Result<(), StepError> {
        let lock = key(handler.lock(), properties, Some(physical_id.as_str()));
        let _held = self.turn(lock).await;
        self.insist_on_deletion(step, handler, physical_id, properties).await?;
        if handler.removal() == Removal::AtOnce {
            return Ok(());
        }
        let known = KnownJson { id: physical_id, properties };
        wait(Want::Gone, handler, &self.aws, known, handler.delete_patience(), |word| {
            self.enter(Phase::Waiting(word.to_owned()));
        })
        .await
        .map_err(wait_error)?;
        Ok(())
    }

    /// What an earlier run has made a moment ago may not be known yet where it is to be deleted: that
    /// it is not there is believed later.
    async fn insist_on_deletion(
        &self,
        step: &Step,
        handler: &dyn Handler,
        physical_id: &PhysicalId,
        properties: &Json,
    ) -> Result<(), StepError> {
        loop {
            let is_early = self.is_early();
            let deletion = self
                .insist(step, Attempt::Delete, handler, || {
                    handler.delete(&self.aws, physical_id, properties)
                })
                .await?;
            if deletion == Deletion::Accepted || !is_early {
                return Ok(());
            }
            let why = "AWS does not know it, which is not certain yet".to_owned();
            self.during(Phase::Waiting(why), pause(BETWEEN)).await;
        }
    }
}

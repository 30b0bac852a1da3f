//! What a step begins with, said before it starts: so it is written together with the end of what it
//! waited for, and costs no wait of its own.

use super::execute::{Run, Wanted};
use super::progress::StepError;
use super::references::refers;
use crate::journal::Event as Fact;
use crate::plan::{Operation, Step};
use crate::state::Instance;
use crate::state::store::Promise;
use crate::value::{Token, Value};

/// What a step has begun with.
#[derive(Debug)]
pub enum Begun {
    /// Nothing yet.
    Later,
    /// Its intent was said, with the properties that its resource is to have, if it is to have any.
    Said { promise: Promise, wanted: Option<Box<(Value, Instance)>> },
}

impl Run {
    /// Says what a step intends, so that it is written together with the end of what it waited for.
    /// Where more has to be known for that, or something is wrong, the step itself does and tells.
    pub fn begin(&self, step: &Step) -> Begun {
        self.intend(step).unwrap_or(Begun::Later)
    }

    fn intend(&self, step: &Step) -> Option<Begun> {
        if self.is_looked_at(step) {
            return None;
        }
        let id = step.logical_id.clone();
        let evaluated = |token| {
            let evaluated = self.evaluated(step, token).ok();
            evaluated.filter(|(_, instance)| !refers(&instance.properties))
        };
        let (fact, wanted) = match &step.operation {
            Operation::Create { token } => {
                let (properties, instance) = evaluated(token)?;
                let fact = Fact::CreateBegun { id, instance: instance.clone() };
                (fact, Some((properties, instance)))
            }
            Operation::Update { token, .. } => {
                let (properties, instance) = evaluated(token)?;
                let wanted = Some(instance.properties.clone());
                let fact = Fact::UpdateBegun { id, token: token.clone(), properties: wanted };
                (fact, Some((properties, instance)))
            }
            Operation::Delete { token } => (Fact::DeleteBegun { id, token: token.clone() }, None),
            _ => return None,
        };
        let promise = self.ledger.say(fact).ok()?;
        Some(Begun::Said { promise, wanted: wanted.map(Box::new) })
    }

    /// Makes an intent durable that was said, or says it; returns what is wanted.
    pub(super) async fn intended(
        &self,
        step: &Step,
        token: &Token,
        begun: Begun,
        fact: impl FnOnce(&Instance) -> Fact,
    ) -> Result<Wanted, StepError> {
        if let Begun::Said { promise, wanted: Some(wanted) } = begun {
            self.written(promise).await?;
            let (properties, instance) = *wanted;
            return self.cleared(step, &properties, instance).await;
        }
        let wanted = self.wanted(step, token).await?;
        self.record(fact(&wanted.instance)).await?;
        Ok(wanted)
    }
}

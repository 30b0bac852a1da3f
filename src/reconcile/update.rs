//! Leading what is there to what is wanted, wherever it stands: what was last applied, what an earlier
//! run has half done, or what others have made of it.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::execute::{Run, Wanted};
use super::find::BETWEEN;
use super::intent::Begun;
use super::locks::key;
use super::progress::{Phase, StepError};
use super::properties::unveiled;
use super::references::refers;
use super::retry::Attempt;
use super::wait::pause;
use crate::journal::Event as Fact;
use crate::plan::{self, Rules, Step, UpdateKind};
use crate::resource::{Handler, KnownJson, LiveJson, Progress, Status};
use crate::schema;
use crate::state::{Instance, Marks};
use crate::value::{Attributes, PhysicalId, Token};

impl Run {
    pub(super) async fn update(
        &self,
        step: &Step,
        token: &Token,
        how: UpdateKind,
        begun: Begun,
    ) -> Result<(), StepError> {
        let handler = Self::handler(step)?;
        let id = &step.logical_id;
        let Some(current) = self.with_state(|state| state.current(id).cloned()) else {
            return Err(StepError::Defect(format!("`{id}` is not in the state")));
        };
        let Some(physical_id) = current.physical_id.clone() else {
            return Err(StepError::Defect(format!("`{id}` has no physical id")));
        };
        let begin = |instance: &Instance| {
            let properties = Some(instance.properties.clone());
            Fact::UpdateBegun { id: id.clone(), token: token.clone(), properties }
        };
        let wanted = self.intended(step, token, begun, begin).await?;
        self.note_young(id);
        let lock = key(handler.lock(), &wanted.clear, Some(physical_id.as_str()));
        let _held = self.turn(lock).await;
        let mut attributes = wanted.instance.attributes.clone();
        for from in self.starts(step, handler, &current, &physical_id, &wanted, how).await? {
            let told = self.change(step, handler, &physical_id, (from, &wanted.clear), how).await?;
            attributes.extend(told);
        }
        let follows = match &step.restored {
            Some(restored) => restored.follows.clone(),
            None => self.follows(id).or(wanted.instance.follows.clone()),
        };
        let mut instance = Instance { attributes, follows, ..wanted.instance };
        if matches!(current.marks, Marks::Of(_)) {
            self.write_marks(step, &instance).await?;
            instance.marks = Marks::Own;
        }
        self.settle_with(step, Fact::Updated { id: id.clone(), instance }).await
    }

    /// Where an update may have to lead from, one after the other: what updates and deletions that
    /// did not end have left, and what the plan has seen.
    async fn starts(
        &self,
        step: &Step,
        handler: &dyn Handler,
        current: &Instance,
        physical_id: &PhysicalId,
        wanted: &Wanted,
        how: UpdateKind,
    ) -> Result<Vec<Json>, StepError> {
        let applied = &current.properties;
        let mut starts = Vec::new();
        // One that is rolled over keeps its properties: that they are tried says nothing then.
        let may_be_deleted = how == UpdateKind::Properties;
        let is_torn =
            |it: &&Json| **it != wanted.instance.properties || may_be_deleted && *it == applied;
        for attempted in current.attempted.iter().filter(is_torn) {
            // As much of it as is there.
            starts.push(match self.there(handler, physical_id, attempted).await? {
                // What AWS tells of what it gave up may not be in effect.
                Some(LiveJson { status: Status::Failed(_), .. }) => attempted.clone(),
                Some(live) => {
                    Self::overlay(handler, step, attempted, &live.properties, &wanted.clear)
                }
                None if attempted == applied => {
                    let gone = "its deletion had begun, and it is gone".to_owned();
                    return Err(StepError::Changed(vec![gone]));
                }
                None => attempted.clone(),
            });
        }
        let seen = plan::seen(applied, step);
        let unveil = |from: &Json| unveiled(from, &wanted.instance.properties, &wanted.clear);
        // What the plan has seen otherwise may be of before the last apply.
        let is_doubtful = seen != *applied && self.may_be_early();
        let live = match is_doubtful {
            true => self.there(handler, physical_id, applied).await?,
            // What a reference stood for is not kept anywhere else than there.
            false if refers(&seen) => {
                Some(self.at_rest(handler, physical_id, &wanted.clear).await?)
            }
            false => None,
        };
        let from = unveil(if is_doubtful { applied } else { &seen });
        let live = live.filter(|live| !matches!(live.status, Status::Failed(_)));
        starts.push(match live {
            Some(live) => Self::overlay(handler, step, &from, &live.properties, &wanted.clear),
            None => from,
        });
        starts.dedup();
        Ok(starts)
    }

    /// What is there of a resource, told by these properties, when that is certain.
    async fn there(
        &self,
        handler: &dyn Handler,
        id: &PhysicalId,
        properties: &Json,
    ) -> Result<Option<LiveJson>, StepError> {
        while self.is_early() {
            let why = "what AWS tells is not certain yet".to_owned();
            self.during(Phase::Waiting(why), pause(BETWEEN)).await;
        }
        let known = KnownJson { id, properties };
        let found = handler.read(&self.aws, std::slice::from_ref(&known)).await;
        match found.map_err(StepError::Fault)?.is_empty() {
            true => Ok(None),
            false => self.at_rest(handler, id, properties).await.map(Some),
        }
    }

    /// Leads from one set of properties to another, and returns what was told on the way.
    async fn change(
        &self,
        step: &Step,
        handler: &dyn Handler,
        physical_id: &PhysicalId,
        (mut from, to): (Json, &Json),
        how: UpdateKind,
    ) -> Result<Attributes, StepError> {
        let mut attributes = Attributes::new();
        loop {
            let is_early = self.is_early();
            let progress = self
                .insist(step, Attempt::Change, handler, || match how {
                    UpdateKind::Properties => handler.update(&self.aws, physical_id, &from, to),
                    UpdateKind::Roll => handler.roll(&self.aws, physical_id, &from, to),
                })
                .await?;
            if progress == Progress::Unsure && is_early {
                let why = "AWS does not know what is to be taken away, which is not certain yet";
                self.during(Phase::Waiting(why.to_owned()), pause(BETWEEN)).await;
                continue;
            }
            if progress == Progress::Done {
                return Ok(attributes);
            }
            let live = self.settle(handler, physical_id, to).await?;
            attributes.extend(live.attributes.clone());
            if progress != Progress::Again {
                return Ok(attributes);
            }
            from = Self::overlay(handler, step, &from, &live.properties, to);
        }
    }

    /// What is there now, as far as the template or the last apply speaks of it.
    fn overlay(
        handler: &dyn Handler,
        step: &Step,
        from: &Json,
        live: &Json,
        wanted: &Json,
    ) -> Json {
        let facts = schema::facts(step.type_name.as_str());
        let rules = Rules { facts, rules: handler.rules() };
        let (Json::Object(from), Json::Object(live)) = (from, live) else { return from.clone() };
        let mut merged = from.clone();
        let mentioned =
            from.keys().chain(wanted.as_object().into_iter().flat_map(|map| map.keys()));
        for name in mentioned.cloned().collect::<BTreeSet<_>>() {
            if rules.is_write_only(&name) {
                continue;
            }
            let declared: Vec<&Json> =
                [wanted.get(&name), from.get(&name)].into_iter().flatten().collect();
            match live.get(&name) {
                Some(value) => {
                    merged.insert(name.clone(), rules.project(&name, value, &declared));
                }
                None => {
                    merged.remove(&name);
                }
            }
        }
        Json::Object(merged)
    }
}

//! How a journal event changes a state.
//!
//! An event is first checked and then taken: the check changes nothing, and what it lets pass
//! breaks no law of the state. So a run can judge an event, make it durable and only then let it
//! count, at a cost that does not grow with what the stack's resources hold.

use super::{Before, Entry, Instance, State, Told, Was};
use crate::journal::{Event, Illegal};
use crate::value::{LogicalId, PhysicalId, Token};

impl State {
    /// The state after an event.
    ///
    /// # Errors
    ///
    /// When the event cannot follow this state, which stays as it was.
    pub fn apply(&mut self, event: &Event) -> Result<(), Illegal> {
        self.check(event)?;
        self.take(event);
        Ok(())
    }

    /// Whether an event can follow this state.
    ///
    /// # Errors
    ///
    /// Why it cannot.
    pub fn check(&self, event: &Event) -> Result<(), Illegal> {
        match event {
            Event::Opened { .. }
            | Event::Failed { .. }
            | Event::Completed
            | Event::Closed
            | Event::Outputs { .. }
            | Event::Imports { .. } => Ok(()),
            Event::CreateBegun { id, instance } => self.check_create(id, instance),
            Event::Named { id, token, physical_id } => self.check_name(id, token, physical_id),
            Event::Abandoned { id, token } => match self.intent(id, token)?.physical_id {
                None => Ok(()),
                Some(_) => Err(illegal(id, "has been named and cannot be abandoned")),
            },
            Event::Created { id, token, .. } => match self.intent(id, token)?.physical_id {
                Some(_) => Ok(()),
                None => Err(illegal(id, "was created without a physical id")),
            },
            Event::UpdateBegun { id, token, .. } => match self.current(id) {
                Some(current) if current.token == *token => Ok(()),
                _ => Err(illegal(id, "is being updated but is not there")),
            },
            Event::Updated { id, instance } => self.check_update(id, instance),
            Event::Adopted { id, instance } => self.check_adoption(id, instance),
            Event::Moved { id, to } => match self.resources.contains_key(to) {
                _ if !self.resources.contains_key(id) => Err(illegal(id, "is not there")),
                true => Err(illegal(id, &format!("cannot become `{to}`: that is there"))),
                // A rollback has to bring back, or to take away, what was that before.
                false if self.before.resources.contains_key(to) => Err(illegal(
                    id,
                    &format!("cannot become `{to}`: a run that did not end has changed that"),
                )),
                false => Ok(()),
            },
            Event::Reinstated { id, token } => {
                let deposed = self.resources.get(id).map(|entry| entry.deposed.as_slice());
                match deposed.unwrap_or_default().iter().any(|old| old.token == *token) {
                    true => Ok(()),
                    false => Err(illegal(id, "is to be used again and is not there")),
                }
            }
            Event::DeleteBegun { id, token }
            | Event::Deleted { id, token }
            | Event::Forgotten { id, token } => match self.instance(id, token) {
                Some(_) => Ok(()),
                None => Err(illegal(id, "is not there")),
            },
        }
    }

    fn check_create(&self, id: &LogicalId, instance: &Instance) -> Result<(), Illegal> {
        if instance.physical_id.is_some() {
            return Err(illegal(id, "has a physical id before it is created"));
        }
        match self.resources.get(id).and_then(|entry| entry.intent.as_ref()) {
            // A resumed create begins again under its own token.
            Some(earlier)
                if earlier.token == instance.token && earlier.type_name == instance.type_name =>
            {
                Ok(())
            }
            Some(_) => Err(illegal(id, "is being created already")),
            None if self.all().any(|other| other.token == instance.token) => {
                Err(illegal(id, "is being created with a token that is taken"))
            }
            None => Ok(()),
        }
    }

    fn check_name(
        &self,
        id: &LogicalId,
        token: &Token,
        physical_id: &PhysicalId,
    ) -> Result<(), Illegal> {
        let intent = self.intent(id, token)?;
        match &intent.physical_id {
            Some(named) if named == physical_id => return Ok(()),
            Some(named) => {
                return Err(illegal(
                    id,
                    &format!("is `{named}` and cannot become `{physical_id}`"),
                ));
            }
            None => {}
        }
        let is_taken = self.all().any(|other| {
            other.type_name == intent.type_name && other.physical_id.as_ref() == Some(physical_id)
        });
        if is_taken {
            return Err(illegal(id, &format!("cannot be `{physical_id}`: another one is")));
        }
        Ok(())
    }

    fn check_update(&self, id: &LogicalId, instance: &Instance) -> Result<(), Illegal> {
        match self.current(id).filter(|current| current.token == instance.token) {
            None => Err(illegal(id, "was updated but is not there")),
            Some(current)
                if current.physical_id != instance.physical_id
                    || current.type_name != instance.type_name =>
            {
                Err(illegal(id, "was updated to be something else"))
            }
            Some(_) => Ok(()),
        }
    }

    fn check_adoption(&self, id: &LogicalId, instance: &Instance) -> Result<(), Illegal> {
        let Some(physical_id) = &instance.physical_id else {
            return Err(illegal(id, "is adopted without a physical id"));
        };
        if self.resources.contains_key(id) {
            return Err(illegal(id, "is adopted and there already"));
        }
        if self.all().any(|other| other.token == instance.token) {
            return Err(illegal(id, "is adopted with a token that is taken"));
        }
        let is_taken = self.all().any(|other| {
            other.type_name == instance.type_name && other.physical_id.as_ref() == Some(physical_id)
        });
        if is_taken {
            return Err(illegal(id, &format!("cannot be `{physical_id}`: another one is")));
        }
        Ok(())
    }

    fn intent(&self, id: &LogicalId, token: &Token) -> Result<&Instance, Illegal> {
        self.resources
            .get(id)
            .and_then(|entry| entry.intent.as_ref())
            .filter(|intent| intent.token == *token)
            .ok_or_else(|| illegal(id, "is not being created"))
    }

    fn all(&self) -> impl Iterator<Item = &Instance> {
        self.resources.values().flat_map(Entry::instances)
    }

    /// Lets an event count that [`State::check`] has let pass.
    pub(super) fn take(&mut self, event: &Event) {
        self.serial += 1;
        self.note(event);
        self.remember(event);
        match event {
            Event::Opened { .. } | Event::Failed { .. } | Event::Closed => {}
            Event::DeleteBegun { id, token } => self.begin_deletion(id, token),
            Event::UpdateBegun { id, properties, .. } => {
                let current = self.resources.get_mut(id).and_then(|entry| entry.current.as_mut());
                if let (Some(current), Some(properties)) = (current, properties)
                    && !current.attempted.contains(properties)
                {
                    current.attempted.push(properties.clone());
                }
            }
            Event::Completed => self.before = Before::default(),
            Event::Outputs { outputs, exports } => {
                self.outputs.clone_from(outputs);
                self.exports.clone_from(exports);
            }
            Event::Imports { imports } => self.imports.clone_from(imports),
            Event::CreateBegun { id, instance } => {
                let entry = self.resources.entry(id.clone()).or_default();
                let physical_id = entry.intent.take().and_then(|earlier| earlier.physical_id);
                entry.intent = Some(Instance { physical_id, ..instance.clone() });
            }
            Event::Named { id, physical_id, .. } => {
                if let Some(Entry { intent: Some(intent), .. }) = self.resources.get_mut(id) {
                    intent.physical_id = Some(physical_id.clone());
                }
            }
            Event::Created { id, attributes, follows, .. } => {
                if let Some(entry) = self.resources.get_mut(id)
                    && let Some(made) = entry.intent.take()
                {
                    let attributes = attributes.clone();
                    let made = Instance { attributes, follows: follows.clone(), ..made };
                    entry.deposed.extend(entry.current.replace(made));
                }
            }
            Event::Updated { id, instance } => {
                if let Some(entry) = self.resources.get_mut(id) {
                    entry.current = Some(instance.clone());
                }
            }
            Event::Adopted { id, instance } => {
                let entry = Entry { current: Some(instance.clone()), ..Entry::default() };
                self.resources.insert(id.clone(), entry);
                // It is not to go with what there was not.
                if self.before.resources.get(id) == Some(&Was::Absent) {
                    self.before.resources.remove(id);
                }
            }
            Event::Moved { id, to } => self.rename(id, to),
            Event::Reinstated { id, token } => {
                if let Some(entry) = self.resources.get_mut(id)
                    && let Some(at) = entry.deposed.iter().position(|old| old.token == *token)
                {
                    let again = entry.deposed.remove(at);
                    entry.deposed.extend(entry.current.replace(again));
                }
            }
            Event::Abandoned { id, token }
            | Event::Deleted { id, token }
            | Event::Forgotten { id, token } => self.remove(id, token),
        }
    }

    fn rename(&mut self, id: &LogicalId, to: &LogicalId) {
        let Some(mut entry) = self.resources.remove(id) else { return };
        entry.instances_mut().for_each(|instance| instance.marks.rename(id, to));
        self.resources.insert(to.clone(), entry);
        let then = self.before.moved.remove(id).unwrap_or_else(|| id.clone());
        if then != *to {
            self.before.moved.insert(to.clone(), then);
        }
        if let Some(mut was) = self.before.resources.remove(id) {
            was.instance_mut().into_iter().for_each(|instance| instance.marks.rename(id, to));
            self.before.resources.insert(to.clone(), was);
        }
        let before = self.before.resources.values_mut().filter_map(Was::instance_mut);
        let entries = self.resources.values_mut();
        for instance in entries.flat_map(Entry::instances_mut).chain(before) {
            if instance.dependencies.remove(id) {
                instance.dependencies.insert(to.clone());
            }
        }
    }

    /// What of it is there is not known until it is gone: a part of it may be, before it is itself.
    fn begin_deletion(&mut self, id: &LogicalId, token: &Token) {
        let current = self.resources.get_mut(id).and_then(|entry| entry.current.as_mut());
        let Some(current) = current.filter(|current| current.token == *token) else { return };
        if !current.attempted.contains(&current.properties) {
            current.attempted.push(current.properties.clone());
        }
    }

    /// Keeps what an event is about to change, unless an earlier one has.
    fn remember(&mut self, event: &Event) {
        match event {
            Event::Outputs { .. } | Event::Imports { .. } if self.before.told.is_none() => {
                self.before.told = Some(Told {
                    outputs: self.outputs.clone(),
                    exports: self.exports.clone(),
                    imports: self.imports.clone(),
                });
            }
            Event::Created { id, .. }
            | Event::UpdateBegun { id, .. }
            | Event::Updated { id, .. }
            | Event::Reinstated { id, .. } => self.remember_current(id),
            Event::DeleteBegun { id, token }
            | Event::Deleted { id, token }
            | Event::Forgotten { id, token }
                if self.current(id).is_some_and(|current| current.token == *token) =>
            {
                self.remember_current(id);
                if matches!(event, Event::Forgotten { .. }) {
                    self.remember_letting_go(id, token);
                }
            }
            _ => {}
        }
    }

    fn remember_letting_go(&mut self, id: &LogicalId, token: &Token) {
        match self.before.resources.remove(id) {
            Some(Was::Present(was)) if was.token == *token => {
                self.before.resources.insert(id.clone(), Was::LetGo(was));
            }
            Some(was) => drop(self.before.resources.insert(id.clone(), was)),
            None => {}
        }
    }

    fn remember_current(&mut self, id: &LogicalId) {
        if self.before.resources.contains_key(id) {
            return;
        }
        let was = match self.current(id) {
            Some(current) => Was::Present(Box::new(current.clone())),
            None => Was::Absent,
        };
        self.before.resources.insert(id.clone(), was);
    }

    fn remove(&mut self, id: &LogicalId, token: &Token) {
        let Some(entry) = self.resources.get_mut(id) else { return };
        entry.current.take_if(|instance| instance.token == *token);
        entry.intent.take_if(|instance| instance.token == *token);
        entry.deposed.retain(|instance| instance.token != *token);
        if entry.instances().next().is_none() {
            self.resources.remove(id);
        }
    }
}

fn illegal(id: &LogicalId, what: &str) -> Illegal {
    Illegal::new(format!("`{id}` {what}"))
}

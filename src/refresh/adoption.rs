//! A first look at what is to be adopted: all that is told of it, and whose its tags say it is.

use std::collections::BTreeMap;

use super::{About, Observation, Observed, by_type, refresh};
use crate::aws::{Aws, Fault, FaultKind};
use crate::plan::adopt::Owners;
use crate::resource::{self, KnownJson, marks};
use crate::state::{Entry, State};
use crate::value::LogicalId;

/// Reads what the state names, properties and attributes. An id that a type's API does not take is
/// none of that type's.
///
/// # Errors
///
/// The first fault that is not about one id.
pub async fn look(state: &State, aws: &Aws) -> Result<Observed, Fault> {
    if let Ok(observed) = look_at_all(state, aws).await {
        return Ok(observed);
    }
    // One by one, to find which it is.
    let mut observed = Observed::default();
    for (id, entry) in &state.resources {
        match look_at_all(&only(state, id, entry), aws).await {
            Ok(found) => observed.resources.extend(found.resources),
            Err(fault) if matches!(fault.kind, FaultKind::Invalid | FaultKind::NotFound) => {
                observed.resources.insert(id.clone(), Observation::Gone);
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(observed)
}

fn only(state: &State, id: &LogicalId, entry: &Entry) -> State {
    State { resources: BTreeMap::from([(id.clone(), entry.clone())]), ..state.clone() }
}

async fn look_at_all(state: &State, aws: &Aws) -> Result<Observed, Fault> {
    let mut observed = refresh(state, aws).await?;
    // A refresh leaves out the attributes that never change.
    for (type_name, batch) in by_type(state) {
        let Some(handler) = resource::handler(&type_name) else { continue };
        for batch in batch.chunks(handler.read_batch().max(1)) {
            let known: Vec<KnownJson<'_>> =
                batch.iter().map(|(_, id, properties)| KnownJson { id, properties }).collect();
            let mut live = handler.read(aws, &known).await?;
            for (about, physical_id, _) in batch {
                let About::Current(id) = about else { continue };
                let found = live.remove(physical_id);
                if let (Some(Observation::Live(seen)), Some(found)) =
                    (observed.resources.get_mut(id), found)
                {
                    seen.attributes.extend(found.attributes);
                }
            }
        }
    }
    Ok(observed)
}

/// The tags on what the state names that tell whose it is.
///
/// # Errors
///
/// When AWS does not tell.
pub async fn owners(state: &State, aws: &Aws) -> Result<Owners, Fault> {
    let mut owners = Owners::new();
    for (id, entry) in &state.resources {
        let Some(instance) = &entry.current else { continue };
        let Some(physical_id) = &instance.physical_id else { continue };
        let tags = marks::read(aws, instance.type_name.as_str(), physical_id).await?;
        owners.insert(id.clone(), tags);
    }
    Ok(owners)
}

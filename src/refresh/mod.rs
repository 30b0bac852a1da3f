//! What exists: every current instance read, ids of a type in one call where the API can.

pub mod adoption;
pub mod parameters;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::aws::{Aws, Fault};
use crate::resource::{self, Handler, KnownJson, LiveJson, Status};
use crate::state::{Instance, State};
use crate::value::{LogicalId, PhysicalId};

/// What was found of the resources the state says are in use. Those not in it were not looked for.
#[derive(Debug, Default)]
pub struct Observed {
    pub resources: BTreeMap<LogicalId, Observation>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    Live(LiveJson),
    Gone,
}

/// How many reads are under way at once.
const CONCURRENCY: usize = 16;

/// Reads all that is in use. Makes no changing call.
///
/// # Errors
///
/// The first fault that is not about one resource being gone.
pub async fn refresh(state: &State, aws: &Aws) -> Result<Observed, Fault> {
    let aws = aws.sharing_reads();
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let mut reads = JoinSet::new();
    for (type_name, known) in by_type(state) {
        let Some(handler) = resource::handler(&type_name) else { continue };
        for batch in known.chunks(handler.read_batch().max(1)) {
            let (aws, batch, permits) = (aws.clone(), batch.to_vec(), Arc::clone(&permits));
            reads.spawn(async move {
                let _permit = permits.acquire_owned().await;
                read(handler, &aws, batch).await
            });
        }
    }
    let mut observed = Observed::default();
    while let Some(outcome) = reads.join_next().await {
        let found = outcome.map_err(|error| Fault::invalid("refresh", error.to_string()))??;
        observed.resources.extend(found);
    }
    Ok(observed)
}

type Batch = Vec<(LogicalId, PhysicalId, serde_json::Value)>;

fn by_type(state: &State) -> BTreeMap<String, Batch> {
    let mut by_type: BTreeMap<String, Batch> = BTreeMap::new();
    for (id, entry) in &state.resources {
        let Some(Instance { type_name, physical_id: Some(physical_id), properties, .. }) =
            &entry.current
        else {
            continue;
        };
        by_type.entry(type_name.as_str().to_owned()).or_default().push((
            id.clone(),
            physical_id.clone(),
            properties.clone(),
        ));
    }
    by_type
}

async fn read(
    handler: &'static dyn Handler,
    aws: &Aws,
    batch: Batch,
) -> Result<Vec<(LogicalId, Observation)>, Fault> {
    let known: Vec<KnownJson<'_>> =
        batch.iter().map(|(_, id, properties)| KnownJson { id, properties }).collect();
    let mut live = handler.read(aws, &known).await?;
    Ok(batch
        .into_iter()
        .map(|(id, physical_id, _)| match live.remove(&physical_id) {
            Some(one) if !matches!(one.status, Status::Deleting(_)) => (id, Observation::Live(one)),
            _ => (id, Observation::Gone),
        })
        .collect())
}

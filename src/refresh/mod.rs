//! What exists: every current instance read, ids of a type in one call where the API can.

pub mod adoption;
pub mod parameters;
pub mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::aws::{Aws, Fault, Scope};
use crate::resource::{self, Handler, KnownJson, LiveJson, Status};
use crate::state::{Instance, State, Was};
use crate::value::{LogicalId, PhysicalId, Token};

/// What was found of the resources the state says are in use. Those not in it were not looked for.
#[derive(Debug, Default)]
pub struct Observed {
    pub resources: BTreeMap<LogicalId, Observation>,
    /// What was found of those that were replaced and are still to be deleted, of those whose create
    /// has begun and not ended, and of those that a rollback may take over again.
    pub beside: BTreeMap<Token, Observation>,
    /// The versions of agents, of those that were asked for.
    pub versions: BTreeMap<PhysicalId, BTreeSet<String>>,
}

impl Observed {
    /// What was found of one instance of a resource.
    pub fn of(&self, id: &LogicalId, token: &Token) -> Option<&Observation> {
        self.beside.get(token).or_else(|| self.resources.get(id))
    }

    /// Why AWS says that what is being created will never be.
    pub fn failure_of(&self, intent: &Instance) -> Option<&str> {
        match self.beside.get(&intent.token)? {
            Observation::Live(LiveJson { status: Status::Failed(why), .. }) => Some(why),
            _ => None,
        }
    }
}

/// Whom a reading is about.
#[derive(Debug, Clone)]
enum About {
    Current(LogicalId),
    Beside(Token),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    Live(LiveJson),
    Gone,
}

/// How many reads are under way at once.
const CONCURRENCY: usize = 16;

/// How long after a look one is taken again at what was not there: "Eventual consistency in the
/// Amazon EC2 API" is a matter of seconds, and what is taken for gone is made a second time.
const SECOND_LOOKS_IN_SECONDS: [u64; 3] = [1, 2, 4];

/// Reads all that is in use, or was and may be again. Makes no changing call.
///
/// # Errors
///
/// The first fault that is not about one resource being gone.
pub async fn refresh(state: &State, aws: &Aws) -> Result<Observed, Fault> {
    let mut observed = look(by_type(state), aws).await?;
    for seconds in SECOND_LOOKS_IN_SECONDS {
        let missing = missing(state, &observed);
        // An emulator tells at once of what it has.
        if missing.is_empty() || aws.clients().scope() == Scope::Local {
            break;
        }
        pause(Duration::from_secs(seconds)).await;
        observed.resources.extend(look(missing, aws).await?.resources);
    }
    Ok(observed)
}

#[expect(clippy::disallowed_methods, reason = "what was just made may not be told of yet")]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// What is in use and was not found.
fn missing(state: &State, observed: &Observed) -> BTreeMap<String, Batch> {
    let is_missing = |about: &About| match about {
        About::Current(id) => observed.resources.get(id) == Some(&Observation::Gone),
        About::Beside(_) => false,
    };
    let mut known = by_type(state);
    known.values_mut().for_each(|batch| batch.retain(|(about, ..)| is_missing(about)));
    known.retain(|_, batch| !batch.is_empty());
    known
}

async fn look(known: BTreeMap<String, Batch>, aws: &Aws) -> Result<Observed, Fault> {
    let of_types = known.iter().map(|(of, batch)| (of.clone(), batch.len())).collect();
    let aws = aws.sharing_reads(of_types);
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let mut reads = JoinSet::new();
    for (type_name, known) in known {
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
        for (about, observation) in found {
            match about {
                About::Current(id) => observed.resources.insert(id, observation),
                About::Beside(token) => observed.beside.insert(token, observation),
            };
        }
    }
    Ok(observed)
}

type Batch = Vec<(About, PhysicalId, serde_json::Value)>;

fn by_type(state: &State) -> BTreeMap<String, Batch> {
    let mut by_type: BTreeMap<String, Batch> = BTreeMap::new();
    for (id, entry) in &state.resources {
        let current = entry.current.iter().map(|one| (About::Current(id.clone()), one));
        let beside = entry.deposed.iter().chain(&entry.intent);
        let beside = beside.map(|one| (About::Beside(one.token.clone()), one));
        for (about, instance) in current.chain(beside) {
            note(&mut by_type, about, instance);
        }
    }
    for (id, was) in &state.before.resources {
        if let Was::LetGo(instance) = was
            && state.instance(id, &instance.token).is_none()
        {
            note(&mut by_type, About::Beside(instance.token.clone()), instance);
        }
    }
    by_type
}

fn note(by_type: &mut BTreeMap<String, Batch>, about: About, instance: &Instance) {
    let Some(physical_id) = &instance.physical_id else { return };
    let batch = by_type.entry(instance.type_name.as_str().to_owned()).or_default();
    batch.push((about, physical_id.clone(), instance.properties.clone()));
}

async fn read(
    handler: &'static dyn Handler,
    aws: &Aws,
    batch: Batch,
) -> Result<Vec<(About, Observation)>, Fault> {
    let known: Vec<KnownJson<'_>> =
        batch.iter().map(|(_, id, properties)| KnownJson { id, properties }).collect();
    let live = handler.read(aws, &known).await?;
    Ok(batch
        .into_iter()
        .map(|(about, physical_id, _)| match live.get(&physical_id).cloned() {
            Some(one) if !matches!(one.status, Status::Deleting(_)) => {
                (about, Observation::Live(one))
            }
            _ => (about, Observation::Gone),
        })
        .collect())
}

//! What others did: where AWS is not as it was last applied, whatever the template says by now.

use serde::Serialize;
use serde_json::Value as Json;

use super::detail::{Detail, details};
use super::diff::{Sides, diff};
use super::same::{Rules, general};
use crate::refresh::{Observation, Observed};
use crate::resource::{self, Status};
use crate::schema;
use crate::state::{Instance, State};
use crate::value::{LogicalId, PhysicalId, TypeName, Value};

/// One resource that is not as it was last applied.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drifted {
    pub logical_id: LogicalId,
    pub type_name: TypeName,
    pub physical_id: Option<PhysicalId>,
    pub drift: Drift,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Drift {
    Deleted,
    /// AWS says that it has failed, and why.
    Failed(String),
    Changed(Vec<Difference>),
}

/// A property as it was applied, and as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub path: String,
    pub applied: Option<Json>,
    pub live: Option<Json>,
    /// What differs inside, where the property has parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
}

/// Compares as a plan does. What was not looked for has not drifted.
pub fn drift(state: &State, observed: &Observed) -> Vec<Drifted> {
    let current =
        state.resources.iter().filter_map(|(id, entry)| Some((id, entry.current.as_ref()?)));
    current
        .filter_map(|(id, instance)| {
            let drift = drift_of(instance, observed.resources.get(id)?)?;
            Some(Drifted {
                logical_id: id.clone(),
                type_name: instance.type_name.clone(),
                physical_id: instance.physical_id.clone(),
                drift,
            })
        })
        .collect()
}

fn drift_of(instance: &Instance, observation: &Observation) -> Option<Drift> {
    let Observation::Live(live) = observation else { return Some(Drift::Deleted) };
    let handler = resource::handler(instance.type_name.as_str())?;
    let facts = schema::facts(instance.type_name.as_str());
    let rules = Rules { facts, rules: handler.rules() };
    let sides = Sides {
        // As if the template said what was applied: whatever differs is somebody else's.
        desired: &Value::from(&instance.properties),
        applied: &instance.properties,
        live: Some(&live.properties),
    };
    let differences: Vec<Difference> = diff(handler, rules, sides)
        .into_iter()
        .map(|change| Difference {
            details: match (&change.to, &change.from) {
                (Some(applied), Some(live)) => {
                    details(rules, &general(&change.path), applied, live)
                }
                _ => Vec::new(),
            },
            path: change.path,
            applied: change.to,
            live: change.from,
        })
        .collect();
    match &live.status {
        _ if !differences.is_empty() => Some(Drift::Changed(differences)),
        Status::Failed(why) => Some(Drift::Failed(why.clone())),
        _ => None,
    }
}

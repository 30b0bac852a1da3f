//! Which versions the agents have that an alias is to route to: no state knows it, and an alias is
//! refused that leads to none.

use std::collections::BTreeSet;

use super::Observed;
use crate::aws::{Aws, Fault};
use crate::graph::Graph;
use crate::graph::aliases::pinned;
use crate::resource::bedrock_versions;
use crate::state::State;
use crate::value::PhysicalId;

/// Asks for the versions of each agent of the stack that an alias with a routing of its own is of.
/// Where there is no answer, nothing is known, and nothing is judged by it.
pub async fn look(graph: &Graph, state: &State, aws: &Aws, observed: &mut Observed) {
    let agents: BTreeSet<&PhysicalId> = pinned(graph)
        .values()
        .filter_map(|agent| state.current(agent)?.physical_id.as_ref())
        .collect();
    for agent in agents {
        let versions: Result<_, Fault> = bedrock_versions::list(aws, agent.as_str()).await;
        if let Ok(versions) = versions {
            observed.versions.insert(agent.clone(), versions);
        }
    }
}

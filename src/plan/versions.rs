//! Versions of agents that aliases are to route to, and that there will not be. A version is cut by
//! an alias without a routing of its own, and by nothing else: of an agent that is made anew all are
//! known, and of another what AWS has said.

use std::collections::BTreeSet;

use super::{Operation, Step, StepId};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::graph::aliases::{self, ROUTING, cutting, pinned};
use crate::refresh::Observed;
use crate::schema::{At, Segment};
use crate::state::State;
use crate::value::LogicalId;

/// One for each alias that would lead to a version that its agent does not have then.
pub fn missing(
    steps: &[Step],
    graph: &Graph,
    state: &State,
    observed: &Observed,
) -> Vec<Diagnostic> {
    let pinned = pinned(graph);
    let mut found = Vec::new();
    for step in steps {
        let Some(agent) = pinned.get(&step.logical_id) else { continue };
        let Some(has) = versions(steps, graph, (state, observed), (step, agent)) else { continue };
        // The draft is always there.
        let is_missing = |version: &String| version != "DRAFT" && !has.contains(version);
        let missing = wanted(step, graph).into_iter().find(is_missing);
        found.extend(missing.map(|version| refusal(graph, step, agent, &version)));
    }
    found
}

/// The versions that a step is about to route to, where it makes the alias or changes its routing.
fn wanted(step: &Step, graph: &Graph) -> Vec<String> {
    let changes = || step.changes.iter().any(|change| change.path == ROUTING);
    match step.operation {
        // What takes the place of another may lead where that did: no change says so then.
        Operation::Create { .. } => aliases::versions(graph, &step.logical_id),
        Operation::Update { .. } if changes() => aliases::versions(graph, &step.logical_id),
        _ => Vec::new(),
    }
}

/// What an agent has when a step begins, if that can be told.
fn versions(
    steps: &[Step],
    graph: &Graph,
    (state, observed): (&State, &Observed),
    (step, agent): (&Step, &LogicalId),
) -> Option<BTreeSet<String>> {
    let made_anew = steps.iter().any(|other| {
        other.logical_id == *agent && matches!(other.operation, Operation::Create { .. })
    });
    let mut has = match made_anew {
        true => BTreeSet::new(),
        false => {
            let physical_id = state.current(agent)?.physical_id.as_ref()?;
            observed.versions.get(physical_id)?.clone()
        }
    };
    let latest = has.iter().filter_map(|version| version.parse::<usize>().ok()).max().unwrap_or(0);
    let before = before(steps, step.id);
    let cut = cutting(graph)
        .into_iter()
        .filter(|(_, of)| of == agent)
        .filter(|(id, _)| before.iter().any(|at| cuts(&steps[at.0], id)))
        .count();
    has.extend((1..=cut).map(|more| (latest + more).to_string()));
    Some(has)
}

/// Whether a step may cut a version for an alias.
fn cuts(step: &Step, alias: &LogicalId) -> bool {
    step.logical_id == *alias
        && matches!(
            step.operation,
            Operation::Create { .. } | Operation::Resume { .. } | Operation::Update { .. }
        )
}

/// All that has ended when a step begins.
fn before(steps: &[Step], id: StepId) -> BTreeSet<StepId> {
    let mut found = BTreeSet::new();
    let mut open = steps[id.0].after.clone();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(&steps[next.0].after);
        }
    }
    found
}

fn refusal(graph: &Graph, step: &Step, agent: &LogicalId, version: &str) -> Diagnostic {
    let id = &step.logical_id;
    let span = graph.span_of(id, &[Segment::Key(ROUTING.to_owned())], At::Value);
    Diagnostic::error(format!(
        "`{id}` is to route to version {version} of `{agent}`, which has none of that number then"
    ))
    .at(&graph.template.source, span)
    .hint(format!("leave {ROUTING} out: a version of the agent as it is then is cut for the alias"))
    .hint(
        "where another alias of the template cuts it, say that this one comes after it: `DependsOn`",
    )
}

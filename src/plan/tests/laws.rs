//! What holds for every plan, over random templates, states and worlds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;

use super::{Operation, apply, deployed, graph, make, observed, planned};
use crate::graph::Graph;
use crate::journal::Event;
use crate::plan::{Plan, Step, StepId, teardown};
use crate::refresh::{Observation, Observed};
use crate::state::{Instance, State};
use crate::value::{LogicalId, PhysicalId, Token};

const NAMES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

/// What one resource of a random template is like.
#[derive(Debug, Clone, Copy)]
struct Plant {
    kind: u8,
    /// Which of the others it depends on, as bits over those that come before it in the order.
    needs: u8,
    /// Of a create-only property, where the kind has one.
    version: u8,
    /// Of a property that can be changed.
    detail: u8,
    is_there: bool,
    retained: bool,
}

fn plant() -> impl Strategy<Value = Plant> {
    (0_u8..4, any::<u8>(), 0_u8..2, 0_u8..2, prop::bool::weighted(0.8), prop::bool::weighted(0.2))
        .prop_map(|(kind, needs, version, detail, is_there, retained)| Plant {
            kind,
            needs,
            version,
            detail,
            is_there,
            retained,
        })
}

/// A template whose resources stand in an order of their own: what depends on what differs from
/// template to template, and may be the other way round.
fn write_template(plants: &[Plant], backwards: bool) -> String {
    let mut order: Vec<usize> = (0..plants.len()).filter(|index| plants[*index].is_there).collect();
    if backwards {
        order.reverse();
    }
    let mut text =
        "Resources:\n  Root: {Type: AWS::ApiGateway::RestApi, Properties: {Name: root}}\n"
            .to_owned();
    for (position, index) in order.iter().enumerate() {
        let (name, plant) = (NAMES[*index], plants[*index]);
        let Plant { version, detail, .. } = plant;
        let earlier = &order[..position];
        let api =
            earlier.iter().rfind(|other| plants[**other].kind == 1).map_or("Root", |at| NAMES[*at]);
        let (kind, properties) = match plant.kind {
            0 => (
                "Logs::LogGroup",
                format!(
                    "LogGroupName: {name}{version}, RetentionInDays: {}",
                    [1, 3][usize::from(detail)]
                ),
            ),
            1 => ("ApiGateway::RestApi", format!("Name: {name}, Description: v{detail}")),
            2 => (
                "ApiGateway::Resource",
                format!("RestApiId: !Ref {api}, ParentId: root, PathPart: {name}{version}"),
            ),
            _ => (
                "EC2::SubnetRouteTableAssociation",
                format!("SubnetId: {name}{version}, RouteTableId: table"),
            ),
        };
        let needs: Vec<&str> = earlier
            .iter()
            .filter(|other| plant.needs & (1 << **other) != 0)
            .map(|other| NAMES[*other])
            .collect();
        let policy = if plant.retained { "Retain" } else { "Delete" };
        writeln!(
            text,
            "  {name}: {{Type: AWS::{kind}, DependsOn: [{}], DeletionPolicy: {policy}, UpdateReplacePolicy: {policy}, Properties: {{{properties}}}}}",
            needs.join(", ")
        )
        .expect("a string takes everything");
    }
    text
}

/// What happened to a stack between two deploys.
#[derive(Debug, Clone, Copy)]
enum Accident {
    Gone,
    /// A replacement ended before its cleanup.
    Deposed,
    Begun,
    BegunAndNamed,
}

fn accident() -> impl Strategy<Value = (usize, Accident)> {
    let kinds = vec![Accident::Gone, Accident::Deposed, Accident::Begun, Accident::BegunAndNamed];
    (0..NAMES.len(), prop::sample::select(kinds))
}

fn begin(state: &mut State, graph: &Graph, id: &LogicalId, token: &str, named: bool) {
    let token = Token::from(token);
    let known = crate::plan::lookup(state);
    let desired =
        crate::plan::desired_properties(graph, id, &known, None, &token).expect("it fits");
    let json = desired.properties.to_masked_json();
    let instance = crate::plan::instance_of(&graph.nodes[id], &token, json, desired.naming);
    apply(state, &Event::CreateBegun { id: id.clone(), instance });
    if named {
        let physical_id = PhysicalId::new(format!("{id}/{token}"));
        apply(state, &Event::Named { id: id.clone(), token, physical_id });
    }
}

/// A state from the first template, with accidents that may have happened under the second.
fn world(before: &Graph, after: &Graph, accidents: &[(usize, Accident)]) -> (State, Observed) {
    let mut state = deployed(before);
    let mut gone = Vec::new();
    for (number, (index, accident)) in accidents.iter().enumerate() {
        let (id, token) = (LogicalId::from(NAMES[*index]), format!("accident-{number}"));
        let is_begun = state.resources.get(&id).is_some_and(|entry| entry.intent.is_some());
        let of = if after.nodes.contains_key(&id) { after } else { before };
        if !of.nodes.contains_key(&id) || is_begun {
            continue;
        }
        match accident {
            Accident::Gone => gone.push(id),
            Accident::Deposed => make(&mut state, of, &id, &token),
            Accident::Begun => begin(&mut state, of, &id, &token, false),
            Accident::BegunAndNamed => begin(&mut state, of, &id, &token, true),
        }
    }
    let mut observed = observed(&state);
    for id in gone {
        if let Some(observation) = observed.resources.get_mut(&id) {
            *observation = Observation::Gone;
        }
    }
    (state, observed)
}

/// Everything a step comes after; `None` when it comes after itself.
fn before(plan: &Plan) -> Option<BTreeMap<StepId, BTreeSet<StepId>>> {
    let mut known: BTreeMap<StepId, BTreeSet<StepId>> = BTreeMap::new();
    while known.len() < plan.steps.len() {
        let next = plan.steps.iter().find(|step| {
            !known.contains_key(&step.id) && step.after.iter().all(|id| known.contains_key(id))
        })?;
        let mut all: BTreeSet<StepId> = next.after.iter().copied().collect();
        all.extend(next.after.iter().flat_map(|id| known[id].clone()));
        known.insert(next.id, all);
    }
    Some(known)
}

fn taken<'a>(state: &'a State, step: &Step) -> Option<&'a Instance> {
    match &step.operation {
        Operation::Delete { token }
        | Operation::VanishWithParent { token }
        | Operation::Forget { token } => state.instance(&step.logical_id, token),
        _ => None,
    }
}

/// Every instance of the state has exactly one step that is about it.
fn every_instance_has_one_step(plan: &Plan, state: &State) {
    for (id, entry) in &state.resources {
        for instance in entry.instances() {
            let about: Vec<_> = plan
                .steps
                .iter()
                .filter(|step| step.logical_id == *id)
                .filter(|step| match &step.operation {
                    Operation::Nothing => entry.current.as_ref() == Some(instance),
                    operation => operation.token() == Some(&instance.token),
                })
                .collect();
            assert_eq!(about.len(), 1, "{id} {}: {about:?}", instance.token);
        }
    }
}

/// What was used goes after what used it, unless that needs no call of its own. Only where a state
/// that was recorded at different times has circles can it be the other way round.
fn removals_come_in_reverse(
    plan: &Plan,
    state: &State,
    before: &BTreeMap<StepId, BTreeSet<StepId>>,
) {
    let makes_room = |step: &Step| {
        plan.steps.iter().any(|made| made.operation.is_forward() && made.after.contains(&step.id))
    };
    // What vanishes goes when its parent does.
    let moment = |step: &Step| match step.operation {
        Operation::VanishWithParent { .. } => step
            .after
            .iter()
            .copied()
            .find(|id| !plan.steps[id.0].operation.is_forward())
            .expect("it waits for its parent"),
        _ => step.id,
    };
    for user in &plan.steps {
        let Some(instance) = taken(state, user) else { continue };
        if matches!(user.operation, Operation::VanishWithParent { .. }) {
            continue;
        }
        for used in plan.steps.iter().filter(|used| taken(state, used).is_some()) {
            let (first, last) = (user.id, moment(used));
            // What makes room for its successor waits for nothing that does not.
            let is_use = instance.dependencies.contains(&used.logical_id) && !makes_room(used);
            if is_use && first != last && !before[&first].contains(&last) {
                assert!(before[&last].contains(&first), "{used:?}\ngoes before\n{user:?}");
            }
        }
    }
}

fn keeps_the_laws(plan: &Plan, graph: &Graph, state: &State) {
    for (index, step) in plan.steps.iter().enumerate() {
        assert_eq!(step.id, StepId(index));
    }
    let before = before(plan).unwrap_or_else(|| panic!("steps wait in a circle: {plan:#?}"));
    every_instance_has_one_step(plan, state);
    let forward: BTreeMap<&LogicalId, &Step> = plan
        .steps
        .iter()
        .filter(|step| step.operation.is_forward())
        .map(|step| (&step.logical_id, step))
        .collect();
    let steps = plan.steps.iter().filter(|step| step.operation.is_forward()).count();
    assert_eq!((steps, forward.len()), (graph.nodes.len(), graph.nodes.len()));
    for (id, node) in &graph.nodes {
        for dependency in &node.dependencies {
            let (step, needed) = (forward[id], forward[dependency]);
            assert!(step.after.contains(&needed.id), "{id} does not wait for {dependency}");
        }
    }
    for step in plan.steps.iter().filter(|step| !step.operation.is_forward()) {
        let makes_room =
            forward.get(&step.logical_id).is_some_and(|made| made.after.contains(&step.id));
        if makes_room {
            continue;
        }
        for made in forward.values().filter(|made| made.operation != Operation::Nothing) {
            assert!(before[&step.id].contains(&made.id), "{step:?}\ncomes before\n{made:?}");
        }
    }
    removals_come_in_reverse(plan, state, &before);
    let json = serde_json::to_string(plan).expect("a plan is JSON");
    assert_eq!(serde_json::from_str::<Plan>(&json).expect("it reads back"), *plan);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_plan_keeps_the_laws(
        first in prop::collection::vec(plant(), NAMES.len()),
        second in prop::collection::vec(plant(), NAMES.len()),
        backwards in any::<bool>(),
        accidents in prop::collection::vec(accident(), 0..4),
    ) {
        let (old, new) = (graph(&write_template(&first, false)), graph(&write_template(&second, backwards)));
        let (state, observed) = world(&old, &new, &accidents);
        prop_assert_eq!(state.violations(), []);
        let plan = match planned(&new, &state, &observed) {
            Ok(plan) => plan,
            // A name that its predecessor still has: nothing is planned at all.
            Err(findings) => {
                prop_assert!(findings.iter().all(|one| one.message.contains("is taken")), "{findings:?}");
                return Ok(());
            }
        };
        keeps_the_laws(&plan, &new, &state);
        prop_assert_eq!(&planned(&new, &state, &observed).expect("as before"), &plan);
    }

    #[test]
    fn every_teardown_takes_each_instance_away_once(
        first in prop::collection::vec(plant(), NAMES.len()),
        second in prop::collection::vec(plant(), NAMES.len()),
        backwards in any::<bool>(),
        accidents in prop::collection::vec(accident(), 0..6),
    ) {
        let (old, new) = (graph(&write_template(&first, false)), graph(&write_template(&second, backwards)));
        let (state, _) = world(&old, &new, &accidents);
        let plan = teardown(&state);
        let before = before(&plan).unwrap_or_else(|| panic!("steps wait in a circle: {plan:#?}"));
        every_instance_has_one_step(&plan, &state);
        removals_come_in_reverse(&plan, &state, &before);
        let instances: usize = state.resources.values().map(|entry| entry.instances().count()).sum();
        prop_assert_eq!(plan.steps.len(), instances);
    }
}

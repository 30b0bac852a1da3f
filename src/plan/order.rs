//! The order of steps: edges between them, from the graph for what is made and from the state for
//! what is taken away.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{Action, Operation, Step, StepId};
use crate::resource::{self, Effect, Handler, Uniqueness};
use crate::state::{Instance, State};
use crate::value::{LogicalId, Token};

const IAM: &str = "AWS::IAM::";
const ROLE: &str = "AWS::IAM::Role";

/// What each resource needs of others, where something is made.
pub type Needs<'a> = dyn Fn(&LogicalId) -> Option<&'a BTreeSet<LogicalId>> + 'a;

/// Fills in what every step waits for.
pub fn connect(steps: &mut [Step], needs: &Needs<'_>, state: &State) {
    let forward: BTreeMap<LogicalId, StepId> = steps
        .iter()
        .filter(|step| step.operation.is_forward())
        .map(|step| (step.logical_id.clone(), step.id))
        .collect();
    let removals = Removals::of(steps, state);
    let all_forward: BTreeSet<StepId> = steps
        .iter()
        .filter(|step| step.operation.is_forward() && step.operation != Operation::Nothing)
        .map(|step| step.id)
        .collect();
    let edges: Vec<BTreeSet<StepId>> = steps
        .iter()
        .map(|step| {
            if step.operation.is_forward() {
                let mut after = forward_edges(step, needs, &forward);
                after.extend(removals.before_making(step));
                after.extend(removals.before_snapshot(step.id));
                after
            } else {
                let mut after = removals.edges(step);
                if !removals.is_early(step.id) {
                    after.extend(all_forward.iter().copied());
                }
                after
            }
        })
        .collect();
    let mut edges = without_circles(edges);
    removals.keep_rights(&mut edges);
    for (step, after) in steps.iter_mut().zip(edges) {
        step.after = after.into_iter().collect();
    }
}

/// What a state recorded at different times may depend on each other in a circle, which no template
/// can. One then goes first: AWS refuses what is still used, and the deletion is tried again.
fn without_circles(mut edges: Vec<BTreeSet<StepId>>) -> Vec<BTreeSet<StepId>> {
    let mut marks = vec![Mark::New; edges.len()];
    for index in 0..edges.len() {
        cut_circles(StepId(index), &mut edges, &mut marks);
    }
    edges
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Closed,
}

fn cut_circles(id: StepId, edges: &mut [BTreeSet<StepId>], marks: &mut [Mark]) {
    if marks[id.0] != Mark::New {
        return;
    }
    marks[id.0] = Mark::Open;
    for earlier in edges[id.0].clone() {
        if marks[earlier.0] == Mark::Open {
            edges[id.0].remove(&earlier);
        } else {
            cut_circles(earlier, edges, marks);
        }
    }
    marks[id.0] = Mark::Closed;
}

fn forward_edges(
    step: &Step,
    needs: &Needs<'_>,
    forward: &BTreeMap<LogicalId, StepId>,
) -> BTreeSet<StepId> {
    needs(&step.logical_id)
        .into_iter()
        .flatten()
        .filter_map(|dependency| forward.get(dependency).copied())
        .collect()
}

/// The steps that take something away, and what they take.
struct Removals<'a> {
    taken: BTreeMap<StepId, (&'a LogicalId, &'a Instance)>,
    /// Steps that must end before something is made.
    early: BTreeSet<StepId>,
    by_id: BTreeMap<LogicalId, Vec<StepId>>,
    /// By logical id: the steps that take away what depends on it.
    users: BTreeMap<&'a LogicalId, Vec<StepId>>,
    /// By each create: the steps that remove what has its name or its place.
    ways: BTreeMap<StepId, BTreeSet<StepId>>,
    /// By each snapshot that is made: the steps that remove what it would otherwise hold.
    held: BTreeMap<StepId, BTreeSet<StepId>>,
    /// The parent that a vanishing step waits for.
    parents: BTreeMap<StepId, StepId>,
    /// By each role, and what is attached to one: the steps that remove what it is needed for.
    rights: BTreeMap<StepId, BTreeSet<StepId>>,
}

impl<'a> Removals<'a> {
    fn of(steps: &[Step], state: &'a State) -> Self {
        let mut taken = BTreeMap::new();
        let mut by_id: BTreeMap<LogicalId, Vec<StepId>> = BTreeMap::new();
        for step in steps.iter().filter(|step| !step.operation.is_forward()) {
            let token = step.operation.token();
            let found = token.and_then(|token| instance(state, &step.logical_id, token));
            if let Some(found) = found {
                taken.insert(step.id, found);
                by_id.entry(step.logical_id.clone()).or_default().push(step.id);
            }
        }
        let ways: BTreeMap<StepId, BTreeSet<StepId>> = steps
            .iter()
            .map(|made| (made.id, in_the_way_of(made, &taken, state)))
            .filter(|(_, ways)| !ways.is_empty())
            .collect();
        let mut early: BTreeSet<StepId> = steps
            .iter()
            .filter(|step| !step.operation.is_forward() && is_early(step, steps, state))
            .map(|step| step.id)
            .collect();
        let held: BTreeMap<StepId, BTreeSet<StepId>> = steps
            .iter()
            .map(|step| (step.id, held_by(step, steps, &taken, state)))
            .filter(|(_, held)| !held.is_empty())
            .collect();
        early.extend(held.values().flatten());
        let mut users: BTreeMap<&LogicalId, Vec<StepId>> = BTreeMap::new();
        for (step, (_, instance)) in &taken {
            instance.dependencies.iter().for_each(|id| users.entry(id).or_default().push(*step));
        }
        let (parents, rights) = (BTreeMap::new(), BTreeMap::new());
        let mut removals = Self { taken, early, by_id, users, ways, held, parents, rights };
        removals.parents = steps
            .iter()
            .filter(|step| matches!(step.operation, Operation::VanishWithParent { .. }))
            .filter_map(|step| Some((step.id, removals.parent(step.id)?)))
            .collect();
        removals.rights = removals.rights();
        removals
    }

    /// The step that removes the parent of what a step is about.
    fn parent(&self, step: StepId) -> Option<StepId> {
        let (_, child) = self.taken.get(&step)?;
        parent_of(child, self.taken.iter().map(|(id, (_, instance))| (*id, *instance)))
    }

    fn is_early(&self, step: StepId) -> bool {
        self.early.contains(&step)
    }

    /// What has to be gone before something of the same logical id is made.
    fn before_making(&self, step: &Step) -> Vec<StepId> {
        match step.operation {
            Operation::Create { .. } => {
                let of_its_id = self.by_id.get(&step.logical_id).into_iter().flatten();
                let early = of_its_id.filter(|id| self.early.contains(id));
                early.chain(self.ways.get(&step.id).into_iter().flatten()).copied().collect()
            }
            _ => Vec::new(),
        }
    }

    /// What has to be gone before a snapshot is made.
    fn before_snapshot(&self, step: StepId) -> impl Iterator<Item = StepId> {
        self.held.get(&step).into_iter().flatten().copied()
    }

    /// A removal waits for the removal of everything that depends on it; what vanishes with its
    /// parent waits for the parent instead, and the parent for what depended on it.
    fn edges(&self, step: &Step) -> BTreeSet<StepId> {
        if let Some(parent) = self.parents.get(&step.id) {
            return BTreeSet::from([*parent]);
        }
        let mut edges = BTreeSet::new();
        let mut open = vec![step.id];
        let mut seen = BTreeSet::from([step.id]);
        while let Some(id) = open.pop() {
            for dependent in self.dependents(id) {
                if !seen.insert(dependent) {
                    continue;
                }
                if self.parents.contains_key(&dependent) {
                    open.push(dependent);
                } else if !self.early.contains(&step.id) || self.early.contains(&dependent) {
                    edges.insert(dependent);
                }
            }
        }
        edges
    }

    /// What is left behind of a function in a subnet or group goes by the rights of its role: the
    /// role, and what is attached to it, stays until those are gone.
    fn rights(&self) -> BTreeMap<StepId, BTreeSet<StepId>> {
        let mut by_role: BTreeMap<&LogicalId, BTreeSet<StepId>> = BTreeMap::new();
        for (_, gone) in self.taken.values() {
            let handler = resource::handler(gone.type_name.as_str());
            let lingers_in = handler.map(Handler::lingers_in).unwrap_or_default();
            if lingers_in.is_empty() {
                continue;
            }
            let steps = gone.dependencies.iter().filter_map(|id| self.by_id.get(id)).flatten();
            let (roles, others): (Vec<StepId>, Vec<StepId>) =
                steps.partition(|step| self.type_of(**step) == ROLE);
            let places = others.iter().filter(|step| lingers_in.contains(&self.type_of(**step)));
            for role in roles {
                by_role.entry(self.taken[&role].0).or_default().extend(places.clone());
            }
        }
        let mut rights = BTreeMap::new();
        for (step, (id, instance)) in &self.taken {
            if !self.is_of_iam(*step) || self.early.contains(step) {
                continue;
            }
            let places = instance.dependencies.iter().chain([*id]).filter_map(|id| by_role.get(id));
            let places: BTreeSet<StepId> = places.flatten().copied().collect();
            if !places.is_empty() {
                rights.insert(*step, places);
            }
        }
        rights
    }

    /// Adds what keeps rights to what the steps wait for, but where that would close a circle.
    fn keep_rights(&self, edges: &mut [BTreeSet<StepId>]) {
        let mut holders: BTreeMap<StepId, Vec<StepId>> = BTreeMap::new();
        for (holder, places) in &self.rights {
            places.iter().for_each(|place| holders.entry(*place).or_default().push(*holder));
        }
        for (place, holders) in holders {
            let mut before = BTreeSet::from([place]);
            let mut open = vec![place];
            while let Some(step) = open.pop() {
                // What is made, or makes room for it, waits for none of these.
                let may_wait =
                    |step: &StepId| self.taken.contains_key(step) && !self.early.contains(step);
                let next = edges[step.0].iter().copied().filter(may_wait);
                open.extend(next.filter(|step| before.insert(*step)));
            }
            for holder in holders.into_iter().filter(|holder| !before.contains(holder)) {
                edges[holder.0].insert(place);
            }
        }
    }

    fn is_of_iam(&self, step: StepId) -> bool {
        self.type_of(step).starts_with(IAM)
    }

    fn type_of(&self, step: StepId) -> &str {
        self.taken[&step].1.type_name.as_str()
    }

    /// What depends on what a step takes away. To what is not of IAM it is no matter what a policy
    /// says of it: one whose rights are needed stays.
    fn dependents(&self, of: StepId) -> Vec<StepId> {
        let Some((of_id, _)) = self.taken.get(&of) else { return Vec::new() };
        let users = self.users.get(*of_id).into_iter().flatten().copied().filter(|id| *id != of);
        match self.is_of_iam(of) {
            true => users.collect(),
            false => users.filter(|id| !self.rights.contains_key(id)).collect(),
        }
    }
}

/// The one among `candidates` that an instance is a part of and vanishes with.
pub fn parent_of<'a, K>(
    child: &Instance,
    mut candidates: impl Iterator<Item = (K, &'a Instance)>,
) -> Option<K> {
    let handler = resource::handler(child.type_name.as_str())?;
    let property = handler.gone_with()?;
    let named = child.properties.get(property)?.as_str()?.to_owned();
    candidates
        .find(|(_, candidate)| {
            let Some(physical_id) = &candidate.physical_id else { return false };
            let Some(parent) = resource::handler(candidate.type_name.as_str()) else {
                return false;
            };
            let is_kind = candidate.token != child.token && parent.gone_with() != Some(property);
            let arn = candidate.attributes.get("Arn").and_then(Json::as_str);
            is_kind && (parent.reference(physical_id) == named || arn == Some(named.as_str()))
        })
        .map(|(key, _)| key)
}

fn instance<'a>(
    state: &'a State,
    id: &LogicalId,
    token: &Token,
) -> Option<(&'a LogicalId, &'a Instance)> {
    let (id, entry) = state.resources.get_key_value(id)?;
    entry.instances().find(|instance| instance.token == *token).map(|instance| (id, instance))
}

/// The removals of what a snapshot is of: made before them, it would hold what the template no
/// longer has, and an API would go on serving it. What is there is served by the old snapshot.
fn held_by(
    step: &Step,
    steps: &[Step],
    taken: &BTreeMap<StepId, (&LogicalId, &Instance)>,
    state: &State,
) -> BTreeSet<StepId> {
    let Operation::Create { .. } = step.operation else { return BTreeSet::new() };
    let Some(handler) = resource::handler(step.type_name.as_str()) else { return BTreeSet::new() };
    let Some(follows) = handler.follows().filter(|follows| follows.effect == Effect::Replace)
    else {
        return BTreeSet::new();
    };
    let parent = |instance: &Instance| instance.properties.get(follows.through).cloned();
    let own = state.current(&step.logical_id).map(parent);
    steps
        .iter()
        .filter(|other| matches!(other.operation, Operation::Delete { .. }))
        .filter(|other| follows.types.contains(&other.type_name.as_str()))
        .filter(|other| {
            let gone = taken.get(&other.id).map(|(_, instance)| parent(instance));
            own.is_none() || gone == own
        })
        .map(|other| other.id)
        .collect()
}

/// What is left of an unfinished create goes before a new one is made, and so does the old side of
/// a replacement that AWS allows only one of, and whatever has the place or the name of the new one.
pub fn is_early(step: &Step, steps: &[Step], state: &State) -> bool {
    let Some(token) = step.operation.token() else { return false };
    let Some((id, removed)) = instance(state, &step.logical_id, token) else { return false };
    let mut made = steps.iter().filter(|it| matches!(it.operation, Operation::Create { .. }));
    if made.clone().any(|made| is_in_the_way(removed, made, state.current(&made.logical_id))) {
        return true;
    }
    let (true, Some(entry)) = (made.any(|it| it.logical_id == *id), state.resources.get(id)) else {
        return false;
    };
    if entry.intent.as_ref().is_some_and(|intent| intent.token == *token) {
        return true;
    }
    // What is forgotten because it is gone makes room for one with the same name.
    let is_gone = step.action == Action::Keep;
    let is_current = entry.current.as_ref().is_some_and(|current| current.token == *token);
    let facts = crate::schema::facts(step.type_name.as_str());
    is_gone || is_current && facts.is_some_and(|facts| facts.delete_first)
}

/// The removals that something that is made has to wait for.
fn in_the_way_of(
    made: &Step,
    taken: &BTreeMap<StepId, (&LogicalId, &Instance)>,
    state: &State,
) -> BTreeSet<StepId> {
    let Operation::Create { .. } = made.operation else { return BTreeSet::new() };
    let current = state.current(&made.logical_id);
    let ways = taken.iter().filter(|(_, (_, removed))| is_in_the_way(removed, made, current));
    ways.map(|(id, _)| *id).collect()
}

/// Whether something has what the one that is to be made would have: AWS takes no two.
fn is_in_the_way(old: &Instance, made: &Step, current: Option<&Instance>) -> bool {
    if old.type_name != made.type_name {
        return false;
    }
    let Some(handler) = resource::handler(made.type_name.as_str()) else { return false };
    // A replacement says what changes, against what is in use. Where that would be in its way, there
    // is no plan.
    let is_replacement = made.action == Action::Replace && made.restored.is_none();
    let kept = current.filter(|_| is_replacement);
    if kept.is_some_and(|current| current.token == old.token) {
        return false;
    }
    let wanted = |property: &str| {
        let changed = made.changes.iter().find(|change| change.path == property);
        match changed {
            Some(change) => change.to.as_ref(),
            None => kept.and_then(|current| current.properties.get(property)),
        }
    };
    let is_same = |property: &str| wanted(property) == old.properties.get(property);
    let is_shared = |property: &str| wanted(property).is_some() && is_same(property);
    let name = handler.name().filter(|name| name.unique == Uniqueness::Unique);
    let place = handler.occupies();
    let is_on = |property: &str| is_same(property) && wanted(property) == Some(&Json::Bool(true));
    let takes_place = handler.occupies_with().is_none_or(is_on);
    name.is_some_and(|name| is_shared(name.property))
        || takes_place && !place.is_empty() && place.iter().all(|property| is_shared(property))
        || handler.alone().is_some_and(|key| key.iter().all(|property| is_same(property)))
}

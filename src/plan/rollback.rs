//! Going back: the plan that makes a stack what it was when a run last did all that its plan said.
//!
//! It is made from the state, which keeps what has changed since then. What was made since goes,
//! what was updated gets its properties back, and what was replaced and is still there is used
//! again. What is deleted already nobody brings back, unless it is the same when it is made anew. It,
//! what was made of it, and what those need as they are now stay, and the plan says so.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::desired::{desired_properties, lookup};
use super::diff::{Change, Sides, diff};
use super::drift::{Ignored, overlooking};
use super::make::{TAKEN_OVER, created, is_taken_over};
use super::moves::{self, Moves};
use super::risk::STATELESS;
use super::same::Rules;
use super::{
    Action, Lost, Operation, OutputChange, Plan, Purpose, Step, StepId, Tagging, UpdateKind, order,
    risk, teardown,
};
use crate::graph::{Graph, IgnoreDrift};
use crate::refresh::{Observation, Observed};
use crate::resource::{self, Effect, Handler, LiveJson};
use crate::schema;
use crate::state::{Entry, Instance, Marks, State, Told, Was};
use crate::template::DeletionPolicy;
use crate::value::{Attributes, LogicalId, SECRET_PREFIX, Secret, Token, Value};

/// What the state does not keep of former properties, as far as it is known from elsewhere: secrets,
/// of which it has digests, local code, and what others may change.
#[derive(Debug, Default)]
pub struct Past {
    secrets: BTreeMap<String, Secret>,
    code: BTreeSet<String>,
    ignored: Ignored,
}

impl Past {
    /// What a template, its parameters and its code still say of it.
    pub fn known_from(graph: &Graph, state: &State) -> Self {
        let mut past = Self::default();
        for value in graph.parameters().values() {
            past.note(value);
        }
        let known = lookup(state);
        for (id, node) in &graph.nodes {
            past.ignored.insert(id.clone(), node.directions.ignore_drift.clone());
            let token = Token::new("");
            let current = state.current(id);
            if let Ok(desired) = desired_properties(graph, id, &known, current, &token) {
                past.note(&desired.properties);
            }
        }
        past.code.extend(graph.inputs.assets.values().map(|asset| asset.sha256.clone()));
        past
    }

    /// With code that is kept, by its digests.
    #[must_use]
    pub fn with_code(mut self, kept: impl IntoIterator<Item = String>) -> Self {
        self.code.extend(kept);
        self
    }

    fn note(&mut self, value: &Value) {
        match value {
            Value::Secret(secret) => {
                self.secrets.insert(secret.masked(), secret.clone());
            }
            Value::List(items) => items.iter().for_each(|item| self.note(item)),
            Value::Map(entries) => entries.values().for_each(|item| self.note(item)),
            _ => {}
        }
    }

    /// Former properties, with their secrets.
    ///
    /// # Errors
    ///
    /// What of them nobody knows any more.
    pub fn properties(&self, instance: &Instance) -> Result<Value, String> {
        self.value("", &instance.properties)
    }

    fn value(&self, path: &str, json: &Json) -> Result<Value, String> {
        let below = |key: &str| match path {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        Ok(match json {
            Json::String(text) if text.starts_with(SECRET_PREFIX) => {
                let secret = self.secrets.get(text).cloned();
                Value::Secret(secret.ok_or_else(|| {
                    format!("`{path}` was a secret that is not kept, and has another value now")
                })?)
            }
            Json::String(sha256)
                if path.ends_with("AssetSha256") && !self.code.contains(sha256) =>
            {
                return Err("the code that it had is not kept".to_owned());
            }
            Json::Array(items) => {
                let items = items.iter().map(|item| self.value(path, item));
                Value::List(items.collect::<Result<_, _>>()?)
            }
            Json::Object(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, item)| Ok((key.clone(), self.value(&below(key), item)?)));
                Value::Map(entries.collect::<Result<_, String>>()?)
            }
            other => Value::from(other),
        })
    }
}

/// The way back. Pure: tokens for what is made anew come from `tokens`.
pub fn rollback(
    state: &State,
    observed: &Observed,
    past: &Past,
    tokens: &mut dyn FnMut() -> Token,
) -> Plan {
    let (moves, stuck) = moves_back(state);
    let state = &*moves::renamed(state, &moves);
    let goals = BTreeMap::new();
    let mut back = Back { state, observed, moves: &moves, past, tokens, goals, steps: Vec::new() };
    back.set_goals();
    back.keep_what_belongs_together();
    let mut lost = back.lost();
    lost.extend(stuck);
    let ids: Vec<LogicalId> = back.goals.keys().cloned().collect();
    for id in &ids {
        back.decide(id);
    }
    let needs: BTreeMap<LogicalId, &BTreeSet<LogicalId>> = back
        .goals
        .iter()
        .filter_map(|(id, goal)| Some((id.clone(), &goal.like()?.dependencies)))
        .collect();
    let mut steps = back.steps;
    teardown::mark_vanishing(&mut steps, state);
    order::connect(&mut steps, &|id| needs.get(id).copied(), state);
    let now = Told {
        outputs: state.outputs.clone(),
        exports: state.exports.clone(),
        imports: state.imports.clone(),
    };
    // Of what stays as it is now, they tell what is so now.
    let told = state.before.told.clone().filter(|_| lost.is_empty()).unwrap_or(now);
    Plan {
        stack: state.stack.clone(),
        account: state.account.clone(),
        region: state.region.clone(),
        purpose: Purpose::Rollback,
        lineage: state.lineage.clone(),
        serial: state.serial,
        risks: risk::risks(&steps, state),
        steps,
        outputs: changes(&state.outputs, &told.outputs),
        exports: changes(&state.exports, &told.exports),
        imports: (told.imports != state.imports).then_some(told.imports),
        findings: Vec::new(),
        renames: Vec::new(),
        notes: Vec::new(),
        lost,
    }
}

/// The logical ids that are given back, and those that cannot be.
fn moves_back(state: &State) -> (Moves, Vec<Lost>) {
    let mut moves = Moves::new();
    let mut stuck = Vec::new();
    for (now, then) in &state.before.moved {
        let is_taken =
            state.resources.contains_key(then) || state.before.resources.contains_key(then);
        match state.resources.contains_key(now) {
            true if is_taken => stuck.push(Lost {
                logical_id: now.clone(),
                why: format!("it was `{then}`, and something else is that now"),
            }),
            true => drop(moves.insert(then.clone(), now.clone())),
            false => {}
        }
    }
    (moves, stuck)
}

/// What a plan does that no rollback could undo, should the run fail after that.
pub fn beyond_recall(plan: &Plan, state: &State, past: &Past) -> Vec<Lost> {
    let why = |step: &Step| {
        let current = state.current(&step.logical_id)?;
        let is_made = |other: &Step| {
            other.logical_id == step.logical_id
                && matches!(other.operation, Operation::Create { .. })
        };
        match (&step.operation, step.action) {
            (Operation::Delete { token }, _)
                if *token == current.token && !STATELESS.contains(&step.type_name.as_str()) =>
            {
                let is_early = order::is_early(step, &plan.steps, state);
                let why = match plan.steps.iter().any(is_made) {
                    true if is_early => "the old one, which is deleted first",
                    true => "the old one, once it is deleted; that comes last",
                    false => "once it is deleted; that comes last",
                };
                Some(why.to_owned())
            }
            (Operation::Update { .. }, _) => past.properties(current).err(),
            _ => None,
        }
    };
    let lost = plan
        .steps
        .iter()
        .filter_map(|step| Some(Lost { logical_id: step.logical_id.clone(), why: why(step)? }));
    lost.collect()
}

/// What is to stand behind a logical id.
enum Goal<'a> {
    /// Nothing has changed.
    Unchanged(&'a Instance),
    Absent,
    Restored {
        was: &'a Instance,
        properties: Value,
    },
    /// It is deleted, and the same when it is made anew.
    Anew {
        was: &'a Instance,
        properties: Value,
        /// What a rollback before this one began to make in its place.
        begun: Option<&'a Instance>,
    },
    /// It was let go of, is still there, and is the stack's again.
    TakenOver(&'a Instance),
    /// It cannot be what it was, and stays what it is, if it is at all.
    Stays {
        current: Option<&'a Instance>,
        why: String,
    },
}

impl<'a> Goal<'a> {
    fn instance(&self) -> Option<&'a Instance> {
        match self {
            Self::Unchanged(instance)
            | Self::Restored { was: instance, .. }
            | Self::TakenOver(instance) => Some(instance),
            Self::Stays { current, .. } => *current,
            Self::Absent | Self::Anew { .. } => None,
        }
    }

    /// What stands there in the end is like this.
    fn like(&self) -> Option<&'a Instance> {
        match self {
            Self::Anew { was, .. } => Some(was),
            other => other.instance(),
        }
    }

    fn token(&self) -> Option<&'a Token> {
        let instance = match self {
            Self::Anew { begun, .. } => *begun,
            other => other.instance(),
        };
        instance.map(|instance| &instance.token)
    }
}

struct Back<'a> {
    state: &'a State,
    observed: &'a Observed,
    moves: &'a Moves,
    past: &'a Past,
    tokens: &'a mut dyn FnMut() -> Token,
    goals: BTreeMap<LogicalId, Goal<'a>>,
    steps: Vec<Step>,
}

impl<'a> Back<'a> {
    fn set_goals(&mut self) {
        let state = self.state;
        for (id, entry) in &state.resources {
            let goal = match &entry.current {
                Some(current) if takes_back(entry, current) => {
                    self.restored(id, current).unwrap_or(Goal::Unchanged(current))
                }
                current => current.as_ref().map_or(Goal::Absent, Goal::Unchanged),
            };
            self.goals.insert(id.clone(), goal);
        }
        for (id, was) in &state.before.resources {
            let goal = match was {
                Was::Absent => Goal::Absent,
                Was::Present(was) => self
                    .restored(id, was)
                    .unwrap_or_else(|why| Goal::Stays { current: state.current(id), why }),
                Was::LetGo(was) => self
                    .taken_over(id, was)
                    .unwrap_or_else(|why| Goal::Stays { current: state.current(id), why }),
            };
            self.goals.insert(id.clone(), goal);
        }
    }

    /// Whether something can be what it was.
    fn restored(&self, id: &LogicalId, was: &'a Instance) -> Result<Goal<'a>, String> {
        let is_there = self.state.instance(id, &was.token).is_some();
        if !is_there && !STATELESS.contains(&was.type_name.as_str()) {
            return Err("it was deleted, and cannot be brought back".to_owned());
        }
        let entry = self.state.resources.get(id).filter(|_| !is_there);
        let again = |made: &&Instance| is_made_again(made, was);
        let made = entry.and_then(|entry| entry.current.as_ref()).filter(again);
        let Some(now) = made.or(self.state.instance(id, &was.token)) else {
            let begun = entry.and_then(|entry| entry.intent.as_ref()).filter(again);
            // What AWS has given up is of no use.
            let begun = begun.filter(|begun| self.observed.failure_of(begun).is_none());
            return Ok(Goal::Anew { was, properties: self.past.properties(was)?, begun });
        };
        let was = made.unwrap_or(was);
        let live = self.live(id, now).ok_or("it was deleted outside of Cairn")?;
        let properties = self.past.properties(was)?;
        let handler = resource::handler(was.type_name.as_str())
            .ok_or_else(|| format!("Cairn has no handler for `{}`", was.type_name))?;
        let changes = self.differences(id, handler, &properties, now, live);
        if let Some(change) = changes.iter().find(|change| change.replaces) {
            return Err(format!("`{}` cannot be changed back in place", change.path));
        }
        Ok(Goal::Restored { was, properties })
    }

    /// Whether what was let go of is still there.
    fn taken_over(&self, id: &LogicalId, was: &'a Instance) -> Result<Goal<'a>, String> {
        if self.state.instance(id, &was.token).is_some() {
            return self.restored(id, was);
        }
        match self.observed.beside.get(&was.token) {
            Some(Observation::Live(_)) if self.state.resources.contains_key(id) => {
                Err("it was let go of, and something else is in its place".to_owned())
            }
            Some(Observation::Live(_)) => Ok(Goal::TakenOver(was)),
            _ => self.restored(id, was),
        }
    }

    /// What was found of what is in use, which may have been called otherwise then.
    fn observation(&self, id: &LogicalId) -> Option<&'a Observation> {
        self.observed.resources.get(self.moves.get(id).unwrap_or(id))
    }

    /// What is to be changed of something that is there, other than what others may change.
    fn differences(
        &self,
        id: &LogicalId,
        handler: &dyn Handler,
        properties: &Value,
        now: &Instance,
        live: &LiveJson,
    ) -> Vec<Change> {
        let facts = schema::facts(now.type_name.as_str());
        let rules = Rules { facts, rules: handler.rules() };
        // The template may still call it as it was called until now.
        let ignored = &self.past.ignored;
        let ignored = ignored.get(self.moves.get(id).unwrap_or(id)).or_else(|| ignored.get(id));
        let ignored = ignored.unwrap_or(&IgnoreDrift::None);
        let seen = overlooking(ignored, &live.properties, &now.properties);
        let sides = Sides { desired: properties, applied: &now.properties, live: Some(&*seen) };
        diff(handler, rules, sides)
    }

    fn live(&self, id: &LogicalId, instance: &Instance) -> Option<&'a LiveJson> {
        let is_current =
            self.state.current(id).is_some_and(|current| current.token == instance.token);
        let observation = match is_current {
            true => self.observation(id),
            false => self.observed.beside.get(&instance.token),
        };
        match observation {
            Some(Observation::Live(live)) => Some(live),
            _ => None,
        }
    }

    /// What was made of something that cannot be brought back stays, and so does what that needs.
    fn keep_what_belongs_together(&mut self) {
        loop {
            let bound: Vec<(LogicalId, String)> =
                self.goals.iter().flat_map(|(id, goal)| self.bound(id, goal)).collect();
            if bound.is_empty() {
                return;
            }
            for (id, why) in bound {
                let current = self.state.current(&id);
                self.goals.insert(id, Goal::Stays { current, why });
            }
        }
    }

    fn bound(&self, id: &LogicalId, goal: &Goal<'a>) -> Vec<(LogicalId, String)> {
        let then = |id: &LogicalId| match self.state.before.resources.get(id) {
            Some(Was::Absent) => None,
            Some(Was::Present(was) | Was::LetGo(was)) => Some(&was.token),
            None => self.state.current(id).map(|current| &current.token),
        };
        let goal_of = |id: &LogicalId| self.goals.get(id).and_then(Goal::token);
        // A deletion that nobody has written down: what is made anew would not find it.
        let is_gone = |id: &LogicalId| {
            matches!(goal, Goal::Anew { .. }) && self.observation(id) == Some(&Observation::Gone)
        };
        match goal {
            Goal::Restored { was, .. } | Goal::Anew { was, .. } => {
                let is_missing =
                    |needed: &&LogicalId| then(needed) != goal_of(needed) || is_gone(needed);
                let missing = was.dependencies.iter().find(is_missing);
                let why = |needed| format!("`{needed}`, which it needs, cannot be brought back");
                let bound = missing.map(why).or_else(|| self.outrun(was));
                bound.map(|why| (id.clone(), why)).into_iter().collect()
            }
            Goal::Stays { current: Some(current), .. } => {
                let now = |id: &LogicalId| self.state.current(id).map(|current| &current.token);
                let needed = current
                    .dependencies
                    .iter()
                    .filter(|needed| now(needed).is_some() && now(needed) != goal_of(needed));
                needed
                    .map(|needed| (needed.clone(), format!("`{id}` stays, and needs it")))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Why something that is rolled over to what it follows cannot be: that stays as it is now.
    fn outrun(&self, was: &Instance) -> Option<String> {
        let follows = resource::handler(was.type_name.as_str())?.follows()?;
        let stays =
            |needed: &&LogicalId| matches!(self.goals.get(*needed), Some(Goal::Stays { .. }));
        let followed = was.dependencies.iter().find(stays)?;
        (follows.effect == Effect::Roll)
            .then(|| format!("`{followed}`, which it follows, stays as it is"))
    }

    fn lost(&self) -> Vec<Lost> {
        let lost = self.goals.iter().filter_map(|(id, goal)| match goal {
            Goal::Stays { why, .. } => Some(Lost { logical_id: id.clone(), why: why.clone() }),
            _ => None,
        });
        lost.collect()
    }

    fn decide(&mut self, id: &LogicalId) {
        let empty = Entry::default();
        let entry = self.state.resources.get(id).unwrap_or(&empty);
        let goal = self.goals.get(id);
        let kept = goal.and_then(Goal::token);
        // What cannot be brought back now is not taken away for good either.
        let spared = match (goal, self.state.before.resources.get(id)) {
            (Some(Goal::Stays { .. }), Some(Was::Present(was) | Was::LetGo(was))) => {
                Some(&was.token)
            }
            _ => None,
        };
        let step = match goal {
            Some(Goal::Restored { was, properties }) => self.restore(id, entry, was, properties),
            Some(Goal::Anew { was, properties, begun: None }) => {
                let token = (self.tokens)();
                let create = Operation::Create { token: token.clone() };
                Some(anew(id, entry, was, token, (create, created(properties), ANEW)))
            }
            Some(Goal::Anew { was, begun: Some(begun), .. }) => {
                let token = begun.token.clone();
                let resume = Operation::Resume { token: token.clone() };
                Some(anew(id, entry, was, token, (resume, Vec::new(), BEGUN_ANEW)))
            }
            Some(Goal::Unchanged(current) | Goal::Stays { current: Some(current), .. }) => {
                Some(self.renamed(id, teardown::bare(StepId(0), id, current), current))
            }
            Some(Goal::TakenOver(was)) => Some(taken_over(id, was)),
            _ => None,
        };
        let has_successor = step.is_some();
        let moved_from = self.moves.get(id).cloned();
        let step = step.map(|step| Step { id: StepId(self.steps.len()), moved_from, ..step });
        self.steps.extend(step);
        let others = entry.instances().filter(|instance| {
            let token = Some(&instance.token);
            token != kept && token != spared
        });
        for other in others {
            let at = StepId(self.steps.len());
            let is_current = entry.current.as_ref().is_some_and(|one| one.token == other.token);
            // Of what was made since, only what is to stay in any case does.
            let step = match other.deletion_policy {
                DeletionPolicy::Retain if is_current && !has_successor => {
                    teardown::retention(at, id, other)
                }
                _ if is_current => teardown::removal(at, id, other, MADE_SINCE),
                _ => teardown::removal(at, id, other, teardown::LEFT_OVER),
            };
            self.steps.push(step);
        }
    }

    /// What is only called otherwise again.
    fn renamed(&self, id: &LogicalId, step: Step, current: &Instance) -> Step {
        let Some(old) = self.moves.get(id) else { return step };
        let is_marked = resource::marks::are_on(current.type_name.as_str());
        let operation = match current.marks {
            Marks::Of(_) if is_marked => Operation::Mark { token: current.token.clone() },
            _ => Operation::Nothing,
        };
        let restored = Some(Box::new(current.clone()));
        let reasons = vec![format!("it was `{old}` until now")];
        Step { action: Action::Move, operation, reasons, restored, ..step }
    }

    /// The step that makes something what it was.
    fn restore(
        &self,
        id: &LogicalId,
        entry: &Entry,
        was: &Instance,
        properties: &Value,
    ) -> Option<Step> {
        let handler = resource::handler(was.type_name.as_str())?;
        let now = self.state.instance(id, &was.token)?;
        let changes = self.differences(id, handler, properties, now, self.live(id, now)?);
        let is_torn = !now.attempted.is_empty();
        let rolls = handler.follows().is_some_and(|follows| follows.effect == Effect::Roll)
            && (is_torn || now.follows != was.follows);
        let is_current = entry.current.as_ref().is_some_and(|current| current.token == was.token);
        let takes_back = takes_back(entry, was);
        let how = match () {
            () if rolls || takes_back => Some(UpdateKind::Roll),
            () if is_torn || !changes.is_empty() => Some(UpdateKind::Properties),
            () => None,
        };
        let token = was.token.clone();
        let is_marked = resource::marks::are_on(was.type_name.as_str());
        let is_renamed = is_marked && matches!(now.marks, Marks::Of(_));
        let (action, operation) = match how {
            how if !is_current => (Action::Replace, Operation::Reinstate { token, how }),
            Some(how) => (Action::Update, Operation::Update { token, how }),
            None if is_renamed => (Action::Move, Operation::Mark { token }),
            None if is_recorded(now, was) => (Action::Keep, Operation::Nothing),
            None => (Action::Keep, Operation::Record { token }),
        };
        let mut reasons = Vec::new();
        if action == Action::Replace {
            reasons.push(AGAIN.to_owned());
        } else if takes_back {
            reasons.push(TAKEN_OVER.to_owned());
        } else if changes.is_empty() && action == Action::Update {
            reasons.push(TORN.to_owned());
        }
        let physical_id = entry.current.as_ref().unwrap_or(now).physical_id.clone();
        let restored = Instance { attempted: Vec::new(), ..was.clone() };
        Some(Step {
            physical_id,
            action,
            operation,
            changes,
            reasons,
            restored: Some(Box::new(restored)),
            ..teardown::bare(StepId(0), id, was)
        })
    }
}

/// Whether something has been made, or begun, in the place of what is to stand there again, and may
/// have taken over what serves it.
fn takes_back(entry: &Entry, was: &Instance) -> bool {
    let is_current = entry.current.as_ref().is_some_and(|current| current.token == was.token);
    let handler = resource::handler(was.type_name.as_str());
    (entry.intent.is_some() || entry.has_other_of(was) || !is_current)
        && handler.is_some_and(is_taken_over)
}

/// The step that makes something the stack's again that it let go of.
fn taken_over(id: &LogicalId, was: &Instance) -> Step {
    Step {
        action: Action::Adopt,
        operation: Operation::Adopt {
            token: was.token.clone(),
            properties: was.properties.clone(),
            naming: was.naming,
            tagging: Tagging::Leave,
        },
        reasons: vec![LET_GO.to_owned()],
        restored: Some(Box::new(was.clone())),
        ..teardown::bare(StepId(0), id, was)
    }
}

/// Whether it is what a rollback makes, or began to make, in the place of what was deleted.
fn is_made_again(made: &Instance, was: &Instance) -> bool {
    let alike = Instance {
        token: made.token.clone(),
        physical_id: made.physical_id.clone(),
        attributes: made.attributes.clone(),
        attempted: made.attempted.clone(),
        marks: made.marks.clone(),
        ..was.clone()
    };
    alike == *made
}

/// The step that makes something again that was deleted.
fn anew(
    id: &LogicalId,
    entry: &Entry,
    was: &Instance,
    token: Token,
    (operation, changes, reason): (Operation, Vec<Change>, &str),
) -> Step {
    let restored = Instance {
        token,
        physical_id: None,
        attributes: Attributes::new(),
        attempted: Vec::new(),
        ..was.clone()
    };
    let (action, physical_id) = match &entry.current {
        Some(current) => (Action::Replace, current.physical_id.clone()),
        None => (Action::Create, None),
    };
    Step {
        physical_id,
        action,
        operation,
        changes,
        reasons: vec![reason.to_owned()],
        restored: Some(Box::new(restored)),
        ..teardown::bare(StepId(0), id, was)
    }
}

const ANEW: &str = "it was deleted, and is made anew";
const BEGUN_ANEW: &str = "it was deleted, and an earlier run began to make it anew";
const MADE_SINCE: &str = "it was made since";
const LET_GO: &str = "it was let go of and is still there";
const AGAIN: &str = "the one before is used again";
const TORN: &str = "its update was not finished";

/// Whether the state says already what it said; what AWS tells, and what its tags say, is not ours
/// to say.
fn is_recorded(now: &Instance, was: &Instance) -> bool {
    let (attributes, marks) = (was.attributes.clone(), was.marks.clone());
    Instance { attributes, marks, ..now.clone() } == *was
}

/// What is told to others, before and after.
fn changes(
    now: &BTreeMap<String, Json>,
    then: &BTreeMap<String, Json>,
) -> BTreeMap<String, OutputChange> {
    let gone = now.iter().filter(|(name, _)| !then.contains_key(*name));
    let gone = gone.map(|(name, value)| (name.clone(), OutputChange::removal(value)));
    let told = then.iter().map(|(name, value)| {
        let before = now.get(name).cloned();
        (name.clone(), OutputChange { before, after: Some(value.clone()), known: true })
    });
    gone.chain(told).collect()
}

//! Making a plan: one decision for each resource, in the order of the graph.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::desired::{Desired, Known, desired_properties, follows_digest_as};
use super::diff::{Change, Sides, diff};
use super::drift::{overlooking, since};
use super::moves::{self, Moves};
use super::renames;
use super::same::Rules;
use super::{
    Action, Operation, OutputChange, Plan, Purpose, Step, StepId, UpdateKind, order, retained,
    risk, taken, teardown, versions,
};
use crate::diagnostic::Diagnostic;
use crate::graph::{Graph, Node, without_room};
use crate::refresh::{Observation, Observed};
use crate::resource::{self, Effect, Handler, LiveJson, Status, Uniqueness};
use crate::schema::{self, At, Segment};
use crate::state::{Entry, Instance, Marks, Naming, State};
use crate::template::DeletionPolicy;
use crate::value::{Attributes, LogicalId, Token, TypeName, Value};

/// Compares what should be with what was applied and what is there. Pure: tokens for what will be
/// made come from `tokens`.
///
/// # Errors
///
/// What cannot be done, at its place in the template.
pub fn plan(
    graph: &Graph,
    state: &State,
    observed: &Observed,
    tokens: &mut dyn FnMut() -> Token,
) -> Result<Plan, Vec<Diagnostic>> {
    let moves = moves::moves(graph, state)?;
    let state = &*moves::renamed(state, &moves);
    let mut maker = Maker {
        graph,
        state,
        observed,
        moves: &moves,
        tokens,
        steps: Vec::new(),
        known: Known::default(),
        planned: BTreeMap::new(),
        errors: Vec::new(),
    };
    for node in graph.nodes.values() {
        maker.decide(node);
    }
    for (id, entry) in &state.resources {
        if !graph.nodes.contains_key(id) {
            maker.leave(id, entry);
        }
    }
    let outputs = maker.outputs();
    let exports = maker.exports();
    let Maker { mut steps, errors, .. } = maker;
    let mut errors = errors;
    if errors.is_empty() {
        let seen = |id: &LogicalId| observed.resources.get(moves.get(id).unwrap_or(id));
        let is_gone = |id: &LogicalId| seen(id) == Some(&Observation::Gone);
        errors = taken::taken(&steps, graph, state, &is_gone);
        errors.extend(retained::held(&steps, graph, state, &|id, token| {
            observed.of(moves.get(id).unwrap_or(id), token)
        }));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    teardown::mark_vanishing(&mut steps, state);
    order::connect(&mut steps, &|id| Some(&graph.nodes.get(id)?.dependencies), state);
    let missing = versions::missing(&steps, graph, state, observed);
    if !missing.is_empty() {
        return Err(missing);
    }
    note_drift(&mut steps, state, |id| observed.resources.get(moves.get(id).unwrap_or(id)));
    let risks = risk::risks(&steps, state);
    let renames = renames::renames(&steps, graph, state);
    Ok(Plan {
        stack: state.stack.clone(),
        account: state.account.clone(),
        region: state.region.clone(),
        purpose: Purpose::Deploy,
        lineage: state.lineage.clone(),
        serial: state.serial,
        steps,
        risks,
        renames,
        findings: Vec::new(),
        outputs,
        exports,
        imports: (graph.imports != state.imports).then(|| graph.imports.clone()),
        notes: Vec::new(),
        lost: Vec::new(),
    })
}

struct Maker<'a> {
    graph: &'a Graph,
    state: &'a State,
    observed: &'a Observed,
    moves: &'a Moves,
    tokens: &'a mut dyn FnMut() -> Token,
    steps: Vec<Step>,
    known: Known,
    /// The properties that are wholly known, for what copies them.
    planned: BTreeMap<LogicalId, Json>,
    errors: Vec<Diagnostic>,
}

const HALF_CHANGED: &str = "an earlier update of it was not finished";
const HALF_DELETED: &str = "its deletion was begun and not finished";
const REPLACED: &str = "it has been replaced";
pub(super) const TAKEN_OVER: &str =
    "what was begun in its place may have taken over what it serves";
const TAKEN_BACK: &str = "the one before is still there, and fits";

/// Whether an update was begun and not finished. It may have left parts of something else than what
/// is wanted now; and where all that can be read is as it is wanted, there may be a last call to make.
fn is_half_changed(current: &Instance) -> bool {
    !current.attempted.is_empty()
}

fn half_changed(current: &Instance) -> &'static str {
    match current.attempted.iter().all(|attempted| *attempted == current.properties) {
        true => HALF_DELETED,
        false => HALF_CHANGED,
    }
}

/// Whether what replaces one of the type takes over what serves it, as a deployment does a stage.
/// One that is used again has to take it back.
pub(super) fn is_taken_over(handler: &dyn Handler) -> bool {
    handler.follows().is_some_and(|follows| follows.effect == Effect::Replace)
}

/// What is decided for one resource, before it becomes a step.
struct Decision {
    action: Action,
    operation: Operation,
    changes: Vec<Change>,
    reasons: Vec<String>,
}

impl<'a> Maker<'a> {
    fn decide(&mut self, node: &Node) {
        let Some(handler) = resource::handler(&node.type_name) else { return };
        let empty = Entry::default();
        let entry = self.state.resources.get(&node.id).unwrap_or(&empty);
        for old in &entry.deposed {
            self.remove_old(&node.id, node.update_replace_policy, old, teardown::LEFT_OVER);
        }
        if self.resume(node, entry) {
            return;
        }
        if let Some(intent) = &entry.intent {
            let why = match self.observed.failure_of(intent) {
                Some("") => "AWS has given it up".to_owned(),
                Some(why) => format!("AWS has given it up: {why}"),
                None => "left over from a create that was not finished".to_owned(),
            };
            self.remove(&node.id, intent, &why);
        }
        match &entry.current {
            None => {
                if !self.take_back(node, handler, entry) {
                    self.create(node, Vec::new());
                }
            }
            Some(current) => match self.observation(&node.id) {
                Some(Observation::Gone) => {
                    self.forget(node, current);
                    if !self.take_back(node, handler, entry) {
                        self.create(node, vec!["it was deleted outside of Cairn".to_owned()]);
                    }
                }
                Some(Observation::Live(live)) => self.compare(node, handler, current, Some(live)),
                None => self.compare(node, handler, current, None),
            },
        }
    }

    /// What was found of it, under the logical id it had then.
    fn observation(&self, id: &LogicalId) -> Option<&'a Observation> {
        self.observed.resources.get(self.moves.get(id).unwrap_or(id))
    }

    /// Goes on with a create that an earlier run began, if it is still what the template wants.
    fn resume(&mut self, node: &Node, entry: &Entry) -> bool {
        let Some(intent) = &entry.intent else { return false };
        if intent.type_name.as_str() != node.type_name || self.observed.failure_of(intent).is_some()
        {
            return false;
        }
        let Some(desired) = self.desired(node, None, &intent.token) else { return true };
        // What was made of something else than what it follows now is not what is wanted.
        let handler = resource::handler(&node.type_name);
        let unchanged = !desired.properties.has_unknown()
            && desired.properties.to_masked_json() == intent.properties
            && handler.is_some_and(|handler| self.follow(node, handler, intent).is_none());
        if !unchanged {
            return false;
        }
        let action = match &entry.current {
            Some(current) => {
                self.remove_old(&node.id, node.update_replace_policy, current, REPLACED);
                Action::Replace
            }
            None => Action::Create,
        };
        self.planned.insert(node.id.clone(), intent.properties.clone());
        self.push(
            node,
            intent.physical_id.clone(),
            Decision {
                action,
                operation: Operation::Resume { token: intent.token.clone() },
                changes: Vec::new(),
                reasons: vec!["an earlier run began to create it".to_owned()],
            },
        );
        true
    }

    fn create(&mut self, node: &Node, reasons: Vec<String>) {
        let token = (self.tokens)();
        let Some(desired) = self.desired(node, None, &token) else { return };
        self.note_planned(&node.id, &desired);
        let changes = created(&desired.properties);
        self.push(
            node,
            None,
            Decision {
                action: Action::Create,
                operation: Operation::Create { token },
                changes,
                reasons,
            },
        );
    }

    fn compare(
        &mut self,
        node: &Node,
        handler: &'static dyn Handler,
        current: &Instance,
        live: Option<&LiveJson>,
    ) {
        if current.type_name.as_str() != node.type_name {
            let reason = format!("its type was `{}`", current.type_name);
            return self.replace(node, current, Vec::new(), vec![reason]);
        }
        let Some(desired) = self.desired(node, Some(current), &current.token) else { return };
        let rules = Rules { facts: self.graph.facts(&node.id), rules: handler.rules() };
        let ignored = &node.directions.ignore_drift;
        let seen = live.map(|live| overlooking(ignored, &live.properties, &current.properties));
        let sides = Sides {
            desired: &desired.properties,
            applied: &current.properties,
            live: seen.as_deref(),
        };
        let mut changes = diff(handler, rules, sides);
        if is_half_changed(current) {
            // What is not as it was applied may be our own doing.
            changes.iter_mut().for_each(|change| change.overwritten = None);
        }
        let mut reasons = Vec::new();
        if let Some(Status::Failed(text)) = live.map(|live| &live.status) {
            reasons.push(format!("AWS says that it has failed: {text}"));
        }
        let follow = self.follow(node, handler, current);
        if changes.iter().any(|change| change.replaces) || follow == Some(Effect::Replace) {
            if let (Some(Effect::Replace), Some(follows)) = (follow, handler.follows()) {
                reasons.push(follows.reason.to_owned());
            }
            return self.replace(node, current, changes, reasons);
        }
        let token = current.token.clone();
        let decision = if let Some(reason) = self.rolls(node, handler, current, follow) {
            reasons.push(reason.to_owned());
            let operation = Operation::Update { token, how: UpdateKind::Roll };
            Decision { action: Action::Update, operation, changes, reasons }
        } else if !changes.is_empty() || is_half_changed(current) {
            if changes.is_empty() {
                reasons.push(half_changed(current).to_owned());
            }
            let operation = Operation::Update { token, how: UpdateKind::Properties };
            Decision { action: Action::Update, operation, changes, reasons }
        } else if let Some(stale) = stale_marks(node, current) {
            reasons.push(format!("its tags say `{stale}`"));
            let operation = Operation::Mark { token };
            Decision { action: Action::Move, operation, changes, reasons }
        } else {
            let is_recorded = is_recorded(node, current, &desired)
                && !tells_more(live, current)
                && self.follow_as(node, LogicalId::clone) == current.follows;
            let operation = match is_recorded {
                true => Operation::Nothing,
                false => Operation::Record { token },
            };
            let action = match self.moves.contains_key(&node.id) {
                true => Action::Move,
                false => Action::Keep,
            };
            Decision { action, operation, changes, reasons }
        };
        self.note_planned(&node.id, &desired);
        self.note_known(&node.id, current, &desired, live, decision.action);
        self.push(node, current.physical_id.clone(), decision);
        if let (Some(live), Some(step)) = (live, self.steps.last_mut())
            && step.operation != Operation::Nothing
        {
            step.attributes = news(live, current);
        }
    }

    /// Why one that stays is rolled over, if it is.
    fn rolls(
        &self,
        node: &Node,
        handler: &dyn Handler,
        current: &Instance,
        follow: Option<Effect>,
    ) -> Option<&'static str> {
        let entry = self.state.resources.get(&node.id);
        let may_be = |entry: &Entry| entry.intent.is_some() || entry.has_other_of(current);
        if is_taken_over(handler) && entry.is_some_and(may_be) {
            return Some(TAKEN_OVER);
        }
        match (follow?, is_half_changed(current)) {
            (Effect::Replace, _) => None,
            (Effect::Roll, true) => Some(HALF_CHANGED),
            (Effect::Roll, false) => Some(handler.follows()?.reason),
        }
    }

    /// Uses one again that an unfinished run replaced and that is still there, if it can be what is
    /// wanted now. Beside it a new one might find neither room nor its name.
    fn take_back(&mut self, node: &Node, handler: &'static dyn Handler, entry: &Entry) -> bool {
        let reinstated = entry.deposed.iter().rev().find_map(|old| {
            let decision = self.reinstated(node, handler, old)?;
            Some((old, decision))
        });
        let Some((old, (desired, live, mut decision))) = reinstated else { return false };
        decision.reasons.push(TAKEN_BACK.to_owned());
        let live = Some(live);
        let action = if decision.changes.is_empty() { Action::Keep } else { Action::Update };
        self.note_planned(&node.id, &desired);
        self.note_known(&node.id, old, &desired, live, action);
        let at = self.steps.iter().position(|step| {
            step.logical_id == node.id && step.operation.token() == Some(&old.token)
        });
        let physical_id = entry.current.as_ref().unwrap_or(old).physical_id.clone();
        self.push(node, physical_id, decision);
        // It is not to be deleted any more.
        if let (Some(at), Some(mut step)) = (at, self.steps.pop()) {
            step.id = StepId(at);
            step.attributes = live.map(|live| news(live, old)).unwrap_or_default();
            self.steps[at] = step;
        }
        true
    }

    fn reinstated(
        &self,
        node: &Node,
        handler: &'static dyn Handler,
        old: &Instance,
    ) -> Option<(Desired, &'a LiveJson, Decision)> {
        let observed: &'a Observed = self.observed;
        let Some(Observation::Live(live)) = observed.beside.get(&old.token) else {
            return None;
        };
        if old.type_name.as_str() != node.type_name || matches!(live.status, Status::Failed(_)) {
            return None;
        }
        let desired =
            desired_properties(self.graph, &node.id, &self.known, Some(old), &old.token).ok()?;
        let rules = Rules { facts: self.graph.facts(&node.id), rules: handler.rules() };
        let ignored = &node.directions.ignore_drift;
        let seen = overlooking(ignored, &live.properties, &old.properties);
        let sides =
            Sides { desired: &desired.properties, applied: &old.properties, live: Some(&*seen) };
        let changes = diff(handler, rules, sides);
        let follow = self.follow(node, handler, old);
        if changes.iter().any(|change| change.replaces) || follow == Some(Effect::Replace) {
            return None;
        }
        let how = match follow {
            Some(Effect::Roll) => Some(UpdateKind::Roll),
            _ if is_taken_over(handler) => Some(UpdateKind::Roll),
            _ if !changes.is_empty() || is_half_changed(old) => Some(UpdateKind::Properties),
            _ => None,
        };
        let operation = Operation::Reinstate { token: old.token.clone(), how };
        let action = Action::Replace;
        Some((desired, live, Decision { action, operation, changes, reasons: Vec::new() }))
    }

    /// Whether what it follows has changed since it was made, and what that does to it. Where an
    /// update was not finished, it may have been rolled over to something else already.
    fn follow(&self, node: &Node, handler: &dyn Handler, current: &Instance) -> Option<Effect> {
        let follows = handler.follows()?;
        if node.follows.is_empty() {
            return None;
        }
        let now = self.follow_as(node, LogicalId::clone);
        let before = |id: &LogicalId| self.moves.get(id).unwrap_or(id).clone();
        // Another logical id makes nothing of it another content.
        let is_same = now.is_some()
            && !(follows.effect == Effect::Roll && is_half_changed(current))
            && (now == current.follows || self.follow_as(node, before) == current.follows);
        (!is_same).then_some(follows.effect)
    }

    /// The digest of what it follows, which is called as `name` says.
    fn follow_as(&self, node: &Node, name: impl Fn(&LogicalId) -> LogicalId) -> Option<String> {
        follows_digest_as(self.graph, &node.id, |id| self.planned.get(id), name)
    }

    fn replace(
        &mut self,
        node: &Node,
        current: &Instance,
        changes: Vec<Change>,
        reasons: Vec<String>,
    ) {
        let state: &'a State = self.state;
        if let (Some(handler), Some(entry)) =
            (resource::handler(&node.type_name), state.resources.get(&node.id))
            && self.take_back(node, handler, entry)
        {
            return self.remove_old(&node.id, node.update_replace_policy, current, REPLACED);
        }
        let token = (self.tokens)();
        let Some(desired) = self.desired(node, None, &token) else { return };
        let conflict = self
            .name_conflict(node, current, &desired)
            .or_else(|| self.place_conflict(node, current, &desired));
        if let Some(conflict) = conflict {
            self.errors.push(conflict);
            return;
        }
        self.note_planned(&node.id, &desired);
        let is_other = current.type_name.as_str() != node.type_name;
        let changes = if is_other { created(&desired.properties) } else { changes };
        self.remove_old(&node.id, node.update_replace_policy, current, REPLACED);
        self.push(
            node,
            current.physical_id.clone(),
            Decision {
                action: Action::Replace,
                operation: Operation::Create { token },
                changes,
                reasons,
            },
        );
    }

    /// Two with one unique name cannot stand side by side, as a replacement needs.
    fn name_conflict(
        &self,
        node: &Node,
        current: &Instance,
        desired: &Desired,
    ) -> Option<Diagnostic> {
        let name = resource::handler(&node.type_name)?.name()?;
        if current.type_name.as_str() != node.type_name {
            return None;
        }
        let Value::Map(entries) = &desired.properties else { return None };
        let wanted = entries.get(name.property)?.as_text()?;
        let is_kept = current.properties.get(name.property)?.as_str()? == wanted;
        let deletes_first = schema::facts(&node.type_name).is_some_and(|facts| facts.delete_first);
        if name.unique == Uniqueness::Label || !is_kept || deletes_first {
            return None;
        }
        let span =
            self.graph.span_of(&node.id, &[Segment::Key(name.property.to_owned())], At::Value);
        Some(
            Diagnostic::error(format!(
                "`{}` has to be replaced, but the name `{wanted}` is taken by the one it replaces",
                node.id
            ))
            .at(&self.graph.template.source, span)
            .hint(format!(
                "change {} too, or leave it out and let Cairn generate it",
                name.property
            )),
        )
    }

    /// Neither can two that occupy the same place.
    fn place_conflict(
        &self,
        node: &Node,
        current: &Instance,
        desired: &Desired,
    ) -> Option<Diagnostic> {
        let handler = resource::handler(&node.type_name)?;
        let occupied = handler.occupies();
        let Value::Map(entries) = &desired.properties else { return None };
        let is_on = |property: &str| {
            let current = current.properties.get(property);
            current == Some(&Json::Bool(true))
                && entries.get(property).is_some_and(|value| value.to_masked_json() == true)
        };
        let is_kept = |property: &&str| {
            let wanted = entries.get(*property).and_then(Value::as_text);
            let current = current.properties.get(*property).and_then(Json::as_str);
            wanted.is_some() && wanted == current
        };
        let last = occupied.last()?;
        if current.type_name.as_str() != node.type_name
            || !occupied.iter().all(is_kept)
            || !handler.occupies_with().is_none_or(is_on)
        {
            return None;
        }
        let span = self.graph.span_of(&node.id, &[Segment::Key((*last).to_owned())], At::Value);
        let wanted = entries.get(*last).and_then(Value::as_text).unwrap_or_default();
        Some(
            Diagnostic::error(format!(
                "`{}` has to be replaced, but its {last} {wanted} is taken by the one it replaces",
                node.id
            ))
            .at(&self.graph.template.source, span)
            .hint(format!(
                "change {last} too, or deploy once without `{}` and then with it",
                node.id
            )),
        )
    }

    fn desired(
        &mut self,
        node: &Node,
        current: Option<&Instance>,
        token: &Token,
    ) -> Option<Desired> {
        match desired_properties(self.graph, &node.id, &self.known, current, token) {
            Ok(desired) => {
                let is_marked = current.is_none_or(|current| current.marks != Marks::None);
                if is_marked {
                    self.errors.extend(without_room(self.graph, node, &desired.properties));
                }
                Some(desired)
            }
            Err(errors) => {
                self.errors.extend(errors);
                None
            }
        }
    }

    fn note_planned(&mut self, id: &LogicalId, desired: &Desired) {
        if !desired.properties.has_unknown() {
            self.planned.insert(id.clone(), desired.properties.to_masked_json());
        }
    }

    fn note_known(
        &mut self,
        id: &LogicalId,
        current: &Instance,
        desired: &Desired,
        live: Option<&LiveJson>,
        action: Action,
    ) {
        let mut attributes = current.attributes.clone();
        if let Some(live) = live {
            attributes.extend(live.attributes.clone());
        }
        if action == Action::Update {
            attributes.retain(|name, _| is_stable(name));
        }
        let properties = match &desired.properties {
            Value::Map(entries) => entries
                .iter()
                .filter(|(_, value)| !value.has_unknown() && !value.has_secret())
                .map(|(key, value)| (key.clone(), value.to_json()))
                .collect(),
            _ => Json::Null,
        };
        let instance = Instance { properties, ..current.clone() };
        self.known.insert(id, &instance, &attributes);
    }

    /// The old side of a replacement goes, or stays by its policy.
    fn remove_old(&mut self, id: &LogicalId, policy: DeletionPolicy, old: &Instance, reason: &str) {
        let step = teardown::farewell(StepId(self.steps.len()), id, old, policy, reason);
        self.steps.push(step);
    }

    fn leave(&mut self, id: &LogicalId, entry: &Entry) {
        teardown::leave(&mut self.steps, id, entry, "it is no longer in the template");
    }

    fn remove(&mut self, id: &LogicalId, instance: &Instance, reason: &str) {
        let step = teardown::removal(StepId(self.steps.len()), id, instance, reason);
        self.steps.push(step);
    }

    /// What somebody else deleted leaves the state without a call.
    fn forget(&mut self, node: &Node, current: &Instance) {
        let mut step = teardown::retention(StepId(self.steps.len()), &node.id, current);
        step.action = Action::Keep;
        step.reasons.clear();
        self.steps.push(step);
    }

    fn push(
        &mut self,
        node: &Node,
        physical_id: Option<crate::value::PhysicalId>,
        mut decision: Decision,
    ) {
        let moved_from = self.moves.get(&node.id).cloned();
        if let Some(old) = &moved_from {
            decision.reasons.retain(|reason| !reason.starts_with("its tags say"));
            decision.reasons.insert(0, format!("it was `{old}` until now"));
        }
        self.steps.push(Step {
            id: StepId(self.steps.len()),
            logical_id: node.id.clone(),
            type_name: TypeName::new(&node.type_name),
            physical_id,
            action: decision.action,
            operation: decision.operation,
            changes: decision.changes,
            drifted: Vec::new(),
            moved_from,
            reasons: decision.reasons,
            attributes: Attributes::new(),
            restored: None,
            after: Vec::new(),
        });
    }

    fn outputs(&mut self) -> BTreeMap<String, OutputChange> {
        let outputs = match self.graph.outputs(&self.known) {
            Ok(outputs) => outputs,
            Err(errors) => {
                self.errors.extend(errors);
                return BTreeMap::new();
            }
        };
        let after = outputs.into_iter().map(|output| (output.name, output.value));
        changes(&self.state.outputs, after)
    }

    fn exports(&mut self) -> BTreeMap<String, OutputChange> {
        match self.graph.exports(&self.known) {
            Ok(exports) => {
                let after = exports.into_iter().map(|export| (export.name, export.value));
                changes(&self.state.exports, after)
            }
            Err(errors) => {
                self.errors.extend(errors);
                BTreeMap::new()
            }
        }
    }
}

/// The logical id that Cairn's tags on it still say.
fn stale_marks<'i>(node: &Node, current: &'i Instance) -> Option<&'i LogicalId> {
    match &current.marks {
        Marks::Of(old) if resource::marks::are_on(&node.type_name) => Some(old),
        _ => None,
    }
}

/// Notes of everything that is taken away what others have done to it.
fn note_drift<'o>(
    steps: &mut [Step],
    state: &State,
    observation: impl Fn(&LogicalId) -> Option<&'o Observation>,
) {
    for step in steps {
        let Operation::Delete { token } = &step.operation else { continue };
        let current = state.current(&step.logical_id).filter(|current| current.token == *token);
        if let (Some(current), Some(Observation::Live(live))) =
            (current, observation(&step.logical_id))
        {
            step.drifted = since(current, &current.properties, live);
        }
    }
}

/// What is said to others, before and after.
fn changes(
    before: &BTreeMap<String, Json>,
    after: impl Iterator<Item = (String, Value)>,
) -> BTreeMap<String, OutputChange> {
    let mut changes: BTreeMap<String, OutputChange> = after
        .map(|(name, value)| {
            let change = OutputChange {
                before: before.get(&name).cloned(),
                known: !value.has_unknown(),
                after: Some(value.to_masked_json()),
            };
            (name, change)
        })
        .collect();
    for (name, value) in before {
        changes.entry(name.clone()).or_insert_with(|| OutputChange::removal(value));
    }
    changes
}

/// Every property of a resource that is made, as a change from nothing.
pub fn created(properties: &Value) -> Vec<Change> {
    let Value::Map(entries) = properties else { return Vec::new() };
    entries
        .iter()
        .map(|(key, value)| Change {
            path: key.clone(),
            from: None,
            to: Some(value.to_masked_json()),
            details: Vec::new(),
            known: !value.has_unknown(),
            why: super::Why::Template,
            overwritten: None,
            replaces: false,
        })
        .collect()
}

/// Attributes that an update in place leaves alone.
fn is_stable(name: &str) -> bool {
    ["Id", "Arn", "Name"].iter().any(|end| name.ends_with(end)) || name.starts_with("Default")
}

/// What AWS tells and the state does not know: what others are evaluated with when the plan is
/// made has to be there when it is applied.
fn news(live: &LiveJson, current: &Instance) -> Attributes {
    let is_news = |(name, value): &(&String, &Json)| current.attributes.get(*name) != Some(*value);
    let attributes = live.attributes.iter().filter(is_news);
    attributes.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn tells_more(live: Option<&LiveJson>, current: &Instance) -> bool {
    live.is_some_and(|live| !news(live, current).is_empty())
}

/// Whether the state says already all that the template does.
fn is_recorded(node: &Node, current: &Instance, desired: &Desired) -> bool {
    current.dependencies == node.dependencies
        && current.deletion_policy == node.deletion_policy
        && current.update_replace_policy == node.update_replace_policy
        && current.naming == desired.naming
        && current.properties == desired.properties.to_masked_json()
}

/// The instance a step leaves behind, as far as the graph and the evaluation say.
pub fn instance_of(node: &Node, token: &Token, properties: Json, naming: Naming) -> Instance {
    Instance {
        type_name: TypeName::new(&node.type_name),
        token: token.clone(),
        physical_id: None,
        properties,
        attributes: Attributes::new(),
        dependencies: node.dependencies.clone(),
        deletion_policy: node.deletion_policy,
        update_replace_policy: node.update_replace_policy,
        naming,
        follows: None,
        attempted: Vec::new(),
        marks: Marks::Own,
    }
}

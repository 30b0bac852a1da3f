//! One step, from its first record to its last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value as Json;
use tokio::sync::OwnedMutexGuard;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::intent::Begun;
use super::locks::{Locks, key};
use super::progress::{News, Phase, StepError, What};
use super::properties::{each_secret, first_unknown};
use super::recheck::Recheck;
use super::retry::{Attempt, Circumstances, Decision, Youth, decide};
use super::wait::{WaitError, Want, pause, wait};
use crate::aws::{Aws, Fault, FaultKind};
use crate::graph::{ExportValue, Graph};
use crate::journal::Event as Fact;
use crate::plan::{self, Operation, OutputChange, Past, Plan, Purpose, Step, StepId, Tagging};
use crate::resource::{
    self, Completion, Created, Handler, KnownJson, LiveJson, Mark, Progress, Status,
};
use crate::state::store::{Ledger, Promise, StoreError};
use crate::state::{Instance, Marks, State};
use crate::value::{Attributes, LogicalId, PhysicalId, Token, Value};

/// What the steps of a run share, and the one that it is handed to.
#[derive(Clone)]
pub struct Run {
    pub aws: Aws,
    pub graph: Option<Arc<Graph>>,
    /// What a rollback restores secrets from.
    pub past: Arc<Past>,
    pub ledger: Arc<Ledger>,
    pub recheck: Recheck,
    pub locks: Arc<Locks>,
    pub news: UnboundedSender<News>,
    pub settled: UnboundedSender<Settled>,
    pub stack: String,
    /// Since when no earlier run can have made a call.
    pub begun: Instant,
    /// What this run has made or changed: others may not see it yet.
    pub young: Arc<Mutex<BTreeSet<LogicalId>>>,
    /// Whose calls are made; none between the steps.
    pub step: Option<StepId>,
}

/// A step has said its last record: what depends on it may say its first. That is written with it,
/// and no call is made before.
#[derive(Debug)]
pub struct Settled {
    pub step: StepId,
    /// For when all that depends on it has said what it begins with.
    pub heard: oneshot::Sender<()>,
}

/// What a step is to bring about, evaluated with all that is known now.
pub(super) struct Wanted {
    /// For AWS: secrets in clear.
    pub(super) clear: Json,
    /// For the state: secrets as digests.
    pub(super) instance: Instance,
}

/// Whether none of the calls of a create has made anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    Certainly,
    Perhaps,
}

/// How often a create whose answer was lost, and which left nothing, is sent again.
const CREATE_TRIES: u32 = 4;
/// What is not to be seen for so long is gone. Reads of AWS are seconds behind, rarely a minute.
const VISIBLE_WITHIN: Duration = Duration::from_mins(5);

impl Run {
    pub async fn execute(&self, step: &Step, begun: Begun) -> Result<(), StepError> {
        self.enter(Phase::Calling);
        self.recheck(step).await?;
        match &step.operation {
            Operation::Nothing => Ok(()),
            Operation::Record { token } => self.record_only(step, token).await,
            Operation::Mark { token } => self.mark_anew(step, token).await,
            Operation::Adopt { .. } => self.adopt(step).await,
            Operation::Create { token } | Operation::Resume { token } => {
                self.create(step, token, begun).await
            }
            Operation::Update { token, how } => self.update(step, token, *how, begun).await,
            Operation::Reinstate { token, how } => {
                let id = step.logical_id.clone();
                self.record(Fact::Reinstated { id, token: token.clone() }).await?;
                match how {
                    Some(how) => self.update(step, token, *how, Begun::Later).await,
                    None => self.record_only(step, token).await,
                }
            }
            Operation::Delete { token } => self.delete(step, token, begun).await,
            Operation::VanishWithParent { token } => {
                let (id, token) = (step.logical_id.clone(), token.clone());
                self.settle_with(step, Fact::Deleted { id, token }).await
            }
            Operation::Forget { token } => {
                let (id, token) = (step.logical_id.clone(), token.clone());
                self.settle_with(step, Fact::Forgotten { id, token }).await
            }
        }
    }

    pub fn tell(&self, what: What) {
        // Nobody listening is no reason to stop.
        let _ = self.news.send(News { at: Instant::now().into_std(), what });
    }

    pub(super) fn enter(&self, phase: Phase) {
        if let Some(step) = self.step {
            self.tell(What::Entered(step, phase));
        }
    }

    /// Calls are made again when it is over.
    pub(super) async fn during<T>(&self, phase: Phase, what: impl Future<Output = T>) -> T {
        self.enter(phase);
        let outcome = what.await;
        self.enter(Phase::Calling);
        outcome
    }

    pub(super) fn with_state<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        self.ledger.with_state(read)
    }

    pub(super) async fn record(&self, fact: Fact) -> Result<(), StepError> {
        self.written(self.say(fact)?).await
    }

    fn say(&self, fact: Fact) -> Result<Promise, StepError> {
        self.ledger.say(fact).map_err(|error| unrecorded(&error))
    }

    pub(super) async fn written(&self, promise: Promise) -> Result<(), StepError> {
        let written = self.during(Phase::Recording, self.ledger.durable(promise)).await;
        written.map_err(|error| unrecorded(&error))
    }

    /// The last record of a step: with it what comes next is written.
    pub(super) async fn settle_with(&self, step: &Step, fact: Fact) -> Result<(), StepError> {
        let promise = self.say(fact)?;
        let (heard, hearing) = oneshot::channel();
        // Where nobody listens any more, nothing comes next.
        if self.settled.send(Settled { step: step.id, heard }).is_ok() {
            let _ = hearing.await;
        }
        self.written(promise).await
    }

    /// The outputs, with what is known at the end of the run, where they are others than before.
    pub fn outputs(&self, plan: &Plan) -> Option<Fact> {
        let (outputs, exports) = match &self.graph {
            _ if plan.purpose == Purpose::Rollback => (after(&plan.outputs), after(&plan.exports)),
            None if self.with_state(State::is_empty) => (BTreeMap::new(), BTreeMap::new()),
            None => return None,
            Some(graph) => {
                let known = self.with_state(plan::lookup);
                let outputs = graph.outputs(&known).ok()?;
                let exports = graph.exports(&known).ok()?;
                let outputs = outputs
                    .into_iter()
                    .filter(|output| !output.value.has_unknown())
                    .map(|output| (output.name, output.value.to_masked_json()))
                    .collect();
                (outputs, self.settled(exports))
            }
        };
        let differ = self.with_state(|state| state.outputs != outputs || state.exports != exports);
        differ.then_some(Fact::Outputs { outputs, exports })
    }

    /// The exports with their values; one whose value is not known keeps that which others use.
    fn settled(&self, exports: Vec<ExportValue>) -> BTreeMap<String, Json> {
        let before = self.with_state(|state| state.exports.clone());
        let settled = exports.into_iter().filter_map(|export| {
            let value = match export.value.has_unknown() {
                true => before.get(&export.name)?.clone(),
                false if export.value.has_secret() => return None,
                false => export.value.to_json(),
            };
            Some((export.name, value))
        });
        settled.collect()
    }

    /// What the stack uses of others, now that nothing uses what it did before.
    pub fn imports(&self, plan: &Plan) -> Option<Fact> {
        let imports = match &self.graph {
            _ if plan.purpose == Purpose::Rollback => plan.imports.clone()?,
            Some(graph) => graph.imports.clone(),
            None if self.with_state(State::is_empty) => BTreeMap::new(),
            None => return None,
        };
        let differ = self.with_state(|state| state.imports != imports);
        differ.then_some(Fact::Imports { imports })
    }

    pub(super) fn handler(step: &Step) -> Result<&'static dyn Handler, StepError> {
        resource::handler(step.type_name.as_str()).ok_or_else(|| {
            StepError::Defect(format!("Cairn has no handler for `{}`", step.type_name))
        })
    }

    pub(super) fn mark(&self, id: &LogicalId, token: &Token) -> Mark {
        Mark { stack: self.stack.clone(), logical_id: id.as_str().to_owned(), token: token.clone() }
    }

    fn graph(&self) -> Result<&Graph, StepError> {
        self.graph
            .as_deref()
            .ok_or_else(|| StepError::Defect("a teardown has nothing to make".to_owned()))
    }

    pub(super) async fn wanted(&self, step: &Step, token: &Token) -> Result<Wanted, StepError> {
        self.enter(Phase::Evaluating);
        let (properties, instance) = self.evaluated(step, token)?;
        self.cleared(step, &properties, instance).await
    }

    pub(super) async fn cleared(
        &self,
        step: &Step,
        properties: &Value,
        instance: Instance,
    ) -> Result<Wanted, StepError> {
        each_secret(properties, &mut |secret| self.aws.conceal(secret.expose()));
        self.enter(Phase::Calling);
        let type_name = step.type_name.as_str();
        let clear = self.dereferenced(type_name, properties.to_json()).await?;
        Ok(Wanted { clear, instance })
    }

    /// Evaluates a resource's properties; everything it refers to exists by now.
    pub(super) fn evaluated(
        &self,
        step: &Step,
        token: &Token,
    ) -> Result<(Value, Instance), StepError> {
        if let Some(restored) = &step.restored {
            let properties = self.past.properties(restored).map_err(StepError::Evaluation)?;
            // What its tags say nobody has taken back.
            let id = &step.logical_id;
            let now = self.with_state(|state| state.instance(id, &restored.token).cloned());
            let marks = now.map_or(Marks::Own, |now| now.marks);
            return Ok((properties, Instance { marks, ..(**restored).clone() }));
        }
        let graph = self.graph()?;
        let id = &step.logical_id;
        let (known, current) =
            self.with_state(|state| (plan::lookup(state), state.current(id).cloned()));
        let is_update = matches!(
            step.operation,
            Operation::Update { .. }
                | Operation::Record { .. }
                | Operation::Mark { .. }
                | Operation::Reinstate { .. }
        );
        let current = current.filter(|_| is_update);
        let desired = plan::desired_properties(graph, id, &known, current.as_ref(), token)
            .map_err(|errors| {
                let texts: Vec<String> = errors.into_iter().map(|error| error.message).collect();
                StepError::Evaluation(texts.join("; "))
            })?;
        if let Some(source) = first_unknown(&desired.properties) {
            return Err(StepError::Evaluation(format!("AWS has not told `{source}`")));
        }
        let node = &graph.nodes[id];
        let masked = desired.properties.to_masked_json();
        let mut instance = plan::instance_of(node, token, masked, desired.naming);
        match current {
            Some(current) => {
                instance.physical_id = current.physical_id;
                instance.attributes = current.attributes;
                instance.attributes.extend(step.attributes.clone());
                instance.follows = current.follows;
                instance.marks = current.marks;
            }
            None => {
                instance.follows = self.follows(id);
                // What a moved create has made has the tags of before.
                let earlier = self.with_state(|state| state.instance(id, token).cloned());
                instance.marks = earlier.map_or(Marks::Own, |earlier| earlier.marks);
            }
        }
        Ok((desired.properties, instance))
    }

    pub(super) fn follows(&self, id: &LogicalId) -> Option<String> {
        let graph = self.graph.as_deref()?;
        self.with_state(|state| {
            plan::follows_digest(graph, id, |other| {
                state.current(other).map(|instance| &instance.properties)
            })
        })
    }

    /// Whether something may not be visible everywhere yet: anything this run has made, since what
    /// a step depends on may in turn depend on that; and in a run's first seconds what one before it
    /// may have made in its last.
    fn youth(&self) -> Youth {
        let young = self.young.lock().expect("nothing panics while it holds this lock");
        if young.is_empty() && !self.is_early() { Youth::Settled } else { Youth::Young }
    }

    pub(super) fn note_young(&self, id: &LogicalId) {
        self.young.lock().expect("nothing panics while it holds this lock").insert(id.clone());
    }

    async fn record_only(&self, step: &Step, token: &Token) -> Result<(), StepError> {
        let (_, mut instance) = self.evaluated(step, token)?;
        if matches!(instance.marks, Marks::Of(_))
            && resource::marks::are_on(step.type_name.as_str())
        {
            return self.mark_anew(step, token).await;
        }
        self.recheck_recorded(step, &instance).await?;
        if step.restored.is_none() {
            // What it follows has the same content, if perhaps another name.
            instance.follows = self.follows(&step.logical_id).or(instance.follows);
        }
        self.settle_with(step, Fact::Updated { id: step.logical_id.clone(), instance }).await
    }

    /// Writes Cairn's tags anew, and records that it has.
    async fn mark_anew(&self, step: &Step, token: &Token) -> Result<(), StepError> {
        let id = step.logical_id.clone();
        let (_, mut instance) = self.evaluated(step, token)?;
        self.recheck_recorded(step, &instance).await?;
        let begun = Fact::UpdateBegun { id: id.clone(), token: token.clone(), properties: None };
        self.record(begun).await?;
        if step.restored.is_none() {
            instance.follows = self.follows(&id).or(instance.follows);
        }
        self.write_marks(step, &instance).await?;
        instance.marks = Marks::Own;
        self.settle_with(step, Fact::Updated { id, instance }).await
    }

    pub(super) async fn write_marks(
        &self,
        step: &Step,
        instance: &Instance,
    ) -> Result<(), StepError> {
        let handler = Self::handler(step)?;
        let Some(physical_id) = &instance.physical_id else { return Ok(()) };
        let mark = self.mark(&step.logical_id, &instance.token);
        let type_name = step.type_name.as_str();
        self.insist(step, Attempt::Change, handler, || {
            Box::pin(resource::marks::write(&self.aws, type_name, physical_id, &mark))
        })
        .await
    }

    /// Takes over what is there. Its tags come last: without them it is ours all the same.
    async fn adopt(&self, step: &Step) -> Result<(), StepError> {
        let Operation::Adopt { token, properties, naming, tagging } = &step.operation else {
            return Err(StepError::Defect("nothing is to be adopted".to_owned()));
        };
        let id = &step.logical_id;
        let instance = match &step.restored {
            Some(restored) => (**restored).clone(),
            None => Instance {
                physical_id: step.physical_id.clone(),
                attributes: step.attributes.clone(),
                follows: self.follows(id),
                marks: Marks::None,
                ..plan::instance_of(&self.graph()?.nodes[id], token, properties.clone(), *naming)
            },
        };
        self.record(Fact::Adopted { id: id.clone(), instance: instance.clone() }).await?;
        if *tagging == Tagging::Leave {
            return Ok(());
        }
        self.write_marks(step, &instance).await?;
        let instance = Instance { marks: Marks::Own, ..instance };
        self.settle_with(step, Fact::Updated { id: id.clone(), instance }).await
    }

    async fn create(&self, step: &Step, token: &Token, begun: Begun) -> Result<(), StepError> {
        let handler = Self::handler(step)?;
        let id = &step.logical_id;
        let mark = self.mark(id, token);
        let resumed = matches!(step.operation, Operation::Resume { .. });
        let named = self.with_state(|state| {
            let intent = state.resources.get(id).and_then(|entry| entry.intent.as_ref());
            intent.and_then(|intent| intent.physical_id.clone())
        });
        let begin = |instance: &Instance| {
            let instance = instance.clone();
            Fact::CreateBegun { id: id.clone(), instance }
        };
        let wanted = self.intended(step, token, begun, begin).await?;
        self.note_young(id);
        let lock = key(handler.lock(), &wanted.clear, None);
        let mut held = self.turn(lock).await;
        let mut name = None;
        let created = match named {
            Some(physical_id) => {
                self.must_be_there(step, token, handler, &physical_id, &wanted.clear).await?;
                Created::pending(physical_id)
            }
            None => {
                let created = self.name_it(step, handler, &wanted, &mark, resumed).await?;
                let (id, token) = (id.clone(), token.clone());
                let named = Fact::Named { id, token, physical_id: created.id.clone() };
                // Where no call is left, it is written with its end.
                match created.status == Status::Ready && handler.completion() == Completion::None {
                    true => name = Some(named),
                    false => self.record(named).await?,
                }
                created
            }
        };
        if held.is_none() {
            let lock = key(handler.lock(), &wanted.clear, Some(created.id.as_str()));
            held = self.turn(lock).await;
        }
        let made = Some(created.id.clone());
        let attributes = self.complete(step, handler, &wanted, &mark, created).await?;
        drop(held);
        if let Some(name) = name {
            drop(self.say(name)?);
        }
        if matches!(wanted.instance.marks, Marks::Of(_)) {
            let instance = Instance { marks: Marks::Own, ..wanted.instance.clone() };
            if resource::marks::are_on(step.type_name.as_str()) {
                let made = Instance { physical_id: made, ..instance.clone() };
                self.write_marks(step, &made).await?;
            }
            self.record(begin(&instance)).await?;
        }
        let (id, token) = (id.clone(), token.clone());
        let follows = wanted.instance.follows;
        self.settle_with(step, Fact::Created { id, token, attributes, follows }).await
    }

    /// What an earlier run has named may be gone by now: without this each run would wait for it in
    /// vain. It is let go of, and the next plan makes another.
    async fn must_be_there(
        &self,
        step: &Step,
        token: &Token,
        handler: &dyn Handler,
        physical_id: &PhysicalId,
        properties: &Json,
    ) -> Result<(), StepError> {
        let known = KnownJson { id: physical_id, properties };
        let patience = VISIBLE_WITHIN.min(handler.patience());
        let seen = wait(Want::Present, handler, &self.aws, known, patience, |word| {
            self.enter(Phase::Waiting(word.to_owned()));
        });
        let Err(WaitError::Unseen(..)) = seen.await else {
            self.enter(Phase::Calling);
            return Ok(());
        };
        self.record(Fact::Deleted { id: step.logical_id.clone(), token: token.clone() }).await?;
        Err(StepError::Never(format!(
            "`{physical_id}`, which an earlier run began to create, is gone; the next run makes another"
        )))
    }

    /// The naming call, sent until it is certain that it made exactly one.
    async fn name_it(
        &self,
        step: &Step,
        handler: &dyn Handler,
        wanted: &Wanted,
        mark: &Mark,
        resumed: bool,
    ) -> Result<Created, StepError> {
        if resumed && let Some(found) = self.find(handler, wanted, mark, self.begun).await? {
            return Ok(Created::pending(found));
        }
        let start = Instant::now();
        let mut tries = 0;
        let mut lost = 0;
        loop {
            let fault = match handler.create(&self.aws, &wanted.clear, mark).await {
                Ok(created) => return Ok(created),
                Err(fault) => fault,
            };
            let decision = self.decide(Attempt::Create, fault.kind, tries, start, handler);
            tries += 1;
            // Once an answer was lost, what is refused for being there may be what that call made.
            let refused = if resumed || lost > 0 { Refused::Perhaps } else { Refused::Certainly };
            match decision {
                Decision::RetryAfter(after) => self.wait_for_fault(&fault, after).await,
                Decision::GiveUp => {
                    return Err(self.give_up(step, &mark.token, fault, refused).await);
                }
                Decision::Resolve => {
                    let failed = Instant::now();
                    let is_there = fault.is(FaultKind::AlreadyExists);
                    let found = match is_there && refused == Refused::Perhaps {
                        // What a lost call made may be what is in the way, and show later.
                        true => self.find_surely(handler, wanted, mark, failed).await?,
                        false => self.find(handler, wanted, mark, failed).await?,
                    };
                    if let Some(found) = found {
                        return Ok(Created::pending(found));
                    }
                    lost += 1;
                    if lost == CREATE_TRIES || is_there {
                        let refused = if is_there { refused } else { Refused::Perhaps };
                        return Err(self.give_up(step, &mark.token, fault, refused).await);
                    }
                    self.wait_for_fault(&fault, Duration::from_secs(1)).await;
                    // What a lost call made may show only now.
                    if let Some(found) = self.find(handler, wanted, mark, failed).await? {
                        return Ok(Created::pending(found));
                    }
                }
            }
        }
    }

    /// A create that was certainly refused has left nothing behind; any other is looked for again
    /// by the next run.
    async fn give_up(
        &self,
        step: &Step,
        token: &Token,
        fault: Fault,
        refused: Refused,
    ) -> StepError {
        let id = step.logical_id.clone();
        let mut noted = self.record(Fact::Failed { id: id.clone(), fault: fault.clone() }).await;
        if noted.is_ok() && refused == Refused::Certainly {
            noted = self.record(Fact::Abandoned { id, token: token.clone() }).await;
        }
        match noted {
            Ok(()) => StepError::Fault(fault),
            Err(error) => error,
        }
    }

    /// Until nobody else changes what only one may change at once.
    pub(super) async fn turn(&self, lock: Option<String>) -> Option<OwnedMutexGuard<()>> {
        let held = self
            .locks
            .hold(lock, |key| {
                let what = key.strip_prefix("account:").unwrap_or(key);
                self.enter(Phase::Queueing(format!("another step changes `{what}`")));
            })
            .await;
        self.enter(Phase::Calling);
        held
    }

    /// Waits until it is ready and makes the calls that are left; returns its attributes.
    async fn complete(
        &self,
        step: &Step,
        handler: &dyn Handler,
        wanted: &Wanted,
        mark: &Mark,
        created: Created,
    ) -> Result<Attributes, StepError> {
        let mut attributes = created.attributes;
        let mut must_settle = created.status != Status::Ready;
        if handler.completion() == Completion::None {
            return match must_settle {
                true => Ok(self.settle(handler, &created.id, &wanted.clear).await?.attributes),
                false => Ok(attributes),
            };
        }
        loop {
            if must_settle {
                let live = self.settle(handler, &created.id, &wanted.clear).await?;
                attributes = live.attributes;
            }
            let id = &created.id;
            let progress = self
                .insist(step, Attempt::Change, handler, || {
                    handler.complete(&self.aws, id, &wanted.clear, mark)
                })
                .await?;
            match progress {
                Progress::Done => return Ok(attributes),
                Progress::Settle | Progress::Unsure => {
                    let live = self.settle(handler, &created.id, &wanted.clear).await?;
                    return Ok(live.attributes);
                }
                Progress::Again => must_settle = true,
            }
        }
    }

    pub(super) async fn settle(
        &self,
        handler: &dyn Handler,
        id: &PhysicalId,
        properties: &Json,
    ) -> Result<LiveJson, StepError> {
        self.wait_until(Want::Present, handler, id, properties).await
    }

    /// What is there to begin with. Where AWS says that it has failed, it is to be changed all the
    /// same: that may be what it needs.
    pub(super) async fn at_rest(
        &self,
        handler: &dyn Handler,
        id: &PhysicalId,
        properties: &Json,
    ) -> Result<LiveJson, StepError> {
        self.wait_until(Want::Settled, handler, id, properties).await
    }

    async fn wait_until(
        &self,
        want: Want,
        handler: &dyn Handler,
        id: &PhysicalId,
        properties: &Json,
    ) -> Result<LiveJson, StepError> {
        let known = KnownJson { id, properties };
        let live = wait(want, handler, &self.aws, known, handler.patience(), |word| {
            self.enter(Phase::Waiting(word.to_owned()));
        })
        .await
        .map_err(wait_error)?;
        self.enter(Phase::Calling);
        live.ok_or_else(|| StepError::Defect("a present resource was not read".to_owned()))
    }

    /// Makes the calls of one operation until they succeed or the policy gives up.
    pub(super) async fn insist<'a, T>(
        &self,
        step: &Step,
        attempt: Attempt,
        handler: &dyn Handler,
        calls: impl Fn() -> resource::BoxFuture<'a, Result<T, Fault>>,
    ) -> Result<T, StepError> {
        let start = Instant::now();
        let mut tries = 0;
        loop {
            let fault = match calls().await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            match self.decide(attempt, fault.kind, tries, start, handler) {
                Decision::RetryAfter(after) => self.wait_for_fault(&fault, after).await,
                Decision::Resolve | Decision::GiveUp => {
                    let id = step.logical_id.clone();
                    self.record(Fact::Failed { id, fault: fault.clone() }).await?;
                    return Err(StepError::Fault(fault));
                }
            }
            tries += 1;
        }
    }

    fn decide(
        &self,
        attempt: Attempt,
        kind: FaultKind,
        tries: u32,
        start: Instant,
        handler: &dyn Handler,
    ) -> Decision {
        let circumstances = Circumstances {
            attempt,
            youth: self.youth(),
            tries,
            elapsed: start.elapsed(),
            patience: handler.patience(),
            delete_patience: handler.delete_patience(),
        };
        decide(kind, circumstances)
    }

    async fn wait_for_fault(&self, fault: &Fault, after: Duration) {
        let why = format!("{} ({})", fault.message, fault.code);
        self.during(Phase::Retrying(why), pause(after)).await;
    }
}

/// What a plan that evaluates nothing says of what is told.
fn after(changes: &BTreeMap<String, OutputChange>) -> BTreeMap<String, Json> {
    let told =
        changes.iter().filter_map(|(name, change)| Some((name.clone(), change.after.clone()?)));
    told.collect()
}

fn unrecorded(error: &StoreError) -> StepError {
    StepError::State { text: crate::aws::chain(error), hints: error.hints() }
}

pub(super) fn wait_error(error: WaitError) -> StepError {
    match error {
        WaitError::TooLong(patience, word) | WaitError::Unseen(patience, word) => {
            StepError::TooLong { patience, word }
        }
        WaitError::Never(why) => StepError::Never(why),
        WaitError::Fault(fault) => StepError::Fault(fault),
    }
}

//! Making it so: the driver that runs a plan's steps, and nothing that the plan does not say.

mod delete;
mod execute;
mod find;
mod intent;
mod locks;
mod progress;
mod properties;
mod recheck;
mod references;
pub mod retry;
pub mod schedule;
#[cfg(test)]
pub(crate) mod tests;
mod update;
pub mod wait;

pub use progress::{News, Phase, StepError, What, human};
pub use recheck::{Overlook, Recheck};
pub use references::look_ahead;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::aws::{Aws, Caller};
use crate::graph::Graph;
use crate::journal::Event as Fact;
use crate::plan::{Operation, Past, Plan, Purpose, StepId};
use crate::state::State;
use crate::state::store::{Ledger, Lock, StoreError};
use crate::value::Token;

use execute::{Run, Settled};
use schedule::{Command, Event, Schedule};

/// How a run is to go.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Steps at once.
    pub concurrency: usize,
    /// After this no step is started.
    pub deadline: Option<Duration>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    pub state: State,
    /// Still held: what follows from this run may follow at once.
    pub lock: Lock,
    pub done: Vec<StepId>,
    pub failed: Vec<(StepId, StepError)>,
    pub not_started: Vec<StepId>,
    /// Why steps were not started, if not because others failed.
    pub stop: Option<Stop>,
    pub elapsed: Duration,
}

impl Outcome {
    /// Whether everything the plan says has happened.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.not_started.is_empty()
    }
}

/// Why a run starts nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Somebody wants it to end.
    Interrupt,
    /// It has taken as long as it may.
    Deadline,
}

/// What a run needs besides its plan.
pub struct Setting {
    pub aws: Aws,
    /// What the properties are evaluated from; a teardown needs none.
    pub graph: Option<Arc<Graph>>,
    pub limits: Limits,
    pub recheck: Recheck,
    pub news: UnboundedSender<News>,
    /// Becomes true when no more steps are to be started.
    pub interrupt: watch::Receiver<bool>,
    pub run: Token,
    pub command: String,
    pub started_at: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    #[error("the plan was made from another state (serial {planned}, now {actual}): plan again")]
    Stale { planned: u64, actual: u64 },
    #[error("the plan was made for another stack's state")]
    OtherLineage,
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
}

/// Runs a plan on the state it was made from.
///
/// # Errors
///
/// When the plan does not fit the state, or the state cannot be written at the beginning or end.
/// What goes wrong with a step is in the outcome.
pub async fn reconcile(
    plan: &Plan,
    ledger: Ledger,
    setting: Setting,
) -> Result<Outcome, ReconcileError> {
    let (lineage, serial) = ledger.with_state(|state| (state.lineage.clone(), state.serial));
    if lineage != plan.lineage {
        return Err(ReconcileError::OtherLineage);
    }
    if serial != plan.serial {
        return Err(ReconcileError::Stale { planned: plan.serial, actual: serial });
    }
    let mut beginning = vec![ledger.beginning(&setting.run, &setting.command, &setting.started_at)];
    beginning.extend(plan.steps.iter().filter_map(|step| {
        let id = step.moved_from.clone()?;
        Some(Fact::Moved { id, to: step.logical_id.clone() })
    }));
    if let Some(graph) = &setting.graph
        && plan.purpose == Purpose::Deploy
    {
        // A run that stops half-way may leave in use what was and what is to be imported.
        let before = ledger.with_state(|state| state.imports.clone());
        let mut imports = before.clone();
        imports.extend(graph.imports.clone());
        if before != imports {
            beginning.push(Fact::Imports { imports });
        }
    }
    ledger.record_all(beginning).await?;
    let mut driver = Driver::new(plan, ledger, setting);
    driver.drive().await;
    driver.finish().await
}

/// How long a step took, and how it ended.
type Ended = (Duration, Result<(), StepError>);

struct Driver<'a> {
    plan: &'a Plan,
    run: Run,
    schedule: Schedule,
    limits: Limits,
    interrupt: watch::Receiver<bool>,
    running: JoinSet<Ended>,
    settled: UnboundedReceiver<Settled>,
    /// Which step a task runs.
    tasks: HashMap<tokio::task::Id, StepId>,
    done: Vec<StepId>,
    failed: Vec<(StepId, StepError)>,
    stop: Option<Stop>,
    start: Instant,
    /// Whether all is done when this is: what was half done before is that after an import as well.
    completes: bool,
}

impl<'a> Driver<'a> {
    fn new(plan: &'a Plan, ledger: Ledger, setting: Setting) -> Self {
        let schedule = Schedule::new(plan, setting.limits.concurrency);
        let completes =
            plan.purpose != Purpose::Import || ledger.with_state(|state| state.before.is_empty());
        let past = match (&setting.graph, plan.purpose) {
            (Some(graph), Purpose::Rollback) => {
                ledger.with_state(|state| Past::known_from(graph, state))
            }
            _ => Past::default(),
        };
        let digests = setting.aws.assets().iter().map(|asset| asset.sha256().to_owned());
        let past = past.with_code(digests);
        let (settles, settled) = unbounded_channel();
        Self {
            plan,
            schedule,
            limits: setting.limits,
            interrupt: setting.interrupt,
            run: Run {
                aws: setting.aws,
                graph: setting.graph,
                past: Arc::new(past),
                ledger: Arc::new(ledger),
                recheck: setting.recheck,
                locks: Arc::default(),
                news: setting.news,
                settled: settles,
                stack: plan.stack.clone(),
                begun: Instant::now(),
                young: Arc::default(),
                step: None,
            },
            running: JoinSet::new(),
            settled,
            tasks: HashMap::new(),
            done: Vec::new(),
            failed: Vec::new(),
            stop: None,
            start: Instant::now(),
            completes,
        }
    }

    async fn drive(&mut self) {
        self.run.tell(What::Begun);
        let mut event = Event::Started;
        // What is written once all that follows it has said its first word.
        let mut unheard: Option<Settled> = None;
        loop {
            let mut finished = false;
            for command in self.schedule.step(event) {
                match command {
                    Command::Start(id) => self.start_step(id),
                    Command::Finish => finished = true,
                }
            }
            if let Some(settled) = unheard.take() {
                // A step that was ended does not wait.
                let _ = settled.heard.send(());
            }
            if finished && self.running.is_empty() {
                return;
            }
            (event, unheard) = self.next_event().await;
        }
    }

    fn start_step(&mut self, id: StepId) {
        let step = self.plan.steps[id.0].clone();
        let caller = Caller { step: id.0, name: step.logical_id.as_str().to_owned() };
        let run =
            Run { aws: self.run.aws.in_the_name_of(caller), step: Some(id), ..self.run.clone() };
        let begun = run.begin(&step);
        let task = self.running.spawn(async move {
            let start = Instant::now();
            if step.operation == Operation::Nothing {
                return (Duration::ZERO, Ok(()));
            }
            run.tell(What::Started(id));
            let outcome = run.execute(&step, begun).await;
            (start.elapsed(), outcome)
        });
        self.tasks.insert(task.id(), id);
    }

    async fn next_event(&mut self) -> (Event, Option<Settled>) {
        let deadline = self.limits.deadline.map(|limit| self.start + limit);
        let may_start = self.stop.is_none();
        tokio::select! {
            // What stops a run comes before what would let it start more.
            biased;
            () = interrupted(&mut self.interrupt), if may_start => {
                (self.drain(Stop::Interrupt), None)
            }
            () = until(deadline), if may_start => (self.drain(Stop::Deadline), None),
            Some(settled) = self.settled.recv() => (Event::Done(settled.step), Some(settled)),
            Some(joined) = self.running.join_next_with_id() => (self.ended(joined), None),
        }
    }

    fn drain(&mut self, why: Stop) -> Event {
        self.stop = Some(why);
        self.run.tell(What::Draining { running: self.running.len(), why });
        Event::Interrupted
    }

    fn ended(&mut self, joined: Result<(tokio::task::Id, Ended), tokio::task::JoinError>) -> Event {
        let (task, (elapsed, outcome)) = match joined {
            Ok(ended) => ended,
            // A panic is a defect, and fails its step like anything else.
            Err(error) => {
                let failure = StepError::Defect(format!("the step ended in a panic: {error}"));
                (error.id(), (Duration::ZERO, Err(failure)))
            }
        };
        let id = self.tasks.remove(&task).expect("every task was noted when it was started");
        match outcome {
            Ok(()) => {
                self.done.push(id);
                if self.plan.steps[id.0].operation != Operation::Nothing {
                    self.run.tell(What::Done(id, elapsed));
                }
                Event::Done(id)
            }
            Err(error) => {
                self.run.tell(What::Failed(id, error.clone()));
                self.failed.push((id, error));
                Event::Failed(id)
            }
        }
    }

    async fn finish(self) -> Result<Outcome, ReconcileError> {
        let Self { plan, run, schedule, done, failed, stop, start, completes, .. } = self;
        let not_started = schedule.not_started();
        let is_complete = failed.is_empty() && not_started.is_empty();
        let mut last = Vec::new();
        if is_complete || plan.purpose != Purpose::Rollback {
            last.extend(run.outputs(plan));
        }
        if is_complete {
            last.extend(run.imports(plan));
        }
        if is_complete && plan.lost.is_empty() && completes {
            last.push(Fact::Completed);
        }
        let ledger = Arc::into_inner(run.ledger)
            .expect("every step has ended, and with it its share of the run");
        let (state, lock) = ledger.close_with(last).await?;
        Ok(Outcome { state, lock, done, failed, not_started, stop, elapsed: start.elapsed() })
    }
}

async fn interrupted(interrupt: &mut watch::Receiver<bool>) {
    if interrupt.wait_for(|interrupted| *interrupted).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) if Instant::now() >= deadline => {}
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

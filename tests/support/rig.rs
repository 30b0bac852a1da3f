//! The engine on an emulator, without the command line: a template is planned and applied, with
//! the state in a folder of its own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use cairn::aws::{Access, Assets, Aws, Clients};
use cairn::diagnostic::{Diagnostic, Source};
use cairn::graph::{Graph, Inputs, synth};
use cairn::journal::Event;
use cairn::permissions::{Scope, action_of, permissions};
use cairn::plan::{self, Action, Plan, Step};
use cairn::reconcile::{Limits, Recheck, Setting, reconcile};
use cairn::refresh::refresh;
use cairn::resource::Mark;
use cairn::state::State;
use cairn::state::store::{Holder, Ledger, Store, StoreError};
use cairn::template;
use cairn::value::{LogicalId, PhysicalId, Token};
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

use super::case::SUBJECT;
use super::lies::Excuses;

const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";
/// The longest a lock may outlive its holder.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Rig {
    pub aws: Aws,
    stack: String,
    lineage: Token,
    store: Store,
    excuses: Arc<Excuses>,
    _folder: TempDir,
}

/// Random, as the command line draws them.
pub fn token() -> Token {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    Token::from_bytes(bytes)
}

fn texts(findings: &[Diagnostic]) -> String {
    findings.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>().join("; ")
}

impl Rig {
    pub async fn at(endpoint: &str, stack: &str, excuses: Arc<Excuses>) -> Self {
        let access = Access {
            region: Some(REGION.to_owned()),
            endpoint: Some(endpoint.to_owned()),
            ..Access::default()
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self {
            aws: Aws::new(Clients::connect(&access).await, ACCOUNT, Assets::default()),
            stack: stack.to_owned(),
            lineage: token(),
            store: Store::new(folder.path()),
            excuses,
            _folder: folder,
        }
    }

    pub fn graph(&self, text: String) -> Result<Arc<Graph>, String> {
        let source = Arc::new(Source { name: format!("{}.yaml", self.stack), text });
        let template = template::parse(&source).map_err(|findings| texts(&findings))?;
        let inputs = Inputs {
            stack: self.stack.clone(),
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            partition: "aws".to_owned(),
            stack_id: format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{}/0", self.stack),
            ..Inputs::default()
        };
        let graph = synth(Arc::new(template), inputs).map_err(|findings| texts(&findings))?;
        Ok(Arc::new(graph))
    }

    pub async fn state(&self) -> State {
        let state = self.store.read().await.expect("the state is whole");
        state.unwrap_or_else(|| State::empty(&self.stack, ACCOUNT, REGION, &self.lineage))
    }

    /// The plan, with what the emulator does not tell taken as applied.
    pub async fn plan(&self, graph: &Graph) -> Result<Plan, String> {
        let state = self.state().await;
        let mut observed = refresh(&state, &self.aws).await.map_err(|fault| fault.to_string())?;
        let without = plan::plan(graph, &state, &observed, &mut token);
        self.excuses.overlook(&state, &mut observed);
        let plan = plan::plan(graph, &state, &observed, &mut token).map_err(|it| texts(&it))?;
        if let Ok(without) = without {
            self.excuses.note_needed(&without, &plan);
        }
        Ok(plan)
    }

    /// Runs a plan, and insists that it makes no call that its policy does not allow.
    pub async fn apply(&self, plan: &Plan, graph: Option<&Arc<Graph>>) -> Result<(), String> {
        let outlooks = plan::outlooks(plan, graph.map(Arc::as_ref), &self.state().await);
        let allowed: BTreeSet<String> = permissions(plan, &outlooks, "aws", Scope::Deploy, &[])
            .into_iter()
            .map(|permission| permission.action)
            .collect();
        let before = self.aws.transcript().count();
        self.run(plan, graph).await?;
        let calls = self.aws.transcript().calls().split_off(before);
        let denied: BTreeSet<&String> =
            calls.iter().filter(|call| !allowed.contains(&action_of(call))).collect();
        match denied.is_empty() {
            true => Ok(()),
            false => Err(format!("its policy does not allow {denied:?}")),
        }
    }

    async fn run(&self, plan: &Plan, graph: Option<&Arc<Graph>>) -> Result<(), String> {
        let (news, _heard) = mpsc::unbounded_channel();
        let (_stop, interrupt) = watch::channel(false);
        let limits = Limits { concurrency: 8, deadline: Some(Duration::from_mins(1)) };
        let setting = Setting {
            aws: self.aws.clone(),
            graph: graph.cloned(),
            limits,
            recheck: Recheck::Gone,
            news,
            interrupt,
            run: token(),
            command: "deploy".to_owned(),
            started_at: String::new(),
        };
        let outcome = reconcile(plan, self.ledger().await, setting).await;
        let outcome = outcome.map_err(|error| error.to_string())?;
        if outcome.is_complete() {
            return Ok(());
        }
        let failed = outcome
            .failed
            .iter()
            .map(|(id, error)| format!("{}: {error}", plan.steps[id.0].logical_id));
        Err(failed.collect::<Vec<_>>().join("; "))
    }

    /// Plans and applies, and insists that a second plan has nothing to do.
    pub async fn deploy(&self, graph: &Arc<Graph>) -> Result<(), String> {
        let plan = self.plan(graph).await?;
        self.apply(&plan, Some(graph)).await?;
        self.insist_on_rest(graph).await
    }

    pub async fn insist_on_rest(&self, graph: &Graph) -> Result<(), String> {
        let plan = self.plan(graph).await?;
        let work: Vec<String> =
            plan.steps.iter().filter(|step| step.action != Action::Keep).map(describe).collect();
        if work.is_empty() {
            return Ok(());
        }
        Err(format!("a second plan has something to do: {}", work.join("; ")))
    }

    pub async fn teardown(&self) -> Result<(), String> {
        self.apply(&plan::teardown(&self.state().await), None).await
    }

    /// Writes down that the subject's create has begun, as a run that then died would have.
    pub async fn begin(&self, graph: &Graph, step: &Step) -> Result<(Json, Mark), String> {
        let id = LogicalId::new(SUBJECT);
        let drawn = step.operation.token().ok_or("the step has no token")?;
        let state = self.state().await;
        let known = plan::lookup(&state);
        let desired = plan::desired_properties(graph, &id, &known, None, drawn)
            .map_err(|findings| texts(&findings))?;
        let masked = desired.properties.to_masked_json();
        let mut instance = plan::instance_of(&graph.nodes[&id], drawn, masked, desired.naming);
        instance.follows = plan::follows_digest(graph, &id, |other| {
            state.current(other).map(|instance| &instance.properties)
        });
        let ledger = self.ledger().await;
        if let Some(gone) = state.current(&id) {
            let forgotten = Event::Forgotten { id: id.clone(), token: gone.token.clone() };
            ledger.record(forgotten).await.map_err(|error| error.to_string())?;
        }
        let begun = Event::CreateBegun { id, instance };
        ledger.record(begun).await.map_err(|error| error.to_string())?;
        ledger.close().await.map_err(|error| error.to_string())?;
        Ok((desired.properties.to_json(), self.mark(drawn.clone())))
    }

    /// The mark of a create of the subject.
    pub fn mark(&self, token: Token) -> Mark {
        Mark { stack: self.stack.clone(), logical_id: SUBJECT.to_owned(), token }
    }

    /// Writes down what AWS has named the subject.
    pub async fn name(&self, token: &Token, physical_id: &PhysicalId) -> Result<(), String> {
        let ledger = self.ledger().await;
        let (id, token) = (LogicalId::new(SUBJECT), token.clone());
        let named = Event::Named { id, token, physical_id: physical_id.clone() };
        ledger.record(named).await.map_err(|error| error.to_string())?;
        ledger.close().await.map(drop).map_err(|error| error.to_string())
    }

    /// The subject's properties as a call would get them.
    pub async fn properties(&self, graph: &Graph) -> Result<Json, String> {
        let id = LogicalId::new(SUBJECT);
        let state = self.state().await;
        let current = state.current(&id);
        let drawn = current.map_or_else(token, |instance| instance.token.clone());
        let known = plan::lookup(&state);
        plan::desired_properties(graph, &id, &known, current, &drawn)
            .map(|desired| desired.properties.to_json())
            .map_err(|findings| texts(&findings))
    }

    async fn ledger(&self) -> Ledger {
        let holder = Holder {
            command: "contract".to_owned(),
            pid: std::process::id(),
            user: String::new(),
            host: String::new(),
            since: String::new(),
        };
        // A process that another test starts has every open file for a moment, and with it the
        // lock that was just given back.
        let begun = Instant::now();
        let lock = loop {
            match self.store.lock(&holder, &|_| ()).await {
                Err(StoreError::Locked { .. }) if begun.elapsed() < PATIENCE => thread::yield_now(),
                outcome => break outcome.expect("nobody else has this state"),
            }
        };
        self.store.open(lock, self.state().await).await.expect("the state is whole")
    }
}

/// A step and what it changes, in a line.
pub fn describe(step: &Step) -> String {
    let mut text = format!("{:?} {}", step.action, step.logical_id);
    for change in &step.changes {
        let json = |value: &Option<Json>| value.as_ref().map_or("-".to_owned(), Json::to_string);
        text.push_str(&format!(
            " [{}: {} -> {}]",
            change.path,
            json(&change.from),
            json(&change.to)
        ));
    }
    for reason in &step.reasons {
        text.push_str(&format!(" ({reason})"));
    }
    text
}

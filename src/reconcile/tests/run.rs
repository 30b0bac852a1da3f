//! Runs that make no call.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::scheduling::plan;
use crate::aws::{Access, Assets, Aws, Clients};
use crate::plan::{Action, Operation, Plan, StepId};
use crate::reconcile::{
    Limits, News, Outcome, Recheck, ReconcileError, Setting, StepError, Stop, What, reconcile,
};
use crate::state::State;
use crate::state::sample::{after, events};
use crate::state::store::{Holder, Ledger, Store};
use crate::value::{LogicalId, Token, TypeName};

struct Home {
    _folder: tempfile::TempDir,
    store: Store,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::new(folder.path());
        Self { _folder: folder, store }
    }

    async fn ledger(&self, initial: State) -> Ledger {
        let holder = Holder {
            command: "test".to_owned(),
            pid: 1,
            user: "ada".to_owned(),
            host: "here".to_owned(),
            since: "now".to_owned(),
        };
        let lock = self.store.lock(&holder, &|_| ()).await.expect("nobody holds it");
        self.store.open(lock, initial).await.expect("it can be opened")
    }
}

/// Nobody listens on this port: a run that made a call would fail.
async fn setting(interrupt: watch::Receiver<bool>) -> (Setting, mpsc::UnboundedReceiver<News>) {
    let access = Access {
        region: Some("us-east-1".to_owned()),
        endpoint: Some("http://127.0.0.1:9".to_owned()),
        ..Access::default()
    };
    let (news, heard) = mpsc::unbounded_channel();
    let setting = Setting {
        aws: Aws::new(Clients::connect(&access).await, "123456789012", Assets::default()),
        graph: None,
        limits: Limits { concurrency: 2, deadline: None },
        recheck: Recheck::Gone,
        news,
        interrupt,
        run: Token::from("run"),
        command: "teardown".to_owned(),
        started_at: "2026-01-01T00:00:00Z".to_owned(),
    };
    (setting, heard)
}

/// Two resources, the second made after the first.
fn owned() -> State {
    after("A begin a; A name a vpc-1; A made a; B begin b; B name b vpc-2; B made b")
}

/// Lets go of both, one after the other.
fn farewell(state: &State) -> Plan {
    let mut plan = plan(&[vec![], vec![0]]);
    for (step, (id, token)) in plan.steps.iter_mut().zip([("B", "b"), ("A", "a")]) {
        step.logical_id = LogicalId::from(id);
        step.action = Action::Retain;
        step.operation = Operation::Forget { token: Token::from(token) };
    }
    Plan { serial: state.serial, lineage: state.lineage.clone(), ..plan }
}

async fn run(plan: &Plan, ledger: Ledger, is_stopped: bool) -> Result<Outcome, ReconcileError> {
    let (_stop, interrupt) = watch::channel(is_stopped);
    let (setting, _heard) = setting(interrupt).await;
    reconcile(plan, ledger, setting).await
}

#[tokio::test]
async fn a_plan_runs_only_on_the_state_it_was_made_from() {
    let home = Home::new();
    let plan = farewell(&owned());
    let ledger = home.ledger(owned()).await;
    for event in events("- opened; C begin c; - closed") {
        ledger.record(event).await.expect("it can follow");
    }
    let serial = ledger.state().serial;
    let refused = run(&plan, ledger, false).await.expect_err("the state has moved on");
    let (planned, actual) = (plan.serial, serial);
    assert_eq!(
        refused.to_string(),
        format!(
            "the plan was made from another state (serial {planned}, now {actual}): plan again"
        )
    );
    let other = Plan { lineage: "other".to_owned(), serial, ..plan };
    let refused = run(&other, home.ledger(owned()).await, false).await.expect_err("another stack");
    assert!(matches!(refused, ReconcileError::OtherLineage), "{refused}");
    let state = home.store.read().await.expect("it reads").expect("it is there");
    assert_eq!(state.serial, serial, "nothing was written");
}

#[tokio::test]
async fn a_run_leaves_in_the_store_what_it_says() {
    let home = Home::new();
    let plan = farewell(&owned());
    let outcome = run(&plan, home.ledger(owned()).await, false).await.expect("it ends");
    assert!(outcome.is_complete() && outcome.stop.is_none(), "{outcome:?}");
    assert_eq!(outcome.done, [StepId(0), StepId(1)]);
    assert!(outcome.state.is_empty());
    assert_eq!(home.store.read().await.expect("it reads"), Some(outcome.state));
}

#[tokio::test]
async fn a_failed_step_stops_what_waits_for_it() {
    let home = Home::new();
    let mut plan = farewell(&owned());
    plan.steps[0].operation = Operation::Delete { token: Token::from("b") };
    plan.steps[0].type_name = TypeName::from("AWS::No::Such");
    let outcome = run(&plan, home.ledger(owned()).await, false).await.expect("it ends");
    assert!(!outcome.is_complete());
    assert!(matches!(&outcome.failed[..], [(StepId(0), StepError::Defect(_))]), "{outcome:?}");
    assert_eq!(outcome.not_started, [StepId(1)]);
    assert_eq!(outcome.state.resources.len(), 2, "nothing was lost");
}

#[tokio::test]
async fn an_interrupt_starts_nothing_more() {
    let home = Home::new();
    let plan = farewell(&owned());
    let outcome = run(&plan, home.ledger(owned()).await, true).await.expect("it ends");
    assert_eq!(outcome.stop, Some(Stop::Interrupt));
    assert!(outcome.done.len() <= 1, "the second is not started once the first has ended");
    assert_eq!(outcome.done.len() + outcome.not_started.len(), 2);
}

#[tokio::test]
async fn a_deadline_starts_nothing_more_and_says_so() {
    let home = Home::new();
    let plan = farewell(&owned());
    let (_stop, interrupt) = watch::channel(false);
    let (mut setting, mut heard) = setting(interrupt).await;
    setting.limits.deadline = Some(Duration::ZERO);
    let outcome = reconcile(&plan, home.ledger(owned()).await, setting).await.expect("it ends");
    assert_eq!(outcome.stop, Some(Stop::Deadline));
    assert_eq!(outcome.done.len() + outcome.not_started.len(), 2);
    let mut drains = 0;
    while let Some(news) = heard.recv().await {
        drains += usize::from(matches!(news.what, What::Draining { why: Stop::Deadline, .. }));
    }
    assert_eq!(drains, 1);
}

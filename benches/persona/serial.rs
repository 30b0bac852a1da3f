//! A deploy with one step at a time: how long each takes when nothing is in its way, and the
//! longest chain of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cairn::aws::{Access, Assets, Aws, Clients};
use cairn::config::{Environment, ParameterValue, StateHome};
use cairn::diagnostic::Source;
use cairn::graph::{Given, Graph, Inputs, synth};
use cairn::plan::{Plan, StepId, plan};
use cairn::reconcile::{Limits, Recheck, Setting, What, reconcile};
use cairn::refresh::Observed;
use cairn::state::State;
use cairn::state::store::{Holder, Store};
use cairn::value::Token;
use cairn::{assembly, template};
use tokio::sync::{mpsc, watch};

use crate::sandbox::Sandbox;

const NAME: &str = "persona-agent";

pub struct Serial {
    /// What a deploy cannot be shorter than.
    pub critical_path: Duration,
    pub sum: Duration,
    pub chain: Vec<(String, Duration)>,
}

/// Deploys the persona agent into the sandbox's own state.
pub async fn deploy(sandbox: &Sandbox, endpoint: &str) -> Serial {
    let environment = Environment::load(Some(&sandbox.path("")), "test").unwrap();
    let access = Access {
        region: environment.region.clone(),
        endpoint: Some(endpoint.to_owned()),
        ..Access::default()
    };
    let clients = Clients::connect(&access).await;
    let start = Instant::now();
    let aws = Aws::new(clients, "", Assets::default()).identified().await.unwrap();
    let introduction = start.elapsed();
    let (graph, assets) = graph(sandbox, &environment, aws.account());
    let aws = aws.with_assets(assets.iter().cloned());
    let mut number = 0_u8;
    let mut draw = || {
        number += 1;
        Token::from_bytes([number; 16])
    };
    let state = State::empty(NAME, aws.account(), aws.region(), &draw());
    let plan = plan(&graph, &state, &Observed::default(), &mut draw).unwrap();
    let times = one_by_one(&environment, aws, graph, &plan, state).await;

    let (time, chain) = longest(&plan, &times);
    let named = |id: StepId| (plan.steps[id.0].logical_id.to_string(), times[&id]);
    Serial {
        critical_path: introduction + time,
        sum: introduction + times.values().sum::<Duration>(),
        chain: std::iter::once(("who am I".to_owned(), introduction))
            .chain(chain.into_iter().map(named))
            .collect(),
    }
}

fn graph(sandbox: &Sandbox, environment: &Environment, account: &str) -> (Graph, Assets) {
    let text = sandbox.read("stacks/persona-agent/stack.yaml");
    let source = Arc::new(Source { name: "stack.yaml".to_owned(), text });
    let template = Arc::new(template::parse(&source).unwrap());
    let folder = sandbox.path("stacks/persona-agent");
    let collected = assembly::collect(&template, assembly::Home::Directory(&folder));
    let given = |value: &ParameterValue| Given { text: value.text.clone(), place: None };
    let parameters = environment.parameters[NAME].iter();
    let inputs = Inputs {
        stack: NAME.to_owned(),
        account: account.to_owned(),
        region: environment.region.clone().unwrap(),
        partition: "aws".to_owned(),
        parameters: parameters.map(|(name, value)| (name.clone(), given(value))).collect(),
        tags: environment.tags.clone(),
        assets: collected.by_resource,
        ..Inputs::default()
    };
    (synth(template, inputs).unwrap(), collected.assets)
}

/// Runs a plan with one step at a time and says how long each took.
async fn one_by_one(
    environment: &Environment,
    aws: Aws,
    graph: Graph,
    plan: &Plan,
    state: State,
) -> BTreeMap<StepId, Duration> {
    let StateHome::Directory(home) = &environment.state else { unreachable!("it is a directory") };
    let store = Store::new(&home.join("test").join(NAME));
    let holder = Holder {
        command: "the benchmark".to_owned(),
        pid: std::process::id(),
        user: String::new(),
        host: String::new(),
        since: String::new(),
    };
    let lock = store.lock(&holder, &|_| ()).await.unwrap();
    let ledger = store.open(lock, state).await.unwrap();
    let (news, mut heard) = mpsc::unbounded_channel();
    let (_stop, interrupt) = watch::channel(false);
    let setting = Setting {
        aws,
        graph: Some(Arc::new(graph)),
        limits: Limits { concurrency: 1, deadline: None },
        recheck: Recheck::Gone,
        news,
        interrupt,
        run: Token::from_bytes([0; 16]),
        command: "deploy".to_owned(),
        started_at: String::new(),
    };
    let outcome = reconcile(plan, ledger, setting).await.unwrap();
    assert!(outcome.is_complete(), "{:?}", outcome.failed);
    let mut times = BTreeMap::new();
    while let Some(news) = heard.recv().await {
        if let What::Done(id, time) = news.what {
            times.insert(id, time);
        }
    }
    times
}

/// The chain of steps with the longest time, each waiting for the one before it.
fn longest(plan: &Plan, times: &BTreeMap<StepId, Duration>) -> (Duration, Vec<StepId>) {
    let mut best: BTreeMap<StepId, (Duration, Vec<StepId>)> = BTreeMap::new();
    while best.len() < plan.steps.len() {
        for step in &plan.steps {
            let before: Option<Vec<_>> = step.after.iter().map(|id| best.get(id)).collect();
            let Some(before) = before else { continue };
            let longest = before.into_iter().max_by_key(|(time, _)| *time);
            let (time, mut chain) = longest.cloned().unwrap_or_default();
            chain.push(step.id);
            best.insert(step.id, (time + times[&step.id], chain));
        }
    }
    best.into_values().max_by_key(|(time, _)| *time).unwrap_or_default()
}

//! A deploy with one step at a time: how long each takes when nothing is in its way, and the
//! longest chain of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cairn::aws::{Access, Aws, Clients};
use cairn::config::Environment;
use cairn::diagnostic::Source;
use cairn::graph::{Given, Inputs, synth};
use cairn::plan::{Plan, StepId, plan};
use cairn::reconcile::{Limits, News, Setting, reconcile};
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
    let account = Aws::whoami(&clients).await.unwrap();
    let introduction = start.elapsed();

    let folder = sandbox.path("stacks/persona-agent");
    let text = sandbox.read("stacks/persona-agent/stack.yaml");
    let source = Arc::new(Source { name: "stack.yaml".to_owned(), text });
    let template = Arc::new(template::parse(&source).unwrap());
    let collected = assembly::collect(&template, &folder).unwrap();
    let aws = Aws::new(clients, &account, collected.assets.clone());
    let given =
        |value: &cairn::config::ParameterValue| Given { text: value.text.clone(), place: None };
    let parameters = environment.parameters[NAME].iter();
    let inputs = Inputs {
        stack: NAME.to_owned(),
        account: account.clone(),
        region: aws.region().to_owned(),
        partition: aws.partition().to_owned(),
        parameters: parameters.map(|(name, value)| (name.clone(), given(value))).collect(),
        tags: environment.tags.clone(),
        assets: collected.by_resource.clone(),
        ..Inputs::default()
    };
    let graph = synth(template, inputs).unwrap();
    let mut number = 0_u8;
    let mut draw = || {
        number += 1;
        Token::from_bytes([number; 16])
    };
    let state = State::empty(NAME, &account, aws.region(), &draw());
    let plan = plan(&graph, &state, &Observed::default(), &mut draw).unwrap();

    let store = Store::new(&environment.state.join("test").join(NAME));
    let nobody = String::new;
    let holder = Holder {
        command: "the benchmark".to_owned(),
        pid: std::process::id(),
        user: nobody(),
        host: nobody(),
        since: nobody(),
    };
    let lock = store.lock(&holder).unwrap();
    let ledger = store.open(lock, state).unwrap();
    let (news, mut heard) = mpsc::unbounded_channel();
    let (_stop, interrupt) = watch::channel(false);
    let setting = Setting {
        aws,
        graph: Some(Arc::new(graph)),
        limits: Limits { concurrency: 1, deadline: None },
        news,
        interrupt,
        run: Token::from_bytes([0; 16]),
        command: "deploy".to_owned(),
        started_at: nobody(),
    };
    let outcome = reconcile(&plan, ledger, setting).await.unwrap();
    assert!(outcome.is_complete(), "{:?}", outcome.failed);
    let mut times = BTreeMap::new();
    while let Some(news) = heard.recv().await {
        if let News::Done(id, time) = news {
            times.insert(id, time);
        }
    }
    let (chain_time, chain) = longest(&plan, &times);
    let named = |id: StepId| (plan.steps[id.0].logical_id.to_string(), times[&id]);
    Serial {
        critical_path: introduction + chain_time,
        sum: introduction + times.values().sum::<Duration>(),
        chain: std::iter::once(("who am I".to_owned(), introduction))
            .chain(chain.into_iter().map(named))
            .collect(),
    }
}

/// The chain of steps with the longest time, each waiting for the one before it.
fn longest(plan: &Plan, times: &BTreeMap<StepId, Duration>) -> (Duration, Vec<StepId>) {
    let mut best: BTreeMap<StepId, (Duration, Vec<StepId>)> = BTreeMap::new();
    fn up_to(
        id: StepId,
        plan: &Plan,
        times: &BTreeMap<StepId, Duration>,
        best: &mut BTreeMap<StepId, (Duration, Vec<StepId>)>,
    ) -> (Duration, Vec<StepId>) {
        if let Some(known) = best.get(&id) {
            return known.clone();
        }
        let before = plan.steps[id.0]
            .after
            .iter()
            .map(|earlier| up_to(*earlier, plan, times, best))
            .max_by_key(|(time, _)| *time)
            .unwrap_or_default();
        let mut chain = before.1;
        chain.push(id);
        let found = (before.0 + times[&id], chain);
        best.insert(id, found.clone());
        found
    }
    plan.steps
        .iter()
        .map(|step| up_to(step.id, plan, times, &mut best))
        .max_by_key(|(time, _)| *time)
        .unwrap_or_default()
}

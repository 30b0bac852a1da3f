//! Pairs of templates, before and after: a deploy does exactly what its plan says, and one that the
//! plan lets through does not fail for a reason that the plan could have known.
//!
//! The second deploy runs one step at a time, so that each call is certainly some step's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cairn::aws::is_read;
use cairn::permissions::{action_of, actions};
use cairn::plan::{Action, Operation, Plan, StepId};
use cairn::reconcile::{Limits, News, Recheck, Setting, What, reconcile};
use cairn::state::State;
use tokio::sync::mpsc;

use super::{Home, STACK, Stage, Story, Version, holder, in_virtual_time, oracle};
use crate::simulation::edits::Pair;

/// What came of a pair.
#[derive(Debug)]
pub enum Outcome {
    /// The second plan was refused: nothing was begun.
    Refused(String),
    /// A deploy failed although its plan was made.
    Failed(String),
    Played(Played),
}

/// A pair that was deployed.
#[derive(Debug, Default)]
pub struct Played {
    /// What the second plan did, and how often.
    pub actions: BTreeMap<String, usize>,
    /// Types that something happened to.
    pub types: BTreeSet<String>,
    /// Mutating calls of the second deploy.
    pub calls: usize,
    /// Where what was done is not what the plan said.
    pub exceptions: Vec<String>,
}

enum Trouble {
    Refused(String),
    Failed(String),
}

/// Deploys a template, then what became of it.
pub fn play(pair: &Pair, chance: u64) -> Outcome {
    let versions = [&pair.before, &pair.after].map(Version::of);
    let versions: Vec<Arc<Version>> = match versions.into_iter().collect() {
        Ok(versions) => versions,
        Err(why) => return Outcome::Refused(why),
    };
    in_virtual_time(async {
        let story = Story::new(chance, Home::Directory, versions);
        match Box::pin(deploys(&story.stage)).await {
            Ok(played) => Outcome::Played(played),
            Err(Trouble::Refused(why)) => Outcome::Refused(why),
            Err(Trouble::Failed(why)) => Outcome::Failed(why),
        }
    })
}

async fn deploys(stage: &Stage) -> Result<Played, Trouble> {
    Box::pin(deploy(stage, 0, 8)).await.map_err(|trouble| told(trouble, "before"))?;
    let run = Box::pin(deploy(stage, 1, 1)).await.map_err(|trouble| told(trouble, "after"))?;
    let mut played = Played::default();
    for step in run.plan.steps.iter().filter(|step| step.action != Action::Keep) {
        *played.actions.entry(format!("{:?}", step.action)).or_default() += 1;
        played.types.insert(step.type_name.as_str().to_owned());
    }
    played.calls = run.lines.iter().filter(|line| mutating(line).is_some()).count();
    played.exceptions = exceptions(&run.plan, &run.lines);
    played.exceptions.extend(broken_promises(&run));
    played.exceptions.extend(Box::pin(left(stage)).await?);
    Ok(played)
}

fn told(trouble: Trouble, when: &str) -> Trouble {
    match trouble {
        Trouble::Refused(why) => Trouble::Refused(format!("{when}: {why}")),
        Trouble::Failed(why) => Trouble::Failed(format!("{when}: {why}")),
    }
}

/// A deploy that has ended well.
struct Run {
    plan: Plan,
    before: State,
    after: State,
    /// What was called, and when which step began and ended.
    lines: Vec<String>,
}

async fn deploy(stage: &Stage, version: usize, concurrency: usize) -> Result<Run, Trouble> {
    let failed = |why: String| Trouble::Failed(why);
    let process = stage.shared.lock().begin(&[]);
    let store = stage.store(process);
    let lock = store.lock(&holder(process), &|_| ()).await.map_err(|it| failed(it.to_string()))?;
    let aws = stage.aws(process);
    let before = stage.read(&store, process).await.map_err(|it| failed(it.to_string()))?;
    let plan = stage.plan(process, version, &before, &aws).await.map_err(Trouble::Refused)?;
    stage.shared.lock().set_work(process, oracle::Work::of(&plan, &before));
    let (news, mut heard) = mpsc::unbounded_channel();
    let interrupt = stage.shared.lock().interrupt(process);
    let setting = Setting {
        aws,
        graph: Some(Arc::clone(&stage.graphs[version])),
        limits: Limits { concurrency, deadline: None },
        recheck: Recheck::Gone,
        news,
        interrupt,
        run: stage.tokens(process, 3)(),
        command: STACK.to_owned(),
        started_at: String::new(),
    };
    let ledger = store.open(lock, before.clone()).await.map_err(|it| failed(it.to_string()))?;
    let first = stage.shared.lock().transcript.len();
    let run = reconcile(&plan, ledger, setting);
    let mut run = Box::pin(run);
    let outcome = loop {
        tokio::select! {
            biased;
            Some(news) = heard.recv() => note(stage, &news),
            outcome = &mut run => break outcome.map_err(|error| failed(error.to_string()))?,
        }
    };
    drop(run);
    while let Ok(news) = heard.try_recv() {
        note(stage, &news);
    }
    if !outcome.is_complete() {
        let steps = outcome.failed.iter().map(|(id, error)| {
            let step = &plan.steps[id.0];
            format!("{:?} {} {}: {error}", step.action, step.type_name.as_str(), step.logical_id)
        });
        return Err(failed(steps.collect::<Vec<_>>().join("; ")));
    }
    let lines = stage.shared.lock().transcript[first..].to_vec();
    Ok(Run { plan, before, after: outcome.state, lines })
}

const BEGINS: &str = "begins";
const ENDS: &str = "ends";

fn note(stage: &Stage, news: &News) {
    match &news.what {
        What::Started(StepId(step)) => stage.shared.tell(&format!("{BEGINS} {step}")),
        What::Done(StepId(step), _) | What::Failed(StepId(step), _) => {
            stage.shared.tell(&format!("{ENDS} {step}"));
        }
        What::Begun | What::Entered(..) | What::Draining { .. } => {}
    }
}

/// The mutating call that a line of the transcript tells of.
fn mutating(line: &str) -> Option<&str> {
    let mut words = line.split(' ');
    let (_, process, action) = (words.next()?, words.next()?, words.next()?);
    let is_call = process.starts_with('#') && action.contains(':') && !action.starts_with("s3:");
    (is_call && !is_read(action)).then_some(action)
}

/// What was done that no step says, and what a step says that was not done.
fn exceptions(plan: &Plan, lines: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut current: Option<usize> = None;
    let mut begun: BTreeMap<usize, usize> = BTreeMap::new();
    let mut calls: BTreeMap<usize, usize> = BTreeMap::new();
    for line in lines {
        if let Some(step) = line.strip_prefix(BEGINS).and_then(|it| it.trim().parse().ok()) {
            *begun.entry(step).or_default() += 1;
            current = Some(step);
        } else if let Some(step) = line.strip_prefix(ENDS) {
            // What waited for it begins before it is told that it has ended.
            if step.trim().parse().ok() == current {
                current = None;
            }
        } else if let Some(action) = mutating(line) {
            let Some(step) = current.map(|step| &plan.steps[step]) else {
                found.push(format!("{action} is no step's"));
                continue;
            };
            *calls.entry(step.id.0).or_default() += 1;
            let known: Vec<String> =
                actions(step.type_name.as_str()).iter().map(|one| (*one).to_owned()).collect();
            if !known.contains(&action_of(action)) {
                found
                    .push(format!("{action} is not what {} is done with", step.type_name.as_str()));
            }
        }
    }
    for step in &plan.steps {
        let of = |counts: &BTreeMap<usize, usize>| counts.get(&step.id.0).copied().unwrap_or(0);
        let name = || format!("{:?} {}", step.action, step.logical_id);
        let times = usize::from(step.operation != Operation::Nothing);
        if of(&begun) != times {
            found.push(format!("{} began {} times and not {times}", name(), of(&begun)));
        }
        // What only might change may turn out to be as it is.
        let is_certain = step.changes.is_empty() || step.changes.iter().any(|change| change.known);
        // Nobody can take an account's settings away: they stay as they are.
        let stays = step.type_name.as_str() == "AWS::ApiGateway::Account";
        let calls_aws = match &step.operation {
            Operation::Update { .. } if !is_certain => continue,
            Operation::Delete { .. } if stays => continue,
            Operation::Create { .. } | Operation::Update { .. } | Operation::Delete { .. } => true,
            Operation::Nothing
            | Operation::Record { .. }
            | Operation::Forget { .. }
            | Operation::VanishWithParent { .. } => false,
            _ => continue,
        };
        if calls_aws != (of(&calls) > 0) {
            found.push(format!("{} ({:?}) made {} calls", name(), step.operation, of(&calls)));
        }
    }
    found
}

/// What the plan says of ids, and is otherwise.
fn broken_promises(run: &Run) -> Vec<String> {
    let mut broken = Vec::new();
    for step in &run.plan.steps {
        let old = step.moved_from.as_ref().unwrap_or(&step.logical_id);
        let id_in = |state: &State, id| state.current(id).and_then(|it| it.physical_id.clone());
        let (before, after) = (id_in(&run.before, old), id_in(&run.after, &step.logical_id));
        let is_kept = match (step.action, step.operation.is_forward()) {
            (Action::Keep | Action::Update | Action::Move, _) => before == after && after.is_some(),
            (Action::Create | Action::Replace, true) => after.is_some() && before != after,
            _ => true,
        };
        if !is_kept {
            let name = &step.logical_id;
            broken.push(format!("{:?} {name}: {before:?} became {after:?}", step.action));
        }
    }
    broken
}

/// What the next plan would do, and what the state does not own.
async fn left(stage: &Stage) -> Result<Vec<String>, Trouble> {
    let process = stage.shared.lock().begin(&[]);
    let state = stage.state(process).await.map_err(Trouble::Failed)?;
    let aws = stage.aws(process);
    let plan = stage.plan(process, 1, &state, &aws).await.map_err(Trouble::Failed)?;
    // What the state only learns is nothing to do.
    let left = plan.steps.iter().filter(|step| step.action != Action::Keep);
    let told = left.map(|step| {
        format!("the next plan: {:?} {} {:?}", step.action, step.logical_id, step.changes)
    });
    let violations = state.violations();
    let unsound = (!violations.is_empty()).then(|| format!("unsound: {violations:?}"));
    Ok(told.chain(unsound).collect())
}

//! One seed: a stack that is deployed, changed and torn down while everything goes wrong that the
//! seed says, and a look at what is there whenever a command has ended well.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cairn::aws::{Assets, Aws, Clients, Pace, Scope};
use cairn::diagnostic::{Diagnostic, Source};
use cairn::graph::{Graph, Inputs, synth};
use cairn::plan::{self, Action, Plan};
use cairn::reconcile::{Limits, Setting, reconcile};
use cairn::refresh::refresh;
use cairn::state::State;
use cairn::state::store::{Holder, Store};
use cairn::template;
use cairn::value::Token;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

use super::aws::account::{Account, NUMBER, REGION};
use super::faults::Met;
use super::meddle;
use super::oracle::{self, Fingerprint};
use super::random::Random;
use super::scenario;
use super::world::Shared;

pub const STACK: &str = "simulated";
/// Longer than any wait of Cairn's, one after another.
const ENDLESS: Duration = Duration::from_hours(8);
/// Of a thousand failures, how many make somebody want something else.
const MIND_CHANGES: u64 = 200;
/// Tries under faults before the weather clears.
const STORMY_TRIES: u64 = 5;

/// What a seed was.
#[derive(Debug, Default)]
pub struct Report {
    pub met: Met,
    pub requests: u64,
    pub attempts: u64,
    pub crashes: u64,
    /// How often it ended with what Cairn cannot do yet.
    pub known: u64,
    pub transcript: Vec<String>,
}

pub struct Run {
    random: Random,
    shared: Shared,
    store: Store,
    folder: TempDir,
    lineage: Token,
    was_meddled_with: bool,
    report: Report,
}

/// How an attempt ended.
#[derive(Debug)]
enum End {
    Complete,
    Failed(String),
    Crashed,
}

/// What is to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Version(usize),
    Nothing,
}

/// In virtual time, on this thread alone: the same each time.
fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(future)
}

/// Runs one seed.
///
/// # Errors
///
/// What the oracle found, with the way that led there.
pub fn seed(seed: u64, fresh: &[Fingerprint]) -> Result<Report, String> {
    in_virtual_time(async {
        let mut run = Run::new(seed);
        let outcome = run.story(fresh).await;
        let Run { shared, mut report, .. } = run;
        let mut world = shared.lock();
        report.met = std::mem::take(&mut world.faults.met);
        report.requests = world.requests;
        report.transcript = std::mem::take(&mut world.transcript);
        drop(world);
        match outcome {
            Ok(()) => Ok(report),
            Err(problem) => Err(format!(
                "seed {seed}: {problem}\n  {}",
                in_short(&report.transcript).join("\n  ")
            )),
        }
    })
}

/// What a version looks like that was deployed to an empty account, and nothing went wrong.
pub fn fresh(version: usize) -> Fingerprint {
    in_virtual_time(async {
        let mut run = Run::new(0);
        match run.attempt(Target::Version(version), false).await {
            End::Complete => run.look(version).await.expect("a calm deploy"),
            end => panic!("version {version}, and nothing goes wrong: {end:?}"),
        }
    })
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let shared = Shared::new(random.fork());
        // In memory where that can be had: nobody takes the plug out here.
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => TempDir::new_in(memory),
            false => TempDir::new(),
        };
        let folder = folder.expect("a temporary folder");
        let store = Store::new(folder.path());
        let lineage = token(&mut random);
        let (was_meddled_with, report) = (false, Report::default());
        Self { random, shared, store, folder, lineage, was_meddled_with, report }
    }

    async fn story(&mut self, fresh: &[Fingerprint]) -> Result<(), String> {
        let mut targets: Vec<Target> = (0..self.random.between(1, 4))
            .map(|_| {
                Target::Version(usize::try_from(self.random.next()).unwrap_or(0) % fresh.len())
            })
            .collect();
        targets.push(Target::Nothing);
        for target in targets {
            if !self.reach(target).await? {
                continue;
            }
            match target {
                Target::Version(version) => {
                    let found = self.look(version).await?;
                    oracle::same(&found, &fresh[version])
                        .map_err(|difference| format!("version {version}: {difference}"))?;
                }
                Target::Nothing => self.look_at_nothing().await?,
            }
        }
        Ok(())
    }

    /// Whether it was reached: somebody may change their mind after a failure.
    async fn reach(&mut self, target: Target) -> Result<bool, String> {
        let stormy = self.random.between(0, STORMY_TRIES);
        for _ in 0..stormy {
            let permille = *self.random.pick(&[5, 20, 60, 150]);
            self.shared.lock().faults.permille = permille;
            self.was_meddled_with = false;
            let end = self.attempt(target, true).await;
            self.shared.lock().faults.permille = 0;
            self.pause().await;
            match end {
                // What was changed behind a plan's back is for the next one.
                End::Complete if self.was_meddled_with => continue,
                End::Complete => return Ok(true),
                End::Failed(why) if why.contains("endless") || is_defect(&why) => return Err(why),
                End::Failed(_) | End::Crashed => {}
            }
            if target != Target::Nothing && self.random.chance(MIND_CHANGES) {
                return Ok(false);
            }
        }
        match self.attempt(target, false).await {
            End::Complete => Ok(true),
            End::Failed(why) if is_known(&why) => {
                self.report.known += 1;
                Ok(false)
            }
            End::Failed(why) => Err(format!("nothing goes wrong, and {target:?} fails: {why}")),
            End::Crashed => Err("a crash in calm weather".to_owned()),
        }
    }

    /// Until somebody tries again.
    async fn pause(&mut self) {
        let seconds = self.random.between(5, 200);
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// A process of its own: plans, and does what the plan says.
    async fn attempt(&mut self, target: Target, is_stormy: bool) -> End {
        self.report.attempts += 1;
        let crash = {
            let mut world = self.shared.lock();
            world.is_crashed = false;
            world.crash = Arc::default();
            Arc::clone(&world.crash)
        };
        self.shared.tell(&format!("== {target:?}{}", if is_stormy { ", stormy" } else { "" }));
        let end = tokio::select! {
            biased;
            () = crash.notified() => End::Crashed,
            end = tokio::time::timeout(ENDLESS, self.command(target, is_stormy)) => {
                end.unwrap_or_else(|_| End::Failed("an endless run".to_owned()))
            }
        };
        self.shared.tell(&format!("== {end:?}"));
        if matches!(end, End::Crashed) {
            self.report.crashes += 1;
            self.after_a_crash().await;
        }
        end
    }

    /// What dies with the process, and the record it was just writing.
    async fn after_a_crash(&mut self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let journal = self.folder.path().join("journal.jsonl");
        if journal.exists() && self.random.chance(300) {
            let file = OpenOptions::new().append(true).open(journal);
            let torn = file.and_then(|mut file| file.write_all(b"{\"sequence\":99,\"eve"));
            torn.expect("the journal can be written to");
        }
    }

    async fn command(&mut self, target: Target, is_stormy: bool) -> End {
        let fail = |why: String| End::Failed(why);
        let aws = self.aws();
        let state = match self.state().await {
            Ok(state) => state,
            Err(why) => return fail(format!("defect: {why}")),
        };
        let (graph, plan) = match target {
            Target::Nothing => (None, plan::teardown(&state)),
            Target::Version(version) => {
                let graph = graph(version);
                match self.plan(&graph, &state, &aws).await {
                    Ok(plan) => (Some(graph), plan),
                    Err(why) => return fail(why),
                }
            }
        };
        if is_stormy && self.random.chance(100) {
            let line = meddle::meddle(&mut self.shared.lock().aws.account, &mut self.random);
            self.shared.tell(&line);
            self.was_meddled_with = true;
        }
        match self.apply(&plan, graph, state, aws).await {
            Ok(()) => End::Complete,
            Err(why) => fail(why),
        }
    }

    async fn apply(
        &mut self,
        plan: &Plan,
        graph: Option<Arc<Graph>>,
        state: State,
        aws: Aws,
    ) -> Result<(), String> {
        let (news, _heard) = mpsc::unbounded_channel();
        let (_stop, interrupt) = watch::channel(false);
        let setting = Setting {
            aws,
            graph,
            limits: Limits { concurrency: 8, deadline: None },
            news,
            interrupt,
            run: token(&mut self.random),
            command: "simulated".to_owned(),
            started_at: String::new(),
        };
        let holder = Holder {
            command: "simulated".to_owned(),
            pid: 1,
            user: String::new(),
            host: String::new(),
            since: String::new(),
        };
        let defect = |error: &dyn std::fmt::Display| format!("defect: {error}");
        let lock = self.store.lock(&holder, &|_| ()).await.map_err(|error| defect(&error))?;
        let ledger = self.store.open(lock, state).await.map_err(|error| defect(&error))?;
        let outcome = reconcile(plan, ledger, setting).await.map_err(|error| defect(&error))?;
        if outcome.is_complete() {
            return Ok(());
        }
        let failed = outcome.failed.iter().map(|(id, error)| {
            let step = &plan.steps[id.0];
            format!("{:?} {}: {error}", step.action, step.logical_id)
        });
        Err(failed.collect::<Vec<_>>().join("; "))
    }

    fn aws(&mut self) -> Aws {
        let number = u32::try_from(self.random.next() >> 32).expect("half of it");
        Aws::new(Clients::through(self.shared.client(), REGION), NUMBER, Assets::default())
            .paced_by(Pace::spread_by(Scope::Account, number))
    }

    async fn state(&self) -> Result<State, String> {
        let state = self.store.read().await.map_err(|error| error.to_string())?;
        Ok(state.unwrap_or_else(|| State::empty(STACK, NUMBER, REGION, &self.lineage)))
    }

    async fn plan(&mut self, graph: &Graph, state: &State, aws: &Aws) -> Result<Plan, String> {
        let observed = refresh(state, aws).await.map_err(|fault| fault.to_string())?;
        plan::plan(graph, state, &observed, &mut || token(&mut self.random))
            .map_err(|it| texts(&it))
    }

    fn account(&self) -> Account {
        let mut world = self.shared.lock();
        let now = world.now();
        world.aws.account.advance(now);
        world.aws.account.clone()
    }

    /// Whether what is there is what the state says, and nothing is left to do.
    async fn look(&mut self, version: usize) -> Result<Fingerprint, String> {
        let state = self.state().await?;
        let account = self.account();
        oracle::owns_all(&state, &account)?;
        oracle::no_secret(self.folder.path())?;
        let aws = self.aws();
        let plan = self.plan(&graph(version), &state, &aws).await?;
        let work: BTreeSet<String> = plan
            .steps
            .iter()
            .filter(|step| step.action != Action::Keep)
            .map(|step| format!("{:?} {} {:?}", step.action, step.logical_id, step.changes))
            .collect();
        if !work.is_empty() {
            return Err(format!("the next plan has something to do: {work:?}"));
        }
        Ok(oracle::fingerprint(&state, &account))
    }

    async fn look_at_nothing(&self) -> Result<(), String> {
        let state = self.state().await?;
        if !state.is_empty() {
            return Err(format!("after a teardown the state has {:?}", state.resources.keys()));
        }
        oracle::nothing_left(&self.account())
    }
}

/// Without what only looked and found nothing amiss, and what was tried again and again.
fn in_short(transcript: &[String]) -> Vec<&str> {
    let what = |line: &str| line.split_once(' ').map_or(line, |(_, what)| what).to_owned();
    let mut kept: Vec<&str> = Vec::new();
    for line in transcript.iter().filter(|line| !is_mere_look(line)) {
        let is_again = kept.iter().rev().take(4).any(|earlier| what(earlier) == what(line));
        if !is_again || line.contains(" meets ") {
            kept.push(line);
        }
    }
    kept
}

fn is_mere_look(line: &str) -> bool {
    line.ends_with(" ok") && [":Get", ":List", ":Describe"].iter().any(|verb| line.contains(verb))
}

/// What no weather explains.
fn is_defect(why: &str) -> bool {
    ["defect: ", "cannot be evaluated", "Cairn has no handler", "panic"]
        .iter()
        .any(|sign| why.contains(sign))
}

/// What Cairn cannot do yet, by the words it fails with.
///
/// A replacement that was interrupted leaves the old subnet beside the new one. Whoever then wants
/// the old block back is refused as long as the old subnet is there, and it is deleted last.
const KNOWN: &[&str] = &["InvalidSubnet.Conflict"];

fn is_known(why: &str) -> bool {
    KNOWN.iter().any(|sign| why.contains(sign))
}

fn token(random: &mut Random) -> Token {
    let (high, low) = (random.next().to_be_bytes(), random.next().to_be_bytes());
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high);
    bytes[8..].copy_from_slice(&low);
    Token::from_bytes(bytes)
}

fn texts(findings: &[Diagnostic]) -> String {
    findings.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>().join("; ")
}

fn graph(version: usize) -> Arc<Graph> {
    let source =
        Arc::new(Source { name: format!("{STACK}.yaml"), text: scenario::template(version) });
    let inputs = Inputs {
        stack: STACK.to_owned(),
        account: NUMBER.to_owned(),
        region: REGION.to_owned(),
        partition: "aws".to_owned(),
        stack_id: format!("arn:aws:cloudformation:{REGION}:{NUMBER}:stack/{STACK}/0"),
        ..Inputs::default()
    };
    let template = template::parse(&source).expect("the template is right");
    let graph = synth(Arc::new(template), inputs);
    Arc::new(graph.unwrap_or_else(|findings| panic!("{}", texts(&findings))))
}

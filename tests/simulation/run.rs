//! A script played: a stack that is deployed, changed and torn down while everything goes wrong that
//! the script says, and a look at what is there whenever a run has ended well.

#[cfg(test)]
mod many;
#[cfg(test)]
pub mod pairs;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cairn::aws::{Assets, Aws, Clients, Pace, Scope, chain};
use cairn::graph::Graph;
use cairn::plan::{self, Action, Past, Plan};
use cairn::reconcile::{Limits, Recheck, ReconcileError, Setting, reconcile};
use cairn::refresh::{refresh, versions};
use cairn::state::State;
use cairn::state::store::{Bucket, Holder, Lock, Store, StoreError};
use cairn::value::Token;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tracing_subscriber::EnvFilter;

use super::aws::account::{Account, MINUTE, NUMBER, REGION, Time};
use super::coverage::WaysBack;
use super::disk::StoryDisk;
use super::faults::Kind;
use super::oracle::{self, Fingerprint, Work};
use super::s3;
use super::script::{Chapter, Home, Mishap, Script, Then, Wish};
use super::versions::{Calm, Points, STACK, Version, texts};
use super::world::{Met, Shared};

/// Longer than any wait of Cairn's, one after another.
const ENDLESS: Duration = Duration::from_hours(8);

/// After so long, in milliseconds, AWS does nothing more by itself.
const AT_REST: Time = 60 * MINUTE;

/// What a plan says that would move something to where a run that did not end has been at work.
const UNMOVED: &str = "a run that did not end has made or deleted another";

/// One in so many stories is logged.
const LOGGED: u64 = 8;

/// What a story was.
#[derive(Debug, Default)]
pub struct Report {
    pub met: Met,
    pub seen: BTreeMap<String, u64>,
    pub requests: u64,
    pub runs: u64,
    pub crashes: u64,
    pub ways_back: WaysBack,
    pub transcript: Vec<String>,
}

/// How a run ended.
#[derive(Debug)]
enum End {
    Complete,
    /// A rollback did all that could be done, and something could not be brought back.
    Partly,
    Failed(String),
    /// No weather explains it.
    Defect(String),
    Crashed,
}

/// What Cairn logs while something is done.
fn logged<T>(act: impl FnOnce() -> T) -> (T, String) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("cairn=trace"))
        .with_writer(move || writer.clone())
        .finish();
    let outcome = tracing::subscriber::with_default(subscriber, act);
    let text = String::from_utf8_lossy(&log.0.lock().expect("nothing panics with it")).into_owned();
    (outcome, text)
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nothing panics with it").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// In virtual time, on this thread alone: the same each time.
fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(future)
}

/// Plays a script.
///
/// # Errors
///
/// What the oracle found, with the way that led there.
pub fn play(script: &Script) -> Result<Report, String> {
    // To log costs time: not every story is looked at.
    if !script.chance.is_multiple_of(LOGGED) {
        return play_unheard(script);
    }
    let (outcome, log) = logged(|| play_unheard(script));
    oracle::tells_no_secret("the log", &log)?;
    outcome
}

fn play_unheard(script: &Script) -> Result<Report, String> {
    let versions: Result<Vec<_>, _> = script.versions.iter().map(Version::of).collect();
    let versions = versions?;
    // What is compared with is found out in a world of its own.
    let targets = script.chapters.iter().filter_map(|chapter| chapter.target);
    for version in targets {
        versions[version].calm()?;
    }
    in_virtual_time(async {
        let mut story = Story::new(script.chance, script.home, versions);
        let mut outcome = Ok(());
        for chapter in &script.chapters {
            outcome = story.chapter(chapter).await;
            if outcome.is_err() {
                break;
            }
        }
        let Story { stage, mut report, .. } = story;
        let mut world = stage.shared.lock();
        report.met = std::mem::take(&mut world.met);
        report.seen = std::mem::take(&mut world.seen);
        report.requests = world.requests;
        report.transcript = std::mem::take(&mut world.transcript);
        match outcome.and_then(|()| world.problems.pop().map_or(Ok(()), Err)) {
            Ok(()) => Ok(report),
            Err(problem) => {
                Err(format!("{problem}\n  {}", in_short(&report.transcript).join("\n  ")))
            }
        }
    })
}

/// What a version leaves when nothing goes wrong, and what comes to pass for that.
///
/// # Errors
///
/// What goes wrong all the same.
pub fn calm(version: &Arc<Version>) -> Result<Calm, String> {
    in_virtual_time(async {
        let mut story = Story::new(0, Home::Directory, vec![Arc::clone(version)]);
        let points = story.calm_run(Wish::Deploy(0)).await?;
        Ok(Calm { fingerprint: story.look(0).await?, points })
    })
}

/// The state and the account after a deploy on which nothing goes wrong.
#[cfg(test)]
pub fn scene(version: &Arc<Version>) -> (State, Account) {
    in_virtual_time(async {
        let mut story = Story::new(0, Home::Directory, vec![Arc::clone(version)]);
        story.calm_run(Wish::Deploy(0)).await.expect("nothing goes wrong");
        let process = story.stage.shared.lock().begin(&[]);
        (story.stage.state(process).await.expect("it can be read"), story.account())
    })
}

/// What comes to pass on the way from one version to another, or to nothing.
///
/// # Errors
///
/// What goes wrong all the same.
pub fn calm_way(from: &Arc<Version>, to: Option<&Arc<Version>>) -> Result<Points, String> {
    in_virtual_time(async {
        let versions = [Some(from), to].into_iter().flatten().map(Arc::clone).collect();
        let mut story = Story::new(0, Home::Directory, versions);
        story.calm_run(Wish::Deploy(0)).await?;
        story.calm_run(Wish::of(to.map(|_| 1))).await
    })
}

/// What comes to pass in the first run of a chapter of a script, with what goes wrong on it; and in
/// the run after that, if it did not end well.
///
/// # Errors
///
/// What goes wrong before, or although nothing is to go wrong.
pub fn scout(script: &Script, chapter: usize) -> Result<[Points; 2], String> {
    let versions: Result<Vec<_>, _> = script.versions.iter().map(Version::of).collect();
    let versions = versions?;
    in_virtual_time(async {
        let mut story = Story::new(script.chance, script.home, versions);
        for before in &script.chapters[..chapter] {
            for storm in &before.storms {
                story.stormy_run(before.wish(), &storm.mishaps).await;
                tokio::time::sleep(Duration::from_secs(storm.pause)).await;
            }
            if before.then == Then::Calm {
                story.calm_run(before.wish()).await?;
            }
        }
        let wish = script.chapters[chapter].wish();
        let Some(storm) = script.chapters[chapter].storms.first() else {
            return Ok([story.calm_run(wish).await?, Points::new()]);
        };
        story.stage.shared.lock().seen.clear();
        let (end, was_meddled_with) = story.stormy_run(wish, &storm.mishaps).await;
        let during = std::mem::take(&mut story.stage.shared.lock().seen);
        match end {
            // What was changed behind a plan's back is for the next one.
            End::Complete if was_meddled_with => {}
            End::Complete | End::Partly | End::Defect(_) => return Ok([during, Points::new()]),
            End::Failed(_) | End::Crashed => {}
        }
        tokio::time::sleep(Duration::from_secs(storm.pause)).await;
        story.run(wish, &[]).await;
        let after = std::mem::take(&mut story.stage.shared.lock().seen);
        Ok([during, after])
    })
}

/// What all runs of a story share.
#[derive(Clone)]
struct Stage {
    shared: Shared,
    folder: Arc<TempDir>,
    home: Home,
    graphs: Vec<Arc<Graph>>,
}

struct Story {
    stage: Stage,
    versions: Vec<Arc<Version>>,
    report: Report,
    /// Whether somebody else has ever changed something.
    was_meddled_with: bool,
    /// What is there when a rollback ends well.
    settled: Settled,
    /// Whether a teardown has stopped, and nothing else was wanted since.
    is_half_torn: bool,
}

/// What was there when a run last did all that its plan said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Nothing,
    Version(usize),
    /// Others had a hand in it.
    Unknown,
}

impl Story {
    fn new(chance: u64, home: Home, versions: Vec<Arc<Version>>) -> Self {
        // In memory where that can be had: nobody takes the plug out here.
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => TempDir::new_in(memory),
            false => TempDir::new(),
        };
        let folder = Arc::new(folder.expect("a temporary folder"));
        let graphs = versions.iter().map(|version| Arc::clone(&version.graph)).collect();
        let stage = Stage { shared: Shared::new(chance), folder, home, graphs };
        let (report, settled) = (Report::default(), Settled::Nothing);
        let (was_meddled_with, is_half_torn) = (false, false);
        Self { stage, versions, report, was_meddled_with, settled, is_half_torn }
    }

    async fn chapter(&mut self, chapter: &Chapter) -> Result<(), String> {
        let wish = chapter.wish();
        if let Wish::Rollback(version) = wish
            && self.has_arrived(version).await?
        {
            return Ok(());
        }
        let has_ended_well = self.reach(chapter).await?;
        self.is_half_torn = wish == Wish::Teardown && !has_ended_well;
        if !has_ended_well {
            return Ok(());
        }
        match (wish, self.settled) {
            (Wish::Deploy(version), _) => self.is_at(version).await,
            (Wish::Teardown, _) => self.is_at_nothing().await,
            (Wish::Rollback(_), Settled::Version(version)) => self.is_at(version).await,
            (Wish::Rollback(_), Settled::Nothing) => self.is_at_nothing().await,
            // A deploy makes whole what a rollback could not bring back.
            (Wish::Rollback(version), Settled::Unknown) => {
                self.reach(&Chapter::calm(Some(version))).await?;
                self.is_at(version).await
            }
        }
    }

    /// Whether nothing is left to go back from, since the run before did all that it was to do.
    async fn has_arrived(&mut self, version: usize) -> Result<bool, String> {
        let process = self.stage.shared.lock().begin(&[]);
        let state = self.stage.state(process).await?;
        if !state.before.is_empty() {
            return Ok(false);
        }
        if state.is_empty() {
            self.is_at_nothing().await?;
            return Ok(true);
        }
        Ok(self.is_at(version).await.is_ok())
    }

    async fn is_at(&mut self, version: usize) -> Result<(), String> {
        let found = self.look(version).await?;
        oracle::same(&found, &self.versions[version].calm()?.fingerprint)
            .map_err(|difference| format!("version {version}: {difference}"))?;
        self.settled = Settled::Version(version);
        Ok(())
    }

    async fn is_at_nothing(&mut self) -> Result<(), String> {
        self.look_at_nothing().await?;
        self.settled = Settled::Nothing;
        Ok(())
    }

    /// Whether what is wanted is there.
    async fn reach(&mut self, chapter: &Chapter) -> Result<bool, String> {
        let wish = chapter.wish();
        for storm in &chapter.storms {
            let is_unseen = self.was_meddled_with && self.has_half_made().await?;
            let (end, was_meddled_with) = self.stormy_run(wish, &storm.mishaps).await;
            self.was_meddled_with |= was_meddled_with;
            tokio::time::sleep(Duration::from_secs(storm.pause)).await;
            match end {
                // What was changed behind a plan's back is for the next one.
                End::Complete if was_meddled_with || is_unseen => {}
                End::Complete | End::Partly => return Ok(true),
                End::Defect(why) => return Err(why),
                End::Failed(_) | End::Crashed => {}
            }
        }
        if chapter.then == Then::Leave {
            return Ok(false);
        }
        let is_unseen = self.was_meddled_with && self.has_half_made().await?;
        for tries_left in (0..=usize::from(is_unseen)).rev() {
            match self.run(wish, &[]).await {
                End::Complete | End::Partly => {}
                // What was half made was taken away: this run has found that out.
                End::Failed(_) if tries_left > 0 => {}
                // A way back is planned from what the state says: the deploy after it looks anew.
                End::Failed(_) if self.was_meddled_with && matches!(wish, Wish::Rollback(_)) => {
                    self.settled = Settled::Unknown;
                }
                // What two runs that did not end have left has to be brought to an end first.
                End::Failed(why) if why.contains(UNMOVED) => return Ok(false),
                End::Failed(why) | End::Defect(why) => {
                    return Err(format!("nothing goes wrong, and {wish:?} fails: {why}"));
                }
                End::Crashed => return Err("a crash in calm weather".to_owned()),
            }
        }
        Ok(true)
    }

    /// Whether something is there whose create has not ended: the next run ends it, and only the plan
    /// after that compares it.
    async fn has_half_made(&self) -> Result<bool, String> {
        let process = self.stage.shared.lock().begin(&[]);
        let state = self.stage.state(process).await?;
        let mut intents = state.resources.values().filter_map(|entry| entry.intent.as_ref());
        Ok(intents.any(|intent| intent.physical_id.is_some()))
    }

    async fn calm_run(&mut self, wish: Wish) -> Result<Points, String> {
        self.stage.shared.lock().seen.clear();
        match self.run(wish, &[]).await {
            End::Complete | End::Partly => Ok(std::mem::take(&mut self.stage.shared.lock().seen)),
            End::Failed(why) | End::Defect(why) => Err(why),
            End::Crashed => Err("it crashed".to_owned()),
        }
    }

    async fn run(&mut self, wish: Wish, mishaps: &[Mishap]) -> End {
        self.stormy_run(wish, mishaps).await.0
    }

    /// One run, with those that begin while it goes on; and whether its end says little.
    async fn stormy_run(&mut self, wish: Wish, mishaps: &[Mishap]) -> (End, bool) {
        let stage = self.stage.clone();
        let process = stage.shared.lock().begin(mishaps);
        let others = stage.shared.lock().wish(process);
        self.report.runs += 1;
        let main = stage.process(process, wish);
        tokio::pin!(main);
        let (mut end, mut other, mut had_others) = (None, None, false);
        loop {
            tokio::select! {
                biased;
                ended = &mut main, if end.is_none() => end = Some(ended),
                ended = async { other.as_mut().expect("it is there").await }, if other.is_some() => {
                    other = None;
                    if let End::Defect(why) = ended {
                        return (End::Defect(format!("the other Cairn: {why}")), true);
                    }
                }
                () = others.notified(), if other.is_none() && !had_others => {
                    had_others = true;
                    let wanted = stage.shared.lock().wanted(process);
                    let process = stage.shared.lock().begin(&[]);
                    self.report.runs += 1;
                    other = Some(Box::pin(stage.process(process, Wish::of(wanted))));
                }
                else => break,
            }
            if end.is_some() && other.is_none() {
                break;
            }
        }
        let end = end.expect("it has ended");
        self.report.crashes += u64::from(matches!(end, End::Crashed));
        let was_meddled_with = stage.shared.lock().was_meddled_with(process) || had_others;
        if matches!(wish, Wish::Rollback(_)) {
            let is_partly = matches!(end, End::Partly);
            let has_ended = is_partly || matches!(end, End::Complete);
            let ways_back = &mut self.report.ways_back;
            ways_back.all += u64::from(has_ended);
            ways_back.partly += u64::from(is_partly);
            ways_back.from_teardown += u64::from(has_ended && self.is_half_torn);
        }
        // What a run has reached is known once it has been looked at.
        let has_settled = match end {
            End::Complete => !matches!(wish, Wish::Rollback(_)),
            End::Partly => true,
            End::Failed(_) | End::Defect(_) | End::Crashed => false,
        };
        if has_settled || was_meddled_with {
            self.settled = Settled::Unknown;
        }
        (end, was_meddled_with)
    }

    fn account(&self) -> Account {
        let mut world = self.stage.shared.lock();
        let now = world.now();
        world.aws.account.advance(now);
        world.aws.account.clone()
    }

    /// Whether what is there is what the state says, and nothing is left to do.
    async fn look(&mut self, version: usize) -> Result<Fingerprint, String> {
        let process = self.stage.shared.lock().begin(&[]);
        let state = self.stage.state(process).await?;
        let account = self.account();
        oracle::owns_all(&state, &account)?;
        self.stage.no_secret()?;
        let aws = self.stage.aws(process);
        let plan = self.stage.plan(process, version, &state, &aws).await?;
        let work: BTreeSet<String> = plan
            .steps
            .iter()
            .filter(|step| step.action != Action::Keep)
            .map(|step| format!("{:?} {} {:?}", step.action, step.logical_id, step.changes))
            .collect();
        if !work.is_empty() {
            return Err(format!("the next plan has something to do: {work:?}"));
        }
        // What AWS is still doing by itself is nobody's fault.
        let mut at_rest = account;
        at_rest.advance(at_rest.now + AT_REST);
        Ok(oracle::fingerprint(&state, &at_rest))
    }

    async fn look_at_nothing(&self) -> Result<(), String> {
        let process = self.stage.shared.lock().begin(&[]);
        let state = self.stage.state(process).await?;
        if !state.is_empty() {
            return Err(format!("after a teardown the state has {:?}", state.resources.keys()));
        }
        self.stage.no_secret()?;
        oracle::nothing_left(&self.account())
    }
}

impl Stage {
    /// A process of its own, from its beginning to its end or its death.
    async fn process(&self, process: usize, wish: Wish) -> End {
        let shared = &self.shared;
        let (death, time) = {
            let world = shared.lock();
            (world.death(process), world.time_of_death(process))
        };
        shared.tell(&format!("== #{process} {wish:?}"));
        let killed = async {
            match time {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        let end = tokio::select! {
            biased;
            () = death.notified() => End::Crashed,
            () = killed => {
                let mut world = shared.lock();
                world.meet(process, "time", Kind::CrashBefore);
                world.die(process, None);
                End::Crashed
            }
            end = tokio::time::timeout(ENDLESS, self.command(process, wish)) => {
                end.unwrap_or_else(|_| End::Defect("an endless run".to_owned()))
            }
        };
        let end = match end {
            End::Failed(_) if shared.lock().is_dead(process) => End::Crashed,
            end => end,
        };
        // What dies with a process, dies when it is looked at next.
        tokio::time::sleep(Duration::from_millis(1)).await;
        shared.lock().end(process, matches!(end, End::Crashed));
        // The folder has another name each time.
        let told =
            format!("{end:?}").replace(&self.folder.path().display().to_string(), "the folder");
        shared.tell(&format!("== #{process} {told}"));
        match oracle::tells_no_secret("what is said", &told) {
            Err(why) => End::Defect(why),
            Ok(()) => end,
        }
    }

    /// As the command line does it: the lock, the state, the plan, and what the plan says.
    async fn command(&self, process: usize, wish: Wish) -> End {
        match self.try_command(process, wish).await {
            Ok(end) => end,
            Err(error) => store_end(&error),
        }
    }

    async fn try_command(&self, process: usize, wish: Wish) -> Result<End, StoreError> {
        let store = self.store(process);
        if !matches!(wish, Wish::Deploy(_)) && store.read().await?.is_none() {
            return Ok(End::Complete);
        }
        let lock = store.lock(&holder(process), &|_| ()).await?;
        let mut aws = self.aws(process);
        if let Some(lease) = lock.lease() {
            aws = aws.guarded_by(Arc::new(lease));
        }
        let state = self.read(&store, process).await?;
        let plan = match wish {
            Wish::Teardown => Ok(plan::teardown(&state)),
            Wish::Deploy(version) => self.plan(process, version, &state, &aws).await,
            Wish::Rollback(version) => self.way_back(process, version, &state, &aws).await,
        };
        let plan = match plan {
            Ok(plan) => plan,
            Err(why) => return Ok(ended(why)),
        };
        {
            let mut world = self.shared.lock();
            world.set_work(process, Work::of(&plan, &state));
            if world.draw(process, "plan", "", |kind| kind == Kind::CrashBefore).is_some() {
                world.die(process, None);
            }
        }
        // Somebody looks at the plan.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let is_idle = match wish {
            Wish::Deploy(_) => plan.is_idle(&state),
            Wish::Rollback(_) => !plan.has_work() && !plan.has_changes(),
            Wish::Teardown => false,
        };
        if is_idle {
            return Ok(if plan.lost.is_empty() { End::Complete } else { End::Partly });
        }
        // As the command line, which has one store to look with and one to write with.
        let store = self.store(process);
        self.apply(process, &store, lock, state, plan, wish, aws).await
    }

    #[expect(clippy::too_many_arguments, reason = "all that a run needs")]
    async fn apply(
        &self,
        process: usize,
        store: &Store,
        lock: Lock,
        state: State,
        plan: Plan,
        wish: Wish,
        aws: Aws,
    ) -> Result<End, StoreError> {
        let (news, mut heard) = mpsc::unbounded_channel();
        let interrupt = self.shared.lock().interrupt(process);
        let setting = Setting {
            aws,
            graph: wish.version().map(|version| Arc::clone(&self.graphs[version])),
            limits: Limits { concurrency: 8, deadline: None },
            recheck: Recheck::Gone,
            news,
            interrupt,
            run: self.tokens(process, 3)(),
            command: "simulated".to_owned(),
            started_at: String::new(),
        };
        let ledger = store.open(lock, state).await?;
        let outcome = match reconcile(&plan, ledger, setting).await {
            Ok(outcome) => outcome,
            Err(ReconcileError::Store(error)) => return Ok(store_end(&error)),
            // Whoever takes the lock away lets two change one state: the later one finds that out.
            Err(error) if self.shared.lock().bucket.was_stolen => {
                return Ok(End::Failed(chain(&error)));
            }
            Err(error) => return Ok(End::Defect(chain(&error))),
        };
        while let Ok(news) = heard.try_recv() {
            if let Err(why) = oracle::tells_no_secret("the news", &format!("{news:?}")) {
                return Ok(End::Defect(why));
            }
        }
        if outcome.is_complete() {
            if !matches!(wish, Wish::Deploy(_)) && outcome.state.is_empty() {
                store.forget(&outcome.lock).await?;
            }
            return Ok(if plan.lost.is_empty() { End::Complete } else { End::Partly });
        }
        let failed = outcome.failed.iter().map(|(id, error)| {
            let step = &plan.steps[id.0];
            format!("{:?} {}: {error}", step.action, step.logical_id)
        });
        let failed: Vec<String> = failed.collect();
        if failed.is_empty() && outcome.stop.is_none() {
            return Ok(End::Defect(format!("steps were left: {:?}", outcome.not_started)));
        }
        Ok(ended(failed.join("; ")))
    }

    fn store(&self, process: usize) -> Store {
        match self.home {
            Home::Directory => {
                let disk = StoryDisk { shared: self.shared.clone(), process };
                Store::on(self.folder.path(), Arc::new(disk))
            }
            Home::Bucket => {
                let client = Clients::through(self.shared.client(process), REGION).s3();
                Store::in_bucket(Bucket::new(client, s3::NAME, s3::PREFIX, s3::TERM))
            }
        }
    }

    fn aws(&self, process: usize) -> Aws {
        let number = u32::try_from(self.shared.lock().random(process, 1).next() >> 32);
        let pace = Pace::spread_by(Scope::Account, number.expect("half of it"));
        let clients = Clients::through(self.shared.client(process), REGION);
        Aws::new(clients, NUMBER, Assets::default()).paced_by(pace)
    }

    async fn read(&self, store: &Store, process: usize) -> Result<State, StoreError> {
        let state = store.read().await?;
        let lineage = || self.tokens(process, 2)();
        Ok(state.unwrap_or_else(|| State::empty(STACK, NUMBER, REGION, &lineage())))
    }

    async fn state(&self, process: usize) -> Result<State, String> {
        let state = self.read(&self.store(process), process).await;
        state.map_err(|error| format!("the state: {}", chain(&error)))
    }

    async fn plan(
        &self,
        process: usize,
        version: usize,
        state: &State,
        aws: &Aws,
    ) -> Result<Plan, String> {
        let mut observed = refresh(state, aws).await.map_err(|fault| fault.to_string())?;
        versions::look(&self.graphs[version], state, aws, &mut observed).await;
        plan::plan(&self.graphs[version], state, &observed, &mut self.tokens(process, 4))
            .map_err(|findings| texts(&findings))
    }

    async fn way_back(
        &self,
        process: usize,
        version: usize,
        state: &State,
        aws: &Aws,
    ) -> Result<Plan, String> {
        let observed = refresh(state, aws).await.map_err(|fault| fault.to_string())?;
        let past = Past::known_from(&self.graphs[version], state);
        Ok(plan::rollback(state, &observed, &past, &mut self.tokens(process, 4)))
    }

    /// Tokens of a process: the same each time.
    fn tokens(&self, process: usize, number: u64) -> impl FnMut() -> Token {
        let mut random = self.shared.lock().random(process, number);
        move || {
            let (high, low) = (random.next().to_be_bytes(), random.next().to_be_bytes());
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&high);
            bytes[8..].copy_from_slice(&low);
            Token::from_bytes(bytes)
        }
    }

    fn no_secret(&self) -> Result<(), String> {
        oracle::no_secret(self.folder.path())?;
        let world = self.shared.lock();
        world.bucket.texts().try_for_each(|(key, text)| oracle::tells_no_secret(key, text))
    }
}

fn holder(process: usize) -> Holder {
    Holder {
        command: "simulated".to_owned(),
        pid: u32::try_from(process).expect("few processes"),
        user: String::new(),
        host: String::new(),
        since: String::new(),
    }
}

/// A failure, or what no weather explains.
fn ended(why: String) -> End {
    let signs = ["cannot be evaluated", "Cairn has no handler", "panic", "contradicts", "defect"];
    match signs.iter().any(|sign| why.contains(sign)) {
        true => End::Defect(why),
        false => End::Failed(why),
    }
}

fn store_end(error: &StoreError) -> End {
    match error {
        StoreError::Contradiction { .. }
        | StoreError::Unsound { .. }
        | StoreError::Unreadable { .. }
        | StoreError::Damaged { .. } => End::Defect(format!("the state: {}", chain(error))),
        error => End::Failed(chain(error)),
    }
}

/// Without what only looked and found nothing amiss, and what was tried again and again.
pub fn in_short(transcript: &[String]) -> Vec<&str> {
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

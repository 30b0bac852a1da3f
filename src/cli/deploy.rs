//! `cairn deploy`: plan, show, ask, apply; and the run that teardown shares.

use std::io::Write as _;
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::mpsc;

use super::clock::now;
use super::foresee::foresee;
use super::gate::{Gate, stopped};
use super::interrupt::{self, minded};
use super::policy::{PolicyArgs, hold, refused};
use super::project::Project;
use super::rollback::{self, OnFailure};
use super::session::{Promised, Session};
use super::stacks::StacksArgs;
use super::terminal::{ask_aside, has_person};
use super::watch::{Watch, WatchArgs, calls};
use super::{Annotator, Code, Failure, saved};
use crate::assembly::cloud::Reach;
use crate::config::Limits;
use crate::course::Path;
use crate::diagnostic::Severity;
use crate::graph::Graph;
use crate::plan::saved::SavedPlan;
use crate::plan::{Finding, Plan, Purpose, check_exports};
use crate::policy::Rule;
use crate::reconcile::{self, Outcome, Recheck, Setting, Stop, reconcile};
use crate::render::diagnostic::{Color, render_all};
use crate::render::plan::{Header, render};
use crate::render::progress::{longest_way, took, totals};
use crate::render::style::{BAD, BOLD, DIM, GOOD, paint};
use crate::render::{outputs, say};
use crate::state::State;
use crate::state::store::{Ledger, Lock};

/// Make AWS as the template says, or as a saved plan does
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cairn deploy stacks/persona-agent --env local --yes\n  \
    cairn deploy stacks/persona-agent --env prod\n  \
    cairn deploy --app cdk.out --all   # the stacks of a CDK app, in the order they need\n  \
    cairn deploy plan.cairn --yes   # exactly what `cairn plan --out plan.cairn` showed",
    mut_arg("stacks", |stack| stack.help(
        "The stack, or a plan that `cairn plan --out` wrote; of an app, names or patterns")))]
pub struct Args {
    #[command(flatten)]
    pub stack: StacksArgs,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Ask about plans of these classes only, `--yes` or not; several with commas between them
    /// [without it: any-change, unless `--yes` is given]
    #[arg(long, value_enum, value_name = "CLASS", value_delimiter = ',')]
    pub require_approval: Vec<Gate>,
    /// What to do with a deploy that fails half-way: keep what it has done, to go on from there, or
    /// go back to how it was after the last deploy that ended well
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = OnFailure::Keep)]
    pub on_failure: OnFailure,
    /// How old a saved plan may be
    #[arg(long, value_name = "TIME", default_value = "24h")]
    pub max_age: SignedDuration,
    #[command(flatten)]
    pub policy: PolicyArgs,
    #[command(flatten)]
    pub watch: WatchArgs,
    /// Say how many AWS calls were made
    #[arg(long)]
    pub stats: bool,
}

/// What a run was begun with, and so how one that has stopped goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    Stack,
    /// It holds for the state before the run only.
    SavedPlan,
    Rollback,
}

impl Begun {
    pub fn go_on(self) -> &'static str {
        match self {
            Self::Rollback => {
                "`cairn rollback` goes on with it; `cairn deploy` goes forward from here instead"
            }
            Self::Stack => "run the same command again to go on",
            Self::SavedPlan => "plan again, and apply that, to go on",
        }
    }
}

/// All that a run needs.
pub struct Prepared {
    pub begun: Begun,
    pub project: Project,
    pub rules: Vec<Rule>,
    pub session: Session,
    pub lock: Lock,
    pub state: State,
    pub graph: Graph,
    pub plan: Plan,
}

pub async fn run(args: &Args, annotator: &mut Annotator) -> Result<Code, Failure> {
    let watch = Watch::begin(&args.watch)?;
    if let Some(path) = args.stack.path()
        && let Some(text) = saved::text(path)?
    {
        let saved = SavedPlan::read(&text)?;
        let stack = saved.plan.stack.clone();
        let work = async {
            let prepared = Box::pin(saved::prepare(saved, args, &watch)).await?;
            Box::pin(carry_out(prepared, args, annotator)).await
        };
        return minded(&stack, work).await;
    }
    let projects = args.stack.find(Reach::Upstream)?;
    if projects.len() > 1 {
        Box::pin(foresee(&projects, args)).await?;
    }
    let mut projects = projects.into_iter();
    while let Some(project) = projects.next() {
        let stack = project.name.clone();
        let work = async {
            let prepared = Box::pin(prepare(project, args, &watch, annotator)).await?;
            Box::pin(carry_out(prepared, args, annotator)).await
        };
        let code = minded(&stack, work).await?;
        if projects.len() > 0 {
            writeln!(anstream::stdout())?;
        }
        if code != Code::Success {
            say_not_begun(projects.as_slice());
            return Ok(code);
        }
    }
    Ok(Code::Success)
}

/// Says what is left of the stacks of an app.
pub fn say_not_begun<'p>(left: impl IntoIterator<Item = &'p Project>) {
    let left: Vec<&str> = left.into_iter().map(|project| project.name.as_str()).collect();
    if !left.is_empty() {
        say(&format!("not begun: {}", left.join(", ")));
    }
}

async fn prepare(
    project: Project,
    args: &Args,
    watch: &Watch,
    annotator: &mut Annotator,
) -> Result<Prepared, Failure> {
    let rules = args.policy.rules(&project)?;
    let (checked, loaded) = project.deployable_graph()?;
    annotator.diagnostics(&checked.warnings);
    if !checked.warnings.is_empty() {
        say(&render_all(&checked.warnings, Color::Always));
    }
    let assets = loaded.collected.assets.clone();
    let session = Session::watched(&project.environment, assets, watch).await?;
    let (session, lock) = session.lock(&project.store().await?, "cairn deploy").await?;
    let state = session.state(&project).await?;
    let graph = session.graph(&project, &loaded, &state, &Promised::default()).await?;
    let plan = session.plan(&graph, &state).await?;
    Ok(Prepared { begun: Begun::Stack, project, rules, session, lock, state, graph, plan })
}

/// Shows a plan, asks, and applies it.
async fn carry_out(
    prepared: Prepared,
    args: &Args,
    annotator: &mut Annotator,
) -> Result<Code, Failure> {
    let Prepared { begun, project, rules, session, lock, state, graph, mut plan } = prepared;
    // What was found when the plan was saved may be otherwise now.
    plan.findings.clear();
    hold(&mut plan, &rules, Some(&graph), &state, &project.environment.name)?;
    annotator.findings(&plan.findings);
    check_exports(&plan, &session.others(&project).await?)?;
    show(&plan, &project)?;
    if let Some(why) = refused(&plan) {
        let message =
            format!("nothing was changed: the plan of `{}` is refused, since {why}", plan.stack);
        return Err(Failure::text(message).hint("change the template, or the rules"));
    }
    if args.on_failure == OnFailure::Rollback {
        rollback::warn(&plan, &state, &graph, &project.store().await?).await?;
    }
    if plan.is_idle(&state) {
        if args.stats {
            super::plan::say_calls(&session)?;
        }
        write!(anstream::stdout(), "\n{}", outputs::render(&state.outputs))?;
        return Ok(Code::Success);
    }
    reconcile::look_ahead(&plan, &graph, &state, &session.aws).await?;
    // Where only the state learns something, there is nothing to agree to.
    let changes = plan.has_changes();
    if changes {
        approve(&plan, args).await?;
    }
    let store = project.store().await?;
    // A rollback of this deploy, or of the next, may need it.
    store.keep_code(&lock, &state, session.aws.assets().iter()).await?;
    let ledger = store.open(lock, state).await?;
    let graph = Arc::new(graph);
    let limits = project.environment.limits;
    let graph_of_plan = Some(Arc::clone(&graph));
    let applied = apply(&plan, ledger, &session, graph_of_plan, limits, begun).await;
    let (outcome, way) = match args.on_failure {
        OnFailure::Keep => applied?,
        OnFailure::Rollback => {
            applied.map_err(|failure| failure.hint(rollback::NOT_ROLLED_BACK))?
        }
    };
    annotator.findings(&failed(&plan, &outcome, &graph));
    let code = match changes || !outcome.is_complete() {
        true => conclude(&plan, &outcome, &way, &session),
        false => Code::Success,
    };
    match (code, args.on_failure) {
        (Code::Failed, OnFailure::Rollback) => {
            return Box::pin(rollback::after(&project, &session, outcome, graph)).await;
        }
        (Code::Success, _) => store.prune_code(&outcome.lock, &outcome.state).await?,
        (_, OnFailure::Keep) => say_how_to_go_on(&outcome, begun),
        (_, OnFailure::Rollback) => {
            say_how_to_go_on(&outcome, begun);
            say(&format!("hint: {}", rollback::NOT_ROLLED_BACK));
        }
    }
    if code == Code::Success {
        write!(anstream::stdout(), "\n{}", outputs::render(&outcome.state.outputs))?;
        say_local_urls(&outcome, &session)?;
    }
    if args.stats {
        super::plan::say_calls(&session)?;
    }
    Ok(code)
}

/// The steps that failed, each at its resource.
fn failed(plan: &Plan, outcome: &Outcome, graph: &Graph) -> Vec<Finding> {
    let failed = outcome.failed.iter().map(|(id, error)| {
        let step = &plan.steps[id.0];
        let finding = Finding::new(Severity::Error, "deploy", error.to_string());
        error
            .hints()
            .into_iter()
            .fold(finding.of(Some(graph), &step.logical_id, &[]), Finding::hint)
    });
    failed.collect()
}

/// Asks about a plan, if it is one to be asked about.
async fn approve(plan: &Plan, args: &Args) -> Result<(), Failure> {
    let is_agreed = match (args.require_approval.is_empty(), stopped(&args.require_approval, plan))
    {
        (true, _) => args.yes || agreed("Deploy this?").await?,
        (false, None) => true,
        (false, Some(why)) if !has_person() => {
            let message = format!(
                "nothing was changed: `{}` needs approval, since {why}, and there is no terminal to ask on",
                plan.stack
            );
            return Err(Failure::text(message)
                .hint("look at it with `cairn plan`, then deploy it where somebody can agree")
                .hint("`--require-approval` says which plans need that; `--yes` does not answer for them"));
        }
        (false, Some(why)) => agreed(&format!("Deploy this, although {why}?")).await?,
    };
    match is_agreed {
        true => Ok(()),
        false => Err(Failure::text("nothing was changed: the plan was declined")),
    }
}

/// Shows a plan before it is asked about.
pub fn show(plan: &Plan, project: &Project) -> Result<(), Failure> {
    let header = Header { environment: &project.environment.name };
    write!(anstream::stdout(), "{}", render(plan, &header))?;
    Ok(())
}

/// Asks; without a terminal there is nobody to ask.
pub async fn agreed(question: &str) -> Result<bool, Failure> {
    if !has_person() {
        return Err(Failure::text("there is no terminal to ask on, and `--yes` was not given")
            .hint("look at the plan with `cairn plan`, then run this with `--yes`"));
    }
    ask_aside(question).await
}

/// Runs a plan, showing what happens and minding Ctrl-C.
pub async fn apply(
    plan: &Plan,
    ledger: Ledger,
    session: &Session,
    graph: Option<Arc<Graph>>,
    limits: Limits,
    begun: Begun,
) -> Result<(Outcome, Path), Failure> {
    let recheck = match begun {
        Begun::Stack | Begun::Rollback => Recheck::Gone,
        Begun::SavedPlan => Recheck::Changing { overlook: session.overlook() },
    };
    let (news, heard) = mpsc::unbounded_channel();
    let command = match plan.purpose {
        Purpose::Deploy => "deploy",
        Purpose::Teardown => "teardown",
        Purpose::Import => "import",
        Purpose::Rollback => "rollback",
    };
    let interrupt = interrupt::begin(begun).await;
    let setting = Setting {
        aws: session.aws.clone(),
        graph,
        limits: reconcile::Limits {
            concurrency: limits.concurrency,
            deadline: Some(limits.deadline),
        },
        recheck,
        news,
        interrupt,
        run: session.tokens.draw(),
        command: command.to_owned(),
        started_at: now(),
    };
    let run = (plan, command, limits.concurrency);
    let follow = session.watch.follow(run, &session.aws, heard);
    let (outcome, way) = tokio::join!(reconcile(plan, ledger, setting), follow);
    interrupt::end(begun, outcome.as_ref().is_ok_and(Outcome::is_complete));
    Ok((outcome?, way))
}

/// Says how a run ended, and what it was as long as.
pub fn conclude(plan: &Plan, outcome: &Outcome, way: &Path, session: &Session) -> Code {
    let (doing, done) = match plan.purpose {
        Purpose::Deploy => ("deploy", "deployed"),
        Purpose::Teardown => ("teardown", "torn down"),
        Purpose::Import => ("import", "taken over as far as it was asked for"),
        Purpose::Rollback => ("rollback", "rolled back"),
    };
    let stack = &plan.stack;
    let time = took(outcome.elapsed);
    let calls = calls(&session.aws).words();
    let said = [totals(plan, &outcome.done), longest_way(plan, way)];
    let said: Vec<String> = said.into_iter().flatten().collect();
    if outcome.is_complete() {
        say(&paint(GOOD, &format!("\n{stack} is {done} in {time}, with {calls}")));
        if !said.is_empty() {
            say(&paint(DIM, &said.join("; ")));
        }
        return Code::Success;
    }
    for (id, error) in &outcome.failed {
        let step = &plan.steps[id.0];
        say(&format!(
            "\n{} {}: {error}",
            paint(BAD, "error:"),
            paint(BOLD, step.logical_id.as_str())
        ));
        for hint in error.hints() {
            say(&format!("hint: {hint}"));
        }
    }
    let waiting = outcome.not_started.len();
    say(&format!(
        "\n{stack}: the {doing} stopped after {time}: {} done, {} failed, {waiting} not started",
        outcome.done.len(),
        outcome.failed.len(),
    ));
    say(&paint(DIM, &std::iter::once(calls).chain(said).collect::<Vec<_>>().join("; ")));
    match outcome.stop {
        Some(Stop::Interrupt) => Code::Interrupted,
        Some(Stop::Deadline) | None => Code::Failed,
    }
}

/// Says what to do after a run that has stopped.
pub fn say_how_to_go_on(outcome: &Outcome, begun: Begun) {
    say(&format!("hint: nothing is lost: {}", begun.go_on()));
    if outcome.stop == Some(Stop::Deadline) {
        say("hint: `limits.deadline` in config/ says how many minutes a run may take");
    }
}

/// The addresses among the outputs, where the local AWS answers them.
fn say_local_urls(outcome: &Outcome, session: &Session) -> Result<(), Failure> {
    for (name, value) in &outcome.state.outputs {
        if let Some(url) = value.as_str().and_then(|text| session.reachable(text)) {
            writeln!(anstream::stdout(), "\nhere, {name} is  {url}")?;
        }
    }
    Ok(())
}

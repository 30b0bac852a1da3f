//! `cairn rollback`, and what `deploy --on-failure rollback` does: back to how a stack was after the
//! last run that did all that its plan said.

use std::io::Write as _;
use std::sync::Arc;

use clap::ValueEnum;

use super::deploy::{Begun, agreed, apply, conclude, say_how_to_go_on, show};
use super::interrupt::{self, minded};
use super::outputs::not_deployed;
use super::project::{Loaded, Project};
use super::session::{Promised, Session};
use super::stacks::StackArgs;
use super::watch::{Watch, WatchArgs};
use super::{Code, Failure};
use crate::aws::Assets;
use crate::graph::Graph;
use crate::plan::{self, Past, Plan, check_exports};
use crate::reconcile::Outcome;
use crate::render::plan::render_lost;
use crate::render::say;
use crate::state::State;
use crate::state::store::{Lock, Store};

/// Go back to how a stack was after the last deploy that ended well
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Secrets are not kept: the template and its parameters have to say them as they \
    were then.\n\nExample:\n  cairn rollback stacks/persona-agent --env prod"
)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    watch: WatchArgs,
}

/// What becomes of a deploy that fails half-way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnFailure {
    Keep,
    Rollback,
}

pub const NOT_ROLLED_BACK: &str =
    "nothing was rolled back: `cairn rollback` does that, when you want to go back";

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let project = args.stack.find()?;
    minded(&project.name, Box::pin(back(&project, args))).await
}

async fn back(project: &Project, args: &Args) -> Result<Code, Failure> {
    let store = project.store().await?;
    if store.read().await?.is_none() {
        return Err(not_deployed(project).await);
    }
    // A template that is broken now was not when it was deployed.
    let loaded = project.load().ok();
    let assets = loaded.as_ref().map_or_else(Assets::default, |it| it.collected.assets.clone());
    let watch = Watch::begin(&args.watch)?;
    let session = Session::watched(&project.environment, assets, &watch).await?;
    let (session, lock) = session.lock(&store, "cairn rollback").await?;
    let state = session.state(project).await?;
    let session = session.recalling(&store, &state).await?;
    let graph = graph(project, &session, loaded, &state).await;
    let plan = planned(&session, &state, graph.as_deref()).await?;
    show(&plan, project)?;
    if !plan.has_work() && !plan.has_changes() {
        return Ok(code(&plan, Code::Success));
    }
    if !args.yes && !agreed("Roll this back?").await? {
        return Err(Failure::text("nothing was changed: the rollback was declined"));
    }
    Box::pin(carry_out(project, &session, (lock, state), graph, &plan)).await
}

/// What the template says now, if it can be made sense of: secrets are in nothing else.
async fn graph(
    project: &Project,
    session: &Session,
    loaded: Option<Loaded>,
    state: &State,
) -> Option<Arc<Graph>> {
    let graph = session.graph(project, &loaded?, state, &Promised::default()).await;
    graph.ok().map(Arc::new)
}

/// Says before a deploy what a rollback of it could not undo.
pub async fn warn(plan: &Plan, state: &State, graph: &Graph, store: &Store) -> Result<(), Failure> {
    let past = Past::known_from(graph, state).with_code(store.kept_code().await?);
    let lost = plan::beyond_recall(plan, state, &past);
    let mut text = String::new();
    render_lost(&mut text, "Should this fail, a rollback could not bring back", &lost);
    write!(anstream::stdout(), "{text}")?;
    Ok(())
}

/// Rolls back what a failed deploy has done. It has failed all the same.
pub async fn after(
    project: &Project,
    session: &Session,
    outcome: Outcome,
    graph: Arc<Graph>,
) -> Result<Code, Failure> {
    interrupt::go_on(NOT_ROLLED_BACK);
    say(&format!("\n{}: rolling back", project.name));
    let Outcome { state, lock, .. } = outcome;
    let go_on = |failure: Failure| failure.hint(NOT_ROLLED_BACK);
    let session = session.recalling(&project.store().await?, &state).await.map_err(go_on)?;
    let plan = planned(&session, &state, Some(&graph)).await.map_err(go_on)?;
    show(&plan, project)?;
    if !plan.has_work() && !plan.has_changes() {
        return Ok(Code::Failed);
    }
    match Box::pin(carry_out(project, &session, (lock, state), Some(graph), &plan)).await? {
        Code::Interrupted => Ok(Code::Interrupted),
        _ => Ok(Code::Failed),
    }
}

async fn planned(session: &Session, state: &State, graph: Option<&Graph>) -> Result<Plan, Failure> {
    let past = graph.map(|graph| Past::known_from(graph, state)).unwrap_or_default();
    let digests = session.aws.assets().iter().map(|asset| asset.sha256().to_owned());
    let past = past.with_code(digests);
    let observed = session.observe(state).await?;
    Ok(plan::rollback(state, &observed, &past, &mut || session.tokens.draw()))
}

async fn carry_out(
    project: &Project,
    session: &Session,
    (lock, state): (Lock, State),
    graph: Option<Arc<Graph>>,
    plan: &Plan,
) -> Result<Code, Failure> {
    check_exports(plan, &session.others(project).await?)?;
    let store = project.store().await?;
    let ledger = store.open(lock, state).await?;
    let limits = project.environment.limits;
    let (outcome, way) = apply(plan, ledger, session, graph, limits, Begun::Rollback).await?;
    let ended = conclude(plan, &outcome, &way, session);
    if ended != Code::Success {
        say_how_to_go_on(&outcome, Begun::Rollback);
    } else if outcome.state.is_empty() {
        store.forget(&outcome.lock).await?;
    } else {
        store.prune_code(&outcome.lock, &outcome.state).await?;
    }
    Ok(code(plan, ended))
}

/// A rollback that could not bring everything back has not done what it is for.
fn code(plan: &Plan, ended: Code) -> Code {
    if plan.lost.is_empty() || ended != Code::Success {
        return ended;
    }
    let ids: Vec<&str> = plan.lost.iter().map(|lost| lost.logical_id.as_str()).collect();
    say(&format!("not brought back: {}", ids.join(", ")));
    say("hint: `cairn deploy` makes the stack whole again, as its template says");
    Code::Failed
}

//! `cairn teardown`: take away everything a stack owns.

use std::io::Write as _;

use super::deploy::{Begun, agreed, apply, conclude, say_how_to_go_on, show};
use super::project::Project;
use super::session::Session;
use super::stacks::StacksArgs;
use super::{Code, Failure};
use crate::assembly::cloud::Reach;
use crate::aws::Assets;
use crate::plan;
use crate::render::say;

/// Delete everything the stack owns
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cairn teardown stacks/persona-agent --env local --yes")]
pub struct Args {
    #[command(flatten)]
    stack: StacksArgs,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Say how many AWS calls were made
    #[arg(long)]
    stats: bool,
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let projects = args.stack.find(Reach::Downstream)?;
    for project in &projects {
        if let Some(app) = &project.app
            && app.stack.termination_protection
        {
            let name = &app.stack.display_name;
            return Err(Failure::text(format!(
                "the stack `{name}` is protected against termination"
            ))
            .hint("take `terminationProtection` away in the app first"));
        }
    }
    for (index, project) in projects.iter().rev().enumerate() {
        if index > 0 {
            writeln!(anstream::stdout())?;
        }
        let code = one(project, args).await?;
        if code != Code::Success {
            return Ok(code);
        }
    }
    Ok(Code::Success)
}

async fn one(project: &Project, args: &Args) -> Result<Code, Failure> {
    let store = project.store().await?;
    if store.read().await?.is_none() {
        say(&format!(
            "Nothing to do: the stack `{}` is not deployed in the environment `{}`.",
            project.name, project.environment.name
        ));
        return Ok(Code::Success);
    }
    let session = Session::open(&project.environment, Assets::default()).await?;
    let (session, lock) = session.lock(&store, "cairn teardown").await?;
    let state = session.state(project).await?;
    let plan = plan::teardown(&state);
    plan::check_exports(&plan, &session.others(project).await?)?;
    show(&plan, project)?;
    if plan.has_work() && !args.yes && !agreed("Delete all of this?")? {
        return Err(Failure::text("nothing was changed: the teardown was declined"));
    }
    // Until the state is forgotten nobody else may begin one.
    let held = lock.clone();
    let ledger = store.open(lock, state).await?;
    let outcome =
        apply(&plan, ledger, &session, None, project.environment.limits, Begun::Stack).await?;
    let code = conclude(&plan, &outcome, &session);
    if code != Code::Success {
        say_how_to_go_on(&outcome, Begun::Stack);
    } else if outcome.state.is_empty() {
        store.forget().await?;
    }
    drop(held);
    if args.stats {
        super::plan::say_calls(&session)?;
    }
    Ok(code)
}

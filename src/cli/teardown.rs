//! `cairn teardown`: take away everything a stack owns.

use std::io::Write as _;

use jiff::SignedDuration;

use super::deploy::{Begun, agreed, apply, conclude, say_how_to_go_on, say_not_begun, show};
use super::interrupt::minded;
use super::project::Project;
use super::session::Session;
use super::stacks::StacksArgs;
use super::watch::{Watch, WatchArgs};
use super::{Code, Failure, retained, saved};
use crate::assembly::cloud::Reach;
use crate::aws::Assets;
use crate::plan::{self, saved::SavedPlan};
use crate::render::say;

/// Delete everything the stack owns
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cairn teardown stacks/persona-agent --env local --yes\n  \
    cairn plan stacks/persona-agent --teardown --out plan.cairn   # only shows what would go\n  \
    cairn teardown plan.cairn --yes   # exactly what that showed",
    mut_arg("stacks", |stack| stack.help(
        "The stack, or a plan that `cairn plan --teardown --out` wrote; of an app, names or patterns")))]
pub struct Args {
    #[command(flatten)]
    stack: StacksArgs,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// How old a saved plan may be
    #[arg(long, value_name = "TIME", default_value = "24h")]
    max_age: SignedDuration,
    #[command(flatten)]
    watch: WatchArgs,
    /// Say how many AWS calls were made
    #[arg(long)]
    stats: bool,
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let watch = Watch::begin(&args.watch)?;
    if let Some(path) = args.stack.path()
        && let Some(text) = saved::text(path)?
    {
        let (project, saved) = saved::teardown(&text, &args.stack.source, args.max_age)?;
        check_protection(&project)?;
        return minded(&project.name, Box::pin(one(&project, args, Some(&saved), &watch))).await;
    }
    let projects = args.stack.find(Reach::Downstream)?;
    for project in &projects {
        check_protection(project)?;
    }
    let mut projects = projects.iter().rev();
    while let Some(project) = projects.next() {
        let code = minded(&project.name, Box::pin(one(project, args, None, &watch))).await?;
        if projects.len() > 0 {
            writeln!(anstream::stdout())?;
        }
        if code != Code::Success {
            say_not_begun(projects);
            return Ok(code);
        }
    }
    Ok(Code::Success)
}

fn check_protection(project: &Project) -> Result<(), Failure> {
    match &project.app {
        Some(app) if app.stack.termination_protection => {
            let name = &app.stack.display_name;
            Err(Failure::text(format!("the stack `{name}` is protected against termination"))
                .hint("take `terminationProtection` away in the app first"))
        }
        _ => Ok(()),
    }
}

async fn one(
    project: &Project,
    args: &Args,
    saved: Option<&SavedPlan>,
    watch: &Watch,
) -> Result<Code, Failure> {
    let store = project.store().await?;
    if saved.is_none() && store.read().await?.is_none() {
        say(&format!(
            "Nothing to do: the stack `{}` is not deployed in the environment `{}`.",
            project.name, project.environment.name
        ));
        return Ok(Code::Success);
    }
    let session = Session::watched(&project.environment, Assets::default(), watch).await?;
    if let Some(saved) = saved {
        saved.check_home(session.aws.account(), session.aws.region())?;
    }
    let (session, lock) = session.lock(&store, "cairn teardown").await?;
    let (state, plan) = match saved {
        None => {
            let state = session.state(project).await?;
            let plan = plan::teardown(&state);
            (state, plan)
        }
        Some(saved) => {
            let state = saved.state(store.read().await?)?;
            saved.check_live(&plan::teardown(&state))?;
            (state, saved.plan.clone())
        }
    };
    let begun = if saved.is_some() { Begun::SavedPlan } else { Begun::Stack };
    plan::check_exports(&plan, &session.others(project).await?)?;
    retained::check(&plan, &state, &session).await?;
    show(&plan, project)?;
    if plan.has_work() && !args.yes && !agreed("Delete all of this?").await? {
        return Err(Failure::text("nothing was changed: the teardown was declined"));
    }
    // Until the state is forgotten nobody else may begin one.
    let held = lock.clone();
    let ledger = store.open(lock, state).await?;
    let limits = project.environment.limits;
    let (outcome, way) = apply(&plan, ledger, &session, None, limits, begun).await?;
    let code = conclude(&plan, &outcome, &way, &session);
    if code != Code::Success {
        say_how_to_go_on(&outcome, begun);
    } else if outcome.state.is_empty() {
        store.forget(&outcome.lock).await?;
    }
    drop(held);
    if args.stats {
        super::plan::say_calls(&session)?;
    }
    Ok(code)
}

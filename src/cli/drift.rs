//! `cairn drift`: what others changed since the last deploy.

use std::io::Write as _;

use super::outputs::not_deployed;
use super::project::Project;
use super::session::Session;
use super::stacks::StacksArgs;
use super::{Code, Failure};
use crate::assembly::cloud::Reach;
use crate::aws::Assets;
use crate::graph::{IgnoreDrift, directions};
use crate::plan::drift::{Drifted, Ignored, drift};
use crate::render;

/// Show what differs between what was last applied and what is there
#[derive(Debug, clap::Args)]
#[command(after_help = "Exits with 0 when there is no drift, 2 when there is, 1 on an error.\n\n\
    Example:\n  cairn drift stacks/persona-agent --env prod")]
pub struct Args {
    #[command(flatten)]
    stack: StacksArgs,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Say how many AWS calls were made
    #[arg(long)]
    stats: bool,
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let mut code = Code::Success;
    for project in args.stack.find(Reach::Named)? {
        if one(&project, args).await? == Code::Changes {
            code = Code::Changes;
        }
    }
    Ok(code)
}

async fn one(project: &Project, args: &Args) -> Result<Code, Failure> {
    if project.store().await?.read().await?.is_none() {
        return Err(not_deployed(project).await);
    }
    let session = Session::open(&project.environment, Assets::default()).await?;
    let state = session.state(project).await?;
    let drifted = drift(&state, &session.observe(&state).await?, &ignored(project));
    let environment = &project.environment.name;
    let mut out = anstream::stdout();
    if args.json {
        writeln!(out, "{}", render::drift::json(&state, environment, &drifted)?)?;
    } else {
        write!(out, "{}", render::drift::render(&state, environment, &drifted))?;
    }
    if args.stats {
        super::plan::say_calls(&session)?;
    }
    Ok(if drifted.iter().all(Drifted::is_ignored) { Code::Success } else { Code::Changes })
}

/// What the template lets others change. Drift can be told without a template that holds.
fn ignored(project: &Project) -> Ignored {
    let Ok(loaded) = project.load() else { return Ignored::new() };
    let resources = loaded.template.resources.values();
    let directed = resources.map(|declared| {
        let directions = directions(&loaded.template, declared, &mut Vec::new());
        (declared.id.clone(), directions.ignore_drift)
    });
    directed.filter(|(_, ignored)| *ignored != IgnoreDrift::None).collect()
}

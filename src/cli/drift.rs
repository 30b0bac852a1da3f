//! `cairn drift`: what others changed since the last deploy.

use std::io::Write as _;

use super::accept::{self, AcceptArgs};
use super::outputs::not_deployed;
use super::project::Project;
use super::session::Session;
use super::stacks::StacksArgs;
use super::{Code, Failure};
use crate::assembly::cloud::Reach;
use crate::aws::Assets;
use crate::plan::drift::{Drifted, drift};
use crate::render;

/// Show what differs between what was last applied and what is there
#[derive(Debug, clap::Args)]
#[command(after_help = "Exits with 0 when there is no drift, 2 when there is, 1 on an error.\n\n\
    Examples:\n  cairn drift stacks/persona-agent --env prod\n  \
    cairn drift stacks/persona-agent --env prod --accept   # an edit of the template")]
pub struct Args {
    #[command(flatten)]
    stack: StacksArgs,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    accept: AcceptArgs,
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
    let how = args.accept.how(args.json);
    // What drifted can be told without a template that holds; what is ignored cannot.
    let loaded = match project.load() {
        Err(failure) if how.is_some() => return Err(failure),
        loaded => loaded.ok(),
    };
    let ignored = loaded.as_ref().map(|one| accept::ignored(&one.template)).unwrap_or_default();
    let drifted = drift(&state, &session.observe(&state).await?, &ignored);
    let environment = &project.environment.name;
    let mut out = anstream::stdout();
    if args.json {
        writeln!(out, "{}", render::drift::json(&state, environment, &drifted)?)?;
    } else {
        write!(out, "{}", render::drift::render(&state, environment, &drifted))?;
    }
    if let (Some(loaded), Some(how)) = (loaded, how) {
        accept::take(project, &loaded.written, &drifted, how)?;
    }
    if args.stats {
        super::plan::say_calls(&session)?;
    }
    Ok(if drifted.iter().all(Drifted::is_ignored) { Code::Success } else { Code::Changes })
}

//! `cairn plan`: what would change and why.

use std::io::Write as _;

use super::project::{Project, StackArgs};
use super::session::Session;
use super::{Code, Failure};
use crate::render::diagnostic::{Color, render_all};
use crate::render::plan::{Header, render};
use crate::state::store::Store;

/// Show what a deploy would change, and why
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cairn plan stacks/persona-agent --env prod\n  \
    cairn plan stacks/persona-agent --env prod --detailed-exitcode   # 0 nothing, 2 changes, 1 error")]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Exit with 0 when there is nothing to do, 2 when there is, 1 on an error
    #[arg(long)]
    detailed_exitcode: bool,
    /// Say how many AWS calls were made
    #[arg(long)]
    stats: bool,
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let project = Project::find(&args.stack)?;
    let (checked, loaded) = project.offline_graph()?;
    if !checked.warnings.is_empty() && !args.json {
        writeln!(anstream::stderr(), "{}", render_all(&checked.warnings, Color::Always))?;
    }
    let session = Session::open(&project.environment, loaded.collected.assets.clone()).await?;
    let state = session.state(&project)?;
    let graph = session.graph(&project, &loaded, &state).await?;
    let plan = session.plan(&graph, &state).await?;
    if args.json {
        writeln!(anstream::stdout(), "{}", serde_json::to_string_pretty(&plan)?)?;
    } else {
        let header = Header { environment: &project.environment.name };
        write!(anstream::stdout(), "{}", render(&plan, &header))?;
    }
    if args.stats {
        say_calls(&session)?;
    }
    let code = match plan.has_changes() {
        true if args.detailed_exitcode => Code::Changes,
        _ => Code::Success,
    };
    Ok(code)
}

/// How many calls a session made; the one to STS is not in its transcript.
pub fn say_calls(session: &Session) -> Result<(), Failure> {
    let calls = session.aws.transcript().calls();
    writeln!(anstream::stderr(), "{} AWS calls", calls.len() + 1)?;
    let mut counts = std::collections::BTreeMap::new();
    for call in calls {
        *counts.entry(call).or_insert(0) += 1;
    }
    for (call, count) in counts {
        writeln!(anstream::stderr(), "  {count:>3} {call}")?;
    }
    Ok(())
}

/// Where a stack's state is, for messages.
pub fn place(store: &Store) -> String {
    store.directory().display().to_string()
}

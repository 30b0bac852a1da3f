//! `cairn outputs`: what a deployed stack tells.

use std::io::Write as _;

use super::project::{Project, StackArgs};
use super::{Code, Failure};
use crate::render::outputs;

/// Print the outputs of a deployed stack
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cairn outputs stacks/persona-agent --env local --json")]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<Code, Failure> {
    let project = Project::find(&args.stack)?;
    let Some(state) = project.store().read()? else {
        return Err(not_deployed(&project));
    };
    let mut out = anstream::stdout();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&state.outputs)?)?;
    } else {
        write!(out, "{}", outputs::render(&state.outputs))?;
    }
    Ok(Code::Success)
}

pub fn not_deployed(project: &Project) -> Failure {
    Failure::text(format!(
        "the stack `{}` is not deployed in the environment `{}`",
        project.name, project.environment.name
    ))
    .hint(format!("there is no state in {}", super::plan::place(&project.store())))
}

//! `cairn outputs`: what a deployed stack tells.

use std::collections::BTreeMap;
use std::io::Write as _;

use super::project::Project;
use super::stacks::StacksArgs;
use super::{Code, Failure};
use crate::assembly::cloud::Reach;
use crate::render::outputs;

/// Print the outputs of a deployed stack
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cairn outputs stacks/persona-agent --env local --json")]
pub struct Args {
    #[command(flatten)]
    stack: StacksArgs,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let mut stacks = Vec::new();
    for project in args.stack.find(Reach::Named)? {
        let Some(state) = project.store().await?.read().await? else {
            return Err(not_deployed(&project).await);
        };
        stacks.push((project.name, state.outputs));
    }
    let mut out = anstream::stdout();
    match stacks.as_slice() {
        [(_, outputs)] if args.json => {
            writeln!(out, "{}", serde_json::to_string_pretty(outputs)?)?;
        }
        [(_, outputs)] => write!(out, "{}", outputs::render(outputs))?,
        _ if args.json => {
            let all: BTreeMap<_, _> = stacks.into_iter().collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        }
        _ => {
            for (name, outputs) in &stacks {
                write!(out, "{name}\n{}", outputs::render(outputs))?;
            }
        }
    }
    Ok(Code::Success)
}

pub async fn not_deployed(project: &Project) -> Failure {
    let failure = Failure::text(format!(
        "the stack `{}` is not deployed in the environment `{}`",
        project.name, project.environment.name
    ));
    match project.store().await {
        Ok(store) => failure.hint(format!("there is no state in {}", store.place())),
        Err(_) => failure,
    }
}

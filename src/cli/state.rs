//! `cairn state`: what is owned, as the state says.

use std::io::Write as _;

use clap::Subcommand;

use super::outputs::not_deployed;
use super::stacks::StackArgs;
use super::{Code, Failure};
use crate::diagnostic::nearest;
use crate::state::Entry;
use crate::value::LogicalId;

/// Show what a stack owns
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cairn state list stacks/persona-agent --env local\n  \
    cairn state show stacks/persona-agent Vpc --env local")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the resources
    List {
        #[command(flatten)]
        stack: StackArgs,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one resource
    Show {
        #[command(flatten)]
        stack: StackArgs,
        /// The resource's logical id
        id: String,
    },
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let (Command::List { stack, .. } | Command::Show { stack, .. }) = &args.command;
    let project = stack.find()?;
    let Some(state) = project.store().await?.read().await? else {
        return Err(not_deployed(&project).await);
    };
    let mut out = anstream::stdout();
    match &args.command {
        Command::List { json: true, .. } => {
            writeln!(out, "{}", serde_json::to_string_pretty(&state.resources)?)?;
        }
        Command::List { .. } => {
            let width = state.resources.keys().map(|id| id.as_str().len()).max().unwrap_or(0);
            for (id, entry) in &state.resources {
                for line in lines(entry) {
                    writeln!(out, "{id:<width$}  {line}")?;
                }
            }
        }
        Command::Show { id, .. } => {
            let Some(entry) = state.resources.get(&LogicalId::new(id)) else {
                let known = state.resources.keys().map(LogicalId::as_str);
                let failure = Failure::text(format!("the state has no resource `{id}`"));
                return Err(match nearest(id, known) {
                    Some(near) => failure.hint(format!("did you mean `{near}`?")),
                    None => failure.hint("`cairn state list` lists what it has"),
                });
            };
            writeln!(out, "{}", serde_json::to_string_pretty(entry)?)?;
        }
    }
    Ok(Code::Success)
}

fn lines(entry: &Entry) -> Vec<String> {
    let line = |instance: &crate::state::Instance, word: &str| {
        let id = instance.physical_id.as_ref().map_or("(no id yet)", |id| id.as_str());
        format!("{:<36}  {id}{word}", instance.type_name)
    };
    entry
        .current
        .iter()
        .map(|instance| line(instance, ""))
        .chain(entry.intent.iter().map(|instance| line(instance, "  (being created)")))
        .chain(entry.deposed.iter().map(|instance| line(instance, "  (to be deleted)")))
        .collect()
}

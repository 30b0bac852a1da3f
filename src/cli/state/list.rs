//! `cairn state list` and `cairn state show`: what is owned, as the state says.

use std::io::Write as _;

use super::found;
use crate::cli::stacks::StackArgs;
use crate::cli::{Code, Failure};
use crate::diagnostic::nearest;
use crate::state::{Entry, Instance, State};
use crate::value::LogicalId;

/// List the resources
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    stack: StackArgs,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Show one resource
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    #[command(flatten)]
    stack: StackArgs,
    /// The resource's logical id
    id: String,
}

pub async fn list(args: &ListArgs) -> Result<Code, Failure> {
    let (_, _, state) = found(&args.stack).await?;
    let mut out = anstream::stdout();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&state.resources)?)?;
        return Ok(Code::Success);
    }
    let width = state.resources.keys().map(|id| id.as_str().len()).max().unwrap_or(0);
    for (id, entry) in &state.resources {
        for line in lines(entry) {
            writeln!(out, "{id:<width$}  {line}")?;
        }
    }
    Ok(Code::Success)
}

pub async fn show(args: &ShowArgs) -> Result<Code, Failure> {
    let (_, _, state) = found(&args.stack).await?;
    let entry = entry(&state, &args.id)?;
    writeln!(anstream::stdout(), "{}", serde_json::to_string_pretty(entry)?)?;
    Ok(Code::Success)
}

/// What stands behind a logical id.
pub fn entry<'s>(state: &'s State, id: &str) -> Result<&'s Entry, Failure> {
    state.resources.get(&LogicalId::new(id)).ok_or_else(|| {
        let known = state.resources.keys().map(LogicalId::as_str);
        let failure = Failure::text(format!("the state has no resource `{id}`"));
        match nearest(id, known) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("`cairn state list` lists what it has"),
        }
    })
}

/// A line for each instance.
pub fn lines(entry: &Entry) -> Vec<String> {
    let line = |instance: &Instance, word: &str| {
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

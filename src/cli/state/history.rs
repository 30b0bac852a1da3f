//! `cairn state history`: the runs that changed a stack.

use std::io::Write as _;

use super::found;
use crate::cli::stacks::StackArgs;
use crate::cli::{Code, Failure};
use crate::render::state::render_history;
use crate::state::Run;

/// Show which runs changed the stack: when, by whom, and how much
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The newest comes first. The last 40 runs are remembered, and none of before Cairn did so.\n\n\
    Example:\n  cairn state history stacks/persona-agent --env prod"
)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let (_, store, state) = found(&args.stack).await?;
    let runs: Vec<&Run> = state.runs.iter().rev().collect();
    let mut out = anstream::stdout();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&runs)?)?;
        return Ok(Code::Success);
    }
    let held = store.holder().await?;
    write!(out, "{}", render_history(&runs, held.is_some()))?;
    Ok(Code::Success)
}

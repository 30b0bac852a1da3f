//! `cairn state unlock`: takes the lock from a run that is not to go on.

use std::io::Write as _;

use super::Consent;
use crate::cli::session::Session;
use crate::cli::stacks::StackArgs;
use crate::cli::{Code, Failure};
use crate::config::StateHome;
use crate::render::say;
use crate::render::state::{render_held, render_run};
use crate::state::Ending;
use crate::state::store::StoreError;

/// Show who holds the lock of a stack, and take it from a run that is gone
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A lock in a directory goes with its process: there is nothing to take. One in a bucket is kept \
    by a run that is heard of; from one that is not, it is taken after its time. `--force` takes it from a run that is \
    heard of, and waits until that run can do nothing any more.\n\n\
    Example:\n  cairn state unlock stacks/persona-agent --env prod"
)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    consent: Consent,
    /// Take it from a run that is evidently alive, too
    #[arg(long)]
    force: bool,
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let project = args.stack.find()?;
    let store = project.store().await?;
    let mut out = anstream::stdout();
    let Some(held) = store.holder().await? else {
        writeln!(out, "{}: nobody holds the lock", store.place())?;
        return Ok(Code::Success);
    };
    writeln!(out, "{} is held by {}", store.place(), render_held(&held))?;
    // What cannot be read is not what this is about.
    if let Ok(Some(state)) = store.read().await
        && let Some(run) = state.runs.last().filter(|run| run.ending == Ending::Open)
    {
        writeln!(out, "its run is {}", render_run(run))?;
    }
    if matches!(project.environment.state, StateHome::Directory(_)) {
        let failure = Failure::text("the process that holds this lock is alive");
        return Err(match held.holder {
            Some(holder) => failure.hint(format!(
                "the lock goes with the process: end process {} on {} (`kill {}`), and run the command again",
                holder.pid, holder.host, holder.pid
            )),
            None => failure.hint("the lock goes with the process: end that"),
        });
    }
    args.consent.get("Take the lock from it?")?;
    let holder = Session::holder("cairn state unlock");
    let lock = match args.force {
        true => store.seize(&holder, &say).await?,
        false => store.lock(&holder, &say).await.map_err(refused)?,
    };
    drop(lock);
    writeln!(
        out,
        "the lock is free; what that run did is in the journal, and the next run goes on from there"
    )?;
    Ok(Code::Success)
}

fn refused(error: StoreError) -> Failure {
    let is_alive = matches!(error, StoreError::Locked { .. });
    let failure = Failure::from(error);
    match is_alive {
        true => failure.hint("it is alive; `--force` takes the lock from it all the same"),
        false => failure,
    }
}

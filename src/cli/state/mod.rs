//! `cairn state`: what is owned as the state says, and looking after what says it.

mod check;
mod convert;
mod edit;
mod history;
mod list;
mod rebuild;
mod repair;
mod unlock;

use clap::Subcommand;

use super::clock::{Tokens, now};
use super::project::Project;
use super::session::Session;
use super::stacks::StackArgs;
use super::{Code, Failure, interrupt, terminal};
use crate::render::say;
use crate::state::State;
use crate::state::store::{Ledger, Lock, Store};

/// Show what a stack owns, and look after what remembers it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cairn state list stacks/persona-agent --env local\n  \
    cairn state show stacks/persona-agent Vpc --env local\n  \
    cairn state check stacks/persona-agent --env prod\n  \
    cairn state history stacks/persona-agent --env prod\n  \
    cairn state mv stacks/persona-agent Vpc Network --env prod")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::ListArgs),
    Show(list::ShowArgs),
    Check(check::Args),
    Repair(repair::Args),
    History(history::Args),
    Rebuild(rebuild::Args),
    Unlock(unlock::Args),
    Mv(edit::MoveArgs),
    Rm(edit::RemoveArgs),
    Convert(convert::Args),
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    match &args.command {
        Command::List(args) => list::list(args).await,
        Command::Show(args) => list::show(args).await,
        Command::Check(args) => check::run(args).await,
        Command::Repair(args) => repair::run(args).await,
        Command::History(args) => history::run(args).await,
        Command::Rebuild(args) => Box::pin(rebuild::run(args)).await,
        Command::Unlock(args) => unlock::run(args).await,
        Command::Mv(args) => Box::pin(edit::mv(args)).await,
        Command::Rm(args) => Box::pin(edit::rm(args)).await,
        Command::Convert(args) => convert::run(args).await,
    }
}

/// Whether what was shown may be done. Without a terminal there is nobody to ask.
#[derive(Debug, clap::Args)]
struct Consent {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Consent {
    fn get(&self, question: &str) -> Result<(), Failure> {
        match self.is_given()? || terminal::ask(question)? {
            true => Ok(()),
            false => Err(declined()),
        }
    }

    /// The same with a lock in hand.
    async fn get_aside(&self, question: &str) -> Result<(), Failure> {
        match self.is_given()? || terminal::ask_aside(question).await? {
            true => Ok(()),
            false => Err(declined()),
        }
    }

    fn is_given(&self) -> Result<bool, Failure> {
        if !self.yes && !terminal::has_person() {
            return Err(Failure::text("nothing was changed: there is no terminal to ask on")
                .hint("look at what is said above, then run this with `--yes`"));
        }
        Ok(self.yes)
    }
}

fn declined() -> Failure {
    Failure::text("nothing was changed: it was declined")
}

/// Takes the lock for what is short, and comes to its end from here on.
async fn lock(store: &Store, command: &str) -> Result<Lock, Failure> {
    interrupt::listen();
    let lock = store.lock(&Session::holder(command), &say).await?;
    interrupt::holds(&lock);
    interrupt::finish().await;
    Ok(lock)
}

/// The state of a stack, opened for a change that is not of its plan, as a run of its own.
async fn open(store: &Store, command: &str) -> Result<Ledger, Failure> {
    let lock = lock(store, &format!("cairn {command}")).await?;
    let Some(state) = store.read().await? else {
        return Err(Failure::text("the state is gone"));
    };
    let ledger = store.open(lock, state).await?;
    ledger.begin(&Tokens::new()?.draw(), command, &now()).await?;
    Ok(ledger)
}

/// The stack, its store and its state.
async fn found(stack: &StackArgs) -> Result<(Project, Store, State), Failure> {
    let project = stack.find()?;
    let store = project.store().await?;
    match store.read().await? {
        Some(state) => Ok((project, store, state)),
        None => Err(super::outputs::not_deployed(&project).await),
    }
}

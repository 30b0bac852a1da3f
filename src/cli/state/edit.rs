//! `cairn state mv` and `cairn state rm`: what the state says, changed by hand. AWS is not touched.

use std::io::Write as _;

use super::list::{entry, lines};
use super::{Consent, found, open};
use crate::cli::interrupt::minded;
use crate::cli::stacks::StackArgs;
use crate::cli::{Code, Failure};
use crate::journal::Event;
use crate::state::store::Store;
use crate::state::{Entry, State};
use crate::value::LogicalId;

/// Give a resource another logical id, without touching it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Rename the resource in the template, too: then the next plan says no change.\n\n\
    Example:\n  cairn state mv stacks/persona-agent Vpc Network --env prod"
)]
pub struct MoveArgs {
    #[command(flatten)]
    stack: StackArgs,
    /// Its logical id
    old: String,
    /// What it is to be
    new: String,
    #[command(flatten)]
    consent: Consent,
}

/// Forget a resource, without deleting it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What is forgotten stays in AWS, and no command deletes it any more. As long as the template \
    has it, the next deploy makes another.\n\n\
    Example:\n  cairn state rm stacks/persona-agent LogGroup --env prod"
)]
pub struct RemoveArgs {
    #[command(flatten)]
    stack: StackArgs,
    /// Its logical id
    id: String,
    #[command(flatten)]
    consent: Consent,
}

pub async fn mv(args: &MoveArgs) -> Result<Code, Failure> {
    let (project, store, state) = found(&args.stack).await?;
    minded(&project.name, Box::pin(rename(args, &store, &state))).await
}

async fn rename(args: &MoveArgs, store: &Store, state: &State) -> Result<Code, Failure> {
    let (old, new) = (&args.old, &args.new);
    let moved = entry(state, old)?;
    if new.is_empty() || !new.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Failure::text(format!("`{new}` cannot be a logical id"))
            .hint("a logical id has letters and digits only"));
    }
    if state.resources.contains_key(&LogicalId::new(new)) {
        return Err(Failure::text(format!("the state has a resource `{new}` already")));
    }
    let mut out = anstream::stdout();
    for line in lines(moved) {
        writeln!(out, "{old} -> {new}  {line}")?;
    }
    args.consent.get("Rename it in the state?")?;
    let ledger = open(store, "state mv").await?;
    let event = Event::Moved { id: LogicalId::new(old), to: LogicalId::new(new) };
    ledger.record(event).await?;
    ledger.close().await?;
    writeln!(
        out,
        "`{old}` is `{new}` now; nothing in AWS was touched, and its tags say `{old}` still"
    )?;
    Ok(Code::Success)
}

pub async fn rm(args: &RemoveArgs) -> Result<Code, Failure> {
    let (project, store, state) = found(&args.stack).await?;
    minded(&project.name, Box::pin(forget(args, &store, &state))).await
}

async fn forget(args: &RemoveArgs, store: &Store, state: &State) -> Result<Code, Failure> {
    let forgotten = entry(state, &args.id)?;
    let mut out = anstream::stdout();
    writeln!(out, "to be forgotten, and left in AWS as it is:")?;
    for line in lines(forgotten) {
        writeln!(out, "  {}  {line}", args.id)?;
    }
    let users = users(state, &args.id);
    if !users.is_empty() {
        writeln!(out, "in use by {}", users.join(", "))?;
    }
    args.consent.get("Forget it? Nothing deletes it then but you.")?;
    let ledger = open(store, "state rm").await?;
    let id = LogicalId::new(&args.id);
    // As it is now that nobody else changes it.
    let tokens = ledger.with_state(|state| {
        let instances = state.resources.get(&id).into_iter().flat_map(Entry::instances);
        instances.map(|instance| instance.token.clone()).collect::<Vec<_>>()
    });
    for token in tokens {
        ledger.record(Event::Forgotten { id: id.clone(), token }).await?;
    }
    ledger.close().await?;
    writeln!(out, "`{id}` is forgotten; it is still there, and yours to delete")?;
    Ok(Code::Success)
}

/// The resources that depend on one.
fn users(state: &State, id: &str) -> Vec<String> {
    let uses = |entry: &Entry| entry.instances().any(|it| it.dependencies.contains(id));
    let using = state.resources.iter().filter(|(_, entry)| uses(entry));
    using.map(|(id, _)| format!("`{id}`")).collect()
}

//! `cairn state repair`: makes good what can be made good without guessing.

use std::io::Write as _;

use super::{Consent, check, lock};
use crate::cli::clock::now;
use crate::cli::interrupt::minded;
use crate::cli::stacks::StackArgs;
use crate::cli::{Code, Failure};
use crate::render::state::render_findings;
use crate::state::store::Store;

/// Mend what is provably safe to mend
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Cuts off the end of a write that never ended, makes a lost snapshot again from the one before \
    it and the journal between them, and takes half-written files away. A copy of what it changes stays beside the \
    state. All else is only told.\n\nExample:\n  cairn state repair stacks/persona-agent --env prod"
)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    consent: Consent,
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let project = args.stack.find()?;
    let store = project.store().await?;
    let examined = check::examine(&project, &store).await?;
    let mut out = anstream::stdout();
    if examined.findings.is_empty() {
        writeln!(out, "{}: there is nothing to mend", store.place())?;
        return Ok(Code::Success);
    }
    write!(out, "{}", render_findings(&store.place(), &examined.findings))?;
    let mends: Vec<String> = examined.mends().collect();
    if mends.is_empty() {
        return Err(Failure::text("nothing of this can be mended without guessing"));
    }
    writeln!(out, "\nto be done:")?;
    for mend in &mends {
        writeln!(out, "  {mend}")?;
    }
    args.consent.get("Do this?")?;
    minded(&project.name, Box::pin(mend(&store))).await
}

async fn mend(store: &Store) -> Result<Code, Failure> {
    let lock = lock(store, "cairn state repair").await?;
    let mut out = anstream::stdout();
    writeln!(out, "\ndone:")?;
    for done in store.repair(&lock, &now()).await? {
        writeln!(out, "  {done}")?;
    }
    let left = store.examine().await?.findings;
    if left.is_empty() {
        writeln!(out, "{}: the state is sound", store.place())?;
        return Ok(Code::Success);
    }
    write!(out, "\nleft:\n{}", render_findings(&store.place(), &left))?;
    Ok(Code::Failed)
}

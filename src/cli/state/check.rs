//! `cairn state check`: whether what is kept of a state is whole and sound.

use std::io::Write as _;

use serde::Serialize;

use crate::cli::outputs::not_deployed;
use crate::cli::project::Project;
use crate::cli::stacks::StackArgs;
use crate::cli::{Code, Failure};
use crate::render::state::{render_findings, render_held};
use crate::state::store::{Examined, Finding, Holder, Store};

/// Check that what is kept of a state is whole and sound
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Looks at the version, the laws of a state, and the checksums, order and fit of the journal. \
    Exits with 0 when all is well, and with 1 when something is found.\n\n\
    Example:\n  cairn state check stacks/persona-agent --env prod"
)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    stack: &'a str,
    environment: &'a str,
    place: String,
    sound: bool,
    serial: Option<u64>,
    resources: Option<usize>,
    /// Who works on it meanwhile.
    held_by: Option<&'a Holder>,
    findings: &'a [Finding],
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let project = args.stack.find()?;
    let store = project.store().await?;
    let examined = examine(&project, &store).await?;
    let held = store.holder().await?;
    let Examined { state, findings, .. } = &examined;
    let mut out = anstream::stdout();
    if args.json {
        let document = Document {
            version: 1,
            stack: &project.name,
            environment: &project.environment.name,
            place: store.place(),
            sound: findings.is_empty(),
            serial: state.as_ref().map(|state| state.serial),
            resources: state.as_ref().map(|state| state.resources.len()),
            held_by: held.as_ref().and_then(|held| held.holder.as_ref()),
            findings,
        };
        writeln!(out, "{}", serde_json::to_string_pretty(&document)?)?;
    } else {
        match state.as_ref().filter(|_| findings.is_empty()) {
            Some(state) => writeln!(
                out,
                "{}: the state is sound, with {} resources at serial {}",
                store.place(),
                state.resources.len(),
                state.serial
            )?,
            None => write!(out, "{}", render_findings(&store.place(), findings))?,
        }
        if let Some(held) = &held {
            writeln!(out, "note: a run works on it meanwhile: {}", render_held(held))?;
        }
    }
    Ok(if findings.is_empty() { Code::Success } else { Code::Failed })
}

/// Looks at what is kept of a stack, if anything is.
pub async fn examine(project: &Project, store: &Store) -> Result<Examined, Failure> {
    let examined = store.examine().await?;
    match examined.state.is_none() && examined.findings.is_empty() {
        true => Err(not_deployed(project).await),
        false => Ok(examined),
    }
}

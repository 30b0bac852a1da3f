//! `cairn state rebuild`: a state that was lost altogether, made again from what is there.

use std::collections::BTreeMap;
use std::io::Write as _;

use serde::Serialize;

use super::Consent;
use crate::aws::chain;
use crate::cli::clock::now;
use crate::cli::interrupt::{self, minded};
use crate::cli::project::Project;
use crate::cli::session::{Promised, Session};
use crate::cli::stacks::StackArgs;
use crate::cli::{Code, Failure};
use crate::journal::Illegal;
use crate::rebuild::{Ambiguous, Found, Missing, RebuildError, Rebuilt, Stray, rebuild};
use crate::render::say;
use crate::render::state::render_rebuilt;
use crate::state::State;
use crate::state::store::{Lock, Loss, Store, StoreError};
use crate::value::{LogicalId, PhysicalId, Token};

/// Make a lost state again from what is there in AWS
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each resource of the template is looked for by the tags, names and descriptions that Cairn \
    marks its own with. What is not found is listed, and the next deploy makes it; where there are several, nothing is \
    written until `--choose` says which. What remains of the old state is put aside, not deleted.\n\n\
    A state that a newer Cairn wrote, or that cannot be reached, is not lost, and refused. So is an encrypted one that \
    does not open, until `--key-lost` says that its passphrase or key is gone for good.\n\n\
    Examples:\n  cairn state rebuild stacks/persona-agent --env prod\n  \
    cairn state rebuild stacks/persona-agent --env prod --choose Vpc=vpc-0123456789abcdef0"
)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// Which one is meant where there are several; repeatable
    #[arg(long = "choose", value_name = "ID=PHYSICAL-ID", value_parser = choice)]
    chosen: Vec<(LogicalId, PhysicalId)>,
    /// The passphrase or key of the old state is gone for good: put it aside although it may be sound
    #[arg(long)]
    key_lost: bool,
    #[command(flatten)]
    consent: Consent,
    /// As JSON, and write nothing
    #[arg(long)]
    json: bool,
}

fn choice(text: &str) -> Result<(LogicalId, PhysicalId), String> {
    text.split_once('=')
        .map(|(id, physical_id)| (LogicalId::from(id), PhysicalId::from(physical_id)))
        .ok_or_else(|| "write it as ID=PHYSICAL-ID".to_owned())
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    stack: &'a str,
    environment: &'a str,
    found: &'a [Found],
    missing: &'a [Missing],
    ambiguous: &'a [Ambiguous],
    not_in_template: &'a [Stray],
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let project = args.stack.find()?;
    minded(&project.name, Box::pin(from_aws(args, &project))).await
}

async fn from_aws(args: &Args, project: &Project) -> Result<Code, Failure> {
    let store = project.store().await?;
    check_lost(project, &store, args.key_lost).await?;
    let (_, loaded) = project.deployable_graph()?;
    let session = Session::open(&project.environment, loaded.collected.assets.clone()).await?;
    let (session, lock) = session.lock(&store, "cairn state rebuild").await?;
    check_lost(project, &store, args.key_lost).await?;
    let empty = State::empty(
        &project.name,
        session.aws.account(),
        session.aws.region(),
        &session.tokens.draw(),
    );
    let graph = session.graph(project, &loaded, &empty, &Promised::default()).await?;
    let chosen: BTreeMap<_, _> = args.chosen.iter().cloned().collect();
    if let Some(unknown) = chosen.keys().find(|id| !graph.nodes.contains_key(*id)) {
        return Err(Failure::text(format!("the template has no resource `{unknown}`")));
    }
    let rebuilt = rebuild(&graph, &session.aws, &chosen, &mut || session.tokens.draw()).await?;
    // Whatever is written has to be a sound state.
    rebuilt.state(empty.clone()).map_err(|error| Failure::text(error.to_string()))?;
    show(args, project, &rebuilt)?;
    if args.json {
        return Ok(if rebuilt.ambiguous.is_empty() { Code::Success } else { Code::Failed });
    }
    if let Err(error) = store.read().await {
        say(&format!("\nwhat is kept of the old state is put aside: {}", chain(&error)));
    }
    if !rebuilt.ambiguous.is_empty() {
        return Err(Failure::text("nothing was written: there are several of something")
            .hint("say which is meant with `--choose ID=PHYSICAL-ID`"));
    }
    if rebuilt.found.is_empty() {
        return Err(Failure::text("nothing was written: nothing of this stack's is there"));
    }
    args.consent.get_aside("Write this as the state?").await?;
    interrupt::finish().await;
    write(&store, lock, empty, &rebuilt, &session.tokens.draw()).await
}

/// Puts aside what remains, then writes all that was found at once: half of it would be a sound
/// state, too, and nobody would look for the rest.
async fn write(
    store: &Store,
    lock: Lock,
    mut empty: State,
    rebuilt: &Rebuilt,
    run: &Token,
) -> Result<Code, Failure> {
    let illegal = |error: Illegal| Failure::text(error.to_string());
    empty.apply(&lock.beginning(run, "state rebuild", &now())).map_err(illegal)?;
    let whole = rebuilt.state(empty).map_err(illegal)?;
    let mut out = anstream::stdout();
    for kept in store.put_away(&lock, &now()).await? {
        writeln!(out, "put aside: {kept}")?;
    }
    let (state, _) = store.open(lock, whole).await?.close().await?;
    writeln!(
        out,
        "the state is written, with {} resources; look at `cairn plan` before you deploy",
        state.resources.len()
    )?;
    Ok(Code::Success)
}

/// Only what nobody can read any more is made again from what is there.
async fn check_lost(project: &Project, store: &Store, is_key_lost: bool) -> Result<(), Failure> {
    match store.read().await {
        Ok(Some(state)) => {
            return Err(Failure::text(format!(
                "the stack `{}` has a sound state, with {} resources",
                project.name,
                state.resources.len()
            ))
            .hint(
                "`cairn state rebuild` is for one that is lost; `cairn plan` shows what differs",
            ));
        }
        Ok(None) => {}
        Err(error) => check_gone(error, is_key_lost)?,
    }
    let examined = store.examine().await?;
    if examined.mends().next().is_some() {
        return Err(Failure::text("the state can be mended without guessing")
            .hint("`cairn state repair` does that"));
    }
    examined.withheld.map_or(Ok(()), |error| check_gone(error, is_key_lost))
}

/// What may be sound is not put aside for want of a network, a right, a key or a newer Cairn.
fn check_gone(error: StoreError, is_key_lost: bool) -> Result<(), Failure> {
    match error.loss() {
        Loss::Lost => Ok(()),
        Loss::Closed if is_key_lost => Ok(()),
        Loss::Closed => Err(Failure::from(error).hint(
            "if what opens it is gone for good, `cairn state rebuild --key-lost` puts it aside",
        )),
        Loss::Withheld => Err(Failure::from(error)),
    }
}

fn show(args: &Args, project: &Project, rebuilt: &Rebuilt) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    let environment = &project.environment.name;
    if args.json {
        let document = Document {
            version: 1,
            stack: &project.name,
            environment,
            found: &rebuilt.found,
            missing: &rebuilt.missing,
            ambiguous: &rebuilt.ambiguous,
            not_in_template: &rebuilt.strays,
        };
        writeln!(out, "{}", serde_json::to_string_pretty(&document)?)?;
        return Ok(());
    }
    write!(out, "{}", render_rebuilt(&project.name, environment, rebuilt))?;
    Ok(())
}

impl From<RebuildError> for Failure {
    fn from(error: RebuildError) -> Self {
        let failure = Self::text(chain(&error));
        match error {
            RebuildError::NoSuch { candidates, .. } if !candidates.is_empty() => {
                let ids: Vec<_> = candidates.iter().map(|id| format!("`{id}`")).collect();
                failure.hint(format!("there is {}", ids.join(", ")))
            }
            _ => failure,
        }
    }
}

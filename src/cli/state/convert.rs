//! `cairn state convert`: writes a state anew, encrypted or in clear, as the environment says.

use std::io::Write as _;

use super::{Consent, lock};
use crate::cli::interrupt::minded;
use crate::cli::outputs::not_deployed;
use crate::cli::project::Project;
use crate::cli::stacks::StackArgs;
use crate::cli::{Code, Failure};
use crate::config::Encryption;
use crate::state::store::Store;

/// Write the state anew, encrypted or not, as `encryption` in config/ says
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What it is encrypted with now has to be at hand, too: CAIRN_STATE_PASSPHRASE, CAIRN_STATE_KEY \
    or the right to use the KMS key. Older versions in a bucket that keeps them stay as they are.\n\n\
    Example:\n  cairn state convert stacks/persona-agent --env prod"
)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    consent: Consent,
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let project = args.stack.find()?;
    let store = project.store_to_convert().await?;
    let how = match &project.environment.encryption {
        Encryption::None => "in clear".to_owned(),
        Encryption::Passphrase => "encrypted with the passphrase".to_owned(),
        Encryption::Key => "encrypted with the key".to_owned(),
        Encryption::Kms(id) => format!("encrypted through the KMS key `{id}`"),
    };
    let mut out = anstream::stdout();
    writeln!(out, "{} is to be written {how}", store.place())?;
    args.consent.get("Write it anew?")?;
    minded(&project.name, Box::pin(convert(&project, &store, &how))).await
}

async fn convert(project: &Project, store: &Store, how: &str) -> Result<Code, Failure> {
    let lock = lock(store, "cairn state convert").await?;
    let mut out = anstream::stdout();
    match store.convert(&lock).await? {
        Some(state) => {
            writeln!(
                out,
                "{} resources at serial {} are written {how}",
                state.resources.len(),
                state.serial
            )?;
            Ok(Code::Success)
        }
        None => Err(not_deployed(project).await),
    }
}

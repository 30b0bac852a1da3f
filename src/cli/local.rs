//! `cairn local`: an AWS on this machine.

use std::io::Write as _;

use clap::Subcommand;

use super::session::environment_variable;
use super::{Code, Failure};
use crate::local::{Host, Local, Running, Status};
use crate::render::say;

/// Run an AWS on this machine (MiniStack), for the environment `local`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cairn local start\n  cairn local reset   # forget everything in it"
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start it, installing it first when that was never done
    Start,
    /// Stop it; what was deployed to it is gone
    Stop,
    /// Say whether it runs, and where
    Status,
    /// Empty it
    Reset,
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let local = Local::named(Host::from_environment(environment_variable)?, "default")?;
    let mut out = anstream::stdout();
    match args.command {
        Command::Start => {
            let running = local.start(&|text| say(text)).await?;
            writeln!(out, "MiniStack {} runs at {}", running.version, running.url)?;
            write_agent_runtime(&mut out, &running)?;
        }
        Command::Stop => match local.stop(&|text| say(text)).await? {
            Some(running) => writeln!(out, "stopped MiniStack at {}", running.url)?,
            None => writeln!(out, "MiniStack does not run")?,
        },
        Command::Status => match local.status().await? {
            Status::Running(running) => {
                let since = jiff::Timestamp::try_from(running.since)
                    .map(|since| since.round(jiff::Unit::Second).unwrap_or(since).to_string())
                    .unwrap_or_default();
                writeln!(
                    out,
                    "MiniStack {} runs at {} (process {}, since {since})",
                    running.version, running.url, running.pid
                )?;
                write_agent_runtime(&mut out, &running)?;
            }
            Status::Silent(running) => {
                writeln!(
                    out,
                    "MiniStack {} should run at {} (process {}) and does not answer; its log is {}",
                    running.version,
                    running.url,
                    running.pid,
                    running.log.display()
                )?;
            }
            Status::Stopped => writeln!(out, "MiniStack does not run")?,
        },
        Command::Reset => {
            let running = local.reset().await?;
            writeln!(out, "MiniStack at {} is empty", running.url)?;
        }
    }
    Ok(Code::Success)
}

fn write_agent_runtime(out: &mut impl std::io::Write, running: &Running) -> std::io::Result<()> {
    match &running.agent_runtime_url {
        Some(url) => writeln!(out, "its stand-in for Bedrock's agent runtime runs at {url}"),
        None => Ok(()),
    }
}

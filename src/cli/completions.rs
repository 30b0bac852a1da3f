//! `cairn completions`: for a shell.

use clap::CommandFactory as _;

use super::{Cli, Code, Failure};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cairn completions bash > /etc/bash_completion.d/cairn")]
pub struct Args {
    shell: clap_complete::Shell,
}

pub fn run(args: &Args) -> Result<Code, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "cairn", &mut script);
    std::io::Write::write_all(&mut anstream::stdout(), &script)?;
    Ok(Code::Success)
}

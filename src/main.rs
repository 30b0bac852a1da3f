//! The `cairn` command.

use std::process::ExitCode;

use clap::Parser as _;

use cairn::cli::{self, Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli::log::start(cli.verbose);
    match cli::run(cli) {
        Ok(code) => code.into(),
        Err(failure) => {
            failure.report();
            cli::Code::Failed.into()
        }
    }
}

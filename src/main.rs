//! The `cairn` command.

use std::process::ExitCode;

use clap::Parser as _;

use cairn::cli::{self, Cli};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => {
            // Without anybody to tell the code still says it.
            let _ = told.print();
            // clap's own code is the one that says there are changes.
            let is_error = told.use_stderr();
            return if is_error { cli::Code::Failed } else { cli::Code::Success }.into();
        }
    };
    cli::log::start(cli.verbose, cli.log_format);
    match cli::run(cli) {
        Ok(code) => code.into(),
        Err(failure) => {
            failure.report();
            cli::Code::Failed.into()
        }
    }
}

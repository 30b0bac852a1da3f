//! The `cairn` command.

use std::process::ExitCode;

use clap::Parser as _;

use cairn::cli::{self, Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli::log::start(cli.verbose, cli.log_format);
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build()
        .map_err(cli::Failure::from)
        .and_then(|runtime| runtime.block_on(cli::run(cli)));
    match outcome {
        Ok(code) => code.into(),
        Err(failure) => {
            failure.report();
            cli::Code::Failed.into()
        }
    }
}

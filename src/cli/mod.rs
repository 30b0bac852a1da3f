//! The command line: one file for each command, its arguments and what it calls.

mod accept;
mod annotations;
mod clock;
mod completions;
mod deploy;
mod drift;
mod export;
mod failure;
mod foresee;
mod gate;
mod graph;
mod import;
mod init;
mod interrupt;
mod invoke;
mod local;
pub mod log;
mod outputs;
mod plan;
mod policy;
mod preflight;
mod project;
mod retained;
mod rollback;
#[cfg(test)]
pub(crate) mod samples;
mod saved;
mod session;
mod stacks;
mod state;
mod states;
mod synth;
mod teardown;
mod terminal;
mod types;
mod validate;
mod watch;

pub use failure::Failure;

use annotations::{Annotate, Annotator};

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Keeps something until the process ends, which is soon: to take a large template apart node by node
/// would be an eighth of the command.
fn keep<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// Turn a CloudFormation template into running AWS infrastructure, and back.
#[derive(Debug, Parser)]
#[command(name = "cairn", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Examples:\n  cairn deploy stacks/persona-agent --env local --yes\n  \
    cairn plan stacks/persona-agent --env prod --detailed-exitcode\n  \
    cairn teardown stacks/persona-agent --env local")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Say more: every AWS call (-v), and everything (-vv)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Tell findings to GitHub as annotations, and it the plan as the summary of the job
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Annotate::Auto,
          env = "CAIRN_ANNOTATIONS")]
    annotations: Annotate,
    /// How the log that `-v` asks for is written
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t)]
    pub log_format: log::LogFormat,
}

// What needs no network, and so no threads.
#[derive(Debug, Subcommand)]
enum Command {
    Validate(validate::Args),
    Synth(synth::Args),
    Graph(graph::Args),
    #[command(flatten)]
    Connected(Connected),
    Types(types::Args),
    Completions(completions::Args),
}

// What talks to AWS, or to what stands for it.
#[derive(Debug, Subcommand)]
enum Connected {
    #[command(visible_alias = "diff")]
    Plan(plan::Args),
    Deploy(deploy::Args),
    Rollback(rollback::Args),
    Drift(drift::Args),
    Import(import::Args),
    Export(export::Args),
    #[command(visible_alias = "destroy")]
    Teardown(teardown::Args),
    Outputs(outputs::Args),
    Invoke(invoke::Args),
    Init(init::Args),
    State(state::Args),
    Local(local::Args),
}

/// What the process ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Success,
    Failed,
    /// `plan --detailed-exitcode`: there is something to do; `drift`: there is some; `init`: the
    /// bucket lacks something and stays so.
    Changes,
    /// `plan --fail-on`: the plan is of a class that is not to pass; or it has findings that are
    /// errors.
    Stopped,
    /// Ended by Ctrl-C, or a signal.
    Interrupted,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(match code {
            Code::Success => 0,
            Code::Failed => 1,
            Code::Changes => 2,
            Code::Stopped => 3,
            Code::Interrupted => 130,
        })
    }
}

/// Runs one command.
///
/// # Errors
///
/// What the user is to be told.
pub fn run(cli: Cli) -> Result<Code, Failure> {
    let mut annotator = Annotator::new(cli.annotations);
    let ended = command(cli.command, &mut annotator);
    if let Err(failure) = &ended {
        annotator.failure(failure);
    }
    annotator.tell();
    ended
}

fn command(command: Command, annotator: &mut Annotator) -> Result<Code, Failure> {
    match command {
        Command::Validate(args) => validate::run(&args, annotator),
        Command::Synth(args) => synth::run(&args),
        Command::Graph(args) => graph::run(&args),
        Command::Types(args) => types::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Connected(command) => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .worker_threads(2)
                .build()?;
            let ended = runtime.block_on(connected(command, annotator));
            if matches!(ended, Ok(Code::Interrupted)) {
                // Nor is a name server waited for that does not answer.
                runtime.shutdown_background();
            }
            ended
        }
    }
}

async fn connected(command: Connected, annotator: &mut Annotator) -> Result<Code, Failure> {
    match command {
        Connected::Plan(args) => Box::pin(plan::run(&args, annotator)).await,
        Connected::Deploy(args) => Box::pin(deploy::run(&args, annotator)).await,
        Connected::Rollback(args) => Box::pin(rollback::run(&args)).await,
        Connected::Drift(args) => Box::pin(drift::run(&args)).await,
        Connected::Import(args) => Box::pin(import::run(&args)).await,
        Connected::Export(args) => export::run(&args).await,
        Connected::Teardown(args) => Box::pin(teardown::run(&args)).await,
        Connected::Outputs(args) => outputs::run(&args).await,
        Connected::Invoke(args) => invoke::run(&args).await,
        Connected::Init(args) => init::run(&args).await,
        Connected::State(args) => Box::pin(state::run(&args)).await,
        Connected::Local(args) => local::run(&args).await,
    }
}

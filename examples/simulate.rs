//! Plays stories with a simulated AWS, as many as wanted: `cargo run --release --example simulate --
//! 100000`, from another seed on with a second number; or one script, `-- story.json`. It fails when a
//! story does, or when so many were played and some fault or some point was never met. `-- serve
//! 127.0.0.1:4599` serves the account to other clients instead; with a number behind it, so many of
//! its seconds pass in one.

#![expect(clippy::print_stdout, reason = "it is what it is for")]

#[path = "../tests/simulation/mod.rs"]
mod simulation;

use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, address, ..] = arguments.as_slice()
        && command == "serve"
    {
        serve(address, arguments.get(2).map_or(1, |text| text.parse().expect("a number")));
    }
    let number = |index: usize| arguments.get(index)?.parse::<u64>().ok();
    if let (Some(path), None) = (arguments.first(), number(0)) {
        return script(path);
    }
    let (count, first) = (number(0).unwrap_or(1_000), number(1).unwrap_or(0));
    let started = Instant::now();
    let outcome = simulation::play_all(first..first + count);
    println!("{:.1} s: {}", started.elapsed().as_secs_f64(), outcome.total.told());
    let kinds = outcome.total.kinds_never();
    let (never, apart) = (outcome.total.never(), outcome.total.never_together());
    println!("{} never met: {}", never.len(), some(&never));
    println!("{} pairs never met: {}", apart.len(), some(&apart));
    println!("{}", simulation::told(&outcome.failures));
    let is_missing = count >= simulation::FEW && !kinds.is_empty()
        || count >= simulation::MOST && !never.is_empty()
        || count >= simulation::MANY && !apart.is_empty();
    match outcome.failures.is_empty() && !is_missing {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Until the process is ended.
fn serve(address: &str, speed: u64) -> ! {
    let address = address.parse().expect("an address with a port, as 127.0.0.1:4599");
    let server = simulation::server::Server::at(address, speed, |_| ());
    println!("a simulated AWS is at {}; {speed} of its seconds pass in one", server.url());
    loop {
        std::thread::park();
    }
}

/// So that they can be read.
fn some(all: &[String]) -> String {
    let more = if all.len() > TOLD { "; …" } else { "" };
    all[..all.len().min(TOLD)].join("; ") + more
}

const TOLD: usize = 40;

fn script(path: &str) -> ExitCode {
    match simulation::play(&std::fs::read_to_string(path).expect("a script")) {
        Ok(transcript) => {
            println!("{transcript}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            println!("{problem}");
            ExitCode::FAILURE
        }
    }
}

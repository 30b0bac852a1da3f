//! Thousands of stories with a simulated AWS on which everything goes wrong, in virtual time.
//!
//! A seed draws a script: which versions of a template are deployed one after the other, which
//! calls and writes fail and how, when Cairn dies, and who meddles. The same script is the same
//! story. When a run has ended well, the oracle looks: what is there is what the state says and
//! what a calm deploy to an empty account makes.
//!
//! `cargo run --release --example simulate -- 100000` plays that many. What fails is made shorter
//! and printed as a script: in `kept/` it is a test. `-- serve 127.0.0.1:4599` instead lets any
//! client of AWS use the account, with any credentials.

#![cfg_attr(not(test), expect(dead_code, reason = "the tests use more of it"))]
#![expect(clippy::disallowed_methods, reason = "time is virtual, and seeds come from outside")]

mod aws;
#[cfg(test)]
mod clients;
mod coverage;
mod disk;
mod draw;
#[cfg(test)]
mod edits;
mod faults;
mod generate;
mod meddle;
mod oracle;
#[cfg(test)]
mod pairs;
mod random;
mod run;
mod s3;
mod scenario;
mod script;
pub mod server;
mod shrink;
mod steer;
#[cfg(test)]
mod tests;
mod versions;
mod world;

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use coverage::Total;
use script::Script;

/// So many meet every kind of fault.
pub const FEW: u64 = 200;
/// So many meet every point, with a fault and with a crash.
pub const MOST: u64 = 2_000;
/// So many meet everything with everything.
pub const MANY: u64 = 30_000;

/// Stories that failed are not counted further than this.
const FAILURES: usize = 20;

/// What came of many seeds.
pub struct Outcome {
    pub total: Total,
    /// Seeds that failed, and how.
    pub failures: Vec<(u64, String)>,
}

/// Plays the story of each seed, on all cores.
pub fn play_all(seeds: Range<u64>) -> Outcome {
    let next = AtomicU64::new(seeds.start);
    let outcome = Mutex::new(Outcome { total: Total::default(), failures: Vec::new() });
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let played = draw::script(seed).and_then(|script| run::play(&script));
                    let mut outcome = outcome.lock().expect("no story panics with it");
                    match played {
                        Ok(report) => outcome.total.add(report),
                        Err(problem) => outcome.failures.push((seed, problem)),
                    }
                    if outcome.failures.len() >= FAILURES {
                        return;
                    }
                }
            });
        }
    });
    let mut outcome = outcome.into_inner().expect("every thread has ended");
    outcome.failures.sort();
    outcome
}

/// A failure as somebody can work with it: the seeds, and the first of them made short.
pub fn told(failures: &[(u64, String)]) -> String {
    let Some((seed, problem)) = failures.first() else { return String::new() };
    let seeds = failures.iter().map(|(seed, why)| {
        let first: String = why.lines().next().unwrap_or_default().chars().take(300).collect();
        format!("seed {seed} failed: {first}")
    });
    let seeds = seeds.collect::<Vec<_>>().join("\n");
    // One that cannot be drawn has no story.
    let Ok(script) = draw::script(*seed) else { return format!("{seeds}\n\n{problem}") };
    let (short, why) = shrink::shrink(&script, problem, &|script| run::play(script).map(drop));
    format!("{seeds}\n\nseed {seed} made short:\n{why}\n\n{}", short.text())
}

/// Plays one script.
///
/// # Errors
///
/// What is wrong, with the way that led there.
pub fn play(script: &str) -> Result<String, String> {
    let report = run::play(&Script::parse(script))?;
    Ok(run::in_short(&report.transcript).join("\n"))
}

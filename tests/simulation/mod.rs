//! Thousands of deploys against a simulated AWS on which everything goes wrong, in virtual time.
//!
//! A seed is a whole story: which versions of a template are deployed one after the other, which
//! calls fail and how, when Cairn dies, and who meddles. The same seed is the same story. When a
//! command has ended well, the oracle looks: what is there is what the state says and what a calm
//! deploy to an empty account makes.
//!
//! `CAIRN_SEEDS=20000 cargo test --test it simulation::` runs that many, `CAIRN_SEED=17` only one.

#![expect(clippy::disallowed_methods, reason = "time is virtual, and seeds come from outside")]

mod aws;
mod faults;
mod meddle;
mod oracle;
mod random;
mod run;
mod scenario;
mod world;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use faults::{ALL, Kind};
use oracle::Fingerprint;

/// What CI runs.
const SEEDS: u64 = 60;

/// Seeds that found something, and what. Their stories change with what they are about: a seed is
/// kept with the version of the simulation that it was found in.
const KEPT: &[(u64, &str)] = &[
    (5, "code and settings of a function with a secret in them: the settings were never sent"),
    (18, "the same, and so the function never left the subnet that was to be deleted"),
    (
        19,
        "a policy on its way to another role, and a teardown: the other role could not be deleted",
    ),
];

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

fn fresh() -> Vec<Fingerprint> {
    (0..scenario::versions()).map(run::fresh).collect()
}

#[test]
fn a_seed_is_the_same_story_each_time() {
    let fresh = fresh();
    for seed in [3, 8] {
        let stories = [0, 1].map(|_| run::seed(seed, &fresh).map(|report| report.transcript));
        assert_eq!(stories[0], stories[1], "seed {seed}");
    }
}

#[test]
fn what_was_found_stays_found() {
    let fresh = fresh();
    for (seed, what) in KEPT {
        if let Err(problem) = run::seed(*seed, &fresh) {
            panic!("{what}: {problem}");
        }
    }
}

#[test]
fn nothing_is_lost_whatever_goes_wrong() {
    let seeds = match number("CAIRN_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("CAIRN_SEEDS").unwrap_or(SEEDS),
    };
    let fresh = fresh();
    let started = Instant::now();
    let (next, count) = (AtomicU64::new(seeds.start), seeds.end - seeds.start);
    let total = Mutex::new((BTreeMap::<_, u64>::new(), [0_u64; 4], Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let outcome = run::seed(seed, &fresh);
                    let mut total = total.lock().expect("no seed panics with it");
                    match outcome {
                        Ok(report) => {
                            for (met, times) in report.met {
                                *total.0.entry(met).or_default() += times;
                            }
                            for (sum, more) in total.1.iter_mut().zip([
                                report.requests,
                                report.attempts,
                                report.crashes,
                                report.known,
                            ]) {
                                *sum += more;
                            }
                        }
                        Err(problem) => total.2.push(problem),
                    }
                }
            });
        }
    });
    let (met, [requests, attempts, crashes, known], problems) =
        total.into_inner().expect("every thread has ended");
    let of_kind = |kind: Kind| -> u64 {
        met.iter().filter(|((_, its), _)| *its == kind).map(|(_, times)| times).sum()
    };
    let faults: Vec<String> =
        ALL.iter().map(|kind| format!("{kind:?} {}", of_kind(*kind))).collect();
    let seconds = started.elapsed().as_secs_f64();
    let told = format!(
        "{count} seeds in {seconds:.1} s: {requests} requests, {attempts} attempts, {crashes} crashes, {known} known limits, {} pairs of action and fault: {}",
        met.len(),
        faults.join(", ")
    );
    writeln!(std::io::stderr(), "{told}").expect("somebody reads it");
    assert!(
        problems.is_empty(),
        "{} of {count} seeds failed, the first of them:\n{}",
        problems.len(),
        problems[..problems.len().min(5)].join("\n\n")
    );
    if count >= SEEDS {
        let never: Vec<_> = ALL.iter().filter(|kind| of_kind(**kind) == 0).collect();
        assert!(never.is_empty(), "never met: {never:?}");
    }
}

//! Hundreds of templates and what becomes of them: a deploy does its plan, the whole of it and
//! nothing else, and what a plan lets through does not fail.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use cairn::resource::types;

use super::edits::{Pair, pair};
use super::run::pairs::{Outcome, play};

/// So many are drawn, so that at least so many are deployed: those that a plan refuses do not count.
const DRAWN: u64 = 620;
const DEPLOYED: usize = 500;

/// What all pairs came to.
#[derive(Default)]
struct Total {
    played: usize,
    refused: BTreeMap<String, usize>,
    failed: Vec<String>,
    exceptions: Vec<String>,
    actions: BTreeMap<String, usize>,
    types: BTreeSet<String>,
    calls: usize,
}

impl Total {
    fn add(&mut self, number: u64, pair: &Pair, outcome: Outcome) {
        match outcome {
            Outcome::Refused(why) => {
                *self.refused.entry(why.chars().take(160).collect()).or_default() += 1;
            }
            Outcome::Failed(why) => {
                self.failed.push(format!("{number} ({}): {why}", pair.edits.join(", ")));
            }
            Outcome::Played(played) => {
                self.played += 1;
                self.calls += played.calls;
                self.types.extend(played.types);
                for (action, count) in played.actions {
                    *self.actions.entry(action).or_default() += count;
                }
                self.exceptions.extend(
                    played
                        .exceptions
                        .iter()
                        .map(|one| format!("{number} ({}): {one}", pair.edits.join(", "))),
                );
            }
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn what_is_deployed_is_what_was_planned() {
    if let Some(number) = number("CAIRN_PAIR") {
        let pair = pair(number);
        panic!("{:#?}\n{}\n{}\n{:#?}", pair.edits, pair.before, pair.after, play(&pair, number));
    }
    let drawn = number("CAIRN_PAIRS").unwrap_or(DRAWN);
    let total = play_many(drawn);
    let refused: usize = total.refused.values().sum();
    tell(&format!(
        "{} pairs deployed with {} mutating calls: {:?}; {refused} refused: {:#?}",
        total.played, total.calls, total.actions, total.refused
    ));
    assert!(total.exceptions.is_empty(), "{:#?}", total.exceptions);
    assert!(total.failed.is_empty(), "plans that could have known: {:#?}", total.failed);
    if drawn >= DRAWN {
        assert!(total.played >= DEPLOYED, "{} were deployed", total.played);
        let all: BTreeSet<String> = types().iter().map(|it| it.type_name().to_owned()).collect();
        assert_eq!(total.types, all, "every type is changed in some pair");
        let kinds = ["Create", "Update", "Replace", "Delete", "Retain", "Move"];
        assert!(kinds.iter().all(|kind| total.actions.contains_key(*kind)), "{:?}", total.actions);
    }
}

fn tell(text: &str) {
    writeln!(std::io::stderr(), "{text}").expect("somebody reads it");
}

/// Plays so many pairs on all cores.
fn play_many(count: u64) -> Total {
    let next = AtomicU64::new(0);
    let total = Mutex::new(Total::default());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let pair = pair(number);
                    let outcome = play(&pair, number);
                    total.lock().expect("no pair panics with it").add(number, &pair, outcome);
                }
            });
        }
    });
    let mut total = total.into_inner().expect("every thread has ended");
    total.failed.sort();
    total.exceptions.sort();
    total
}

//! What many stories have met: each fault at each call and each write.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::faults::{Kind, OF_CALLS, OF_OTHERS, OF_WRITES};
use super::run::Report;
use super::world::Met;

#[derive(Debug, Default)]
pub struct Total {
    pub stories: u64,
    pub runs: u64,
    pub requests: u64,
    pub crashes: u64,
    ways_back: WaysBack,
    met: Met,
    seen: BTreeMap<String, u64>,
}

/// Rollbacks that were gone to their end.
#[derive(Debug, Clone, Copy, Default)]
pub struct WaysBack {
    pub all: u64,
    /// On which something could not be brought back.
    pub partly: u64,
    /// That began in the middle of a teardown.
    pub from_teardown: u64,
}

impl WaysBack {
    fn add(&mut self, other: &Self) {
        self.all += other.all;
        self.partly += other.partly;
        self.from_teardown += other.from_teardown;
    }
}

impl Total {
    pub fn add(&mut self, report: Report) {
        self.stories += 1;
        self.runs += report.runs;
        self.requests += report.requests;
        self.crashes += report.crashes;
        self.ways_back.add(&report.ways_back);
        for (met, runs) in report.met {
            *self.met.entry(met).or_default() += runs;
        }
        for (label, times) in report.seen {
            *self.seen.entry(label).or_default() += times;
        }
    }

    fn of_kind(&self, kind: Kind) -> u64 {
        self.met.iter().filter(|((_, its), _)| *its == kind.name()).map(|(_, runs)| runs).sum()
    }

    fn kinds() -> impl Iterator<Item = Kind> {
        let of_writes = OF_WRITES.into_iter().filter(|kind| !OF_CALLS.contains(kind));
        OF_CALLS.into_iter().chain(of_writes).chain(OF_OTHERS)
    }

    /// Kinds of faults that were never met, and whether nobody ever went back.
    pub fn kinds_never(&self) -> Vec<String> {
        let kinds = Self::kinds().filter(|kind| self.of_kind(*kind) == 0);
        let WaysBack { all, partly, from_teardown } = self.ways_back;
        let ways_back = [
            ("a rollback", all),
            ("a rollback of a part", partly),
            ("a rollback of a teardown", from_teardown),
        ];
        let never_back = ways_back.into_iter().filter(|(_, times)| *times == 0).map(|(it, _)| it);
        kinds.map(Kind::name).chain(never_back).map(str::to_owned).collect()
    }

    /// Kinds of faults that were never met, and calls and writes that no fault ever met or at which
    /// no run ever died.
    pub fn never(&self) -> Vec<String> {
        let mut never = self.kinds_never();
        for label in self.seen.keys() {
            // What others do meanwhile is nothing that becomes of it.
            let is_of_others = |name: &str| OF_OTHERS.iter().any(|kind| kind.name() == name);
            let met: Vec<&str> = self.met_by(label).filter(|name| !is_of_others(name)).collect();
            if !met.iter().any(|kind| kind.starts_with("crash")) && !is_read_of_file(label) {
                never.push(format!("a crash at {label}"));
            }
            let is_plan = label == "plan";
            if !is_plan && !met.iter().any(|kind| !kind.starts_with("crash")) {
                never.push(format!("a fault at {label}"));
            }
        }
        never
    }

    fn met_by(&self, label: &str) -> impl Iterator<Item = &'static str> {
        self.met.keys().filter(move |(its, _)| its == label).map(|(_, kind)| *kind)
    }

    /// Pairs of fault and point that were never met, of those that can be.
    pub fn never_together(&self) -> Vec<String> {
        let mut never = Vec::new();
        for label in self.seen.keys().filter(|label| *label != "plan") {
            let met: BTreeSet<&str> = self.met_by(label).collect();
            let fitting = fitting(label);
            let missing = fitting.iter().filter(|kind| !met.contains(kind.name()));
            never.extend(missing.map(|kind| format!("{label}: {}", kind.name())));
        }
        never
    }

    pub fn told(&self) -> String {
        let mut told = format!(
            "{} stories, {} runs, {} requests, {} crashes, {} rollbacks, {} of them of a part, \
             {} of a teardown; {} points, {} pairs of point and fault; runs that met",
            self.stories,
            self.runs,
            self.requests,
            self.crashes,
            self.ways_back.all,
            self.ways_back.partly,
            self.ways_back.from_teardown,
            self.seen.len(),
            self.met.len()
        );
        for kind in Self::kinds() {
            let _ = write!(told, " {} {},", kind.name(), self.of_kind(kind));
        }
        told.trim_end_matches(',').to_owned()
    }
}

fn is_read_of_file(label: &str) -> bool {
    label.starts_with("read ")
}

/// What can become of what a label names.
pub fn fitting(label: &str) -> Vec<Kind> {
    if label == "call" {
        return OF_CALLS.to_vec();
    }
    if label.contains(':') {
        return OF_CALLS.into_iter().filter(|kind| kind.fits_call(label)).collect();
    }
    OF_WRITES.into_iter().filter(|kind| kind.fits_file(is_read_of_file(label))).collect()
}

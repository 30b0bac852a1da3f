//! What every state must satisfy: checked after every read and before every write.

use std::collections::BTreeMap;
use std::fmt;

use super::run::KEPT;
use super::{FORMAT, State};

/// A broken law: its number and what breaks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub law: u8,
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "law {}: {}", self.law, self.text)
    }
}

impl State {
    /// Checks the laws of a state.
    ///
    /// 1. The format is this version's: older ones are made it when they are read.
    /// 2. Every instance but one that is being created has a physical id.
    /// 3. No token is used twice.
    /// 4. No two instances of a type have one physical id.
    /// 5. No entry is empty.
    /// 6. The runs are few, and in the order of their serials, none after the state's.
    pub fn violations(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        let mut report = |law, text| violations.push(Violation { law, text });
        if self.format != FORMAT {
            report(1, format!("the format is {}, and this version's is {FORMAT}", self.format));
        }
        if self.runs.len() > KEPT {
            report(6, format!("{} runs are remembered, {KEPT} at most", self.runs.len()));
        }
        let serials = self.runs.iter().map(|run| run.serial).chain([self.serial]);
        if !serials.is_sorted() {
            report(6, "the runs are not in their order".to_owned());
        }
        let mut tokens = BTreeMap::new();
        let mut physical = BTreeMap::new();
        for (id, entry) in &self.resources {
            if entry.instances().next().is_none() {
                report(5, format!("`{id}` has an entry and no instance"));
            }
            let mut made = entry.current.iter().chain(&entry.deposed);
            if made.any(|instance| instance.physical_id.is_none()) {
                report(2, format!("`{id}` was created and has no physical id"));
            }
            for instance in entry.instances() {
                if let Some(other) = tokens.insert(&instance.token, id) {
                    report(3, format!("`{id}` and `{other}` have one token"));
                }
                let Some(physical_id) = &instance.physical_id else { continue };
                if let Some(other) = physical.insert((&instance.type_name, physical_id), id) {
                    report(4, format!("`{id}` and `{other}` are both `{physical_id}`"));
                }
            }
        }
        violations
    }
}

//! What hangs on an agent's draft by name: action groups, knowledge bases, collaborators. An agent
//! is changed by the difference between two lists of them and what is there.

use std::collections::BTreeMap;

/// The only version of an agent that can be changed.
pub(super) const DRAFT: &str = "DRAFT";

/// One of the things that hang on an agent.
pub(super) trait Part: PartialEq + Sized {
    /// By what it is told from others of its kind on the same agent.
    fn name(&self) -> &str;

    /// The same with AWS's defaults written out and without what AWS is not told: equal ones need
    /// no call.
    fn written_out(&self) -> Self;
}

/// What came of leading from one list to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Converged {
    /// Whether there were calls.
    pub changed: bool,
    /// Whether something that had to go was not there.
    pub missed: bool,
}

impl std::ops::BitOrAssign for Converged {
    fn bitor_assign(&mut self, other: Self) {
        self.changed |= other.changed;
        self.missed |= other.missed;
    }
}

/// The calls that lead from one list to another. `L` is how AWS knows a live one.
pub(super) struct Difference<'a, P, L> {
    pub add: Vec<&'a P>,
    pub change: Vec<(&'a L, &'a P)>,
    pub remove: Vec<(&'a L, &'a P)>,
    missed: bool,
}

impl<'a, P: Part, L> Difference<'a, P, L> {
    /// `live` is what is there, by name. What neither list names stays as it is.
    pub fn between(live: &'a BTreeMap<String, L>, from: &'a [P], to: &'a [P]) -> Self {
        let (add, change, remove) = (Vec::new(), Vec::new(), Vec::new());
        let mut difference = Self { add, change, remove, missed: false };
        for part in to {
            match live.get(part.name()) {
                None => difference.add.push(part),
                Some(there) if !is_among(part, from) => difference.change.push((there, part)),
                Some(_) => {}
            }
        }
        for part in from.iter().filter(|part| named(to, part.name()).is_none()) {
            match live.get(part.name()) {
                Some(there) => difference.remove.push((there, part)),
                None => difference.missed = true,
            }
        }
        difference
    }

    /// What came of it, once its calls are made.
    pub fn converged(&self) -> Converged {
        let is_empty = self.add.is_empty() && self.change.is_empty() && self.remove.is_empty();
        Converged { changed: !is_empty, missed: self.missed }
    }
}

/// Whether the two lists mean the same.
pub(super) fn same<P: Part>(from: &[P], to: &[P]) -> bool {
    from.len() == to.len() && to.iter().all(|part| is_among(part, from))
}

/// Those of `from` that `to` still names.
pub(super) fn kept<P: Part + Clone>(from: &[P], to: &[P]) -> Vec<P> {
    from.iter().filter(|part| named(to, part.name()).is_some()).cloned().collect()
}

fn is_among<P: Part>(part: &P, parts: &[P]) -> bool {
    named(parts, part.name()).is_some_and(|other| other.written_out() == part.written_out())
}

fn named<'a, P: Part>(parts: &'a [P], name: &str) -> Option<&'a P> {
    parts.iter().find(|part| part.name() == name)
}

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

/// The calls that lead from one list to another. `L` is how AWS knows a live one.
pub(super) struct Difference<'a, P, L> {
    pub add: Vec<&'a P>,
    pub change: Vec<(&'a L, &'a P)>,
    pub remove: Vec<(&'a L, &'a P)>,
}

impl<'a, P: Part, L> Difference<'a, P, L> {
    /// `live` is what is there, by name. What neither list names stays as it is.
    pub fn between(live: &'a BTreeMap<String, L>, from: &'a [P], to: &'a [P]) -> Self {
        let mut difference = Self { add: Vec::new(), change: Vec::new(), remove: Vec::new() };
        for part in to {
            match live.get(part.name()) {
                None => difference.add.push(part),
                Some(there) if !is_among(part, from) => difference.change.push((there, part)),
                Some(_) => {}
            }
        }
        for part in from {
            if let (Some(there), None) = (live.get(part.name()), named(to, part.name())) {
                difference.remove.push((there, part));
            }
        }
        difference
    }

    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.change.is_empty() && self.remove.is_empty()
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

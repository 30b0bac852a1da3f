//! What the CloudFormation schemas say of resource types, and a template's properties held
//! against it.
//!
//! The facts are data (`data/`, made by scripts), found by type and parsed when first asked for.
//! [`coerce`] is the one place where a property gets the type its
//! schema wants ("443" is a port, `true` a tag's text) and where a misspelt, missing or misfit
//! property is found, before anything runs. What is not known yet is never judged: a finding has
//! to be right whatever AWS will answer.

mod amend;
mod check;
mod coerce;
mod facts;
mod pattern;
mod registry;
mod stand_in;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub use coerce::coerce;
pub use facts::{Kind, Shape, TagKind, TagShape, TypeFacts, facts, type_names};
pub use pattern::Pattern;
pub use registry::lacks;
pub use stand_in::without_stand_ins;

use std::fmt::Write as _;

use crate::diagnostic::Severity;

/// What is wrong with a property. Who holds the template knows the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// From the resource's properties down; empty is the resource itself.
    pub path: Vec<Segment>,
    pub at: At,
    /// Lower case, no full stop, names in backticks.
    pub message: String,
    pub hint: Option<String>,
    pub basis: Basis,
}

/// What a finding rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// How the properties are built.
    Shape,
    /// A bound, a pattern or a list of values that AWS documents.
    Limit,
}

/// One step down into a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    Key(String),
    Index(usize),
}

/// Which part of an entry a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The key of the last segment (an item itself, where that is an index): the entry should not
    /// be there, or lacks something.
    Key,
    /// What it holds.
    Value,
}

/// `Policies[0].PolicyName`.
pub fn path_text(path: &[Segment]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Key(key) if text.is_empty() => text.push_str(key),
            Segment::Key(key) => {
                let _ = write!(text, ".{key}");
            }
            Segment::Index(index) => {
                let _ = write!(text, "[{index}]");
            }
        }
    }
    text
}

/// What `Fn::GetAtt` of this attribute gives, if the type offers it.
pub fn get_att_kind(facts: &TypeFacts, attribute: &str) -> Option<Kind> {
    facts.offers(attribute).then(|| facts.shape(attribute).map_or(Kind::Any, Shape::kind))
}

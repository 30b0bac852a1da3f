//! From text to [`Template`]: what was written, with a place for every node.

pub mod dynamic;
pub mod edit;
mod load;
mod node;
mod output;
mod parameter;
mod print;
pub(crate) mod read;
mod repeat;
mod resource;
mod scalar;
mod section;
mod syntax;
mod tag;
#[cfg(test)]
mod tests;

pub use load::load;
pub use node::{Entry, Node, NodeKind};
pub use parameter::{Named, Thing};
pub use print::print;
pub use repeat::expand;
pub(crate) use repeat::{NEEDS_EXTENSIONS, is_loop};
pub(crate) use resource::policy_named;
pub(crate) use section::read as parse_root;
pub use section::{draft, parse};

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::ordered::IndexMap;

use crate::diagnostic::{Diagnostic, Severity, Source, Span};
use crate::value::LogicalId;

/// A parsed stack file. Nothing is evaluated; sections have been told apart and resource
/// attributes read.
#[derive(Debug, Clone)]
pub struct Template {
    pub source: Arc<Source>,
    pub language: Language,
    pub loops: Loops,
    /// The whole document.
    pub root: Node,
    pub parameters: IndexMap<String, Parameter>,
    /// Mapping name to its node: two levels of maps.
    pub mappings: IndexMap<String, Node>,
    pub conditions: IndexMap<String, Node>,
    pub resources: IndexMap<LogicalId, ResourceNode>,
    pub outputs: IndexMap<String, Output>,
    /// Rule name to its node.
    pub rules: IndexMap<String, Node>,
    /// What is wrong with the form, and what was understood but will not be acted on, in the order
    /// of the file.
    pub findings: Vec<Diagnostic>,
    /// The sections that declare more than could be read: what is not in them may be there.
    pub incomplete: BTreeSet<&'static str>,
}

impl Template {
    /// Whether nothing is wrong with its form.
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity == Severity::Warning)
    }

    /// The template, if nothing is wrong with its form.
    ///
    /// # Errors
    ///
    /// All that is known of its form.
    pub fn sound(self) -> Result<Self, Vec<Diagnostic>> {
        if self.is_sound() { Ok(self) } else { Err(self.findings) }
    }
}

/// Which functions a template may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Plain,
    /// With `Transform: AWS::LanguageExtensions`.
    Extended,
}

/// Whether a template says things by `Fn::ForEach`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loops {
    None,
    /// What they stand for is in no section yet: [`expand`] puts it there.
    Written,
}

/// A declared parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: String,
    pub name_span: Span,
    pub span: Span,
    /// `String`, `Number`, `CommaDelimitedList`, `List<Number>`, `AWS::EC2::VPC::Id` …
    pub type_name: String,
    pub default: Option<Node>,
    pub allowed_values: Vec<Node>,
    pub allowed_pattern: Option<String>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub min_value: Option<f64>,
    pub max_value: Option<f64>,
    pub constraint_description: Option<String>,
    pub description: Option<String>,
    pub no_echo: Echo,
    /// Whether its type or its default is wrong, so that nothing can be said of its value.
    pub is_broken: bool,
}

/// Whether a parameter's value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    Shown,
    Hidden,
}

/// A declared resource.
#[derive(Debug, Clone)]
pub struct ResourceNode {
    pub id: LogicalId,
    pub id_span: Span,
    pub type_name: String,
    pub type_span: Span,
    /// A map; an empty one where the template has none.
    pub properties: Node,
    pub depends_on: Vec<(String, Span)>,
    pub condition: Option<(String, Span)>,
    pub deletion_policy: Policy,
    pub update_replace_policy: Policy,
    pub metadata: Option<Node>,
}

/// A policy as it is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Policy {
    Settled(DeletionPolicy),
    /// A function gives it.
    Computed(Node),
}

/// What becomes of a resource that leaves the stack, or of the old side of a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DeletionPolicy {
    Delete,
    Retain,
    RetainExceptOnCreate,
    Snapshot,
}

/// A declared output.
#[derive(Debug, Clone)]
pub struct Output {
    pub name: String,
    pub name_span: Span,
    pub value: Node,
    pub description: Option<String>,
    pub condition: Option<(String, Span)>,
    /// The node of `Export.Name`.
    pub export_name: Option<Node>,
}

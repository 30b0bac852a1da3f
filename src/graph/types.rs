//! Which types there are, and which of them can be deployed from here.
//!
//! A type that nobody knows is a mistake in the template. One that Cairn cannot deploy yet is none:
//! the template is checked like any other, and what stands in the way of a deployment is kept
//! apart, for the commands that would make one.

use std::collections::BTreeSet;

use crate::ordered::IndexMap;

use super::{Graph, Node, modules};
use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::resource;
use crate::schema;
use crate::template::{ResourceNode, Template};

const MODULE: &str = "::MODULE";
const NESTED_STACK: &str = "AWS::CloudFormation::Stack";
/// The namespaces in which no account can register types of its own.
const NAMESPACES: &[&str] = &["Alexa", "AMZN", "AWS", "Cairn"];

/// What is known of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Deployable,
    /// There is a schema to check it by, and no more.
    Described,
    /// Somebody else than AWS may have registered it: nothing is known of it here.
    Registered,
    Unknown,
}

fn standing(name: &str) -> Standing {
    if resource::handler(name).is_some() {
        Standing::Deployable
    } else if schema::facts(name).is_some() {
        Standing::Described
    } else if is_registered(name) {
        Standing::Registered
    } else {
        Standing::Unknown
    }
}

/// A type nobody knows.
pub fn check(template: &Template, declared: &ResourceNode, diagnostics: &mut Vec<Diagnostic>) {
    let name = declared.type_name.as_str();
    // Without a type it has been complained of.
    if name.is_empty() || standing(name) != Standing::Unknown {
        return;
    }
    let hint = match nearest(name, schema::type_names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`cairn types --all` lists the types that AWS has".to_owned(),
    };
    diagnostics.push(
        Diagnostic::error(format!("Cairn knows no resource type `{name}`"))
            .at(&template.source, declared.type_span)
            .hint(hint),
    );
}

/// Whether it is called as types are that accounts register.
fn is_registered(name: &str) -> bool {
    let (type_name, is_module) = match name.strip_suffix(MODULE) {
        Some(type_name) => (type_name, true),
        None => (name, false),
    };
    let parts: Vec<&str> = type_name.split("::").collect();
    let is_word =
        |part: &&str| !part.is_empty() && part.bytes().all(|one| one.is_ascii_alphanumeric());
    let is_amazon = |namespace| nearest(namespace, NAMESPACES.iter().copied()).is_some();
    parts.len() == 3 && parts.iter().all(is_word) && (is_module || !is_amazon(parts[0]))
}

/// Whether other resources come out of it, which go by its name and their own.
pub fn is_module(declared: &ResourceNode) -> bool {
    declared.type_name.ends_with(MODULE)
}

/// Types that AWS does not list for the region, one warning for each: its lists may be late.
pub fn check_region(graph: &Graph, diagnostics: &mut Vec<Diagnostic>) {
    let region = graph.inputs.region.as_str();
    let mut seen = BTreeSet::new();
    for declared in graph.template.resources.values() {
        let name = declared.type_name.as_str();
        let is_first = graph.nodes.contains_key(&declared.id) && seen.insert(name);
        if is_first && schema::lacks(region, name) {
            diagnostics.push(
                Diagnostic::warning(format!(
                    "AWS does not list `{name}` among the types of {region}"
                ))
                .at(&graph.template.source, declared.type_span)
                .hint("look whether the service is there before you deploy"),
            );
        }
    }
}

/// What cannot be deployed, one warning for each type.
pub fn undeployable(graph: &Graph) -> Vec<Diagnostic> {
    let mut by_type: IndexMap<&str, Vec<&ResourceNode>> = IndexMap::default();
    for declared in graph.template.resources.values() {
        // One of Cairn's modules is still there only if it is wrong.
        let is_wrong = modules::is_module(&declared.type_name);
        if !is_wrong && graph.nodes.get(&declared.id).is_some_and(is_in_the_way) {
            by_type.entry(&declared.type_name).or_default().push(declared);
        }
    }
    let warn = |(name, resources): (&str, Vec<&ResourceNode>)| {
        let count = match resources.len() {
            1 => String::new(),
            count => format!(": {count} resources"),
        };
        let hint = match standing(name) {
            Standing::Registered if name.ends_with(MODULE) => {
                "what is in the module is not known here"
            }
            Standing::Registered => "it is no type of AWS's: nothing is known of its properties",
            _ if name == NESTED_STACK => {
                "make what is in it a stack of its own: stacks can import from each other"
            }
            _ if is_custom(name) => {
                "what its function does for CloudFormation has to be done in another way"
            }
            _ => "`cairn types` lists what it can",
        };
        Diagnostic::warning(format!("Cairn cannot deploy `{name}` yet{count}"))
            .at(&graph.template.source, resources[0].type_span)
            .hint(hint)
    };
    by_type.into_iter().map(warn).collect()
}

fn is_in_the_way(node: &Node) -> bool {
    matches!(standing(&node.type_name), Standing::Described | Standing::Registered)
}

/// Whether a function stands for a type.
fn is_custom(name: &str) -> bool {
    name == "AWS::CloudFormation::CustomResource" || name.starts_with("Custom::")
}

impl Graph {
    /// How many resources are of a type that Cairn cannot deploy.
    pub fn undeployable_count(&self) -> usize {
        self.nodes.values().filter(|node| is_in_the_way(node)).count()
    }

    /// The graph, where every parameter has a value.
    ///
    /// # Errors
    ///
    /// The parameters that have none.
    pub fn given(mut self) -> Result<Self, Vec<Diagnostic>> {
        match self.missing.is_empty() {
            true => Ok(self),
            false => Err(as_errors(std::mem::take(&mut self.missing))),
        }
    }

    /// The graph, where all that the template asks for can be done.
    ///
    /// # Errors
    ///
    /// The parameters without a value, and everything that Cairn cannot do yet.
    pub fn deployable(self) -> Result<Self, Vec<Diagnostic>> {
        if self.obstacles.is_empty() {
            return self.given();
        }
        let mut findings = [self.missing, self.obstacles].concat();
        super::check::sort(&mut findings);
        Err(as_errors(findings))
    }
}

fn as_errors(findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    findings
        .into_iter()
        .map(|finding| Diagnostic { severity: Severity::Error, ..finding })
        .collect()
}

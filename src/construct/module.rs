//! Constructs as types of a template: `Type: Cairn::EC2::IsolatedVpc::MODULE`.
//!
//! A module is a construct made from properties that somebody wrote, in a stack of its own whose
//! logical ids have no hashes: its resources are referred to by hand. What was written keeps its
//! place; all else has the module's.

use crate::ordered::IndexMap;

use super::expression::{Expression, Prop};
use super::modules::MODULES;
use super::stack::Stack;
use super::synth::{LocalCode, Synthesis};
use super::tree::{Construct as _, Scope};
use super::{App, Output};
use crate::diagnostic::{Diagnostic, Source, Span, nearest};
use crate::template::{Entry, Node, NodeKind};

use std::sync::Arc;

/// How the type of a module begins and ends.
pub(crate) const PREFIX: &str = "Cairn::";
pub(crate) const SUFFIX: &str = "::MODULE";

/// A type of module.
pub(super) struct Module {
    pub type_name: &'static str,
    pub properties: &'static [&'static str],
    /// At least one of each of these.
    pub required: &'static [&'static [&'static str]],
    /// Makes the construct, and gives what can be asked of it beside its resources.
    pub build: fn(&mut Given<'_>, &Scope, &str) -> Attributes,
}

/// What can be asked of a module beside its resources.
pub(super) type Attributes = Vec<(&'static str, Prop<String>)>;

/// The properties that somebody wrote for a module.
pub(super) struct Given<'a> {
    source: &'a Arc<Source>,
    entries: &'a [Entry],
    problems: Vec<Diagnostic>,
}

impl<'a> Given<'a> {
    /// A property, unless it is `AWS::NoValue`.
    pub fn node(&self, name: &str) -> Option<&'a Node> {
        let is_nothing = |node: &Node| {
            node.single()
                .is_some_and(|call| call.key == "Ref" && call.value.text() == Some("AWS::NoValue"))
        };
        let entry = self.entries.iter().find(|entry| entry.key == name)?;
        Some(&entry.value).filter(|node| !is_nothing(node))
    }

    /// A property as it was written, literal or function.
    pub fn prop<T>(&self, name: &str) -> Option<Prop<T>> {
        self.node(name).map(written)
    }

    /// A property as it was written, or what it is without.
    pub fn prop_or<T>(&self, name: &str, otherwise: impl Into<Prop<T>>) -> Prop<T> {
        self.prop(name).unwrap_or_else(|| otherwise.into())
    }

    /// The items of a list, which has to be written as one: their number decides what is made.
    pub fn items(&mut self, name: &str) -> Option<Vec<Prop<String>>> {
        let node = self.node(name)?;
        match &node.kind {
            NodeKind::List(items) if !items.is_empty() => Some(items.iter().map(written).collect()),
            _ => {
                let hint = "how many there are decides what is made: write `[a, b]`";
                self.complain(node.span, format!("`{name}` must be a list of some items"), hint);
                None
            }
        }
    }

    /// The entries of a map, which has to be written as one.
    pub fn map(&mut self, name: &str) -> &'a [Entry] {
        let Some(node) = self.node(name) else { return &[] };
        let is_call = node.single().is_some_and(|call| call.key.starts_with("Fn::"));
        if is_call || !matches!(node.kind, NodeKind::Map(_)) {
            let hint = "its keys decide what is made: write them here";
            self.complain(node.span, format!("`{name}` must be a map"), hint);
            return &[];
        }
        node.entries()
    }

    pub fn complain(&mut self, span: Span, message: String, hint: &str) {
        self.problems.push(Diagnostic::error(message).at(self.source, span).hint(hint));
    }
}

fn written<T>(node: &Node) -> Prop<T> {
    Prop::from_expression(Expression::Written(node.clone()))
}

/// The modules there are.
pub(crate) fn type_names() -> impl Iterator<Item = &'static str> {
    MODULES.iter().map(|module| module.type_name)
}

/// The properties of a module, each with those of which one has to be there, itself included.
pub(crate) fn properties(type_name: &str) -> Option<Vec<(&'static str, Vec<&'static str>)>> {
    let module = find(type_name)?;
    let required = |name: &str| {
        let group = module.required.iter().find(|group| group.contains(&name));
        group.map(|group| group.to_vec()).unwrap_or_default()
    };
    Some(module.properties.iter().map(|name| (*name, required(name))).collect())
}

/// What `Fn::GetAtt` of a module itself gives, where all parts are made.
pub(crate) fn attributes(type_name: &str) -> Vec<&'static str> {
    let Some(module) = find(type_name) else { return Vec::new() };
    let source = Arc::new(Source { name: String::new(), text: String::new() });
    let mut given = Given { source: &source, entries: &[], problems: Vec::new() };
    let stack = Stack::joined(&App::new(), "Module");
    let attributes = (module.build)(&mut given, stack.scope(), "Module");
    attributes.into_iter().map(|(name, _)| name).collect()
}

fn find(type_name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.type_name == type_name)
}

/// What a module stands for.
pub(crate) struct Expansion {
    /// Sections of a template, with the entries that belong in them.
    pub sections: Vec<(&'static str, Vec<Entry>)>,
    /// What `Fn::GetAtt` of the module itself gives.
    pub attributes: IndexMap<String, Node>,
}

/// Writes out a module that stands at a span under a logical id.
pub(crate) fn expand(
    source: &Arc<Source>,
    id: &Entry,
    (type_name, type_span): (&str, Span),
    properties: &[Entry],
) -> Result<Expansion, Vec<Diagnostic>> {
    let Some(module) = find(type_name) else {
        let known: Vec<&str> = type_names().collect();
        let hint = match nearest(type_name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        let message = format!("Cairn knows no module `{type_name}`");
        return Err(vec![Diagnostic::error(message).at(source, type_span).hint(hint)]);
    };
    let mut given = Given { source, entries: properties, problems: Vec::new() };
    module.check(id, &mut given);
    let app = App::new();
    let stack = Stack::joined(&app, "Module");
    let attributes = (module.build)(&mut given, stack.scope(), &id.key);
    for (name, value) in &attributes {
        Output::new(&stack, name, value);
    }
    let mut synthesis = Synthesis::of(stack.scope(), &LocalCode).placed(id.key_span);
    if given.problems.is_empty()
        && let Err(error) = synthesis.run()
    {
        for problem in error.problems {
            let message = format!("the module `{}`: {}", id.key, problem.message);
            given.problems.push(Diagnostic::error(message).at(source, id.key_span));
        }
    }
    if !given.problems.is_empty() {
        return Err(given.problems);
    }
    let mut sections = synthesis.sections(stack.scope().index);
    let outputs = sections.pop_if(|(name, _)| *name == "Outputs").map(|(_, outputs)| outputs);
    let attributes = outputs.into_iter().flatten().filter_map(|output| {
        let value = output.value.get("Value")?.clone();
        Some((output.key, value))
    });
    Ok(Expansion { attributes: attributes.collect(), sections })
}

impl Module {
    fn check(&self, id: &Entry, given: &mut Given<'_>) {
        let unknown = |entry: &&Entry| !self.properties.contains(&entry.key.as_str());
        let mut meant = Vec::new();
        for entry in given.entries.iter().filter(unknown) {
            let near = nearest(&entry.key, self.properties.iter().copied());
            meant.extend(near);
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", self.properties.join(", ")),
            };
            let message = format!("`{}` has no property `{}`", self.type_name, entry.key);
            given.complain(entry.key_span, message, &hint);
        }
        for group in self.required {
            let is_there = |name: &&str| given.node(name).is_some() || meant.contains(name);
            if !group.iter().any(is_there) {
                let message = format!("`{}` lacks the property `{}`", id.key, group[0]);
                let finding = Diagnostic::error(message).at(given.source, id.key_span);
                given.problems.push(finding);
            }
        }
    }
}

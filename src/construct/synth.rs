//! From the tree to templates: logical ids, references, what leads into another stack, tags and
//! overrides settled.
//!
//! Everything becomes nodes of a template, with one place for all that constructs have made; what
//! somebody wrote keeps its own. Nothing here knows about files: who synthesizes says what local
//! code becomes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crate::ordered::IndexMap;
use serde_json::{Value as Json, json};

use super::aspect;
use super::element::{Element, ResourceFacts};
use super::expression::{Expression, Reference, Target};
use super::name;
use super::overrides;
use super::stack::Naming;
use super::substitute;
use super::tags;
use super::tree::{Kind, Problem, Scope, Tree};
use crate::diagnostic::Span;
use crate::template::{Entry, Node, NodeKind};
use crate::value::Value;

/// Everything that is wrong with an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthError {
    /// Each with the path of its construct, sorted.
    pub problems: Vec<Problem>,
}

impl std::fmt::Display for SynthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for SynthError {}

/// What local code becomes in a template.
pub(super) trait CodeOf {
    /// The value of the property, for code at a path that belongs to a stack.
    fn code(&self, stack: usize, path: &str) -> Result<Expression, String>;
}

/// Local code as a path, which Cairn zips itself.
pub(super) struct LocalCode;

impl CodeOf for LocalCode {
    fn code(&self, _: usize, path: &str) -> Result<Expression, String> {
        Ok(Expression::Text(path.to_owned()))
    }
}

/// What one stack exports for others: the logical id of the output, and its value.
type Exports = IndexMap<String, (String, Node)>;

/// The making of all templates of one app.
pub(super) struct Synthesis<'c> {
    root: Scope,
    code: &'c dyn CodeOf,
    /// Where in a source all that is made here stands.
    span: Span,
    sections: BTreeMap<usize, BTreeMap<&'static str, Vec<Entry>>>,
    exports: RefCell<BTreeMap<usize, Exports>>,
    /// The stacks that each stack waits for.
    pub waits: RefCell<BTreeMap<usize, BTreeSet<usize>>>,
    names: RefCell<HashMap<usize, String>>,
    problems: RefCell<Vec<Problem>>,
}

impl<'c> Synthesis<'c> {
    /// That of the app something stands in.
    pub fn of(scope: &Scope, code: &'c dyn CodeOf) -> Self {
        Self {
            root: scope.at(0),
            code,
            span: Span::default(),
            sections: BTreeMap::new(),
            exports: RefCell::default(),
            waits: RefCell::default(),
            names: RefCell::default(),
            problems: RefCell::default(),
        }
    }

    /// The same, with a place for all that is made.
    pub fn placed(self, span: Span) -> Self {
        Self { span, ..self }
    }

    /// Makes every template.
    pub fn run(&mut self) -> Result<(), SynthError> {
        aspect::visit_all(&self.root);
        self.validate();
        for stack in self.stacks() {
            let sections = self.sections_of(stack);
            self.sections.insert(stack, sections);
        }
        self.order();
        let mut problems = self.tree().problems.borrow().clone();
        problems.extend(self.problems.take());
        problems.sort();
        problems.dedup();
        if problems.is_empty() { Ok(()) } else { Err(SynthError { problems }) }
    }

    /// The stacks, in the order they were made.
    pub fn stacks(&self) -> Vec<usize> {
        let branches = self.tree().branches.borrow();
        let is_stack = |index: &usize| matches!(branches[*index].kind, Kind::Stack(_));
        (0..branches.len()).filter(is_stack).collect()
    }

    /// The name a stack is deployed under.
    pub fn stack_name(&self, stack: usize) -> String {
        let own = match &self.tree().branches.borrow()[stack].kind {
            Kind::Stack(facts) => facts.name.clone(),
            _ => None,
        };
        own.unwrap_or_else(|| self.artifact_id(stack))
    }

    /// The name of a stack's files.
    pub fn artifact_id(&self, stack: usize) -> String {
        self.tree().ids(stack, None).join("-")
    }

    /// The template of a stack.
    pub fn template(&self, stack: usize) -> Node {
        let mut root = Vec::new();
        if let Kind::Stack(facts) = &self.tree().branches.borrow()[stack].kind
            && let Some(description) = &facts.description
        {
            root.push(self.entry("Description", NodeKind::String(description.clone())));
        }
        for (name, entries) in self.sections(stack) {
            root.push(self.entry(name, NodeKind::Map(entries)));
        }
        self.node(NodeKind::Map(root))
    }

    /// The sections of a stack that hold anything, in the order a template has them.
    pub fn sections(&self, stack: usize) -> Vec<(&'static str, Vec<Entry>)> {
        const ORDER: [&str; 6] =
            ["Parameters", "Rules", "Mappings", "Conditions", "Resources", "Outputs"];
        let mut sections = self.sections.get(&stack).cloned().unwrap_or_default();
        for (id, (name, value)) in self.exports.borrow().get(&stack).into_iter().flatten() {
            let export = self.entry("Name", NodeKind::String(name.clone()));
            let body = vec![
                Entry { key: "Value".to_owned(), key_span: self.span, value: value.clone() },
                self.entry("Export", NodeKind::Map(vec![export])),
            ];
            sections.entry("Outputs").or_default().push(self.entry(id, NodeKind::Map(body)));
        }
        let take = |name| Some((name, sections.remove(name).filter(|one| !one.is_empty())?));
        ORDER.into_iter().filter_map(take).collect()
    }

    /// The logical id of an element.
    pub fn logical_id(&self, index: usize) -> String {
        if let Some(known) = self.names.borrow().get(&index) {
            return known.clone();
        }
        let stack = self.tree().stack_of(index);
        let ids = self.tree().ids(index, stack);
        let path: Vec<&str> = ids.iter().map(String::as_str).collect();
        let naming = stack.map(|stack| match &self.tree().branches.borrow()[stack].kind {
            Kind::Stack(facts) => facts.naming,
            _ => Naming::Hashed,
        });
        let mut logical_id = match naming {
            Some(Naming::Joined) => name::joined_id(&path),
            _ => name::unique_id(&path),
        };
        let (own, follows) = match &self.tree().branches.borrow()[index].kind {
            Kind::Element(element) => element
                .resource()
                .map(|facts| (facts.logical_id.clone(), facts.follows.clone()))
                .unwrap_or_default(),
            _ => (None, Vec::new()),
        };
        if !follows.is_empty() && naming != Some(Naming::Joined) {
            let content: Vec<Json> = follows
                .iter()
                .filter_map(|followed| Some(to_json(&self.resource(*followed, stack?)?)))
                .collect();
            logical_id.push_str(&name::short_hash(&json!(content).to_string()));
        }
        let logical_id = own.unwrap_or(logical_id);
        self.names.borrow_mut().insert(index, logical_id.clone());
        logical_id
    }

    pub fn tree(&self) -> &Rc<Tree> {
        &self.root.tree
    }

    fn complain(&self, index: usize, message: impl Into<String>) {
        let problem = Problem { path: self.tree().path(index), message: message.into() };
        self.problems.borrow_mut().push(problem);
    }

    fn validate(&self) {
        for index in self.tree().below(0) {
            let validations = self.tree().branches.borrow()[index].validations.clone();
            for message in validations.iter().flat_map(|validation| validation()) {
                self.complain(index, message);
            }
            let branches = self.tree().branches.borrow();
            let is_element = matches!(branches[index].kind, Kind::Element(_));
            drop(branches);
            if is_element && self.tree().stack_of(index).is_none() {
                self.complain(index, "it stands in no stack");
            }
        }
    }

    fn sections_of(&self, stack: usize) -> BTreeMap<&'static str, Vec<Entry>> {
        let mut sections: BTreeMap<&'static str, Vec<Entry>> = BTreeMap::new();
        let mut taken = BTreeMap::new();
        for index in self.tree().below(stack) {
            if self.tree().stack_of(index) != Some(stack) {
                continue;
            }
            let Some((section, value)) = self.element(index, stack) else { continue };
            let key = self.logical_id(index);
            // Outputs, conditions and the like are spaces of their own.
            let space = if section == "Parameters" { "Resources" } else { section };
            if let Some(first) = taken.insert((space, key.clone()), index) {
                let other = self.tree().path(first);
                self.complain(index, format!("its logical id `{key}` is that of `{other}` too"));
            }
            sections.entry(section).or_default().push(Entry { key, key_span: self.span, value });
        }
        self.note_waits(stack);
        sections
    }

    fn element(&self, index: usize, stack: usize) -> Option<(&'static str, Node)> {
        let (section, body, condition) = match &self.tree().branches.borrow()[index].kind {
            Kind::Element(element) => match element.as_ref() {
                Element::Resource(_) => return Some(("Resources", self.resource(index, stack)?)),
                Element::Entry { section, body, condition } => {
                    (section.name(), body.clone(), condition.clone())
                }
            },
            _ => return None,
        };
        let mut node = self.resolve(&body, index, stack);
        if let (NodeKind::Map(entries), Some(condition)) = (&mut node.kind, condition) {
            let value = self.resolve(&condition, index, stack);
            entries.push(Entry { key: "Condition".to_owned(), key_span: self.span, value });
        }
        Some((section, node))
    }

    fn resource(&self, index: usize, stack: usize) -> Option<Node> {
        let branches = self.tree().branches.borrow();
        let Kind::Element(element) = &branches[index].kind else { return None };
        let facts = element.resource()?;
        let mut entries = vec![self.entry("Type", NodeKind::String(facts.type_name.to_owned()))];
        let mut add = |key: &str, value: Node| {
            entries.push(Entry { key: key.to_owned(), key_span: self.span, value });
        };
        if let Some(condition) = &facts.condition {
            add("Condition", self.resolve(condition, index, stack));
        }
        let properties = tags::tagged(self.tree(), index, facts);
        if !properties.is_empty() {
            add("Properties", self.map(&properties, index, stack));
        }
        let waits = self.depends_on(index, stack);
        if !waits.is_empty() {
            let waits = waits.into_iter().map(|id| self.node(NodeKind::String(id))).collect();
            add("DependsOn", self.node(NodeKind::List(waits)));
        }
        let policies = [
            ("DeletionPolicy", facts.deletion_policy),
            ("UpdateReplacePolicy", facts.update_replace_policy),
        ];
        for (key, policy) in policies {
            if let Some(policy) = policy {
                add(key, self.node(NodeKind::String(policy.to_owned())));
            }
        }
        if !facts.metadata.is_empty() {
            add("Metadata", self.map(&facts.metadata, index, stack));
        }
        let mut node = self.node(NodeKind::Map(entries));
        self.override_all(&mut node, facts, index, stack);
        Some(node)
    }

    fn override_all(&self, node: &mut Node, facts: &ResourceFacts, index: usize, stack: usize) {
        for (path, value) in &facts.overrides {
            let value = value.as_ref().map(|value| self.resolve(value, index, stack));
            if !overrides::apply(node, path, value, self.span) {
                self.complain(index, format!("there is nothing at `{path}` to override"));
            }
        }
    }

    /// The resources of the same stack that a resource waits for by word.
    fn depends_on(&self, index: usize, stack: usize) -> Vec<String> {
        let mut names = BTreeSet::new();
        for bearer in self.tree().ancestors(index) {
            let dependencies = self.tree().branches.borrow()[bearer].dependencies.clone();
            if dependencies.is_empty() {
                continue;
            }
            let own: BTreeSet<usize> = self.tree().below(bearer).into_iter().collect();
            for other in dependencies.iter().flat_map(|other| self.tree().below(*other)) {
                let branches = self.tree().branches.borrow();
                let is_resource = matches!(
                    &branches[other].kind,
                    Kind::Element(element) if element.resource().is_some()
                );
                drop(branches);
                if is_resource
                    && !own.contains(&other)
                    && self.tree().stack_of(other) == Some(stack)
                {
                    names.insert(self.logical_id(other));
                }
            }
        }
        names.into_iter().collect()
    }

    /// The stacks that a stack waits for by word.
    fn note_waits(&self, stack: usize) {
        let of_stack = |index: &usize| self.tree().stack_of(*index) == Some(stack);
        for index in self.tree().below(stack).into_iter().filter(of_stack) {
            for other in &self.tree().branches.borrow()[index].dependencies {
                self.wait(stack, self.tree().stack_of(*other));
            }
        }
    }

    fn wait(&self, stack: usize, other: Option<usize>) {
        if let Some(other) = other.filter(|other| *other != stack) {
            self.waits.borrow_mut().entry(stack).or_default().insert(other);
        }
    }

    /// Whether two stacks are known to be for different accounts or regions.
    fn are_apart(&self, one: usize, other: usize) -> bool {
        let branches = self.tree().branches.borrow();
        let (Kind::Stack(one), Kind::Stack(other)) = (&branches[one].kind, &branches[other].kind)
        else {
            return false;
        };
        let differ = |one: &Option<String>, other: &Option<String>| {
            one.is_some() && other.is_some() && one != other
        };
        differ(&one.account, &other.account) || differ(&one.region, &other.region)
    }

    /// Complains of stacks that wait for each other.
    fn order(&self) {
        let waits = self.waits.borrow();
        for stack in waits.keys() {
            let mut reached = BTreeSet::new();
            let mut open: Vec<usize> = waits[stack].iter().copied().collect();
            while let Some(here) = open.pop() {
                if reached.insert(here) {
                    open.extend(waits.get(&here).into_iter().flatten());
                }
            }
            if reached.contains(stack) {
                let others: Vec<String> = reached
                    .iter()
                    .filter(|other| *other != stack)
                    .map(|other| format!("`{}`", self.tree().path(*other)))
                    .collect();
                let message = format!(
                    "it and {} would have to be deployed before each other",
                    others.join(", ")
                );
                self.complain(*stack, message);
            }
        }
    }

    fn entry(&self, key: &str, kind: NodeKind) -> Entry {
        Entry { key: key.to_owned(), key_span: self.span, value: self.node(kind) }
    }

    fn node(&self, kind: NodeKind) -> Node {
        Node { kind, span: self.span }
    }

    fn map(&self, map: &IndexMap<String, Expression>, index: usize, stack: usize) -> Node {
        let entries = map
            .iter()
            .map(|(key, value)| Entry {
                key: key.clone(),
                key_span: self.span,
                value: self.resolve(value, index, stack),
            })
            .collect();
        self.node(NodeKind::Map(entries))
    }

    /// An expression as a stack writes it.
    fn resolve(&self, expression: &Expression, index: usize, stack: usize) -> Node {
        match expression {
            Expression::Text(text) => self.node(NodeKind::String(text.clone())),
            Expression::Literal(literal) => self.node(NodeKind::Literal(literal.clone())),
            Expression::Written(node) => node.clone(),
            Expression::List(items) => {
                let items = items.iter().map(|item| self.resolve(item, index, stack)).collect();
                self.node(NodeKind::List(items))
            }
            Expression::Map(entries) => self.map(entries, index, stack),
            Expression::Name(target) => {
                let name = self.own(target, index).map(|target| self.logical_id(target));
                self.node(NodeKind::String(name.unwrap_or_default()))
            }
            Expression::Reference(reference) => self.reference(reference, index, stack),
            Expression::Sub { text, variables } => {
                let variables = variables.iter().map(|(name, value)| {
                    (name.clone(), substitute::inlined(value, self.resolve(value, index, stack)))
                });
                substitute::written(text, variables.collect(), self.span)
            }
            Expression::Code(path) => match self.code.code(stack, path) {
                Ok(code) => self.resolve(&code, index, stack),
                Err(message) => {
                    self.complain(index, message);
                    self.node(NodeKind::Null)
                }
            },
        }
    }

    /// A target's place in this very tree.
    fn own(&self, target: &Target, index: usize) -> Option<usize> {
        let is_own = target.tree.upgrade().is_some_and(|tree| Rc::ptr_eq(&tree, self.tree()));
        if !is_own {
            self.complain(index, "it refers to a construct of another app");
        }
        is_own.then_some(target.index)
    }

    fn reference(&self, reference: &Reference, index: usize, stack: usize) -> Node {
        let Some(target) = self.own(&reference.target, index) else {
            return self.node(NodeKind::Null);
        };
        let logical_id = self.logical_id(target);
        let text = |text: &str| self.node(NodeKind::String(text.to_owned()));
        let here = match &reference.attribute {
            None => self.entry("Ref", NodeKind::String(logical_id.clone())),
            Some(attribute) => {
                let names = vec![text(&logical_id), text(attribute)];
                self.entry("Fn::GetAtt", NodeKind::List(names))
            }
        };
        let here = self.node(NodeKind::Map(vec![here]));
        let Some(other) = self.tree().stack_of(target).filter(|other| *other != stack) else {
            return here;
        };
        self.wait(stack, Some(other));
        if self.are_apart(stack, other) {
            let path = self.tree().path(target);
            let message = format!("it uses `{path}` of a stack in another account or region");
            self.complain(index, format!("{message}, where nothing can be imported from"));
        }
        let id = name::unique_id(&["Exports", &format!("Output{}", to_json(&here))]);
        let export = format!("{}:{id}", self.stack_name(other));
        let import = self.entry("Fn::ImportValue", NodeKind::String(export.clone()));
        self.exports.borrow_mut().entry(other).or_default().insert(id, (export, here));
        self.node(NodeKind::Map(vec![import]))
    }
}

/// A node without its places.
pub(super) fn to_json(node: &Node) -> Json {
    match &node.kind {
        NodeKind::Null | NodeKind::Broken => Json::Null,
        NodeKind::Literal(literal) => Value::Literal(literal.clone()).to_json(),
        NodeKind::String(text) => Json::String(text.clone()),
        NodeKind::List(items) => items.iter().map(to_json).collect(),
        NodeKind::Map(entries) => {
            entries.iter().map(|entry| (entry.key.clone(), to_json(&entry.value))).collect()
        }
    }
}

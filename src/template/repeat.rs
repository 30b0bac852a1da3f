//! `Fn::ForEach`: what a loop stands for, written out before anything is evaluated.
//!
//! Every node that a loop makes keeps the place of the node it was made from, so that what is
//! wrong with it is said where it is written.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::ordered::IndexMap;

use super::read::Reader;
use super::{Entry, Loops, Node, NodeKind, Template, section};
use crate::diagnostic::{Diagnostic, Span, sort};

/// What is said of a function that only `AWS::LanguageExtensions` has.
pub(crate) const NEEDS_EXTENSIONS: &str = "it needs `Transform: AWS::LanguageExtensions`";

const LOOP: &str = "Fn::ForEach";
/// How many loops may stand within each other.
const MOST_NESTED: usize = 5;
/// What all loops together may make, in bytes of memory.
const MOST_MADE: usize = 128 << 20;
/// What a node takes beside its text, about.
const NODE_BYTES: usize = 64;
/// The sections in which a loop can stand.
const SECTIONS: [(&str, Position); 3] = [
    ("Conditions", Position::Section),
    ("Resources", Position::Resources),
    ("Outputs", Position::Section),
];

/// Gives the members of a collection, or what is wrong with it.
pub type Resolve<'r> = dyn FnMut(&Node) -> Result<Vec<String>, Vec<Diagnostic>> + 'r;

/// Whether a key begins a loop.
pub(crate) fn is_loop(key: &str) -> bool {
    key.strip_prefix(LOOP).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Whether any loop stands in a document.
pub(super) fn is_repeating(root: &Node) -> bool {
    let sections = SECTIONS.iter().filter_map(|(name, _)| root.get(name));
    let mut found = Vec::new();
    sections.for_each(|section| collect(section, &mut found));
    !found.is_empty()
}

/// The template with its loops written out. What is wrong with them, and with the form of what they
/// make, is among its findings; a loop that is wrong makes nothing.
pub fn expand(template: &Template, resolve: &mut Resolve<'_>) -> Template {
    let mut expansion = Expansion {
        reader: Reader::new(&template.source),
        resolve,
        unresolved: Vec::new(),
        bound: Vec::new(),
        complained: BTreeSet::new(),
        made: 0,
        is_halted: false,
        failed: 0,
    };
    expansion.check_names(&template.root);
    let mut root = template.root.clone();
    if let NodeKind::Map(entries) = &mut root.kind {
        for entry in entries {
            if let Some((name, position)) = SECTIONS.iter().find(|(name, _)| *name == entry.key) {
                let failed = expansion.failed;
                entry.value = expansion.copy(&entry.value, *position);
                if expansion.failed > failed {
                    expansion.reader.incomplete.insert(name);
                }
            }
        }
    }
    let Expansion { reader, unresolved, is_halted, .. } = expansion;
    let mut expanded = match is_halted {
        false => section::read(&template.source, root, &reader.incomplete),
        // What they made until then is no template.
        true => Template {
            loops: Loops::None,
            resources: IndexMap::default(),
            incomplete: SECTIONS.iter().map(|(name, _)| *name).collect(),
            ..template.clone()
        },
    };
    let mut findings = template.findings.clone();
    findings.extend(unresolved);
    findings.extend(reader.into_findings());
    findings.append(&mut expanded.findings);
    sort(&mut findings);
    findings.dedup_by(|later, first| is_of_same_text(later, first));
    Template { findings, ..expanded }
}

/// Whether two findings say the same of one text, which a loop has made into several things.
fn is_of_same_text(one: &Diagnostic, other: &Diagnostic) -> bool {
    let words = |finding: &Diagnostic| {
        let parts = finding.message.split('`').step_by(2).map(str::to_owned);
        parts.collect::<Vec<_>>()
    };
    one.place == other.place && one.hints == other.hints && words(one) == words(other)
}

/// Where a node stands, as far as it decides on loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// `Conditions` or `Outputs`.
    Section,
    Resources,
    /// The attributes of a resource.
    Resource,
    Properties,
    Elsewhere,
}

impl Position {
    fn within(self, key: &str) -> Self {
        match (self, key) {
            (Self::Resources, _) => Self::Resource,
            (Self::Resource, "Properties") | (Self::Properties, _) => Self::Properties,
            _ => Self::Elsewhere,
        }
    }

    fn takes_loops(self) -> bool {
        matches!(self, Self::Section | Self::Resources | Self::Properties)
    }
}

struct Expansion<'a, 'r> {
    reader: Reader<'a>,
    resolve: &'a mut Resolve<'r>,
    /// What the resolver complained of.
    unresolved: Vec<Diagnostic>,
    /// The identifiers of the loops around, and what each stands for now.
    bound: Vec<(String, String)>,
    /// The keys that were complained of: once is enough for all members of a collection.
    complained: BTreeSet<Span>,
    made: usize,
    is_halted: bool,
    /// How many loops could not be written out.
    failed: usize,
}

/// The entries of a map being put together.
#[derive(Default)]
struct Collected {
    entries: Vec<Entry>,
    keys: HashMap<String, Span>,
    /// Whether a loop among them could not be written out.
    is_broken: bool,
}

impl Expansion<'_, '_> {
    /// A loop's name is there for people, and unique among loops and resources.
    fn check_names(&mut self, root: &Node) {
        let mut loops = Vec::new();
        for (name, _) in SECTIONS {
            root.get(name).into_iter().for_each(|section| collect(section, &mut loops));
        }
        let resources: HashSet<&str> = root
            .get("Resources")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .map(|entry| entry.key.as_str())
            .collect();
        let mut seen = HashSet::new();
        for entry in loops {
            let name = entry.key.strip_prefix(LOOP).and_then(|rest| rest.strip_prefix("::"));
            let Some(name) = name.filter(|name| is_plain(name)) else {
                self.reader.error_hint(
                    entry.key_span,
                    format!("`{}` names no loop", entry.key),
                    "a loop has a name of letters and digits: `Fn::ForEach::Name`".to_owned(),
                );
                continue;
            };
            if !seen.insert(name) {
                let message = format!("there are two loops `{name}`");
                let hint = "a loop's name is unique in its template".to_owned();
                self.reader.error_hint(entry.key_span, message, hint);
            }
            if resources.contains(name) {
                let message = format!("the loop `{name}` is called as a resource is");
                self.reader.error_hint(entry.key_span, message, "rename the loop".to_owned());
            }
        }
    }

    fn copy(&mut self, node: &Node, position: Position) -> Node {
        self.charge(0, node.span);
        let kind = match &node.kind {
            NodeKind::String(text) => {
                let filled = self.fill(text);
                self.charge(filled.len(), node.span);
                NodeKind::String(filled)
            }
            NodeKind::List(items) => {
                NodeKind::List(items.iter().map(|item| self.copy(item, position)).collect())
            }
            NodeKind::Map(entries) => match self.referred(node) {
                Some(text) => NodeKind::String(text),
                None => {
                    let mut collected = Collected::default();
                    self.entries(entries, position, &mut collected);
                    match collected.is_broken && position == Position::Properties {
                        true => NodeKind::Broken,
                        false => NodeKind::Map(collected.entries),
                    }
                }
            },
            other => other.clone(),
        };
        Node { kind, span: node.span }
    }

    /// What `Ref` of an identifier stands for.
    fn referred(&self, node: &Node) -> Option<String> {
        let entry = node.single().filter(|entry| entry.key == "Ref")?;
        self.value_of(entry.value.text()?).map(str::to_owned)
    }

    fn value_of(&self, identifier: &str) -> Option<&str> {
        let bound = self.bound.iter().rev().find(|(name, _)| name == identifier);
        bound.map(|(_, value)| value.as_str())
    }

    fn entries(&mut self, entries: &[Entry], position: Position, into: &mut Collected) {
        for entry in entries {
            if self.is_halted {
                return;
            }
            if position.takes_loops() && is_loop(&entry.key) {
                self.repeat(entry, position, into);
                continue;
            }
            let key = self.fill(&entry.key);
            if !self.is_taken(entry, &key, position, into) {
                into.keys.insert(key.clone(), entry.key_span);
                let value = self.copy(&entry.value, position.within(&entry.key));
                into.entries.push(Entry { key, key_span: entry.key_span, value });
            }
        }
    }

    /// Complains of a key that cannot stand where it would.
    fn is_taken(&mut self, entry: &Entry, key: &str, position: Position, into: &Collected) -> bool {
        if let Some(first) = into.keys.get(key) {
            let (line, column) = self.reader.place(*first).line_column();
            let message = format!("`{key}` would be there twice");
            let hint = format!("the first is at line {line}, column {column}");
            self.failed += 1;
            self.complain(entry, message, hint);
            return true;
        }
        let is_name = matches!(position, Position::Section | Position::Resources);
        if is_name && key != entry.key && !is_plain(key) {
            let message = format!("`{}` would become `{key}`, which cannot be a name", entry.key);
            let hint = "`&{…}` instead of `${…}` leaves out all but letters and digits".to_owned();
            self.failed += 1;
            self.complain(entry, message, hint);
            return true;
        }
        false
    }

    fn complain(&mut self, entry: &Entry, message: String, hint: String) {
        if self.complained.insert(entry.key_span) {
            self.reader.error_hint(entry.key_span, message, hint);
        }
    }

    fn repeat(&mut self, entry: &Entry, position: Position, into: &mut Collected) {
        let Some((name, members, fragment)) = self.parts(entry) else {
            into.is_broken = true;
            self.failed += usize::from(position != Position::Properties);
            return;
        };
        for member in members {
            self.charge(member.len(), fragment.span);
            self.bound.push((name.clone(), member));
            self.entries(fragment.entries(), position, into);
            self.bound.pop();
            if self.is_halted {
                return;
            }
        }
    }

    /// The identifier of a loop, what it stands for in turn, and what is repeated.
    fn parts<'n>(&mut self, entry: &'n Entry) -> Option<(String, Vec<String>, &'n Node)> {
        let [identifier, collection, fragment] = entry.value.items() else {
            if !entry.value.is_broken() {
                let message =
                    format!("`{LOOP}` takes an identifier, a collection and what to repeat");
                self.reader.error(entry.value.span, message);
            }
            return None;
        };
        if self.bound.len() == MOST_NESTED {
            let message = format!("loops stand within each other {MOST_NESTED} deep at most");
            self.reader.error(entry.key_span, message);
            return None;
        }
        let name = self.identifier(identifier)?;
        if !self.is_repeatable(&name, fragment) {
            return None;
        }
        Some((name, self.members(collection)?, fragment))
    }

    fn identifier(&mut self, node: &Node) -> Option<String> {
        let name = self.reader.name(node, &format!("the identifier of `{LOOP}`"))?.to_owned();
        if !is_plain(&name) {
            let hint = "only ASCII letters and digits are allowed".to_owned();
            self.reader.error_hint(node.span, format!("`{name}` is no identifier"), hint);
            return None;
        }
        if self.value_of(&name).is_some() {
            let message = format!("`{name}` is already the identifier of a loop around this one");
            self.reader.error(node.span, message);
            return None;
        }
        Some(name)
    }

    /// Whether every key of what is repeated differs from one time to the next.
    fn is_repeatable(&mut self, name: &str, fragment: &Node) -> bool {
        let entries = self.reader.entries(fragment, &format!("what `{LOOP}` repeats"));
        let (dollar, ampersand) = (format!("${{{name}}}"), format!("&{{{name}}}"));
        let same = entries
            .iter()
            .filter(|entry| !is_loop(&entry.key))
            .find(|entry| !entry.key.contains(&dollar) && !entry.key.contains(&ampersand));
        if let Some(same) = same {
            let message = format!("`{}` is the same each time", same.key);
            let hint = format!("a key in `{LOOP}` has `{dollar}` or `{ampersand}` in it");
            self.reader.error_hint(same.key_span, message, hint);
        }
        same.is_none() && !entries.is_empty()
    }

    fn members(&mut self, collection: &Node) -> Option<Vec<String>> {
        let collection = self.copy(collection, Position::Elsewhere);
        if let NodeKind::List(items) = &collection.kind {
            let texts: Option<Vec<_>> =
                items.iter().map(|item| item.text().map(str::to_owned)).collect();
            if texts.is_some() {
                return texts;
            }
        }
        match (self.resolve)(&collection) {
            Ok(members) => Some(members),
            Err(findings) => {
                self.unresolved.extend(findings);
                None
            }
        }
    }

    /// A text with the identifiers in it replaced.
    fn fill(&self, text: &str) -> String {
        if self.bound.is_empty() || !text.contains('{') {
            return text.to_owned();
        }
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find(['$', '&']) {
            let (before, from) = rest.split_at(open);
            filled.push_str(before);
            let bound = from[1..].strip_prefix('{').and_then(|inner| {
                let (name, behind) = inner.split_once('}')?;
                Some((self.value_of(name)?, behind))
            });
            match bound {
                Some((value, behind)) if from.starts_with('$') => {
                    filled.push_str(value);
                    rest = behind;
                }
                Some((value, behind)) => {
                    filled.extend(value.chars().filter(char::is_ascii_alphanumeric));
                    rest = behind;
                }
                None => {
                    filled.push_str(&from[..1]);
                    rest = &from[1..];
                }
            }
        }
        filled.push_str(rest);
        filled
    }

    /// Counts what a loop makes.
    fn charge(&mut self, length: usize, span: Span) {
        if self.bound.is_empty() || self.is_halted {
            return;
        }
        self.made += NODE_BYTES + length;
        if self.made > MOST_MADE {
            self.is_halted = true;
            let message = "the loops make this template too large";
            self.failed += 1;
            let hint = format!("all loops together may make about {} MiB", MOST_MADE >> 20);
            self.reader.error_hint(span, message, hint);
        }
    }
}

/// Whether a name is made of letters and digits.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Every loop in a node.
fn collect<'n>(node: &'n Node, into: &mut Vec<&'n Entry>) {
    for entry in node.entries() {
        if is_loop(&entry.key) {
            into.push(entry);
        }
        collect(&entry.value, into);
    }
    for item in node.items() {
        collect(item, into);
    }
}

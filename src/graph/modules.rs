//! What the modules of a template stand for: their resources beside the others, and the references
//! to them by the ids they then have.
//!
//! The rules are CloudFormation's: a resource of a module is called by the module's logical id and
//! its own, with a dot between them or without. What a construct offers beside its resources,
//! `!GetAtt Module.InvokeUrl`, is Cairn's.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/module-ref-resources.html>

use std::sync::Arc;

use crate::ordered::IndexMap;

use super::check;
use super::substitute::{Piece, pieces};
use crate::construct::module::{self, Expansion};
use crate::diagnostic::{Diagnostic, Source, Span, nearest};
use crate::template::{self, Entry, Node, NodeKind, Template};

/// What may stand beside the properties of a module; each of its resources gets it.
const ATTRIBUTES: &[&str] = &["Condition", "DeletionPolicy", "DependsOn", "UpdateReplacePolicy"];

/// The template with every module written out; one without stays as it is. What is wrong with the
/// modules and with the references to them is among its findings; such a module stays as it is.
pub fn expand(template: Arc<Template>) -> Arc<Template> {
    if !template.resources.values().any(|resource| is_module(&resource.type_name)) {
        return template;
    }
    let mut writing =
        Writing { source: &template.source, modules: IndexMap::default(), errors: Vec::new() };
    let mut root = template.root.clone();
    writing.write(&template, &mut root);
    writing.refer(&mut root);
    let errors = writing.errors;
    let mut written = template::parse_root(&template.source, root, &template.incomplete);
    let mut findings = template.findings.clone();
    findings.extend(errors);
    findings.append(&mut written.findings);
    check::sort(&mut findings);
    Arc::new(Template { findings, ..written })
}

/// Whether any resource is a module, those in loops included.
pub fn has_modules(template: &Template) -> bool {
    fn names_one(node: &Node) -> bool {
        let is_type =
            |entry: &Entry| entry.key == "Type" && entry.value.text().is_some_and(is_module);
        node.entries().iter().any(|entry| is_type(entry) || names_one(&entry.value))
            || node.items().iter().any(names_one)
    }
    template.root.get("Resources").is_some_and(names_one)
}

/// Whether a type is a module of Cairn's: what is in others' modules is not known here.
pub fn is_module(type_name: &str) -> bool {
    type_name.starts_with(module::PREFIX) && type_name.ends_with(module::SUFFIX)
}

struct Writing<'a> {
    source: &'a Arc<Source>,
    /// By logical id.
    modules: IndexMap<String, Made>,
    errors: Vec<Diagnostic>,
}

/// What a module was written out to: nothing, where that went wrong.
#[derive(Default)]
struct Made {
    /// What `Fn::GetAtt` of the module itself gives.
    attributes: IndexMap<String, Node>,
    /// The logical ids of its resources.
    resources: Vec<String>,
}

impl Made {
    fn has(&self, id: &str) -> bool {
        self.resources.iter().any(|own| own == id)
    }
}

impl Writing<'_> {
    /// Puts what the modules stand for into the sections.
    fn write(&mut self, template: &Template, root: &mut Node) {
        let mut written = Vec::new();
        let mut beside: IndexMap<&'static str, Vec<Entry>> = IndexMap::default();
        for entry in root.get("Resources").map(Node::entries).unwrap_or_default() {
            let declared = template.resources.get(entry.key.as_str());
            let Some(declared) = declared.filter(|one| is_module(&one.type_name)) else {
                written.push(entry.clone());
                continue;
            };
            let type_name = (declared.type_name.as_str(), declared.type_span);
            let properties = declared.properties.entries();
            match module::expand(self.source, entry, type_name, properties) {
                Ok(Expansion { sections, attributes }) => {
                    let mut made = Made { attributes, resources: Vec::new() };
                    for (section, mut entries) in sections {
                        if section == "Resources" {
                            self.share(entry, &mut entries);
                            made.resources.extend(entries.iter().map(|one| one.key.clone()));
                            written.append(&mut entries);
                        } else {
                            beside.entry(section).or_default().append(&mut entries);
                        }
                    }
                    self.modules.insert(entry.key.clone(), made);
                }
                Err(errors) => {
                    // Nothing is said of references into what could not be made.
                    self.modules.insert(entry.key.clone(), Made::default());
                    self.errors.extend(errors);
                    written.push(entry.clone());
                }
            }
        }
        self.check_unique(&written);
        put(root, "Resources", written);
        for (section, entries) in beside {
            let mut all = root.get(section).map(Node::entries).unwrap_or_default().to_vec();
            all.extend(entries);
            put(root, section, all);
        }
    }

    /// Gives the resources of a module what stands beside its properties.
    fn share(&mut self, module: &Entry, resources: &mut [Entry]) {
        for attribute in module.value.entries() {
            let key = attribute.key.as_str();
            if matches!(key, "Type" | "Properties" | "Metadata") {
                continue;
            }
            if !ATTRIBUTES.contains(&key) {
                let message = format!("a module has no `{key}`");
                let finding = Diagnostic::error(message).at(self.source, attribute.key_span);
                self.errors.push(finding.hint(format!("it may have {}", ATTRIBUTES.join(", "))));
                continue;
            }
            for resource in &mut *resources {
                let NodeKind::Map(own) = &mut resource.value.kind else { continue };
                match own.iter_mut().find(|entry| entry.key == key) {
                    Some(entry) if key == "DependsOn" => {
                        entry.value.kind = NodeKind::List(
                            [listed(&entry.value), listed(&attribute.value)].concat(),
                        );
                    }
                    Some(entry) => entry.value = attribute.value.clone(),
                    None => own.push(attribute.clone()),
                }
            }
        }
    }

    fn check_unique(&mut self, written: &[Entry]) {
        let mut seen: IndexMap<&str, Span> = IndexMap::default();
        for entry in written {
            if let Some(first) = seen.insert(&entry.key, entry.key_span) {
                let message = format!("there are two resources `{}`", entry.key);
                let finding = Diagnostic::error(message).at(self.source, entry.key_span.max(first));
                self.errors.push(finding.hint("one is a module's: rename either of them"));
            }
        }
    }

    /// Turns references into modules to references to what they stand for.
    fn refer(&mut self, node: &mut Node) {
        match &mut node.kind {
            NodeKind::List(items) => items.iter_mut().for_each(|item| self.refer(item)),
            NodeKind::Map(entries) => {
                for entry in entries.iter_mut() {
                    match entry.key.as_str() {
                        "Ref" => self.refer_by_name(&mut entry.value),
                        "DependsOn" => self.depend(&mut entry.value),
                        "Fn::Sub" => self.substitute(&mut entry.value),
                        _ => self.refer(&mut entry.value),
                    }
                }
                let replacement = match entries.as_mut_slice() {
                    [call] if call.key == "Fn::GetAtt" => self.attribute(&mut call.value),
                    _ => None,
                };
                if let Some(replacement) = replacement {
                    *node = replacement;
                }
            }
            _ => {}
        }
    }

    fn refer_by_name(&mut self, argument: &mut Node) {
        let NodeKind::String(name) = &argument.kind else { return };
        let complaints = self.errors.len();
        match self.resource(name, argument.span) {
            Some(resource) => argument.kind = NodeKind::String(resource),
            None if self.errors.len() > complaints => argument.kind = NodeKind::Broken,
            None => {}
        }
    }

    /// The logical id of a resource that is named through its module.
    fn resource(&mut self, name: &str, span: Span) -> Option<String> {
        if let Some(made) = self.modules.get(name) {
            let example = made.resources.first();
            let hint = example.map(|id| format!("such as `{name}.{}`", &id[name.len()..]));
            let message = format!("`{name}` is a module: name one of its resources");
            self.errors.push(Diagnostic::error(message).at(self.source, span).hint_if(hint));
            return None;
        }
        let (module, own) = name.split_once('.')?;
        let id = format!("{module}{own}");
        if self.modules.get(module)?.has(&id) {
            return Some(id);
        }
        self.no_such(module, own, span);
        None
    }

    /// Whether a name is of something in a module that could not be made.
    fn is_unmade(&self, name: &str) -> bool {
        let module = name.split_once('.').and_then(|(module, _)| self.modules.get(module));
        module.is_some_and(|made| made.resources.is_empty())
    }

    fn no_such(&mut self, module: &str, own: &str, span: Span) {
        let Made { attributes, resources } = &self.modules[module];
        if resources.is_empty() {
            return;
        }
        let resources = resources.iter().filter_map(|id| id.strip_prefix(module));
        let known = resources.chain(attributes.keys().map(String::as_str));
        let near = nearest(own, known).map(|near| format!("did you mean `{module}.{near}`?"));
        let message = format!("the module `{module}` has no resource `{own}`");
        self.errors.push(Diagnostic::error(message).at(self.source, span).hint_if(near));
    }

    /// The names of a resource and its attribute; a node, where the module itself gives it.
    fn attribute(&mut self, argument: &mut Node) -> Option<Node> {
        let parts: Option<Vec<&str>> = match &argument.kind {
            NodeKind::String(text) => Some(vec![text]),
            NodeKind::List(items) => items.iter().map(Node::text).collect(),
            _ => None,
        };
        let text = parts?.join(".");
        let complaints = self.errors.len();
        match self.named(&text, argument.span) {
            Some(Named::Attribute(node)) => return Some(node),
            Some(Named::Resource { id, attribute }) => {
                let span = argument.span;
                let part = |text| Node { kind: NodeKind::String(text), span };
                argument.kind = NodeKind::List(vec![part(id), part(attribute)]);
            }
            None if self.errors.len() > complaints => argument.kind = NodeKind::Broken,
            None => {}
        }
        None
    }

    /// What `Module.Resource.Attribute` or `Module.Attribute` names.
    fn named(&mut self, text: &str, span: Span) -> Option<Named> {
        let (module, rest) = text.split_once('.')?;
        let made = self.modules.get(module)?;
        if let Some(node) = made.attributes.get(rest) {
            return Some(Named::Attribute(node.clone()));
        }
        match rest.split_once('.') {
            Some((own, attribute)) if made.has(&format!("{module}{own}")) => {
                let id = format!("{module}{own}");
                Some(Named::Resource { id, attribute: attribute.to_owned() })
            }
            _ => {
                let own = rest.split('.').next().unwrap_or_default().to_owned();
                self.no_such(module, &own, span);
                None
            }
        }
    }

    fn depend(&mut self, node: &mut Node) {
        let mut names = Vec::new();
        for name in listed(node) {
            let text = name.text().unwrap_or_default().to_owned();
            let named = |id: String| Node { kind: NodeKind::String(id), span: name.span };
            if let Some(made) = self.modules.get(&text) {
                names.extend(made.resources.iter().cloned().map(named));
            } else {
                let complaints = self.errors.len();
                match self.resource(&text, name.span) {
                    Some(id) => names.push(named(id)),
                    None if self.errors.len() > complaints || self.is_unmade(&text) => {}
                    None => names.push(name),
                }
            }
        }
        node.kind = NodeKind::List(names);
    }

    fn substitute(&mut self, argument: &mut Node) {
        let span = argument.span;
        let (text, mut own) = match &mut argument.kind {
            NodeKind::String(text) => (text.clone(), Vec::new()),
            NodeKind::List(items) => match items.as_mut_slice() {
                [Node { kind: NodeKind::String(text), .. }, variables] => {
                    self.refer(variables);
                    (text.clone(), variables.entries().to_vec())
                }
                _ => return,
            },
            _ => return,
        };
        let mut written = String::with_capacity(text.len());
        for piece in pieces(&text) {
            match piece {
                Piece::Text(text) => written.push_str(text),
                Piece::Literal(text) => written.push_str(&format!("${{!{text}}}")),
                Piece::Variable { name, .. } if own.iter().any(|entry| entry.key == name) => {
                    written.push_str(&format!("${{{name}}}"));
                }
                Piece::Variable { name, .. } => {
                    let name = self.variable(name, span, &mut own);
                    written.push_str(&format!("${{{name}}}"));
                }
            }
        }
        let text = Node { kind: NodeKind::String(written), span };
        *argument = match own.is_empty() {
            true => text,
            false => {
                let variables = Node { kind: NodeKind::Map(own), span };
                Node { kind: NodeKind::List(vec![text, variables]), span }
            }
        };
    }

    /// The name of a variable when the modules are written out.
    fn variable(&mut self, name: &str, span: Span, own: &mut Vec<Entry>) -> String {
        let Some((module, rest)) = name.split_once('.') else { return name.to_owned() };
        match self.modules.get(module) {
            None => return name.to_owned(),
            Some(made) if made.has(&format!("{module}{rest}")) => return format!("{module}{rest}"),
            Some(_) => {}
        }
        let complaints = self.errors.len();
        let value = match self.named(name, span) {
            Some(Named::Resource { id, attribute }) => return format!("{id}.{attribute}"),
            Some(Named::Attribute(value)) => value,
            None if self.errors.len() > complaints => Node { kind: NodeKind::Broken, span },
            None => return name.to_owned(),
        };
        let key: String = format!("{module}{rest}").split('.').collect();
        own.push(Entry { key: key.clone(), key_span: span, value });
        key
    }
}

enum Named {
    /// What the module itself gives.
    Attribute(Node),
    Resource {
        id: String,
        attribute: String,
    },
}

/// One name or a list of them.
fn listed(node: &Node) -> Vec<Node> {
    match &node.kind {
        NodeKind::List(items) => items.clone(),
        _ => vec![node.clone()],
    }
}

fn put(root: &mut Node, section: &str, entries: Vec<Entry>) {
    let span = root.span;
    let NodeKind::Map(sections) = &mut root.kind else { return };
    match sections.iter_mut().find(|entry| entry.key == section) {
        Some(entry) => entry.value.kind = NodeKind::Map(entries),
        None => sections.push(Entry {
            key: section.to_owned(),
            key_span: span,
            value: Node { kind: NodeKind::Map(entries), span },
        }),
    }
}

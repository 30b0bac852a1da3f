//! The sections of a template, told apart and checked for their form.
//!
//! Everything that is wrong with the form is reported together. What names refer to is not looked
//! at here: that is evaluation's part.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::ordered::IndexMap;

use super::load::{self, Loaded};
use super::read::{Fields, Keys, Reader, listed};
use super::{Language, Loops, Node, NodeKind, Template, output, parameter, repeat, resource};
use crate::diagnostic::{Diagnostic, Source, nearest};

const KEYS: Keys = Keys { known: SECTIONS, required: &["Resources"] };

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Hooks",
    "Resources",
    "Outputs",
];

/// The only one there has ever been.
const FORMAT_VERSION: &str = "2010-09-09";

/// The only transform that is made here.
const EXTENSIONS: &str = "AWS::LanguageExtensions";

const CONDITION_FUNCTIONS: &[&str] = &["Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition"];

/// Reads a template that is right in its form.
///
/// # Errors
///
/// Everything that is wrong with its form.
pub fn parse(source: &Arc<Source>) -> Result<Template, Vec<Diagnostic>> {
    draft(source)?.sound()
}

/// Reads a template as far as it can be understood: what is wrong with its form is among its
/// findings, and hides nothing else that is wrong with it.
///
/// # Errors
///
/// What keeps it from being understood at all.
pub fn draft(source: &Arc<Source>) -> Result<Template, Vec<Diagnostic>> {
    let Loaded { mut root, findings } = load::read(source)?;
    let mut reader = Reader::new(source);
    findings.into_iter().for_each(|finding| reader.note(finding));
    if root.kind == NodeKind::Null {
        let error = Diagnostic::error(format!("`{}` is empty", source.name));
        return Err(vec![error.hint("a template has at least a `Resources` section")]);
    }
    if let Some(node) = root.get("Transform")
        && transforms(node).iter().any(is_foreign)
    {
        // Nobody knows what the template is after it.
        transform(&mut reader, node);
        return Err(reader.into_findings());
    }
    respell(&mut reader, &mut root);
    Ok(read_with(reader, source, root))
}

/// Tells the sections of a document apart, of which some are known to declare more than they say.
pub(crate) fn read(
    source: &Arc<Source>,
    root: Node,
    incomplete: &BTreeSet<&'static str>,
) -> Template {
    let mut reader = Reader::new(source);
    reader.incomplete.extend(incomplete);
    read_with(reader, source, root)
}

fn read_with(reader: Reader<'_>, source: &Arc<Source>, root: Node) -> Template {
    let language = language(root.get("Transform"));
    let mut reader = reader.speaking(language);
    let top = root.entries().first().map_or(root.span, |entry| entry.key_span);
    let sections = reader.fields(&root, top, "the template", KEYS);
    header(&mut reader, &sections);
    if sections.get("Resources").is_none() {
        reader.incomplete.insert("Resources");
    }
    let parameters = sections.get("Parameters").map(|node| parameter::read_all(&mut reader, node));
    let resources = sections.get("Resources").map(|node| resource::read_all(&mut reader, node));
    let outputs = sections.get("Outputs").map(|node| output::read_all(&mut reader, node));
    let mappings = sections.get("Mappings").map(|node| mappings(&mut reader, node));
    let conditions = sections.get("Conditions").map(|node| conditions(&mut reader, node));
    let rules = sections.get("Rules").map(|node| rules(&mut reader, node));
    let (parameters, resources) = (parameters.unwrap_or_default(), resources.unwrap_or_default());
    for resource in resources.values().filter(|one| parameters.contains_key(one.id.as_str())) {
        reader.error_hint(
            resource.id_span,
            format!("`{}` is also the name of a parameter", resource.id),
            "`Ref` could mean either: rename one of them".to_owned(),
        );
    }
    Template {
        source: Arc::clone(source),
        language,
        loops: loops(language, &root),
        parameters,
        mappings: mappings.unwrap_or_default(),
        conditions: conditions.unwrap_or_default(),
        resources,
        outputs: outputs.unwrap_or_default(),
        rules: rules.unwrap_or_default(),
        incomplete: reader.incomplete.clone(),
        findings: reader.into_findings(),
        root,
    }
}

/// Gives misspelt sections the names that are meant, so that what is in them is looked at.
fn respell(reader: &mut Reader<'_>, root: &mut Node) {
    let NodeKind::Map(entries) = &mut root.kind else { return };
    let mut there: Vec<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    for entry in entries.iter_mut().filter(|entry| !SECTIONS.contains(&entry.key.as_str())) {
        let near = nearest(&entry.key, SECTIONS.iter().copied());
        let Some(meant) = near.filter(|near| !there.iter().any(|key| key == near)) else {
            continue;
        };
        let message = format!("unknown key `{}` in the template", entry.key);
        reader.error_hint(entry.key_span, message, format!("did you mean `{meant}`?"));
        meant.clone_into(&mut entry.key);
        there.push(meant.to_owned());
    }
}

/// The sections that only say something about the template.
fn header(reader: &mut Reader<'_>, sections: &Fields<'_>) {
    if let Some(version) = sections.get("AWSTemplateFormatVersion")
        && version.text() != Some(FORMAT_VERSION)
    {
        reader.expected(version, "`AWSTemplateFormatVersion`", &format!("`{FORMAT_VERSION}`"));
    }
    if let Some(description) = sections.get("Description") {
        reader.text(description, "`Description`");
    }
    if let Some(metadata) = sections.get("Metadata") {
        reader.entries(metadata, "`Metadata`");
    }
    if let Some(hooks) = sections.entry("Hooks") {
        let hint = "they belong to CodeDeploy, which only CloudFormation drives";
        reader.warning(hooks.key_span, "`Hooks` have no effect", hint);
    }
    if let Some(node) = sections.get("Transform") {
        transform(reader, node);
    }
}

fn transforms(node: &Node) -> &[Node] {
    if let NodeKind::List(items) = &node.kind { items } else { std::slice::from_ref(node) }
}

fn loops(language: Language, root: &Node) -> Loops {
    match language == Language::Extended && repeat::is_repeating(root) {
        true => Loops::Written,
        false => Loops::None,
    }
}

/// Whether a transform is none that is made here, nor meant to be.
fn is_foreign(name: &Node) -> bool {
    match &name.kind {
        NodeKind::String(text) => !is_extensions(text),
        NodeKind::Map(_) => true,
        _ => false,
    }
}

fn is_extensions(name: &str) -> bool {
    nearest(name, [EXTENSIONS]).is_some()
}

/// A misspelt one is complained of, and taken for what is meant.
fn language(transform: Option<&Node>) -> Language {
    let mut names = transform.map(transforms).unwrap_or_default().iter();
    match names.any(|name| name.text().is_some_and(is_extensions)) {
        true => Language::Extended,
        false => Language::Plain,
    }
}

fn transform(reader: &mut Reader<'_>, node: &Node) {
    for node in transforms(node).iter().filter(|node| node.text() != Some(EXTENSIONS)) {
        let message = match &node.kind {
            NodeKind::String(name) => format!("the transform `{name}` is not supported yet"),
            NodeKind::Map(_) => "transforms are not supported yet".to_owned(),
            _ => {
                reader.expected(node, "`Transform`", "the name of a transform");
                continue;
            }
        };
        let near = node.text().and_then(|name| nearest(name, [EXTENSIONS]));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "give the template as it is after the transform, without it".to_owned(),
        };
        reader.error_hint(node.span, message, hint);
    }
}

/// Two levels of maps over strings and lists of strings.
fn mappings(reader: &mut Reader<'_>, node: &Node) -> IndexMap<String, Node> {
    let mut mappings = IndexMap::default();
    for mapping in reader.declarations(node, "Mappings") {
        if reader.stands_for_others(mapping, "Mappings") {
            continue;
        }
        reader.check_name(mapping, "a mapping");
        let what = format!("the mapping `{}`", mapping.key);
        for top in reader.entries(&mapping.value, &what) {
            for second in reader.entries(&top.value, &format!("`{}` of {what}", top.key)) {
                mapped(reader, &second.value, &format!("`{}.{}` of {what}", top.key, second.key));
            }
        }
        mappings.insert(mapping.key.clone(), mapping.value.clone());
    }
    mappings
}

fn mapped(reader: &mut Reader<'_>, value: &Node, what: &str) {
    let one = std::slice::from_ref(value);
    let scalars = if let NodeKind::List(items) = &value.kind { items } else { one };
    if let Some(wrong) = scalars.iter().find(|scalar| scalar.text().is_none()) {
        reader.expected(wrong, what, "a string or a list of strings");
    }
}

fn conditions(reader: &mut Reader<'_>, node: &Node) -> IndexMap<String, Node> {
    let mut conditions = IndexMap::default();
    for entry in reader.declarations(node, "Conditions") {
        // AWS's own templates have dashes and ampersands in these names.
        if reader.stands_for_others(entry, "Conditions") {
            continue;
        }
        let mut condition = entry.value.clone();
        match condition.single() {
            Some(function) if CONDITION_FUNCTIONS.contains(&function.key.as_str()) => {
                conditions.insert(entry.key.clone(), condition);
                continue;
            }
            Some(function) => reader.error_hint(
                function.key_span,
                format!("`{}` does not give a condition", function.key),
                format!("a condition is one of {}", listed(CONDITION_FUNCTIONS)),
            ),
            None => {
                let what = format!("the condition `{}`", entry.key);
                reader.expected(&entry.value, &what, "a condition function");
            }
        }
        condition.kind = NodeKind::Broken;
        conditions.insert(entry.key.clone(), condition);
    }
    conditions
}

fn rules(reader: &mut Reader<'_>, node: &Node) -> IndexMap<String, Node> {
    let mut rules = IndexMap::default();
    for entry in reader.entries(node, "`Rules`") {
        reader.entries(&entry.value, &format!("the rule `{}`", entry.key));
        rules.insert(entry.key.clone(), entry.value.clone());
    }
    rules
}

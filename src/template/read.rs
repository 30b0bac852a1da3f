//! Reading nodes as what they should be, collecting what is wrong instead of stopping at it.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use super::{Entry, Language, Node, NodeKind, repeat};
use crate::diagnostic::{Diagnostic, Place, Severity, Source, Span, nearest, sort};
use crate::value::Literal;

/// How many errors, and how many warnings, one file is worth: more would only hide the first.
pub(crate) const MOST_FINDINGS: usize = 100;

/// Reads one source.
pub(crate) struct Reader<'a> {
    source: &'a Arc<Source>,
    language: Language,
    findings: Vec<Diagnostic>,
    dropped: BTreeMap<Severity, usize>,
    /// The sections that declare more than could be read.
    pub incomplete: BTreeSet<&'static str>,
}

/// A map whose keys are known beforehand.
pub(crate) struct Fields<'n> {
    entries: &'n [Entry],
    what: String,
    /// What stands under misspelt keys, by those that are meant.
    meant: Vec<(&'static str, &'n Entry)>,
}

/// The keys that a map may have, and those it must have.
#[derive(Clone, Copy)]
pub(crate) struct Keys {
    pub known: &'static [&'static str],
    pub required: &'static [&'static str],
}

impl<'n> Fields<'n> {
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub fn entry(&self, key: &str) -> Option<&'n Entry> {
        let meant = || self.meant.iter().find(|(name, _)| *name == key).map(|(_, entry)| *entry);
        self.entries.iter().find(|entry| entry.key == key).or_else(meant)
    }

    /// How messages call one of the values.
    pub fn name(&self, key: &str) -> String {
        format!("`{key}` of {}", self.what)
    }

    pub fn text(&self, key: &str, reader: &mut Reader<'_>) -> Option<&'n str> {
        self.get(key).and_then(|node| reader.text(node, &self.name(key)))
    }

    /// Text with its place.
    pub fn spanned(&self, key: &str, reader: &mut Reader<'_>) -> Option<(String, Span)> {
        let node = self.get(key)?;
        let text = reader.name(node, &self.name(key))?;
        Some((text.to_owned(), node.span))
    }

    pub fn number<T: FromStr>(&self, key: &str, kind: &str, reader: &mut Reader<'_>) -> Option<T> {
        self.get(key).and_then(|node| reader.number(node, &self.name(key), kind))
    }
}

impl<'a> Reader<'a> {
    pub fn new(source: &'a Arc<Source>) -> Self {
        Self {
            source,
            language: Language::Plain,
            findings: Vec::new(),
            dropped: BTreeMap::new(),
            incomplete: BTreeSet::new(),
        }
    }

    /// The same reading of a template in a language.
    pub fn speaking(self, language: Language) -> Self {
        Self { language, ..self }
    }

    pub fn language(&self) -> Language {
        self.language
    }

    pub fn place(&self, span: Span) -> Place {
        Place { source: Arc::clone(self.source), span }
    }

    /// Notes an error.
    pub fn error(&mut self, span: Span, message: impl Into<String>) {
        self.note(Diagnostic::error(message).at(self.source, span));
    }

    /// Notes an error with what to do about it.
    pub fn error_hint(
        &mut self,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.note(Diagnostic::error(message).at(self.source, span).hint_if(hint.into()));
    }

    pub fn warning(&mut self, span: Span, message: impl Into<String>, hint: &str) {
        self.note(Diagnostic::warning(message).at(self.source, span).hint(hint));
    }

    pub fn note(&mut self, finding: Diagnostic) {
        let alike = self.findings.iter().filter(|other| other.severity == finding.severity);
        if alike.count() < MOST_FINDINGS {
            self.findings.push(finding);
        } else {
            *self.dropped.entry(finding.severity).or_default() += 1;
        }
    }

    /// The warnings if there is nothing worse; otherwise everything. Both in the order of the file.
    pub fn finish(self) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let findings = self.into_findings();
        match findings.iter().any(|finding| finding.severity == Severity::Error) {
            true => Err(findings),
            false => Ok(findings),
        }
    }

    /// Everything, in the order of the file, each once.
    pub fn into_findings(mut self) -> Vec<Diagnostic> {
        sort(&mut self.findings);
        for (severity, count) in self.dropped {
            let name = &self.source.name;
            self.findings.push(match severity {
                Severity::Error => Diagnostic::error(format!("{count} more errors in `{name}`")),
                Severity::Warning => {
                    Diagnostic::warning(format!("{count} more warnings in `{name}`"))
                }
            });
        }
        self.findings
    }

    /// The entries of a map; nothing, with an error noted, of anything else.
    pub fn entries<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Entry] {
        if matches!(node.kind, NodeKind::Map(_)) {
            return node.entries();
        }
        self.expected(node, what, "a map");
        &[]
    }

    /// The text of a scalar.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let text = node.text();
        if text.is_none() {
            self.expected(node, what, "a string");
        }
        text
    }

    /// A text that says something.
    pub fn name<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let text = self.text(node, what)?;
        if text.trim().is_empty() {
            self.error(node.span, format!("{what} is empty"));
            return None;
        }
        Some(text)
    }

    /// A scalar that reads as a number.
    pub fn number<T: FromStr>(&mut self, node: &Node, what: &str, kind: &str) -> Option<T> {
        let number = node.text().and_then(|text| text.trim().parse().ok());
        if number.is_none() {
            self.expected(node, what, kind);
        }
        number
    }

    pub fn flag(&mut self, node: &Node, what: &str) -> Option<bool> {
        match &node.kind {
            NodeKind::Literal(Literal::Bool { value, .. }) => Some(*value),
            NodeKind::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            NodeKind::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => {
                self.expected(node, what, "`true` or `false`");
                None
            }
        }
    }

    /// Notes that a node is not what it should be.
    pub fn expected(&mut self, node: &Node, what: &str, wanted: &str) {
        if node.is_broken() {
            return;
        }
        let (found, hint) = match (&node.kind, function_of(node)) {
            (_, Some(function)) => {
                (format!("the function `{function}`"), Some("only literal values can stand here"))
            }
            (NodeKind::Null, _) => ("null".to_owned(), Some("give it a value or remove it")),
            (NodeKind::String(text), _) if !text.contains('\n') && text.len() <= 40 => {
                (format!("`{text}`"), None)
            }
            (NodeKind::Literal(literal), _) => (format!("`{}`", literal.text()), None),
            _ => (node.kind_name().to_owned(), None),
        };
        let message = format!("{what} must be {wanted}, not {found}");
        self.error_hint(node.span, message, hint.map(str::to_owned));
    }

    /// Reads a map by its keys. A key that is missing is said at `span`, unless a misspelt one
    /// explains it.
    pub fn fields<'n>(
        &mut self,
        node: &'n Node,
        span: Span,
        what: impl Into<String>,
        keys: Keys,
    ) -> Fields<'n> {
        let mut fields = Fields { what: what.into(), entries: node.entries(), meant: Vec::new() };
        if !matches!(node.kind, NodeKind::Map(_)) {
            self.expected(node, &fields.what, "a map");
            return fields;
        }
        for entry in fields.entries.iter().filter(|one| !keys.known.contains(&one.key.as_str())) {
            let near = nearest(&entry.key, keys.known.iter().copied());
            if let Some(near) = near
                && fields.entry(near).is_none()
            {
                fields.meant.push((near, entry));
            }
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known keys: {}", listed(keys.known)),
            };
            let message = format!("unknown key `{}` in {}", entry.key, fields.what);
            self.error_hint(entry.key_span, message, hint);
        }
        for key in keys.required {
            if fields.get(key).is_none() {
                self.error(span, format!("{} has no `{key}`", fields.what));
            }
        }
        fields
    }

    /// The entries of a section; one that is no map declares nobody knows what.
    pub fn declarations<'n>(&mut self, node: &'n Node, section: &'static str) -> &'n [Entry] {
        if !matches!(node.kind, NodeKind::Map(_)) {
            self.incomplete.insert(section);
        }
        self.entries(node, &format!("`{section}`"))
    }

    /// Whether a key of a section stands for other entries. What a loop stands for is read when it
    /// is written out.
    pub fn stands_for_others(&mut self, entry: &Entry, section: &'static str) -> bool {
        if repeat::is_loop(&entry.key) {
            if self.language == Language::Plain {
                self.incomplete.insert(section);
                let message = "`Fn::ForEach` is none of the functions of this template";
                self.error_hint(entry.key_span, message, repeat::NEEDS_EXTENSIONS.to_owned());
            }
            return true;
        }
        if entry.key == "Fn::Transform" {
            self.incomplete.insert(section);
            let hint = "write out what it stands for".to_owned();
            self.error_hint(entry.key_span, "`Fn::Transform` is not supported yet", hint);
            return true;
        }
        false
    }

    /// Complains of a name that is not made of letters and digits, as those of resources,
    /// parameters, mappings and outputs are.
    pub fn check_name(&mut self, entry: &Entry, what: &str) {
        let name = entry.key.as_str();
        if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return;
        }
        let better: String = name
            .split(|character: char| !character.is_ascii_alphanumeric())
            .flat_map(capitalised)
            .collect();
        let hint = if better.is_empty() {
            "only ASCII letters and digits are allowed".to_owned()
        } else {
            format!("only ASCII letters and digits are allowed, as in `{better}`")
        };
        self.error_hint(entry.key_span, format!("`{name}` cannot name {what}"), hint);
    }
}

/// The function that a node calls, as it is written in full.
pub(crate) fn function_of(node: &Node) -> Option<&str> {
    let key = node.single()?.key.as_str();
    (key == "Ref" || key.starts_with("Fn::")).then_some(key)
}

fn capitalised(word: &str) -> impl Iterator<Item = char> {
    let mut characters = word.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters)
}

/// `` `A`, `B` and `C` ``
pub(crate) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

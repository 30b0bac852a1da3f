//! From text to [`Node`]: YAML and JSON through one parser, so that both have places.
//!
//! The tree is built from the parser's events with a stack of its own, not by recursion, and three
//! things have limits: the size of the text, how deep it nests, and how much its aliases copy.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, hash_map};
use std::sync::Arc;

use yaml_events::{Event, Events, ScalarStyle, StructureStyle, Tag};

use super::read::MOST_FINDINGS;
use super::syntax::{self, Context};
use super::tag::{self, Tagging};
use super::{Entry, Node, NodeKind, scalar};
use crate::diagnostic::{Diagnostic, Place, Severity, Source, Span, sort};

/// The longest text that is read.
const MOST_BYTES: usize = 64 << 20;
/// How many collections may stand within each other.
pub(super) const MOST_NESTED: usize = 200;
/// What all aliases together may copy, in bytes of memory.
const MOST_COPIED: usize = 16 << 20;
/// What a node takes beside its text, about.
const NODE_BYTES: usize = 64;
const FEW_ENTRIES: usize = 8;

/// A document, and what is wrong in it that does not keep the rest from being read.
pub(super) struct Loaded {
    pub root: Node,
    pub findings: Vec<Diagnostic>,
}

/// Reads one document. An empty one is null.
///
/// # Errors
///
/// All that is wrong with its form, up to where it cannot be read any further.
pub fn load(source: &Arc<Source>) -> Result<Node, Vec<Diagnostic>> {
    let (root, mut findings) = match read(source) {
        Ok(Loaded { root, findings }) => (Some(root), findings),
        Err(findings) => (None, findings),
    };
    findings.retain(|finding| finding.severity == Severity::Error);
    root.filter(|_| findings.is_empty()).ok_or(findings)
}

/// Reads one document as far as it can be understood.
pub(super) fn read(source: &Arc<Source>) -> Result<Loaded, Vec<Diagnostic>> {
    if source.text.len() > MOST_BYTES {
        let message = format!(
            "`{}` is too large: {} bytes, and {MOST_BYTES} is the most that is read",
            source.name,
            source.text.len()
        );
        return Err(vec![Diagnostic::error(message)]);
    }
    syntax::check_json(source).map_err(|error| vec![error])?;
    let mut loader = Loader::new(source);
    let end = loader.read();
    let is_read = end.is_ok() && loader.errors <= MOST_FINDINGS;
    let mut findings = loader.findings;
    findings.extend(end.err());
    sort(&mut findings);
    if !is_read {
        return Err(findings);
    }
    let whole = Span { start: 0, end: source.text.len() };
    let root = loader.root.map_or(Node { kind: NodeKind::Null, span: whole }, |built| built.node);
    Ok(Loaded { root, findings })
}

struct Loader<'a> {
    source: &'a Arc<Source>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Built>,
    copied: usize,
    last_scalar: Option<Span>,
    root: Option<Built>,
    /// What is wrong and does not keep the rest from being read.
    findings: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

/// A collection whose end has not come yet.
struct Frame {
    holder: Holder,
    tagging: Tagging,
    anchor: usize,
    style: StructureStyle,
    span: Span,
    weight: usize,
    height: usize,
}

enum Holder {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<(String, Span)> },
}

/// A node with the memory it takes and the collections that stand within each other in it.
#[derive(Clone)]
struct Built {
    node: Node,
    weight: usize,
    height: usize,
}

impl<'a> Loader<'a> {
    fn new(source: &'a Arc<Source>) -> Self {
        Self {
            source,
            frames: Vec::new(),
            anchors: HashMap::new(),
            copied: 0,
            last_scalar: None,
            root: None,
            findings: Vec::new(),
            errors: 0,
            warnings: 0,
        }
    }

    /// Reads to the end, or to where nothing can be understood any more.
    fn read(&mut self) -> Result<(), Diagnostic> {
        for event in Events::of(&self.source.text) {
            let (event, span) =
                event.map_err(|error| syntax::explain(&error, self.source, &self.context()))?;
            if matches!(event, Event::DocumentStart(..)) && self.root.is_some() {
                let hint = "a file is one document: move what follows `---` to a file of its own";
                let error = Diagnostic::error("a second document in one file").hint(hint);
                self.note(error.at(self.source, bytes(&span)));
                break;
            }
            self.accept(event, span)?;
            if self.errors > MOST_FINDINGS {
                break;
            }
        }
        Ok(())
    }

    fn note(&mut self, error: Diagnostic) {
        self.errors += 1;
        self.findings.push(error);
    }

    /// What a syntax error is explained with.
    fn context(&self) -> Context {
        let open = self.frames.iter().rev().find(|frame| frame.style == StructureStyle::Flow);
        Context { last_scalar: self.last_scalar, open_bracket: open.map(|frame| frame.span.start) }
    }

    fn accept(&mut self, event: Event<'_>, at: yaml_events::Span) -> Result<(), Diagnostic> {
        let span = bytes(&at);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let span = trimmed(span, style, self.source);
                self.last_scalar = Some(span);
                if style == ScalarStyle::Plain && tag.is_none() {
                    self.warn_of_number(&text, span);
                }
                if self.wants_key() {
                    return self.key(text, style, span, tag.as_deref());
                }
                let tagging = self.tagging(tag.as_deref(), &at);
                let node = self.scalar(text, style, span, tagging);
                self.finish(node, tagging, anchor, NODE_BYTES, 0)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.open(Holder::List(Vec::new()), style, anchor, tag.as_deref(), &at)
            }
            Event::MappingStart(style, anchor, tag) => {
                let holder = Holder::Map { entries: Vec::new(), key: None };
                self.open(holder, style, anchor, tag.as_deref(), &at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Ok(()),
        }
    }

    fn wants_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { holder: Holder::Map { key: None, .. }, .. }))
    }

    /// CloudFormation's own reader takes some unquoted texts for numbers that nobody sees in them.
    fn warn_of_number(&mut self, text: &str, span: Span) {
        let Some(number) = scalar::number_of_yaml_1_1(text) else { return };
        if self.warnings < MOST_FINDINGS {
            self.warnings += 1;
            let message = format!("CloudFormation reads `{text}` as the number {number}");
            let warning = Diagnostic::warning(message).at(self.source, span);
            let hint = format!("Cairn takes it as it is written; quote it to say so: `\"{text}\"`");
            self.findings.push(warning.hint(hint));
        }
    }

    fn tagging(&mut self, tag: Option<&Tag>, at: &yaml_events::Span) -> Tagging {
        let Some(tag) = tag else { return Tagging::None };
        let span = at.tag_span().map_or_else(|| bytes(at), |span| bytes(&span));
        let (tagging, error) = tag::read(tag, span, self.source);
        error.into_iter().for_each(|error| self.note(error));
        tagging
    }

    fn scalar(&self, text: Cow<'_, str>, style: ScalarStyle, span: Span, tagging: Tagging) -> Node {
        let plain = style == ScalarStyle::Plain;
        // For a scalar that is not there the parser says `~` and some place behind it.
        let absent = plain && span.start == span.end;
        let kind = match tagging {
            Tagging::Unknown => NodeKind::Broken,
            Tagging::None if absent => NodeKind::Null,
            Tagging::None if plain => scalar::plain(&text),
            _ if absent => NodeKind::String(String::new()),
            _ => NodeKind::String(text.into_owned()),
        };
        let span = match (absent, tagging, self.frames.last()) {
            (true, Tagging::Function { span, .. }, _) => Span { start: span.end, end: span.end },
            (true, _, Some(Frame { holder: Holder::Map { key: Some((_, span)), .. }, .. })) => {
                *span
            }
            _ => span,
        };
        Node { kind, span }
    }

    fn key(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        span: Span,
        tag: Option<&Tag>,
    ) -> Result<(), Diagnostic> {
        // `! key` only says that the key is text.
        if tag.is_some_and(|tag| tag.original() != "!") {
            let error = Diagnostic::error("a key cannot have a tag").hint("keys are plain text");
            self.note(error.at(self.source, span));
        }
        if style == ScalarStyle::Plain && span.start == span.end {
            let error = Diagnostic::error("a key is missing before `:`");
            return Err(error.at(self.source, span));
        }
        let is_merge = style == ScalarStyle::Plain && text == "<<";
        if is_merge {
            let error = Diagnostic::error("merge keys are not supported");
            let hint = "CloudFormation refuses `<<` as well: write the keys out";
            self.note(error.at(self.source, span).hint(hint));
        }
        if let Some(frame) = self.frames.last_mut()
            && let Frame { holder: Holder::Map { key, .. }, weight, tagging, .. } = frame
        {
            if is_merge {
                *tagging = Tagging::Unknown;
            }
            *weight += text.len();
            *key = Some((text.into_owned(), span));
        }
        Ok(())
    }

    fn open(
        &mut self,
        holder: Holder,
        style: StructureStyle,
        anchor: usize,
        tag: Option<&Tag>,
        at: &yaml_events::Span,
    ) -> Result<(), Diagnostic> {
        let span = bytes(at);
        if self.wants_key() {
            let error = Diagnostic::error("a key must be text, not a list or a map");
            let hint = "put text that begins with a brace in quotes: `\"{{resolve:ssm:name}}\"`";
            let braces = self.source.text[span.start..].starts_with('{');
            let hint = braces.then(|| hint.to_owned());
            return Err(error.at(self.source, span).hint_if(hint));
        }
        if self.frames.len() == MOST_NESTED {
            return Err(self.nested_too_deep(span));
        }
        let tagging = self.tagging(tag, at);
        let weight = NODE_BYTES;
        self.frames.push(Frame { holder, tagging, anchor, style, span, weight, height: 0 });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Diagnostic> {
        let frame = self.frames.pop().expect("the parser ends only what it began");
        let mut span = frame.span;
        if frame.style == StructureStyle::Flow {
            span.end = end.end;
        }
        let kind = match frame.holder {
            Holder::List(items) => NodeKind::List(items),
            Holder::Map { entries, .. } => {
                let mut entries = self.unique(entries);
                let split = match entries.as_mut_slice() {
                    [Entry { key, value, .. }] if key == tag::GET_ATT => {
                        tag::split_attribute(value, self.source)
                    }
                    _ => Ok(()),
                };
                match split {
                    Ok(()) => NodeKind::Map(entries),
                    Err(error) => self.broken(error),
                }
            }
        };
        self.finish(
            Node { kind, span },
            frame.tagging,
            frame.anchor,
            frame.weight,
            frame.height + 1,
        )
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Diagnostic> {
        if self.wants_key() {
            return Err(Diagnostic::error("an alias cannot be a key").at(self.source, span));
        }
        let Some(target) = self.anchors.get(&anchor) else {
            return Err(Diagnostic::error("this alias stands within what it refers to")
                .at(self.source, span)
                .hint("an alias may only repeat something that ended before it"));
        };
        if self.frames.len() + target.height > MOST_NESTED {
            return Err(self.nested_too_deep(span));
        }
        let weight = target.weight;
        self.charge(weight, span)?;
        let mut built = self.anchors[&anchor].clone();
        built.node.span = span;
        self.attach(built);
        Ok(())
    }

    /// Gives a node the form its tag asks for, remembers it if it has an anchor, and puts it in.
    fn finish(
        &mut self,
        mut node: Node,
        tagging: Tagging,
        anchor: usize,
        weight: usize,
        height: usize,
    ) -> Result<(), Diagnostic> {
        let text = if let NodeKind::String(text) = &node.kind { text.len() } else { 0 };
        if let Tagging::Function { key, span } = tagging {
            let split = match key {
                tag::GET_ATT => tag::split_attribute(&mut node, self.source),
                _ => Ok(()),
            };
            node = tag::long_form(key, span, node);
            if let Err(error) = split {
                node.kind = self.broken(error);
            }
        }
        if tagging == Tagging::Unknown {
            node.kind = NodeKind::Broken;
        }
        let built = Built { node, weight: weight + text, height };
        if anchor != 0 {
            self.charge(built.weight, built.node.span)?;
            self.anchors.insert(anchor, built.clone());
        }
        self.attach(built);
        Ok(())
    }

    /// What is left of something wrong.
    fn broken(&mut self, error: Diagnostic) -> NodeKind {
        self.note(error);
        NodeKind::Broken
    }

    fn attach(&mut self, built: Built) {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(built);
            return;
        };
        frame.weight += built.weight;
        frame.height = frame.height.max(built.height);
        frame.span.end = frame.span.end.max(built.node.span.end);
        match &mut frame.holder {
            Holder::List(items) => items.push(built.node),
            Holder::Map { entries, key } => {
                let (key, key_span) = key.take().expect("the parser gives a key before its value");
                entries.push(Entry { key, key_span, value: built.node });
            }
        }
    }

    /// The entries without those whose key was there before.
    fn unique(&mut self, mut entries: Vec<Entry>) -> Vec<Entry> {
        // Of few, all are compared: that is cheaper than to hash them.
        let is_new = |(index, entry): (usize, &Entry)| {
            entries[..index].iter().all(|other| other.key != entry.key)
        };
        if entries.len() <= FEW_ENTRIES && entries.iter().enumerate().all(is_new) {
            return entries;
        }
        let mut seen = HashMap::with_capacity(entries.len());
        let mut repeated = Vec::new();
        for entry in &entries {
            match seen.entry(entry.key.as_str()) {
                hash_map::Entry::Vacant(vacant) => {
                    vacant.insert(entry.key_span);
                }
                hash_map::Entry::Occupied(first) => {
                    repeated.push((entry.key.clone(), entry.key_span, *first.get()));
                }
            }
        }
        let spans: HashSet<Span> = repeated.iter().map(|(_, span, _)| *span).collect();
        for (key, span, first) in repeated.into_iter().take(MOST_FINDINGS + 1) {
            let first = Place { source: Arc::clone(self.source), span: first };
            let (line, column) = first.line_column();
            let error = Diagnostic::error(format!("`{key}` is given twice"))
                .at(self.source, span)
                .label("the second time")
                .hint(format!("the first is at line {line}, column {column}; keep one"));
            self.note(error);
        }
        if !spans.is_empty() {
            entries.retain(|entry| !spans.contains(&entry.key_span));
        }
        entries
    }

    fn charge(&mut self, weight: usize, span: Span) -> Result<(), Diagnostic> {
        self.copied = self.copied.saturating_add(weight);
        if self.copied <= MOST_COPIED {
            return Ok(());
        }
        Err(Diagnostic::error("aliases make this document too large")
            .at(self.source, span)
            .hint(format!("all aliases together may repeat about {} MiB", MOST_COPIED >> 20)))
    }

    fn nested_too_deep(&self, span: Span) -> Diagnostic {
        Diagnostic::error(syntax::too_deep()).at(self.source, span)
    }
}

fn bytes(span: &yaml_events::Span) -> Span {
    let range = span.byte_range().unwrap_or_default();
    Span { start: range.start, end: range.end }
}

/// The parser counts the line break and the next line's indentation to a block of text.
fn trimmed(span: Span, style: ScalarStyle, source: &Source) -> Span {
    match style {
        ScalarStyle::Literal | ScalarStyle::Folded => {
            let text = source.text.get(span.start..span.end).unwrap_or_default();
            Span { start: span.start, end: span.start + text.trim_end().len() }
        }
        _ => span,
    }
}

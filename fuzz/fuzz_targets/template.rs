//! Any text as a template: no panic, no time or memory without bound, and what holds for every template holds for it.

#![no_main]

use std::sync::Arc;

use cairn::diagnostic::{Diagnostic, Source, Span};
use cairn::graph::{self, Inputs, Nothing};
use cairn::render;
use cairn::template::{self, Entry, Node, NodeKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let name = if text.trim_start().starts_with('{') { "t.json" } else { "t.yaml" };
        check(&source(name, text));
    }
});

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source { name: name.to_owned(), text: text.to_owned() })
}

fn check(source: &Arc<Source>) {
    match template::load(source) {
        Ok(root) => reads_back(&root),
        Err(errors) => have_places(&errors, source),
    }
    match template::draft(source) {
        Ok(template) => evaluates(template, source),
        Err(findings) => have_places(&findings, source),
    }
}

/// What is printed reads as the same tree.
fn reads_back(root: &Node) {
    let printed = template::print(root);
    let read = template::load(&self::source("t.yaml", &printed));
    let read = read.unwrap_or_else(|error| panic!("{printed}\n{error:?}"));
    assert_eq!(bare(&read), bare(root), "{printed}");
}

/// Twice the same, and every finding with its place.
fn evaluates(template: template::Template, source: &Arc<Source>) {
    let template = Arc::new(template);
    let draft = || graph::draft(Arc::clone(&template), inputs());
    let ((graph, findings), (again, same)) = (draft(), draft());
    assert_eq!(findings, same);
    have_places(&findings, source);
    assert!(graph.nodes.keys().eq(again.nodes.keys()));
    for id in graph.nodes.keys() {
        let (value, findings) = graph.expressed(id, &Nothing);
        assert_eq!(
            (&value, &findings),
            (&again.expressed(id, &Nothing).0, &again.expressed(id, &Nothing).1)
        );
        have_places(&findings, source);
        if let Err(findings) = graph.properties(id, &Nothing) {
            have_places(&findings, source);
        }
    }
    if let Err(findings) = graph.outputs(&Nothing) {
        have_places(&findings, source);
    }
}

fn inputs() -> Inputs {
    Inputs {
        stack: "fuzzed".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        stack_id: "arn:aws:cloudformation:us-east-1:123456789012:stack/fuzzed/id".to_owned(),
        zones: vec!["us-east-1a".to_owned(), "us-east-1b".to_owned()],
        ..Inputs::default()
    }
}

fn have_places(findings: &[Diagnostic], source: &Arc<Source>) {
    findings.iter().for_each(|finding| has_place(finding, source));
}

/// The place lies within the text, and can be shown.
fn has_place(finding: &Diagnostic, source: &Arc<Source>) {
    if let Some(place) = &finding.place {
        assert_eq!(&place.source, source, "{finding:?}");
        let Span { start, end } = place.span;
        assert!(source.text.get(start..end).is_some(), "{finding:?}");
    }
    let text = render::diagnostic::render(finding, render::diagnostic::Color::Never);
    assert!(!text.is_empty());
}

/// A tree without its places.
fn bare(node: &Node) -> Node {
    let kind = match &node.kind {
        NodeKind::List(items) => NodeKind::List(items.iter().map(bare).collect()),
        NodeKind::Map(entries) => NodeKind::Map(
            entries
                .iter()
                .map(|entry| Entry {
                    key: entry.key.clone(),
                    key_span: Span::default(),
                    value: bare(&entry.value),
                })
                .collect(),
        ),
        other => other.clone(),
    };
    Node { kind, span: Span::default() }
}

//! Findings for people and for programs.
//!
//! ```text
//! error: unknown key `Propertis` in the resource `Vpc`
//!  --> stack.yaml:4:5
//!   |
//! 4 |     Propertis:
//!   |     ^^^^^^^^^
//! hint: did you mean `Properties`?
//! ```
//!
//! Only the line of the finding is shown, and of a long line only what stands around it, so that
//! neither a template of megabytes nor one written in a single line is slow or floods the screen.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};
use serde_json::{Value as Json, json};

use crate::diagnostic::{Diagnostic, Place, Severity, Span};

/// Whether text may carry the terminal's escape sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    Never,
    Always,
}

/// Bytes of a line that are looked at before and after the beginning of a finding.
const AROUND: usize = 400;

/// One finding, without a line break at its end.
pub fn render(diagnostic: &Diagnostic, color: Color) -> String {
    let title = level(diagnostic.severity).primary_title(diagnostic.message.as_str());
    let renderer = match color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    };
    let mut text = match &diagnostic.place {
        None => renderer.render(&[Group::with_title(title)]),
        Some(place) => {
            let (line, column) = place.line_column();
            let excerpt = Excerpt::of(place);
            let annotation = AnnotationKind::Primary
                .span(excerpt.span.start..excerpt.span.end)
                .label(diagnostic.label.as_deref());
            let snippet = Snippet::source(excerpt.text)
                .path(place.source.name.as_str())
                .line_start(line)
                .annotation(annotation);
            let report = renderer.render(&[title.element(snippet)]);
            let shown = 1 + excerpt.text[..excerpt.span.start].chars().count();
            if shown == column {
                report
            } else {
                // The renderer counts from the beginning of what it was given.
                let place = format!("{}:{line}:", place.source.name);
                report.replacen(&format!("{place}{shown}"), &format!("{place}{column}"), 1)
            }
        }
    };
    let style = match color {
        Color::Never => anstyle::Style::new(),
        Color::Always => annotate_snippets::renderer::DEFAULT_HELP_STYLE,
    };
    for hint in &diagnostic.hints {
        let hint = normalize_untrusted_str(&hint.replace('\n', " "));
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{style}hint{style:#}: {hint}");
    }
    text
}

/// All findings in the order of their places, each once, with an empty line between them.
pub fn render_all(diagnostics: &[Diagnostic], color: Color) -> String {
    let texts: Vec<String> = ordered(diagnostics).iter().map(|one| render(one, color)).collect();
    texts.join("\n\n")
}

/// The findings in the order of their places, each once; those without a place come last.
pub fn ordered(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|one| {
        let place = one.place.as_ref();
        (place.is_none(), place.map(|place| (&place.source.name, place.span)), &one.message)
    });
    ordered.dedup();
    ordered
}

/// A message with what to do about it, where both go into one text.
pub fn with_hints(mut message: String, hints: &[String]) -> String {
    for hint in hints {
        // Writing to a string cannot fail.
        let _ = write!(message, "\nhint: {hint}");
    }
    message
}

/// One finding for programs. Lines and columns count from one; the end is behind the last
/// character.
pub fn to_json(diagnostic: &Diagnostic) -> Json {
    let begin = diagnostic.place.as_ref().map(Place::line_column);
    let end = diagnostic.place.as_ref().map(|place| {
        let end = Span { start: place.span.end, end: place.span.end };
        Place { source: place.source.clone(), span: end }.line_column()
    });
    json!({
        "severity": severity_name(diagnostic.severity),
        "message": diagnostic.message,
        "label": diagnostic.label,
        "file": diagnostic.place.as_ref().map(|place| &place.source.name),
        "line": begin.map(|(line, _)| line),
        "column": begin.map(|(_, column)| column),
        "end_line": end.map(|(line, _)| line),
        "end_column": end.map(|(_, column)| column),
        "hints": diagnostic.hints,
    })
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    }
}

/// The part of a line that is shown.
struct Excerpt<'a> {
    text: &'a str,
    /// What is marked, in bytes of the text.
    span: Span,
}

impl<'a> Excerpt<'a> {
    fn of(place: &'a Place) -> Self {
        let text = place.source.text.as_str();
        let start = text.floor_char_boundary(place.span.start.min(text.len()));
        let line = text[..start].rfind('\n').map_or(0, |found| found + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |found| start + found);
        let line_end = line + text[line..line_end].trim_end_matches('\r').len();
        let start = start.min(line_end);
        let mut from = line;
        if start - line > AROUND {
            from = text.ceil_char_boundary(start - AROUND);
        }
        let to = text.floor_char_boundary(line_end.min(start + AROUND));
        let end = text.floor_char_boundary(place.span.end.clamp(start, to));
        Self { text: &text[from..to], span: Span { start: start - from, end: end - from } }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Color, render, render_all, to_json};
    use crate::diagnostic::{Diagnostic, Source, Span};

    fn source(name: &str, text: &str) -> Arc<Source> {
        Arc::new(Source { name: name.to_owned(), text: text.to_owned() })
    }

    fn at(source: &Arc<Source>, what: &str) -> Diagnostic {
        let start = source.text.find(what).expect("it is there");
        Diagnostic::error(format!("no `{what}`"))
            .at(source, Span { start, end: start + what.len() })
    }

    #[test]
    fn a_finding_shows_its_line() {
        let source = source("a/b.yaml", "x: 1\n\ty: zed\nlast: 1");
        assert_eq!(
            render(&at(&source, "zed").label("here").hint("do this").hint("or that"), Color::Never),
            "\
error: no `zed`
 --> a/b.yaml:2:5
  |
2 |     y: zed
  |        ^^^ here
hint: do this
hint: or that"
        );
        assert_eq!(
            render(&at(&source, "zed\nlast"), Color::Never).lines().last(),
            Some("  |        ^^^")
        );
        let end = Diagnostic::warning("it ends").at(&source, Span { start: 99, end: 200 });
        assert_eq!(
            render(&end, Color::Never),
            "warning: it ends\n --> a/b.yaml:3:8\n  |\n3 | last: 1\n  |        ^"
        );
    }

    #[test]
    fn a_finding_without_a_place_is_plain() {
        let finding = Diagnostic::error("no\u{1b}[1m such file").hint("make\u{7} one");
        let text = render(&finding, Color::Never);
        assert_eq!(text, "error: no␛[1m such file\nhint: make␇ one");
        let colored = render(&Diagnostic::error("x").hint("y"), Color::Always);
        assert!(colored.contains("\u{1b}[") && colored.contains("hint"));
    }

    #[test]
    fn a_long_line_is_cut_but_counted_whole() {
        let long = "é".repeat(100_000) + "HERE" + &"z".repeat(100_000);
        let source = source("long.json", &format!("first\n{long}\n"));
        let text = render(&at(&source, "HERE"), Color::Never);
        assert!(text.contains("--> long.json:2:100001\n"), "{text}");
        assert!(text.contains("^^^^") && text.chars().count() < 500, "{text}");
    }

    #[test]
    fn findings_come_in_order_and_once() {
        let (first, second) = (source("a.yaml", "x: y"), source("b.yaml", "x: y"));
        let lost = Diagnostic::error("lost");
        let all = [lost.clone(), at(&second, "x"), at(&first, "y"), at(&first, "x"), lost];
        let all: Vec<_> = all.iter().chain(&all).cloned().collect();
        let text = render_all(&all, Color::Never);
        let heads: Vec<Vec<_>> =
            text.split("\n\n").map(|one| one.lines().take(2).collect()).collect();
        assert_eq!(
            heads,
            [
                vec!["error: no `x`", " --> a.yaml:1:1"],
                vec!["error: no `y`", " --> a.yaml:1:4"],
                vec!["error: no `x`", " --> b.yaml:1:1"],
                vec!["error: lost"],
            ]
        );
    }

    #[test]
    fn programs_get_every_field() {
        let source = source("a.yaml", "a: é\nb: c");
        let finding = at(&source, "é\nb").label("here").hint("do this");
        assert_eq!(
            to_json(&finding).to_string(),
            r#"{"severity":"error","message":"no `é\nb`","label":"here","file":"a.yaml","line":1,"column":4,"end_line":2,"end_column":2,"hints":["do this"]}"#
        );
        let lost = to_json(&Diagnostic::warning("lost"));
        assert_eq!(lost["severity"], "warning");
        assert!(lost["file"].is_null() && lost["line"].is_null());
    }
}

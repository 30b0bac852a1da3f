//! Syntax errors in words: what is wrong, where it really is, and what to write instead.
//!
//! A YAML parser stops where it can go on no longer, which is often a line below the slip. The
//! text around the stop tells the likely cause.

use std::sync::Arc;

use serde::de::IgnoredAny;
use yaml_events::{ErrorKind, ScanError};

use super::load::MOST_NESTED;
use crate::diagnostic::{Diagnostic, Source, Span};

/// What the loader had seen when the parser stopped.
pub(super) struct Context {
    pub last_scalar: Option<Span>,
    /// Where the innermost open `[` or `{` stands.
    pub open_bracket: Option<usize>,
}

/// A file that is called JSON is held to JSON's own rules, which are stricter than YAML's.
pub(super) fn check_json(source: &Arc<Source>) -> Result<(), Diagnostic> {
    let extension = std::path::Path::new(&source.name).extension();
    if !extension.is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        return Ok(());
    }
    let text = source.text.trim_start_matches('\u{feff}');
    let Err(error) = serde_json::from_str::<IgnoredAny>(text) else { return Ok(()) };
    let said = error.to_string();
    let message = said.split(" at line ").next().unwrap_or(&said);
    if message.starts_with("recursion limit") {
        return Ok(());
    }
    let line: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let bom = source.text.len() - text.len();
    let start = (bom + line + error.column().saturating_sub(1)).min(source.text.len());
    let start = source.text.floor_char_boundary(start);
    Err(Diagnostic::error(format!("this is not JSON: {message}")).at(source, one(start, source)))
}

/// Says what stopped the parser.
pub(super) fn explain(error: &ScanError, source: &Arc<Source>, context: &Context) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or_default().min(source.text.len());
    let text = Text { source, context, at: source.text.floor_char_boundary(at) };
    let finding = text.layout(error.kind()).or_else(|| text.bracket(error.kind()));
    let finding = finding.or_else(|| text.scalar(error.kind())).or_else(|| text.tag(error.kind()));
    let Finding { message, span, hint } = finding.unwrap_or_else(|| Finding {
        message: words(error.kind()),
        span: one(text.at, source),
        hint: None,
    });
    Diagnostic::error(message).at(source, span).hint_if(hint)
}

struct Finding {
    message: String,
    span: Span,
    hint: Option<String>,
}

/// The source around the place where the parser stopped.
struct Text<'a> {
    source: &'a Source,
    context: &'a Context,
    at: usize,
}

impl Text<'_> {
    fn here(&self, message: impl Into<String>, hint: impl Into<String>) -> Option<Finding> {
        self.there(one(self.at, self.source), message, hint)
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "reads as `here` does")]
    fn there(
        &self,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Option<Finding> {
        Some(Finding { message: message.into(), span, hint: Some(hint.into()) })
    }

    /// Tabs, indentation and colons.
    fn layout(&self, kind: &ErrorKind) -> Option<Finding> {
        match kind {
            ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar => {
                let span = self.tab().unwrap_or_else(|| one(self.at, self.source));
                self.there(span, "a tab cannot indent YAML", "use spaces")
            }
            ErrorKind::MappingValueNotAllowed => self.run_on().or_else(|| self.second_colon()),
            ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
                let line = self.line_of(self.at);
                let text = self.source.text[line.start..line.end].trim();
                self.there(
                    line,
                    format!("`{}` is not `key: value`", shortened(text)),
                    "every line of a map has a key, a colon and a space, and a value",
                )
            }
            ErrorKind::ExpectedBlockMappingKey if self.rest().starts_with('!') => self.here(
                "a short tag cannot directly follow another",
                "write the outer one in full, as in `Fn::Base64: !Sub text`",
            ),
            ErrorKind::ExpectedBlockMappingKey => self.there(
                self.line_of(self.at),
                "this line does not continue the map above it",
                "indent all keys of a map alike; quote text that has `: ` or spans lines",
            ),
            ErrorKind::ExpectedDocumentStart => self.there(
                self.line_of(self.at),
                "this line does not belong to what stands above it",
                "write every key at the top level without indentation, as `key: value`",
            ),
            ErrorKind::ExpectedBlockSequenceEntry => self.there(
                self.line_of(self.at),
                "this line does not continue the list above it",
                "begin each item of a list with `- `, or indent this line differently",
            ),
            ErrorKind::InvalidIndentation
            | ErrorKind::InvalidFlowScalarIndent
            | ErrorKind::InvalidBlockScalarIndent => self.there(
                self.line_of(self.at),
                "the indentation of this line matches nothing above it",
                "indent it like the lines it belongs to",
            ),
            ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::MappingKeyNotAllowed => self.here(
                "a list or a map cannot begin here",
                "put it on a line of its own, indented deeper than its key",
            ),
            _ => None,
        }
    }

    /// Brackets, braces and commas.
    fn bracket(&self, kind: &ErrorKind) -> Option<Finding> {
        match kind {
            ErrorKind::UnclosedFlowCollection { open } => self.here(
                format!("this `{open}` is never closed"),
                format!("add the `{}`", closing(*open)),
            ),
            ErrorKind::MismatchedFlowCollectionEnd { open, close } => self.here(
                format!("this `{open}` is closed by `{close}`"),
                format!("a `{}` is missing before that", closing(*open)),
            ),
            ErrorKind::MisplacedFlowCollectionEnd => {
                self.here("this bracket closes nothing", "remove it")
            }
            ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::InvalidColonPlacement
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnexpectedEofImplicitFlowMapping => {
                let open = self.context.open_bracket.unwrap_or(self.at);
                let bracket = if self.source.text[open..].starts_with('[') { '[' } else { '{' };
                let message = format!("expected `,` or `{}`", closing(bracket));
                let line = self.source.text[..open].matches('\n').count() + 1;
                let hint = format!("the `{bracket}` was opened at line {line}");
                self.there(self.first_line(), message, hint)
            }
            _ => None,
        }
    }

    /// Quotes, escapes and characters a plain value cannot begin with.
    fn scalar(&self, kind: &ErrorKind) -> Option<Finding> {
        match kind {
            ErrorKind::UnclosedQuotedScalar
            | ErrorKind::InvalidQuotedScalarIndent
            | ErrorKind::DocumentIndicatorInQuotedScalar => {
                let from = self.context.last_scalar.map_or(0, |span| span.end);
                let quote = self.source.text[from..].find(['"', '\'']).map(|found| from + found);
                let span = one(quote.unwrap_or(self.at), self.source);
                self.there(span, "this quote is not closed", "close it before the next line")
            }
            ErrorKind::InvalidTrailingSingleQuotedScalar
            | ErrorKind::InvalidTrailingDoubleQuotedScalar => self.here(
                "something follows the closing quote",
                "a `:` or `,` is missing, or a quote within the text wants another quoting: \
                 `'it''s'`, `\"a \\\"b\\\"\"`",
            ),
            ErrorKind::CommentNotSeparated => self.here(
                "a comment cannot begin directly behind something",
                "put a space before the `#`, or quotes around a text with a `#` in it",
            ),
            ErrorKind::UnknownQuotedScalarEscape => self.here(
                "an unknown escape in this text",
                "write a backslash as `\\\\`, or put the text in single quotes",
            ),
            ErrorKind::UnexpectedCharacter { character: character @ ('|' | '>') } => self.here(
                format!("a block of text (`{character}`) cannot stand within brackets"),
                "write the list or map around it with one item a line",
            ),
            ErrorKind::UnexpectedCharacter { character } if character.is_control() => self.here(
                format!("the character `{}` cannot stand in a file", character.escape_default()),
                "remove it, or write it as an escape in double quotes",
            ),
            ErrorKind::UnexpectedCharacter { character } => self.here(
                format!("a plain value cannot begin with `{character}`"),
                "put the value in quotes",
            ),
            ErrorKind::MissingAnchorOrAliasName | ErrorKind::UnknownAnchor => {
                let token = self.token();
                let (span, name) = (token, &self.source.text[token.start..token.end]);
                let message = match name {
                    "*" => "a plain `*` is the beginning of an alias".to_owned(),
                    "&" => "a plain `&` is the beginning of an anchor".to_owned(),
                    _ => format!("`{name}` refers to no anchor above it"),
                };
                self.there(
                    span,
                    message,
                    format!("if text is meant, put it in quotes: `\"{name}\"`"),
                )
            }
            _ => None,
        }
    }

    fn tag(&self, kind: &ErrorKind) -> Option<Finding> {
        match kind {
            ErrorKind::UndeclaredTagHandle => {
                let token = self.token();
                let name = &self.source.text[token.start..token.end];
                self.there(token, format!("unknown tag `{name}`"), "tags look like `!Sub`")
            }
            ErrorKind::RecursionLimitExceeded => {
                Some(Finding { message: too_deep(), span: one(self.at, self.source), hint: None })
            }
            _ => None,
        }
    }

    fn rest(&self) -> &str {
        &self.source.text[self.at..]
    }

    /// A plain scalar that swallowed the next line: a key without its colon, or a line indented too
    /// deep, so that it reads as more of the value above it.
    fn run_on(&self) -> Option<Finding> {
        let scalar = self.context.last_scalar?;
        let text = self.source.text.get(scalar.start..scalar.end)?;
        let (first, rest) = text.split_once('\n')?;
        let before = &self.source.text[self.line_start(scalar.start)..scalar.start];
        if !before.chars().all(|character| character == ' ' || character == '-') {
            let next = self.line_of(scalar.start + first.len() + 1);
            let key = rest.trim();
            return self.there(
                next,
                format!("`{}` is indented deeper than the line above it", shortened(key)),
                "indent both alike, or put the value above in quotes if it goes on here",
            );
        }
        let first = first.trim_end();
        let span = Span { start: scalar.start, end: scalar.start + first.len() };
        let message = format!("`{}` is not `key: value`", shortened(first));
        let hint = match (first.split_once(':'), first.split_once(' ')) {
            (Some((key, value)), None) => {
                format!("put a space after the colon: `{}`", shortened(&format!("{key}: {value}")))
            }
            (_, Some((key, value))) => {
                format!("a colon is missing: `{}`", shortened(&format!("{key}: {}", value.trim())))
            }
            _ => format!("a colon is missing: `{}:`", shortened(first)),
        };
        self.there(span, message, hint)
    }

    fn second_colon(&self) -> Option<Finding> {
        self.here("a second `: ` in one line", "put a value that contains `: ` in quotes")
    }

    /// The end of the first line of a scalar that runs on, where its end was forgotten.
    fn first_line(&self) -> Span {
        let Some(scalar) = self.context.last_scalar.filter(|scalar| scalar.start < self.at) else {
            return one(self.at, self.source);
        };
        let text = &self.source.text[scalar.start..self.at];
        match text.split_once('\n') {
            Some((first, _)) => {
                let end = scalar.start + first.trim_end().len();
                Span { start: end, end }
            }
            None => one(self.at, self.source),
        }
    }

    /// The first tab from here on.
    fn tab(&self) -> Option<Span> {
        let line = self.line_start(self.at);
        let from = if self.source.text[line..self.at].contains('\t') { line } else { self.at };
        let start = from + self.source.text[from..].find('\t')?;
        Some(Span { start, end: start + 1 })
    }

    /// What stands here up to the next space or bracket.
    fn token(&self) -> Span {
        let rest = self.rest();
        let length = rest
            .find(|character: char| character.is_whitespace() || ",]}".contains(character))
            .unwrap_or(rest.len());
        Span { start: self.at, end: self.at + length }
    }

    fn line_start(&self, offset: usize) -> usize {
        let text = &self.source.text;
        text[..offset.min(text.len())].rfind('\n').map_or(0, |found| found + 1)
    }

    /// The line around an offset, without its indentation and line break.
    fn line_of(&self, offset: usize) -> Span {
        let text = &self.source.text;
        let start = self.line_start(offset);
        let end = text[start..].find('\n').map_or(text.len(), |found| start + found);
        let line = text[start..end].trim_end();
        let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
        Span { start: start + indentation, end: start + line.len() }
    }
}

/// What is said about more than [`MOST_NESTED`] collections within each other.
pub(super) fn too_deep() -> String {
    format!("nested deeper than {MOST_NESTED} levels")
}

/// The character at an offset.
fn one(start: usize, source: &Source) -> Span {
    let length = source.text[start..].chars().next().map_or(0, char::len_utf8);
    Span { start, end: start + length }
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}

/// As much of a text as a message can take.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let text = text.lines().next().unwrap_or_default().trim_end();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The parser's own word for an error, spaced: `InvalidTagEscape` is `invalid tag escape`.
fn words(kind: &ErrorKind) -> String {
    let name = format!("{kind:?}");
    let name = name.split([' ', '(', '{']).next().unwrap_or_default();
    let mut words = String::with_capacity(name.len() + 8);
    for character in name.chars() {
        if character.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    words
}

//! The regular expressions of the schemas, which are written for other engines.

use std::fmt::Write as _;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

/// More than any pattern of the schemas needs.
const SIZE_LIMIT: usize = 4 << 20;

/// A pattern of a schema, compiled when first used.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub struct Pattern {
    text: String,
    regex: OnceLock<Option<Regex>>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, regex: OnceLock::new() }
    }
}

impl Pattern {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a text fits. A pattern that looks ahead or behind cannot be run here and takes
    /// every text: AWS has the last word.
    pub fn matches(&self, text: &str) -> bool {
        self.regex().is_none_or(|regex| regex.is_match(text))
    }

    pub(super) fn regex(&self) -> Option<&Regex> {
        self.regex
            .get_or_init(|| {
                RegexBuilder::new(&translate(&self.text)).size_limit(SIZE_LIMIT).build().ok()
            })
            .as_ref()
    }
}

/// Says in this engine's words what the pattern says in JavaScript's or Java's: `\d` and `\w` are
/// ASCII, `[` inside a class is a bracket, `&` and `~` there are characters, `\Z` is the end.
fn translate(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('d') => text.push_str("[0-9]"),
                Some('D') => text.push_str("[^0-9]"),
                Some('w') => text.push_str("[0-9A-Za-z_]"),
                Some('W') => text.push_str("[^0-9A-Za-z_]"),
                Some('Z') => text.push_str(r"\z"),
                Some(escaped) => {
                    let _ = write!(text, "\\{escaped}");
                }
                None => text.push('\\'),
            },
            '[' | '&' | '~' if in_class => {
                let _ = write!(text, "\\{character}");
            }
            '[' | ']' => {
                in_class = character == '[';
                text.push(character);
            }
            _ => text.push(character),
        }
    }
    text
}

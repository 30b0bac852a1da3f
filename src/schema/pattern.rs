//! The regular expressions of the schemas, which are written for other engines.

use std::fmt::Write as _;
use std::sync::OnceLock;

use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::syntax;
use serde::Deserialize;

/// More than any pattern of the schemas needs.
const SIZE_LIMIT: usize = 4 << 20;
/// What is short, in bytes: a repetition that may be as often ends for a short text only where that
/// does. Each is built as many times as it may occur, and names are often 63 characters at most.
const SHORT: usize = 63;

/// A pattern of a schema or a parameter, compiled when first used.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub struct Pattern {
    text: String,
    short: OnceLock<Option<PikeVM>>,
    ascii: OnceLock<Option<PikeVM>>,
    unicode: OnceLock<Option<PikeVM>>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, short: OnceLock::new(), ascii: OnceLock::new(), unicode: OnceLock::new() }
    }
}

impl Pattern {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a text fits. A pattern that looks ahead or behind cannot be run here and takes
    /// every text: AWS has the last word.
    pub fn matches(&self, text: &str) -> bool {
        let machine = match text.is_ascii() {
            true if text.len() <= SHORT => self.short(),
            true => self.ascii(),
            false => self.unicode(),
        };
        machine.is_none_or(|machine| machine.is_match(&mut machine.create_cache(), text))
    }

    /// For a short text of ASCII alone.
    fn short(&self) -> Option<&PikeVM> {
        let build = || build(&translate(&self.text, Bounds::Reached), false);
        self.short.get_or_init(build).as_ref().or_else(|| self.unicode())
    }

    /// For a text of ASCII alone, in which each byte is a character: what is built takes a
    /// fraction of the time.
    fn ascii(&self) -> Option<&PikeVM> {
        let build = || build(&translate(&self.text, Bounds::All), false);
        self.ascii.get_or_init(build).as_ref().or_else(|| self.unicode())
    }

    pub(super) fn unicode(&self) -> Option<&PikeVM> {
        let build = || build(&translate(&self.text, Bounds::All), true);
        self.unicode.get_or_init(build).as_ref()
    }
}

/// A machine that is quickly built: most patterns meet one short text.
fn build(pattern: &str, unicode: bool) -> Option<PikeVM> {
    let limits = thompson::Config::new()
        .nfa_size_limit(Some(SIZE_LIMIT))
        .which_captures(WhichCaptures::None)
        .utf8(unicode);
    PikeVM::builder()
        .thompson(limits)
        .syntax(syntax::Config::new().unicode(unicode).utf8(unicode))
        .build(pattern)
        .ok()
}

/// Which bounds of repetitions matter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bounds {
    All,
    /// Those that a short text can reach.
    Reached,
}

/// Says in this engine's words what the pattern says in JavaScript's or Java's: `\d` and `\w` are
/// ASCII, `[` inside a class is a bracket, `&` and `~` there are characters, `\Z` is the end.
fn translate(pattern: &str, bounds: Bounds) -> String {
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
            '{' if !in_class && bounds == Bounds::Reached => {
                text.push('{');
                if let Some((least, rest)) = out_of_reach(characters.as_str()) {
                    let _ = write!(text, "{least},}}");
                    characters = rest.chars();
                }
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

/// Of a repetition whose upper bound no short text reaches, `1,63}` behind its brace: the lower one,
/// and what follows.
fn out_of_reach(repetition: &str) -> Option<(&str, &str)> {
    let (bounds, rest) = repetition.split_once('}')?;
    let (least, most) = bounds.split_once(',')?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let most: usize = most.parse().ok()?;
    (!least.is_empty() && is_number(least) && most >= SHORT).then_some((least, rest))
}

//! From [`Node`] back to text: what is read from it is the same tree.
//!
//! Functions have their long forms and every scalar the text it was written with. Comments,
//! anchors and the way a text was quoted are gone: the tree does not have them either.

use std::fmt::Write as _;

use super::{Entry, Node, NodeKind, scalar};

/// The longest key that YAML takes without a `?` before it, less its quotes.
const LONGEST_KEY: usize = 1000;

/// A document as YAML.
pub fn print(root: &Node) -> String {
    let mut text = String::new();
    match &root.kind {
        NodeKind::List(_) | NodeKind::Map(_) => write(root, 0, &mut text),
        _ => {
            write(root, 0, &mut text);
            text = text.trim_start().to_owned();
        }
    }
    text
}

/// Writes a node behind what stands before it in its line: a collection begins the next line.
fn write(node: &Node, depth: usize, text: &mut String) {
    match &node.kind {
        NodeKind::Null | NodeKind::Broken => text.push_str(" null\n"),
        NodeKind::Literal(literal) => {
            let _ = writeln!(text, " {}", literal.text());
        }
        NodeKind::String(string) => {
            text.push(' ');
            if depth > 0 && is_block(string) {
                block(string, depth, text);
            } else if is_prose(string) {
                text.push_str(string);
                text.push('\n');
            } else {
                quoted(string, text);
                text.push('\n');
            }
        }
        NodeKind::List(items) if items.is_empty() => text.push_str(" []\n"),
        NodeKind::Map(entries) if entries.is_empty() => text.push_str(" {}\n"),
        NodeKind::List(items) => {
            begin(text);
            for item in items {
                indent(depth, text);
                text.push('-');
                match item.entries() {
                    [] => write(item, depth + 1, text),
                    [first, rest @ ..] if first.key.len() <= LONGEST_KEY => {
                        text.push(' ');
                        entry(first, depth + 1, text);
                        each(rest, depth + 1, text);
                    }
                    entries => {
                        begin(text);
                        each(entries, depth + 1, text);
                    }
                }
            }
        }
        NodeKind::Map(entries) => {
            begin(text);
            each(entries, depth, text);
        }
    }
}

fn each(entries: &[Entry], depth: usize, text: &mut String) {
    for one in entries {
        indent(depth, text);
        entry(one, depth, text);
    }
}

fn entry(entry: &Entry, depth: usize, text: &mut String) {
    if entry.key.len() > LONGEST_KEY {
        text.push_str("? ");
        quoted(&entry.key, text);
        text.push('\n');
        indent(depth, text);
    } else if is_plain(&entry.key) {
        text.push_str(&entry.key);
    } else {
        quoted(&entry.key, text);
    }
    text.push(':');
    write(&entry.value, depth + 1, text);
}

fn begin(text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
}

fn indent(depth: usize, text: &mut String) {
    text.extend(std::iter::repeat_n("  ", depth));
}

pub(super) fn string_to(string: &str, text: &mut String) {
    let is_text = matches!(scalar::plain(string), NodeKind::String(_));
    if is_text && is_plain(string) { text.push_str(string) } else { quoted(string, text) }
}

/// Whether nothing in a text means anything to YAML, wherever it stands.
fn is_plain(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_./".contains(&byte);
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().copied().is_some_and(is_word)
        && bytes.iter().all(|byte| is_word(*byte) || b"-:".contains(byte))
}

/// Whether a text can stand as a value without quotes, and every reader of YAML takes it for one:
/// to some `y` is a truth, `1:30` a number and `2012-10-17` a date.
fn is_prose(text: &str) -> bool {
    let is_word = |character: char| character.is_ascii_alphanumeric() || "_./)".contains(character);
    let is_inside = |character: char| is_word(character) || " -:,;(+".contains(character);
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.ends_with(is_word)
        && text.chars().all(is_inside)
        && !text.contains(": ")
        && !matches!(text, "y" | "Y" | "n" | "N")
        && matches!(scalar::plain(text), NodeKind::String(_))
}

/// Whether a text can stand as the lines it has.
fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let is_line = |line: &str| !line.ends_with([' ', '\n']) && !line.contains(is_escaped);
    body.contains('\n')
        && !body.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        && body.split('\n').all(is_line)
}

fn block(string: &str, depth: usize, text: &mut String) {
    text.push_str(if string.ends_with('\n') { "|\n" } else { "|-\n" });
    for line in string.lines() {
        if !line.is_empty() {
            indent(depth, text);
            text.push_str(line);
        }
        text.push('\n');
    }
}

/// Whether some reader of YAML takes a character for a line break, or for nothing.
fn is_escaped(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn quoted(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            _ if is_escaped(character) => escaped(character, text),
            _ => text.push(character),
        }
    }
    text.push('"');
}

fn escaped(character: char, text: &mut String) {
    let _ = write!(text, "\\u{:04x}", u32::from(character));
}

//! From [`Node`] back to text: what is read from it is the same tree.
//!
//! Functions have their long forms and every scalar the text it was written with. Comments,
//! anchors and the way a text was quoted are gone: the tree does not have them either.

use std::fmt::Write as _;

use super::{Node, NodeKind, scalar};

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
        NodeKind::Null => text.push_str(" null\n"),
        NodeKind::Literal(literal) => {
            let _ = writeln!(text, " {}", literal.text());
        }
        NodeKind::String(string) => {
            text.push(' ');
            string_to(string, text);
            text.push('\n');
        }
        NodeKind::List(items) if items.is_empty() => text.push_str(" []\n"),
        NodeKind::Map(entries) if entries.is_empty() => text.push_str(" {}\n"),
        NodeKind::List(items) => {
            begin(text);
            for item in items {
                indent(depth, text);
                text.push('-');
                write(item, depth + 1, text);
            }
        }
        NodeKind::Map(entries) => {
            begin(text);
            for entry in entries {
                indent(depth, text);
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
        }
    }
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

fn quoted(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            // What some reader of YAML takes for a line break, or for nothing.
            '\0'..=' ' if character != ' ' => escaped(character, text),
            '\u{7f}'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => escaped(character, text),
            '\u{fffe}' | '\u{ffff}' => escaped(character, text),
            _ => text.push(character),
        }
    }
    text.push('"');
}

fn escaped(character: char, text: &mut String) {
    let _ = write!(text, "\\u{:04x}", u32::from(character));
}

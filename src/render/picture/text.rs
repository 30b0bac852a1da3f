//! How wide a text is, without a font: picked so that no usual font is wider.

use unicode_width::UnicodeWidthChar as _;

/// Of one character, in hundredths of the font's size. `DejaVu Sans` is the widest of the fonts
/// that are asked for.
fn advance(one: char) -> usize {
    match one {
        'i' | 'j' | 'l' | '\'' | '|' => 30,
        'I' | 'f' | 'r' | 't' | ' ' | '.' | ',' | ':' | ';' | '/' | '\\' | '!' | '-' | '('
        | ')' | '[' | ']' | '`' => 42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 100,
        'A'..='Z' | '&' | '+' | '=' | '<' | '>' | '~' | '#' | '…' | '→' | '↺' | '×' | '±' => {
            84
        }
        _ if one.is_ascii() => 65,
        _ => 70 * one.width().unwrap_or_default().max(1),
    }
}

/// In pixels.
pub fn width(text: &str, size: usize, is_bold: bool) -> usize {
    let hundredths: usize = text.chars().map(advance).sum();
    let wide = if is_bold { hundredths * 112 / 100 } else { hundredths };
    (wide * size).div_ceil(100)
}

/// As much of a text as has room, in its middle an ellipsis if that is not all: generated names
/// differ at their ends.
pub fn fit(text: &str, size: usize, is_bold: bool, room: usize) -> String {
    let text = clean(text);
    if width(&text, size, is_bold) <= room {
        return text;
    }
    let all: Vec<char> = text.chars().collect();
    for kept in (2..all.len()).rev() {
        let end = kept / 3;
        let start: String = all[..kept - end].iter().collect();
        let rest: String = all[all.len() - end..].iter().collect();
        let short = format!("{start}…{rest}");
        if width(&short, size, is_bold) <= room {
            return short;
        }
    }
    "…".to_owned()
}

/// Without what XML cannot hold, and without what turns text around.
pub fn clean(text: &str) -> String {
    let is_odd = |one: char| {
        one.is_control()
            || matches!(one, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    text.chars().map(|one| if is_odd(one) { '\u{fffd}' } else { one }).collect()
}

#[cfg(test)]
mod tests {
    use super::{clean, fit, width};

    #[test]
    fn a_text_keeps_both_ends() {
        assert_eq!(fit("short", 12, false, 200), "short");
        let long = "MyStackFunctionServiceRole3AC82EE1";
        let short = fit(long, 12, true, 150);
        assert!(width(&short, 12, true) <= 150, "{short}");
        assert!(short.starts_with("MyStack") && short.ends_with("EE1"), "{short}");
        assert_eq!(fit("anything", 12, false, 0), "…");
        assert_eq!(clean("a\u{0}b\u{202e}c"), "a\u{fffd}b\u{fffd}c");
    }
}

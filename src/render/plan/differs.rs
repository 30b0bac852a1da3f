//! Where two texts differ: line by line, and within long lines.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use super::WIDTH;
use crate::render::style::{BAD, DIM, GOOD, paint};

/// The lines of context around what differs.
const CONTEXT: usize = 2;
/// The characters of context around what differs in a long line.
const AROUND: usize = 24;
const CUT: &str = "…";

/// The lines that differ, with a few around them.
pub fn render_lines(text: &mut String, before: &str, after: &str) {
    let diff = TextDiff::from_lines(before, after);
    // Where only one of them ends with a new line, that may be all that differs.
    let are_texts = !before.is_empty() && !after.is_empty();
    let tells_ends = are_texts && before.ends_with('\n') != after.ends_with('\n');
    let line = |sign: &str, line: &str| {
        let end =
            if tells_ends && !line.ends_with('\n') { "  (no new line at the end)" } else { "" };
        format!("{sign} {}{end}", line.trim_end_matches('\n'))
    };
    for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            let _ = writeln!(text, "        {}", paint(DIM, CUT));
        }
        for operation in group {
            let lines = |tag: ChangeTag, sign: &str| -> Vec<String> {
                let changes = diff.iter_changes(operation).filter(|change| change.tag() == tag);
                changes.map(|change| line(sign, change.value())).collect()
            };
            let same = lines(ChangeTag::Equal, " ");
            let (mut gone, mut come) =
                (lines(ChangeTag::Delete, "-"), lines(ChangeTag::Insert, "+"));
            if gone.len() == come.len() {
                for (left, right) in gone.iter_mut().zip(&mut come) {
                    (*left, *right) = marked(left, right);
                }
            }
            for (lines, style) in [(same, DIM), (gone, BAD), (come, GOOD)] {
                for line in lines {
                    let _ = writeln!(text, "        {}", paint(style, &line));
                }
            }
        }
    }
}

/// Two lines after their signs, cut down to where they differ.
fn marked(before: &str, after: &str) -> (String, String) {
    let (left, right) = excerpts(&before[2..], &after[2..], WIDTH);
    (format!("{}{left}", &before[..2]), format!("{}{right}", &after[..2]))
}

/// Two texts; where one is longer than `most`, both without most of what they have in common.
pub fn excerpts(before: &str, after: &str, most: usize) -> (String, String) {
    let (left, right): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
    let shorter = left.len().min(right.len());
    if left.len().max(right.len()) <= most {
        return (before.to_owned(), after.to_owned());
    }
    let is_same = |(one, other): &(&char, &char)| one == other;
    let start = left.iter().zip(&right).take_while(is_same).count();
    let ends = left.iter().rev().zip(right.iter().rev());
    let end = ends.take_while(is_same).count().min(shorter - start);
    let from = start.saturating_sub(AROUND);
    let part = |text: &[char]| {
        let to = (text.len() - end + AROUND).min(text.len());
        let shown = &text[from..to];
        let first = if from > 0 { CUT } else { "" };
        let last = if to < text.len() { CUT } else { "" };
        if shown.len() <= most {
            return format!("{first}{}{last}", shown.iter().collect::<String>());
        }
        // They differ from their first characters on: the rest of a long one is only counted.
        let more = text.len() - from - most;
        let shown: String = shown[..most].iter().collect();
        format!("{first}{shown}{CUT} {more} more characters")
    };
    (part(&left), part(&right))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> Vec<String> {
        let mut text = String::new();
        render_lines(&mut text, before, after);
        let plain = anstream::adapter::strip_str(&text).to_string();
        plain.lines().map(|line| line.trim_start_matches("        ").to_owned()).collect()
    }

    #[test]
    fn a_long_line_is_shown_where_it_differs() {
        let (start, end) = ("same ".repeat(40), " and so on".repeat(30));
        let with = |word: &str| format!("{start}{word}{end}");
        assert_eq!(
            shown(&with("yes"), &with("no")),
            [
                "- …ame same same same same yes and so on and so on and…",
                "+ …ame same same same same no and so on and so on and…",
            ]
        );
        assert_eq!(
            shown(&start, &with("more")),
            [
                "- …ame same same same same ",
                &format!(
                    "+ …ame same same same same {}… 240 more characters",
                    &with("more")[200..264]
                ),
            ]
        );
        assert_eq!(shown("short", "other"), ["- short", "+ other"]);
        let (left, right) = excerpts(&"ä".repeat(100), &"ä".repeat(101), 88);
        assert_eq!((left.chars().count(), right.chars().count()), (25, 26));
    }

    #[test]
    fn what_differs_is_never_cut_away() {
        let common = "0123456789".repeat(20);
        for at in 0..=common.len() {
            let other = format!("{}!{}", &common[..at], &common[at..]);
            let (left, right) = excerpts(&common, &other, 88);
            assert_ne!(left, right);
            assert!(right.contains('!') && right.chars().count() <= 88, "{right}");
        }
    }

    #[test]
    fn a_new_line_at_the_end_is_a_difference_one_can_see() {
        assert_eq!(shown("a\nb\n", "a\nb"), ["  a", "- b", "+ b  (no new line at the end)"]);
        assert_eq!(shown("", "a\n"), ["+ a"]);
        assert_eq!(shown("a", "b"), ["- a", "+ b"]);
    }
}

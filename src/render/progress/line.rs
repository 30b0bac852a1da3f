//! One line of pieces in styles, cut where the terminal ends.

use anstyle::Style;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::render::style::{PLAIN, paint};

#[derive(Debug, Clone, Default)]
pub struct Line {
    pieces: Vec<(Style, String)>,
}

impl Line {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn plain(self, text: &str) -> Self {
        self.painted(PLAIN, text)
    }

    pub fn painted(mut self, style: Style, text: &str) -> Self {
        // AWS may say something of several lines.
        self.pieces.push((style, text.replace(['\n', '\r', '\t'], " ")));
        self
    }

    pub fn join(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// All of it.
    pub fn text(&self) -> String {
        self.cut(usize::MAX)
    }

    /// As much of it as fits, with a sign where something is missing.
    pub fn cut(&self, width: usize) -> String {
        let whole: usize = self.pieces.iter().map(|(_, piece)| piece.width()).sum();
        // The sign itself needs a place.
        let mut room = if whole > width { width.saturating_sub(1) } else { width };
        let mut text = String::new();
        for (style, piece) in &self.pieces {
            let part = fit(piece, room);
            room -= part.width();
            match *style == PLAIN {
                true => text.push_str(part),
                false => text.push_str(&paint(*style, part)),
            }
            if part.len() < piece.len() {
                text.push('…');
                break;
            }
        }
        text
    }
}

/// The beginning of a text that is not wider than this.
fn fit(text: &str, width: usize) -> &str {
    let mut taken = 0;
    for (index, letter) in text.char_indices() {
        taken += letter.width().unwrap_or_default();
        if taken > width {
            return &text[..index];
        }
    }
    text
}

/// A text as wide as this: cut, or with blanks behind it.
pub fn fitted(text: &str, width: usize) -> String {
    let cut = Line::new().plain(text).cut(width);
    let blanks = width.saturating_sub(cut.width());
    cut + &" ".repeat(blanks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::style::BAD;

    #[test]
    fn a_line_is_never_wider_than_it_may_be() {
        let line = Line::new().plain("Endpoint ").painted(BAD, "zögert\nnoch").plain(" 深い");
        assert_eq!(
            anstream::adapter::strip_str(&line.text()).to_string(),
            "Endpoint zögert noch 深い"
        );
        for width in 0..30 {
            let cut = anstream::adapter::strip_str(&line.cut(width)).to_string();
            assert!(cut.width() <= width.max(1), "{cut:?} in {width}");
            assert_eq!(cut.ends_with('…'), width < 25, "{cut:?} in {width}");
        }
        assert_eq!(fitted("Endpoint", 5), "Endp…");
        assert_eq!(fitted("Vpc", 5), "Vpc  ");
    }
}

//! The text of `Fn::Sub`, taken apart.

/// A piece of the text.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    /// `${Name}`
    Variable {
        name: &'a str,
    },
    /// `${!Text}`, which stands for `${Text}`.
    Literal(&'a str),
}

/// Takes `${…}` apart; an opening without a closing is text.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = 0;
    while let Some(open) = text[rest..].find("${").map(|at| rest + at) {
        let Some(close) = text[open..].find('}').map(|at| open + at) else { break };
        if open > rest {
            pieces.push(Piece::Text(&text[rest..open]));
        }
        let name = &text[open + 2..close];
        pieces.push(match name.strip_prefix('!') {
            Some(literal) => Piece::Literal(literal),
            None => Piece::Variable { name },
        });
        rest = close + 1;
    }
    if rest < text.len() {
        pieces.push(Piece::Text(&text[rest..]));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces};

    #[test]
    fn takes_variables_and_escapes_apart() {
        assert_eq!(
            pieces("a${B.C}-${!D}$ {e} ${open"),
            [
                Piece::Text("a"),
                Piece::Variable { name: "B.C" },
                Piece::Text("-"),
                Piece::Literal("D"),
                Piece::Text("$ {e} ${open"),
            ]
        );
    }
}

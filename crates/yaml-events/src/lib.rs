//! The events of a YAML text, as granit-parser tells them.
//!
//! That parser is generic over what it reads from, so it is compiled where it is used, as that is
//! compiled. It is used here, to be built for speed while Cairn is built to be small: see
//! docs/decisions/0023.

pub use granit_parser::{ErrorKind, Event, ScalarStyle, ScanError, Span, StructureStyle, Tag};

use granit_parser::{Parser, StrInput};

/// What stands in a text, from its beginning to its end or to where it is no YAML.
pub struct Events<'text> {
    parser: Parser<'text, StrInput<'text>>,
}

impl<'text> Events<'text> {
    #[must_use]
    pub fn of(text: &'text str) -> Self {
        Self { parser: Parser::new_from_str(text) }
    }
}

impl<'text> Iterator for Events<'text> {
    type Item = Result<(Event<'text>, Span), ScanError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.parser.next()
    }
}

//! The time and the randomness of a run: read here, passed on as arguments.

use jiff::Timestamp;

use crate::value::Token;

use super::Failure;

/// Now, as `2026-01-31T12:00:00Z`.
pub fn now() -> String {
    let now = Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now).to_string()
}

/// Now, to the fraction of a second: how long ago something was is told from this.
pub fn moment() -> Timestamp {
    Timestamp::now()
}

/// Tokens nobody else has.
#[derive(Clone)]
pub struct Tokens;

impl Tokens {
    /// Checks once that the system gives randomness.
    pub fn new() -> Result<Self, Failure> {
        let mut probe = [0_u8; 1];
        getrandom::fill(&mut probe)
            .map_err(|error| Failure::text(format!("the system gives no randomness: {error}")))?;
        Ok(Self)
    }

    #[expect(clippy::unused_self, reason = "whoever holds this has seen that there is randomness")]
    pub fn draw(&self) -> Token {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes).expect("the system gave randomness when this run began");
        Token::from_bytes(bytes)
    }
}

//! Whether somebody is there: who may be asked, and whether lines may move.
//!
//! Some CIs give their jobs a terminal, and nobody sits in front of it. So where `CI` is true
//! nothing asks and nothing moves, terminal or not.

use std::io::IsTerminal as _;

use dialoguer::Confirm;

use super::Failure;

/// Whether a CI runs this: the variable `CI` is set, and not to `false` or `0`.
pub fn is_ci() -> bool {
    variable("CI").is_some_and(|value| !value.eq_ignore_ascii_case("false") && value != "0")
}

/// Whether there is somebody to ask.
pub fn has_person() -> bool {
    !is_ci() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks a question that is answered by yes or no, of somebody who is there.
pub fn ask(question: &str) -> Result<bool, Failure> {
    Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact()
        .map_err(|error| Failure::text(format!("cannot ask: {error}")))
}

/// Whether lines may move: on a terminal that can move them, with somebody who looks.
pub fn may_move() -> bool {
    let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
    !is_ci() && !is_dumb && std::io::stderr().is_terminal()
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

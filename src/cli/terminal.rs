//! Whether somebody is there: who may be asked, and whether lines may move.
//!
//! Some CIs give their jobs a terminal, and nobody sits in front of it. So where `CI` is true
//! nothing asks and nothing moves, terminal or not.

use std::io::{ErrorKind, IsTerminal as _};

use console::Term;
use dialoguer::Confirm;
use tokio::sync::oneshot;

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
    confirm(question).map_err(|error| cannot_ask(&error))
}

/// The same where an interrupt is minded: nobody waits for the thread that waits for the answer.
pub async fn ask_aside(question: &str) -> Result<bool, Failure> {
    let asked = Asked::now();
    let (tell, told) = oneshot::channel();
    let question = question.to_owned();
    std::thread::Builder::new().spawn(move || match confirm(&question) {
        // Ctrl-C is read like any key, and has been made a signal of.
        Err(dialoguer::Error::IO(error)) if error.kind() == ErrorKind::Interrupted => {}
        // Whoever asked may be gone.
        answer => drop(tell.send(answer)),
    })?;
    let Ok(answer) = told.await else { return std::future::pending().await };
    asked.answered();
    answer.map_err(|error| cannot_ask(&error))
}

fn confirm(question: &str) -> dialoguer::Result<bool> {
    Confirm::new().with_prompt(question).default(false).interact()
}

fn cannot_ask(error: &dialoguer::Error) -> Failure {
    Failure::text(format!("cannot ask: {error}"))
}

/// The terminal as it was before a question, which it is again when nobody answers.
struct Asked {
    #[cfg(unix)]
    settings: Option<rustix::termios::Termios>,
}

impl Asked {
    fn now() -> Self {
        Self {
            #[cfg(unix)]
            settings: rustix::termios::tcgetattr(std::io::stdin()).ok(),
        }
    }

    /// Whoever has the answer has left the terminal as it was.
    fn answered(self) {
        std::mem::forget(self);
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(settings) = &self.settings {
            use rustix::termios::{OptionalActions, tcsetattr};
            // A terminal that is gone needs no settings.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, settings);
        }
        let terminal = Term::stderr();
        let _ = terminal.show_cursor();
        let _ = terminal.write_line("");
    }
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

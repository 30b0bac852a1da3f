//! Another program, run to its end within a time.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Command;

use super::Said;

#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("`{program}` cannot be run")]
    Start { program: String, source: io::Error },
    #[error("`{program}` failed ({status})")]
    Failed { program: String, status: ExitStatus, source: Said },
    #[error("`{program}` did not end within {} seconds", .patience.as_secs())]
    Slow { program: String, patience: Duration },
}

/// What the program printed. It is ended if it takes too long, or if the caller gives up.
pub(super) async fn run(mut command: Command, patience: Duration) -> Result<String, CommandError> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(patience, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(source)) => return Err(CommandError::Start { program, source }),
        Err(_) => return Err(CommandError::Slow { program, patience }),
    };
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let said = Said::end_of(&format!("{printed}\n{errors}"));
    Err(CommandError::Failed { program, status: output.status, source: said })
}

//! A server that another Cairn may have started: is it still there, is it ours, and how it ends.
//!
//! A process id alone says nothing, because the system gives the ids of dead processes to new
//! ones. Each server is started with `-X cairn=<token>`, an option that Python keeps and ignores,
//! so that its command line says whose it is.

use std::path::Path;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::Instant;

use super::command::{CommandError, run};
use super::{LocalError, pause};

/// How long a server gets to end by itself, and then to be ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// What `ps` and `kill` need, and more.
const TOOL_PATIENCE: Duration = Duration::from_secs(10);

/// The Python option that carries the token.
pub(super) fn mark(token: &str) -> String {
    format!("cairn={token}")
}

pub(super) async fn is_ours(pid: u32, token: &str) -> Result<bool, LocalError> {
    Ok(command_line(pid).await?.contains(&mark(token)))
}

/// Ends the server: gently, so that it ends its children, and else with force, them too.
pub(super) async fn stop(pid: u32, token: &str) -> Result<(), LocalError> {
    for (signal, target) in [("TERM", pid.to_string()), ("KILL", format!("-{pid}"))] {
        if !is_ours(pid, token).await? {
            return Ok(());
        }
        send(signal, &target).await;
        let deadline = Instant::now() + PATIENCE;
        while is_ours(pid, token).await? && Instant::now() < deadline {
            pause().await;
        }
    }
    if is_ours(pid, token).await? { Err(LocalError::Endless(pid)) } else { Ok(()) }
}

/// The shell's own `kill`, because the program of that name is not everywhere. Its answer is not
/// needed: whether the process is still there is asked anyway.
async fn send(signal: &str, target: &str) {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"kill -s "$1" -- "$2""#, "sh", signal, target]);
    let _ = run(command, TOOL_PATIENCE).await;
}

/// The process's arguments, or nothing if there is no such process.
async fn command_line(pid: u32) -> Result<String, LocalError> {
    let running = Path::new("/proc");
    if running.join("self/cmdline").exists() {
        let bytes = std::fs::read(running.join(pid.to_string()).join("cmdline"));
        return Ok(String::from_utf8_lossy(&bytes.unwrap_or_default()).replace('\0', " "));
    }
    let mut command = Command::new("ps");
    command.args(["-ww", "-o", "args=", "-p", &pid.to_string()]);
    match run(command, TOOL_PATIENCE).await {
        Ok(line) => Ok(line),
        // So `ps` says that there is no such process.
        Err(CommandError::Failed { .. }) => Ok(String::new()),
        Err(source) => {
            Err(LocalError::Command { attempt: format!("look at process {pid}"), source })
        }
    }
}

//! An emulator that belongs to the process that starts it, as every test wants one.

use std::path::PathBuf;
use std::process::{Child, ChildStdin};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::environment::install;
use super::error::Doing;
use super::server::{Files, Launch, Server, Tie, url};
use super::{Emulator, Host, LocalError, Progress};

/// How long a private server gets to end when its owner lets go of it.
const DROP_PATIENCE: Duration = Duration::from_secs(2);

/// An emulator of the caller's own, on a port of its own. It ends when this is dropped, and also
/// when the caller's process ends without dropping it.
#[derive(Debug)]
pub struct PrivateServer {
    pub url: String,
    pub port: u16,
    /// Where the stand-in for Bedrock's agent runtime listens, if the emulator has one.
    pub agent_runtime_url: Option<String>,
    pub log: PathBuf,
    child: Child,
    /// Open as long as the server shall live.
    lifeline: Option<ChildStdin>,
    _folder: TempDir,
}

/// Starts an emulator for the caller alone; `extra` variables are added to its environment.
pub async fn start_private(
    host: &Host,
    emulator: &Emulator,
    extra: &[(&str, &str)],
    progress: Progress<'_>,
) -> Result<PrivateServer, LocalError> {
    let environment = install(host, &emulator.requirements, progress).await?;
    let parent = std::env::temp_dir();
    let folder = tempfile::Builder::new()
        .prefix("cairn-emulator-")
        .tempdir_in(&parent)
        .doing("make a folder in", &parent)?;
    let files = Files { log: folder.path().join("server.log"), scratch: folder.path().to_owned() };
    let launch = Launch {
        emulator,
        environment: &environment,
        files: &files,
        path: host.path(),
        preferred_port: None,
        tie: Tie::EndsWithOwner,
        extra,
    };
    let Server { mut child, record } = launch.start(|_| Ok(())).await?;
    Ok(PrivateServer {
        url: url(record.port),
        port: record.port,
        agent_runtime_url: record.companion_port.map(url),
        log: files.log,
        lifeline: child.stdin.take(),
        child,
        _folder: folder,
    })
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        end(&mut self.child);
    }
}

/// Waits for a process that was told to end, and then makes it.
fn end(child: &mut Child) {
    let started = Instant::now();
    while started.elapsed() < DROP_PATIENCE {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    let _ = child.wait();
}

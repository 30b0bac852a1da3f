//! `cairn local`: a MiniStack on this machine, installed, started, emptied and stopped.
//!
//! On Linux and macOS; the user needs a Python 3.10 or newer and nothing else. Everything lies in
//! one folder, which may be deleted when nothing runs:
//!
//! ```text
//! <cache>/python/ministack-<key>/   a virtual environment; the key is what it was made from
//! <cache>/local/<name>/             server.json, server.log, and scratch/, the server's TMPDIR
//! ```
//!
//! MiniStack's agents never return control. So its process also runs a stand-in for Bedrock's agent
//! runtime, `agent_runtime.py`, on a port of its own, and the functions are led to it.
//!
//! Nothing here trusts a number in a file: a process is Cairn's only if its command line carries
//! the random token of the state file, and a server only if it answers with that token. Locks are
//! the system's, on files, so a killed Cairn leaves none behind.

pub mod blind_spots;
mod command;
mod environment;
mod error;
mod host;
mod http;
mod lock;
mod private;
mod process;
mod python;
mod record;
mod server;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

pub use command::CommandError;
pub use environment::{Requirements, install};
pub use error::{LocalError, Said};
pub use host::{Host, cache_folder};
pub use private::{PrivateServer, start_private};
pub use server::{Companion, Emulator, MINISTACK};

use error::Doing;
use lock::Lock;
use record::Record;
use server::{Files, Launch, Server, Tie};

/// What is told while a slow step runs.
pub type Progress<'a> = &'a (dyn Fn(&str) + Sync);

/// Where every AWS tool looks for a local emulator first.
pub const PREFERRED_PORT: u16 = 4566;

/// How long a server that may still be starting gets to answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

/// It lets running requests end first, a Lambda's too.
const RESET_PATIENCE: Duration = Duration::from_secs(30);

/// Another Cairn that starts or stops the same server needs less.
const LOCK_PATIENCE: Duration = Duration::from_mins(1);

/// How often something that may have changed is looked at again.
const PAUSE: Duration = Duration::from_millis(25);

/// One local server, known by its name, that outlives the Cairn that starts it.
#[derive(Debug, Clone)]
pub struct Local {
    host: Host,
    name: String,
    preferred_port: u16,
}

/// A local server as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub url: String,
    pub port: u16,
    /// Where the stand-in for Bedrock's agent runtime listens.
    pub agent_runtime_url: Option<String>,
    pub pid: u32,
    pub version: String,
    pub since: SystemTime,
    pub log: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Stopped,
    Running(Running),
    /// The process is there and does not answer.
    Silent(Running),
}

impl Local {
    /// The server of this name; `default` is the one that the command line means.
    pub fn named(host: Host, name: &str) -> Result<Self, LocalError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            return Err(LocalError::BadName(name.to_owned()));
        }
        Ok(Self { host, name: name.to_owned(), preferred_port: PREFERRED_PORT })
    }

    /// The port to take if it is free; another one is taken if it is not.
    #[must_use]
    pub fn preferring(mut self, port: u16) -> Self {
        self.preferred_port = port;
        self
    }

    /// Starts the server unless it runs already, installing it the first time.
    pub async fn start(&self, progress: Progress<'_>) -> Result<Running, LocalError> {
        if let Status::Running(running) = self.status().await? {
            progress(&format!("MiniStack {} runs already", running.version));
            return Ok(running);
        }
        let environment = install(&self.host, &MINISTACK.requirements, progress).await?;
        let _lock = self.lock(progress).await?;
        if let Some(running) = self.recover(progress).await? {
            return Ok(running);
        }
        let files = self.files();
        files.clear_scratch()?;
        progress(&format!("starting MiniStack {}", MINISTACK.requirements.version()));
        let file = self.record_file();
        let launch = Launch {
            emulator: &MINISTACK,
            environment: &environment,
            files: &files,
            path: self.host.path(),
            preferred_port: Some(self.preferred_port),
            tie: Tie::Detached,
            extra: &[],
        };
        let started = launch.start(|record| record.write(&file)).await;
        let Server { mut child, record } = match started {
            Ok(server) => server,
            Err(error) => {
                Record::remove(&file)?;
                return Err(error);
            }
        };
        if record.port != self.preferred_port {
            progress(&format!("port {} is taken: using {}", self.preferred_port, record.port));
        }
        // Whoever lives on must collect the process when it ends; a command ends long before.
        std::thread::spawn(move || child.wait());
        self.running(&record)
    }

    /// Stops the server and removes what it left; says which one it was.
    pub async fn stop(&self, progress: Progress<'_>) -> Result<Option<Running>, LocalError> {
        let _lock = self.lock(progress).await?;
        let running = match self.live_record().await? {
            Some(record) => {
                let running = self.running(&record)?;
                end(&record).await?;
                Some(running)
            }
            None => None,
        };
        Record::remove(&self.record_file())?;
        self.files().clear_scratch()?;
        Ok(running)
    }

    pub async fn status(&self) -> Result<Status, LocalError> {
        let Some(record) = self.live_record().await? else { return Ok(Status::Stopped) };
        let running = self.running(&record)?;
        if server::answers(&MINISTACK, &record).await {
            Ok(Status::Running(running))
        } else {
            Ok(Status::Silent(running))
        }
    }

    /// Empties the server, every account, region and service, and ends the agents' sessions.
    pub async fn reset(&self) -> Result<Running, LocalError> {
        let running = match self.status().await? {
            Status::Running(running) => running,
            Status::Stopped | Status::Silent(_) => {
                return Err(LocalError::NotRunning(self.name.clone()));
            }
        };
        empty(&running.url, running.port, "/_ministack/reset").await?;
        if let (Some(companion), Some(record)) = (MINISTACK.companion, self.live_record().await?)
            && let Some(port) = record.companion_port
        {
            empty(&server::url(port), port, companion.reset).await?;
        }
        Ok(running)
    }

    /// What runs under this name once nobody else is starting or stopping it. A process that
    /// does not answer is ended, and what a dead one left is forgotten.
    async fn recover(&self, progress: Progress<'_>) -> Result<Option<Running>, LocalError> {
        let Some(record) = self.live_record().await? else {
            Record::remove(&self.record_file())?;
            return Ok(None);
        };
        let deadline = tokio::time::Instant::now() + ANSWER_PATIENCE;
        while tokio::time::Instant::now() < deadline {
            if server::answers(&MINISTACK, &record).await {
                progress(&format!("MiniStack {} runs already", record.version));
                return Ok(Some(self.running(&record)?));
            }
            if !process::is_ours(record.pid, &record.token).await? {
                break;
            }
            pause().await;
        }
        progress(&format!("process {} does not answer: ending it", record.pid));
        end(&record).await?;
        Record::remove(&self.record_file())?;
        Ok(None)
    }

    async fn live_record(&self) -> Result<Option<Record>, LocalError> {
        let Some(record) = Record::read(&self.record_file()) else { return Ok(None) };
        let ours = process::is_ours(record.pid, &record.token).await?;
        Ok(ours.then_some(record))
    }

    fn running(&self, record: &Record) -> Result<Running, LocalError> {
        let file = self.record_file();
        let since =
            file.metadata().and_then(|data| data.modified()).doing("read", &self.record_file())?;
        Ok(Running {
            url: server::url(record.port),
            port: record.port,
            agent_runtime_url: record.companion_port.map(server::url),
            pid: record.pid,
            version: record.version.clone(),
            since,
            log: self.files().log,
        })
    }

    async fn lock(&self, progress: Progress<'_>) -> Result<Lock, LocalError> {
        let waiting = "waiting for another cairn that starts or stops it";
        Lock::hold(&self.folder().join("server.lock"), LOCK_PATIENCE, &|| progress(waiting)).await
    }

    fn folder(&self) -> PathBuf {
        self.host.state().join("local").join(&self.name)
    }

    fn record_file(&self) -> PathBuf {
        self.folder().join("server.json")
    }

    fn files(&self) -> Files {
        Files { log: self.folder().join("server.log"), scratch: self.folder().join("scratch") }
    }
}

async fn empty(url: &str, port: u16, path: &str) -> Result<(), LocalError> {
    let failed = |source| LocalError::Reset { url: url.to_owned(), source };
    match http::request(port, "POST", path, RESET_PATIENCE).await {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(failed(Said(format!("it answered HTTP {}", answer.status)).into())),
        Err(error) => Err(failed(error.into())),
    }
}

async fn end(record: &Record) -> Result<(), LocalError> {
    process::stop(record.pid, &record.token).await?;
    server::released(record.port).await;
    if let Some(port) = record.companion_port {
        server::released(port).await;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a process, a port and a lock file are only looked at again, at the edge; \
              the engine's waits are about AWS"
)]
async fn pause() {
    tokio::time::sleep(PAUSE).await;
}

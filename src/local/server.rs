//! Starting an emulator's process and waiting until it answers.
//!
//! A port that is free now may be taken a moment later, so a start that fails on a taken port is
//! tried on another one; and because somebody else's server may answer there, only an answer that
//! carries this start's token counts.
//!
//! A Lambda in the emulator is a child of it with its environment. It gets no variable of the
//! user's but `PATH`, and a `HOME` of its own: it must never find the user's AWS profile.

use std::ffi::OsStr;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::Instant;

use super::environment::{Requirements, python_of};
use super::error::{Doing, make_folder, remove_folder};
use super::record::Record;
use super::{LocalError, Said, http, pause, process};

const PATIENCE: Duration = Duration::from_secs(30);

/// How long one question after its health may take.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);

/// How long the system may take to close what an ended process had open.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// On this machine a listener takes a connection at once, or there is none.
const CONNECT_PATIENCE: Duration = Duration::from_millis(200);

/// How many ports are tried when others take them at the same time.
const PORTS: usize = 5;

/// Ends the process and its children, and removes its folder, when its standard input ends: that
/// is when its owner does, in whichever way.
const END_WITH_OWNER: &str = r#"
import os, shutil, signal, threading

def end_with_owner():
    while os.read(0, 4096):
        pass
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os.killpg(0, signal.SIGKILL)

threading.Thread(target=end_with_owner, daemon=True).start()
"#;

/// A Python program that serves HTTP on a loopback port. In the texts, `{port}` and `{token}`
/// stand for the port and the token of the start, `{companion}` for the companion's port.
#[derive(Debug, Clone, Copy)]
pub struct Emulator {
    pub requirements: Requirements,
    /// The module whose `main` is run.
    pub module: &'static str,
    pub arguments: &'static [&'static str],
    pub variables: &'static [(&'static str, &'static str)],
    /// The path that tells whether it is well.
    pub health: &'static str,
    /// What the answer must contain, so that it is this server's.
    pub answer: &'static str,
    pub companion: Option<Companion>,
    /// A module that is imported before the program, and mends it.
    pub mends: Option<&'static str>,
}

/// A second server, on a port of its own but in the emulator's process: it cannot be left over, and
/// there is one process to know. Its source is written anew for each start.
#[derive(Debug, Clone, Copy)]
pub struct Companion {
    /// The module, whose `serve` takes the port and the token and returns.
    pub module: &'static str,
    pub source: &'static str,
    pub health: &'static str,
    pub answer: &'static str,
    /// The path that empties it.
    pub reset: &'static str,
}

/// What MiniStack's functions find instead of its own agent runtime, which never returns control.
const AGENT_RUNTIME: Companion = Companion {
    module: "agent_runtime",
    source: include_str!("agent_runtime.py"),
    health: "/_agent_runtime/health",
    answer: "{token}",
    reset: "/_agent_runtime/reset",
};

/// The edition is a label that MiniStack repeats in its health.
pub const MINISTACK: Emulator = Emulator {
    requirements: Requirements { package: "ministack", text: include_str!("requirements.txt") },
    module: "ministack.app",
    arguments: &[],
    variables: &[
        ("BIND_HOST", "127.0.0.1"),
        ("GATEWAY_PORT", "{port}"),
        ("SFTP_ENABLED", "0"),
        ("IOT_MTLS_ENABLED", "0"),
        ("LOG_LEVEL", "WARNING"),
        ("MINISTACK_EDITION", "cairn-{token}"),
        // A function has MiniStack's variables, and the AWS SDKs read this one.
        ("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", "http://127.0.0.1:{companion}"),
    ],
    health: "/_ministack/health",
    answer: "cairn-{token}",
    companion: Some(AGENT_RUNTIME),
    mends: Some(include_str!("ministack_mends.py")),
};

pub(super) fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Whether the server with this token answers on its port, and its companion on its own.
pub(super) async fn answers(emulator: &Emulator, record: &Record) -> bool {
    let Record { port, companion_port, token, .. } = record;
    if !answers_at(*port, emulator.health, emulator.answer, token).await {
        return false;
    }
    match (&emulator.companion, companion_port) {
        (Some(companion), Some(port)) => {
            answers_at(*port, companion.health, companion.answer, token).await
        }
        (None, _) => true,
        (Some(_), None) => false,
    }
}

async fn answers_at(port: u16, path: &str, wanted: &str, token: &str) -> bool {
    let wanted = wanted.replace("{token}", token);
    http::request(port, "GET", path, ANSWER_PATIENCE)
        .await
        .is_ok_and(|answer| answer.status == 200 && answer.body.contains(&wanted))
}

/// Whether a server lives on when the Cairn that started it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    Detached,
    EndsWithOwner,
}

/// What a server writes.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) log: PathBuf,
    pub(super) scratch: PathBuf,
}

impl Files {
    pub(super) fn clear_scratch(&self) -> Result<(), LocalError> {
        remove_folder(&self.scratch)
    }
}

/// Everything about a start but the port.
pub(super) struct Launch<'a> {
    pub(super) emulator: &'a Emulator,
    pub(super) environment: &'a Path,
    pub(super) files: &'a Files,
    pub(super) path: &'a OsStr,
    pub(super) preferred_port: Option<u16>,
    pub(super) tie: Tie,
    pub(super) extra: &'a [(&'a str, &'a str)],
}

/// A server that has answered.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) child: Child,
    pub(super) record: Record,
}

impl Launch<'_> {
    /// Starts the server and waits until it is well. `began` is told as soon as there is a
    /// process.
    pub(super) async fn start(
        &self,
        began: impl Fn(&Record) -> Result<(), LocalError>,
    ) -> Result<Server, LocalError> {
        make_folder(&self.files.scratch)?;
        if let Some(companion) = &self.emulator.companion {
            let file = self.files.scratch.join(format!("{}.py", companion.module));
            std::fs::write(&file, companion.source).doing("write", &file)?;
        }
        if let Some(mends) = self.emulator.mends {
            let file = self.files.scratch.join("mends.py");
            std::fs::write(&file, mends).doing("write", &file)?;
        }
        let mut preferred = self.preferred_port;
        let mut tries = 0;
        loop {
            tries += 1;
            let mut record = self.draw(preferred.take())?;
            let mut starting = Starting(Some(self.spawn(&record)?));
            record.pid = starting.child().id();
            began(&record)?;
            match self.wait(starting.child(), &record).await {
                Ok(()) => return Ok(Server { child: starting.keep(), record }),
                // Whoever had the port may have let go of it by now.
                Err(LocalError::Ended { source, .. })
                    if tries < PORTS && (source.says_in_use() || is_taken(&record)) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A start with its ports and token, before there is a process.
    fn draw(&self, preferred: Option<u16>) -> Result<Record, LocalError> {
        let no_port = |source| LocalError::NoPort { source };
        let port = choose_port(preferred).map_err(no_port)?;
        let companion = self.emulator.companion.map(|_| choose_port(None)).transpose();
        Ok(Record {
            pid: 0,
            port,
            companion_port: companion.map_err(no_port)?,
            token: random_token(),
            version: self.emulator.requirements.version().to_owned(),
            environment: self.environment.to_owned(),
        })
    }

    fn spawn(&self, record: &Record) -> Result<Child, LocalError> {
        let log_path = &self.files.log;
        let log = std::fs::File::create(log_path).doing("write", log_path)?;
        let errors = log.try_clone().doing("write", log_path)?;
        let input = match self.tie {
            Tie::Detached => Stdio::null(),
            Tie::EndsWithOwner => Stdio::piped(),
        };
        let python = python_of(self.environment);
        let mut command = Command::new(&python);
        command
            .args(["-X", &process::mark(&record.token), "-c", &self.program(record)])
            .args(self.emulator.arguments.iter().map(|text| filled(text, record)))
            .current_dir(&self.files.scratch)
            .stdin(input)
            .stdout(log)
            .stderr(errors)
            .env_clear()
            .env("PATH", self.path)
            .env("HOME", &self.files.scratch)
            .env("TMPDIR", &self.files.scratch)
            .env("LANG", "C.UTF-8");
        for (name, text) in self.emulator.variables.iter().chain(self.extra) {
            command.env(name, filled(text, record));
        }
        // A group of its own: Ctrl-C in the terminal is for Cairn, and its children end with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().doing("run", &python)
    }

    /// The companion is found beside the program, in the folder the process starts in. A port that
    /// it cannot have ends the process, as it would the emulator.
    fn program(&self, record: &Record) -> String {
        let mut program = match self.tie {
            Tie::Detached => String::new(),
            Tie::EndsWithOwner => END_WITH_OWNER.to_owned(),
        };
        if let Some(companion) = &self.emulator.companion {
            let call = "import {module}; {module}.serve({companion}, '{token}')\n";
            program += &filled(&call.replace("{module}", companion.module), record);
        }
        if self.emulator.mends.is_some() {
            program += "import mends\n";
        }
        program + &format!("from {} import main; main()", self.emulator.module)
    }

    async fn wait(&self, child: &mut Child, record: &Record) -> Result<(), LocalError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let well = answers(self.emulator, record).await;
            if let Some(status) = child.try_wait().doing("wait for", self.environment)? {
                let source = Said::end_of_file(&self.files.log);
                return Err(LocalError::Ended { ending: status.to_string(), source });
            }
            if well {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let (url, source) = (url(record.port), Said::end_of_file(&self.files.log));
                return Err(LocalError::Silent { url, patience: PATIENCE, source });
            }
            pause().await;
        }
    }
}

/// A process that nobody has vouched for yet: it is ended unless it is kept.
struct Starting(Option<Child>);

impl Starting {
    fn child(&mut self) -> &mut Child {
        self.0.as_mut().expect("a child is taken only by `keep`, which ends this")
    }

    fn keep(mut self) -> Child {
        self.0.take().expect("a child is taken only by `keep`, which ends this")
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn filled(text: &str, record: &Record) -> String {
    let companion = record.companion_port.map(|port| port.to_string()).unwrap_or_default();
    text.replace("{port}", &record.port.to_string())
        .replace("{companion}", &companion)
        .replace("{token}", &record.token)
}

fn random_token() -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system gives random bytes, or nothing works");
    format!("{:016x}", u64::from_ne_bytes(bytes))
}

fn choose_port(preferred: Option<u16>) -> io::Result<u16> {
    match preferred {
        Some(port) if is_free(port) => Ok(port),
        _ => TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr().map(|found| found.port()),
    }
}

/// Waits for the port of an ended process: the system takes back its memory, by which it is known,
/// before its sockets. If somebody else has the port by then, there is nothing to wait for.
pub(super) async fn released(port: u16) {
    let deadline = Instant::now() + CLOSE_PATIENCE;
    while !is_free(port) && Instant::now() < deadline {
        pause().await;
    }
}

/// Whether somebody else has a port of this start.
fn is_taken(record: &Record) -> bool {
    !is_free(record.port) || record.companion_port.is_some_and(|port| !is_free(port))
}

/// Both ways round: on macOS a port can be bound although somebody listens on all interfaces.
fn is_free(port: u16) -> bool {
    TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), CONNECT_PATIENCE).is_err()
        && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

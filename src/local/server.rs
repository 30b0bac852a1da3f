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
/// stand for the port and the token of the start.
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
}

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
    ],
    health: "/_ministack/health",
    answer: "cairn-{token}",
};

pub(super) fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Whether the server with this token answers on this port.
pub(super) async fn answers(emulator: &Emulator, port: u16, token: &str) -> bool {
    let wanted = filled(emulator.answer, port, token);
    http::request(port, "GET", emulator.health, ANSWER_PATIENCE)
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
        let mut preferred = self.preferred_port;
        let mut tries = 0;
        loop {
            tries += 1;
            let port =
                choose_port(preferred.take()).map_err(|source| LocalError::NoPort { source })?;
            let token = random_token();
            let mut starting = Starting(Some(self.spawn(port, &token)?));
            let record = Record {
                pid: starting.child().id(),
                port,
                token,
                version: self.emulator.requirements.version().to_owned(),
                environment: self.environment.to_owned(),
            };
            began(&record)?;
            match self.wait(starting.child(), port, &record.token).await {
                Ok(()) => return Ok(Server { child: starting.keep(), record }),
                Err(LocalError::Ended { .. }) if tries < PORTS && !is_free(port) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn spawn(&self, port: u16, token: &str) -> Result<Child, LocalError> {
        let log_path = &self.files.log;
        let log = std::fs::File::create(log_path).doing("write", log_path)?;
        let errors = log.try_clone().doing("write", log_path)?;
        let run = format!("from {} import main; main()", self.emulator.module);
        let (program, input) = match self.tie {
            Tie::Detached => (run, Stdio::null()),
            Tie::EndsWithOwner => (format!("{END_WITH_OWNER}{run}"), Stdio::piped()),
        };
        let python = python_of(self.environment);
        let mut command = Command::new(&python);
        command
            .args(["-X", &process::mark(token), "-c", &program])
            .args(self.emulator.arguments.iter().map(|text| filled(text, port, token)))
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
            command.env(name, filled(text, port, token));
        }
        // A group of its own: Ctrl-C in the terminal is for Cairn, and its children end with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().doing("run", &python)
    }

    async fn wait(&self, child: &mut Child, port: u16, token: &str) -> Result<(), LocalError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let well = answers(self.emulator, port, token).await;
            if let Some(status) = child.try_wait().doing("wait for", self.environment)? {
                let source = Said::end_of_file(&self.files.log);
                return Err(LocalError::Ended { ending: status.to_string(), source });
            }
            if well {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let source = Said::end_of_file(&self.files.log);
                return Err(LocalError::Silent { url: url(port), patience: PATIENCE, source });
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

fn filled(text: &str, port: u16, token: &str) -> String {
    text.replace("{port}", &port.to_string()).replace("{token}", token)
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

/// Both ways round: on macOS a port can be bound although somebody listens on all interfaces.
fn is_free(port: u16) -> bool {
    TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), CONNECT_PATIENCE).is_err()
        && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

//! `cairn local` as a library: installing once, and a server that is found again whatever happened
//! to it. Servers are real and keep their files in a folder of the test; what is about installing
//! runs on a made-up Python that notes what it is asked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use cairn::local::{
    Host, Local, LocalError, MINISTACK, Requirements, Running, Status, cache_folder, install,
    start_private,
};
use tempfile::TempDir;

const QUIET: &(dyn Fn(&str) + Sync) = &|_| ();

/// A server of one test, with its folder; it does not outlive the test.
struct Bench {
    folder: TempDir,
    port: u16,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), port: free_port() }
    }

    fn local(&self) -> Local {
        let host = Host::from_environment(|name| std::env::var_os(name)).unwrap();
        let host = host.keeping_state_in(self.folder.path());
        Local::named(host, "test").unwrap().preferring(self.port)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("local/test").join(name)
    }

    fn write_record(&self, text: &str) {
        fs::create_dir_all(self.file("")).unwrap();
        fs::write(self.file("server.json"), text).unwrap();
    }

    async fn start(&self) -> Running {
        self.local().start(QUIET).await.unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let text = fs::read(self.file("server.json")).unwrap_or_default();
        let record: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        if let (Some(pid), Some(_)) = (record["pid"].as_u64(), record["token"].as_str())
            && pid > 1
        {
            signal("KILL", &format!("-{pid}"));
        }
    }
}

/// Below the range from which the system gives ports, so that no other test is given it meanwhile.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = u16::try_from(std::process::id() % 9_000).unwrap() + 20_000;
    loop {
        let port = base + NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

fn signal(name: &str, target: &str) -> bool {
    let shell = ["-c", "kill -s \"$1\" -- \"$2\" 2>/dev/null", "sh", name, target];
    Command::new("/bin/sh").args(shell).status().unwrap().success()
}

/// The first line of the answer.
fn request(port: u16, method: &str, path: &str) -> String {
    answer(port, method, path).lines().next().unwrap_or_default().to_owned()
}

fn answer(port: u16, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn port_of(url: Option<&str>) -> u16 {
    url.unwrap().rsplit(':').next().unwrap().parse().unwrap()
}

fn sessions(port: u16) -> String {
    answer(port, "GET", "/_agent_runtime/health")
}

#[tokio::test]
async fn a_server_lives_until_it_is_stopped() {
    let bench = Bench::new();
    let local = bench.local();
    assert_eq!(local.status().await.unwrap(), Status::Stopped);
    assert!(matches!(local.reset().await, Err(LocalError::NotRunning(_))));

    let running = bench.start().await;
    assert_eq!(running.port, bench.port);
    assert_eq!(running.url, format!("http://127.0.0.1:{}", bench.port));
    assert_eq!(running.version, MINISTACK.requirements.version());
    assert_eq!(local.status().await.unwrap(), Status::Running(running.clone()));
    assert_eq!(bench.start().await, running, "starting it again changes nothing");

    assert!(request(running.port, "PUT", "/bucket").contains(" 200"));
    assert!(request(running.port, "GET", "/bucket").contains(" 200"));
    let agents = port_of(running.agent_runtime_url.as_deref());
    assert_ne!(agents, running.port);
    let session = "/agents/A/agentAliases/B/sessions/one/text";
    assert!(request(agents, "POST", session).contains(" 400"), "it wants a prompt");
    assert!(sessions(agents).contains("\"sessions\": 1"));
    assert_eq!(local.reset().await.unwrap(), running);
    assert!(request(running.port, "GET", "/bucket").contains(" 404"));
    assert!(sessions(agents).contains("\"sessions\": 0"));

    assert_eq!(local.stop(QUIET).await.unwrap(), Some(running.clone()));
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, agents)).is_err());
    assert_eq!(local.status().await.unwrap(), Status::Stopped);
    assert_eq!(local.stop(QUIET).await.unwrap(), None);
    assert!(!bench.file("scratch").exists());
    assert_eq!(bench.start().await.port, running.port, "its port is free again at once");
}

#[tokio::test]
async fn two_starts_at_once_start_one_server() {
    let bench = Bench::new();
    let (first, second) = tokio::join!(bench.start(), bench.start());
    assert_eq!(first, second);
}

#[tokio::test]
async fn a_killed_server_is_started_anew() {
    let bench = Bench::new();
    let killed = bench.start().await;
    assert!(signal("KILL", &killed.pid.to_string()));
    let started = bench.start().await;
    assert_ne!(started.pid, killed.pid);
    assert_eq!(bench.local().status().await.unwrap(), Status::Running(started));
}

/// Somebody else on the stand-in's port is not taken for it, as with the server's own.
#[tokio::test]
async fn a_stranger_on_the_stand_ins_port_is_not_believed() {
    let bench = Bench::new();
    let running = bench.start().await;
    let stranger = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = stranger.local_addr().unwrap().port();
    let agents = port_of(running.agent_runtime_url.as_deref());
    let record = fs::read_to_string(bench.file("server.json")).unwrap();
    bench.write_record(&record.replace(&agents.to_string(), &port.to_string()));
    assert!(matches!(bench.local().status().await.unwrap(), Status::Silent(_)));
}

#[tokio::test]
async fn a_state_file_is_not_believed() {
    let bench = Bench::new();
    let mut other = Command::new("sleep").arg("60").spawn().unwrap();
    let stranger = format!(
        r#"{{"pid": {}, "port": 1, "token": "0123", "version": "1", "environment": "/"}}"#,
        other.id()
    );
    for text in ["", "{\"pid\": 1, ", "[]", &stranger] {
        bench.write_record(text);
        assert_eq!(bench.local().status().await.unwrap(), Status::Stopped, "{text}");
        assert_eq!(bench.local().stop(QUIET).await.unwrap(), None, "{text}");
    }
    assert!(other.try_wait().unwrap().is_none(), "a stranger's process lives");
    other.kill().unwrap();
    other.wait().unwrap();

    bench.write_record("garbage");
    bench.start().await;
}

#[tokio::test]
async fn a_taken_port_is_avoided_and_said() {
    let bench = Bench::new();
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, bench.port)).unwrap();
    let said = std::sync::Mutex::new(Vec::new());
    let progress = |line: &str| said.lock().unwrap().push(line.to_owned());
    let running = bench.local().start(&progress).await.unwrap();
    assert_ne!(running.port, bench.port);
    let expected = format!("port {} is taken: using {}", bench.port, running.port);
    assert!(said.lock().unwrap().contains(&expected), "{said:?}");
}

#[tokio::test]
async fn private_servers_are_apart_and_end_with_their_owner() {
    let host = Host::from_environment(|name| std::env::var_os(name)).unwrap();
    let extra = [("MINISTACK_ACCOUNT_ID", "111122223333")];
    let start = || start_private(&host, &MINISTACK, &extra, QUIET);
    let (first, second) = tokio::join!(start(), start());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_ne!(first.url, second.url);
    assert!(request(first.port, "PUT", "/bucket").contains(" 200"));
    assert!(request(second.port, "GET", "/bucket").contains(" 404"));

    let (port, log) = (first.port, first.log.clone());
    let agents = port_of(first.agent_runtime_url.as_deref());
    assert!(sessions(agents).contains(" 200"));
    drop(first);
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, agents)).is_err());
    assert!(!log.exists());
    assert!(request(second.port, "GET", "/bucket").contains(" 404"), "the other one lives on");
}

#[test]
fn a_name_is_a_plain_word() {
    let host = made_up_host(Path::new("/nowhere"), Path::new("/nowhere"));
    for name in ["", ".", "..", "a/b", "a b", "é", &"a".repeat(65)] {
        assert!(Local::named(host.clone(), name).is_err(), "{name}");
    }
    for name in ["default", "a-b_C9", &"a".repeat(64)] {
        assert!(Local::named(host.clone(), name).is_ok(), "{name}");
    }
}

#[test]
fn the_cache_folder_is_the_users() {
    type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a Path>);
    let users = if cfg!(target_os = "macos") { "/me/Library/Caches" } else { "/me/.cache" };
    let users = Path::new(users).join("cairn");
    let cases: [Case<'_>; 6] = [
        (&[], None),
        (&[("HOME", "/me")], Some(&users)),
        (&[("HOME", "/me"), ("XDG_CACHE_HOME", "")], Some(&users)),
        (&[("HOME", "/me"), ("XDG_CACHE_HOME", "relative")], Some(&users)),
        (&[("HOME", "/me"), ("XDG_CACHE_HOME", "/xdg")], Some(Path::new("/xdg/cairn"))),
        (&[("XDG_CACHE_HOME", "/xdg"), ("CAIRN_CACHE_DIR", "/mine")], Some(Path::new("/mine"))),
    ];
    for (variables, expected) in cases {
        let get = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        };
        assert_eq!(cache_folder(get).as_deref(), expected, "{variables:?}");
    }
}

const PACKAGES: Requirements =
    Requirements { package: "thing", text: "thing==1.0 \\\n    --hash=sha256:00\n" };

/// A folder with a made-up Python, which answers as told and notes each pip run in `pip.log`.
/// While the file `broken` is there, its pip fails.
struct Pythons {
    folder: TempDir,
}

impl Pythons {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        Self { folder }
    }

    fn add(&self, name: &str, answer: &str) -> &Self {
        let folder = self.folder.path().display();
        let script = format!(
            r#"#!/bin/sh
case "$*" in
*"-m venv"*) mkdir -p "$3/bin" && ln -s "$0" "$3/bin/python" ;;
*"-m pip"*)
    if [ -e "{folder}/broken" ]; then echo "no such package" >&2; exit 1; fi
    echo run >>"{folder}/pip.log"
    sleep 0.2 ;;
*importlib.metadata*) ;;
*) echo '{answer}' ;;
esac
"#
        );
        let file = self.folder.path().join("bin").join(name);
        fs::write(&file, script).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&file, mode).unwrap();
        self
    }

    fn host(&self) -> Host {
        made_up_host(&self.folder.path().join("cache"), &self.folder.path().join("bin"))
    }

    async fn install(&self) -> Result<PathBuf, LocalError> {
        install(&self.host(), &PACKAGES, QUIET).await
    }

    fn pip_runs(&self) -> usize {
        fs::read_to_string(self.folder.path().join("pip.log")).unwrap_or_default().lines().count()
    }

    fn environments(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("cache/python")).unwrap();
        let entries = entries.map(Result::unwrap).filter(|entry| entry.path().is_dir());
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
    }
}

fn made_up_host(cache: &Path, path: &Path) -> Host {
    Host::from_environment(|name| match name {
        "CAIRN_CACHE_DIR" => Some(cache.into()),
        "PATH" => Some(OsString::from(path)),
        _ => None,
    })
    .unwrap()
}

fn python(version: &str) -> String {
    format!(
        r#"{{"version": [{}], "kind": "cpython made-up /", "makes_environments": true}}"#,
        version.replace('.', ", ")
    )
}

#[tokio::test]
async fn a_python_is_known_by_what_it_says() {
    type Case<'a> = (&'a [(&'a str, &'a str)], Result<&'a str, &'a str>);
    let bare = r#"{"version": [3, 12, 1], "kind": "cpython made-up /"}"#;
    let pypy = python("3.11.1").replace("cpython", "pypy");
    let old = r#"{"version": [2, 7, 18]}"#;
    let (fit, newer) = (python("3.10.0"), python("3.99.0"));
    let cases: [Case<'_>; 8] = [
        (&[], Err("no Python")),
        (&[("python", old)], Err("no Python")),
        (&[("python3", "what?"), ("python3.11", &pypy)], Err("no Python")),
        (&[("python3", bare), ("python", old)], Err("cannot make a virtual environment")),
        (&[("python3", bare), ("python3.11", &fit)], Ok("python3.11")),
        (&[("python", &fit)], Ok("python")),
        (&[("python3", &newer)], Ok("python3")),
        (&[("python3", &newer), ("python3.10", &fit)], Ok("python3.10")),
    ];
    for (programs, expected) in cases {
        let pythons = Pythons::new();
        for (name, answer) in programs {
            pythons.add(name, answer);
        }
        let used = pythons.install().await.map(|environment| {
            let python = fs::read_link(environment.join("bin/python")).unwrap();
            python.file_name().unwrap().to_string_lossy().into_owned()
        });
        match (&used, expected) {
            (Ok(used), Ok(expected)) => assert_eq!(used, expected),
            (Err(error), Err(expected)) => {
                assert!(error.to_string().contains(expected), "{error}");
                assert!(!error.hints().is_empty());
            }
            _ => panic!("{programs:?}: {used:?}, not {expected:?}"),
        }
    }
}

#[tokio::test]
async fn installing_twice_at_once_installs_once() {
    let pythons = Pythons::new();
    pythons.add("python3", &python("3.12.0"));
    let (first, second) = tokio::join!(pythons.install(), pythons.install());
    let first = first.unwrap();
    assert_eq!(first, second.unwrap());
    assert_eq!(first, pythons.install().await.unwrap());
    assert_eq!(pythons.pip_runs(), 1);

    pythons.add("python3", &python("3.12.1"));
    assert_ne!(first, pythons.install().await.unwrap(), "another Python, another environment");
    assert_eq!(pythons.pip_runs(), 2);
}

#[tokio::test]
async fn a_failed_install_says_why_and_leaves_nothing() {
    let pythons = Pythons::new();
    pythons.add("python3", &python("3.12.0"));
    let broken = pythons.folder.path().join("broken");
    fs::write(&broken, "").unwrap();
    let error = anyhow::Error::from(pythons.install().await.unwrap_err());
    let said = format!("{error:#}");
    assert!(said.contains("cannot install thing 1.0"), "{said}");
    assert!(said.contains("no such package"), "{said}");
    assert_eq!(pythons.environments(), [""; 0]);

    fs::remove_file(&broken).unwrap();
    pythons.install().await.unwrap();
    assert_eq!(pythons.environments().len(), 1);
}

#[tokio::test]
async fn half_an_environment_is_thrown_away() {
    let pythons = Pythons::new();
    pythons.add("python3", &python("3.12.0"));
    let environment = pythons.install().await.unwrap();

    // Its Python is gone, and a killed Cairn left another one unfinished.
    fs::remove_file(environment.join("bin/python")).unwrap();
    let name = environment.file_name().unwrap().to_string_lossy();
    let unfinished = environment.with_file_name(format!(".{name}.abc"));
    fs::create_dir_all(unfinished.join("bin")).unwrap();

    assert_eq!(pythons.install().await.unwrap(), environment);
    assert!(environment.join("bin/python").exists());
    assert_eq!(pythons.environments(), [name.into_owned()]);
    assert_eq!(pythons.pip_runs(), 2);
}

/// Nobody waits for a lock that is never let go.
#[tokio::test(start_paused = true)]
async fn a_lock_that_is_kept_is_an_error() {
    let bench = Bench::new();
    bench.write_record("");
    let lock = fs::File::create(bench.file("server.lock")).unwrap();
    lock.lock().unwrap();
    let started = Instant::now();
    let error = bench.local().stop(QUIET).await.unwrap_err();
    assert!(matches!(error, LocalError::Locked { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(30), "virtual time only");
}

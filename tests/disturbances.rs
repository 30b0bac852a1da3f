//! A full disk, a directory that cannot be written to, a network that goes: each run ends clearly,
//! and the next one goes on.
//!
//! None of it needs to be root: a disk is full here where the shell's `ulimit -f` says so, which
//! refuses a write in the middle of a run as a full disk does.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use cairn::aws::{Access, Clients};
use cairn::local::PrivateServer;

use crate::support::emulator::ministack;
use crate::support::inventory::inventory;
use crate::support::meddler::{Meddler, Meddling};
use crate::support::npm;
use crate::support::sandbox::{Sandbox, binary};

const STACK: &str = "stacks/persona-agent";
/// Not root, who may write everywhere.
const NOBODY: u32 = 65534;

struct Scene {
    server: PrivateServer,
    sandbox: Sandbox,
    before: BTreeSet<String>,
}

impl Scene {
    async fn open() -> Self {
        let server = ministack().await;
        let before = inventory(&server.url).await;
        let sandbox = Sandbox::persona(&server.url);
        Self { server, sandbox, before }
    }

    async fn make_bucket(&self, name: &str) {
        let access = Access {
            region: Some("us-east-1".to_owned()),
            endpoint: Some(self.server.url.clone()),
            ..Access::default()
        };
        let s3 = Clients::connect(&access).await.s3();
        s3.create_bucket().bucket(name).send().await.expect("a bucket");
    }

    /// What was left becomes a whole stack without doubles, and then nothing.
    async fn goes_on_and_leaves_nothing(&self, place: &str) {
        self.sandbox.point_at(&self.server.url);
        let again = self.sandbox.cairn(&format!("deploy {STACK} --yes"));
        assert_eq!(again.code, Some(0), "{place}\n{}", again.err);
        self.sandbox.cairn(&format!("plan {STACK} --detailed-exitcode")).code(0);
        let deployed = inventory(&self.server.url).await;
        for (kind, expected) in [("vpc ", 1), ("role ", 2), ("function ", 1), ("agent ", 1)] {
            let count =
                |all: &BTreeSet<String>| all.iter().filter(|one| one.starts_with(kind)).count();
            assert_eq!(count(&deployed) - count(&self.before), expected, "{kind}: {place}");
        }
        self.sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
        assert_eq!(inventory(&self.server.url).await, self.before, "{place}");
    }
}

/// Runs a command that must fail and say these things.
fn fails(mut command: Command, place: &str, parts: &[&str]) {
    let output = command.output().expect("the shell is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{place}\n{said}");
    for part in parts {
        assert!(said.contains(part), "{place}: {part:?} is missing:\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_loses_nothing() {
    let scene = Scene::open().await;
    // From the first record to one of the last; in blocks of 512 or 1024 bytes.
    for blocks in [1, 8, 24, 40] {
        let place = format!("{blocks} blocks");
        let mut command = scene.sandbox.command::<&str>([]);
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" deploy {STACK} --yes");
        let environment: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        let folder = command.get_current_dir().expect("a project").to_owned();
        command = Command::new("sh");
        command.args(["-c", &script]).arg(binary()).current_dir(folder).envs(environment);
        let parts = ["make room on the disk and run the same command again: nothing is lost"];
        fails(command, &place, &parts);
        scene.goes_on_and_leaves_nothing(&place).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_written_is_told_before_anything_is_made() {
    let scene = Scene::open().await;
    let id = Command::new("id").arg("-u").output().expect("`id` is there").stdout;
    let is_root = String::from_utf8_lossy(&id).trim() == "0";
    let open = |path: &str, mode| {
        fs::set_permissions(scene.sandbox.path(path), Permissions::from_mode(mode)).expect("ours");
    };
    open("", 0o755);
    fs::create_dir_all(scene.sandbox.path(".cairn/test/persona-agent")).expect("a folder");
    open(".cairn/test/persona-agent", 0o555);
    let mut command = scene.sandbox.command(["deploy", STACK, "--yes"]);
    if is_root {
        // Who is not root may not be let in to where the command was built.
        let copy = scene.sandbox.path("cairn");
        fs::copy(binary(), &copy).expect("a copy");
        let ours = command;
        command = Command::new(copy);
        command.args(ours.get_args()).current_dir(ours.get_current_dir().expect("a project"));
        command.envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.uid(NOBODY);
    }
    let parts = ["cannot open `", "let the directory be written to and run the same command again"];
    fails(command, "read-only", &parts);
    assert_eq!(inventory(&scene.server.url).await, scene.before);
    open(".cairn/test/persona-agent", 0o755);
    scene.goes_on_and_leaves_nothing("read-only").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_goes_loses_nothing() {
    let scene = Scene::open().await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, scene.server.port));
    for calls in [0, 3, 20, 35] {
        let seen = Arc::new(AtomicUsize::new(0));
        let way =
            Meddler::before(address, move |_| match seen.fetch_add(1, Ordering::SeqCst) < calls {
                true => Meddling::Pass,
                false => Meddling::HangUp,
            });
        scene.sandbox.point_at(&way.url);
        let place = format!("after {calls} calls");
        let parts: &[&str] = match calls {
            0 => &["check the network"],
            _ => &["look whether the network is there", "run the same command again to go on"],
        };
        let command = scene.sandbox.command(["deploy", STACK, "--yes"]);
        fails(command, &place, parts);
        // A way back needs the network, too.
        let command = scene.sandbox.command(["deploy", STACK, "--yes", "--on-failure", "rollback"]);
        fails(command, &place, &["check the network"]);
        scene.goes_on_and_leaves_nothing(&place).await;
    }
}

/// The bucket with the state goes, or may no longer be written to, while AWS stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_goes_loses_nothing() {
    const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let scene = Scene::open().await;
    scene.make_bucket("gone").await;
    let home = |endpoint: &str| format!("state: s3://gone/all?endpoint={endpoint}&lease=2");
    scene.sandbox.edit("config/default.yaml", "state: .cairn", &home(&scene.server.url));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, scene.server.port));
    let hangs = || {
        (
            Meddling::HangUp,
            "look whether the network is there, and the bucket, then run the same command again",
        )
    };
    let refuses = || (Meddling::Answer(403, DENIED), "the credentials in use lack `s3:PutObject`");
    for (writes, (meddling, hint)) in
        [(0, hangs()), (2, hangs()), (7, hangs()), (25, hangs()), (0, refuses()), (9, refuses())]
    {
        let seen = Arc::new(AtomicUsize::new(0));
        let way = Meddler::before(address, move |request| {
            let is_write = request.starts_with("PUT ") && request.contains("/gone/");
            match is_write && seen.fetch_add(1, Ordering::SeqCst) >= writes {
                true => meddling.clone(),
                false => Meddling::Pass,
            }
        });
        scene.sandbox.edit("config/default.yaml", &home(&scene.server.url), &home(&way.url));
        let place = format!("after {writes} writes: {hint}");
        fails(
            scene.sandbox.command(["deploy", STACK, "--yes"]),
            &place,
            &[hint, "nothing is lost"],
        );
        scene.sandbox.edit("config/default.yaml", &home(&way.url), &home(&scene.server.url));
        scene.goes_on_and_leaves_nothing(&place).await;
    }
}

/// The library that lies to a process about the time, where it is installed.
fn faketime() -> Option<PathBuf> {
    let mut libraries =
        fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|one| one.path());
    let found = libraries.find_map(|path| {
        let library = path.join("faketime/libfaketime.so.1");
        library.exists().then_some(library)
    });
    if found.is_none() {
        npm::skip("a clock that jumps", "libfaketime, which is not installed here");
    }
    found
}

/// Somebody sets the clock forward by hours in the middle of a run, and then back.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_loses_nothing() {
    let Some(library) = faketime() else { return };
    let scene = Scene::open().await;
    scene.make_bucket("clock").await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, scene.server.port));
    let in_bucket = format!("state: s3://clock/all?endpoint={}&lease=2", scene.server.url);
    for (state, first, second) in [
        ("state: .cairn", "+3h", "-3h"),
        (in_bucket.as_str(), "+3h", "-3h"),
        (in_bucket.as_str(), "-3h", "+0"),
    ] {
        let place = format!("{state}, {first}, then {second}");
        scene.sandbox.edit("config/default.yaml", "state: .cairn", state);
        let clock = scene.sandbox.path("clock");
        fs::write(&clock, "+0").expect("a file");
        let (seen, hand) = (Arc::new(AtomicUsize::new(0)), clock.clone());
        let hours = Arc::new(Mutex::new(BTreeSet::new()));
        let signed = Arc::clone(&hours);
        let way = Meddler::before(address, move |request| {
            let date = request
                .to_lowercase()
                .split_once("x-amz-date: ")
                .map(|(_, date)| date[..11].to_owned());
            signed.lock().expect("nobody panics with it").extend(date);
            let jump = match seen.fetch_add(1, Ordering::SeqCst) {
                25 => Some(first),
                45 => Some(second),
                _ => None,
            };
            if let Some(jump) = jump {
                // Whoever reads it meanwhile sees one or the other.
                let next = hand.with_extension("next");
                fs::write(&next, jump).expect("a file");
                fs::rename(next, &hand).expect("in the same folder");
            }
            Meddling::Pass
        });
        scene.sandbox.point_at(&way.url);
        let mut command = scene.sandbox.command(["deploy", STACK, "--yes"]);
        command.env("LD_PRELOAD", &library).env("FAKETIME_TIMESTAMP_FILE", &clock);
        command.env("FAKETIME_NO_CACHE", "1").env("DONT_FAKE_MONOTONIC", "1");
        let output = command.output().expect("it can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{place}\n{said}");
        let hours = hours.lock().expect("nobody panics with it").len();
        assert!(hours >= 2, "{place}: all requests are of one hour");
        scene.goes_on_and_leaves_nothing(&place).await;
        scene.sandbox.edit("config/default.yaml", state, "state: .cairn");
    }
}

/// Whoever passes by notes what is asked for, and when the last was.
#[derive(Debug, Default)]
struct Passing {
    requests: Vec<String>,
    last: Option<Instant>,
    /// From then on no answer comes.
    holds_after: Option<usize>,
}

/// A run is paused in the middle, another takes its place, and it wakes up: it neither changes
/// anything nor writes a state.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_paused_stops_when_it_wakes() {
    let scene = Scene::open().await;
    scene.make_bucket("paused").await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, scene.server.port));
    let state = |endpoint: &str| format!("state: s3://paused/all?endpoint={endpoint}&lease=2");
    scene.sandbox.edit("config/default.yaml", "state: .cairn", &state(&scene.server.url));
    for calls in [12, 30] {
        let place = format!("paused after {calls} calls");
        let passing = Passing { holds_after: Some(calls), ..Passing::default() };
        let passing = Arc::new(Mutex::new(passing));
        let noted = Arc::clone(&passing);
        let way = Meddler::before(address, move |request| {
            let mut passing = noted.lock().expect("nobody panics with it");
            passing.requests.push(request.lines().next().unwrap_or_default().to_owned());
            passing.last = Some(Instant::now());
            match passing.holds_after.is_some_and(|calls| passing.requests.len() > calls) {
                true => Meddling::HoldAnswer(Duration::from_secs(20)),
                false => Meddling::Pass,
            }
        });
        scene.sandbox.edit("config/default.yaml", &state(&scene.server.url), &state(&way.url));
        scene.sandbox.point_at(&way.url);
        let paused = scene.sandbox.start(&format!("deploy {STACK} --yes"));
        let signal = |name: &str| {
            let id = paused.id().to_string();
            assert!(
                Command::new("kill").args([name, &id]).status().expect("`kill` is there").success()
            );
        };
        // Until it does nothing but wait for answers: what it was about to send nobody could stop.
        loop {
            thread::sleep(Duration::from_millis(50));
            let passing = passing.lock().expect("nobody panics with it");
            let is_quiet = passing.last.is_some_and(|last| last.elapsed() > Duration::from_secs(3));
            if passing.requests.len() > calls && is_quiet {
                break;
            }
        }
        signal("-STOP");
        passing.lock().expect("nobody panics with it").holds_after = None;
        scene.sandbox.edit("config/default.yaml", &state(&way.url), &state(&scene.server.url));
        scene.sandbox.point_at(&scene.server.url);
        scene.sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
        let asked = passing.lock().expect("nobody panics with it").requests.len();
        signal("-CONT");
        let output = paused.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{place}\n{said}");
        assert!(said.contains("has lost the lock of its stack"), "{place}\n{said}");
        let after = passing.lock().expect("nobody panics with it").requests.split_off(asked);
        // It asks for the lock, and may look what there is.
        let is_harmless = |it: &str| it.contains("/lock?") || it.starts_with("GET /paused/");
        let others: Vec<&String> = after.iter().filter(|it| !is_harmless(it)).collect();
        assert!(others.is_empty(), "{place}: {others:?}\n{said}");
        scene.goes_on_and_leaves_nothing(&place).await;
    }
}

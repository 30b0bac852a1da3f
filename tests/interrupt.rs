//! Ctrl-C once ends a run gently, twice at once, and neither loses anything; nobody else may change
//! a stack meanwhile.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use cairn::local::PrivateServer;

use crate::support::emulator::ministack;
use crate::support::inventory::inventory;
use crate::support::latency::Latency;
use crate::support::meddler::{Meddler, Meddling};
use crate::support::sandbox::Sandbox;

const STACK: &str = "stacks/persona-agent";
/// Long enough to act between one call and the next.
const DELAY: Duration = Duration::from_millis(200);
/// Long enough that something still runs when the second signal arrives.
const LONG_DELAY: Duration = Duration::from_secs(1);

/// A deploy on its way to a slow server.
struct Deploy {
    child: Child,
    heard: BufReader<std::process::ChildStderr>,
    /// What it has said so far.
    said: String,
}

impl Deploy {
    fn start(sandbox: &Sandbox) -> Self {
        let mut child = sandbox.start(&format!("deploy {STACK} --yes"));
        let heard = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut deploy = Self { child, heard, said: String::new() };
        deploy.wait_for("created");
        deploy
    }

    fn wait_for(&mut self, word: &str) {
        while !self.said.contains(word) {
            let length = self.heard.read_line(&mut self.said).expect("it speaks text");
            assert!(length > 0, "it ended without {word:?}:\n{}", self.said);
        }
    }

    fn interrupt(&self) {
        self.send("-INT");
    }

    fn send(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().expect("`kill` is there");
        assert!(sent.success());
    }

    /// How it ended, and all it said.
    fn end(mut self) -> (Option<i32>, String) {
        self.heard.read_to_string(&mut self.said).expect("it speaks text");
        (self.child.wait().expect("it ends").code(), self.said)
    }
}

/// A stack on a server of its own, reached the slow way.
struct Scene {
    server: PrivateServer,
    before: BTreeSet<String>,
    sandbox: Sandbox,
    slow: Latency,
}

impl Scene {
    async fn with(delay: Duration) -> Self {
        let server = ministack().await;
        let before = inventory(&server.url).await;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
        let slow = Latency::before(address, delay);
        let sandbox = Sandbox::persona(&slow.url);
        Self { server, before, sandbox, slow }
    }

    /// What was left goes on to a whole stack without doubles, and then to nothing.
    async fn goes_on_and_leaves_nothing(&self) {
        self.sandbox.point_at(&self.server.url);
        self.sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
        self.sandbox.cairn(&format!("plan {STACK} --detailed-exitcode")).code(0);
        let deployed = inventory(&self.server.url).await;
        for (kind, expected) in [("vpc ", 1), ("role ", 2), ("function ", 1), ("agent ", 1)] {
            let count =
                |all: &BTreeSet<String>| all.iter().filter(|one| one.starts_with(kind)).count();
            assert_eq!(count(&deployed) - count(&self.before), expected, "{kind}");
        }
        self.sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
        assert_eq!(inventory(&self.server.url).await, self.before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn once_is_gentle() {
    let scene = Scene::with(DELAY).await;
    let deploy = Deploy::start(&scene.sandbox);
    deploy.interrupt();
    let (code, said) = deploy.end();
    assert_eq!(code, Some(130), "{said}");
    for part in ["stopping: ", "0 failed", "not started", "run the same command again to go on"] {
        assert!(said.contains(part), "{part:?} is missing:\n{said}");
    }
    // What ran was finished and is in the state: nothing is half begun.
    let journal = scene.sandbox.path(".cairn/test/persona-agent/journal.jsonl");
    assert!(!journal.exists(), "the run was closed");
    let state = scene.sandbox.read(".cairn/test/persona-agent/state.json");
    assert!(state.contains("\"current\""), "{state}");
    assert!(!state.contains("\"intent\""), "{state}");
    scene.goes_on_and_leaves_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twice_is_at_once() {
    let scene = Scene::with(LONG_DELAY).await;
    let mut deploy = Deploy::start(&scene.sandbox);
    deploy.interrupt();
    deploy.wait_for("stopping: ");
    deploy.interrupt();
    let (code, said) = deploy.end();
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("stopped; run the same command again to go on"), "{said}");
    assert!(!said.contains("not started"), "it ended gently after all:\n{said}");
    scene.goes_on_and_leaves_nothing().await;
}

/// GitHub's runners send SIGINT, after 7.5 s SIGTERM, and after 2.5 s more SIGKILL. The answer to
/// one call takes longer than all of that.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_loses_nothing() {
    let server = ministack().await;
    let before = inventory(&server.url).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    let (asked, is_asked) = mpsc::channel();
    let way = Meddler::before(address, move |request| {
        let is_held = request.starts_with("PUT /agents/ ");
        // At the end nobody listens any more.
        let _ = asked.send(is_held);
        if is_held { Meddling::HoldAnswer(Duration::from_secs(30)) } else { Meddling::Pass }
    });
    let sandbox = Sandbox::persona(&way.url);
    let mut deploy = Deploy::start(&sandbox);
    while !is_asked.recv().expect("it asks for an agent") {}
    // Until nothing else is left to be done.
    while is_asked.recv_timeout(Duration::from_secs(2)).is_ok() {}
    deploy.send("-INT");
    deploy.wait_for("stopping: 1 running steps are being finished");
    thread::sleep(Duration::from_millis(7500));
    assert!(deploy.child.try_wait().expect("it can be asked").is_none(), "it waits for its call");
    deploy.send("-TERM");
    let told = Instant::now();
    let (code, said) = deploy.end();
    assert_eq!(code, Some(130), "{said}");
    assert!(told.elapsed() < Duration::from_millis(2500), "SIGKILL would have met it");
    // The agent is there, and this run was never told its id.
    assert!(inventory(&server.url).await.iter().any(|one| one.starts_with("agent ")));
    let state = sandbox.cairn(&format!("state list {STACK}")).code(0).out;
    assert!(state.contains("(no id yet)  (being created)"), "{state}");
    let scene = Scene { slow: Latency::before(address, DELAY), server, before, sandbox };
    scene.goes_on_and_leaves_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_are_one_and_a_refusal() {
    let scene = Scene::with(DELAY).await;
    let deploy = Deploy::start(&scene.sandbox);
    let holder = format!("process {}", deploy.child.id());
    for command in ["deploy", "teardown"] {
        let refused = scene.sandbox.cairn(&format!("{command} {STACK} --yes")).code(1).err;
        for part in ["another run holds the lock", "`cairn deploy`", &holder, "wait until it ends"]
        {
            assert!(refused.contains(part), "{part:?} is missing:\n{refused}");
        }
    }
    // A plan changes nothing, so that it need not wait.
    let planned = scene.sandbox.cairn(&format!("plan {STACK}")).code(0).out;
    assert!(planned.contains("to create"), "{planned}");
    let (code, said) = deploy.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(scene.slow.requests() > 0);
    scene.goes_on_and_leaves_nothing().await;
}

//! Ctrl-C once ends a run gently, twice at once, and neither loses anything; where there is no run it
//! ends the command, and gives the lock back. Nobody else may change a stack meanwhile.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use cairn::local::PrivateServer;

use crate::support::emulator::ministack;
use crate::support::inventory::inventory;
use crate::support::latency::Latency;
use crate::support::meddler::{Meddler, Meddling};
use crate::support::sandbox::{Sandbox, binary};

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
        let mut deploy = Self::begin(sandbox, &format!("deploy {STACK} --yes"));
        deploy.wait_for("created");
        deploy
    }

    fn begin(sandbox: &Sandbox, arguments: &str) -> Self {
        let mut child = sandbox.start(arguments);
        let heard = BufReader::new(child.stderr.take().expect("it is piped"));
        Self { child, heard, said: String::new() }
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

/// Longer than any test waits for a call that is held, or for a lock that was not given back.
const HELD: Duration = Duration::from_mins(2);
/// How soon a command ends that is interrupted where there is no run.
const SOON: Duration = Duration::from_secs(10);

/// A terminal for a question, which is left by a key or a signal as soon as it waits for a key.
const QUESTION: &str = "
import fcntl, os, pty, select, signal, sys, termios, time
signal.alarm(120)
how, command = sys.argv[1], sys.argv[2:]
terminal, inner = pty.openpty()
before = termios.tcgetattr(inner)
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(inner, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(inner, number)
    os.execv(command[0], command)
shown = b''
while b'[y/N]' not in shown or termios.tcgetattr(inner) == before:
    if select.select([terminal], [], [], 0.01)[0]:
        shown += os.read(terminal, 65536)
left = time.monotonic()
if how == 'key':
    os.write(terminal, bytes([3]))
else:
    os.kill(child, getattr(signal, how))
ended = 0
while not ended:
    ended, status = os.waitpid(child, os.WNOHANG)
    while select.select([terminal], [], [], 0.01)[0]:
        shown += os.read(terminal, 65536)
print(shown.decode())
print('the terminal is as it was:', termios.tcgetattr(inner) == before)
print('it took', time.monotonic() - left, 's')
sys.exit(os.waitstatus_to_exitcode(status))
";

/// Stacks of an app, with their states in a bucket whose locks are held for a minute.
struct App {
    server: PrivateServer,
    sandbox: Sandbox,
}

impl App {
    async fn with(stacks: &[&str]) -> Self {
        let server = ministack().await;
        let sandbox = Sandbox::at(&server.url);
        let app = Self { server, sandbox };
        app.reach(&app.server.url);
        let bucket = format!("s3://interrupt/all?endpoint={}", app.server.url);
        app.sandbox.cairn(&format!("init --state {bucket} --yes")).code(0);
        let artifacts: Vec<String> = stacks.iter().map(|id| artifact(id)).collect();
        let artifacts = artifacts.join(",");
        let manifest = format!(r#"{{"version":"36.0.0","artifacts":{{{artifacts}}}}}"#);
        app.sandbox.write("cdk.out/manifest.json", &manifest);
        for id in stacks {
            app.write(id, 1);
        }
        app
    }

    /// What AWS is from here on; the states are where they are.
    fn reach(&self, endpoint: &str) {
        let state = format!("s3://interrupt/all?endpoint={}", self.server.url);
        let account = "account: \"000000000000\"";
        let text = format!("{account}\nendpoint: {endpoint}\nstate: {state}\n");
        self.sandbox.write("config/test.yaml", &text);
    }

    /// The way to the states from here on; AWS is where it is.
    fn keep_at(&self, endpoint: &str) {
        let config = self.sandbox.read("config/test.yaml");
        let state = format!("all?endpoint={}", self.server.url);
        let text = config.replace(&state, &format!("all?endpoint={endpoint}"));
        self.sandbox.write("config/test.yaml", &text);
    }

    /// A stack with the number in what it has: `One` a log, `Two` a network, others both.
    fn write(&self, id: &str, days: u8) {
        let network = format!(
            r#""Network":{{"Type":"AWS::EC2::VPC","Properties":{{"CidrBlock":"10.0.0.0/16",
                "Tags":[{{"Key":"days","Value":"{days}"}}]}}}}"#
        );
        let logs = format!(
            r#""Logs":{{"Type":"AWS::Logs::LogGroup","Properties":{{"LogGroupName":"{id}",
                "RetentionInDays":{days}}}}}"#
        );
        let resources = match id {
            "One" => logs,
            "Two" => network,
            _ => format!("{network},{logs}"),
        };
        let text = format!(r#"{{"Resources":{{{resources}}}}}"#);
        self.sandbox.write(&format!("cdk.out/{id}.json"), &text);
    }

    /// A way on which `rule` meddles, and what tells that it holds an answer.
    fn way(
        &self,
        rule: impl Fn(&str) -> Meddling + Send + Sync + 'static,
    ) -> (Meddler, mpsc::Receiver<()>) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.server.port));
        let (tell, told) = mpsc::channel();
        let way = Meddler::before(address, move |request| {
            let meddling = rule(request);
            if matches!(meddling, Meddling::HoldAnswer(_)) {
                // At the end nobody listens any more.
                let _ = tell.send(());
            }
            meddling
        });
        (way, told)
    }

    #[track_caller]
    fn nobody_holds(&self, stack: &str) {
        let checked = self.sandbox.cairn(&format!("state check {stack} --app cdk.out")).code(0).out;
        assert!(!checked.contains("a run works on it meanwhile"), "{checked}");
    }
}

fn artifact(id: &str) -> String {
    format!(
        r#""{id}":{{"type":"aws:cloudformation:stack","displayName":"{id}",
            "environment":"aws://unknown-account/unknown-region",
            "properties":{{"templateFile":"{id}.json"}}}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_stack_is_not_begun_after_a_signal() {
    let app = App::with(&["One", "Two", "Three"]).await;
    app.sandbox.cairn("deploy --app cdk.out One Two --yes").code(0);
    let (way, is_held) = app.way(|request| match request.contains("Action=DescribeVpcs") {
        true => Meddling::HoldAnswer(HELD),
        false => Meddling::Pass,
    });
    for (signal, days) in [("-INT", 3), ("-TERM", 5)] {
        app.write("One", days);
        app.write("Two", days);
        app.reach(&way.url);
        let mut deploy = Deploy::begin(&app.sandbox, "deploy --app cdk.out --all --yes");
        deploy.wait_for("One is deployed");
        is_held.recv_timeout(HELD).expect("the second stack is planned");
        deploy.send(signal);
        let told = Instant::now();
        let (code, said) = deploy.end();
        assert_eq!(code, Some(130), "{said}");
        assert!(told.elapsed() < SOON, "{signal}: {:?}", told.elapsed());
        for part in ["Two: stopped; nothing of it was changed", "not begun: Three"] {
            assert!(said.contains(part), "{part:?} is missing:\n{said}");
        }
        app.reach(&app.server.url);
        app.nobody_holds("Two");
        app.sandbox.cairn("plan One --app cdk.out --detailed-exitcode").code(0);
        app.sandbox.cairn("plan Two --app cdk.out --detailed-exitcode").code(2);
    }
    let begun = Instant::now();
    app.sandbox.cairn("deploy --app cdk.out --all --yes").code(0);
    assert!(begun.elapsed() < HELD / 4, "it waited for a lock: {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_left_by_a_key_or_a_signal() {
    let app = App::with(&["One"]).await;
    let leave = |arguments: &str| {
        let begun = Instant::now();
        for how in ["key", "SIGINT", "SIGTERM"] {
            let like = app.sandbox.command([""; 0]);
            let mut command = Command::new("python3");
            command.args(["-c", QUESTION, how]).arg(binary()).args(arguments.split(' '));
            command.current_dir(app.sandbox.path("")).env_remove("CI").env("TERM", "xterm");
            command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
            let left = command.output().expect("Python is there");
            let said = String::from_utf8_lossy(&left.stdout);
            let errors = String::from_utf8_lossy(&left.stderr);
            assert_eq!(left.status.code(), Some(130), "{how}: {said}\n{errors}");
            let whole =
                ["One: stopped; nothing of it was changed", "the terminal is as it was: True"];
            for part in whole {
                assert!(said.contains(part), "{how}: {part:?} is missing:\n{said}");
            }
        }
        assert!(begun.elapsed() < HELD / 4, "it waited for a lock: {:?}", begun.elapsed());
    };
    leave("deploy --app cdk.out --all");
    app.sandbox.cairn("deploy --app cdk.out --all --yes").code(0);
    leave("teardown --app cdk.out --all");
    app.nobody_holds("One");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_that_is_not_planned_yet_is_not_begun_after_a_signal() {
    let app = App::with(&["Both"]).await;
    app.sandbox.cairn("deploy --app cdk.out --all --yes").code(0);
    let has_failed = Arc::new(AtomicBool::new(false));
    let (way, is_held) = app.way(move |request| {
        if request.contains("PutRetentionPolicy") {
            has_failed.store(true, Ordering::SeqCst);
            let body = r#"{"__type": "InvalidParameterException", "message": "not this"}"#;
            return Meddling::Answer(400, body);
        }
        let is_way_back =
            request.contains("DescribeLogGroups") && has_failed.load(Ordering::SeqCst);
        if is_way_back { Meddling::HoldAnswer(HELD) } else { Meddling::Pass }
    });
    app.write("Both", 3);
    app.reach(&way.url);
    let mut deploy =
        Deploy::begin(&app.sandbox, "deploy --app cdk.out --all --yes --on-failure rollback");
    deploy.wait_for("Both: rolling back");
    is_held.recv_timeout(HELD).expect("the way back is planned");
    deploy.interrupt();
    let told = Instant::now();
    let (code, said) = deploy.end();
    assert_eq!(code, Some(130), "{said}");
    assert!(told.elapsed() < SOON, "{:?}", told.elapsed());
    assert!(said.contains("Both: stopped; nothing is lost: nothing was rolled back"), "{said}");
    app.reach(&app.server.url);
    app.nobody_holds("Both");
    app.sandbox.cairn("rollback Both --app cdk.out --yes").code(0);
    app.write("Both", 1);
    app.sandbox.cairn("plan Both --app cdk.out --detailed-exitcode").code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_short_comes_to_its_end_and_gives_its_lock_back() {
    let app = App::with(&["One"]).await;
    app.sandbox.cairn("deploy --app cdk.out --all --yes").code(0);
    let (way, is_held) = app.way(|request| {
        let is_record = request.starts_with("PUT ") && request.contains("/journal/");
        if is_record { Meddling::HoldAnswer(Duration::from_secs(2)) } else { Meddling::Pass }
    });
    app.keep_at(&way.url);
    for (signal, from, to) in [("-INT", "Logs", "Events"), ("-TERM", "Events", "Logs")] {
        let moving =
            Deploy::begin(&app.sandbox, &format!("state mv One {from} {to} --app cdk.out --yes"));
        is_held.recv_timeout(HELD).expect("a record is written");
        moving.send(signal);
        let (code, said) = moving.end();
        assert_eq!(code, Some(0), "{signal}: {said}");
        while is_held.try_recv().is_ok() {}
        app.nobody_holds("One");
        let listed = app.sandbox.cairn("state list One --app cdk.out").code(0).out;
        assert!(listed.starts_with(to), "{signal}: {listed}");
    }
}

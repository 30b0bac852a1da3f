//! Killed at any moment, nothing is lost: the next run goes on where the last one ended.
//!
//! Real kills of the real command, at random moments, over a network on which every call takes 50 ms
//! and some answers never arrive; the state is in a directory and in a bucket by turns. A deploy, an
//! update that replaces half of the stack and a teardown follow each other in one project, each
//! killed once. `CAIRN_KILLS=200 cargo test --test it kill:: -- --nocapture` kills that often, and
//! `CAIRN_KILL_SEED` draws the moments of another run again.

#![expect(clippy::disallowed_methods, reason = "what is to be run comes from outside")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use cairn::aws::{Access, Clients};
use cairn::local::PrivateServer;
use serde_json::Value as Json;

use crate::support::emulator::ministack;
use crate::support::inventory::inventory;
use crate::support::microburst;
use crate::support::sandbox::Sandbox;

const STACK: &str = "stacks/persona-agent";
const DELAY_MILLISECONDS: u32 = 50;
/// Of a hundred answers, how many are lost after their effect.
const LOST: u32 = 2;
const KILLS: usize = 6;
const BUCKET: &str = "killed";
/// How long a run may take that nobody disturbs.
const PATIENCE: Duration = Duration::from_mins(3);

/// Numbers that are spread well, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: Duration) -> Duration {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let limit = u64::try_from(limit.as_millis()).expect("a run ends");
        Duration::from_millis((self.0 >> 33) % limit.max(1))
    }
}

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Deploy,
    /// Another block of addresses: the VPC and what is in it are replaced.
    Update,
    Teardown,
}

const DEEDS: [Deed; 3] = [Deed::Deploy, Deed::Update, Deed::Teardown];

/// Where the state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Home {
    Directory,
    Bucket,
}

/// How many there are of each kind.
type Counts = BTreeMap<String, usize>;

/// What a project is like after each deed that nobody disturbed, and how long that took.
#[derive(Debug, Default)]
struct Calm {
    counts: BTreeMap<Deed, Counts>,
    times: BTreeMap<Deed, Duration>,
}

/// An emulator, and the way to it over a bad network.
struct Scene {
    server: PrivateServer,
    network: PrivateServer,
    before: BTreeSet<String>,
}

impl Scene {
    async fn open() -> Self {
        let server = ministack().await;
        let access = Access {
            region: Some("us-east-1".to_owned()),
            endpoint: Some(server.url.clone()),
            ..Access::default()
        };
        let s3 = Clients::connect(&access).await.s3();
        s3.create_bucket().bucket(BUCKET).send().await.expect("a bucket");
        let before = inventory(&server.url).await;
        let network = microburst::before(&server, DELAY_MILLISECONDS, LOST).await;
        Self { server, network, before }
    }

    /// What is there that was not there before.
    async fn counts(&self) -> Counts {
        let mut counts = Counts::new();
        for one in inventory(&self.server.url).await.difference(&self.before) {
            let kind = one.split(['"', '(']).next().unwrap_or(one);
            let kind = kind.trim_end_matches("Some").trim_end();
            let kind = if kind.starts_with("role ") { "role" } else { kind };
            let kind = if kind.starts_with("agent ") { "agent" } else { kind };
            *counts.entry(kind.to_owned()).or_default() += 1;
        }
        counts
    }
}

/// A project whose state is in one place.
struct Project<'a> {
    scene: &'a Scene,
    sandbox: Sandbox,
    home: Home,
    number: usize,
}

impl<'a> Project<'a> {
    fn new(scene: &'a Scene, home: Home, number: usize) -> Self {
        let sandbox = Sandbox::persona(&scene.server.url);
        Self { scene, sandbox, home, number }
    }

    /// Writes the configuration for what is to be, by this way to AWS and to the state.
    fn configure(&self, deed: Deed, way: &PrivateServer) {
        self.sandbox.point_at(&way.url);
        let block = if deed == Deed::Deploy { "10.4.0.0/16" } else { "10.5.0.0/16" };
        let state = match self.home {
            Home::Directory => ".cairn".to_owned(),
            Home::Bucket => {
                format!("s3://{BUCKET}/{}?endpoint={}&lease=2", self.number, way.url)
            }
        };
        self.sandbox.write(
            "config/default.yaml",
            &format!(
                "region: us-east-1\nstate: {state}\nparameters:\n  persona-agent:\n    \
                 VpcCidr: {block}\n    Persona:\n      file: {STACK}/persona.md\n"
            ),
        );
    }

    fn begin(&self, deed: Deed) -> Child {
        self.configure(deed, &self.scene.network);
        let arguments = arguments(deed);
        let mut command = self.sandbox.command(arguments.split_whitespace());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts")
    }

    /// Runs a command that must end, and well.
    fn insist(&self, arguments: &str) -> Result<(), String> {
        let child = self.sandbox.start(arguments);
        let id = child.id().to_string();
        let (tell, told) = mpsc::channel();
        thread::spawn(move || tell.send(child.wait_with_output()));
        let Ok(ended) = told.recv_timeout(PATIENCE) else {
            Command::new("kill").args(["-KILL", &id]).status().expect("`kill` is there");
            return Err(format!("`cairn {arguments}` does not end"));
        };
        let ran = ended.expect("its output can be read");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match ran.status.code() {
            Some(0) => Ok(()),
            code => Err(format!(
                "`cairn {arguments}` ended with {code:?}\n{}{}",
                text(&ran.stdout),
                text(&ran.stderr)
            )),
        }
    }

    /// The run after the killed one, and what it leaves.
    async fn recover(&self, deed: Deed, calm: &Counts) -> Result<(), String> {
        self.configure(deed, &self.scene.server);
        self.insist(&arguments(deed))?;
        let counts = self.scene.counts().await;
        if counts != *calm {
            return Err(format!("there is {counts:?}, and without the kill {calm:?}"));
        }
        if deed == Deed::Teardown {
            return Ok(());
        }
        self.insist(&format!("plan {STACK} --detailed-exitcode"))?;
        let listed = self.sandbox.cairn(&format!("state list {STACK} --json")).code(0).out;
        let resources: Json = serde_json::from_str(&listed).expect("the state is JSON");
        for (id, entry) in resources.as_object().expect("resources have ids") {
            if entry.get("current").is_none() || entry.get("intent").is_some() {
                return Err(format!("`{id}` is not whole: {entry}"));
            }
            if entry.get("deposed").is_some() {
                return Err(format!("`{id}` has somebody behind it: {entry}"));
            }
        }
        Ok(())
    }
}

fn arguments(deed: Deed) -> String {
    match deed {
        Deed::Deploy | Deed::Update => format!("deploy {STACK} --yes"),
        Deed::Teardown => format!("teardown {STACK} --yes"),
    }
}

/// Everything once, and nobody disturbs it.
async fn calm(scene: &Scene, home: Home) -> Calm {
    let mut calm = Calm::default();
    // The network is slow at its first call to each service.
    for number in [0, 1] {
        let project = Project::new(scene, home, number);
        for deed in DEEDS {
            let start = Instant::now();
            project.begin(deed).wait().expect("it ends");
            calm.times.insert(deed, start.elapsed());
            // What the network kept from happening.
            project.configure(deed, &scene.server);
            project.insist(&arguments(deed)).expect("nobody disturbs it");
            calm.counts.insert(deed, scene.counts().await);
        }
    }
    calm
}

/// Kills a command after a while; whether it still ran.
fn kill(mut child: Child, after: Duration) -> bool {
    thread::sleep(after);
    child.kill().expect("it can be killed");
    child.wait().expect("it ends").code().is_none()
}

/// For whoever runs many: a test's own output is only shown when it fails.
fn tell(text: &str) {
    writeln!(std::io::stderr(), "{text}").expect("somebody reads it");
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_is_finished_by_the_next_run() {
    let kills = number("CAIRN_KILLS").map_or(KILLS, |kills| usize::try_from(kills).expect("few"));
    let seed = number("CAIRN_KILL_SEED").unwrap_or_else(|| std::process::id().into());
    let mut dice = Dice(seed);
    let mut scene = Scene::open().await;
    let homes = [Home::Directory, Home::Bucket];
    let mut calms = BTreeMap::new();
    for home in homes {
        calms.insert(home, calm(&scene, home).await);
    }
    tell(&format!("seed {seed}; without a kill: {:?}", calms.values().map(|it| &it.times)));
    let mut made: BTreeMap<(Home, Deed), usize> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut cycle = 1;
    while made.values().sum::<usize>() < kills {
        cycle += 1;
        let home = homes[cycle % homes.len()];
        let project = Project::new(&scene, home, cycle);
        let mut failure = None;
        for deed in DEEDS {
            let after = dice.below(calms[&home].times[&deed]);
            if kill(project.begin(deed), after) {
                *made.entry((home, deed)).or_default() += 1;
            }
            let recovered = project.recover(deed, &calms[&home].counts[&deed]).await;
            if let Err(why) = recovered {
                let place = format!("seed {seed}, cycle {cycle}, {home:?}, {deed:?} killed");
                failure = Some(format!("{place} after {after:?}: {why}"));
                break;
            }
        }
        if let Some(failure) = failure {
            tell(&failure);
            failures.push(failure);
            scene = Scene::open().await;
        } else if cycle % 10 == 0 {
            tell(&format!("{made:?}, {} failures", failures.len()));
        }
    }
    tell(&format!("kills: {made:?}\nfailed re-runs or leftovers: {}", failures.len()));
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

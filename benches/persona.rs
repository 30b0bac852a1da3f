//! What the main job costs: calls, time against the critical path, CPU, memory, size.
//!
//! Every number stands beside its limit, or beside what Terraform 1.11 with the AWS provider 5.100
//! needs for the same architecture. The emulator is a private MiniStack; 50 ms are added to every
//! call by a relay before it. Run it with
//! `cargo build --release && cargo run --release --example bench`; with `language`, `state` or `plan`
//! behind it, that part alone.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and panics")]

#[path = "persona/language.rs"]
mod language;
#[path = "../tests/support/latency.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod latency;
#[path = "persona/many.rs"]
mod many;
#[path = "../tests/support/sandbox.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod sandbox;
#[path = "persona/serial.rs"]
mod serial;
#[path = "persona/state.rs"]
mod state;
#[path = "../tests/support/thousand.rs"]
mod thousand;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::{Duration, Instant};

use cairn::local::{Host, MINISTACK, PrivateServer, start_private};

use latency::Latency;
use sandbox::Sandbox;

const STACK: &str = "stacks/persona-agent";
const DELAY: Duration = Duration::from_millis(50);
/// Runs of which the middle one counts.
const RUNS: usize = 5;

#[tokio::main]
async fn main() {
    println!("{:<34} {:>10} {:>10}   Terraform", "", "measured", "limit");
    let only = std::env::args().nth(1);
    let is_asked = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if is_asked("language") {
        language::run();
    }
    if is_asked("plan") {
        many::run().await;
    }
    if only.as_deref().is_some_and(|only| only != "state") {
        return;
    }
    let host = Host::from_environment(|name| std::env::var_os(name)).unwrap();
    let server = start_private(&host, &MINISTACK, &[], &|_| ()).await.unwrap();
    state::run(&server).await;
    if only.is_some() {
        return;
    }
    let sandbox = Sandbox::persona(&server.url);
    calls(&sandbox);
    processes(&sandbox);
    Box::pin(critical_path(&sandbox, &server)).await;
}

fn row(name: &str, measured: &str, limit: &str, terraform: &str) {
    println!("{name:<34} {measured:>10} {limit:>10}   {terraform}");
}

/// How many calls each command makes.
fn calls(sandbox: &Sandbox) {
    let count =
        |arguments: &str| calls_of(&sandbox.cairn(&format!("{arguments} --stats")).code(0).err);
    row("AWS calls of a deploy", &count(&format!("deploy {STACK} --yes")), "70", "93");
    row("AWS calls of a no-op plan", &count(&format!("plan {STACK}")), "25", "47");
    row("AWS calls of a teardown", &count(&format!("teardown {STACK} --yes")), "60", "95");
}

/// The number of calls, in what `--stats` says.
fn calls_of(said: &str) -> String {
    let line = said.lines().rev().find(|line| line.ends_with(" AWS calls")).unwrap();
    line.split(' ').next().unwrap().to_owned()
}

/// CPU, memory and size of the binary.
fn processes(sandbox: &Sandbox) {
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    let plan = middle(|| usage(sandbox, &["plan", STACK]));
    row("CPU of a no-op plan, s", &format!("{:.3}", plan.cpu), "0.150", "3.4");
    row("peak memory of a no-op plan, MB", &format!("{:.0}", plan.megabytes), "80", "727");
    let version = middle(|| usage(sandbox, &["--version"]));
    row("CPU of --version, s", &format!("{:.3}", version.cpu), "0.010", "");
    let size = std::fs::metadata(sandbox::binary()).unwrap().len();
    row(
        "size of the binary, MB",
        &format!("{}.{}", size / 1_000_000, size / 100_000 % 10),
        "35",
        "",
    );
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

#[derive(Clone, Copy)]
struct Usage {
    cpu: f64,
    megabytes: f64,
}

fn middle(measure: impl Fn() -> Usage) -> Usage {
    let mut runs: Vec<Usage> = (0..RUNS).map(|_| measure()).collect();
    runs.sort_by(|left, right| left.cpu.total_cmp(&right.cpu));
    runs[RUNS / 2]
}

/// What a command used, by the system's own account of it.
fn usage(sandbox: &Sandbox, arguments: &[&str]) -> Usage {
    measure(&sandbox.command(arguments)).0
}

/// What a command used, and what it said besides its result.
fn measure(command: &Command) -> (Usage, String) {
    const SCRIPT: &str = "import os, subprocess, sys
nothing = subprocess.DEVNULL
child = subprocess.Popen(sys.argv[1:], stdout=nothing, stderr=sys.stderr)
_, status, used = os.wait4(child.pid, 0)
assert status == 0
print(used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == 'darwin' else 1024))";
    let output = Command::new("python3")
        .args(["-c", SCRIPT])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().unwrap())
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut numbers = text.split_whitespace().map(|number| number.parse::<f64>().unwrap());
    let usage = Usage { cpu: numbers.next().unwrap(), megabytes: numbers.next().unwrap() / 1e6 };
    (usage, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A deploy over a slow line, against the longest chain of steps that wait for each other.
async fn critical_path(sandbox: &Sandbox, server: &PrivateServer) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    let slow = Latency::before(address, DELAY);
    let serial = Box::pin(serial::deploy(sandbox, &slow.url)).await;
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);

    sandbox.point_at(&slow.url);
    let time = deploys(sandbox);
    let (deploy, path) = (time.as_secs_f64(), serial.critical_path.as_secs_f64());
    println!("\nwith 50 ms added to every call:");
    row("all steps one after another, s", &format!("{:.2}", serial.sum.as_secs_f64()), "", "");
    row("critical path, s", &format!("{path:.2}"), "", "");
    row("deploy, s", &format!("{deploy:.2}"), "", "");
    row("deploy / critical path", &format!("{:.2}", deploy / path), "1.15", "");
    sandbox.cairn(&format!("deploy {STACK} --yes --trace trace.json")).code(0);
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
    let overhead =
        state::overhead(&serde_json::from_str::<Vec<_>>(&sandbox.read("trace.json")).unwrap());
    row("journal of a deploy, % of its time", &format!("{overhead:.1}"), "3", "");
    let home = format!("state: s3://states/persona?endpoint={}", slow.url);
    sandbox.edit("config/default.yaml", "state: .cairn", &home);
    let there = deploys(sandbox).as_secs_f64();
    row("deploy with its state in a bucket, s", &format!("{there:.2}"), "", "");
    // Nearly every call has a record before or after it that has to be there first.
    row("as a part of one beside it", &format!("{:.2}", there / deploy), "2.2", "");
    println!("\nthe critical path:");
    for (name, time) in serial.chain {
        println!("  {name:<32} {:>6.3} s", time.as_secs_f64());
    }
}

/// How long a deploy takes, the middle one of three.
fn deploys(sandbox: &Sandbox) -> Duration {
    let mut times: Vec<Duration> = (0..3)
        .map(|_| {
            let start = Instant::now();
            sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
            let time = start.elapsed();
            sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
            time
        })
        .collect();
    times.sort();
    times[1]
}

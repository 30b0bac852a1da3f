//! Looking changes nothing: commands that only tell make no changing call and write no file.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::support::emulator::ministack;
use crate::support::inventory::inventory;
use crate::support::recorder::Recorder;
use crate::support::sandbox::Sandbox;

const STACK: &str = "stacks/persona-agent";

/// Commands that know all they tell from files.
const OFFLINE: [&str; 8] = [
    "validate stacks/persona-agent",
    "synth stacks/persona-agent",
    "synth stacks/persona-agent --json",
    "types",
    "types AWS::EC2::VPC",
    "plan show plan.cairn",
    "plan show plan.cairn --json",
    "plan show plan.cairn --markdown",
];

/// Those that tell of a deployed stack.
const DEPLOYED: [&str; 4] = [
    "outputs stacks/persona-agent",
    "outputs stacks/persona-agent --json",
    "state list stacks/persona-agent",
    "state show stacks/persona-agent Vpc",
];

/// Commands that ask AWS.
const ASKING: [&str; 5] = [
    "plan stacks/persona-agent",
    "plan stacks/persona-agent --json",
    "plan stacks/persona-agent --stats",
    "plan stacks/persona-agent --format markdown",
    "plan stacks/persona-agent --out /dev/null",
];

/// Those that ask AWS about a deployed stack.
const ASKING_DEPLOYED: [&str; 2] =
    ["drift stacks/persona-agent", "drift stacks/persona-agent --json"];

/// Every file with its content and when it was last written.
fn files(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let metadata = entry.metadata().expect("an entry has a kind");
        let written = metadata.modified().expect("this system keeps times");
        if metadata.is_dir() {
            found.extend(files(&path));
            found.insert(path, (Vec::new(), written));
        } else {
            found.insert(path.clone(), (fs::read(&path).expect("a file"), written));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_changes_nothing() {
    let server = ministack().await;
    let recorder = Recorder::before(SocketAddr::from((Ipv4Addr::LOCALHOST, server.port)));
    let sandbox = Sandbox::persona(&recorder.url);
    sandbox.cairn(&format!("plan {STACK} --out plan.cairn")).code(0);
    look(&sandbox, &recorder, &server.url).await;
    assert!(!sandbox.path(".cairn").exists(), "there is no state before a deploy");

    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    let calls = recorder.take();
    assert!(calls.iter().any(|call| !call.is_read()), "a deploy is seen to change things");
    look(&sandbox, &recorder, &server.url).await;

    // Neither does looking at what would change.
    sandbox.edit("stacks/persona-agent/stack.yaml", "PathPart: invoke", "PathPart: ask");
    look(&sandbox, &recorder, &server.url).await;
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

async fn look(sandbox: &Sandbox, recorder: &Recorder, endpoint: &str) {
    let (deployed, written) = (inventory(endpoint).await, files(&sandbox.path("")));
    recorder.take();
    let is_deployed = sandbox.path(".cairn").exists();
    let offline = OFFLINE.into_iter().map(|command| (command, 0));
    let deployed_only = DEPLOYED.into_iter().map(|command| (command, i32::from(!is_deployed)));
    for (command, code) in offline.chain(deployed_only) {
        sandbox.cairn(command).code(code);
        let calls = recorder.take();
        assert!(calls.is_empty(), "{command} asks AWS: {calls:?}");
    }
    let about_deployed = ASKING_DEPLOYED.into_iter().filter(|_| is_deployed);
    for command in ASKING.into_iter().chain(about_deployed) {
        sandbox.cairn(command).code(0);
        let calls = recorder.take();
        assert!(!calls.is_empty(), "{command} asks nobody");
        let changing: Vec<_> = calls.iter().filter(|call| !call.is_read()).collect();
        assert!(changing.is_empty(), "{command} changes AWS: {changing:?}");
    }
    assert_eq!(inventory(endpoint).await, deployed);
    assert!(files(&sandbox.path("")) == written, "a file was written or removed");
}

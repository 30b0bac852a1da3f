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
const OFFLINE: [&str; 14] = [
    "validate stacks/persona-agent",
    "synth stacks/persona-agent",
    "synth stacks/persona-agent --json",
    "types",
    "types AWS::EC2::VPC",
    "plan show plan.cairn",
    "plan show plan.cairn --json",
    "plan show plan.cairn --markdown",
    "plan show plan.cairn --format html",
    "plan show plan.cairn --format sarif",
    "graph stacks/persona-agent",
    "graph stacks/persona-agent --format dot",
    "graph stacks/persona-agent --format mermaid",
    "graph stacks/persona-agent --format html",
];

/// Those that tell of a deployed stack.
const DEPLOYED: [&str; 4] = [
    "outputs stacks/persona-agent",
    "outputs stacks/persona-agent --json",
    "state list stacks/persona-agent",
    "state show stacks/persona-agent Vpc",
];

/// Writes to a directory, and nowhere else.
const EXPORT: &str = "export stacks/persona-agent --to-cloudformation theirs --out";

/// Commands that ask AWS.
const ASKING: [&str; 13] = [
    "plan stacks/persona-agent",
    "plan stacks/persona-agent --json",
    "plan stacks/persona-agent --stats",
    "plan stacks/persona-agent --format markdown",
    "plan stacks/persona-agent --format html",
    "plan stacks/persona-agent --format sarif",
    "plan stacks/persona-agent --teardown",
    "plan stacks/persona-agent --teardown --preflight --policy rules.yaml --fail-on never",
    "plan stacks/persona-agent --teardown --print-policy",
    "plan stacks/persona-agent --out /dev/null",
    "plan stacks/persona-agent --preflight",
    "plan stacks/persona-agent --print-policy",
    "plan stacks/persona-agent --policy rules.yaml",
];

/// Those that ask AWS about a deployed stack.
const ASKING_DEPLOYED: [&str; 5] = [
    "drift stacks/persona-agent",
    "drift stacks/persona-agent --json",
    "drift stacks/persona-agent --accept",
    "plan stacks/persona-agent --accept-drift",
    "import stacks/persona-agent --from-file ids.json --dry-run",
];

/// Every command, and whether it only looks. What is not in here fails: whoever adds a command says
/// what it is, and what looks belongs into the lists above.
const COMMANDS: [(&str, Kind); 18] = [
    ("validate", Kind::Looks),
    ("synth", Kind::Looks),
    ("graph", Kind::Looks),
    ("plan", Kind::Looks),
    ("drift", Kind::Looks),
    ("outputs", Kind::Looks),
    ("types", Kind::Looks),
    ("export", Kind::Looks),
    ("completions", Kind::Looks),
    // These look as well, when they are told to.
    ("import", Kind::Changes),
    ("state", Kind::Changes),
    ("deploy", Kind::Changes),
    ("teardown", Kind::Changes),
    ("rollback", Kind::Changes),
    ("init", Kind::Changes),
    ("local", Kind::Changes),
    ("invoke", Kind::Changes),
    ("help", Kind::Looks),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Looks,
    Changes,
}

#[test]
fn every_command_is_known_to_look_or_to_change() {
    let help = Sandbox::at("http://127.0.0.1:1").cairn("--help").code(0).out;
    let listed = help.split_once("Commands:").expect("a list").1;
    let listed = listed.split("\n\n").next().expect("a list");
    // What describes a command may go on in the next line, further in.
    let own = listed.lines().filter_map(|line| line.strip_prefix("  "));
    let own = own.filter(|line| !line.starts_with(' '));
    let names: Vec<&str> = own.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"plan") && names.len() > 10, "{names:?}");
    for name in names {
        let kind = COMMANDS.iter().find(|(known, _)| *known == name);
        let (_, kind) = kind.unwrap_or_else(|| panic!("does `{name}` look or change?"));
        let is_tried = OFFLINE
            .iter()
            .chain(&DEPLOYED)
            .chain(&ASKING)
            .chain(&ASKING_DEPLOYED)
            .chain(&[EXPORT])
            .any(|command| command.split(' ').next() == Some(name));
        // What neither asks nor writes needs no trial.
        let is_plain = ["completions", "help", "graph"].contains(&name);
        assert!(*kind == Kind::Changes || is_tried || is_plain, "`{name}` looks and is not tried");
    }
}

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
    sandbox.write("rules.yaml", "rules: [{name: nothing, forbid: 'false', message: none}]\n");
    sandbox.cairn(&format!("plan {STACK} --out plan.cairn")).code(0);
    look(&sandbox, &recorder, &server.url).await;
    assert!(!sandbox.path(".cairn").exists(), "there is no state before a deploy");

    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    let calls = recorder.take();
    assert!(calls.iter().any(|call| !call.is_read()), "a deploy is seen to change things");
    sandbox.write("ids.json", &physical_ids(&sandbox));
    look(&sandbox, &recorder, &server.url).await;

    // Neither does looking at what would change.
    sandbox.edit("stacks/persona-agent/stack.yaml", "PathPart: invoke", "PathPart: ask");
    look(&sandbox, &recorder, &server.url).await;
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

/// The ids of some resources of the deployed stack, as `import` takes them.
fn physical_ids(sandbox: &Sandbox) -> String {
    let state = sandbox.read(".cairn/test/persona-agent/state.json");
    let state: serde_json::Value = serde_json::from_str(&state).expect("a state is JSON");
    let resources = state["resources"].as_object().expect("it has some");
    let ids =
        resources.iter().map(|(id, entry)| (id.clone(), entry["current"]["physical_id"].clone()));
    serde_json::Value::Object(ids.collect()).to_string()
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
    let out = tempfile::tempdir().expect("a temporary folder");
    let export = format!("{EXPORT} {}", out.path().display());
    sandbox.cairn(&export).code(i32::from(!is_deployed));
    assert!(recorder.take().is_empty(), "an export asks AWS");
    assert_eq!(inventory(endpoint).await, deployed);
    assert!(files(&sandbox.path("")) == written, "a file was written or removed");
}

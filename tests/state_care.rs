//! Looking after states: what is wrong is told, what is certain is mended, what was lost is found.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ec2::types::Tag;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use cairn::aws::{Access, Assets, Aws, Clients};
use cairn::journal::Event;
use cairn::state::State;
use cairn::state::store::{Bucket, Holder, Store};
use cairn::value::Token;
use serde_json::Value as Json;

use crate::support::emulator::{ministack, moto};
use crate::support::inventory::inventory;
use crate::support::sandbox::{Ran, Sandbox};

const NETWORK: &str = "stacks/network";
const PERSONA: &str = "stacks/persona-agent";
const KEPT: &str = ".cairn/test/network";

async fn connect(endpoint: &str) -> Clients {
    let access = Access {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        ..Access::default()
    };
    Clients::connect(&access).await
}

/// A project whose state an older Cairn wrote; AWS is nowhere.
fn offline() -> Sandbox {
    let sandbox = Sandbox::at("http://127.0.0.1:1");
    sandbox.write("stacks/network/stack.yaml", "Resources: {}\n");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/states/1-first");
    let state = fs::read_to_string(golden.join("state.json")).expect("a state");
    sandbox.write(&format!("{KEPT}/state.json"), &state);
    sandbox
}

fn this_format() -> String {
    format!("\"format\": {}", cairn::state::FORMAT)
}

fn state(sandbox: &Sandbox, arguments: &str) -> Ran {
    let (verb, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
    sandbox.cairn(&format!("state {verb} {NETWORK} {rest}"))
}

fn file(sandbox: &Sandbox, name: &str) -> String {
    sandbox.read(&format!("{KEPT}/{name}"))
}

#[test]
fn resources_are_renamed_and_forgotten_and_history_tells() {
    let sandbox = offline();
    let declined = state(&sandbox, "mv Vpc Network").code(1);
    assert!(declined.err.contains("there is no terminal to ask on"), "{}", declined.err);
    for (arguments, why) in [
        ("mv Vpc Subnet --yes", "the state has a resource `Subnet` already"),
        ("mv Vcp Network --yes", "did you mean `Vpc`?"),
        ("mv Vpc Net-work --yes", "a logical id has letters and digits only"),
        ("rm Logs --yes", "did you mean `Log`?"),
    ] {
        let refused = state(&sandbox, arguments).code(1);
        assert!(refused.err.contains(why), "{arguments}: {}", refused.err);
    }
    assert!(!sandbox.path(&format!("{KEPT}/journal.jsonl")).exists(), "nothing was begun");

    state(&sandbox, "mv Vpc Network --yes").code(0);
    let shown = state(&sandbox, "show Subnet").code(0).out;
    let shown: Json = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["current"]["dependencies"], serde_json::json!(["Network"]));
    let told = state(&sandbox, "rm Network --yes").code(0).out;
    assert!(told.contains("in use by `Subnet`") && told.contains("yours to delete"), "{told}");
    let listed = state(&sandbox, "list").code(0).out;
    assert!(!listed.contains("vpc-") && listed.contains("subnet-"), "{listed}");

    let history = state(&sandbox, "history").code(0).out;
    let lines: Vec<&str> = history.lines().collect();
    assert!(lines[0].contains("state rm") && lines[0].contains("1 forgotten"), "{history}");
    assert!(lines[1].contains("state mv") && lines[1].contains("1 moved"), "{history}");
    let runs = state(&sandbox, "history --json").code(0).out;
    let runs: Vec<Json> = serde_json::from_str(&runs).expect("JSON");
    assert_eq!((runs.len(), &runs[0]["ending"]), (2, &Json::from("closed")));
    state(&sandbox, "check").code(0);
}

/// What is done to the files, what is found, and whether it can be mended.
type Damage = (&'static str, fn(&Sandbox), &'static [&'static str], bool);

const DAMAGES: &[Damage] = &[
    ("nothing", |_| (), &[], true),
    (
        "a torn end",
        |sandbox| sandbox.write(&format!("{KEPT}/journal.jsonl"), "0123456789abcdef {\"seq"),
        &["torn-tail"],
        true,
    ),
    (
        "a write that never ended",
        |sandbox| sandbox.write(&format!("{KEPT}/.tmpA1b2C3"), "{\"format\": 3,"),
        &["stray"],
        true,
    ),
    (
        "a snapshot cut short",
        |sandbox| {
            let text = file(sandbox, "state.json");
            sandbox.write(&format!("{KEPT}/state.json"), &text[..text.len() / 2]);
        },
        &["unreadable"],
        true,
    ),
    (
        "no snapshot",
        |sandbox| fs::remove_file(sandbox.path(&format!("{KEPT}/state.json"))).expect("a file"),
        &["no-snapshot"],
        true,
    ),
    (
        "an unlawful snapshot",
        |sandbox| {
            let text = file(sandbox, "state.json");
            let mut json: Json = serde_json::from_str(&text).expect("JSON");
            json["resources"]["Ghost"] = serde_json::json!({});
            sandbox.write(&format!("{KEPT}/state.json"), &json.to_string());
        },
        &["unsound"],
        true,
    ),
    (
        "no snapshot, and none before",
        |sandbox| {
            for name in ["state.json", "state.previous.json"] {
                fs::remove_file(sandbox.path(&format!("{KEPT}/{name}"))).expect("a file");
            }
        },
        &["no-snapshot"],
        false,
    ),
    (
        "no snapshot, and a journal that does not lead there",
        |sandbox| {
            fs::remove_file(sandbox.path(&format!("{KEPT}/state.json"))).expect("a file");
            let journal = file(sandbox, "journal.previous.jsonl");
            let without_end: Vec<&str> = journal.lines().take(2).collect();
            let text = without_end.join("\n") + "\n";
            sandbox.write(&format!("{KEPT}/journal.previous.jsonl"), &text);
        },
        &["no-snapshot"],
        false,
    ),
    (
        "a line that was changed",
        |sandbox| {
            let journal = file(sandbox, "journal.previous.jsonl").replace("moved", "muved");
            sandbox.write(&format!("{KEPT}/journal.jsonl"), &journal);
        },
        &["damaged"],
        false,
    ),
    (
        "a last line that was changed",
        |sandbox| {
            let line = cairn::journal::summed(r#"{"sequence":4,"event":{"event":"closed"}}"#);
            sandbox.write(&format!("{KEPT}/journal.jsonl"), &line.replace("closed", "clozed"));
        },
        &["damaged"],
        true,
    ),
    (
        "a gap",
        |sandbox| {
            let body = r#"{"sequence":99,"event":{"event":"closed"}}"#;
            let line = cairn::journal::summed(body);
            sandbox.write(&format!("{KEPT}/journal.jsonl"), &line);
        },
        &["gap"],
        false,
    ),
    (
        "a newer format",
        |sandbox| {
            let text = file(sandbox, "state.json").replace(&this_format(), "\"format\": 9");
            sandbox.write(&format!("{KEPT}/state.json"), &text);
            fs::remove_file(sandbox.path(&format!("{KEPT}/state.previous.json"))).expect("a file");
        },
        &["unreadable"],
        false,
    ),
];

#[test]
fn what_is_wrong_is_told_and_only_what_is_certain_is_mended() {
    for (what, damage, expected, is_mended) in DAMAGES {
        let sandbox = offline();
        state(&sandbox, "mv Vpc Network --yes").code(0);
        let sound = state(&sandbox, "list --json").code(0).out;
        damage(&sandbox);
        let findings = state(&sandbox, "check --json").code(i32::from(!expected.is_empty()));
        let told: Json = serde_json::from_str(&findings.out).expect("JSON");
        let found: Vec<&str> = told["findings"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|finding| finding["what"].as_str().expect("a word"))
            .collect();
        assert_eq!(found, *expected, "{what}: {}", findings.out);
        assert!(!findings.out.contains("\"hint\": \"\""), "{what}: {}", findings.out);
        if expected.is_empty() {
            continue;
        }
        let files = files(&sandbox);
        let asked = state(&sandbox, "repair").code(1);
        assert_eq!(self::files(&sandbox), files, "{what}: {}", asked.err);
        if !is_mended {
            assert!(asked.err.contains("without guessing"), "{what}: {}", asked.err);
            state(&sandbox, "repair --yes").code(1);
            assert_eq!(self::files(&sandbox), files, "{what}");
            continue;
        }
        let done = state(&sandbox, "repair --yes").code(0).out;
        assert!(done.contains("repaired-"), "{what}: {done}");
        state(&sandbox, "check").code(0);
        assert_eq!(state(&sandbox, "list --json").code(0).out, sound, "{what}");
    }
}

/// All files beside the state, but the lock.
fn files(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let entries = fs::read_dir(sandbox.path(KEPT)).expect("a folder").flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name != "lock").map(|name| (name.clone(), file(sandbox, &name))).collect()
}

#[test]
fn a_deploy_does_not_begin_anew_where_a_state_was_lost() {
    let sandbox = offline();
    state(&sandbox, "mv Vpc Network --yes").code(0);
    fs::remove_file(sandbox.path(&format!("{KEPT}/state.json"))).expect("a file");
    let refused = state(&sandbox, "list").code(1);
    assert!(
        refused.err.contains("is gone, and what leads to it is still there"),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("cairn state check"), "{}", refused.err);
}

#[test]
fn a_state_that_this_cairn_cannot_read_is_neither_mended_nor_rebuilt() {
    let sandbox = offline();
    state(&sandbox, "mv Vpc Network --yes").code(0);
    let text = file(&sandbox, "state.json").replace(&this_format(), "\"format\": 9");
    sandbox.write(&format!("{KEPT}/state.json"), &text);
    let before = files(&sandbox);
    for arguments in ["repair --yes", "rebuild --yes", "rebuild --yes --key-lost"] {
        let refused = state(&sandbox, arguments).code(1);
        let told = refused.out + &refused.err;
        assert!(told.contains("update Cairn"), "{arguments}: {told}");
        assert!(!told.contains("state repair`"), "{arguments}: {told}");
        assert_eq!(files(&sandbox), before, "{arguments}");
    }
}

#[test]
fn an_encrypted_state_needs_its_key_and_is_written_by_consent() {
    let sandbox = offline();
    let with = |variable: &str, value: &str, arguments: &str| {
        let command = format!("state {arguments}").replace("STACK", NETWORK);
        let mut command = sandbox.command(command.split_whitespace());
        let output = command.env(variable, value).output().expect("the binary starts");
        Ran {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    };
    let before = state(&sandbox, "list").code(0).out;
    let (name, words) = ("CAIRN_STATE_PASSPHRASE", "several words that nobody guesses");
    sandbox.edit("config/default.yaml", "state: .cairn", "state: .cairn\nencryption: passphrase");
    let missing = state(&sandbox, "list").code(1).err;
    assert!(missing.contains("needs CAIRN_STATE_PASSPHRASE, which is not set"), "{missing}");
    let short = with(name, "short", "list STACK").code(1).err;
    assert!(short.contains("CAIRN_STATE_PASSPHRASE is too short"), "{short}");
    let clear = with(name, words, "list STACK").code(1).err;
    assert!(clear.contains("is not encrypted") && clear.contains("cairn state convert"), "{clear}");
    with(name, words, "convert STACK --yes").code(0);
    assert!(!file(&sandbox, "state.json").contains("vpc-"), "it is encrypted");
    assert_eq!(with(name, words, "list STACK").code(0).out, before);
    with(name, words, "check STACK").code(0);
    let wrong = with(name, "several other words, all wrong", "list STACK").code(1).err;
    assert!(wrong.contains("is CAIRN_STATE_PASSPHRASE what it was written with?"), "{wrong}");
    // What cannot be opened cannot be mended either.
    let found = with(name, "several other words, all wrong", "check STACK").code(1).out;
    assert!(found.contains("unreadable"), "{found}");
    // It is not lost either, unless somebody says so; then what is there is looked for.
    let wrong = "several other words, all wrong";
    let refused = with(name, wrong, "rebuild STACK --yes").code(1).err;
    assert!(refused.contains("--key-lost") && refused.contains("does not open"), "{refused}");
    let looked = with(name, wrong, "rebuild STACK --yes --key-lost").code(1).err;
    assert!(!looked.contains("does not open"), "{looked}");
    assert_eq!(with(name, words, "list STACK").code(0).out, before);
    with(name, words, "mv STACK Vpc Network --yes").code(0);
    for kept in ["journal.previous.jsonl", "state.previous.json", "state.json"] {
        assert!(!file(&sandbox, kept).contains("vpc-"), "{kept}");
    }

    sandbox.edit("config/default.yaml", "encryption: passphrase", "encryption: none");
    let sealed = state(&sandbox, "list").code(1).err;
    assert!(sealed.contains("set `encryption: passphrase` in config/"), "{sealed}");
    with(name, words, "convert STACK --yes").code(0);
    let after = state(&sandbox, "list").code(0).out;
    assert_eq!(after.lines().count(), before.lines().count());
    assert!(after.contains("Network"), "{after}");
}

fn holder(command: &str) -> Holder {
    Holder {
        command: command.to_owned(),
        pid: 4711,
        user: "ada".to_owned(),
        host: "engine".to_owned(),
        since: "2026-01-01T00:00:00Z".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_of_a_directory_goes_with_its_process_alone() {
    let sandbox = offline();
    let store = Store::new(&sandbox.path(KEPT));
    let lock = store.lock(&holder("cairn deploy"), &|_| ()).await.expect("nobody holds it");
    for arguments in ["unlock --yes", "unlock --yes --force"] {
        let refused = state(&sandbox, arguments).code(1);
        assert!(refused.out.contains("`cairn deploy` by ada on engine"), "{}", refused.out);
        assert!(refused.err.contains("end process 4711 on engine"), "{}", refused.err);
    }
    drop(lock);
    let free = state(&sandbox, "unlock").code(0).out;
    assert!(free.contains("nobody holds the lock"), "{free}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_of_a_bucket_is_taken_from_a_living_run_by_force_alone() {
    let server = ministack().await;
    let client = connect(&server.url).await.s3();
    client.create_bucket().bucket("locks").send().await.expect("a bucket");
    let sandbox = offline();
    let home = format!("state: s3://locks/all?endpoint={}&lease=2", server.url);
    sandbox.edit("config/default.yaml", "state: .cairn", &home);
    let lease = Duration::from_secs(2);
    let store = Store::in_bucket(Bucket::new(client.clone(), "locks", "all/test/network", lease));
    let lock = store.lock(&holder("cairn deploy"), &|_| ()).await.expect("nobody holds it");
    let guard = lock.lease().expect("a bucket's lock can be lost");
    let aws = Aws::new(connect(&server.url).await, "000000000000", Assets::default());
    let aws = aws.guarded_by(Arc::new(guard));
    let empty = State::empty("network", "000000000000", "us-east-1", &Token::from("lineage"));
    let ledger = store.open(lock, empty).await.expect("it can be opened");
    ledger.begin(&Token::from("run-1"), "deploy", "2026-01-01T00:00:00Z").await.expect("it counts");

    let refused = state(&sandbox, "unlock --yes").code(1);
    assert!(refused.out.contains("its run is run-1 (`deploy`), begun at"), "{}", refused.out);
    assert!(refused.err.contains("it is alive; `--force`"), "{}", refused.err);
    aws.zones().await.expect("it is still the holder");
    ledger.record(Event::Closed).await.expect("it is still the holder");

    state(&sandbox, "unlock --yes --force").code(0);
    let refused = aws.zones().await.expect_err("it has lost the lock");
    assert_eq!(refused.code, "NoLock");
    ledger.record(Event::Closed).await.expect_err("it has lost the lock");
    let free = state(&sandbox, "unlock").code(0).out;
    assert!(free.contains("nobody holds the lock"), "{free}");
    drop(ledger);
    state(&sandbox, "check").code(0);
    // The next run goes on from what counted, and what is before it leads there.
    let next = Store::in_bucket(Bucket::new(client.clone(), "locks", "all/test/network", lease));
    let lock = next.lock(&holder("cairn deploy"), &|_| ()).await.expect("nobody holds it");
    let ledger =
        next.open(lock, State::empty("", "", "", &Token::from(""))).await.expect("it opens");
    assert_eq!(ledger.state().serial, 2);
    let (closed, lock) = ledger.close().await.expect("it can be written");
    drop(lock);
    let key = "all/test/network/state.json";
    client.delete_object().bucket("locks").key(key).send().await.expect("it goes");
    let found = state(&sandbox, "check").code(1).out;
    assert!(found.contains("no-snapshot"), "{found}");
    state(&sandbox, "repair --yes").code(0);
    assert_eq!(next.read().await.expect("it can be read"), Some(closed));
    state(&sandbox, "check").code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_made_ready_on_consent_and_another_is_only_looked_at() {
    let server = ministack().await;
    let client = connect(&server.url).await.s3();
    let sandbox = Sandbox::at(&server.url);
    let init = |bucket: &str, rest: &str| {
        sandbox.cairn(&format!("init --state s3://{bucket}/cairn {rest}"))
    };
    let asked = init("made", "").code(1);
    assert_eq!(asked.out.matches("  + ").count(), 4, "{}", asked.out);
    assert!(asked.err.contains("there is no terminal to ask on"), "{}", asked.err);
    client.head_bucket().bucket("made").send().await.expect_err("nothing was made");

    let nowhere = offline();
    let home = format!("state: s3://nowhere/all?endpoint={}", server.url);
    nowhere.edit("config/default.yaml", "state: .cairn", &home);
    let refused = state(&nowhere, "list").code(1).err;
    assert!(refused.contains("`cairn init`"), "{refused}");

    let made = init("made", "--yes").code(0).out;
    assert!(
        made.contains("config/test.yaml needs the line") && made.contains("state: s3://made/cairn"),
        "{made}"
    );
    let again = init("made", "").code(0).out;
    assert!(again.contains("as it should be"), "{again}");
    let suspended =
        VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    let put = client.put_bucket_versioning().bucket("made").versioning_configuration(suspended);
    put.send().await.expect("it is set");
    let again = init("made", "").code(1).out;
    assert_eq!(again.matches("  + ").count(), 1, "{again}");
    assert!(again.contains("+ versioning"), "{again}");
    init("made", "--yes").code(0);
    init("made", "").code(0);

    // A run that ended before it could tag what it had made.
    client.create_bucket().bucket("untagged").send().await.expect("a bucket");
    let asked = init("untagged", "").code(1);
    assert!(asked.out.contains("which is empty and has no tags"), "{}", asked.out);
    assert!(asked.out.contains("  + "), "{}", asked.out);
    init("untagged", "--yes").code(0);
    let tags = client.get_bucket_tagging().bucket("untagged").send().await.expect("it tells");
    assert!(tags.tag_set().iter().any(|tag| tag.key() == "cairn:states"), "{tags:?}");
    let again = init("untagged", "").code(0).out;
    assert!(again.contains("as it should be"), "{again}");

    client.create_bucket().bucket("foreign").send().await.expect("a bucket");
    client.put_object().bucket("foreign").key("theirs").send().await.expect("an object");
    for rest in ["", "--yes"] {
        let told = init("foreign", rest).code(2).out;
        assert!(told.contains("was not made by Cairn, and stays as it is"), "{told}");
        assert!(told.contains("tag it `cairn:states`"), "{told}");
    }
    let versions = client.get_bucket_versioning().bucket("foreign").send().await.expect("it tells");
    assert_eq!(versions.status(), None);
    let refused = sandbox.cairn("init --state .cairn").code(1).err;
    assert!(refused.contains("is no place for states"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_was_lost_is_found_again_by_what_every_create_leaves() {
    let server = ministack().await;
    let before = inventory(&server.url).await;
    let sandbox = Sandbox::persona(&server.url);
    sandbox.cairn(&format!("deploy {PERSONA} --yes")).code(0);
    let outputs = sandbox.cairn(&format!("outputs {PERSONA} --json")).code(0).out;
    let kept: Json = serde_json::from_str(&sandbox.read(".cairn/test/persona-agent/state.json"))
        .expect("a state");
    let refused = sandbox.cairn(&format!("state rebuild {PERSONA} --yes")).code(1).err;
    assert!(refused.contains("has a sound state"), "{refused}");

    fs::remove_dir_all(sandbox.path(".cairn")).expect("a folder");
    let shown = sandbox.cairn(&format!("state rebuild {PERSONA}")).code(1);
    assert!(shown.out.contains("25 found, 0 not found, 0 more than once"), "{}", shown.out);
    assert!(!sandbox.path(".cairn/test/persona-agent/state.json").exists(), "nobody agreed");
    sandbox.cairn(&format!("state rebuild {PERSONA} --yes")).code(0);
    let plan = sandbox.cairn(&format!("plan {PERSONA} --detailed-exitcode")).code(0).out;
    assert!(plan.contains("25 resources are as the template says"), "{plan}");
    assert_eq!(sandbox.cairn(&format!("outputs {PERSONA} --json")).code(0).out, outputs);
    let found: Json = serde_json::from_str(&sandbox.read(".cairn/test/persona-agent/state.json"))
        .expect("a state");
    for (id, entry) in kept["resources"].as_object().expect("a map") {
        let (kept, found) = (&entry["current"], &found["resources"][id]["current"]);
        for part in ["physical_id", "properties", "attributes", "dependencies", "naming", "follows"]
        {
            assert_eq!(kept[part], found[part], "{part} of {id}");
        }
    }
    sandbox.cairn(&format!("state check {PERSONA}")).code(0);
    sandbox.cairn(&format!("teardown {PERSONA} --yes")).code(0);
    assert_eq!(inventory(&server.url).await, before);
}

const TEMPLATE: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.9.0.0/16, EnableDnsHostnames: true}
  First:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.9.1.0/24}
  Second:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.9.2.0/24}
  Table:
    Type: AWS::EC2::RouteTable
    Properties: {VpcId: !Ref Vpc}
  FirstTable:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: {SubnetId: !Ref First, RouteTableId: !Ref Table}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties: {VpcId: !Ref Vpc, GroupDescription: members only}
  Members:
    Type: AWS::EC2::SecurityGroupIngress
    Properties:
      GroupId: !GetAtt Group.GroupId
      IpProtocol: tcp
      FromPort: 443
      ToPort: 443
      SourceSecurityGroupId: !GetAtt Group.GroupId
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
Outputs:
  VpcId: {Value: !Ref Vpc}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_twice_or_not_at_all_is_told_and_not_guessed() {
    let server = moto().await;
    let sandbox = Sandbox::at(&server.url);
    sandbox.write("stacks/network/stack.yaml", TEMPLATE);
    sandbox.cairn(&format!("deploy {NETWORK} --yes")).code(0);
    let lose = || fs::remove_dir_all(sandbox.path(".cairn")).expect("a folder");
    lose();
    let shown = state(&sandbox, "rebuild --yes").code(0).out;
    assert!(
        shown.contains("8 found, 0 not found, 0 more than once, 0 not in the template"),
        "{shown}"
    );
    // The first snapshot there ever was had all of it: half a state is sound, too.
    let first: Json = serde_json::from_str(&file(&sandbox, "state.previous.json")).expect("JSON");
    assert_eq!(first["resources"].as_object().map(serde_json::Map::len), Some(8));
    assert_eq!(file(&sandbox, "journal.previous.jsonl").lines().count(), 1);
    let history = state(&sandbox, "history").code(0).out;
    assert!(history.contains("state rebuild") && history.contains("8 created"), "{history}");
    sandbox.cairn(&format!("plan {NETWORK} --detailed-exitcode")).code(0);
    // A rollback after that takes nothing away.
    let back = sandbox.cairn(&format!("rollback {NETWORK} --yes")).code(0).out;
    assert!(back.contains("Nothing to do: 8 resources are as before."), "{back}");

    // Another VPC with the marks of this one, a table of the stack's that the template has not, and
    // a subnet that somebody deleted.
    let vpc = state(&sandbox, "show Vpc").code(0).out;
    let vpc: Json = serde_json::from_str(&vpc).expect("JSON");
    let vpc = vpc["current"]["physical_id"].as_str().expect("an id").to_owned();
    let subnet = state(&sandbox, "show Second").code(0).out;
    let subnet: Json = serde_json::from_str(&subnet).expect("JSON");
    let subnet = subnet["current"]["physical_id"].as_str().expect("an id").to_owned();
    let clients = connect(&server.url).await;
    let ec2 = clients.ec2();
    let other = ec2.create_vpc().cidr_block("10.9.0.0/16").send().await.expect("a VPC");
    let other = other.vpc.and_then(|vpc| vpc.vpc_id).expect("an id");
    let table = ec2.create_route_table().vpc_id(&vpc).send().await.expect("a table");
    let table = table.route_table.and_then(|table| table.route_table_id).expect("an id");
    for (resource, id) in [(&other, "Vpc"), (&table, "OldTable")] {
        let marks = [("stack", "network"), ("logical-id", id), ("token", resource.as_str())];
        let tags = marks
            .map(|(key, value)| Tag::builder().key(format!("cairn:{key}")).value(value).build());
        let put = ec2.create_tags().resources(resource).set_tags(Some(tags.into()));
        put.send().await.expect("they are set");
    }
    ec2.delete_subnet().subnet_id(&subnet).send().await.expect("it goes");
    lose();
    let refused = state(&sandbox, "rebuild --yes").code(1);
    assert!(refused.err.contains("there are several of something"), "{}", refused.err);
    assert!(refused.out.contains(&vpc) && refused.out.contains(&other), "{}", refused.out);
    assert!(refused.out.contains("OldTable") && refused.out.contains(&table), "{}", refused.out);
    assert!(!sandbox.path(&format!("{KEPT}/state.json")).exists(), "nothing was guessed");
    let refused = state(&sandbox, "rebuild --yes --choose Vpc=vpc-none").code(1).err;
    assert!(refused.contains(&vpc) && refused.contains(&other), "{refused}");
    let shown = state(&sandbox, &format!("rebuild --yes --choose Vpc={vpc}")).code(0).out;
    assert!(
        shown.contains("7 found, 1 not found, 0 more than once, 1 not in the template"),
        "{shown}"
    );
    let plan = sandbox.cairn(&format!("plan {NETWORK} --detailed-exitcode")).code(2).out;
    assert!(plan.contains("1 to create"), "{plan}");

    // Of a renamed resource that the template calls by its new name only the tags change.
    sandbox.cairn(&format!("deploy {NETWORK} --yes")).code(0);
    state(&sandbox, "mv Second Third --yes").code(0);
    sandbox.edit("stacks/network/stack.yaml", "  Second:", "  Third:");
    let plan = sandbox.cairn(&format!("plan {NETWORK} --detailed-exitcode")).code(2).out;
    assert!(plan.contains("1 to move, 7 unchanged"), "{plan}");
    sandbox.cairn(&format!("deploy {NETWORK} --yes")).code(0);
    sandbox.cairn(&format!("plan {NETWORK} --detailed-exitcode")).code(0);
}

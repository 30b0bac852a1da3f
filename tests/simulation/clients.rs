//! The simulated AWS, called by botocore: what it answers is what botocore's models of the services
//! say, and it is called with everything that Cairn calls.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde_json::{Value as Json, json};

use super::aws::account::{Account, record};
use super::server::Server;
use crate::support::emulator;

/// So many seconds of the account pass in one of ours: endpoints take minutes.
const SPEED: u64 = 200;

/// What Cairn calls: in its handlers each call is named as IAM names it.
fn called_by_cairn() -> BTreeSet<String> {
    let action = Regex::new(r#""((?:ec2|iam|lambda|logs|apigateway|bedrock):[A-Z][A-Za-z]+)""#);
    let action = action.expect("a pattern");
    let mut found = BTreeSet::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/resource")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder of sources").flatten();
            open.extend(entries.map(|entry| entry.path()));
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source");
        found.extend(action.captures_iter(&text).map(|one| one[1].to_owned()));
    }
    found
}

/// Keys of conditions and what a permission allows: no calls.
const NO_CALLS: [&str; 4] = [
    "lambda:EventSourceToken",
    "lambda:FunctionUrlAuthType",
    "lambda:InvokeFunction",
    "lambda:InvokedViaFunctionUrl",
];

/// What other stacks own.
fn furnish(account: &mut Account) {
    let base = record(json!({"knowledgeBaseId": "KB12345678"}));
    account.table("knowledge-base").insert("KB12345678".to_owned(), base);
}

#[tokio::test(flavor = "multi_thread")]
async fn botocore_understands_every_answer() {
    let python = emulator::botocore().await;
    let (fast, slow) = (Server::start(SPEED, furnish), Server::start(1, furnish));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = folder.path().join("report.json");
    let mut command = Command::new(python);
    command
        .arg("-B")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulation/clients/story.py"))
        .args([fast.url(), slow.url()])
        .arg(&report)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", folder.path().join("none"));
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.expect("nothing panics in there").expect("Python can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = fs::read_to_string(report).expect("the script has written it");
    let report: Json = serde_json::from_str(&report).expect("it is JSON");
    let list = |key: &str| -> Vec<String> {
        let all = report[key].as_array().into_iter().flatten();
        all.filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let problems = list("problems");
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    let called: BTreeSet<String> = list("called").into_iter().collect();
    let mut never: BTreeSet<String> = called_by_cairn().difference(&called).cloned().collect();
    never.retain(|action| !NO_CALLS.contains(&action.as_str()));
    assert!(never.is_empty(), "Cairn calls them, and the script does not: {never:?}");
}

/// The provider that most of the rules' sources are issues of. It is large, and nobody's test
/// fetches it: without it the test says so.
#[tokio::test(flavor = "multi_thread")]
async fn the_terraform_provider_makes_and_removes_a_stack() {
    let server = Server::start(SPEED, furnish);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulation/clients/main.tf");
    fs::copy(source, folder.path().join("main.tf")).expect("a folder of ours");
    let terraform = async |arguments: &str, is_offline: bool| {
        let mut command = Command::new("terraform");
        command.args(arguments.split(' ')).current_dir(folder.path());
        command.env("TF_VAR_endpoint", server.url()).env("CHECKPOINT_DISABLE", "1");
        if is_offline {
            // Only what is on this machine: nobody listens there.
            command.env("HTTPS_PROXY", "http://127.0.0.1:1");
        }
        tokio::task::spawn_blocking(move || command.output()).await.expect("nothing panics")
    };
    let is_there = terraform("init -input=false -no-color", true).await;
    let missing = match &is_there {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(why) = missing {
        let told = format!(
            "SKIPPED: Terraform finds its AWS provider not on this machine; where that is, \
             TF_CLI_CONFIG_FILE can say. In its words: {why}\n"
        );
        std::io::stderr().write_all(told.as_bytes()).expect("standard error is there");
        return;
    }
    for (arguments, wanted) in [
        ("apply -auto-approve -input=false -no-color", "Apply complete! Resources: 12 added"),
        ("plan -detailed-exitcode -input=false -no-color", "No changes"),
        ("destroy -auto-approve -input=false -no-color", "Destroy complete! Resources: 12"),
    ] {
        let output = terraform(arguments, false).await.expect("it ran a moment ago");
        let told = String::from_utf8_lossy(&output.stdout);
        let problems = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.contains(wanted), "{arguments}\n{told}{problems}");
    }
}

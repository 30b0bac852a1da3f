//! What is wrong with a template is said in one message, with the place and the near name, by
//! every command alike and before any call. The cases are files: a template, and beside it what
//! is said of it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::latency::Latency;
use crate::support::sandbox::Sandbox;

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/errors");
    let entries = fs::read_dir(folder).expect("the folder of cases").flatten();
    let mut cases: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_error_has_its_place_and_comes_before_any_call() {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let counter = Latency::before(nowhere, Duration::ZERO);
    let sandbox = Sandbox::at(&counter.url);
    assert!(cases().len() >= 10);
    for case in cases() {
        let name = case.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let file = format!("{name}.yaml");
        sandbox.write(&file, &fs::read_to_string(&case).expect("a case"));
        let said = sandbox.cairn(&format!("validate {file}")).code(1);
        insta::with_settings!({
            snapshot_path => "golden/errors",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(name.clone(), said.err);
        });
        for command in ["plan", "deploy --yes", "deploy"] {
            let also = sandbox.cairn(&format!("{command} {file}")).code(1);
            assert_eq!(also.err, said.err, "{command} {file}");
        }
        assert!(!sandbox.path(".cairn").exists(), "{file}: something was written");
    }
    assert_eq!(counter.requests(), 0);
}

/// Right templates are checked whatever is in them. What Cairn cannot deploy stops those commands
/// that would deploy it, before any call.
#[test]
fn types_that_cannot_be_deployed_are_valid_and_refused() {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let counter = Latency::before(nowhere, Duration::ZERO);
    let sandbox = Sandbox::at(&counter.url);
    let template = "Resources:\n  Bucket: {Type: AWS::S3::Bucket}\n  Queue: {Type: AWS::SQS::Queue}\n  \
                    Other: {Type: AWS::SQS::Queue}\n  Group: {Type: AWS::Logs::LogGroup}\n";
    sandbox.write("storage.yaml", template);

    let said = sandbox.cairn("validate storage.yaml").code(0);
    assert!(said.out.contains("4 resources, 0 outputs; Cairn cannot deploy 3 of them yet"));
    assert!(
        said.err.contains("warning: Cairn cannot deploy `AWS::S3::Bucket` yet"),
        "{}",
        said.err
    );
    assert!(said.err.contains("storage.yaml:3:17"), "{}", said.err);
    assert!(said.err.contains("`AWS::SQS::Queue` yet: 2 resources"), "{}", said.err);
    let synthesized = sandbox.cairn("synth storage.yaml").code(0).out;
    assert!(synthesized.contains("AWS::S3::Bucket"), "{synthesized}");

    for command in ["plan", "deploy --yes", "deploy"] {
        let refused = sandbox.cairn(&format!("{command} storage.yaml")).code(1).err;
        assert_eq!(refused, said.err.replace("warning", "error"), "{command}");
    }
    assert!(!sandbox.path(".cairn").exists(), "something was written");
    assert_eq!(counter.requests(), 0);
}

#[test]
fn findings_are_told_to_code_scanning_too() {
    let sandbox = Sandbox::at("http://127.0.0.1:9");
    sandbox.write("network.yaml", "Resources:\n  Vpc: {Type: AWS::EC2::VPN}\n");
    let said = sandbox.cairn("validate network.yaml --format sarif").code(1).out;
    let log: serde_json::Value = serde_json::from_str(&said).expect("a log is JSON");
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "network.yaml");
    assert_eq!(place["region"]["startLine"], 2);
    let listed = sandbox.cairn("validate network.yaml --json").code(1).out;
    assert_eq!(listed, sandbox.cairn("validate network.yaml --format json").code(1).out);

    sandbox.write("network.yaml", "Resources:\n  Group: {Type: AWS::Logs::LogGroup}\n");
    let said = sandbox.cairn("validate network.yaml --format sarif").code(0).out;
    let log: serde_json::Value = serde_json::from_str(&said).expect("a log is JSON");
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn a_wrong_configuration_is_refused_with_its_line() {
    let sandbox = Sandbox::at("http://127.0.0.1:9");
    sandbox.write("network.yaml", "Resources:\n  Vpc: {Type: AWS::EC2::VPC}\n");
    sandbox.write("config/test.yaml", "region: us-east-1\nregoin: us-east-2\n");
    let said = sandbox.cairn("plan network.yaml").code(1).err;
    assert!(said.contains("test.yaml:2:1"), "{said}");
    assert!(said.contains("did you mean `region`?"), "{said}");
}

/// A handler that is not in the code stops everything before any call.
#[test]
fn a_handler_is_looked_for_in_the_code() {
    let sandbox = Sandbox::persona("http://127.0.0.1:9");
    let stack = "stacks/persona-agent/stack.yaml";
    sandbox.edit(stack, "Handler: handler.handler", "Handler: handlr.handler");
    for command in ["validate", "plan"] {
        let said = sandbox.cairn(&format!("{command} stacks/persona-agent")).code(1).err;
        assert!(said.contains("the code of `Function` has no module `handlr`"), "{said}");
        assert!(said.contains("did you mean `handler.handler`?"), "{said}");
        assert!(said.contains("      Handler: handlr.handler\n"), "{said}");
    }
}

/// What AWS takes and callers suffer from is said as a warning, and stops nothing.
#[test]
fn times_that_do_not_fit_are_warned_of() {
    let sandbox = Sandbox::persona("http://127.0.0.1:9");
    let validate = "validate stacks/persona-agent";
    let stack = "stacks/persona-agent/stack.yaml";
    assert_eq!(sandbox.cairn(validate).code(0).err, "");

    sandbox.edit(stack, "      Timeout: 90\n", "");
    let said = sandbox.cairn(validate).code(0).err;
    assert!(said.contains("`Function` is ended after 3 s, as nothing is said"), "{said}");
    assert!(said.contains("while `InvokeMethod` waits 29000 ms"), "{said}");

    sandbox.edit(stack, "TimeoutInMillis: 29000", "TimeoutInMillis: 120000");
    let said = sandbox.cairn(validate).code(0).err;
    assert!(said.contains("unless the account's quota is raised: 120000 ms"), "{said}");
    assert!(said.contains("Service Quotas"), "{said}");
}

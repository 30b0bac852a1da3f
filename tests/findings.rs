//! What is found of a plan stands in every form of it: what rules say, what the account says, and
//! what looks as if it were only renamed. A teardown is a plan as well.

use serde_json::{Value as Json, json};

use crate::support::emulator::ministack;
use crate::support::sandbox::Sandbox;

const STACK: &str = "stacks/found";
const FILE: &str = "stacks/found/stack.yaml";

const TEMPLATE: &str = "\
Resources:
  Journal:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: 7}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: \"2012-10-17\"
        Statement: {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}
";

const RULES: &str = "\
rules:
  - name: no-short-retention
    when: step.type_name == \"AWS::Logs::LogGroup\" && has(properties.RetentionInDays)
    forbid: properties.RetentionInDays < 30
    message: a month of events is kept
    severity: error
  - name: tell-of-deletions
    when: step.action == \"Delete\"
    forbid: 'true'
    message: something goes
    severity: warning
";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_is_told_in_every_form() {
    let server = ministack().await;
    let sandbox = Sandbox::at(&server.url);
    sandbox.write(FILE, TEMPLATE);
    sandbox.write("rules.yaml", RULES);
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    sandbox.edit(FILE, "  Journal:", "  Diary:");
    let plan = format!("plan {STACK} --policy rules.yaml --out plan.cairn");
    let found = "a month of events is kept";
    let renamed = "looks like Journal";
    for form in ["text", "markdown", "json", "html"] {
        let said = sandbox.cairn(&format!("{plan} --format {form}")).code(3).out;
        assert!(said.contains(found) && said.contains("no-short-retention"), "{form}: {said}");
        assert!(said.contains("MovedFrom: Journal"), "{form}: {said}");
        assert!(form == "json" || said.contains(renamed), "{form}: {said}");
        let shown = sandbox.cairn(&format!("plan show plan.cairn --format {form}")).code(3).out;
        assert_eq!(said, shown, "{form}");
    }

    let said = sandbox.cairn(&format!("{plan} --format sarif")).code(3).out;
    let log: Json = serde_json::from_str(&said).expect("SARIF is JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let by = |rule: &str| results.iter().find(|one| one["ruleId"] == rule);
    let finding = by("no-short-retention").unwrap_or_else(|| panic!("{said}"));
    assert_eq!(finding["level"], "error");
    let place = &finding["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], FILE);
    assert_eq!(place["region"]["startLine"], 2, "where `Diary` is declared");
    let rename = by("cairn-renamed").unwrap_or_else(|| panic!("{said}"));
    assert!(rename["message"]["text"].as_str().is_some_and(|text| text.contains(renamed)));
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    for one in results {
        assert!(rules.iter().any(|rule| rule["id"] == one["ruleId"]), "{one}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teardown_is_held_against_rules_and_the_account() {
    let server = ministack().await;
    let sandbox = Sandbox::at(&server.url);
    sandbox.write(FILE, TEMPLATE);
    sandbox.write("rules.yaml", RULES);
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    let plan = format!("plan {STACK} --teardown");
    let said = sandbox.cairn(&format!("{plan} --policy rules.yaml --preflight")).code(3).out;
    assert!(said.contains("something goes") && said.contains("a month of events"), "{said}");
    sandbox.cairn(&format!("{plan} --fail-on destructive")).code(3);
    let printed = sandbox.cairn(&format!("{plan} --print-policy")).code(0).out;
    let policy: Json = serde_json::from_str(&printed).expect("a policy is JSON");
    let text = policy.to_string();
    assert!(text.contains("iam:DeleteRole") && text.contains("logs:DeleteLogGroup"), "{printed}");
    assert!(!text.contains("iam:CreateRole"), "{printed}");
    let same = sandbox.cairn(&format!("{plan} --print-policy=teardown")).code(0).out;
    assert_eq!(policy, serde_json::from_str::<Json>(&same).expect("a policy is JSON"));
    let reads = sandbox.cairn(&format!("{plan} --print-policy=plan")).code(0).out;
    assert!(!reads.contains("Delete"), "{reads}");
    assert_ne!(policy["Statement"], json!([]));
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

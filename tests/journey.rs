//! The main job from end to end, through the binary: the persona agent is deployed, answers, is
//! changed, and is torn down, and the emulator is asked what is left.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::support::emulator::ministack;
use crate::support::http::post;
use crate::support::inventory::inventory;
use crate::support::sandbox::Sandbox;

const STACK: &str = "stacks/persona-agent";
const FILE: &str = "stacks/persona-agent/stack.yaml";

/// The steps of a plan that are not `Keep`, as `action logical id`.
fn work(sandbox: &Sandbox) -> Vec<String> {
    let plan = sandbox.cairn(&format!("plan {STACK} --json"));
    let plan: Json = serde_json::from_str(&plan.code(0).out).expect("a plan is JSON");
    let mut work: Vec<String> = plan["steps"]
        .as_array()
        .expect("a plan has steps")
        .iter()
        .filter(|step| step["action"] != "Keep")
        .map(|step| format!("{} {}", step["action"], step["logical_id"]).replace('"', ""))
        .collect();
    work.sort();
    work
}

fn outputs(sandbox: &Sandbox) -> Json {
    let said = sandbox.cairn(&format!("outputs {STACK} --json")).code(0);
    serde_json::from_str(&said.out).expect("outputs are JSON")
}

/// What the deployed API says to a prompt, with a key or without.
async fn ask(endpoint: &str, sandbox: &Sandbox, key: Option<&str>) -> (u16, String) {
    let outputs = outputs(sandbox);
    let url = outputs["InvokeUrl"].as_str().expect("an address");
    let api = url.trim_start_matches("https://").split('.').next().expect("an id");
    let path = format!("/restapis/{api}/local/_user_request_/invoke");
    let mut headers = "content-type: application/json\r\n".to_owned();
    if let Some(key) = key {
        write!(headers, "x-api-key: {key}\r\n").expect("a string takes everything");
    }
    post(endpoint, &path, &headers, r#"{"prompt": "How is the weather?"}"#).await
}

async fn key_of(endpoint: &str, sandbox: &Sandbox) -> String {
    let access = cairn::aws::Access {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        ..cairn::aws::Access::default()
    };
    let clients = cairn::aws::Clients::connect(&access).await;
    let id = outputs(sandbox)["ApiKeyId"].as_str().expect("an id").to_owned();
    let key = clients.apigateway().get_api_key().api_key(id).include_value(true).send().await;
    key.expect("the key exists").value.expect("a key has a value")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_persona_agent_lives_and_goes() {
    let server = ministack().await;
    let before = inventory(&server.url).await;
    let sandbox = Sandbox::persona(&server.url);
    sandbox.cairn(&format!("validate {STACK}")).code(0);
    let planned = sandbox.cairn(&format!("plan {STACK} --detailed-exitcode")).code(2);
    assert!(planned.out.contains("InvokeMethod"), "{}", planned.out);
    assert_eq!(inventory(&server.url).await, before, "a plan changes nothing");
    assert!(!sandbox.path(".cairn").exists(), "a plan writes nothing");

    let refused = sandbox.cairn(&format!("deploy {STACK}")).code(1);
    assert!(refused.err.contains("--yes"), "{}", refused.err);
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    let key = key_of(&server.url, &sandbox).await;
    let (status, answer) = ask(&server.url, &sandbox, Some(&key)).await;
    assert_eq!(status, 200, "{answer}");
    let answer: Json = serde_json::from_str(&answer).expect("the answer is JSON");
    assert_eq!(
        answer["text"], "For which place? A summit, a pass, a valley.",
        "the stand-in's own"
    );
    assert!(answer["sessionId"].is_string(), "{answer}");
    assert_eq!(ask(&server.url, &sandbox, None).await.0, 403);
    sandbox.cairn(&format!("plan {STACK} --detailed-exitcode")).code(0);

    changes_are_what_the_plan_says(&server.url, &sandbox).await;

    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
    assert_eq!(inventory(&server.url).await, before);
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

async fn changes_are_what_the_plan_says(endpoint: &str, sandbox: &Sandbox) {
    let first = inventory(endpoint).await;
    sandbox.edit(FILE, "MemorySize: 256", "MemorySize: 512");
    assert_eq!(work(sandbox), ["Update Function"]);
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    assert_eq!(inventory(endpoint).await, first, "an update keeps every id");
    assert!(work(sandbox).is_empty());

    let fewer = format!("{STACK} --parameter RequestsPerDay=500");
    let said = sandbox.cairn(&format!("deploy {fewer} --yes")).code(0);
    assert!(said.out.contains("Quota.Limit: 1000 → 500"), "{}", said.out);
    assert!(said.out.contains("1 to update, 24 unchanged."), "{}", said.out);
    sandbox.cairn(&format!("plan {fewer} --detailed-exitcode")).code(0);
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);

    // The path of the resource is create-only: it, its method and the snapshot are made anew, and
    // the stage is led to the new snapshot.
    sandbox.edit(FILE, "PathPart: invoke", "PathPart: ask");
    assert_eq!(
        work(sandbox),
        [
            "Delete Deployment",
            "Delete InvokeMethod",
            "Delete InvokeResource",
            "Replace Deployment",
            "Replace InvokeMethod",
            "Replace InvokeResource",
            "Update Stage"
        ],
        "each replacement is a create and, after what needed it, a delete"
    );
    let key = key_of(endpoint, sandbox).await;
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    assert!(work(sandbox).is_empty());
    assert_ne!(ask(endpoint, sandbox, Some(&key)).await.0, 200, "the old path is gone");
}

/// What was deleted behind Cairn's back is seen and made again.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_delete_is_made_again() {
    let server = ministack().await;
    let sandbox = Sandbox::persona(&server.url);
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    let access = cairn::aws::Access {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(server.url.clone()),
        ..cairn::aws::Access::default()
    };
    let clients = cairn::aws::Clients::connect(&access).await;
    let name = outputs(&sandbox)["FunctionName"].as_str().expect("a name").to_owned();
    clients.lambda().delete_function().function_name(name).send().await.expect("it is there");
    let planned = work(&sandbox);
    assert!(planned.contains(&"Create Function".to_owned()), "{planned:?}");
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    assert!(work(&sandbox).is_empty());
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

/// The account that STS tells is held against the environment's before anything else is asked.
#[tokio::test(flavor = "multi_thread")]
async fn another_account_is_refused() {
    let server = ministack().await;
    let before = inventory(&server.url).await;
    let sandbox = Sandbox::persona(&server.url);
    sandbox.edit("config/test.yaml", "\"000000000000\"", "\"111122223333\"");
    for command in ["plan", "deploy --yes"] {
        let said = sandbox.cairn(&format!("{command} {STACK}")).code(1).err;
        let told = "these credentials are for account 000000000000, the environment `test` is for \
                    111122223333";
        assert!(said.contains(told), "{said}");
    }
    assert_eq!(inventory(&server.url).await, before);
}

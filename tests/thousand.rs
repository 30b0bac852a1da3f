//! A stack of a thousand resources is planned with few calls: read by type and account, and not one
//! by one.

use serde_json::Value as Json;

use crate::support::emulator::ministack;
use crate::support::sandbox::Sandbox;
use crate::support::thousand::{RESOURCES, template};

const STACK: &str = "stacks/thousand";
/// The most calls of a plan with nothing to do.
const MOST: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_resources_at_rest_are_read_with_few_calls() {
    let server = ministack().await;
    let sandbox = Sandbox::at(&server.url);
    sandbox.write("stacks/thousand/stack.json", &template().to_string());
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);

    let plan = sandbox.cairn(&format!("plan {STACK} --detailed-exitcode --stats")).code(0);
    assert!(plan.out.contains(&format!("{RESOURCES} resources are as")), "{}", plan.out);
    let first = plan.err.lines().find(|line| line.ends_with(" AWS calls")).expect("the number");
    let calls: usize = first.split(' ').next().and_then(|it| it.parse().ok()).expect("a number");
    assert!(calls <= MOST, "{}", plan.err);

    // Whoever makes such a plan is told what it needs.
    let printed = sandbox.cairn(&format!("plan {STACK} --print-policy=plan")).code(0).out;
    let policy: Json = serde_json::from_str(&printed).expect("a policy is JSON");
    let statements = policy["Statement"].as_array().expect("statements");
    let may = |action: &str| {
        statements.iter().any(|one| {
            let actions = one["Action"].as_array().into_iter().flatten();
            actions.into_iter().any(|it| it == action)
                && one["Resource"] == serde_json::json!(["*"])
        })
    };
    assert!(may("iam:GetAccountAuthorizationDetails") && may("iam:ListRoles"), "{printed}");
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
}

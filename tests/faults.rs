//! What AWS says when it will not, and what happens when its answer never arrives.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cairn::local::PrivateServer;

use crate::support::emulator::ministack;
use crate::support::inventory::inventory;
use crate::support::meddler::{Meddler, Meddling};
use crate::support::sandbox::Sandbox;

const STACK: &str = "stacks/persona-agent";

fn address(server: &PrivateServer) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, server.port))
}

/// Deploys while AWS answers `CreateAgent` like this, and counts how often it was asked.
async fn refused_agent(answer: &'static str) -> (String, usize) {
    let server = ministack().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let meddler = Meddler::before(address(&server), move |request| {
        if !request.starts_with("PUT /agents/ ") {
            return Meddling::Pass;
        }
        count.fetch_add(1, Ordering::SeqCst);
        Meddling::Answer(403, answer)
    });
    let sandbox = Sandbox::persona(&meddler.url);
    let said = sandbox.cairn(&format!("deploy {STACK} --yes")).code(1);
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
    (said.err, asked.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_closed_to_newcomers_is_asked_once() {
    let (said, asked) = refused_agent(
        r#"{"__type": "AccessDeniedException", "message": "Amazon Bedrock Agents is in maintenance mode and is no longer available to new customers."}"#,
    )
    .await;
    assert_eq!(asked, 1);
    assert!(said.contains("is closed to accounts that never used it"), "{said}");
    assert!(said.contains("AgentCore"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_told_apart() {
    let (said, asked) = refused_agent(
        r#"{"__type": "AccessDeniedException", "message": "User is not authorized to perform: bedrock:CreateAgent"}"#,
    )
    .await;
    assert_eq!(asked, 1);
    assert!(said.contains("the credentials in use lack `bedrock:CreateAgent`"), "{said}");
    assert!(!said.contains("AgentCore"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_not_there_yet_is_waited_for() {
    let server = ministack().await;
    let before = inventory(&server.url).await;
    let tries = AtomicUsize::new(0);
    let meddler = Meddler::before(address(&server), move |request| {
        let creates = request.starts_with("POST /2015-03-31/functions ");
        if creates && tries.fetch_add(1, Ordering::SeqCst) < 3 {
            return Meddling::Answer(
                400,
                r#"{"__type": "InvalidParameterValueException", "message": "The role defined for the function cannot be assumed by Lambda."}"#,
            );
        }
        Meddling::Pass
    });
    let sandbox = Sandbox::persona(&meddler.url);
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
    assert_eq!(inventory(&server.url).await, before);
}

/// The first answer to every changing call is lost: whatever it did is found again, and nothing is
/// made twice or left behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_loses_nothing() {
    let server = ministack().await;
    let before = inventory(&server.url).await;
    let lost = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&lost);
    let meddler = Meddler::before(address(&server), move |request| match changing_call(request) {
        Some(call) if seen.lock().expect("no test panics with it").insert(call.clone()) => {
            Meddling::LoseAnswer
        }
        _ => Meddling::Pass,
    });
    let sandbox = Sandbox::persona(&meddler.url);
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    let deployed = inventory(&server.url).await;
    let new = |kind: &str| {
        deployed.difference(&before).filter(|one| one.starts_with(kind)).collect::<Vec<_>>()
    };
    for (kind, count) in [
        ("vpc ", 1),
        ("subnet ", 2),
        ("endpoint ", 1),
        ("role ", 2),
        ("function ", 1),
        ("log group ", 1),
        ("api Some", 1),
        ("api key ", 1),
        ("usage plan ", 1),
        ("agent ", 1),
    ] {
        assert_eq!(new(kind).len(), count, "{kind}: {:?}", new(kind));
    }
    sandbox.cairn(&format!("plan {STACK} --detailed-exitcode")).code(0);
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
    assert_eq!(inventory(&server.url).await, before);
    assert!(lost.lock().expect("no test panics with it").len() > 30);
}

/// A name for a call that changes something; nothing for one that reads.
fn changing_call(request: &str) -> Option<String> {
    let first = request.lines().next()?;
    let target = request.lines().find(|line| line.to_lowercase().starts_with("x-amz-target:"));
    let (_, body) = request.split_once("\r\n\r\n")?;
    let action = body.strip_prefix("Action=").and_then(|rest| rest.split('&').next());
    let operation = match (target, action) {
        (Some(target), _) => target.rsplit('.').next()?.trim().to_owned(),
        (None, Some(action)) => action.to_owned(),
        // A listing of Bedrock's is a POST without being a change.
        (None, None) if first.starts_with("GET ") || first.starts_with("POST /agents/") => {
            return None;
        }
        (None, None) => first.to_owned(),
    };
    let reads = ["Get", "List", "Describe"].iter().any(|prefix| operation.starts_with(prefix));
    (!reads).then_some(operation)
}

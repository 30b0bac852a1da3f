//! The stand-in for Bedrock's agent runtime, as the Rust SDK sees it: its checksums, its events and
//! its errors. The Python SDK's side is in `stacks/persona-agent/tests`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use aws_sdk_bedrockagentruntime::Client;
use aws_sdk_bedrockagentruntime::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_bedrockagentruntime::types::{
    ActionInvocationType, ContentBody, FunctionResult, InvocationInputMember,
    InvocationResultMember, ResponseStream, ReturnControlPayload, SessionState,
};

use crate::support::emulator::ministack;

fn client(url: &str) -> Client {
    let config = aws_sdk_bedrockagentruntime::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(aws_smithy_types::retry::RetryConfig::disabled())
        .endpoint_url(url);
    Client::from_conf(config.build())
}

/// What one leg brought.
#[derive(Debug, Default)]
struct Leg {
    chunks: Vec<Vec<u8>>,
    control: Option<ReturnControlPayload>,
    traces: usize,
}

impl Leg {
    fn text(&self) -> String {
        String::from_utf8(self.chunks.concat()).unwrap()
    }
}

/// What a caller sends.
enum Turn<'a> {
    Prompt(&'a str),
    Results(&'a str, Vec<FunctionResult>),
}

/// One leg, read to its end; an error is its code, wherever it came.
async fn run(client: &Client, session: &str, turn: Turn<'_>) -> Result<Leg, String> {
    let call = client.invoke_agent().agent_id("AGENT").agent_alias_id("ALIAS").session_id(session);
    let call = match turn {
        Turn::Prompt(prompt) => call.input_text(prompt).enable_trace(true),
        Turn::Results(invocation, results) => {
            let results = results.into_iter().map(InvocationResultMember::FunctionResult).collect();
            let state = SessionState::builder()
                .invocation_id(invocation)
                .set_return_control_invocation_results(Some(results));
            call.session_state(state.build())
        }
    };
    let mut answer = call.send().await.map_err(|error| kind(error.as_service_error()))?;
    assert_eq!(answer.session_id(), session);
    let mut leg = Leg::default();
    loop {
        match answer.completion.recv().await {
            Ok(None) => return Ok(leg),
            Ok(Some(ResponseStream::Chunk(part))) => {
                leg.chunks.push(part.bytes.unwrap().into_inner());
            }
            Ok(Some(ResponseStream::ReturnControl(control))) => leg.control = Some(control),
            Ok(Some(ResponseStream::Trace(_))) => leg.traces += 1,
            Ok(Some(other)) => panic!("{other:?}"),
            Err(error) => return Err(kind(error.as_service_error())),
        }
    }
}

/// The kind of an error that the SDK recognized as the service's, or `none`: a name, such as
/// `ThrottlingException`.
fn kind(error: Option<&impl std::fmt::Debug>) -> String {
    let shown = error.map(|error| format!("{error:?}")).unwrap_or_default();
    shown.split_once('(').map_or("none", |(name, _)| name).to_owned()
}

fn result(function: &str, text: &str) -> FunctionResult {
    FunctionResult::builder()
        .action_group("hut-desk")
        .function(function)
        .response_body("TEXT", ContentBody::builder().body(text).build())
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_sdk_reads_its_streams() {
    let server = ministack().await;
    let client = client(server.agent_runtime_url.as_deref().unwrap());

    let leg = run(&client, "words", Turn::Prompt("play: text")).await.unwrap();
    assert_eq!(leg.text(), "The kettle is on. Grüße vom Grat, sit down.");
    assert_eq!(leg.chunks.len(), 3);
    assert!(leg.chunks.iter().any(|chunk| std::str::from_utf8(chunk).is_err()), "a cut character");
    assert_eq!(leg.traces, 1);

    let leg = run(&client, "tools", Turn::Prompt("play: two-functions")).await.unwrap();
    let control = leg.control.unwrap();
    let asked: Vec<_> = control
        .invocation_inputs()
        .iter()
        .map(|one| match one {
            InvocationInputMember::FunctionInvocationInput(one) => {
                assert_eq!(one.action_invocation_type(), Some(&ActionInvocationType::Result));
                one.function().unwrap()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(asked, ["read_forecast", "free_bunks"]);
    let invocation = control.invocation_id().unwrap();
    let half = Turn::Results(invocation, vec![result("free_bunks", "four")]);
    assert_eq!(run(&client, "tools", half).await.unwrap_err(), "ValidationException");
    for _ in 0..2 {
        let results = vec![result("read_forecast", "sun"), result("free_bunks", "four")];
        let leg = run(&client, "tools", Turn::Results(invocation, results)).await.unwrap();
        assert_eq!(leg.text(), "The ridge: sun. The hut: four.");
    }
}

#[tokio::test]
async fn the_sdk_reads_its_errors() {
    let server = ministack().await;
    let client = client(server.agent_runtime_url.as_deref().unwrap());
    for name in [
        "AccessDeniedException",
        "BadGatewayException",
        "ConflictException",
        "DependencyFailedException",
        "InternalServerException",
        "ModelNotReadyException",
        "ResourceNotFoundException",
        "ServiceQuotaExceededException",
        "ThrottlingException",
        "ValidationException",
    ] {
        let script = format!("play: {}{}", name[..1].to_lowercase(), &name[1..]);
        for script in [script.clone(), format!("{script} inside")] {
            let error = run(&client, "errors", Turn::Prompt(&script)).await.unwrap_err();
            assert_eq!(error, name, "{script}");
        }
    }
    for broken in ["cut", "garbled"] {
        let script = format!("play: {broken}");
        assert_eq!(run(&client, "errors", Turn::Prompt(&script)).await.unwrap_err(), "none");
    }
    let leg = run(&client, "errors", Turn::Prompt("play: text")).await.unwrap();
    assert!(leg.control.is_none(), "the session goes on");
}

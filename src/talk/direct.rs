//! The agent itself, with the caller's own AWS credentials: no API, no function in between.

use std::collections::HashMap;

use aws_sdk_bedrockagentruntime::Client;
use aws_sdk_bedrockagentruntime::types::{
    ConfirmationState, ContentBody, FunctionInvocationInput, FunctionResult, InvocationInputMember,
    InvocationResultMember, ResponseState, ResponseStream, ReturnControlPayload, SessionState,
};

use super::protocol::{Body, Parameter};
use super::{Answer, Asks, Channel, Control, Input, Outcome, Reply, Request, TalkError};
use crate::aws::{Fault, FaultKind, chain};
use crate::resource::BoxFuture;

const ACTION: &str = "bedrock:InvokeAgent";

pub struct Direct {
    pub client: Client,
    pub agent_id: String,
    pub alias_id: String,
    /// For a conversation that has none yet.
    pub new_session_id: String,
}

impl Direct {
    async fn invoke(&self, request: &Request) -> Result<Reply, TalkError> {
        let call =
            self.client.invoke_agent().agent_id(&self.agent_id).agent_alias_id(&self.alias_id);
        let (session_id, call) = match request {
            Request::Prompt { prompt, session_id } => {
                let session_id = session_id.as_ref().unwrap_or(&self.new_session_id);
                (session_id.clone(), call.input_text(prompt))
            }
            Request::Results { session_id, invocation_id, answers } => {
                let results = answers.iter().map(result).collect::<Result<_, _>>()?;
                let state = SessionState::builder()
                    .invocation_id(invocation_id)
                    .set_return_control_invocation_results(Some(results));
                (session_id.clone(), call.session_state(state.build()))
            }
        };
        let answer = Box::pin(call.session_id(&session_id).send()).await;
        let mut stream =
            answer.map_err(|error| refused(&Fault::from_sdk(ACTION, &error)))?.completion;
        let mut text = Vec::new();
        let mut control = None;
        loop {
            match stream.recv().await {
                Ok(Some(ResponseStream::Chunk(chunk))) => {
                    text.extend(
                        chunk.bytes.map(aws_smithy_types::Blob::into_inner).unwrap_or_default(),
                    );
                }
                Ok(Some(ResponseStream::ReturnControl(payload))) => control = Some(payload),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return Err(TalkError::Lost(chain(&error))),
            }
        }
        let outcome = match control {
            Some(payload) => Outcome::Control(returned(payload)?),
            None => Outcome::Text(String::from_utf8_lossy(&text).into_owned()),
        };
        Ok(Reply { session_id, outcome })
    }
}

impl Channel for Direct {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, TalkError>> {
        Box::pin(self.invoke(request))
    }
}

/// The same statuses as the API's.
fn refused(fault: &Fault) -> TalkError {
    let status = match fault.kind {
        FaultKind::Throttled | FaultKind::Quota => 429,
        FaultKind::Denied | FaultKind::Closed => 403,
        FaultKind::NotFound => 404,
        FaultKind::Uncertain => return TalkError::Lost(fault.to_string()),
        _ => 400,
    };
    TalkError::Refused { status, message: fault.to_string(), again: None }
}

fn returned(payload: ReturnControlPayload) -> Result<Control, TalkError> {
    let unreadable = |why: &str| TalkError::Unreadable(why.to_owned());
    let inputs = payload.invocation_inputs.unwrap_or_default().into_iter();
    Ok(Control {
        invocation_id: payload.invocation_id.ok_or_else(|| unreadable("no invocation id"))?,
        inputs: inputs
            .map(|input| match input {
                InvocationInputMember::FunctionInvocationInput(input) => Ok(wanted(input)),
                _ => Err(unreadable("an input is no function")),
            })
            .collect::<Result<_, _>>()?,
    })
}

fn wanted(input: FunctionInvocationInput) -> Input {
    let parameters = input.parameters.unwrap_or_default().into_iter();
    Input {
        action_group: input.action_group,
        function: input.function.unwrap_or_default(),
        parameters: parameters
            .map(|one| Parameter {
                name: one.name.unwrap_or_default(),
                kind: one.r#type.unwrap_or_default(),
                value: one.value.unwrap_or_default(),
            })
            .collect(),
        asks: match input.action_invocation_type.as_ref().map(AsRef::as_ref) {
            Some("USER_CONFIRMATION") => Asks::Confirmation,
            Some("USER_CONFIRMATION_AND_RESULT") => Asks::ConfirmationAndResult,
            _ => Asks::Result,
        },
        agent_id: input.agent_id,
    }
}

fn result(answer: &Answer) -> Result<InvocationResultMember, TalkError> {
    let (text, state) = match &answer.body {
        Body::None => ("", None),
        Body::Text(text) => (text.as_str(), None),
        Body::Failed(text) => (text.as_str(), Some(ResponseState::Reprompt)),
    };
    let body = ContentBody::builder().body(text).build();
    let confirmation = answer.confirmed.map(|confirmed| match confirmed {
        true => ConfirmationState::Confirm,
        false => ConfirmationState::Deny,
    });
    let result = FunctionResult::builder()
        .action_group(&answer.action_group)
        .function(&answer.function)
        .set_agent_id(answer.agent_id.clone())
        .set_confirmation_state(confirmation)
        .set_response_state(state)
        .set_response_body(Some(HashMap::from([("TEXT".to_owned(), body)])))
        .build();
    result
        .map(InvocationResultMember::FunctionResult)
        .map_err(|error| TalkError::Unreadable(error.to_string()))
}

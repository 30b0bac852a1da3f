//! Talking with a deployed agent: turns, tools that run here, and the two ways to reach it.
//!
//! A turn ends in a text, or in a request for tools: the agent *returns control*. Then all of its
//! inputs are answered together, under the same invocation id, and the turn goes on until there is
//! a text. A confirmation is a question to a person and is never taken for a result.

mod api;
mod direct;
mod protocol;
mod tools;

pub use api::Api;
pub use direct::Direct;
pub use protocol::{Answer, Asks, Body, Control, Input, Outcome, Parameter, Reply, Request};
pub use tools::{Answers, Ask, Command, Person, Tool, Tools};

use crate::resource::BoxFuture;

/// What goes wrong with a turn.
#[derive(Debug, thiserror::Error)]
pub enum TalkError {
    /// The other side says no, in its own words.
    #[error("the agent's API answered {status}: {message}")]
    Refused {
        status: u16,
        message: String,
        /// Whether the same may be sent again, where the other side says so.
        again: Option<bool>,
    },
    /// Nobody knows whether the request arrived.
    #[error("no answer: {0}")]
    Lost(String),
    #[error("the answer is none that the API documents: {0}")]
    Unreadable(String),
    #[error("the agent wants `{0}`, and nobody here can run it")]
    UnknownTool(String),
    #[error("the agent wants a confirmation for `{0}`, and there is nobody to ask")]
    NobodyToAsk(String),
    #[error("the tool `{tool}` cannot be run: {reason}")]
    Tool { tool: String, reason: String },
    #[error("the agent returned control {0} times in one turn")]
    Endless(usize),
}

impl TalkError {
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Refused { status: 403, .. } => {
                "the API key is wrong, disabled, or in no usage plan of this stage"
            }
            Self::Refused { status: 429, .. } => {
                "the usage plan's rate or quota is reached: wait, or raise it in the template"
            }
            Self::Refused { status: 504, .. } => {
                "the agent took longer than the API waits: ask for less, or use `--direct`"
            }
            Self::UnknownTool(_) => "give it as `--tool NAME=COMMAND`, or in a file of `--answers`",
            Self::NobodyToAsk(_) => {
                "run this in a terminal, or say `--confirm yes` or `--confirm no`"
            }
            Self::Lost(_) => "is the stack deployed, and the network there?",
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }

    /// Whether sending the same again may help.
    fn is_passing(&self) -> bool {
        match self {
            Self::Lost(_) => true,
            Self::Refused { again: Some(again), .. } => *again,
            Self::Refused { status, .. } => matches!(status, 429 | 502 | 503 | 504),
            _ => false,
        }
    }
}

/// A way to the agent.
pub trait Channel: Send + Sync {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, TalkError>>;
}

/// One pass of control to and fro, for whoever wants to show it.
#[derive(Debug, Clone)]
pub struct Round {
    pub control: Control,
    pub answers: Vec<Answer>,
}

/// A turn that has come to its end.
#[derive(Debug, Clone)]
pub struct Turn {
    pub session_id: String,
    pub text: String,
    pub rounds: Vec<Round>,
}

/// More rounds than any conversation needs: an agent that goes round in circles ends here.
const ROUNDS: usize = 20;
/// How often an answer is sent. Its invocation id makes sending it again safe.
const SENDS: u32 = 4;

/// Says something and answers for tools until there is a text.
pub async fn turn(
    channel: &dyn Channel,
    tools: &Tools<'_>,
    prompt: &str,
    session_id: Option<String>,
) -> Result<Turn, TalkError> {
    let mut request = Request::Prompt { prompt: prompt.to_owned(), session_id };
    let mut rounds = Vec::new();
    loop {
        let reply = match &request {
            // Said twice, a prompt is heard twice: it is sent once.
            Request::Prompt { .. } => channel.send(&request).await?,
            Request::Results { .. } => insist(channel, &request).await?,
        };
        match reply.outcome {
            Outcome::Text(text) => return Ok(Turn { session_id: reply.session_id, text, rounds }),
            Outcome::Control(_) if rounds.len() == ROUNDS => {
                return Err(TalkError::Endless(ROUNDS));
            }
            Outcome::Control(control) => {
                tools.check(&control)?;
                let mut answers = Vec::new();
                for input in &control.inputs {
                    answers.push(tools.answer(input).await?);
                }
                request = Request::Results {
                    session_id: reply.session_id,
                    invocation_id: control.invocation_id.clone(),
                    answers: answers.clone(),
                };
                rounds.push(Round { control, answers });
            }
        }
    }
}

async fn insist(channel: &dyn Channel, request: &Request) -> Result<Reply, TalkError> {
    let mut sends = 0;
    loop {
        sends += 1;
        match channel.send(request).await {
            Err(error) if error.is_passing() && sends < SENDS => {
                let wait = std::time::Duration::from_millis(250 << sends);
                crate::reconcile::wait::pause(wait).await;
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests;

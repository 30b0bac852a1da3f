//! The requests and replies of one leg, as the stack's function speaks them.

use serde_json::{Map, Value as Json, json};

use super::TalkError;

#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    Prompt { prompt: String, session_id: Option<String> },
    Results { session_id: String, invocation_id: String, answers: Vec<Answer> },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub session_id: String,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Text(String),
    Control(Control),
}

/// Control, returned: what the agent wants done before it goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    pub invocation_id: String,
    pub inputs: Vec<Input>,
}

/// One thing the agent wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    pub action_group: String,
    pub function: String,
    pub parameters: Vec<Parameter>,
    pub asks: Asks,
    /// Of the agent that asks, where several work together.
    pub agent_id: Option<String>,
}

/// What is wanted: to run it, to ask a person whether it may be run, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    Result,
    Confirmation,
    ConfirmationAndResult,
}

/// A parameter as it arrives: its value is a text, whatever its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    pub kind: String,
    pub value: String,
}

/// What is answered to one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub action_group: String,
    pub function: String,
    pub agent_id: Option<String>,
    pub confirmed: Option<bool>,
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing was run.
    None,
    Text(String),
    /// It failed; the model is told, and may try something else.
    Failed(String),
}

impl Request {
    /// As the API takes it.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Prompt { prompt, session_id: None } => json!({ "prompt": prompt }),
            Self::Prompt { prompt, session_id: Some(session_id) } => {
                json!({ "prompt": prompt, "sessionId": session_id })
            }
            Self::Results { session_id, invocation_id, answers } => json!({
                "sessionId": session_id,
                "invocationId": invocation_id,
                "results": answers.iter().map(Answer::to_json).collect::<Vec<_>>(),
            }),
        }
    }
}

impl Reply {
    /// From what the API answers with 200.
    pub fn from_json(json: &Json) -> Result<Self, TalkError> {
        let session_id = text(json, "sessionId")?;
        let outcome = match (json.get("text"), json.get("returnControl")) {
            (Some(Json::String(text)), None) => Outcome::Text(text.clone()),
            (None, Some(control)) => Outcome::Control(Control::from_json(control)?),
            _ => return Err(unreadable("it has neither `text` nor `returnControl`")),
        };
        Ok(Self { session_id, outcome })
    }
}

impl Control {
    fn from_json(json: &Json) -> Result<Self, TalkError> {
        let inputs = json.get("invocationInputs").and_then(Json::as_array);
        let inputs = inputs.ok_or_else(|| unreadable("`returnControl` has no inputs"))?;
        Ok(Self {
            invocation_id: text(json, "invocationId")?,
            inputs: inputs.iter().map(Input::from_json).collect::<Result<_, _>>()?,
        })
    }
}

impl Input {
    fn from_json(json: &Json) -> Result<Self, TalkError> {
        let input = json.get("functionInvocationInput").ok_or_else(|| {
            unreadable("an input is no function: only action groups with functions can be run here")
        })?;
        let parameters = input.get("parameters").and_then(Json::as_array);
        Ok(Self {
            action_group: text(input, "actionGroup")?,
            function: text(input, "function")?,
            parameters: parameters
                .into_iter()
                .flatten()
                .map(Parameter::from_json)
                .collect::<Result<_, _>>()?,
            asks: match input.get("actionInvocationType").and_then(Json::as_str) {
                Some("USER_CONFIRMATION") => Asks::Confirmation,
                Some("USER_CONFIRMATION_AND_RESULT") => Asks::ConfirmationAndResult,
                _ => Asks::Result,
            },
            agent_id: input.get("agentId").and_then(Json::as_str).map(str::to_owned),
        })
    }

    /// The arguments in their own types. What does not fit its type stays a text.
    pub fn arguments(&self) -> Json {
        let arguments = self.parameters.iter().map(|one| (one.name.clone(), one.typed()));
        Json::Object(arguments.collect::<Map<_, _>>())
    }

    fn answer(&self, confirmed: Option<bool>, body: Body) -> Answer {
        Answer {
            action_group: self.action_group.clone(),
            function: self.function.clone(),
            agent_id: self.agent_id.clone(),
            confirmed,
            body,
        }
    }

    /// Says that it was run.
    pub fn ran(&self, confirmed: Option<bool>, body: Body) -> Answer {
        self.answer(confirmed, body)
    }

    /// Says only what a person decided.
    pub fn decided(&self, confirmed: bool) -> Answer {
        self.answer(Some(confirmed), Body::None)
    }
}

impl Parameter {
    fn from_json(json: &Json) -> Result<Self, TalkError> {
        let kind = json.get("type").and_then(Json::as_str).unwrap_or("string");
        let value = json.get("value").and_then(Json::as_str).unwrap_or_default();
        Ok(Self { name: text(json, "name")?, kind: kind.to_owned(), value: value.to_owned() })
    }

    fn typed(&self) -> Json {
        let typed = match self.kind.as_str() {
            "integer" => self.value.parse::<i64>().ok().map(Json::from),
            "number" => self.value.parse::<f64>().ok().map(Json::from),
            "boolean" => self.value.to_lowercase().parse::<bool>().ok().map(Json::from),
            "array" => serde_json::from_str(&self.value).ok().filter(Json::is_array),
            _ => None,
        };
        typed.unwrap_or_else(|| Json::String(self.value.clone()))
    }
}

impl Answer {
    /// As one of `returnControlInvocationResults`.
    pub fn to_json(&self) -> Json {
        let text = match &self.body {
            Body::None => "",
            Body::Text(text) | Body::Failed(text) => text,
        };
        let mut result = json!({
            "actionGroup": self.action_group,
            "function": self.function,
            "responseBody": { "TEXT": { "body": text } },
        });
        if let Some(agent_id) = &self.agent_id {
            result["agentId"] = json!(agent_id);
        }
        if let Some(confirmed) = self.confirmed {
            result["confirmationState"] = json!(if confirmed { "CONFIRM" } else { "DENY" });
        }
        if matches!(self.body, Body::Failed(_)) {
            // `FAILURE` would end the turn: this hands the text to the model.
            result["responseState"] = json!("REPROMPT");
        }
        json!({ "functionResult": result })
    }
}

fn text(json: &Json, key: &str) -> Result<String, TalkError> {
    let text = json.get(key).and_then(Json::as_str);
    text.map(str::to_owned).ok_or_else(|| unreadable(&format!("it has no `{key}`")))
}

fn unreadable(why: &str) -> TalkError {
    TalkError::Unreadable(why.to_owned())
}

//! The prompts an agent works with, where they are not Bedrock's own.

use std::collections::HashMap;

use aws_sdk_bedrockagent::types::{self, CreationMode, PromptState, PromptType};
use aws_smithy_types::{Document, Number};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::bedrock_answers::text;
use crate::aws::Fault;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PromptOverride {
    override_lambda: Option<String>,
    prompt_configurations: Vec<Prompt>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct Prompt {
    additional_model_request_fields: Option<Json>,
    base_prompt_template: Option<String>,
    foundation_model: Option<String>,
    inference_configuration: Option<Inference>,
    parser_mode: Option<String>,
    #[serde(rename = "PromptCreationMode")]
    creation_mode: Option<String>,
    #[serde(rename = "PromptState")]
    state: Option<String>,
    #[serde(rename = "PromptType")]
    kind: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct Inference {
    maximum_length: Option<i32>,
    stop_sequences: Option<Vec<String>>,
    temperature: Option<f64>,
    top_k: Option<i32>,
    top_p: Option<f64>,
}

impl PromptOverride {
    /// The same in one order: AWS keeps none.
    pub(super) fn in_order(mut self) -> Self {
        self.prompt_configurations.sort_by(|one, other| one.kind.cmp(&other.kind));
        self
    }

    pub(super) fn sent(&self, action: &str) -> Result<types::PromptOverrideConfiguration, Fault> {
        types::PromptOverrideConfiguration::builder()
            .set_override_lambda(self.override_lambda.clone())
            .set_prompt_configurations(Some(
                self.prompt_configurations.iter().map(Prompt::sent).collect(),
            ))
            .build()
            .map_err(|error| Fault::invalid(action, error.to_string()))
    }

    /// AWS answers its own prompts as well, for every type: only what is overridden counts, and
    /// what `declared` mentions.
    pub(super) fn of(
        live: types::PromptOverrideConfiguration,
        declared: Option<&Self>,
    ) -> Option<Self> {
        let is_declared = |prompt: &Prompt| {
            declared
                .into_iter()
                .flat_map(|declared| &declared.prompt_configurations)
                .any(|other| other.kind == prompt.kind)
        };
        let prompts: Vec<_> = live
            .prompt_configurations
            .into_iter()
            .map(Prompt::from)
            .filter(|prompt| prompt.is_overridden() || is_declared(prompt))
            .collect();
        let override_lambda = text(live.override_lambda);
        (override_lambda.is_some() || !prompts.is_empty())
            .then_some(Self { override_lambda, prompt_configurations: prompts })
    }
}

impl Prompt {
    fn is_overridden(&self) -> bool {
        [&self.creation_mode, &self.parser_mode]
            .into_iter()
            .any(|mode| mode.as_deref() == Some(CreationMode::Overridden.as_str()))
    }

    fn sent(&self) -> types::PromptConfiguration {
        let inference = self.inference_configuration.as_ref().map(|inference| {
            types::InferenceConfiguration::builder()
                .set_maximum_length(inference.maximum_length)
                .set_stop_sequences(inference.stop_sequences.clone())
                .set_temperature(inference.temperature.and_then(single))
                .set_top_k(inference.top_k)
                .set_top_p(inference.top_p.and_then(single))
                .build()
        });
        types::PromptConfiguration::builder()
            .set_prompt_type(self.kind.as_deref().map(PromptType::from))
            .set_prompt_creation_mode(self.creation_mode.as_deref().map(CreationMode::from))
            .set_prompt_state(self.state.as_deref().map(PromptState::from))
            .set_base_prompt_template(self.base_prompt_template.clone())
            .set_inference_configuration(inference)
            .set_parser_mode(self.parser_mode.as_deref().map(CreationMode::from))
            .set_foundation_model(self.foundation_model.clone())
            .set_additional_model_request_fields(
                self.additional_model_request_fields.as_ref().map(document),
            )
            .build()
    }
}

impl From<types::PromptConfiguration> for Prompt {
    fn from(live: types::PromptConfiguration) -> Self {
        Self {
            additional_model_request_fields: live
                .additional_model_request_fields
                .as_ref()
                .map(json)
                .filter(|fields| !fields.is_null()),
            base_prompt_template: text(live.base_prompt_template),
            foundation_model: text(live.foundation_model),
            inference_configuration: live.inference_configuration.map(|inference| Inference {
                maximum_length: inference.maximum_length,
                stop_sequences: inference.stop_sequences,
                temperature: inference.temperature.and_then(double),
                top_k: inference.top_k,
                top_p: inference.top_p.and_then(double),
            }),
            parser_mode: live.parser_mode.map(|mode| mode.to_string()),
            creation_mode: live.prompt_creation_mode.map(|mode| mode.to_string()),
            state: live.prompt_state.map(|state| state.to_string()),
            kind: live.prompt_type.map(|kind| kind.to_string()),
        }
    }
}

/// The service's numbers have half the digits of a template's. Through their text 0.7 stays 0.7.
fn single(number: f64) -> Option<f32> {
    number.to_string().parse().ok()
}

fn double(number: f32) -> Option<f64> {
    number.to_string().parse().ok()
}

/// Free JSON as the SDK takes it.
fn document(json: &Json) -> Document {
    match json {
        Json::Null => Document::Null,
        Json::Bool(value) => Document::Bool(*value),
        Json::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => Number::PosInt(whole),
            (None, Some(whole)) => Number::NegInt(whole),
            (None, None) => Number::Float(number.as_f64().unwrap_or_default()),
        }),
        Json::String(text) => Document::String(text.clone()),
        Json::Array(items) => Document::Array(items.iter().map(document).collect()),
        Json::Object(entries) => Document::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), document(value)))
                .collect::<HashMap<_, _>>(),
        ),
    }
}

/// Free JSON as the SDK answers it.
fn json(document: &Document) -> Json {
    match document {
        Document::Null => Json::Null,
        Document::Bool(value) => Json::Bool(*value),
        Document::Number(Number::PosInt(whole)) => Json::from(*whole),
        Document::Number(Number::NegInt(whole)) => Json::from(*whole),
        Document::Number(Number::Float(number)) => Json::from(*number),
        Document::String(text) => Json::String(text.clone()),
        Document::Array(items) => items.iter().map(json).collect(),
        Document::Object(entries) => {
            entries.iter().map(|(key, value)| (key.clone(), json(value))).collect()
        }
    }
}

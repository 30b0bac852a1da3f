//! What an agent may do: an action group is a set of functions or an API, with a Lambda function
//! to run them, or with nobody: then control returns to the caller.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_bedrockagent::types::{
    self, ActionGroupSignature, ActionGroupState, ActionGroupSummary, AgentActionGroup,
    CustomControlMethod, RequireConfirmation, Type,
};
use serde::{Deserialize, Serialize};

use super::bedrock_agent_parts::{Converged, DRAFT, Difference, Part};
use super::bedrock_answers::text;
use super::pages::pages;
use crate::aws::{Aws, Fault};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ActionGroup {
    #[serde(rename = "ActionGroupExecutor")]
    executor: Option<Executor>,
    #[serde(rename = "ActionGroupName")]
    name: String,
    #[serde(rename = "ActionGroupState")]
    state: Option<String>,
    api_schema: Option<ApiSchema>,
    description: Option<String>,
    function_schema: Option<FunctionSchema>,
    parent_action_group_signature: Option<String>,
    skip_resource_in_use_check_on_delete: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct Executor {
    custom_control: Option<String>,
    lambda: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct ApiSchema {
    payload: Option<String>,
    s3: Option<S3>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct S3 {
    #[serde(rename = "S3BucketName")]
    bucket: Option<String>,
    #[serde(rename = "S3ObjectKey")]
    key: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct FunctionSchema {
    functions: Vec<Function>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Function {
    description: Option<String>,
    name: String,
    parameters: Option<BTreeMap<String, Parameter>>,
    require_confirmation: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Parameter {
    description: Option<String>,
    required: Option<bool>,
    r#type: String,
}

/// What an agent has, as properties.
pub(super) async fn read(aws: &Aws, agent: &str) -> Result<Vec<ActionGroup>, Fault> {
    let mut groups = Vec::new();
    for summary in list(aws, agent).await? {
        let answer = aws
            .call("bedrock:GetAgentActionGroup", || {
                aws.bedrock_agent()
                    .get_agent_action_group()
                    .agent_id(agent)
                    .agent_version(DRAFT)
                    .action_group_id(&summary.action_group_id)
                    .send()
            })
            .await?;
        let missing = || Fault::malformed("bedrock:GetAgentActionGroup", "action group");
        groups.push(ActionGroup::from(answer.agent_action_group.ok_or_else(missing)?));
    }
    Ok(groups)
}

/// Makes the calls between two lists.
pub(super) async fn converge(
    aws: &Aws,
    agent: &str,
    from: &[ActionGroup],
    to: &[ActionGroup],
) -> Result<Converged, Fault> {
    let live: BTreeMap<_, _> = list(aws, agent)
        .await?
        .into_iter()
        .map(|summary| (summary.action_group_name.clone(), summary))
        .collect();
    let difference = Difference::between(&live, from, to);
    for (summary, group) in &difference.remove {
        delete(aws, agent, summary, group).await?;
    }
    for group in &difference.add {
        create(aws, agent, group).await?;
    }
    for (summary, group) in &difference.change {
        update(aws, agent, &summary.action_group_id, group).await?;
    }
    Ok(difference.converged())
}

impl Part for ActionGroup {
    fn name(&self) -> &str {
        &self.name
    }

    fn written_out(&self) -> Self {
        let mut group = self.clone();
        group.skip_resource_in_use_check_on_delete = None;
        group.state.get_or_insert_with(|| ActionGroupState::Enabled.to_string());
        let functions = group.function_schema.iter_mut().flat_map(|schema| &mut schema.functions);
        for function in functions {
            function
                .require_confirmation
                .get_or_insert_with(|| RequireConfirmation::Disabled.to_string());
            for parameter in function.parameters.get_or_insert_default().values_mut() {
                parameter.required.get_or_insert(false);
            }
        }
        if let Some(schema) = &mut group.function_schema {
            schema.functions.sort_by(|one, other| one.name.cmp(&other.name));
        }
        group
    }
}

impl ActionGroup {
    fn signature(&self) -> Option<ActionGroupSignature> {
        self.parent_action_group_signature.as_deref().map(ActionGroupSignature::from)
    }

    fn state(&self) -> Option<ActionGroupState> {
        self.state.as_deref().map(ActionGroupState::from)
    }

    fn executor(&self) -> Option<types::ActionGroupExecutor> {
        let executor = self.executor.as_ref()?;
        match (&executor.lambda, &executor.custom_control) {
            (Some(arn), _) => Some(types::ActionGroupExecutor::Lambda(arn.clone())),
            (None, Some(method)) => Some(types::ActionGroupExecutor::CustomControl(
                CustomControlMethod::from(method.as_str()),
            )),
            (None, None) => None,
        }
    }

    fn api(&self) -> Option<types::ApiSchema> {
        let schema = self.api_schema.as_ref()?;
        match (&schema.payload, &schema.s3) {
            (Some(payload), _) => Some(types::ApiSchema::Payload(payload.clone())),
            (None, Some(place)) => Some(types::ApiSchema::S3(
                types::S3Identifier::builder()
                    .set_s3_bucket_name(place.bucket.clone())
                    .set_s3_object_key(place.key.clone())
                    .build(),
            )),
            (None, None) => None,
        }
    }

    fn functions(&self, action: &str) -> Result<Option<types::FunctionSchema>, Fault> {
        let Some(schema) = &self.function_schema else { return Ok(None) };
        let functions: Result<Vec<_>, _> =
            schema.functions.iter().map(|function| function.sent(action)).collect();
        Ok(Some(types::FunctionSchema::Functions(functions?)))
    }
}

impl Function {
    fn sent(&self, action: &str) -> Result<types::Function, Fault> {
        let parameters: Option<HashMap<_, _>> = self
            .parameters
            .as_ref()
            .map(|parameters| {
                parameters
                    .iter()
                    .map(|(name, parameter)| Ok((name.clone(), parameter.sent(action)?)))
                    .collect()
            })
            .transpose()?;
        types::Function::builder()
            .name(&self.name)
            .set_description(self.description.clone())
            .set_parameters(parameters)
            .set_require_confirmation(
                self.require_confirmation.as_deref().map(RequireConfirmation::from),
            )
            .build()
            .map_err(|error| Fault::invalid(action, error.to_string()))
    }
}

impl Parameter {
    fn sent(&self, action: &str) -> Result<types::ParameterDetail, Fault> {
        types::ParameterDetail::builder()
            .r#type(Type::from(self.r#type.as_str()))
            .set_description(self.description.clone())
            .set_required(self.required)
            .build()
            .map_err(|error| Fault::invalid(action, error.to_string()))
    }
}

impl From<AgentActionGroup> for ActionGroup {
    fn from(live: AgentActionGroup) -> Self {
        Self {
            executor: live.action_group_executor.map(|executor| Executor {
                custom_control: executor.as_custom_control().ok().map(ToString::to_string),
                lambda: executor.as_lambda().ok().cloned(),
            }),
            state: Some(live.action_group_state.to_string()),
            api_schema: live.api_schema.map(|schema| ApiSchema {
                payload: schema.as_payload().ok().cloned(),
                s3: schema.as_s3().ok().map(|place| S3 {
                    bucket: place.s3_bucket_name.clone(),
                    key: place.s3_object_key.clone(),
                }),
            }),
            description: text(live.description),
            function_schema: live.function_schema.as_ref().and_then(|schema| {
                let functions = schema.as_functions().ok()?.iter().map(Function::from).collect();
                Some(FunctionSchema { functions })
            }),
            parent_action_group_signature: live.parent_action_signature.map(|one| one.to_string()),
            name: live.action_group_name,
            skip_resource_in_use_check_on_delete: None,
        }
    }
}

impl From<&types::Function> for Function {
    fn from(live: &types::Function) -> Self {
        let parameters = live.parameters.as_ref().map(|parameters| {
            parameters
                .iter()
                .map(|(name, parameter)| (name.clone(), Parameter::from(parameter)))
                .collect()
        });
        Self {
            description: text(live.description.clone()),
            name: live.name.clone(),
            parameters,
            require_confirmation: live.require_confirmation.as_ref().map(ToString::to_string),
        }
    }
}

impl From<&types::ParameterDetail> for Parameter {
    fn from(live: &types::ParameterDetail) -> Self {
        Self {
            description: text(live.description.clone()),
            required: live.required,
            r#type: live.r#type.to_string(),
        }
    }
}

async fn list(aws: &Aws, agent: &str) -> Result<Vec<ActionGroupSummary>, Fault> {
    pages(async |token| {
        let answer = aws
            .call("bedrock:ListAgentActionGroups", || {
                aws.bedrock_agent()
                    .list_agent_action_groups()
                    .agent_id(agent)
                    .agent_version(DRAFT)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        Ok((answer.action_group_summaries, answer.next_token))
    })
    .await
}

async fn create(aws: &Aws, agent: &str, group: &ActionGroup) -> Result<(), Fault> {
    const ACTION: &str = "bedrock:CreateAgentActionGroup";
    let functions = group.functions(ACTION)?;
    aws.call(ACTION, || {
        aws.bedrock_agent()
            .create_agent_action_group()
            .agent_id(agent)
            .agent_version(DRAFT)
            .action_group_name(&group.name)
            .set_description(group.description.clone())
            .set_parent_action_group_signature(group.signature())
            .set_action_group_executor(group.executor())
            .set_api_schema(group.api())
            .set_action_group_state(group.state())
            .set_function_schema(functions.clone())
            .send()
    })
    .await?;
    Ok(())
}

/// Replaces all of it: what is not sent is reset.
async fn update(aws: &Aws, agent: &str, id: &str, group: &ActionGroup) -> Result<(), Fault> {
    const ACTION: &str = "bedrock:UpdateAgentActionGroup";
    let functions = group.functions(ACTION)?;
    aws.call(ACTION, || {
        aws.bedrock_agent()
            .update_agent_action_group()
            .agent_id(agent)
            .agent_version(DRAFT)
            .action_group_id(id)
            .action_group_name(&group.name)
            .set_description(group.description.clone())
            .set_parent_action_group_signature(group.signature())
            .set_action_group_executor(group.executor())
            .set_api_schema(group.api())
            .action_group_state(group.state().unwrap_or(ActionGroupState::Enabled))
            .set_function_schema(functions.clone())
            .send()
    })
    .await?;
    Ok(())
}

/// An enabled group counts as in use: it is disabled first, unless the template says not to care.
async fn delete(
    aws: &Aws,
    agent: &str,
    summary: &ActionGroupSummary,
    group: &ActionGroup,
) -> Result<(), Fault> {
    let skip_check = group.skip_resource_in_use_check_on_delete == Some(true);
    if !skip_check && summary.action_group_state == ActionGroupState::Enabled {
        let disabled =
            ActionGroup { state: Some(ActionGroupState::Disabled.to_string()), ..group.clone() };
        update(aws, agent, &summary.action_group_id, &disabled).await?;
    }
    aws.call("bedrock:DeleteAgentActionGroup", || {
        aws.bedrock_agent()
            .delete_agent_action_group()
            .agent_id(agent)
            .agent_version(DRAFT)
            .action_group_id(&summary.action_group_id)
            .skip_resource_in_use_check(skip_check)
            .send()
    })
    .await?;
    Ok(())
}

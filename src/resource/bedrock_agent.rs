//! `AWS::Bedrock::Agent`: a model with an instruction, and what it may do and look up.
//!
//! Everything is changed on the agent's draft, in several calls, each of which leaves the draft
//! unprepared; it is prepared once, after the last. While AWS works on an agent it refuses further
//! changes, so an update that meets it at work asks to be called again. Callers use an alias,
//! which is another resource.

use std::collections::BTreeMap;

use aws_sdk_bedrockagent::types::{self, AgentCollaboration, AgentStatus, OrchestrationType};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::http::HttpError;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::bedrock_agent_action_group::{self as action_groups, ActionGroup};
use super::bedrock_agent_collaborator::{self as collaborators, Collaborator};
use super::bedrock_agent_knowledge_base::{self as knowledge_bases, KnowledgeBase};
use super::bedrock_agent_parts::{Converged, kept, same};
use super::bedrock_agent_prompts::PromptOverride;
use super::bedrock_agent_settings::{CustomOrchestration, Guardrail, Memory};
use super::bedrock_answers::{text, time};
use super::bedrock_tags::{self, Tags};
use super::or_absent::OrAbsent as _;
use super::pages::pages;
use super::{
    Completion, Created, Known, Live, Lock, Mark, Progress, Removal, Resource, Rule, Status,
};
use crate::aws::{Aws, Fault, FaultKind};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct Agent;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    action_groups: Option<Vec<ActionGroup>>,
    agent_collaboration: Option<String>,
    agent_collaborators: Option<Vec<Collaborator>>,
    agent_name: Option<String>,
    agent_resource_role_arn: Option<String>,
    auto_prepare: Option<bool>,
    custom_orchestration: Option<CustomOrchestration>,
    customer_encryption_key_arn: Option<String>,
    description: Option<String>,
    foundation_model: Option<String>,
    guardrail_configuration: Option<Guardrail>,
    #[serde(rename = "IdleSessionTTLInSeconds")]
    idle_session_ttl_in_seconds: Option<i32>,
    instruction: Option<String>,
    knowledge_bases: Option<Vec<KnowledgeBase>>,
    memory_configuration: Option<Memory>,
    orchestration_type: Option<String>,
    prompt_override_configuration: Option<PromptOverride>,
    skip_resource_in_use_check_on_delete: Option<bool>,
    tags: Option<Tags>,
    test_alias_tags: Option<Tags>,
}

/// Seconds an idle session lives when the template does not say.
const DEFAULT_IDLE_SECONDS: i32 = 600;

/// The alias AWS itself keeps on every agent's draft.
const TEST_ALIAS: &str = "TSTALIASID";

/// How AWS says that it is at work on an agent, in lower case.
const AT_WORK: &[&str] =
    &["creating state", "preparing state", "updating state", "versioning state"];

impl Resource for Agent {
    const TYPE: &'static str = "AWS::Bedrock::Agent";
    const ALONE: Option<&'static [&'static str]> = Some(&["AgentName"]);
    const COMPLETION: Completion = Completion::Calls;
    const RULES: &'static [(&'static str, Rule)] = &[
        ("ActionGroups[].ActionGroupState", Rule::Always("\"ENABLED\"")),
        ("ActionGroups[].FunctionSchema.Functions[].Parameters{}.Required", Rule::Default("false")),
        (
            "ActionGroups[].FunctionSchema.Functions[].RequireConfirmation",
            Rule::Default("\"DISABLED\""),
        ),
        ("AgentCollaboration", Rule::Default("\"DISABLED\"")),
        ("AgentCollaborators[].RelayConversationHistory", Rule::Always("\"DISABLED\"")),
        ("IdleSessionTTLInSeconds", Rule::Default("600")),
        ("KnowledgeBases[].KnowledgeBaseState", Rule::Always("\"ENABLED\"")),
        ("OrchestrationType", Rule::Default("\"DEFAULT\"")),
    ];
    const REMOVAL: Removal = Removal::Lingering;
    const LOCK: Option<Lock> = Some(Lock::Itself);

    type Props = Props;

    fn classify(code: &str, message: &str) -> Option<FaultKind> {
        classify(code, message)
    }

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let mut found = BTreeMap::new();
        for one in known {
            if let Some(live) = live(aws, one.id.as_str(), one.properties).await.or_absent()? {
                found.insert(one.id.clone(), live);
            }
        }
        Ok(found)
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        const ACTION: &str = "bedrock:CreateAgent";
        let sent = props.sent(ACTION)?;
        let answer = aws
            .call(ACTION, || {
                aws.bedrock_agent()
                    .create_agent()
                    .client_token(mark.token.as_str())
                    .set_tags(Some(bedrock_tags::marked(mark, props.tags.as_ref())))
                    .set_agent_collaboration(sent.collaboration.clone())
                    .set_agent_name(props.agent_name.clone())
                    .set_agent_resource_role_arn(props.agent_resource_role_arn.clone())
                    .set_custom_orchestration(sent.custom_orchestration.clone())
                    .set_customer_encryption_key_arn(props.customer_encryption_key_arn.clone())
                    .set_description(props.description.clone())
                    .set_foundation_model(props.foundation_model.clone())
                    .set_guardrail_configuration(sent.guardrail.clone())
                    .set_idle_session_ttl_in_seconds(props.idle_session_ttl_in_seconds)
                    .set_instruction(props.instruction.clone())
                    .set_memory_configuration(sent.memory.clone())
                    .set_orchestration_type(sent.orchestration_type.clone())
                    .set_prompt_override_configuration(sent.prompts.clone())
                    .customize()
                    .map_request(with_final_slash)
                    .send()
            })
            .await?;
        let agent = answer.agent.ok_or_else(|| Fault::malformed(ACTION, "agent"))?;
        let id = PhysicalId::new(&agent.agent_id);
        Ok(match status(&agent) {
            Status::Ready => Created::ready(id, attributes(&agent)),
            _ => Created::pending(id),
        })
    }

    async fn complete(
        self,
        aws: &Aws,
        id: &PhysicalId,
        props: &Props,
        _mark: &Mark,
    ) -> Result<Progress, Fault> {
        let id = id.as_str();
        let mut made = Converged::default();
        if !props.action_groups().is_empty() {
            let groups = props.action_groups();
            made |= action_groups::converge(aws, id, groups, groups).await?;
        }
        if !props.knowledge_bases().is_empty() {
            let bases = props.knowledge_bases();
            made |= knowledge_bases::converge(aws, id, bases, bases).await?;
        }
        if !props.collaborators().is_empty() {
            let others = props.collaborators();
            made |= collaborators::converge(aws, id, others, others).await?;
        }
        let test_alias = test_alias_arn(aws, id);
        bedrock_tags::update(aws, &test_alias, None, props.test_alias_tags.as_ref()).await?;
        if !props.prepares() {
            return Ok(Progress::Done);
        }
        if made.changed || get_agent(aws, id).await?.agent_status == AgentStatus::NotPrepared {
            prepare(aws, id).await?;
        }
        Ok(Progress::Settle)
    }

    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        if from == to && !to.prepares() {
            return Ok(Progress::Done);
        }
        let id = id.as_str();
        let agent = get_agent(aws, id).await?;
        if matches!(status(&agent), Status::Pending(_)) {
            return Ok(Progress::Again);
        }
        // A supervisor cannot stop being one while it has collaborators: they leave first.
        let staying = kept(from.collaborators(), to.collaborators());
        let mut made = Converged::default();
        if staying.len() < from.collaborators().len() {
            made |= collaborators::converge(aws, id, from.collaborators(), &staying).await?;
        }
        if from.settings() != to.settings() {
            let agent = update_agent(aws, id, to).await?;
            if matches!(status(&agent), Status::Pending(_)) {
                return Ok(Progress::Again);
            }
            made.changed = true;
        }
        made |= update_parts(aws, id, from, to, &staying).await?;
        bedrock_tags::update(aws, &agent.agent_arn, from.tags.as_ref(), to.tags.as_ref()).await?;
        let test_alias = test_alias_arn(aws, id);
        let (old, new) = (from.test_alias_tags.as_ref(), to.test_alias_tags.as_ref());
        bedrock_tags::update(aws, &test_alias, old, new).await?;
        let has_to_prepare =
            to.prepares() && (made.changed || agent.agent_status != AgentStatus::Prepared);
        if has_to_prepare {
            prepare(aws, id).await?;
        }
        Ok(match made.missed {
            true => Progress::Unsure,
            false if made.changed || has_to_prepare => Progress::Settle,
            false => Progress::Done,
        })
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, props: &Props) -> Result<(), Fault> {
        aws.call("bedrock:DeleteAgent", || {
            aws.bedrock_agent()
                .delete_agent()
                .agent_id(id.as_str())
                .set_skip_resource_in_use_check(props.skip_resource_in_use_check_on_delete)
                .send()
        })
        .await?;
        Ok(())
    }

    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let mut found = Vec::new();
        for summary in list(aws).await? {
            if Some(&summary.agent_name) != props.agent_name.as_ref() {
                continue;
            }
            let Some(agent) = get_agent(aws, &summary.agent_id).await.or_absent()? else {
                continue;
            };
            let ours = match text(agent.client_token) {
                Some(token) => token == mark.token.as_str(),
                None => bedrock_tags::are_of(aws, &agent.agent_arn, mark).await?,
            };
            if ours {
                found.push(PhysicalId::new(agent.agent_id));
            }
        }
        Ok(found)
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        _props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let mut marks = Vec::new();
        for summary in list(aws).await? {
            let Some(agent) = get_agent(aws, &summary.agent_id).await.or_absent()? else {
                continue;
            };
            let tags = bedrock_tags::list(aws, &agent.agent_arn).await?;
            marks.extend(bedrock_tags::mark(stack, &tags));
        }
        Ok(Some(marks))
    }
}

/// The agent itself, and its parts if they are declared. While AWS is at work on it, as it is for a
/// while behind an alias that is there already, only a refresh wants to know of them.
async fn live(aws: &Aws, id: &str, known: &Props) -> Result<Live<Props>, Fault> {
    let agent = get_agent(aws, id).await?;
    let (status, attributes, arn) = (status(&agent), attributes(&agent), agent.agent_arn.clone());
    let mut properties = Props::of(agent, known);
    // Who waits for it asks again anyway. To a plan, what is not read would look taken away: an agent
    // of which a version is being cut has all it had.
    let is_read = match status {
        Status::Ready | Status::Failed(_) => true,
        Status::Pending(_) => aws.is_refresh(),
        Status::Deleting(_) => false,
    };
    if is_read {
        if known.action_groups.is_some() {
            properties.action_groups = Some(action_groups::read(aws, id).await?);
        }
        if known.knowledge_bases.is_some() {
            properties.knowledge_bases = Some(knowledge_bases::read(aws, id).await?);
        }
        if known.agent_collaborators.is_some() {
            properties.agent_collaborators = Some(collaborators::read(aws, id).await?);
        }
        if known.tags.is_some() {
            properties.tags = bedrock_tags::read(aws, &arn).await?;
        }
        if known.test_alias_tags.is_some() {
            properties.test_alias_tags = bedrock_tags::read(aws, &test_alias_arn(aws, id)).await?;
        }
    }
    Ok(Live { properties, attributes, status })
}

/// What the SDK wants for the properties that are more than text.
struct Sent {
    collaboration: Option<AgentCollaboration>,
    custom_orchestration: Option<types::CustomOrchestration>,
    guardrail: Option<types::GuardrailConfiguration>,
    memory: Option<types::MemoryConfiguration>,
    orchestration_type: Option<OrchestrationType>,
    prompts: Option<types::PromptOverrideConfiguration>,
}

impl Props {
    fn action_groups(&self) -> &[ActionGroup] {
        self.action_groups.as_deref().unwrap_or_default()
    }

    fn knowledge_bases(&self) -> &[KnowledgeBase] {
        self.knowledge_bases.as_deref().unwrap_or_default()
    }

    fn collaborators(&self) -> &[Collaborator] {
        self.agent_collaborators.as_deref().unwrap_or_default()
    }

    fn prepares(&self) -> bool {
        self.auto_prepare == Some(true)
    }

    /// What `UpdateAgent` sets, with AWS's defaults written out: equal ones need no call.
    fn settings(&self) -> Self {
        let settings = self.clone();
        let collaboration = || AgentCollaboration::Disabled.to_string();
        let orchestration = || OrchestrationType::Default.to_string();
        Self {
            agent_collaboration: settings.agent_collaboration.or_else(|| Some(collaboration())),
            orchestration_type: settings.orchestration_type.or_else(|| Some(orchestration())),
            idle_session_ttl_in_seconds: Some(
                settings.idle_session_ttl_in_seconds.unwrap_or(DEFAULT_IDLE_SECONDS),
            ),
            prompt_override_configuration: settings
                .prompt_override_configuration
                .map(PromptOverride::in_order),
            action_groups: None,
            agent_collaborators: None,
            auto_prepare: None,
            knowledge_bases: None,
            skip_resource_in_use_check_on_delete: None,
            tags: None,
            test_alias_tags: None,
            ..settings
        }
    }

    fn sent(&self, action: &str) -> Result<Sent, Fault> {
        Ok(Sent {
            collaboration: self.agent_collaboration.as_deref().map(AgentCollaboration::from),
            custom_orchestration: self.custom_orchestration.as_ref().map(CustomOrchestration::sent),
            guardrail: self.guardrail_configuration.as_ref().map(Guardrail::sent),
            memory: self
                .memory_configuration
                .as_ref()
                .map(|memory| memory.sent(action))
                .transpose()?,
            orchestration_type: self.orchestration_type.as_deref().map(OrchestrationType::from),
            prompts: self
                .prompt_override_configuration
                .as_ref()
                .map(|prompts| prompts.sent(action))
                .transpose()?,
        })
    }

    fn of(live: types::Agent, known: &Self) -> Self {
        Self {
            agent_collaboration: live.agent_collaboration.map(|mode| mode.to_string()),
            agent_name: Some(live.agent_name),
            agent_resource_role_arn: text(Some(live.agent_resource_role_arn)),
            custom_orchestration: live.custom_orchestration.map(CustomOrchestration::from),
            customer_encryption_key_arn: text(live.customer_encryption_key_arn),
            description: text(live.description),
            foundation_model: text(live.foundation_model),
            guardrail_configuration: live.guardrail_configuration.map(Guardrail::from),
            idle_session_ttl_in_seconds: Some(live.idle_session_ttl_in_seconds),
            instruction: text(live.instruction),
            memory_configuration: live.memory_configuration.map(Memory::from),
            orchestration_type: live.orchestration_type.map(|kind| kind.to_string()),
            prompt_override_configuration: live.prompt_override_configuration.and_then(|prompts| {
                PromptOverride::of(prompts, known.prompt_override_configuration.as_ref())
            }),
            ..Self::default()
        }
    }
}

fn status(agent: &types::Agent) -> Status {
    let word = || format!("agent {} is {}", agent.agent_id, agent.agent_status);
    match &agent.agent_status {
        AgentStatus::NotPrepared | AgentStatus::Prepared => Status::Ready,
        AgentStatus::Failed => {
            Status::Failed(agent.failure_reasons.as_deref().unwrap_or_default().join("; "))
        }
        AgentStatus::Deleting => Status::Deleting(word()),
        _ => Status::Pending(word()),
    }
}

fn attributes(agent: &types::Agent) -> Attributes {
    let texts = |texts: &Option<Vec<String>>| Json::from(texts.clone().unwrap_or_default());
    let mut attributes = Attributes::from_iter([
        ("AgentArn".to_owned(), agent.agent_arn.clone().into()),
        ("AgentId".to_owned(), agent.agent_id.clone().into()),
        ("AgentStatus".to_owned(), agent.agent_status.to_string().into()),
        ("AgentVersion".to_owned(), agent.agent_version.clone().into()),
        ("CreatedAt".to_owned(), time(agent.created_at)),
        ("FailureReasons".to_owned(), texts(&agent.failure_reasons)),
        ("RecommendedActions".to_owned(), texts(&agent.recommended_actions)),
        ("UpdatedAt".to_owned(), time(agent.updated_at)),
    ]);
    if let Some(prepared_at) = agent.prepared_at {
        attributes.insert("PreparedAt".to_owned(), time(prepared_at));
    }
    attributes
}

/// What an error means for agents and their aliases. One code stands for three things: a name that
/// is taken, an agent that something uses, and an agent AWS is at work on.
pub(super) fn classify(code: &str, message: &str) -> Option<FaultKind> {
    let message = message.to_lowercase();
    let says = |fragments: &[&str]| fragments.iter().any(|fragment| message.contains(fragment));
    match code {
        "ConflictException" if says(&["already exists", "already associated"]) => {
            Some(FaultKind::AlreadyExists)
        }
        "ConflictException" if says(&["active alias", "in use", "used by"]) => {
            Some(FaultKind::InUse)
        }
        "ConflictException" => Some(FaultKind::Concurrent),
        "ValidationException" if says(AT_WORK) => Some(FaultKind::Concurrent),
        _ => None,
    }
}

fn test_alias_arn(aws: &Aws, agent: &str) -> String {
    let (partition, region, account) = (aws.partition(), aws.region(), aws.account());
    format!("arn:{partition}:bedrock:{region}:{account}:agent-alias/{agent}/{TEST_ALIAS}")
}

/// All agents of the account and region.
pub(crate) async fn list(aws: &Aws) -> Result<Vec<types::AgentSummary>, Fault> {
    pages(async |token| {
        let answer = aws
            .call("bedrock:ListAgents", || {
                aws.bedrock_agent()
                    .list_agents()
                    .max_results(1000)
                    .set_next_token(token.clone())
                    .customize()
                    .map_request(with_final_slash)
                    .send()
            })
            .await?;
        Ok((answer.agent_summaries, answer.next_token))
    })
    .await
}

/// The service's path is `/agents/`. The SDK leaves the slash out, which AWS does not mind and the
/// emulator does.
fn with_final_slash(mut request: HttpRequest) -> Result<HttpRequest, HttpError> {
    request.set_uri(format!("{}/", request.uri()))?;
    Ok(request)
}

pub(super) async fn get_agent(aws: &Aws, id: &str) -> Result<types::Agent, Fault> {
    const ACTION: &str = "bedrock:GetAgent";
    let answer = aws.call(ACTION, || aws.bedrock_agent().get_agent().agent_id(id).send()).await?;
    answer.agent.ok_or_else(|| Fault::malformed(ACTION, "agent"))
}

/// Makes the draft what a version can be cut from. Returns at once, with the state AWS is in then.
pub(super) async fn prepare(aws: &Aws, id: &str) -> Result<AgentStatus, Fault> {
    let answer = aws
        .call("bedrock:PrepareAgent", || aws.bedrock_agent().prepare_agent().agent_id(id).send())
        .await?;
    Ok(answer.agent_status)
}

/// Replaces all settings: what is not sent is reset.
async fn update_agent(aws: &Aws, id: &str, to: &Props) -> Result<types::Agent, Fault> {
    const ACTION: &str = "bedrock:UpdateAgent";
    let sent = to.sent(ACTION)?;
    let answer = aws
        .call(ACTION, || {
            aws.bedrock_agent()
                .update_agent()
                .agent_id(id)
                .set_agent_collaboration(sent.collaboration.clone())
                .set_agent_name(to.agent_name.clone())
                .set_agent_resource_role_arn(to.agent_resource_role_arn.clone())
                .set_custom_orchestration(sent.custom_orchestration.clone())
                .set_customer_encryption_key_arn(to.customer_encryption_key_arn.clone())
                .set_description(to.description.clone())
                .set_foundation_model(to.foundation_model.clone())
                .set_guardrail_configuration(sent.guardrail.clone())
                .set_idle_session_ttl_in_seconds(to.idle_session_ttl_in_seconds)
                .set_instruction(to.instruction.clone())
                .set_memory_configuration(sent.memory.clone())
                .set_orchestration_type(sent.orchestration_type.clone())
                .set_prompt_override_configuration(sent.prompts.clone())
                .send()
        })
        .await?;
    answer.agent.ok_or_else(|| Fault::malformed(ACTION, "agent"))
}

/// Makes the calls for what hangs on the agent. `staying` are the
/// collaborators that were not removed before.
async fn update_parts(
    aws: &Aws,
    id: &str,
    from: &Props,
    to: &Props,
    staying: &[Collaborator],
) -> Result<Converged, Fault> {
    let mut made = Converged::default();
    let (old, new) = (from.action_groups(), to.action_groups());
    if !same(old, new) {
        made |= action_groups::converge(aws, id, old, new).await?;
    }
    let (old, new) = (from.knowledge_bases(), to.knowledge_bases());
    if !same(old, new) {
        made |= knowledge_bases::converge(aws, id, old, new).await?;
    }
    if !same(staying, to.collaborators()) {
        made |= collaborators::converge(aws, id, staying, to.collaborators()).await?;
    }
    Ok(made)
}

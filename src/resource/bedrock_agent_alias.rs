//! `AWS::Bedrock::AgentAlias`: the name by which callers reach one version of an agent.
//!
//! There is no call that makes a version. Creating or updating an alias without a routing of its
//! own cuts one from the agent's draft, as it was last prepared. So the draft is prepared first,
//! and when the agent changes the alias is rolled over: otherwise it would go on routing to what
//! the agent was.

use std::collections::BTreeMap;

use aws_sdk_bedrockagent::types::{self, AgentAliasStatus, AgentStatus};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::bedrock_agent::{classify, get_agent, prepare};
use super::bedrock_answers::{text, time};
use super::bedrock_tags::{self, Tags};
use super::or_absent::OrAbsent as _;
use super::pages::pages;
use super::{
    Completion, Created, Effect, Follows, Known, Live, Lock, Mark, Progress, Removal, Resource,
    Status,
};
use crate::aws::{Aws, Fault, FaultKind};
use crate::value::{Attributes, PhysicalId, Token};

#[derive(Debug, Clone, Copy, Default)]
pub struct AgentAlias;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    agent_alias_name: Option<String>,
    agent_id: Option<String>,
    description: Option<String>,
    routing_configuration: Option<Vec<Route>>,
    tags: Option<Tags>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Route {
    agent_version: String,
}

impl Resource for AgentAlias {
    const TYPE: &'static str = "AWS::Bedrock::AgentAlias";
    const ALONE: Option<&'static [&'static str]> = Some(&["AgentId", "AgentAliasName"]);
    const COMPLETION: Completion = Completion::Calls;
    const FOLLOWS: Option<Follows> = Some(Follows {
        through: "AgentId",
        types: &[],
        // The template says which version it wants, whatever becomes of the agent.
        unless: Some("RoutingConfiguration"),
        effect: Effect::Roll,
        reason: "an alias routes to a numbered version: a new one is cut when its agent changes",
    });
    const REMOVAL: Removal = Removal::Lingering;
    const LOCK: Option<Lock> = Some(Lock::Property("AgentId"));

    type Props = Props;

    fn identify(text: &str, props: &Props) -> PhysicalId {
        let agent = props.agent_id.as_deref().unwrap_or_default();
        if text.contains('|') { PhysicalId::new(text) } else { PhysicalId::join(&[agent, text]) }
    }

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
            let (agent, alias) = ids(one.id)?;
            let Some(alias) = get(aws, agent, alias).await.or_absent()? else { continue };
            let mut live = Live {
                status: status(&alias),
                attributes: attributes(&alias),
                properties: Props::of(&alias),
            };
            if one.properties.tags.is_some() {
                live.properties.tags = bedrock_tags::read(aws, &alias.agent_alias_arn).await?;
            }
            found.insert(one.id.clone(), live);
        }
        Ok(found)
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        const ACTION: &str = "bedrock:CreateAgentAlias";
        if let Some(agent) = &props.agent_id {
            ensure_prepared(aws, agent, props).await?;
        }
        let answer = aws
            .call(ACTION, || {
                aws.bedrock_agent()
                    .create_agent_alias()
                    .client_token(mark.token.as_str())
                    .set_agent_id(props.agent_id.clone())
                    .set_agent_alias_name(props.agent_alias_name.clone())
                    .set_description(props.description.clone())
                    .set_routing_configuration(props.routes())
                    .set_tags(Some(bedrock_tags::marked(mark, props.tags.as_ref())))
                    .send()
            })
            .await?;
        let alias = answer.agent_alias.ok_or_else(|| Fault::malformed(ACTION, "alias"))?;
        let id = PhysicalId::join(&[&alias.agent_id, &alias.agent_alias_id]);
        Ok(match status(&alias) {
            Status::Ready => Created::ready(id, attributes(&alias)),
            _ => Created::pending(id),
        })
    }

    /// AWS takes the tags with the create; not everything that speaks its protocol does.
    async fn complete(
        self,
        aws: &Aws,
        id: &PhysicalId,
        props: &Props,
        mark: &Mark,
    ) -> Result<Progress, Fault> {
        if props.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            let tags = bedrock_tags::marked(mark, props.tags.as_ref());
            bedrock_tags::add_missing(aws, &arn(aws, id)?, &tags).await?;
        }
        Ok(Progress::Done)
    }

    /// As with CloudFormation, any change of an alias without a routing of its own cuts a version.
    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        update_tags(aws, id, from, to).await?;
        let is_same = from.agent_alias_name == to.agent_alias_name
            && from.description == to.description
            && from.routing_configuration == to.routing_configuration;
        if is_same {
            return Ok(Progress::Done);
        }
        update_alias(aws, id, to).await
    }

    /// One call for both: a second one would cut a second version.
    async fn roll(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        update_tags(aws, id, from, to).await?;
        update_alias(aws, id, to).await
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, _props: &Props) -> Result<(), Fault> {
        let (agent, alias) = ids(id)?;
        aws.call("bedrock:DeleteAgentAlias", || {
            aws.bedrock_agent().delete_agent_alias().agent_id(agent).agent_alias_id(alias).send()
        })
        .await?;
        Ok(())
    }

    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let Some(agent) = &props.agent_id else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for summary in list(aws, agent).await.or_absent()?.unwrap_or_default() {
            if Some(&summary.agent_alias_name) != props.agent_alias_name.as_ref() {
                continue;
            }
            let Some(alias) = get(aws, agent, &summary.agent_alias_id).await.or_absent()? else {
                continue;
            };
            let ours = match text(alias.client_token) {
                Some(token) => token == mark.token.as_str(),
                None => bedrock_tags::are_of(aws, &alias.agent_alias_arn, mark).await?,
            };
            if ours {
                found.push(PhysicalId::join(&[agent, &summary.agent_alias_id]));
            }
        }
        Ok(found)
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let Some(agent) = &props.agent_id else { return Ok(Some(Vec::new())) };
        let mut marks = Vec::new();
        for summary in list(aws, agent).await.or_absent()?.unwrap_or_default() {
            let Some(alias) = get(aws, agent, &summary.agent_alias_id).await.or_absent()? else {
                continue;
            };
            let tags = bedrock_tags::list(aws, &alias.agent_alias_arn).await?;
            let is_bare = tags.keys().all(|key| super::tags::is_declared(key));
            let is_named = Some(&summary.agent_alias_name) == props.agent_alias_name.as_ref();
            match (bedrock_tags::mark(stack, &tags), text(alias.client_token)) {
                (Some(mark), _) => marks.push(mark),
                // An agent of the stack has no alias of this name but the stack's; only an emulator
                // forgets its tags.
                (None, Some(token)) if is_bare && is_named => marks.push(Mark {
                    stack: stack.to_owned(),
                    logical_id: String::new(),
                    token: Token::new(token),
                }),
                (None, _) => {}
            }
        }
        Ok(Some(marks))
    }
}

impl Props {
    /// The routing the template asks for; `None` where AWS is to cut a version.
    fn routes(&self) -> Option<Vec<types::AgentAliasRoutingConfigurationListItem>> {
        let routes = self.routing_configuration.as_ref().filter(|routes| !routes.is_empty())?;
        let to_version = |route: &Route| {
            types::AgentAliasRoutingConfigurationListItem::builder()
                .agent_version(&route.agent_version)
                .build()
        };
        Some(routes.iter().map(to_version).collect())
    }

    fn of(live: &types::AgentAlias) -> Self {
        let routes: Vec<_> = live
            .routing_configuration
            .iter()
            .filter_map(|route| text(route.agent_version.clone()))
            .map(|agent_version| Route { agent_version })
            .collect();
        Self {
            agent_alias_name: Some(live.agent_alias_name.clone()),
            agent_id: Some(live.agent_id.clone()),
            description: text(live.description.clone()),
            routing_configuration: (!routes.is_empty()).then_some(routes),
            tags: None,
        }
    }
}

fn status(alias: &types::AgentAlias) -> Status {
    let reasons = || alias.failure_reasons.as_deref().unwrap_or_default().join("; ");
    let word = || {
        let (id, agent) = (&alias.agent_alias_id, &alias.agent_id);
        format!("alias {id} of agent {agent} is {}", alias.agent_alias_status)
    };
    match &alias.agent_alias_status {
        AgentAliasStatus::Prepared => Status::Ready,
        AgentAliasStatus::Failed => Status::Failed(reasons()),
        AgentAliasStatus::Dissociated => Status::Failed("it routes to no version".to_owned()),
        AgentAliasStatus::Deleting => Status::Deleting(word()),
        _ => Status::Pending(word()),
    }
}

fn attributes(alias: &types::AgentAlias) -> Attributes {
    let events = alias.agent_alias_history_events.as_deref().unwrap_or_default();
    Attributes::from_iter([
        ("AgentAliasArn".to_owned(), alias.agent_alias_arn.clone().into()),
        ("AgentAliasHistoryEvents".to_owned(), events.iter().map(event).collect()),
        ("AgentAliasId".to_owned(), alias.agent_alias_id.clone().into()),
        ("AgentAliasStatus".to_owned(), alias.agent_alias_status.to_string().into()),
        ("CreatedAt".to_owned(), time(alias.created_at)),
        ("UpdatedAt".to_owned(), time(alias.updated_at)),
    ])
}

/// What the alias routed to for a while.
fn event(event: &types::AgentAliasHistoryEvent) -> Json {
    let routes: Vec<_> = event
        .routing_configuration
        .iter()
        .flatten()
        .map(|route| json!({ "AgentVersion": route.agent_version }))
        .collect();
    json!({
        "EndDate": event.end_date.map(time),
        "RoutingConfiguration": routes,
        "StartDate": event.start_date.map(time),
    })
}

/// The agent's and the alias's own id.
fn ids(id: &PhysicalId) -> Result<(&str, &str), Fault> {
    match id.parts()[..] {
        [agent, alias] => Ok((agent, alias)),
        _ => Err(Fault::invalid("bedrock:GetAgentAlias", format!("`{id}` is not an alias's id"))),
    }
}

fn arn(aws: &Aws, id: &PhysicalId) -> Result<String, Fault> {
    let (agent, alias) = ids(id)?;
    let (partition, region, account) = (aws.partition(), aws.region(), aws.account());
    Ok(format!("arn:{partition}:bedrock:{region}:{account}:agent-alias/{agent}/{alias}"))
}

/// A version is cut from a prepared draft only. One that is not is prepared here, which takes a
/// while: the fault makes the engine come back.
async fn ensure_prepared(aws: &Aws, agent: &str, props: &Props) -> Result<(), Fault> {
    const ACTION: &str = "bedrock:PrepareAgent";
    if props.routes().is_some() {
        return Ok(());
    }
    let live = get_agent(aws, agent).await?;
    let has_failed = live.agent_status == AgentStatus::Failed;
    let status = match live.agent_status {
        // What AWS gave up once may succeed when it is asked again.
        AgentStatus::NotPrepared | AgentStatus::Failed => prepare(aws, agent).await?,
        status => status,
    };
    let reasons = live.failure_reasons.unwrap_or_default().join("; ");
    match status {
        AgentStatus::Prepared => Ok(()),
        other => Err(Fault {
            action: ACTION.to_owned(),
            kind: FaultKind::Concurrent,
            code: "AgentNotPrepared".to_owned(),
            message: match has_failed {
                true => format!("agent `{agent}` has failed and is prepared again: {reasons}"),
                false => format!("agent `{agent}` is in state {other}"),
            },
            request_id: None,
        }),
    }
}

async fn update_tags(aws: &Aws, id: &PhysicalId, from: &Props, to: &Props) -> Result<(), Fault> {
    bedrock_tags::update(aws, &arn(aws, id)?, from.tags.as_ref(), to.tags.as_ref()).await
}

async fn update_alias(aws: &Aws, id: &PhysicalId, to: &Props) -> Result<Progress, Fault> {
    let (agent, alias) = ids(id)?;
    ensure_prepared(aws, agent, to).await?;
    aws.call("bedrock:UpdateAgentAlias", || {
        aws.bedrock_agent()
            .update_agent_alias()
            .agent_id(agent)
            .agent_alias_id(alias)
            .set_agent_alias_name(to.agent_alias_name.clone())
            .set_description(to.description.clone())
            .set_routing_configuration(to.routes())
            .send()
    })
    .await?;
    Ok(Progress::Settle)
}

async fn get(aws: &Aws, agent: &str, alias: &str) -> Result<types::AgentAlias, Fault> {
    const ACTION: &str = "bedrock:GetAgentAlias";
    let answer = aws
        .call(ACTION, || {
            aws.bedrock_agent().get_agent_alias().agent_id(agent).agent_alias_id(alias).send()
        })
        .await?;
    answer.agent_alias.ok_or_else(|| Fault::malformed(ACTION, "alias"))
}

async fn list(aws: &Aws, agent: &str) -> Result<Vec<types::AgentAliasSummary>, Fault> {
    pages(async |token| {
        let answer = aws
            .call("bedrock:ListAgentAliases", || {
                aws.bedrock_agent()
                    .list_agent_aliases()
                    .agent_id(agent)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        Ok((answer.agent_alias_summaries, answer.next_token))
    })
    .await
}

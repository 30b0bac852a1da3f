//! The agents that a supervising agent may hand work to.

use std::collections::BTreeMap;

use aws_sdk_bedrockagent::types::{self, AgentCollaboratorSummary, RelayConversationHistory};
use serde::{Deserialize, Serialize};

use super::bedrock_agent_parts::{Converged, DRAFT, Difference, Part};
use super::pages::pages;
use crate::aws::{Aws, Fault};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Collaborator {
    agent_descriptor: Descriptor,
    collaboration_instruction: String,
    #[serde(rename = "CollaboratorName")]
    name: String,
    relay_conversation_history: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Descriptor {
    alias_arn: Option<String>,
}

impl Part for Collaborator {
    fn name(&self) -> &str {
        &self.name
    }

    fn written_out(&self) -> Self {
        Self {
            relay_conversation_history: Some(
                self.relay_conversation_history
                    .clone()
                    .unwrap_or_else(|| RelayConversationHistory::Disabled.as_str().to_owned()),
            ),
            ..self.clone()
        }
    }
}

impl Collaborator {
    fn descriptor(&self) -> types::AgentDescriptor {
        types::AgentDescriptor::builder()
            .set_alias_arn(self.agent_descriptor.alias_arn.clone())
            .build()
    }

    fn relay(&self) -> Option<RelayConversationHistory> {
        self.relay_conversation_history.as_deref().map(RelayConversationHistory::from)
    }
}

/// What an agent has, as properties.
pub(super) async fn read(aws: &Aws, agent: &str) -> Result<Vec<Collaborator>, Fault> {
    let live = list(aws, agent).await?;
    Ok(live
        .into_iter()
        .map(|one| Collaborator {
            agent_descriptor: Descriptor {
                alias_arn: one.agent_descriptor.and_then(|descriptor| descriptor.alias_arn),
            },
            collaboration_instruction: one.collaboration_instruction,
            name: one.collaborator_name,
            relay_conversation_history: Some(one.relay_conversation_history.as_str().to_owned()),
        })
        .collect())
}

/// Makes the calls between two lists.
pub(super) async fn converge(
    aws: &Aws,
    agent: &str,
    from: &[Collaborator],
    to: &[Collaborator],
) -> Result<Converged, Fault> {
    let live: BTreeMap<_, _> = list(aws, agent)
        .await?
        .into_iter()
        .map(|one| (one.collaborator_name, one.collaborator_id))
        .collect();
    let difference = Difference::between(&live, from, to);
    for (id, _) in &difference.remove {
        disassociate(aws, agent, id).await?;
    }
    for one in &difference.add {
        associate(aws, agent, one).await?;
    }
    for (id, one) in &difference.change {
        update(aws, agent, id, one).await?;
    }
    Ok(difference.converged())
}

async fn list(aws: &Aws, agent: &str) -> Result<Vec<AgentCollaboratorSummary>, Fault> {
    pages(async |token| {
        let answer = aws
            .call("bedrock:ListAgentCollaborators", || {
                aws.bedrock_agent()
                    .list_agent_collaborators()
                    .agent_id(agent)
                    .agent_version(DRAFT)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        Ok((answer.agent_collaborator_summaries, answer.next_token))
    })
    .await
}

async fn associate(aws: &Aws, agent: &str, one: &Collaborator) -> Result<(), Fault> {
    aws.call("bedrock:AssociateAgentCollaborator", || {
        aws.bedrock_agent()
            .associate_agent_collaborator()
            .agent_id(agent)
            .agent_version(DRAFT)
            .agent_descriptor(one.descriptor())
            .collaborator_name(&one.name)
            .collaboration_instruction(&one.collaboration_instruction)
            .set_relay_conversation_history(one.relay())
            .send()
    })
    .await?;
    Ok(())
}

async fn update(aws: &Aws, agent: &str, id: &str, one: &Collaborator) -> Result<(), Fault> {
    aws.call("bedrock:UpdateAgentCollaborator", || {
        aws.bedrock_agent()
            .update_agent_collaborator()
            .agent_id(agent)
            .agent_version(DRAFT)
            .collaborator_id(id)
            .agent_descriptor(one.descriptor())
            .collaborator_name(&one.name)
            .collaboration_instruction(&one.collaboration_instruction)
            .set_relay_conversation_history(one.written_out().relay())
            .send()
    })
    .await?;
    Ok(())
}

async fn disassociate(aws: &Aws, agent: &str, id: &str) -> Result<(), Fault> {
    aws.call("bedrock:DisassociateAgentCollaborator", || {
        aws.bedrock_agent()
            .disassociate_agent_collaborator()
            .agent_id(agent)
            .agent_version(DRAFT)
            .collaborator_id(id)
            .send()
    })
    .await?;
    Ok(())
}

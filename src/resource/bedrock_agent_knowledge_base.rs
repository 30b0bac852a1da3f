//! The knowledge bases an agent may look things up in.

use std::collections::BTreeMap;

use aws_sdk_bedrockagent::types::{AgentKnowledgeBaseSummary, KnowledgeBaseState};
use serde::{Deserialize, Serialize};

use super::bedrock_agent_parts::{Converged, DRAFT, Difference, Part};
use super::pages::pages;
use crate::aws::{Aws, Fault};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct KnowledgeBase {
    description: String,
    #[serde(rename = "KnowledgeBaseId")]
    id: String,
    #[serde(rename = "KnowledgeBaseState")]
    state: Option<String>,
}

impl Part for KnowledgeBase {
    fn name(&self) -> &str {
        &self.id
    }

    fn written_out(&self) -> Self {
        Self {
            state: Some(
                self.state
                    .clone()
                    .unwrap_or_else(|| KnowledgeBaseState::Enabled.as_str().to_owned()),
            ),
            ..self.clone()
        }
    }
}

impl KnowledgeBase {
    fn sent_state(&self) -> Option<KnowledgeBaseState> {
        self.state.as_deref().map(KnowledgeBaseState::from)
    }
}

/// What an agent has, as properties.
pub(super) async fn read(aws: &Aws, agent: &str) -> Result<Vec<KnowledgeBase>, Fault> {
    let live = list(aws, agent).await?;
    Ok(live
        .into_iter()
        .map(|base| KnowledgeBase {
            description: base.description.unwrap_or_default(),
            id: base.knowledge_base_id,
            state: Some(base.knowledge_base_state.as_str().to_owned()),
        })
        .collect())
}

/// Makes the calls between two lists.
pub(super) async fn converge(
    aws: &Aws,
    agent: &str,
    from: &[KnowledgeBase],
    to: &[KnowledgeBase],
) -> Result<Converged, Fault> {
    let live: BTreeMap<_, _> = list(aws, agent)
        .await?
        .into_iter()
        .map(|base| (base.knowledge_base_id.clone(), base.knowledge_base_id))
        .collect();
    let difference = Difference::between(&live, from, to);
    for (id, _) in &difference.remove {
        disassociate(aws, agent, id).await?;
    }
    for base in &difference.add {
        associate(aws, agent, base).await?;
    }
    for (_, base) in &difference.change {
        update(aws, agent, base).await?;
    }
    Ok(difference.converged())
}

async fn list(aws: &Aws, agent: &str) -> Result<Vec<AgentKnowledgeBaseSummary>, Fault> {
    pages(async |token| {
        let answer = aws
            .call("bedrock:ListAgentKnowledgeBases", || {
                aws.bedrock_agent()
                    .list_agent_knowledge_bases()
                    .agent_id(agent)
                    .agent_version(DRAFT)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        Ok((answer.agent_knowledge_base_summaries, answer.next_token))
    })
    .await
}

async fn associate(aws: &Aws, agent: &str, base: &KnowledgeBase) -> Result<(), Fault> {
    aws.call("bedrock:AssociateAgentKnowledgeBase", || {
        aws.bedrock_agent()
            .associate_agent_knowledge_base()
            .agent_id(agent)
            .agent_version(DRAFT)
            .knowledge_base_id(&base.id)
            .description(&base.description)
            .set_knowledge_base_state(base.sent_state())
            .send()
    })
    .await?;
    Ok(())
}

async fn update(aws: &Aws, agent: &str, base: &KnowledgeBase) -> Result<(), Fault> {
    aws.call("bedrock:UpdateAgentKnowledgeBase", || {
        aws.bedrock_agent()
            .update_agent_knowledge_base()
            .agent_id(agent)
            .agent_version(DRAFT)
            .knowledge_base_id(&base.id)
            .description(&base.description)
            .set_knowledge_base_state(base.written_out().sent_state())
            .send()
    })
    .await?;
    Ok(())
}

async fn disassociate(aws: &Aws, agent: &str, id: &str) -> Result<(), Fault> {
    aws.call("bedrock:DisassociateAgentKnowledgeBase", || {
        aws.bedrock_agent()
            .disassociate_agent_knowledge_base()
            .agent_id(agent)
            .agent_version(DRAFT)
            .knowledge_base_id(id)
            .send()
    })
    .await?;
    Ok(())
}

//! The versions of a Bedrock agent: each was cut by an alias, and there are no others.

use std::collections::BTreeSet;

use super::pages::pages;
use crate::aws::{Aws, Fault};

/// Their numbers, the draft not among them.
pub async fn list(aws: &Aws, agent: &str) -> Result<BTreeSet<String>, Fault> {
    let all = pages(async |token| {
        let answer = aws
            .call("bedrock:ListAgentVersions", || {
                aws.bedrock_agent()
                    .list_agent_versions()
                    .agent_id(agent)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        Ok((answer.agent_version_summaries, answer.next_token))
    })
    .await?;
    let numbers = all.into_iter().map(|summary| summary.agent_version);
    Ok(numbers.filter(|version| version != "DRAFT").collect())
}

//! What agents and their aliases need. Making an agent and listing them know no narrower resource.

use super::need::{CREATE, DELETE, Kind, READ, UPDATE, WRITE, need, pass};

const ALL: &[&str] = &["*"];
const AGENT: &[&str] = &["agent/{id}"];
const OF_AGENT: &[&str] = &["agent/{AgentId}"];
/// The parts of an agent that have actions of their own.
const GROUPS: &[&str] = &["ActionGroups"];
const BASES: &[&str] = &["KnowledgeBases"];
const OTHERS: &[&str] = &["AgentCollaborators"];
const KEY: &[&str] = &["@CustomerEncryptionKeyArn"];
const TAGGED: &[&str] = &["agent/{id}", "agent-alias/{id}/*"];
const ALIAS: &[&str] = &["agent/{AgentId}", "agent-alias/{AgentId}/{id.1}"];

pub const KINDS: &[Kind] = &[
    Kind {
        type_name: "AWS::Bedrock::Agent",
        arn: "agent/{id}",
        needs: &[
            need(READ, "bedrock:GetAgent", AGENT),
            need(READ, "bedrock:ListTagsForResource", TAGGED),
            need(READ, "bedrock:ListAgentActionGroups", AGENT).with(GROUPS),
            need(READ, "bedrock:GetAgentActionGroup", AGENT).with(GROUPS),
            need(READ, "bedrock:ListAgentKnowledgeBases", AGENT).with(BASES),
            need(READ, "bedrock:ListAgentCollaborators", AGENT).with(OTHERS),
            // For what a create whose answer is lost has left.
            need(CREATE, "bedrock:ListAgents", ALL),
            need(CREATE, "bedrock:CreateAgent", ALL),
            need(CREATE, "bedrock:TagResource", &["agent/*"]),
            need(WRITE, "bedrock:PrepareAgent", AGENT),
            pass(&["AgentResourceRoleArn"], &["@AgentResourceRoleArn"], "bedrock.amazonaws.com"),
            need(WRITE, "kms:GenerateDataKey", KEY).with(&["CustomerEncryptionKeyArn"]),
            need(WRITE, "kms:Decrypt", KEY).with(&["CustomerEncryptionKeyArn"]),
            need(WRITE, "bedrock:CreateAgentActionGroup", AGENT).with(GROUPS),
            need(WRITE, "bedrock:UpdateAgentActionGroup", AGENT).with(GROUPS),
            need(UPDATE, "bedrock:DeleteAgentActionGroup", AGENT).with(GROUPS),
            need(WRITE, "bedrock:AssociateAgentKnowledgeBase", &["agent/{id}", "knowledge-base/*"])
                .with(BASES),
            need(WRITE, "bedrock:UpdateAgentKnowledgeBase", &["agent/{id}", "knowledge-base/*"])
                .with(BASES),
            need(
                UPDATE,
                "bedrock:DisassociateAgentKnowledgeBase",
                &["agent/{id}", "knowledge-base/*"],
            )
            .with(BASES),
            need(WRITE, "bedrock:AssociateAgentCollaborator", AGENT).with(OTHERS),
            need(WRITE, "bedrock:UpdateAgentCollaborator", AGENT).with(OTHERS),
            need(UPDATE, "bedrock:DisassociateAgentCollaborator", AGENT).with(OTHERS),
            need(WRITE, "bedrock:GetAgentAlias", &["agent-alias/*"]).with(OTHERS),
            need(UPDATE, "bedrock:UpdateAgent", AGENT),
            need(WRITE, "bedrock:TagResource", TAGGED).with(&["Tags", "TestAliasTags"]),
            need(UPDATE, "bedrock:UntagResource", TAGGED).with(&["Tags", "TestAliasTags"]),
            need(DELETE, "bedrock:DeleteAgent", AGENT),
        ],
    },
    Kind {
        type_name: "AWS::Bedrock::AgentAlias",
        arn: "agent-alias/{AgentId}/{id.1}",
        needs: &[
            need(READ, "bedrock:GetAgentAlias", ALIAS),
            need(READ, "bedrock:ListTagsForResource", ALIAS),
            need(READ, "bedrock:ListAgentVersions", OF_AGENT).with(&["RoutingConfiguration"]),
            need(CREATE, "bedrock:ListAgentAliases", OF_AGENT),
            need(CREATE, "bedrock:CreateAgentAlias", ALIAS),
            need(CREATE, "bedrock:TagResource", ALIAS),
            // A version can be made of a prepared agent only.
            need(WRITE, "bedrock:GetAgent", OF_AGENT),
            need(WRITE, "bedrock:PrepareAgent", OF_AGENT),
            need(UPDATE, "bedrock:UpdateAgentAlias", ALIAS),
            need(UPDATE, "bedrock:TagResource", ALIAS).with(&["Tags"]),
            need(UPDATE, "bedrock:UntagResource", ALIAS).with(&["Tags"]),
            need(DELETE, "bedrock:DeleteAgentAlias", ALIAS),
        ],
    },
];

// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::Bedrock::AgentAlias`.

use crate::construct::MapOf;
use crate::construct::typed::{builder, property, resource};

resource! {
    /// `AWS::Bedrock::AgentAlias`.
    CfnAgentAlias CfnAgentAliasBuilder "AWS::Bedrock::AgentAlias"
    required {
        AgentAliasName agent_alias_name: String;
        #[doc = "A change replaces the resource."]
        AgentId agent_id: String;
    }
    optional {
        Description description: String;
        RoutingConfiguration routing_configuration: Vec<RoutingConfiguration>;
        Tags tags: MapOf<String>;
    }
    attributes {
        "AgentAliasArn" attr_agent_alias_arn: String;
        "AgentAliasHistoryEvents" attr_agent_alias_history_events: Vec<String>;
        "AgentAliasId" attr_agent_alias_id: String;
        "AgentAliasStatus" attr_agent_alias_status: String;
        "CreatedAt" attr_created_at: String;
        "UpdatedAt" attr_updated_at: String;
    }
}

property! {
    /// `RoutingConfiguration[]` of `AWS::Bedrock::AgentAlias`.
    RoutingConfiguration RoutingConfigurationBuilder
    required {
        AgentVersion agent_version: String;
    }
    optional {}
}

// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::Bedrock::Agent`.

use serde_json::Value as Json;

use crate::construct::MapOf;
use crate::construct::typed::{builder, choice, property, resource};

resource! {
    /// `AWS::Bedrock::Agent`.
    CfnAgent CfnAgentBuilder "AWS::Bedrock::Agent"
    required {
        AgentName agent_name: String;
    }
    optional {
        ActionGroups action_groups: Vec<ActionGroup>;
        AgentCollaboration agent_collaboration: AgentCollaboration;
        AgentCollaborators agent_collaborators: Vec<AgentCollaborator>;
        AgentResourceRoleArn agent_resource_role_arn: String;
        AutoPrepare auto_prepare: bool;
        CustomOrchestration custom_orchestration: CustomOrchestration;
        CustomerEncryptionKeyArn customer_encryption_key_arn: String;
        Description description: String;
        FoundationModel foundation_model: String;
        GuardrailConfiguration guardrail_configuration: GuardrailConfiguration;
        IdleSessionTTLInSeconds idle_session_ttl_in_seconds: f64;
        Instruction instruction: String;
        KnowledgeBases knowledge_bases: Vec<KnowledgeBase>;
        MemoryConfiguration memory_configuration: MemoryConfiguration;
        OrchestrationType orchestration_type: OrchestrationType;
        PromptOverrideConfiguration prompt_override_configuration: PromptOverrideConfiguration;
        SkipResourceInUseCheckOnDelete skip_resource_in_use_check_on_delete: bool;
        Tags tags: MapOf<String>;
        TestAliasTags test_alias_tags: MapOf<String>;
    }
    attributes {
        "AgentArn" attr_agent_arn: String;
        "AgentId" attr_agent_id: String;
        "AgentStatus" attr_agent_status: String;
        "AgentVersion" attr_agent_version: String;
        "CreatedAt" attr_created_at: String;
        "FailureReasons" attr_failure_reasons: Vec<String>;
        "PreparedAt" attr_prepared_at: String;
        "RecommendedActions" attr_recommended_actions: Vec<String>;
        "UpdatedAt" attr_updated_at: String;
    }
}

property! {
    /// `ActionGroups[]` of `AWS::Bedrock::Agent`.
    ActionGroup ActionGroupBuilder
    required {
        ActionGroupName action_group_name: String;
    }
    optional {
        ActionGroupExecutor action_group_executor: ActionGroupExecutor;
        ActionGroupState action_group_state: ActionGroupState;
        ApiSchema api_schema: ApiSchema;
        Description description: String;
        FunctionSchema function_schema: FunctionSchema;
        ParentActionGroupSignature parent_action_group_signature: ParentActionGroupSignature;
        SkipResourceInUseCheckOnDelete skip_resource_in_use_check_on_delete: bool;
    }
}

property! {
    /// `ActionGroups[].ActionGroupExecutor` of `AWS::Bedrock::Agent`.
    ActionGroupExecutor ActionGroupExecutorBuilder
    required {}
    optional {
        CustomControl custom_control: CustomControl;
        Lambda lambda: String;
    }
}

choice! {
    /// What `ActionGroups[].ActionGroupExecutor.CustomControl` may be.
    CustomControl {
        ReturnControl "RETURN_CONTROL";
    }
}

choice! {
    /// What `ActionGroups[].ActionGroupState` may be.
    ActionGroupState {
        Enabled "ENABLED";
        Disabled "DISABLED";
    }
}

property! {
    /// `ActionGroups[].ApiSchema` of `AWS::Bedrock::Agent`.
    ApiSchema ApiSchemaBuilder
    required {}
    optional {
        Payload payload: String;
        S3 s3: S3;
    }
}

property! {
    /// `ActionGroups[].ApiSchema.S3` of `AWS::Bedrock::Agent`.
    S3 S3Builder
    required {}
    optional {
        S3BucketName s3_bucket_name: String;
        S3ObjectKey s3_object_key: String;
    }
}

property! {
    /// `ActionGroups[].FunctionSchema` of `AWS::Bedrock::Agent`.
    FunctionSchema FunctionSchemaBuilder
    required {
        Functions functions: Vec<Function>;
    }
    optional {}
}

property! {
    /// `ActionGroups[].FunctionSchema.Functions[]` of `AWS::Bedrock::Agent`.
    Function FunctionBuilder
    required {
        Name name: String;
    }
    optional {
        Description description: String;
        Parameters parameters: MapOf<Parameter>;
        RequireConfirmation require_confirmation: RequireConfirmation;
    }
}

property! {
    /// `ActionGroups[].FunctionSchema.Functions[].Parameters{}` of `AWS::Bedrock::Agent`.
    Parameter ParameterBuilder
    required {
        Type type_: self::Type;
    }
    optional {
        Description description: String;
        Required required: bool;
    }
}

choice! {
    /// What `ActionGroups[].FunctionSchema.Functions[].Parameters{}.Type` may be.
    Type {
        String "string";
        Number "number";
        Integer "integer";
        Boolean "boolean";
        Array "array";
    }
}

choice! {
    /// What `ActionGroups[].FunctionSchema.Functions[].RequireConfirmation` may be.
    RequireConfirmation {
        Enabled "ENABLED";
        Disabled "DISABLED";
    }
}

choice! {
    /// What `ActionGroups[].ParentActionGroupSignature` may be.
    ParentActionGroupSignature {
        AMAZONUserInput "AMAZON.UserInput";
        AMAZONCodeInterpreter "AMAZON.CodeInterpreter";
    }
}

choice! {
    /// What `AgentCollaboration` may be.
    AgentCollaboration {
        Disabled "DISABLED";
        Supervisor "SUPERVISOR";
        SupervisorRouter "SUPERVISOR_ROUTER";
    }
}

property! {
    /// `AgentCollaborators[]` of `AWS::Bedrock::Agent`.
    AgentCollaborator AgentCollaboratorBuilder
    required {
        AgentDescriptor agent_descriptor: self::AgentDescriptor;
        CollaborationInstruction collaboration_instruction: String;
        CollaboratorName collaborator_name: String;
    }
    optional {
        RelayConversationHistory relay_conversation_history: RelayConversationHistory;
    }
}

property! {
    /// `AgentCollaborators[].AgentDescriptor` of `AWS::Bedrock::Agent`.
    AgentDescriptor AgentDescriptorBuilder
    required {}
    optional {
        AliasArn alias_arn: String;
    }
}

choice! {
    /// What `AgentCollaborators[].RelayConversationHistory` may be.
    RelayConversationHistory {
        ToCollaborator "TO_COLLABORATOR";
        Disabled "DISABLED";
    }
}

property! {
    /// `CustomOrchestration` of `AWS::Bedrock::Agent`.
    CustomOrchestration CustomOrchestrationBuilder
    required {}
    optional {
        Executor executor: Executor;
    }
}

property! {
    /// `CustomOrchestration.Executor` of `AWS::Bedrock::Agent`.
    Executor ExecutorBuilder
    required {
        Lambda lambda: String;
    }
    optional {}
}

property! {
    /// `GuardrailConfiguration` of `AWS::Bedrock::Agent`.
    GuardrailConfiguration GuardrailConfigurationBuilder
    required {}
    optional {
        GuardrailIdentifier guardrail_identifier: String;
        GuardrailVersion guardrail_version: String;
    }
}

property! {
    /// `KnowledgeBases[]` of `AWS::Bedrock::Agent`.
    KnowledgeBase KnowledgeBaseBuilder
    required {
        Description description: String;
        KnowledgeBaseId knowledge_base_id: String;
    }
    optional {
        KnowledgeBaseState knowledge_base_state: KnowledgeBaseState;
    }
}

choice! {
    /// What `KnowledgeBases[].KnowledgeBaseState` may be.
    KnowledgeBaseState {
        Enabled "ENABLED";
        Disabled "DISABLED";
    }
}

property! {
    /// `MemoryConfiguration` of `AWS::Bedrock::Agent`.
    MemoryConfiguration MemoryConfigurationBuilder
    required {}
    optional {
        EnabledMemoryTypes enabled_memory_types: Vec<EnabledMemoryType>;
        SessionSummaryConfiguration session_summary_configuration: SessionSummaryConfiguration;
        StorageDays storage_days: f64;
    }
}

choice! {
    /// What `MemoryConfiguration.EnabledMemoryTypes[]` may be.
    EnabledMemoryType {
        SessionSummary "SESSION_SUMMARY";
    }
}

property! {
    /// `MemoryConfiguration.SessionSummaryConfiguration` of `AWS::Bedrock::Agent`.
    SessionSummaryConfiguration SessionSummaryConfigurationBuilder
    required {}
    optional {
        MaxRecentSessions max_recent_sessions: f64;
    }
}

choice! {
    /// What `OrchestrationType` may be.
    OrchestrationType {
        Default "DEFAULT";
        CustomOrchestration "CUSTOM_ORCHESTRATION";
    }
}

property! {
    /// `PromptOverrideConfiguration` of `AWS::Bedrock::Agent`.
    PromptOverrideConfiguration PromptOverrideConfigurationBuilder
    required {
        PromptConfigurations prompt_configurations: Vec<PromptConfiguration>;
    }
    optional {
        OverrideLambda override_lambda: String;
    }
}

property! {
    /// `PromptOverrideConfiguration.PromptConfigurations[]` of `AWS::Bedrock::Agent`.
    PromptConfiguration PromptConfigurationBuilder
    required {}
    optional {
        AdditionalModelRequestFields additional_model_request_fields: Json;
        BasePromptTemplate base_prompt_template: String;
        FoundationModel foundation_model: String;
        InferenceConfiguration inference_configuration: InferenceConfiguration;
        ParserMode parser_mode: ParserMode;
        PromptCreationMode prompt_creation_mode: PromptCreationMode;
        PromptState prompt_state: PromptState;
        PromptType prompt_type: PromptType;
    }
}

property! {
    /// `PromptOverrideConfiguration.PromptConfigurations[].InferenceConfiguration` of `AWS::Bedrock::Agent`.
    InferenceConfiguration InferenceConfigurationBuilder
    required {}
    optional {
        MaximumLength maximum_length: f64;
        StopSequences stop_sequences: Vec<String>;
        Temperature temperature: f64;
        TopK top_k: f64;
        TopP top_p: f64;
    }
}

choice! {
    /// What `PromptOverrideConfiguration.PromptConfigurations[].ParserMode` may be.
    ParserMode {
        Default "DEFAULT";
        Overridden "OVERRIDDEN";
    }
}

choice! {
    /// What `PromptOverrideConfiguration.PromptConfigurations[].PromptCreationMode` may be.
    PromptCreationMode {
        Default "DEFAULT";
        Overridden "OVERRIDDEN";
    }
}

choice! {
    /// What `PromptOverrideConfiguration.PromptConfigurations[].PromptState` may be.
    PromptState {
        Enabled "ENABLED";
        Disabled "DISABLED";
    }
}

choice! {
    /// What `PromptOverrideConfiguration.PromptConfigurations[].PromptType` may be.
    PromptType {
        PreProcessing "PRE_PROCESSING";
        Orchestration "ORCHESTRATION";
        PostProcessing "POST_PROCESSING";
        RoutingClassifier "ROUTING_CLASSIFIER";
        MemorySummarization "MEMORY_SUMMARIZATION";
        KnowledgeBaseResponseGeneration "KNOWLEDGE_BASE_RESPONSE_GENERATION";
    }
}

// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::Logs::LogGroup`.

use serde_json::Value as Json;

use crate::construct::typed::{builder, choice, property, resource};

resource! {
    /// `AWS::Logs::LogGroup`.
    CfnLogGroup CfnLogGroupBuilder "AWS::Logs::LogGroup"
    required {}
    optional {
        BearerTokenAuthenticationEnabled bearer_token_authentication_enabled: bool;
        DataProtectionPolicy data_protection_policy: Json;
        DeletionProtectionEnabled deletion_protection_enabled: bool;
        FieldIndexPolicies field_index_policies: Vec<Json>;
        KmsKeyId kms_key_id: String;
        LogGroupClass log_group_class: LogGroupClass;
        #[doc = "A change replaces the resource."]
        LogGroupName log_group_name: String;
        ResourcePolicyDocument resource_policy_document: Json;
        RetentionInDays retention_in_days: i64;
        Tags tags: Vec<Tag>;
    }
    attributes {
        "Arn" attr_arn: String;
    }
}

choice! {
    /// What `LogGroupClass` may be.
    LogGroupClass {
        Standard "STANDARD";
        InfrequentAccess "INFREQUENT_ACCESS";
        Delivery "DELIVERY";
    }
}

property! {
    /// `Tags[]` of `AWS::Logs::LogGroup`.
    Tag TagBuilder
    required {
        Key key: String;
        Value value: String;
    }
    optional {}
}

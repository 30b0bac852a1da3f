// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::IAM::ManagedPolicy`.

use serde_json::Value as Json;

use crate::construct::typed::{builder, resource};

resource! {
    /// `AWS::IAM::ManagedPolicy`.
    CfnManagedPolicy CfnManagedPolicyBuilder "AWS::IAM::ManagedPolicy"
    required {
        PolicyDocument policy_document: Json;
    }
    optional {
        #[doc = "A change replaces the resource."]
        Description description: String;
        Groups groups: Vec<String>;
        #[doc = "A change replaces the resource."]
        ManagedPolicyName managed_policy_name: String;
        #[doc = "A change replaces the resource."]
        Path path: String;
        Roles roles: Vec<String>;
        Users users: Vec<String>;
    }
    attributes {
        "AttachmentCount" attr_attachment_count: i64;
        "CreateDate" attr_create_date: String;
        "DefaultVersionId" attr_default_version_id: String;
        "IsAttachable" attr_is_attachable: bool;
        "PermissionsBoundaryUsageCount" attr_permissions_boundary_usage_count: i64;
        "PolicyArn" attr_policy_arn: String;
        "PolicyId" attr_policy_id: String;
        "UpdateDate" attr_update_date: String;
    }
}

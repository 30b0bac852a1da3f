// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::IAM::Role`.

use serde_json::Value as Json;

use crate::construct::typed::{builder, property, resource};

resource! {
    /// `AWS::IAM::Role`.
    CfnRole CfnRoleBuilder "AWS::IAM::Role"
    required {
        AssumeRolePolicyDocument assume_role_policy_document: Json;
    }
    optional {
        Description description: String;
        ManagedPolicyArns managed_policy_arns: Vec<String>;
        MaxSessionDuration max_session_duration: i64;
        #[doc = "A change replaces the resource."]
        Path path: String;
        PermissionsBoundary permissions_boundary: String;
        Policies policies: Vec<Policy>;
        #[doc = "A change replaces the resource."]
        RoleName role_name: String;
        Tags tags: Vec<Tag>;
    }
    attributes {
        "Arn" attr_arn: String;
        "RoleId" attr_role_id: String;
    }
}

property! {
    /// `Policies[]` of `AWS::IAM::Role`.
    Policy PolicyBuilder
    required {
        PolicyDocument policy_document: Json;
        PolicyName policy_name: String;
    }
    optional {}
}

property! {
    /// `Tags[]` of `AWS::IAM::Role`.
    Tag TagBuilder
    required {
        Key key: String;
        Value value: String;
    }
    optional {}
}

// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::IAM::Policy`.

use serde_json::Value as Json;

use crate::construct::typed::{builder, resource};

resource! {
    /// `AWS::IAM::Policy`.
    CfnPolicy CfnPolicyBuilder "AWS::IAM::Policy"
    required {
        PolicyDocument policy_document: Json;
        PolicyName policy_name: String;
    }
    optional {
        Groups groups: Vec<String>;
        Roles roles: Vec<String>;
        Users users: Vec<String>;
    }
    attributes {
        "Id" attr_id: String;
    }
}

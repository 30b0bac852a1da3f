// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::ApiGateway::UsagePlanKey`.

use crate::construct::typed::{builder, choice, resource};

resource! {
    /// `AWS::ApiGateway::UsagePlanKey`.
    CfnUsagePlanKey CfnUsagePlanKeyBuilder "AWS::ApiGateway::UsagePlanKey"
    required {
        #[doc = "A change replaces the resource."]
        KeyId key_id: String;
        #[doc = "A change replaces the resource."]
        KeyType key_type: self::KeyType;
        #[doc = "A change replaces the resource."]
        UsagePlanId usage_plan_id: String;
    }
    optional {}
    attributes {
        "Id" attr_id: String;
    }
}

choice! {
    /// What `KeyType` may be.
    KeyType {
        ApiKey "API_KEY";
    }
}

// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::ApiGateway::ApiKey`.

use crate::construct::typed::{builder, property, resource};

resource! {
    /// `AWS::ApiGateway::ApiKey`.
    CfnApiKey CfnApiKeyBuilder "AWS::ApiGateway::ApiKey"
    required {}
    optional {
        CustomerId customer_id: String;
        Description description: String;
        Enabled enabled: bool;
        #[doc = "A change replaces the resource."]
        GenerateDistinctId generate_distinct_id: bool;
        #[doc = "A change replaces the resource."]
        Name name: String;
        StageKeys stage_keys: Vec<StageKey>;
        Tags tags: Vec<Tag>;
        #[doc = "A change replaces the resource."]
        Value value: String;
    }
    attributes {
        "APIKeyId" attr_api_key_id: String;
    }
}

property! {
    /// `StageKeys[]` of `AWS::ApiGateway::ApiKey`.
    StageKey StageKeyBuilder
    required {}
    optional {
        RestApiId rest_api_id: String;
        StageName stage_name: String;
    }
}

property! {
    /// `Tags[]` of `AWS::ApiGateway::ApiKey`.
    Tag TagBuilder
    required {
        Key key: String;
        Value value: String;
    }
    optional {}
}

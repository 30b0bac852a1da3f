// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::ApiGateway::UsagePlan`.

use crate::construct::MapOf;
use crate::construct::typed::{builder, property, resource};

resource! {
    /// `AWS::ApiGateway::UsagePlan`.
    CfnUsagePlan CfnUsagePlanBuilder "AWS::ApiGateway::UsagePlan"
    required {}
    optional {
        ApiStages api_stages: Vec<ApiStage>;
        Description description: String;
        Quota quota: Quota;
        Tags tags: Vec<Tag>;
        Throttle throttle: Throttle;
        UsagePlanName usage_plan_name: String;
    }
    attributes {
        "Id" attr_id: String;
    }
}

property! {
    /// `ApiStages[]` of `AWS::ApiGateway::UsagePlan`.
    ApiStage ApiStageBuilder
    required {}
    optional {
        ApiId api_id: String;
        Stage stage: String;
        Throttle throttle: MapOf<Throttle>;
    }
}

property! {
    /// `ApiStages[].Throttle{}` of `AWS::ApiGateway::UsagePlan`.
    Throttle ThrottleBuilder
    required {}
    optional {
        BurstLimit burst_limit: i64;
        RateLimit rate_limit: f64;
    }
}

property! {
    /// `Quota` of `AWS::ApiGateway::UsagePlan`.
    Quota QuotaBuilder
    required {}
    optional {
        Limit limit: i64;
        Offset offset: i64;
        Period period: String;
    }
}

property! {
    /// `Tags[]` of `AWS::ApiGateway::UsagePlan`.
    Tag TagBuilder
    required {
        Key key: String;
        Value value: String;
    }
    optional {}
}

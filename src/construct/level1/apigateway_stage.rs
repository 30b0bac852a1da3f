// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::ApiGateway::Stage`.

use crate::construct::MapOf;
use crate::construct::typed::{builder, property, resource};

resource! {
    /// `AWS::ApiGateway::Stage`.
    CfnStage CfnStageBuilder "AWS::ApiGateway::Stage"
    required {
        #[doc = "A change replaces the resource."]
        RestApiId rest_api_id: String;
    }
    optional {
        AccessLogSetting access_log_setting: AccessLogSetting;
        CacheClusterEnabled cache_cluster_enabled: bool;
        CacheClusterSize cache_cluster_size: String;
        CanarySetting canary_setting: CanarySetting;
        ClientCertificateId client_certificate_id: String;
        DeploymentId deployment_id: String;
        Description description: String;
        DocumentationVersion documentation_version: String;
        MethodSettings method_settings: Vec<MethodSetting>;
        #[doc = "A change replaces the resource."]
        StageName stage_name: String;
        Tags tags: Vec<Tag>;
        TracingEnabled tracing_enabled: bool;
        Variables variables: MapOf<String>;
    }
    attributes {}
}

property! {
    /// `AccessLogSetting` of `AWS::ApiGateway::Stage`.
    AccessLogSetting AccessLogSettingBuilder
    required {}
    optional {
        DestinationArn destination_arn: String;
        Format format: String;
    }
}

property! {
    /// `CanarySetting` of `AWS::ApiGateway::Stage`.
    CanarySetting CanarySettingBuilder
    required {}
    optional {
        DeploymentId deployment_id: String;
        PercentTraffic percent_traffic: f64;
        StageVariableOverrides stage_variable_overrides: MapOf<String>;
        UseStageCache use_stage_cache: bool;
    }
}

property! {
    /// `MethodSettings[]` of `AWS::ApiGateway::Stage`.
    MethodSetting MethodSettingBuilder
    required {}
    optional {
        CacheDataEncrypted cache_data_encrypted: bool;
        CacheTtlInSeconds cache_ttl_in_seconds: i64;
        CachingEnabled caching_enabled: bool;
        DataTraceEnabled data_trace_enabled: bool;
        HttpMethod http_method: String;
        LoggingLevel logging_level: String;
        MetricsEnabled metrics_enabled: bool;
        ResourcePath resource_path: String;
        ThrottlingBurstLimit throttling_burst_limit: i64;
        ThrottlingRateLimit throttling_rate_limit: f64;
    }
}

property! {
    /// `Tags[]` of `AWS::ApiGateway::Stage`.
    Tag TagBuilder
    required {
        Key key: String;
        Value value: String;
    }
    optional {}
}

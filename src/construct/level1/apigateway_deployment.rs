// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::ApiGateway::Deployment`.

use crate::construct::MapOf;
use crate::construct::typed::{builder, property, resource};

resource! {
    /// `AWS::ApiGateway::Deployment`.
    CfnDeployment CfnDeploymentBuilder "AWS::ApiGateway::Deployment"
    required {
        #[doc = "A change replaces the resource."]
        RestApiId rest_api_id: String;
    }
    optional {
        #[doc = "A change replaces the resource."]
        DeploymentCanarySettings deployment_canary_settings: DeploymentCanarySettings;
        Description description: String;
        StageDescription stage_description: StageDescription;
        StageName stage_name: String;
    }
    attributes {
        "DeploymentId" attr_deployment_id: String;
    }
}

property! {
    /// `DeploymentCanarySettings` of `AWS::ApiGateway::Deployment`.
    DeploymentCanarySettings DeploymentCanarySettingsBuilder
    required {}
    optional {
        PercentTraffic percent_traffic: f64;
        StageVariableOverrides stage_variable_overrides: MapOf<String>;
        UseStageCache use_stage_cache: bool;
    }
}

property! {
    /// `StageDescription` of `AWS::ApiGateway::Deployment`.
    StageDescription StageDescriptionBuilder
    required {}
    optional {
        AccessLogSetting access_log_setting: AccessLogSetting;
        CacheClusterEnabled cache_cluster_enabled: bool;
        CacheClusterSize cache_cluster_size: String;
        CacheDataEncrypted cache_data_encrypted: bool;
        CacheTtlInSeconds cache_ttl_in_seconds: i64;
        CachingEnabled caching_enabled: bool;
        CanarySetting canary_setting: CanarySetting;
        ClientCertificateId client_certificate_id: String;
        DataTraceEnabled data_trace_enabled: bool;
        Description description: String;
        DocumentationVersion documentation_version: String;
        LoggingLevel logging_level: String;
        MethodSettings method_settings: Vec<MethodSetting>;
        MetricsEnabled metrics_enabled: bool;
        Tags tags: Vec<Tag>;
        ThrottlingBurstLimit throttling_burst_limit: i64;
        ThrottlingRateLimit throttling_rate_limit: f64;
        TracingEnabled tracing_enabled: bool;
        Variables variables: MapOf<String>;
    }
}

property! {
    /// `StageDescription.AccessLogSetting` of `AWS::ApiGateway::Deployment`.
    AccessLogSetting AccessLogSettingBuilder
    required {}
    optional {
        DestinationArn destination_arn: String;
        Format format: String;
    }
}

property! {
    /// `StageDescription.CanarySetting` of `AWS::ApiGateway::Deployment`.
    CanarySetting CanarySettingBuilder
    required {}
    optional {
        PercentTraffic percent_traffic: f64;
        StageVariableOverrides stage_variable_overrides: MapOf<String>;
        UseStageCache use_stage_cache: bool;
    }
}

property! {
    /// `StageDescription.MethodSettings[]` of `AWS::ApiGateway::Deployment`.
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
    /// `StageDescription.Tags[]` of `AWS::ApiGateway::Deployment`.
    Tag TagBuilder
    required {
        Key key: String;
        Value value: String;
    }
    optional {}
}

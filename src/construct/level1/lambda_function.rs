// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::Lambda::Function`.

use serde_json::Value as Json;

use crate::construct::MapOf;
use crate::construct::typed::{builder, choice, property, resource};

resource! {
    /// `AWS::Lambda::Function`.
    CfnFunction CfnFunctionBuilder "AWS::Lambda::Function"
    required {
        Code code: self::Code;
        Role role: String;
    }
    optional {
        Architectures architectures: Vec<Architecture>;
        CapacityProviderConfig capacity_provider_config: CapacityProviderConfig;
        CodeSigningConfigArn code_signing_config_arn: String;
        DeadLetterConfig dead_letter_config: DeadLetterConfig;
        Description description: String;
        DurableConfig durable_config: DurableConfig;
        Environment environment: Environment;
        EphemeralStorage ephemeral_storage: EphemeralStorage;
        FileSystemConfigs file_system_configs: Vec<FileSystemConfig>;
        #[doc = "A change replaces the resource."]
        FunctionName function_name: String;
        FunctionScalingConfig function_scaling_config: FunctionScalingConfig;
        Handler handler: String;
        ImageConfig image_config: ImageConfig;
        KmsKeyArn kms_key_arn: String;
        Layers layers: Vec<String>;
        LoggingConfig logging_config: LoggingConfig;
        MemorySize memory_size: i64;
        #[doc = "A change replaces the resource."]
        PackageType package_type: PackageType;
        PublishToLatestPublished publish_to_latest_published: bool;
        RecursiveLoop recursive_loop: RecursiveLoop;
        ReservedConcurrentExecutions reserved_concurrent_executions: i64;
        Runtime runtime: Runtime;
        RuntimeManagementConfig runtime_management_config: RuntimeManagementConfig;
        SnapStart snap_start: SnapStart;
        Tags tags: Vec<Tag>;
        #[doc = "A change replaces the resource."]
        TenancyConfig tenancy_config: TenancyConfig;
        Timeout timeout: i64;
        TracingConfig tracing_config: TracingConfig;
        VpcConfig vpc_config: VpcConfig;
    }
    attributes {
        "Arn" attr_arn: String;
        "SnapStartResponse" attr_snap_start_response: Json;
        "SnapStartResponse.ApplyOn" attr_snap_start_response_apply_on: String;
        "SnapStartResponse.OptimizationStatus" attr_snap_start_response_optimization_status: String;
    }
}

choice! {
    /// What `Architectures[]` may be.
    Architecture {
        X8664 "x86_64";
        Arm64 "arm64";
    }
}

property! {
    /// `CapacityProviderConfig` of `AWS::Lambda::Function`.
    CapacityProviderConfig CapacityProviderConfigBuilder
    required {
        LambdaManagedInstancesCapacityProviderConfig lambda_managed_instances_capacity_provider_config: self::LambdaManagedInstancesCapacityProviderConfig;
    }
    optional {}
}

property! {
    /// `CapacityProviderConfig.LambdaManagedInstancesCapacityProviderConfig` of `AWS::Lambda::Function`.
    LambdaManagedInstancesCapacityProviderConfig LambdaManagedInstancesCapacityProviderConfigBuilder
    required {
        CapacityProviderArn capacity_provider_arn: String;
    }
    optional {
        ExecutionEnvironmentMemoryGiBPerVCpu execution_environment_memory_gi_b_per_v_cpu: f64;
        PerExecutionEnvironmentMaxConcurrency per_execution_environment_max_concurrency: i64;
    }
}

property! {
    /// `Code` of `AWS::Lambda::Function`.
    Code CodeBuilder
    required {}
    optional {
        ImageUri image_uri: String;
        S3Bucket s3_bucket: String;
        S3Key s3_key: String;
        S3ObjectStorageMode s3_object_storage_mode: S3ObjectStorageMode;
        S3ObjectVersion s3_object_version: String;
        SourceKMSKeyArn source_kms_key_arn: String;
        ZipFile zip_file: String;
    }
}

choice! {
    /// What `Code.S3ObjectStorageMode` may be.
    S3ObjectStorageMode {
        Copy "COPY";
        Reference "REFERENCE";
    }
}

property! {
    /// `DeadLetterConfig` of `AWS::Lambda::Function`.
    DeadLetterConfig DeadLetterConfigBuilder
    required {}
    optional {
        TargetArn target_arn: String;
    }
}

property! {
    /// `DurableConfig` of `AWS::Lambda::Function`.
    DurableConfig DurableConfigBuilder
    required {
        ExecutionTimeout execution_timeout: i64;
    }
    optional {
        RetentionPeriodInDays retention_period_in_days: i64;
    }
}

property! {
    /// `Environment` of `AWS::Lambda::Function`.
    Environment EnvironmentBuilder
    required {}
    optional {
        Variables variables: MapOf<String>;
    }
}

property! {
    /// `EphemeralStorage` of `AWS::Lambda::Function`.
    EphemeralStorage EphemeralStorageBuilder
    required {
        Size size: i64;
    }
    optional {}
}

property! {
    /// `FileSystemConfigs[]` of `AWS::Lambda::Function`.
    FileSystemConfig FileSystemConfigBuilder
    required {
        Arn arn: String;
        LocalMountPath local_mount_path: String;
    }
    optional {}
}

property! {
    /// `FunctionScalingConfig` of `AWS::Lambda::Function`.
    FunctionScalingConfig FunctionScalingConfigBuilder
    required {}
    optional {
        MaxExecutionEnvironments max_execution_environments: i64;
        MinExecutionEnvironments min_execution_environments: i64;
    }
}

property! {
    /// `ImageConfig` of `AWS::Lambda::Function`.
    ImageConfig ImageConfigBuilder
    required {}
    optional {
        Command command: Vec<String>;
        EntryPoint entry_point: Vec<String>;
        WorkingDirectory working_directory: String;
    }
}

property! {
    /// `LoggingConfig` of `AWS::Lambda::Function`.
    LoggingConfig LoggingConfigBuilder
    required {}
    optional {
        ApplicationLogLevel application_log_level: ApplicationLogLevel;
        LogFormat log_format: LogFormat;
        LogGroup log_group: String;
        SystemLogLevel system_log_level: SystemLogLevel;
    }
}

choice! {
    /// What `LoggingConfig.ApplicationLogLevel` may be.
    ApplicationLogLevel {
        Trace "TRACE";
        Debug "DEBUG";
        Info "INFO";
        Warn "WARN";
        Error "ERROR";
        Fatal "FATAL";
    }
}

choice! {
    /// What `LoggingConfig.LogFormat` may be.
    LogFormat {
        Text "Text";
        Json "JSON";
    }
}

choice! {
    /// What `LoggingConfig.SystemLogLevel` may be.
    SystemLogLevel {
        Debug "DEBUG";
        Info "INFO";
        Warn "WARN";
    }
}

choice! {
    /// What `PackageType` may be.
    PackageType {
        Image "Image";
        Zip "Zip";
    }
}

choice! {
    /// What `RecursiveLoop` may be.
    RecursiveLoop {
        Allow "Allow";
        Terminate "Terminate";
    }
}

choice! {
    /// What `Runtime` may be.
    Runtime {
        Dotnet10 "dotnet10";
        Dotnet6 "dotnet6";
        Dotnet8 "dotnet8";
        Dotnetcore10 "dotnetcore1.0";
        Dotnetcore20 "dotnetcore2.0";
        Dotnetcore21 "dotnetcore2.1";
        Dotnetcore31 "dotnetcore3.1";
        Go1X "go1.x";
        Java11 "java11";
        Java17 "java17";
        Java21 "java21";
        Java25 "java25";
        Java8 "java8";
        Java8Al2 "java8.al2";
        Nodejs "nodejs";
        Nodejs10X "nodejs10.x";
        Nodejs12X "nodejs12.x";
        Nodejs14X "nodejs14.x";
        Nodejs16X "nodejs16.x";
        Nodejs18X "nodejs18.x";
        Nodejs20X "nodejs20.x";
        Nodejs22X "nodejs22.x";
        Nodejs24X "nodejs24.x";
        Nodejs43 "nodejs4.3";
        Nodejs43Edge "nodejs4.3-edge";
        Nodejs610 "nodejs6.10";
        Nodejs810 "nodejs8.10";
        Provided "provided";
        ProvidedAl2 "provided.al2";
        ProvidedAl2023 "provided.al2023";
        Python27 "python2.7";
        Python310 "python3.10";
        Python311 "python3.11";
        Python312 "python3.12";
        Python313 "python3.13";
        Python314 "python3.14";
        Python36 "python3.6";
        Python37 "python3.7";
        Python38 "python3.8";
        Python39 "python3.9";
        Ruby25 "ruby2.5";
        Ruby27 "ruby2.7";
        Ruby32 "ruby3.2";
        Ruby33 "ruby3.3";
        Ruby34 "ruby3.4";
        Ruby40 "ruby4.0";
    }
}

property! {
    /// `RuntimeManagementConfig` of `AWS::Lambda::Function`.
    RuntimeManagementConfig RuntimeManagementConfigBuilder
    required {
        UpdateRuntimeOn update_runtime_on: self::UpdateRuntimeOn;
    }
    optional {
        RuntimeVersionArn runtime_version_arn: String;
    }
}

choice! {
    /// What `RuntimeManagementConfig.UpdateRuntimeOn` may be.
    UpdateRuntimeOn {
        Auto "Auto";
        FunctionUpdate "FunctionUpdate";
        Manual "Manual";
    }
}

property! {
    /// `SnapStart` of `AWS::Lambda::Function`.
    SnapStart SnapStartBuilder
    required {
        ApplyOn apply_on: self::ApplyOn;
    }
    optional {}
}

choice! {
    /// What `SnapStart.ApplyOn` may be.
    ApplyOn {
        PublishedVersions "PublishedVersions";
        None "None";
    }
}

property! {
    /// `Tags[]` of `AWS::Lambda::Function`.
    Tag TagBuilder
    required {
        Key key: String;
    }
    optional {
        Value value: String;
    }
}

property! {
    /// `TenancyConfig` of `AWS::Lambda::Function`.
    TenancyConfig TenancyConfigBuilder
    required {
        TenantIsolationMode tenant_isolation_mode: self::TenantIsolationMode;
    }
    optional {}
}

choice! {
    /// What `TenancyConfig.TenantIsolationMode` may be.
    TenantIsolationMode {
        PerTenant "PER_TENANT";
    }
}

property! {
    /// `TracingConfig` of `AWS::Lambda::Function`.
    TracingConfig TracingConfigBuilder
    required {}
    optional {
        Mode mode: Mode;
    }
}

choice! {
    /// What `TracingConfig.Mode` may be.
    Mode {
        Active "Active";
        PassThrough "PassThrough";
    }
}

property! {
    /// `VpcConfig` of `AWS::Lambda::Function`.
    VpcConfig VpcConfigBuilder
    required {}
    optional {
        Ipv6AllowedForDualStack ipv6_allowed_for_dual_stack: bool;
        SecurityGroupIds security_group_ids: Vec<String>;
        SubnetIds subnet_ids: Vec<String>;
    }
}

// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::ApiGateway::RestApi`.

use serde_json::Value as Json;

use crate::construct::typed::{builder, property, resource};

resource! {
    /// `AWS::ApiGateway::RestApi`.
    CfnRestApi CfnRestApiBuilder "AWS::ApiGateway::RestApi"
    required {}
    optional {
        ApiKeySourceType api_key_source_type: String;
        BinaryMediaTypes binary_media_types: Vec<String>;
        Body body: Json;
        BodyS3Location body_s3_location: BodyS3Location;
        CloneFrom clone_from: String;
        Description description: String;
        DisableExecuteApiEndpoint disable_execute_api_endpoint: bool;
        EndpointAccessMode endpoint_access_mode: String;
        EndpointConfiguration endpoint_configuration: EndpointConfiguration;
        FailOnWarnings fail_on_warnings: bool;
        MinimumCompressionSize minimum_compression_size: i64;
        Mode mode: String;
        Name name: String;
        Parameters parameters: Json;
        Policy policy: Json;
        SecurityPolicy security_policy: String;
        Tags tags: Vec<Tag>;
    }
    attributes {
        "RestApiId" attr_rest_api_id: String;
        "RootResourceId" attr_root_resource_id: String;
    }
}

property! {
    /// `BodyS3Location` of `AWS::ApiGateway::RestApi`.
    BodyS3Location BodyS3LocationBuilder
    required {}
    optional {
        Bucket bucket: String;
        ETag e_tag: String;
        Key key: String;
        Version version: String;
    }
}

property! {
    /// `EndpointConfiguration` of `AWS::ApiGateway::RestApi`.
    EndpointConfiguration EndpointConfigurationBuilder
    required {}
    optional {
        IpAddressType ip_address_type: String;
        Types types: Vec<String>;
        VpcEndpointIds vpc_endpoint_ids: Vec<String>;
    }
}

property! {
    /// `Tags[]` of `AWS::ApiGateway::RestApi`.
    Tag TagBuilder
    required {
        Key key: String;
        Value value: String;
    }
    optional {}
}

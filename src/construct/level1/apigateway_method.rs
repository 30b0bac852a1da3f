// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::ApiGateway::Method`.

use crate::construct::MapOf;
use crate::construct::typed::{builder, choice, property, resource};

resource! {
    /// `AWS::ApiGateway::Method`.
    CfnMethod CfnMethodBuilder "AWS::ApiGateway::Method"
    required {
        #[doc = "A change replaces the resource."]
        HttpMethod http_method: String;
        #[doc = "A change replaces the resource."]
        ResourceId resource_id: String;
        #[doc = "A change replaces the resource."]
        RestApiId rest_api_id: String;
    }
    optional {
        ApiKeyRequired api_key_required: bool;
        AuthorizationScopes authorization_scopes: Vec<String>;
        AuthorizationType authorization_type: String;
        AuthorizerId authorizer_id: String;
        Integration integration: Integration;
        MethodResponses method_responses: Vec<MethodResponse>;
        OperationName operation_name: String;
        RequestModels request_models: MapOf<String>;
        RequestParameters request_parameters: MapOf<bool>;
        RequestValidatorId request_validator_id: String;
    }
    attributes {}
}

property! {
    /// `Integration` of `AWS::ApiGateway::Method`.
    Integration IntegrationBuilder
    required {
        Type type_: self::Type;
    }
    optional {
        CacheKeyParameters cache_key_parameters: Vec<String>;
        CacheNamespace cache_namespace: String;
        ConnectionId connection_id: String;
        ConnectionType connection_type: ConnectionType;
        ContentHandling content_handling: ContentHandling;
        Credentials credentials: String;
        IntegrationHttpMethod integration_http_method: String;
        IntegrationResponses integration_responses: Vec<IntegrationResponse>;
        IntegrationTarget integration_target: String;
        PassthroughBehavior passthrough_behavior: PassthroughBehavior;
        RequestParameters request_parameters: MapOf<String>;
        RequestTemplates request_templates: MapOf<String>;
        ResponseTransferMode response_transfer_mode: ResponseTransferMode;
        TimeoutInMillis timeout_in_millis: i64;
        Uri uri: String;
    }
}

choice! {
    /// What `Integration.ConnectionType` may be.
    ConnectionType {
        Internet "INTERNET";
        VpcLink "VPC_LINK";
    }
}

choice! {
    /// What `Integration.ContentHandling` may be.
    ContentHandling {
        ConvertToBinary "CONVERT_TO_BINARY";
        ConvertToText "CONVERT_TO_TEXT";
    }
}

property! {
    /// `Integration.IntegrationResponses[]` of `AWS::ApiGateway::Method`.
    IntegrationResponse IntegrationResponseBuilder
    required {
        StatusCode status_code: String;
    }
    optional {
        ContentHandling content_handling: ContentHandling;
        ResponseParameters response_parameters: MapOf<String>;
        ResponseTemplates response_templates: MapOf<String>;
        SelectionPattern selection_pattern: String;
    }
}

choice! {
    /// What `Integration.PassthroughBehavior` may be.
    PassthroughBehavior {
        WhenNoMatch "WHEN_NO_MATCH";
        WhenNoTemplates "WHEN_NO_TEMPLATES";
        Never "NEVER";
    }
}

choice! {
    /// What `Integration.ResponseTransferMode` may be.
    ResponseTransferMode {
        Buffered "BUFFERED";
        Stream "STREAM";
    }
}

choice! {
    /// What `Integration.Type` may be.
    Type {
        Aws "AWS";
        AwsProxy "AWS_PROXY";
        Http "HTTP";
        HttpProxy "HTTP_PROXY";
        Mock "MOCK";
    }
}

property! {
    /// `MethodResponses[]` of `AWS::ApiGateway::Method`.
    MethodResponse MethodResponseBuilder
    required {
        StatusCode status_code: String;
    }
    optional {
        ResponseModels response_models: MapOf<String>;
        ResponseParameters response_parameters: MapOf<bool>;
    }
}

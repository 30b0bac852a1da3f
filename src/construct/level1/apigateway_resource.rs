// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::ApiGateway::Resource`.

use crate::construct::typed::{builder, resource};

resource! {
    /// `AWS::ApiGateway::Resource`.
    CfnResource CfnResourceBuilder "AWS::ApiGateway::Resource"
    required {
        #[doc = "A change replaces the resource."]
        ParentId parent_id: String;
        #[doc = "A change replaces the resource."]
        PathPart path_part: String;
        #[doc = "A change replaces the resource."]
        RestApiId rest_api_id: String;
    }
    optional {}
    attributes {
        "ResourceId" attr_resource_id: String;
    }
}

//! What the types of API Gateway need: methods of HTTP on paths, and `PUT /tags/*` for tags.

use super::need::{CREATE, DELETE, Kind, Need, READ, UPDATE, WRITE, need, pass};

const GET: &str = "apigateway:GET";
const POST: &str = "apigateway:POST";
const PUT: &str = "apigateway:PUT";
const PATCH: &str = "apigateway:PATCH";
const REMOVE: &str = "apigateway:DELETE";

const API: &[&str] = &["/restapis/{RestApiId}"];
const RESOURCES: &[&str] = &["/restapis/{RestApiId}/resources"];
const RESOURCE: &[&str] = &["/restapis/{RestApiId}/resources/*"];
const DEPLOYMENTS: &[&str] = &["/restapis/{RestApiId}/deployments"];
const DEPLOYMENT: &[&str] = &["/restapis/{RestApiId}/deployments/*"];
const STAGES: &[&str] = &["/restapis/{RestApiId}/stages"];
const STAGE: &[&str] = &["/restapis/{RestApiId}/stages/{StageName}"];
const TAGS: &[&str] = &["/tags/*"];
/// What a deployment needs that makes a stage, too.
const MADE_STAGE: &[&str] = &["StageName", "StageDescription"];

const fn tag(resources: &'static [&'static str]) -> Need {
    need(UPDATE, PUT, resources).with(&["Tags"])
}

const fn untag(resources: &'static [&'static str]) -> Need {
    need(UPDATE, REMOVE, resources).with(&["Tags"])
}

pub const KINDS: &[Kind] = &[
    Kind {
        type_name: "AWS::ApiGateway::Account",
        arn: "/account",
        needs: &[
            need(READ, GET, &["/account"]),
            need(WRITE, PATCH, &["/account"]),
            pass(&["CloudWatchRoleArn"], &["@CloudWatchRoleArn"], "apigateway.amazonaws.com"),
        ],
    },
    Kind {
        type_name: "AWS::ApiGateway::RestApi",
        arn: "/restapis/{id}",
        needs: &[
            need(READ, GET, &["/restapis/{id}"]),
            // For what a create whose answer is lost has left.
            need(CREATE, GET, &["/restapis"]),
            need(CREATE, POST, &["/restapis"]),
            need(CREATE, PUT, TAGS),
            need(WRITE, PUT, &["/restapis/{id}"]).with(&["Body", "BodyS3Location"]),
            need(WRITE, "apigateway:UpdateRestApiPolicy", &["/restapis", "/restapis/{id}"])
                .with(&["Policy"]),
            need(WRITE, PATCH, &["/restapis/{id}"]),
            tag(TAGS),
            untag(TAGS),
            need(DELETE, REMOVE, &["/restapis/{id}"]),
        ],
    },
    Kind {
        type_name: "AWS::ApiGateway::Resource",
        arn: "/restapis/{RestApiId}/resources/{id.1}",
        needs: &[
            need(READ, GET, RESOURCES),
            need(CREATE, GET, API),
            need(CREATE, POST, RESOURCE),
            need(DELETE, REMOVE, &["/restapis/{RestApiId}/resources/{id.1}"]),
        ],
    },
    Kind {
        type_name: "AWS::ApiGateway::Method",
        arn: "/restapis/{RestApiId}/resources/{ResourceId}/methods/{HttpMethod}",
        needs: &[
            need(READ, GET, RESOURCES),
            need(CREATE, GET, API),
            need(WRITE, PUT, METHOD),
            need(UPDATE, PATCH, METHOD),
            need(UPDATE | DELETE, REMOVE, METHOD),
            pass(&["Integration"], &["role/*"], "apigateway.amazonaws.com")
                .with(&["Integration.Credentials"]),
        ],
    },
    Kind {
        type_name: "AWS::ApiGateway::Deployment",
        arn: "/restapis/{RestApiId}/deployments/{id.1}",
        needs: &[
            need(READ, GET, DEPLOYMENTS),
            need(READ, GET, STAGES),
            need(CREATE, GET, API),
            need(CREATE, POST, DEPLOYMENTS),
            need(WRITE | DELETE, PATCH, STAGE).with(MADE_STAGE),
            need(WRITE, PUT, TAGS).with(MADE_STAGE),
            need(WRITE, REMOVE, TAGS).with(MADE_STAGE),
            need(UPDATE, PATCH, DEPLOYMENT),
            need(CREATE | DELETE, GET, STAGE).with(MADE_STAGE),
            need(DELETE, REMOVE, STAGE).with(MADE_STAGE),
            need(DELETE, REMOVE, &["/restapis/{RestApiId}/deployments/{id.1}"]),
        ],
    },
    Kind {
        type_name: "AWS::ApiGateway::Stage",
        arn: "/restapis/{RestApiId}/stages/{StageName}",
        needs: &[
            need(READ, GET, STAGES),
            need(CREATE, POST, STAGES),
            need(CREATE, PUT, TAGS),
            need(WRITE, PATCH, STAGE),
            tag(TAGS),
            untag(TAGS),
            need(DELETE, REMOVE, STAGE),
        ],
    },
    Kind {
        type_name: "AWS::ApiGateway::ApiKey",
        arn: "/apikeys/{id}",
        needs: &[
            need(READ, GET, &["/apikeys/{id}"]),
            need(CREATE, GET, &["/apikeys"]),
            need(CREATE, POST, &["/apikeys"]),
            need(CREATE, PUT, TAGS),
            need(UPDATE, PATCH, &["/apikeys/{id}"]),
            tag(TAGS),
            untag(TAGS),
            need(DELETE, REMOVE, &["/apikeys/{id}"]),
        ],
    },
    Kind {
        type_name: "AWS::ApiGateway::UsagePlan",
        arn: "/usageplans/{id}",
        needs: &[
            need(READ, GET, &["/usageplans/{id}"]),
            need(CREATE, GET, &["/usageplans"]),
            need(CREATE, POST, &["/usageplans"]),
            need(CREATE, PUT, TAGS),
            need(UPDATE, PATCH, &["/usageplans/{id}"]),
            tag(TAGS),
            untag(TAGS),
            // A plan lets its stages go before it goes itself.
            need(DELETE, PATCH, &["/usageplans/{id}"]).with(&["ApiStages"]),
            need(DELETE, REMOVE, &["/usageplans/{id}"]),
        ],
    },
    Kind {
        type_name: "AWS::ApiGateway::UsagePlanKey",
        arn: "/usageplans/{UsagePlanId}/keys/{KeyId}",
        needs: &[
            need(READ, GET, &["/usageplans/{UsagePlanId}/keys"]),
            need(READ, GET, &["/usageplans/{UsagePlanId}/keys/{KeyId}"]),
            need(CREATE, GET, &["/usageplans/{UsagePlanId}"]),
            need(CREATE, POST, &["/usageplans/{UsagePlanId}/keys"]),
            need(DELETE, REMOVE, &["/usageplans/{UsagePlanId}/keys/{KeyId}"]),
        ],
    },
];

/// The method, and below it its responses and its integration.
const METHOD: &[&str] = &[
    "/restapis/{RestApiId}/resources/{ResourceId}/methods/{HttpMethod}",
    "/restapis/{RestApiId}/resources/{ResourceId}/methods/{HttpMethod}/*",
];

// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::ApiGateway::Account`.

use crate::construct::typed::{builder, resource};

resource! {
    /// `AWS::ApiGateway::Account`.
    CfnAccount CfnAccountBuilder "AWS::ApiGateway::Account"
    required {}
    optional {
        CloudWatchRoleArn cloud_watch_role_arn: String;
    }
    attributes {
        "Id" attr_id: String;
    }
}

// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::Lambda::Permission`.

use crate::construct::typed::{builder, choice, resource};

resource! {
    /// `AWS::Lambda::Permission`.
    CfnPermission CfnPermissionBuilder "AWS::Lambda::Permission"
    required {
        #[doc = "A change replaces the resource."]
        Action action: String;
        #[doc = "A change replaces the resource."]
        FunctionName function_name: String;
        #[doc = "A change replaces the resource."]
        Principal principal: String;
    }
    optional {
        #[doc = "A change replaces the resource."]
        EventSourceToken event_source_token: String;
        #[doc = "A change replaces the resource."]
        FunctionUrlAuthType function_url_auth_type: FunctionUrlAuthType;
        #[doc = "A change replaces the resource."]
        InvokedViaFunctionUrl invoked_via_function_url: bool;
        #[doc = "A change replaces the resource."]
        PrincipalOrgID principal_org_id: String;
        #[doc = "A change replaces the resource."]
        SourceAccount source_account: String;
        #[doc = "A change replaces the resource."]
        SourceArn source_arn: String;
    }
    attributes {
        "Id" attr_id: String;
    }
}

choice! {
    /// What `FunctionUrlAuthType` may be.
    FunctionUrlAuthType {
        AwsIam "AWS_IAM";
        None "NONE";
    }
}

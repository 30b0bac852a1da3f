//! What log groups need. Some actions want the ARN with `:*` behind it, which stands for streams.

use super::need::{CREATE, DELETE, Kind, READ, UPDATE, WRITE, need};

const GROUP: &[&str] = &["log-group:{LogGroupName}", "log-group:{LogGroupName}:*"];
const ALL: &[&str] = &["*"];

pub const KINDS: &[Kind] = &[Kind {
    type_name: "AWS::Logs::LogGroup",
    arn: "log-group:{LogGroupName}",
    needs: &[
        need(READ, "logs:DescribeLogGroups", ALL),
        need(READ, "logs:ListTagsForResource", GROUP).with(&["Tags"]),
        need(READ, "logs:GetDataProtectionPolicy", GROUP).with(&["DataProtectionPolicy"]),
        need(READ, "logs:DescribeIndexPolicies", ALL).with(&["FieldIndexPolicies"]),
        need(CREATE, "logs:CreateLogGroup", GROUP),
        need(CREATE, "logs:TagResource", GROUP),
        // What a create whose answer is lost has left is known by its tags.
        need(CREATE, "logs:ListTagsForResource", GROUP),
        need(WRITE, "logs:PutRetentionPolicy", GROUP).with(&["RetentionInDays"]),
        need(UPDATE, "logs:DeleteRetentionPolicy", GROUP).with(&["RetentionInDays"]),
        need(WRITE, "logs:PutDataProtectionPolicy", GROUP).with(&["DataProtectionPolicy"]),
        need(UPDATE, "logs:DeleteDataProtectionPolicy", GROUP).with(&["DataProtectionPolicy"]),
        need(WRITE, "logs:PutIndexPolicy", GROUP).with(&["FieldIndexPolicies"]),
        need(UPDATE, "logs:DeleteIndexPolicy", GROUP).with(&["FieldIndexPolicies"]),
        need(WRITE, "logs:PutBearerTokenAuthentication", GROUP)
            .with(&["BearerTokenAuthenticationEnabled"]),
        need(UPDATE, "logs:PutLogGroupDeletionProtection", GROUP)
            .with(&["DeletionProtectionEnabled"]),
        need(WRITE, "logs:AssociateKmsKey", GROUP).with(&["KmsKeyId"]),
        need(UPDATE, "logs:DisassociateKmsKey", GROUP).with(&["KmsKeyId"]),
        need(UPDATE, "logs:TagResource", GROUP).with(&["Tags"]),
        need(UPDATE, "logs:UntagResource", GROUP).with(&["Tags"]),
        need(DELETE, "logs:DeleteLogGroup", GROUP),
    ],
}];

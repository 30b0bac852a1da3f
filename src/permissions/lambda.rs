//! What the types of Lambda need.

use super::need::{CREATE, DELETE, Kind, READ, UPDATE, WRITE, need, pass};

const FUNCTION: &[&str] = &["function:{FunctionName}"];
const ALL: &[&str] = &["*"];
const PERMISSION: &[&str] = &["@FunctionName"];

pub const KINDS: &[Kind] = &[
    Kind {
        type_name: "AWS::Lambda::Function",
        arn: "function:{FunctionName}",
        needs: &[
            need(READ, "lambda:GetFunction", FUNCTION),
            // Without it, AWS tells no tags with the function.
            need(READ, "lambda:ListTags", FUNCTION),
            need(READ, "lambda:GetFunctionCodeSigningConfig", FUNCTION)
                .with(&["CodeSigningConfigArn"]),
            need(READ, "lambda:GetFunctionRecursionConfig", FUNCTION).with(&["RecursiveLoop"]),
            need(READ, "lambda:GetRuntimeManagementConfig", FUNCTION)
                .with(&["RuntimeManagementConfig"]),
            need(CREATE, "lambda:CreateFunction", FUNCTION),
            need(CREATE, "lambda:TagResource", FUNCTION),
            pass(&["Role"], &["@Role"], "lambda.amazonaws.com"),
            // Lambda looks at the network in the name of who makes the function.
            need(WRITE, "ec2:DescribeSubnets", ALL).with(&["VpcConfig"]),
            need(WRITE, "ec2:DescribeSecurityGroups", ALL).with(&["VpcConfig"]),
            need(WRITE, "ec2:DescribeVpcs", ALL).with(&["VpcConfig"]),
            need(WRITE, "lambda:GetLayerVersion", &["layer:*"]).with(&["Layers"]),
            need(WRITE, "kms:CreateGrant", &["@KmsKeyArn"]).with(&["KmsKeyArn"]),
            need(WRITE, "kms:Decrypt", &["@KmsKeyArn"]).with(&["KmsKeyArn"]),
            need(WRITE, "kms:Encrypt", &["@KmsKeyArn"]).with(&["KmsKeyArn"]),
            need(WRITE, "kms:GenerateDataKey", &["@KmsKeyArn"]).with(&["KmsKeyArn"]),
            need(WRITE, "lambda:PutFunctionConcurrency", FUNCTION)
                .with(&["ReservedConcurrentExecutions"]),
            need(UPDATE, "lambda:DeleteFunctionConcurrency", FUNCTION)
                .with(&["ReservedConcurrentExecutions"]),
            need(WRITE, "lambda:PutFunctionRecursionConfig", FUNCTION).with(&["RecursiveLoop"]),
            need(WRITE, "lambda:PutRuntimeManagementConfig", FUNCTION)
                .with(&["RuntimeManagementConfig"]),
            need(UPDATE, "lambda:PutFunctionCodeSigningConfig", FUNCTION)
                .with(&["CodeSigningConfigArn"]),
            need(UPDATE, "lambda:DeleteFunctionCodeSigningConfig", FUNCTION)
                .with(&["CodeSigningConfigArn"]),
            need(UPDATE, "lambda:UpdateFunctionConfiguration", FUNCTION),
            need(UPDATE, "lambda:UpdateFunctionCode", FUNCTION).with(&["Code", "Architectures"]),
            need(UPDATE, "lambda:TagResource", FUNCTION).with(&["Tags"]),
            need(UPDATE, "lambda:UntagResource", FUNCTION).with(&["Tags"]),
            // It leaves its VPC before it goes.
            need(DELETE, "lambda:GetFunctionConfiguration", FUNCTION).with(&["VpcConfig"]),
            need(DELETE, "lambda:UpdateFunctionConfiguration", FUNCTION).with(&["VpcConfig"]),
            need(DELETE, "lambda:DeleteFunction", FUNCTION),
        ],
    },
    Kind {
        type_name: "AWS::Lambda::Permission",
        arn: "@FunctionName",
        needs: &[
            need(READ, "lambda:GetPolicy", PERMISSION),
            need(CREATE, "lambda:AddPermission", PERMISSION),
            need(DELETE, "lambda:RemovePermission", PERMISSION),
        ],
    },
];

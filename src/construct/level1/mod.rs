// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! Level 1: one construct for each resource type, with every property it has.
//!
//! ```compile_fail
//! # use cairn::construct::{App, Stack, level1::ec2::CfnSubnet};
//! # let stack = Stack::new(&App::new(), "Service");
//! // the required property `VpcId` is missing
//! CfnSubnet::builder().cidr_block("10.0.0.0/24").build(&stack, "Subnet");
//! ```
//!
//! ```
//! # use cairn::construct::{App, Stack, level1::ec2::CfnSubnet};
//! # let stack = Stack::new(&App::new(), "Service");
//! CfnSubnet::builder().vpc_id("vpc-1").cidr_block("10.0.0.0/24").build(&stack, "Subnet");
//! ```

use super::typed::missing;

missing! {
    Action
    ActionGroupName
    AgentAliasName
    AgentDescriptor
    AgentId
    AgentName
    AgentVersion
    ApplyOn
    Arn
    AssumeRolePolicyDocument
    CapacityProviderArn
    Code
    CollaborationInstruction
    CollaboratorName
    Description
    ExecutionTimeout
    FunctionName
    Functions
    GroupDescription
    GroupId
    HttpMethod
    IpProtocol
    Key
    KeyId
    KeyType
    KnowledgeBaseId
    Lambda
    LambdaManagedInstancesCapacityProviderConfig
    LocalMountPath
    Name
    ParentId
    PathPart
    PolicyDocument
    PolicyName
    Principal
    PromptConfigurations
    ResourceId
    RestApiId
    Role
    RouteTableId
    Size
    StatusCode
    SubnetId
    TenantIsolationMode
    Type
    UpdateRuntimeOn
    UsagePlanId
    Value
    VpcId
}

pub mod apigateway_account;
pub mod apigateway_api_key;
pub mod apigateway_deployment;
pub mod apigateway_method;
pub mod apigateway_resource;
pub mod apigateway_rest_api;
pub mod apigateway_stage;
pub mod apigateway_usage_plan;
pub mod apigateway_usage_plan_key;
pub mod bedrock_agent;
pub mod bedrock_agent_alias;
pub mod ec2_route;
pub mod ec2_route_table;
pub mod ec2_security_group;
pub mod ec2_security_group_egress;
pub mod ec2_security_group_ingress;
pub mod ec2_subnet;
pub mod ec2_subnet_route_table_association;
pub mod ec2_vpc;
pub mod ec2_vpc_endpoint;
pub mod iam_managed_policy;
pub mod iam_policy;
pub mod iam_role;
pub mod lambda_function;
pub mod lambda_permission;
pub mod logs_log_group;

/// The types of `AWS::ApiGateway`.
pub mod apigateway {
    pub use super::apigateway_account::CfnAccount;
    pub use super::apigateway_api_key::CfnApiKey;
    pub use super::apigateway_deployment::CfnDeployment;
    pub use super::apigateway_method::CfnMethod;
    pub use super::apigateway_resource::CfnResource;
    pub use super::apigateway_rest_api::CfnRestApi;
    pub use super::apigateway_stage::CfnStage;
    pub use super::apigateway_usage_plan::CfnUsagePlan;
    pub use super::apigateway_usage_plan_key::CfnUsagePlanKey;
}

/// The types of `AWS::Bedrock`.
pub mod bedrock {
    pub use super::bedrock_agent::CfnAgent;
    pub use super::bedrock_agent_alias::CfnAgentAlias;
}

/// The types of `AWS::EC2`.
pub mod ec2 {
    pub use super::ec2_route::CfnRoute;
    pub use super::ec2_route_table::CfnRouteTable;
    pub use super::ec2_security_group::CfnSecurityGroup;
    pub use super::ec2_security_group_egress::CfnSecurityGroupEgress;
    pub use super::ec2_security_group_ingress::CfnSecurityGroupIngress;
    pub use super::ec2_subnet::CfnSubnet;
    pub use super::ec2_subnet_route_table_association::CfnSubnetRouteTableAssociation;
    pub use super::ec2_vpc::CfnVPC;
    pub use super::ec2_vpc_endpoint::CfnVPCEndpoint;
}

/// The types of `AWS::IAM`.
pub mod iam {
    pub use super::iam_managed_policy::CfnManagedPolicy;
    pub use super::iam_policy::CfnPolicy;
    pub use super::iam_role::CfnRole;
}

/// The types of `AWS::Lambda`.
pub mod lambda {
    pub use super::lambda_function::CfnFunction;
    pub use super::lambda_permission::CfnPermission;
}

/// The types of `AWS::Logs`.
pub mod logs {
    pub use super::logs_log_group::CfnLogGroup;
}

/// Every type there is a construct for, with the properties it takes.
pub const TYPES: &[(&str, &[&str])] = &[
    (apigateway::CfnAccount::TYPE, apigateway::CfnAccount::PROPERTIES),
    (apigateway::CfnRestApi::TYPE, apigateway::CfnRestApi::PROPERTIES),
    (apigateway::CfnResource::TYPE, apigateway::CfnResource::PROPERTIES),
    (apigateway::CfnMethod::TYPE, apigateway::CfnMethod::PROPERTIES),
    (apigateway::CfnDeployment::TYPE, apigateway::CfnDeployment::PROPERTIES),
    (apigateway::CfnStage::TYPE, apigateway::CfnStage::PROPERTIES),
    (apigateway::CfnApiKey::TYPE, apigateway::CfnApiKey::PROPERTIES),
    (apigateway::CfnUsagePlan::TYPE, apigateway::CfnUsagePlan::PROPERTIES),
    (apigateway::CfnUsagePlanKey::TYPE, apigateway::CfnUsagePlanKey::PROPERTIES),
    (bedrock::CfnAgent::TYPE, bedrock::CfnAgent::PROPERTIES),
    (bedrock::CfnAgentAlias::TYPE, bedrock::CfnAgentAlias::PROPERTIES),
    (ec2::CfnVPC::TYPE, ec2::CfnVPC::PROPERTIES),
    (ec2::CfnSubnet::TYPE, ec2::CfnSubnet::PROPERTIES),
    (ec2::CfnRouteTable::TYPE, ec2::CfnRouteTable::PROPERTIES),
    (ec2::CfnRoute::TYPE, ec2::CfnRoute::PROPERTIES),
    (ec2::CfnSubnetRouteTableAssociation::TYPE, ec2::CfnSubnetRouteTableAssociation::PROPERTIES),
    (ec2::CfnVPCEndpoint::TYPE, ec2::CfnVPCEndpoint::PROPERTIES),
    (ec2::CfnSecurityGroup::TYPE, ec2::CfnSecurityGroup::PROPERTIES),
    (ec2::CfnSecurityGroupIngress::TYPE, ec2::CfnSecurityGroupIngress::PROPERTIES),
    (ec2::CfnSecurityGroupEgress::TYPE, ec2::CfnSecurityGroupEgress::PROPERTIES),
    (iam::CfnRole::TYPE, iam::CfnRole::PROPERTIES),
    (iam::CfnPolicy::TYPE, iam::CfnPolicy::PROPERTIES),
    (iam::CfnManagedPolicy::TYPE, iam::CfnManagedPolicy::PROPERTIES),
    (lambda::CfnFunction::TYPE, lambda::CfnFunction::PROPERTIES),
    (lambda::CfnPermission::TYPE, lambda::CfnPermission::PROPERTIES),
    (logs::CfnLogGroup::TYPE, logs::CfnLogGroup::PROPERTIES),
];

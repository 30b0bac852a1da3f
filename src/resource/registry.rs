//! The types Cairn can deploy. Adding one: its file, its `mod` line, its line here.

use super::handler::Typed;
use super::{
    Handler, apigateway_account, apigateway_api_key, apigateway_deployment, apigateway_method,
    apigateway_resource, apigateway_rest_api, apigateway_stage, apigateway_usage_plan,
    apigateway_usage_plan_key, bedrock_agent, bedrock_agent_alias, ec2_route, ec2_route_table,
    ec2_security_group, ec2_security_group_egress, ec2_security_group_ingress, ec2_subnet,
    ec2_subnet_route_table_association, ec2_vpc, ec2_vpc_endpoint, iam_managed_policy, iam_policy,
    iam_role, lambda_function, lambda_permission, logs_log_group,
};

static HANDLERS: &[&dyn Handler] = &[
    &Typed::<apigateway_account::Account>::NEW,
    &Typed::<apigateway_rest_api::RestApi>::NEW,
    &Typed::<apigateway_resource::ApiResource>::NEW,
    &Typed::<apigateway_method::Method>::NEW,
    &Typed::<apigateway_deployment::Deployment>::NEW,
    &Typed::<apigateway_stage::Stage>::NEW,
    &Typed::<apigateway_api_key::ApiKey>::NEW,
    &Typed::<apigateway_usage_plan::UsagePlan>::NEW,
    &Typed::<apigateway_usage_plan_key::UsagePlanKey>::NEW,
    &Typed::<bedrock_agent::Agent>::NEW,
    &Typed::<bedrock_agent_alias::AgentAlias>::NEW,
    &Typed::<ec2_vpc::Vpc>::NEW,
    &Typed::<ec2_subnet::Subnet>::NEW,
    &Typed::<ec2_route_table::RouteTable>::NEW,
    &Typed::<ec2_route::Route>::NEW,
    &Typed::<ec2_subnet_route_table_association::Association>::NEW,
    &Typed::<ec2_vpc_endpoint::Endpoint>::NEW,
    &Typed::<ec2_security_group::SecurityGroup>::NEW,
    &Typed::<ec2_security_group_ingress::SecurityGroupIngress>::NEW,
    &Typed::<ec2_security_group_egress::SecurityGroupEgress>::NEW,
    &Typed::<iam_role::Role>::NEW,
    &Typed::<iam_policy::Policy>::NEW,
    &Typed::<iam_managed_policy::ManagedPolicy>::NEW,
    &Typed::<lambda_function::Function>::NEW,
    &Typed::<lambda_permission::Permission>::NEW,
    &Typed::<logs_log_group::LogGroup>::NEW,
];

/// Every supported type.
pub fn types() -> &'static [&'static dyn Handler] {
    HANDLERS
}

/// The handler of a type, if Cairn can deploy it.
pub fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    HANDLERS.iter().find(|handler| handler.type_name() == type_name).copied()
}

/// Supported types, those that look most like `type_name` first.
pub fn near_types(type_name: &str) -> Vec<&'static str> {
    let mut names: Vec<_> = HANDLERS.iter().map(|handler| handler.type_name()).collect();
    names.sort_by_key(|name| strsim::damerau_levenshtein(name, type_name));
    names
}

//! What an emulator holds, asked of it directly: the truth against which a teardown is judged.

use std::collections::BTreeSet;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::http::HttpError;
use cairn::aws::{Access, Clients};

/// Every resource of the kinds Cairn makes, as `kind id`.
pub async fn inventory(endpoint: &str) -> BTreeSet<String> {
    let access = Access {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        ..Access::default()
    };
    let clients = Clients::connect(&access).await;
    let mut found = BTreeSet::new();
    network(&clients, &mut found).await;
    rules(&clients, &mut found).await;
    identity(&clients, &mut found).await;
    functions(&clients, &mut found).await;
    apis(&clients, &mut found).await;
    agents(&clients, &mut found).await;
    found
}

/// Adds `kind id` for every item of a list in an answer.
macro_rules! note {
    ($found:ident, $kind:literal, $call:expr, $items:ident, $id:expr) => {
        let answer = $call.send().await.unwrap_or_else(|error| panic!("{}: {error:?}", $kind));
        let id = $id;
        for item in answer.$items() {
            $found.insert(format!("{} {}", $kind, id(item)));
        }
    };
}

async fn network(clients: &Clients, found: &mut BTreeSet<String>) {
    use aws_sdk_ec2::types::{RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint};
    let ec2 = clients.ec2();
    note!(found, "vpc", ec2.describe_vpcs(), vpcs, |one: &Vpc| format!("{:?}", one.vpc_id()));
    note!(found, "subnet", ec2.describe_subnets(), subnets, |one: &Subnet| format!(
        "{:?}",
        one.subnet_id()
    ));
    note!(
        found,
        "route table",
        ec2.describe_route_tables(),
        route_tables,
        |one: &RouteTable| format!(
            "{:?} {} routes {} associations",
            one.route_table_id(),
            one.routes().len(),
            one.associations().len()
        )
    );
    note!(
        found,
        "security group",
        ec2.describe_security_groups(),
        security_groups,
        |one: &SecurityGroup| format!("{:?}", one.group_id())
    );
    note!(
        found,
        "endpoint",
        ec2.describe_vpc_endpoints(),
        vpc_endpoints,
        // One that is deleted stays listed for a while.
        |one: &VpcEndpoint| match one.state() {
            Some(state) if state.as_str().eq_ignore_ascii_case("deleted") => String::new(),
            _ => format!("{:?}", one.vpc_endpoint_id()),
        }
    );
    found.remove("endpoint ");
}

async fn rules(clients: &Clients, found: &mut BTreeSet<String>) {
    use aws_sdk_ec2::types::SecurityGroupRule;
    let ec2 = clients.ec2();
    note!(
        found,
        "rule",
        ec2.describe_security_group_rules(),
        security_group_rules,
        |one: &SecurityGroupRule| format!(
            "{:?} {:?}",
            one.security_group_rule_id(),
            one.group_id()
        )
    );
}

async fn identity(clients: &Clients, found: &mut BTreeSet<String>) {
    use aws_sdk_iam::types::{PolicyScopeType, Role};
    let iam = clients.iam();
    note!(found, "role", iam.list_roles(), roles, |one: &Role| one.role_name().to_owned());
    note!(
        found,
        "policy",
        iam.list_policies().scope(PolicyScopeType::Local),
        policies,
        |one: &aws_sdk_iam::types::Policy| format!("{:?}", one.arn())
    );
}

async fn functions(clients: &Clients, found: &mut BTreeSet<String>) {
    use aws_sdk_cloudwatchlogs::types::LogGroup;
    use aws_sdk_lambda::types::FunctionConfiguration;
    note!(
        found,
        "function",
        clients.lambda().list_functions(),
        functions,
        |one: &FunctionConfiguration| format!("{:?}", one.function_name())
    );
    note!(
        found,
        "log group",
        clients.logs().describe_log_groups(),
        log_groups,
        |one: &LogGroup| format!("{:?}", one.log_group_name())
    );
}

async fn apis(clients: &Clients, found: &mut BTreeSet<String>) {
    use aws_sdk_apigateway::types::{ApiKey, RestApi, UsagePlan};
    let api = clients.apigateway();
    note!(found, "api", api.get_rest_apis(), items, |one: &RestApi| format!("{:?}", one.id()));
    note!(found, "api key", api.get_api_keys(), items, |one: &ApiKey| format!("{:?}", one.id()));
    note!(found, "usage plan", api.get_usage_plans(), items, |one: &UsagePlan| format!(
        "{:?}",
        one.id()
    ));
}

async fn agents(clients: &Clients, found: &mut BTreeSet<String>) {
    use aws_sdk_bedrockagent::types::AgentSummary;
    note!(
        found,
        "agent",
        // MiniStack insists on the slash at the end of the service's path, which the SDK leaves out.
        clients.bedrock_agent().list_agents().customize().map_request(
            |mut request: HttpRequest| {
                let uri = request.uri().replacen("/agents", "/agents/", 1);
                request.set_uri(uri)?;
                Ok::<_, HttpError>(request)
            }
        ),
        agent_summaries,
        |one: &AgentSummary| one.agent_id().to_owned()
    );
}

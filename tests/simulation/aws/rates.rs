//! Published rates, and how each service says that one was passed. Sources: "Request throttling for
//! the Amazon EC2 API"; "Lambda quotas" (15 calls a second of the control plane); "Quotas for
//! creating, deploying and managing an API in API Gateway"; "Amazon Bedrock endpoints and quotas".
//! IAM and Logs publish none: what is assumed here is generous.

use std::collections::BTreeMap;

use super::account::{Refusal, Time};
use super::wire::Call;

#[derive(Debug, Clone, Default)]
pub struct Rates {
    /// Tokens in thousandths, and when they were counted.
    buckets: BTreeMap<String, (u64, Time)>,
}

/// A bucket a call draws from: its name, how much it holds, and how many thousandths of a call come
/// back in a second.
type Bucket = (String, u64, u64);

fn buckets(call: &Call) -> Vec<Bucket> {
    let operation = call.operation.as_str();
    match call.service.as_str() {
        "ec2" => vec![match operation {
            "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints" => {
                (call.action(), 4, 300)
            }
            "CreateTags" | "DeleteTags" => (call.action(), 100, 10_000),
            _ if call.is_read() => ("ec2 reads".to_owned(), 100, 20_000),
            _ => (call.action(), 50, 5_000),
        }],
        "lambda" => vec![match operation {
            "GetFunction" => (call.action(), 100, 100_000),
            "GetPolicy" => (call.action(), 15, 15_000),
            _ => ("lambda".to_owned(), 15, 15_000),
        }],
        "apigateway" => {
            let mut all = vec![("apigateway".to_owned(), 40, 10_000)];
            all.extend(apigateway(operation).map(|(holds, refill)| (call.action(), holds, refill)));
            all
        }
        "bedrock" => vec![(call.action(), bedrock(operation), bedrock(operation) * 1000)],
        service => vec![(format!("{service} {}", call.is_read()), 100, 20_000)],
    }
}

/// What has a rate of its own besides that of all calls: "1 request every 5 seconds per account".
fn apigateway(operation: &str) -> Option<(u64, u64)> {
    match operation {
        "CreateRestApi" | "ImportRestApi" => Some((1, 334)),
        "DeleteRestApi" => Some((1, 34)),
        "PutRestApi" => Some((1, 1000)),
        "CreateDeployment" => Some((1, 200)),
        "UpdateAccount" | "UpdateUsagePlan" => Some((1, 50)),
        "CreateResource" | "DeleteResource" | "CreateApiKey" | "DeleteApiKey" => Some((5, 5000)),
        "GetResources" => Some((5, 2500)),
        _ => None,
    }
}

/// Requests a second, of each operation.
fn bedrock(operation: &str) -> u64 {
    match operation {
        "GetAgent" => 15,
        "GetAgentActionGroup" => 20,
        "CreateAgentActionGroup" => 12,
        "CreateAgent" | "UpdateAgentActionGroup" | "AssociateAgentKnowledgeBase" => 6,
        "UpdateAgent" | "UpdateAgentKnowledgeBase" | "DisassociateAgentKnowledgeBase" => 4,
        _ if operation.starts_with("Get") || operation.starts_with("List") => 10,
        _ => 2,
    }
}

impl Rates {
    /// Takes a token of each of a call's buckets, or none.
    pub fn admit(&mut self, call: &Call, now: Time) -> Result<(), Refusal> {
        let all = buckets(call);
        for (name, holds, refill) in &all {
            let (tokens, counted) = self.buckets.entry(name.clone()).or_insert((holds * 1000, now));
            let grown = now.saturating_sub(*counted) * refill / 1000;
            if grown > 0 {
                *tokens = (*tokens + grown).min(holds * 1000);
                *counted = now;
            }
            if *tokens < 1000 {
                return Err(throttle(&call.service));
            }
        }
        for (name, ..) in &all {
            if let Some((tokens, _)) = self.buckets.get_mut(name) {
                *tokens -= 1000;
            }
        }
        Ok(())
    }
}

/// Each service's own word for it.
pub fn throttle(service: &str) -> Refusal {
    let (status, code) = match service {
        "ec2" => (503, "RequestLimitExceeded"),
        "iam" => (400, "Throttling"),
        "lambda" | "apigateway" => (429, "TooManyRequestsException"),
        "bedrock" => (429, "ThrottlingException"),
        _ => (400, "ThrottlingException"),
    };
    Refusal { status, code: code.to_owned(), message: "Rate exceeded".to_owned() }
}

//! Published rates, and how each service says that one was passed. Sources: "Request throttling for
//! the Amazon EC2 API"; "Lambda quotas" (15 calls a second of the control plane); IAM and Logs
//! publish none: what is assumed here is generous.

use std::collections::BTreeMap;

use super::account::{Refusal, Time};
use super::wire::Call;

#[derive(Debug, Clone, Default)]
pub struct Rates {
    /// Tokens in thousandths, and when they were counted.
    buckets: BTreeMap<String, (u64, Time)>,
}

/// The bucket a call draws from: its name, how much it holds, and how many thousandths of a call
/// come back in a second.
fn bucket(call: &Call) -> (String, u64, u64) {
    let operation = call.operation.as_str();
    match call.service.as_str() {
        "ec2" => match operation {
            "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints" => {
                (call.action(), 4, 300)
            }
            "CreateTags" | "DeleteTags" => (call.action(), 100, 10_000),
            _ if call.is_read() => ("ec2 reads".to_owned(), 100, 20_000),
            _ => (call.action(), 50, 5_000),
        },
        "lambda" if operation == "GetFunction" => (call.action(), 100, 100_000),
        "lambda" => ("lambda".to_owned(), 15, 15_000),
        service => (format!("{service} {}", call.is_read()), 100, 20_000),
    }
}

impl Rates {
    pub fn admit(&mut self, call: &Call, now: Time) -> Result<(), Refusal> {
        let (name, capacity, refill) = bucket(call);
        let (tokens, counted) = self.buckets.entry(name).or_insert((capacity * 1000, now));
        let grown = now.saturating_sub(*counted) * refill / 1000;
        if grown > 0 {
            *tokens = (*tokens + grown).min(capacity * 1000);
            *counted = now;
        }
        if *tokens < 1000 {
            return Err(throttle(&call.service));
        }
        *tokens -= 1000;
        Ok(())
    }
}

/// Each service's own word for it.
pub fn throttle(service: &str) -> Refusal {
    let (status, code) = match service {
        "ec2" => (503, "RequestLimitExceeded"),
        "iam" => (400, "Throttling"),
        "lambda" => (429, "TooManyRequestsException"),
        _ => (400, "ThrottlingException"),
    };
    Refusal { status, code: code.to_owned(), message: "Rate exceeded".to_owned() }
}

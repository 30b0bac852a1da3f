//! An AWS that enforces what no local emulator does, in virtual time. Every rule names its source:
//! the page of AWS's documentation it is from.

#![expect(clippy::unnecessary_wraps, reason = "every operation is answered in the same way")]
#![expect(clippy::needless_pass_by_value, reason = "what is made is made of it")]

pub mod account;
mod apigateway;
mod apigateway_api;
mod apigateway_method;
mod apigateway_patch;
mod apigateway_plan;
mod apigateway_stage;
mod bedrock;
mod bedrock_alias;
mod bedrock_parts;
mod ec2;
mod ec2_endpoint;
mod ec2_group;
mod ec2_ipv6;
mod ec2_route;
mod ec2_routing;
pub mod ec2_tags;
mod iam;
mod iam_account;
mod iam_policies;
mod iam_principals;
mod lambda;
mod lambda_interfaces;
mod lambda_policy;
mod lambda_settings;
mod logs;
mod logs_settings;
mod rates;
mod routes;
#[cfg(test)]
mod tests;
pub mod wire;

use serde_json::json;

use account::{Account, Answer, Time, refuse};
use rates::Rates;
pub use rates::throttle;
use wire::Call;

/// The account, with all that stands between it and a request.
#[derive(Debug, Clone)]
pub struct Aws {
    pub account: Account,
    pub rates: Rates,
}

impl Aws {
    pub fn new(account: Account) -> Self {
        Self { account, rates: Rates::default() }
    }

    /// Carries a call out, if it is within its rate.
    pub fn answer(&mut self, call: &Call, now: Time) -> Answer {
        self.account.advance(now);
        self.rates.admit(call, now)?;
        carry_out(&mut self.account, call)
    }
}

pub fn carry_out(account: &mut Account, call: &Call) -> Answer {
    let (operation, members) = (call.operation.as_str(), &call.members);
    match call.service.as_str() {
        "apigateway" => apigateway::answer(account, operation, members),
        "bedrock" => bedrock::answer(account, operation, members),
        "ec2" => ec2::answer(account, operation, members),
        "iam" => iam::answer(account, operation, members),
        "lambda" => lambda::answer(account, operation, members),
        "logs" => logs::answer(account, operation, members),
        "sts" => Ok(json!({
            "UserId": "AIDASIMULATED", "Account": account::NUMBER,
            "Arn": format!("arn:aws:iam::{}:user/simulated", account::NUMBER),
        })),
        service => refuse("UnknownOperation", format!("no {operation} of {service} is simulated")),
    }
}

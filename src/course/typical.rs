//! What steps usually take on AWS, to the second where it matters: what estimates begin with.
//!
//! The documents say little of times. Where they do, the source stands beside the row. The others
//! are what a few calls take over a network, and a run that goes otherwise corrects them.

use crate::plan::{Action, Step};

/// Whose times are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A real account.
    Account,
    /// A local AWS, which does everything at once.
    Local,
}

struct Typical {
    type_name: &'static str,
    /// Seconds, to make or to change one.
    make: f64,
    remove: f64,
}

const fn typical(type_name: &'static str, make: f64, remove: f64) -> Typical {
    Typical { type_name, make, remove }
}

/// A few calls.
const OTHERS: Typical = typical("", 2.0, 2.0);

const TYPES: [Typical; 10] = [
    // "It takes a few minutes": VPC user guide, "Create an interface endpoint".
    typical("AWS::EC2::VPCEndpoint", 90.0, 90.0),
    // With its VPC: "can take several minutes", Lambda developer guide, "Giving functions access to
    // resources in a VPC"; without it a function is active after seconds. Interfaces are let go of
    // before it is deleted.
    typical("AWS::Lambda::Function", 60.0, 60.0),
    // A role is to be seen by other services first: IAM user guide, "Changes that I make are not
    // always immediately visible".
    typical("AWS::IAM::Role", 3.0, 3.0),
    typical("AWS::IAM::ManagedPolicy", 3.0, 3.0),
    // Made, prepared, and versioned: Bedrock user guide, "Deploy an agent".
    typical("AWS::Bedrock::Agent", 25.0, 10.0),
    typical("AWS::Bedrock::AgentAlias", 15.0, 10.0),
    // `DeleteRestApi` once in 30 seconds: API Gateway developer guide, "Quotas for creating, deploying
    // and managing an API"; and the two below by the same table.
    typical("AWS::ApiGateway::RestApi", 3.0, 10.0),
    typical("AWS::ApiGateway::Deployment", 5.0, 2.0),
    typical("AWS::ApiGateway::UsagePlan", 4.0, 4.0),
    // Deleted as soon as nothing uses it any more.
    typical("AWS::EC2::VPC", 3.0, 3.0),
];

/// A local AWS answers at once: a step is a few calls.
const LOCAL: f64 = 0.3;

impl Pace {
    pub fn seconds(self, step: &Step) -> f64 {
        if self == Self::Local {
            return LOCAL;
        }
        let name = step.type_name.as_str();
        let row = TYPES.iter().find(|row| row.type_name == name).unwrap_or(&OTHERS);
        match step.action {
            Action::Keep | Action::Move | Action::Retain | Action::Adopt => 0.5,
            Action::Delete => row.remove,
            Action::Create | Action::Update | Action::Replace => row.make,
        }
    }
}

//! What the CDK writes into every template for its own sake, and what becomes of it here: nothing.
//!
//! Its analytics are a resource without anything behind it, which CloudFormation accepts only from
//! the CDK. Its bootstrap stack holds the files that CloudFormation reads; Cairn uploads them
//! itself, so its version does not matter.

use crate::template::{Node, Parameter, ResourceNode};

/// The rule that asks for a bootstrap stack that is new enough.
const BOOTSTRAP_RULE: &str = "CheckBootstrapVersion";

pub fn is_bootstrap_rule(name: &str) -> bool {
    name == BOOTSTRAP_RULE
}

/// The parameter that only that rule asks for.
pub fn is_bootstrap_version(parameter: &Parameter) -> bool {
    parameter.type_name.starts_with("AWS::SSM::Parameter::Value")
        && parameter
            .default
            .as_ref()
            .and_then(Node::text)
            .is_some_and(|name| name.starts_with("/cdk-bootstrap/"))
}

pub fn is_analytics(resource: &ResourceNode) -> bool {
    resource.type_name == "AWS::CDK::Metadata"
}

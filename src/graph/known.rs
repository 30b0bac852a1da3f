//! What is known of resources before any call, for the checks that hold several properties, or
//! several resources, against each other: evaluated once.

use std::collections::HashMap;

use crate::ordered::IndexMap;

use crate::value::{LogicalId, Value};

/// The types that such a check is about.
const LOOKED_INTO: &[&str] = &[
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::RestApi",
    "AWS::Bedrock::Agent",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::IAM::Role",
    "AWS::Lambda::Function",
];

/// The properties of the resources of these types, coerced to their schemas.
#[derive(Debug, Default)]
pub struct Known(HashMap<LogicalId, Properties>);

#[derive(Debug)]
struct Properties {
    value: Value,
    /// Whether nothing is wrong with them.
    are_sound: bool,
}

impl Known {
    /// Keeps what a check of this type will want.
    pub fn keep(&mut self, id: &LogicalId, type_name: &str, value: Value, are_sound: bool) {
        if LOOKED_INTO.contains(&type_name) {
            self.0.insert(id.clone(), Properties { value, are_sound });
        }
    }

    /// As far as they are known, whatever is wrong with them.
    pub fn any(&self, id: &LogicalId) -> Option<&Value> {
        self.0.get(id).map(|properties| &properties.value)
    }

    /// Where nothing is wrong with them.
    pub fn sound(&self, id: &LogicalId) -> Option<&IndexMap<String, Value>> {
        match self.0.get(id)? {
            Properties { value: Value::Map(entries), are_sound: true } => Some(entries),
            _ => None,
        }
    }
}

//! What MiniStack does not keep or tell.
//!
//! On AWS a property that was applied and does not read back is drift. Here it may only be the
//! emulator's ignorance, which must not make every plan propose to mend it: what is listed here is
//! taken as it was applied. Each entry says what AWS does.

use serde_json::Value as Json;

use crate::refresh::{Observation, Observed};
use crate::state::{Entry, Instance, State};

/// A property that MiniStack 1.5.33 does not tell, and what AWS does.
pub struct BlindSpot {
    pub type_name: &'static str,
    /// A property at the top level.
    pub property: &'static str,
    pub aws: &'static str,
}

pub const BLIND_SPOTS: &[BlindSpot] = &[
    BlindSpot {
        type_name: "AWS::EC2::Route",
        property: "VpcEndpointId",
        aws: "DescribeRouteTables tells the endpoint that a route leads to as its gateway",
    },
    BlindSpot {
        type_name: "AWS::EC2::VPCEndpoint",
        property: "SecurityGroupIds",
        aws: "DescribeVpcEndpoints lists them as Groups",
    },
    BlindSpot {
        type_name: "AWS::EC2::VPCEndpoint",
        property: "PrivateDnsEnabled",
        aws: "DescribeVpcEndpoints tells it",
    },
    BlindSpot {
        type_name: "AWS::EC2::VPCEndpoint",
        property: "PolicyDocument",
        aws: "DescribeVpcEndpoints returns the policy as text",
    },
    BlindSpot {
        type_name: "AWS::EC2::VPCEndpoint",
        property: "IpAddressType",
        aws: "DescribeVpcEndpoints tells it",
    },
    BlindSpot {
        type_name: "AWS::ApiGateway::ApiKey",
        property: "Tags",
        aws: "GetApiKey tells the tags that TagResource has set, as GetTags does",
    },
    BlindSpot {
        type_name: "AWS::ApiGateway::RestApi",
        property: "Tags",
        aws: "GetRestApi tells the tags that TagResource has set, as GetTags does",
    },
    BlindSpot {
        type_name: "AWS::ApiGateway::Stage",
        property: "Tags",
        aws: "GetStages tells the tags that TagResource has set, as GetTags does",
    },
    BlindSpot {
        type_name: "AWS::ApiGateway::UsagePlan",
        property: "Tags",
        aws: "GetUsagePlan tells the tags that TagResource has set, as GetTags does",
    },
];

/// Puts what was applied in place of what MiniStack cannot tell.
pub fn overlook(state: &State, observed: &mut Observed) {
    for (id, observation) in &mut observed.resources {
        if let Some(current) = state.current(id) {
            overlook_all(current, observation);
        }
    }
    for one in state.resources.values().flat_map(Entry::instances) {
        if let Some(observation) = observed.beside.get_mut(&one.token) {
            overlook_all(one, observation);
        }
    }
}

fn overlook_all(instance: &Instance, observation: &mut Observation) {
    let Observation::Live(live) = observation else { return };
    for spot in BLIND_SPOTS.iter().filter(|spot| spot.type_name == instance.type_name.as_str()) {
        overlook_one(&mut live.properties, &instance.properties, spot.property);
    }
}

fn overlook_one(live: &mut Json, applied: &Json, property: &str) {
    let Json::Object(entries) = live else { return };
    match applied.get(property) {
        Some(value) => entries.insert(property.to_owned(), value.clone()),
        None => entries.remove(property),
    };
}

/// Whether a resource of this type has a property that MiniStack does not tell.
pub fn is_blind_spot(type_name: &str, property: &str) -> bool {
    BLIND_SPOTS.iter().any(|spot| spot.type_name == type_name && spot.property == property)
}

//! Whether the services of endpoints are offered in the zones that the endpoints are to be in.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Look, Subject, known};
use crate::diagnostic::Severity;
use crate::plan::Finding;

const NAME: &str = "endpoint-services";
const PROPERTY: &str = "ServiceName";
const UNKNOWN_SERVICE: &str = "InvalidServiceName";

pub async fn check(subject: &Subject<'_>) -> Look {
    let mut look = Look::default();
    // Emulators know some services, and not which zones have them.
    if !subject.is_aws() {
        return look;
    }
    let aws = subject.aws;
    for (step, properties) in subject.new_ones("AWS::EC2::VPCEndpoint") {
        let Some(service) = known(properties, PROPERTY) else { continue };
        if properties.get("ServiceRegion").is_some() {
            continue;
        }
        let answer = aws
            .call("ec2:DescribeVpcEndpointServices", || {
                aws.ec2().describe_vpc_endpoint_services().service_names(service).send()
            })
            .await;
        let say = |message: String| {
            Finding::new(Severity::Error, NAME, message).of(
                subject.graph,
                &step.logical_id,
                &[PROPERTY],
            )
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(fault) if fault.code == UNKNOWN_SERVICE => {
                look.add(say(format!("there is no service `{service}` in {}", aws.region())));
                continue;
            }
            Err(fault) => {
                look.unchecked("the endpoint services", &fault);
                continue;
            }
        };
        let details =
            answer.service_details().iter().find(|one| one.service_name() == Some(service));
        let Some(details) = details.filter(|one| !one.availability_zones().is_empty()) else {
            continue;
        };
        let offered: BTreeSet<&str> =
            details.availability_zones().iter().map(String::as_str).collect();
        for zone in zones(subject, properties) {
            if !offered.contains(zone.as_str()) {
                let all: Vec<String> = offered.iter().map(|one| format!("`{one}`")).collect();
                let finding = say(format!("`{service}` is not offered in the zone `{zone}`"));
                look.add(finding.hint(format!("it is in {}", all.join(", "))));
            }
        }
    }
    look
}

/// The zones of an endpoint's subnets, where those are the plan's own and their zones are known.
fn zones(subject: &Subject<'_>, properties: &Json) -> BTreeSet<String> {
    let subnets = properties["SubnetIds"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let subnets: BTreeSet<&str> = subnets.collect();
    let is_meant = |id: &str, physical: Option<&str>| {
        subnets.iter().any(|subnet| {
            let source = subnet.strip_prefix("(known after apply: ");
            let source = source.map(|rest| rest.split(['.', ')']).next().unwrap_or_default());
            source == Some(id) || physical == Some(*subnet)
        })
    };
    subject
        .with_properties()
        .filter(|(step, _)| step.type_name.as_str() == "AWS::EC2::Subnet")
        .filter(|(step, _)| {
            let physical = step.physical_id.as_ref().map(crate::value::PhysicalId::as_str);
            is_meant(step.logical_id.as_str(), physical)
        })
        .filter_map(|(_, properties)| Some(known(properties, "AvailabilityZone")?.to_owned()))
        .collect()
}

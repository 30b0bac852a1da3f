//! `AWS::EC2::Route`: one destination of a route table, and where packets for it go.
//!
//! A route has no id, no token and no tags: its key is its table and its destination. Only what is
//! declared is compared, since AWS tells more than one target for some (an instance's interface).

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Route as LiveRoute, RouteOrigin, RouteState, RouteTable};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Created, Known, Live, Lock, Mark, Progress, Resource, Rule, Status, ec2_route_table};
use crate::aws::{Aws, Fault, FaultKind};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct Route;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    carrier_gateway_id: Option<String>,
    core_network_arn: Option<String>,
    destination_cidr_block: Option<String>,
    destination_ipv6_cidr_block: Option<String>,
    destination_prefix_list_id: Option<String>,
    egress_only_internet_gateway_id: Option<String>,
    gateway_id: Option<String>,
    instance_id: Option<String>,
    local_gateway_id: Option<String>,
    nat_gateway_id: Option<String>,
    network_interface_id: Option<String>,
    route_table_id: Option<String>,
    transit_gateway_id: Option<String>,
    vpc_endpoint_id: Option<String>,
    vpc_peering_connection_id: Option<String>,
}

impl Props {
    fn destination(&self) -> Option<&str> {
        self.destination_cidr_block
            .as_deref()
            .or(self.destination_ipv6_cidr_block.as_deref())
            .or(self.destination_prefix_list_id.as_deref())
    }

    fn targets(&self) -> [Option<&str>; 11] {
        [
            &self.carrier_gateway_id,
            &self.core_network_arn,
            &self.egress_only_internet_gateway_id,
            &self.gateway_id,
            &self.instance_id,
            &self.local_gateway_id,
            &self.nat_gateway_id,
            &self.network_interface_id,
            &self.transit_gateway_id,
            &self.vpc_endpoint_id,
            &self.vpc_peering_connection_id,
        ]
        .map(Option::as_deref)
    }

    /// Whether packets go where these properties say.
    fn is_target_of(&self, live: &Self) -> bool {
        let pairs = self.targets().into_iter().zip(live.targets());
        pairs.filter(|(wanted, _)| wanted.is_some()).all(|(wanted, live)| wanted == live)
    }
}

/// Puts the whole route into a request. The requests to create and to replace one are different
/// types with the same members.
macro_rules! whole_route {
    ($request:expr, $props:expr) => {
        $request
            .set_route_table_id($props.route_table_id.clone())
            .set_destination_cidr_block($props.destination_cidr_block.clone())
            .set_destination_ipv6_cidr_block($props.destination_ipv6_cidr_block.clone())
            .set_destination_prefix_list_id($props.destination_prefix_list_id.clone())
            .set_carrier_gateway_id($props.carrier_gateway_id.clone())
            .set_core_network_arn($props.core_network_arn.clone())
            .set_egress_only_internet_gateway_id($props.egress_only_internet_gateway_id.clone())
            .set_gateway_id($props.gateway_id.clone())
            .set_instance_id($props.instance_id.clone())
            .set_local_gateway_id($props.local_gateway_id.clone())
            .set_nat_gateway_id($props.nat_gateway_id.clone())
            .set_network_interface_id($props.network_interface_id.clone())
            .set_transit_gateway_id($props.transit_gateway_id.clone())
            .set_vpc_endpoint_id($props.vpc_endpoint_id.clone())
            .set_vpc_peering_connection_id($props.vpc_peering_connection_id.clone())
    };
}

/// A route's table and destination.
fn key(id: &PhysicalId) -> Option<(&str, &str)> {
    id.as_str().split_once('|')
}

fn attributes(destination: &str) -> Attributes {
    Attributes::from_iter([("CidrBlock".to_owned(), destination.into())])
}

fn is_for(route: &LiveRoute, destination: &str) -> bool {
    let block = |text: &str| text.parse().map(|block: IpNet| block.trunc());
    let wanted = block(destination);
    [
        route.destination_cidr_block(),
        route.destination_ipv6_cidr_block(),
        route.destination_prefix_list_id(),
    ]
    .into_iter()
    .flatten()
    .any(|live| live == destination || wanted.is_ok() && block(live) == wanted)
}

/// The properties of a route. One whose target is gone has none, so that it shows as changed.
fn properties(table: &str, route: &LiveRoute) -> Props {
    let destination = Props {
        destination_cidr_block: route.destination_cidr_block.clone(),
        destination_ipv6_cidr_block: route.destination_ipv6_cidr_block.clone(),
        destination_prefix_list_id: route.destination_prefix_list_id.clone(),
        route_table_id: Some(table.to_owned()),
        ..Props::default()
    };
    if route.state() == Some(&RouteState::Blackhole) {
        return destination;
    }
    Props {
        carrier_gateway_id: route.carrier_gateway_id.clone(),
        core_network_arn: route.core_network_arn.clone(),
        egress_only_internet_gateway_id: route.egress_only_internet_gateway_id.clone(),
        gateway_id: route.gateway_id.clone(),
        instance_id: route.instance_id.clone(),
        local_gateway_id: route.local_gateway_id.clone(),
        nat_gateway_id: route.nat_gateway_id.clone(),
        network_interface_id: route.network_interface_id.clone(),
        transit_gateway_id: route.transit_gateway_id.clone(),
        // AWS tells an endpoint as a gateway.
        vpc_endpoint_id: route.gateway_id.clone().filter(|id| id.starts_with("vpce-")),
        vpc_peering_connection_id: route.vpc_peering_connection_id.clone(),
        ..destination
    }
}

impl Resource for Route {
    const TYPE: &'static str = "AWS::EC2::Route";
    const ALONE: Option<&'static [&'static str]> = Some(&[
        "RouteTableId",
        "DestinationCidrBlock",
        "DestinationIpv6CidrBlock",
        "DestinationPrefixListId",
    ]);
    const READ_BATCH: usize = 200;
    const LOCK: Option<Lock> = Some(Lock::Property("RouteTableId"));
    const RULES: &'static [(&'static str, Rule)] =
        &[("DestinationCidrBlock", Rule::Cidr), ("DestinationIpv6CidrBlock", Rule::Cidr)];

    type Props = Props;

    /// CloudFormation may have made up a name for it.
    fn identify(text: &str, props: &Props) -> PhysicalId {
        match (&props.route_table_id, props.destination()) {
            (Some(table), Some(destination)) if !text.contains('|') => {
                PhysicalId::join(&[table, destination])
            }
            _ => PhysicalId::new(text),
        }
    }

    fn classify(code: &str, message: &str) -> Option<FaultKind> {
        match code {
            _ if message.contains("There is no route defined") => Some(FaultKind::NotFound),
            // The target was made a moment ago.
            "InvalidParameterException" => Some(FaultKind::Propagating),
            _ => None,
        }
    }

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let keys = known.iter().filter_map(|one| key(one.id));
        let tables = ec2_route_table::describe(aws, keys.map(|(id, _)| id.to_owned()).collect());
        let tables = tables.await?;
        let mut live = BTreeMap::new();
        for one in known {
            let Some((id, destination)) = key(one.id) else { continue };
            let table = tables.iter().find(|table| table.route_table_id() == Some(id));
            let mut routes = table.map(RouteTable::routes).unwrap_or_default().iter();
            if let Some(route) = routes.find(|route| is_for(route, destination)) {
                live.insert(
                    one.id.clone(),
                    Live {
                        properties: properties(id, route),
                        attributes: attributes(destination),
                        status: Status::Ready,
                    },
                );
            }
        }
        Ok(live)
    }

    async fn create(self, aws: &Aws, props: &Props, _mark: &Mark) -> Result<Created, Fault> {
        const ACTION: &str = "ec2:CreateRoute";
        let table = props.route_table_id.as_deref().unwrap_or_default();
        let destination =
            props.destination().ok_or_else(|| Fault::invalid(ACTION, "it has no destination"))?;
        aws.call(ACTION, || whole_route!(aws.ec2().create_route(), props).send()).await?;
        Ok(Created::ready(PhysicalId::join(&[table, destination]), attributes(destination)))
    }

    async fn update(
        self,
        aws: &Aws,
        _id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        if from != to {
            aws.call("ec2:ReplaceRoute", || whole_route!(aws.ec2().replace_route(), to).send())
                .await?;
        }
        Ok(Progress::Done)
    }

    async fn delete(self, aws: &Aws, _id: &PhysicalId, props: &Props) -> Result<(), Fault> {
        aws.call("ec2:DeleteRoute", || {
            aws.ec2()
                .delete_route()
                .set_route_table_id(props.route_table_id.clone())
                .set_destination_cidr_block(props.destination_cidr_block.clone())
                .set_destination_ipv6_cidr_block(props.destination_ipv6_cidr_block.clone())
                .set_destination_prefix_list_id(props.destination_prefix_list_id.clone())
                .send()
        })
        .await?;
        Ok(())
    }

    /// A route to the same target is what the create would have made, whoever made it; one to
    /// another target is not.
    async fn find(self, aws: &Aws, props: &Props, _mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let (Some(id), Some(destination)) = (&props.route_table_id, props.destination()) else {
            return Ok(Vec::new());
        };
        let tables = ec2_route_table::describe(aws, [id.clone()].into()).await?;
        let found = tables
            .iter()
            .flat_map(RouteTable::routes)
            .filter(|route| route.origin() == Some(&RouteOrigin::CreateRoute))
            .filter(|route| is_for(route, destination))
            .any(|route| props.is_target_of(&properties(id, route)));
        Ok(if found { vec![PhysicalId::join(&[id, destination])] } else { Vec::new() })
    }
}

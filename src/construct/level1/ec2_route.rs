// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::EC2::Route`.

use crate::construct::typed::{builder, resource};

resource! {
    /// `AWS::EC2::Route`.
    CfnRoute CfnRouteBuilder "AWS::EC2::Route"
    required {
        #[doc = "A change replaces the resource."]
        RouteTableId route_table_id: String;
    }
    optional {
        CarrierGatewayId carrier_gateway_id: String;
        CoreNetworkArn core_network_arn: String;
        #[doc = "A change replaces the resource."]
        DestinationCidrBlock destination_cidr_block: String;
        #[doc = "A change replaces the resource."]
        DestinationIpv6CidrBlock destination_ipv6_cidr_block: String;
        #[doc = "A change replaces the resource."]
        DestinationPrefixListId destination_prefix_list_id: String;
        EgressOnlyInternetGatewayId egress_only_internet_gateway_id: String;
        GatewayId gateway_id: String;
        InstanceId instance_id: String;
        LocalGatewayId local_gateway_id: String;
        NatGatewayId nat_gateway_id: String;
        NetworkInterfaceId network_interface_id: String;
        TransitGatewayId transit_gateway_id: String;
        VpcEndpointId vpc_endpoint_id: String;
        VpcPeeringConnectionId vpc_peering_connection_id: String;
    }
    attributes {
        "CidrBlock" attr_cidr_block: String;
    }
}

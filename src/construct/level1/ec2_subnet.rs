// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::EC2::Subnet`.

use crate::construct::typed::{builder, property, resource};

resource! {
    /// `AWS::EC2::Subnet`.
    CfnSubnet CfnSubnetBuilder "AWS::EC2::Subnet"
    required {
        #[doc = "A change replaces the resource."]
        VpcId vpc_id: String;
    }
    optional {
        AssignIpv6AddressOnCreation assign_ipv6_address_on_creation: bool;
        #[doc = "A change replaces the resource."]
        AvailabilityZone availability_zone: String;
        #[doc = "A change replaces the resource."]
        AvailabilityZoneId availability_zone_id: String;
        #[doc = "A change replaces the resource."]
        CidrBlock cidr_block: String;
        EnableDns64 enable_dns64: bool;
        EnableLniAtDeviceIndex enable_lni_at_device_index: i64;
        #[doc = "A change replaces the resource."]
        Ipv4IpamPoolId ipv4_ipam_pool_id: String;
        #[doc = "A change replaces the resource."]
        Ipv4NetmaskLength ipv4_netmask_length: i64;
        Ipv6CidrBlock ipv6_cidr_block: String;
        #[doc = "A change replaces the resource."]
        Ipv6IpamPoolId ipv6_ipam_pool_id: String;
        #[doc = "A change replaces the resource."]
        Ipv6Native ipv6_native: bool;
        #[doc = "A change replaces the resource."]
        Ipv6NetmaskLength ipv6_netmask_length: i64;
        MapPublicIpOnLaunch map_public_ip_on_launch: bool;
        #[doc = "A change replaces the resource."]
        OutpostArn outpost_arn: String;
        PrivateDnsNameOptionsOnLaunch private_dns_name_options_on_launch: PrivateDnsNameOptionsOnLaunch;
        Tags tags: Vec<Tag>;
    }
    attributes {
        "AssignIpv6AddressOnCreation" attr_assign_ipv6_address_on_creation: bool;
        "AvailabilityZone" attr_availability_zone: String;
        "AvailabilityZoneId" attr_availability_zone_id: String;
        "BlockPublicAccessStates.InternetGatewayBlockMode" attr_block_public_access_states_internet_gateway_block_mode: String;
        "CidrBlock" attr_cidr_block: String;
        "EnableDns64" attr_enable_dns64: bool;
        "EnableLniAtDeviceIndex" attr_enable_lni_at_device_index: i64;
        "Ipv4IpamPoolId" attr_ipv4_ipam_pool_id: String;
        "Ipv4NetmaskLength" attr_ipv4_netmask_length: i64;
        "Ipv6CidrBlock" attr_ipv6_cidr_block: String;
        "Ipv6CidrBlocks" attr_ipv6_cidr_blocks: Vec<String>;
        "Ipv6IpamPoolId" attr_ipv6_ipam_pool_id: String;
        "Ipv6Native" attr_ipv6_native: bool;
        "Ipv6NetmaskLength" attr_ipv6_netmask_length: i64;
        "MapPublicIpOnLaunch" attr_map_public_ip_on_launch: bool;
        "NetworkAclAssociationId" attr_network_acl_association_id: String;
        "OutpostArn" attr_outpost_arn: String;
        "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord" attr_private_dns_name_options_on_launch_enable_resource_name_dns_aaaa_record: bool;
        "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord" attr_private_dns_name_options_on_launch_enable_resource_name_dns_a_record: bool;
        "PrivateDnsNameOptionsOnLaunch.HostnameType" attr_private_dns_name_options_on_launch_hostname_type: String;
        "SubnetId" attr_subnet_id: String;
        "Tags" attr_tags: Vec<String>;
        "VpcId" attr_vpc_id: String;
    }
}

property! {
    /// `PrivateDnsNameOptionsOnLaunch` of `AWS::EC2::Subnet`.
    PrivateDnsNameOptionsOnLaunch PrivateDnsNameOptionsOnLaunchBuilder
    required {}
    optional {
        EnableResourceNameDnsAAAARecord enable_resource_name_dns_aaaa_record: bool;
        EnableResourceNameDnsARecord enable_resource_name_dns_a_record: bool;
        HostnameType hostname_type: String;
    }
}

property! {
    /// `Tags[]` of `AWS::EC2::Subnet`.
    Tag TagBuilder
    required {
        Key key: String;
        Value value: String;
    }
    optional {}
}

// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::EC2::VPC`.

use crate::construct::typed::{builder, choice, property, resource};

resource! {
    /// `AWS::EC2::VPC`.
    CfnVPC CfnVPCBuilder "AWS::EC2::VPC"
    required {}
    optional {
        #[doc = "A change replaces the resource."]
        CidrBlock cidr_block: String;
        EnableDnsHostnames enable_dns_hostnames: bool;
        EnableDnsSupport enable_dns_support: bool;
        InstanceTenancy instance_tenancy: InstanceTenancy;
        #[doc = "A change replaces the resource."]
        Ipv4IpamPoolId ipv4_ipam_pool_id: String;
        #[doc = "A change replaces the resource."]
        Ipv4NetmaskLength ipv4_netmask_length: i64;
        Tags tags: Vec<Tag>;
    }
    attributes {
        "CidrBlock" attr_cidr_block: String;
        "CidrBlockAssociations" attr_cidr_block_associations: Vec<String>;
        "DefaultNetworkAcl" attr_default_network_acl: String;
        "DefaultSecurityGroup" attr_default_security_group: String;
        "EnableDnsHostnames" attr_enable_dns_hostnames: bool;
        "EnableDnsSupport" attr_enable_dns_support: bool;
        "InstanceTenancy" attr_instance_tenancy: String;
        "Ipv4IpamPoolId" attr_ipv4_ipam_pool_id: String;
        "Ipv4NetmaskLength" attr_ipv4_netmask_length: i64;
        "Ipv6CidrBlocks" attr_ipv6_cidr_blocks: Vec<String>;
        "Tags" attr_tags: Vec<String>;
        "VpcId" attr_vpc_id: String;
    }
}

choice! {
    /// What `InstanceTenancy` may be.
    InstanceTenancy {
        Dedicated "dedicated";
        Default "default";
        Host "host";
    }
}

property! {
    /// `Tags[]` of `AWS::EC2::VPC`.
    Tag TagBuilder
    required {
        Key key: String;
        Value value: String;
    }
    optional {}
}

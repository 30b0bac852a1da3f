// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::EC2::SecurityGroupEgress`.

use crate::construct::typed::{builder, resource};

resource! {
    /// `AWS::EC2::SecurityGroupEgress`.
    CfnSecurityGroupEgress CfnSecurityGroupEgressBuilder "AWS::EC2::SecurityGroupEgress"
    required {
        #[doc = "A change replaces the resource."]
        GroupId group_id: String;
        #[doc = "A change replaces the resource."]
        IpProtocol ip_protocol: String;
    }
    optional {
        #[doc = "A change replaces the resource."]
        CidrIp cidr_ip: String;
        #[doc = "A change replaces the resource."]
        CidrIpv6 cidr_ipv6: String;
        Description description: String;
        #[doc = "A change replaces the resource."]
        DestinationPrefixListId destination_prefix_list_id: String;
        #[doc = "A change replaces the resource."]
        DestinationSecurityGroupId destination_security_group_id: String;
        #[doc = "A change replaces the resource."]
        FromPort from_port: i64;
        #[doc = "A change replaces the resource."]
        ToPort to_port: i64;
    }
    attributes {
        "Id" attr_id: String;
    }
}

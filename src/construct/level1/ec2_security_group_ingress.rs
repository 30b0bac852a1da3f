// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::EC2::SecurityGroupIngress`.

use crate::construct::typed::{builder, resource};

resource! {
    /// `AWS::EC2::SecurityGroupIngress`.
    CfnSecurityGroupIngress CfnSecurityGroupIngressBuilder "AWS::EC2::SecurityGroupIngress"
    required {
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
        FromPort from_port: i64;
        #[doc = "A change replaces the resource."]
        GroupId group_id: String;
        #[doc = "A change replaces the resource."]
        GroupName group_name: String;
        #[doc = "A change replaces the resource."]
        SourcePrefixListId source_prefix_list_id: String;
        #[doc = "A change replaces the resource."]
        SourceSecurityGroupId source_security_group_id: String;
        #[doc = "A change replaces the resource."]
        SourceSecurityGroupName source_security_group_name: String;
        #[doc = "A change replaces the resource."]
        SourceSecurityGroupOwnerId source_security_group_owner_id: String;
        #[doc = "A change replaces the resource."]
        ToPort to_port: i64;
    }
    attributes {
        "Id" attr_id: String;
    }
}

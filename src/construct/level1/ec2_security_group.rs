// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::EC2::SecurityGroup`.

use crate::construct::typed::{builder, property, resource};

resource! {
    /// `AWS::EC2::SecurityGroup`.
    CfnSecurityGroup CfnSecurityGroupBuilder "AWS::EC2::SecurityGroup"
    required {
        #[doc = "A change replaces the resource."]
        GroupDescription group_description: String;
    }
    optional {
        #[doc = "A change replaces the resource."]
        GroupName group_name: String;
        SecurityGroupEgress security_group_egress: Vec<SecurityGroupEgress>;
        SecurityGroupIngress security_group_ingress: Vec<SecurityGroupIngress>;
        Tags tags: Vec<Tag>;
        #[doc = "A change replaces the resource."]
        VpcId vpc_id: String;
    }
    attributes {
        "GroupDescription" attr_group_description: String;
        "GroupId" attr_group_id: String;
        "GroupName" attr_group_name: String;
        "Id" attr_id: String;
        "SecurityGroupEgress" attr_security_group_egress: Vec<String>;
        "SecurityGroupIngress" attr_security_group_ingress: Vec<String>;
        "Tags" attr_tags: Vec<String>;
        "VpcId" attr_vpc_id: String;
    }
}

property! {
    /// `SecurityGroupEgress[]` of `AWS::EC2::SecurityGroup`.
    SecurityGroupEgress SecurityGroupEgressBuilder
    required {
        IpProtocol ip_protocol: String;
    }
    optional {
        CidrIp cidr_ip: String;
        CidrIpv6 cidr_ipv6: String;
        Description description: String;
        DestinationPrefixListId destination_prefix_list_id: String;
        DestinationSecurityGroupId destination_security_group_id: String;
        FromPort from_port: i64;
        ToPort to_port: i64;
    }
}

property! {
    /// `SecurityGroupIngress[]` of `AWS::EC2::SecurityGroup`.
    SecurityGroupIngress SecurityGroupIngressBuilder
    required {
        IpProtocol ip_protocol: String;
    }
    optional {
        CidrIp cidr_ip: String;
        CidrIpv6 cidr_ipv6: String;
        Description description: String;
        FromPort from_port: i64;
        SourcePrefixListId source_prefix_list_id: String;
        SourceSecurityGroupId source_security_group_id: String;
        SourceSecurityGroupName source_security_group_name: String;
        SourceSecurityGroupOwnerId source_security_group_owner_id: String;
        ToPort to_port: i64;
    }
}

property! {
    /// `Tags[]` of `AWS::EC2::SecurityGroup`.
    Tag TagBuilder
    required {
        Key key: String;
        Value value: String;
    }
    optional {}
}

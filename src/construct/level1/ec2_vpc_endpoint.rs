// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::EC2::VPCEndpoint`.

use serde_json::Value as Json;

use crate::construct::typed::{builder, choice, property, resource};

resource! {
    /// `AWS::EC2::VPCEndpoint`.
    CfnVPCEndpoint CfnVPCEndpointBuilder "AWS::EC2::VPCEndpoint"
    required {
        #[doc = "A change replaces the resource."]
        VpcId vpc_id: String;
    }
    optional {
        DnsOptions dns_options: DnsOptions;
        IpAddressType ip_address_type: IpAddressType;
        PolicyDocument policy_document: Json;
        PrivateDnsEnabled private_dns_enabled: bool;
        #[doc = "A change replaces the resource."]
        ResourceConfigurationArn resource_configuration_arn: String;
        RouteTableIds route_table_ids: Vec<String>;
        SecurityGroupIds security_group_ids: Vec<String>;
        #[doc = "A change replaces the resource."]
        ServiceName service_name: String;
        #[doc = "A change replaces the resource."]
        ServiceNetworkArn service_network_arn: String;
        #[doc = "A change replaces the resource."]
        ServiceRegion service_region: String;
        SubnetIds subnet_ids: Vec<String>;
        Tags tags: Vec<Tag>;
        #[doc = "A change replaces the resource."]
        VpcEndpointType vpc_endpoint_type: VpcEndpointType;
    }
    attributes {
        "CreationTimestamp" attr_creation_timestamp: String;
        "DnsEntries" attr_dns_entries: Vec<String>;
        "Id" attr_id: String;
        "NetworkInterfaceIds" attr_network_interface_ids: Vec<String>;
    }
}

property! {
    /// `DnsOptions` of `AWS::EC2::VPCEndpoint`.
    DnsOptions DnsOptionsBuilder
    required {}
    optional {
        DnsRecordIpType dns_record_ip_type: DnsRecordIpType;
        PrivateDnsOnlyForInboundResolverEndpoint private_dns_only_for_inbound_resolver_endpoint: PrivateDnsOnlyForInboundResolverEndpoint;
        #[doc = "A change replaces the resource."]
        PrivateDnsPreference private_dns_preference: PrivateDnsPreference;
        #[doc = "A change replaces the resource."]
        PrivateDnsSpecifiedDomains private_dns_specified_domains: Vec<String>;
    }
}

choice! {
    /// What `DnsOptions.DnsRecordIpType` may be.
    DnsRecordIpType {
        Ipv4 "ipv4";
        Ipv6 "ipv6";
        Dualstack "dualstack";
        ServiceDefined "service-defined";
        NotSpecified "not-specified";
    }
}

choice! {
    /// What `DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint` may be.
    PrivateDnsOnlyForInboundResolverEndpoint {
        OnlyInboundResolver "OnlyInboundResolver";
        AllResolvers "AllResolvers";
        NotSpecified "NotSpecified";
    }
}

choice! {
    /// What `DnsOptions.PrivateDnsPreference` may be.
    PrivateDnsPreference {
        VerifiedDomainsOnly "VERIFIED_DOMAINS_ONLY";
        AllDomains "ALL_DOMAINS";
        VerifiedDomainsAndSpecifiedDomains "VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS";
        SpecifiedDomainsOnly "SPECIFIED_DOMAINS_ONLY";
    }
}

choice! {
    /// What `IpAddressType` may be.
    IpAddressType {
        Ipv4 "ipv4";
        Ipv6 "ipv6";
        Dualstack "dualstack";
        NotSpecified "not-specified";
    }
}

property! {
    /// `Tags[]` of `AWS::EC2::VPCEndpoint`.
    Tag TagBuilder
    required {
        Key key: String;
        Value value: String;
    }
    optional {}
}

choice! {
    /// What `VpcEndpointType` may be.
    VpcEndpointType {
        Interface "Interface";
        Gateway "Gateway";
        GatewayLoadBalancer "GatewayLoadBalancer";
        ServiceNetwork "ServiceNetwork";
        Resource "Resource";
    }
}

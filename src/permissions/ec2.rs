//! What the types of EC2 need. Reads know no narrower resource than everything.

use super::need::{CREATE, DELETE, Kind, Need, READ, UPDATE, WRITE, need, tagged};

const ALL: &[&str] = &["*"];
const RULES: &[&str] = &["security-group/{id}", "security-group-rule/*"];
const GROUP: &[&str] = &["security-group/{GroupId}", "security-group-rule/*"];

const fn tag(resources: &'static [&'static str]) -> Need {
    need(UPDATE, "ec2:CreateTags", resources).with(&["Tags"])
}

const fn untag(resources: &'static [&'static str]) -> Need {
    need(UPDATE, "ec2:DeleteTags", resources).with(&["Tags"])
}

pub const KINDS: &[Kind] = &[
    Kind {
        type_name: "AWS::EC2::VPC",
        arn: "vpc/{id}",
        needs: &[
            need(READ, "ec2:DescribeVpcs", ALL),
            need(READ, "ec2:DescribeSecurityGroups", ALL),
            need(READ, "ec2:DescribeNetworkAcls", ALL),
            need(READ, "ec2:DescribeVpcAttribute", ALL),
            need(CREATE, "ec2:CreateVpc", &["vpc/*"]),
            tagged("CreateVpc", &["vpc/*"]),
            need(WRITE, "ec2:ModifyVpcAttribute", &["vpc/{id}"])
                .with(&["EnableDnsHostnames", "EnableDnsSupport"])
                .marked(),
            need(UPDATE, "ec2:ModifyVpcTenancy", &["vpc/{id}"]).with(&["InstanceTenancy"]),
            tag(&["vpc/{id}"]),
            untag(&["vpc/{id}"]),
            need(DELETE, "ec2:DeleteVpc", &["vpc/{id}"]).marked(),
        ],
    },
    Kind {
        type_name: "AWS::EC2::Subnet",
        arn: "subnet/{id}",
        needs: &[
            need(READ, "ec2:DescribeSubnets", ALL),
            need(READ, "ec2:DescribeNetworkAcls", ALL),
            need(CREATE, "ec2:CreateSubnet", &["subnet/*", "vpc/{VpcId}"]),
            tagged("CreateSubnet", &["subnet/*"]),
            need(WRITE, "ec2:ModifySubnetAttribute", &["subnet/{id}"])
                .with(&[
                    "AssignIpv6AddressOnCreation",
                    "EnableDns64",
                    "EnableLniAtDeviceIndex",
                    "MapPublicIpOnLaunch",
                    "PrivateDnsNameOptionsOnLaunch",
                ])
                .marked(),
            need(UPDATE, "ec2:AssociateSubnetCidrBlock", &["subnet/{id}"]).with(&["Ipv6CidrBlock"]),
            need(UPDATE, "ec2:DisassociateSubnetCidrBlock", &["subnet/{id}"])
                .with(&["Ipv6CidrBlock"]),
            tag(&["subnet/{id}"]),
            untag(&["subnet/{id}"]),
            need(DELETE, "ec2:DeleteSubnet", &["subnet/{id}"]).marked(),
            need(DELETE, "ec2:DescribeNetworkInterfaces", ALL),
            need(DELETE, "ec2:DeleteNetworkInterface", &["network-interface/*"]),
        ],
    },
    Kind {
        type_name: "AWS::EC2::RouteTable",
        arn: "route-table/{id}",
        needs: &[
            need(READ, "ec2:DescribeRouteTables", ALL),
            need(CREATE, "ec2:CreateRouteTable", &["route-table/*", "vpc/{VpcId}"]),
            tagged("CreateRouteTable", &["route-table/*"]),
            tag(&["route-table/{id}"]),
            untag(&["route-table/{id}"]),
            need(DELETE, "ec2:DeleteRouteTable", &["route-table/{id}"]).marked(),
        ],
    },
    Kind {
        type_name: "AWS::EC2::Route",
        arn: "route-table/{RouteTableId}",
        needs: &[
            need(READ, "ec2:DescribeRouteTables", ALL),
            need(CREATE, "ec2:CreateRoute", &["route-table/{RouteTableId}"]),
            need(UPDATE, "ec2:ReplaceRoute", &["route-table/{RouteTableId}"]),
            need(DELETE, "ec2:DeleteRoute", &["route-table/{RouteTableId}"]),
        ],
    },
    Kind {
        type_name: "AWS::EC2::SubnetRouteTableAssociation",
        arn: "route-table/{RouteTableId}",
        needs: &[
            need(READ, "ec2:DescribeRouteTables", ALL),
            need(
                CREATE,
                "ec2:AssociateRouteTable",
                &["route-table/{RouteTableId}", "subnet/{SubnetId}"],
            ),
            need(
                DELETE,
                "ec2:DisassociateRouteTable",
                &["route-table/{RouteTableId}", "subnet/{SubnetId}"],
            ),
        ],
    },
    Kind {
        type_name: "AWS::EC2::SecurityGroup",
        arn: "security-group/{id}",
        needs: &[
            need(READ, "ec2:DescribeSecurityGroups", ALL),
            need(READ, "ec2:DescribeSecurityGroupRules", ALL),
            need(CREATE, "ec2:DescribeVpcs", ALL),
            need(CREATE, "ec2:CreateSecurityGroup", &["security-group/*", "vpc/{VpcId}"]),
            tagged("CreateSecurityGroup", &["security-group/*"]),
            need(WRITE, "ec2:AuthorizeSecurityGroupIngress", RULES).with(&["SecurityGroupIngress"]),
            need(WRITE, "ec2:AuthorizeSecurityGroupEgress", RULES).with(&["SecurityGroupEgress"]),
            // A new group lets everything out, which what is declared takes the place of.
            need(WRITE, "ec2:RevokeSecurityGroupEgress", RULES).with(&["SecurityGroupEgress"]),
            need(UPDATE, "ec2:RevokeSecurityGroupIngress", RULES).with(&["SecurityGroupIngress"]),
            need(WRITE, "ec2:ModifySecurityGroupRules", RULES)
                .with(&["SecurityGroupIngress", "SecurityGroupEgress"]),
            tag(&["security-group/{id}"]),
            untag(&["security-group/{id}"]),
            need(DELETE, "ec2:DeleteSecurityGroup", &["security-group/{id}"]).marked(),
            need(DELETE, "ec2:DescribeNetworkInterfaces", ALL),
            need(DELETE, "ec2:DeleteNetworkInterface", &["network-interface/*"]),
        ],
    },
    Kind {
        type_name: "AWS::EC2::SecurityGroupIngress",
        arn: "security-group/{GroupId}",
        needs: &[
            need(READ, "ec2:DescribeSecurityGroups", ALL),
            need(READ, "ec2:DescribeSecurityGroupRules", ALL),
            need(CREATE, "ec2:AuthorizeSecurityGroupIngress", GROUP),
            tagged("AuthorizeSecurityGroupIngress", &["security-group-rule/*"]),
            // Only a move changes the tags of one that is there.
            tag(&["security-group-rule/{id}"]),
            need(UPDATE, "ec2:ModifySecurityGroupRules", GROUP),
            need(DELETE, "ec2:RevokeSecurityGroupIngress", GROUP),
        ],
    },
    Kind {
        type_name: "AWS::EC2::SecurityGroupEgress",
        arn: "security-group/{GroupId}",
        needs: &[
            need(READ, "ec2:DescribeSecurityGroups", ALL),
            need(READ, "ec2:DescribeSecurityGroupRules", ALL),
            need(CREATE, "ec2:AuthorizeSecurityGroupEgress", GROUP),
            tagged("AuthorizeSecurityGroupEgress", &["security-group-rule/*"]),
            // Only a move changes the tags of one that is there.
            tag(&["security-group-rule/{id}"]),
            need(UPDATE, "ec2:ModifySecurityGroupRules", GROUP),
            need(DELETE, "ec2:RevokeSecurityGroupEgress", GROUP),
        ],
    },
    Kind {
        type_name: "AWS::EC2::VPCEndpoint",
        arn: "vpc-endpoint/{id}",
        needs: &[
            need(READ, "ec2:DescribeVpcEndpoints", ALL),
            need(
                CREATE,
                "ec2:CreateVpcEndpoint",
                &[
                    "vpc-endpoint/*",
                    "vpc/{VpcId}",
                    "subnet/{SubnetIds}",
                    "security-group/{SecurityGroupIds}",
                    "route-table/{RouteTableIds}",
                ],
            ),
            tagged("CreateVpcEndpoint", &["vpc-endpoint/*"]),
            need(WRITE, "route53:AssociateVPCWithHostedZone", ALL).with(&["PrivateDnsEnabled"]),
            need(UPDATE, "ec2:DescribeSecurityGroups", ALL).with(&["SecurityGroupIds"]),
            need(
                UPDATE,
                "ec2:ModifyVpcEndpoint",
                &[
                    "vpc-endpoint/{id}",
                    "subnet/{SubnetIds}",
                    "security-group/{SecurityGroupIds}",
                    "route-table/{RouteTableIds}",
                ],
            ),
            tag(&["vpc-endpoint/{id}"]),
            untag(&["vpc-endpoint/{id}"]),
            need(DELETE, "ec2:DeleteVpcEndpoints", &["vpc-endpoint/{id}"]).marked(),
        ],
    },
];

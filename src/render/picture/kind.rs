//! Which part of a picture a resource is, by its type: people draw a network in one way, what
//! calls what in another, and leave the rest out.

use crate::sketch::{Link, Part};

/// What a resource is in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Vpc,
    Subnet,
    /// Belongs to a VPC and stands in no subnet of it: groups, tables, gateways.
    Border,
    /// Takes part in calls, or stands in subnets.
    Actor,
    /// Is needed, and no part of what is drawn.
    Quiet,
}

/// Services whose resources nobody draws.
const QUIET_SERVICES: &[&str] = &[
    "ApplicationAutoScaling",
    "Backup",
    "Budgets",
    "CDK",
    "CertificateManager",
    "CloudFormation",
    "CloudTrail",
    "CloudWatch",
    "CodeBuild",
    "Config",
    "ECR",
    "GuardDuty",
    "IAM",
    "Inspector",
    "KMS",
    "Logs",
    "ResourceGroups",
    "SSM",
    "SecretsManager",
    "SecurityHub",
    "ServiceDiscovery",
    "Synthetics",
    "XRay",
];

/// Types of other services that nobody draws either.
const QUIET_TYPES: &[&str] = &[
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::ClientCertificate",
    "AWS::ECS::Cluster",
    "AWS::ECS::TaskDefinition",
    "AWS::EC2::KeyPair",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::PlacementGroup",
    "AWS::ElastiCache::ParameterGroup",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::Lambda::LayerVersion",
    "AWS::RDS::DBClusterParameterGroup",
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::RDS::OptionGroup",
    "AWS::Redshift::ClusterSubnetGroup",
];

/// What of EC2 is neither machine nor network card.
const BORDERS: &[&str] = &[
    "CarrierGateway",
    "CustomerGateway",
    "DHCPOptions",
    "EgressOnlyInternetGateway",
    "FlowLog",
    "InternetGateway",
    "NetworkAcl",
    "PrefixList",
    "RouteTable",
    "SecurityGroup",
    "TransitGatewayAttachment",
    "TransitGatewayVpcAttachment",
    "VPCPeeringConnection",
    "VPNConnection",
    "VPNGateway",
];

pub fn kind(type_name: &str) -> Kind {
    let (service, name) = parts(type_name);
    match (service, name) {
        ("EC2", "VPC") => Kind::Vpc,
        ("EC2", "Subnet") => Kind::Subnet,
        ("EC2", name) if BORDERS.contains(&name) => Kind::Border,
        _ if QUIET_TYPES.contains(&type_name) || QUIET_SERVICES.contains(&service) => Kind::Quiet,
        _ => Kind::Actor,
    }
}

/// `AWS::Lambda::Function` as its service and its name; of others, the last two words.
pub fn parts(type_name: &str) -> (&str, &str) {
    let (rest, name) = type_name.rsplit_once("::").unwrap_or(("", type_name));
    (rest.rsplit("::").next().unwrap_or_default(), name)
}

/// A type without what all have: `Lambda::Function`.
pub fn short(type_name: &str) -> &str {
    type_name.strip_prefix("AWS::").unwrap_or(type_name)
}

/// For EC2 the owner is not told by a property's name: nearly everything names a VPC.
const EC2_OWNERS: &[(&str, &str)] = &[
    ("NetworkAclEntry", "NetworkAclId"),
    ("Route", "RouteTableId"),
    ("SecurityGroupEgress", "GroupId"),
    ("SecurityGroupIngress", "GroupId"),
    ("SubnetCidrBlock", "SubnetId"),
    ("SubnetNetworkAclAssociation", "NetworkAclId"),
    ("SubnetRouteTableAssociation", "RouteTableId"),
    ("VPCCidrBlock", "VpcId"),
    ("VPCDHCPOptionsAssociation", "DhcpOptionsId"),
    ("VPCGatewayAttachment", "InternetGatewayId"),
    ("VPCGatewayAttachment", "VpnGatewayId"),
    ("VolumeAttachment", "InstanceId"),
];

/// Types that are drawn with what names them, rather than the other way round.
const OWNED_BY_REFERRER: &[(&str, &str)] = &[
    ("AWS::ApiGateway::ApiKey", "AWS::ApiGateway::UsagePlanKey"),
    ("AWS::EC2::EIP", "AWS::EC2::NatGateway"),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::ElasticLoadBalancingV2::Listener"),
    ("AWS::CloudFront::OriginAccessControl", "AWS::CloudFront::Distribution"),
    ("AWS::CloudFront::CloudFrontOriginAccessIdentity", "AWS::CloudFront::Distribution"),
];

pub fn is_owned_by_referrer(type_name: &str, referrer: &str) -> bool {
    OWNED_BY_REFERRER.contains(&(type_name, referrer))
}

/// The link that leads to what a resource is a part of: a method to its API, a rule to its group.
pub fn owner<'p>(part: &'p Part, type_of: &dyn Fn(&Link) -> Option<&'p str>) -> Option<&'p Link> {
    let (service, name) = parts(part.type_name.as_str());
    if service == "EC2" {
        let of = |(owned, _): &&(&str, &str)| *owned == name;
        let mut paths = EC2_OWNERS.iter().filter(of).map(|(_, path)| *path);
        return paths.find_map(|path| part.links.iter().find(|link| link.path == path));
    }
    let named = |link: &&Link| {
        let Some(type_name) = type_of(link) else { return false };
        let (other_service, other) = parts(type_name);
        other_service == service
            && other != name
            && !is_owned_by_referrer(type_name, part.type_name.as_str())
            && names(&link.path, other)
    };
    let top_level = |link: &&Link| !link.path.contains('.');
    let mut links = part.links.iter().filter(top_level).filter(named);
    links.next().or_else(|| part.links.iter().find(named))
}

/// Whether a property is called after a type: `RestApiId` and `ApiId` after `RestApi`.
fn names(path: &str, type_name: &str) -> bool {
    let property = path.rsplit('.').next().unwrap_or_default();
    let stem = ["Identifier", "Id", "Arn", "Name", "s"]
        .iter()
        .find_map(|end| property.strip_suffix(end))
        .unwrap_or(property);
    !stem.is_empty() && (type_name.ends_with(stem) || stem.ends_with(type_name))
}

/// Properties that name who calls, and not who is called.
const CALLERS: &[&str] = &["EventSourceArn", "SourceArn", "TargetGroupARNs", "TargetGroupArn"];

pub fn is_caller(path: &str) -> bool {
    CALLERS.contains(&path.rsplit('.').next().unwrap_or_default())
}

/// What everybody may call who knows the address.
pub fn is_entry(part: &Part) -> bool {
    match part.type_name.as_str() {
        "AWS::ApiGateway::RestApi"
        | "AWS::ApiGatewayV2::Api"
        | "AWS::AppSync::GraphQLApi"
        | "AWS::CloudFront::Distribution"
        | "AWS::Lambda::Url" => true,
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
            part.says.get("Scheme").is_none_or(|scheme| scheme == "internet-facing")
        }
        _ => false,
    }
}

/// Whether an endpoint's service is that of a type: `…bedrock-agent-runtime` of Bedrock's agents.
pub fn is_served_by(type_name: &str, endpoint_service: &str) -> bool {
    let (service, _) = parts(type_name);
    let name = endpoint_service.rsplit('.').next().unwrap_or_default();
    let known = match service {
        "ApiGateway" | "ApiGatewayV2" => "execute-api",
        "StepFunctions" => "states",
        "Bedrock" => "bedrock",
        other => return name.eq_ignore_ascii_case(other),
    };
    name.starts_with(known)
}

/// What a picture says of a resource besides its name.
pub fn note(part: &Part) -> String {
    let say = |name: &str| part.says.get(name).map(String::as_str);
    let (_, name) = parts(part.type_name.as_str());
    let text = match name {
        "VPC" | "Subnet" => say("CidrBlock").map(str::to_owned),
        "Method" => say("HttpMethod").map(str::to_owned),
        "Resource" => say("PathPart").map(|path| format!("/{path}")),
        "Route" if say("RouteKey").is_some() => say("RouteKey").map(str::to_owned),
        "Route" => say("DestinationCidrBlock").map(str::to_owned),
        "VPCEndpoint" => say("ServiceName")
            .map(|name| name.split('.').skip(3).collect::<Vec<_>>().join("."))
            .filter(|name| !name.is_empty()),
        "SecurityGroupIngress" => traffic(part, "in"),
        "SecurityGroupEgress" => traffic(part, "out"),
        "Function" => say("Runtime").map(str::to_owned),
        "Instance" => say("InstanceType").map(str::to_owned),
        "Subscription" | "Listener" => say("Protocol").map(str::to_owned),
        "DBInstance" | "DBCluster" => say("Engine").map(str::to_owned),
        "Permission" => say("Principal").map(|text| text.replace(".amazonaws.com", "")),
        "Rule" | "Schedule" => say("ScheduleExpression").map(str::to_owned),
        _ => None,
    };
    text.unwrap_or_default()
}

fn traffic(part: &Part, way: &str) -> Option<String> {
    let say = |name: &str| part.says.get(name).map(String::as_str);
    let protocol = match say("IpProtocol")? {
        "-1" => "all",
        other => other,
    };
    let ports = match (say("FromPort"), say("ToPort")) {
        (Some(from), Some(to)) if from == to => format!(" {from}"),
        (Some(from), Some(to)) => format!(" {from}-{to}"),
        _ => String::new(),
    };
    let other = say("CidrIp").or(say("CidrIpv6")).unwrap_or_default();
    let of_group = part.links.iter().find(|link| link.path.ends_with("SecurityGroupId"));
    let own = part.links.iter().find(|link| link.path == "GroupId");
    let other = match (of_group, own) {
        (Some(group), Some(own)) if group.to == own.to => "↺ itself",
        (Some(group), _) => group.to.as_str(),
        _ => other,
    };
    Some(format!("{way} {protocol}{ports} {other}").trim_end().to_owned())
}

/// `us-east-1a` as `zone a`: the region is that of the whole stack.
pub fn zone(name: &str) -> String {
    let letter = name.chars().last().filter(char::is_ascii_lowercase);
    let is_usual = name.split('-').count() == 3
        && name.chars().rev().nth(1).is_some_and(|one| one.is_ascii_digit());
    match letter {
        Some(letter) if is_usual => format!("zone {letter}"),
        _ => name.to_owned(),
    }
}

/// Resources of EC2 that say something of subnets and stand in none.
pub fn is_part_of_subnets(name: &str) -> bool {
    EC2_OWNERS.iter().any(|(owned, _)| *owned == name)
}

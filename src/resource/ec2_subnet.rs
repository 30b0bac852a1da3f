//! `AWS::EC2::Subnet`: a part of a VPC in one zone.
//!
//! AWS creates a bare subnet; everything about how it is used is an attribute, and one call sets
//! one of them. The ACL it is associated with takes an extra call to read and is only an attribute,
//! so a refresh, which compares properties, leaves it out.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::operation::modify_subnet_attribute::builders::ModifySubnetAttributeFluentBuilder;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, BlockPublicAccessMode, Filter, HostnameType, NetworkAcl, ResourceType,
    Subnet as LiveSubnet, SubnetCidrBlockStateCode, SubnetIpv6CidrBlockAssociation, SubnetState,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::tags::Tag;
use super::{
    Completion, Created, Known, Live, Mark, Progress, Repeat, Resource, Rule, Status, Verdict,
};
use super::{ec2_lambda_interfaces, ec2_tags};
use crate::aws::{Aws, Fault};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct Subnet;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    assign_ipv6_address_on_creation: Option<bool>,
    availability_zone: Option<String>,
    availability_zone_id: Option<String>,
    cidr_block: Option<String>,
    enable_dns64: Option<bool>,
    enable_lni_at_device_index: Option<i32>,
    ipv4_ipam_pool_id: Option<String>,
    ipv4_netmask_length: Option<i32>,
    ipv6_cidr_block: Option<String>,
    ipv6_ipam_pool_id: Option<String>,
    ipv6_native: Option<bool>,
    ipv6_netmask_length: Option<i32>,
    map_public_ip_on_launch: Option<bool>,
    outpost_arn: Option<String>,
    private_dns_name_options_on_launch: Option<PrivateDnsNameOptions>,
    tags: Option<Vec<Tag>>,
    vpc_id: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct PrivateDnsNameOptions {
    #[serde(rename = "EnableResourceNameDnsAAAARecord")]
    enable_resource_name_dns_aaaa_record: Option<bool>,
    #[serde(rename = "EnableResourceNameDnsARecord")]
    enable_resource_name_dns_a_record: Option<bool>,
    hostname_type: Option<String>,
}

/// What one `ModifySubnetAttribute` sets.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Setting {
    AssignIpv6Address(bool),
    Dns64(bool),
    PublicIp(bool),
    HostnameType(HostnameType),
    ARecord(bool),
    AaaaRecord(bool),
    LniDeviceIndex(Option<i32>),
}

/// All settings of a subnet, with AWS's own for what is not declared.
fn settings(props: &Props) -> [Setting; 7] {
    let is_ipv6_only = props.ipv6_native == Some(true);
    let hostname_type =
        if is_ipv6_only { HostnameType::ResourceName } else { HostnameType::IpName };
    let names = props.private_dns_name_options_on_launch.clone().unwrap_or_default();
    [
        Setting::AssignIpv6Address(props.assign_ipv6_address_on_creation.unwrap_or(is_ipv6_only)),
        Setting::Dns64(props.enable_dns64.unwrap_or(false)),
        Setting::PublicIp(props.map_public_ip_on_launch.unwrap_or(false)),
        Setting::HostnameType(
            names.hostname_type.as_deref().map_or(hostname_type, HostnameType::from),
        ),
        Setting::ARecord(names.enable_resource_name_dns_a_record.unwrap_or(false)),
        Setting::AaaaRecord(names.enable_resource_name_dns_aaaa_record.unwrap_or(false)),
        Setting::LniDeviceIndex(props.enable_lni_at_device_index),
    ]
}

/// What has to be set to get from one to the other.
fn changes(from: &Props, to: &Props) -> Vec<Setting> {
    let pairs = settings(from).into_iter().zip(settings(to));
    pairs.filter(|(from, to)| from != to).map(|(_, to)| to).collect()
}

impl Setting {
    /// Whether it must be off before the subnet can lose its IPv6 block.
    fn releases_ipv6(&self) -> bool {
        matches!(self, Self::AssignIpv6Address(false) | Self::Dns64(false))
    }

    fn put_into(
        &self,
        request: ModifySubnetAttributeFluentBuilder,
    ) -> ModifySubnetAttributeFluentBuilder {
        let boolean = |value: bool| AttributeBooleanValue::builder().value(value).build();
        match self {
            Self::AssignIpv6Address(on) => request.assign_ipv6_address_on_creation(boolean(*on)),
            Self::Dns64(on) => request.enable_dns64(boolean(*on)),
            Self::PublicIp(on) => request.map_public_ip_on_launch(boolean(*on)),
            Self::HostnameType(kind) => request.private_dns_hostname_type_on_launch(kind.clone()),
            Self::ARecord(on) => request.enable_resource_name_dns_a_record_on_launch(boolean(*on)),
            Self::AaaaRecord(on) => {
                request.enable_resource_name_dns_aaaa_record_on_launch(boolean(*on))
            }
            Self::LniDeviceIndex(Some(index)) => request.enable_lni_at_device_index(*index),
            Self::LniDeviceIndex(None) => request.disable_lni_at_device_index(boolean(true)),
        }
    }
}

async fn set(aws: &Aws, id: &PhysicalId, settings: &[Setting]) -> Result<(), Fault> {
    for setting in settings {
        aws.call("ec2:ModifySubnetAttribute", || {
            let request = aws.ec2().modify_subnet_attribute().subnet_id(id.as_str());
            setting.put_into(request).send()
        })
        .await?;
    }
    Ok(())
}

async fn describe(aws: &Aws, filter: Filter) -> Result<Vec<LiveSubnet>, Fault> {
    let filter = &filter;
    ec2_tags::pages(|next| async move {
        let page = aws
            .call("ec2:DescribeSubnets", || {
                let request = aws.ec2().describe_subnets().filters(filter.clone());
                request.set_next_token(next.clone()).send()
            })
            .await?;
        Ok((page.subnets, page.next_token))
    })
    .await
}

/// Adds the attribute that only an extra call tells to those of the subnets that are ready.
async fn add_acl_associations(
    aws: &Aws,
    subnets: &mut BTreeMap<PhysicalId, Live<Props>>,
) -> Result<(), Fault> {
    let ready = subnets.iter().filter(|(_, subnet)| subnet.status == Status::Ready);
    let ready: Vec<_> = ready.map(|(id, _)| id.as_str().to_owned()).collect();
    if ready.is_empty() {
        return Ok(());
    }
    let ready = &ready;
    let acls = ec2_tags::pages(|next| async move {
        let page = aws
            .call("ec2:DescribeNetworkAcls", || {
                aws.ec2()
                    .describe_network_acls()
                    .filters(ec2_tags::filter("association.subnet-id", ready.clone()))
                    .set_next_token(next.clone())
                    .send()
            })
            .await?;
        Ok((page.network_acls, page.next_token))
    })
    .await?;
    for association in acls.iter().flat_map(NetworkAcl::associations) {
        let subnet = association.subnet_id().and_then(|id| subnets.get_mut(id));
        if let (Some(subnet), Some(id)) = (subnet, association.network_acl_association_id()) {
            subnet.attributes.insert("NetworkAclAssociationId".to_owned(), id.into());
        }
    }
    Ok(())
}

/// The IPv6 blocks that are there or on their way in.
fn ipv6_associations(subnet: &LiveSubnet) -> impl Iterator<Item = &SubnetIpv6CidrBlockAssociation> {
    subnet.ipv6_cidr_block_association_set().iter().filter(|one| {
        matches!(
            state(one),
            None | Some(
                SubnetCidrBlockStateCode::Associated | SubnetCidrBlockStateCode::Associating
            )
        )
    })
}

fn state(association: &SubnetIpv6CidrBlockAssociation) -> Option<&SubnetCidrBlockStateCode> {
    association.ipv6_cidr_block_state().and_then(|state| state.state())
}

fn live(subnet: &LiveSubnet) -> Live<Props> {
    let names = subnet.private_dns_name_options_on_launch().map(|names| PrivateDnsNameOptions {
        enable_resource_name_dns_aaaa_record: names.enable_resource_name_dns_aaaa_record(),
        enable_resource_name_dns_a_record: names.enable_resource_name_dns_a_record(),
        hostname_type: names.hostname_type().map(|kind| kind.as_str().to_owned()),
    });
    Live {
        properties: Props {
            assign_ipv6_address_on_creation: subnet.assign_ipv6_address_on_creation(),
            availability_zone: subnet.availability_zone.clone(),
            availability_zone_id: subnet.availability_zone_id.clone(),
            cidr_block: subnet.cidr_block.clone(),
            enable_dns64: subnet.enable_dns64(),
            enable_lni_at_device_index: subnet.enable_lni_at_device_index(),
            ipv6_cidr_block: ipv6_associations(subnet)
                .find_map(|one| one.ipv6_cidr_block().map(str::to_owned)),
            ipv6_native: subnet.ipv6_native(),
            map_public_ip_on_launch: subnet.map_public_ip_on_launch(),
            outpost_arn: subnet.outpost_arn.clone(),
            private_dns_name_options_on_launch: names,
            tags: ec2_tags::declared(subnet.tags()),
            vpc_id: subnet.vpc_id.clone(),
            ..Props::default()
        },
        attributes: attributes(subnet),
        status: status(subnet),
    }
}

/// What the subnet itself tells; see [`add_acl_associations`] for the other one.
fn attributes(subnet: &LiveSubnet) -> Attributes {
    let ipv6_blocks: Vec<Json> =
        ipv6_associations(subnet).filter_map(|one| one.ipv6_cidr_block().map(Json::from)).collect();
    let block_mode = subnet
        .block_public_access_states()
        .and_then(|states| states.internet_gateway_block_mode())
        .map(BlockPublicAccessMode::as_str);
    let mut attributes = Attributes::from_iter([("Ipv6CidrBlocks".to_owned(), ipv6_blocks.into())]);
    for (name, value) in [
        ("AvailabilityZone", subnet.availability_zone()),
        ("AvailabilityZoneId", subnet.availability_zone_id()),
        ("BlockPublicAccessStates.InternetGatewayBlockMode", block_mode),
        ("CidrBlock", subnet.cidr_block()),
        ("OutpostArn", subnet.outpost_arn()),
        ("SubnetId", subnet.subnet_id()),
        ("VpcId", subnet.vpc_id()),
    ] {
        if let Some(value) = value {
            attributes.insert(name.to_owned(), value.into());
        }
    }
    attributes
}

/// Ready only with its IPv6 block: until then IPv6 attributes are refused.
fn status(subnet: &LiveSubnet) -> Status {
    let id = subnet.subnet_id().unwrap_or_default();
    match subnet.state() {
        Some(SubnetState::Available) => {}
        Some(state @ (SubnetState::Failed | SubnetState::FailedInsufficientCapacity)) => {
            return Status::Failed(state.as_str().to_owned());
        }
        Some(state) => return Status::Pending(format!("subnet {id} is {}", state.as_str())),
        None => return Status::Pending(format!("subnet {id} has no state yet")),
    }
    let block = |wanted: &[SubnetCidrBlockStateCode]| {
        let associations = subnet.ipv6_cidr_block_association_set().iter();
        associations
            .filter(|one| state(one).is_some_and(|state| wanted.contains(state)))
            .find_map(|one| one.ipv6_cidr_block_state())
    };
    if let Some(failed) =
        block(&[SubnetCidrBlockStateCode::Failed, SubnetCidrBlockStateCode::Failing])
    {
        let why = failed.status_message().unwrap_or("no reason given");
        return Status::Failed(format!("its IPv6 block could not be associated: {why}"));
    }
    match block(&[SubnetCidrBlockStateCode::Associating]) {
        Some(_) => Status::Pending(format!("subnet {id} is associating its IPv6 block")),
        None => Status::Ready,
    }
}

async fn associate_ipv6(aws: &Aws, id: &PhysicalId, block: &str) -> Result<(), Fault> {
    aws.call("ec2:AssociateSubnetCidrBlock", || {
        let request = aws.ec2().associate_subnet_cidr_block().subnet_id(id.as_str());
        request.ipv6_cidr_block(block).send()
    })
    .await?;
    Ok(())
}

async fn disassociate_ipv6(aws: &Aws, id: &PhysicalId) -> Result<(), Fault> {
    let subnets = describe(aws, ec2_tags::filter("subnet-id", [id.as_str().to_owned()])).await?;
    let subnet = subnets
        .into_iter()
        .find(|subnet| subnet.subnet_id() == Some(id.as_str()))
        .ok_or_else(|| Fault::not_found("ec2:DescribeSubnets", id))?;
    for association in ipv6_associations(&subnet) {
        aws.call("ec2:DisassociateSubnetCidrBlock", || {
            aws.ec2()
                .disassociate_subnet_cidr_block()
                .set_association_id(association.association_id.clone())
                .send()
        })
        .await?;
    }
    Ok(())
}

impl Resource for Subnet {
    const TYPE: &'static str = "AWS::EC2::Subnet";
    /// Where AWS allots the block, it allots another.
    const REPEAT: Repeat = Repeat::Another;
    const COMPLETION: Completion = Completion::Calls;
    const READ_BATCH: usize = 200;
    /// As long as Lambda may hold on to its interfaces.
    const DELETE_PATIENCE: Duration = Duration::from_mins(45);
    const RULES: &'static [(&'static str, Rule)] = &[
        ("AssignIpv6AddressOnCreation", Rule::Default("false")),
        ("CidrBlock", Rule::Cidr),
        ("EnableDns64", Rule::Default("false")),
        ("Ipv6CidrBlock", Rule::Cidr),
        ("Ipv6Native", Rule::Default("false")),
        ("MapPublicIpOnLaunch", Rule::Default("false")),
        ("PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord", Rule::Default("false")),
        ("PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord", Rule::Default("false")),
        ("PrivateDnsNameOptionsOnLaunch.HostnameType", Rule::Default("\"ip-name\"")),
        ("Tags", Rule::Set),
    ];

    const OCCUPIES: &'static [&'static str] = &["VpcId", "CidrBlock"];

    type Props = Props;

    /// An IPv6 block can be given and taken, but not exchanged.
    fn replaces(_path: &str, from: &Json, to: &Json) -> Verdict {
        if from.is_null() || to.is_null() { Verdict::InPlace } else { Verdict::Replace }
    }

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let ids = known.iter().map(|one| one.id.as_str().to_owned());
        let subnets = describe(aws, ec2_tags::filter("subnet-id", ids)).await?;
        let mut subnets: BTreeMap<_, _> = subnets
            .iter()
            .filter_map(|subnet| Some((PhysicalId::new(subnet.subnet_id()?), live(subnet))))
            .filter(|(id, _)| known.iter().any(|one| one.id == id))
            .collect();
        if !aws.is_refresh() {
            add_acl_associations(aws, &mut subnets).await?;
        }
        Ok(subnets)
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        let answer = aws
            .call("ec2:CreateSubnet", || {
                aws.ec2()
                    .create_subnet()
                    .set_vpc_id(props.vpc_id.clone())
                    .set_availability_zone(props.availability_zone.clone())
                    .set_availability_zone_id(props.availability_zone_id.clone())
                    .set_cidr_block(props.cidr_block.clone())
                    .set_ipv4_ipam_pool_id(props.ipv4_ipam_pool_id.clone())
                    .set_ipv4_netmask_length(props.ipv4_netmask_length)
                    .set_ipv6_cidr_block(props.ipv6_cidr_block.clone())
                    .set_ipv6_ipam_pool_id(props.ipv6_ipam_pool_id.clone())
                    .set_ipv6_native(props.ipv6_native)
                    .set_ipv6_netmask_length(props.ipv6_netmask_length)
                    .set_outpost_arn(props.outpost_arn.clone())
                    .tag_specifications(ec2_tags::specification(
                        ResourceType::Subnet,
                        props.tags.as_deref(),
                        mark,
                    ))
                    .send()
            })
            .await?;
        let id = answer
            .subnet
            .and_then(|subnet| subnet.subnet_id)
            .ok_or_else(|| Fault::malformed("ec2:CreateSubnet", "subnet id"))?;
        Ok(Created::pending(PhysicalId::new(id)))
    }

    async fn complete(
        self,
        aws: &Aws,
        id: &PhysicalId,
        props: &Props,
        _mark: &Mark,
    ) -> Result<Progress, Fault> {
        let new = Props { ipv6_native: props.ipv6_native, ..Props::default() };
        set(aws, id, &changes(&new, props)).await?;
        Ok(Progress::Done)
    }

    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        ec2_tags::change(aws, id.as_str(), from.tags.as_deref(), to.tags.as_deref()).await?;
        let (releasing, others): (Vec<_>, Vec<_>) =
            changes(from, to).into_iter().partition(Setting::releases_ipv6);
        set(aws, id, &releasing).await?;
        match (&from.ipv6_cidr_block, &to.ipv6_cidr_block) {
            (None, Some(block)) => {
                associate_ipv6(aws, id, block).await?;
                return Ok(if others.is_empty() { Progress::Settle } else { Progress::Again });
            }
            (Some(_), None) => disassociate_ipv6(aws, id).await?,
            _ => {}
        }
        set(aws, id, &others).await?;
        Ok(Progress::Done)
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, _props: &Props) -> Result<(), Fault> {
        let deleted = aws
            .call("ec2:DeleteSubnet", || aws.ec2().delete_subnet().subnet_id(id.as_str()).send())
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(fault) => {
                Err(ec2_lambda_interfaces::explain(aws, fault, "subnet-id", id.as_str()).await)
            }
        }
    }

    async fn find(self, aws: &Aws, _props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let subnets = describe(aws, ec2_tags::token_filter(mark)).await?;
        Ok(subnets
            .into_iter()
            .filter(|subnet| ec2_tags::carries(subnet.tags(), mark))
            .filter_map(|subnet| subnet.subnet_id.map(PhysicalId::new))
            .collect())
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        _props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let all = describe(aws, ec2_tags::stack_filter(stack)).await?;
        let live = all.iter();
        Ok(Some(live.filter_map(|one| ec2_tags::mark(one.tags(), stack)).collect()))
    }
}

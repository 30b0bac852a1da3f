//! `AWS::EC2::VPC`: a network of its own.
//!
//! AWS tells its DNS attributes in one call each, and its default group and ACL in one more each,
//! so a read asks only for what its reader can use. A refresh compares properties: it asks for the
//! DNS attributes the template sets. Any other read is for attributes: it asks for the group and
//! the ACL, which never change, so that what a refresh leaves out stays as it was.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    AttributeBooleanValue, Filter, ResourceType, Tenancy, Vpc as LiveVpc, VpcAttributeName,
    VpcCidrBlockStateCode, VpcState, VpcTenancy,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::ec2_tags;
use super::tags::Tag;
use super::{
    Completion, Created, Known, Live, Mark, Progress, Repeat, Resource, Rule, Status, Verdict,
};
use crate::aws::{Aws, Fault, FaultKind};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct Vpc;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    cidr_block: Option<String>,
    enable_dns_hostnames: Option<bool>,
    enable_dns_support: Option<bool>,
    instance_tenancy: Option<String>,
    ipv4_ipam_pool_id: Option<String>,
    ipv4_netmask_length: Option<i32>,
    tags: Option<Vec<Tag>>,
}

/// How AWS names the group every VPC has from the start.
const DEFAULT_GROUP: &str = "default";

/// The DNS attributes of a VPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dns {
    support: bool,
    hostnames: bool,
}

impl Dns {
    /// What AWS gives a new VPC.
    const DEFAULT: Self = Self { support: true, hostnames: false };

    fn of(props: &Props) -> Self {
        Self {
            support: props.enable_dns_support.unwrap_or(Self::DEFAULT.support),
            hostnames: props.enable_dns_hostnames.unwrap_or(Self::DEFAULT.hostnames),
        }
    }

    /// The settings that lead to `to`, in an order AWS accepts: there are no hostnames without
    /// support.
    fn steps(self, to: Self) -> Vec<(VpcAttributeName, bool)> {
        let support = (self.support != to.support)
            .then_some((VpcAttributeName::EnableDnsSupport, to.support));
        let hostnames = (self.hostnames != to.hostnames)
            .then_some((VpcAttributeName::EnableDnsHostnames, to.hostnames));
        let order = if to.hostnames { [support, hostnames] } else { [hostnames, support] };
        order.into_iter().flatten().collect()
    }
}

async fn set_dns(aws: &Aws, id: &PhysicalId, from: Dns, to: Dns) -> Result<(), Fault> {
    for (attribute, value) in from.steps(to) {
        aws.call("ec2:ModifyVpcAttribute", || {
            let request = aws.ec2().modify_vpc_attribute().vpc_id(id.as_str());
            let value = AttributeBooleanValue::builder().value(value).build();
            match attribute {
                VpcAttributeName::EnableDnsSupport => request.enable_dns_support(value),
                _ => request.enable_dns_hostnames(value),
            }
            .send()
        })
        .await?;
    }
    Ok(())
}

async fn describe(aws: &Aws, filter: Filter) -> Result<Vec<LiveVpc>, Fault> {
    let filter = &filter;
    ec2_tags::pages(|next| async move {
        let page = aws
            .call("ec2:DescribeVpcs", || {
                let request = aws.ec2().describe_vpcs().filters(filter.clone());
                request.set_next_token(next.clone()).send()
            })
            .await?;
        Ok((page.vpcs, page.next_token))
    })
    .await
}

async fn dns_attribute(
    aws: &Aws,
    id: &PhysicalId,
    attribute: VpcAttributeName,
) -> Result<Option<bool>, Fault> {
    let answer = aws
        .call("ec2:DescribeVpcAttribute", || {
            aws.ec2()
                .describe_vpc_attribute()
                .vpc_id(id.as_str())
                .attribute(attribute.clone())
                .send()
        })
        .await?;
    let value = match attribute {
        VpcAttributeName::EnableDnsSupport => answer.enable_dns_support,
        _ => answer.enable_dns_hostnames,
    };
    Ok(value.and_then(|value| value.value))
}

/// The default groups of these VPCs, by VPC.
async fn default_groups(aws: &Aws, vpcs: &[String]) -> Result<BTreeMap<String, String>, Fault> {
    let groups = ec2_tags::pages(|next| async move {
        let page = aws
            .call("ec2:DescribeSecurityGroups", || {
                aws.ec2()
                    .describe_security_groups()
                    .filters(ec2_tags::filter("vpc-id", vpcs.to_vec()))
                    .filters(ec2_tags::filter("group-name", [DEFAULT_GROUP.to_owned()]))
                    .set_next_token(next.clone())
                    .send()
            })
            .await?;
        Ok((page.security_groups, page.next_token))
    })
    .await?;
    let default = groups.into_iter().filter(|group| group.group_name() == Some(DEFAULT_GROUP));
    Ok(default.filter_map(|group| group.vpc_id.zip(group.group_id)).collect())
}

/// The default ACLs of these VPCs, by VPC.
async fn default_acls(aws: &Aws, vpcs: &[String]) -> Result<BTreeMap<String, String>, Fault> {
    let acls = ec2_tags::pages(|next| async move {
        let page = aws
            .call("ec2:DescribeNetworkAcls", || {
                aws.ec2()
                    .describe_network_acls()
                    .filters(ec2_tags::filter("vpc-id", vpcs.to_vec()))
                    .filters(ec2_tags::filter("default", ["true".to_owned()]))
                    .set_next_token(next.clone())
                    .send()
            })
            .await?;
        Ok((page.network_acls, page.next_token))
    })
    .await?;
    let default = acls.into_iter().filter(|acl| acl.is_default() == Some(true));
    Ok(default.filter_map(|acl| acl.vpc_id.zip(acl.network_acl_id)).collect())
}

/// Adds the attributes that only an extra call tells to those of the VPCs that are there to stay.
async fn add_defaults(
    aws: &Aws,
    vpcs: &mut BTreeMap<PhysicalId, Live<Props>>,
) -> Result<(), Fault> {
    let ready = vpcs.iter().filter(|(_, vpc)| vpc.status == Status::Ready);
    let ready: Vec<_> = ready.map(|(id, _)| id.as_str().to_owned()).collect();
    if ready.is_empty() {
        return Ok(());
    }
    let (groups, acls) = tokio::try_join!(default_groups(aws, &ready), default_acls(aws, &ready))?;
    for (name, ids) in [("DefaultSecurityGroup", groups), ("DefaultNetworkAcl", acls)] {
        for (vpc, id) in ids {
            if let Some(vpc) = vpcs.get_mut(vpc.as_str()) {
                vpc.attributes.insert(name.to_owned(), id.into());
            }
        }
    }
    Ok(())
}

/// Adds the DNS attributes that are declared; a VPC that has just gone is taken out.
async fn add_dns(
    aws: &Aws,
    known: &[Known<'_, Props>],
    vpcs: &mut BTreeMap<PhysicalId, Live<Props>>,
) -> Result<(), Fault> {
    for one in known {
        let Some(vpc) = vpcs.get_mut(one.id) else { continue };
        let read = async |declared: Option<bool>, attribute| match declared {
            Some(_) => dns_attribute(aws, one.id, attribute).await,
            None => Ok(None),
        };
        let answer = tokio::try_join!(
            read(one.properties.enable_dns_support, VpcAttributeName::EnableDnsSupport),
            read(one.properties.enable_dns_hostnames, VpcAttributeName::EnableDnsHostnames),
        );
        match answer {
            Ok((support, hostnames)) => {
                vpc.properties.enable_dns_support = support;
                vpc.properties.enable_dns_hostnames = hostnames;
            }
            Err(fault) if fault.is(FaultKind::NotFound) => {
                vpcs.remove(one.id);
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(())
}

fn live(vpc: &LiveVpc) -> Live<Props> {
    let id = vpc.vpc_id().unwrap_or_default();
    Live {
        properties: Props {
            cidr_block: vpc.cidr_block.clone(),
            instance_tenancy: vpc.instance_tenancy().map(|tenancy| tenancy.as_str().to_owned()),
            tags: ec2_tags::declared(vpc.tags()),
            ..Props::default()
        },
        attributes: attributes(vpc),
        status: match vpc.state() {
            Some(VpcState::Available) => Status::Ready,
            Some(VpcState::Deleting) => Status::Deleting(format!("{id} is deleting")),
            Some(state) => Status::Pending(format!("{id} is {}", state.as_str())),
            None => Status::Pending(format!("{id} has no state yet")),
        },
    }
}

/// What the VPC itself tells; see [`add_defaults`] for the others.
fn attributes(vpc: &LiveVpc) -> Attributes {
    let associations = vpc.cidr_block_association_set().iter();
    let associations: Vec<Json> = associations
        .filter(|one| {
            let state = one.cidr_block_state().and_then(|state| state.state());
            state != Some(&VpcCidrBlockStateCode::Disassociated)
        })
        .filter_map(|one| one.association_id().map(Json::from))
        .collect();
    let ipv6_associations = vpc.ipv6_cidr_block_association_set().iter();
    let ipv6_blocks: Vec<Json> = ipv6_associations
        .filter(|one| {
            let state = one.ipv6_cidr_block_state().and_then(|state| state.state());
            state != Some(&VpcCidrBlockStateCode::Disassociated)
        })
        .filter_map(|one| one.ipv6_cidr_block().map(Json::from))
        .collect();
    Attributes::from_iter([
        ("VpcId".to_owned(), vpc.vpc_id().into()),
        ("CidrBlock".to_owned(), vpc.cidr_block().into()),
        ("CidrBlockAssociations".to_owned(), associations.into()),
        ("Ipv6CidrBlocks".to_owned(), ipv6_blocks.into()),
    ])
}

impl Resource for Vpc {
    const TYPE: &'static str = "AWS::EC2::VPC";
    const REPEAT: Repeat = Repeat::Another;
    const COMPLETION: Completion = Completion::Calls;
    const READ_BATCH: usize = 200;
    const RULES: &'static [(&'static str, Rule)] = &[
        ("CidrBlock", Rule::Cidr),
        ("EnableDnsHostnames", Rule::Default("false")),
        ("EnableDnsSupport", Rule::Default("true")),
        ("InstanceTenancy", Rule::Default("\"default\"")),
    ];

    type Props = Props;

    /// A VPC can be freed of dedicated tenancy, and nothing else.
    fn replaces(_path: &str, from: &Json, to: &Json) -> Verdict {
        let freed = to.is_null() || to.as_str() == Some(VpcTenancy::Default.as_str());
        if from.as_str() == Some(Tenancy::Dedicated.as_str()) && freed {
            Verdict::InPlace
        } else {
            Verdict::Replace
        }
    }

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let ids = known.iter().map(|one| one.id.as_str().to_owned());
        let vpcs = describe(aws, ec2_tags::filter("vpc-id", ids)).await?;
        let mut vpcs: BTreeMap<_, _> = vpcs
            .iter()
            .filter_map(|vpc| Some((PhysicalId::new(vpc.vpc_id()?), live(vpc))))
            .filter(|(id, _)| known.iter().any(|one| one.id == id))
            .collect();
        if aws.is_refresh() {
            add_dns(aws, known, &mut vpcs).await?;
        } else {
            add_defaults(aws, &mut vpcs).await?;
        }
        Ok(vpcs)
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        let answer = aws
            .call("ec2:CreateVpc", || {
                aws.ec2()
                    .create_vpc()
                    .set_cidr_block(props.cidr_block.clone())
                    .set_instance_tenancy(props.instance_tenancy.as_deref().map(Tenancy::from))
                    .set_ipv4_ipam_pool_id(props.ipv4_ipam_pool_id.clone())
                    .set_ipv4_netmask_length(props.ipv4_netmask_length)
                    .tag_specifications(ec2_tags::specification(
                        ResourceType::Vpc,
                        props.tags.as_deref(),
                        mark,
                    ))
                    .send()
            })
            .await?;
        let id = answer
            .vpc
            .and_then(|vpc| vpc.vpc_id)
            .ok_or_else(|| Fault::malformed("ec2:CreateVpc", "VPC id"))?;
        Ok(Created::pending(PhysicalId::new(id)))
    }

    async fn complete(
        self,
        aws: &Aws,
        id: &PhysicalId,
        props: &Props,
        _mark: &Mark,
    ) -> Result<Progress, Fault> {
        set_dns(aws, id, Dns::DEFAULT, Dns::of(props)).await?;
        Ok(Progress::Done)
    }

    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        if from.instance_tenancy.as_deref() == Some(Tenancy::Dedicated.as_str())
            && to.instance_tenancy != from.instance_tenancy
        {
            aws.call("ec2:ModifyVpcTenancy", || {
                aws.ec2()
                    .modify_vpc_tenancy()
                    .vpc_id(id.as_str())
                    .instance_tenancy(VpcTenancy::Default)
                    .send()
            })
            .await?;
        }
        set_dns(aws, id, Dns::of(from), Dns::of(to)).await?;
        ec2_tags::change(aws, id.as_str(), from.tags.as_deref(), to.tags.as_deref()).await?;
        Ok(Progress::Done)
    }

    /// Takes the default group, ACL and route table with it.
    async fn delete(self, aws: &Aws, id: &PhysicalId, _props: &Props) -> Result<(), Fault> {
        aws.call("ec2:DeleteVpc", || aws.ec2().delete_vpc().vpc_id(id.as_str()).send()).await?;
        Ok(())
    }

    async fn find(self, aws: &Aws, _props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let vpcs = describe(aws, ec2_tags::token_filter(mark)).await?;
        Ok(vpcs
            .into_iter()
            .filter(|vpc| ec2_tags::carries(vpc.tags(), mark) && vpc.is_default() != Some(true))
            .filter_map(|vpc| vpc.vpc_id.map(PhysicalId::new))
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

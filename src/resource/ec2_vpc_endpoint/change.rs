//! What one `ModifyVpcEndpoint` changes. What is no longer declared is reset to what AWS would have
//! given.

use aws_sdk_ec2::operation::modify_vpc_endpoint::builders::ModifyVpcEndpointFluentBuilder;
use aws_sdk_ec2::types::{
    DnsOptionsSpecification, DnsRecordIpType, IpAddressType, VpcEndpointType,
};

use super::super::ec2_tags;
use super::{DEFAULT_ADDRESSES, Props};
use crate::aws::{Aws, Fault};

#[derive(Debug, Default, PartialEq)]
pub struct Change {
    route_tables: ListChange,
    subnets: ListChange,
    security_groups: ListChange,
    policy: Option<PolicyChange>,
    private_dns: Option<bool>,
    addresses: Option<IpAddressType>,
    dns_options: Option<DnsOptionsSpecification>,
}

#[derive(Debug, PartialEq)]
enum PolicyChange {
    Set(String),
    Reset,
}

#[derive(Debug, Default, PartialEq)]
struct ListChange {
    add: Option<Vec<String>>,
    remove: Option<Vec<String>>,
}

impl Change {
    /// May have to ask for the VPC's default group.
    pub async fn between(aws: &Aws, from: &Props, to: &Props) -> Result<Self, Fault> {
        let private_dns = to.private_dns().unwrap_or_default();
        let changes_dns = from.private_dns().unwrap_or_default() != private_dns;
        let default = IpAddressType::from(DEFAULT_ADDRESSES);
        let addresses = to.addresses().unwrap_or(default.clone());
        Ok(Self {
            route_tables: ListChange::between(
                from.route_table_ids.as_ref(),
                to.route_table_ids.as_ref(),
            ),
            subnets: ListChange::between(from.subnet_ids.as_ref(), to.subnet_ids.as_ref()),
            security_groups: security_groups(aws, from, to).await?,
            policy: policy(from, to),
            private_dns: changes_dns.then_some(private_dns),
            addresses: (from.addresses().unwrap_or(default) != addresses).then_some(addresses),
            dns_options: dns_options(from, to, changes_dns && private_dns),
        })
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn put_into(
        &self,
        request: ModifyVpcEndpointFluentBuilder,
    ) -> ModifyVpcEndpointFluentBuilder {
        let request = request
            .set_add_route_table_ids(self.route_tables.add.clone())
            .set_remove_route_table_ids(self.route_tables.remove.clone())
            .set_add_subnet_ids(self.subnets.add.clone())
            .set_remove_subnet_ids(self.subnets.remove.clone())
            .set_add_security_group_ids(self.security_groups.add.clone())
            .set_remove_security_group_ids(self.security_groups.remove.clone())
            .set_private_dns_enabled(self.private_dns)
            .set_ip_address_type(self.addresses.clone())
            .set_dns_options(self.dns_options.clone());
        match &self.policy {
            Some(PolicyChange::Set(document)) => request.policy_document(document),
            Some(PolicyChange::Reset) => request.reset_policy(true),
            None => request,
        }
    }
}

impl ListChange {
    fn between(from: Option<&Vec<String>>, to: Option<&Vec<String>>) -> Self {
        let [from, to] = [from, to].map(|ids| ids.map_or(&[][..], Vec::as_slice));
        let only_in = |these: &[String], those: &[String]| {
            let only: Vec<_> = these.iter().filter(|id| !those.contains(id)).cloned().collect();
            (!only.is_empty()).then_some(only)
        };
        Self { add: only_in(to, from), remove: only_in(from, to) }
    }
}

/// An interface endpoint that is given no groups is in the VPC's default one.
async fn security_groups(aws: &Aws, from: &Props, to: &Props) -> Result<ListChange, Fault> {
    let [old, new] = [from, to].map(|props| props.security_group_ids.as_ref());
    if old.is_some() == new.is_some() || !to.is_type(&VpcEndpointType::Interface) {
        return Ok(ListChange::between(old, new));
    }
    let default = default_group(aws, to.vpc_id.as_deref().unwrap_or_default()).await?;
    Ok(ListChange::between(old.or(Some(&default)), new.or(Some(&default))))
}

async fn default_group(aws: &Aws, vpc: &str) -> Result<Vec<String>, Fault> {
    const ACTION: &str = "ec2:DescribeSecurityGroups";
    const NAME: &str = "default";
    let answer = aws
        .call(ACTION, || {
            aws.ec2()
                .describe_security_groups()
                .filters(ec2_tags::filter("vpc-id", [vpc.to_owned()]))
                .filters(ec2_tags::filter("group-name", [NAME.to_owned()]))
                .send()
        })
        .await?;
    let group = answer
        .security_groups()
        .iter()
        .find(|group| group.vpc_id() == Some(vpc) && group.group_name() == Some(NAME))
        .and_then(|group| group.group_id())
        .ok_or_else(|| Fault::not_found(ACTION, format!("default group of {vpc}")))?;
    Ok(vec![group.to_owned()])
}

fn policy(from: &Props, to: &Props) -> Option<PolicyChange> {
    if from.policy_document == to.policy_document {
        return None;
    }
    Some(to.policy().map_or(PolicyChange::Reset, PolicyChange::Set))
}

/// The DNS options go along, as AWS wants it, when private DNS is switched on.
fn dns_options(from: &Props, to: &Props, switches_on: bool) -> Option<DnsOptionsSpecification> {
    if from.dns_options == to.dns_options && !switches_on {
        return None;
    }
    let [old, new] = [from, to].map(|props| props.dns_options.clone().unwrap_or_default());
    let default = || Some(DnsRecordIpType::from(DEFAULT_ADDRESSES));
    let record_type = new.record_type().or_else(|| old.record_type().and_then(|_| default()));
    let only_inbound = new.only_inbound().or_else(|| old.only_inbound().map(|_| false));
    (record_type.is_some() || only_inbound.is_some()).then(|| {
        DnsOptionsSpecification::builder()
            .set_dns_record_ip_type(record_type)
            .set_private_dns_only_for_inbound_resolver_endpoint(only_inbound)
            .build()
    })
}

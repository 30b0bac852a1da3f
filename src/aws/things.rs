//! What the account has of the things that rules ask about, with what they can be asked.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, Tag};

use super::{Aws, Fault};
use crate::template::{Named, Thing};

/// All pages of a list.
macro_rules! pages {
    ($aws:ident, $action:literal, $request:expr, $items:ident) => {{
        let mut all = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let send = || $request.set_next_token(next.clone()).send();
            let page = $aws.call($action, send).await?;
            all.extend(page.$items.unwrap_or_default());
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break all;
            }
        }
    }};
}

fn thing(name: Option<String>, facts: &[(&str, Option<String>)], tags: Option<Vec<Tag>>) -> Thing {
    let tags = tags.unwrap_or_default().into_iter();
    let tags = tags.filter_map(|tag| Some((format!("Tags.{}", tag.key?), tag.value?)));
    let facts = facts.iter().filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?)));
    Thing { name: name.unwrap_or_default(), attributes: facts.chain(tags).collect() }
}

impl Aws {
    /// All of a kind.
    ///
    /// # Errors
    ///
    /// When AWS does not tell, and for kinds of which there are too many to list.
    pub async fn things(&self, kind: Named) -> Result<Vec<Thing>, Fault> {
        let aws = self;
        let ec2 = self.ec2();
        let mut things: Vec<Thing> = match kind {
            Named::Zone => {
                self.zones().await?.into_iter().map(|zone| thing(Some(zone), &[], None)).collect()
            }
            Named::Vpc => return self.vpcs().await,
            Named::Subnet => pages!(aws, "ec2:DescribeSubnets", ec2.describe_subnets(), subnets)
                .into_iter()
                .map(|one| {
                    let facts =
                        [("AvailabilityZone", one.availability_zone), ("VpcId", one.vpc_id)];
                    thing(one.subnet_id, &facts, one.tags)
                })
                .collect(),
            Named::SecurityGroup | Named::SecurityGroupName => {
                let request = || ec2.describe_security_groups();
                let groups = pages!(aws, "ec2:DescribeSecurityGroups", request(), security_groups);
                let name = |id, name| if kind == Named::SecurityGroup { id } else { name };
                let groups = groups.into_iter();
                groups
                    .map(|one| {
                        let facts = [("VpcId", one.vpc_id)];
                        thing(name(one.group_id, one.group_name), &facts, one.tags)
                    })
                    .collect()
            }
            Named::Instance => {
                let request = || ec2.describe_instances();
                let all = pages!(aws, "ec2:DescribeInstances", request(), reservations);
                let instances = all.into_iter().flat_map(|one| one.instances.unwrap_or_default());
                instances.map(|one| thing(one.instance_id, &[], one.tags)).collect()
            }
            Named::Volume => pages!(aws, "ec2:DescribeVolumes", ec2.describe_volumes(), volumes)
                .into_iter()
                .map(|one| thing(one.volume_id, &[], one.tags))
                .collect(),
            Named::KeyPair => {
                let answer =
                    self.call("ec2:DescribeKeyPairs", || ec2.describe_key_pairs().send()).await?;
                let pairs = answer.key_pairs.unwrap_or_default().into_iter();
                pairs.map(|one| thing(one.key_name, &[], one.tags)).collect()
            }
            Named::Image | Named::HostedZone | Named::StoredParameter => {
                let message = format!("a rule cannot ask about every {}", kind.noun());
                return Err(Fault::invalid("the rules", message));
            }
        };
        things.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(things)
    }

    /// The VPCs, each with the group and the ACL it has from the start.
    async fn vpcs(&self) -> Result<Vec<Thing>, Fault> {
        let aws = self;
        let ec2 = self.ec2();
        let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
        let groups = || ec2.describe_security_groups().filters(filter("group-name", "default"));
        let groups = pages!(aws, "ec2:DescribeSecurityGroups", groups(), security_groups);
        let acls = || ec2.describe_network_acls().filters(filter("default", "true"));
        let acls = pages!(aws, "ec2:DescribeNetworkAcls", acls(), network_acls);
        let group_of: BTreeMap<_, _> =
            groups.into_iter().map(|one| (one.vpc_id, one.group_id)).collect();
        let acl_of: BTreeMap<_, _> =
            acls.into_iter().map(|one| (one.vpc_id, one.network_acl_id)).collect();
        let vpcs = pages!(aws, "ec2:DescribeVpcs", ec2.describe_vpcs(), vpcs).into_iter();
        let mut things: Vec<Thing> = vpcs
            .map(|one| {
                let facts = [
                    ("DefaultSecurityGroup", group_of.get(&one.vpc_id).cloned().flatten()),
                    ("DefaultNetworkAcl", acl_of.get(&one.vpc_id).cloned().flatten()),
                ];
                thing(one.vpc_id, &facts, one.tags)
            })
            .collect();
        things.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(things)
    }
}

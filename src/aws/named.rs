//! Whether what a parameter names is there: parameters of types like `AWS::EC2::VPC::Id`.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::Filter;

use super::{Aws, Fault, FaultKind};
use crate::template::Named;

/// The texts that an answer has.
fn some(texts: impl Iterator<Item = Option<String>>) -> BTreeSet<String> {
    texts.flatten().collect()
}

impl Aws {
    /// Which of these are there. Asked with filters where there are some: a filter that matches
    /// nothing is an answer, and not an error for all of them.
    ///
    /// # Errors
    ///
    /// When AWS does not tell.
    pub async fn existing(&self, kind: Named, names: &[String]) -> Result<BTreeSet<String>, Fault> {
        let filter =
            |name: &str| Filter::builder().name(name).set_values(Some(names.to_vec())).build();
        let ec2 = self.ec2();
        Ok(match kind {
            Named::Zone => self.zones().await?.into_iter().collect(),
            Named::Image => {
                let filter = filter("image-id");
                let send = || ec2.describe_images().filters(filter.clone()).send();
                let answer = self.call("ec2:DescribeImages", send).await?;
                some(answer.images.unwrap_or_default().into_iter().map(|one| one.image_id))
            }
            Named::Instance => {
                let filter = filter("instance-id");
                let send = || ec2.describe_instances().filters(filter.clone()).send();
                let answer = self.call("ec2:DescribeInstances", send).await?;
                let reservations = answer.reservations.unwrap_or_default().into_iter();
                some(
                    reservations
                        .flat_map(|one| one.instances.unwrap_or_default())
                        .map(|one| one.instance_id),
                )
            }
            Named::KeyPair => {
                let filter = filter("key-name");
                let send = || ec2.describe_key_pairs().filters(filter.clone()).send();
                let answer = self.call("ec2:DescribeKeyPairs", send).await?;
                some(answer.key_pairs.unwrap_or_default().into_iter().map(|one| one.key_name))
            }
            Named::SecurityGroupName | Named::SecurityGroup => {
                let by_id = kind == Named::SecurityGroup;
                let filter = filter(if by_id { "group-id" } else { "group-name" });
                let send = || ec2.describe_security_groups().filters(filter.clone()).send();
                let answer = self.call("ec2:DescribeSecurityGroups", send).await?;
                let groups = answer.security_groups.unwrap_or_default().into_iter();
                some(groups.map(|one| if by_id { one.group_id } else { one.group_name }))
            }
            Named::Subnet => {
                let filter = filter("subnet-id");
                let send = || ec2.describe_subnets().filters(filter.clone()).send();
                let answer = self.call("ec2:DescribeSubnets", send).await?;
                some(answer.subnets.unwrap_or_default().into_iter().map(|one| one.subnet_id))
            }
            Named::Volume => {
                let filter = filter("volume-id");
                let send = || ec2.describe_volumes().filters(filter.clone()).send();
                let answer = self.call("ec2:DescribeVolumes", send).await?;
                some(answer.volumes.unwrap_or_default().into_iter().map(|one| one.volume_id))
            }
            Named::Vpc => {
                let filter = filter("vpc-id");
                let send = || ec2.describe_vpcs().filters(filter.clone()).send();
                let answer = self.call("ec2:DescribeVpcs", send).await?;
                some(answer.vpcs.unwrap_or_default().into_iter().map(|one| one.vpc_id))
            }
            Named::HostedZone => self.existing_hosted_zones(names).await?,
            Named::StoredParameter => self.existing_parameters(names).await?,
        })
    }

    async fn existing_hosted_zones(&self, ids: &[String]) -> Result<BTreeSet<String>, Fault> {
        let mut existing = BTreeSet::new();
        for id in ids {
            let send = || self.route53().get_hosted_zone().id(id).send();
            match self.call("route53:GetHostedZone", send).await {
                Ok(_) => {
                    existing.insert(id.clone());
                }
                Err(fault) if fault.is(FaultKind::NotFound) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(existing)
    }

    async fn existing_parameters(&self, names: &[String]) -> Result<BTreeSet<String>, Fault> {
        const ACTION: &str = "ssm:GetParameters";
        let mut existing = BTreeSet::new();
        for batch in names.chunks(10) {
            let send = || self.ssm().get_parameters().set_names(Some(batch.to_vec())).send();
            let answer = self.call(ACTION, send).await?;
            let told = answer.parameters.unwrap_or_default().into_iter();
            existing.extend(some(told.flat_map(|one| [one.name, one.arn])));
        }
        Ok(existing)
    }
}

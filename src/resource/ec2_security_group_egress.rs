//! `AWS::EC2::SecurityGroupEgress`: one rule for what may go out of a group. See
//! [`super::ec2_rules`] for how rules are told apart and read.
//!
//! The rule AWS gives every new group, which lets everything out, stays beside it: only a list of
//! rules in the group itself replaces that one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ec2_rules::{self, Declared, Direction, Standalone, Terms};
use super::{Created, Known, Live, Lock, Mark, Progress, Resource, Rule};
use crate::aws::{Aws, Fault};
use crate::value::PhysicalId;

#[derive(Debug, Clone, Copy, Default)]
pub struct SecurityGroupEgress;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    cidr_ip: Option<String>,
    cidr_ipv6: Option<String>,
    description: Option<String>,
    destination_prefix_list_id: Option<String>,
    destination_security_group_id: Option<String>,
    from_port: Option<i32>,
    group_id: Option<String>,
    ip_protocol: Option<String>,
    to_port: Option<i32>,
}

impl Declared for Props {
    fn terms(&self) -> Terms<'_> {
        Terms {
            protocol: self.ip_protocol.as_deref(),
            from_port: self.from_port,
            to_port: self.to_port,
            cidr_ip: self.cidr_ip.as_deref(),
            cidr_ipv6: self.cidr_ipv6.as_deref(),
            prefix_list_id: self.destination_prefix_list_id.as_deref(),
            group_id: self.destination_security_group_id.as_deref(),
            description: self.description.as_deref(),
            ..Terms::default()
        }
    }

    fn description(&mut self) -> &mut Option<String> {
        &mut self.description
    }
}

impl Standalone for Props {
    const DIRECTION: Direction = Direction::Egress;

    fn group_id(&self) -> Option<&str> {
        self.group_id.as_deref()
    }

    fn group_name(&self) -> Option<&str> {
        None
    }
}

impl Resource for SecurityGroupEgress {
    const TYPE: &'static str = "AWS::EC2::SecurityGroupEgress";
    const ALONE: Option<&'static [&'static str]> = Some(ec2_rules::EGRESS_KEY);
    const READ_BATCH: usize = ec2_rules::GROUP_BATCH;
    const RULES: &'static [(&'static str, Rule)] =
        &[("CidrIp", Rule::Cidr), ("CidrIpv6", Rule::Cidr), ("IpProtocol", Rule::CaseFold)];
    const LOCK: Option<Lock> = Some(Lock::Property("GroupId"));

    type Props = Props;

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        ec2_rules::read(aws, known).await
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        ec2_rules::create(aws, props, mark).await
    }

    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        ec2_rules::update(aws, id, from, to).await
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, props: &Props) -> Result<(), Fault> {
        ec2_rules::delete(aws, id, props).await
    }

    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        ec2_rules::find(aws, props, mark).await
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        _props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        ec2_rules::marks::<Props>(aws, stack).await.map(Some)
    }
}

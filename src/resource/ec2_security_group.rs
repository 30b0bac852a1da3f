//! `AWS::EC2::SecurityGroup`: a group, and the rules that are listed in it.
//!
//! A group's live rules may also be resources of their own, or somebody else's, so only the listed
//! ones are read, changed and removed; see [`super::ec2_rules`]. Every new group lets everything
//! out: that rule goes when the template lists rules of its own for this direction, comes back when
//! the list goes, and an empty list is, as in CloudFormation, none.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::{ResourceType, SecurityGroup as LiveGroup};
use serde::{Deserialize, Serialize};

use super::ec2_rules::{self, Change, Declared, Direction, Names, Terms};
use super::tags::Tag;
use super::{
    Completion, Created, Known, Live, Lock, Mark, Name, Progress, Resource, Rule, Status,
    Uniqueness, ec2_lambda_interfaces, ec2_tags,
};
use crate::aws::{Aws, Fault, FaultKind};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct SecurityGroup;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    group_description: Option<String>,
    group_name: Option<String>,
    security_group_egress: Option<Vec<EgressRule>>,
    security_group_ingress: Option<Vec<IngressRule>>,
    tags: Option<Vec<Tag>>,
    vpc_id: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct EgressRule {
    cidr_ip: Option<String>,
    cidr_ipv6: Option<String>,
    description: Option<String>,
    destination_prefix_list_id: Option<String>,
    destination_security_group_id: Option<String>,
    from_port: Option<i32>,
    ip_protocol: Option<String>,
    to_port: Option<i32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct IngressRule {
    cidr_ip: Option<String>,
    cidr_ipv6: Option<String>,
    description: Option<String>,
    from_port: Option<i32>,
    ip_protocol: Option<String>,
    source_prefix_list_id: Option<String>,
    source_security_group_id: Option<String>,
    source_security_group_name: Option<String>,
    source_security_group_owner_id: Option<String>,
    to_port: Option<i32>,
}

impl Declared for EgressRule {
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

impl Declared for IngressRule {
    fn terms(&self) -> Terms<'_> {
        Terms {
            protocol: self.ip_protocol.as_deref(),
            from_port: self.from_port,
            to_port: self.to_port,
            cidr_ip: self.cidr_ip.as_deref(),
            cidr_ipv6: self.cidr_ipv6.as_deref(),
            prefix_list_id: self.source_prefix_list_id.as_deref(),
            group_id: self.source_security_group_id.as_deref(),
            group_name: self.source_security_group_name.as_deref(),
            group_owner: self.source_security_group_owner_id.as_deref(),
            description: self.description.as_deref(),
        }
    }

    fn description(&mut self) -> &mut Option<String> {
        &mut self.description
    }
}

impl Props {
    fn egress(&self) -> &[EgressRule] {
        self.security_group_egress.as_deref().unwrap_or_default()
    }

    fn ingress(&self) -> &[IngressRule] {
        self.security_group_ingress.as_deref().unwrap_or_default()
    }
}

/// The ids of the groups that the rules of all these name instead of referencing them.
async fn names<'a>(aws: &Aws, props: impl Iterator<Item = &'a Props>) -> Result<Names, Fault> {
    let used = props
        .flat_map(Props::ingress)
        .filter_map(|rule| rule.source_security_group_name.as_deref())
        .collect();
    ec2_rules::names(aws, used).await
}

/// The rules of a group that lists none for what may go out.
fn unlisted_egress() -> Vec<ec2_rules::Rule> {
    vec![ec2_rules::Rule::all_out_ipv4(), ec2_rules::Rule::all_out_ipv6()]
}

/// Those of them that AWS gives to a new group of this VPC: the one for IPv6 only where the VPC
/// has an IPv6 block.
async fn default_egress(aws: &Aws, props: &Props) -> Result<Vec<ec2_rules::Rule>, Fault> {
    let filter = match &props.vpc_id {
        Some(id) => ec2_tags::filter("vpc-id", [id.clone()]),
        None => ec2_tags::filter("is-default", ["true".to_owned()]),
    };
    let answer = aws
        .call("ec2:DescribeVpcs", || aws.ec2().describe_vpcs().filters(filter.clone()).send())
        .await?;
    let has_ipv6 = answer
        .vpcs()
        .iter()
        .filter(|vpc| props.vpc_id.is_none() || vpc.vpc_id() == props.vpc_id.as_deref())
        .any(|vpc| !vpc.ipv6_cidr_block_association_set().is_empty());
    let mut rules = unlisted_egress();
    rules.truncate(if has_ipv6 { 2 } else { 1 });
    Ok(rules)
}

/// A group that has just been made and cannot be found is not seen everywhere yet.
fn not_yet_visible(fault: Fault) -> Fault {
    match fault.kind {
        FaultKind::NotFound => Fault { kind: FaultKind::Propagating, ..fault },
        _ => fault,
    }
}

fn attributes(id: &str, vpc_id: &str) -> Attributes {
    Attributes::from_iter([
        ("GroupId".to_owned(), id.into()),
        ("Id".to_owned(), id.into()),
        ("VpcId".to_owned(), vpc_id.into()),
    ])
}

fn live(group: &LiveGroup, id: &PhysicalId, declared: &Props, names: &Names) -> Live<Props> {
    let egress = Direction::Egress.live(group);
    let ingress = Direction::Ingress.live(group);
    let properties = Props {
        group_description: group.description.clone(),
        group_name: group.group_name.clone(),
        security_group_egress: declared
            .security_group_egress
            .as_ref()
            .map(|declared| ec2_rules::present(declared, &egress, names)),
        security_group_ingress: declared
            .security_group_ingress
            .as_ref()
            .map(|declared| ec2_rules::present(declared, &ingress, names)),
        tags: ec2_tags::declared(group.tags()),
        vpc_id: group.vpc_id.clone(),
    };
    let attributes = attributes(id.as_str(), group.vpc_id().unwrap_or_default());
    Live { properties, attributes, status: Status::Ready }
}

/// Gives a new group its rules. Without rules for what may go out nothing has to be read, unless an
/// earlier try came this far.
async fn add_rules(aws: &Aws, id: &str, props: &Props) -> Result<(), Fault> {
    let names = names(aws, [props].into_iter()).await?;
    let ingress = ec2_rules::distinct(props.ingress(), &names);
    let egress = ec2_rules::distinct(props.egress(), &names);
    if ingress.is_empty() && egress.is_empty() {
        return Ok(());
    }
    if egress.is_empty() {
        match ec2_rules::authorize(aws, Direction::Ingress, id, &ingress, None).await {
            Err(fault) if fault.is(FaultKind::AlreadyExists) => {}
            outcome => return outcome.map(|_| ()),
        }
    }
    let live = ec2_rules::list(aws, id).await?;
    let mut changes =
        vec![Change { direction: Direction::Ingress, owned: Vec::new(), wanted: ingress }];
    if !egress.is_empty() {
        if !live.iter().any(|rule| rule.direction == Direction::Egress) {
            // A group has had such a rule from the start, and ours come before it goes.
            return Err(Fault::not_found("ec2:DescribeSecurityGroupRules", id));
        }
        changes.push(Change {
            direction: Direction::Egress,
            owned: unlisted_egress(),
            wanted: egress,
        });
    }
    ec2_rules::converge(aws, id, &live, &changes).await?;
    Ok(())
}

/// Says whether all rules that had to go were there.
async fn change_rules(aws: &Aws, id: &str, from: &Props, to: &Props) -> Result<bool, Fault> {
    let names = names(aws, [from, to].into_iter()).await?;
    let mut changes = vec![Change {
        direction: Direction::Ingress,
        owned: ec2_rules::distinct(from.ingress(), &names),
        wanted: ec2_rules::distinct(to.ingress(), &names),
    }];
    let owned = ec2_rules::distinct(from.egress(), &names);
    let wanted = ec2_rules::distinct(to.egress(), &names);
    let (owned, wanted) = match (owned.is_empty(), wanted.is_empty()) {
        (true, false) => (unlisted_egress(), wanted),
        (false, true) => (owned, default_egress(aws, to).await?),
        _ => (owned, wanted),
    };
    changes.push(Change { direction: Direction::Egress, owned, wanted });
    changes.retain(Change::is_change);
    if changes.is_empty() {
        return Ok(true);
    }
    let live = ec2_rules::list(aws, id).await?;
    ec2_rules::converge(aws, id, &live, &changes).await
}

/// The fault of a refused delete, with what still uses the group: interfaces, and the rules of
/// other groups.
async fn explain(aws: &Aws, fault: Fault, id: &str) -> Fault {
    if !fault.is(FaultKind::InUse) {
        return fault;
    }
    let fault = ec2_lambda_interfaces::explain(aws, fault, "group-id", id).await;
    let why = match ec2_rules::referring(aws, id).await {
        Ok(groups) if groups.is_empty() => return fault,
        Ok(groups) => format!("rules of these security groups name it: {}", groups.join(", ")),
        Err(unknown) => format!("the rules that name it could not be read: {unknown}"),
    };
    Fault { message: format!("{}; {why}", fault.message), ..fault }
}

impl Resource for SecurityGroup {
    const TYPE: &'static str = "AWS::EC2::SecurityGroup";
    const COMPLETION: Completion = Completion::Calls;
    const READ_BATCH: usize = ec2_rules::GROUP_BATCH;
    /// Lambda may take three quarters of an hour to remove the last interface in it.
    const DELETE_PATIENCE: Duration = Duration::from_mins(45);
    const RULES: &'static [(&'static str, Rule)] = &[
        ("SecurityGroupEgress", Rule::Default("[]")),
        ("SecurityGroupIngress", Rule::Default("[]")),
        ("SecurityGroupEgress[].CidrIp", Rule::Cidr),
        ("SecurityGroupEgress[].CidrIpv6", Rule::Cidr),
        ("SecurityGroupEgress[].IpProtocol", Rule::CaseFold),
        ("SecurityGroupIngress[].CidrIp", Rule::Cidr),
        ("SecurityGroupIngress[].CidrIpv6", Rule::Cidr),
        ("SecurityGroupIngress[].IpProtocol", Rule::CaseFold),
    ];
    const NAME: Option<Name> =
        Some(Name { property: "GroupName", max_length: 255, unique: Uniqueness::Unique });
    const LOCK: Option<Lock> = Some(Lock::Itself);

    type Props = Props;

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let ids = known.iter().map(|one| one.id.as_str()).collect();
        let groups = ec2_rules::groups(aws, ids).await?;
        let names = names(aws, known.iter().map(|one| one.properties)).await?;
        let live = |one: &Known<'_, Props>| {
            let group = groups.iter().find(|group| group.group_id() == Some(one.id.as_str()))?;
            Some((one.id.clone(), live(group, one.id, one.properties, &names)))
        };
        Ok(known.iter().filter_map(live).collect())
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        const ACTION: &str = "ec2:CreateSecurityGroup";
        let answer = aws
            .call(ACTION, || {
                aws.ec2()
                    .create_security_group()
                    .set_description(props.group_description.clone())
                    .set_group_name(props.group_name.clone())
                    .set_vpc_id(props.vpc_id.clone())
                    .tag_specifications(ec2_tags::specification(
                        ResourceType::SecurityGroup,
                        props.tags.as_deref(),
                        mark,
                    ))
                    .send()
            })
            .await?;
        let id = answer.group_id.ok_or_else(|| Fault::malformed(ACTION, "GroupId"))?;
        Ok(match &props.vpc_id {
            Some(vpc_id) => {
                let attributes = attributes(&id, vpc_id);
                Created::ready(PhysicalId::new(id), attributes)
            }
            // Which VPC is the default one has to be read.
            None => Created::pending(PhysicalId::new(id)),
        })
    }

    async fn complete(
        self,
        aws: &Aws,
        id: &PhysicalId,
        props: &Props,
        _mark: &Mark,
    ) -> Result<Progress, Fault> {
        add_rules(aws, id.as_str(), props).await.map_err(not_yet_visible)?;
        Ok(Progress::Done)
    }

    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        let all_gone = change_rules(aws, id.as_str(), from, to).await?;
        ec2_tags::change(aws, id.as_str(), from.tags.as_deref(), to.tags.as_deref()).await?;
        Ok(Progress::done(all_gone))
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, _props: &Props) -> Result<(), Fault> {
        let deleted = aws
            .call("ec2:DeleteSecurityGroup", || {
                aws.ec2().delete_security_group().group_id(id.as_str()).send()
            })
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(fault) => Err(explain(aws, fault, id.as_str()).await),
        }
    }

    async fn find(self, aws: &Aws, _props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let groups = ec2_rules::marked(aws, mark).await?;
        Ok(groups.into_iter().filter_map(|group| group.group_id.map(PhysicalId::new)).collect())
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        _props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let all = ec2_rules::described(aws, ec2_tags::stack_filter(stack)).await?;
        let live = all.iter();
        Ok(Some(live.filter_map(|one| ec2_tags::mark(one.tags(), stack)).collect()))
    }
}

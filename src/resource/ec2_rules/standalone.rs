//! What the two types of one rule each have in common.
//!
//! Such a rule is read from its group, by what it lets through: so one call tells of a group and of
//! all the rules that are declared apart from it. Its id, `sgr-…`, is needed to change and remove
//! it; a rule that somebody removed and made again has another.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use aws_sdk_ec2::types::ResourceType;

use super::calls::{describe, listed, revoke, revoke_alike};
use super::{Declared, Direction, Names, Rule, authorize, groups, list, names, present};
use crate::aws::{Aws, Fault, FaultKind};
use crate::resource::or_absent::OrAbsent;
use crate::resource::{Created, Known, Live, Mark, Progress, Status, ec2_tags};
use crate::value::{Attributes, PhysicalId};

/// The properties of a rule that is a resource.
pub trait Standalone: Declared {
    const DIRECTION: Direction;

    fn group_id(&self) -> Option<&str>;
    /// A group of the default VPC.
    fn group_name(&self) -> Option<&str>;
}

pub async fn read<P: Standalone>(
    aws: &Aws,
    known: &[Known<'_, P>],
) -> Result<BTreeMap<PhysicalId, Live<P>>, Fault> {
    let names = names_in(aws, known.iter().map(|one| one.properties)).await?;
    let ids = known.iter().filter_map(|one| home(one.properties, &names)).collect();
    let groups = groups(aws, ids).await?;
    let live = |one: &Known<'_, P>| {
        let home = home(one.properties, &names)?;
        let group = groups.iter().find(|group| group.group_id() == Some(home))?;
        let declared = slice::from_ref(one.properties);
        let properties = present(declared, &P::DIRECTION.live(group), &names).pop()?;
        let attributes = attributes(one.id);
        Some((one.id.clone(), Live { properties, attributes, status: Status::Ready }))
    };
    Ok(known.iter().filter_map(live).collect())
}

pub async fn create<P: Standalone>(aws: &Aws, props: &P, mark: &Mark) -> Result<Created, Fault> {
    let (group_id, rule) = resolved(aws, props).await?;
    let tags = ec2_tags::specification(ResourceType::SecurityGroupRule, None, mark);
    let made = authorize(aws, P::DIRECTION, &group_id, slice::from_ref(&rule), Some(tags)).await?;
    let id = match made.into_iter().next() {
        Some(made) => PhysicalId::new(made.id),
        None => match id_of::<P>(aws, &group_id, &rule).await? {
            Some(id) => PhysicalId::new(id),
            // Only an emulator leaves rules without ids.
            None => PhysicalId::new(format!("{group_id}|{}|{}", P::DIRECTION, rule.key)),
        },
    };
    let attributes = attributes(&id);
    Ok(Created::ready(id, attributes))
}

pub async fn update<P: Standalone>(
    aws: &Aws,
    id: &PhysicalId,
    from: &P,
    to: &P,
) -> Result<Progress, Fault> {
    if from.terms().description.unwrap_or_default() == to.terms().description.unwrap_or_default() {
        return Ok(Progress::Done);
    }
    let (group_id, rule) = resolved(aws, to).await?;
    let described = describe(aws, &group_id, &[(id.as_str().to_owned(), rule.clone())]).await;
    let fault = match described {
        Err(fault) if fault.is(FaultKind::NotFound) => fault,
        outcome => return outcome.map(|()| Progress::Done),
    };
    let id = id_of::<P>(aws, &group_id, &rule).await?.ok_or(fault)?;
    describe(aws, &group_id, &[(id, rule)]).await?;
    Ok(Progress::Done)
}

pub async fn delete<P: Standalone>(aws: &Aws, id: &PhysicalId, props: &P) -> Result<(), Fault> {
    let (group_id, rule) = resolved(aws, props).await?;
    match revoke(aws, P::DIRECTION, &group_id, &[id.as_str().to_owned()]).await {
        Err(fault) if fault.is(FaultKind::NotFound) && fault.code != GROUP_NOT_FOUND => {
            revoke_alike(aws, P::DIRECTION, &group_id, &rule).await
        }
        outcome => outcome,
    }
}

pub async fn find<P: Standalone>(
    aws: &Aws,
    props: &P,
    mark: &Mark,
) -> Result<Vec<PhysicalId>, Fault> {
    let Some((group_id, rule)) = resolved(aws, props).await.or_absent()? else {
        return Ok(Vec::new());
    };
    let filters = [ec2_tags::filter("group-id", [group_id]), ec2_tags::token_filter(mark)];
    let rules = listed(aws, &filters).await?;
    let ours = rules.into_iter().filter(|listed| {
        listed.direction == P::DIRECTION
            && listed.rule.key == rule.key
            && ec2_tags::carries(&listed.tags, mark)
    });
    Ok(ours.map(|listed| PhysicalId::new(listed.id)).collect())
}

/// The marks of a stack on rules of this direction.
pub async fn marks<P: Standalone>(aws: &Aws, stack: &str) -> Result<Vec<Mark>, Fault> {
    let rules = listed(aws, &[ec2_tags::stack_filter(stack)]).await?;
    let ours = rules.iter().filter(|listed| listed.direction == P::DIRECTION);
    Ok(ours.filter_map(|listed| ec2_tags::mark(&listed.tags, stack)).collect())
}

const GROUP_NOT_FOUND: &str = "InvalidGroup.NotFound";

fn attributes(id: &PhysicalId) -> Attributes {
    Attributes::from_iter([("Id".to_owned(), id.as_str().into())])
}

/// The group a rule is in.
fn home<'a, P: Standalone>(props: &'a P, names: &'a Names) -> Option<&'a str> {
    props.group_id().or_else(|| names.get(props.group_name()?).map(String::as_str))
}

async fn names_in<'a, P: Standalone + 'a>(
    aws: &Aws,
    props: impl Iterator<Item = &'a P>,
) -> Result<Names, Fault> {
    let used: BTreeSet<&str> = props
        .flat_map(|one| {
            [one.group_name().filter(|_| one.group_id().is_none()), one.terms().group_name]
        })
        .flatten()
        .collect();
    names(aws, used).await
}

/// The id of the group and the rule, with ids in the place of names.
async fn resolved<P: Standalone>(aws: &Aws, props: &P) -> Result<(String, Rule), Fault> {
    let names = names_in(aws, [props].into_iter()).await?;
    match (home(props, &names), props.group_name()) {
        (Some(home), _) => Ok((home.to_owned(), props.terms().rule(&names))),
        (None, Some(name)) => Err(Fault::not_found("ec2:DescribeSecurityGroups", name)),
        (None, None) => Err(Fault::invalid(
            "ec2:AuthorizeSecurityGroupIngress",
            "a rule needs a `GroupId` or, in the default VPC, a `GroupName`",
        )),
    }
}

async fn id_of<P: Standalone>(
    aws: &Aws,
    group_id: &str,
    rule: &Rule,
) -> Result<Option<String>, Fault> {
    let rules = list(aws, group_id).await?;
    let alike =
        |listed: &super::Listed| listed.direction == P::DIRECTION && listed.rule.key == rule.key;
    Ok(rules.into_iter().find(alike).map(|listed| listed.id))
}

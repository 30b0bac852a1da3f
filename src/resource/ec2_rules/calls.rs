//! The calls about rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ec2::types::{Filter, SecurityGroup, SecurityGroupRuleUpdate, TagSpecification};

use super::{Direction, Key, Listed, Names, Rule};
use crate::aws::{Aws, Fault, FaultKind};
use crate::resource::or_absent::OrAbsent;
use crate::resource::{Mark, ec2_tags};

/// The most group ids one filter carries.
pub const GROUP_BATCH: usize = 200;

/// The groups with these ids, their rules included: one read for groups and the rules declared
/// apart from them. Other groups may be among them.
pub async fn groups(aws: &Aws, ids: BTreeSet<&str>) -> Result<Arc<Vec<SecurityGroup>>, Fault> {
    if ids.is_empty() {
        return Ok(Arc::default());
    }
    let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
    let key = format!("ec2:DescribeSecurityGroups group-id {}", ids.join(" "));
    aws.shared(key, || described(aws, ec2_tags::filter("group-id", ids))).await
}

/// The groups that carry this mark.
pub async fn marked(aws: &Aws, mark: &Mark) -> Result<Vec<SecurityGroup>, Fault> {
    let mut groups = described(aws, ec2_tags::token_filter(mark)).await?;
    groups.retain(|group| ec2_tags::carries(group.tags(), mark));
    Ok(groups)
}

/// The ids of the other groups with rules that name this one.
pub async fn referring(aws: &Aws, id: &str) -> Result<Vec<String>, Fault> {
    let mut referring = BTreeSet::new();
    for (name, direction) in [
        ("ip-permission.group-id", Direction::Ingress),
        ("egress.ip-permission.group-id", Direction::Egress),
    ] {
        let groups = described(aws, ec2_tags::filter(name, [id.to_owned()])).await?;
        for group in groups.iter().filter(|group| group.group_id() != Some(id)) {
            if direction.live(group).iter().any(|rule| rule.key.names(id)) {
                referring.extend(group.group_id.clone());
            }
        }
    }
    Ok(referring.into_iter().collect())
}

/// The ids of groups that are named rather than referenced. Only groups of the default VPC may be,
/// and there names are unique. A name that is nobody's is left out.
pub async fn names(aws: &Aws, names: BTreeSet<&str>) -> Result<Names, Fault> {
    let mut ids = BTreeMap::new();
    for name in names {
        let key = format!("ec2:DescribeSecurityGroups group-name {name}");
        let id = aws.shared(key, || named(aws, name)).await?;
        ids.extend(id.as_ref().clone().map(|id| (name.to_owned(), id)));
    }
    Ok(ids)
}

/// The live rules of one group, with their ids.
pub async fn list(aws: &Aws, group_id: &str) -> Result<Vec<Listed>, Fault> {
    listed(aws, &[ec2_tags::filter("group-id", [group_id.to_owned()])]).await
}

/// The live rules that pass all these filters, or more.
pub async fn listed(aws: &Aws, filters: &[Filter]) -> Result<Vec<Listed>, Fault> {
    let rules = ec2_tags::pages(|next| async move {
        let page = aws
            .call("ec2:DescribeSecurityGroupRules", || {
                aws.ec2()
                    .describe_security_group_rules()
                    .set_filters(Some(filters.to_vec()))
                    .set_next_token(next.clone())
                    .send()
            })
            .await?;
        Ok((page.security_group_rules, page.next_token))
    })
    .await?;
    Ok(rules.into_iter().filter_map(Listed::of).collect())
}

/// Adds rules, all or none, and returns what AWS tells of them.
pub async fn authorize(
    aws: &Aws,
    direction: Direction,
    group_id: &str,
    rules: &[Rule],
    tags: Option<TagSpecification>,
) -> Result<Vec<Listed>, Fault> {
    let permissions: Vec<_> = rules.iter().map(Rule::permission).collect();
    let tags: Option<Vec<_>> = tags.map(|tags| vec![tags]);
    let made = match direction {
        Direction::Ingress => {
            aws.call("ec2:AuthorizeSecurityGroupIngress", || {
                aws.ec2()
                    .authorize_security_group_ingress()
                    .group_id(group_id)
                    .set_ip_permissions(Some(permissions.clone()))
                    .set_tag_specifications(tags.clone())
                    .send()
            })
            .await?
            .security_group_rules
        }
        Direction::Egress => {
            aws.call("ec2:AuthorizeSecurityGroupEgress", || {
                aws.ec2()
                    .authorize_security_group_egress()
                    .group_id(group_id)
                    .set_ip_permissions(Some(permissions.clone()))
                    .set_tag_specifications(tags.clone())
                    .send()
            })
            .await?
            .security_group_rules
        }
    };
    Ok(made.unwrap_or_default().into_iter().filter_map(Listed::of).collect())
}

/// Removes the rules with these ids.
pub async fn revoke(
    aws: &Aws,
    direction: Direction,
    group_id: &str,
    ids: &[String],
) -> Result<(), Fault> {
    match direction {
        Direction::Ingress => {
            aws.call("ec2:RevokeSecurityGroupIngress", || {
                aws.ec2()
                    .revoke_security_group_ingress()
                    .group_id(group_id)
                    .set_security_group_rule_ids(Some(ids.to_vec()))
                    .send()
            })
            .await?;
        }
        Direction::Egress => {
            aws.call("ec2:RevokeSecurityGroupEgress", || {
                aws.ec2()
                    .revoke_security_group_egress()
                    .group_id(group_id)
                    .set_security_group_rule_ids(Some(ids.to_vec()))
                    .send()
            })
            .await?;
        }
    }
    Ok(())
}

/// Removes a rule by what it lets through: AWS asks for no description, and refuses a wrong one.
pub async fn revoke_alike(
    aws: &Aws,
    direction: Direction,
    group_id: &str,
    rule: &Rule,
) -> Result<(), Fault> {
    let permission = Rule { description: None, ..rule.clone() }.permission();
    match direction {
        Direction::Ingress => {
            aws.call("ec2:RevokeSecurityGroupIngress", || {
                aws.ec2()
                    .revoke_security_group_ingress()
                    .group_id(group_id)
                    .ip_permissions(permission.clone())
                    .send()
            })
            .await?;
        }
        Direction::Egress => {
            aws.call("ec2:RevokeSecurityGroupEgress", || {
                aws.ec2()
                    .revoke_security_group_egress()
                    .group_id(group_id)
                    .ip_permissions(permission.clone())
                    .send()
            })
            .await?;
        }
    }
    Ok(())
}

/// Gives the rules with these ids new descriptions.
pub async fn describe(aws: &Aws, group_id: &str, rules: &[(String, Rule)]) -> Result<(), Fault> {
    let updates: Vec<_> = rules
        .iter()
        .map(|(id, rule)| {
            SecurityGroupRuleUpdate::builder()
                .security_group_rule_id(id)
                .security_group_rule(rule.request())
                .build()
        })
        .collect();
    aws.call("ec2:ModifySecurityGroupRules", || {
        aws.ec2()
            .modify_security_group_rules()
            .group_id(group_id)
            .set_security_group_rules(Some(updates.clone()))
            .send()
    })
    .await?;
    Ok(())
}

/// What is to become of a group's rules of one direction.
pub struct Change {
    pub direction: Direction,
    /// The rules that were ours until now; all others are left alone.
    pub owned: Vec<Rule>,
    pub wanted: Vec<Rule>,
}

impl Change {
    /// Whether there is anything to do.
    pub fn is_change(&self) -> bool {
        let differs =
            |these: &[Rule], those: &[Rule]| these.iter().any(|rule| !those.contains(rule));
        differs(&self.owned, &self.wanted) || differs(&self.wanted, &self.owned)
    }

    fn live<'a>(&self, live: &'a [Listed], key: &Key) -> Option<&'a Listed> {
        live.iter().find(|live| live.direction == self.direction && live.rule.key == *key)
    }

    fn missing(&self, live: &[Listed]) -> Vec<Rule> {
        let is_missing = |rule: &&Rule| self.live(live, &rule.key).is_none();
        self.wanted.iter().filter(is_missing).cloned().collect()
    }

    fn misdescribed(&self, live: &[Listed]) -> Vec<(String, Rule)> {
        let changed = self.wanted.iter().filter(|rule| !self.owned.contains(rule));
        changed
            .filter_map(|rule| {
                let live = self.live(live, &rule.key)?;
                (live.rule.description != rule.description).then(|| (live.id.clone(), rule.clone()))
            })
            .collect()
    }

    /// The rules that have to go, and whether all of them are to be seen.
    fn unwanted(&self, live: &[Listed]) -> (Vec<String>, bool) {
        let is_wanted = |rule: &Rule| self.wanted.iter().any(|wanted| wanted.key == rule.key);
        let gone = self.owned.iter().filter(|rule| !is_wanted(rule));
        let found: Vec<_> = gone.map(|rule| (rule, self.live(live, &rule.key))).collect();
        // Not every group has that one from the start.
        let may_lack = |rule: &Rule| rule.key == Rule::all_out_ipv6().key;
        let are_seen = found.iter().all(|(rule, live)| live.is_some() || may_lack(rule));
        (found.into_iter().filter_map(|(_, live)| Some(live?.id.clone())).collect(), are_seen)
    }
}

/// Makes these changes to a group whose rules are `live`: the new ones first, so that traffic which
/// may pass before and after may pass at all times. Says whether all that had to go was there.
pub async fn converge(
    aws: &Aws,
    group_id: &str,
    live: &[Listed],
    changes: &[Change],
) -> Result<bool, Fault> {
    for change in changes {
        let missing = change.missing(live);
        if !missing.is_empty() {
            let made = authorize(aws, change.direction, group_id, &missing, None).await;
            made.map_err(not_to_be_seen_yet)?;
        }
    }
    let misdescribed: Vec<_> =
        changes.iter().flat_map(|change| change.misdescribed(live)).collect();
    if !misdescribed.is_empty() {
        describe(aws, group_id, &misdescribed).await?;
    }
    let mut all_gone = true;
    for change in changes {
        let (unwanted, are_seen) = change.unwanted(live);
        if !unwanted.is_empty() {
            revoke(aws, change.direction, group_id, &unwanted).await?;
        }
        all_gone &= are_seen;
    }
    Ok(all_gone)
}

/// What is said to be there and was not to be seen will be.
fn not_to_be_seen_yet(fault: Fault) -> Fault {
    match fault.kind {
        FaultKind::AlreadyExists => Fault { kind: FaultKind::Propagating, ..fault },
        _ => fault,
    }
}

pub async fn described(aws: &Aws, filter: Filter) -> Result<Vec<SecurityGroup>, Fault> {
    let filter = &filter;
    ec2_tags::pages(|next| async move {
        let page = aws
            .call("ec2:DescribeSecurityGroups", || {
                aws.ec2()
                    .describe_security_groups()
                    .filters(filter.clone())
                    .set_next_token(next.clone())
                    .send()
            })
            .await?;
        Ok((page.security_groups, page.next_token))
    })
    .await
}

/// Unlike a filter by name this finds groups of the default VPC only.
async fn named(aws: &Aws, name: &str) -> Result<Option<String>, Fault> {
    let found = aws
        .call("ec2:DescribeSecurityGroups", || {
            aws.ec2().describe_security_groups().group_names(name).send()
        })
        .await
        .or_absent()?;
    let groups = found.and_then(|found| found.security_groups).unwrap_or_default();
    let group = groups.into_iter().find(|group| group.group_name() == Some(name));
    Ok(group.and_then(|group| group.group_id))
}

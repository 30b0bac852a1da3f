//! `AWS::IAM::ManagedPolicy`: a policy of its own, attached to roles, users and groups.
//!
//! Its physical id is its ARN. A new document is a new version, of which AWS keeps five. Others may
//! attach it too (a role's `ManagedPolicyArns`): only declared attachments are read and changed;
//! a delete detaches it from everybody, as it cannot be deleted otherwise.

use std::collections::BTreeMap;

use aws_sdk_iam::types;
use aws_smithy_types::date_time::{DateTime, Format};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::iam_account::{self, Told};
use super::iam_principals::{Principal, principals};
use super::or_absent::OrAbsent as _;
use super::pages::pages;
use super::tags;
use super::{
    Completion, Created, Known, Live, Lock, Mark, Name, Progress, Resource, Rule, Status,
    Uniqueness, iam_documents, iam_tags,
};
use crate::aws::{Aws, Fault, FaultKind};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct ManagedPolicy;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    description: Option<String>,
    groups: Option<Vec<String>>,
    managed_policy_name: Option<String>,
    path: Option<String>,
    policy_document: Option<Json>,
    roles: Option<Vec<String>>,
    users: Option<Vec<String>>,
}

impl Props {
    fn principals(&self) -> Vec<Principal<'_>> {
        principals(self.roles.as_deref(), self.users.as_deref(), self.groups.as_deref())
    }
}

impl Resource for ManagedPolicy {
    const TYPE: &'static str = "AWS::IAM::ManagedPolicy";
    const COMPLETION: Completion = Completion::Calls;
    const RULES: &'static [(&'static str, Rule)] = &[
        ("PolicyDocument", Rule::Policy),
        ("Description", Rule::Default("\"\"")),
        ("Path", Rule::Default("\"/\"")),
    ];
    const NAME: Option<Name> =
        Some(Name { property: "ManagedPolicyName", max_length: 128, unique: Uniqueness::Unique });
    const LOCK: Option<Lock> = Some(Lock::Itself);

    type Props = Props;

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let account = iam_account::told(aws).await;
        let mut found = BTreeMap::new();
        for one in known {
            if let Some(live) = account.as_deref().and_then(|account| confirmed(account, one)) {
                found.insert(one.id.clone(), live);
            } else if let Some(policy) = get(aws, one.id.as_str()).await? {
                found.insert(one.id.clone(), live(aws, one, &policy).await?);
            }
        }
        Ok(found)
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        const ACTION: &str = "iam:CreatePolicy";
        let tags = iam_tags::to_iam(ACTION, &mark.with(None))?;
        let document = props.policy_document.as_ref().map(iam_documents::to_text);
        let answer = aws
            .call(ACTION, || {
                aws.iam()
                    .create_policy()
                    .set_policy_name(props.managed_policy_name.clone())
                    .set_path(props.path.clone())
                    .set_description(props.description.clone())
                    .set_policy_document(document.clone())
                    .set_tags(Some(tags.clone()))
                    .send()
            })
            .await?;
        let mut policy = answer.policy.ok_or_else(|| Fault::malformed(ACTION, "policy"))?;
        // As it will be when `complete` is through.
        policy.attachment_count = i32::try_from(props.principals().len()).ok();
        let arn = policy.arn().ok_or_else(|| Fault::malformed(ACTION, "ARN"))?;
        Ok(Created::ready(PhysicalId::new(arn), attributes(&policy)))
    }

    async fn complete(
        self,
        aws: &Aws,
        id: &PhysicalId,
        props: &Props,
        _mark: &Mark,
    ) -> Result<Progress, Fault> {
        for principal in props.principals() {
            principal.attach(aws, id.as_str()).await?;
        }
        Ok(Progress::Done)
    }

    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        let arn = id.as_str();
        if let Some(document) = &to.policy_document
            && !iam_documents::same(from.policy_document.as_ref(), Some(document))
        {
            set_document(aws, arn, document).await?;
        }
        let (before, after) = (from.principals(), to.principals());
        for principal in after.iter().filter(|one| !before.contains(one)) {
            principal.attach(aws, arn).await?;
        }
        let mut all_gone = true;
        for principal in before.iter().filter(|one| !after.contains(one)) {
            all_gone &= principal.detach(aws, arn).await.or_absent()?.is_some();
        }
        Ok(Progress::done(all_gone))
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, props: &Props) -> Result<(), Fault> {
        let arn = id.as_str();
        for principal in props.principals() {
            principal.detach(aws, arn).await.or_absent()?;
        }
        match delete_policy(aws, arn).await {
            Err(fault) if fault.is(FaultKind::InUse) => {
                for version in old_versions(aws, arn).await? {
                    delete_version(aws, arn, &version).await?;
                }
                let holders = Holders::list(aws, arn).await?;
                for principal in holders.principals() {
                    principal.detach(aws, arn).await.or_absent()?;
                }
                delete_policy(aws, arn).await
            }
            outcome => outcome,
        }
    }

    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let Some(name) = &props.managed_policy_name else { return Ok(Vec::new()) };
        let path = props.path.as_deref().unwrap_or("/");
        let arn = format!("arn:{}:iam::{}:policy{path}{name}", aws.partition(), aws.account());
        let policy = get(aws, &arn).await?;
        let ours = policy.filter(|policy| mark.is_on(iam_tags::pairs(policy.tags())));
        Ok(ours.and_then(|policy| policy.arn).map(PhysicalId::new).into_iter().collect())
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let policies = pages(async |next: Option<String>| {
            let page = aws
                .call("iam:ListPolicies", || {
                    let request = aws.iam().list_policies().scope(types::PolicyScopeType::Local);
                    request.set_marker(next.clone()).send()
                })
                .await?;
            Ok((page.policies.unwrap_or_default(), page.marker))
        });
        let mut marks = Vec::new();
        for policy in policies.await? {
            let (Some(name), Some(arn)) = (policy.policy_name(), policy.arn()) else { continue };
            if tags::may_be_ours(name, props.managed_policy_name.as_deref(), stack) {
                let policy = get(aws, arn).await?;
                let tags = policy.as_ref().map(types::Policy::tags).unwrap_or_default();
                marks.extend(Mark::of(stack, iam_tags::pairs(tags)));
            }
        }
        Ok(Some(marks))
    }
}

async fn get(aws: &Aws, arn: &str) -> Result<Option<types::Policy>, Fault> {
    let answer = aws
        .call("iam:GetPolicy", || aws.iam().get_policy().policy_arn(arn).send())
        .await
        .or_absent()?;
    Ok(answer.and_then(|answer| answer.policy))
}

fn attributes(policy: &types::Policy) -> Attributes {
    let time = |time: Option<&DateTime>| time.and_then(|time| time.fmt(Format::DateTime).ok());
    let told: [(&str, Option<Json>); 8] = [
        ("AttachmentCount", policy.attachment_count.map(Json::from)),
        ("CreateDate", time(policy.create_date()).map(Json::from)),
        ("DefaultVersionId", policy.default_version_id().map(Json::from)),
        ("IsAttachable", Some(policy.is_attachable.into())),
        ("PermissionsBoundaryUsageCount", policy.permissions_boundary_usage_count.map(Json::from)),
        ("PolicyArn", policy.arn().map(Json::from)),
        ("PolicyId", policy.policy_id().map(Json::from)),
        ("UpdateDate", time(policy.update_date()).map(Json::from)),
    ];
    told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

async fn live(
    aws: &Aws,
    one: &Known<'_, Props>,
    policy: &types::Policy,
) -> Result<Live<Props>, Fault> {
    let arn = one.id.as_str();
    let known = one.properties;
    let holders = if known.principals().is_empty() {
        Holders::default()
    } else {
        Holders::list(aws, arn).await?
    };
    let declared = |names: Option<&Vec<String>>, live: &[String]| {
        names.map(|names| names.iter().filter(|name| live.contains(name)).cloned().collect())
    };
    let properties = Props {
        description: policy.description.clone(),
        groups: declared(known.groups.as_ref(), &holders.groups),
        managed_policy_name: policy.policy_name.clone(),
        path: policy.path.clone(),
        policy_document: document(aws, arn, policy).await?,
        roles: declared(known.roles.as_ref(), &holders.roles),
        users: declared(known.users.as_ref(), &holders.users),
    };
    Ok(Live { properties, attributes: attributes(policy), status: Status::Ready })
}

/// A policy as the account tells it, if that is how it was last applied. Only roles are told of.
fn confirmed(account: &Told, one: &Known<'_, Props>) -> Option<Live<Props>> {
    let (arn, known) = (one.id.as_str(), one.properties);
    let detail = account.policy(arn)?;
    let versions = detail.policy_version_list().iter();
    let document = versions
        .filter(|version| version.is_default_version)
        .find_map(|version| version.document().map(iam_documents::from_answer));
    let is_held = |principal: &Principal<'_>| match principal {
        Principal::Role(name) => account.is_attached(name, arn),
        Principal::User(_) | Principal::Group(_) => false,
    };
    let is_as_known = iam_documents::same(document.as_ref(), known.policy_document.as_ref())
        && known.path.as_deref().unwrap_or("/") == detail.path().unwrap_or("/")
        && known.principals().iter().all(is_held);
    let policy = types::Policy::builder()
        .set_arn(detail.arn.clone())
        .set_attachment_count(detail.attachment_count)
        .set_create_date(detail.create_date)
        .set_default_version_id(detail.default_version_id.clone())
        .is_attachable(detail.is_attachable)
        .set_permissions_boundary_usage_count(detail.permissions_boundary_usage_count)
        .set_policy_id(detail.policy_id.clone())
        .set_update_date(detail.update_date)
        .build();
    // What a policy is called and said to be never changes.
    is_as_known.then(|| Live {
        properties: Props { policy_document: document, ..known.clone() },
        attributes: attributes(&policy),
        status: Status::Ready,
    })
}

/// The document of the default version; `None` when the version went in between.
async fn document(aws: &Aws, arn: &str, policy: &types::Policy) -> Result<Option<Json>, Fault> {
    let Some(version) = policy.default_version_id() else { return Ok(None) };
    let answer = aws
        .call("iam:GetPolicyVersion", || {
            aws.iam().get_policy_version().policy_arn(arn).version_id(version).send()
        })
        .await
        .or_absent()?;
    let encoded = answer.and_then(|answer| answer.policy_version?.document);
    Ok(encoded.map(|encoded| iam_documents::from_answer(&encoded)))
}

/// Makes the document the default version, in place of the oldest one when there are too many.
async fn set_document(aws: &Aws, arn: &str, document: &Json) -> Result<(), Fault> {
    match create_version(aws, arn, document).await {
        Err(fault) if fault.is(FaultKind::Quota) => {
            let Some(oldest) = old_versions(aws, arn).await?.into_iter().next() else {
                return Err(fault);
            };
            delete_version(aws, arn, &oldest).await?;
            create_version(aws, arn, document).await
        }
        outcome => outcome,
    }
}

async fn create_version(aws: &Aws, arn: &str, document: &Json) -> Result<(), Fault> {
    let text = iam_documents::to_text(document);
    aws.call("iam:CreatePolicyVersion", || {
        let create = aws.iam().create_policy_version().policy_arn(arn);
        create.policy_document(&text).set_as_default(true).send()
    })
    .await
    .map(drop)
}

/// The versions that are not the default one, the oldest first.
async fn old_versions(aws: &Aws, arn: &str) -> Result<Vec<String>, Fault> {
    let versions = pages(async |marker: Option<String>| {
        let page = aws
            .call("iam:ListPolicyVersions", || {
                let list = aws.iam().list_policy_versions().policy_arn(arn);
                list.set_marker(marker.clone()).send()
            })
            .await?;
        Ok((page.versions.unwrap_or_default(), page.marker))
    })
    .await?;
    let mut old: Vec<String> = versions
        .into_iter()
        .filter(|version| !version.is_default_version)
        .filter_map(|version| version.version_id)
        .collect();
    old.sort_by_key(|id| id.trim_start_matches('v').parse::<u32>().unwrap_or(u32::MAX));
    Ok(old)
}

async fn delete_version(aws: &Aws, arn: &str, version: &str) -> Result<(), Fault> {
    aws.call("iam:DeletePolicyVersion", || {
        aws.iam().delete_policy_version().policy_arn(arn).version_id(version).send()
    })
    .await
    .or_absent()?;
    Ok(())
}

async fn delete_policy(aws: &Aws, arn: &str) -> Result<(), Fault> {
    aws.call("iam:DeletePolicy", || aws.iam().delete_policy().policy_arn(arn).send())
        .await
        .map(drop)
}

/// Whom a policy is attached to.
#[derive(Default)]
struct Holders {
    roles: Vec<String>,
    users: Vec<String>,
    groups: Vec<String>,
}

impl Holders {
    async fn list(aws: &Aws, arn: &str) -> Result<Self, Fault> {
        let answers = pages(async |marker: Option<String>| {
            let page = aws
                .call("iam:ListEntitiesForPolicy", || {
                    let list = aws.iam().list_entities_for_policy().policy_arn(arn);
                    list.policy_usage_filter(types::PolicyUsageType::PermissionsPolicy)
                        .set_marker(marker.clone())
                        .send()
                })
                .await?;
            let next = page.marker.clone();
            Ok((vec![page], next))
        })
        .await?;
        let mut holders = Self::default();
        for page in answers {
            let roles = page.policy_roles.unwrap_or_default();
            holders.roles.extend(roles.into_iter().filter_map(|role| role.role_name));
            let users = page.policy_users.unwrap_or_default();
            holders.users.extend(users.into_iter().filter_map(|user| user.user_name));
            let groups = page.policy_groups.unwrap_or_default();
            holders.groups.extend(groups.into_iter().filter_map(|group| group.group_name));
        }
        Ok(holders)
    }

    fn principals(&self) -> Vec<Principal<'_>> {
        principals(Some(&self.roles), Some(&self.users), Some(&self.groups))
    }
}

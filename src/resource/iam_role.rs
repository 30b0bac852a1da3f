//! `AWS::IAM::Role`: who may act, and with which policies.
//!
//! Other resources put inline policies on a role and attach managed ones to it. What is not
//! declared here is theirs: it is neither read, nor removed by an update, nor by a delete, which
//! then says whose policies are in the way.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_iam::types;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::iam_account::{self, Told};
use super::iam_principals::Principal;
use super::or_absent::OrAbsent as _;
use super::pages::pages;
use super::tags::{self, Tag, TagChange};
use super::{
    Completion, Created, Known, Live, Lock, Mark, Name, Progress, Resource, Rule, Status,
    Uniqueness, iam_documents, iam_tags,
};
use crate::aws::{Aws, Fault, FaultKind};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct Role;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    assume_role_policy_document: Option<Json>,
    description: Option<String>,
    managed_policy_arns: Option<Vec<String>>,
    max_session_duration: Option<i32>,
    path: Option<String>,
    permissions_boundary: Option<String>,
    policies: Option<Vec<InlinePolicy>>,
    role_name: Option<String>,
    tags: Option<Vec<Tag>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct InlinePolicy {
    policy_document: Json,
    policy_name: String,
}

/// Seconds a session may last when the template does not say.
const DEFAULT_SESSION: i32 = 3600;

impl Props {
    fn attached(&self) -> &[String] {
        self.managed_policy_arns.as_deref().unwrap_or_default()
    }

    fn inline(&self) -> &[InlinePolicy] {
        self.policies.as_deref().unwrap_or_default()
    }

    fn inline_document(&self, name: &str) -> Option<&Json> {
        self.inline()
            .iter()
            .find(|policy| policy.policy_name == name)
            .map(|policy| &policy.policy_document)
    }

    fn description(&self) -> &str {
        self.description.as_deref().unwrap_or_default()
    }

    fn session(&self) -> i32 {
        self.max_session_duration.unwrap_or(DEFAULT_SESSION)
    }

    /// Whether nothing is otherwise than in these properties, as far as they say.
    fn is_as(&self, known: &Self) -> bool {
        let path = |props: &Self| props.path.clone().unwrap_or_else(|| "/".to_owned());
        let (trust, known_trust) =
            (&self.assume_role_policy_document, &known.assume_role_policy_document);
        iam_documents::same(trust.as_ref(), known_trust.as_ref())
            && self.description() == known.description()
            && self.session() == known.session()
            && path(self) == path(known)
            && self.permissions_boundary == known.permissions_boundary
            && self.attached() == known.attached()
            && self.inline().len() == known.inline().len()
            && known.inline().iter().all(|policy| {
                let live = self.inline_document(&policy.policy_name);
                iam_documents::same(live, Some(&policy.policy_document))
            })
            && tags::to_map(self.tags.as_deref()) == tags::to_map(known.tags.as_deref())
    }
}

impl Resource for Role {
    const TYPE: &'static str = "AWS::IAM::Role";
    const COMPLETION: Completion = Completion::Calls;
    const DELETE_PATIENCE: Duration = Duration::from_mins(2);
    const RULES: &'static [(&'static str, Rule)] = &[
        ("AssumeRolePolicyDocument", Rule::Policy),
        ("Policies[].PolicyDocument", Rule::Policy),
        ("Description", Rule::Default("\"\"")),
        ("MaxSessionDuration", Rule::Default("3600")),
        ("Path", Rule::Default("\"/\"")),
    ];
    const NAME: Option<Name> =
        Some(Name { property: "RoleName", max_length: 64, unique: Uniqueness::Unique });
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
            } else if let Some(role) = get(aws, one.id.as_str()).await? {
                found.insert(one.id.clone(), live(aws, &role, one.properties).await?);
            }
        }
        Ok(found)
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        const ACTION: &str = "iam:CreateRole";
        let tags = iam_tags::to_iam(ACTION, &mark.with(props.tags.as_deref()))?;
        let trust = props.assume_role_policy_document.as_ref().map(iam_documents::to_text);
        let answer = aws
            .call(ACTION, || {
                aws.iam()
                    .create_role()
                    .set_role_name(props.role_name.clone())
                    .set_path(props.path.clone())
                    .set_assume_role_policy_document(trust.clone())
                    .set_description(props.description.clone())
                    .set_max_session_duration(props.max_session_duration)
                    .set_permissions_boundary(props.permissions_boundary.clone())
                    .set_tags(Some(tags.clone()))
                    .send()
            })
            .await?;
        let role = answer.role.ok_or_else(|| Fault::malformed(ACTION, "role"))?;
        let id = PhysicalId::new(&role.role_name);
        Ok(match status(&role) {
            Status::Ready => Created::ready(id, attributes(&role)),
            _ => Created::pending(id),
        })
    }

    async fn complete(
        self,
        aws: &Aws,
        id: &PhysicalId,
        props: &Props,
        _mark: &Mark,
    ) -> Result<Progress, Fault> {
        let role = Principal::Role(id.as_str());
        for arn in props.attached() {
            role.attach(aws, arn).await?;
        }
        for policy in props.inline() {
            role.put_policy(aws, &policy.policy_name, &policy.policy_document).await?;
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
        let name = id.as_str();
        set_trust(aws, name, from, to).await?;
        describe(aws, name, from, to).await?;
        set_boundary(aws, name, from, to).await?;
        let mut all_gone = change_attached(aws, name, from, to).await?;
        all_gone &= change_inline(aws, name, from, to).await?;
        change_tags(aws, name, from, to).await?;
        Ok(Progress::done(all_gone))
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, props: &Props) -> Result<(), Fault> {
        let name = id.as_str();
        let role = Principal::Role(name);
        for policy in props.inline() {
            role.delete_policy(aws, &policy.policy_name).await.or_absent()?;
        }
        for arn in props.attached() {
            role.detach(aws, arn).await.or_absent()?;
        }
        match delete_role(aws, name).await {
            Err(fault) if fault.is(FaultKind::InUse) => {
                free(aws, name, fault).await?;
                delete_role(aws, name).await
            }
            outcome => outcome,
        }
    }

    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let Some(name) = &props.role_name else { return Ok(Vec::new()) };
        let ours = get(aws, name).await?.filter(|role| mark.is_on(iam_tags::pairs(role.tags())));
        Ok(ours.map(|role| PhysicalId::new(role.role_name)).into_iter().collect())
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let roles = pages(async |next: Option<String>| {
            let page = aws
                .call("iam:ListRoles", || aws.iam().list_roles().set_marker(next.clone()).send())
                .await?;
            Ok((page.roles, page.marker))
        });
        let mut marks = Vec::new();
        for role in roles.await? {
            if tags::may_be_ours(role.role_name(), props.role_name.as_deref(), stack) {
                let role = get(aws, role.role_name()).await?;
                let tags = role.as_ref().map(types::Role::tags).unwrap_or_default();
                marks.extend(Mark::of(stack, iam_tags::pairs(tags)));
            }
        }
        Ok(Some(marks))
    }
}

async fn get(aws: &Aws, name: &str) -> Result<Option<types::Role>, Fault> {
    let answer = aws
        .call("iam:GetRole", || aws.iam().get_role().role_name(name).send())
        .await
        .or_absent()?;
    Ok(answer.and_then(|answer| answer.role))
}

fn attributes(role: &types::Role) -> Attributes {
    Attributes::from_iter([
        ("Arn".to_owned(), role.arn().into()),
        ("RoleId".to_owned(), role.role_id().into()),
    ])
}

/// A role that is seconds old may have its id where its ARN will be.
fn status(role: &types::Role) -> Status {
    if role.arn().starts_with("arn:") {
        Status::Ready
    } else {
        Status::Pending(format!("role `{}` has no ARN yet", role.role_name()))
    }
}

async fn live(aws: &Aws, role: &types::Role, known: &Props) -> Result<Live<Props>, Fault> {
    let properties = Props {
        managed_policy_arns: live_attached(aws, role.role_name(), known).await?,
        policies: live_inline(aws, role.role_name(), known).await?,
        ..without_policies(role)
    };
    Ok(Live { properties, attributes: attributes(role), status: status(role) })
}

fn without_policies(role: &types::Role) -> Props {
    Props {
        assume_role_policy_document: role
            .assume_role_policy_document()
            .map(iam_documents::from_answer),
        description: role.description.clone(),
        max_session_duration: role.max_session_duration,
        path: Some(role.path.clone()),
        permissions_boundary: role
            .permissions_boundary()
            .and_then(|boundary| boundary.permissions_boundary_arn.clone()),
        role_name: Some(role.role_name.clone()),
        tags: tags::declared(
            iam_tags::pairs(role.tags()).map(|(key, value)| (key.to_owned(), value.to_owned())),
        ),
        ..Props::default()
    }
}

/// A role as the account tells it, if that is how it was last applied.
fn confirmed(account: &Told, one: &Known<'_, Props>) -> Option<Live<Props>> {
    let known = one.properties;
    let (role, detail) = account.role(one.id.as_str())?;
    let attached = known.attached().iter().filter(|arn| iam_account::has(detail, arn));
    let inline = known.inline().iter().filter_map(|policy| {
        let policy_document = iam_account::inline(detail, &policy.policy_name)?;
        Some(InlinePolicy { policy_document, policy_name: policy.policy_name.clone() })
    });
    let properties = Props {
        managed_policy_arns: known
            .managed_policy_arns
            .as_ref()
            .map(|_| attached.cloned().collect()),
        policies: known.policies.as_ref().map(|_| inline.collect()),
        ..without_policies(&role)
    };
    properties.is_as(known).then(|| Live {
        properties,
        attributes: attributes(&role),
        status: status(&role),
    })
}

/// The declared ones of the attached policies.
async fn live_attached(aws: &Aws, name: &str, known: &Props) -> Result<Option<Vec<String>>, Fault> {
    if known.attached().is_empty() {
        return Ok(None);
    }
    let attached = list_attached(aws, name).await?;
    Ok(Some(known.attached().iter().filter(|arn| attached.contains(arn)).cloned().collect()))
}

/// The declared ones of the inline policies.
async fn live_inline(
    aws: &Aws,
    name: &str,
    known: &Props,
) -> Result<Option<Vec<InlinePolicy>>, Fault> {
    if known.inline().is_empty() {
        return Ok(None);
    }
    let mut found = Vec::new();
    for policy in known.inline() {
        let policy_name = policy.policy_name.clone();
        if let Some(policy_document) = Principal::Role(name).policy(aws, &policy_name).await? {
            found.push(InlinePolicy { policy_document, policy_name });
        }
    }
    Ok(Some(found))
}

async fn set_trust(aws: &Aws, name: &str, from: &Props, to: &Props) -> Result<(), Fault> {
    let (from, to) = (&from.assume_role_policy_document, &to.assume_role_policy_document);
    let Some(document) = to else { return Ok(()) };
    if iam_documents::same(from.as_ref(), Some(document)) {
        return Ok(());
    }
    let text = iam_documents::to_text(document);
    aws.call("iam:UpdateAssumeRolePolicy", || {
        aws.iam().update_assume_role_policy().role_name(name).policy_document(&text).send()
    })
    .await?;
    Ok(())
}

async fn describe(aws: &Aws, name: &str, from: &Props, to: &Props) -> Result<(), Fault> {
    if from.description() == to.description() && from.session() == to.session() {
        return Ok(());
    }
    aws.call("iam:UpdateRole", || {
        let update = aws.iam().update_role().role_name(name).description(to.description());
        update.max_session_duration(to.session()).send()
    })
    .await?;
    Ok(())
}

async fn set_boundary(aws: &Aws, name: &str, from: &Props, to: &Props) -> Result<(), Fault> {
    if from.permissions_boundary == to.permissions_boundary {
        return Ok(());
    }
    if let Some(boundary) = &to.permissions_boundary {
        aws.call("iam:PutRolePermissionsBoundary", || {
            let put = aws.iam().put_role_permissions_boundary().role_name(name);
            put.permissions_boundary(boundary).send()
        })
        .await?;
    } else {
        aws.call("iam:DeleteRolePermissionsBoundary", || {
            aws.iam().delete_role_permissions_boundary().role_name(name).send()
        })
        .await?;
    }
    Ok(())
}

/// The new ones first: at no time may the role do less than before and after. Whether all that had to
/// go was known.
async fn change_attached(aws: &Aws, name: &str, from: &Props, to: &Props) -> Result<bool, Fault> {
    let role = Principal::Role(name);
    for arn in to.attached().iter().filter(|arn| !from.attached().contains(arn)) {
        role.attach(aws, arn).await?;
    }
    let mut all_gone = true;
    for arn in from.attached().iter().filter(|arn| !to.attached().contains(arn)) {
        all_gone &= role.detach(aws, arn).await.or_absent()?.is_some();
    }
    Ok(all_gone)
}

async fn change_inline(aws: &Aws, name: &str, from: &Props, to: &Props) -> Result<bool, Fault> {
    let role = Principal::Role(name);
    for policy in to.inline() {
        let document = Some(&policy.policy_document);
        if !iam_documents::same(from.inline_document(&policy.policy_name), document) {
            role.put_policy(aws, &policy.policy_name, &policy.policy_document).await?;
        }
    }
    let mut all_gone = true;
    for policy in from.inline() {
        if to.inline_document(&policy.policy_name).is_none() {
            let deleted = role.delete_policy(aws, &policy.policy_name).await;
            all_gone &= deleted.or_absent()?.is_some();
        }
    }
    Ok(all_gone)
}

async fn change_tags(aws: &Aws, name: &str, from: &Props, to: &Props) -> Result<(), Fault> {
    const ACTION: &str = "iam:TagRole";
    let (from, to) = (from.tags.as_deref(), to.tags.as_deref());
    let change = TagChange::between(&tags::to_map(from), &tags::to_map(to));
    if !change.set.is_empty() {
        let set = iam_tags::to_iam(ACTION, &change.set)?;
        aws.call(ACTION, || {
            aws.iam().tag_role().role_name(name).set_tags(Some(set.clone())).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        aws.call("iam:UntagRole", || {
            let keys = Some(change.remove.clone());
            aws.iam().untag_role().role_name(name).set_tag_keys(keys).send()
        })
        .await?;
    }
    Ok(())
}

async fn delete_role(aws: &Aws, name: &str) -> Result<(), Fault> {
    aws.call("iam:DeleteRole", || aws.iam().delete_role().role_name(name).send()).await.map(drop)
}

/// Takes the role out of instance profiles when nothing else keeps it from being deleted.
///
/// # Errors
///
/// The conflict, with the names of the policies that belong to somebody else.
async fn free(aws: &Aws, name: &str, mut conflict: Fault) -> Result<(), Fault> {
    let mut foreign = list_inline(aws, name).await?;
    foreign.extend(list_attached(aws, name).await?);
    if !foreign.is_empty() {
        conflict.message =
            format!("{} (policies of others: `{}`)", conflict.message, foreign.join("`, `"));
        return Err(conflict);
    }
    for profile in list_instance_profiles(aws, name).await? {
        aws.call("iam:RemoveRoleFromInstanceProfile", || {
            let remove = aws.iam().remove_role_from_instance_profile().role_name(name);
            remove.instance_profile_name(&profile).send()
        })
        .await
        .or_absent()?;
    }
    Ok(())
}

async fn list_attached(aws: &Aws, name: &str) -> Result<Vec<String>, Fault> {
    pages(async |marker: Option<String>| {
        let page = aws
            .call("iam:ListAttachedRolePolicies", || {
                let list = aws.iam().list_attached_role_policies().role_name(name);
                list.set_marker(marker.clone()).send()
            })
            .await?;
        let attached = page.attached_policies.unwrap_or_default();
        Ok((attached.into_iter().filter_map(|one| one.policy_arn).collect(), page.marker))
    })
    .await
}

async fn list_inline(aws: &Aws, name: &str) -> Result<Vec<String>, Fault> {
    pages(async |marker: Option<String>| {
        let page = aws
            .call("iam:ListRolePolicies", || {
                aws.iam().list_role_policies().role_name(name).set_marker(marker.clone()).send()
            })
            .await?;
        Ok((page.policy_names, page.marker))
    })
    .await
}

async fn list_instance_profiles(aws: &Aws, name: &str) -> Result<Vec<String>, Fault> {
    pages(async |marker: Option<String>| {
        let page = aws
            .call("iam:ListInstanceProfilesForRole", || {
                let list = aws.iam().list_instance_profiles_for_role().role_name(name);
                list.set_marker(marker.clone()).send()
            })
            .await?;
        let profiles = page.instance_profiles.into_iter();
        Ok((profiles.map(|one| one.instance_profile_name).collect(), page.marker))
    })
    .await
}

//! What IAM has, told at once.
//!
//! IAM reads nothing in batches: a role with two policies is three calls, and a stack of hundreds
//! waits for their rate. A refresh of many asks for the whole account instead, up to a thousand
//! roles and policies a page. What it is told may only confirm: whatever is not there as it was
//! last applied is asked for by its name, as it would be without this. So an answer that is late
//! or leaves something out costs a call, and never shows a change that is none. Whoever may not
//! read the account reads one by one.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_iam::types::{EntityType, ManagedPolicyDetail, Role, RoleDetail};
use serde_json::Value as Json;

use super::iam_documents;
use super::iam_managed_policy::ManagedPolicy;
use super::iam_policy::Policy;
use super::{Resource as _, iam_role};
use crate::aws::{Aws, Fault};

/// From how many resources on the account is asked.
pub(crate) const MANY: usize = 20;
/// The types that are told of.
pub(crate) const TYPES: [&str; 3] = [iam_role::Role::TYPE, Policy::TYPE, ManagedPolicy::TYPE];
/// What is called then.
pub(crate) const ACTIONS: [&str; 2] = [DETAILS, ROLES];

const DETAILS: &str = "iam:GetAccountAuthorizationDetails";
const ROLES: &str = "iam:ListRoles";
/// The most that one page has.
const PAGE: i32 = 1000;

/// Roles and managed policies, as far as they were told.
#[derive(Debug, Default)]
pub(super) struct Told {
    roles: HashMap<String, RoleDetail>,
    /// The same roles: only here are their descriptions and how long a session may last.
    listed: HashMap<String, Role>,
    policies: HashMap<String, ManagedPolicyDetail>,
}

/// What the account tells, read once in a refresh of many; `None` where few are read, and where it
/// is not told.
pub(super) async fn told(aws: &Aws) -> Option<Arc<Told>> {
    let known: usize = TYPES.iter().map(|of| aws.refreshes(of)).sum();
    if known < MANY {
        return None;
    }
    let told = aws.shared(DETAILS.to_owned(), || async { Box::pin(read(aws, known)).await }).await;
    told.inspect_err(|fault| tracing::debug!(%fault, "the account is not told")).ok()
}

/// Reads no more pages than there are resources: beyond that, asking one by one is cheaper.
async fn read(aws: &Aws, most_pages: usize) -> Result<Told, Fault> {
    let mut told = Told::default();
    let mut marker: Option<String> = None;
    for _ in 0..most_pages {
        let page = aws
            .call(DETAILS, || {
                let ask = aws.iam().get_account_authorization_details().max_items(PAGE);
                ask.filter(EntityType::Role)
                    .filter(EntityType::LocalManagedPolicy)
                    .set_marker(marker.clone())
                    .send()
            })
            .await?;
        let roles = page.role_detail_list.unwrap_or_default();
        told.roles.extend(roles.into_iter().filter_map(|it| Some((it.role_name.clone()?, it))));
        let policies = page.policies.unwrap_or_default();
        told.policies.extend(policies.into_iter().filter_map(|it| Some((it.arn.clone()?, it))));
        marker = page.marker.filter(|marker| page.is_truncated && !marker.is_empty());
        if marker.is_none() {
            break;
        }
    }
    if aws.refreshes(iam_role::Role::TYPE) > 0 {
        told.listed = list(aws, most_pages).await?;
    }
    Ok(told)
}

async fn list(aws: &Aws, most_pages: usize) -> Result<HashMap<String, Role>, Fault> {
    let mut listed = HashMap::new();
    let mut marker: Option<String> = None;
    for _ in 0..most_pages {
        let page = aws
            .call(ROLES, || {
                aws.iam().list_roles().max_items(PAGE).set_marker(marker.clone()).send()
            })
            .await?;
        listed.extend(page.roles.into_iter().map(|role| (role.role_name.clone(), role)));
        marker = page.marker.filter(|marker| page.is_truncated && !marker.is_empty());
        if marker.is_none() {
            break;
        }
    }
    Ok(listed)
}

impl Told {
    /// A role as [`Role`] and with its policies.
    pub(super) fn role(&self, name: &str) -> Option<(Role, &RoleDetail)> {
        let (detail, listed) = (self.roles.get(name)?, self.listed.get(name)?);
        let mut role = listed.clone();
        role.assume_role_policy_document.clone_from(&detail.assume_role_policy_document);
        role.permissions_boundary.clone_from(&detail.permissions_boundary);
        role.tags.clone_from(&detail.tags);
        Some((role, detail))
    }

    /// The document of an inline policy of a role.
    pub(super) fn inline(&self, role: &str, policy: &str) -> Option<Json> {
        inline(self.roles.get(role)?, policy)
    }

    pub(super) fn policy(&self, arn: &str) -> Option<&ManagedPolicyDetail> {
        self.policies.get(arn)
    }

    /// Whether a managed policy is attached to a role.
    pub(super) fn is_attached(&self, role: &str, arn: &str) -> bool {
        self.roles.get(role).is_some_and(|role| has(role, arn))
    }
}

/// The document of an inline policy of a role.
pub(super) fn inline(role: &RoleDetail, policy: &str) -> Option<Json> {
    let mut policies = role.role_policy_list().iter();
    let found = policies.find(|one| one.policy_name() == Some(policy))?;
    found.policy_document().map(iam_documents::from_answer)
}

/// Whether a managed policy is attached to a role.
pub(super) fn has(role: &RoleDetail, arn: &str) -> bool {
    role.attached_managed_policies().iter().any(|one| one.policy_arn() == Some(arn))
}

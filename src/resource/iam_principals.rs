//! What policies are put on and attached to: roles, users and groups, each with calls of its own
//! that do the same.

use serde_json::Value as Json;

use super::iam_documents;
use super::or_absent::OrAbsent as _;
use crate::aws::{Aws, Fault};

/// Somebody who may be allowed something, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Principal<'a> {
    Role(&'a str),
    User(&'a str),
    Group(&'a str),
}

/// The principals a template lists, each once.
pub(super) fn principals<'a>(
    roles: Option<&'a [String]>,
    users: Option<&'a [String]>,
    groups: Option<&'a [String]>,
) -> Vec<Principal<'a>> {
    let mut all: Vec<Principal<'a>> = Vec::new();
    let listed = |names: Option<&'a [String]>, kind: fn(&'a str) -> Principal<'a>| {
        names.unwrap_or_default().iter().map(move |name| kind(name))
    };
    for principal in listed(roles, Principal::Role)
        .chain(listed(users, Principal::User))
        .chain(listed(groups, Principal::Group))
    {
        if !all.contains(&principal) {
            all.push(principal);
        }
    }
    all
}

impl Principal<'_> {
    /// Puts an inline policy, over whatever has its name.
    pub(super) async fn put_policy(
        self,
        aws: &Aws,
        policy: &str,
        document: &Json,
    ) -> Result<(), Fault> {
        let iam = aws.iam();
        let text = iam_documents::to_text(document);
        match self {
            Self::Role(name) => aws
                .call("iam:PutRolePolicy", || {
                    let put = iam.put_role_policy().role_name(name).policy_name(policy);
                    put.policy_document(&text).send()
                })
                .await
                .map(drop),
            Self::User(name) => aws
                .call("iam:PutUserPolicy", || {
                    let put = iam.put_user_policy().user_name(name).policy_name(policy);
                    put.policy_document(&text).send()
                })
                .await
                .map(drop),
            Self::Group(name) => aws
                .call("iam:PutGroupPolicy", || {
                    let put = iam.put_group_policy().group_name(name).policy_name(policy);
                    put.policy_document(&text).send()
                })
                .await
                .map(drop),
        }
    }

    /// The document of an inline policy, if there is one.
    pub(super) async fn policy(self, aws: &Aws, policy: &str) -> Result<Option<Json>, Fault> {
        let iam = aws.iam();
        let encoded = match self {
            Self::Role(name) => aws
                .call("iam:GetRolePolicy", || {
                    iam.get_role_policy().role_name(name).policy_name(policy).send()
                })
                .await
                .map(|answer| answer.policy_document),
            Self::User(name) => aws
                .call("iam:GetUserPolicy", || {
                    iam.get_user_policy().user_name(name).policy_name(policy).send()
                })
                .await
                .map(|answer| answer.policy_document),
            Self::Group(name) => aws
                .call("iam:GetGroupPolicy", || {
                    iam.get_group_policy().group_name(name).policy_name(policy).send()
                })
                .await
                .map(|answer| answer.policy_document),
        };
        Ok(encoded.or_absent()?.map(|encoded| iam_documents::from_answer(&encoded)))
    }

    /// Deletes an inline policy.
    pub(super) async fn delete_policy(self, aws: &Aws, policy: &str) -> Result<(), Fault> {
        let iam = aws.iam();
        match self {
            Self::Role(name) => aws
                .call("iam:DeleteRolePolicy", || {
                    iam.delete_role_policy().role_name(name).policy_name(policy).send()
                })
                .await
                .map(drop),
            Self::User(name) => aws
                .call("iam:DeleteUserPolicy", || {
                    iam.delete_user_policy().user_name(name).policy_name(policy).send()
                })
                .await
                .map(drop),
            Self::Group(name) => aws
                .call("iam:DeleteGroupPolicy", || {
                    iam.delete_group_policy().group_name(name).policy_name(policy).send()
                })
                .await
                .map(drop),
        }
    }

    /// Attaches a managed policy; attached already is fine.
    pub(super) async fn attach(self, aws: &Aws, arn: &str) -> Result<(), Fault> {
        let iam = aws.iam();
        match self {
            Self::Role(name) => aws
                .call("iam:AttachRolePolicy", || {
                    iam.attach_role_policy().role_name(name).policy_arn(arn).send()
                })
                .await
                .map(drop),
            Self::User(name) => aws
                .call("iam:AttachUserPolicy", || {
                    iam.attach_user_policy().user_name(name).policy_arn(arn).send()
                })
                .await
                .map(drop),
            Self::Group(name) => aws
                .call("iam:AttachGroupPolicy", || {
                    iam.attach_group_policy().group_name(name).policy_arn(arn).send()
                })
                .await
                .map(drop),
        }
    }

    /// Detaches a managed policy.
    pub(super) async fn detach(self, aws: &Aws, arn: &str) -> Result<(), Fault> {
        let iam = aws.iam();
        match self {
            Self::Role(name) => aws
                .call("iam:DetachRolePolicy", || {
                    iam.detach_role_policy().role_name(name).policy_arn(arn).send()
                })
                .await
                .map(drop),
            Self::User(name) => aws
                .call("iam:DetachUserPolicy", || {
                    iam.detach_user_policy().user_name(name).policy_arn(arn).send()
                })
                .await
                .map(drop),
            Self::Group(name) => aws
                .call("iam:DetachGroupPolicy", || {
                    iam.detach_group_policy().group_name(name).policy_arn(arn).send()
                })
                .await
                .map(drop),
        }
    }
}

//! `AWS::IAM::Policy`: one inline policy, put on several roles, users and groups.
//!
//! AWS knows no such thing, only a policy of that name on each principal: the id is Cairn's own,
//! creating is putting, and the resource is where its principals are. When the documents have
//! come to differ, the one that is not as applied speaks for all, so that a plan shows it.
//!
//! The put on the first principal stands for the call that names a resource, so that one which
//! was only begun can be seen and found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::iam_account::{self, Told};
use super::iam_documents;
use super::iam_principals::{Principal, principals};
use super::or_absent::OrAbsent as _;
use super::{Completion, Created, Known, Live, Mark, Progress, Resource, Rule, Status};
use crate::aws::{Aws, Fault, FaultKind};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct Policy;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    groups: Option<Vec<String>>,
    policy_document: Option<Json>,
    policy_name: Option<String>,
    roles: Option<Vec<String>>,
    users: Option<Vec<String>>,
}

/// The longest id: nobody but Cairn reads it.
const ID_LENGTH: usize = 200;

impl Props {
    fn principals(&self) -> Vec<Principal<'_>> {
        principals(self.roles.as_deref(), self.users.as_deref(), self.groups.as_deref())
    }

    /// The name and document, which the schema requires.
    fn policy(&self) -> Result<(&str, &Json), Fault> {
        match (&self.policy_name, &self.policy_document) {
            (Some(name), Some(document)) => Ok((name, document)),
            _ => Err(Fault::invalid(Policy::TYPE, "`PolicyName` or `PolicyDocument` is missing")),
        }
    }
}

impl Resource for Policy {
    const TYPE: &'static str = "AWS::IAM::Policy";
    const ALONE: Option<&'static [&'static str]> =
        Some(&["PolicyName", "Roles", "Users", "Groups"]);
    const COMPLETION: Completion = Completion::Calls;
    const RULES: &'static [(&'static str, Rule)] = &[("PolicyDocument", Rule::Policy)];

    type Props = Props;

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let account = iam_account::told(aws).await;
        let mut found = BTreeMap::new();
        for one in known {
            if let Some(properties) = live(aws, account.as_deref(), one.properties).await? {
                let attributes = attributes(one.id);
                let live = Live { properties, attributes, status: Status::Ready };
                found.insert(one.id.clone(), live);
            }
        }
        Ok(found)
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        let (name, document) = props.policy()?;
        let Some(first) = props.principals().into_iter().next() else {
            let problem = "at least one of `Roles`, `Users` and `Groups` must name somebody";
            return Err(Fault::invalid(Self::TYPE, problem));
        };
        first.put_policy(aws, name, document).await?;
        let id = PhysicalId::new(mark.generated_id(ID_LENGTH));
        let attributes = attributes(&id);
        Ok(Created::ready(id, attributes))
    }

    async fn complete(
        self,
        aws: &Aws,
        _id: &PhysicalId,
        props: &Props,
        _mark: &Mark,
    ) -> Result<Progress, Fault> {
        let (name, document) = props.policy()?;
        for principal in props.principals().into_iter().skip(1) {
            principal.put_policy(aws, name, document).await?;
        }
        Ok(Progress::Done)
    }

    /// A new name is a new policy everywhere; the old one goes when the new one is there.
    async fn update(
        self,
        aws: &Aws,
        _id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        let (name, document) = to.policy()?;
        let renamed = from.policy_name != to.policy_name;
        let changed = !iam_documents::same(from.policy_document.as_ref(), Some(document));
        let (before, after) = (from.principals(), to.principals());
        for principal in &after {
            if renamed || changed || !before.contains(principal) {
                principal.put_policy(aws, name, document).await?;
            }
        }
        let Some(old_name) = &from.policy_name else { return Ok(Progress::Done) };
        let mut all_gone = true;
        for principal in &before {
            if renamed || !after.contains(principal) {
                let deleted = principal.delete_policy(aws, old_name).await;
                all_gone &= deleted.or_absent()?.is_some();
            }
        }
        Ok(Progress::done(all_gone))
    }

    async fn delete(self, aws: &Aws, _id: &PhysicalId, props: &Props) -> Result<(), Fault> {
        let (name, _) = props.policy()?;
        let mut absent = None;
        for principal in props.principals() {
            match principal.delete_policy(aws, name).await {
                Err(fault) if fault.is(FaultKind::NotFound) => absent = Some(fault),
                outcome => outcome?,
            }
        }
        absent.map_or(Ok(()), Err)
    }

    /// Who put a policy is not told: the same one is what the create would have put.
    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let found = live(aws, None, props).await?.filter(|live| {
            iam_documents::same(live.policy_document.as_ref(), props.policy_document.as_ref())
        });
        Ok(found.map(|_| PhysicalId::new(mark.generated_id(ID_LENGTH))).into_iter().collect())
    }
}

fn attributes(id: &PhysicalId) -> Attributes {
    Attributes::from_iter([("Id".to_owned(), id.as_str().into())])
}

/// The policy as its principals have it; `None` when none of them has it.
async fn live(aws: &Aws, account: Option<&Told>, known: &Props) -> Result<Option<Props>, Fault> {
    let (name, applied) = known.policy()?;
    let mut live: Option<Json> = None;
    let mut holders = Vec::new();
    for principal in known.principals() {
        let document = match confirmed(account, principal, name, applied) {
            Some(document) => Some(document),
            None => principal.policy(aws, name).await?,
        };
        if let Some(document) = document {
            holders.push(principal);
            if live.is_none() || !iam_documents::same(Some(&document), Some(applied)) {
                live = Some(document);
            }
        }
    }
    Ok(live.map(|document| Props {
        groups: held(known.groups.as_deref(), Principal::Group, &holders),
        policy_document: Some(document),
        policy_name: Some(name.to_owned()),
        roles: held(known.roles.as_deref(), Principal::Role, &holders),
        users: held(known.users.as_deref(), Principal::User, &holders),
    }))
}

/// The document as the account tells it, if it is the one last applied.
fn confirmed(
    account: Option<&Told>,
    principal: Principal<'_>,
    policy: &str,
    applied: &Json,
) -> Option<Json> {
    let Principal::Role(role) = principal else { return None };
    let document = account?.inline(role, policy)?;
    iam_documents::same(Some(&document), Some(applied)).then_some(document)
}

/// Those of the declared names who hold the policy.
fn held<'a>(
    names: Option<&'a [String]>,
    kind: fn(&'a str) -> Principal<'a>,
    holders: &[Principal<'a>],
) -> Option<Vec<String>> {
    let holds = |name: &&'a String| holders.contains(&kind(name));
    names.map(|names| names.iter().filter(holds).cloned().collect())
}

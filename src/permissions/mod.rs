//! The least that IAM has to allow for a plan: which permissions its steps need, and on what.
//!
//! What each type's handler may call stands in a table; a test holds the table against what the
//! handlers do call. Resources are as narrow as a plan can know them: names and ARNs of what is
//! there or is named, `*` for what AWS has yet to name.

mod apigateway;
mod bedrock;
mod document;
mod ec2;
mod iam;
mod lambda;
mod logs;
mod need;
mod resource;
#[cfg(test)]
mod tests;

pub use document::document;
pub use need::action_of;

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::plan::{Action, Operation, Outlook, Plan, Step, UpdateKind};
use crate::resource::{ACCOUNT_ACTIONS, ACCOUNT_TYPES, MANY, tags};
use crate::value::LogicalId;
use need::{CREATE, Condition, DELETE, Kind, MARK, Need, READ, UPDATE};
use resource::Names;

/// What is to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scope {
    /// Making the plan, now and when it has been run: reads only
    Plan,
    /// Making the plan and running it
    Deploy,
    /// Tearing down all there is once the plan has been run
    Teardown,
}

/// One permission of one resource of a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    pub logical_id: Option<LogicalId>,
    pub action: String,
    pub resources: BTreeSet<String>,
    /// Operator, key and value.
    pub condition: Option<(String, String, String)>,
}

fn kinds() -> impl Iterator<Item = &'static Kind> {
    [ec2::KINDS, iam::KINDS, lambda::KINDS, logs::KINDS, bedrock::KINDS, apigateway::KINDS]
        .into_iter()
        .flatten()
}

fn kind(type_name: &str) -> Option<&'static Kind> {
    kinds().find(|kind| kind.type_name == type_name)
}

/// Every action that the handler of a type may need, as IAM calls them.
pub fn actions(type_name: &str) -> BTreeSet<&'static str> {
    kind(type_name).into_iter().flat_map(|kind| kind.needs).map(|need| need.action).collect()
}

/// The permissions for a state in a bucket: to read it, and beside a plan to write it.
pub fn for_state(partition: &str, bucket: &str, prefix: &str, scope: Scope) -> Vec<Permission> {
    let one = |action: &str, resource: String| Permission {
        logical_id: None,
        action: action.to_owned(),
        resources: BTreeSet::from([resource]),
        condition: None,
    };
    let objects = || format!("arn:{partition}:s3:::{bucket}/{prefix}/*");
    let mut found = vec![
        one("s3:ListBucket", format!("arn:{partition}:s3:::{bucket}")),
        one("s3:GetObject", objects()),
    ];
    if scope != Scope::Plan {
        found.extend([one("s3:PutObject", objects()), one("s3:DeleteObject", objects())]);
    }
    found
}

/// The permissions that a plan needs. `calls` are those that were made to plan it: what they ask
/// that no resource's handler asks is needed as well.
pub fn permissions(
    plan: &Plan,
    outlooks: &[Outlook],
    partition: &str,
    scope: Scope,
    calls: &[String],
) -> Vec<Permission> {
    let names = Names::of(plan, outlooks, partition);
    let mut found: Vec<Permission> = Vec::new();
    for (step, outlook) in plan.steps.iter().zip(outlooks) {
        let Some(kind) = kind(step.type_name.as_str()) else { continue };
        let on = verbs(step, scope);
        for need in kind.needs {
            let is_asked = need.on & on != 0 && is_needed(need, on, step, &outlook.properties);
            if is_asked || (on & MARK != 0 && need.tags()) {
                found.extend(permission(need, step, plan, &names));
            }
        }
    }
    found.extend(for_many(plan));
    let known: BTreeSet<&str> =
        kinds().flat_map(|kind| kind.needs).map(|need| need.action).collect();
    let others: BTreeSet<String> = calls.iter().map(|call| action_of(call)).collect();
    let is_unknown = |action: &String| {
        // Whoever has credentials may ask whose they are.
        action != "sts:GetCallerIdentity" && !known.contains(action.as_str())
    };
    for action in others.into_iter().filter(is_unknown) {
        found.push(Permission {
            logical_id: None,
            action,
            resources: BTreeSet::from(["*".to_owned()]),
            condition: None,
        });
    }
    found.sort();
    found.dedup();
    found
}

/// What reading the account at once needs, where a plan has so many that this is done. Without it
/// they are read one by one.
fn for_many(plan: &Plan) -> Vec<Permission> {
    let is_told = |step: &&Step| ACCOUNT_TYPES.contains(&step.type_name.as_str());
    if plan.steps.iter().filter(is_told).count() < MANY {
        return Vec::new();
    }
    let one = |action: &&str| Permission {
        logical_id: None,
        action: (*action).to_owned(),
        resources: BTreeSet::from(["*".to_owned()]),
        condition: None,
    };
    ACCOUNT_ACTIONS.iter().map(one).collect()
}

/// What is done to a step's resource.
fn verbs(step: &Step, scope: Scope) -> u8 {
    let goes = matches!(step.action, Action::Delete | Action::Retain);
    match (scope, &step.operation) {
        (Scope::Plan, _) => READ,
        (Scope::Teardown, _) if goes => 0,
        (Scope::Teardown, _) => READ | DELETE,
        (Scope::Deploy, Operation::Create { .. } | Operation::Resume { .. }) => READ | CREATE,
        (Scope::Deploy, Operation::Update { .. } | Operation::Reinstate { how: Some(_), .. }) => {
            READ | UPDATE
        }
        (Scope::Deploy, Operation::Delete { .. }) => READ | DELETE,
        (Scope::Deploy, Operation::Mark { .. } | Operation::Adopt { .. }) => READ | MARK,
        (Scope::Deploy, _) => READ,
    }
}

/// Whether the properties call for it. What an update of unknown extent needs is all it may need.
fn is_needed(need: &Need, on: u8, step: &Step, properties: &Json) -> bool {
    if need.with.is_empty() {
        return true;
    }
    let changes: Vec<&str> = step.changes.iter().map(|change| change.path.as_str()).collect();
    // Reads of an update, too, are about what goes.
    let is_update = on & UPDATE != 0;
    let is_roll = matches!(step.operation, Operation::Update { how: UpdateKind::Roll, .. });
    if is_update && changes.is_empty() && !is_roll {
        return true;
    }
    need.with.iter().any(|path| {
        let pointer = format!("/{}", path.replace('.', "/"));
        let is_given = properties.pointer(&pointer).is_some_and(|value| !value.is_null());
        let top = |change: &str| change.split(['.', '[']).next().unwrap_or_default().to_owned();
        let is_changed = changes.iter().any(|change| top(change) == top(path));
        match is_update {
            true => is_changed || (need.on & READ != 0 && is_given),
            false => is_given,
        }
    })
}

fn permission(need: &Need, step: &Step, plan: &Plan, names: &Names<'_>) -> Option<Permission> {
    let (resources, is_known) = names.resources(need, step);
    if resources.is_empty() {
        return None;
    }
    let equals = |key: &str, value: &str| {
        Some(("StringEquals".to_owned(), key.to_owned(), value.to_owned()))
    };
    let condition = match need.condition {
        Condition::None => None,
        Condition::PassedTo(service) => equals("iam:PassedToService", service),
        Condition::OnCreate(call) => equals("ec2:CreateAction", call),
        Condition::Marked if is_known => None,
        Condition::Marked => equals(&format!("aws:ResourceTag/{}", tags::STACK), &plan.stack),
    };
    Some(Permission {
        logical_id: Some(step.logical_id.clone()),
        action: need.action.to_owned(),
        resources,
        condition,
    })
}

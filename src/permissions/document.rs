//! Permissions as an IAM policy.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::Permission;

/// The policy that allows these permissions and nothing else: as few statements as say it.
pub fn document(permissions: &[Permission]) -> Json {
    type Condition<'p> = Option<&'p (String, String, String)>;
    let mut by_action: BTreeMap<(&str, Condition<'_>), BTreeSet<&str>> = BTreeMap::new();
    for one in permissions {
        let resources = by_action.entry((&one.action, one.condition.as_ref())).or_default();
        resources.extend(one.resources.iter().map(String::as_str));
    }
    let mut statements: BTreeMap<(&str, BTreeSet<&str>, Condition<'_>), BTreeSet<&str>> =
        BTreeMap::new();
    for ((action, condition), mut resources) in by_action {
        let service = action.split(':').next().unwrap_or_default();
        if resources.contains("*") {
            resources = BTreeSet::from(["*"]);
        }
        statements.entry((service, resources, condition)).or_default().insert(action);
    }
    let statements = statements.into_iter().map(|((_, resources, condition), actions)| {
        let mut statement = json!({"Effect": "Allow", "Action": actions, "Resource": resources});
        if let Some((operator, key, value)) = condition {
            statement["Condition"] = json!({operator: {key: value}});
        }
        statement
    });
    json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()})
}

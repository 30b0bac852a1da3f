//! `DeletionPolicy` and `UpdateReplacePolicy`, settled before anything is planned.

use super::Graph;
use super::evaluate::is_failed;
use super::lookup::Nothing;
use crate::diagnostic::Diagnostic;
use crate::resource;
use crate::template::{DeletionPolicy, Node, Policy, ResourceNode, policy_named};
use crate::value::Value;

impl Graph {
    /// What becomes of a resource that leaves the stack, and of the old one when it is replaced.
    pub(super) fn policies(
        &self,
        declared: &ResourceNode,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> (DeletionPolicy, DeletionPolicy) {
        let mut settle = |key, written: &Policy| {
            let policy = match written {
                Policy::Settled(policy) => *policy,
                Policy::Computed(node) => self.computed_policy(declared, key, node, diagnostics),
            };
            diagnostics.extend(impossible(self, declared, key, policy));
            policy
        };
        (
            settle("DeletionPolicy", &declared.deletion_policy),
            settle("UpdateReplacePolicy", &declared.update_replace_policy),
        )
    }

    fn computed_policy(
        &self,
        declared: &ResourceNode,
        key: &str,
        node: &Node,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> DeletionPolicy {
        let mut evaluator = self.evaluator(&Nothing);
        let value = evaluator.value(node);
        diagnostics.extend(evaluator.into_errors());
        let what = format!("`{key}` of the resource `{}`", declared.id);
        let (message, hint) = match &value {
            None => return DeletionPolicy::Delete,
            Some(value) if is_failed(value) => return DeletionPolicy::Delete,
            Some(Value::String(text)) => match policy_named(key, text) {
                Ok(policy) => return policy,
                Err(hint) => (format!("{what} cannot be `{text}`"), hint),
            },
            Some(_) => (
                format!("{what} is not a text known before deployment"),
                "use parameters, mappings and conditions".to_owned(),
            ),
        };
        let finding = Diagnostic::error(message).at(&self.template.source, node.span);
        diagnostics.push(finding.hint(hint));
        DeletionPolicy::Delete
    }
}

/// A snapshot is a promise to keep data: what cannot be kept must not look as if it were.
fn impossible(
    graph: &Graph,
    declared: &ResourceNode,
    key: &str,
    policy: DeletionPolicy,
) -> Option<Diagnostic> {
    // What has snapshots, databases and volumes, Cairn cannot deploy yet.
    if policy != DeletionPolicy::Snapshot || resource::handler(&declared.type_name).is_none() {
        return None;
    }
    let message = format!(
        "`{}` has no snapshots: `{key}` of `{}` cannot be `Snapshot`",
        declared.type_name, declared.id
    );
    let finding = Diagnostic::error(message).at(&graph.template.source, declared.id_span);
    Some(finding.hint("`Retain` keeps the resource itself"))
}

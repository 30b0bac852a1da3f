//! The `Resources` section: the attributes of each resource. Properties stay as they were written.

use crate::ordered::IndexMap;

use super::read::{Fields, Keys, Reader, function_of, listed};
use super::{DeletionPolicy, Entry, Language, Node, NodeKind, Policy, ResourceNode};
use crate::diagnostic::{Span, nearest};
use crate::value::LogicalId;

const KEYS: Keys = Keys { known: ATTRIBUTES, required: &["Type"] };

/// AWS's own examples give the resource of a provider a version, which nobody reads.
const CUSTOM_KEYS: Keys = Keys { known: CUSTOM_ATTRIBUTES, required: &["Type"] };

const ATTRIBUTES: &[&str] = match CUSTOM_ATTRIBUTES.split_first() {
    Some((_version, others)) => others,
    None => &[],
};

const CUSTOM_ATTRIBUTES: &[&str] = &[
    "Version",
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "Metadata",
    "CreationPolicy",
    "UpdatePolicy",
    "DeletionPolicy",
    "UpdateReplacePolicy",
];

const DELETION_POLICIES: &[&str] = &["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"];
const REPLACE_POLICIES: &[&str] = &["Delete", "Retain", "Snapshot"];

pub(super) fn read_all(reader: &mut Reader<'_>, node: &Node) -> IndexMap<LogicalId, ResourceNode> {
    let mut resources = IndexMap::default();
    let entries = reader.declarations(node, "Resources");
    if entries.is_empty() && !reader.incomplete.contains("Resources") {
        let hint = "every template declares at least one resource".to_owned();
        reader.error_hint(node.span, "`Resources` is empty", hint);
    }
    for entry in entries {
        if !reader.stands_for_others(entry, "Resources") {
            reader.check_name(entry, "a resource");
            let resource = read(reader, entry);
            resources.insert(resource.id.clone(), resource);
        }
    }
    resources
}

fn read(reader: &mut Reader<'_>, entry: &Entry) -> ResourceNode {
    let what = format!("the resource `{}`", entry.key);
    let type_name = entry.value.get("Type").and_then(Node::text).unwrap_or_default();
    let keys = if is_custom(type_name) { CUSTOM_KEYS } else { KEYS };
    let fields = reader.fields(&entry.value, entry.key_span, what, keys);
    let (type_name, type_span) =
        fields.spanned("Type", reader).unwrap_or_else(|| (String::new(), entry.key_span));
    let none = Node { kind: NodeKind::Map(Vec::new()), span: entry.key_span };
    let mut properties = fields.get("Properties").cloned().unwrap_or(none);
    if !matches!(properties.kind, NodeKind::Map(_)) {
        reader.entries(&properties, &fields.name("Properties"));
        properties.kind = NodeKind::Broken;
    }
    for key in ["CreationPolicy", "UpdatePolicy"] {
        if let Some(policy) = fields.entry(key) {
            let hint = "a resource is done when AWS says that it is ready";
            let message = format!("{} has no effect", fields.name(key));
            reader.warning(policy.key_span, message, hint);
        }
    }
    ResourceNode {
        id: LogicalId::new(&entry.key),
        id_span: entry.key_span,
        type_name,
        type_span,
        properties,
        depends_on: depends_on(reader, &fields),
        condition: fields.spanned("Condition", reader),
        deletion_policy: policy(reader, &fields, "DeletionPolicy"),
        update_replace_policy: policy(reader, &fields, "UpdateReplacePolicy"),
        metadata: fields.get("Metadata").cloned(),
    }
}

fn is_custom(type_name: &str) -> bool {
    type_name.starts_with("Custom::") || type_name == "AWS::CloudFormation::CustomResource"
}

/// One logical id or a list of them.
fn depends_on(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<(String, Span)> {
    let Some(node) = fields.get("DependsOn") else { return Vec::new() };
    let what = fields.name("DependsOn");
    let (names, what) = match &node.kind {
        NodeKind::List(items) => (items.as_slice(), format!("a name in {what}")),
        _ => (std::slice::from_ref(node), what),
    };
    names
        .iter()
        .filter_map(|name| Some((reader.name(name, &what)?.to_owned(), name.span)))
        .collect()
}

fn policy(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Policy {
    let none = Policy::Settled(DeletionPolicy::Delete);
    let Some(node) = fields.get(key) else { return none };
    if reader.language() == Language::Extended && function_of(node).is_some() {
        return Policy::Computed(node.clone());
    }
    let Some((text, span)) = fields.spanned(key, reader) else { return none };
    match policy_named(key, &text) {
        Ok(policy) => Policy::Settled(policy),
        Err(hint) => {
            reader.error_hint(span, format!("{} cannot be `{text}`", fields.name(key)), hint);
            none
        }
    }
}

/// What a text says as `DeletionPolicy` or `UpdateReplacePolicy`, or a hint at what it may say.
pub(crate) fn policy_named(key: &str, text: &str) -> Result<DeletionPolicy, String> {
    let allowed = if key == "DeletionPolicy" { DELETION_POLICIES } else { REPLACE_POLICIES };
    match text {
        "Delete" => return Ok(DeletionPolicy::Delete),
        "Retain" => return Ok(DeletionPolicy::Retain),
        "Snapshot" => return Ok(DeletionPolicy::Snapshot),
        "RetainExceptOnCreate" if allowed.contains(&text) => {
            return Ok(DeletionPolicy::RetainExceptOnCreate);
        }
        _ => {}
    }
    Err(match nearest(text, allowed.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of {}", listed(allowed)),
    })
}

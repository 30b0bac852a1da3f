//! The `Parameters` section: what a caller may give, and what is allowed.

use indexmap::IndexMap;

use super::read::{Fields, Keys, Reader};
use super::{Echo, Entry, Node, NodeKind, Parameter};
use crate::diagnostic::{Span, nearest};

const KEYS: Keys = Keys { known: ATTRIBUTES, required: &["Type"] };

const ATTRIBUTES: &[&str] = &[
    "Type",
    "Default",
    "AllowedValues",
    "AllowedPattern",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
    "ConstraintDescription",
    "Description",
    "NoEcho",
];

/// Types of text and numbers.
const PLAIN_TYPES: &[&str] =
    &["String", "Number", "List<Number>", "List<String>", "CommaDelimitedList"];

/// Types of text that names something in the account.
const AWS_TYPES: &[&str] = &[
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::Volume::Id",
    "AWS::EC2::VPC::Id",
    "AWS::Route53::HostedZone::Id",
];

/// Without the brackets' content.
const STORED_TYPE: &str = "AWS::SSM::Parameter::Value<";
const STORED_NAME_TYPE: &str = "AWS::SSM::Parameter::Name";

pub(super) fn read_all(reader: &mut Reader<'_>, node: &Node) -> IndexMap<String, Parameter> {
    let mut parameters = IndexMap::new();
    for entry in reader.entries(node, "`Parameters`") {
        if reader.is_name(entry, "a parameter") {
            parameters.insert(entry.key.clone(), read(reader, entry));
        }
    }
    parameters
}

fn read(reader: &mut Reader<'_>, entry: &Entry) -> Parameter {
    let what = format!("the parameter `{}`", entry.key);
    let fields = reader.fields(&entry.value, entry.key_span, what, KEYS);
    let type_name = fields.spanned("Type", reader);
    if let Some((name, span)) = &type_name
        && !is_type(name)
    {
        let hint = nearest(name, every_type().iter().map(String::as_str))
            .map(|near| format!("did you mean `{near}`?"));
        reader.error_hint(*span, format!("`{name}` is not a type of parameters"), hint);
    }
    let no_echo = fields.get("NoEcho").and_then(|node| reader.flag(node, &fields.name("NoEcho")));
    Parameter {
        name: entry.key.clone(),
        name_span: entry.key_span,
        span: Span { start: entry.key_span.start, end: entry.value.span.end },
        type_name: type_name.map(|(name, _)| name).unwrap_or_default(),
        default: default(reader, &fields),
        allowed_values: allowed_values(reader, &fields),
        allowed_pattern: fields.text("AllowedPattern", reader).map(str::to_owned),
        min_length: fields.number("MinLength", "a whole number", reader),
        max_length: fields.number("MaxLength", "a whole number", reader),
        min_value: fields.number("MinValue", "a number", reader),
        max_value: fields.number("MaxValue", "a number", reader),
        constraint_description: fields.text("ConstraintDescription", reader).map(str::to_owned),
        description: fields.text("Description", reader).map(str::to_owned),
        no_echo: if no_echo == Some(true) { Echo::Hidden } else { Echo::Shown },
    }
}

fn default(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Node> {
    let node = fields.get("Default")?;
    if let NodeKind::List(_) = node.kind {
        let hint = "write a list with commas, as in `\"a,b\"`".to_owned();
        let message = format!("{} must be a string, not a list", fields.name("Default"));
        reader.error_hint(node.span, message, hint);
        return None;
    }
    reader.text(node, &fields.name("Default"))?;
    Some(node.clone())
}

fn allowed_values(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Node> {
    let Some(node) = fields.get("AllowedValues") else { return Vec::new() };
    let what = fields.name("AllowedValues");
    if !matches!(node.kind, NodeKind::List(_)) {
        reader.expected(node, &what, "a list");
    }
    let what = format!("a value in {what}");
    node.items().iter().filter(|item| reader.text(item, &what).is_some()).cloned().collect()
}

fn is_type(name: &str) -> bool {
    let within = |name: &str, opening: &str| {
        name.strip_prefix(opening).and_then(|rest| rest.strip_suffix('>')).map(str::to_owned)
    };
    let stored = within(name, STORED_TYPE);
    let name = stored.as_deref().unwrap_or(name);
    let item = within(name, "List<");
    PLAIN_TYPES.contains(&name)
        || AWS_TYPES.contains(&item.as_deref().unwrap_or(name))
        || (name == STORED_NAME_TYPE && stored.is_none())
}

/// All of them, for finding the one that was meant.
fn every_type() -> Vec<String> {
    let plain = PLAIN_TYPES.iter().map(|name| (*name).to_owned());
    let named = AWS_TYPES.iter().flat_map(|name| [(*name).to_owned(), format!("List<{name}>")]);
    let direct: Vec<String> = plain.chain(named).collect();
    let stored: Vec<String> = direct.iter().map(|name| format!("{STORED_TYPE}{name}>")).collect();
    direct.into_iter().chain(stored).chain([STORED_NAME_TYPE.to_owned()]).collect()
}

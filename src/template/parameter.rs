//! The `Parameters` section: what a caller may give, and what is allowed.

use std::collections::BTreeMap;

use crate::ordered::IndexMap;

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
const NAMED_TYPES: &[(&str, Named)] = &[
    ("AWS::EC2::AvailabilityZone::Name", Named::Zone),
    ("AWS::EC2::Image::Id", Named::Image),
    ("AWS::EC2::Instance::Id", Named::Instance),
    ("AWS::EC2::KeyPair::KeyName", Named::KeyPair),
    ("AWS::EC2::SecurityGroup::GroupName", Named::SecurityGroupName),
    ("AWS::EC2::SecurityGroup::Id", Named::SecurityGroup),
    ("AWS::EC2::Subnet::Id", Named::Subnet),
    ("AWS::EC2::Volume::Id", Named::Volume),
    ("AWS::EC2::VPC::Id", Named::Vpc),
    ("AWS::Route53::HostedZone::Id", Named::HostedZone),
    ("AWS::SSM::Parameter::Name", Named::StoredParameter),
];

/// Without the brackets' content.
const STORED_TYPE: &str = "AWS::SSM::Parameter::Value<";
const LIST: &str = "List<";

pub(super) fn read_all(reader: &mut Reader<'_>, node: &Node) -> IndexMap<String, Parameter> {
    let mut parameters = IndexMap::default();
    for entry in reader.declarations(node, "Parameters") {
        if !reader.stands_for_others(entry, "Parameters") {
            reader.check_name(entry, "a parameter");
            parameters.insert(entry.key.clone(), read(reader, entry));
        }
    }
    parameters
}

fn read(reader: &mut Reader<'_>, entry: &Entry) -> Parameter {
    let what = format!("the parameter `{}`", entry.key);
    let fields = reader.fields(&entry.value, entry.key_span, what, KEYS);
    let type_name = fields.spanned("Type", reader);
    let is_typed = type_name.as_ref().is_some_and(|(name, _)| is_type(name));
    if let Some((name, span)) = type_name.as_ref().filter(|_| !is_typed) {
        let hint = nearest(name, every_type().iter().map(String::as_str))
            .map(|near| format!("did you mean `{near}`?"));
        reader.error_hint(*span, format!("`{name}` is not a type of parameters"), hint);
    }
    let no_echo = fields.get("NoEcho").and_then(|node| reader.flag(node, &fields.name("NoEcho")));
    let default = default(reader, &fields);
    Parameter {
        is_broken: !is_typed || (default.is_none() && fields.get("Default").is_some()),
        name: entry.key.clone(),
        name_span: entry.key_span,
        span: Span { start: entry.key_span.start, end: entry.value.span.end },
        type_name: type_name.map(|(name, _)| name).unwrap_or_default(),
        default,
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
    let stored = within(name, STORED_TYPE);
    let value = stored.unwrap_or(name);
    let item = within(value, LIST).unwrap_or(value);
    PLAIN_TYPES.contains(&value)
        || Named::of_type(item).is_some_and(|named| match named {
            // The name of a parameter is no value of one, and comes one at a time.
            Named::StoredParameter => item == name,
            Named::KeyPair => item == value,
            _ => true,
        })
}

/// All of them, for finding the one that was meant.
fn every_type() -> Vec<String> {
    let plain = PLAIN_TYPES.iter().map(|name| (*name).to_owned());
    let named =
        NAMED_TYPES.iter().flat_map(|(name, _)| [(*name).to_owned(), format!("{LIST}{name}>")]);
    let direct: Vec<String> = plain.chain(named).collect();
    let stored: Vec<String> = direct.iter().map(|name| format!("{STORED_TYPE}{name}>")).collect();
    direct.into_iter().chain(stored).filter(|name| is_type(name)).collect()
}

impl Parameter {
    /// The type of the value: what stands in Systems Manager, where it is read from there.
    pub fn value_type(&self) -> &str {
        within(&self.type_name, STORED_TYPE).unwrap_or(&self.type_name)
    }

    /// Whether what is given is the name of a parameter of Systems Manager, and the value is its.
    pub fn is_stored(&self) -> bool {
        self.value_type() != self.type_name
    }

    pub fn is_list(&self) -> bool {
        let name = self.value_type();
        name == "CommaDelimitedList" || name.starts_with(LIST)
    }

    /// What in the account the value, or each item of it, names.
    pub fn names(&self) -> Option<Named> {
        let name = self.value_type();
        Named::of_type(within(name, LIST).unwrap_or(name))
    }
}

fn within<'a>(name: &'a str, opening: &str) -> Option<&'a str> {
    name.strip_prefix(opening)?.strip_suffix('>')
}

/// The kinds of things that a parameter can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    Zone,
    Image,
    Instance,
    KeyPair,
    SecurityGroupName,
    SecurityGroup,
    Subnet,
    Volume,
    Vpc,
    HostedZone,
    StoredParameter,
}

impl Named {
    /// By the name of a type of parameters.
    pub fn of_type(name: &str) -> Option<Self> {
        NAMED_TYPES.iter().find(|(type_name, _)| *type_name == name).map(|(_, named)| *named)
    }

    /// What people call one.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Zone => "availability zone",
            Self::Image => "image",
            Self::Instance => "instance",
            Self::KeyPair => "key pair",
            Self::SecurityGroupName | Self::SecurityGroup => "security group",
            Self::Subnet => "subnet",
            Self::Volume => "volume",
            Self::Vpc => "VPC",
            Self::HostedZone => "hosted zone",
            Self::StoredParameter => "parameter in Systems Manager",
        }
    }

    /// How every id of this kind begins, where it is an id.
    pub fn prefix(self) -> Option<&'static str> {
        Some(match self {
            Self::Image => "ami-",
            Self::Instance => "i-",
            Self::SecurityGroup => "sg-",
            Self::Subnet => "subnet-",
            Self::Volume => "vol-",
            Self::Vpc => "vpc-",
            _ => return None,
        })
    }
}

/// Something in the account that a parameter could name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Thing {
    pub name: String,
    /// What `Fn::ValueOf` can ask of it: `VpcId`, `Tags.Department` …
    pub attributes: BTreeMap<String, String>,
}

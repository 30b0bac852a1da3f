//! The facts of each type, read from one line of a file when first asked for: of
//! `data/schemas.json` where they have been looked into, else of the [`registry`].

use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use crate::ordered::IndexMap;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use super::pattern::Pattern;
use super::{amend, registry};

/// What the schema says of one resource type. Paths are written `Integration.TimeoutInMillis`,
/// `Policies[].PolicyDocument`, `RequestParameters{}` (the values of a map); where a method takes
/// one, `Policies[0].PolicyDocument` means the same.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TypeFacts {
    #[serde(skip)]
    pub type_name: &'static str,
    pub required: Vec<String>,
    /// At least one of these.
    #[serde(rename = "requiredOr")]
    pub required_one_of: Vec<String>,
    /// Exactly one of these.
    #[serde(rename = "requiredXor")]
    pub required_exactly_one: Vec<String>,
    pub create_only: Vec<String>,
    pub conditional_create_only: Vec<String>,
    pub read_only: Vec<String>,
    pub write_only: Vec<String>,
    /// What `Fn::GetAtt` offers.
    #[serde(rename = "getAtt")]
    pub attributes: Vec<String>,
    /// The properties that make up the physical id.
    pub primary_identifier: Vec<String>,
    /// Whether a replacement deletes the old one first.
    pub delete_first: bool,
    /// Whether it also has properties and attributes that no schema knows.
    #[serde(skip)]
    pub open: bool,
    pub tags: Option<TagShape>,
    #[serde(deserialize_with = "root")]
    pub properties: Shape,
}

/// Where a type has its tags.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TagShape {
    pub property: String,
    pub kind: TagKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TagKind {
    /// A list of `Key` and `Value`.
    List,
    Map,
}

/// What the schema says of one property.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Shape {
    /// It may be any of these.
    #[serde(rename = "type", deserialize_with = "kinds")]
    pub kinds: Vec<Kind>,
    /// Of a map with known keys.
    pub properties: IndexMap<String, Shape>,
    pub required: Vec<String>,
    /// At least one of these.
    #[serde(rename = "requiredOr")]
    pub required_one_of: Vec<String>,
    /// Exactly one of these.
    #[serde(rename = "requiredXor")]
    pub required_exactly_one: Vec<String>,
    pub items: Option<Box<Shape>>,
    /// Of a map with free keys.
    pub values: Option<Box<Shape>>,
    #[serde(rename = "enum")]
    pub choices: Vec<Json>,
    /// Choices that may be written in any case.
    #[serde(rename = "enumAnyCase")]
    pub any_case_choices: Vec<String>,
    /// In a box, since few have one and it is large.
    pub pattern: Option<Box<Pattern>>,
    pub format: Option<String>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub min_length: Option<usize>,
    pub max_length: Option<usize>,
    pub min_items: Option<usize>,
    pub max_items: Option<usize>,
    pub unordered: bool,
    /// No two items may be equal.
    pub unique: bool,
    pub default: Option<Json>,
    #[serde(skip)]
    pub read_only: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    String,
    Integer,
    Number,
    Boolean,
    List,
    Map,
    Any,
}

/// What stands for `AWS::CloudFormation::CustomResource` where a template names it.
const CUSTOM: &str = "Custom::";
pub(super) const CUSTOM_RESOURCE: &str = "AWS::CloudFormation::CustomResource";

/// The facts of a type, if there is a schema for it.
pub fn facts(type_name: &str) -> Option<&'static TypeFacts> {
    let type_name = if type_name.starts_with(CUSTOM) { CUSTOM_RESOURCE } else { type_name };
    let line =
        find(&DETAILED, type_name).or_else(|| find(registry::service_of(type_name)?, type_name))?;
    Some(line.facts.get_or_init(|| line.parse()))
}

/// Every type there is a schema for, in alphabetical order.
pub fn type_names() -> impl Iterator<Item = &'static str> {
    registry::type_names()
}

/// The types that have been looked into.
#[cfg(test)]
pub(super) fn detailed() -> Vec<&'static str> {
    DETAILED.iter().map(|line| line.type_name).collect()
}

fn find(lines: &'static [Line], type_name: &str) -> Option<&'static Line> {
    let index = lines.binary_search_by(|line| line.type_name.cmp(type_name)).ok()?;
    Some(&lines[index])
}

impl TypeFacts {
    /// Whether a change at `path` needs a new resource.
    pub fn is_create_only(&self, path: &str) -> bool {
        covers(&self.create_only, path)
    }

    /// Whether a change at `path` may need a new resource.
    pub fn is_conditional_create_only(&self, path: &str) -> bool {
        covers(&self.conditional_create_only, path)
    }

    /// Whether what stands at `path` cannot be read back.
    pub fn is_write_only(&self, path: &str) -> bool {
        covers(&self.write_only, path)
    }

    /// Whether `path` is a list whose order does not matter.
    pub fn is_unordered(&self, path: &str) -> bool {
        self.shape(path).is_some_and(|shape| shape.unordered)
    }

    /// The properties a template may set, at the top level.
    pub fn property_names(&self) -> impl Iterator<Item = &str> {
        self.properties.settable()
    }

    /// Whether `Fn::GetAtt` gives something for this attribute: one that is listed, or what is in
    /// one of which the schema says no more, as in the `Outputs.Url` of a stack.
    pub fn offers(&self, attribute: &str) -> bool {
        let listed = |name: &str| self.attributes.iter().any(|one| one == name);
        let mut above = attribute;
        while let Some((outer, _)) = above.rsplit_once('.') {
            above = outer;
            if listed(above) && self.shape(above).is_none_or(Shape::is_free_map) {
                return true;
            }
        }
        self.open || listed(attribute)
    }

    /// What stands at `path`; the empty path is the resource.
    pub fn shape(&self, path: &str) -> Option<&Shape> {
        self.properties.at(path)
    }

    /// What absence at `path` means, where the schema says so.
    pub fn default(&self, path: &str) -> Option<&Json> {
        self.shape(path)?.default.as_ref()
    }
}

impl Shape {
    /// What it is; [`Kind::Any`] where it may be several things.
    pub fn kind(&self) -> Kind {
        match self.kinds.as_slice() {
            [kind] => *kind,
            _ => Kind::Any,
        }
    }

    pub fn takes(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether it is, or may be, a map of which the schema says no more.
    pub fn is_free_map(&self) -> bool {
        self.takes(Kind::Map) && self.properties.is_empty() && self.values.is_none()
    }

    /// The names a template may set.
    pub(super) fn settable(&self) -> impl Iterator<Item = &str> {
        self.properties
            .iter()
            .filter(|(name, shape)| !shape.read_only && !amend::is_own(name))
            .map(|(name, _)| name.as_str())
    }

    fn at(&self, path: &str) -> Option<&Self> {
        let mut shape = self;
        let mut rest = path;
        while !rest.is_empty() {
            (shape, rest) = shape.down(rest)?;
        }
        Some(shape)
    }

    /// One step along a path, and what is left of it.
    fn down<'path>(&self, path: &'path str) -> Option<(&Self, &'path str)> {
        if let Some(list) = path.strip_prefix('[') {
            let (_, rest) = list.split_once(']')?;
            return Some((self.items.as_deref()?, rest));
        }
        if let Some(rest) = path.strip_prefix("{}") {
            return Some((self.values.as_deref()?, rest));
        }
        let path = path.strip_prefix('.').unwrap_or(path);
        let (name, rest) = match &self.values {
            // A free key may hold dots, as `method.request.path.id` does.
            Some(values) if values.is_leaf() => (path, ""),
            _ => path.split_at(path.find(['.', '[', '{']).unwrap_or(path.len())),
        };
        let below = self.properties.get(name).or(self.values.as_deref())?;
        Some((below, rest))
    }

    pub(super) fn at_mut(&mut self, path: &str) -> Option<&mut Self> {
        let mut shape = self;
        let mut rest = path;
        while !rest.is_empty() {
            if let Some(below) = rest.strip_prefix("[]") {
                (shape, rest) = (shape.items.as_deref_mut()?, below);
            } else if let Some(below) = rest.strip_prefix("{}") {
                (shape, rest) = (shape.values.as_deref_mut()?, below);
            } else {
                rest = rest.strip_prefix('.').unwrap_or(rest);
                let (name, below) = rest.split_at(rest.find(['.', '[', '{']).unwrap_or(rest.len()));
                (shape, rest) = (shape.properties.get_mut(name)?, below);
            }
        }
        Some(shape)
    }

    fn is_leaf(&self) -> bool {
        self.properties.is_empty() && self.items.is_none() && self.values.is_none()
    }
}

impl Kind {
    /// With its article, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Any => "any value",
        }
    }
}

/// The types that have been looked into: whether the order of a list matters, where the tags are.
const DETAILS: &str = include_str!("../../data/schemas.json");

static DETAILED: LazyLock<Vec<Line>> = LazyLock::new(|| lines(DETAILS));

/// One line of a file: a type, and its facts once somebody has asked.
pub(super) struct Line {
    pub type_name: &'static str,
    json: &'static str,
    facts: OnceLock<TypeFacts>,
}

/// The lines of a file, in alphabetical order.
pub(super) fn lines(text: &'static str) -> Vec<Line> {
    let line = |text: &'static str| {
        let (type_name, json) = text.trim_end_matches(',').strip_prefix('"')?.split_once("\":")?;
        Some(Line { type_name, json, facts: OnceLock::new() })
    };
    text.lines().filter_map(line).collect()
}

impl Line {
    fn parse(&self) -> TypeFacts {
        let mut facts: TypeFacts = serde_json::from_str(self.json)
            .expect("the file is part of the program, and a test reads every line of it");
        facts.type_name = self.type_name;
        facts.properties.required.clone_from(&facts.required);
        facts.properties.required_one_of.clone_from(&facts.required_one_of);
        facts.properties.required_exactly_one.clone_from(&facts.required_exactly_one);
        for path in &facts.read_only {
            if let Some(shape) = facts.properties.at_mut(path) {
                shape.read_only = true;
            }
        }
        amend::amend(&mut facts);
        facts
    }
}

fn root<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Shape, D::Error> {
    let properties = IndexMap::deserialize(deserializer)?;
    Ok(Shape { kinds: vec![Kind::Map], properties, ..Shape::default() })
}

fn kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Kind>, D::Error> {
    use serde::de::IntoDeserializer as _;

    let text = Cow::<str>::deserialize(deserializer)?;
    text.split('|').map(|kind| Kind::deserialize(kind.into_deserializer())).collect()
}

/// Whether `path` or something above it is among `listed`.
fn covers(listed: &[String], path: &str) -> bool {
    if listed.is_empty() {
        return false;
    }
    let path = without_indices(path);
    listed.iter().any(|above| {
        path.strip_prefix(above.as_str())
            .is_some_and(|below| below.is_empty() || below.starts_with(['.', '[', '{']))
    })
}

/// `Policies[3].PolicyName` as the schema has it: `Policies[].PolicyName`.
fn without_indices(path: &str) -> Cow<'_, str> {
    if !path.contains('[') {
        return Cow::Borrowed(path);
    }
    let mut text = String::with_capacity(path.len());
    let mut inside = false;
    for character in path.chars() {
        match character {
            '[' => inside = true,
            ']' => inside = false,
            _ if inside && character.is_ascii_digit() => continue,
            _ => {}
        }
        text.push(character);
    }
    Cow::Owned(text)
}

//! The words every other module shares: values, identifiers and tokens.
//!
//! A [`Value`] is what a template expression evaluates to. It differs from JSON in three leaves: a
//! literal keeps the text it was written with (so that the account id `012345678901` keeps its
//! zero when a property wants a string), an [`Unknown`] stands for what AWS has not told us yet,
//! and a [`Secret`] carries text that must never be printed or stored.

#[cfg(test)]
mod tests;

use std::fmt;

use crate::ordered::IndexMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

/// What `Fn::GetAtt` offers for one resource, by attribute name.
pub type Attributes = serde_json::Map<String, Json>;

macro_rules! text_newtype {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

text_newtype!(
    /// The name a template gives a resource.
    LogicalId
);
text_newtype!(
    /// The name AWS gives a resource; parts of a composite one are joined by `|`.
    PhysicalId
);
text_newtype!(
    /// A resource type, `AWS::EC2::VPC`.
    TypeName
);
text_newtype!(
    /// What makes a create idempotent: chosen by the plan, durable before the call, 36 characters
    /// (Bedrock refuses fewer than 33, EC2 more than 64).
    Token
);

impl PhysicalId {
    /// A composite id.
    pub fn join(parts: &[&str]) -> Self {
        Self(parts.join("|"))
    }

    /// The parts of a composite id.
    pub fn parts(&self) -> Vec<&str> {
        self.0.split('|').collect()
    }
}

impl Token {
    /// A token that begins like this, where only that much of it is left.
    pub fn from_beginning(beginning: &str) -> Self {
        const REST: &str = "00000000-0000-0000-0000-000000000000";
        Self(format!("{beginning}{}", REST.get(beginning.len()..).unwrap_or_default()))
    }

    /// Writes 16 random bytes in the form of a UUID.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let hex = hex(&bytes);
        Self(format!(
            "{}-{}-{}-{}-{}",
            &hex[0..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..32]
        ))
    }
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The SHA-256 of some bytes, in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// What a template expression evaluates to.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    /// An unquoted boolean or number, with the text it was written with.
    Literal(Literal),
    String(String),
    List(Vec<Value>),
    Map(IndexMap<String, Value>),
    /// Not known before apply.
    Unknown(Unknown),
    Secret(Secret),
}

/// An unquoted scalar that is not a string.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Bool { value: bool, text: String },
    Number { text: String },
}

/// A value that only AWS can tell, named as a template names it: `Vpc.VpcId`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    pub source: String,
}

/// Text that must not be printed, logged or stored; equal secrets have equal digests.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for the call that needs it and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How a secret stands in state and plans.
    pub fn masked(&self) -> String {
        format!("{SECRET_PREFIX}{}", &digest(self.0.as_bytes())[..16])
    }
}

/// How the stored form of a secret begins.
pub const SECRET_PREFIX: &str = "<secret sha256:";

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

impl Literal {
    pub fn text(&self) -> &str {
        match self {
            Self::Bool { text, .. } | Self::Number { text } => text,
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Bool { value, .. } => Json::Bool(*value),
            Self::Number { text } => number(text),
        }
    }
}

fn number(text: &str) -> Json {
    let plain = text.trim_start_matches('+');
    if let Ok(whole) = plain.parse::<i64>() {
        return Json::from(whole);
    }
    if let Ok(whole) = plain.parse::<u64>() {
        return Json::from(whole);
    }
    plain
        .parse::<f64>()
        .ok()
        .and_then(serde_json::Number::from_f64)
        .map_or_else(|| Json::String(text.to_owned()), Json::Number)
}

impl Value {
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    pub fn unknown(source: impl Into<String>) -> Self {
        Self::Unknown(Unknown { source: source.into() })
    }

    /// The text of a scalar, as a property of type string would get it.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Literal(literal) => Some(literal.text()),
            Self::Secret(secret) => Some(secret.expose()),
            _ => None,
        }
    }

    /// Whether any leaf is not known yet.
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::List(items) => items.iter().any(Self::has_unknown),
            Self::Map(entries) => entries.values().any(Self::has_unknown),
            _ => false,
        }
    }

    /// Whether any leaf is a secret.
    pub fn has_secret(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::List(items) => items.iter().any(Self::has_secret),
            Self::Map(entries) => entries.values().any(Self::has_secret),
            _ => false,
        }
    }

    /// The value for AWS: secrets in clear, unknowns as their placeholder.
    pub fn to_json(&self) -> Json {
        self.convert(&|secret| secret.expose().to_owned())
    }

    /// The value for people and files: secrets as digests.
    pub fn to_masked_json(&self) -> Json {
        self.convert(&Secret::masked)
    }

    fn convert(&self, secret: &dyn Fn(&Secret) -> String) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Literal(literal) => literal.to_json(),
            Self::String(text) => Json::String(text.clone()),
            Self::List(items) => items.iter().map(|item| item.convert(secret)).collect(),
            Self::Map(entries) => {
                entries.iter().map(|(key, value)| (key.clone(), value.convert(secret))).collect()
            }
            Self::Unknown(unknown) => Json::String(unknown.to_string()),
            Self::Secret(text) => Json::String(secret(text)),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(known after apply: {})", self.source)
    }
}

impl From<&Json> for Value {
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => {
                Self::Literal(Literal::Bool { value: *value, text: value.to_string() })
            }
            Json::Number(number) => Self::Literal(Literal::Number { text: number.to_string() }),
            Json::String(text) => Self::String(text.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Json::Object(entries) => Self::Map(
                entries.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect(),
            ),
        }
    }
}

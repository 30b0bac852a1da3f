//! What the contract does with one type, as its file in tests/contract says.
//!
//! A case is a CloudFormation template with a resource `Subject` of the type, and beside it
//! `Updates` and `Replacements`: lists of properties that are laid over the subject's one after
//! the other, null taking a property away. The first property of each is what it is about.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use serde_yaml::{Mapping, Value as Yaml};

/// The logical id of the resource under test.
pub const SUBJECT: &str = "Subject";

pub struct Case {
    pub type_name: &'static str,
    template: Mapping,
    pub updates: Vec<Mapping>,
    pub replacements: Vec<Mapping>,
    /// Which part of a physical id tells one from another of the same parent; the last if not
    /// said.
    pub varying_part: Option<usize>,
    /// What else tells one that is not there, where it is not known by its id.
    pub absent: serde_json::Map<String, Json>,
    pub truths: Truths,
}

/// Where AWS itself does otherwise than most types.
#[derive(Default)]
pub struct Truths {
    /// It cannot be gone: why.
    pub stays: Option<String>,
    /// An update of an absent one is no fault: why.
    pub update_makes: Option<String>,
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract")
}

/// `AWS-EC2-VPC` for `AWS::EC2::VPC`.
pub fn file_stem(type_name: &str) -> String {
    type_name.replace("::", "-")
}

impl Case {
    /// Reads a type's case.
    pub fn load(type_name: &'static str) -> Result<Self, String> {
        let path = folder().join(format!("{}.yaml", file_stem(type_name)));
        let complain = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| complain(&error))?;
        let mut template: Mapping =
            serde_yaml::from_str(&text).map_err(|error| complain(&error))?;
        let mut overrides = |key: &str| match template.remove(key) {
            None => Ok(Vec::new()),
            Some(list) => serde_yaml::from_value(list).map_err(|error| complain(&error)),
        };
        let (updates, replacements) = (overrides("Updates")?, overrides("Replacements")?);
        let mut word = |key: &str| template.remove(key);
        let varying_part = word("VaryingPart")
            .and_then(|part| part.as_u64())
            .map(|part| usize::try_from(part).expect("an id has few parts"));
        let absent = match word("Absent") {
            None => serde_json::Map::new(),
            Some(properties) => {
                serde_yaml::from_value(properties).map_err(|error| complain(&error))?
            }
        };
        let mut reason = |key: &str| word(key).and_then(|why| why.as_str().map(str::to_owned));
        let truths = Truths { stays: reason("Stays"), update_makes: reason("UpdateMakes") };
        let case =
            Self { type_name, template, updates, replacements, varying_part, absent, truths };
        match case.subject("Type") {
            Some(name) if name.as_str() == Some(type_name) => Ok(case),
            _ => Err(complain(&"its `Subject` is of another type, or missing")),
        }
    }

    fn subject(&self, key: &str) -> Option<&Yaml> {
        self.template.get("Resources")?.get(SUBJECT)?.get(key)
    }

    /// The template with properties laid over the subject's.
    pub fn template(&self, overrides: &[Mapping]) -> String {
        let mut template = self.template.clone();
        let subject = template
            .get_mut("Resources")
            .and_then(|resources| resources.get_mut(SUBJECT))
            .and_then(Yaml::as_mapping_mut)
            .expect("the case was checked when it was read");
        let properties = subject
            .entry(Yaml::from("Properties"))
            .or_insert_with(|| Yaml::Mapping(Mapping::new()))
            .as_mapping_mut()
            .expect("properties are a map");
        for (key, value) in overrides.iter().flatten() {
            if value.is_null() {
                properties.remove(key);
            } else {
                properties.insert(key.clone(), value.clone());
            }
        }
        serde_yaml::to_string(&template).expect("what was read can be written")
    }
}

/// The property an entry of `Updates` or `Replacements` is about.
pub fn about(overrides: &Mapping) -> &str {
    overrides.keys().next().and_then(Yaml::as_str).expect("an entry has a property")
}

/// Whether an entry takes a property away.
pub fn is_reset(overrides: &Mapping) -> bool {
    overrides.values().next().is_some_and(Yaml::is_null)
}

//! What a template is evaluated with: parameters, pseudo parameters, tags, zones and assets.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use regex::Regex;
use serde_json::Value as Json;

use super::cdk;
use super::evaluate::FAILED;
use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::schema::{TagKind, TagShape};
use crate::template::{Echo, Parameter, Template};
use crate::value::{Literal, LogicalId, Secret, Value};

/// Everything outside the template that its evaluation depends on.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    pub stack: String,
    pub account: String,
    pub region: String,
    pub partition: String,
    /// Looks like CloudFormation's, since templates take it apart.
    pub stack_id: String,
    pub parameters: BTreeMap<String, Given>,
    /// For every resource that can carry them.
    pub tags: BTreeMap<String, String>,
    /// The zones of this region, alphabetically; empty when nobody asked AWS.
    pub zones: Vec<String>,
    pub assets: BTreeMap<LogicalId, AssetRef>,
    /// What the other stacks of the environment export; `None` when nobody has looked.
    pub exports: Option<BTreeMap<String, Export>>,
}

/// What another stack exports under a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    pub stack: String,
    pub value: Json,
}

/// A parameter's value as somebody gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub text: String,
    /// Where it was given, unless on the command line.
    pub place: Option<Place>,
}

/// A local directory or file that stands for a property's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetRef {
    /// The property it takes the place of.
    pub property: String,
    pub path: String,
    pub sha256: String,
}

impl AssetRef {
    pub(super) fn value(&self) -> Value {
        Value::Map(IndexMap::from([
            ("AssetPath".to_owned(), Value::string(&self.path)),
            ("AssetSha256".to_owned(), Value::string(&self.sha256)),
        ]))
    }
}

impl Inputs {
    /// The value of a pseudo parameter; `AWS::NoValue` is not one.
    pub(super) fn pseudo(&self, name: &str) -> Option<Value> {
        Some(match name {
            "AWS::AccountId" => Value::string(&self.account),
            "AWS::Region" => Value::string(&self.region),
            "AWS::Partition" => Value::string(&self.partition),
            "AWS::StackName" => Value::string(&self.stack),
            "AWS::StackId" => Value::string(&self.stack_id),
            "AWS::URLSuffix" if self.partition == "aws-cn" => Value::string("amazonaws.com.cn"),
            "AWS::URLSuffix" => Value::string("amazonaws.com"),
            "AWS::NotificationARNs" => Value::List(Vec::new()),
            _ => return None,
        })
    }
}

/// The pseudo parameters, for near names.
pub const PSEUDO_PARAMETERS: &[&str] = &[
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// Every parameter's value, checked against its constraints.
pub fn parameters(
    template: &Template,
    inputs: &Inputs,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Value> {
    for (name, given) in &inputs.parameters {
        if !template.parameters.contains_key(name) {
            let near = nearest(name, template.parameters.keys().map(String::as_str));
            let mut finding = Diagnostic::error(format!("the template has no parameter `{name}`"))
                .hint_if(near.map(|near| format!("did you mean `{near}`?")));
            finding.place.clone_from(&given.place);
            diagnostics.push(finding);
        }
    }
    let mut values = BTreeMap::new();
    for parameter in template.parameters.values() {
        if cdk::is_bootstrap_version(parameter) {
            values
                .insert(parameter.name.clone(), Value::unknown("the version of a bootstrap stack"));
            continue;
        }
        let given = inputs.parameters.get(&parameter.name);
        let default = parameter.default.as_ref().and_then(|node| node.text());
        let Some(text) = given.map(|given| given.text.as_str()).or(default) else {
            diagnostics.push(
                Diagnostic::error(format!("parameter `{}` has no value", parameter.name))
                    .at(&template.source, parameter.name_span)
                    .hint(format!(
                        "give one with `--parameter {}=…`, in config/, or as its Default",
                        parameter.name
                    )),
            );
            values.insert(parameter.name.clone(), Value::unknown(FAILED));
            continue;
        };
        if let Err((problem, hint)) = check(parameter, text) {
            let mut finding = Diagnostic::error(problem).at(&template.source, parameter.name_span);
            if let Some(place) = given.and_then(|given| given.place.clone()) {
                finding.place = Some(place);
            }
            diagnostics
                .push(finding.hint_if(parameter.constraint_description.clone()).hint_if(hint));
        }
        values.insert(parameter.name.clone(), typed(parameter, text));
    }
    values
}

fn is_list(type_name: &str) -> bool {
    type_name == "CommaDelimitedList" || type_name.starts_with("List<")
}

fn typed(parameter: &Parameter, text: &str) -> Value {
    let scalar = |text: &str| match parameter.no_echo {
        Echo::Hidden => Value::Secret(Secret::new(text)),
        Echo::Shown => Value::string(text),
    };
    if is_list(&parameter.type_name) {
        if text.is_empty() {
            return Value::List(Vec::new());
        }
        return Value::List(text.split(',').map(|item| scalar(item.trim())).collect());
    }
    match (parameter.type_name.as_str(), parameter.no_echo) {
        ("Number", Echo::Shown) => Value::Literal(Literal::Number { text: text.to_owned() }),
        _ => scalar(text),
    }
}

type Problem = (String, Option<String>);

fn check(parameter: &Parameter, text: &str) -> Result<(), Problem> {
    let name = &parameter.name;
    if parameter.type_name.starts_with("AWS::SSM::Parameter::Value") {
        return Err((
            format!("parameter `{name}` is read from SSM, which is not supported yet"),
            Some("give the value itself to a parameter of type String".to_owned()),
        ));
    }
    let items: Vec<&str> = match is_list(&parameter.type_name) {
        true => text.split(',').map(str::trim).collect(),
        false => vec![text],
    };
    for item in &items {
        // A hidden value is not repeated in a message.
        let shown = match parameter.no_echo {
            Echo::Hidden => "its value".to_owned(),
            Echo::Shown => format!("`{}`", shorten(item)),
        };
        if matches!(parameter.type_name.as_str(), "Number" | "List<Number>") {
            check_number(parameter, item, &shown)?;
        }
        if let Some(pattern) = &parameter.allowed_pattern
            && let Ok(regex) = Regex::new(&format!("^(?:{pattern})$"))
            && !regex.is_match(item)
        {
            return Err((format!("parameter `{name}`: {shown} does not match `{pattern}`"), None));
        }
        let allowed: Vec<&str> =
            parameter.allowed_values.iter().filter_map(|value| value.text()).collect();
        if !allowed.is_empty() && !allowed.contains(item) {
            let hint = nearest(item, allowed.iter().copied())
                .map(|near| format!("did you mean `{near}`?"));
            return Err((
                format!("parameter `{name}`: {shown} is none of {}", allowed.join(", ")),
                hint,
            ));
        }
    }
    let length = text.chars().count() as u64;
    if parameter.min_length.is_some_and(|least| length < least) {
        let least = parameter.min_length.unwrap_or_default();
        return Err((
            format!("parameter `{name}` has {length} characters, at least {least} are needed"),
            None,
        ));
    }
    if parameter.max_length.is_some_and(|most| length > most) {
        let most = parameter.max_length.unwrap_or_default();
        return Err((
            format!("parameter `{name}` has {length} characters, at most {most} are allowed"),
            None,
        ));
    }
    Ok(())
}

fn check_number(parameter: &Parameter, text: &str, shown: &str) -> Result<(), Problem> {
    let name = &parameter.name;
    let Ok(number) = text.parse::<f64>() else {
        return Err((format!("parameter `{name}`: {shown} is not a number"), None));
    };
    if parameter.min_value.is_some_and(|least| number < least) {
        let least = parameter.min_value.unwrap_or_default();
        return Err((format!("parameter `{name}`: {shown} is less than {least}"), None));
    }
    if parameter.max_value.is_some_and(|most| number > most) {
        let most = parameter.max_value.unwrap_or_default();
        return Err((format!("parameter `{name}`: {shown} is more than {most}"), None));
    }
    Ok(())
}

fn shorten(text: &str) -> String {
    let first: String = text.chars().take(60).collect();
    if first.len() < text.len() { format!("{first}…") } else { first }
}

/// Adds the environment's tags to a resource; its own win.
pub fn merge_tags(
    properties: &mut IndexMap<String, Value>,
    shape: &TagShape,
    tags: &BTreeMap<String, String>,
) {
    if tags.is_empty() {
        return;
    }
    match shape.kind {
        TagKind::List => {
            let declared =
                properties.entry(shape.property.clone()).or_insert_with(|| Value::List(Vec::new()));
            let Value::List(items) = declared else { return };
            for (key, value) in tags {
                let is_there = items.iter().any(|item| match item {
                    Value::Map(tag) => tag.get("Key").and_then(Value::as_text) == Some(key),
                    _ => false,
                });
                if !is_there {
                    items.push(Value::Map(IndexMap::from([
                        ("Key".to_owned(), Value::string(key)),
                        ("Value".to_owned(), Value::string(value)),
                    ])));
                }
            }
        }
        TagKind::Map => {
            let declared = properties
                .entry(shape.property.clone())
                .or_insert_with(|| Value::Map(IndexMap::new()));
            let Value::Map(entries) = declared else { return };
            for (key, value) in tags {
                entries.entry(key.clone()).or_insert_with(|| Value::string(value));
            }
        }
    }
}

//! What a template is evaluated with: parameters, pseudo parameters, tags, zones and assets.

use std::collections::{BTreeMap, BTreeSet};

use crate::ordered::IndexMap;

use super::evaluate::FAILED;
use super::{cdk, rules};
use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::schema::{Pattern, TagKind, TagShape};
use crate::template::{Echo, Named, Node, Parameter, Template, Thing};
use crate::value::{LogicalId, Secret, Value};

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
    /// The outputs of the stacks of the environment; `None` when nobody has looked.
    pub outputs: Option<Vec<StackOutputs>>,
    /// What the parameters of Systems Manager that the template reads are, by their names; `None`
    /// when nobody has asked.
    pub stored: Option<BTreeMap<String, String>>,
    /// What the account has of the kinds that rules ask about; `None` when nobody has asked.
    pub things: Option<BTreeMap<Named, Vec<Thing>>>,
}

/// What a stack tells.
#[derive(Debug, Clone, PartialEq)]
pub struct StackOutputs {
    pub stack: String,
    pub region: String,
    /// Unknown while they are only planned.
    pub outputs: BTreeMap<String, Value>,
}

/// What another stack exports under a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    pub stack: String,
    /// Unknown while the stack that will export it is only planned.
    pub value: Value,
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
    /// The names of the files in it; none where they are not known.
    pub files: Vec<String>,
}

impl AssetRef {
    pub(super) fn value(&self) -> Value {
        Value::Map(IndexMap::from_iter([
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
        if parameter.is_broken {
            values.insert(parameter.name.clone(), Value::unknown(FAILED));
            continue;
        }
        if cdk::is_bootstrap_version(parameter) {
            values
                .insert(parameter.name.clone(), Value::unknown("the version of a bootstrap stack"));
            continue;
        }
        let given = inputs.parameters.get(&parameter.name);
        let default = parameter.default.as_ref().and_then(|node| node.text());
        let Some(text) = given.map(|given| given.text.as_str()).or(default) else {
            values.insert(parameter.name.clone(), unasked(MISSING, &parameter.name));
            continue;
        };
        if let Err((problem, hint)) = check(parameter, text) {
            let finding = at(Diagnostic::error(problem), template, parameter, given);
            diagnostics
                .push(finding.hint_if(parameter.constraint_description.clone()).hint_if(hint));
        }
        let value = match &inputs.stored {
            _ if !parameter.is_stored() => typed(parameter, text),
            None => unasked(STORED, text),
            Some(stored) => match stored.get(text) {
                Some(text) => typed(parameter, text),
                None => {
                    let message = format!("Systems Manager has no parameter `{text}` here");
                    let finding = Diagnostic::error(message);
                    let finding = at(finding, template, parameter, given);
                    diagnostics.push(finding.hint(format!(
                        "`{}` is of type `{}`: its value is the name of one",
                        parameter.name, parameter.type_name
                    )));
                    Value::unknown(FAILED)
                }
            },
        };
        values.insert(parameter.name.clone(), value);
    }
    values
}

/// The parameters that nobody has given a value: what can be said of the template without them is
/// said, and whoever needs more refuses them.
pub fn missing(template: &Template, inputs: &Inputs) -> Vec<Diagnostic> {
    let is_missing = |parameter: &&Parameter| {
        parameter.default.as_ref().and_then(Node::text).is_none()
            && !inputs.parameters.contains_key(&parameter.name)
            && !parameter.is_broken
            && !cdk::is_bootstrap_version(parameter)
    };
    let warn = |parameter: &Parameter| {
        let name = &parameter.name;
        Diagnostic::warning(format!("parameter `{name}` has no value"))
            .at(&template.source, parameter.name_span)
            .hint(format!("give one with `--parameter {name}=…`, in config/, or as its Default"))
    };
    template.parameters.values().filter(is_missing).map(warn).collect()
}

/// Where a value was given, or else the parameter itself.
fn at(
    finding: Diagnostic,
    template: &Template,
    parameter: &Parameter,
    given: Option<&Given>,
) -> Diagnostic {
    let mut finding = finding.at(&template.source, parameter.name_span);
    if let Some(place) = given.and_then(|given| given.place.clone()) {
        finding.place = Some(place);
    }
    finding
}

const STORED: &str = "SSM";
const MISSING: &str = "Parameter";
const UNASKED: [&str; 5] = ["SSM(", "Parameter(", "RefAll(", "ValueOf(", "ValueOfAll("];

/// What only the account can tell, and nobody has asked yet; or what nobody has given yet.
pub fn unasked(what: &str, name: &str) -> Value {
    Value::unknown(format!("{what}({name})"))
}

/// Whether something is unknown only because nobody has asked the account yet, or given it.
pub fn is_unasked(value: &Value) -> bool {
    match value {
        Value::Unknown(unknown) => UNASKED.iter().any(|mark| unknown.source.contains(mark)),
        Value::List(items) => items.iter().any(is_unasked),
        Value::Map(entries) => entries.values().any(is_unasked),
        _ => false,
    }
}

/// What somebody has to ask the account before a template is evaluated for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Questions {
    /// The names of parameters of Systems Manager whose values are wanted.
    pub stored: Vec<String>,
    /// What has to be there. What `stored` gives is known only after that was asked for.
    pub named: Vec<NamedValue>,
    /// The kinds of things that rules ask about.
    pub things: BTreeSet<Named>,
}

/// Something in the account that a parameter names.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedValue {
    pub kind: Named,
    pub name: String,
    pub parameter: String,
    pub place: Option<Place>,
}

/// What to ask the account, with what `inputs` know already.
pub fn questions(template: &Template, inputs: &Inputs) -> Questions {
    let mut questions = Questions::default();
    let values = parameters(template, inputs, &mut Vec::new());
    questions.things = rules::kinds(template);
    for parameter in template.parameters.values() {
        let given = inputs.parameters.get(&parameter.name);
        let default = parameter.default.as_ref().and_then(|node| node.text());
        let text = given.map(|given| given.text.as_str()).or(default);
        if parameter.is_stored()
            && !cdk::is_bootstrap_version(parameter)
            && let Some(text) = text
            && !questions.stored.iter().any(|name| name == text)
        {
            questions.stored.push(text.to_owned());
        }
        let Some(kind) = parameter.names() else { continue };
        let items = match &values[&parameter.name] {
            Value::List(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        let place = at(Diagnostic::error(""), template, parameter, given).place;
        questions.named.extend(items.iter().filter_map(Value::as_text).map(|name| NamedValue {
            kind,
            name: name.to_owned(),
            parameter: parameter.name.clone(),
            place: place.clone(),
        }));
    }
    questions
}

fn typed(parameter: &Parameter, text: &str) -> Value {
    let scalar = |text: &str| match parameter.no_echo {
        Echo::Hidden => Value::Secret(Secret::new(text)),
        Echo::Shown => Value::string(text),
    };
    if parameter.is_list() {
        if text.is_empty() {
            return Value::List(Vec::new());
        }
        return Value::List(text.split(',').map(|item| scalar(item.trim())).collect());
    }
    scalar(text)
}

type Problem = (String, Option<String>);

fn check(parameter: &Parameter, text: &str) -> Result<(), Problem> {
    let name = &parameter.name;
    // What is given for a stored one is a name, whatever its value will be.
    let items: Vec<&str> = match parameter.is_list() && !parameter.is_stored() {
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
        if let Some(kind) = parameter.names().filter(|_| !parameter.is_stored())
            && let Some(prefix) = kind.prefix()
            && !item.starts_with(prefix)
        {
            let problem = format!("parameter `{name}`: {shown} is no id of a {}", kind.noun());
            return Err((problem, Some(format!("such an id begins with `{prefix}`"))));
        }
        if let Some(pattern) = &parameter.allowed_pattern
            && !Pattern::from(format!("^(?:{pattern})$")).matches(item)
        {
            return Err((format!("parameter `{name}`: {shown} does not match `{pattern}`"), None));
        }
        let allowed: Vec<&str> =
            parameter.allowed_values.iter().filter_map(|value| value.text()).collect();
        // A whole list may be allowed, too.
        if !allowed.is_empty() && !allowed.contains(item) && !allowed.contains(&text) {
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
                    items.push(Value::Map(IndexMap::from_iter([
                        ("Key".to_owned(), Value::string(key)),
                        ("Value".to_owned(), Value::string(value)),
                    ])));
                }
            }
        }
        TagKind::Map => {
            let declared = properties
                .entry(shape.property.clone())
                .or_insert_with(|| Value::Map(IndexMap::default()));
            let Value::Map(entries) = declared else { return };
            for (key, value) in tags {
                entries.entry(key.clone()).or_insert_with(|| Value::string(value));
            }
        }
    }
}

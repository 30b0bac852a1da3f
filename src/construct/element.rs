//! What stands in a template: resources with their escape hatches, parameters, conditions,
//! mappings, rules and outputs.

use crate::ordered::IndexMap;
use serde_json::Value as Json;

use super::expression::{Expression, Prop, Reference};
use super::function::Test;
use super::tree::{Construct, Kind, Scope};

/// What a construct puts into its stack's template.
pub(super) enum Element {
    Resource(ResourceFacts),
    /// An entry of another section.
    Entry {
        section: Section,
        body: Expression,
        condition: Option<Expression>,
    },
}

impl Element {
    /// The resource, if it is one.
    pub fn resource(&self) -> Option<&ResourceFacts> {
        match self {
            Self::Resource(facts) => Some(facts),
            Self::Entry { .. } => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Parameters,
    Mappings,
    Conditions,
    Rules,
    Outputs,
}

impl Section {
    pub fn name(self) -> &'static str {
        match self {
            Self::Parameters => "Parameters",
            Self::Mappings => "Mappings",
            Self::Conditions => "Conditions",
            Self::Rules => "Rules",
            Self::Outputs => "Outputs",
        }
    }
}

#[derive(Default)]
pub(super) struct ResourceFacts {
    pub type_name: &'static str,
    pub properties: IndexMap<String, Expression>,
    pub condition: Option<Expression>,
    pub deletion_policy: Option<&'static str>,
    pub update_replace_policy: Option<&'static str>,
    pub metadata: IndexMap<String, Expression>,
    /// A path in the resource, and what stands there instead; nothing removes it.
    pub overrides: Vec<(String, Option<Expression>)>,
    pub logical_id: Option<String>,
    /// The resources whose content is part of its logical id.
    pub follows: Vec<usize>,
}

/// What becomes of a resource that leaves its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemovalPolicy {
    /// It is deleted.
    Destroy,
    /// It stays, and is nobody's.
    Retain,
    /// It stays, unless the very deployment that made it fails.
    RetainOnUpdateOrDelete,
}

/// A resource of the template, of any type: what all level 1 constructs are underneath, and the
/// way to what they do not say.
///
/// ```
/// use cairn::construct::{App, Construct as _, RemovalPolicy, Stack, level1::logs::CfnLogGroup};
///
/// let app = App::new();
/// let stack = Stack::new(&app, "Service");
/// let log = CfnLogGroup::builder().retention_in_days(14).build(&stack, "Log");
/// log.apply_removal_policy(RemovalPolicy::Retain);
/// log.add_property_override("KmsKeyId", "arn:aws:kms:eu-central-1:123456789012:key/x");
/// let template = stack.template()?;
/// assert_eq!(template["Resources"]["Log"]["DeletionPolicy"], "Retain");
/// # Ok::<(), cairn::construct::SynthError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Resource {
    scope: Scope,
}

impl Resource {
    pub(super) fn new(
        scope: &dyn Construct,
        id: &str,
        made_by: &'static str,
        type_name: &'static str,
        properties: IndexMap<String, Expression>,
    ) -> Self {
        let facts = ResourceFacts { type_name, properties, ..ResourceFacts::default() };
        let kind = Kind::Element(Box::new(Element::Resource(facts)));
        Self { scope: scope.scope().grow(id, made_by, kind) }
    }

    /// What `Ref` gives.
    pub fn ref_(&self) -> Prop<String> {
        let reference = Reference { target: self.scope.target(), attribute: None };
        Prop::from_expression(Expression::Reference(reference))
    }

    /// What `Fn::GetAtt` of an attribute gives.
    pub fn get_att<T>(&self, attribute: &str) -> Prop<T> {
        let attribute = Some(attribute.to_owned());
        let reference = Reference { target: self.scope.target(), attribute };
        Prop::from_expression(Expression::Reference(reference))
    }

    /// Puts a value at a path within the properties, as `Tags.0.Value`, whatever stands there.
    pub fn add_property_override(&self, path: &str, value: impl Into<Prop<Json>>) {
        self.add_override(&format!("Properties.{path}"), value);
    }

    /// Puts a value at a path within the resource, as `Metadata.team`, whatever stands there. A
    /// dot that belongs to a name is written `\.`.
    pub fn add_override(&self, path: &str, value: impl Into<Prop<Json>>) {
        let value = value.into().expression;
        self.edit(|facts| facts.overrides.push((path.to_owned(), Some(value))));
    }

    /// Removes what stands at a path within the resource.
    pub fn add_deletion_override(&self, path: &str) {
        self.edit(|facts| facts.overrides.push((path.to_owned(), None)));
    }

    /// Gives it a logical id of one's own choice.
    pub fn override_logical_id(&self, logical_id: &str) {
        self.edit(|facts| facts.logical_id = Some(logical_id.to_owned()));
    }

    /// Says what becomes of it when it leaves the stack or is replaced.
    pub fn apply_removal_policy(&self, policy: RemovalPolicy) {
        let (deletion, replace) = match policy {
            RemovalPolicy::Destroy => ("Delete", "Delete"),
            RemovalPolicy::Retain => ("Retain", "Retain"),
            RemovalPolicy::RetainOnUpdateOrDelete => ("RetainExceptOnCreate", "Retain"),
        };
        self.edit(|facts| {
            facts.deletion_policy = Some(deletion);
            facts.update_replace_policy = Some(replace);
        });
    }

    /// Makes it only where a condition holds.
    pub fn set_condition(&self, condition: &Condition) {
        let name = condition.name();
        self.edit(|facts| facts.condition = Some(name));
    }

    /// Adds an entry to its metadata.
    pub fn add_metadata(&self, key: &str, value: impl Into<Prop<Json>>) {
        let value = value.into().expression;
        self.edit(|facts| facts.metadata.insert(key.to_owned(), value));
    }

    /// Lets all of it wait for all resources of another construct.
    pub fn depends_on(&self, other: &dyn Construct) {
        self.scope.depends_on(other);
    }

    /// Lets the logical id change with the content of another resource, for one that copies it.
    pub(super) fn follow(&self, other: &Self) {
        let index = other.scope.index;
        self.edit(|facts| facts.follows.push(index));
    }

    pub(super) fn edit<R>(&self, change: impl FnOnce(&mut ResourceFacts) -> R) -> Option<R> {
        match &mut self.scope.tree.branches.borrow_mut()[self.scope.index].kind {
            Kind::Element(element) => match element.as_mut() {
                Element::Resource(facts) => Some(change(facts)),
                Element::Entry { .. } => None,
            },
            _ => None,
        }
    }
}

impl Construct for Resource {
    fn scope(&self) -> &Scope {
        &self.scope
    }
}

fn entry(scope: &dyn Construct, id: &str, section: Section, body: Expression) -> Scope {
    let made_by = section.name().trim_end_matches('s');
    let element = Element::Entry { section, body, condition: None };
    scope.scope().grow(id, made_by, Kind::Element(Box::new(element)))
}

fn set(scope: &Scope, key: &str, value: Expression) {
    let mut branches = scope.tree.branches.borrow_mut();
    if let Kind::Element(element) = &mut branches[scope.index].kind
        && let Element::Entry { body: Expression::Map(body), .. } = element.as_mut()
    {
        body.insert(key.to_owned(), value);
    }
}

fn map<const N: usize>(entries: [(&str, Expression); N]) -> Expression {
    Expression::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// A parameter of a stack.
///
/// ```
/// use cairn::construct::{App, Parameter, Stack};
///
/// let app = App::new();
/// let stack = Stack::new(&app, "Service");
/// let cidr = Parameter::string(&stack, "VpcCidr").default("10.4.0.0/16").description("Addresses");
/// let block = cidr.value();
/// # let _ = block;
/// ```
#[derive(Debug, Clone)]
pub struct Parameter {
    scope: Scope,
}

impl Parameter {
    /// One of type `String`.
    pub fn string(scope: &dyn Construct, id: &str) -> Self {
        Self::of_type(scope, id, "String")
    }

    /// One of type `Number`.
    pub fn number(scope: &dyn Construct, id: &str) -> Self {
        Self::of_type(scope, id, "Number")
    }

    /// One of any type.
    pub fn of_type(scope: &dyn Construct, id: &str, type_name: &str) -> Self {
        let body = map([("Type", Expression::Text(type_name.to_owned()))]);
        Self { scope: entry(scope, id, Section::Parameters, body) }
    }

    /// What it is where nobody gives a value.
    #[must_use]
    pub fn default(self, value: impl Into<Prop<Json>>) -> Self {
        self.with("Default", value.into().expression)
    }

    /// What it is for.
    #[must_use]
    pub fn description(self, text: &str) -> Self {
        self.with("Description", Expression::Text(text.to_owned()))
    }

    /// The pattern its whole value has to match.
    #[must_use]
    pub fn allowed_pattern(self, pattern: &str) -> Self {
        self.with("AllowedPattern", Expression::Text(pattern.to_owned()))
    }

    /// The values it may have.
    #[must_use]
    pub fn allowed_values<const N: usize>(self, values: [&str; N]) -> Self {
        let values = values.iter().map(|value| Expression::Text((*value).to_owned())).collect();
        self.with("AllowedValues", Expression::List(values))
    }

    /// The least and the most of a number.
    #[must_use]
    pub fn between(self, least: i64, most: i64) -> Self {
        let number = |number: i64| Expression::from(Json::from(number));
        self.with("MinValue", number(least)).with("MaxValue", number(most))
    }

    /// Hides its value wherever it would be shown.
    #[must_use]
    pub fn no_echo(self) -> Self {
        self.with("NoEcho", Expression::from(Json::from(true)))
    }

    /// Its value.
    pub fn value(&self) -> Prop<String> {
        let reference = Reference { target: self.scope.target(), attribute: None };
        Prop::from_expression(Expression::Reference(reference))
    }

    fn with(self, key: &str, value: Expression) -> Self {
        set(&self.scope, key, value);
        self
    }
}

/// A condition of a stack, for [`Fn::if_`](super::Fn::if_) and [`Resource::set_condition`].
#[derive(Debug, Clone)]
pub struct Condition {
    scope: Scope,
}

impl Condition {
    /// Names a test.
    pub fn new(scope: &dyn Construct, id: &str, test: Test) -> Self {
        Self { scope: entry(scope, id, Section::Conditions, test.0) }
    }

    pub(super) fn name(&self) -> Expression {
        Expression::Name(self.scope.target())
    }
}

/// A mapping of a stack: two levels of keys.
#[derive(Debug, Clone)]
pub struct Mapping {
    scope: Scope,
}

impl Mapping {
    /// Declares one.
    pub fn new(scope: &dyn Construct, id: &str, content: Json) -> Self {
        Self { scope: entry(scope, id, Section::Mappings, content.into()) }
    }

    /// What stands under two keys.
    pub fn find(
        &self,
        top: impl Into<Prop<String>>,
        second: impl Into<Prop<String>>,
    ) -> Prop<String> {
        let name = Expression::Name(self.scope.target());
        let keys = vec![name, top.into().expression, second.into().expression];
        Prop::from_expression(Expression::call("Fn::FindInMap", Expression::List(keys)))
    }
}

/// A rule of a stack: what has to hold before it is deployed.
#[derive(Debug, Clone)]
pub struct Rule {
    scope: Scope,
}

impl Rule {
    /// Asserts a test, with what to say when it fails.
    pub fn new(scope: &dyn Construct, id: &str, test: Test, otherwise: &str) -> Self {
        let description = Expression::Text(otherwise.to_owned());
        let assertion = map([("Assert", test.0), ("AssertDescription", description)]);
        let body = map([("Assertions", Expression::List(vec![assertion]))]);
        Self { scope: entry(scope, id, Section::Rules, body) }
    }
}

/// An output of a stack.
#[derive(Debug, Clone)]
pub struct Output {
    scope: Scope,
}

impl Output {
    /// Tells a value after a deployment.
    pub fn new(scope: &dyn Construct, id: &str, value: impl Into<Prop<String>>) -> Self {
        let body = map([("Value", value.into().expression)]);
        Self { scope: entry(scope, id, Section::Outputs, body) }
    }

    /// What it is.
    pub fn description(&self, text: &str) -> &Self {
        set(&self.scope, "Description", Expression::Text(text.to_owned()));
        self
    }

    /// Offers it to other stacks under a name. Those of the same app need none: they use the
    /// construct.
    pub fn export_as(&self, name: impl Into<Prop<String>>) -> &Self {
        set(&self.scope, "Export", map([("Name", name.into().expression)]));
        self
    }

    /// Gives it only where a condition holds.
    pub fn only_if(&self, condition: &Condition) -> &Self {
        let mut branches = self.scope.tree.branches.borrow_mut();
        if let Kind::Element(element) = &mut branches[self.scope.index].kind
            && let Element::Entry { condition: slot, .. } = element.as_mut()
        {
            *slot = Some(condition.name());
        }
        drop(branches);
        self
    }
}

macro_rules! construct {
    ($($name:ident)*) => {
        $(impl Construct for $name {
            fn scope(&self) -> &Scope {
                &self.scope
            }
        })*
    };
}

construct! { Parameter Condition Mapping Rule Output }

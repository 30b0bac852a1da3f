//! A template's properties held against the schema: each scalar gets its type, and what does not
//! fit is found.

use crate::ordered::IndexMap;
use serde_json::Value as Json;

use super::check::{self, About, Misfit, listed, shown};
use super::facts::{Kind, Shape, TypeFacts};
use super::{At, Basis, Finding, Segment, amend};
use crate::diagnostic::{Severity, nearest};
use crate::template::dynamic::has_reference;
use crate::value::{Literal, Value};

/// More property names than this are no hint.
const SHOWN_NAMES: usize = 16;

/// Gives a resource's properties the types of the schema and says what does not fit. What does
/// not fit stays as it is; what is not known yet fits everywhere.
pub fn coerce(facts: &TypeFacts, value: Value) -> (Value, Vec<Finding>) {
    let mut walk = Walk { type_name: facts.type_name, path: Vec::new(), findings: Vec::new() };
    let value = walk.value(&facts.properties, value);
    (value, walk.findings)
}

struct Walk<'facts> {
    type_name: &'facts str,
    /// Where the walk is.
    path: Vec<Segment>,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    fn value(&mut self, shape: &Shape, value: Value) -> Value {
        match value {
            _ if shape.takes(Kind::Any) => value,
            Value::Unknown(_) => value,
            Value::Map(entries) if shape.takes(Kind::Map) => Value::Map(self.map(shape, entries)),
            Value::List(items) if shape.takes(Kind::List) => Value::List(self.list(shape, items)),
            Value::Secret(_) if takes_scalar(shape) => value,
            // What it stands for is known only to the call that needs it.
            Value::String(text) if has_reference(&text) && takes_scalar(shape) => {
                Value::String(text)
            }
            _ => match scalar(shape, value) {
                Ok(value) => {
                    self.misfit(check::scalar(shape, &value));
                    value
                }
                Err(value) => {
                    self.wrong_type(shape, &value);
                    value
                }
            },
        }
    }

    fn map(
        &mut self,
        shape: &Shape,
        mut entries: IndexMap<String, Value>,
    ) -> IndexMap<String, Value> {
        if shape.is_free_map() {
            return entries;
        }
        self.missing(shape, &entries);
        for (key, value) in &mut entries {
            self.path.push(Segment::Key(key.clone()));
            match shape.properties.get(key).or(shape.values.as_deref()) {
                Some(property) if property.read_only => self.read_only(key),
                Some(property) => {
                    let unchecked = std::mem::replace(value, Value::Null);
                    *value = self.value(property, unchecked);
                }
                None => self.unknown_property(shape, key),
            }
            self.path.pop();
        }
        entries
    }

    fn list(&mut self, shape: &Shape, items: Vec<Value>) -> Vec<Value> {
        let items = match &shape.items {
            None => items,
            Some(item_shape) => {
                let below = |(index, item)| {
                    self.path.push(Segment::Index(index));
                    let item = self.value(item_shape, item);
                    self.path.pop();
                    item
                };
                items.into_iter().enumerate().map(below).collect()
            }
        };
        self.misfit(check::count(shape, &items));
        if let Some(index) = check::duplicate(shape, &items) {
            self.path.push(Segment::Index(index));
            self.error(At::Value, "the same item is listed twice", None);
            self.path.pop();
        }
        items
    }

    fn missing(&mut self, shape: &Shape, entries: &IndexMap<String, Value>) {
        let meant = meant(shape, entries);
        let is_given = |name: &String| entries.contains_key(name) || meant.contains(&name.as_str());
        for name in shape.required.iter().filter(|name| !is_given(name)) {
            let message = format!("{} lacks the property `{name}`", self.here());
            self.error(At::Key, message, None);
        }
        // Of some properties exactly one, or at least one, has to be there.
        let given = |group: &[String]| -> Vec<String> {
            group.iter().filter(|name| is_given(name)).cloned().collect()
        };
        let exactly = &shape.required_exactly_one;
        let at_least = &shape.required_one_of;
        for group in [exactly, at_least] {
            if !group.is_empty() && given(group).is_empty() {
                let message = format!("{} needs one of {}", self.here(), listed(group));
                self.error(At::Key, message, None);
            }
        }
        if let [_, second, ..] = given(exactly).as_slice() {
            self.path.push(Segment::Key(second.clone()));
            let message = format!("only one of {} may be there", listed(given(exactly)));
            self.error(At::Key, message, None);
            self.path.pop();
        }
    }

    fn unknown_property(&mut self, shape: &Shape, name: &str) {
        let names: Vec<_> = shape.settable().collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if names.len() <= SHOWN_NAMES => Some(format!("it has {}", listed(names))),
            None => None,
        };
        let message = format!("{} has no property `{name}`", self.owner());
        self.error(At::Key, message, hint);
    }

    fn read_only(&mut self, name: &str) {
        let message = format!("`{name}` is for AWS to set");
        let hint = "leave it out; `Fn::GetAtt` and `Ref` read it".to_owned();
        self.error(At::Key, message, Some(hint));
    }

    fn wrong_type(&mut self, shape: &Shape, value: &Value) {
        let expected: Vec<_> = shape.kinds.iter().map(|kind| kind.name()).collect();
        let message = format!("expected {}, found {}", expected.join(" or "), shown(value));
        let hint = match value {
            Value::Null => Some("leave it out, or use `AWS::NoValue`".to_owned()),
            Value::String(_) | Value::Literal(_) if shape.kinds == [Kind::List] => {
                Some("a list of one is written with `- ` or in `[ ]`".to_owned())
            }
            _ => None,
        };
        self.error(At::Value, message, hint);
    }

    fn misfit(&mut self, misfit: Option<Misfit>) {
        let Some(Misfit { message, hint, about }) = misfit else { return };
        let growing = self.name().is_some_and(amend::is_growing);
        let severity = match about {
            About::Content if growing => Severity::Warning,
            _ => Severity::Error,
        };
        self.find(severity, At::Value, message, hint);
        if let Some(finding) = self.findings.last_mut() {
            finding.basis = Basis::Limit;
        }
    }

    fn error(&mut self, at: At, message: impl Into<String>, hint: Option<String>) {
        self.find(Severity::Error, at, message.into(), hint);
    }

    fn find(&mut self, severity: Severity, at: At, message: String, hint: Option<String>) {
        let (path, basis) = (self.path.clone(), Basis::Shape);
        self.findings.push(Finding { severity, path, at, message, hint, basis });
    }

    /// The property the walk is at, or the list it is in.
    fn name(&self) -> Option<&str> {
        name_of(&self.path)
    }

    /// What the walk is at, for messages.
    fn here(&self) -> String {
        format!("`{}`", self.name().unwrap_or(self.type_name))
    }

    /// What holds the property the walk is at.
    fn owner(&self) -> String {
        let above = &self.path[..self.path.len().saturating_sub(1)];
        format!("`{}`", name_of(above).unwrap_or(self.type_name))
    }
}

fn name_of(path: &[Segment]) -> Option<&str> {
    path.iter().rev().find_map(|segment| match segment {
        Segment::Key(key) => Some(key.as_str()),
        Segment::Index(_) => None,
    })
}

fn takes_scalar(shape: &Shape) -> bool {
    shape.is_free_map()
        || [Kind::String, Kind::Integer, Kind::Number, Kind::Boolean]
            .into_iter()
            .any(|kind| shape.takes(kind))
}

/// A scalar as the schema wants it, or unchanged if it is nothing the schema takes.
fn scalar(shape: &Shape, value: Value) -> Result<Value, Value> {
    match value {
        Value::String(text) if shape.takes(Kind::String) => Ok(Value::String(text)),
        Value::String(text) if shape.is_free_map() && is_json_map(&text) => Ok(Value::String(text)),
        Value::String(text) => match literal(shape, &text) {
            Some(literal) => Ok(Value::Literal(literal)),
            None => Err(Value::String(text)),
        },
        Value::Literal(Literal::Bool { value, text }) if shape.takes(Kind::Boolean) => {
            Ok(Value::Literal(Literal::Bool { value, text }))
        }
        Value::Literal(found) => match number(shape, found.text()) {
            Some(number) if matches!(found, Literal::Number { .. }) => Ok(Value::Literal(number)),
            _ if shape.takes(Kind::String) => Ok(Value::String(found.text().to_owned())),
            _ => Err(Value::Literal(found)),
        },
        other => Err(other),
    }
}

/// The boolean or number that a text spells.
fn literal(shape: &Shape, text: &str) -> Option<Literal> {
    if shape.takes(Kind::Boolean) {
        for value in [true, false] {
            if text.eq_ignore_ascii_case(if value { "true" } else { "false" }) {
                return Some(Literal::Bool { value, text: text.to_owned() });
            }
        }
    }
    number(shape, text)
}

/// The number that a text spells. A whole one is written without a point (`30`, not `30.0` or
/// `3e1`), as a property that counts wants it.
fn number(shape: &Shape, text: &str) -> Option<Literal> {
    let number = |text: &str| Some(Literal::Number { text: text.to_owned() });
    if !shape.takes(Kind::Integer) && !shape.takes(Kind::Number) {
        return None;
    }
    if text.parse::<i64>().is_ok() {
        return number(text);
    }
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    if value.fract() == 0.0 {
        return number(&format!("{value:.0}"));
    }
    if shape.takes(Kind::Number) { number(text) } else { None }
}

fn is_json_map(text: &str) -> bool {
    serde_json::from_str::<Json>(text).is_ok_and(|json| json.is_object())
}

/// What the properties nobody knows were probably meant to be: a misspelt one is not missing too.
fn meant<'s>(shape: &'s Shape, entries: &IndexMap<String, Value>) -> Vec<&'s str> {
    let names: Vec<&str> = shape.settable().collect();
    let unknown = entries.keys().filter(|name| !names.contains(&name.as_str()));
    unknown.filter_map(|name| nearest(name, names.iter().copied())).collect()
}

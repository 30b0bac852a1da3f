//! The limits a schema sets to a value that has the right type.

use std::fmt::Display;

use ipnet::{Ipv4Net, Ipv6Net};
use serde_json::Value as Json;

use super::facts::Shape;
use crate::diagnostic::nearest;
use crate::value::{Literal, Value};

/// More text than this does not help in a message.
const SHOWN_CHARACTERS: usize = 60;
/// A list of choices longer than this does not help either.
const SHOWN_CHOICES: usize = 24;
/// How a dynamic reference begins: what it stands for is not here to be judged.
const DYNAMIC_REFERENCE: &str = "{{resolve:";

/// A value that breaks a limit.
pub(super) struct Misfit {
    pub message: String,
    pub hint: Option<String>,
    pub about: About,
}

/// Which kind of limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// What the value says: AWS may know more values than the schema.
    Content,
    Size,
}

/// What is wrong with a scalar of the right type; the first thing is enough.
pub(super) fn scalar(shape: &Shape, value: &Value) -> Option<Misfit> {
    match value {
        Value::String(text) if text.contains(DYNAMIC_REFERENCE) => None,
        Value::String(text) => choice(shape, value)
            .or_else(|| format(shape, text))
            .or_else(|| length(shape, text))
            .or_else(|| pattern(shape, text)),
        Value::Literal(Literal::Number { text }) => {
            choice(shape, value).or_else(|| bounds(shape, text))
        }
        _ => None,
    }
}

/// What is wrong with the number of items.
pub(super) fn count(shape: &Shape, items: &[Value]) -> Option<Misfit> {
    limits(shape.min_items, shape.max_items, items.len(), "item")
}

/// The first item that is there twice.
pub(super) fn duplicate(shape: &Shape, items: &[Value]) -> Option<usize> {
    if !shape.unique {
        return None;
    }
    (1..items.len())
        .find(|index| is_definite(&items[*index]) && items[..*index].contains(&items[*index]))
}

/// Whether what looks the same is the same: a reference that is not known yet is, whatever it will
/// be; what a function makes of it is not, `If(IsLarge)` may be several things.
fn is_definite(value: &Value) -> bool {
    match value {
        Value::Unknown(unknown) => {
            let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '.';
            !unknown.source.is_empty() && unknown.source.chars().all(is_plain)
        }
        Value::List(items) => items.iter().all(is_definite),
        Value::Map(entries) => entries.values().all(is_definite),
        Value::Null | Value::Literal(_) | Value::String(_) | Value::Secret(_) => true,
    }
}

/// A value as a message shows it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Literal(literal) => format!("`{}`", short(literal.text())),
        Value::String(text) if text.is_empty() => "an empty string".to_owned(),
        Value::String(text) => format!("`{}`", short(text)),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a map".to_owned(),
        Value::Unknown(unknown) => format!("`{}`", unknown.source),
        Value::Secret(_) => "a secret".to_owned(),
    }
}

/// "`a`, `b`".
pub(super) fn listed<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() > SHOWN_CHARACTERS {
        line.chars().take(SHOWN_CHARACTERS).chain(['…']).collect()
    } else if line.len() < text.trim_end().len() {
        format!("{line}…")
    } else {
        line.to_owned()
    }
}

fn choice(shape: &Shape, value: &Value) -> Option<Misfit> {
    let text = value.as_text().unwrap_or_default();
    let in_any_case = shape.any_case_choices.iter().any(|one| one.eq_ignore_ascii_case(text));
    let is_free = shape.choices.is_empty() && shape.any_case_choices.is_empty();
    if is_free || in_any_case || shape.choices.contains(&value.to_json()) {
        return None;
    }
    let choices = shape.choices.iter().map(|choice| match choice {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    });
    let choices: Vec<_> = choices.chain(shape.any_case_choices.iter().cloned()).collect();
    let near = match value {
        Value::String(_) => nearest(text, choices.iter().map(String::as_str)),
        _ => None,
    };
    let hint = match near {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if choices.len() <= SHOWN_CHOICES => Some(format!("use one of {}", listed(&choices))),
        None => None,
    };
    let message = format!("{} is not a known value", shown(value));
    Some(Misfit { message, hint, about: About::Content })
}

fn format(shape: &Shape, text: &str) -> Option<Misfit> {
    let (expected, fits) = match shape.format.as_deref()? {
        "ipv4-network" => ("an IPv4 block like `10.0.0.0/16`", text.parse::<Ipv4Net>().is_ok()),
        "ipv6-network" => ("an IPv6 block like `2001:db8::/56`", text.parse::<Ipv6Net>().is_ok()),
        _ => return None,
    };
    (!fits).then(|| Misfit {
        message: format!("expected {expected}, found {}", shown(&Value::string(text))),
        hint: None,
        about: About::Content,
    })
}

fn pattern(shape: &Shape, text: &str) -> Option<Misfit> {
    let pattern = shape.pattern.as_ref()?;
    (!pattern.matches(text)).then(|| Misfit {
        message: format!("{} does not have the form AWS wants", shown(&Value::string(text))),
        hint: Some(format!("the form is `{}`", pattern.as_str())),
        about: About::Content,
    })
}

fn length(shape: &Shape, text: &str) -> Option<Misfit> {
    limits(shape.min_length, shape.max_length, text.chars().count(), "character")
}

fn limits(least: Option<usize>, most: Option<usize>, found: usize, unit: &str) -> Option<Misfit> {
    let (relation, limit) = match (least, most) {
        (Some(least), _) if found < least => ("at least", least),
        (_, Some(most)) if found > most => ("at most", most),
        _ => return None,
    };
    let plural = if limit == 1 { "" } else { "s" };
    Some(Misfit {
        message: format!("expected {relation} {limit} {unit}{plural}, found {found}"),
        hint: None,
        about: About::Size,
    })
}

fn bounds(shape: &Shape, text: &str) -> Option<Misfit> {
    let number: f64 = text.parse().ok()?;
    let (relation, limit) = match (shape.minimum, shape.maximum) {
        (Some(least), _) if number < least => ("at least", least),
        (_, Some(most)) if number > most => ("at most", most),
        _ => return None,
    };
    let message = format!("expected {relation} {limit}, found {text}");
    Some(Misfit { message, hint: None, about: About::Size })
}

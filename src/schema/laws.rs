//! Laws that bind the handlers to the schemas: what a schema lets a template write, the handler
//! reads or says why not.

use serde_json::{Map, Value as Json, json};

use super::facts::{Kind, Shape, TypeFacts, facts};
use crate::resource::{Handler, Lock, types};

/// Each handler with the facts of its type.
fn handlers() -> Vec<(&'static dyn Handler, &'static TypeFacts)> {
    types()
        .iter()
        .map(|handler| {
            let name = handler.type_name();
            (*handler, facts(name).unwrap_or_else(|| panic!("{name} has no schema")))
        })
        .collect()
}

/// Fails with every line there is.
fn none(broken: &[String]) {
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}

/// A value of the shape's type.
fn sample(shape: &Shape) -> Json {
    if let Some(choice) = shape.choices.first() {
        return choice.clone();
    }
    match (shape.kinds.first(), shape.format.as_deref()) {
        (Some(Kind::String), Some("ipv4-network")) => json!("10.0.0.0/16"),
        (Some(Kind::String), Some("ipv6-network")) => json!("2001:db8::/56"),
        (Some(Kind::String), _) => json!("text"),
        (Some(Kind::Integer | Kind::Number), _) => json!(1),
        (Some(Kind::Boolean), _) => json!(true),
        (Some(Kind::List), _) => json!([]),
        (Some(Kind::Map | Kind::Any) | None, _) => Json::Object(least(shape)),
    }
}

/// What a value of the shape cannot be without.
fn least(shape: &Shape) -> Map<String, Json> {
    let required = shape.required.iter();
    required.filter_map(|name| Some((name.clone(), sample(shape.properties.get(name)?)))).collect()
}

/// Every writable path of a shape, each with a value that holds that and no more than it must.
fn samples(shape: &Shape) -> Vec<(String, Json)> {
    let mut found = vec![(String::new(), sample(shape))];
    for (name, property) in shape.properties.iter().filter(|(_, property)| !property.read_only) {
        found.extend(samples(property).into_iter().map(|(path, value)| {
            let separator = if path.is_empty() || path.starts_with(['[', '{']) { "" } else { "." };
            let mut holder = least(shape);
            holder.insert(name.clone(), value);
            (format!("{name}{separator}{path}"), Json::Object(holder))
        }));
    }
    let within = |path: &str, brackets: &str| {
        let separator = if path.is_empty() || path.starts_with(['[', '{']) { "" } else { "." };
        format!("{brackets}{separator}{path}")
    };
    for (path, value) in shape.items.iter().flat_map(|items| samples(items)) {
        found.push((within(&path, "[]"), json!([value])));
    }
    for (path, value) in shape.values.iter().flat_map(|values| samples(values)) {
        found.push((within(&path, "{}"), json!({ "key": value })));
    }
    found
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '{']))
}

#[test]
fn every_writable_property_is_read_or_listed_as_unsupported() {
    let mut broken = Vec::new();
    for (handler, facts) in handlers() {
        let left_out = handler.unsupported();
        for (path, value) in samples(&facts.properties) {
            if left_out.iter().any(|(listed, _)| is_below(&path, listed)) {
                continue;
            }
            if let Err(error) = handler.check(&value) {
                broken.push(format!("{} {path}: {error}", handler.type_name()));
            }
        }
    }
    none(&broken);
}

#[test]
fn every_unsupported_property_exists_and_has_a_reason() {
    let mut broken = Vec::new();
    for (handler, facts) in handlers() {
        for (path, reason) in handler.unsupported() {
            if facts.shape(path).is_none_or(|shape| shape.read_only) || path.is_empty() {
                broken.push(format!("{} {path}: no such property", handler.type_name()));
            }
            if reason.trim().is_empty() {
                broken.push(format!("{} {path}: no reason", handler.type_name()));
            }
        }
    }
    none(&broken);
}

#[test]
fn every_handler_refuses_a_property_nobody_knows() {
    let accepts = |handler: &&dyn Handler| handler.check(&json!({ "NoSuchProperty": 1 })).is_ok();
    let broken: Vec<_> = types().iter().copied().filter(accepts).map(Handler::type_name).collect();
    assert!(broken.is_empty(), "these take any property: {broken:?}");
}

#[test]
fn every_read_only_property_is_refused() {
    let mut broken = Vec::new();
    for (handler, facts) in handlers() {
        for (name, shape) in facts.properties.properties.iter().filter(|(_, one)| one.read_only) {
            let value = Map::from_iter([(name.clone(), sample(shape))]);
            if handler.check(&Json::Object(value)).is_ok() {
                broken.push(format!("{} takes {name}", handler.type_name()));
            }
        }
    }
    none(&broken);
}

#[test]
fn every_property_a_handler_names_is_in_its_schema() {
    let mut broken = Vec::new();
    for (handler, facts) in handlers() {
        let mut named: Vec<&str> = handler.rules().iter().map(|(path, _)| *path).collect();
        named.extend(handler.name().map(|name| name.property));
        named.extend(handler.follows().map(|follows| follows.through));
        named.extend(handler.gone_with());
        if let Some(Lock::Property(property)) = handler.lock() {
            named.push(property);
        }
        let unknown = named.into_iter().filter(|path| facts.shape(path).is_none());
        broken.extend(unknown.map(|path| format!("{} {path}", handler.type_name())));
    }
    none(&broken);
}

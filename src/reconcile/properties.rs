//! What stands in properties before, during and after a change.

use serde_json::Value as Json;

use crate::state::Instance;
use crate::value::{SECRET_PREFIX, Secret, Value};

/// What was last applied, in clear where a secret is as it was: of it only the digest was kept, and
/// to the digest every value is another one.
pub fn unveiled(from: &Json, masked: &Json, clear: &Json) -> Json {
    match (from, masked, clear) {
        (Json::Object(from), Json::Object(masked), Json::Object(clear)) => from
            .iter()
            .map(|(key, value)| match (masked.get(key), clear.get(key)) {
                (Some(masked), Some(clear)) => (key.clone(), unveiled(value, masked, clear)),
                _ => (key.clone(), value.clone()),
            })
            .collect(),
        (Json::Array(from), Json::Array(masked), Json::Array(clear))
            if from.len() == masked.len() && from.len() == clear.len() =>
        {
            let items = from.iter().zip(masked.iter().zip(clear));
            items.map(|(from, (masked, clear))| unveiled(from, masked, clear)).collect()
        }
        (Json::String(text), _, _) if text.starts_with(SECRET_PREFIX) && from == masked => {
            clear.clone()
        }
        _ => from.clone(),
    }
}

/// The properties to delete something by: what was last applied, and with it all that updates which
/// did not end may have added. Where one value excludes another, each has its turn.
pub fn all_that_may_be(instance: &Instance) -> Vec<Json> {
    let mut all = vec![&instance.properties];
    all.extend(&instance.attempted);
    let mut merged: Vec<Json> = Vec::new();
    for first in &all {
        let whole = all.iter().fold((*first).clone(), |whole, other| merge(&whole, other));
        if !merged.contains(&whole) {
            merged.push(whole);
        }
    }
    merged
}

/// Both: the items of both lists, the keys of both objects, and of two other values the first.
fn merge(first: &Json, second: &Json) -> Json {
    match (first, second) {
        (Json::Object(first), Json::Object(second)) => {
            let mut whole = first.clone();
            for (key, value) in second {
                let value = first.get(key).map_or_else(|| value.clone(), |it| merge(it, value));
                whole.insert(key.clone(), value);
            }
            Json::Object(whole)
        }
        (Json::Array(first), Json::Array(second)) => {
            let more = second.iter().filter(|item| !first.contains(item));
            first.iter().chain(more).cloned().collect()
        }
        (first, _) => first.clone(),
    }
}

pub fn each_secret(value: &Value, tell: &mut dyn FnMut(&Secret)) {
    match value {
        Value::Secret(secret) => tell(secret),
        Value::List(items) => items.iter().for_each(|item| each_secret(item, tell)),
        Value::Map(entries) => entries.values().for_each(|value| each_secret(value, tell)),
        _ => {}
    }
}

pub fn first_unknown(value: &Value) -> Option<&str> {
    match value {
        Value::Unknown(unknown) => Some(&unknown.source),
        Value::List(items) => items.iter().find_map(first_unknown),
        Value::Map(entries) => entries.values().find_map(first_unknown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{all_that_may_be, unveiled};
    use crate::state::sample;
    use crate::value::Secret;

    #[test]
    fn what_is_deleted_is_all_that_may_be_there() {
        let mut instance = sample::instance("a");
        instance.properties = json!({"Name": "old", "Roles": ["a", "b"]});
        assert_eq!(all_that_may_be(&instance), [instance.properties.clone()]);
        instance.attempted = vec![json!({"Name": "new", "Roles": ["b", "c"], "More": 1})];
        let named = |name: &str, roles: [&str; 3]| json!({"Name": name, "Roles": roles, "More": 1});
        let expected = [named("old", ["a", "b", "c"]), named("new", ["b", "c", "a"])];
        assert_eq!(all_that_may_be(&instance), expected);
        instance.attempted = vec![json!({"Name": "old", "Roles": ["b"]})];
        assert_eq!(all_that_may_be(&instance).len(), 2);
    }

    #[test]
    fn a_secret_that_is_as_it_was_is_no_change() {
        let digest = |text: &str| Secret::new(text).masked();
        let from = json!({"A": {"P": digest("old"), "Q": digest("same")}, "L": [digest("same")],
            "Gone": digest("same"), "R": "{{resolve:ssm:x}}"});
        let masked = json!({"A": {"P": digest("new"), "Q": digest("same")}, "L": [digest("same")],
            "R": "{{resolve:ssm:x}}"});
        let clear = json!({"A": {"P": "new", "Q": "same"}, "L": ["same"], "R": "what it is"});
        let expected = json!({"A": {"P": digest("old"), "Q": "same"}, "L": ["same"],
            "Gone": digest("same"), "R": "{{resolve:ssm:x}}"});
        assert_eq!(unveiled(&from, &masked, &clear), expected);
    }
}

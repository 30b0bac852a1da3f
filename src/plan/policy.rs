//! IAM policy documents, compared by meaning.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

/// A document in one spelling: two documents that mean the same are equal afterwards. What is no
/// document stays as it is.
pub fn canonical(document: &Json) -> Json {
    let parsed = match document {
        Json::String(text) => match serde_json::from_str::<Json>(text) {
            Ok(parsed @ Json::Object(_)) => parsed,
            _ => return document.clone(),
        },
        other => other.clone(),
    };
    let Json::Object(mut policy) = parsed else { return parsed };
    policy.entry("Version").or_insert_with(|| "2008-10-17".into());
    if policy.get("Id").and_then(Json::as_str) == Some("") {
        policy.remove("Id");
    }
    if let Some(statement) = policy.remove("Statement") {
        let mut statements: Vec<Json> =
            as_list(statement).into_iter().map(canonical_statement).collect();
        statements.sort_by_key(Json::to_string);
        policy.insert("Statement".to_owned(), Json::Array(statements));
    }
    sorted(Json::Object(policy))
}

/// A document as it was written, parsed where it is text.
pub fn parsed(document: &Json) -> Json {
    match document {
        Json::String(text) => serde_json::from_str(text).unwrap_or_else(|_| document.clone()),
        other => other.clone(),
    }
}

/// One statement or a list of them, as a list.
pub fn as_items(statements: &Json) -> Vec<Json> {
    as_list(statements.clone())
}

pub fn same_statement(left: &Json, right: &Json) -> bool {
    canonical_statement(left.clone()) == canonical_statement(right.clone())
}

/// Whether what two statements say under one key means the same.
pub fn same_part(key: &str, left: Option<&Json>, right: Option<&Json>) -> bool {
    let statement = |value: Option<&Json>| {
        let entries = value.map(|value| (key.to_owned(), value.clone()));
        Json::Object(entries.into_iter().collect())
    };
    same_statement(&statement(left), &statement(right))
}

fn canonical_statement(statement: Json) -> Json {
    let Json::Object(statement) = statement else { return statement };
    let mut result = Map::new();
    for (key, value) in statement {
        let value = match key.as_str() {
            "Action" | "NotAction" => set(value, str::to_lowercase),
            "Resource" | "NotResource" => set(value, str::to_owned),
            "Principal" | "NotPrincipal" => principal(value),
            "Condition" => condition(value),
            "Effect" => match value.as_str() {
                Some(effect) => Json::String(effect.to_lowercase()),
                None => value,
            },
            "Sid" if value.as_str() == Some("") => continue,
            _ => value,
        };
        result.insert(key, value);
    }
    sorted(Json::Object(result))
}

fn principal(value: Json) -> Json {
    match value {
        Json::Object(entries) => Json::Object(
            entries
                .into_iter()
                .map(|(kind, names)| {
                    let names = set(names, |name| {
                        let is_account = kind == "AWS"
                            && name.len() == 12
                            && name.bytes().all(|byte| byte.is_ascii_digit());
                        if is_account {
                            format!("arn:aws:iam::{name}:root")
                        } else {
                            name.to_owned()
                        }
                    });
                    (kind, names)
                })
                .filter(|(_, names)| names.as_array().is_none_or(|names| !names.is_empty()))
                .collect(),
        ),
        Json::String(text) if text == "*" => {
            Json::from_iter([("AWS".to_owned(), Json::from(vec!["*"]))])
        }
        other => other,
    }
}

fn condition(value: Json) -> Json {
    let Json::Object(operators) = value else { return value };
    Json::Object(
        operators
            .into_iter()
            .map(|(operator, keys)| {
                let keys = match keys {
                    Json::Object(keys) => Json::Object(
                        keys.into_iter()
                            .map(|(key, values)| (key.to_lowercase(), set(values, str::to_owned)))
                            .collect(),
                    ),
                    other => other,
                };
                (operator.to_lowercase(), keys)
            })
            .collect(),
    )
}

/// One or many, as a sorted list without repetition; numbers and booleans by their text.
fn set(value: Json, spell: impl Fn(&str) -> String) -> Json {
    let texts: BTreeSet<String> = as_list(value)
        .into_iter()
        .map(|item| match item {
            Json::String(text) => spell(&text),
            other => spell(&other.to_string()),
        })
        .collect();
    texts.into_iter().map(Json::String).collect()
}

fn as_list(value: Json) -> Vec<Json> {
    match value {
        Json::Array(items) => items,
        other => vec![other],
    }
}

/// Keys in one order, all the way down.
pub fn sorted(value: Json) -> Json {
    match value {
        Json::Object(entries) => {
            let mut entries: Vec<_> =
                entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::canonical;

    #[test]
    fn spelling_is_no_difference() {
        let written = json!({
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "s3:getobject",
                "Resource": ["b", "a", "a"],
                "Principal": {"AWS": "123456789012"},
                "Condition": {"Bool": {"aws:SecureTransport": true}},
            }
        });
        let read = json!({
            "Statement": [{
                "Sid": "",
                "Principal": {"AWS": ["arn:aws:iam::123456789012:root"]},
                "Action": ["s3:GetObject"],
                "Effect": "Allow",
                "Resource": ["a", "b"],
                "Condition": {"bool": {"aws:securetransport": ["true"]}},
            }],
            "Version": "2012-10-17",
        });
        assert_eq!(canonical(&written), canonical(&read));
        assert_eq!(canonical(&written), canonical(&read.to_string().into()));
    }

    #[test]
    fn meaning_is_a_difference() {
        let policy = |version: &str, resource: &str| json!({"Version": version, "Statement": [{"Effect": "Allow", "Resource": resource}]});
        assert_ne!(canonical(&policy("2012-10-17", "a")), canonical(&policy("2012-10-17", "A")));
        assert_ne!(canonical(&policy("2012-10-17", "a")), canonical(&policy("2008-10-17", "a")));
    }
}

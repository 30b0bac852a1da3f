//! What stands at a path of keys. A free key may have dots in it: what is there decides.

use serde_json::Value as Json;

/// What stands at a path.
pub fn at<'j>(json: &'j Json, path: &str) -> Option<&'j Json> {
    let entries = json.as_object()?;
    if let Some(value) = entries.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    at(entries.get(first)?, rest)
}

/// Sets, or with `None` removes, what stands at a path.
pub fn set(json: &mut Json, path: &str, value: Option<Json>) {
    let Json::Object(entries) = json else { return };
    match path.split_once('.') {
        Some((first, rest)) if entries.get(first).is_some_and(Json::is_object) => {
            if let Some(inner) = entries.get_mut(first) {
                set(inner, rest, value);
            }
        }
        _ => match value {
            Some(value) => {
                entries.insert(path.to_owned(), value);
            }
            None => {
                entries.remove(path);
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{at, set};

    #[test]
    fn what_stands_at_a_path_is_found() {
        let json = json!({"A": {"B": 1, "x.y": 2}, "C": [3]});
        for (path, expected) in [
            ("A.B", Some(json!(1))),
            ("A.x.y", Some(json!(2))),
            ("C", Some(json!([3]))),
            ("A.D", None),
            ("C.D", None),
        ] {
            assert_eq!(at(&json, path), expected.as_ref(), "{path}");
        }
    }

    #[test]
    fn what_stands_at_a_path_is_set_or_removed() {
        let before = json!({"A": {"B": 1, "x.y": 2}, "C": 3});
        for (path, value, expected) in [
            ("C", Some(json!(4)), json!({"A": {"B": 1, "x.y": 2}, "C": 4})),
            ("C", None, json!({"A": {"B": 1, "x.y": 2}})),
            ("D", Some(json!([])), json!({"A": {"B": 1, "x.y": 2}, "C": 3, "D": []})),
            ("A.B", Some(json!(5)), json!({"A": {"B": 5, "x.y": 2}, "C": 3})),
            ("A.B", None, json!({"A": {"x.y": 2}, "C": 3})),
            ("A.x.y", Some(json!(6)), json!({"A": {"B": 1, "x.y": 6}, "C": 3})),
        ] {
            let mut after = before.clone();
            set(&mut after, path, value);
            assert_eq!(after, expected, "{path}");
        }
    }
}

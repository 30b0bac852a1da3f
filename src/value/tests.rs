use crate::ordered::IndexMap;
use serde_json::{Value as Json, json};

use super::{Literal, PhysicalId, Secret, Token, Unknown, Value, digest, hex};

fn number(text: &str) -> Value {
    Value::Literal(Literal::Number { text: text.to_owned() })
}

#[test]
fn a_number_is_what_was_written() {
    for (text, expected) in [
        ("0", json!(0)),
        ("-7", json!(-7)),
        ("+7", json!(7)),
        ("012345678901", json!(12_345_678_901_i64)),
        ("9223372036854775807", json!(i64::MAX)),
        ("18446744073709551615", json!(u64::MAX)),
        ("1.50", json!(1.5)),
        (".5", json!(0.5)),
        ("1e3", json!(1000.0)),
        ("1e999", json!("1e999")),
    ] {
        assert_eq!(number(text).to_json(), expected, "{text}");
        assert_eq!(number(text).as_text(), Some(text), "a text property gets it as it was written");
    }
}

#[test]
fn a_value_is_json_and_back() {
    let json = json!({"a": [1, 2.5, true, null, "text"], "b": {"c": {}}});
    assert_eq!(Value::from(&json).to_json(), json);
    assert_eq!(Value::from(&json).to_masked_json(), json);
}

#[test]
fn a_secret_shows_only_that_it_is_the_same() {
    let secret = |text: &str| Value::Secret(Secret::new(text));
    let map = Value::Map(IndexMap::from_iter([(
        "Word".to_owned(),
        Value::List(vec![secret("hunter2")]),
    )]));
    assert!(map.has_secret());
    assert_eq!(map.to_json(), json!({"Word": ["hunter2"]}));
    let shown = format!(
        "{map:?} {} {:?}",
        map.to_masked_json(),
        serde_json::to_string(&Secret::new("hunter2"))
    );
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(secret("a").to_masked_json(), secret("a").to_masked_json());
    assert_ne!(secret("a").to_masked_json(), secret("b").to_masked_json());
    assert_eq!(
        secret("a").to_masked_json(),
        Json::String(format!("<secret sha256:{}", &digest(b"a")[..16]))
    );
}

#[test]
fn what_is_not_known_is_found_anywhere_in_a_value() {
    let unknown = Value::unknown("Vpc.VpcId");
    assert_eq!(unknown.to_json(), json!("(known after apply: Vpc.VpcId)"));
    assert_eq!(unknown, Value::Unknown(Unknown { source: "Vpc.VpcId".to_owned() }));
    let deep = Value::Map(IndexMap::from_iter([("a".to_owned(), Value::List(vec![unknown]))]));
    assert!(deep.has_unknown());
    assert!(!Value::from(&json!({"a": ["b"]})).has_unknown());
    assert_eq!(deep.as_text(), None);
}

#[test]
fn identifiers_have_their_form() {
    assert_eq!(hex(&[0, 15, 255]), "000fff");
    let token = Token::from_bytes([0xab; 16]);
    assert_eq!(token.as_str(), "abababab-abab-abab-abab-abababababab");
    let id = PhysicalId::join(&["api", "resource", "GET"]);
    assert_eq!(id.as_str(), "api|resource|GET");
    assert_eq!(id.parts(), ["api", "resource", "GET"]);
    assert_eq!(format!("{id:<18}|"), "api|resource|GET  |");
}

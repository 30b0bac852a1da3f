//! Policy documents as IAM takes and gives them: sent as text, read back URL-encoded.

use serde_json::Value as Json;

/// What IAM is sent: text as it was written, an object without white space.
pub(super) fn to_text(document: &Json) -> String {
    match document {
        Json::String(text) => text.clone(),
        object => object.to_string(),
    }
}

/// The document in an answer of IAM: decoded and, being JSON, parsed.
pub(super) fn from_answer(encoded: &str) -> Json {
    let text = percent_decoded(encoded);
    parsed(&text).unwrap_or(Json::String(text))
}

/// Whether two documents are the same JSON, whichever of them is text.
pub(super) fn same(one: Option<&Json>, other: Option<&Json>) -> bool {
    one.map(as_object) == other.map(as_object)
}

fn as_object(document: &Json) -> Json {
    match document {
        Json::String(text) => parsed(text).unwrap_or_else(|| document.clone()),
        object => object.clone(),
    }
}

fn parsed(text: &str) -> Option<Json> {
    serde_json::from_str(text).ok()
}

/// Undoes RFC 3986 encoding. A document that begins with its brace was never encoded.
fn percent_decoded(text: &str) -> String {
    if text.trim_start().starts_with('{') {
        return text.to_owned();
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if let Some(byte) = encoded_byte(rest) {
            decoded.push(byte);
            rest = &rest[3..];
        } else {
            decoded.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The byte that a text begins with as `%7B`.
fn encoded_byte(text: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(text.strip_prefix(b"%")?.get(..2)?).ok()?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_decoded_and_parsed() {
        let check = |encoded: &str, expected: Json| assert_eq!(from_answer(encoded), expected);
        check("%7B%22Sid%22%3A%22a%20b%C3%A9%22%7D", serde_json::json!({"Sid": "a bé"}));
        check(r#"{"Sid": "100%25"}"#, serde_json::json!({"Sid": "100%25"}));
        check("no%zzjson%", serde_json::json!("no%zzjson%"));
    }

    #[test]
    fn text_and_object_are_the_same_document() {
        let object = serde_json::json!({"Version": "2012-10-17", "Statement": []});
        let text = Json::String(r#"{ "Statement": [], "Version": "2012-10-17" }"#.to_owned());
        assert!(same(Some(&object), Some(&text)));
        assert!(!same(Some(&object), None));
    }
}

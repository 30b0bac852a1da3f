//! Texts that stand for a value in what is stored: a dynamic reference, or the digest of a secret.

use serde_json::Value as Json;

use super::facts::{Kind, Shape, TypeFacts};
use crate::template::dynamic::has_reference;
use crate::value::SECRET_PREFIX;

/// Stored properties without the texts that stand where the schema takes no text: whoever reads a
/// number there would stumble over them.
pub fn without_stand_ins(facts: &TypeFacts, properties: &Json) -> Json {
    without(&facts.properties, properties)
}

fn without(shape: &Shape, json: &Json) -> Json {
    let stands_in = |shape: Option<&Shape>, json: &Json| {
        let is_stand_in = json
            .as_str()
            .is_some_and(|text| has_reference(text) || text.starts_with(SECRET_PREFIX));
        is_stand_in
            && shape.is_some_and(|shape| !shape.takes(Kind::String) && !shape.takes(Kind::Any))
    };
    match json {
        Json::Object(entries) => {
            let below = |(key, json): (&String, &Json)| {
                let shape = shape.properties.get(key).or(shape.values.as_deref());
                let kept = shape.map_or_else(|| json.clone(), |shape| without(shape, json));
                (!stands_in(shape, json)).then(|| (key.clone(), kept))
            };
            entries.iter().filter_map(below).collect()
        }
        Json::Array(items) => {
            let shape = shape.items.as_deref();
            let kept = items.iter().filter(|item| !stands_in(shape, item));
            kept.map(|item| shape.map_or_else(|| item.clone(), |shape| without(shape, item)))
                .collect()
        }
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::facts;

    #[test]
    fn only_a_text_where_none_fits_is_left_out() {
        let facts = facts("AWS::Lambda::Function").expect("it is known");
        let secret = format!("{SECRET_PREFIX}0>");
        let stored = json!({
            "Timeout": "{{resolve:ssm:t}}",
            "MemorySize": secret,
            "Handler": "{{resolve:ssm:h}}",
            "EphemeralStorage": {"Size": "{{resolve:ssm:s}}"},
            "Environment": {"Variables": {"A": secret}},
            "Layers": [secret],
        });
        let expected = json!({
            "Handler": "{{resolve:ssm:h}}",
            "EphemeralStorage": {},
            "Environment": {"Variables": {"A": secret}},
            "Layers": [secret],
        });
        assert_eq!(without_stand_ins(facts, &stored), expected);
    }
}

//! Plan time and apply time agree: what was known stays as it was, and nothing unknown remains.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::functions::PREAMBLE;
use super::{Told, inputs, template};
use crate::graph::evaluate::Evaluator;
use crate::graph::{conditions, inputs::parameters};
use crate::value::Value;

const SECRET: &str = "hunter2";

/// Everything that only AWS can tell in these expressions.
const TOLD: [(&str, &str); 4] = [
    ("Vpc", "vpc-0a1b-2c"),
    ("Role", "sample-Role-x"),
    ("Role.Arn", "arn:aws:iam::012345678901:role/sample-Role-x"),
    ("Vpc.CidrBlock", "10.0.0.0/16"),
];

fn condition() -> impl Strategy<Value = Json> {
    prop::sample::select(vec![json!("Yes"), json!("No")])
}

fn choice(of: &BoxedStrategy<Json>) -> BoxedStrategy<Json> {
    (condition(), of.clone(), of.clone())
        .prop_map(|(condition, then, otherwise)| json!({"Fn::If": [condition, then, otherwise]}))
        .boxed()
}

/// An expression that gives a text.
fn text(depth: u32) -> BoxedStrategy<Json> {
    let leaf = prop::sample::select(vec![
        json!("plain-text"),
        json!("012"),
        json!(42),
        json!(true),
        json!({"Ref": "Name"}),
        json!({"Ref": "Count"}),
        json!({"Ref": "Hidden"}),
        json!({"Ref": "AWS::Region"}),
        json!({"Ref": "Vpc"}),
        json!({"Ref": "Role"}),
        json!({"Fn::GetAtt": ["Role", "Arn"]}),
        json!({"Fn::GetAtt": "Vpc.CidrBlock"}),
        json!({"Fn::FindInMap": ["Regions", {"Ref": "AWS::Region"}, "Image"]}),
        json!({"Fn::Sub": "a-${Vpc}-${Role.Arn}-${!Name}-${Name}"}),
        json!({"Fn::Select": [1, {"Fn::Cidr": [{"Fn::GetAtt": "Vpc.CidrBlock"}, 2, 8]}]}),
    ])
    .boxed();
    if depth == 0 {
        return leaf;
    }
    let (inner, several) = (text(depth - 1), prop::collection::vec(text(depth - 1), 1..4));
    let delimiter = prop::sample::select(vec!["", "-", "/", ":"]);
    prop_oneof![
        leaf,
        choice(&inner),
        inner.clone().prop_map(|text| json!({"Fn::Base64": text})),
        (delimiter, list(depth - 1)).prop_map(|(by, list)| json!({"Fn::Join": [by, list]})),
        inner.prop_map(|text| json!({"Fn::Sub": ["<${X}|${Vpc}>", {"X": text}]})),
        (several, any::<prop::sample::Index>())
            .prop_map(|(items, at)| json!({"Fn::Select": [at.index(items.len()), items]})),
        list(depth - 1).prop_map(|list| json!({"Fn::Select": [0, list]})),
        list(depth - 1).prop_map(|list| json!({"Fn::Length": list})),
        list(depth - 1).prop_map(|list| json!({"Fn::ToJsonString": {"list": list}})),
        text(depth - 1).prop_map(|text| {
            json!({"Fn::FindInMap": ["Regions", "nowhere", "Image", {"DefaultValue": text}]})
        }),
    ]
    .boxed()
}

/// An expression that gives a list of at least one text.
fn list(depth: u32) -> BoxedStrategy<Json> {
    let leaf = prop::sample::select(vec![
        json!(["a", {"Ref": "Vpc"}]),
        json!({"Ref": "Names"}),
        json!({"Fn::GetAZs": ""}),
        json!({"Fn::Cidr": [{"Fn::GetAtt": "Vpc.CidrBlock"}, 3, 8]}),
    ])
    .boxed();
    if depth == 0 {
        return leaf;
    }
    let texts = prop::collection::vec(text(depth - 1), 1..4);
    let by = prop::sample::select(vec!["-", "/", ":"]);
    prop_oneof![
        leaf,
        choice(&list(depth - 1)),
        texts.prop_map(|mut items| {
            items.push(json!({"Ref": "AWS::NoValue"}));
            Json::Array(items)
        }),
        (by, text(depth - 1)).prop_map(|(by, text)| json!({"Fn::Split": [by, text]})),
    ]
    .boxed()
}

fn expression() -> impl Strategy<Value = Json> {
    let map = prop::collection::btree_map("[a-c]", prop_oneof![text(3), list(3)], 0..3);
    prop_oneof![text(3), list(3), map.prop_map(|map| json!(map))]
}

/// Evaluates with what is told of the resources that `is_told` lets through.
fn evaluate(expression: &Json, is_told: impl Fn(usize) -> bool) -> Value {
    let text = format!(
        "{PREAMBLE}  Case:\n    Type: AWS::EC2::VPC\n    Metadata: {{Value: {expression}}}\n"
    );
    let (template, inputs, mut findings) = (template(&text), inputs(&[]), Vec::new());
    let parameters = parameters(&template, &inputs, &mut findings);
    let conditions = conditions::conditions(&template, &inputs, &parameters, &mut findings);
    let told: Vec<_> = TOLD
        .iter()
        .enumerate()
        .filter(|(index, _)| is_told(*index))
        .map(|(_, (name, text))| (*name, Value::string(*text)))
        .collect();
    let told = Told::of(&told);
    let mut evaluator = Evaluator::new(&template, &inputs, &parameters, &conditions, &told);
    let metadata = template.resources["Case"].metadata.as_ref().expect("it is written");
    let value = evaluator.value(metadata.get("Value").expect("it is written"));
    assert_eq!(evaluator.into_errors(), [], "{expression}");
    value.expect("these expressions give something")
}

/// Whether a value known later is what an earlier one said, where it said anything.
fn agrees(earlier: &Value, later: &Value) -> bool {
    match (earlier, later) {
        (Value::Unknown(_), _) => true,
        (Value::List(earlier), Value::List(later)) => {
            earlier.len() == later.len() && earlier.iter().zip(later).all(|(a, b)| agrees(a, b))
        }
        (Value::Map(earlier), Value::Map(later)) => {
            earlier.len() == later.len()
                && earlier
                    .iter()
                    .all(|(key, value)| later.get(key).is_some_and(|other| agrees(value, other)))
        }
        (earlier, later) => earlier == later,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_was_known_stays_and_nothing_unknown_remains(
        expression in expression(),
        some in 0_usize..16,
    ) {
        let planned = evaluate(&expression, |_| false);
        let underway = evaluate(&expression, |index| some & (1 << index) != 0);
        let applied = evaluate(&expression, |_| true);
        prop_assert!(!applied.has_unknown(), "{expression} → {applied:?}");
        prop_assert!(agrees(&planned, &underway), "{expression}\n{planned:?}\n{underway:?}");
        prop_assert!(agrees(&underway, &applied), "{expression}\n{underway:?}\n{applied:?}");
    }

    #[test]
    fn a_secret_is_shown_by_nothing_that_is_made_of_it(
        expression in expression(),
        some in 0_usize..16,
    ) {
        let value = evaluate(&expression, |index| some & (1 << index) != 0);
        let shown = format!("{value:?} {}", value.to_masked_json());
        prop_assert!(!shown.contains(SECRET), "{expression} → {shown}");
        prop_assert!(!shown.contains("aHVudGVyMg"), "{expression} → {shown}");
    }
}

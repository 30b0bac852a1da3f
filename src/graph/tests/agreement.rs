//! Plan time and apply time agree: what was known stays as it was, and nothing unknown remains.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::functions::PREAMBLE;
use super::{Told, inputs, template};
use crate::graph::evaluate::Evaluator;
use crate::graph::{Export, Graph, draft};
use crate::graph::{conditions, inputs::parameters};
use crate::value::Value;

const SECRET: &str = "hunter2";

/// Everything that only AWS can tell in these expressions, and what it may be.
const UNKNOWNS: [(&str, [&str; 4]); 5] = [
    ("Vpc", ["vpc-0a1b-2c", "", "a:b/c-d", "${Vpc}"]),
    ("Role", ["sample-Role-x", "-", "\"quoted\"", "é\n"]),
    ("Role.Arn", ["arn:aws:iam::012345678901:role/sample-Role-x", "x", "a/b", "Regions"]),
    ("Vpc.CidrBlock", ["10.0.0.0/16", "2001:db8::/56", "0.0.0.0/0", "172.16.0.0/20"]),
    ("Vpc.Ipv6CidrBlocks", ["a,b", "x", "1,2,3", "::/0,-"]),
];

/// Which of them are told, and what each is.
type Assignment = [(bool, usize); 5];

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
        json!({"Fn::GetAtt": [{"Fn::Sub": ["Ro${L}", {"L": "le"}]}, {"Fn::Join": ["", ["A", "rn"]]}]}),
        json!({"Ref": {"Fn::Join": ["", ["V", "pc"]]}}),
        json!({"Fn::ImportValue": {"Fn::Sub": "${Name}-net"}}),
        json!({"Fn::FindInMap": ["Regions", "us-east-1", {"Fn::Select": [0, ["Image"]]}]}),
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
        json!({"Fn::GetAtt": ["Vpc", "Ipv6CidrBlocks"]}),
        json!({"Fn::FindInMap": ["Regions", "eu-west-1", "Sizes"]}),
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

/// What is told; lists are written with commas.
fn lookup(told: &Assignment) -> Told {
    let value = |name: &str, text: &'static str| match name {
        "Vpc.Ipv6CidrBlocks" => Value::List(text.split(',').map(Value::string).collect()),
        _ => Value::string(text),
    };
    let facts: Vec<_> = UNKNOWNS
        .iter()
        .zip(told)
        .filter(|(_, (is_told, _))| *is_told)
        .map(|((name, values), (_, choice))| (*name, value(name, values[*choice])))
        .collect();
    Told::of(&facts)
}

/// Some of the unknowns, each with a value.
fn assignment() -> impl Strategy<Value = Assignment> {
    prop::array::uniform5((any::<bool>(), 0..4_usize))
}

fn all(told: &Assignment) -> Assignment {
    told.map(|(_, choice)| (true, choice))
}

fn none(told: &Assignment) -> Assignment {
    told.map(|(_, choice)| (false, choice))
}

/// Evaluates with what is told of the resources.
fn evaluate(expression: &Json, told: &Assignment) -> Value {
    let text = format!(
        "{PREAMBLE}  Case:\n    Type: AWS::EC2::VPC\n    Metadata: {{Value: {expression}}}\n"
    );
    let (template, mut inputs, mut findings) = (template(&text), inputs(&[]), Vec::new());
    let export = Export { stack: "other".to_owned(), value: Value::string("imported") };
    inputs.exports = Some([("ada-net".to_owned(), export)].into());
    let parameters = parameters(&template, &inputs, &mut findings);
    let conditions = conditions::conditions(&template, &inputs, &parameters, &mut findings);
    let told = lookup(told);
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
        told in assignment(),
    ) {
        let planned = evaluate(&expression, &none(&told));
        let underway = evaluate(&expression, &told);
        let applied = evaluate(&expression, &all(&told));
        prop_assert!(!applied.has_unknown(), "{expression} → {applied:?}");
        prop_assert!(agrees(&planned, &underway), "{expression}\n{planned:?}\n{underway:?}");
        prop_assert!(agrees(&underway, &applied), "{expression}\n{underway:?}\n{applied:?}");
    }

    #[test]
    fn evaluating_twice_gives_the_same(expression in expression(), told in assignment()) {
        prop_assert_eq!(evaluate(&expression, &told), evaluate(&expression, &told));
    }

    #[test]
    fn a_secret_is_shown_by_nothing_that_is_made_of_it(
        expression in expression(),
        told in assignment(),
    ) {
        let value = evaluate(&expression, &told);
        let shown = format!("{value:?} {}", value.to_masked_json());
        prop_assert!(!shown.contains(SECRET), "{expression} → {shown}");
        prop_assert!(!shown.contains("aHVudGVyMg"), "{expression} → {shown}");
    }

    /// A whole template: its order, its properties and its outputs.
    #[test]
    fn a_template_that_is_planned_is_applied_as_planned(
        texts in prop::collection::vec(text(2), 1..4),
        lists in prop::collection::vec(list(2), 0..3),
        is_there in any::<bool>(),
        told in assignment(),
    ) {
        let condition = if is_there { "Yes" } else { "No" };
        let mut written = String::from(PREAMBLE);
        let tags: Vec<_> = texts.iter().map(|text| json!({"Key": "k", "Value": text})).collect();
        let properties = json!({"CidrBlock": "10.0.0.0/16", "Tags": tags, "Lists": lists});
        written += &format!(
            "  Case: {{Type: AWS::EC2::VPC, Condition: {condition}, Properties: {properties}}}\n\
             Outputs: {{Out: {{Value: {}}}}}\n",
            texts[0]
        );
        let drafted = || {
            let mut inputs = inputs(&[]);
            let export = Export { stack: "other".to_owned(), value: Value::string("imported") };
            inputs.exports = Some([("ada-net".to_owned(), export)].into());
            draft(template(&written), inputs).0
        };
        let (first, second) = (drafted(), drafted());
        prop_assert_eq!(first.nodes.keys().collect::<Vec<_>>(), second.nodes.keys().collect::<Vec<_>>());
        prop_assert_eq!(first.nodes.contains_key("Case"), is_there);
        for id in first.nodes.keys() {
            let at = |graph: &Graph, told: &Assignment| graph.expressed(id, &lookup(told));
            let (planned, errors) = at(&first, &none(&told));
            prop_assert_eq!(&errors, &[]);
            let (applied, errors) = at(&second, &all(&told));
            prop_assert_eq!(&errors, &[]);
            prop_assert!(agrees(&planned, &applied), "{written}\n{planned:?}\n{applied:?}");
            prop_assert!(!applied.has_unknown(), "{written}\n{applied:?}");
            // What a resource refers to is what it waits for.
            let awaited = &first.nodes[id].dependencies;
            let shown = format!("{planned:?}");
            for other in ["Vpc", "Role"] {
                let is_named = shown.contains(&format!("source: \"{other}"));
                prop_assert!(!is_named || awaited.contains(other), "{written}\n{shown}");
            }
        }
    }
}

//! A secret is compared and never shown.

use serde_json::{Value as Json, json};

use super::{deployed, graph, observed, planned, properties, told};
use crate::plan::Why;

const TEXT: &str = r#"
Parameters:
  Word: {Type: String, NoEcho: true, Default: hunter2}
  Words: {Type: CommaDelimitedList, NoEcho: true, Default: "hunter2,plain"}
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/r
      Handler: index.b
      Runtime: python3.12
      Code: {ZipFile: x}
      Environment: {Variables: {WORD: !Sub "is ${Word}", PLAIN: shown}}
      Tags: [{Key: a, Value: shown}, {Key: word, Value: !Ref Word}]
"#;

fn plan_with(live: impl FnOnce(&mut serde_json::Map<String, Json>)) -> crate::plan::Plan {
    let graph = graph(TEXT);
    let state = deployed(&graph);
    assert!(!serde_json::to_string(&state).expect("JSON").contains("hunter2"));
    let mut observed = observed(&state);
    let entries = properties(&mut observed, "Function");
    // AWS tells in clear what the state has as digests.
    entries.insert(
        "Tags".to_owned(),
        json!([{"Key": "word", "Value": "hunter2"}, {"Key": "a", "Value": "shown"}]),
    );
    entries.insert(
        "Environment".to_owned(),
        json!({"Variables": {"WORD": "is hunter2", "PLAIN": "shown"}}),
    );
    live(entries);
    planned(&graph, &state, &observed).unwrap_or_else(|findings| panic!("{findings:?}"))
}

#[test]
fn a_secret_that_is_still_there_is_no_change() {
    assert_eq!(told(&plan_with(|_| ())), "");
}

#[test]
fn a_secret_that_others_changed_is_set_back_and_not_shown() {
    let plan = plan_with(|live| {
        live["Environment"]["Variables"]["WORD"] = json!("is changed-secret");
        live["Tags"][0]["Value"] = json!("changed-secret");
    });
    assert_eq!(told(&plan), "Update update Function (function1): Environment.Variables.WORD, Tags");
    for change in &plan.steps[0].changes {
        assert!(matches!(change.why, Why::Drift { .. }), "{change:?}");
    }
    let shown = format!("{plan:?} {}", serde_json::to_string(&plan).expect("JSON"));
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!shown.contains("changed-secret"), "{shown}");
    assert!(shown.contains("shown"), "what is no secret is: {shown}");
}

const REFERRING: &str = r#"
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/r
      Handler: index.b
      Runtime: python3.12
      Code: {ZipFile: x}
      Tags:
        - {Key: a, Value: shown}
        - {Key: word, Value: "is {{resolve:secretsmanager:word}}."}
"#;

/// The plan where the function's tags are these.
fn referring(tags: Json) -> crate::plan::Plan {
    let graph = graph(REFERRING);
    let state = deployed(&graph);
    let mut observed = observed(&state);
    properties(&mut observed, "Function").insert("Tags".to_owned(), tags);
    planned(&graph, &state, &observed).unwrap_or_else(|findings| panic!("{findings:?}"))
}

#[test]
fn what_stands_beside_a_reference_is_compared_and_what_it_stands_for_is_not() {
    let (a, word) = (
        json!({"Key": "a", "Value": "shown"}),
        |value: &str| json!({"Key": "word", "Value": value}),
    );
    for tags in
        [json!([a, word("is hunter2.")]), json!([word("is another."), a]), json!([word("is ."), a])]
    {
        assert_eq!(told(&referring(tags.clone())), "", "{tags}");
    }
    let changed = "Update update Function (function1): Tags";
    for tags in [
        json!([word("is hunter2.")]),
        json!([{"Key": "a", "Value": "other"}, word("is hunter2.")]),
        json!([a, word("is hunter2."), {"Key": "more", "Value": "hunter2"}]),
        json!([a, word("was hunter2.")]),
        json!([a, {"Key": "sword", "Value": "is hunter2."}]),
        json!([]),
    ] {
        let plan = referring(tags.clone());
        assert_eq!(told(&plan), changed, "{tags}");
        let shown = serde_json::to_string(&plan).expect("JSON");
        assert!(!shown.contains("hunter2"), "{tags}: {shown}");
        assert!(matches!(plan.steps[0].changes[0].why, Why::Drift { .. }), "{tags}");
    }
}

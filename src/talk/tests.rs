use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::{Value as Json, json};

use super::*;

/// Answers what it was told to, and remembers what it was asked.
struct Script {
    replies: Mutex<Vec<Result<Json, TalkError>>>,
    asked: Mutex<Vec<Json>>,
}

impl Script {
    fn new(replies: Vec<Json>) -> Self {
        Self::stumbling(replies.into_iter().map(Ok).collect())
    }

    fn stumbling(replies: Vec<Result<Json, TalkError>>) -> Self {
        Self { replies: Mutex::new(replies), asked: Mutex::default() }
    }

    fn asked(&self) -> Vec<Json> {
        self.asked.lock().unwrap().clone()
    }
}

impl Channel for Script {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, TalkError>> {
        self.asked.lock().unwrap().push(request.to_json());
        let reply = self.replies.lock().unwrap().remove(0);
        Box::pin(async move { Reply::from_json(&reply?) })
    }
}

struct Nobody;

impl Person for Nobody {
    fn confirm(&self, _: &Input) -> Option<bool> {
        None
    }

    fn result(&self, _: &Input) -> Option<String> {
        None
    }
}

fn tools<'p>(tools: &[(&str, Json)], confirmations: Ask) -> Tools<'p> {
    let answers = tools
        .iter()
        .map(|(name, answer)| ((*name).to_owned(), Tool::Answers(Answers::new(answer))));
    Tools { tools: answers.collect(), confirmations, person: &Nobody, declared: None }
}

fn wants(function: &str, kind: &str) -> Json {
    json!({ "functionInvocationInput": {
        "actionGroup": "hut-desk",
        "function": function,
        "actionInvocationType": kind,
        "parameters": [
            { "name": "hours", "type": "integer", "value": "12" },
            { "name": "exact", "type": "boolean", "value": "true" },
            { "name": "places", "type": "array", "value": "[\"a\", \"b\"]" },
            { "name": "height", "type": "number", "value": "high" },
        ],
    } })
}

fn control(id: &str, inputs: &[Json]) -> Json {
    json!({
        "sessionId": "s-1",
        "returnControl": { "invocationId": id, "invocationInputs": inputs },
    })
}

fn text(text: &str) -> Json {
    json!({ "sessionId": "s-1", "text": text })
}

#[tokio::test]
async fn all_inputs_are_answered_together_until_there_is_a_text() {
    let script = Script::new(vec![
        control("i-1", &[wants("read_forecast", "RESULT"), wants("free_bunks", "RESULT")]),
        control("i-2", &[wants("read_forecast", "RESULT")]),
        text("fair"),
    ]);
    let tools =
        tools(&[("read_forecast", json!(["rain", "sun"])), ("free_bunks", json!(3))], Ask::Person);
    let turn = turn(&script, &tools, "hello", None).await.unwrap();
    assert_eq!((turn.text.as_str(), turn.rounds.len()), ("fair", 2));
    let result = |function: &str, body: &str| {
        json!({ "functionResult": {
            "actionGroup": "hut-desk",
            "function": function,
            "responseBody": { "TEXT": { "body": body } },
        } })
    };
    assert_eq!(
        script.asked(),
        [
            json!({ "prompt": "hello" }),
            json!({
                "sessionId": "s-1",
                "invocationId": "i-1",
                "results": [result("read_forecast", "rain"), result("free_bunks", "3")],
            }),
            json!({
                "sessionId": "s-1",
                "invocationId": "i-2",
                "results": [result("read_forecast", "sun")],
            }),
        ]
    );
}

#[tokio::test]
async fn arguments_have_their_types() {
    let script = Script::new(vec![control("i", &[wants("f", "RESULT")]), text("done")]);
    let echo = Tool::Command(Command { line: "cat".to_owned() });
    let tools = Tools { tools: BTreeMap::from([("f".to_owned(), echo)]), ..tools(&[], Ask::No) };
    let turn = turn(&script, &tools, "hello", None).await.unwrap();
    let Body::Text(given) = &turn.rounds[0].answers[0].body else { panic!("{turn:?}") };
    assert_eq!(
        serde_json::from_str::<Json>(given).unwrap(),
        json!({ "hours": 12, "exact": true, "places": ["a", "b"], "height": "high" })
    );
}

#[tokio::test]
async fn a_confirmation_is_never_a_result() {
    for (kind, ask, state, body) in [
        ("USER_CONFIRMATION", Ask::Yes, "CONFIRM", ""),
        ("USER_CONFIRMATION", Ask::No, "DENY", ""),
        ("USER_CONFIRMATION_AND_RESULT", Ask::Yes, "CONFIRM", "booked"),
        ("USER_CONFIRMATION_AND_RESULT", Ask::No, "DENY", ""),
    ] {
        let script = Script::new(vec![control("i", &[wants("book", kind)]), text("done")]);
        let tools = tools(&[("book", json!("booked"))], ask);
        turn(&script, &tools, "hello", None).await.unwrap();
        let answer = &script.asked()[1]["results"][0]["functionResult"];
        assert_eq!(answer["confirmationState"], state, "{kind}");
        assert_eq!(answer["responseBody"]["TEXT"]["body"], body, "{kind}");
    }
    let script = Script::new(vec![control("i", &[wants("book", "USER_CONFIRMATION")])]);
    let tools = tools(&[("book", json!("booked"))], Ask::Person);
    let error = turn(&script, &tools, "hello", None).await;
    assert!(matches!(error, Err(TalkError::NobodyToAsk(_))));
}

#[tokio::test]
async fn what_nobody_declared_or_can_run_is_refused() {
    let script = Script::new(vec![control("i", &[wants("f", "RESULT"), wants("g", "RESULT")])]);
    let error = turn(&script, &tools(&[("f", json!("x"))], Ask::No), "hello", None).await;
    assert!(matches!(error, Err(TalkError::UnknownTool(name)) if name == "g"));

    let script = Script::new(vec![control("i", &[wants("rm", "RESULT")])]);
    let declared = Some(BTreeSet::from(["read_forecast".to_owned()]));
    let tools = Tools { declared, ..tools(&[("rm", json!("x"))], Ask::No) };
    let error = turn(&script, &tools, "hello", None).await;
    assert!(matches!(error, Err(TalkError::UnknownTool(name)) if name == "rm"));
}

#[tokio::test]
async fn a_tool_that_fails_is_told_to_the_model() {
    let script = Script::new(vec![control("i", &[wants("f", "RESULT")]), text("done")]);
    let broken = Tool::Command(Command { line: "echo no wind >&2; exit 3".to_owned() });
    let tools = Tools { tools: BTreeMap::from([("f".to_owned(), broken)]), ..tools(&[], Ask::No) };
    turn(&script, &tools, "hello", None).await.unwrap();
    let answer = &script.asked()[1]["results"][0]["functionResult"];
    assert_eq!(answer["responseState"], "REPROMPT");
    assert!(answer["responseBody"]["TEXT"]["body"].as_str().unwrap().contains("no wind"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_sent_again_and_a_lost_prompt_is_not() {
    let lost = || Err(TalkError::Lost("cut".to_owned()));
    let busy =
        || Err(TalkError::Refused { status: 409, message: "busy".to_owned(), again: Some(true) });
    let script = Script::stumbling(vec![
        Ok(control("i", &[wants("f", "RESULT")])),
        lost(),
        busy(),
        Ok(text("done")),
    ]);
    let one = [("f", json!(["once", "twice"]))];
    let turned = turn(&script, &tools(&one, Ask::No), "hello", None).await.unwrap();
    assert_eq!(turned.text, "done");
    let asked = script.asked();
    assert_eq!(asked[1], asked[2], "the same answer, the tool is not run again");
    assert_eq!(asked[1], asked[3]);

    let script = Script::stumbling(vec![lost()]);
    let error = turn(&script, &tools(&one, Ask::No), "hello", None).await;
    assert!(matches!(error, Err(TalkError::Lost(_))));
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn what_may_not_be_sent_again_is_not() {
    let last = TalkError::Refused { status: 502, message: "no".to_owned(), again: Some(false) };
    let script = Script::stumbling(vec![Ok(control("i", &[wants("f", "RESULT")])), Err(last)]);
    let error = turn(&script, &tools(&[("f", json!("x"))], Ask::No), "hello", None).await;
    assert!(matches!(error, Err(TalkError::Refused { status: 502, .. })));
    assert_eq!(script.asked().len(), 2);
}

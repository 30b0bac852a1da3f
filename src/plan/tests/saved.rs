//! A saved plan is the plan, without secrets, and holds only for what it was made from.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::{deployed, graph, live, observed, planned, properties};
use crate::graph::Graph;
use crate::plan::saved::{FORMAT, Origin, Refusal, SavedPlan, looks_saved, plain_parameters};
use crate::plan::{Plan, plan};
use crate::sketch::Sketch;
use crate::state::State;
use crate::value::Token;

const BEFORE: &str = r#"
Parameters:
  Word: {Type: String, NoEcho: true, Default: hunter2}
  Key: {Type: String, Default: a-key-of-twenty-characters}
  Size: {Type: Number, Default: 128}
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  ApiKey: {Type: AWS::ApiGateway::ApiKey, Properties: {Value: !Sub "is-${Key}"}}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/r
      Handler: index.b
      Runtime: python3.12
      MemorySize: !Ref Size
      Code: {ZipFile: x}
      Environment: {Variables: {WORD: !Ref Word}}
"#;

/// With a replacement, a create and an update.
fn after() -> String {
    let more = "\n  Logs: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 1}}\n";
    BEFORE.replace("10.0.0.0", "10.1.0.0").replace("index.b", "index.c") + more
}

fn saved(graph: &Graph, plan: Plan) -> SavedPlan {
    SavedPlan {
        made_by: "1.2.3".to_owned(),
        made_at: "2026-01-31T12:00:00Z".parse().expect("a time"),
        file: "stack.yaml".to_owned(),
        app: None,
        environment: "dev".to_owned(),
        parameters: [("Size".to_owned(), "128".to_owned())].into(),
        origin: Some(Origin::of(graph)),
        sketch: Sketch::of_graph(graph),
        plan,
    }
}

fn sample() -> (Graph, State, SavedPlan) {
    let (before, after) = (graph(BEFORE), graph(&after()));
    let state = deployed(&before);
    let plan = planned(&after, &state, &observed(&state)).expect("it can be done");
    assert!(plan.count(crate::plan::Action::Replace) == 1 && plan.has_changes());
    let saved = saved(&after, plan);
    (after, state, saved)
}

#[test]
fn a_file_is_read_as_it_was_written_and_has_no_secret() {
    let (_, _, saved) = sample();
    let text = saved.write().expect("JSON");
    assert!(looks_saved(&text));
    assert_eq!(SavedPlan::read(&text), Ok(saved));
    for secret in ["hunter2", "a-key-of-twenty-characters"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    assert!(!looks_saved("Resources: {}") && !looks_saved(r#"{"Resources": {}}"#));
}

#[test]
fn a_file_with_any_other_byte_is_refused_or_means_the_same() {
    let (_, _, saved) = sample();
    let text = saved.write().expect("JSON");
    let mut refused = 0;
    for index in (0..text.len()).filter(|index| text.is_char_boundary(*index)) {
        let mut bytes = text.clone().into_bytes();
        bytes[index] = if bytes[index] == b'1' { b'2' } else { b'1' };
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        match SavedPlan::read(&changed) {
            Ok(read) => assert_eq!(read, saved, "at {index}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > text.len() / 2, "{refused} of {}", text.len());
}

#[test]
fn what_was_changed_and_what_is_of_another_version_are_told_apart() {
    let (_, _, saved) = sample();
    let text = saved.write().expect("JSON");
    let changed = text.replace("10.1.0.0", "10.2.0.0");
    assert_eq!(SavedPlan::read(&changed), Err(Refusal::Tampered));
    let mut file: Json = serde_json::from_str(&text).expect("JSON");
    for version in [json!(FORMAT + 1), json!(0), json!("1")] {
        file["cairn_plan"] = version.clone();
        let refusal = SavedPlan::read(&file.to_string());
        assert_eq!(refusal, Err(Refusal::Format { found: version.to_string() }));
    }
    for text in ["", "{}", "[1]", "Resources: {}"] {
        assert!(matches!(SavedPlan::read(text), Err(Refusal::Unreadable(_))), "{text}");
    }
}

#[test]
fn a_plan_has_an_age() {
    let (_, _, saved) = sample();
    let day = SignedDuration::from_hours(24);
    let check = |text: &str| saved.check_age(text.parse::<Timestamp>().expect("a time"), day);
    assert_eq!(check("2026-02-01T12:00:00Z"), Ok(()));
    let refusal = check("2026-02-01T12:00:01Z").expect_err("it is a second too old");
    assert_eq!(
        refusal.to_string(),
        "the plan was made at 2026-01-31T12:00:00Z, and a plan may be applied within 24h"
    );
    assert!(check("2026-01-30T11:00:00Z").is_err(), "its clock was another");
}

#[test]
fn what_it_was_made_from_is_named_when_it_is_another() {
    let (graph, _, saved) = sample();
    assert_eq!(saved.check_origin(&graph), Ok(()));
    let mut other = super::graph(&(after() + "\n"));
    assert_eq!(saved.check_origin(&other), Err(Refusal::Template));
    other = super::graph(&after().replace("hunter2", "hunter3"));
    let template = saved.origin.clone().expect("it is of a template").template;
    let origin = Some(Origin { template, ..Origin::of(&other) });
    let with_other = SavedPlan { origin, ..saved.clone() };
    assert_eq!(
        with_other.check_origin(&graph),
        Err(Refusal::Configuration(vec!["Word".to_owned()]))
    );
    let mut tagged = graph.clone();
    tagged.inputs.tags.insert("team".to_owned(), "hut".to_owned());
    assert_eq!(saved.check_origin(&tagged), Err(Refusal::Configuration(vec!["tags".to_owned()])));
    let mut zipped = graph;
    let asset = crate::graph::AssetRef {
        property: "Code".to_owned(),
        path: "./code".to_owned(),
        sha256: "other".to_owned(),
        files: Vec::new(),
    };
    zipped.inputs.assets.insert("Function".into(), asset);
    assert_eq!(saved.check_origin(&zipped), Err(Refusal::Assets(vec!["Function".to_owned()])));
}

#[test]
fn it_holds_for_one_account_and_one_state() {
    let (_, state, saved) = sample();
    assert_eq!(saved.check_home("123456789012", "us-east-1"), Ok(()));
    assert!(saved.check_home("210987654321", "us-east-1").is_err());
    assert!(saved.check_home("123456789012", "eu-west-1").is_err());
    assert_eq!(saved.state(Some(state.clone())).as_ref(), Ok(&state));
    let stack = "sample".to_owned();
    assert_eq!(saved.state(None), Err(Refusal::NoState { stack: stack.clone() }));
    let later = State { serial: state.serial + 1, ..state.clone() };
    let (planned, actual) = (state.serial, later.serial);
    let told = Refusal::Serial { stack: stack.clone(), planned, actual };
    assert_eq!(saved.state(Some(later)), Err(told));
    let other = State { lineage: "other".to_owned(), ..state };
    assert_eq!(saved.state(Some(other)), Err(Refusal::Lineage { stack }));
}

#[test]
fn a_first_plan_gives_the_state_its_lineage() {
    let graph = graph(BEFORE);
    let empty = State::empty("sample", "123456789012", "us-east-1", &Token::from("chosen"));
    let plan = planned(&graph, &empty, &super::Observed::default()).expect("it can be done");
    assert_eq!(saved(&graph, plan).state(None), Ok(empty));
}

#[test]
fn the_same_world_gives_the_same_plan_and_another_is_named() {
    let (graph, state, saved) = sample();
    let again = |change: &dyn Fn(&mut super::Observed)| {
        let mut observed = observed(&state);
        change(&mut observed);
        let mut tokens = saved.tokens().into_iter();
        let mut draw = || tokens.next().unwrap_or_else(|| Token::from("more"));
        plan(&graph, &state, &observed, &mut draw).expect("it can be done")
    };
    assert_eq!(again(&|_| ()), saved.plan);
    let richer = again(&|observed| {
        live(observed, "Function").attributes.insert("Extra".to_owned(), json!("told now"));
    });
    assert_eq!(saved.check_live(&richer), Ok(()), "AWS may tell more");
    let larger = again(&|observed| {
        properties(observed, "Function").insert("MemorySize".to_owned(), json!(512));
    });
    assert_eq!(saved.check_live(&larger), Err(Refusal::Live(vec!["Function".to_owned()])));
    let gone = again(&|observed| {
        observed.resources.insert("ApiKey".into(), crate::refresh::Observation::Gone);
    });
    assert_eq!(saved.check_live(&gone), Err(Refusal::Live(vec!["ApiKey".to_owned()])));
    let mut other = saved.plan.clone();
    let made = other.steps.iter_mut().find(|step| step.logical_id.as_str() == "Logs");
    made.expect("it is made").changes[0].to = Some(json!("other"));
    assert_eq!(saved.check_live(&other), Err(Refusal::Live(vec!["Logs".to_owned()])));
}

#[test]
fn only_what_is_no_secret_is_written_down() {
    let given: Vec<(String, String)> = ["Word", "Key", "Size"]
        .into_iter()
        .map(|name| (name.to_owned(), format!("given {name}")))
        .collect();
    let plain = plain_parameters(&graph(BEFORE), &given);
    assert_eq!(plain, [("Size".to_owned(), "given Size".to_owned())].into());
}

//! What is only renamed is moved, or said to look as if it were.

use serde_json::json;

use super::{apply, deployed, graph, observed, planned, properties, told};
use crate::graph::Graph;
use crate::journal::Event;
use crate::plan::{Action, Plan, Rename};
use crate::refresh::Observation;
use crate::state::{Marks, State};
use crate::value::LogicalId;

const TEXT: &str = "
Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Description: the api}}
  Part:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: part}
  Method:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Api, ResourceId: !Ref Part, HttpMethod: GET, AuthorizationType: NONE,
      Integration: {Type: MOCK}}
  Deployed:
    Type: AWS::ApiGateway::Deployment
    DependsOn: Method
    Properties: {RestApiId: !Ref Api}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: logs, RetentionInDays: 1}}
";

/// A template with resources called otherwise, each told of or not.
fn renamed(text: &str, names: &[(&str, &str)], is_told: bool) -> String {
    let mut text = text.to_owned();
    for (old, new) in names {
        let told = format!("  {new}:\n    Metadata: {{Cairn: {{MovedFrom: {old}}}}}\n    Type:");
        let quiet = format!("  {new}:\n    Type:");
        text = text
            .replace(&format!("  {old}:\n    Type:"), if is_told { &told } else { &quiet })
            .replace(&format!("!Ref {old}"), &format!("!Ref {new}"))
            .replace(&format!("!GetAtt {old}"), &format!("!GetAtt {new}"))
            .replace(&format!("DependsOn: {old}"), &format!("DependsOn: {new}"));
    }
    text
}

/// One resource on lines of its own, so that it can be renamed.
fn spread(text: &str) -> String {
    let short = |line: &str| {
        let (name, rest) = line.strip_prefix("  ")?.split_once(": {Type: ")?;
        let (kind, rest) = rest.split_once(", Properties: ")?;
        let properties = rest.strip_suffix('}')?;
        Some(format!("  {name}:\n    Type: {kind}\n    Properties: {properties}"))
    };
    let lines: Vec<String> =
        text.lines().map(|line| short(line).unwrap_or_else(|| line.to_owned())).collect();
    lines.join("\n") + "\n"
}

fn state() -> (State, String) {
    let text = spread(TEXT);
    (deployed(&graph(&text)), text)
}

fn plan(text: &str, state: &State) -> Plan {
    planned(&graph(text), state, &observed(state)).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// What reconcile records of a plan that only moves.
fn carried_out(plan: &Plan, graph: &Graph, state: &State) -> State {
    let mut state = state.clone();
    for step in &plan.steps {
        if let Some(id) = step.moved_from.clone() {
            apply(&mut state, &Event::Moved { id, to: step.logical_id.clone() });
        }
    }
    for step in &plan.steps {
        let Some(mut instance) = state.current(&step.logical_id).cloned() else { continue };
        let node = &graph.nodes[&step.logical_id];
        instance.dependencies.clone_from(&node.dependencies);
        instance.marks = Marks::Own;
        let follows = crate::plan::follows_digest(graph, &node.id, |id| {
            state.current(id).map(|one| &one.properties)
        });
        instance.follows = follows;
        apply(&mut state, &Event::Updated { id: step.logical_id.clone(), instance });
    }
    state
}

#[test]
fn what_is_moved_is_neither_made_nor_taken_away() {
    let (state, text) = state();
    for names in [
        &[("Logs", "Journal")][..],
        &[("Api", "Entry")],
        &[("Method", "Get")],
        &[("Part", "Leaf"), ("Method", "Get"), ("Deployed", "Snapshot"), ("Api", "Entry")],
    ] {
        let after = renamed(&text, names, true);
        let plan = plan(&after, &state);
        let is_quiet = |action: &Action| matches!(action, Action::Move | Action::Keep);
        assert!(
            plan.steps.iter().all(|step| is_quiet(&step.action)),
            "{names:?}:\n{}",
            told(&plan)
        );
        assert_eq!(plan.count(Action::Move), names.len(), "{names:?}:\n{}", told(&plan));
        assert!(plan.renames.is_empty() && plan.has_changes());
        let graph = graph(&after);
        let moved = carried_out(&plan, &graph, &state);
        assert_eq!(moved.violations(), []);
        let again = planned(&graph, &moved, &observed(&moved)).expect("it holds");
        assert_eq!(told(&again), "", "a move that was made may stay written");
    }
}

#[test]
fn a_move_may_come_with_a_change() {
    let (state, text) = state();
    let after = renamed(&text, &[("Logs", "Journal")], true);
    let longer = after.replace("RetentionInDays: 1", "RetentionInDays: 3");
    assert_eq!(
        told(&plan(&longer, &state)),
        "Update update Journal (logs1): RetentionInDays | it was `Logs` until now"
    );
    let mut world = observed(&state);
    world.resources.insert(LogicalId::from("Logs"), Observation::Gone);
    let gone = planned(&graph(&after), &state, &world).expect("it holds");
    assert!(gone.steps.iter().any(|step| step.action == Action::Create), "{}", told(&gone));
    let mut world = observed(&state);
    properties(&mut world, "Logs").insert("RetentionInDays".to_owned(), json!(7));
    let drifted = planned(&graph(&after), &state, &world).expect("it holds");
    assert!(told(&drifted).starts_with("Update update Journal (logs1): RetentionInDays"));
}

#[test]
fn a_run_that_stopped_after_a_move_has_its_tags_written_by_the_next() {
    let (mut state, text) = state();
    apply(&mut state, &Event::Moved { id: "Logs".into(), to: "Journal".into() });
    let after = renamed(&text, &[("Logs", "Journal")], true);
    assert_eq!(told(&plan(&after, &state)), "Move mark Journal (logs1) | its tags say `Logs`");
    // A method has no tags.
    apply(&mut state, &Event::Moved { id: "Method".into(), to: "Get".into() });
    let after = renamed(&after, &[("Method", "Get")], true);
    assert_eq!(told(&plan(&after, &state)).matches("mark").count(), 1);
}

#[test]
fn what_cannot_be_moved_is_told_at_its_place() {
    let (state, text) = state();
    let other = text.replace(
        "  Logs:\n    Type: AWS::Logs::LogGroup\n    Properties: {LogGroupName: logs, RetentionInDays: 1}",
        "  Vpc:\n    Metadata: {Cairn: {MovedFrom: Logs}}\n    Type: AWS::EC2::VPC\n    Properties: {CidrBlock: 10.0.0.0/16}",
    );
    let errors = planned(&graph(&other), &state, &observed(&state)).expect_err("another type");
    assert_eq!(
        errors[0].message,
        "`Vpc` cannot be moved from `Logs`, which is of the type `AWS::Logs::LogGroup`"
    );
    assert!(errors[0].place.is_some());
}

fn hints(plan: &Plan) -> Vec<String> {
    let hint = |one: &Rename| format!("{} -> {}: {}", one.from, one.to, one.line);
    plan.renames.iter().map(hint).collect()
}

#[test]
fn what_looks_renamed_is_said_with_the_line_to_write() {
    // One with a name of its own cannot be made beside itself, and is not only warned of.
    let text = spread(TEXT).replace("LogGroupName: logs, ", "");
    let state = deployed(&graph(&text));
    let names = [("Logs", "Journal"), ("Part", "Leaf"), ("Method", "Get"), ("Api", "Entry")];
    let found = plan(&renamed(&text, &names, false), &state);
    assert_eq!(
        hints(&found),
        [
            "Api -> Entry: Metadata: {Cairn: {MovedFrom: Api}}",
            "Part -> Leaf: Metadata: {Cairn: {MovedFrom: Part}}",
            "Method -> Get: Metadata: {Cairn: {MovedFrom: Method}}",
            "Logs -> Journal: Metadata: {Cairn: {MovedFrom: Logs}}",
        ]
    );
    assert!(found.risks.iter().any(|risk| risk.logical_id.as_str() == "Logs"), "{found:#?}");
    assert!(found.renames[0].place.starts_with("t.yaml:"), "{}", found.renames[0].place);
}

#[test]
fn what_is_other_is_not_said_to_be_renamed() {
    let (state, text) = state();
    let after = renamed(&text, &[("Logs", "Journal")], false);
    for to in ["LogGroupName: others, ", ""] {
        let found = plan(&after.replace("LogGroupName: logs, ", to), &state);
        assert_eq!(found.renames, [], "{to:?}");
    }
}

#[test]
fn among_several_alike_the_nearest_name_is_taken_and_each_once() {
    let pair = |one: &str, two: &str| {
        format!(
            "Resources:\n  {one}: {{Type: AWS::ApiGateway::RestApi, Properties: {{Description: x}}}}\n  \
             {two}: {{Type: AWS::ApiGateway::RestApi, Properties: {{Description: x}}}}\n"
        )
    };
    let state = deployed(&graph(&pair("FirstApi", "SecondApi")));
    let found = plan(&pair("TheSecondApi", "TheFirstApi"), &state);
    let pairs: Vec<_> =
        hints(&found).iter().map(|one| one[..one.find(':').expect("a colon")].to_owned()).collect();
    assert_eq!(pairs, ["SecondApi -> TheSecondApi", "FirstApi -> TheFirstApi"]);
    let one = plan(&pair("FirstApi", "Other"), &state);
    assert_eq!(one.renames.len(), 1);
}

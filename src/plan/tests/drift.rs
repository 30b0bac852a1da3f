//! Drift is what others did, and no more than that.

use serde_json::json;

use super::{deployed, graph, live, observed, planned, properties};
use crate::graph::IgnoreDrift;
use crate::plan::Action;
use crate::plan::drift::{Drift, Drifted, Ignored, changed_since, drift};
use crate::refresh::{Observation, Observed};
use crate::resource::Status;
use crate::value::LogicalId;

const TEXT: &str = r#"
Parameters:
  Word: {Type: String, NoEcho: true, Default: hunter2}
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: "*"}]}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/r
      Handler: index.b
      Runtime: python3.12
      Code: {ZipFile: x}
      Environment: {Variables: {WORD: !Ref Word, PLAIN: shown}}
"#;

fn drifted(change: impl FnOnce(&mut Observed)) -> Vec<Drifted> {
    let state = deployed(&graph(TEXT));
    let mut observed = observed(&state);
    properties(&mut observed, "Function")["Environment"]["Variables"]["WORD"] = json!("hunter2");
    change(&mut observed);
    drift(&state, &observed, &Ignored::new())
}

/// In short: `Function: Environment.Variables.PLAIN "shown" -> "other"`.
fn told(drifted: &[Drifted]) -> Vec<String> {
    let tell = |one: &Drifted| match &one.drift {
        Drift::Changed(differences) => {
            let tell = |one: &crate::plan::drift::Difference| {
                let side = |json: &Option<serde_json::Value>| {
                    json.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)
                };
                format!("{} {} -> {}", one.path, side(&one.applied), side(&one.live))
            };
            let differences: Vec<_> = differences.iter().map(tell).collect();
            format!("{}: {}", one.logical_id, differences.join(", "))
        }
        other => format!("{}: {other:?}", one.logical_id),
    };
    drifted.iter().map(tell).collect()
}

#[test]
fn what_services_add_or_spell_their_own_way_is_no_drift() {
    let none = drifted(|observed| {
        properties(observed, "Vpc").insert("InstanceTenancy".to_owned(), json!("default"));
        let document = json!({"Version": "2008-10-17", "Statement": {
            "Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"AWS": ["*"]},
        }});
        properties(observed, "Role")["AssumeRolePolicyDocument"] = document;
    });
    assert_eq!(told(&none), Vec::<String>::new());
}

#[test]
fn an_action_group_switched_off_by_others_is_drift_though_no_template_speaks_of_its_state() {
    let text = r"
Resources:
  Agent:
    Type: AWS::Bedrock::Agent
    Properties:
      AgentName: a
      ActionGroups: [{ActionGroupName: questions, ParentActionGroupSignature: AMAZON.UserInput}]
";
    let state = deployed(&graph(text));
    for (switch, expected) in [("ENABLED", 0), ("DISABLED", 1)] {
        let mut observed = observed(&state);
        let group = &mut properties(&mut observed, "Agent")["ActionGroups"][0];
        group["ActionGroupState"] = json!(switch);
        // What services fill in is nobody's.
        group["Description"] = json!("filled in");
        assert_eq!(drift(&state, &observed, &Ignored::new()).len(), expected, "{switch}");
    }
}

#[test]
fn what_others_change_is_told_from_applied_to_live() {
    let found = drifted(|observed| {
        properties(observed, "Function")["Environment"]["Variables"]["PLAIN"] = json!("other");
        properties(observed, "Function").remove("Runtime");
    });
    let function =
        r#"Function: Runtime "python3.12" -> none, Environment.Variables.PLAIN "shown" -> "other""#;
    assert_eq!(told(&found), [function]);
}

#[test]
fn a_secret_that_others_change_is_told_and_not_shown() {
    let found = drifted(|observed| {
        properties(observed, "Function")["Environment"]["Variables"]["WORD"] =
            json!("changed-secret");
    });
    let text = serde_json::to_string(&found).expect("JSON");
    assert!(text.contains("Environment.Variables.WORD"), "{text}");
    assert!(!text.contains("hunter2") && !text.contains("changed-secret"), "{text}");
}

#[test]
fn what_is_gone_or_failed_is_told_and_what_was_not_asked_is_not() {
    let found = drifted(|observed| {
        observed.resources.insert(LogicalId::from("Vpc"), Observation::Gone);
        observed.resources.remove("Role");
        live(observed, "Function").status = Status::Failed("no such image".to_owned());
    });
    assert_eq!(told(&found), [r#"Function: Failed("no such image")"#, "Vpc: Deleted"]);
}

#[test]
fn what_the_template_ignores_is_told_and_counts_for_nothing() {
    let state = deployed(&graph(TEXT));
    let mut observed = observed(&state);
    let variables = &mut properties(&mut observed, "Function")["Environment"]["Variables"];
    variables["WORD"] = json!("hunter2");
    variables["PLAIN"] = json!("other");
    for (paths, expected) in [
        (vec![], false),
        (vec!["Environment"], true),
        (vec!["Environment.Variables.PLAIN"], true),
        (vec!["Environment.Variables.PLA"], false),
        (vec!["Runtime"], false),
    ] {
        let told = format!("{paths:?}");
        let paths = IgnoreDrift::Paths(paths.into_iter().map(str::to_owned).collect());
        let found = drift(&state, &observed, &[("Function".into(), paths)].into());
        assert_eq!((found.len(), found[0].is_ignored()), (1, expected), "{told}");
    }
    let all = drift(&state, &observed, &[("Function".into(), IgnoreDrift::All)].into());
    assert!(all[0].is_ignored());
    observed.resources.insert(LogicalId::from("Function"), Observation::Gone);
    let gone = drift(&state, &observed, &[("Function".into(), IgnoreDrift::All)].into());
    assert!(!gone[0].is_ignored(), "what is gone is gone");
}

/// A plan is made, somebody does something, and a step looks again.
#[test]
fn a_step_sees_what_has_changed_since_its_plan() {
    const LOGS: &str = "
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Metadata: {Cairn: {IgnoreDrift: [Tags]}}
    Properties: {LogGroupName: logs, RetentionInDays: 1, Tags: [{Key: a, Value: b}]}
";
    let state = deployed(&graph(LOGS));
    for (was, is, expected) in [
        // Whatever the plan saw is fine.
        (json!({"RetentionInDays": 7}), json!({"RetentionInDays": 7}), ""),
        (json!({"RetentionInDays": 1}), json!({"RetentionInDays": 1}), ""),
        (
            json!({"RetentionInDays": 7}),
            json!({"RetentionInDays": 1}),
            "`RetentionInDays` was 7 and is 1",
        ),
        (
            json!({"RetentionInDays": 1}),
            json!({"RetentionInDays": 14}),
            "`RetentionInDays` was 1 and is 14",
        ),
        (
            json!({}),
            json!({"BearerTokenAuthenticationEnabled": true}),
            "`BearerTokenAuthenticationEnabled` was absent and is set",
        ),
        (json!({}), json!({"BearerTokenAuthenticationEnabled": false}), ""),
        (json!({}), json!({"Tags": [{"Key": "a", "Value": "theirs"}]}), ""),
        (json!({}), json!({"LogGroupClass": "STANDARD"}), ""),
    ] {
        let text = LOGS.replace(
            "RetentionInDays: 1",
            "RetentionInDays: 3, BearerTokenAuthenticationEnabled: true",
        );
        let wanted = graph(&text);
        let mut world = observed(&state);
        properties(&mut world, "Logs").extend(was.as_object().expect("a map").clone());
        let plan = planned(&wanted, &state, &world).expect("it holds");
        properties(&mut world, "Logs").extend(is.as_object().expect("a map").clone());
        let current = state.current(&"Logs".into()).expect("it is there");
        let directions = &wanted.nodes[&LogicalId::from("Logs")].directions;
        let live = live(&mut world, "Logs");
        let changed = changed_since(current, &plan.steps[0], &directions.ignore_drift, live);
        assert_eq!(changed.join("; "), expected, "{was} then {is}");
    }
}

/// What is taken away is compared with what the plan saw of it, too.
#[test]
fn a_deletion_knows_what_others_had_done_before() {
    const LOGS: &str = "
Resources:
  Keep: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: keep}}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: logs, RetentionInDays: 1}}
";
    let state = deployed(&graph(LOGS));
    let mut world = observed(&state);
    properties(&mut world, "Logs").insert("RetentionInDays".to_owned(), json!(7));
    let less = graph(LOGS.rsplit_once("  Logs:").expect("it is there").0);
    let plan = planned(&less, &state, &world).expect("it holds");
    let step = plan.steps.iter().find(|step| step.action == Action::Delete).expect("it goes");
    let current = state.current(&"Logs".into()).expect("it is there");
    let told = |world: &mut Observed| {
        changed_since(current, step, &IgnoreDrift::None, live(world, "Logs")).join("; ")
    };
    assert_eq!(told(&mut world), "");
    properties(&mut world, "Logs").insert("RetentionInDays".to_owned(), json!(1));
    assert_eq!(told(&mut world), "`RetentionInDays` was 7 and is 1");
}

//! Drift is what others did, and no more than that.

use serde_json::json;

use super::{deployed, graph, live, observed, properties};
use crate::plan::drift::{Drift, Drifted, drift};
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
    drift(&state, &observed)
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

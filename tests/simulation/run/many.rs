//! Many roles and policies are read at once, and what that does not tell one by one.

use serde_json::{Map, Value as Json, json};

use super::{Home, Stage, Story, Version, in_virtual_time};
use crate::simulation::aws::wire::encoded;
use crate::simulation::faults::Kind;
use crate::simulation::script::{Mishap, Wish};

const ROLES: usize = 30;
const DETAILS: &str = "iam:GetAccountAuthorizationDetails";

fn document(action: &str, principal: Option<&str>) -> Json {
    let mut statement = json!({"Effect": "Allow", "Action": action});
    match principal {
        Some(service) => statement["Principal"] = json!({"Service": service}),
        None => statement["Resource"] = "*".into(),
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn template() -> Json {
    let mut resources = Map::new();
    for number in 0..ROLES {
        let role = format!("Role{number:02}");
        resources.insert(role.clone(), json!({"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": document("sts:AssumeRole", Some("lambda.amazonaws.com")),
            "Description": format!("worker {number}"), "MaxSessionDuration": 7200,
            "Policies": [{"PolicyName": "own", "PolicyDocument": document("s3:Get", None)}],
            "Tags": [{"Key": "worker", "Value": number.to_string()}],
        }}));
        resources.insert(format!("Put{number:02}"), json!({"Type": "AWS::IAM::Policy", "Properties": {
            "PolicyName": "put", "Roles": [{"Ref": role}], "PolicyDocument": document("sqs:Send", None),
        }}));
    }
    resources.insert(
        "Managed".to_owned(),
        json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": {
            "Description": "attached", "Roles": [{"Ref": "Role00"}, {"Ref": "Role01"}],
            "PolicyDocument": document("logs:Put", None),
        }}),
    );
    json!({"Resources": resources})
}

/// What a plan says is to be done, and how many calls it made; on which this goes wrong.
async fn plan(stage: &Stage, mishaps: &[Mishap]) -> (Vec<String>, Vec<String>) {
    let process = stage.shared.lock().begin(mishaps);
    let state = stage.state(process).await.expect("it can be read");
    let aws = stage.aws(process);
    let plan = stage.plan(process, 0, &state, &aws).await.expect("it can be planned");
    let told = plan.steps.iter().filter(|step| !step.changes.is_empty()).map(|step| {
        let paths: Vec<&str> = step.changes.iter().map(|change| change.path.as_str()).collect();
        format!("{} {}", step.logical_id, paths.join(" "))
    });
    (told.collect(), aws.transcript().calls())
}

#[test]
fn many_are_read_at_once_and_what_is_not_as_it_was_one_by_one() {
    let version = Version::of(&template()).expect("a template");
    in_virtual_time(async {
        let mut story = Story::new(1, Home::Directory, vec![version]);
        story.calm_run(Wish::Deploy(0)).await.expect("nothing goes wrong");
        let stage = story.stage.clone();
        let count = |calls: &[String], action: &str| {
            calls.iter().filter(|call| call.starts_with(action)).count()
        };

        let (told, calls) = plan(&stage, &[]).await;
        assert_eq!(told, [""; 0]);
        let pages = count(&calls, DETAILS) + count(&calls, "iam:ListRoles");
        assert_eq!(calls.len(), pages, "nothing is asked for by its name: {calls:?}");

        let denied = Mishap { on: DETAILS.to_owned(), nth: 1, times: 1, kind: Kind::Denied };
        let (told, calls) = plan(&stage, &[denied]).await;
        assert_eq!(told, [""; 0]);
        assert_eq!(count(&calls, DETAILS), 1, "who may not is not asked again");
        assert_eq!(count(&calls, "iam:GetRole"), 3 * ROLES, "the role and its two policies");

        // What others change is found, whichever of the answers tells it.
        let role = |number: usize| {
            let mut world = stage.shared.lock();
            let roles = world.aws.account.table("role");
            let found = roles.keys().find(|name| name.contains(&format!("Role{number:02}")));
            found.expect("it is there").clone()
        };
        let change = |number: usize, key: &str, value: Json| {
            let name = role(number);
            stage.shared.lock().aws.account.set("role", &name, key, value);
        };
        change(2, "Description", "idle".into());
        change(3, "MaxSessionDuration", "3600".into());
        change(4, "Tags", json!([]));
        let trust = document("sts:AssumeRole", Some("ec2.amazonaws.com"));
        change(5, "AssumeRolePolicyDocument", encoded(&trust.to_string()).into());
        change(6, "_inline", json!({"put": {"document": document("sqs:Send", None).to_string()}}));
        change(7, "_inline", json!({"own": {"document": document("s3:Get", None).to_string()}}));
        change(0, "_attached", json!({}));
        let gone = role(8);
        stage.shared.lock().aws.account.table("role").remove(&gone);
        let (told, calls) = plan(&stage, &[]).await;
        let expected = [
            "Managed Roles",
            "Role02 Description",
            "Role03 MaxSessionDuration",
            "Role04 Tags",
            "Role05 AssumeRolePolicyDocument",
            "Role06 Policies",
        ];
        for one in expected {
            assert!(told.iter().any(|it| it.starts_with(one)), "{one}: {told:?}");
        }
        for made in ["Role08", "Put07", "Put08"] {
            assert!(told.iter().any(|it| it.starts_with(made)), "{made}: {told:?}");
        }
        assert_eq!(told.len(), expected.len() + 3, "{told:?}");
        assert!(calls.len() < pages + 40, "the others are not asked for: {calls:?}");
    });
}

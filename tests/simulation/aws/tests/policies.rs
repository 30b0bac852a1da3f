//! The rules of IAM's policies and of functions' permissions.

use serde_json::{Value as Json, json};

use super::Story;
use crate::simulation::aws::account::{MINUTE, SECOND};
use crate::simulation::aws::iam;

fn document(action: &str) -> String {
    json!({"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}).to_string()
}

#[test]
fn a_managed_policy_has_five_versions_and_goes_when_nobody_has_it() {
    let mut story = Story::new();
    let request = json!({"PolicyName": "own", "PolicyDocument": document("s3:Get*")});
    let arn = story.ok("iam:CreatePolicy", request.clone())["Policy"]["Arn"].clone();
    let mut other = request.clone();
    other["PolicyName"] = "OWN".into();
    let at = |more: Json| {
        let mut all = json!({"PolicyArn": arn});
        all.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("one"));
        all
    };
    let version = |number: u64, is_default: bool| {
        at(
            json!({"PolicyDocument": document(&format!("s3:{number}")), "SetAsDefault": is_default.to_string()}),
        )
    };
    for number in 2..=5 {
        story.ok("iam:CreatePolicyVersion", version(number, number == 3));
    }
    story.role("worker", "lambda");
    story.ok("iam:AttachRolePolicy", at(json!({"RoleName": "worker"})));
    story.ok("iam:AttachRolePolicy", at(json!({"RoleName": "worker"})));
    story.all_refused(&[
        ("iam:CreatePolicy", other, "EntityAlreadyExists"),
        (
            "iam:CreatePolicy",
            json!({"PolicyName": "x", "PolicyDocument": "{"}),
            "MalformedPolicyDocument",
        ),
        (
            "iam:CreatePolicy",
            json!({"PolicyName": "x", "PolicyDocument": document(&"x".repeat(6145))}),
            "LimitExceeded",
        ),
        ("iam:CreatePolicyVersion", version(6, true), "LimitExceeded"),
        ("iam:DeletePolicyVersion", at(json!({"VersionId": "v3"})), "DeleteConflict"),
        ("iam:GetPolicyVersion", at(json!({"VersionId": "v6"})), "NoSuchEntity"),
        ("iam:DeletePolicy", at(json!({})), "DeleteConflict"),
        ("iam:DeleteRole", json!({"RoleName": "worker"}), "DeleteConflict"),
    ]);
    story.ok("iam:DetachRolePolicy", at(json!({"RoleName": "worker"})));
    assert_eq!(story.refused("iam:DeletePolicy", at(json!({}))), "DeleteConflict", "its versions");
    for version in ["v1", "v2", "v4", "v5"] {
        story.ok("iam:DeletePolicyVersion", at(json!({"VersionId": version})));
    }
    let next = story.ok("iam:CreatePolicyVersion", version(6, false));
    assert_eq!(next["PolicyVersion"]["VersionId"], "v6", "a number is not used again");
    story.ok("iam:DeletePolicyVersion", at(json!({"VersionId": "v6"})));
    story.ok("iam:DeletePolicy", at(json!({})));
    let gone = story.refused("iam:AttachRolePolicy", at(json!({"RoleName": "worker"})));
    assert_eq!(gone, "NoSuchEntity");
}

#[test]
fn what_a_policy_allows_is_seen_after_a_while() {
    let mut story = Story::new();
    let role = story.role("worker", "lambda");
    let role = role.as_str().expect("an ARN");
    let made =
        json!({"PolicyName": "own", "PolicyDocument": document("ec2:CreateNetworkInterface")});
    let arn = story.ok("iam:CreatePolicy", made)["Policy"]["Arn"].clone();
    let allows = |story: &Story| iam::allows(&story.account, role, "ec2:CreateNetworkInterface");
    story.wait(10 * SECOND);
    story.ok("iam:AttachRolePolicy", json!({"RoleName": "worker", "PolicyArn": arn}));
    assert!(!allows(&story), "attached a moment ago");
    story.wait(10 * SECOND);
    assert!(allows(&story));
    let other =
        json!({"PolicyArn": arn, "PolicyDocument": document("s3:*"), "SetAsDefault": "true"});
    story.ok("iam:CreatePolicyVersion", other);
    story.wait(10 * SECOND);
    assert!(!allows(&story), "another version is the default now");
}

#[test]
fn roles_users_and_groups_have_policies_alike() {
    let mut story = Story::new();
    story.role("one", "lambda");
    story.ok("iam:CreateUser", json!({"UserName": "one"}));
    story.ok("iam:CreateGroup", json!({"GroupName": "one"}));
    let made = json!({"PolicyName": "own", "PolicyDocument": document("s3:Get*")});
    let arn = story.ok("iam:CreatePolicy", made)["Policy"]["Arn"].clone();
    for (noun, most) in [("Role", 10_240), ("User", 2_048), ("Group", 5_120)] {
        let inline = |name: &str, document: String| json!({format!("{noun}Name"): "one", "PolicyName": name, "PolicyDocument": document, "PolicyArn": arn});
        let plain = inline("p", document("s3:Get*"));
        let (get, put) = (format!("iam:Get{noun}Policy"), format!("iam:Put{noun}Policy"));
        assert_eq!(story.refused(&get, plain.clone()), "NoSuchEntity", "{noun}");
        story.ok(&put, plain.clone());
        story.ok(&get, plain.clone());
        let large = inline("q", document(&"x".repeat(most)));
        assert_eq!(story.refused(&put, large), "LimitExceeded", "{noun}");
        story.ok(&format!("iam:Attach{noun}Policy"), plain.clone());
        story.ok(&format!("iam:Detach{noun}Policy"), plain.clone());
        let twice = story.refused(&format!("iam:Detach{noun}Policy"), plain.clone());
        assert_eq!(twice, "NoSuchEntity", "{noun}");
        story.ok(&format!("iam:Delete{noun}Policy"), plain.clone());
        assert_eq!(
            story.refused(&format!("iam:Delete{noun}Policy"), plain),
            "NoSuchEntity",
            "{noun}"
        );
    }
}

#[test]
fn a_statement_is_there_once_and_goes_with_its_function() {
    let mut story = Story::new();
    let role = story.role("worker", "lambda");
    let request = json!({"FunctionName": "f", "Role": role, "Code": {"ZipFile": "UEsFBgAAAAA="}});
    let arn = story.ok("lambda:CreateFunction", request)["FunctionArn"].clone();
    story.wait(MINUTE);
    let grant = |id: &str, principal: &str| json!({"FunctionName": arn, "StatementId": id, "Action": "lambda:InvokeFunction", "Principal": principal});
    let of = json!({"FunctionName": "f"});
    assert_eq!(story.refused("lambda:GetPolicy", of.clone()), "ResourceNotFoundException");
    for (id, principal, told) in [
        ("service", "apigateway.amazonaws.com", json!({"Service": "apigateway.amazonaws.com"})),
        ("account", "123456789012", json!({"AWS": "arn:aws:iam::123456789012:root"})),
        ("anybody", "*", json!("*")),
    ] {
        let made = story.ok("lambda:AddPermission", grant(id, principal))["Statement"].clone();
        let made: Json = serde_json::from_str(made.as_str().expect("a text")).expect("JSON");
        assert_eq!(made["Principal"], told);
    }
    story.all_refused(&[
        ("lambda:AddPermission", grant("service", "*"), "ResourceConflictException"),
        ("lambda:AddPermission", grant("a b", "*"), "InvalidParameterValueException"),
        ("lambda:AddPermission", grant("other", "nobody"), "InvalidParameterValueException"),
        (
            "lambda:RemovePermission",
            json!({"FunctionName": "f", "StatementId": "x"}),
            "ResourceNotFoundException",
        ),
        ("lambda:AddPermission", json!({"FunctionName": "g"}), "ResourceNotFoundException"),
    ]);
    let mut large = grant("large", "*");
    large["SourceArn"] = format!("arn:{}", "x".repeat(20 * 1024)).into();
    assert_eq!(story.refused("lambda:AddPermission", large), "PolicyLengthExceededException");
    story.ok("lambda:RemovePermission", json!({"FunctionName": "f", "StatementId": "anybody"}));
    let policy = story.ok("lambda:GetPolicy", of.clone())["Policy"].to_string();
    assert!(policy.contains("service") && !policy.contains("anybody"));
    story.ok("lambda:DeleteFunction", of);
    assert_eq!(story.account.records("permission").count(), 0);
}

//! IAM: what there is in an account, told at once.
//! Sources: the pages of `GetAccountAuthorizationDetails`, `ListRoles` and `RoleDetail` in the IAM
//! API Reference: which members each answer has, and which it leaves out.

use serde_json::{Value as Json, json};

use super::account::{Account, Answer, Record, given, page, texts};
use super::wire::encoded;

/// A few at once: "IAM might return fewer than the `MaxItems` number of results".
const PAGE: usize = 5;

/// Roles and policies of the account, of the kinds that are asked for.
pub fn details(account: &Account, request: &Json) -> Answer {
    let filter = texts(request, "Filter");
    let is_asked = |kind: &str| filter.is_empty() || filter.iter().any(|one| one == kind);
    let mut items: Vec<Json> = Vec::new();
    if is_asked("Role") {
        items.extend(account.records("role").map(|(_, role)| json!({"role": detail(role)})));
    }
    if is_asked("LocalManagedPolicy") {
        items.extend(
            account.records("policy").map(|(_, policy)| json!({"policy": told(account, policy)})),
        );
    }
    let (items, next) = page(items, given(request, "Marker"), PAGE);
    let of =
        |kind: &str| items.iter().filter_map(|item| item.get(kind)).cloned().collect::<Vec<_>>();
    let mut answer = json!({
        "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": of("role"),
        "Policies": of("policy"), "IsTruncated": next.is_some(),
    });
    if let Some(next) = next {
        answer["Marker"] = next.into();
    }
    Ok(answer)
}

/// With its policies, and without its description and how long a session may last.
fn detail(role: &Record) -> Json {
    let inline = role["_inline"].as_object().into_iter().flatten().map(|(name, live)| {
        let document = live["document"].as_str().unwrap_or_default();
        json!({"PolicyName": name, "PolicyDocument": encoded(document)})
    });
    let attached = role["_attached"].as_object().into_iter().flatten().map(|(arn, _)| {
        json!({"PolicyArn": arn, "PolicyName": arn.rsplit('/').next().unwrap_or_default()})
    });
    let mut told = json!({
        "InstanceProfileList": [], "RolePolicyList": inline.collect::<Vec<_>>(),
        "AttachedManagedPolicies": attached.collect::<Vec<_>>(),
    });
    for key in [
        "Path",
        "RoleName",
        "RoleId",
        "Arn",
        "CreateDate",
        "AssumeRolePolicyDocument",
        "Tags",
        "PermissionsBoundary",
    ] {
        told[key] = role.get(key).cloned().unwrap_or_default();
    }
    told
}

/// With the documents of its versions.
fn told(account: &Account, policy: &Record) -> Json {
    let mut told = super::iam_policies::told(account, policy);
    told["PolicyVersionList"] = policy["_versions"].clone();
    told["Tags"] = Json::Null;
    told["Description"] = Json::Null;
    told
}

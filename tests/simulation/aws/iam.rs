//! IAM: roles with their inline and attached policies.
//! Sources: the IAM API Reference; "IAM and AWS STS quotas"; "Troubleshoot IAM" ("Changes that I make
//! are not always immediately visible").

use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, NUMBER, Record, Refusal, Time, given, list, needed, page, record, refuse, text,
};
use super::wire::encoded;

/// "IAM might return fewer results, even when there are more results available": a few at once.
const PAGE: usize = 2;

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "CreateRole" => create_role(account, request),
        "GetRole" => Ok(json!({"Role": role(account, request)?})),
        "UpdateAssumeRolePolicy" => {
            let document = document(request)?;
            change(account, request, "AssumeRolePolicyDocument", encoded(&document).into())
        }
        "UpdateRole" => {
            let session = given(request, "MaxSessionDuration").unwrap_or("3600").to_owned();
            let description = given(request, "Description").unwrap_or_default().to_owned();
            change(account, request, "MaxSessionDuration", session.into())?;
            change(account, request, "Description", description.into())
        }
        "TagRole" | "UntagRole" => tag_role(account, request),
        "DeleteRole" => delete_role(account, request),
        "PutRolePolicy" => put_policy(account, request),
        "GetRolePolicy" => get_policy(account, request),
        "DeleteRolePolicy" => delete_policy(account, request),
        "ListRolePolicies" => list_names(account, request, "_inline", "PolicyNames"),
        "AttachRolePolicy" => attach(account, request, true),
        "DetachRolePolicy" => attach(account, request, false),
        "ListAttachedRolePolicies" => list_attached(account, request),
        "ListInstanceProfilesForRole" => {
            role(account, request)?;
            Ok(json!({"InstanceProfiles": [], "IsTruncated": false}))
        }
        _ => refuse("InvalidAction", format!("{operation} of IAM is not simulated")),
    }
}

fn missing<T>(message: String) -> Result<T, Refusal> {
    Err(Refusal { status: 404, code: "NoSuchEntity".to_owned(), message })
}

fn conflict<T>(code: &str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status: 409, code: code.to_owned(), message: message.into() })
}

fn role<'a>(account: &'a Account, request: &Json) -> Result<&'a Record, Refusal> {
    let name = needed(request, "RoleName")?;
    let found = account.record("role", name);
    found.map_or_else(|| missing(format!("The role with name {name} cannot be found.")), Ok)
}

fn document(request: &Json) -> Result<String, Refusal> {
    let given = given(request, "AssumeRolePolicyDocument");
    let text = given.or(super::account::given(request, "PolicyDocument")).unwrap_or_default();
    match serde_json::from_str::<Json>(text) {
        Ok(document) if document.get("Statement").is_some() => Ok(text.to_owned()),
        _ => refuse("MalformedPolicyDocument", "Syntax errors in policy."),
    }
}

fn tags(request: &Json) -> Json {
    let tags = list(request, "Tags").iter();
    tags.map(|tag| json!({"Key": tag["Key"], "Value": tag["Value"]})).collect()
}

/// "Names are not distinguished by case"; there are no client tokens.
fn create_role(account: &mut Account, request: &Json) -> Answer {
    let name = needed(request, "RoleName")?;
    if account.records("role").any(|(other, _)| other.eq_ignore_ascii_case(name)) {
        let message = format!("Role with name {name} already exists.");
        return conflict("EntityAlreadyExists", message);
    }
    let trust = document(request)?;
    let path = given(request, "Path").unwrap_or("/");
    let made = json!({
        "Path": path, "RoleName": name, "RoleId": account.unique_id("AROA"),
        "Arn": format!("arn:aws:iam::{NUMBER}:role{path}{name}"),
        "CreateDate": "2026-01-01T00:00:00Z", "AssumeRolePolicyDocument": encoded(&trust),
        "Description": given(request, "Description"),
        "MaxSessionDuration": given(request, "MaxSessionDuration").unwrap_or("3600"),
        "Tags": tags(request), "_made": account.now, "_inline": {}, "_attached": {},
    });
    account.table("role").insert(name.to_owned(), record(made.clone()));
    Ok(json!({"Role": made}))
}

fn change(account: &mut Account, request: &Json, key: &str, value: Json) -> Answer {
    let name = text(role(account, request)?, "RoleName").to_owned();
    account.set("role", &name, key, value);
    super::account::accepted()
}

fn tag_role(account: &mut Account, request: &Json) -> Answer {
    let mut live = role(account, request)?["Tags"].as_array().cloned().unwrap_or_default();
    let removed = super::account::texts(request, "TagKeys");
    let set = tags(request);
    live.retain(|tag| {
        let key = tag["Key"].as_str().unwrap_or_default();
        !removed.iter().any(|one| one == key)
            && !set.as_array().is_some_and(|set| set.iter().any(|one| one["Key"] == key))
    });
    live.extend(set.as_array().cloned().unwrap_or_default());
    change(account, request, "Tags", live.into())
}

/// "Before attempting to delete a role, remove the inline policies and detach the managed ones."
fn delete_role(account: &mut Account, request: &Json) -> Answer {
    let role = role(account, request)?;
    let is_empty = |key: &str| role[key].as_object().is_none_or(serde_json::Map::is_empty);
    if !is_empty("_inline") {
        return conflict("DeleteConflict", "Cannot delete entity, must delete policies first.");
    }
    if !is_empty("_attached") {
        return conflict("DeleteConflict", "Cannot delete entity, must detach all policies first.");
    }
    let name = text(role, "RoleName").to_owned();
    account.table("role").remove(&name);
    super::account::accepted()
}

fn put_policy(account: &mut Account, request: &Json) -> Answer {
    let policy = needed(request, "PolicyName")?;
    let document = document(request)?;
    let name = text(role(account, request)?, "RoleName").to_owned();
    let now = account.now;
    let role = account.table("role").get_mut(&name).expect("it was just there");
    let inline = role["_inline"].as_object_mut().expect("an object");
    // Another document is a change that has to be seen everywhere again.
    if inline.get(policy).is_none_or(|live| live["document"] != document.as_str()) {
        inline.insert(policy.to_owned(), json!({"document": document, "since": now}));
    }
    super::account::accepted()
}

fn get_policy(account: &Account, request: &Json) -> Answer {
    let (role, name) = (role(account, request)?, needed(request, "PolicyName")?);
    match role["_inline"].get(name) {
        Some(live) => Ok(json!({
            "RoleName": role["RoleName"], "PolicyName": name,
            "PolicyDocument": encoded(live["document"].as_str().unwrap_or_default()),
        })),
        None => missing(format!("The role policy with name {name} cannot be found.")),
    }
}

fn delete_policy(account: &mut Account, request: &Json) -> Answer {
    let name = needed(request, "PolicyName")?;
    let role_name = text(role(account, request)?, "RoleName").to_owned();
    let role = account.table("role").get_mut(&role_name).expect("it was just there");
    match role["_inline"].as_object_mut().expect("an object").remove(name) {
        Some(_) => super::account::accepted(),
        None => missing(format!("The role policy with name {name} cannot be found.")),
    }
}

fn list_names(account: &Account, request: &Json, key: &str, told: &str) -> Answer {
    let names = role(account, request)?[key].as_object().expect("an object").keys();
    paged(names.map(|name| Json::from(name.as_str())).collect(), request, told)
}

fn paged(items: Vec<Json>, request: &Json, told: &str) -> Answer {
    let (items, next) = page(items, given(request, "Marker"), PAGE);
    let mut answer = json!({told: items, "IsTruncated": next.is_some()});
    if let Some(next) = next {
        answer["Marker"] = next.into();
    }
    Ok(answer)
}

/// Attaching twice is no mistake; 10 policies a role ("IAM and AWS STS quotas").
fn attach(account: &mut Account, request: &Json, adds: bool) -> Answer {
    let arn = needed(request, "PolicyArn")?;
    let name = text(role(account, request)?, "RoleName").to_owned();
    if adds && !arn.starts_with("arn:aws:iam::aws:policy/") {
        return missing(format!("Policy {arn} does not exist or is not attachable."));
    }
    let now = account.now;
    let role = account.table("role").get_mut(&name).expect("it was just there");
    let attached = role["_attached"].as_object_mut().expect("an object");
    if adds {
        if attached.len() == 10 && !attached.contains_key(arn) {
            return conflict("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10");
        }
        attached.entry(arn).or_insert(now.into());
    } else if attached.remove(arn).is_none() {
        return missing(format!("Policy {arn} was not found."));
    }
    super::account::accepted()
}

fn list_attached(account: &Account, request: &Json) -> Answer {
    let arns = role(account, request)?["_attached"].as_object().expect("an object").keys();
    let told = arns.map(
        |arn| json!({"PolicyArn": arn, "PolicyName": arn.rsplit('/').next().unwrap_or_default()}),
    );
    paged(told.collect(), request, "AttachedPolicies")
}

/// How long others may not see what was made or changed.
const PROPAGATION: Time = 8_000;

/// Whether this service may take the role by now.
pub fn can_be_assumed(account: &Account, arn: &str, service: &str) -> bool {
    account.records("role").any(|(_, role)| {
        text(role, "Arn") == arn
            && role["_made"].as_u64().is_some_and(|made| made + PROPAGATION <= account.now)
            && text(role, "AssumeRolePolicyDocument").contains(service)
    })
}

/// Whether the role's policies allow an action, those that are seen everywhere by now.
pub fn allows(account: &Account, arn: &str, action: &str) -> bool {
    let is_old = |since: &Json| since.as_u64().is_some_and(|at| at + PROPAGATION <= account.now);
    let (service, _) = action.split_once(':').expect("an action");
    account.records("role").filter(|(_, role)| text(role, "Arn") == arn).any(|(_, role)| {
        let inline = role["_inline"].as_object().into_iter().flatten();
        let says = |live: &Json| {
            let document = live["document"].as_str().unwrap_or_default();
            document.contains(action) || document.contains(&format!("\"{service}:*\""))
        };
        let attached = role["_attached"].as_object().into_iter().flatten();
        inline.into_iter().any(|(_, live)| is_old(&live["since"]) && says(live))
            || attached.into_iter().any(|(arn, since)| {
                is_old(since) && arn.ends_with("AWSLambdaVPCAccessExecutionRole")
            })
    })
}

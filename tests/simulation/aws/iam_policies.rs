//! IAM: managed policies of one's own, their versions, and to whom they are attached.
//! Sources: the pages of `CreatePolicy` to `SetDefaultPolicyVersion` in the IAM API Reference;
//! "IAM and AWS STS quotas"; "Versioning IAM policies".

use serde_json::{Value as Json, json};

use super::account::{Account, Answer, NUMBER, Record, Refusal, date, given, needed, record, text};
use super::iam::{conflict, document, missing, paged, tags};
use super::iam_principals::KINDS;
use super::wire::encoded;

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "CreatePolicy" => create(account, request),
        "GetPolicy" => Ok(json!({"Policy": told(account, policy(account, request)?)})),
        "DeletePolicy" => delete(account, request),
        "CreatePolicyVersion" => create_version(account, request),
        "GetPolicyVersion" => {
            let version = version(policy(account, request)?, request)?;
            Ok(json!({"PolicyVersion": version}))
        }
        "ListPolicyVersions" => {
            let versions = policy(account, request)?["_versions"].as_array().cloned();
            let mut versions = versions.unwrap_or_default();
            for version in &mut versions {
                version["Document"] = Json::Null;
            }
            paged(versions, request, "Versions")
        }
        "DeletePolicyVersion" => delete_version(account, request),
        _ => list_entities(account, request),
    }
}

fn policy<'a>(account: &'a Account, request: &Json) -> Result<&'a Record, Refusal> {
    let arn = needed(request, "PolicyArn")?;
    let found = account.record("policy", arn);
    found.map_or_else(|| missing(format!("Policy {arn} was not found.")), Ok)
}

/// With how many have it.
pub fn told(account: &Account, policy: &Record) -> Json {
    let mut told = policy.clone();
    let holders = holders(account, text(policy, "Arn"));
    told.insert("AttachmentCount".to_owned(), holders.len().into());
    Json::Object(told)
}

/// Who has a policy attached: the kind of each, and its name.
fn holders(account: &Account, arn: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, kind) in KINDS.iter().enumerate() {
        let all = account.records(kind.table);
        let its = all.filter(|(_, it)| it["_attached"].get(arn).is_some());
        found.extend(its.map(|(name, _)| (index, name.clone())));
    }
    found
}

/// "Names are not distinguished by case"; there are no client tokens. At most 6144 characters.
fn create(account: &mut Account, request: &Json) -> Answer {
    let name = needed(request, "PolicyName")?;
    let is_taken = account
        .records("policy")
        .any(|(_, other)| text(other, "PolicyName").eq_ignore_ascii_case(name));
    if is_taken {
        let message =
            format!("A policy called {name} already exists. Duplicate names are not allowed.");
        return conflict("EntityAlreadyExists", message);
    }
    let document = checked(request)?;
    let path = given(request, "Path").unwrap_or("/");
    let (arn, now) = (format!("arn:aws:iam::{NUMBER}:policy{path}{name}"), date(account.now));
    let made = json!({
        "PolicyName": name, "PolicyId": account.unique_id("ANPA"), "Arn": arn, "Path": path,
        "DefaultVersionId": "v1", "PermissionsBoundaryUsageCount": 0, "IsAttachable": true,
        "AttachmentCount": 0, "Description": given(request, "Description"), "CreateDate": now,
        "UpdateDate": now, "Tags": tags(request), "_next": 2, "_since": account.now,
        "_document": document,
        "_versions": [{
            "VersionId": "v1", "IsDefaultVersion": true, "CreateDate": now,
            "Document": encoded(&document),
        }],
    });
    account.table("policy").insert(arn, record(made.clone()));
    Ok(json!({"Policy": made}))
}

fn checked(request: &Json) -> Result<String, Refusal> {
    let document = document(request)?;
    if document.chars().filter(|it| !it.is_whitespace()).count() > 6144 {
        return conflict("LimitExceeded", "Cannot exceed quota for PolicySize: 6144");
    }
    Ok(document)
}

fn version(policy: &Record, request: &Json) -> Result<Json, Refusal> {
    let id = needed(request, "VersionId")?;
    let mut versions = policy["_versions"].as_array().into_iter().flatten();
    let found = versions.find(|one| one["VersionId"] == id).cloned();
    found.map_or_else(|| missing(format!("Policy version {id} does not exist.")), Ok)
}

/// "A managed policy can have up to 5 versions"; the newest number is never used again.
fn create_version(account: &mut Account, request: &Json) -> Answer {
    let document = checked(request)?;
    let mut changed = policy(account, request)?.clone();
    let number = changed["_next"].as_u64().unwrap_or(2);
    let is_default = given(request, "SetAsDefault") == Some("true");
    let versions = changed["_versions"].as_array_mut().expect("a list");
    if versions.len() >= 5 {
        return conflict(
            "LimitExceeded",
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
        );
    }
    if is_default {
        versions.iter_mut().for_each(|version| version["IsDefaultVersion"] = false.into());
    }
    let made = json!({
        "VersionId": format!("v{number}"), "IsDefaultVersion": is_default,
        "CreateDate": date(account.now), "Document": encoded(&document),
    });
    versions.insert(0, made.clone());
    changed.insert("_next".to_owned(), (number + 1).into());
    if is_default {
        changed.insert("DefaultVersionId".to_owned(), made["VersionId"].clone());
        changed.insert("_since".to_owned(), account.now.into());
        changed.insert("_document".to_owned(), document.into());
    }
    changed.insert("UpdateDate".to_owned(), date(account.now).into());
    account.table("policy").insert(text(&changed, "Arn").to_owned(), changed);
    let mut told = made;
    told["Document"] = Json::Null;
    Ok(json!({"PolicyVersion": told}))
}

/// "You cannot delete the default version of a policy using this operation."
fn delete_version(account: &mut Account, request: &Json) -> Answer {
    let mut changed = policy(account, request)?.clone();
    let version = version(&changed, request)?;
    if version["IsDefaultVersion"] == true {
        return conflict("DeleteConflict", "Cannot delete the default version of a policy.");
    }
    let versions = changed["_versions"].as_array_mut().expect("a list");
    versions.retain(|one| one["VersionId"] != version["VersionId"]);
    account.table("policy").insert(text(&changed, "Arn").to_owned(), changed);
    super::account::accepted()
}

/// "Before you can delete a managed policy, you must first detach the policy from all users,
/// groups, and roles that it is attached to. In addition, you must delete all the policy's
/// versions."
fn delete(account: &mut Account, request: &Json) -> Answer {
    let policy = policy(account, request)?;
    let arn = text(policy, "Arn").to_owned();
    if !holders(account, &arn).is_empty() {
        return conflict("DeleteConflict", "Cannot delete a policy attached to entities.");
    }
    if policy["_versions"].as_array().is_some_and(|versions| versions.len() > 1) {
        let message = "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.";
        return conflict("DeleteConflict", message);
    }
    let is_boundary = KINDS.iter().any(|kind| {
        let mut all = account.records(kind.table);
        all.any(|(_, it)| {
            it.get("PermissionsBoundary")
                .is_some_and(|one| one["PermissionsBoundaryArn"] == arn.as_str())
        })
    });
    if is_boundary {
        return conflict(
            "DeleteConflict",
            "Cannot delete a policy that is a permissions boundary.",
        );
    }
    account.table("policy").remove(&arn);
    super::account::accepted()
}

/// One list of three kinds, page by page.
fn list_entities(account: &Account, request: &Json) -> Answer {
    let arn = text(policy(account, request)?, "Arn");
    let found = holders(account, arn).into_iter().map(|(kind, name)| json!([kind, name])).collect();
    let mut answer = paged(found, request, "all")?;
    let all = answer["all"].take();
    for (index, kind) in KINDS.iter().enumerate() {
        let its = all.as_array().into_iter().flatten().filter(|one| one[0] == index);
        let told = its.map(|one| {
            let id = account.record(kind.table, one[1].as_str().unwrap_or_default());
            json!({kind.name: one[1], kind.id: id.map(|it| it[kind.id].clone())})
        });
        answer[kind.entities] = told.collect();
    }
    Ok(answer)
}

/// The document of a policy's default version, and since when it is that.
pub fn default_document(account: &Account, arn: &str) -> Option<(String, u64)> {
    let policy = account.record("policy", arn)?;
    Some((text(policy, "_document").to_owned(), policy["_since"].as_u64()?))
}

//! IAM: roles with their inline and attached policies.
//! Sources: the IAM API Reference; "IAM and AWS STS quotas"; "Troubleshoot IAM" ("Changes that I make
//! are not always immediately visible").

use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, NUMBER, Record, Refusal, Time, date, given, list, needed, page, record,
    refuse, text,
};
use super::wire::encoded;
use super::{iam_account, iam_policies, iam_principals};

/// "IAM might return fewer results, even when there are more results available": a few at once.
const PAGE: usize = 2;

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "GetAccountAuthorizationDetails" => iam_account::details(account, request),
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
        "ListRoles" => {
            let prefix = given(request, "PathPrefix").unwrap_or("/");
            let all =
                account.records("role").filter(|(_, it)| text(it, "Path").starts_with(prefix));
            let told = all.map(|(_, it)| listed(it, &["Tags", "PermissionsBoundary"])).collect();
            paged(told, request, "Roles")
        }
        "ListRoleTags" => {
            let tags = role(account, request)?["Tags"].as_array().cloned().unwrap_or_default();
            paged(tags, request, "Tags")
        }
        "DeleteRole" => delete_role(account, request),
        "PutRolePermissionsBoundary" => {
            let arn = needed(request, "PermissionsBoundary")?;
            let boundary = json!({
                "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn,
            });
            change(account, request, "PermissionsBoundary", boundary)
        }
        "DeleteRolePermissionsBoundary" => {
            let name = text(role(account, request)?, "RoleName").to_owned();
            account.table("role").get_mut(&name).map(|it| it.remove("PermissionsBoundary"));
            super::account::accepted()
        }
        "CreateInstanceProfile" => create_profile(account, request),
        "AddRoleToInstanceProfile" => put_into_profile(account, request, true),
        "RemoveRoleFromInstanceProfile" => put_into_profile(account, request, false),
        "ListInstanceProfilesForRole" => {
            let role = role(account, request)?;
            let all = account.records("instance-profile");
            let holding = all.filter(|(_, it)| holds(it, text(role, "RoleName")));
            let told = holding.map(|(_, it)| told_profile(account, it)).collect();
            paged(told, request, "InstanceProfiles")
        }
        _ if POLICIES.contains(&operation) => iam_policies::answer(account, operation, request),
        _ => match iam_principals::answer(account, operation, request) {
            Some(answer) => answer,
            None => refuse("InvalidAction", format!("{operation} of IAM is not simulated")),
        },
    }
}

const POLICIES: [&str; 12] = [
    "ListPolicies",
    "ListPolicyTags",
    "TagPolicy",
    "UntagPolicy",
    "CreatePolicy",
    "GetPolicy",
    "DeletePolicy",
    "CreatePolicyVersion",
    "GetPolicyVersion",
    "ListPolicyVersions",
    "DeletePolicyVersion",
    "ListEntitiesForPolicy",
];

pub fn missing<T>(message: String) -> Result<T, Refusal> {
    Err(Refusal { status: 404, code: "NoSuchEntity".to_owned(), message })
}

pub fn conflict<T>(code: &str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status: 409, code: code.to_owned(), message: message.into() })
}

fn role<'a>(account: &'a Account, request: &Json) -> Result<&'a Record, Refusal> {
    let name = needed(request, "RoleName")?;
    let found = account.record("role", name);
    found.map_or_else(|| missing(format!("The role with name {name} cannot be found.")), Ok)
}

pub fn document(request: &Json) -> Result<String, Refusal> {
    let given = given(request, "AssumeRolePolicyDocument");
    let text = given.or(super::account::given(request, "PolicyDocument")).unwrap_or_default();
    match serde_json::from_str::<Json>(text) {
        Ok(document) if document.get("Statement").is_some() => Ok(text.to_owned()),
        _ => refuse("MalformedPolicyDocument", "Syntax errors in policy."),
    }
}

pub fn tags(request: &Json) -> Json {
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
    let mut made = json!({
        "Path": path, "RoleName": name, "RoleId": account.unique_id("AROA"),
        "Arn": format!("arn:aws:iam::{NUMBER}:role{path}{name}"),
        "CreateDate": "2026-01-01T00:00:00Z", "AssumeRolePolicyDocument": encoded(&trust),
        "Description": given(request, "Description"),
        "MaxSessionDuration": given(request, "MaxSessionDuration").unwrap_or("3600"),
        "Tags": tags(request), "_made": account.now, "_inline": {}, "_attached": {},
    });
    if let Some(arn) = given(request, "PermissionsBoundary") {
        made["PermissionsBoundary"] = json!({"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn});
    }
    account.table("role").insert(name.to_owned(), record(made.clone()));
    Ok(json!({"Role": made}))
}

fn change(account: &mut Account, request: &Json, key: &str, value: Json) -> Answer {
    let name = text(role(account, request)?, "RoleName").to_owned();
    account.set("role", &name, key, value);
    super::account::accepted()
}

fn tag_role(account: &mut Account, request: &Json) -> Answer {
    let live = retagged(role(account, request)?, request);
    change(account, request, "Tags", live)
}

/// The tags of a record as a request changes them.
pub fn retagged(record: &Record, request: &Json) -> Json {
    let mut live = record["Tags"].as_array().cloned().unwrap_or_default();
    let removed = super::account::texts(request, "TagKeys");
    let set = tags(request);
    live.retain(|tag| {
        let key = tag["Key"].as_str().unwrap_or_default();
        !removed.iter().any(|one| one == key)
            && !set.as_array().is_some_and(|set| set.iter().any(|one| one["Key"] == key))
    });
    live.extend(set.as_array().cloned().unwrap_or_default());
    live.into()
}

/// "IAM resource-listing operations return a subset of the available attributes for the resource."
pub fn listed(record: &Record, without: &[&str]) -> Json {
    let mut told = record.clone();
    told.retain(|key, _| !without.contains(&key.as_str()));
    Json::Object(told)
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
    if account.records("instance-profile").any(|(_, it)| holds(it, &name)) {
        let message = "Cannot delete entity, must remove roles from instance profile first.";
        return conflict("DeleteConflict", message);
    }
    account.table("role").remove(&name);
    super::account::accepted()
}

pub fn paged(items: Vec<Json>, request: &Json, told: &str) -> Answer {
    let (items, next) = page(items, given(request, "Marker"), PAGE);
    let mut answer = json!({told: items, "IsTruncated": next.is_some()});
    if let Some(next) = next {
        answer["Marker"] = next.into();
    }
    Ok(answer)
}

fn create_profile(account: &mut Account, request: &Json) -> Answer {
    let name = needed(request, "InstanceProfileName")?;
    let made = json!({
        "Path": "/", "InstanceProfileName": name, "InstanceProfileId": account.unique_id("AIPA"),
        "Arn": format!("arn:aws:iam::{NUMBER}:instance-profile/{name}"),
        "CreateDate": date(account.now), "Roles": [], "_roles": [], "_default": true,
    });
    account.table("instance-profile").insert(name.to_owned(), record(made.clone()));
    Ok(json!({"InstanceProfile": made}))
}

fn holds(profile: &Record, role: &str) -> bool {
    profile["_roles"].as_array().is_some_and(|roles| roles.iter().any(|one| one == role))
}

fn told_profile(account: &Account, profile: &Record) -> Json {
    let roles = profile["_roles"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let mut told = Json::Object(profile.clone());
    told["Roles"] = roles
        .filter_map(|name| account.record("role", name))
        .map(|it| Json::Object(it.clone()))
        .collect();
    told
}

/// "An instance profile can contain only one role, and this quota cannot be increased."
fn put_into_profile(account: &mut Account, request: &Json, adds: bool) -> Answer {
    let role = text(role(account, request)?, "RoleName").to_owned();
    let name = needed(request, "InstanceProfileName")?;
    let Some(profile) = account.record("instance-profile", name) else {
        return missing(format!("Instance Profile {name} cannot be found."));
    };
    if adds && profile["_roles"].as_array().is_some_and(|roles| !roles.is_empty()) {
        let message = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1";
        return conflict("LimitExceeded", message);
    }
    if !adds && !holds(profile, &role) {
        return missing(format!("Role {role} in profile {name} cannot be found."));
    }
    let roles = if adds { json!([role]) } else { json!([]) };
    account.set("instance-profile", name, "_roles", roles);
    super::account::accepted()
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

/// What AWS's own policies allow, of what is asked for here: their pages in the AWS Managed Policy
/// Reference.
const ALLOWING: [(&str, &str); 2] =
    [("AWSLambdaVPCAccessExecutionRole", "ec2"), ("AmazonAPIGatewayPushToCloudWatchLogs", "logs")];

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
            || attached.into_iter().any(|(arn, link)| {
                let own = iam_policies::default_document(account, arn);
                let says = |(document, since): (String, Time)| {
                    is_old(&since.into()) && says(&json!({"document": document}))
                };
                is_old(&link["since"])
                    && (ALLOWING.contains(&(arn.rsplit('/').next().unwrap_or_default(), service))
                        || own.is_some_and(says))
            })
    })
}

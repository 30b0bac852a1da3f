//! IAM: what roles, users and groups have in common: inline policies and attached ones.
//! Sources: the pages of `PutRolePolicy`, `AttachRolePolicy` and their like in the IAM API
//! Reference; "IAM and AWS STS quotas".

use serde_json::{Value as Json, json};

use super::account::{Account, Answer, NUMBER, Record, Refusal, date, given, needed, record, text};
use super::iam::{conflict, document, missing, paged};
use super::wire::encoded;

/// One of the three, in the words of its calls and answers.
pub struct Kind {
    pub table: &'static str,
    pub noun: &'static str,
    pub name: &'static str,
    pub id: &'static str,
    pub entities: &'static str,
}

pub const KINDS: [Kind; 3] = [
    Kind { table: "role", noun: "Role", name: "RoleName", id: "RoleId", entities: "PolicyRoles" },
    Kind { table: "user", noun: "User", name: "UserName", id: "UserId", entities: "PolicyUsers" },
    Kind {
        table: "iam-group",
        noun: "Group",
        name: "GroupName",
        id: "GroupId",
        entities: "PolicyGroups",
    },
];

/// If it is one of the calls that the three have alike.
pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Option<Answer> {
    let kind = KINDS.iter().find(|kind| request.get(kind.name).is_some())?;
    let is = |verb: &str, what: &str| {
        operation.strip_prefix(verb).and_then(|rest| rest.strip_suffix(what)) == Some(kind.noun)
    };
    Some(match operation {
        _ if is("Put", "Policy") => put(account, kind, request),
        _ if is("Get", "Policy") => get(account, kind, request),
        _ if is("Delete", "Policy") => delete(account, kind, request),
        _ if is("Attach", "Policy") => attach(account, kind, request, true),
        _ if is("Detach", "Policy") => attach(account, kind, request, false),
        _ if is("List", "Policies") => list(account, kind, request),
        _ if is("ListAttached", "Policies") => list_attached(account, kind, request),
        "CreateUser" | "CreateGroup" => create(account, kind, request),
        _ => return None,
    })
}

fn find<'a>(account: &'a Account, kind: &Kind, request: &Json) -> Result<&'a Record, Refusal> {
    let name = needed(request, kind.name)?;
    let found = account.record(kind.table, name);
    let message = format!("The {} with name {name} cannot be found.", kind.noun.to_lowercase());
    found.map_or_else(|| missing(message), Ok)
}

fn change<'a>(
    account: &'a mut Account,
    kind: &Kind,
    request: &Json,
) -> Result<&'a mut Record, Refusal> {
    let name = text(find(account, kind, request)?, kind.name).to_owned();
    Ok(account.table(kind.table).get_mut(&name).expect("it was just there"))
}

/// Users and groups are not Cairn's to make, but policies are put on them.
fn create(account: &mut Account, kind: &Kind, request: &Json) -> Answer {
    let name = needed(request, kind.name)?;
    if account.records(kind.table).any(|(other, _)| other.eq_ignore_ascii_case(name)) {
        let message = format!("{} with name {name} already exists.", kind.noun);
        return conflict("EntityAlreadyExists", message);
    }
    let noun = kind.noun.to_lowercase();
    let made = json!({
        "Path": "/", kind.name: name, kind.id: account.unique_id("AIDA"),
        "Arn": format!("arn:aws:iam::{NUMBER}:{noun}/{name}"), "CreateDate": date(account.now),
        "_inline": {}, "_attached": {}, "_default": true,
    });
    account.table(kind.table).insert(name.to_owned(), record(made.clone()));
    Ok(json!({kind.noun: made}))
}

/// All inline policies of a role have 10,240 characters, of a user 2,048, of a group 5,120.
fn put(account: &mut Account, kind: &Kind, request: &Json) -> Answer {
    let policy = needed(request, "PolicyName")?;
    let document = document(request)?;
    let now = account.now;
    let most = match kind.noun {
        "Role" => 10_240,
        "User" => 2_048,
        _ => 5_120,
    };
    let inline = change(account, kind, request)?["_inline"].as_object_mut().expect("an object");
    let length = |text: &str| text.chars().filter(|it| !it.is_whitespace()).count();
    let others = inline.iter().filter(|(name, _)| *name != policy);
    let sum: usize =
        others.map(|(_, live)| length(live["document"].as_str().unwrap_or_default())).sum();
    if sum + length(&document) > most {
        let message = format!(
            "Maximum policy size of {most} bytes exceeded for {}",
            kind.noun.to_lowercase()
        );
        return conflict("LimitExceeded", message);
    }
    // Another document is a change that has to be seen everywhere again.
    if inline.get(policy).is_none_or(|live| live["document"] != document.as_str()) {
        inline.insert(policy.to_owned(), json!({"document": document, "since": now}));
    }
    super::account::accepted()
}

fn get(account: &Account, kind: &Kind, request: &Json) -> Answer {
    let (found, name) = (find(account, kind, request)?, needed(request, "PolicyName")?);
    match found["_inline"].get(name) {
        Some(live) => Ok(json!({
            kind.name: found[kind.name], "PolicyName": name,
            "PolicyDocument": encoded(live["document"].as_str().unwrap_or_default()),
        })),
        None => no_policy(kind, name),
    }
}

fn no_policy<T>(kind: &Kind, name: &str) -> Result<T, Refusal> {
    let noun = kind.noun.to_lowercase();
    missing(format!("The {noun} policy with name {name} cannot be found."))
}

fn delete(account: &mut Account, kind: &Kind, request: &Json) -> Answer {
    let name = needed(request, "PolicyName")?;
    let record = change(account, kind, request)?;
    match record["_inline"].as_object_mut().expect("an object").remove(name) {
        Some(_) => super::account::accepted(),
        None => no_policy(kind, name),
    }
}

fn list(account: &Account, kind: &Kind, request: &Json) -> Answer {
    let names = find(account, kind, request)?["_inline"].as_object().expect("an object").keys();
    paged(names.map(|name| Json::from(name.as_str())).collect(), request, "PolicyNames")
}

/// AWS's own policies, and those of the account.
fn is_there(account: &Account, arn: &str) -> bool {
    arn.starts_with("arn:aws:iam::aws:policy/") || account.record("policy", arn).is_some()
}

/// Attaching twice is no mistake; 10 policies each ("IAM and AWS STS quotas").
fn attach(account: &mut Account, kind: &Kind, request: &Json, adds: bool) -> Answer {
    let arn = needed(request, "PolicyArn")?;
    find(account, kind, request)?;
    if adds && !is_there(account, arn) {
        return missing(format!("Policy {arn} does not exist or is not attachable."));
    }
    let now = account.now;
    let attached = change(account, kind, request)?["_attached"].as_object_mut().expect("an object");
    if adds {
        if attached.len() == 10 && !attached.contains_key(arn) {
            let message = format!("Cannot exceed quota for PoliciesPer{}: 10", kind.noun);
            return conflict("LimitExceeded", message);
        }
        attached.entry(arn).or_insert(json!({"arn": arn, "since": now}));
    } else if attached.remove(arn).is_none() {
        return missing(format!("Policy {arn} was not found."));
    }
    super::account::accepted()
}

fn list_attached(account: &Account, kind: &Kind, request: &Json) -> Answer {
    let prefix = given(request, "PathPrefix").unwrap_or_default();
    let arns = find(account, kind, request)?["_attached"].as_object().expect("an object").keys();
    let told = arns.filter(|arn| arn.contains(prefix)).map(
        |arn| json!({"PolicyArn": arn, "PolicyName": arn.rsplit('/').next().unwrap_or_default()}),
    );
    paged(told.collect(), request, "AttachedPolicies")
}

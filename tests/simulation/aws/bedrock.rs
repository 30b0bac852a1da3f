//! Bedrock: agents. Everything is changed on the draft, which is then prepared; while AWS works on
//! an agent it takes no changes.
//! Sources: the Agents for Amazon Bedrock pages of the Amazon Bedrock API Reference (`CreateAgent`
//! to `PrepareAgent`), and the public issues named below.

use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, Effect, NUMBER, REGION, Record, Refusal, SECOND, Time, date, given, needed,
    page, record, text, texts,
};
use super::{bedrock_alias, bedrock_parts, iam};

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "CreateAgent" => once(account, request, create),
        "GetAgent" => Ok(json!({"agent": agent(account, request)?})),
        "ListAgents" => {
            let keys = [
                "agentId",
                "agentName",
                "agentStatus",
                "description",
                "updatedAt",
                "guardrailConfiguration",
            ];
            let told = |agent: &Record| {
                let mut told = summary(agent, &keys);
                let latest = agent.get("_latest").map(|number| number.to_string().into());
                told["latestAgentVersion"] = latest.unwrap_or_default();
                told
            };
            let found = account.records("agent").map(|(_, it)| told(it)).collect();
            listed(found, request, "agentSummaries")
        }
        "UpdateAgent" => update(account, request),
        "PrepareAgent" => prepare(account, request),
        "DeleteAgent" => delete(account, request),
        "TagResource" | "UntagResource" | "ListTagsForResource" => tag(account, operation, request),
        _ if operation.contains("Alias") || operation == "ListAgentVersions" => {
            bedrock_alias::answer(account, operation, request)
        }
        _ => bedrock_parts::answer(account, operation, request),
    }
}

fn no<T>(status: u16, code: &str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status, code: code.to_owned(), message: message.into() })
}

pub fn invalid<T>(message: impl Into<String>) -> Result<T, Refusal> {
    no(400, "ValidationException", message)
}

pub fn missing<T>(message: impl Into<String>) -> Result<T, Refusal> {
    no(404, "ResourceNotFoundException", message)
}

pub fn conflict<T>(message: impl Into<String>) -> Result<T, Refusal> {
    no(409, "ConflictException", message)
}

pub fn quota<T>(message: impl Into<String>) -> Result<T, Refusal> {
    no(400, "ServiceQuotaExceededException", message)
}

pub fn accepted(mut answer: Json) -> Answer {
    answer["_status"] = 202.into();
    Ok(answer)
}

pub fn summary(record: &Record, keys: &[&str]) -> Json {
    let told = keys.iter().filter_map(|key| Some(((*key).to_owned(), record.get(*key)?.clone())));
    Json::Object(told.collect())
}

/// "If the total number of results is greater than the `maxResults` value provided in the request,
/// … use this token": at most a few at once, so that every list has pages.
pub fn listed(items: Vec<Json>, request: &Json, told: &str) -> Answer {
    const PAGE: u64 = 3;
    let size = request.get("maxResults").and_then(Json::as_u64).unwrap_or(PAGE).clamp(1, PAGE);
    let size = usize::try_from(size).expect("a few");
    let (items, next) = page(items, given(request, "nextToken"), size);
    Ok(json!({told: items, "nextToken": next}))
}

/// "If this token matches a previous request, Amazon Bedrock ignores the request, but does not
/// return an error": `clientToken`, of 33 to 256 characters.
pub fn once(
    account: &mut Account,
    request: &Json,
    make: impl FnOnce(&mut Account, &Json) -> Answer,
) -> Answer {
    let Some(token) = given(request, "clientToken").map(|token| format!("bedrock {token}")) else {
        return make(account, request);
    };
    if !(33..=256).contains(&(token.len() - "bedrock ".len())) {
        return invalid(
            "Value at 'clientToken' failed to satisfy constraint: Member must have length greater than or equal to 33",
        );
    }
    if let Some((earlier, answer)) = account.answered(&token) {
        return if earlier == request {
            Ok(answer.clone())
        } else {
            conflict("The client token was used for another request")
        };
    }
    let answer = make(account, request)?;
    account.remember(token, request.clone(), answer.clone());
    Ok(answer)
}

pub fn agent<'a>(account: &'a Account, request: &Json) -> Result<&'a Record, Refusal> {
    let id = needed(request, "agentId")?;
    let message = format!("Could not retrieve resource: agent {id} not found");
    account.record("agent", id).map_or_else(|| missing(message), Ok)
}

/// "… operation can't be performed on Agent when it is in Versioning state. Retry the request when
/// the agent is in a valid state": terraform-provider-aws issues 42256 and 42845.
pub fn check_at_rest(agent: &Record, operation: &str) -> Result<(), Refusal> {
    let state = match text(agent, "agentStatus") {
        "CREATING" => "Creating",
        "UPDATING" => "Updating",
        "PREPARING" => "Preparing",
        "VERSIONING" => "Versioning",
        "DELETING" => "Deleting",
        _ => return Ok(()),
    };
    invalid(format!(
        "{operation} operation can't be performed on Agent when it is in {state} state. Retry the request when the agent is in a valid state."
    ))
}

/// What is sent whole with each update: what is left out is reset.
const SETTINGS: [&str; 12] = [
    "agentName",
    "instruction",
    "foundationModel",
    "description",
    "orchestrationType",
    "customOrchestration",
    "agentResourceRoleArn",
    "customerEncryptionKeyArn",
    "promptOverrideConfiguration",
    "guardrailConfiguration",
    "memoryConfiguration",
    "agentCollaboration",
];

/// Names: "([0-9a-zA-Z][_-]?){1,100}"; instructions of 40 to 4000 characters, sessions of 60 to
/// 5400 seconds; a role that Bedrock may take by now.
fn check(account: &Account, request: &Json) -> Result<(), Refusal> {
    let name = needed(request, "agentName")?;
    let plain = |it: char| it.is_ascii_alphanumeric() || "_-".contains(it);
    if name.is_empty()
        || name.len() > 200
        || !name.chars().all(plain)
        || name.starts_with(['_', '-'])
    {
        return invalid(
            "Value at 'agentName' failed to satisfy constraint: Member must satisfy regular expression pattern: ([0-9a-zA-Z][_-]?){1,100}",
        );
    }
    let length = given(request, "instruction").map(|text| text.chars().count());
    if length.is_some_and(|length| !(40..=4000).contains(&length)) {
        return invalid(
            "Value at 'instruction' failed to satisfy constraint: Member must have length greater than or equal to 40",
        );
    }
    let idle = request.get("idleSessionTTLInSeconds").and_then(Json::as_i64);
    if idle.is_some_and(|idle| !(60..=5400).contains(&idle)) {
        return invalid(
            "Value at 'idleSessionTTLInSeconds' failed to satisfy constraint: Member must have value between 60 and 5400",
        );
    }
    match given(request, "agentResourceRoleArn") {
        Some(role) if !iam::can_be_assumed(account, role, "bedrock.amazonaws.com") => invalid(
            format!("Amazon Bedrock is unable to assume the role {role}. Check its trust policy."),
        ),
        _ => Ok(()),
    }
}

fn set(record: &mut Record, request: &Json) {
    for key in SETTINGS {
        match request.get(key).filter(|value| !value.is_null()) {
            Some(value) => record.insert(key.to_owned(), value.clone()),
            None => record.remove(key),
        };
    }
    record.entry("orchestrationType").or_insert("DEFAULT".into());
    record.entry("agentCollaboration").or_insert("DISABLED".into());
    record.entry("agentResourceRoleArn").or_insert("".into());
    let idle = request.get("idleSessionTTLInSeconds").filter(|value| !value.is_null());
    record.insert("idleSessionTTLInSeconds".to_owned(), idle.cloned().unwrap_or(600.into()));
}

/// Returns while it is still being made. That a name is taken is found out behind the answer:
/// "unexpected state 'FAILED' … Cannot create a new agent as an agent with the same name already
/// exists" (awsfundamentals-hq/bedrock-multi-agent-collaboration issue 1).
fn create(account: &mut Account, request: &Json) -> Answer {
    check(account, request)?;
    let name = needed(request, "agentName")?.to_owned();
    let id = account.short_id('A');
    let is_taken = account.records("agent").any(|(_, other)| text(other, "agentName") == name);
    let mut made = record(json!({
        "agentId": id, "agentVersion": "DRAFT", "agentStatus": "CREATING",
        "agentArn": format!("arn:aws:bedrock:{REGION}:{NUMBER}:agent/{id}"),
        "createdAt": date(account.now), "updatedAt": date(account.now),
        "_tags": request.get("tags").cloned().unwrap_or(json!({})),
    }));
    if let Some(token) = request.get("clientToken") {
        made.insert("clientToken".to_owned(), token.clone());
    }
    set(&mut made, request);
    account.table("agent").insert(id.clone(), made.clone());
    bedrock_alias::make_test_alias(account, &id);
    let mut failed = Vec::new();
    if is_taken {
        failed.push("Cannot create a new agent as an agent with the same name already exists.");
        let reasons = json!(failed);
        let effect =
            Effect::Set { table: "agent", id: id.clone(), key: "failureReasons", value: reasons };
        account.later(SECOND, effect);
    }
    become_later(
        account,
        &id,
        if is_taken { "FAILED" } else { "NOT_PREPARED" },
        (SECOND, 4 * SECOND),
    );
    accepted(json!({"agent": made}))
}

/// What becomes of an agent's state by itself.
pub fn become_later(account: &mut Account, id: &str, state: &str, (low, high): (Time, Time)) {
    let after = account.some_time(low, high);
    let (table, key, value) = ("agent", "agentStatus", json!(state));
    account.later(after, Effect::Set { table, id: id.to_owned(), key, value });
}

/// Any change leaves the draft unprepared: "you must prepare the agent to apply your changes".
pub fn touch(account: &mut Account, id: &str) {
    let now = json!(date(account.now));
    account.set("agent", id, "agentStatus", "NOT_PREPARED".into());
    account.set("agent", id, "updatedAt", now);
}

fn update(account: &mut Account, request: &Json) -> Answer {
    let live = agent(account, request)?;
    check_at_rest(live, "Update")?;
    check(account, request)?;
    let id = text(live, "agentId").to_owned();
    let mut changed = live.clone();
    if account
        .records("agent")
        .any(|(other, it)| *other != id && it.get("agentName") == request.get("agentName"))
    {
        return conflict("An agent with the same name already exists");
    }
    let stays = ["SUPERVISOR", "SUPERVISOR_ROUTER"]
        .contains(&given(request, "agentCollaboration").unwrap_or_default());
    if !stays && bedrock_parts::has_collaborators(account, &id) {
        return conflict(
            "The AgentCollaboration attribute cannot be DISABLED while the agent has collaborators",
        );
    }
    set(&mut changed, request);
    changed.insert("agentStatus".to_owned(), "UPDATING".into());
    changed.insert("updatedAt".to_owned(), date(account.now).into());
    account.table("agent").insert(id.clone(), changed.clone());
    become_later(account, &id, "NOT_PREPARED", (SECOND / 2, 3 * SECOND));
    accepted(json!({"agent": changed}))
}

/// "The `AgentCollaboration` attribute is set to SUPERVISOR but no agent collaborators are added":
/// terraform-provider-aws issue 43059. A draft needs a model, an instruction and a role.
fn prepare(account: &mut Account, request: &Json) -> Answer {
    let live = agent(account, request)?;
    check_at_rest(live, "Prepare")?;
    let id = text(live, "agentId").to_owned();
    let lacks = ["foundationModel", "instruction", "agentResourceRoleArn"];
    if let Some(lacking) = lacks.iter().find(|key| text(live, key).is_empty()) {
        return invalid(format!("Agent {id} cannot be prepared: {lacking} is not set"));
    }
    let collaboration = text(live, "agentCollaboration");
    if collaboration != "DISABLED" && !bedrock_parts::has_collaborators(account, &id) {
        return invalid(format!(
            "The AgentCollaboration attribute is set to {collaboration} but no agent collaborators are added. Add at least one agent collaborator."
        ));
    }
    let now = date(account.now);
    account.set("agent", &id, "agentStatus", "PREPARING".into());
    account.set("agent", &id, "preparedAt", now.clone().into());
    become_later(account, &id, "PREPARED", (2 * SECOND, 12 * SECOND));
    accepted(json!({
        "agentId": id, "agentStatus": "PREPARING", "agentVersion": "DRAFT", "preparedAt": now,
    }))
}

/// "`ConflictException`: Could not delete Agent with ID …, since it has active aliases":
/// terraform-provider-aws issue 37161. All that hangs on it goes with it.
fn delete(account: &mut Account, request: &Json) -> Answer {
    let live = agent(account, request)?;
    check_at_rest(live, "Delete")?;
    let id = text(live, "agentId").to_owned();
    let skips = texts(request, "skipResourceInUseCheck").iter().any(|text| text == "true");
    if !skips && bedrock_alias::has_aliases(account, &id) {
        return conflict(format!(
            "Could not delete Agent with ID {id}, since it has active aliases"
        ));
    }
    account.forget_later("agent", &id);
    account.set("agent", &id, "agentStatus", "DELETING".into());
    let gone = account.some_time(SECOND, 6 * SECOND);
    account.later(gone, Effect::Remove { table: "agent", id: id.clone() });
    for table in ["agent-alias", "agent-version", "action-group", "agent-base", "collaborator"] {
        let below: Vec<String> = account
            .records(table)
            .filter(|(_, it)| text(it, "agentId") == id)
            .map(|(key, _)| key.clone())
            .collect();
        for id in below {
            account.later(gone, Effect::Remove { table, id });
        }
    }
    accepted(json!({"agentId": id, "agentStatus": "DELETING"}))
}

/// Of agents and of aliases, by ARN.
fn tag(account: &mut Account, operation: &str, request: &Json) -> Answer {
    let arn = needed(request, "resourceArn")?;
    let (table, id) = match arn.rsplit(':').next().unwrap_or_default().split_once('/') {
        Some(("agent", id)) => ("agent", id.to_owned()),
        Some(("agent-alias", id)) => ("agent-alias", id.replace('/', "|")),
        _ => return invalid("Value at 'resourceArn' failed to satisfy constraint"),
    };
    let Some(record) = account.table(table).get_mut(&id) else {
        return missing(format!("Resource {arn} not found"));
    };
    let mut tags = record.get("_tags").and_then(Json::as_object).cloned().unwrap_or_default();
    if operation == "ListTagsForResource" {
        return Ok(json!({"tags": tags}));
    }
    tags.extend(request.get("tags").and_then(Json::as_object).cloned().unwrap_or_default());
    tags.retain(|key, _| !texts(request, "tagKeys").contains(key));
    record.insert("_tags".to_owned(), Json::Object(tags));
    super::account::accepted()
}

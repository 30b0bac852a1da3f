//! Bedrock: what hangs on an agent's draft: action groups, knowledge bases, collaborators.
//! Sources: the pages of `CreateAgentActionGroup` to `UpdateAgentCollaborator` in the Amazon
//! Bedrock API Reference; "Amazon Bedrock endpoints and quotas".

use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, NUMBER, REGION, Record, Refusal, date, given, needed, record, text, texts,
};
use super::bedrock::{
    agent, check_at_rest, conflict, invalid, listed, missing, once, quota, summary, touch,
};

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    let live = agent(account, request)?;
    let id = text(live, "agentId").to_owned();
    let is_read = operation.starts_with("Get") || operation.starts_with("List");
    if !is_read {
        check_at_rest(live, operation)?;
        if needed(request, "agentVersion")? != "DRAFT" {
            return invalid("Only the DRAFT of an agent can be changed");
        }
    }
    match operation {
        "CreateAgentActionGroup" => once(account, request, create_group),
        "GetAgentActionGroup" => Ok(json!({"agentActionGroup": group(account, request)?})),
        "ListAgentActionGroups" => listing(account, &GROUPS, &id, request),
        "UpdateAgentActionGroup" => update_group(account, request),
        "DeleteAgentActionGroup" => delete_group(account, request),
        "AssociateAgentKnowledgeBase" => associate(account, &BASES, &id, request),
        "ListAgentKnowledgeBases" => listing(account, &BASES, &id, request),
        "UpdateAgentKnowledgeBase" => change(account, &BASES, &id, request),
        "DisassociateAgentKnowledgeBase" => take_off(account, &BASES, &id, request),
        "AssociateAgentCollaborator" => once(account, request, collaborate),
        "ListAgentCollaborators" => listing(account, &COLLABORATORS, &id, request),
        "UpdateAgentCollaborator" => change(account, &COLLABORATORS, &id, request),
        "DisassociateAgentCollaborator" => take_off(account, &COLLABORATORS, &id, request),
        _ => missing(format!("{operation} of Bedrock is not simulated")),
    }
}

/// One kind of what hangs on an agent.
struct Kind {
    table: &'static str,
    id: &'static str,
    told: &'static str,
    list: &'static str,
    /// What a list tells of each.
    summary: &'static [&'static str],
    /// What a request sets.
    settings: &'static [&'static str],
}

const GROUPS: Kind = Kind {
    table: "action-group",
    id: "actionGroupId",
    told: "agentActionGroup",
    list: "actionGroupSummaries",
    summary: &["actionGroupId", "actionGroupName", "actionGroupState", "description", "updatedAt"],
    settings: &[
        "actionGroupName",
        "actionGroupState",
        "description",
        "actionGroupExecutor",
        "apiSchema",
        "functionSchema",
    ],
};

const BASES: Kind = Kind {
    table: "agent-base",
    id: "knowledgeBaseId",
    told: "agentKnowledgeBase",
    list: "agentKnowledgeBaseSummaries",
    summary: &["knowledgeBaseId", "description", "knowledgeBaseState", "updatedAt"],
    settings: &["knowledgeBaseId", "description", "knowledgeBaseState"],
};

const COLLABORATORS: Kind = Kind {
    table: "collaborator",
    id: "collaboratorId",
    told: "agentCollaborator",
    list: "agentCollaboratorSummaries",
    summary: &[
        "agentId",
        "agentVersion",
        "collaboratorId",
        "agentDescriptor",
        "collaborationInstruction",
        "relayConversationHistory",
        "collaboratorName",
        "createdAt",
        "lastUpdatedAt",
    ],
    settings: &[
        "agentDescriptor",
        "collaborationInstruction",
        "collaboratorName",
        "relayConversationHistory",
    ],
};

fn of_agent<'a>(account: &'a Account, kind: &Kind, agent: &str) -> Vec<&'a Record> {
    let all = account.records(kind.table);
    all.filter(|(_, it)| text(it, "agentId") == agent).map(|(_, it)| it).collect()
}

pub fn has_collaborators(account: &Account, agent: &str) -> bool {
    !of_agent(account, &COLLABORATORS, agent).is_empty()
}

/// What a version keeps of the draft.
pub fn content(account: &Account, agent: &str) -> Json {
    let plain = |it: &Record, keys: &[&str]| summary(it, keys);
    let parts = |kind: &Kind| -> Vec<Json> {
        of_agent(account, kind, agent).into_iter().map(|it| plain(it, kind.settings)).collect()
    };
    let draft = account.record("agent", agent).expect("it was just there");
    let settings = [
        "agentName",
        "instruction",
        "foundationModel",
        "description",
        "idleSessionTTLInSeconds",
        "agentResourceRoleArn",
        "promptOverrideConfiguration",
        "guardrailConfiguration",
        "memoryConfiguration",
        "agentCollaboration",
    ];
    json!({
        "draft": plain(draft, &settings), "groups": parts(&GROUPS), "bases": parts(&BASES),
        "collaborators": parts(&COLLABORATORS),
    })
}

fn listing(account: &Account, kind: &Kind, agent: &str, request: &Json) -> Answer {
    let found = of_agent(account, kind, agent);
    listed(found.into_iter().map(|it| summary(it, kind.summary)).collect(), request, kind.list)
}

fn part(account: &Account, kind: &Kind, request: &Json) -> Result<(String, Record), Refusal> {
    let own = needed(request, kind.id)?;
    let key = format!("{}|{own}", needed(request, "agentId")?);
    match account.record(kind.table, &key) {
        Some(found) => Ok((key, found.clone())),
        None => missing(format!("Could not retrieve resource: {} {own} not found", kind.id)),
    }
}

fn set(kind: &Kind, record: &mut Record, request: &Json) {
    for key in kind.settings {
        match request.get(*key).filter(|value| !value.is_null()) {
            Some(value) => record.insert((*key).to_owned(), value.clone()),
            None => record.remove(*key),
        };
    }
}

fn insert(account: &mut Account, kind: &Kind, id: &str, request: &Json) -> Answer {
    let agent = needed(request, "agentId")?.to_owned();
    let now = date(account.now);
    let mut made = record(json!({"agentId": agent, "agentVersion": "DRAFT", "createdAt": now}));
    set(kind, &mut made, request);
    made.insert(kind.id.to_owned(), id.into());
    if let Some(token) = request.get("clientToken") {
        made.insert("clientToken".to_owned(), token.clone());
    }
    put(account, kind, format!("{agent}|{id}"), made)
}

/// With the defaults of its kind and the time of the change; the draft is unprepared then.
fn put(account: &mut Account, kind: &Kind, key: String, mut made: Record) -> Answer {
    let now = date(account.now);
    let (default, updated) = match kind.table {
        "action-group" => (("actionGroupState", "ENABLED"), "updatedAt"),
        "agent-base" => (("knowledgeBaseState", "ENABLED"), "updatedAt"),
        _ => (("relayConversationHistory", "DISABLED"), "lastUpdatedAt"),
    };
    made.entry(default.0).or_insert(default.1.into());
    made.insert(updated.to_owned(), now.into());
    account.table(kind.table).insert(key, made.clone());
    touch(account, text(&made, "agentId"));
    Ok(json!({kind.told: made}))
}

fn group(account: &Account, request: &Json) -> Result<Record, Refusal> {
    part(account, &GROUPS, request).map(|(_, group)| group)
}

/// "To allow your agent to request the user for additional information … set this field to
/// AMAZON.UserInput. You must leave the description, apiSchema, and actionGroupExecutor fields
/// blank". Otherwise one of two schemas. 15 enabled ones an agent.
fn check_group(account: &Account, own: &str, request: &Json) -> Result<(), Refusal> {
    let has = |key: &str| request.get(key).is_some_and(|value| !value.is_null());
    let schemas = usize::from(has("apiSchema")) + usize::from(has("functionSchema"));
    if has("parentActionGroupSignature") {
        if schemas > 0 || has("description") || has("actionGroupExecutor") {
            return invalid(
                "Description, apiSchema, functionSchema and actionGroupExecutor must be blank when parentActionGroupSignature is specified",
            );
        }
    } else if schemas > 1 {
        return invalid("Only one of apiSchema and functionSchema can be specified");
    }
    let agent = needed(request, "agentId")?;
    let others: Vec<&Record> = of_agent(account, &GROUPS, agent)
        .into_iter()
        .filter(|it| text(it, "actionGroupId") != own)
        .collect();
    let name = needed(request, "actionGroupName")?;
    if others.iter().any(|it| text(it, "actionGroupName") == name) {
        return conflict(format!("An action group with the name {name} already exists"));
    }
    let enabled = others.iter().filter(|it| text(it, "actionGroupState") == "ENABLED").count();
    if given(request, "actionGroupState") != Some("DISABLED") && enabled >= 15 {
        return quota("The number of enabled action groups per agent exceeds the limit of 15");
    }
    Ok(())
}

fn create_group(account: &mut Account, request: &Json) -> Answer {
    check_group(account, "", request)?;
    let id = account.short_id('G');
    let told = insert(account, &GROUPS, &id, request)?;
    let Some(signature) = request.get("parentActionGroupSignature").filter(|it| !it.is_null())
    else {
        return Ok(told);
    };
    let key = format!("{}|{id}", needed(request, "agentId")?);
    account.set("action-group", &key, "parentActionSignature", signature.clone());
    Ok(json!({"agentActionGroup": account.record("action-group", &key)}))
}

fn update_group(account: &mut Account, request: &Json) -> Answer {
    let (key, mut live) = part(account, &GROUPS, request)?;
    check_group(account, text(&live, "actionGroupId"), request)?;
    set(&GROUPS, &mut live, request);
    put(account, &GROUPS, key, live)
}

/// "`ActionGroup` with name … cannot be deleted when it is Enabled. Either use
/// `SkipResourceInUseCheckOnDelete` flag or mark it as Disabled": generative-ai-cdk-constructs issue
/// 626.
fn delete_group(account: &mut Account, request: &Json) -> Answer {
    let group = group(account, request)?;
    let skips = texts(request, "skipResourceInUseCheck").iter().any(|text| text == "true");
    if !skips && text(&group, "actionGroupState") == "ENABLED" {
        return invalid(format!(
            "ActionGroup with name {} cannot be deleted when it is Enabled. Either use SkipResourceInUseCheckOnDelete flag or mark it as Disabled.",
            text(&group, "actionGroupName")
        ));
    }
    take_off(account, &GROUPS, text(&group, "agentId"), request)
}

fn take_off(account: &mut Account, kind: &Kind, agent: &str, request: &Json) -> Answer {
    let (key, _) = part(account, kind, request)?;
    account.table(kind.table).remove(&key);
    touch(account, agent);
    Ok(json!({"_status": 204, "_empty": true}))
}

fn change(account: &mut Account, kind: &Kind, _agent: &str, request: &Json) -> Answer {
    let (key, mut live) = part(account, kind, request)?;
    if kind.table == "collaborator" {
        check_alias(account, request)?;
    }
    let own = live[kind.id].clone();
    set(kind, &mut live, request);
    live.insert(kind.id.to_owned(), own);
    put(account, kind, key, live)
}

/// The knowledge base is there, and is put on an agent once.
fn associate(account: &mut Account, kind: &Kind, agent: &str, request: &Json) -> Answer {
    let own = needed(request, "knowledgeBaseId")?.to_owned();
    if account.record("knowledge-base", &own).is_none() {
        return missing(format!("Could not retrieve resource: knowledge base {own} not found"));
    }
    if account.record(kind.table, &format!("{agent}|{own}")).is_some() {
        return conflict(format!("Knowledge base {own} is already associated with agent {agent}"));
    }
    insert(account, kind, &own, request)
}

/// The alias of another agent, ready to be called.
fn check_alias(account: &Account, request: &Json) -> Result<(), Refusal> {
    let arn = given(&request["agentDescriptor"], "aliasArn").unwrap_or_default();
    let prefix = format!("arn:aws:bedrock:{REGION}:{NUMBER}:agent-alias/");
    let Some((other, alias)) = arn.strip_prefix(&prefix).and_then(|rest| rest.split_once('/'))
    else {
        return invalid("Value at 'agentDescriptor.aliasArn' failed to satisfy constraint");
    };
    if Some(other) == given(request, "agentId") {
        return invalid("An agent cannot be its own collaborator");
    }
    match account.record("agent-alias", &format!("{other}|{alias}")) {
        None => missing(format!("Could not retrieve resource: alias {arn} not found")),
        Some(found) if text(found, "agentAliasStatus") != "PREPARED" => {
            conflict(format!("The alias {arn} is not in PREPARED state"))
        }
        Some(_) => Ok(()),
    }
}

/// "To be a supervisor" comes first, then its collaborators, each with a name of its own.
fn collaborate(account: &mut Account, request: &Json) -> Answer {
    let supervisor = agent(account, request)?;
    if text(supervisor, "agentCollaboration") == "DISABLED" {
        return invalid("The AgentCollaboration attribute of the agent is DISABLED");
    }
    check_alias(account, request)?;
    let name = needed(request, "collaboratorName")?;
    let others = of_agent(account, &COLLABORATORS, text(supervisor, "agentId"));
    if others.iter().any(|it| text(it, "collaboratorName") == name) {
        return conflict(format!("A collaborator with the name {name} already exists"));
    }
    let id = account.short_id('C');
    insert(account, &COLLABORATORS, &id, request)
}

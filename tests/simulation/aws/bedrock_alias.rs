//! Bedrock: aliases of agents, and the versions that they make.
//! Sources: the pages of `CreateAgentAlias` to `UpdateAgentAlias` in the Amazon Bedrock API
//! Reference; "Deploy and use an Amazon Bedrock agent in your application", which says that a
//! version is made with an alias and by nothing else.

use serde_json::{Value as Json, json};

use super::account::{
    Account, Answer, Effect, NUMBER, REGION, Record, Refusal, SECOND, date, given, list, needed,
    record, text,
};
use super::bedrock::{
    accepted, agent, become_later, check_at_rest, conflict, invalid, listed, missing, once, summary,
};
use super::bedrock_parts;

pub fn answer(account: &mut Account, operation: &str, request: &Json) -> Answer {
    match operation {
        "CreateAgentAlias" => once(account, request, create),
        "GetAgentAlias" => Ok(json!({"agentAlias": alias(account, request)?})),
        "ListAgentAliases" => {
            let id = text(agent(account, request)?, "agentId");
            let keys = [
                "agentAliasId",
                "agentAliasName",
                "agentAliasStatus",
                "aliasInvocationState",
                "createdAt",
                "description",
                "routingConfiguration",
                "updatedAt",
            ];
            let found = account.records("agent-alias").filter(|(_, it)| text(it, "agentId") == id);
            listed(
                found.map(|(_, it)| summary(it, &keys)).collect(),
                request,
                "agentAliasSummaries",
            )
        }
        "ListAgentVersions" => list_versions(account, request),
        "UpdateAgentAlias" => update(account, request),
        "DeleteAgentAlias" => delete(account, request),
        _ => missing(format!("{operation} of Bedrock is not simulated")),
    }
}

const TEST: &str = "TSTALIASID";

/// "The test alias `TSTALIASID`" routes to the draft, and comes and goes with its agent.
pub fn make_test_alias(account: &mut Account, agent: &str) {
    let made = make(account, agent, TEST, &json!({"agentAliasName": "AgentTestAlias"}));
    let key = format!("{agent}|{TEST}");
    account.table("agent-alias").insert(key.clone(), made);
    account.set("agent-alias", &key, "routingConfiguration", json!([{"agentVersion": "DRAFT"}]));
    account.set("agent-alias", &key, "agentAliasStatus", "PREPARED".into());
    account.set("agent-alias", &key, "_default", true.into());
}

fn make(account: &Account, agent: &str, id: &str, request: &Json) -> Record {
    let arn = format!("arn:aws:bedrock:{REGION}:{NUMBER}:agent-alias/{agent}/{id}");
    let mut made = record(json!({
        "agentId": agent, "agentAliasId": id, "agentAliasName": request["agentAliasName"],
        "agentAliasArn": arn, "agentAliasStatus": "CREATING", "routingConfiguration": [],
        "agentAliasHistoryEvents": [], "aliasInvocationState": "ACCEPT_INVOCATIONS",
        "createdAt": date(account.now), "updatedAt": date(account.now),
        "_tags": request.get("tags").cloned().unwrap_or(json!({})),
    }));
    for key in ["description", "clientToken"] {
        if let Some(value) = request.get(key).filter(|value| !value.is_null()) {
            made.insert(key.to_owned(), value.clone());
        }
    }
    made
}

/// The aliases that somebody made.
pub fn has_aliases(account: &Account, agent: &str) -> bool {
    let mut all = account.records("agent-alias");
    all.any(|(_, it)| text(it, "agentId") == agent && !it.contains_key("_default"))
}

pub fn alias<'a>(account: &'a Account, request: &Json) -> Result<&'a Record, Refusal> {
    let agent = text(agent(account, request)?, "agentId");
    let id = needed(request, "agentAliasId")?;
    let found = account.record("agent-alias", &format!("{agent}|{id}"));
    found.map_or_else(|| missing(format!("Could not retrieve resource: alias {id} not found")), Ok)
}

fn create(account: &mut Account, request: &Json) -> Answer {
    let live = agent(account, request)?;
    check_at_rest(live, "CreateAgentAlias")?;
    let id = text(live, "agentId").to_owned();
    let name = needed(request, "agentAliasName")?;
    let is_taken = account
        .records("agent-alias")
        .any(|(_, it)| text(it, "agentId") == id && text(it, "agentAliasName") == name);
    if is_taken {
        return conflict(format!("An alias with the name {name} already exists for agent {id}"));
    }
    let version = version(account, &id, request)?;
    let own = account.short_id('L');
    let made = make(account, &id, &own, request);
    account.table("agent-alias").insert(format!("{id}|{own}"), made.clone());
    lead_to(account, &id, &own, &version);
    accepted(json!({"agentAlias": made}))
}

/// The draft is one of them.
fn list_versions(account: &Account, request: &Json) -> Answer {
    let agent = agent(account, request)?;
    let told = |version: &str| {
        json!({
            "agentName": agent["agentName"], "agentStatus": agent["agentStatus"],
            "agentVersion": version, "createdAt": agent["createdAt"], "updatedAt": agent["updatedAt"],
        })
    };
    let made = account.records("agent-version");
    let made = made.filter(|(_, it)| text(it, "agentId") == text(agent, "agentId"));
    let all = made.map(|(_, it)| told(text(it, "agentVersion")));
    listed([told("DRAFT")].into_iter().chain(all).collect(), request, "agentVersionSummaries")
}

/// The version a request asks for; where it asks for none, a new one of the draft, which has to be
/// prepared for that. An alias of one's own cannot route to the draft: terraform-provider-awscc pull
/// request 1657.
fn version(account: &mut Account, agent_id: &str, request: &Json) -> Result<String, Refusal> {
    let wanted =
        list(request, "routingConfiguration").iter().find_map(|it| given(it, "agentVersion"));
    if let Some(wanted) = wanted {
        return match account.record("agent-version", &format!("{agent_id}|{wanted}")) {
            _ if wanted == "DRAFT" => invalid(
                "Agent version DRAFT cannot be used in the routing configuration of an alias",
            ),
            None => missing(format!(
                "Could not retrieve resource: version {wanted} of agent {agent_id} not found"
            )),
            Some(_) => Ok(wanted.to_owned()),
        };
    }
    let live = account.record("agent", agent_id).expect("it was just there");
    if text(live, "agentStatus") != "PREPARED" {
        return invalid(format!(
            "Create version operation can't be performed on Agent when it is in {} state. Prepare the agent first.",
            text(live, "agentStatus")
        ));
    }
    let latest = live.get("_latest").and_then(Json::as_u64).unwrap_or(0) + 1;
    let content = bedrock_parts::content(account, agent_id);
    let made = record(
        json!({"agentId": agent_id, "agentVersion": latest.to_string(), "_content": content}),
    );
    account.table("agent-version").insert(format!("{agent_id}|{latest}"), made);
    account.set("agent", agent_id, "_latest", latest.into());
    account.set("agent", agent_id, "agentStatus", "VERSIONING".into());
    become_later(account, agent_id, "PREPARED", (SECOND, 8 * SECOND));
    Ok(latest.to_string())
}

/// After a while the alias routes there.
fn lead_to(account: &mut Account, agent: &str, alias: &str, version: &str) {
    let (table, id) = ("agent-alias", format!("{agent}|{alias}"));
    let serves = account.record("agent-version", &format!("{agent}|{version}"));
    let serves = serves.map(|it| it["_content"].clone()).unwrap_or_default();
    let after = account.some_time(SECOND, 10 * SECOND);
    let routes = json!([{"agentVersion": version}]);
    let becomes = [
        ("_serves", serves),
        ("routingConfiguration", routes),
        ("agentAliasStatus", json!("PREPARED")),
    ];
    for (key, value) in becomes {
        account.later(after, Effect::Set { table, id: id.clone(), key, value });
    }
}

fn state_at_work(alias: &Record) -> Option<String> {
    match text(alias, "agentAliasStatus") {
        state @ ("CREATING" | "UPDATING" | "DELETING") => {
            Some(format!("The operation can't be performed on an alias in {state} state"))
        }
        _ => None,
    }
}

/// Without a routing it makes a version of the draft, whatever else it changes.
fn update(account: &mut Account, request: &Json) -> Answer {
    let agent_id = {
        let live = agent(account, request)?;
        check_at_rest(live, "UpdateAgentAlias")?;
        text(live, "agentId").to_owned()
    };
    let mut changed = alias(account, request)?.clone();
    if let Some(message) = state_at_work(&changed) {
        return conflict(message);
    }
    if changed.contains_key("_default") {
        return invalid("The test alias cannot be updated");
    }
    let version = version(account, &agent_id, request)?;
    let mut events = changed["agentAliasHistoryEvents"].as_array().cloned().unwrap_or_default();
    events.insert(
        0,
        json!({
            "routingConfiguration": changed["routingConfiguration"],
            "startDate": changed["updatedAt"], "endDate": date(account.now),
        }),
    );
    events.truncate(10);
    changed.insert("agentAliasHistoryEvents".to_owned(), Json::Array(events));
    changed.insert("agentAliasName".to_owned(), needed(request, "agentAliasName")?.into());
    match request.get("description").filter(|value| !value.is_null()) {
        Some(value) => changed.insert("description".to_owned(), value.clone()),
        None => changed.remove("description"),
    };
    changed.insert("agentAliasStatus".to_owned(), "UPDATING".into());
    changed.insert("updatedAt".to_owned(), date(account.now).into());
    let own = text(&changed, "agentAliasId").to_owned();
    account.table("agent-alias").insert(format!("{agent_id}|{own}"), changed.clone());
    lead_to(account, &agent_id, &own, &version);
    accepted(json!({"agentAlias": changed}))
}

/// Gone after a while. An agent that it is a collaborator of holds it. The operation has no conflicts
/// among its errors.
fn delete(account: &mut Account, request: &Json) -> Answer {
    let live = alias(account, request)?;
    if let Some(message) = state_at_work(live) {
        return invalid(message);
    }
    if live.contains_key("_default") {
        return invalid("The test alias cannot be deleted");
    }
    let arn = text(live, "agentAliasArn");
    let mut others = account.records("collaborator");
    if others.any(|(_, it)| it["agentDescriptor"]["aliasArn"] == arn) {
        return invalid(format!("The alias {arn} is in use by an agent that it collaborates with"));
    }
    drop(others);
    let (agent, own) = (text(live, "agentId").to_owned(), text(live, "agentAliasId").to_owned());
    let id = format!("{agent}|{own}");
    account.set("agent-alias", &id, "agentAliasStatus", "DELETING".into());
    let gone = account.some_time(SECOND, 5 * SECOND);
    account.later(gone, Effect::Remove { table: "agent-alias", id });
    accepted(json!({"agentId": agent, "agentAliasId": own, "agentAliasStatus": "DELETING"}))
}

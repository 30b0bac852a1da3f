//! What must be true when a command has ended well.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use std::sync::{Arc, LazyLock};

use cairn::plan::{Operation, Plan};
use cairn::state::State;
use cairn::value::PhysicalId;
use regex::Regex;
use serde_json::Value as Json;

use super::aws::account::{Account, Record, text};
use super::aws::ec2_tags;
use super::aws::wire::Call;
use super::scenario;

/// What an account holds, without what differs from one deploy to the next.
pub type Fingerprint = BTreeSet<String>;

/// Which table of the account a type's resources are in.
const TABLES: &[(&str, &str)] = &[
    ("AWS::EC2::VPC", "vpc"),
    ("AWS::EC2::Subnet", "subnet"),
    ("AWS::EC2::RouteTable", "route-table"),
    ("AWS::EC2::SubnetRouteTableAssociation", "association"),
    ("AWS::EC2::SecurityGroup", "group"),
    ("AWS::EC2::SecurityGroupIngress", "rule"),
    ("AWS::EC2::SecurityGroupEgress", "rule"),
    ("AWS::EC2::VPCEndpoint", "endpoint"),
    ("AWS::IAM::Role", "role"),
    ("AWS::Logs::LogGroup", "log-group"),
    ("AWS::Lambda::Function", "function"),
    ("AWS::Lambda::Permission", "permission"),
    ("AWS::EC2::Route", "route"),
    ("AWS::IAM::ManagedPolicy", "policy"),
    ("AWS::ApiGateway::RestApi", "rest-api"),
    ("AWS::ApiGateway::Resource", "api-resource"),
    ("AWS::ApiGateway::Method", "api-method"),
    ("AWS::ApiGateway::Deployment", "api-deployment"),
    ("AWS::ApiGateway::Stage", "api-stage"),
    ("AWS::ApiGateway::ApiKey", "api-key"),
    ("AWS::ApiGateway::UsagePlan", "usage-plan"),
    ("AWS::ApiGateway::UsagePlanKey", "usage-plan-key"),
    ("AWS::Bedrock::Agent", "agent"),
    ("AWS::Bedrock::AgentAlias", "agent-alias"),
];

/// Whether somebody made it, and it is not on its way out.
fn is_ours(record: &Record) -> bool {
    record.get("_default").is_none() && !matches!(text(record, "state"), "deleting" | "deleted")
}

/// The state and the account name the same resources, and the state is at rest.
pub fn owns_all(state: &State, account: &Account) -> Result<(), String> {
    let violations = state.violations();
    if !violations.is_empty() {
        return Err(format!("the state is unsound: {violations:?}"));
    }
    let mut owned: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (id, entry) in &state.resources {
        if entry.intent.is_some() || !entry.deposed.is_empty() {
            return Err(format!("`{id}` is not at rest: {entry:?}"));
        }
        let Some(current) = &entry.current else { continue };
        let table = TABLES.iter().find(|(kind, _)| *kind == current.type_name.as_str());
        if let (Some((_, table)), Some(physical)) = (table, &current.physical_id) {
            owned.entry(table).or_default().insert(physical.as_str().to_owned());
        }
    }
    for (_, table) in TABLES {
        let live: BTreeSet<String> = account
            .records(table)
            .filter(|(_, record)| is_ours(record) && is_of_its_own(table, record))
            .map(|(id, record)| match *table {
                // A statement's own id: that of its function is the function's.
                "permission" => text(record, "_sid").to_owned(),
                _ => id.clone(),
            })
            .collect();
        let owned = owned.get(table).cloned().unwrap_or_default();
        // A rule that somebody took away and Cairn made again has another id than in the state.
        if *table == "rule" && live.len() == owned.len() {
            continue;
        }
        if live != owned {
            let orphans: Vec<_> = live.difference(&owned).collect();
            let lost: Vec<_> = owned.difference(&live).collect();
            return Err(format!("{table}: orphans {orphans:?}, lost {lost:?}"));
        }
    }
    Ok(())
}

/// Whether it is a resource: rules may be a group's, and stages a deployment's.
fn is_of_its_own(table: &str, record: &Record) -> bool {
    match table {
        "rule" => is_marked(record),
        "api-stage" => !record.contains_key("_with_deployment"),
        _ => true,
    }
}

fn is_marked(record: &Record) -> bool {
    record.get("tagSet").is_some_and(|tags| tags.to_string().contains("cairn:token"))
}

/// After a teardown: nothing, but what AWS itself takes its time with.
pub fn nothing_left(account: &Account) -> Result<(), String> {
    for (_, table) in TABLES {
        let left: Vec<_> = account
            .records(table)
            .filter(|(_, record)| is_ours(record))
            .map(|(id, _)| id)
            .collect();
        if !left.is_empty() {
            return Err(format!("after a teardown there is a {table} left: {left:?}"));
        }
    }
    Ok(())
}

/// No file of the state holds the secret.
pub fn no_secret(folder: &Path) -> Result<(), String> {
    for entry in fs::read_dir(folder).expect("the folder of the state").flatten() {
        let content = fs::read(entry.path()).unwrap_or_default();
        tells_no_secret(&entry.path().display().to_string(), &String::from_utf8_lossy(&content))?;
    }
    Ok(())
}

pub fn tells_no_secret(place: &str, text: &str) -> Result<(), String> {
    match text.contains(scenario::SECRET) {
        true => Err(format!("the secret stands in {place}: {text}")),
        false => Ok(()),
    }
}

/// What a plan lets a run change.
#[derive(Debug)]
pub struct Work {
    /// The resources that a step is about, with their types.
    steps: BTreeMap<String, String>,
    /// Which resource a physical id is, as the state knew it.
    owners: BTreeMap<String, String>,
}

impl Work {
    pub fn of(plan: &Plan, state: &State) -> Self {
        let has_work = |operation: &Operation| *operation != Operation::Nothing;
        let steps = plan.steps.iter().filter(|step| has_work(&step.operation));
        let steps = steps.flat_map(|step| {
            let ids = [Some(&step.logical_id), step.moved_from.as_ref()].into_iter().flatten();
            ids.map(|id| (id.as_str().to_owned(), step.type_name.as_str().to_owned()))
        });
        let mut owners = BTreeMap::new();
        for (id, entry) in &state.resources {
            for physical in entry.instances().filter_map(|it| it.physical_id.as_ref()) {
                owners.insert(physical.as_str().to_owned(), id.as_str().to_owned());
            }
        }
        Self { steps: steps.collect(), owners }
    }
}

/// Calls that change the record of one resource on behalf of another, of this type.
const ON_BEHALF: &[(&str, &str)] = &[
    ("RolePolicy", "AWS::IAM::Policy"),
    ("RolePolicy", "AWS::IAM::ManagedPolicy"),
    ("Route", "AWS::EC2::Route"),
    ("Permission", "AWS::Lambda::Permission"),
    ("UsagePlan", "AWS::ApiGateway::UsagePlan"),
    ("Agent", "AWS::Bedrock::AgentAlias"),
];

/// Each changing call is part of a step of the plan: nothing else of ours is another than before.
pub fn within_plan(
    call: &Call,
    before: &Account,
    after: &Account,
    work: Option<&Work>,
) -> Result<(), String> {
    let Some(work) = work else {
        return Err(format!("{} before there was a plan", call.action()));
    };
    for (_, table) in TABLES {
        let (Some(now), then) = (after.tables.get(table), before.tables.get(table)) else {
            continue;
        };
        if then.is_some_and(|then| Arc::ptr_eq(now, then)) {
            continue;
        }
        let then = |id: &String| then.and_then(|then| then.get(id));
        let gone = before.records(table).filter(|(id, _)| !now.contains_key(*id));
        let changed = now.iter().filter(|(id, record)| then(id) != Some(*record));
        for (id, record) in changed.chain(gone).filter(|(_, record)| is_ours(record)) {
            let named = ec2_tags::tag(record, "cairn:logical-id").map(str::to_owned);
            let Some(owner) = named.or_else(|| work.owners.get(id).cloned()) else { continue };
            let is_its = work.steps.contains_key(&owner)
                || ON_BEHALF.iter().any(|(verb, kind)| {
                    call.operation.contains(verb) && work.steps.values().any(|it| it == kind)
                });
            if !is_its {
                return Err(format!(
                    "{} changes `{owner}`, of which the plan says nothing",
                    call.action()
                ));
            }
        }
    }
    Ok(())
}

/// Ids, and names that Cairn has made.
static OTHERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[a-z]+(-[a-z]+)?-0[0-9a-f]{16}|A[A-Z]{3}[0-9A-F]{17}|\b[a-zA-Z]0[0-9a-fA-F]{8}\b")
        .expect("a pattern")
});
/// At the end of a deployment's description.
static MARK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\(cairn [0-9a-f-]{13}(?: for [\w-]+)?\)").expect("a pattern"));
/// With the logical id that it had when it was made.
static GENERATED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("simulated-[A-Za-z0-9]+-[0-9a-z]{12}").expect("a pattern"));

/// Every record that is told, with logical ids in the place of physical ones.
pub fn fingerprint(state: &State, account: &Account) -> Fingerprint {
    let mut names: Vec<(String, String)> = Vec::new();
    for (id, entry) in &state.resources {
        if let Some(physical) = entry.current.as_ref().and_then(|it| it.physical_id.as_ref()) {
            // Of a composite id, what is the resource's own.
            let kind = entry.current.as_ref().map(|it| it.type_name.as_str());
            let own = match kind {
                Some("AWS::EC2::Route") => continue,
                _ => physical.as_str().rsplit('|').next().unwrap_or_default(),
            };
            if kind != Some("AWS::ApiGateway::Method") && kind != Some("AWS::ApiGateway::Stage") {
                names.push((own.to_owned(), format!("<{id}>")));
            }
        }
    }
    let prepared = prepared_by_itself(state);
    // A name that begins with another comes first.
    names.sort_by_key(|(physical, _)| std::cmp::Reverse(physical.len()));
    let mut seen = Fingerprint::new();
    for (table, records) in &account.tables {
        // Interfaces come and go by themselves, and versions stay when nothing leads to them.
        if ["interface", "agent-version"].contains(table) {
            continue;
        }
        for (id, record) in records.iter().filter(|(_, record)| is_ours(record)) {
            let mut record = record.clone();
            if *table == "agent" && !prepared.contains(id.as_str()) {
                record.remove("agentStatus");
            }
            let mut text = Json::Object(record).to_string();
            for (physical, name) in &names {
                text = text.replace(physical, name);
            }
            let text = GENERATED.replace_all(&text, "simulated-*");
            let text = MARK.replace_all(&text, "(cairn *)");
            let text = OTHERS.replace_all(&text, "*");
            let told: Json = serde_json::from_str(&text).expect("names are text in text");
            seen.insert(format!("{table} {}", plain(&told)));
        }
    }
    seen
}

/// The agents that are to be prepared whenever they change. Whether another is, is a matter of what was
/// done to it before; what its aliases serve is told by them.
fn prepared_by_itself(state: &State) -> BTreeSet<&str> {
    let current = state.resources.values().filter_map(|entry| entry.current.as_ref());
    let prepared = current.filter(|it| {
        it.type_name.as_str() == "AWS::Bedrock::Agent" && it.properties["AutoPrepare"] == true
    });
    prepared.filter_map(|it| it.physical_id.as_ref()).map(PhysicalId::as_str).collect()
}

/// In one spelling: sorted, without what is empty, a matter of time or of chance.
fn plain(json: &Json) -> Json {
    const PASSING: &[&str] = &[
        "_made",
        "since",
        "_since",
        "networkInterfaceIdSet",
        "dnsEntrySet",
        "_default",
        // Times, tokens, and numbers of versions.
        "clientToken",
        "createdAt",
        "updatedAt",
        "preparedAt",
        "createdDate",
        "lastUpdatedDate",
        "lastUpdatedAt",
        "CreateDate",
        "UpdateDate",
        "_next",
        "_latest",
        "latestAgentVersion",
        "agentVersion",
        "agentAliasHistoryEvents",
        "_versions",
        "DefaultVersionId",
    ];
    match json {
        Json::Object(map) => {
            let mut entries: Vec<_> = map
                .iter()
                .filter(|(key, _)| !PASSING.contains(&key.as_str()) && *key != "cairn:token")
                .map(|(key, value)| (key.clone(), plain(value)))
                .filter(|(_, value)| !is_nothing(value))
                .collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(items) => {
            let is_token = |item: &Json| {
                ["key", "Key"].iter().any(|key| item.get(key).is_some_and(|it| it == "cairn:token"))
            };
            let mut items: Vec<Json> =
                items.iter().filter(|item| !is_token(item)).map(plain).collect();
            items.sort_by_key(Json::to_string);
            Json::Array(items)
        }
        Json::Number(number) => Json::String(number.to_string()),
        other => other.clone(),
    }
}

/// What AWS tells of what was never set, or leaves out.
fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

/// What is there against what a calm deploy to an empty account would have made.
pub fn same(found: &Fingerprint, fresh: &Fingerprint) -> Result<(), String> {
    if found == fresh {
        return Ok(());
    }
    let more: Vec<_> = found.difference(fresh).cloned().collect();
    let less: Vec<_> = fresh.difference(found).cloned().collect();
    Err(format!(
        "not as a fresh deploy: there is\n{}\ninstead of\n{}",
        more.join("\n"),
        less.join("\n")
    ))
}

//! Who may do what: policies, and what else grants, compared by meaning.
//!
//! A statement is covered when one single statement on the other side says at least as much. What
//! is spread over several there counts as new: rather one line too many than one too few.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::exposure::is_public_api;
use super::{Risk, Subject, UNKNOWN, at, quoted, text_at, texts};
use crate::plan::policy;

pub fn of(subject: &Subject<'_>) -> Vec<Risk> {
    match subject.type_name {
        "AWS::IAM::Role" => of_role(subject),
        "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" => {
            let mut risks = of_documents(subject, "it", |json| inline(json, "PolicyDocument"));
            risks.extend(attachments(subject));
            risks
        }
        "AWS::EC2::VPCEndpoint" => {
            of_documents(subject, "through the endpoint everybody", |json| {
                // Without a policy an endpoint lets everything through.
                let whole = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
                "Principal": "*"}});
                match inline(json, "PolicyDocument") {
                    none if none.is_empty() && json.is_object() => vec![whole],
                    some => some,
                }
            })
        }
        "AWS::ApiGateway::RestApi" => of_documents(subject, "everybody", |json| {
            // Without a policy everybody reaches a public API, and nobody a private one.
            let whole = json!({"Statement": {"Effect": "Allow", "Action": "execute-api:Invoke",
                "Resource": "*", "Principal": "*"}});
            // That it gets public is told on its own.
            let gets_public = is_public_api(&subject.after) && !is_public_api(&subject.before);
            match inline(json, "Policy") {
                none if none.is_empty() && is_public_api(json) && !gets_public => vec![whole],
                some => some,
            }
        }),
        "AWS::Lambda::Permission" => {
            of_documents(subject, "everybody", |json| permission(json).into_iter().collect())
        }
        _ => Vec::new(),
    }
}

fn inline(json: &Json, property: &str) -> Vec<Json> {
    at(json, property).map(policy::parsed).into_iter().collect()
}

fn of_role(subject: &Subject<'_>) -> Vec<Risk> {
    let mut risks =
        of_documents(subject, "everybody", |json| inline(json, "AssumeRolePolicyDocument"));
    risks.extend(of_documents(subject, "it", |json| match at(json, "Policies") {
        Some(Json::Array(items)) => items
            .iter()
            .map(|item| at(item, "PolicyDocument").map_or_else(|| item.clone(), policy::parsed))
            .collect(),
        other => other.cloned().into_iter().collect(),
    }));
    let (new, gone) = subject.moved("ManagedPolicyArns");
    for arn in &new {
        let what = format!("also has all that the managed policy {} allows", quoted(arn));
        risks.push(subject.broadening(what, None, format!("has {}", quoted(arn))));
    }
    // A policy of AWS that denies says so in its name; what one's own denied is not known.
    let may_deny = |arn: &&String| {
        !arn.contains(":iam::aws:policy/") || arn.contains("Deny") || arn.contains("Quarantine")
    };
    for arn in gone.iter().filter(may_deny).filter(|_| !subject.after.is_null()) {
        let what =
            format!("loses the managed policy {}: what that denied is not known", quoted(arn));
        let mut risk =
            subject.broadening(what, Some(format!("has {}", quoted(arn))), String::new());
        (risk.known, risk.after) = (false, None);
        risks.push(risk);
    }
    risks.extend(boundary(subject));
    risks
}

/// A boundary is the most that a role may do, whatever its policies allow.
fn boundary(subject: &Subject<'_>) -> Option<Risk> {
    const BOUNDARY: &str = "PermissionsBoundary";
    let before = text_at(&subject.before, BOUNDARY)?;
    let after = text_at(&subject.after, BOUNDARY);
    if after.as_ref() == Some(&before) || subject.after.is_null() {
        return None;
    }
    let was = Some(format!("at most what {} allows", quoted(&before)));
    Some(match after {
        None => {
            subject.broadening("has no permissions boundary any more", was, "no boundary".into())
        }
        Some(after) => {
            let what = "has another permissions boundary: which is wider is not known";
            let mut risk =
                subject.broadening(what, was, format!("at most what {} allows", quoted(&after)));
            risk.known = false;
            risk
        }
    })
}

/// To whom else a policy that was there applies now.
fn attachments(subject: &Subject<'_>) -> Vec<Risk> {
    if subject.before.is_null() || subject.after.is_null() {
        return Vec::new();
    }
    let kinds = [("Roles", "role"), ("Users", "user"), ("Groups", "group")];
    kinds
        .iter()
        .flat_map(|(property, kind)| {
            let (new, _) = subject.moved(property);
            new.into_iter().map(move |name| {
                let told = format!("applies to the {kind} {}", quoted(&name));
                subject.broadening(format!("{told} too"), None, told)
            })
        })
        .collect()
}

/// A permission as the statement that it becomes in the function's policy.
fn permission(json: &Json) -> Option<Json> {
    let principal = text_at(json, "Principal")?;
    let principal = match principal.strip_suffix(".amazonaws.com") {
        Some(_) => json!({"Service": principal}),
        None => json!({"AWS": principal}),
    };
    let conditions = [
        ("ArnLike", "SourceArn", "aws:SourceArn"),
        ("StringEquals", "SourceAccount", "aws:SourceAccount"),
        ("StringEquals", "PrincipalOrgID", "aws:PrincipalOrgID"),
        ("StringEquals", "FunctionUrlAuthType", "lambda:FunctionUrlAuthType"),
        ("StringEquals", "EventSourceToken", "lambda:EventSourceToken"),
        ("Bool", "InvokedViaFunctionUrl", "lambda:InvokedViaFunctionUrl"),
    ];
    let mut condition = Map::new();
    for (operator, property, key) in conditions {
        if let Some(value) = text_at(json, property) {
            let keys = condition.entry(operator).or_insert_with(|| json!({}));
            keys[key] = Json::String(value);
        }
    }
    Some(json!({"Statement": {
        "Effect": "Allow",
        "Principal": principal,
        "Action": text_at(json, "Action")?,
        "Resource": text_at(json, "FunctionName")?,
        "Condition": condition,
    }}))
}

/// What is allowed now and was not, and what was denied and is not any more.
fn of_documents(
    subject: &Subject<'_>,
    who: &str,
    documents: impl Fn(&Json) -> Vec<Json>,
) -> Vec<Risk> {
    let (before, after) = (documents(&subject.before), documents(&subject.after));
    let mut risks: Vec<Risk> = after
        .iter()
        .filter(|document| !before.contains(document) && unreadable(document))
        .map(|document| {
            let shown = document.as_str().unwrap_or("a policy that cannot be read");
            let mut risk = subject.broadening(
                "has a policy that cannot be judged before apply",
                None,
                super::text(&Json::from(shown)),
            );
            risk.known = false;
            risk
        })
        .collect();
    let statements = |documents: &[Json]| -> Vec<Statement> {
        documents.iter().flat_map(Statement::all).collect()
    };
    let (before, after) = (statements(&before), statements(&after));
    let of = |statements: &[Statement], effect: &str| -> Vec<Statement> {
        statements.iter().filter(|one| one.effect == effect).cloned().collect()
    };
    let (allowed, allows) = (of(&before, "allow"), of(&after, "allow"));
    for new in allows.iter().filter_map(|one| one.beyond(&allowed)) {
        let was = allowed.iter().find(|old| old.is_like(&new)).map(|old| old.told(who, "may"));
        let told = new.told(who, "may");
        risks.push(subject.broadening(told.clone(), was.filter(|was| *was != told), told));
    }
    let (denied, denies) = (of(&before, "deny"), of(&after, "deny"));
    for gone in denied.iter().filter_map(|one| one.beyond(&denies)) {
        let now = denies.iter().find(|new| new.is_like(&gone)).map(|new| new.told(who, "must not"));
        let was = gone.told(who, "must not");
        let now = now.filter(|now| *now != was).unwrap_or_else(|| "not denied".to_owned());
        risks.push(subject.broadening(format!("no longer: {was}"), Some(was), now));
    }
    risks
}

/// A document that is a placeholder, a reference, or anything but a policy.
fn unreadable(document: &Json) -> bool {
    document.get("Statement").is_none()
}

/// The names of one part of a statement, or all but them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Only(BTreeSet<String>),
    AllBut(BTreeSet<String>),
}

#[derive(Debug, Clone)]
struct Statement {
    effect: String,
    principals: Part,
    actions: Part,
    resources: Part,
    /// Operator and key, with the values.
    conditions: BTreeMap<(String, String), BTreeSet<String>>,
    /// How what is compared in lower case was written: actions, and keys and operators of
    /// conditions.
    spelled: BTreeMap<String, String>,
}

impl Statement {
    fn all(document: &Json) -> Vec<Self> {
        let version = document.get("Version").map(super::text).unwrap_or_default();
        let statements = document.get("Statement").map(policy::as_items).unwrap_or_default();
        statements.iter().map(|statement| Self::of(statement, &version)).collect()
    }

    fn of(statement: &Json, version: &str) -> Self {
        let canonical = policy::canonical(&json!({"Statement": statement}));
        let canonical = &canonical["Statement"][0];
        let mut conditions = BTreeMap::new();
        for (operator, keys) in canonical["Condition"].as_object().into_iter().flatten() {
            for (key, values) in keys.as_object().into_iter().flatten() {
                let values = texts(Some(values)).into_iter().collect();
                conditions.insert((operator.clone(), key.clone()), values);
            }
        }
        // Only newer policies have variables.
        if statement.to_string().contains("${") {
            let version = BTreeSet::from([version.to_owned()]);
            conditions.insert(("version".to_owned(), String::new()), version);
        }
        let written = [statement.get("Action"), statement.get("NotAction")];
        let mut spelled: Vec<String> =
            written.into_iter().flatten().flat_map(|actions| texts(Some(actions))).collect();
        for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
            spelled.push(operator.clone());
            spelled.extend(keys.as_object().into_iter().flatten().map(|(key, _)| key.clone()));
        }
        Self {
            effect: text_at(canonical, "Effect").unwrap_or_default(),
            principals: Part::of(canonical, "Principal", "NotPrincipal"),
            actions: Part::of(canonical, "Action", "NotAction"),
            resources: Part::of(canonical, "Resource", "NotResource"),
            conditions,
            spelled: spelled.into_iter().map(|action| (action.to_lowercase(), action)).collect(),
        }
    }

    /// What of this no single one of others says; nothing when all of it is said.
    fn beyond(&self, others: &[Self]) -> Option<Self> {
        let others: Vec<&Self> = others.iter().filter(|other| other.applies_with(self)).collect();
        let mut parts: [BTreeSet<Part>; 3] = Default::default();
        for principal in self.principals.each() {
            for action in self.actions.each() {
                for resource in self.resources.each() {
                    let is_said = others.iter().any(|other| {
                        other.principals.covers(&principal)
                            && other.actions.covers(&action)
                            && other.resources.covers(&resource)
                    });
                    if !is_said {
                        let found = [principal.clone(), action.clone(), resource.clone()];
                        for (all, one) in parts.iter_mut().zip(found) {
                            all.insert(one);
                        }
                    }
                }
            }
        }
        let [principals, actions, resources] = parts;
        (!actions.is_empty()).then(|| Self {
            principals: Part::joined(principals),
            actions: Part::joined(actions),
            resources: Part::joined(resources),
            ..self.clone()
        })
    }

    /// Whether this applies wherever another does: it asks for no more.
    fn applies_with(&self, other: &Self) -> bool {
        self.conditions.iter().all(|((operator, key), own)| {
            let Some(theirs) = other.conditions.get(&(operator.clone(), key.clone())) else {
                return false;
            };
            let operator = operator.rsplit_once(':').map_or(operator.as_str(), |(_, last)| last);
            match operator.trim_end_matches("ifexists") {
                "stringequals"
                | "stringequalsignorecase"
                | "stringlike"
                | "arnequals"
                | "arnlike"
                | "ipaddress"
                | "numericequals"
                | "dateequals" => theirs.is_subset(own),
                "stringnotequals" | "stringnotlike" | "arnnotequals" | "arnnotlike"
                | "notipaddress" => own.is_subset(theirs),
                _ => own == theirs,
            }
        })
    }

    /// Whether this is about some of the same, for showing one beside the other.
    fn is_like(&self, other: &Self) -> bool {
        self.actions.each().iter().any(|action| other.actions.covers(action))
            || other.actions.each().iter().any(|action| self.actions.covers(action))
    }

    fn told(&self, who: &str, may: &str) -> String {
        let principals = match &self.principals {
            Part::Only(names) if names.is_empty() => who.to_owned(),
            part => part.told(&|name| match name.split_once(':') {
                Some(("AWS", "*")) => who.to_owned(),
                Some((_, name)) => quoted(name),
                None => quoted(name),
            }),
        };
        let spelled =
            |name: &str| self.spelled.get(name).map_or_else(|| name.to_owned(), String::clone);
        let actions = self.actions.told(&|action| quoted(&spelled(action)));
        let mut told = format!("{principals} {may} {actions}");
        if self.resources != Part::Only(BTreeSet::new()) {
            told.push_str(&format!(" on {}", self.resources.told(&quoted)));
        }
        let conditions: Vec<String> = self
            .conditions
            .iter()
            .filter(|((operator, _), _)| operator != "version")
            .map(|((operator, key), values)| {
                let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                format!("{} {} {}", spelled(key), spelled(operator), values.join(" or "))
            })
            .collect();
        if !conditions.is_empty() {
            told.push_str(&format!(", if {}", conditions.join(" and ")));
        }
        told
    }
}

impl Part {
    fn of(statement: &Json, only: &str, all_but: &str) -> Self {
        let names = |json: &Json| -> BTreeSet<String> {
            match json {
                Json::Object(kinds) => kinds
                    .iter()
                    .flat_map(|(kind, names)| {
                        texts(Some(names)).into_iter().map(move |name| format!("{kind}:{name}"))
                    })
                    .collect(),
                other => texts(Some(other)).into_iter().collect(),
            }
        };
        match (statement.get(only), statement.get(all_but)) {
            (_, Some(json)) => Self::AllBut(names(json)),
            (Some(json), None) => Self::Only(names(json)),
            (None, None) => Self::Only(BTreeSet::new()),
        }
    }

    /// One name each; all but some stay one, and so does what is not said at all.
    fn each(&self) -> Vec<Self> {
        match self {
            Self::Only(names) if !names.is_empty() => {
                names.iter().map(|name| Self::Only(BTreeSet::from([name.clone()]))).collect()
            }
            other => vec![other.clone()],
        }
    }

    fn joined(parts: BTreeSet<Self>) -> Self {
        let mut names = BTreeSet::new();
        for part in parts {
            match part {
                Self::Only(more) => names.extend(more),
                other @ Self::AllBut(_) => return other,
            }
        }
        Self::Only(names)
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Only(own), Self::Only(theirs)) => {
                own.is_empty() && theirs.is_empty()
                    || !theirs.is_empty() && theirs.iter().all(|name| covered(name, own))
            }
            (Self::Only(own), Self::AllBut(_)) => own.contains("*") || own.contains("AWS:*"),
            (Self::AllBut(own), Self::AllBut(theirs)) => {
                own.iter().all(|name| covered(name, theirs))
            }
            // What has wildcards, or is not known, may be one of those.
            (Self::AllBut(own), Self::Only(theirs)) => theirs.iter().all(|name| {
                !name.contains(['*', '?'])
                    && !name.contains(UNKNOWN)
                    && !own.iter().any(|pattern| pattern.contains(UNKNOWN))
                    && !covered(name, own)
            }),
        }
    }

    fn told(&self, name: &dyn Fn(&str) -> String) -> String {
        let told = |names: &BTreeSet<String>| {
            names.iter().map(|one| name(one)).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Only(names) => told(names),
            Self::AllBut(names) => format!("everything but {}", told(names)),
        }
    }
}

fn covered(name: &str, patterns: &BTreeSet<String>) -> bool {
    patterns.iter().any(|pattern| includes(pattern.as_bytes(), name.as_bytes()))
}

/// Whether a pattern matches all that another pattern does.
fn includes(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at_pattern, mut at_name) = (0, 0);
    let mut star = None;
    while at_name < name.len() {
        match pattern.get(at_pattern) {
            Some(b'*') => {
                star = Some((at_pattern, at_name));
                at_pattern += 1;
            }
            Some(b'?') if name[at_name] != b'*' => {
                (at_pattern, at_name) = (at_pattern + 1, at_name + 1);
            }
            Some(byte) if *byte == name[at_name] => {
                (at_pattern, at_name) = (at_pattern + 1, at_name + 1);
            }
            _ => match star {
                Some((back, from)) => {
                    (at_pattern, at_name) = (back + 1, from + 1);
                    star = Some((back, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[at_pattern..].iter().all(|byte| *byte == b'*')
}

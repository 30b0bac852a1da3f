//! A plan in a file: made now, read by others, and applied later exactly as it is, or refused.
//!
//! The file has the plan and, by digest, what it was made from. Neither the template nor a secret
//! is in it: both are read again from the project and have to be the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{Operation, OutputChange, Plan, Purpose, Risk, Step, StepId};
use crate::graph::Graph;
use crate::resource::{self, Rule};
use crate::sketch::Sketch;
use crate::state::State;
use crate::template::{Echo, Node, NodeKind, Template};
use crate::value::{Attributes, LogicalId, Token, digest};

/// The version of the file. Any other is refused: what a step means may have changed.
pub const FORMAT: u64 = 3;

/// The key that a plan file begins with; its value is the version.
const KEY: &str = "cairn_plan";

/// A plan, and all that has to be the same when it is applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    pub made_by: String,
    #[serde(with = "moment")]
    pub made_at: Timestamp,
    /// The stack file, from the project's root; for a stack of an app, its template.
    pub file: String,
    /// The directory of the app's assembly, from the project's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    pub environment: String,
    /// Those given on the command line that are no secrets.
    pub parameters: BTreeMap<String, String>,
    /// What it was made from besides the state; a teardown is made from that alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// For drawing it.
    pub sketch: Sketch,
    pub plan: Plan,
}

/// What a plan was made from besides the state and AWS, as digests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    pub template: String,
    pub parameters: BTreeMap<String, String>,
    pub tags: String,
    /// The zips that functions are made of.
    pub assets: BTreeMap<LogicalId, String>,
}

/// Why a saved plan is not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("this is not a plan file: {0}")]
    Unreadable(String),
    #[error(
        "the plan file has format {found}, and this Cairn ({}) knows {FORMAT} only",
        env!("CARGO_PKG_VERSION")
    )]
    Format { found: String },
    #[error("the plan file was changed after it was written: its digest does not fit its content")]
    Tampered,
    #[error("the plan was made at {made_at}, and a plan may be applied within {limit:#}")]
    Expired { made_at: Timestamp, limit: SignedDuration },
    #[error("the template is not the one the plan was made from")]
    Template,
    #[error("the configuration is not the one the plan was made with, in {}", listed(.0))]
    Configuration(Vec<String>),
    #[error("the code is not what the plan was made with, in {}", listed(.0))]
    Assets(Vec<String>),
    #[error(
        "the plan is for account {}, region {}; these credentials are for account {}, region {}",
        planned.0, planned.1, actual.0, actual.1
    )]
    Home { planned: (String, String), actual: (String, String) },
    #[error("the plan was made for another state of the stack `{stack}` (its lineage is another)")]
    Lineage { stack: String },
    #[error(
        "the state of the stack `{stack}` has changed since the plan was made (serial {planned}, now {actual})"
    )]
    Serial { stack: String, planned: u64, actual: u64 },
    #[error("the plan was made for a state of the stack `{stack}` that is not here")]
    NoState { stack: String },
    #[error("the plan tears the stack `{stack}` down")]
    Teardown { stack: String },
    #[error("the plan changes the stack `{stack}`, and does not tear it down")]
    NoTeardown { stack: String },
    #[error("AWS is not as it was when the plan was made: something else would be done now to {}", listed(.0))]
    Live(Vec<String>),
}

fn listed(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => quoted.join(", "),
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}

impl Refusal {
    /// What to do now.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "plan files are written by `cairn plan STACK --out FILE`",
            Self::Format { .. } => "use the version of Cairn that made it, or plan again",
            Self::Home { .. } => "use the credentials and the `--env` that it was made for",
            Self::Configuration(_) => {
                "restore it, give again with `--parameter` what was given so and is secret, or \
                 plan again"
            }
            Self::Teardown { .. } => "apply it with `cairn teardown FILE`",
            Self::NoTeardown { .. } => "apply it with `cairn deploy FILE`",
            Self::NoState { .. } => "apply it where the state is that it was made from",
            _ => "look at what would change now and save that: `cairn plan STACK --out FILE`",
        }
    }
}

impl Origin {
    pub fn of(graph: &Graph) -> Self {
        let parameters = graph.parameters().iter().map(|(name, value)| {
            (name.clone(), digest(value.to_masked_json().to_string().as_bytes()))
        });
        let assets = graph.inputs.assets.iter();
        Self {
            template: template_digest(&graph.template),
            parameters: parameters.collect(),
            tags: digest(json!(graph.inputs.tags).to_string().as_bytes()),
            assets: assets.map(|(id, asset)| (id.clone(), asset.sha256.clone())).collect(),
        }
    }
}

fn template_digest(template: &Template) -> String {
    digest(template.source.text.as_bytes())
}

/// The parameters given on the command line, without those that must not be written down: the
/// `NoEcho` ones, and what a secret property is made of.
pub fn plain_parameters(graph: &Graph, given: &[(String, String)]) -> BTreeMap<String, String> {
    let template = &graph.template;
    let is_plain = |name: &str| {
        template.parameters.get(name).is_some_and(|one| one.no_echo == Echo::Shown)
            && !secret_properties(template).any(|node| mentions(node, name))
    };
    given.iter().filter(|(name, _)| is_plain(name)).cloned().collect()
}

/// The properties that types mark as secret, as they are written.
fn secret_properties(template: &Template) -> impl Iterator<Item = &Node> {
    template.resources.values().flat_map(|declared| {
        let rules = resource::handler(&declared.type_name).map(resource::Handler::rules);
        let secret = rules.unwrap_or_default().iter().filter(|(_, rule)| *rule == Rule::Secret);
        secret.filter_map(|(path, _)| declared.properties.get(path))
    })
}

/// Whether a name stands anywhere in a value: as a reference, or within a text.
fn mentions(node: &Node, name: &str) -> bool {
    match &node.kind {
        NodeKind::List(items) => items.iter().any(|item| mentions(item, name)),
        NodeKind::Map(entries) => entries.iter().any(|entry| mentions(&entry.value, name)),
        _ => node.text().is_some_and(|text| text.contains(name)),
    }
}

/// A time as text.
mod moment {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(time)
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Whether a text may be a plan file, by how it begins.
pub fn looks_saved(text: &str) -> bool {
    let start = text.trim_start().strip_prefix('{').map(str::trim_start);
    start.and_then(|start| start.strip_prefix('"')).is_some_and(|start| start.starts_with(KEY))
}

impl SavedPlan {
    /// The file's text.
    ///
    /// # Errors
    ///
    /// When the plan is no JSON, which none is.
    pub fn write(&self) -> Result<String, serde_json::Error> {
        // Numbers are hashed as a reader will see them.
        let content: Json = serde_json::from_str(&serde_json::to_string(self)?)?;
        let file = json!({ KEY: FORMAT, "digest": digest_of(&content), "content": content });
        Ok(serde_json::to_string_pretty(&file)? + "\n")
    }

    /// # Errors
    ///
    /// What is not a whole and unchanged plan of this version.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let unreadable = |error: serde_json::Error| Refusal::Unreadable(error.to_string());
        let file: Json = serde_json::from_str(text).map_err(unreadable)?;
        let Some(format) = file.get(KEY) else {
            return Err(Refusal::Unreadable(format!("it has no `{KEY}`")));
        };
        if *format != json!(FORMAT) {
            return Err(Refusal::Format { found: format.to_string() });
        }
        let content = file.get("content").unwrap_or(&Json::Null);
        if file.get("digest").and_then(Json::as_str) != Some(&digest_of(content)) {
            return Err(Refusal::Tampered);
        }
        serde_json::from_value(content.clone()).map_err(unreadable)
    }

    /// Whether it is young enough. One from the future was made by another clock, and how old it
    /// is cannot be known.
    pub fn check_age(&self, now: Timestamp, limit: SignedDuration) -> Result<(), Refusal> {
        if now.duration_since(self.made_at).abs() > limit {
            return Err(Refusal::Expired { made_at: self.made_at, limit });
        }
        Ok(())
    }

    /// Whether it is for the command that is to apply it.
    pub fn check_purpose(&self, wanted: Purpose) -> Result<(), Refusal> {
        let stack = self.plan.stack.clone();
        match (self.plan.purpose, wanted) {
            (Purpose::Teardown, Purpose::Deploy) => Err(Refusal::Teardown { stack }),
            (Purpose::Deploy, Purpose::Teardown) => Err(Refusal::NoTeardown { stack }),
            _ => Ok(()),
        }
    }

    /// Before anything is evaluated: another template may well have other mistakes.
    pub fn check_template(&self, template: &Template) -> Result<(), Refusal> {
        match &self.origin {
            Some(origin) if origin.template == template_digest(template) => Ok(()),
            _ => Err(Refusal::Template),
        }
    }

    pub fn check_origin(&self, graph: &Graph) -> Result<(), Refusal> {
        self.check_template(&graph.template)?;
        let (Some(then), now) = (&self.origin, Origin::of(graph)) else {
            return Err(Refusal::Template);
        };
        let mut configured = differing(&then.parameters, &now.parameters);
        if then.tags != now.tags {
            configured.push("tags".to_owned());
        }
        if !configured.is_empty() {
            return Err(Refusal::Configuration(configured));
        }
        let assets = differing(&then.assets, &now.assets);
        if assets.is_empty() { Ok(()) } else { Err(Refusal::Assets(assets)) }
    }

    pub fn check_home(&self, account: &str, region: &str) -> Result<(), Refusal> {
        let planned = (self.plan.account.clone(), self.plan.region.clone());
        let actual = (account.to_owned(), region.to_owned());
        if planned == actual { Ok(()) } else { Err(Refusal::Home { planned, actual }) }
    }

    /// The state to apply it to: the one it was made from. A stack's first plan was made from
    /// none, and gives the state its lineage.
    pub fn state(&self, found: Option<State>) -> Result<State, Refusal> {
        let Plan { lineage, serial, stack, account, region, .. } = &self.plan;
        let stack = stack.clone();
        let Some(state) = found else {
            return match serial {
                0 => Ok(State::empty(&stack, account, region, &Token::new(lineage))),
                _ => Err(Refusal::NoState { stack }),
            };
        };
        if state.lineage != *lineage {
            return Err(Refusal::Lineage { stack });
        }
        if state.serial != *serial {
            return Err(Refusal::Serial { stack, planned: *serial, actual: state.serial });
        }
        Ok(state)
    }

    /// The tokens in the order in which the plan drew them, for making it a second time.
    pub fn tokens(&self) -> Vec<Token> {
        let created = self.plan.steps.iter().filter_map(|step| match &step.operation {
            Operation::Create { token } => Some(token.clone()),
            _ => None,
        });
        created.collect()
    }

    /// Whether the same plan would be made now; `again` is made with [`SavedPlan::tokens`].
    pub fn check_live(&self, again: &Plan) -> Result<(), Refusal> {
        // One create more or less gives all after it another token, and some another name. What
        // is decided otherwise is the cause.
        let outlines = |plan| by_resource(plan, &outline);
        let mut names = differing(&outlines(&self.plan), &outlines(again));
        if names.is_empty() {
            let wholes = |plan| by_resource(plan, &Step::clone);
            names = differing(&wholes(&self.plan), &wholes(again));
        }
        let changing = |plan: &Plan| -> BTreeMap<String, OutputChange> {
            let outputs = plan.outputs.iter().filter(|(_, change)| change.is_change());
            outputs.map(|(name, change)| (name.clone(), change.clone())).collect()
        };
        names.extend(differing(&changing(&self.plan), &changing(again)));
        if names.is_empty() {
            names = differing(&risks_by_resource(&self.plan), &risks_by_resource(again));
        }
        if names.is_empty() { Ok(()) } else { Err(Refusal::Live(names)) }
    }
}

fn digest_of(content: &Json) -> String {
    digest(content.to_string().as_bytes())
}

/// What is decided for each resource, whatever stands beside it.
fn by_resource(plan: &Plan, view: &dyn Fn(&Step) -> Step) -> BTreeMap<LogicalId, Vec<Step>> {
    let mut steps: BTreeMap<LogicalId, Vec<Step>> = BTreeMap::new();
    for step in &plan.steps {
        let alone =
            Step { id: StepId(0), after: Vec::new(), attributes: Attributes::new(), ..view(step) };
        steps.entry(step.logical_id.clone()).or_default().push(alone);
    }
    steps
}

fn risks_by_resource(plan: &Plan) -> BTreeMap<LogicalId, Vec<Risk>> {
    let mut risks: BTreeMap<LogicalId, Vec<Risk>> = BTreeMap::new();
    for risk in &plan.risks {
        risks.entry(risk.logical_id.clone()).or_default().push(risk.clone());
    }
    risks
}

/// A step without what depends on the token of what it makes.
fn outline(step: &Step) -> Step {
    match &step.operation {
        Operation::Create { .. } => Step {
            operation: Operation::Create { token: Token::new("") },
            changes: Vec::new(),
            ..step.clone()
        },
        _ => step.clone(),
    }
}

/// The keys whose values are not the same on both sides.
fn differing<K: Ord + ToString, V: PartialEq>(
    one: &BTreeMap<K, V>,
    other: &BTreeMap<K, V>,
) -> Vec<String> {
    let keys: BTreeSet<&K> = one.keys().chain(other.keys()).collect();
    let differ = |key: &&K| one.get(*key) != other.get(*key);
    keys.into_iter().filter(differ).map(ToString::to_string).collect()
}

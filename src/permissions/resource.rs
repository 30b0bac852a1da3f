//! The ARNs of what a plan is about, as far as they are known before it is run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::kind;
use super::need::Need;
use crate::plan::{Action, Outlook, Plan, Step};
use crate::resource;
use crate::state::Naming;
use crate::value::LogicalId;

/// What stands for anything.
const ANY: &str = "*";
const UNKNOWN: &str = "(known after apply: ";

/// The resources of a plan, by which they are called.
pub struct Names<'p> {
    partition: &'p str,
    plan: &'p Plan,
    steps: BTreeMap<&'p LogicalId, (&'p Step, &'p Outlook)>,
    of_step: BTreeMap<usize, &'p Outlook>,
}

impl<'p> Names<'p> {
    pub fn of(plan: &'p Plan, outlooks: &'p [Outlook], partition: &'p str) -> Self {
        let both = || plan.steps.iter().zip(outlooks);
        let stays = |step: &Step| !matches!(step.action, Action::Delete | Action::Retain);
        Self {
            partition,
            plan,
            steps: both()
                .filter(|(step, _)| stays(step))
                .map(|(step, outlook)| (&step.logical_id, (step, outlook)))
                .collect(),
            of_step: both().map(|(step, outlook)| (step.id.0, outlook)).collect(),
        }
    }

    /// The ARNs of a need, and whether there is none among them with an id that is not known.
    pub fn resources(&self, need: &Need, step: &Step) -> (BTreeSet<String>, bool) {
        let service = need.action.split(':').next().unwrap_or_default();
        let Some(outlook) = self.of_step.get(&step.id.0) else { return Default::default() };
        let found: BTreeSet<String> = need
            .resources
            .iter()
            .flat_map(|pattern| self.arns(service, pattern, step, outlook))
            .collect();
        let is_known = found.iter().all(|arn| !arn.ends_with("/*"));
        // What is narrower than another of them says nothing.
        let widest = found.iter().filter(|one| !found.iter().any(|other| covers(other, one)));
        (widest.cloned().collect(), is_known)
    }

    fn arns(&self, service: &str, pattern: &str, step: &Step, outlook: &Outlook) -> Vec<String> {
        if pattern == ANY {
            return vec![ANY.to_owned()];
        }
        if let Some(property) = pattern.strip_prefix('@') {
            let given = texts(outlook.properties.get(property));
            return given.iter().map(|text| self.arn_of(service, text)).collect();
        }
        let filled = self.fill(pattern, step, outlook);
        filled.into_iter().map(|path| self.arn(service, &path)).collect()
    }

    fn arn(&self, service: &str, path: &str) -> String {
        let (partition, Plan { region, account, .. }) = (self.partition, self.plan);
        match service {
            "iam" => format!("arn:{partition}:iam::{account}:{path}"),
            "apigateway" => format!("arn:{partition}:apigateway:{region}::{path}"),
            _ => format!("arn:{partition}:{service}:{region}:{account}:{path}"),
        }
    }

    /// The ARN that a property tells, or of what it names.
    fn arn_of(&self, service: &str, text: &str) -> String {
        if text.starts_with("arn:") {
            return text.to_owned();
        }
        if let Some((step, outlook)) = self.meant(text)
            && let Some(kind) = kind(step.type_name.as_str())
            && let Some(path) = self.fill(kind.arn, step, outlook).into_iter().next()
        {
            return self.arn(service, &path);
        }
        let name = if text.starts_with(UNKNOWN) { ANY } else { text };
        let kind = match service {
            "iam" => "role/",
            "lambda" => "function:",
            "kms" => "key/",
            _ => "",
        };
        self.arn(service, &format!("{kind}{name}"))
    }

    /// The resource of the plan that something which is not known will come from.
    fn meant(&self, text: &str) -> Option<&(&'p Step, &'p Outlook)> {
        let source = text.strip_prefix(UNKNOWN)?.strip_suffix(')')?;
        let id = source.split('.').next().unwrap_or(source);
        self.steps.get(&LogicalId::from(id))
    }

    /// A pattern with its blanks filled in; once for each item of a list.
    fn fill(&self, pattern: &str, step: &Step, outlook: &Outlook) -> Vec<String> {
        let Some((before, rest)) = pattern.split_once('{') else { return vec![pattern.to_owned()] };
        let Some((blank, after)) = rest.split_once('}') else { return vec![pattern.to_owned()] };
        let tails = self.fill(after, step, outlook);
        let values = self.values(blank, step, outlook);
        let whole = |value: &String| {
            tails.iter().map(|tail| format!("{before}{value}{tail}")).collect::<Vec<_>>()
        };
        values.iter().flat_map(whole).collect()
    }

    fn values(&self, blank: &str, step: &Step, outlook: &Outlook) -> Vec<String> {
        if let Some(part) = blank.strip_prefix("id") {
            let is_new = matches!(step.action, Action::Create | Action::Replace);
            let id = step.physical_id.as_ref().filter(|_| !is_new);
            let part = part.strip_prefix('.').map(|part| part.parse::<usize>().unwrap_or_default());
            let text = id.and_then(|id| match part {
                Some(part) => id.parts().get(part).map(|text| (*text).to_owned()),
                None => Some(id.as_str().to_owned()),
            });
            return vec![text.unwrap_or_else(|| ANY.to_owned())];
        }
        if blank == "Path" {
            let given = texts(outlook.properties.get(blank)).into_iter().next();
            let path = given.unwrap_or_else(|| "/".to_owned());
            return vec![if path.starts_with(UNKNOWN) { "/*".to_owned() } else { path }];
        }
        if name_of(step, outlook).is_some_and(|(property, _)| property == blank) {
            return name_of(step, outlook).map(|(_, name)| name).into_iter().collect();
        }
        texts(outlook.properties.get(blank)).iter().map(|text| self.known(text)).collect()
    }

    /// A name or id that a property tells; of what is yet to be made, the name it will have.
    fn known(&self, text: &str) -> String {
        // What others call it by is its name only where that is part of its ARN.
        let named = self.meant(text).and_then(|(step, outlook)| {
            let (property, name) = name_of(step, outlook)?;
            let arn = kind(step.type_name.as_str())?.arn;
            arn.contains(&format!("{{{property}}}")).then_some(name)
        });
        match named {
            Some(name) => name,
            None if text.contains(UNKNOWN) => ANY.to_owned(),
            None => text.rsplit(':').next().unwrap_or(text).to_owned(),
        }
    }
}

/// The property that names a resource, and the name. One that Cairn generates for something
/// new ends differently in each plan.
fn name_of(step: &Step, outlook: &Outlook) -> Option<(&'static str, String)> {
    let name = resource::handler(step.type_name.as_str())?.name()?;
    let text = outlook.properties.get(name.property)?.as_str()?;
    let is_new = matches!(step.action, Action::Create | Action::Replace);
    let text = match text.rsplit_once('-') {
        _ if text.contains(UNKNOWN) => ANY.to_owned(),
        Some((stem, _)) if is_new && outlook.naming == Naming::Generated => format!("{stem}-*"),
        _ => text.to_owned(),
    };
    Some((name.property, text))
}

/// The texts of a property: its items, if it is a list.
fn texts(value: Option<&Json>) -> Vec<String> {
    match value {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(items)) => items.iter().flat_map(|item| texts(Some(item))).collect(),
        Some(Json::String(text)) => vec![text.clone()],
        Some(other) => vec![other.to_string()],
    }
}

/// Whether one pattern lets through all that another, different one does.
pub fn covers(wide: &str, narrow: &str) -> bool {
    let Some(start) = wide.strip_suffix(ANY) else { return false };
    wide != narrow && !start.contains(ANY) && narrow.starts_with(start)
}

//! A look at the account before a plan is run: what it would run into that no template tells.
//!
//! Everything here only reads. The checks go side by side, each within a time of its own, and one
//! that cannot be made is a note: only what AWS has said makes a finding.

mod endpoint_services;
mod models;
mod names;
mod permissions;
mod quotas;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::time::Duration;

use serde_json::Value as Json;

use crate::aws::{Aws, Fault, FaultKind, Scope};
use crate::graph::Graph;
use crate::plan::{Finding, Operation, Outlook, Plan, Step};

/// What the checks look at.
pub struct Subject<'a> {
    pub plan: &'a Plan,
    /// One for each step.
    pub outlooks: &'a [Outlook],
    /// A teardown reads no template.
    pub graph: Option<&'a Graph>,
    pub aws: &'a Aws,
}

/// What they have found.
#[derive(Debug, Default)]
pub struct Look {
    pub findings: Vec<Finding>,
    pub notes: Vec<String>,
}

/// How long one check may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes all the checks.
pub async fn preflight(subject: &Subject<'_>) -> Look {
    let looks = tokio::join!(
        within("the permissions", permissions::check(subject)),
        within("the quotas", quotas::check(subject)),
        within("the models", models::check(subject)),
        within("the endpoint services", endpoint_services::check(subject)),
        within("the names", names::check(subject)),
    );
    let mut whole = Look::default();
    for look in [looks.0, looks.1, looks.2, looks.3, looks.4] {
        whole.findings.extend(look.findings);
        whole.notes.extend(look.notes);
    }
    whole
}

async fn within(what: &str, check: impl Future<Output = Look>) -> Look {
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(look) => look,
        Err(_) => {
            let note = format!("{what} were not checked: no answer within {PATIENCE:?}");
            Look { findings: Vec::new(), notes: vec![note] }
        }
    }
}

impl Look {
    fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// That something could not be checked, and why.
    fn unchecked(&mut self, what: &str, fault: &Fault) {
        let note = format!("{what} could not be checked: {fault}");
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

impl<'a> Subject<'a> {
    /// The steps of a type that make something new, with what it will be.
    fn new_ones(&self, type_name: &'a str) -> impl Iterator<Item = (&'a Step, &'a Json)> + use<'a> {
        self.with_properties().filter(move |(step, _)| {
            step.type_name.as_str() == type_name
                && matches!(step.operation, Operation::Create { .. })
        })
    }

    fn with_properties(&self) -> impl Iterator<Item = (&'a Step, &'a Json)> + use<'a> {
        let properties = self.outlooks.iter().map(|outlook| &outlook.properties);
        self.plan.steps.iter().zip(properties)
    }

    /// Whether calls go to AWS itself, and not to somebody who carries out what is only tried.
    fn is_aws(&self) -> bool {
        const EMULATED: &str = "000000000000";
        self.aws.clients().scope() == Scope::Account && self.aws.account() != EMULATED
    }
}

/// A property's text, if it is known.
fn known<'j>(properties: &'j Json, property: &str) -> Option<&'j str> {
    properties.get(property)?.as_str().filter(|text| !text.contains("(known after apply"))
}

/// Whether AWS has said that there is no such thing.
fn is_absent(fault: &Fault) -> bool {
    fault.is(FaultKind::NotFound)
}

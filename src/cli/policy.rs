//! The rules a plan is held against: `--policy`, and what the environment says.

use std::path::PathBuf;
use std::sync::Arc;

use super::Failure;
use super::project::Project;
use crate::diagnostic::{Diagnostic, Source};
use crate::graph::Graph;
use crate::plan::{Plan, outlooks};
use crate::policy::{self, Rule};
use crate::render::plan::{Header, count_findings, json};
use crate::state::State;

#[derive(Debug, clap::Args)]
pub struct PolicyArgs {
    /// Rules to hold the plan against; repeatable, besides the `policies` of the environment
    #[arg(long = "policy", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl PolicyArgs {
    /// All rules that a project's plans are held against.
    ///
    /// # Errors
    ///
    /// What is wrong with any of them, at its place.
    pub fn rules(&self, project: &Project) -> Result<Vec<Rule>, Failure> {
        let (mut rules, mut errors) = (Vec::new(), Vec::new());
        for path in project.environment.policies.iter().chain(&self.files) {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path).map_err(|error| {
                let diagnostic =
                    Diagnostic::error(format!("cannot read the rules `{name}`: {error}"));
                Failure::Diagnostics(vec![diagnostic])
            })?;
            match policy::parse(&Arc::new(Source { name, text })) {
                Ok(parsed) => rules.extend(parsed),
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() { Ok(rules) } else { Err(errors.into()) }
    }
}

/// Adds to a plan what rules say of it.
pub fn hold(
    plan: &mut Plan,
    rules: &[Rule],
    graph: Option<&Graph>,
    state: &State,
    environment: &str,
) -> Result<(), Failure> {
    if rules.is_empty() {
        return Ok(());
    }
    let document = json::value(plan, &Header { environment })?;
    let outlooks = outlooks(plan, graph, state);
    plan.findings.extend(policy::judge(rules, plan, &document, &outlooks, graph)?);
    Ok(())
}

/// Why a plan is not to be carried out, in words; `None` when nothing is wrong with it.
pub fn refused(plan: &Plan) -> Option<String> {
    let is_refused = plan.findings.iter().any(crate::plan::Finding::is_error);
    is_refused.then(|| format!("there are findings: {}", count_findings(plan)))
}

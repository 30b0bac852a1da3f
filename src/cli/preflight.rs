//! `cairn plan --preflight`: what the account says of a plan.

use super::terminal::is_ci;
use crate::aws::Aws;
use crate::graph::Graph;
use crate::plan::{Plan, outlooks};
use crate::preflight::{Subject, preflight};
use crate::state::State;

#[derive(Debug, clap::Args)]
pub struct PreflightArgs {
    /// Look at the account too: permissions, quotas, models, endpoint services, names [on where
    /// the variable CI is true]
    #[arg(long, overrides_with = "no_preflight")]
    preflight: bool,
    /// Do not look at the account
    #[arg(long)]
    no_preflight: bool,
}

impl PreflightArgs {
    pub fn is_on(&self) -> bool {
        self.preflight || (!self.no_preflight && is_ci())
    }
}

/// Adds to a plan what a look at the account finds.
pub async fn look(plan: &mut Plan, graph: Option<&Graph>, state: &State, aws: &Aws) {
    let outlooks = outlooks(plan, graph, state);
    let look = Box::pin(preflight(&Subject { plan, outlooks: &outlooks, graph, aws })).await;
    plan.findings.extend(look.findings);
    plan.notes.extend(look.notes);
}

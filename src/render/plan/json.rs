//! A plan for programs. `docs/plan-format.md` describes every field.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{Header, counts};
use crate::plan::Plan;

/// Goes up when a field changes its meaning or goes; new fields may come without that.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    environment: &'a str,
    has_changes: bool,
    summary: Map<String, Json>,
    #[serde(flatten)]
    plan: &'a Plan,
}

pub fn render(plan: &Plan, header: &Header<'_>) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&document(plan, header))
}

/// The same as a value.
pub fn value(plan: &Plan, header: &Header<'_>) -> Result<Json, serde_json::Error> {
    serde_json::to_value(document(plan, header))
}

fn document<'a>(plan: &'a Plan, header: &Header<'a>) -> Document<'a> {
    let count = |(word, number): (&str, usize)| (word.replace(' ', "_"), Json::from(number));
    Document {
        version: VERSION,
        environment: header.environment,
        has_changes: plan.has_changes(),
        summary: counts(plan).into_iter().map(count).collect(),
        plan,
    }
}

//! What a teardown would let go of, and wait for in vain.

use super::Failure;
use super::session::Session;
use crate::plan::Plan;
use crate::plan::retained::{check_users, users};
use crate::state::State;

/// Refuses a teardown that cannot end: what it lets go of holds what it deletes. Only these are
/// looked at.
pub async fn check(plan: &Plan, state: &State, session: &Session) -> Result<(), Failure> {
    let users = users(plan, state);
    if users.is_empty() {
        return Ok(());
    }
    let mut theirs = state.clone();
    theirs.resources.retain(|id, _| users.contains(id));
    Ok(check_users(plan, state, &session.observe(&theirs).await?)?)
}

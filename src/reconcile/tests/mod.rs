//! The pure parts of a run, and what a run does before and without any call.

mod policies;
mod run;
pub(crate) mod scheduling;

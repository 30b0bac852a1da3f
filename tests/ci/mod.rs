//! What is shipped for CIs, run as they run it: the action's own steps and the template's own
//! scripts, against an API over HTTP and an AWS on this machine.

mod expression;
mod github;
mod gitlab;
mod project;
mod runner;

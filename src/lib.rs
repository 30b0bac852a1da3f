//! Cairn turns a CloudFormation template into running AWS infrastructure, straight through the
//! AWS APIs.
//!
//! Data flows one way, through values that each say one thing:
//!
//! ```text
//! template ──parse──▶ Template ──synth──▶ Graph ─┐
//! state    ──read───▶ State ──refresh──▶ Observed ┴─plan──▶ Plan ──reconcile──▶ Journal ──▶ State'
//! ```
//!
//! - [`template`] is what was written, every node with its place; [`schema`] what AWS's schemas say
//!   of it; [`config`] where it goes.
//! - [`construct`] writes templates in Rust, and modules in YAML stand for its constructs.
//! - [`graph`] is what should exist, in an order; [`refresh`] reads what does.
//! - [`plan`] is what will happen: a complete value, and all that [`reconcile`] obeys.
//! - [`permissions`] is the least that IAM has to allow for a plan.
//! - [`policy`] holds a plan against rules in a file, [`preflight`] against the account.
//! - [`journal`] is what was tried, and [`state`] what the stack owns: the old state with the
//!   journal replayed, never anything else.
//! - [`resource`] is the seam: one file for each AWS type, over [`aws`], the only way out.
//! - [`assembly`] zips local code, [`local`] is an AWS on this machine, [`talk`] a conversation
//!   with a deployed agent.
//! - [`cli`] and [`render`] are what the user meets.
//!
//! The map with its laws, and the test that holds each, is `docs/architecture.md`.

pub mod assembly;
pub mod aws;
pub mod cli;
pub mod config;
pub mod construct;
pub mod course;
pub mod diagnostic;
pub mod graph;
pub mod journal;
pub mod local;
pub mod ordered;
pub mod permissions;
pub mod plan;
pub mod policy;
pub mod preflight;
pub mod rebuild;
pub mod reconcile;
pub mod refresh;
pub mod render;
pub mod resource;
pub mod schema;
pub mod sketch;
pub mod state;
pub mod talk;
pub mod template;
pub mod trace;
pub mod value;

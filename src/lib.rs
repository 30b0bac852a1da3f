//! Cairn turns a CloudFormation template into running AWS infrastructure.

pub mod aws;
pub mod config;
pub mod diagnostic;
pub mod local;
pub mod render;
pub mod resource;
pub mod schema;
pub mod template;
pub mod value;
pub mod graph;
pub mod journal;
pub mod state;
pub mod plan;
pub mod refresh;
pub mod reconcile;
pub mod assembly;
pub mod cli;

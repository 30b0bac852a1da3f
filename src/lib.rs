//! Cairn turns a CloudFormation template into running AWS infrastructure.

pub mod assembly;
pub mod aws;
pub mod cli;
pub mod config;
pub mod diagnostic;
pub mod graph;
pub mod journal;
pub mod local;
pub mod plan;
pub mod reconcile;
pub mod refresh;
pub mod render;
pub mod resource;
pub mod schema;
pub mod state;
pub mod talk;
pub mod template;
pub mod value;

//! Cairn turns a CloudFormation template into running AWS infrastructure.

pub mod aws;
pub mod diagnostic;
pub mod resource;
pub mod template;
pub mod value;

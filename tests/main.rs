//! The one integration-test binary: linking the AWS SDKs takes longer than running most tests.

mod adopt;
mod agent_runtime;
mod browser;
mod cdk_apps;
mod ci;
mod cloud_assembly;
mod constructs;
mod contract;
#[cfg(unix)]
mod disturbances;
mod errors;
mod exports;
mod faults;
mod findings;
mod interrupt;
mod journey;
mod kill;
mod local;
mod oracle;
mod outside;
mod permissions;
mod planning;
mod progress;
mod purity;
mod risks;
mod rollback;
mod saved_plans;
mod simulation;
mod state_care;
mod stores;
mod support;
mod terminal;
mod thousand;

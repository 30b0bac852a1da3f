//! What the integration tests share.

pub mod emulator;
pub mod http;
pub mod inventory;
pub mod latency;
pub mod meddler;
pub mod recorder;
pub mod sandbox;

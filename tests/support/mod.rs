//! What the integration tests share.

pub mod case;
pub mod cdk;
pub mod emulator;
pub mod forge;
pub mod http;
pub mod inventory;
pub mod latency;
pub mod lies;
pub mod meddler;
pub mod microburst;
pub mod npm;
pub mod perfetto;
pub mod recorder;
pub mod rig;
pub mod sandbox;
pub mod terminal;
pub mod thousand;

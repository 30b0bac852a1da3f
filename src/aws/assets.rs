//! Local files that become AWS resources: zips with the same bytes for the same content.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

/// A zip that is ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    bytes: Arc<[u8]>,
    sha256: String,
}

impl Asset {
    pub fn new(bytes: Vec<u8>) -> Self {
        let sha256 = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&bytes));
        Self { bytes: bytes.into(), sha256 }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// In base64, as Lambda tells it in `CodeSha256`.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// The assets of one stack, by their SHA-256.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assets {
    by_sha256: BTreeMap<String, Asset>,
}

impl Assets {
    pub fn insert(&mut self, asset: Asset) {
        self.by_sha256.insert(asset.sha256.clone(), asset);
    }

    pub fn iter(&self) -> impl Iterator<Item = &Asset> {
        self.by_sha256.values()
    }

    pub fn get(&self, sha256: &str) -> Option<&Asset> {
        self.by_sha256.get(sha256)
    }
}

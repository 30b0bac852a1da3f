//! AES-256-GCM, and data keys as they stand beside what they have sealed.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

use super::keys::Kind;
use crate::value::digest;

pub const KEY_LENGTH: usize = 32;

/// A key that seals and opens.
pub struct Cipher {
    key: LessSafeKey,
}

/// A key of one run, with what tells it to whoever can unwrap it.
pub struct DataKey {
    pub cipher: Cipher,
    pub wrapped: Wrapped,
}

/// A data key, closed to whoever has not what it was wrapped with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase", deny_unknown_fields)]
pub enum Wrapped {
    Passphrase { salt: String, rounds: u32, key: String },
    Key { key: String },
    Kms { id: String, key: String },
}

impl Wrapped {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Passphrase { .. } => Kind::Passphrase,
            Self::Key { .. } => Kind::Key,
            Self::Kms { .. } => Kind::Kms,
        }
    }

    /// What tells it from others.
    pub fn name(&self) -> String {
        digest(format!("{self:?}").as_bytes())
    }
}

impl Cipher {
    pub fn new(key: &[u8]) -> Option<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key).ok()?;
        Some(Self { key: LessSafeKey::new(key) })
    }

    /// Seals a text, bound to its place; what it is sealed with comes first.
    pub fn close(&self, bound: &str, mut text: Vec<u8>) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut sealed = nonce.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce, Aad::from(bound), &mut text).ok()?;
        sealed.append(&mut text);
        Some(sealed)
    }

    /// Opens what was sealed; `None` when it was so with another key, elsewhere, or is altered.
    pub fn open(&self, bound: &str, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let nonce = Nonce::try_assume_unique_for_key(sealed.get(..NONCE_LEN)?).ok()?;
        let text = sealed.get_mut(NONCE_LEN..)?;
        self.key.open_in_place(nonce, Aad::from(bound), text).ok().map(|text| text.to_vec())
    }
}

/// Bytes nobody can guess.
pub fn random<const LENGTH: usize>() -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}

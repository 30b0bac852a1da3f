//! What data keys are wrapped with: a passphrase, a key, or a key of KMS.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use aws_lc_rs::pbkdf2;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::super::StoreError;
use super::super::error::OPEN;
use super::wrap::{Cipher, DataKey, KEY_LENGTH, Wrapped, random};
use crate::aws::Fault;
use crate::value::Secret;

/// How many rounds make a key of a passphrase: what OWASP asks of PBKDF2 with SHA-256.
const ROUNDS: u32 = 600_000;
/// How many rounds a file may ask for.
const MOST_ROUNDS: u32 = 10_000_000;
const SALT_LENGTH: usize = 16;
/// What KMS is told of a data key, and has to be told again.
const CONTEXT: &str = "cairn:state";

/// What data keys are wrapped with.
#[derive(Clone)]
pub enum Keys {
    Passphrase(Secret),
    /// 32 bytes, in base64.
    Key(Secret),
    Kms {
        client: aws_sdk_kms::Client,
        id: String,
    },
}

/// What wraps data keys: a key itself, or what some rounds make of a passphrase and a salt.
pub(super) struct Outer {
    salt: String,
    rounds: u32,
    cipher: Cipher,
}

impl Outer {
    pub(super) fn is_of(&self, salt: &str, rounds: u32) -> bool {
        self.salt == salt && self.rounds == rounds
    }

    /// Whether it may wrap what is written from now on: whoever can write here has no say in the rounds.
    pub(super) fn is_strong(&self) -> bool {
        self.rounds == ROUNDS
    }
}

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Passphrase,
    Key,
    Kms,
}

impl Kind {
    /// As `config/` has it.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase",
            Self::Key => "key",
            Self::Kms => "kms:KEY-ID",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passphrase => "passphrase",
            Self::Key => "key",
            Self::Kms => "kms",
        })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())
    }
}

impl Keys {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Passphrase(_) => Kind::Passphrase,
            Self::Key(_) => Kind::Key,
            Self::Kms { .. } => Kind::Kms,
        }
    }

    /// Draws a data key and wraps it; by `outer`, where that was made already.
    pub(super) async fn draw(
        &self,
        scope: &str,
        place: &str,
        outer: Option<Arc<Outer>>,
    ) -> Result<(DataKey, Option<Arc<Outer>>), StoreError> {
        let not_sealed = || StoreError::NotSealed { place: place.to_owned() };
        if let Self::Kms { client, id } = self {
            return from_kms(client, id, scope, place).await.map(|key| (key, None));
        }
        let data: [u8; KEY_LENGTH] = random().ok_or_else(not_sealed)?;
        let outer = match outer {
            Some(outer) => outer,
            None => {
                let salt: [u8; SALT_LENGTH] = random().ok_or_else(not_sealed)?;
                let outer = self.outer(&BASE64_STANDARD.encode(salt), ROUNDS);
                Arc::new(outer.ok_or_else(|| self.wrong(place))?)
            }
        };
        let key = outer.cipher.close(&bound(scope), data.to_vec()).ok_or_else(not_sealed)?;
        let key = BASE64_STANDARD.encode(key);
        let wrapped = match self {
            Self::Passphrase(_) => {
                Wrapped::Passphrase { salt: outer.salt.clone(), rounds: outer.rounds, key }
            }
            _ => Wrapped::Key { key },
        };
        let cipher = Cipher::new(&data).ok_or_else(not_sealed)?;
        Ok((DataKey { cipher, wrapped }, Some(outer)))
    }

    /// The data key that was wrapped so, by `outer` if that is not KMS.
    pub(super) async fn unwrap(
        &self,
        scope: &str,
        place: &str,
        wrapped: &Wrapped,
        outer: Option<&Outer>,
    ) -> Result<Cipher, StoreError> {
        let key = match (self, wrapped) {
            (Self::Kms { client, .. }, Wrapped::Kms { id, key }) => {
                return by_kms(client, id, key, scope, place).await;
            }
            (_, Wrapped::Passphrase { key, .. } | Wrapped::Key { key }) => {
                BASE64_STANDARD.decode(key).ok()
            }
            (_, Wrapped::Kms { .. }) => None,
        };
        let opened = outer.zip(key);
        let data = opened.and_then(|(outer, key)| outer.cipher.open(&bound(scope), key));
        data.and_then(|data| Cipher::new(&data)).ok_or_else(|| self.wrong(place))
    }

    /// The key that wraps data keys, where it is made here.
    pub(super) fn outer(&self, salt: &str, rounds: u32) -> Option<Outer> {
        let cipher = match self {
            Self::Passphrase(passphrase) => {
                let rounds = NonZeroU32::new(rounds).filter(|it| it.get() <= MOST_ROUNDS)?;
                let mut key = [0; KEY_LENGTH];
                let text = passphrase.expose().as_bytes();
                let salt = BASE64_STANDARD.decode(salt).ok()?;
                pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, text, &mut key);
                Cipher::new(&key)
            }
            Self::Key(text) => Cipher::new(&BASE64_STANDARD.decode(text.expose().trim()).ok()?),
            Self::Kms { .. } => None,
        };
        cipher.map(|cipher| Outer { salt: salt.to_owned(), rounds, cipher })
    }

    fn wrong(&self, place: &str) -> StoreError {
        StoreError::WrongKey { place: place.to_owned(), kind: self.kind() }
    }
}

fn bound(scope: &str) -> String {
    format!("cairn data key\n{scope}")
}

fn failed(attempt: &'static str, place: &str, fault: Fault) -> StoreError {
    StoreError::Call { attempt, place: place.to_owned(), source: Box::new(fault) }
}

async fn from_kms(
    client: &aws_sdk_kms::Client,
    id: &str,
    scope: &str,
    place: &str,
) -> Result<DataKey, StoreError> {
    const ACTION: &str = "kms:GenerateDataKey";
    let request = client.generate_data_key().key_id(id).key_spec(DataKeySpec::Aes256);
    let answer = Box::pin(request.encryption_context(CONTEXT, scope).send())
        .await
        .map_err(|error| failed("seal", place, Fault::from_sdk(ACTION, &error)))?;
    let malformed = || failed("seal", place, Fault::malformed(ACTION, "data key"));
    let (Some(plain), Some(key)) = (answer.plaintext, answer.ciphertext_blob) else {
        return Err(malformed());
    };
    let cipher = Cipher::new(plain.as_ref()).ok_or_else(malformed)?;
    let wrapped = Wrapped::Kms { id: id.to_owned(), key: BASE64_STANDARD.encode(key.as_ref()) };
    Ok(DataKey { cipher, wrapped })
}

async fn by_kms(
    client: &aws_sdk_kms::Client,
    id: &str,
    key: &str,
    scope: &str,
    place: &str,
) -> Result<Cipher, StoreError> {
    const ACTION: &str = "kms:Decrypt";
    let altered = || StoreError::Altered { place: place.to_owned() };
    let key = BASE64_STANDARD.decode(key).map_err(|_| altered())?;
    let request = client.decrypt().key_id(id).ciphertext_blob(Blob::new(key));
    let answer = Box::pin(request.encryption_context(CONTEXT, scope).send())
        .await
        .map_err(|error| failed(OPEN, place, Fault::from_sdk(ACTION, &error)))?;
    let plain = answer.plaintext.ok_or_else(altered)?;
    Cipher::new(plain.as_ref()).ok_or_else(altered)
}

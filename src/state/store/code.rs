//! Local code, kept beside the state for as long as that has it, or what a rollback goes back to.
//!
//! It is named by its digest, so that each is written once. What is kept is a help for going back and
//! nothing that a state depends on: where it is missing, a rollback says so.

use std::collections::BTreeSet;

use super::{Home, Lock, Loss, Store, StoreError};
use crate::aws::Asset;
use crate::state::State;

/// The name of what has a digest in base64, as a file may be called.
fn name_of(sha256: &str) -> String {
    format!("{}.zip", sha256.replace('/', "_").replace('+', "-").trim_end_matches('='))
}

/// The digest of what is called so.
fn digest_of(name: &str) -> Option<String> {
    let digest = name.strip_suffix(".zip")?;
    // 32 bytes are 43 characters and one that fills up.
    (digest.len() == 43).then(|| format!("{}=", digest.replace('_', "/").replace('-', "+")))
}

impl Store {
    /// The digests of the code that is kept.
    ///
    /// # Errors
    ///
    /// When that cannot be told.
    pub async fn kept_code(&self) -> Result<BTreeSet<String>, StoreError> {
        let names = match &self.home {
            Home::Directory(directory) => directory.code_names()?,
            Home::Bucket(bucket) => bucket.code_names().await?,
        };
        Ok(names.iter().filter_map(|name| digest_of(name)).collect())
    }

    /// Code that is kept and what it was; `None` where there is none, or none that opens: it may have
    /// been kept for a state that was lost, and what cannot be had is not kept.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub async fn code(&self, state: &State, sha256: &str) -> Result<Option<Asset>, StoreError> {
        let name = name_of(sha256);
        let (bytes, place) = match &self.home {
            Home::Directory(directory) => (directory.code(&name)?, directory.code_place(&name)),
            Home::Bucket(bucket) => (bucket.code(&name).await?, bucket.code_place(&name)),
        };
        let Some(bytes) = bytes else { return Ok(None) };
        let bytes = match self.seals.code(&place, &state.lineage, sha256, bytes).await {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.loss(), Loss::Lost | Loss::Closed) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(Asset::new(bytes)).filter(|asset| asset.sha256() == sha256))
    }

    /// Keeps code that is sent, if it is not kept already.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub async fn keep_code<'a>(
        &self,
        lock: &Lock,
        state: &State,
        assets: impl Iterator<Item = &'a Asset>,
    ) -> Result<(), StoreError> {
        let mut assets = assets.peekable();
        if assets.peek().is_none() {
            return Ok(());
        }
        let kept = self.kept_code().await?;
        for asset in assets {
            let is_kept =
                kept.contains(asset.sha256()) && self.code(state, asset.sha256()).await?.is_some();
            if !is_kept {
                self.write_code(lock, state, asset).await?;
            }
        }
        Ok(())
    }

    async fn write_code(
        &self,
        lock: &Lock,
        state: &State,
        asset: &Asset,
    ) -> Result<(), StoreError> {
        let name = name_of(asset.sha256());
        let pen = self.seals.pen(&self.snapshot_place(), &state.lineage).await?;
        match &self.under(lock)?.home {
            Home::Directory(directory) => {
                let bytes = pen.code(&directory.code_place(&name), asset)?;
                directory.keep_code(&name, &bytes)
            }
            Home::Bucket(bucket) => {
                let bytes = pen.code(&bucket.code_place(&name), asset)?;
                bucket.keep_code(&name, &bytes).await
            }
        }
    }

    /// Lets go of the code that neither a state has nor what a rollback of it goes back to.
    ///
    /// # Errors
    ///
    /// When it cannot be removed.
    pub async fn prune_code(&self, lock: &Lock, state: &State) -> Result<(), StoreError> {
        let needed = state.code();
        let held = self.under(lock)?;
        for sha256 in held.kept_code().await?.difference(&needed) {
            match &held.home {
                Home::Directory(directory) => directory.forget_code(&name_of(sha256))?,
                Home::Bucket(bucket) => bucket.forget_code(&name_of(sha256)).await?,
            }
        }
        Ok(())
    }

    /// Writes what is kept anew, as this environment writes it.
    pub(super) async fn convert_code(&self, lock: &Lock, state: &State) -> Result<(), StoreError> {
        for sha256 in self.kept_code().await? {
            if let Some(asset) = self.code(state, &sha256).await? {
                self.write_code(lock, state, &asset).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{digest_of, name_of};

    #[test]
    fn a_digest_is_a_name_and_back() {
        let sha256 = "a+b/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3h=";
        assert_eq!(name_of(sha256), "a-b_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3h.zip");
        assert_eq!(digest_of(&name_of(sha256)).as_deref(), Some(sha256));
        assert_eq!(digest_of(".tmpA1b2C3"), None);
    }
}

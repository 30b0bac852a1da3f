//! Code in a bucket, beside a state.

use super::super::StoreError;
use super::{Bucket, TRIES, again, backoff};

const BELOW: &str = "code/";

impl Bucket {
    pub fn code_place(&self, name: &str) -> String {
        format!("{}/{BELOW}{name}", self.place())
    }

    pub async fn code_names(&self) -> Result<Vec<String>, StoreError> {
        let names = self.objects(BELOW).await?;
        Ok(names.iter().filter_map(|name| Some(name.strip_prefix(BELOW)?.to_owned())).collect())
    }

    pub async fn code(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let name = format!("{BELOW}{name}");
        let mut tries = 0;
        loop {
            tries += 1;
            match self.get_bytes(&name).await {
                Ok(found) => return Ok(found.map(|(bytes, ..)| bytes)),
                Err(fault) if again(&fault) && tries < TRIES => backoff(tries).await,
                Err(fault) => return Err(self.failed("read", &name, fault)),
            }
        }
    }

    pub async fn keep_code(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(&format!("{BELOW}{name}"), bytes).await
    }

    pub async fn forget_code(&self, name: &str) -> Result<(), StoreError> {
        self.remove(&format!("{BELOW}{name}")).await
    }
}

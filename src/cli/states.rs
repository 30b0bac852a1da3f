//! Where the states of an environment's stacks are: in a directory or in a bucket.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::aws::{Access, Clients};
use crate::config::{Encryption, Environment, StateHome};
use crate::state::State;
use crate::state::store::{Bucket, Keys, Others, Seals, Store};
use crate::value::Secret;

use super::Failure;
use super::project::Project;
use super::session;

const PASSPHRASE: &str = "CAIRN_STATE_PASSPHRASE";
const KEY: &str = "CAIRN_STATE_KEY";
const KEY_LENGTH: usize = 32;
/// Shorter ones are guessed, however many rounds they go through.
const LEAST_PASSPHRASE: usize = 12;

impl Project {
    /// Where this stack's state is.
    pub async fn store(&self) -> Result<Store, Failure> {
        self.store_of(&self.name).await
    }

    /// The same, for who writes the state anew: whatever can be opened is read.
    pub async fn store_to_convert(&self) -> Result<Store, Failure> {
        let own = self.keys().await?;
        let mut others = Vec::new();
        others.extend(passphrase()?);
        others.extend(key()?);
        let client = Clients::connect(&self.access(self.environment.region.clone()).await?).await;
        others.push(Keys::Kms { client: client.kms(), id: String::new() });
        self.store_with(&self.name, own, Others::Anything(others)).await
    }

    async fn store_of(&self, stack: &str) -> Result<Store, Failure> {
        self.store_with(stack, self.keys().await?, Others::Nothing).await
    }

    async fn store_with(
        &self,
        stack: &str,
        own: Option<Keys>,
        others: Others,
    ) -> Result<Store, Failure> {
        let environment = &self.environment.name;
        let store = match &self.environment.state {
            StateHome::Directory(path) => Store::new(&path.join(environment).join(stack)),
            StateHome::Bucket { bucket, prefix, lease, .. } => {
                let prefix = format!("{prefix}/{environment}/{stack}");
                let client = self.bucket_client().await?;
                Store::in_bucket(Bucket::new(client, bucket, &prefix, *lease))
            }
        };
        Ok(store.sealed_by(Seals::new(&format!("{environment}/{stack}"), own, others)))
    }

    /// The states of the other stacks of this environment.
    pub async fn others(&self) -> Result<Vec<State>, Failure> {
        let environment = &self.environment.name;
        let mut names = match &self.environment.state {
            StateHome::Directory(path) => {
                let Ok(entries) = std::fs::read_dir(path.join(environment)) else {
                    return Ok(Vec::new());
                };
                let directories = entries.flatten().filter(|entry| entry.path().is_dir());
                directories.filter_map(|entry| entry.file_name().into_string().ok()).collect()
            }
            StateHome::Bucket { bucket, prefix, .. } => {
                let prefix = format!("{prefix}/{environment}");
                Bucket::stacks(&self.bucket_client().await?, bucket, &prefix).await?
            }
        };
        names.sort();
        let mut others = Vec::new();
        for name in names.iter().filter(|name| **name != self.name) {
            others.extend(self.store_of(name).await?.read().await?);
        }
        Ok(others)
    }

    /// What this environment's states are sealed with, if they are.
    async fn keys(&self) -> Result<Option<Keys>, Failure> {
        let missing = |setting: &str, variable: &str| {
            let environment = &self.environment.name;
            Failure::text(format!(
                "`encryption: {setting}` of the environment `{environment}` needs {variable}, which is not set"
            ))
        };
        match &self.environment.encryption {
            Encryption::None => Ok(None),
            Encryption::Passphrase => match passphrase()? {
                Some(keys) => Ok(Some(keys)),
                None => Err(missing("passphrase", PASSPHRASE)
                    .hint("it is the passphrase that the states are encrypted with")),
            },
            Encryption::Key => match key()? {
                Some(keys) => Ok(Some(keys)),
                None => Err(missing("key", KEY)
                    .hint("a new one comes from `openssl rand -base64 32`: keep it safe")),
            },
            Encryption::Kms(id) => {
                let access = self.access(self.environment.region.clone()).await?;
                let client = Clients::connect(&access).await.kms();
                Ok(Some(Keys::Kms { client, id: id.clone() }))
            }
        }
    }

    /// The client for the bucket of the states: with the environment's credentials, and where it
    /// says nothing else, in its region.
    async fn bucket_client(&self) -> Result<aws_sdk_s3::Client, Failure> {
        if let Some(client) = self.bucket.get() {
            return Ok(client.clone());
        }
        let clients = bucket_clients(&self.environment, &self.environment.state).await?;
        Ok(self.bucket.get_or_init(|| clients.s3()).clone())
    }

    async fn access(&self, region: Option<String>) -> Result<Access, Failure> {
        access(&self.environment, region).await
    }
}

/// The way to a bucket for states, with an environment's credentials.
pub async fn bucket_clients(
    environment: &Environment,
    home: &StateHome,
) -> Result<Clients, Failure> {
    let StateHome::Bucket { region, endpoint, .. } = home else {
        return Err(Failure::text("the states are in no bucket"));
    };
    let region = region.clone().or_else(|| environment.region.clone());
    let access = match endpoint {
        Some(_) => Access { endpoint: endpoint.clone(), ..elsewhere(environment, region) },
        None => access(environment, region).await?,
    };
    Ok(Clients::connect(&access).await)
}

async fn access(environment: &Environment, region: Option<String>) -> Result<Access, Failure> {
    let endpoint = session::endpoint(environment).await?.0;
    Ok(Access { endpoint, ..elsewhere(environment, region) })
}

fn elsewhere(environment: &Environment, region: Option<String>) -> Access {
    Access {
        region,
        profile: environment.profile.clone(),
        role_arn: environment.role.clone(),
        endpoint: None,
        agent_runtime: None,
    }
}

fn passphrase() -> Result<Option<Keys>, Failure> {
    let Some(text) = variable(PASSPHRASE) else { return Ok(None) };
    if text.chars().count() < LEAST_PASSPHRASE {
        return Err(Failure::text(format!("{PASSPHRASE} is too short"))
            .hint(format!("take {LEAST_PASSPHRASE} characters at least: several words, say")));
    }
    Ok(Some(Keys::Passphrase(Secret::new(text))))
}

fn key() -> Result<Option<Keys>, Failure> {
    let Some(text) = variable(KEY) else { return Ok(None) };
    let length = BASE64_STANDARD.decode(text.trim()).map(|bytes| bytes.len());
    if length != Ok(KEY_LENGTH) {
        return Err(Failure::text(format!(
            "{KEY} is no key: it has to be {KEY_LENGTH} bytes in base64"
        ))
        .hint("a new one comes from `openssl rand -base64 32`"));
    }
    Ok(Some(Keys::Key(Secret::new(text))))
}

fn variable(name: &str) -> Option<String> {
    session::environment_variable(name)?.into_string().ok().filter(|text| !text.is_empty())
}

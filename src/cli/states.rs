//! Where the states of an environment's stacks are: in a directory or in a bucket.

use crate::aws::{Access, Clients};
use crate::config::StateHome;
use crate::state::State;
use crate::state::store::{Bucket, Store};

use super::Failure;
use super::project::Project;
use super::session;

impl Project {
    /// Where this stack's state is.
    pub async fn store(&self) -> Result<Store, Failure> {
        self.store_of(&self.name).await
    }

    async fn store_of(&self, stack: &str) -> Result<Store, Failure> {
        let environment = &self.environment.name;
        Ok(match &self.environment.state {
            StateHome::Directory(path) => Store::new(&path.join(environment).join(stack)),
            StateHome::Bucket { bucket, prefix, lease, .. } => {
                let prefix = format!("{prefix}/{environment}/{stack}");
                let client = self.bucket_client().await?;
                Store::in_bucket(Bucket::new(client, bucket, &prefix, *lease))
            }
        })
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

    /// The client for the bucket of the states: with the environment's credentials, and where it
    /// says nothing else, in its region.
    async fn bucket_client(&self) -> Result<aws_sdk_s3::Client, Failure> {
        if let Some(client) = self.bucket.get() {
            return Ok(client.clone());
        }
        let environment = &self.environment;
        let StateHome::Bucket { region, endpoint, .. } = &environment.state else {
            return Err(Failure::text("the states are in no bucket"));
        };
        let endpoint = match endpoint {
            Some(endpoint) => Some(endpoint.clone()),
            None => session::endpoint(environment).await?.0,
        };
        let access = Access {
            region: region.clone().or_else(|| environment.region.clone()),
            profile: environment.profile.clone(),
            role_arn: environment.role.clone(),
            endpoint,
            agent_runtime: None,
        };
        let client = Clients::connect(&access).await.s3();
        Ok(self.bucket.get_or_init(|| client).clone())
    }
}

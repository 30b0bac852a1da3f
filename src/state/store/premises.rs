//! A bucket for states, made and kept as it should be: with its versions, encrypted, closed to the
//! public, and by TLS alone.
//!
//! Only a bucket that was made here, and says so by its tag, is changed; any other is looked at. One
//! that is empty and has no tags may be what was made and not tagged any more: it is taken for a new
//! one, if this account can make it.

use std::fmt;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging,
    VersioningConfiguration,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Value as Json, json};

use super::StoreError;
use crate::aws::Fault;

/// What a bucket that was made here is known by.
pub const TAG: &str = "cairn:states";
const STATEMENT: &str = "CairnTlsOnly";

/// A bucket for states.
#[derive(Debug)]
pub struct Premises {
    client: Client,
    bucket: String,
    region: String,
}

/// Whose a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Absent,
    /// It has nothing in it and nothing on it.
    Empty,
    /// It was made here.
    Ours,
    /// It was made by somebody else in this account, or by hand.
    Foreign,
}

/// What a bucket for states should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    Versions,
    Encryption,
    Private,
    Tls,
}

pub const SETTINGS: [Setting; 4] =
    [Setting::Versions, Setting::Encryption, Setting::Private, Setting::Tls];

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Versions => "versioning: what was written before can be had again",
            Self::Encryption => "encryption at rest, with S3's own keys",
            Self::Private => "public access blocked, all four ways",
            Self::Tls => "a policy that refuses every request that is not by TLS",
        })
    }
}

/// How a bucket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    pub standing: Standing,
    pub missing: Vec<Setting>,
}

type Failed<E> = SdkError<E, HttpResponse>;

impl Premises {
    pub fn new(client: Client, bucket: &str) -> Self {
        let region = client.config().region().map_or("us-east-1", |region| region.as_ref());
        let (bucket, region) = (bucket.to_owned(), region.to_owned());
        Self { client, bucket, region }
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    /// Looks at the bucket, and changes nothing.
    ///
    /// # Errors
    ///
    /// When it is not this account's, or does not tell.
    pub async fn survey(&self) -> Result<Survey, StoreError> {
        let head = Box::pin(self.client.head_bucket().bucket(&self.bucket).send()).await;
        if let Err(error) = head {
            let status = error.raw_response().map(|response| response.status().as_u16());
            return match status {
                Some(404) => Ok(Survey { standing: Standing::Absent, missing: SETTINGS.to_vec() }),
                _ => Err(self.failed("look at", "s3:ListBucket", &error)),
            };
        }
        let mut missing = Vec::new();
        for setting in SETTINGS {
            if !self.has(setting).await? {
                missing.push(setting);
            }
        }
        let standing = self.standing(missing.contains(&Setting::Versions)).await?;
        Ok(Survey { standing, missing })
    }

    /// Makes the bucket, if it is not there, and gives it what it lacks.
    ///
    /// # Errors
    ///
    /// When something is refused; called again it does what is left.
    pub async fn prepare(&self, survey: &Survey) -> Result<(), StoreError> {
        // Of one that is there already, S3 says whether it is this account's.
        if matches!(survey.standing, Standing::Absent | Standing::Empty) {
            self.create().await?;
        }
        for setting in &survey.missing {
            self.give(*setting).await?;
        }
        Ok(())
    }

    async fn create(&self) -> Result<(), StoreError> {
        let mut request = self.client.create_bucket().bucket(&self.bucket);
        if self.region != "us-east-1" {
            let place = BucketLocationConstraint::from(self.region.as_str());
            let configuration = CreateBucketConfiguration::builder().location_constraint(place);
            request = request.create_bucket_configuration(configuration.build());
        }
        match Box::pin(request.send()).await {
            Ok(_) => {}
            Err(error) if code(&error) == Some("BucketAlreadyOwnedByYou") => {}
            Err(error) => return Err(self.failed("make", "s3:CreateBucket", &error)),
        }
        let tag = Tag::builder().key(TAG).value("true").build();
        let tags = tag.and_then(|tag| Tagging::builder().tag_set(tag).build());
        let request = self.client.put_bucket_tagging().bucket(&self.bucket);
        Box::pin(request.set_tagging(tags.ok()).send())
            .await
            .map(drop)
            .map_err(|error| self.failed("tag", "s3:PutBucketTagging", &error))
    }

    async fn standing(&self, has_no_versions: bool) -> Result<Standing, StoreError> {
        let request = self.client.get_bucket_tagging().bucket(&self.bucket);
        let tags = match Box::pin(request.send()).await {
            Ok(answer) => answer.tag_set,
            Err(error) if code(&error) == Some("NoSuchTagSet") => Vec::new(),
            Err(error) => return Err(self.failed("look at", "s3:GetBucketTagging", &error)),
        };
        if tags.iter().any(|tag| tag.key() == TAG) {
            return Ok(Standing::Ours);
        }
        // With versions, what was deleted is in it all the same.
        match tags.is_empty() && has_no_versions && self.is_empty().await? {
            true => Ok(Standing::Empty),
            false => Ok(Standing::Foreign),
        }
    }

    async fn is_empty(&self) -> Result<bool, StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).max_keys(1);
        let answer = Box::pin(request.send())
            .await
            .map_err(|error| self.failed("look at", "s3:ListBucket", &error))?;
        Ok(answer.contents().is_empty())
    }

    async fn has(&self, setting: Setting) -> Result<bool, StoreError> {
        match setting {
            Setting::Versions => {
                let request = self.client.get_bucket_versioning().bucket(&self.bucket);
                let answer = Box::pin(request.send())
                    .await
                    .map_err(|error| self.failed("look at", "s3:GetBucketVersioning", &error))?;
                Ok(answer.status() == Some(&BucketVersioningStatus::Enabled))
            }
            Setting::Encryption => {
                let request = self.client.get_bucket_encryption().bucket(&self.bucket);
                match Box::pin(request.send()).await {
                    Ok(answer) => Ok(answer
                        .server_side_encryption_configuration()
                        .is_some_and(|it| !it.rules().is_empty())),
                    Err(error)
                        if is_absent(&error, "ServerSideEncryptionConfigurationNotFoundError") =>
                    {
                        Ok(false)
                    }
                    Err(error) => {
                        Err(self.failed("look at", "s3:GetEncryptionConfiguration", &error))
                    }
                }
            }
            Setting::Private => {
                let request = self.client.get_public_access_block().bucket(&self.bucket);
                match Box::pin(request.send()).await {
                    Ok(answer) => Ok(answer
                        .public_access_block_configuration()
                        .is_some_and(|it| *it == closed())),
                    Err(error) if is_absent(&error, "NoSuchPublicAccessBlockConfiguration") => {
                        Ok(false)
                    }
                    Err(error) => {
                        Err(self.failed("look at", "s3:GetBucketPublicAccessBlock", &error))
                    }
                }
            }
            Setting::Tls => Ok(refuses_plain(&self.policy().await?)),
        }
    }

    async fn policy(&self) -> Result<Json, StoreError> {
        let request = self.client.get_bucket_policy().bucket(&self.bucket);
        let text = match Box::pin(request.send()).await {
            Ok(answer) => answer.policy.unwrap_or_default(),
            Err(error) if is_absent(&error, "NoSuchBucketPolicy") => String::new(),
            Err(error) => return Err(self.failed("look at", "s3:GetBucketPolicy", &error)),
        };
        let nothing = json!({ "Version": "2012-10-17", "Statement": [] });
        Ok(serde_json::from_str(&text).unwrap_or(nothing))
    }

    async fn give(&self, setting: Setting) -> Result<(), StoreError> {
        match setting {
            Setting::Versions => {
                let enabled = VersioningConfiguration::builder()
                    .status(BucketVersioningStatus::Enabled)
                    .build();
                let request = self.client.put_bucket_versioning().bucket(&self.bucket);
                let sent = Box::pin(request.versioning_configuration(enabled).send()).await;
                sent.map(drop).map_err(|it| self.failed("set up", "s3:PutBucketVersioning", &it))
            }
            Setting::Encryption => {
                let request = self.client.put_bucket_encryption().bucket(&self.bucket);
                let request = request.set_server_side_encryption_configuration(own_keys());
                let sent = Box::pin(request.send()).await;
                sent.map(drop)
                    .map_err(|it| self.failed("set up", "s3:PutEncryptionConfiguration", &it))
            }
            Setting::Private => {
                let request = self.client.put_public_access_block().bucket(&self.bucket);
                let request = request.public_access_block_configuration(closed());
                let sent = Box::pin(request.send()).await;
                sent.map(drop)
                    .map_err(|it| self.failed("set up", "s3:PutBucketPublicAccessBlock", &it))
            }
            Setting::Tls => {
                let mut policy = self.policy().await?;
                if let Some(statements) = policy["Statement"].as_array_mut() {
                    statements.retain(|statement| statement["Sid"] != STATEMENT);
                    statements.push(tls_only(&self.region, &self.bucket));
                }
                let request = self.client.put_bucket_policy().bucket(&self.bucket);
                let sent = Box::pin(request.policy(policy.to_string()).send()).await;
                sent.map(drop).map_err(|it| self.failed("set up", "s3:PutBucketPolicy", &it))
            }
        }
    }

    fn failed<E>(&self, attempt: &'static str, action: &str, error: &Failed<E>) -> StoreError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let (place, fault) = (format!("s3://{}", self.bucket), Fault::from_sdk(action, error));
        StoreError::Call { attempt, place, source: Box::new(fault) }
    }
}

fn code<E: ProvideErrorMetadata>(error: &Failed<E>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// Whether this is how S3 says that there is no such setting.
fn is_absent<E: ProvideErrorMetadata>(error: &Failed<E>, name: &str) -> bool {
    code(error) == Some(name)
}

fn closed() -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true)
        .build()
}

fn own_keys() -> Option<ServerSideEncryptionConfiguration> {
    let keys = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256);
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(keys.build().ok()?)
        .build();
    ServerSideEncryptionConfiguration::builder().rules(rule).build().ok()
}

fn tls_only(region: &str, bucket: &str) -> Json {
    let partition = crate::aws::partition(region);
    json!({
        "Sid": STATEMENT,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [
            format!("arn:{partition}:s3:::{bucket}"),
            format!("arn:{partition}:s3:::{bucket}/*"),
        ],
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    })
}

/// Whether some statement refuses everybody everything that does not come by TLS.
fn refuses_plain(policy: &Json) -> bool {
    let everybody = |principal: &Json| {
        *principal == "*" || principal["AWS"] == "*" || principal["AWS"] == json!(["*"])
    };
    let everything =
        |action: &Json| [json!("s3:*"), json!("*"), json!(["s3:*"]), json!(["*"])].contains(action);
    let statements = policy["Statement"].as_array();
    statements.into_iter().flatten().any(|statement| {
        let plain = &statement["Condition"]["Bool"]["aws:SecureTransport"];
        statement["Effect"] == "Deny"
            && everybody(&statement["Principal"])
            && everything(&statement["Action"])
            && [json!("false"), json!(false), json!(["false"])].contains(plain)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{refuses_plain, tls_only};

    #[test]
    fn only_a_policy_that_refuses_everybody_everything_is_tls_alone() {
        let whole = tls_only("eu-west-1", "states");
        assert!(refuses_plain(&json!({ "Statement": [{ "Effect": "Allow" }, whole] })));
        for (key, other) in [
            ("Effect", json!("Allow")),
            ("Principal", json!({ "AWS": "arn:aws:iam::1:root" })),
            ("Action", json!("s3:GetObject")),
            ("Condition", json!({ "Bool": { "aws:SecureTransport": "true" } })),
        ] {
            let mut part = whole.clone();
            part[key] = other;
            assert!(!refuses_plain(&json!({ "Statement": [part] })), "{key}");
        }
        assert!(!refuses_plain(&json!({ "Statement": [] })));
    }

    #[test]
    fn a_partition_of_its_own_has_its_own_names() {
        let statement = tls_only("cn-north-1", "states");
        assert_eq!(statement["Resource"][1], "arn:aws-cn:s3:::states/*");
    }
}

//! The SDK clients: one HTTP stack, no retries and no waiters of the SDK's own.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::HttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use super::{Scope, exchange};

/// The longest one attempt of one call may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(1);

/// How to reach an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    pub region: Option<String>,
    pub profile: Option<String>,
    pub role_arn: Option<String>,
    /// Takes the place of AWS for every client. One on this machine is given credentials that no
    /// real account knows; one elsewhere, a private endpoint say, those of the user.
    pub endpoint: Option<String>,
    /// Takes the place of the agents' runtime, where that is not at `endpoint`.
    pub agent_runtime: Option<String>,
}

/// One client a service, made when it is first asked for.
pub struct Clients {
    config: SdkConfig,
    agent_runtime: Option<String>,
    region: String,
    scope: Scope,
    ec2: OnceLock<aws_sdk_ec2::Client>,
    iam: OnceLock<aws_sdk_iam::Client>,
    lambda: OnceLock<aws_sdk_lambda::Client>,
    logs: OnceLock<aws_sdk_cloudwatchlogs::Client>,
    apigateway: OnceLock<aws_sdk_apigateway::Client>,
    bedrock_agent: OnceLock<aws_sdk_bedrockagent::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
    ssm: OnceLock<aws_sdk_ssm::Client>,
    secrets_manager: OnceLock<aws_sdk_secretsmanager::Client>,
    route53: OnceLock<aws_sdk_route53::Client>,
    bedrock: OnceLock<aws_sdk_bedrock::Client>,
    service_quotas: OnceLock<aws_sdk_servicequotas::Client>,
}

impl Clients {
    /// Reads profiles and the environment as the AWS CLI does, except for an endpoint on this
    /// machine, which never sees real credentials.
    pub async fn connect(access: &Access) -> Self {
        let mut loader = aws_config::defaults(behaviour())
            .http_client(exchange::client())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts());
        if let Some(region) = &access.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let is_local = access.endpoint.as_deref().is_some_and(is_on_this_machine);
        if let Some(endpoint) = &access.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if is_local {
            let nobody = Credentials::new("test", "test", None, None, "local");
            loader = loader.credentials_provider(nobody);
        } else if let Some(profile) = &access.profile {
            loader = loader.profile_name(profile);
        }
        let mut config = loader.load().await;
        if let Some(role) = &access.role_arn {
            let assumed = aws_config::sts::AssumeRoleProvider::builder(role)
                .session_name("cairn")
                .configure(&config)
                .build()
                .await;
            config = config
                .into_builder()
                .credentials_provider(SharedCredentialsProvider::new(assumed))
                .build();
        }
        let scope = if is_local { Scope::Local } else { Scope::Account };
        Self::from_config(config, access.agent_runtime.clone(), scope)
    }

    /// To somebody who answers in AWS's place below HTTP. Nothing is read from the environment.
    pub fn through(http: impl HttpClient + 'static, region: &str) -> Self {
        let nobody = Credentials::new("test", "test", None, None, "through");
        let config = SdkConfig::builder()
            .behavior_version(behaviour())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(nobody))
            .http_client(exchange::listening(http))
            .build();
        Self::from_config(config, None, Scope::Account)
    }

    fn from_config(config: SdkConfig, agent_runtime: Option<String>, scope: Scope) -> Self {
        let region = config.region().map_or("us-east-1", Region::as_ref).to_owned();
        Self {
            config,
            agent_runtime,
            region,
            scope,
            ec2: OnceLock::new(),
            iam: OnceLock::new(),
            lambda: OnceLock::new(),
            logs: OnceLock::new(),
            apigateway: OnceLock::new(),
            bedrock_agent: OnceLock::new(),
            sts: OnceLock::new(),
            ssm: OnceLock::new(),
            secrets_manager: OnceLock::new(),
            route53: OnceLock::new(),
            bedrock: OnceLock::new(),
            service_quotas: OnceLock::new(),
        }
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Whether a region was configured at all.
    pub fn has_region(&self) -> bool {
        self.config.region().is_some()
    }

    pub fn ec2(&self) -> &aws_sdk_ec2::Client {
        self.ec2.get_or_init(|| aws_sdk_ec2::Client::new(&self.config))
    }

    pub fn iam(&self) -> &aws_sdk_iam::Client {
        self.iam.get_or_init(|| aws_sdk_iam::Client::new(&self.config))
    }

    pub fn lambda(&self) -> &aws_sdk_lambda::Client {
        self.lambda.get_or_init(|| aws_sdk_lambda::Client::new(&self.config))
    }

    pub fn logs(&self) -> &aws_sdk_cloudwatchlogs::Client {
        self.logs.get_or_init(|| aws_sdk_cloudwatchlogs::Client::new(&self.config))
    }

    pub fn apigateway(&self) -> &aws_sdk_apigateway::Client {
        self.apigateway.get_or_init(|| aws_sdk_apigateway::Client::new(&self.config))
    }

    pub fn bedrock(&self) -> &aws_sdk_bedrock::Client {
        self.bedrock.get_or_init(|| aws_sdk_bedrock::Client::new(&self.config))
    }

    pub fn service_quotas(&self) -> &aws_sdk_servicequotas::Client {
        self.service_quotas.get_or_init(|| aws_sdk_servicequotas::Client::new(&self.config))
    }

    pub fn bedrock_agent(&self) -> &aws_sdk_bedrockagent::Client {
        self.bedrock_agent.get_or_init(|| aws_sdk_bedrockagent::Client::new(&self.config))
    }

    /// Made anew each time: who talks does so once.
    pub fn bedrock_agent_runtime(&self) -> aws_sdk_bedrockagentruntime::Client {
        let mut config = aws_sdk_bedrockagentruntime::config::Builder::from(&self.config);
        if let Some(url) = &self.agent_runtime {
            config = config.endpoint_url(url);
        }
        aws_sdk_bedrockagentruntime::Client::from_conf(config.build())
    }

    pub fn sts(&self) -> &aws_sdk_sts::Client {
        self.sts.get_or_init(|| aws_sdk_sts::Client::new(&self.config))
    }

    /// For the states of stacks; made anew each time. A bucket's name is part of the path where
    /// the endpoint is not AWS's own.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config);
        let is_elsewhere = self.config.endpoint_url().is_some();
        aws_sdk_s3::Client::from_conf(config.force_path_style(is_elsewhere).build())
    }

    /// For the keys of encrypted states; made anew each time.
    pub fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.config)
    }

    /// For taking over what CloudFormation has made; made anew each time.
    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        aws_sdk_cloudformation::Client::new(&self.config)
    }

    pub fn ssm(&self) -> &aws_sdk_ssm::Client {
        self.ssm.get_or_init(|| aws_sdk_ssm::Client::new(&self.config))
    }

    pub fn secrets_manager(&self) -> &aws_sdk_secretsmanager::Client {
        self.secrets_manager.get_or_init(|| aws_sdk_secretsmanager::Client::new(&self.config))
    }

    pub fn route53(&self) -> &aws_sdk_route53::Client {
        self.route53.get_or_init(|| aws_sdk_route53::Client::new(&self.config))
    }
}

fn behaviour() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(4))
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}

fn is_on_this_machine(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spared_real_credentials() {
        for here in ["http://127.0.0.1:4566", "http://localhost:5000/", "http://[::1]:80"] {
            assert!(is_on_this_machine(here), "{here}");
        }
        for elsewhere in
            ["https://vpce.example", "http://10.4.0.9:443", "https://localhost.example"]
        {
            assert!(!is_on_this_machine(elsewhere), "{elsewhere}");
        }
    }
}

//! What a handler may touch: the SDK clients, and one way to make a call.
//!
//! [`Aws::call`] is the only place where a request leaves: it waits for the rate budget, tells
//! of the call (`calls`), turns the SDK's error into a [`Fault`] and sends again what was only throttled. A
//! read whose answer was lost is sent again too; a lost answer to anything else is for the
//! engine, which knows how to look for what the call left behind.

mod assets;
mod calls;
mod clients;
mod cloudformation;
mod conceal;
mod exchange;
mod fault;
mod guard;
mod named;
mod pace;
mod shared;
mod stored;
mod things;

pub use assets::{Asset, Assets};
pub use calls::{Call, CallNews, Caller, Ears, Held, Pause, Transcript};
pub use clients::{Access, Clients};
pub use cloudformation::StackResource;
pub use fault::{Fault, FaultKind, chain, classify};
pub use guard::Guard;
pub use pace::{Pace, Scope};

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use calls::Witness;
use conceal::Concealed;
use shared::Shared;

/// One account and region, and the ways to reach it. Cheap to clone.
#[derive(Clone)]
pub struct Aws {
    clients: Arc<Clients>,
    pace: Arc<Pace>,
    witness: Witness,
    shared: Option<Arc<Shared>>,
    /// What dynamic references stand for, asked once a run.
    references: Arc<Shared>,
    concealed: Arc<Concealed>,
    guard: Option<Arc<dyn Guard>>,
    assets: Arc<Assets>,
    account: String,
    region: String,
    partition: String,
}

/// How often one call is sent again because it was throttled or, for a read, got no answer.
const RESENDS: u32 = 60;
const READ_RESENDS: u32 = 4;

impl Aws {
    /// Where the account is known, if only once it is `identified`.
    pub fn new(clients: Clients, account: &str, assets: Assets) -> Self {
        let region = clients.region().to_owned();
        Self {
            partition: partition(&region).to_owned(),
            region,
            account: account.to_owned(),
            pace: Arc::new(Pace::new(clients.scope())),
            clients: Arc::new(clients),
            witness: Witness::default(),
            shared: None,
            references: Arc::default(),
            concealed: Arc::default(),
            guard: None,
            assets: Arc::new(assets),
        }
    }

    /// The same access, paced by these budgets.
    #[must_use]
    pub fn paced_by(self, pace: Pace) -> Self {
        Self { pace: Arc::new(pace), ..self }
    }

    /// The same access, in the account that the credentials belong to.
    ///
    /// # Errors
    ///
    /// When STS does not say.
    pub async fn identified(self) -> Result<Self, Fault> {
        const ACTION: &str = "sts:GetCallerIdentity";
        let answer = self.call(ACTION, || self.clients.sts().get_caller_identity().send()).await?;
        let account = answer.account.ok_or_else(|| Fault::malformed(ACTION, "account"))?;
        Ok(Self { account, ..self })
    }

    /// The zones of the region that resources can go to, alphabetically.
    ///
    /// # Errors
    ///
    /// When EC2 does not say.
    pub async fn zones(&self) -> Result<Vec<String>, Fault> {
        let answer = self
            .call("ec2:DescribeAvailabilityZones", || {
                self.ec2().describe_availability_zones().send()
            })
            .await?;
        let mut zones: Vec<String> = answer
            .availability_zones
            .unwrap_or_default()
            .into_iter()
            .filter(|zone| zone.zone_type.as_deref().is_none_or(|kind| kind == "availability-zone"))
            .filter_map(|zone| zone.zone_name)
            .collect();
        zones.sort();
        Ok(zones)
    }

    pub fn account(&self) -> &str {
        &self.account
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The same with more assets.
    #[must_use]
    pub fn with_assets(mut self, more: impl IntoIterator<Item = Asset>) -> Self {
        let assets = Arc::make_mut(&mut self.assets);
        more.into_iter().for_each(|asset| assets.insert(asset));
        self
    }

    /// The local files that functions are made of.
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    pub fn transcript(&self) -> &Transcript {
        &self.witness.transcript
    }

    /// The same access, in which equal reads made through [`Aws::shared`] are made once. For one
    /// refresh, of so many of each type: nothing changes in between.
    #[must_use]
    pub fn sharing_reads(&self, of_types: BTreeMap<String, usize>) -> Self {
        Self { shared: Some(Arc::new(Shared::of(of_types))), ..self.clone() }
    }

    /// The same access, in which every call is made only while the guard admits it.
    #[must_use]
    pub fn guarded_by(&self, guard: Arc<dyn Guard>) -> Self {
        Self { guard: Some(guard), ..self.clone() }
    }

    /// The same access, whose calls are told.
    #[must_use]
    pub fn heard_by(&self, ears: Ears) -> Self {
        let witness = Witness { ears: Some(ears), ..self.witness.clone() };
        Self { witness, ..self.clone() }
    }

    /// The same access, in the name of a step.
    #[must_use]
    pub fn in_the_name_of(&self, caller: Caller) -> Self {
        let witness = Witness { caller: Some(Arc::new(caller)), ..self.witness.clone() };
        Self { witness, ..self.clone() }
    }

    /// Whether this access is a refresh's: properties are compared, and what never changes is
    /// known already.
    pub fn is_refresh(&self) -> bool {
        self.shared.is_some()
    }

    /// How many of a type this refresh reads; none where this is no refresh.
    pub fn refreshes(&self, type_name: &str) -> usize {
        self.shared.as_ref().map_or(0, |shared| shared.count(type_name))
    }

    pub fn ec2(&self) -> &aws_sdk_ec2::Client {
        self.clients.ec2()
    }

    pub fn iam(&self) -> &aws_sdk_iam::Client {
        self.clients.iam()
    }

    pub fn lambda(&self) -> &aws_sdk_lambda::Client {
        self.clients.lambda()
    }

    pub fn logs(&self) -> &aws_sdk_cloudwatchlogs::Client {
        self.clients.logs()
    }

    pub fn apigateway(&self) -> &aws_sdk_apigateway::Client {
        self.clients.apigateway()
    }

    pub fn bedrock_agent(&self) -> &aws_sdk_bedrockagent::Client {
        self.clients.bedrock_agent()
    }

    pub fn bedrock(&self) -> &aws_sdk_bedrock::Client {
        self.clients.bedrock()
    }

    pub fn service_quotas(&self) -> &aws_sdk_servicequotas::Client {
        self.clients.service_quotas()
    }

    fn ssm(&self) -> &aws_sdk_ssm::Client {
        self.clients.ssm()
    }

    fn secrets_manager(&self) -> &aws_sdk_secretsmanager::Client {
        self.clients.secrets_manager()
    }

    fn route53(&self) -> &aws_sdk_route53::Client {
        self.clients.route53()
    }

    /// Takes note of a text that AWS may repeat in an error, and that nobody may read there.
    pub fn conceal(&self, text: &str) {
        self.concealed.note(text);
    }

    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Makes one call. `action` is its IAM name, `ec2:CreateVpc`; `send` builds and sends the
    /// request, anew each time.
    ///
    /// # Errors
    ///
    /// What AWS answered, or that it did not.
    pub async fn call<T, E, F>(&self, action: &str, mut send: impl FnMut() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut resent = 0;
        loop {
            let waiting_since = calls::now();
            self.pace.admit(action).await;
            self.witness.paused(action, waiting_since, Held::Budget);
            if let Some(guard) = &self.guard {
                guard.admit(action).await?;
            }
            self.witness.transcript.note(action);
            let began = calls::now();
            let (outcome, answer) = Box::pin(exchange::answered(send())).await;
            let outcome =
                outcome.map_err(|error| self.concealed.in_fault(Fault::from_sdk(action, &error)));
            self.witness.called(action, (began, resent + 1), answer, outcome.as_ref().err());
            let fault = match outcome {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let again = match fault.kind {
                FaultKind::Throttled => resent < RESENDS,
                FaultKind::Uncertain => is_read(action) && resent < READ_RESENDS,
                _ => false,
            };
            if !again {
                return Err(fault);
            }
            resent += 1;
            let refused = calls::now();
            self.pace.hold_back(action, resent).await;
            self.witness.paused(action, refused, Held::Throttle);
        }
    }

    /// Makes a read once for all who ask for it during one refresh; `key` names the read and its
    /// arguments. Outside a refresh it is simply made.
    ///
    /// # Errors
    ///
    /// The read's fault, the same for all who asked.
    pub async fn shared<T, F>(&self, key: String, read: impl FnOnce() -> F) -> Result<Arc<T>, Fault>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, Fault>> + Send,
    {
        match &self.shared {
            Some(shared) => shared.get(key, read).await,
            None => read().await.map(Arc::new),
        }
    }
}

/// Whether a call changes nothing.
pub fn is_read(action: &str) -> bool {
    let operation = action.split_once(':').map_or(action, |(_, operation)| operation);
    ["Get", "List", "Describe", "Head", "BatchGet", "Simulate"]
        .iter()
        .any(|prefix| operation.starts_with(prefix))
}

/// The partition of a region.
pub fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ if region.starts_with("us-iso-") => "aws-iso",
        _ if region.starts_with("us-isob-") => "aws-iso-b",
        _ if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

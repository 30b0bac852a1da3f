//! What passes below the SDK: the status and the request id of each answer, which the SDK's outputs
//! do not all tell.
//!
//! The SDK makes a request in the task that asked for it, so that a call finds what its own request
//! was answered with in that task. What no call asked for (credentials, the objects of a state) is
//! logged here.

use std::cell::RefCell;
use std::future::Future;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::config_bag::ConfigBag;
use tokio::time::Instant;

tokio::task_local! {
    static ANSWERED: RefCell<Option<Answer>>;
}

/// What came back, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub request_id: Option<String>,
}

/// How services spell the header.
const REQUEST_ID: [&str; 3] = ["x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"];

impl Answer {
    fn of(response: &HttpResponse) -> Self {
        let headers = response.headers();
        let request_id = REQUEST_ID.iter().find_map(|name| headers.get(*name));
        Self { status: response.status().as_u16(), request_id: request_id.map(str::to_owned) }
    }
}

/// What `send` gives, and what its last request was answered with.
pub async fn answered<T>(send: impl Future<Output = T>) -> (T, Option<Answer>) {
    ANSWERED
        .scope(RefCell::new(None), async {
            let outcome = send.await;
            (outcome, ANSWERED.with(RefCell::take))
        })
        .await
}

/// The SDK's own client, listened to.
pub fn client() -> SharedHttpClient {
    listening(Builder::new().build_with_connector_fn(|settings, components| {
        let provider = Provider::Rustls(CryptoMode::AwsLc);
        let mut builder = Connector::builder().tls_provider(provider);
        builder.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        builder.set_proxy_config(Some(ProxyConfig::from_env()));
        builder.build()
    }))
}

/// A client, listened to.
pub fn listening(client: impl HttpClient + 'static) -> SharedHttpClient {
    SharedHttpClient::new(Listening(SharedHttpClient::new(client)))
}

#[derive(Debug)]
struct Listening(SharedHttpClient);

impl HttpClient for Listening {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Ear(self.0.http_connector(settings, components)))
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_base_client_config(&self.0, components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_final_config(&self.0, components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

#[derive(Debug)]
struct Ear(SharedHttpConnector);

impl HttpConnector for Ear {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_asked_for = ANSWERED.try_with(|_| ()).is_ok();
        let request_line = (!is_asked_for).then(|| {
            // Without the query: it may say more than a log is to know.
            let place = request.uri().split('?').next().unwrap_or_default();
            format!("{} {place}", request.method())
        });
        let began = Instant::now();
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let outcome = answer.await;
            let answer = outcome.as_ref().ok().map(Answer::of);
            match request_line {
                Some(line) => log(&line, began, answer.as_ref()),
                None => drop(ANSWERED.try_with(|cell| cell.replace(answer))),
            }
            outcome
        })
    }
}

fn log(request: &str, began: Instant, answer: Option<&Answer>) {
    tracing::debug!(
        request,
        status = answer.map(|answer| answer.status),
        took_ms = super::calls::milliseconds(began.elapsed()),
        request_id = answer.and_then(|answer| answer.request_id.as_deref()),
        "request"
    );
}

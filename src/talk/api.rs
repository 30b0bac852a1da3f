//! The agent behind its API: HTTPS and an API key.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::http::HttpError;
use aws_smithy_types::body::SdkBody;
use serde_json::Value as Json;

use super::{Channel, Reply, Request, TalkError};
use crate::resource::BoxFuture;
use crate::value::Secret;

/// Longer than API Gateway ever waits for an integration that is not streamed.
const PATIENCE: Duration = Duration::from_mins(5);

pub struct Api {
    url: String,
    key: Secret,
    connector: Connector,
}

impl Api {
    pub fn new(url: &str, key: Secret) -> Self {
        let provider = Provider::Rustls(CryptoMode::AwsLc);
        let connector = Connector::builder().tls_provider(provider).build();
        Self { url: url.to_owned(), key, connector }
    }

    async fn post(&self, body: String) -> Result<Reply, TalkError> {
        let mut request = HttpRequest::new(SdkBody::from(body));
        let unsendable = |error: &HttpError| TalkError::Lost(error.to_string());
        request.set_method("POST").map_err(|error| unsendable(&error))?;
        request.set_uri(self.url.clone()).map_err(|error| unsendable(&error))?;
        request.headers_mut().insert("content-type", "application/json");
        request.headers_mut().insert("x-api-key", self.key.expose().to_owned());
        let answered = tokio::time::timeout(PATIENCE, async {
            let answer = self.connector.call(request).await;
            let answer = answer.map_err(|error| TalkError::Lost(crate::aws::chain(&error)))?;
            let status = answer.status().as_u16();
            let body = read(answer.into_body()).await?;
            Ok((status, body))
        });
        let (status, body) = answered
            .await
            .map_err(|_| TalkError::Lost(format!("none within {} s", PATIENCE.as_secs())))??;
        let json: Json = serde_json::from_slice(&body).unwrap_or_default();
        if status == 200 {
            return Reply::from_json(&json);
        }
        let texts = [json.pointer("/error/message"), json.get("message")];
        let message = texts.into_iter().flatten().find_map(Json::as_str);
        let message = message.map_or_else(
            || String::from_utf8_lossy(&body).chars().take(200).collect(),
            str::to_owned,
        );
        let again = json.pointer("/error/again").and_then(Json::as_bool);
        Err(TalkError::Refused { status, message, again })
    }
}

async fn read(body: SdkBody) -> Result<Vec<u8>, TalkError> {
    let collected = aws_smithy_types::byte_stream::ByteStream::new(body).collect().await;
    let collected = collected.map_err(|error| TalkError::Lost(crate::aws::chain(&error)))?;
    Ok(collected.into_bytes().to_vec())
}

impl Channel for Api {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, TalkError>> {
        Box::pin(self.post(request.to_json().to_string()))
    }
}

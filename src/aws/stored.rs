//! Values that are kept in Systems Manager and Secrets Manager: what parameters are read from and
//! what dynamic references stand for.

use std::collections::BTreeMap;

use aws_sdk_ssm::types::ParameterType;
use serde_json::Value as Json;

use super::{Aws, Fault};
use crate::template::dynamic::{Reference, SecretPart, Stored};
use crate::value::Secret;

const GET_PARAMETER: &str = "ssm:GetParameter";
const GET_PARAMETERS: &str = "ssm:GetParameters";
const GET_SECRET: &str = "secretsmanager:GetSecretValue";

/// How many parameters one call takes.
const BATCH: usize = 10;

/// Whether the value of an encrypted parameter is what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encrypted {
    Wanted,
    Refused,
}

impl Aws {
    /// The values of parameters of Systems Manager, by the names that were asked for; one that is
    /// not there is not among them.
    ///
    /// # Errors
    ///
    /// When AWS does not tell, and for an encrypted one.
    pub async fn stored_parameters(
        &self,
        names: &[String],
    ) -> Result<BTreeMap<String, String>, Fault> {
        let mut values = BTreeMap::new();
        for batch in names.chunks(BATCH) {
            let answer = self
                .call(GET_PARAMETERS, || {
                    self.ssm().get_parameters().set_names(Some(batch.to_vec())).send()
                })
                .await?;
            for parameter in answer.parameters.unwrap_or_default() {
                let told = [&parameter.name, &parameter.arn].map(Option::as_deref);
                let Some(name) = batch.iter().find(|name| told.contains(&Some(name.as_str())))
                else {
                    continue;
                };
                if parameter.r#type == Some(ParameterType::SecureString) {
                    return Err(encrypted(GET_PARAMETERS, name));
                }
                values.insert(name.clone(), parameter.value.unwrap_or_default());
            }
        }
        Ok(values)
    }

    /// What a dynamic reference stands for, the same for all who ask during a run.
    ///
    /// # Errors
    ///
    /// When it is not there or cannot be read.
    pub async fn dereference(&self, reference: &Reference) -> Result<Secret, Fault> {
        let read = || async { self.read(reference).await.map(Secret::new) };
        let secret = self.references.get(format!("{reference:?}"), read).await?;
        self.conceal(secret.expose());
        Ok(Secret::clone(&secret))
    }

    async fn read(&self, reference: &Reference) -> Result<String, Fault> {
        match reference {
            Reference::Ssm(stored) => self.parameter(stored, Encrypted::Refused).await,
            Reference::SsmSecure(stored) => self.parameter(stored, Encrypted::Wanted).await,
            Reference::SecretsManager(part) => self.secret(part).await,
        }
    }

    async fn parameter(&self, stored: &Stored, encrypted_one: Encrypted) -> Result<String, Fault> {
        let name = match &stored.version {
            Some(version) => format!("{}:{version}", stored.name),
            None => stored.name.clone(),
        };
        let answer = self
            .call(GET_PARAMETER, || {
                let request = self.ssm().get_parameter().name(&name);
                request.with_decryption(encrypted_one == Encrypted::Wanted).send()
            })
            .await?;
        let parameter =
            answer.parameter.ok_or_else(|| Fault::malformed(GET_PARAMETER, "parameter"))?;
        if parameter.r#type == Some(ParameterType::SecureString)
            && encrypted_one == Encrypted::Refused
        {
            return Err(encrypted(GET_PARAMETER, &stored.name));
        }
        parameter.value.ok_or_else(|| Fault::malformed(GET_PARAMETER, "value"))
    }

    async fn secret(&self, part: &SecretPart) -> Result<String, Fault> {
        let answer = self
            .call(GET_SECRET, || {
                self.secrets_manager()
                    .get_secret_value()
                    .secret_id(&part.id)
                    .set_version_id(part.version.clone())
                    .set_version_stage(part.stage.clone())
                    .send()
            })
            .await?;
        let id = &part.id;
        let Some(text) = answer.secret_string else {
            return Err(Fault::invalid(GET_SECRET, format!("the secret `{id}` is not text")));
        };
        let Some(key) = &part.key else { return Ok(text) };
        match serde_json::from_str::<Json>(&text).ok().as_ref().and_then(|json| json.get(key)) {
            Some(Json::String(value)) => Ok(value.clone()),
            Some(value @ (Json::Number(_) | Json::Bool(_))) => Ok(value.to_string()),
            Some(_) => {
                let message = format!("`{key}` in the secret `{id}` is not a text");
                Err(Fault::invalid(GET_SECRET, message))
            }
            None => {
                let message = format!("the secret `{id}` has no `{key}`, or is not a JSON map");
                Err(Fault::invalid(GET_SECRET, message))
            }
        }
    }
}

fn encrypted(action: &str, name: &str) -> Fault {
    let message = format!(
        "the parameter `{name}` is encrypted (a SecureString), and only one in clear can be read \
         here"
    );
    Fault::invalid(action, message)
}

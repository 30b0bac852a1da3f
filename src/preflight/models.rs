//! Whether the models of agents are there, may be used, and can be used by an agent in the region.

use aws_sdk_bedrock::types::{
    AgreementAvailability, AgreementStatus, AuthorizationStatus, EntitlementAvailability,
    FoundationModelLifecycle, FoundationModelLifecycleStatus, InferenceType, RegionAvailability,
};

use super::{Look, Subject, is_absent, known};
use crate::aws::{Aws, Fault, FaultKind};
use crate::diagnostic::Severity;
use crate::plan::{Action, Finding};
use crate::value::LogicalId;

const NAME: &str = "models";
const PROPERTY: &str = "FoundationModel";

pub async fn check(subject: &Subject<'_>) -> Look {
    let mut look = Look::default();
    // No emulator knows which models there are.
    if !subject.is_aws() {
        return look;
    }
    let agents = subject.with_properties().filter(|(step, _)| {
        step.type_name.as_str() == "AWS::Bedrock::Agent"
            && matches!(step.action, Action::Create | Action::Update | Action::Replace)
    });
    for (step, properties) in agents {
        let Some(model) = known(properties, PROPERTY) else { continue };
        let one = Model { subject, id: &step.logical_id, model };
        match one.check(&mut look).await {
            Ok(()) => {}
            Err(fault) if fault.is(FaultKind::Closed) => one.say(&mut look, &fault.message),
            Err(fault) => look.unchecked(&format!("the model `{model}`"), &fault),
        }
    }
    look
}

/// The model of one agent.
struct Model<'a> {
    subject: &'a Subject<'a>,
    id: &'a LogicalId,
    /// A model or an inference profile, by its id or its ARN.
    model: &'a str,
}

impl Model<'_> {
    async fn check(&self, look: &mut Look) -> Result<(), Fault> {
        let name = self.model.rsplit('/').next().unwrap_or(self.model);
        if self.model.contains(":provisioned-model") || self.model.contains(":custom-model") {
            return Ok(());
        }
        let Some((_, model)) = name.split_once('.').filter(|_| is_profile(self.model, name)) else {
            return self.check_model(look, name, Way::Direct).await;
        };
        let aws = self.subject.aws;
        let answer = aws
            .call("bedrock:GetInferenceProfile", || {
                aws.bedrock()
                    .get_inference_profile()
                    .inference_profile_identifier(self.model)
                    .send()
            })
            .await;
        match answer {
            Err(fault) if is_absent(&fault) || fault.is(FaultKind::Invalid) => {
                let message = format!("there is no inference profile `{name}` in {}", aws.region());
                self.say(look, &message);
                Ok(())
            }
            Err(fault) => Err(fault),
            Ok(profile) => {
                let led =
                    profile.models().iter().find_map(|one| one.model_arn()?.rsplit('/').next());
                self.check_model(look, led.unwrap_or(model), Way::Profile).await
            }
        }
    }

    async fn check_model(&self, look: &mut Look, model: &str, way: Way) -> Result<(), Fault> {
        let aws = self.subject.aws;
        let region = aws.region();
        let answer = aws
            .call("bedrock:GetFoundationModel", || {
                aws.bedrock().get_foundation_model().model_identifier(model).send()
            })
            .await;
        let details = match answer {
            // A profile may lead to other regions only.
            Err(fault) if is_absent(&fault) || fault.is(FaultKind::Invalid) => {
                if way == Way::Direct {
                    self.say(look, &format!("there is no model `{model}` in {region}"));
                }
                return Ok(());
            }
            Err(fault) => return Err(fault),
            Ok(answer) => answer.model_details,
        };
        if let Some(details) = details {
            let kinds = details.inference_types_supported();
            if way == Way::Direct && !kinds.is_empty() && !kinds.contains(&InferenceType::OnDemand)
            {
                let message =
                    format!("the model `{model}` answers through an inference profile only");
                self.say(look, &message);
            }
            let status = details.model_lifecycle().map(FoundationModelLifecycle::status);
            if status == Some(&FoundationModelLifecycleStatus::Legacy) {
                let message = format!("the model `{model}` is a legacy: AWS is going to end it");
                look.add(self.finding(Severity::Warning, &message));
            }
        }
        self.check_access(look, aws, model).await
    }

    async fn check_access(&self, look: &mut Look, aws: &Aws, model: &str) -> Result<(), Fault> {
        let answer = aws
            .call("bedrock:GetFoundationModelAvailability", || {
                aws.bedrock().get_foundation_model_availability().model_id(model).send()
            })
            .await?;
        let agreement = answer.agreement_availability().map(AgreementAvailability::status);
        let problems = [
            (
                *answer.region_availability() == RegionAvailability::NotAvailable,
                format!("the model `{model}` is not available in {}", aws.region()),
            ),
            (
                *answer.authorization_status() == AuthorizationStatus::NotAuthorized,
                format!("the account is not authorized to use the model `{model}`"),
            ),
            (
                agreement == Some(&AgreementStatus::NotAvailable)
                    || *answer.entitlement_availability() == EntitlementAvailability::NotAvailable,
                format!("the account has no access to the model `{model}` yet"),
            ),
        ];
        if let Some((_, message)) = problems.into_iter().find(|(is_so, _)| *is_so) {
            let finding = self.finding(Severity::Error, &message);
            look.add(
                finding.hint("ask for access in the console of Bedrock, under `Model access`"),
            );
        }
        Ok(())
    }

    fn say(&self, look: &mut Look, message: &str) {
        look.add(self.finding(Severity::Error, message));
    }

    fn finding(&self, severity: Severity, message: &str) -> Finding {
        Finding::new(severity, NAME, message).of(self.subject.graph, self.id, &[PROPERTY])
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Direct,
    Profile,
}

/// Profiles of AWS's own are called as the model, after the part of the world that they serve:
/// `eu.anthropic.claude-…`.
fn is_profile(given: &str, name: &str) -> bool {
    const WORLDS: [&str; 9] = ["us", "eu", "apac", "global", "us-gov", "ca", "jp", "au", "sa"];
    given.contains(":inference-profile/")
        || name.split_once('.').is_some_and(|(world, _)| WORLDS.contains(&world))
}

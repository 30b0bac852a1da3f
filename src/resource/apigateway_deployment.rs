//! `AWS::ApiGateway::Deployment`: a snapshot of an API. Deployments have no names and no tags, so
//! the mark that leads back to Cairn is the end of the description.
//!
//! With a `StageName` the call that makes the deployment also makes the stage, or points an
//! existing one at it; the deployment then answers for the stage too. Its mark says so: a stage whose
//! deployment goes while an earlier one for it is still there is that one's again.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::{self, CacheClusterSize};
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::apigateway_method_settings::{ANY, MethodSetting};
use super::apigateway_patch::{Patch, float};
use super::apigateway_stage::{self, AccessLogSetting, CanarySetting};
use super::or_absent::OrAbsent;
use super::tags::Tag;
use super::{
    Completion, Created, Effect, Follows, Known, Live, Lock, Mark, Progress, Repeat, Resource,
    Rule, Status, apigateway_tags, apigateway_tree,
};
use crate::aws::{Aws, Fault, FaultKind, Scope};
use crate::value::{Attributes, PhysicalId, Token};

#[derive(Debug, Clone, Copy, Default)]
pub struct Deployment;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    deployment_canary_settings: Option<DeploymentCanarySettings>,
    description: Option<String>,
    rest_api_id: Option<String>,
    stage_description: Option<StageDescription>,
    stage_name: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct DeploymentCanarySettings {
    percent_traffic: Option<Number>,
    stage_variable_overrides: Option<BTreeMap<String, String>>,
    use_stage_cache: Option<bool>,
}

/// A stage without its name, its settings for all methods side by side with the rest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct StageDescription {
    access_log_setting: Option<AccessLogSetting>,
    cache_cluster_enabled: Option<bool>,
    cache_cluster_size: Option<String>,
    cache_data_encrypted: Option<bool>,
    cache_ttl_in_seconds: Option<i32>,
    caching_enabled: Option<bool>,
    canary_setting: Option<CanarySetting>,
    client_certificate_id: Option<String>,
    data_trace_enabled: Option<bool>,
    description: Option<String>,
    documentation_version: Option<String>,
    logging_level: Option<String>,
    method_settings: Option<Vec<MethodSetting>>,
    metrics_enabled: Option<bool>,
    tags: Option<Vec<Tag>>,
    throttling_burst_limit: Option<i32>,
    throttling_rate_limit: Option<Number>,
    tracing_enabled: Option<bool>,
    variables: Option<BTreeMap<String, String>>,
}

impl DeploymentCanarySettings {
    fn to_sdk(&self) -> types::DeploymentCanarySettings {
        types::DeploymentCanarySettings::builder()
            .set_percent_traffic(float(self.percent_traffic.as_ref()))
            .set_stage_variable_overrides(
                self.stage_variable_overrides.clone().map(|map| map.into_iter().collect()),
            )
            .set_use_stage_cache(self.use_stage_cache)
            .build()
    }
}

impl StageDescription {
    /// The same as a stage of its own would have it.
    fn stage(&self) -> apigateway_stage::Props {
        let for_all = MethodSetting {
            cache_data_encrypted: self.cache_data_encrypted,
            cache_ttl_in_seconds: self.cache_ttl_in_seconds,
            caching_enabled: self.caching_enabled,
            data_trace_enabled: self.data_trace_enabled,
            http_method: Some(ANY.to_owned()),
            logging_level: self.logging_level.clone(),
            metrics_enabled: self.metrics_enabled,
            resource_path: Some(format!("/{ANY}")),
            throttling_burst_limit: self.throttling_burst_limit,
            throttling_rate_limit: self.throttling_rate_limit.clone(),
        };
        let settings = [for_all].into_iter().filter(|setting| !setting.is_empty());
        apigateway_stage::Props {
            access_log_setting: self.access_log_setting.clone(),
            cache_cluster_enabled: self.cache_cluster_enabled,
            cache_cluster_size: self.cache_cluster_size.clone(),
            canary_setting: self.canary_setting.clone(),
            client_certificate_id: self.client_certificate_id.clone(),
            description: self.description.clone(),
            documentation_version: self.documentation_version.clone(),
            method_settings: Some(
                settings.chain(self.method_settings.iter().flatten().cloned()).collect(),
            ),
            tags: self.tags.clone(),
            tracing_enabled: self.tracing_enabled,
            variables: self.variables.clone(),
            ..apigateway_stage::Props::default()
        }
    }
}

impl Props {
    fn api(&self) -> &str {
        self.rest_api_id.as_deref().unwrap_or_default()
    }

    fn stage(&self) -> apigateway_stage::Props {
        self.stage_description.as_ref().map(StageDescription::stage).unwrap_or_default()
    }
}

/// How much of the token a description carries.
const MARK_LENGTH: usize = 13;
const MARK_BEGIN: &str = "(cairn ";
const MARK_END: &str = ")";

/// Before the name of the stage that it was made for.
const MARK_STAGE: &str = " for ";

/// The description with the mark at its end.
fn marked(description: Option<&str>, stage: Option<&str>, mark: &Mark) -> String {
    let token = mark.token.as_str();
    let token = token.get(..MARK_LENGTH).unwrap_or(token);
    let space = if description.is_some_and(|text| !text.is_empty()) { " " } else { "" };
    let stage = stage.map(|name| format!("{MARK_STAGE}{name}")).unwrap_or_default();
    format!("{}{space}{MARK_BEGIN}{token}{stage}{MARK_END}", description.unwrap_or_default())
}

/// What a mark at the end of a description says: the beginning of the token, and for which stage.
fn mark_of(description: &str) -> Option<(&str, Option<&str>)> {
    let (_, mark) = description.strip_suffix(MARK_END)?.rsplit_once(MARK_BEGIN)?;
    let (token, stage) = match mark.split_once(MARK_STAGE) {
        Some((token, stage)) => (token, Some(stage)),
        None => (mark, None),
    };
    (token.len() == MARK_LENGTH).then_some((token, stage))
}

/// The description without a mark, if it has one: an update takes it away.
fn unmarked(description: &str) -> &str {
    let text = mark_of(description).and_then(|_| description.rsplit_once(MARK_BEGIN));
    text.map_or(description, |(text, _)| text.strip_suffix(' ').unwrap_or(text))
}

fn attributes(deployment: &str) -> Attributes {
    Attributes::from_iter([("DeploymentId".to_owned(), deployment.into())])
}

async fn list(aws: &Aws, api: &str) -> Result<Vec<types::Deployment>, Fault> {
    let pages = apigateway_tree::all(|position: Option<String>| async move {
        let answer = aws
            .call("apigateway:GetDeployments", || {
                aws.apigateway()
                    .get_deployments()
                    .rest_api_id(api)
                    .limit(apigateway_tree::PAGE)
                    .set_position(position.clone())
                    .send()
            })
            .await?;
        Ok((answer.items, answer.position))
    });
    Ok(pages.await.or_absent()?.unwrap_or_default())
}

fn found(api: &str, deployment: &str, description: Option<String>) -> Live<Props> {
    let properties = Props { description, rest_api_id: Some(api.to_owned()), ..Props::default() };
    Live { properties, attributes: attributes(deployment), status: Status::Ready }
}

/// In a refresh, the deployments that stages point at: AWS deletes none of those, so that the read
/// the stages make anyway tells that they are there. It does not tell their descriptions.
async fn served(
    aws: &Aws,
    api: &str,
    known: &[Known<'_, Props>],
) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
    if !aws.is_refresh() || known.iter().any(|one| one.properties.description.is_some()) {
        return Ok(BTreeMap::new());
    }
    let stages = apigateway_stage::list(aws, api).await?;
    let served = stages.iter().filter_map(|stage| stage.deployment_id());
    Ok(served
        .map(|own| (PhysicalId::join(&[api, own]), found(api, own, None)))
        .filter(|(id, _)| known.iter().any(|one| one.id == id))
        .collect())
}

/// Changes the stage and its tags from what it is to what it should be.
async fn change_stage(
    aws: &Aws,
    props: &Props,
    from: &apigateway_stage::Props,
    to: &apigateway_stage::Props,
) -> Result<(), Fault> {
    let Some(name) = &props.stage_name else { return Ok(()) };
    let path = apigateway_stage::path(props.api(), name);
    apigateway_tags::update(aws, &path, from.tags.as_deref(), to.tags.as_deref()).await?;
    apigateway_stage::send(aws, props.api(), name, &apigateway_stage::patch(from, to)).await?;
    Ok(())
}

async fn delete_deployment(aws: &Aws, api: &str, deployment: &str) -> Result<(), Fault> {
    aws.call("apigateway:DeleteDeployment", || {
        aws.apigateway().delete_deployment().rest_api_id(api).deployment_id(deployment).send()
    })
    .await
    .map(drop)
}

/// Gives back the stage that a deployment took over and still serves, to the last one of those that
/// were made for it; where there is none it goes.
async fn leave_stage(aws: &Aws, api: &str, deployment: &str, stage: &str) -> Result<(), Fault> {
    let live = aws
        .call("apigateway:GetStage", || {
            aws.apigateway().get_stage().rest_api_id(api).stage_name(stage).send()
        })
        .await
        .or_absent()?;
    if live.is_none_or(|live| live.deployment_id() != Some(deployment)) {
        return Ok(());
    }
    let others = list(aws, api).await?;
    let is_for_it = |other: &&types::Deployment| {
        let mark = other.description().and_then(mark_of);
        other.id() != Some(deployment) && mark.is_some_and(|(_, name)| name == Some(stage))
    };
    let before = others.iter().filter(is_for_it).max_by_key(|other| other.created_date().copied());
    if let Some(before) = before.and_then(|other| other.id()) {
        let mut patch = Patch::default();
        patch.replace("/deploymentId", before);
        apigateway_stage::send(aws, api, stage, &patch).await?;
        return Ok(());
    }
    aws.call("apigateway:DeleteStage", || {
        aws.apigateway().delete_stage().rest_api_id(api).stage_name(stage).send()
    })
    .await
    .or_absent()?;
    Ok(())
}

async fn describe(aws: &Aws, id: &PhysicalId, from: &Props, to: &Props) -> Result<(), Fault> {
    let [api, deployment] = apigateway_tree::parts(id)?;
    let mut patch = Patch::default();
    patch.field("/description", from.description.as_ref(), to.description.as_ref(), "");
    if patch.is_empty() {
        return Ok(());
    }
    aws.call("apigateway:UpdateDeployment", || {
        aws.apigateway()
            .update_deployment()
            .rest_api_id(api)
            .deployment_id(deployment)
            .set_patch_operations(patch.operations())
            .send()
    })
    .await
    .map(drop)
}

impl Resource for Deployment {
    const TYPE: &'static str = "AWS::ApiGateway::Deployment";
    const REPEAT: Repeat = Repeat::Another;
    const COMPLETION: Completion = Completion::Calls;
    const READ_BATCH: usize = 100;
    const RULES: &'static [(&'static str, Rule)] = &[
        ("Description", Rule::Default(r#""""#)),
        // The new deployment makes the new stage, the old one takes the old stage with it.
        ("StageName", Rule::Replace),
    ];
    const FOLLOWS: Option<Follows> = Some(Follows {
        through: "RestApiId",
        types: &[
            "AWS::ApiGateway::Resource",
            "AWS::ApiGateway::Method",
            "AWS::ApiGateway::Authorizer",
            "AWS::ApiGateway::Model",
            "AWS::ApiGateway::GatewayResponse",
            "AWS::ApiGateway::RequestValidator",
        ],
        unless: None,
        effect: Effect::Replace,
        reason: "a deployment is a snapshot: it is made anew when anything of its API changes",
    });
    const GONE_WITH: Option<&'static str> = Some("RestApiId");
    const LOCK: Option<Lock> = Some(Lock::Property("RestApiId"));

    type Props = Props;

    fn reference(id: &PhysicalId) -> String {
        id.parts().last().copied().unwrap_or_default().to_owned()
    }

    fn identify(text: &str, props: &Props) -> PhysicalId {
        apigateway_tree::below(props.api(), text)
    }

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let mut live = BTreeMap::new();
        for (api, known) in apigateway_tree::by_api(known) {
            let served = served(aws, api, &known).await?;
            let unseen = known.iter().any(|one| !served.contains_key(one.id));
            live.extend(served);
            if !unseen {
                continue;
            }
            for deployment in list(aws, api).await? {
                let own = deployment.id().unwrap_or_default();
                let id = PhysicalId::join(&[api, own]);
                if known.iter().any(|one| *one.id == id) {
                    let description =
                        deployment.description().map(|text| unmarked(text).to_owned());
                    live.insert(id, found(api, own, description));
                }
            }
        }
        Ok(live)
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        const ACTION: &str = "apigateway:CreateDeployment";
        if props.stage_description.is_some() && props.stage_name.is_none() {
            return Err(Fault::invalid(ACTION, "`StageDescription` needs a `StageName`"));
        }
        let stage = props.stage();
        let answer = aws
            .call(ACTION, || {
                let canary = props.deployment_canary_settings.as_ref();
                let variables = stage.variables.clone();
                aws.apigateway()
                    .create_deployment()
                    .set_rest_api_id(props.rest_api_id.clone())
                    .description(marked(
                        props.description.as_deref(),
                        props.stage_name.as_deref(),
                        mark,
                    ))
                    .set_canary_settings(canary.map(DeploymentCanarySettings::to_sdk))
                    .set_stage_name(props.stage_name.clone())
                    .set_stage_description(stage.description.clone())
                    .set_cache_cluster_enabled(stage.cache_cluster_enabled)
                    .set_cache_cluster_size(
                        stage.cache_cluster_size.as_deref().map(CacheClusterSize::from),
                    )
                    .set_tracing_enabled(stage.tracing_enabled)
                    .set_variables(variables.map(|map| map.into_iter().collect()))
                    .send()
            })
            .await?;
        let id = answer.id.ok_or_else(|| Fault::malformed(ACTION, "id"))?;
        Ok(Created::ready(PhysicalId::join(&[props.api(), &id]), attributes(&id)))
    }

    /// What of the stage the call that made it could not take; and a stage that was there before is
    /// still as it was for the deployment it was taken from.
    async fn complete(
        self,
        aws: &Aws,
        _id: &PhysicalId,
        props: &Props,
        _mark: &Mark,
    ) -> Result<Progress, Fault> {
        let Some(name) = &props.stage_name else { return Ok(Progress::Done) };
        let wanted = props.stage();
        let live = apigateway_stage::live(aws, props.api(), name, &wanted).await?;
        change_stage(aws, props, &live, &wanted).await?;
        Ok(Progress::Done)
    }

    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        describe(aws, id, from, to).await?;
        change_stage(aws, to, &from.stage(), &to.stage()).await?;
        Ok(Progress::Done)
    }

    /// Takes its stage back from a deployment that took its place, and makes it what it was.
    async fn roll(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        describe(aws, id, from, to).await?;
        let Some(name) = &to.stage_name else { return Ok(Progress::Done) };
        let [api, deployment] = apigateway_tree::parts(id)?;
        let wanted =
            apigateway_stage::Props { deployment_id: Some(deployment.to_owned()), ..to.stage() };
        if let Some(live) = apigateway_stage::live(aws, api, name, &wanted).await.or_absent()? {
            change_stage(aws, to, &live, &wanted).await?;
        }
        Ok(Progress::Done)
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, props: &Props) -> Result<(), Fault> {
        let [api, deployment] = apigateway_tree::parts(id)?;
        match (delete_deployment(aws, api, deployment).await, &props.stage_name) {
            // That it is served is AWS's word at this moment. What a stage says of itself may be of a
            // while ago, and the stage long taken over by another deployment.
            (Err(fault), Some(stage)) if fault.is(FaultKind::InUse) => {
                leave_stage(aws, api, deployment, stage).await?;
                delete_deployment(aws, api, deployment).await
            }
            // MiniStack deletes what a stage points at.
            (outcome, Some(stage)) if aws.clients().scope() == Scope::Local => {
                leave_stage(aws, api, deployment, stage).await?;
                outcome
            }
            (outcome, _) => outcome,
        }
    }

    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let ours = marked(None, props.stage_name.as_deref(), mark);
        let deployments = list(aws, props.api()).await?;
        Ok(deployments
            .iter()
            .filter(|deployment| deployment.description().is_some_and(|it| it.ends_with(&ours)))
            .filter_map(|deployment| deployment.id())
            .map(|id| PhysicalId::join(&[props.api(), id]))
            .collect())
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let Some(api) = &props.rest_api_id else { return Ok(Some(Vec::new())) };
        let deployments = list(aws, api).await?;
        let begins = deployments.iter().filter_map(|deployment| {
            let (token, _) = mark_of(deployment.description()?)?;
            Some(token)
        });
        // The rest of the token is nowhere: any will do.
        let whole = |begin: &str| Token::from_beginning(begin);
        let mark = |token| Mark { stack: stack.to_owned(), logical_id: String::new(), token };
        Ok(Some(begins.map(whole).map(mark).collect()))
    }
}

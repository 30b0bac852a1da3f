//! `AWS::ApiGateway::Stage`: a deployment under a name.
//!
//! `CreateStage` takes neither method settings nor access logs nor a client certificate: they
//! follow in one `UpdateStage`. A deployment with a `StageName` makes its stage by the same words.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_apigateway::types::{self, CacheClusterSize, CacheClusterStatus, Op};
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::apigateway_method_settings::MethodSetting;
use super::apigateway_patch::{Patch, float, number};
use super::or_absent::OrAbsent;
use super::tags::Tag;
use super::{
    Completion, Created, Known, Live, Lock, Mark, Name, Progress, Resource, Rule, Status,
    Uniqueness,
};
use super::{apigateway_method_settings, apigateway_tags, apigateway_tree};
use crate::aws::{Aws, Fault};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct Stage;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    pub access_log_setting: Option<AccessLogSetting>,
    pub cache_cluster_enabled: Option<bool>,
    pub cache_cluster_size: Option<String>,
    pub canary_setting: Option<CanarySetting>,
    pub client_certificate_id: Option<String>,
    pub deployment_id: Option<String>,
    pub description: Option<String>,
    pub documentation_version: Option<String>,
    pub method_settings: Option<Vec<MethodSetting>>,
    pub rest_api_id: Option<String>,
    pub stage_name: Option<String>,
    pub tags: Option<Vec<Tag>>,
    pub tracing_enabled: Option<bool>,
    pub variables: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct AccessLogSetting {
    destination_arn: Option<String>,
    format: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct CanarySetting {
    deployment_id: Option<String>,
    percent_traffic: Option<Number>,
    stage_variable_overrides: Option<BTreeMap<String, String>>,
    use_stage_cache: Option<bool>,
}

/// The smallest cache, which a stage gets when it asks for a cache and no size.
const DEFAULT_CACHE_SIZE: &str = "0.5";

impl AccessLogSetting {
    /// API Gateway wants the ARN of a log group without the `:*` that CloudFormation ends it with.
    fn destination(&self) -> &str {
        let arn = self.destination_arn.as_deref().unwrap_or_default();
        arn.strip_suffix(":*").unwrap_or(arn)
    }

    fn read(live: types::AccessLogSettings, declared: Option<&Self>) -> Self {
        let same = declared.filter(|one| Some(one.destination()) == live.destination_arn());
        Self {
            destination_arn: same
                .map_or(live.destination_arn, |declared| declared.destination_arn.clone()),
            format: live.format,
        }
    }
}

impl CanarySetting {
    fn to_sdk(&self) -> types::CanarySettings {
        types::CanarySettings::builder()
            .set_deployment_id(self.deployment_id.clone())
            .set_percent_traffic(float(self.percent_traffic.as_ref()))
            .set_stage_variable_overrides(
                self.stage_variable_overrides.clone().map(|map| map.into_iter().collect()),
            )
            .set_use_stage_cache(self.use_stage_cache)
            .build()
    }
}

impl From<types::CanarySettings> for CanarySetting {
    fn from(live: types::CanarySettings) -> Self {
        Self {
            deployment_id: live.deployment_id,
            percent_traffic: number(live.percent_traffic),
            stage_variable_overrides: live
                .stage_variable_overrides
                .map(|map| map.into_iter().collect()),
            use_stage_cache: Some(live.use_stage_cache),
        }
    }
}

fn properties(api: &str, live: types::Stage, declared: &Props) -> Props {
    // Without a cache the size means nothing, yet AWS tells one.
    let cache_cluster_size = if live.cache_cluster_enabled {
        live.cache_cluster_size.map(|size| size.as_str().to_owned())
    } else {
        declared.cache_cluster_size.clone()
    };
    Props {
        access_log_setting: live
            .access_log_settings
            .filter(|settings| settings.destination_arn.is_some())
            .map(|log| AccessLogSetting::read(log, declared.access_log_setting.as_ref())),
        cache_cluster_enabled: Some(live.cache_cluster_enabled),
        cache_cluster_size,
        canary_setting: live.canary_settings.map(CanarySetting::from),
        client_certificate_id: live.client_certificate_id,
        deployment_id: live.deployment_id,
        description: live.description,
        documentation_version: live.documentation_version,
        method_settings: apigateway_method_settings::read(
            live.method_settings,
            declared.method_settings.as_ref(),
        ),
        rest_api_id: Some(api.to_owned()),
        stage_name: live.stage_name,
        tags: apigateway_tags::read(live.tags),
        tracing_enabled: Some(live.tracing_enabled),
        variables: live.variables.map(|map| map.into_iter().collect()),
    }
}

/// A stage is ready unless its cache is being made or removed.
fn status(cache: Option<&CacheClusterStatus>) -> Status {
    match cache {
        Some(
            status @ (CacheClusterStatus::CreateInProgress | CacheClusterStatus::DeleteInProgress),
        ) => Status::Pending(format!("the cache of the stage is {}", status.as_str())),
        _ => Status::Ready,
    }
}

/// What leads from one stage to the other; tags apart.
pub(super) fn patch(from: &Props, to: &Props) -> Patch {
    let mut patch = Patch::default();
    if let Some(deployment) = &to.deployment_id {
        patch.field("/deploymentId", from.deployment_id.as_ref(), Some(deployment), "");
    }
    patch.field("/description", from.description.as_ref(), to.description.as_ref(), "");
    patch.field(
        "/clientCertificateId",
        from.client_certificate_id.as_ref(),
        to.client_certificate_id.as_ref(),
        "",
    );
    patch.field(
        "/documentationVersion",
        from.documentation_version.as_ref(),
        to.documentation_version.as_ref(),
        "",
    );
    patch.field(
        "/tracingEnabled",
        from.tracing_enabled.as_ref(),
        to.tracing_enabled.as_ref(),
        "false",
    );
    patch.field(
        "/cacheClusterEnabled",
        from.cache_cluster_enabled.as_ref(),
        to.cache_cluster_enabled.as_ref(),
        "false",
    );
    if to.cache_cluster_enabled == Some(true) {
        patch.field(
            "/cacheClusterSize",
            from.cache_cluster_size.as_ref(),
            to.cache_cluster_size.as_ref(),
            DEFAULT_CACHE_SIZE,
        );
    }
    patch.entries("/variables", from.variables.as_ref(), to.variables.as_ref(), &Op::Replace);
    patch_access_log(&mut patch, from, to);
    patch_canary(&mut patch, from, to);
    apigateway_method_settings::patch(
        &mut patch,
        from.method_settings.as_ref(),
        to.method_settings.as_ref(),
    );
    patch
}

fn patch_access_log(patch: &mut Patch, from: &Props, to: &Props) {
    match (&from.access_log_setting, &to.access_log_setting) {
        (from, Some(to)) if from.as_ref() != Some(to) => {
            patch.replace("/accessLogSettings/destinationArn", to.destination());
            patch.replace("/accessLogSettings/format", to.format.as_deref().unwrap_or_default());
        }
        (Some(_), None) => patch.remove("/accessLogSettings"),
        _ => {}
    }
}

fn patch_canary(patch: &mut Patch, from: &Props, to: &Props) {
    let Some(wanted) = &to.canary_setting else {
        if from.canary_setting.is_some() {
            patch.remove("/canarySettings");
        }
        return;
    };
    let from = from.canary_setting.clone().unwrap_or_default();
    if let Some(deployment) = &wanted.deployment_id {
        let at = "/canarySettings/deploymentId";
        patch.field(at, from.deployment_id.as_ref(), Some(deployment), "");
    }
    patch.field(
        "/canarySettings/percentTraffic",
        from.percent_traffic.as_ref(),
        wanted.percent_traffic.as_ref(),
        "0.0",
    );
    patch.entries(
        "/canarySettings/stageVariableOverrides",
        from.stage_variable_overrides.as_ref(),
        wanted.stage_variable_overrides.as_ref(),
        &Op::Replace,
    );
    patch.field(
        "/canarySettings/useStageCache",
        from.use_stage_cache.as_ref(),
        wanted.use_stage_cache.as_ref(),
        "false",
    );
}

/// Changes a stage, in one call if at all; the tags apart.
pub(super) async fn send(
    aws: &Aws,
    api: &str,
    name: &str,
    patch: &Patch,
) -> Result<Progress, Fault> {
    if patch.is_empty() {
        return Ok(Progress::Done);
    }
    let answer = aws
        .call("apigateway:UpdateStage", || {
            aws.apigateway()
                .update_stage()
                .rest_api_id(api)
                .stage_name(name)
                .set_patch_operations(patch.operations())
                .send()
        })
        .await?;
    Ok(match status(answer.cache_cluster_status.as_ref()) {
        Status::Ready => Progress::Done,
        _ => Progress::Settle,
    })
}

/// A stage's path, for its tags.
pub(super) fn path(api: &str, name: &str) -> String {
    format!("/restapis/{api}/stages/{name}")
}

/// All stages of an API, read once for all who ask during a refresh; none when the API is gone.
pub(super) async fn list(aws: &Aws, api: &str) -> Result<Arc<Vec<types::Stage>>, Fault> {
    let key = format!("apigateway:GetStages {api}");
    aws.shared(key, || async move {
        let answer = aws
            .call("apigateway:GetStages", || aws.apigateway().get_stages().rest_api_id(api).send())
            .await
            .or_absent()?;
        Ok(answer.and_then(|answer| answer.item).unwrap_or_default())
    })
    .await
}

/// A stage as it is, to be changed to what is wanted. What nobody wants and is AWS's default counts
/// as not set.
pub(super) async fn live(aws: &Aws, api: &str, name: &str, wanted: &Props) -> Result<Props, Fault> {
    let answer = aws
        .call("apigateway:GetStage", || {
            aws.apigateway().get_stage().rest_api_id(api).stage_name(name).send()
        })
        .await?;
    let live = types::Stage::builder()
        .set_access_log_settings(answer.access_log_settings)
        .cache_cluster_enabled(answer.cache_cluster_enabled)
        .set_cache_cluster_size(answer.cache_cluster_size)
        .set_canary_settings(answer.canary_settings)
        .set_client_certificate_id(answer.client_certificate_id)
        .set_description(answer.description)
        .set_documentation_version(answer.documentation_version)
        .set_method_settings(answer.method_settings)
        .set_tags(answer.tags)
        .tracing_enabled(answer.tracing_enabled)
        .set_variables(answer.variables)
        .build();
    let live = properties(api, live, wanted);
    let is_set = |text: &String| !text.is_empty();
    let counts = |live: &bool, wanted: Option<bool>| *live || wanted.is_some();
    Ok(Props {
        cache_cluster_enabled: live
            .cache_cluster_enabled
            .filter(|on| counts(on, wanted.cache_cluster_enabled)),
        client_certificate_id: live.client_certificate_id.filter(is_set),
        description: live.description.filter(is_set),
        documentation_version: live.documentation_version.filter(is_set),
        tracing_enabled: live.tracing_enabled.filter(|on| counts(on, wanted.tracing_enabled)),
        ..live
    })
}

impl Resource for Stage {
    const TYPE: &'static str = "AWS::ApiGateway::Stage";
    const ALONE: Option<&'static [&'static str]> = Some(&["RestApiId", "StageName"]);
    const COMPLETION: Completion = Completion::Calls;
    const READ_BATCH: usize = 100;
    /// A cache takes its time.
    const PATIENCE: Duration = Duration::from_mins(90);
    const RULES: &'static [(&'static str, Rule)] = &[
        ("CacheClusterEnabled", Rule::Default("false")),
        ("CanarySetting.PercentTraffic", Rule::Default("0")),
        ("CanarySetting.UseStageCache", Rule::Default("false")),
        ("ClientCertificateId", Rule::Default(r#""""#)),
        ("Description", Rule::Default(r#""""#)),
        ("DocumentationVersion", Rule::Default(r#""""#)),
        ("TracingEnabled", Rule::Default("false")),
    ];
    const NAME: Option<Name> =
        Some(Name { property: "StageName", max_length: 128, unique: Uniqueness::Label });
    const OCCUPIES: &'static [&'static str] = &["RestApiId", "StageName"];
    const GONE_WITH: Option<&'static str> = Some("RestApiId");
    const LOCK: Option<Lock> = Some(Lock::Property("RestApiId"));

    type Props = Props;

    fn reference(id: &PhysicalId) -> String {
        id.parts().last().copied().unwrap_or_default().to_owned()
    }

    fn identify(text: &str, props: &Props) -> PhysicalId {
        apigateway_tree::below(props.rest_api_id.as_deref().unwrap_or_default(), text)
    }

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let mut live = BTreeMap::new();
        for (api, known) in apigateway_tree::by_api(known) {
            for stage in list(aws, api).await?.iter() {
                let id = PhysicalId::join(&[api, stage.stage_name().unwrap_or_default()]);
                let Some(one) = known.iter().find(|one| *one.id == id) else { continue };
                let status = status(stage.cache_cluster_status.as_ref());
                let properties = properties(api, stage.clone(), one.properties);
                live.insert(id, Live { properties, attributes: Attributes::new(), status });
            }
        }
        Ok(live)
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        let answer = aws
            .call("apigateway:CreateStage", || {
                let variables = props.variables.clone();
                aws.apigateway()
                    .create_stage()
                    .set_rest_api_id(props.rest_api_id.clone())
                    .set_stage_name(props.stage_name.clone())
                    .set_deployment_id(props.deployment_id.clone())
                    .set_description(props.description.clone())
                    .set_cache_cluster_enabled(props.cache_cluster_enabled)
                    .set_cache_cluster_size(
                        props.cache_cluster_size.as_deref().map(CacheClusterSize::from),
                    )
                    .set_variables(variables.map(|map| map.into_iter().collect()))
                    .set_documentation_version(props.documentation_version.clone())
                    .set_canary_settings(props.canary_setting.as_ref().map(CanarySetting::to_sdk))
                    .set_tracing_enabled(props.tracing_enabled)
                    .set_tags(Some(apigateway_tags::marked(mark, props.tags.as_deref())))
                    .send()
            })
            .await?;
        let api = props.rest_api_id.as_deref().unwrap_or_default();
        let name = props.stage_name.as_deref().unwrap_or_default();
        Ok(Created {
            id: PhysicalId::join(&[api, name]),
            attributes: Attributes::new(),
            status: status(answer.cache_cluster_status.as_ref()),
        })
    }

    async fn complete(
        self,
        aws: &Aws,
        id: &PhysicalId,
        props: &Props,
        _mark: &Mark,
    ) -> Result<Progress, Fault> {
        let [api, name] = apigateway_tree::parts(id)?;
        let created = Props {
            access_log_setting: None,
            client_certificate_id: None,
            method_settings: None,
            ..props.clone()
        };
        send(aws, api, name, &patch(&created, props)).await
    }

    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        let [api, name] = apigateway_tree::parts(id)?;
        let (old, new) = (from.tags.as_deref(), to.tags.as_deref());
        apigateway_tags::update(aws, &path(api, name), old, new).await?;
        send(aws, api, name, &patch(from, to)).await
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, _props: &Props) -> Result<(), Fault> {
        let [api, name] = apigateway_tree::parts(id)?;
        aws.call("apigateway:DeleteStage", || {
            aws.apigateway().delete_stage().rest_api_id(api).stage_name(name).send()
        })
        .await?;
        Ok(())
    }

    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let api = props.rest_api_id.as_deref().unwrap_or_default();
        let stages = list(aws, api).await?;
        let ours = stages.iter().filter(|stage| apigateway_tags::is_on(mark, stage.tags()));
        Ok(ours
            .filter_map(|stage| stage.stage_name())
            .map(|name| PhysicalId::join(&[api, name]))
            .collect())
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let Some(api) = &props.rest_api_id else { return Ok(Some(Vec::new())) };
        let stages = list(aws, api).await?;
        let tags = stages.iter().map(|stage| stage.tags());
        Ok(Some(tags.filter_map(|tags| apigateway_tags::mark(stack, tags)).collect()))
    }
}

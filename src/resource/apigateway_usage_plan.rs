//! `AWS::ApiGateway::UsagePlan`: how much the holders of its keys may call which stages.
//!
//! An account may change plans once in twenty seconds, so a change is always one call.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::{self, QuotaPeriodType};
use serde::{Deserialize, Serialize};
use serde_json::{Number, json};

use super::apigateway_patch::{Patch, float, number};
use super::or_absent::OrAbsent;
use super::tags::Tag;
use super::{
    Created, Known, Live, Lock, Mark, Name, Progress, Repeat, Resource, Rule, Status, Uniqueness,
};
use super::{apigateway_tags, apigateway_tree};
use crate::aws::{Aws, Fault, FaultKind};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct UsagePlan;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    api_stages: Option<Vec<ApiStage>>,
    description: Option<String>,
    quota: Option<Quota>,
    tags: Option<Vec<Tag>>,
    throttle: Option<Throttle>,
    usage_plan_name: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct ApiStage {
    api_id: Option<String>,
    stage: Option<String>,
    /// By path and method, `/pets/GET`.
    throttle: Option<BTreeMap<String, Throttle>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Quota {
    limit: Option<i32>,
    offset: Option<i32>,
    period: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Throttle {
    burst_limit: Option<i32>,
    rate_limit: Option<Number>,
}

/// `GetUsagePlan` and `GetUsagePlans` answer with two types of the same fields.
macro_rules! live {
    ($answer:expr) => {{
        let answer = $answer;
        let id = answer.id.unwrap_or_default();
        let properties = Props {
            api_stages: answer
                .api_stages
                .map(|stages| stages.into_iter().map(ApiStage::from).collect()),
            description: answer.description,
            quota: answer.quota.filter(|quota| quota.limit > 0).map(Quota::from),
            tags: apigateway_tags::read(answer.tags),
            throttle: answer
                .throttle
                .filter(|throttle| throttle.rate_limit > 0.0 || throttle.burst_limit > 0)
                .map(|throttle| Throttle::from(&throttle)),
            usage_plan_name: answer.name,
        };
        let attributes = attributes(&id);
        (PhysicalId::new(id), Live { properties, attributes, status: Status::Ready })
    }};
}

impl ApiStage {
    fn to_sdk(&self) -> types::ApiStage {
        let throttle = self.throttle.as_ref();
        types::ApiStage::builder()
            .set_api_id(self.api_id.clone())
            .set_stage(self.stage.clone())
            .set_throttle(throttle.map(|throttle| {
                throttle.iter().map(|(path, limits)| (path.clone(), limits.to_sdk())).collect()
            }))
            .build()
    }

    /// `a1b2c3:prod`: how operations name it.
    fn key(&self) -> String {
        let [api, stage] =
            [&self.api_id, &self.stage].map(|part| part.as_deref().unwrap_or_default());
        format!("{api}:{stage}")
    }

    /// The limits of its methods as an operation takes them; none when there are none.
    fn throttle_text(&self) -> Option<String> {
        let throttle = self.throttle.as_ref().filter(|throttle| !throttle.is_empty())?;
        let limits: serde_json::Map<_, _> = throttle
            .iter()
            .map(|(path, limits)| {
                let rate = limits.rate_limit.clone().unwrap_or_else(|| Number::from(0));
                let burst = limits.burst_limit.unwrap_or_default();
                (path.clone(), json!({ "rateLimit": rate, "burstLimit": burst }))
            })
            .collect();
        Some(serde_json::Value::Object(limits).to_string())
    }
}

impl From<types::ApiStage> for ApiStage {
    fn from(live: types::ApiStage) -> Self {
        let throttle = live.throttle.filter(|throttle| !throttle.is_empty());
        Self {
            api_id: live.api_id,
            stage: live.stage,
            throttle: throttle.map(|throttle| {
                throttle.iter().map(|(path, limits)| (path.clone(), limits.into())).collect()
            }),
        }
    }
}

impl Quota {
    fn to_sdk(&self) -> types::QuotaSettings {
        types::QuotaSettings::builder()
            .set_limit(self.limit)
            .set_offset(self.offset)
            .set_period(self.period.as_deref().map(QuotaPeriodType::from))
            .build()
    }
}

impl From<types::QuotaSettings> for Quota {
    fn from(live: types::QuotaSettings) -> Self {
        Self {
            limit: Some(live.limit),
            offset: Some(live.offset),
            period: live.period.map(|period| period.as_str().to_owned()),
        }
    }
}

impl Throttle {
    fn to_sdk(&self) -> types::ThrottleSettings {
        types::ThrottleSettings::builder()
            .set_burst_limit(self.burst_limit)
            .set_rate_limit(float(self.rate_limit.as_ref()))
            .build()
    }
}

impl From<&types::ThrottleSettings> for Throttle {
    fn from(live: &types::ThrottleSettings) -> Self {
        Self { burst_limit: Some(live.burst_limit), rate_limit: number(live.rate_limit) }
    }
}

fn attributes(id: &str) -> Attributes {
    Attributes::from_iter([("Id".to_owned(), id.into())])
}

fn patch(from: &Props, to: &Props) -> Patch {
    let mut patch = Patch::default();
    patch.field("/name", from.usage_plan_name.as_ref(), to.usage_plan_name.as_ref(), "");
    patch.field("/description", from.description.as_ref(), to.description.as_ref(), "");
    patch_stages(&mut patch, from, to);
    match (&from.throttle, &to.throttle) {
        (Some(_), None) => patch.remove("/throttle"),
        (from, Some(to)) => {
            let from = from.clone().unwrap_or_default();
            let (old, new) = (from.rate_limit.as_ref(), to.rate_limit.as_ref());
            patch.field("/throttle/rateLimit", old, new, "0");
            let (old, new) = (from.burst_limit.as_ref(), to.burst_limit.as_ref());
            patch.field("/throttle/burstLimit", old, new, "0");
        }
        (None, None) => {}
    }
    match (&from.quota, &to.quota) {
        (Some(_), None) => patch.remove("/quota"),
        (from, Some(to)) => {
            let from = from.clone().unwrap_or_default();
            patch.field("/quota/limit", from.limit.as_ref(), to.limit.as_ref(), "0");
            patch.field("/quota/offset", from.offset.as_ref(), to.offset.as_ref(), "0");
            patch.field("/quota/period", from.period.as_ref(), to.period.as_ref(), "");
        }
        (None, None) => {}
    }
    patch
}

fn patch_stages(patch: &mut Patch, from: &Props, to: &Props) {
    let by_key = |props: &Props| -> BTreeMap<String, Option<String>> {
        let stages = props.api_stages.iter().flatten();
        stages.map(|stage| (stage.key(), stage.throttle_text())).collect()
    };
    let (from, to) = (by_key(from), by_key(to));
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        patch.remove_value("/apiStages", key);
    }
    for (key, throttle) in &to {
        let before = from.get(key);
        if before.is_none() {
            patch.add_value("/apiStages", key);
        }
        let limits = format!("/apiStages/{key}/throttle");
        match (before.cloned().flatten(), throttle) {
            (before, Some(throttle)) if before.as_ref() != Some(throttle) => {
                patch.replace(&limits, throttle);
            }
            (Some(_), None) => patch.remove(&limits),
            _ => {}
        }
    }
}

/// What is there of what an update is about: of what it leaves as it is, nothing is to be seen.
fn moved(from: &Props, to: &Props, live: Props) -> Props {
    let keys: BTreeSet<String> =
        [from, to].iter().flat_map(|one| &one.api_stages).flatten().map(ApiStage::key).collect();
    let is_named = |stage: &ApiStage| keys.contains(&stage.key());
    Props {
        api_stages: live.api_stages.map(|all| all.into_iter().filter(is_named).collect()),
        throttle: live.throttle,
        quota: live.quota,
        ..from.clone()
    }
}

async fn send(aws: &Aws, id: &PhysicalId, patch: &Patch) -> Result<(), Fault> {
    if !patch.is_empty() {
        aws.call("apigateway:UpdateUsagePlan", || {
            let request = aws.apigateway().update_usage_plan().usage_plan_id(id.as_str());
            request.set_patch_operations(patch.operations()).send()
        })
        .await?;
    }
    Ok(())
}

async fn get(aws: &Aws, id: &PhysicalId) -> Result<Option<(PhysicalId, Live<Props>)>, Fault> {
    let answer = aws.call("apigateway:GetUsagePlan", || {
        aws.apigateway().get_usage_plan().usage_plan_id(id.as_str()).send()
    });
    Ok(answer.await.or_absent()?.map(|answer| live!(answer)))
}

async fn list(aws: &Aws) -> Result<Vec<types::UsagePlan>, Fault> {
    apigateway_tree::all(|position: Option<String>| async move {
        let answer = aws
            .call("apigateway:GetUsagePlans", || {
                let request = aws.apigateway().get_usage_plans().limit(apigateway_tree::PAGE);
                request.set_position(position.clone()).send()
            })
            .await?;
        Ok((answer.items, answer.position))
    })
    .await
}

impl Resource for UsagePlan {
    const TYPE: &'static str = "AWS::ApiGateway::UsagePlan";
    const REPEAT: Repeat = Repeat::Another;
    const READ_BATCH: usize = 500;
    const RULES: &'static [(&'static str, Rule)] = &[
        ("Description", Rule::Default(r#""""#)),
        ("Quota.Offset", Rule::Default("0")),
        ("Throttle.BurstLimit", Rule::Default("0")),
        ("Throttle.RateLimit", Rule::Default("0")),
    ];
    const NAME: Option<Name> =
        Some(Name { property: "UsagePlanName", max_length: 255, unique: Uniqueness::Label });
    const LOCK: Option<Lock> = Some(Lock::Itself);

    type Props = Props;

    /// One plan by its id, several by the account's list.
    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        if let [one] = known {
            return Ok(get(aws, one.id).await?.into_iter().collect());
        }
        let plans = list(aws).await?.into_iter().map(|answer| live!(answer));
        Ok(plans.filter(|(id, _)| known.iter().any(|one| one.id == id)).collect())
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        const ACTION: &str = "apigateway:CreateUsagePlan";
        let answer = aws
            .call(ACTION, || {
                let stages = props.api_stages.as_ref();
                aws.apigateway()
                    .create_usage_plan()
                    .set_name(props.usage_plan_name.clone())
                    .set_description(props.description.clone())
                    .set_api_stages(
                        stages.map(|stages| stages.iter().map(ApiStage::to_sdk).collect()),
                    )
                    .set_throttle(props.throttle.as_ref().map(Throttle::to_sdk))
                    .set_quota(props.quota.as_ref().map(Quota::to_sdk))
                    .set_tags(Some(apigateway_tags::marked(mark, props.tags.as_deref())))
                    .send()
            })
            .await?;
        let id = answer.id.ok_or_else(|| Fault::malformed(ACTION, "id"))?;
        let attributes = attributes(&id);
        Ok(Created::ready(PhysicalId::new(id), attributes))
    }

    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        let tagged = format!("/usageplans/{id}");
        apigateway_tags::update(aws, &tagged, from.tags.as_deref(), to.tags.as_deref()).await?;
        let Err(fault) = send(aws, id, &patch(from, to)).await else { return Ok(Progress::Done) };
        // A stage that has left, or entered, in a call whose answer was lost does not do so again.
        let is_moving = from.api_stages != to.api_stages && fault.is(FaultKind::Invalid);
        match get(aws, id).await? {
            Some((_, live)) if is_moving => {
                send(aws, id, &patch(&moved(from, to, live.properties), to)).await?;
                Ok(Progress::Done)
            }
            _ => Err(fault),
        }
    }

    /// A plan with stages is not deleted: they leave it first, those that are in it now.
    async fn delete(self, aws: &Aws, id: &PhysicalId, props: &Props) -> Result<(), Fault> {
        if props.api_stages.as_ref().is_some_and(|stages| !stages.is_empty())
            && let Some((_, live)) = get(aws, id).await?
        {
            let without_stages = Props { api_stages: None, ..live.properties.clone() };
            send(aws, id, &patch(&live.properties, &without_stages)).await.or_absent()?;
        }
        aws.call("apigateway:DeleteUsagePlan", || {
            aws.apigateway().delete_usage_plan().usage_plan_id(id.as_str()).send()
        })
        .await?;
        Ok(())
    }

    async fn find(self, aws: &Aws, _props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let plans = list(aws).await?;
        let ours =
            plans.into_iter().filter(|plan| apigateway_tags::is_on(mark, plan.tags.as_ref()));
        Ok(ours.filter_map(|plan| plan.id).map(PhysicalId::new).collect())
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        _props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let all = list(aws).await?;
        let tags = all.iter().map(|one| one.tags());
        Ok(Some(tags.filter_map(|tags| apigateway_tags::mark(stack, tags)).collect()))
    }
}

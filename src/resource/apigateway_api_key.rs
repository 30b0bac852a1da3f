//! `AWS::ApiGateway::ApiKey`: a key for callers. Its value is never read back: it is a secret,
//! and it cannot change.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types;
use serde::{Deserialize, Serialize};

use super::apigateway_patch::Patch;
use super::or_absent::OrAbsent;
use super::tags::Tag;
use super::{
    Created, Known, Live, Mark, Name, Progress, Repeat, Resource, Rule, Status, Uniqueness,
};
use super::{apigateway_tags, apigateway_tree};
use crate::aws::{Aws, Fault};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct ApiKey;

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    customer_id: Option<String>,
    description: Option<String>,
    enabled: Option<bool>,
    generate_distinct_id: Option<bool>,
    name: Option<String>,
    stage_keys: Option<Vec<StageKey>>,
    tags: Option<Vec<Tag>>,
    value: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct StageKey {
    rest_api_id: Option<String>,
    stage_name: Option<String>,
}

/// Everything but the value.
impl std::fmt::Debug for Props {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Props").field("name", &self.name).finish_non_exhaustive()
    }
}

/// `GetApiKey` and `GetApiKeys` answer with two types of the same fields.
macro_rules! live {
    ($answer:expr) => {{
        let answer = $answer;
        let id = answer.id.unwrap_or_default();
        let properties = Props {
            customer_id: answer.customer_id,
            description: answer.description,
            enabled: Some(answer.enabled),
            name: answer.name,
            stage_keys: answer
                .stage_keys
                .map(|keys| keys.iter().map(|key| StageKey::from_live(key)).collect()),
            tags: apigateway_tags::read(answer.tags),
            ..Props::default()
        };
        let attributes = attributes(&id);
        (PhysicalId::new(id), Live { properties, attributes, status: Status::Ready })
    }};
}

impl StageKey {
    fn to_sdk(&self) -> types::StageKey {
        types::StageKey::builder()
            .set_rest_api_id(self.rest_api_id.clone())
            .set_stage_name(self.stage_name.clone())
            .build()
    }

    /// `a1b2c3/prod`, as an answer has it.
    fn from_live(key: &str) -> Self {
        let (api, stage) = key.split_once('/').unwrap_or((key, ""));
        Self { rest_api_id: Some(api.to_owned()), stage_name: Some(stage.to_owned()) }
    }

    fn text(&self) -> String {
        let [api, stage] =
            [&self.rest_api_id, &self.stage_name].map(|part| part.as_deref().unwrap_or_default());
        format!("{api}/{stage}")
    }
}

impl Props {
    fn stages(&self) -> Option<Vec<String>> {
        self.stage_keys.as_ref().map(|keys| keys.iter().map(StageKey::text).collect())
    }
}

fn attributes(id: &str) -> Attributes {
    Attributes::from_iter([("APIKeyId".to_owned(), id.into())])
}

fn patch(from: &Props, to: &Props) -> Patch {
    let mut patch = Patch::default();
    patch.field("/description", from.description.as_ref(), to.description.as_ref(), "");
    patch.field("/enabled", from.enabled.as_ref(), to.enabled.as_ref(), "false");
    patch.field("/customerId", from.customer_id.as_ref(), to.customer_id.as_ref(), "");
    patch.values("/stages", from.stages().as_ref(), to.stages().as_ref());
    patch
}

async fn list(aws: &Aws) -> Result<Vec<types::ApiKey>, Fault> {
    apigateway_tree::all(|position: Option<String>| async move {
        let answer = aws
            .call("apigateway:GetApiKeys", || {
                let request = aws.apigateway().get_api_keys().limit(apigateway_tree::PAGE);
                request.set_position(position.clone()).send()
            })
            .await?;
        Ok((answer.items, answer.position))
    })
    .await
}

impl Resource for ApiKey {
    const TYPE: &'static str = "AWS::ApiGateway::ApiKey";
    const REPEAT: Repeat = Repeat::Another;
    const READ_BATCH: usize = 500;
    const RULES: &'static [(&'static str, Rule)] = &[
        ("CustomerId", Rule::Default(r#""""#)),
        ("Description", Rule::Default(r#""""#)),
        ("Enabled", Rule::Default("false")),
        ("Value", Rule::Secret),
        ("Value", Rule::WriteOnly),
    ];
    const NAME: Option<Name> =
        Some(Name { property: "Name", max_length: 1024, unique: Uniqueness::Label });

    type Props = Props;

    /// One key by its id, several by the account's list.
    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        if let [one] = known {
            let answer = aws.call("apigateway:GetApiKey", || {
                aws.apigateway().get_api_key().api_key(one.id.as_str()).send()
            });
            return Ok(answer.await.or_absent()?.map(|answer| live!(answer)).into_iter().collect());
        }
        let keys = list(aws).await?.into_iter().map(|answer| live!(answer));
        Ok(keys.filter(|(id, _)| known.iter().any(|one| one.id == id)).collect())
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        const ACTION: &str = "apigateway:CreateApiKey";
        let answer = aws
            .call(ACTION, || {
                let stages = props.stage_keys.as_ref();
                aws.apigateway()
                    .create_api_key()
                    .set_name(props.name.clone())
                    .set_description(props.description.clone())
                    .enabled(props.enabled.unwrap_or_default())
                    .set_generate_distinct_id(props.generate_distinct_id)
                    .set_value(props.value.clone())
                    .set_stage_keys(stages.map(|keys| keys.iter().map(StageKey::to_sdk).collect()))
                    .set_customer_id(props.customer_id.clone())
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
        let tagged = format!("/apikeys/{id}");
        apigateway_tags::update(aws, &tagged, from.tags.as_deref(), to.tags.as_deref()).await?;
        let patch = patch(from, to);
        if !patch.is_empty() {
            aws.call("apigateway:UpdateApiKey", || {
                let request = aws.apigateway().update_api_key().api_key(id.as_str());
                request.set_patch_operations(patch.operations()).send()
            })
            .await?;
        }
        Ok(Progress::Done)
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, _props: &Props) -> Result<(), Fault> {
        aws.call("apigateway:DeleteApiKey", || {
            aws.apigateway().delete_api_key().api_key(id.as_str()).send()
        })
        .await?;
        Ok(())
    }

    async fn find(self, aws: &Aws, _props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let keys = list(aws).await?;
        let ours = keys.into_iter().filter(|key| apigateway_tags::is_on(mark, key.tags.as_ref()));
        Ok(ours.filter_map(|key| key.id).map(PhysicalId::new).collect())
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

//! `AWS::ApiGateway::UsagePlanKey`: a key's place in a plan. Its id is `<key>:<plan>`, as
//! CloudFormation has it, and all its properties are create-only.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types;
use serde::{Deserialize, Serialize};

use super::or_absent::OrAbsent;
use super::{Created, Known, Live, Mark, Progress, Resource, Status};
use super::{apigateway_tags, apigateway_tree};
use crate::aws::{Aws, Fault};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct UsagePlanKey;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    key_id: Option<String>,
    key_type: Option<String>,
    usage_plan_id: Option<String>,
}

fn id(key: &str, plan: &str) -> PhysicalId {
    PhysicalId::new(format!("{key}:{plan}"))
}

/// The key and the plan.
fn parts(id: &PhysicalId) -> (&str, &str) {
    id.as_str().split_once(':').unwrap_or_default()
}

fn attributes(id: &PhysicalId) -> Attributes {
    Attributes::from_iter([("Id".to_owned(), id.as_str().into())])
}

impl Props {
    fn id(&self) -> PhysicalId {
        id(
            self.key_id.as_deref().unwrap_or_default(),
            self.usage_plan_id.as_deref().unwrap_or_default(),
        )
    }
}

/// The type of a key in a plan, if it is there.
async fn get(aws: &Aws, key: &str, plan: &str) -> Result<Option<String>, Fault> {
    let answer = aws
        .call("apigateway:GetUsagePlanKey", || {
            aws.apigateway().get_usage_plan_key().usage_plan_id(plan).key_id(key).send()
        })
        .await
        .or_absent()?;
    Ok(answer.and_then(|answer| answer.r#type))
}

/// All keys of a plan; none when the plan is gone.
async fn list(aws: &Aws, plan: &str) -> Result<Vec<types::UsagePlanKey>, Fault> {
    let pages = apigateway_tree::all(|position: Option<String>| async move {
        let answer = aws
            .call("apigateway:GetUsagePlanKeys", || {
                aws.apigateway()
                    .get_usage_plan_keys()
                    .usage_plan_id(plan)
                    .limit(apigateway_tree::PAGE)
                    .set_position(position.clone())
                    .send()
            })
            .await?;
        Ok((answer.items, answer.position))
    });
    Ok(pages.await.or_absent()?.unwrap_or_default())
}

impl Resource for UsagePlanKey {
    const TYPE: &'static str = "AWS::ApiGateway::UsagePlanKey";
    const ALONE: Option<&'static [&'static str]> = Some(&["UsagePlanId", "KeyId"]);
    const READ_BATCH: usize = 500;

    type Props = Props;

    fn identify(text: &str, props: &Props) -> PhysicalId {
        if text.contains(':') { PhysicalId::new(text) } else { props.id() }
    }

    /// The only known key of a plan by its id, several by the plan's list.
    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let mut plans: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for one in known {
            let (key, plan) = parts(one.id);
            plans.entry(plan).or_default().push(key);
        }
        let mut live = BTreeMap::new();
        for (plan, keys) in plans {
            let found: Vec<(String, String)> = if let [key] = keys[..] {
                get(aws, key, plan).await?.map(|kind| (key.to_owned(), kind)).into_iter().collect()
            } else {
                let listed = list(aws, plan).await?.into_iter();
                listed
                    .filter_map(|one| Some((one.id?, one.r#type?)))
                    .filter(|(key, _)| keys.contains(&key.as_str()))
                    .collect()
            };
            for (key, kind) in found {
                let id = id(&key, plan);
                let properties = Props {
                    key_id: Some(key),
                    key_type: Some(kind),
                    usage_plan_id: Some(plan.to_owned()),
                };
                let attributes = attributes(&id);
                live.insert(id, Live { properties, attributes, status: Status::Ready });
            }
        }
        Ok(live)
    }

    async fn create(self, aws: &Aws, props: &Props, _mark: &Mark) -> Result<Created, Fault> {
        aws.call("apigateway:CreateUsagePlanKey", || {
            aws.apigateway()
                .create_usage_plan_key()
                .set_usage_plan_id(props.usage_plan_id.clone())
                .set_key_id(props.key_id.clone())
                .set_key_type(props.key_type.clone())
                .send()
        })
        .await?;
        let id = props.id();
        let attributes = attributes(&id);
        Ok(Created::ready(id, attributes))
    }

    async fn update(
        self,
        _aws: &Aws,
        _id: &PhysicalId,
        _from: &Props,
        _to: &Props,
    ) -> Result<Progress, Fault> {
        Ok(Progress::Done)
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, _props: &Props) -> Result<(), Fault> {
        let (key, plan) = parts(id);
        aws.call("apigateway:DeleteUsagePlanKey", || {
            aws.apigateway().delete_usage_plan_key().usage_plan_id(plan).key_id(key).send()
        })
        .await?;
        Ok(())
    }

    /// The link bears no marks: in a plan of the same stack it is the stack's own.
    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let id = props.id();
        let (key, plan) = parts(&id);
        let answer = aws
            .call("apigateway:GetUsagePlan", || {
                aws.apigateway().get_usage_plan().usage_plan_id(plan).send()
            })
            .await
            .or_absent()?;
        if !answer.is_some_and(|plan| apigateway_tags::is_of_stack(mark, plan.tags())) {
            return Ok(Vec::new());
        }
        Ok(get(aws, key, plan).await?.map(|_| id.clone()).into_iter().collect())
    }
}

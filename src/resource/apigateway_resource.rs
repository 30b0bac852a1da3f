//! `AWS::ApiGateway::Resource`: one part of a path below an API. It bears no tags and all its
//! properties are create-only, so there is nothing to change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Created, Known, Live, Lock, Mark, Progress, Resource, Status};
use super::{apigateway_tags, apigateway_tree};
use crate::aws::{Aws, Fault};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct ApiResource;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    parent_id: Option<String>,
    path_part: Option<String>,
    rest_api_id: Option<String>,
}

impl Props {
    fn api(&self) -> &str {
        self.rest_api_id.as_deref().unwrap_or_default()
    }
}

fn attributes(resource: &str) -> Attributes {
    Attributes::from_iter([("ResourceId".to_owned(), resource.into())])
}

impl Resource for ApiResource {
    const TYPE: &'static str = "AWS::ApiGateway::Resource";
    const ALONE: Option<&'static [&'static str]> = Some(&["RestApiId", "ParentId", "PathPart"]);
    const READ_BATCH: usize = 100;
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
            let resources = apigateway_tree::resources(aws, api).await?;
            for one in known {
                let [_, id] = apigateway_tree::parts(one.id)?;
                let Some(resource) = resources.iter().find(|resource| resource.id() == Some(id))
                else {
                    continue;
                };
                let properties = Props {
                    parent_id: resource.parent_id.clone(),
                    path_part: resource.path_part.clone(),
                    rest_api_id: Some(api.to_owned()),
                };
                let attributes = attributes(id);
                let status = Status::Ready;
                live.insert(one.id.clone(), Live { properties, attributes, status });
            }
        }
        Ok(live)
    }

    async fn create(self, aws: &Aws, props: &Props, _mark: &Mark) -> Result<Created, Fault> {
        const ACTION: &str = "apigateway:CreateResource";
        let answer = aws
            .call(ACTION, || {
                aws.apigateway()
                    .create_resource()
                    .set_rest_api_id(props.rest_api_id.clone())
                    .set_parent_id(props.parent_id.clone())
                    .set_path_part(props.path_part.clone())
                    .send()
            })
            .await?;
        let id = answer.id.ok_or_else(|| Fault::malformed(ACTION, "id"))?;
        Ok(Created::ready(PhysicalId::join(&[props.api(), &id]), attributes(&id)))
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
        let [api, resource] = apigateway_tree::parts(id)?;
        aws.call("apigateway:DeleteResource", || {
            aws.apigateway().delete_resource().rest_api_id(api).resource_id(resource).send()
        })
        .await?;
        Ok(())
    }

    /// No two resources of one parent have the same path part.
    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let api = props.api();
        if !apigateway_tags::is_api_of_stack(aws, api, mark).await? {
            return Ok(Vec::new());
        }
        let resources = apigateway_tree::resources(aws, api).await?;
        Ok(resources
            .iter()
            .filter(|resource| {
                resource.parent_id == props.parent_id && resource.path_part == props.path_part
            })
            .filter_map(|resource| resource.id())
            .map(|id| PhysicalId::join(&[api, id]))
            .collect())
    }
}

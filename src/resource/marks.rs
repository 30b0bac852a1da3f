//! Cairn's own tags on what is there already: read to see whose it is, and written when something
//! is adopted or gets another logical id. A create sends them by itself.

use std::collections::BTreeMap;

use super::tags::is_declared;
use super::{Mark, iam_tags};
use crate::aws::{Aws, Fault, FaultKind};
use crate::value::PhysicalId;

/// Which API has the tags of a type. Types that are not here have no tags, or share those of
/// others.
const HOLDERS: &[(&str, Holder)] = &[
    ("AWS::ApiGateway::ApiKey", Holder::ApiGateway("apikeys/{}")),
    ("AWS::ApiGateway::RestApi", Holder::ApiGateway("restapis/{}")),
    ("AWS::ApiGateway::Stage", Holder::ApiGateway("restapis/{}/stages/{}")),
    ("AWS::ApiGateway::UsagePlan", Holder::ApiGateway("usageplans/{}")),
    ("AWS::Bedrock::Agent", Holder::Bedrock("agent/{}")),
    ("AWS::Bedrock::AgentAlias", Holder::Bedrock("agent-alias/{}/{}")),
    ("AWS::EC2::RouteTable", Holder::Ec2),
    ("AWS::EC2::SecurityGroup", Holder::Ec2),
    ("AWS::EC2::SecurityGroupEgress", Holder::Ec2),
    ("AWS::EC2::SecurityGroupIngress", Holder::Ec2),
    ("AWS::EC2::Subnet", Holder::Ec2),
    ("AWS::EC2::VPC", Holder::Ec2),
    ("AWS::EC2::VPCEndpoint", Holder::Ec2),
    ("AWS::IAM::ManagedPolicy", Holder::IamPolicy),
    ("AWS::IAM::Role", Holder::IamRole),
    ("AWS::Lambda::Function", Holder::Lambda),
    ("AWS::Logs::LogGroup", Holder::Logs),
];

/// An API for tags, with the path of a resource where it wants an ARN of many parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    ApiGateway(&'static str),
    Bedrock(&'static str),
    Ec2,
    IamPolicy,
    IamRole,
    Lambda,
    Logs,
}

fn holder(type_name: &str) -> Option<Holder> {
    HOLDERS.iter().find(|(name, _)| *name == type_name).map(|(_, holder)| *holder)
}

/// Whether resources of this type carry Cairn's tags.
pub fn are_on(type_name: &str) -> bool {
    holder(type_name).is_some()
}

/// The tags on a resource that say whose it is, Cairn's and AWS's own; empty where there are none or
/// can be none.
///
/// # Errors
///
/// When AWS does not tell.
pub async fn read(
    aws: &Aws,
    type_name: &str,
    id: &PhysicalId,
) -> Result<BTreeMap<String, String>, Fault> {
    let Some(holder) = holder(type_name) else { return Ok(BTreeMap::new()) };
    let mut tags = all(aws, holder, id).await?;
    tags.retain(|key, _| !is_declared(key));
    Ok(tags)
}

/// Writes them.
///
/// # Errors
///
/// What AWS answers; not that a type has none.
pub async fn write(aws: &Aws, type_name: &str, id: &PhysicalId, mark: &Mark) -> Result<(), Fault> {
    let Some(holder) = holder(type_name) else { return Ok(()) };
    let tags = mark.with(None);
    let map = || Some(tags.clone().into_iter().collect());
    let (name, arn) = (id.as_str(), arn(aws, holder, id));
    match holder {
        Holder::ApiGateway(_) => aws
            .call("apigateway:TagResource", || {
                aws.apigateway().tag_resource().resource_arn(&arn).set_tags(map()).send()
            })
            .await
            .map(drop),
        Holder::Bedrock(_) => aws
            .call("bedrock:TagResource", || {
                aws.bedrock_agent().tag_resource().resource_arn(&arn).set_tags(map()).send()
            })
            .await
            .map(drop),
        Holder::Ec2 => aws
            .call("ec2:CreateTags", || {
                let tags = tags.iter().map(|(key, value)| {
                    aws_sdk_ec2::types::Tag::builder().key(key).value(value).build()
                });
                aws.ec2().create_tags().resources(name).set_tags(Some(tags.collect())).send()
            })
            .await
            .map(drop),
        Holder::IamPolicy | Holder::IamRole => write_iam(aws, holder, name, &tags).await,
        Holder::Lambda => aws
            .call("lambda:TagResource", || {
                aws.lambda().tag_resource().resource(&arn).set_tags(map()).send()
            })
            .await
            .map(drop),
        Holder::Logs => aws
            .call("logs:TagResource", || {
                aws.logs().tag_resource().resource_arn(&arn).set_tags(map()).send()
            })
            .await
            .map(drop),
    }
}

async fn write_iam(
    aws: &Aws,
    holder: Holder,
    name: &str,
    tags: &BTreeMap<String, String>,
) -> Result<(), Fault> {
    let action = if holder == Holder::IamRole { "iam:TagRole" } else { "iam:TagPolicy" };
    let tags = iam_tags::to_iam(action, tags)?;
    if holder == Holder::IamRole {
        let tag = || aws.iam().tag_role().role_name(name).set_tags(Some(tags.clone())).send();
        return aws.call(action, tag).await.map(drop);
    }
    let tag = || aws.iam().tag_policy().policy_arn(name).set_tags(Some(tags.clone())).send();
    aws.call(action, tag).await.map(drop)
}

async fn all(
    aws: &Aws,
    holder: Holder,
    id: &PhysicalId,
) -> Result<BTreeMap<String, String>, Fault> {
    let (name, arn) = (id.as_str(), arn(aws, holder, id));
    let tags = match holder {
        Holder::ApiGateway(_) => aws
            .call("apigateway:GetTags", || aws.apigateway().get_tags().resource_arn(&arn).send())
            .await
            .map(|answer| answer.tags.unwrap_or_default().into_iter().collect()),
        Holder::Bedrock(_) => aws
            .call("bedrock:ListTagsForResource", || {
                aws.bedrock_agent().list_tags_for_resource().resource_arn(&arn).send()
            })
            .await
            .map(|answer| answer.tags.unwrap_or_default().into_iter().collect()),
        Holder::Ec2 => read_ec2(aws, name).await,
        Holder::IamPolicy => aws
            .call("iam:ListPolicyTags", || aws.iam().list_policy_tags().policy_arn(name).send())
            .await
            .map(|answer| iam_pairs(&answer.tags)),
        Holder::IamRole => aws
            .call("iam:ListRoleTags", || aws.iam().list_role_tags().role_name(name).send())
            .await
            .map(|answer| iam_pairs(&answer.tags)),
        Holder::Lambda => aws
            .call("lambda:ListTags", || aws.lambda().list_tags().resource(&arn).send())
            .await
            .map(|answer| answer.tags.unwrap_or_default().into_iter().collect()),
        Holder::Logs => aws
            .call("logs:ListTagsForResource", || {
                aws.logs().list_tags_for_resource().resource_arn(&arn).send()
            })
            .await
            .map(|answer| answer.tags.unwrap_or_default().into_iter().collect()),
    };
    match tags {
        // What is not there has no tags; that it is not there is found elsewhere.
        Err(fault) if fault.is(FaultKind::NotFound) => Ok(BTreeMap::new()),
        other => other,
    }
}

async fn read_ec2(aws: &Aws, name: &str) -> Result<BTreeMap<String, String>, Fault> {
    let answer = aws
        .call("ec2:DescribeTags", || {
            let filter = super::ec2_tags::filter("resource-id", [name.to_owned()]);
            aws.ec2().describe_tags().filters(filter).send()
        })
        .await?;
    let tags = answer.tags.unwrap_or_default().into_iter();
    Ok(tags.filter_map(|tag| tag.key.zip(tag.value)).collect())
}

fn iam_pairs(tags: &[aws_sdk_iam::types::Tag]) -> BTreeMap<String, String> {
    iam_tags::pairs(tags).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn arn(aws: &Aws, holder: Holder, id: &PhysicalId) -> String {
    let (partition, region, account) = (aws.partition(), aws.region(), aws.account());
    let filled = |path: &str| {
        id.parts().into_iter().fold(path.to_owned(), |path, part| path.replacen("{}", part, 1))
    };
    match holder {
        Holder::ApiGateway(path) => {
            format!("arn:{partition}:apigateway:{region}::/{}", filled(path))
        }
        Holder::Bedrock(path) => {
            format!("arn:{partition}:bedrock:{region}:{account}:{}", filled(path))
        }
        Holder::Lambda => format!("arn:{partition}:lambda:{region}:{account}:function:{id}"),
        Holder::Logs => format!("arn:{partition}:logs:{region}:{account}:log-group:{id}"),
        Holder::Ec2 | Holder::IamPolicy | Holder::IamRole => id.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource;
    use crate::schema;

    #[test]
    fn every_type_with_tags_has_one_place_for_them() {
        for handler in resource::types() {
            let name = handler.type_name();
            let facts = schema::facts(name).expect("every type has a schema");
            assert!(facts.tags.is_none() || are_on(name), "`{name}` has tags");
        }
        for (name, _) in HOLDERS {
            assert!(resource::handler(name).is_some(), "`{name}` can be deployed");
        }
    }
}

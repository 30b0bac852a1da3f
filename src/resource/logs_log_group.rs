//! `AWS::Logs::LogGroup`: where logs go.
//!
//! Creating one answers nothing, and nothing is missing: its ARN is made of what is known. A
//! group that is there already (Lambda makes one when a function runs without it) is not ours and
//! is refused, as CloudFormation does.

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::types::{IndexSource, LogGroup as Description, LogGroupClass};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::iam_documents::{same, to_text};
use super::or_absent::OrAbsent as _;
use super::pages::pages;
use super::tags::{self, Tag, TagChange};
use super::{
    Completion, Created, Known, Live, Mark, Name, Progress, Resource, Rule, Status, Uniqueness,
};
use crate::aws::{Aws, Fault};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct LogGroup;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    bearer_token_authentication_enabled: Option<bool>,
    data_protection_policy: Option<Json>,
    deletion_protection_enabled: Option<bool>,
    field_index_policies: Option<Vec<Json>>,
    kms_key_id: Option<String>,
    log_group_class: Option<String>,
    log_group_name: Option<String>,
    retention_in_days: Option<i32>,
    tags: Option<Vec<Tag>>,
}

impl Props {
    fn class(&self) -> &str {
        self.log_group_class.as_deref().unwrap_or("STANDARD")
    }

    fn index_policy(&self) -> Option<&Json> {
        self.field_index_policies.as_deref().unwrap_or_default().first()
    }
}

impl Resource for LogGroup {
    const TYPE: &'static str = "AWS::Logs::LogGroup";
    const COMPLETION: Completion = Completion::Calls;
    const READ_BATCH: usize = 50;
    const RULES: &'static [(&'static str, Rule)] = &[
        ("BearerTokenAuthenticationEnabled", Rule::Default("false")),
        ("DataProtectionPolicy", Rule::Json),
        ("DeletionProtectionEnabled", Rule::Default("false")),
        ("FieldIndexPolicies[]", Rule::Json),
        ("LogGroupClass", Rule::Default("\"STANDARD\"")),
        ("LogGroupClass", Rule::Replace),
    ];
    const UNSUPPORTED: &'static [(&'static str, &'static str)] = &[(
        "ResourcePolicyDocument",
        "its writes depend on a revision of a policy whose name AWS does not document",
    )];
    const NAME: Option<Name> =
        Some(Name { property: "LogGroupName", max_length: 512, unique: Uniqueness::Unique });

    type Props = Props;

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let groups = describe(aws, known).await?;
        let mut found = BTreeMap::new();
        for one in known {
            if let Some(group) = groups.get(one.id.as_str()) {
                let properties = properties(aws, group, one).await?;
                let attributes = attributes(aws, one.id.as_str());
                let live = Live { properties, attributes, status: Status::Ready };
                found.insert(one.id.clone(), live);
            }
        }
        Ok(found)
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        const ACTION: &str = "logs:CreateLogGroup";
        let Some(name) = &props.log_group_name else {
            return Err(Fault::invalid(ACTION, "`LogGroupName` is missing"));
        };
        let tags = mark.with(props.tags.as_deref());
        aws.call(ACTION, || {
            let class = props.log_group_class.as_deref().map(LogGroupClass::from);
            aws.logs()
                .create_log_group()
                .log_group_name(name)
                .set_kms_key_id(props.kms_key_id.clone())
                .set_log_group_class(class)
                .set_deletion_protection_enabled(props.deletion_protection_enabled)
                .set_tags(Some(tags.clone().into_iter().collect()))
                .send()
        })
        .await?;
        Ok(Created::ready(PhysicalId::new(name), attributes(aws, name)))
    }

    async fn complete(
        self,
        aws: &Aws,
        id: &PhysicalId,
        props: &Props,
        _mark: &Mark,
    ) -> Result<Progress, Fault> {
        set_policies(aws, id.as_str(), &Props::default(), props).await?;
        Ok(Progress::Done)
    }

    async fn update(
        self,
        aws: &Aws,
        id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        let name = id.as_str();
        if from.class() != to.class() {
            let problem = "the class of a log group cannot be changed: it needs a new group";
            return Err(Fault::invalid(Self::TYPE, problem));
        }
        set_key(aws, name, from, to).await?;
        set_policies(aws, name, from, to).await?;
        let protected = |props: &Props| props.deletion_protection_enabled.unwrap_or(false);
        if protected(from) != protected(to) {
            aws.call("logs:PutLogGroupDeletionProtection", || {
                let put = aws.logs().put_log_group_deletion_protection();
                put.log_group_identifier(name).deletion_protection_enabled(protected(to)).send()
            })
            .await?;
        }
        change_tags(aws, name, from, to).await?;
        Ok(Progress::Done)
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, _props: &Props) -> Result<(), Fault> {
        aws.call("logs:DeleteLogGroup", || {
            aws.logs().delete_log_group().log_group_name(id.as_str()).send()
        })
        .await
        .map(drop)
    }

    async fn find(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let Some(name) = &props.log_group_name else { return Ok(Vec::new()) };
        let live = list_tags(aws, name).await.or_absent()?.unwrap_or_default();
        let ours = mark.is_on(live.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        Ok(if ours { vec![PhysicalId::new(name)] } else { Vec::new() })
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let begin = props.log_group_name.clone().unwrap_or_else(|| tags::beginning(stack));
        let groups = pages(async |next: Option<String>| {
            let page = aws
                .call("logs:DescribeLogGroups", || {
                    let request = aws.logs().describe_log_groups().log_group_name_prefix(&begin);
                    request.set_next_token(next.clone()).send()
                })
                .await?;
            Ok((page.log_groups.unwrap_or_default(), page.next_token))
        });
        let mut marks = Vec::new();
        for name in groups.await?.into_iter().filter_map(|group| group.log_group_name) {
            let tags = list_tags(aws, &name).await.or_absent()?.unwrap_or_default();
            let live = tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            marks.extend(Mark::of(stack, live));
        }
        Ok(Some(marks))
    }
}

/// Without the `:*` that stands for the streams in it.
fn arn(aws: &Aws, name: &str) -> String {
    let (partition, region, account) = (aws.partition(), aws.region(), aws.account());
    format!("arn:{partition}:logs:{region}:{account}:log-group:{name}")
}

fn attributes(aws: &Aws, name: &str) -> Attributes {
    Attributes::from_iter([("Arn".to_owned(), format!("{}:*", arn(aws, name)).into())])
}

/// The groups with the known names; those that are gone are merely not there.
async fn describe(
    aws: &Aws,
    known: &[Known<'_, Props>],
) -> Result<BTreeMap<String, Description>, Fault> {
    let names: Vec<String> = known.iter().map(|one| one.id.as_str().to_owned()).collect();
    let groups = pages(async |next: Option<String>| {
        let page = aws
            .call("logs:DescribeLogGroups", || {
                aws.logs()
                    .describe_log_groups()
                    .set_log_group_identifiers(Some(names.clone()))
                    .set_next_token(next.clone())
                    .send()
            })
            .await?;
        Ok((page.log_groups.unwrap_or_default(), page.next_token))
    })
    .await?;
    let by_name =
        groups.into_iter().filter_map(|group| Some((group.log_group_name.clone()?, group)));
    Ok(by_name.collect())
}

async fn properties(
    aws: &Aws,
    group: &Description,
    one: &Known<'_, Props>,
) -> Result<Props, Fault> {
    let (name, known) = (one.id.as_str(), one.properties);
    let tags = match known.tags.as_deref() {
        None | Some([]) => None,
        Some(_) => list_tags(aws, name).await.or_absent()?.and_then(tags::declared),
    };
    let data_protection_policy = match known.data_protection_policy {
        None => None,
        Some(_) => data_protection(aws, name).await?,
    };
    let field_index_policies = match known.index_policy() {
        None => None,
        Some(_) => index_policies(aws, name).await?,
    };
    Ok(Props {
        bearer_token_authentication_enabled: group.bearer_token_authentication_enabled,
        data_protection_policy,
        deletion_protection_enabled: group.deletion_protection_enabled,
        field_index_policies,
        kms_key_id: group.kms_key_id.clone(),
        log_group_class: group.log_group_class.as_ref().map(|class| class.as_str().to_owned()),
        log_group_name: group.log_group_name.clone(),
        retention_in_days: group.retention_in_days,
        tags,
    })
}

async fn list_tags(aws: &Aws, name: &str) -> Result<BTreeMap<String, String>, Fault> {
    let arn = arn(aws, name);
    let answer = aws
        .call("logs:ListTagsForResource", || {
            aws.logs().list_tags_for_resource().resource_arn(&arn).send()
        })
        .await?;
    Ok(answer.tags.unwrap_or_default().into_iter().collect())
}

async fn data_protection(aws: &Aws, name: &str) -> Result<Option<Json>, Fault> {
    let answer = aws
        .call("logs:GetDataProtectionPolicy", || {
            aws.logs().get_data_protection_policy().log_group_identifier(name).send()
        })
        .await
        .or_absent()?;
    Ok(answer.and_then(|answer| answer.policy_document).map(Json::String))
}

/// The group's own index policy, without what the account has for all groups.
async fn index_policies(aws: &Aws, name: &str) -> Result<Option<Vec<Json>>, Fault> {
    let answer = aws
        .call("logs:DescribeIndexPolicies", || {
            aws.logs().describe_index_policies().log_group_identifiers(name).send()
        })
        .await
        .or_absent()?;
    let policies = answer.and_then(|answer| answer.index_policies).unwrap_or_default();
    let own = policies.into_iter().filter(|policy| policy.source != Some(IndexSource::Account));
    let documents: Vec<Json> =
        own.filter_map(|policy| policy.policy_document).map(Json::String).collect();
    Ok((!documents.is_empty()).then_some(documents))
}

async fn set_key(aws: &Aws, name: &str, from: &Props, to: &Props) -> Result<(), Fault> {
    if from.kms_key_id == to.kms_key_id {
        return Ok(());
    }
    match &to.kms_key_id {
        Some(key) => aws
            .call("logs:AssociateKmsKey", || {
                aws.logs().associate_kms_key().log_group_name(name).kms_key_id(key).send()
            })
            .await
            .map(drop),
        None => aws
            .call("logs:DisassociateKmsKey", || {
                aws.logs().disassociate_kms_key().log_group_name(name).send()
            })
            .await
            .map(drop),
    }
}

/// What cannot be said when creating a group.
async fn set_policies(aws: &Aws, name: &str, from: &Props, to: &Props) -> Result<(), Fault> {
    if from.retention_in_days != to.retention_in_days {
        set_retention(aws, name, to.retention_in_days).await?;
    }
    let (before, after) = (&from.data_protection_policy, &to.data_protection_policy);
    if !same(before.as_ref(), after.as_ref()) {
        set_data_protection(aws, name, after.as_ref()).await?;
    }
    if to.field_index_policies.as_ref().is_some_and(|policies| policies.len() > 1) {
        let problem = "a log group has one index policy: put its fields into one document";
        return Err(Fault::invalid("logs:PutIndexPolicy", problem));
    }
    if !same(from.index_policy(), to.index_policy()) {
        set_index(aws, name, to.index_policy()).await?;
    }
    let bearer = |props: &Props| props.bearer_token_authentication_enabled.unwrap_or(false);
    if bearer(from) != bearer(to) {
        aws.call("logs:PutBearerTokenAuthentication", || {
            let put = aws.logs().put_bearer_token_authentication().log_group_identifier(name);
            put.bearer_token_authentication_enabled(bearer(to)).send()
        })
        .await?;
    }
    Ok(())
}

async fn set_retention(aws: &Aws, name: &str, days: Option<i32>) -> Result<(), Fault> {
    match days {
        Some(days) => aws
            .call("logs:PutRetentionPolicy", || {
                let put = aws.logs().put_retention_policy().log_group_name(name);
                put.retention_in_days(days).send()
            })
            .await
            .map(drop),
        None => aws
            .call("logs:DeleteRetentionPolicy", || {
                aws.logs().delete_retention_policy().log_group_name(name).send()
            })
            .await
            .map(drop),
    }
}

async fn set_data_protection(aws: &Aws, name: &str, document: Option<&Json>) -> Result<(), Fault> {
    match document.map(to_text) {
        Some(text) => aws
            .call("logs:PutDataProtectionPolicy", || {
                let put = aws.logs().put_data_protection_policy().log_group_identifier(name);
                put.policy_document(&text).send()
            })
            .await
            .map(drop),
        None => aws
            .call("logs:DeleteDataProtectionPolicy", || {
                aws.logs().delete_data_protection_policy().log_group_identifier(name).send()
            })
            .await
            .map(drop),
    }
}

async fn set_index(aws: &Aws, name: &str, document: Option<&Json>) -> Result<(), Fault> {
    match document.map(to_text) {
        Some(text) => aws
            .call("logs:PutIndexPolicy", || {
                let put = aws.logs().put_index_policy().log_group_identifier(name);
                put.policy_document(&text).send()
            })
            .await
            .map(drop),
        None => aws
            .call("logs:DeleteIndexPolicy", || {
                aws.logs().delete_index_policy().log_group_identifier(name).send()
            })
            .await
            .map(drop),
    }
}

async fn change_tags(aws: &Aws, name: &str, from: &Props, to: &Props) -> Result<(), Fault> {
    let (from, to) = (from.tags.as_deref(), to.tags.as_deref());
    let change = TagChange::between(&tags::to_map(from), &tags::to_map(to));
    let arn = arn(aws, name);
    if !change.set.is_empty() {
        aws.call("logs:TagResource", || {
            aws.logs().tag_resource().resource_arn(&arn).set_tags(Some(change.set_map())).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        aws.call("logs:UntagResource", || {
            let keys = Some(change.remove.clone());
            aws.logs().untag_resource().resource_arn(&arn).set_tag_keys(keys).send()
        })
        .await?;
    }
    Ok(())
}

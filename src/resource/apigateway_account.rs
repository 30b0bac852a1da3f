//! `AWS::ApiGateway::Account`: the role through which API Gateway writes logs; one for each account
//! and region, so creating it is setting it and deleting it is leaving it.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::{Op, PatchOperation};
use serde::{Deserialize, Serialize};

use super::{Created, Known, Live, Lock, Mark, Progress, Resource, Status};
use crate::aws::{Aws, Fault};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct Account;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    cloud_watch_role_arn: Option<String>,
}

/// There is one, and it has no name.
const ID: &str = "ApiGatewayAccount";

fn attributes() -> Attributes {
    Attributes::from_iter([("Id".to_owned(), ID.into())])
}

async fn set_role(aws: &Aws, role: &str) -> Result<(), Fault> {
    aws.call("apigateway:UpdateAccount", || {
        let operation = PatchOperation::builder()
            .op(Op::Replace)
            .path("/cloudwatchRoleArn")
            .value(role)
            .build();
        aws.apigateway().update_account().patch_operations(operation).send()
    })
    .await?;
    Ok(())
}

impl Resource for Account {
    const TYPE: &'static str = "AWS::ApiGateway::Account";
    const ALONE: Option<&'static [&'static str]> = Some(&[]);
    const LOCK: Option<Lock> = Some(Lock::Account("apigateway account"));

    type Props = Props;

    fn identify(_text: &str, _props: &Props) -> PhysicalId {
        PhysicalId::new(ID)
    }

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let account =
            aws.call("apigateway:GetAccount", || aws.apigateway().get_account().send()).await?;
        let live = Live {
            properties: Props { cloud_watch_role_arn: account.cloudwatch_role_arn },
            attributes: attributes(),
            status: Status::Ready,
        };
        Ok(known.iter().map(|one| (one.id.clone(), live.clone())).collect())
    }

    async fn create(self, aws: &Aws, props: &Props, _mark: &Mark) -> Result<Created, Fault> {
        if let Some(role) = &props.cloud_watch_role_arn {
            set_role(aws, role).await?;
        }
        Ok(Created::ready(PhysicalId::new(ID), attributes()))
    }

    async fn update(
        self,
        aws: &Aws,
        _id: &PhysicalId,
        from: &Props,
        to: &Props,
    ) -> Result<Progress, Fault> {
        if from != to {
            set_role(aws, to.cloud_watch_role_arn.as_deref().unwrap_or_default()).await?;
        }
        Ok(Progress::Done)
    }

    /// As CloudFormation: the account's setting stays, since other APIs may need it.
    async fn delete(self, _aws: &Aws, _id: &PhysicalId, _props: &Props) -> Result<(), Fault> {
        Ok(())
    }

    /// It is always there. Setting it twice is setting it once, so it is found only where it is
    /// as it should be.
    async fn find(self, aws: &Aws, props: &Props, _mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let account =
            aws.call("apigateway:GetAccount", || aws.apigateway().get_account().send()).await?;
        let is_set = account.cloudwatch_role_arn == props.cloud_watch_role_arn;
        Ok(if is_set { vec![PhysicalId::new(ID)] } else { Vec::new() })
    }
}

//! `AWS::EC2::SubnetRouteTableAssociation`: which table a subnet's packets are routed by.
//!
//! It has no token and no tags. Its key is its content: a subnet has at most one association, so
//! one of this subnet with this table is the one a create would have made.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    RouteTable, RouteTableAssociation, RouteTableAssociationState, RouteTableAssociationStateCode,
};
use serde::{Deserialize, Serialize};

use super::{Created, Known, Live, Lock, Mark, Progress, Resource, Status, ec2_route_table};
use crate::aws::{Aws, Fault};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct Association;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    route_table_id: Option<String>,
    subnet_id: Option<String>,
}

fn attributes(id: &str) -> Attributes {
    Attributes::from_iter([("Id".to_owned(), id.into())])
}

/// `None` when it is gone. An endpoint that tells no state has associated at once.
fn status(state: Option<&RouteTableAssociationState>) -> Option<Status> {
    let Some(code) = state.and_then(|state| state.state()) else { return Some(Status::Ready) };
    let text = code.as_str().to_owned();
    match code {
        RouteTableAssociationStateCode::Associated => Some(Status::Ready),
        RouteTableAssociationStateCode::Failed => {
            let why = state.and_then(|state| state.status_message());
            Some(Status::Failed(why.map_or(text, str::to_owned)))
        }
        RouteTableAssociationStateCode::Disassociating => {
            Some(Status::Deleting(format!("the association is {text}")))
        }
        RouteTableAssociationStateCode::Disassociated => None,
        _ => Some(Status::Pending(format!("the association is {text}"))),
    }
}

fn live(association: &RouteTableAssociation) -> Option<(PhysicalId, Live<Props>)> {
    let id = association.route_table_association_id()?;
    let live = Live {
        properties: Props {
            route_table_id: association.route_table_id.clone(),
            subnet_id: association.subnet_id.clone(),
        },
        attributes: attributes(id),
        status: status(association.association_state())?,
    };
    Some((PhysicalId::new(id), live))
}

impl Resource for Association {
    const TYPE: &'static str = "AWS::EC2::SubnetRouteTableAssociation";
    const ALONE: Option<&'static [&'static str]> = Some(&["SubnetId"]);
    const READ_BATCH: usize = 200;
    const LOCK: Option<Lock> = Some(Lock::Property("RouteTableId"));

    type Props = Props;

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let tables = known.iter().filter_map(|one| one.properties.route_table_id.clone()).collect();
        let tables = ec2_route_table::describe(aws, tables).await?;
        Ok(tables
            .iter()
            .flat_map(RouteTable::associations)
            .filter_map(live)
            .filter(|(id, _)| known.iter().any(|one| one.id == id))
            .collect())
    }

    async fn create(self, aws: &Aws, props: &Props, _mark: &Mark) -> Result<Created, Fault> {
        let answer = aws
            .call("ec2:AssociateRouteTable", || {
                aws.ec2()
                    .associate_route_table()
                    .set_route_table_id(props.route_table_id.clone())
                    .set_subnet_id(props.subnet_id.clone())
                    .send()
            })
            .await?;
        let id = answer
            .association_id()
            .ok_or_else(|| Fault::malformed("ec2:AssociateRouteTable", "association id"))?;
        Ok(match status(answer.association_state()) {
            Some(Status::Ready) => Created::ready(PhysicalId::new(id), attributes(id)),
            _ => Created::pending(PhysicalId::new(id)),
        })
    }

    /// All it says is which two it joins, and another pair is another association.
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
        aws.call("ec2:DisassociateRouteTable", || {
            aws.ec2().disassociate_route_table().association_id(id.as_str()).send()
        })
        .await?;
        Ok(())
    }

    async fn find(self, aws: &Aws, props: &Props, _mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let tables = props.route_table_id.iter().cloned().collect();
        let tables = ec2_route_table::describe(aws, tables).await?;
        Ok(tables
            .iter()
            .flat_map(RouteTable::associations)
            .filter_map(live)
            .filter(|(_, one)| one.properties == *props && !is_leaving(&one.status))
            .map(|(id, _)| id)
            .collect())
    }
}

fn is_leaving(status: &Status) -> bool {
    matches!(status, Status::Deleting(_) | Status::Failed(_))
}

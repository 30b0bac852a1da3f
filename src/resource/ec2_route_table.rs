//! `AWS::EC2::RouteTable`: where a VPC's packets go.
//!
//! AWS tells a table's routes and associations together with the table: the types of all three
//! read through [`describe`], which is one call for them in a refresh.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ec2::types::{Filter, ResourceType, RouteTable as LiveRouteTable};
use serde::{Deserialize, Serialize};

use super::tags::Tag;
use super::{Created, Known, Live, Lock, Mark, Progress, Resource, Status, ec2_tags};
use crate::aws::{Aws, Fault};
use crate::value::{Attributes, PhysicalId};

#[derive(Debug, Clone, Copy, Default)]
pub struct RouteTable;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Props {
    tags: Option<Vec<Tag>>,
    vpc_id: Option<String>,
}

/// The tables with these ids that exist, with their routes and associations; read once in a
/// refresh for the same set of ids.
pub async fn describe(aws: &Aws, ids: BTreeSet<String>) -> Result<Arc<Vec<LiveRouteTable>>, Fault> {
    let key = ids.iter().fold("ec2:DescribeRouteTables".to_owned(), |key, id| key + " " + id);
    aws.shared(key, || async {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut tables = filtered(aws, ec2_tags::filter("route-table-id", ids.clone())).await?;
        tables.retain(|table| table.route_table_id().is_some_and(|id| ids.contains(id)));
        Ok(tables)
    })
    .await
}

async fn filtered(aws: &Aws, filter: Filter) -> Result<Vec<LiveRouteTable>, Fault> {
    let filter = &filter;
    ec2_tags::pages(|next| async move {
        let page = aws
            .call("ec2:DescribeRouteTables", || {
                let request = aws.ec2().describe_route_tables().filters(filter.clone());
                request.set_next_token(next.clone()).send()
            })
            .await?;
        Ok((page.route_tables, page.next_token))
    })
    .await
}

fn attributes(id: &str) -> Attributes {
    Attributes::from_iter([("RouteTableId".to_owned(), id.into())])
}

impl Resource for RouteTable {
    const TYPE: &'static str = "AWS::EC2::RouteTable";
    const READ_BATCH: usize = 200;
    const LOCK: Option<Lock> = Some(Lock::Itself);

    type Props = Props;

    async fn read(
        self,
        aws: &Aws,
        known: &[Known<'_, Props>],
    ) -> Result<BTreeMap<PhysicalId, Live<Props>>, Fault> {
        let ids = known.iter().map(|one| one.id.as_str().to_owned()).collect();
        let tables = describe(aws, ids).await?;
        Ok(tables
            .iter()
            .filter_map(|table| {
                let id = table.route_table_id()?;
                let properties =
                    Props { tags: ec2_tags::declared(table.tags()), vpc_id: table.vpc_id.clone() };
                let live = Live { properties, attributes: attributes(id), status: Status::Ready };
                Some((PhysicalId::new(id), live))
            })
            .collect())
    }

    async fn create(self, aws: &Aws, props: &Props, mark: &Mark) -> Result<Created, Fault> {
        let answer = aws
            .call("ec2:CreateRouteTable", || {
                aws.ec2()
                    .create_route_table()
                    .set_vpc_id(props.vpc_id.clone())
                    .client_token(mark.token.as_str())
                    .tag_specifications(ec2_tags::specification(
                        ResourceType::RouteTable,
                        props.tags.as_deref(),
                        mark,
                    ))
                    .send()
            })
            .await?;
        let id = answer
            .route_table
            .and_then(|table| table.route_table_id)
            .ok_or_else(|| Fault::malformed("ec2:CreateRouteTable", "route table id"))?;
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
        ec2_tags::change(aws, id.as_str(), from.tags.as_deref(), to.tags.as_deref()).await?;
        Ok(Progress::Done)
    }

    async fn delete(self, aws: &Aws, id: &PhysicalId, _props: &Props) -> Result<(), Fault> {
        aws.call("ec2:DeleteRouteTable", || {
            aws.ec2().delete_route_table().route_table_id(id.as_str()).send()
        })
        .await?;
        Ok(())
    }

    async fn find(self, aws: &Aws, _props: &Props, mark: &Mark) -> Result<Vec<PhysicalId>, Fault> {
        let tables = filtered(aws, ec2_tags::token_filter(mark)).await?;
        Ok(tables
            .into_iter()
            .filter(|table| ec2_tags::carries(table.tags(), mark))
            .filter_map(|table| table.route_table_id.map(PhysicalId::new))
            .collect())
    }

    async fn marks(
        self,
        aws: &Aws,
        stack: &str,
        _props: &Props,
    ) -> Result<Option<Vec<Mark>>, Fault> {
        let all = filtered(aws, ec2_tags::stack_filter(stack)).await?;
        let live = all.iter();
        Ok(Some(live.filter_map(|one| ec2_tags::mark(one.tags(), stack)).collect()))
    }
}

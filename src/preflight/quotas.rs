//! Quotas that the plan would exceed: how many there are, how many it adds, how many there may be.
//!
//! Quota codes and defaults: the tables of endpoints and quotas in AWS's General Reference. What
//! IAM and Lambda count themselves they also limit themselves, and are asked.

use std::collections::BTreeMap;

use super::{Look, Subject, known};
use crate::aws::{Aws, Fault};
use crate::diagnostic::Severity;
use crate::plan::Finding;
use crate::value::LogicalId;

const NAME: &str = "quotas";

/// A quota as Service Quotas knows it.
struct Quota {
    service: &'static str,
    code: &'static str,
    what: &'static str,
    /// Where AWS does not tell.
    default: u64,
}

const VPCS: Quota =
    Quota { service: "vpc", code: "L-F678F1CE", what: "VPCs in the region", default: 5 };
const ENDPOINTS: Quota = Quota {
    service: "vpc",
    code: "L-29B6F2EB",
    what: "interface endpoints in the VPC",
    default: 50,
};
const APIS: Quota = Quota {
    service: "apigateway",
    code: "L-AA0FF27B",
    what: "regional APIs in the region",
    default: 600,
};
/// The most that one answer lists.
const APIS_LISTED: i32 = 500;
/// What Lambda keeps for functions that reserve nothing.
const UNRESERVED: i64 = 100;

pub async fn check(subject: &Subject<'_>) -> Look {
    let (mut vpcs, mut endpoints, mut apis) = Default::default();
    let (mut roles, mut functions) = Default::default();
    tokio::join!(
        check_vpcs(subject, &mut vpcs),
        check_endpoints(subject, &mut endpoints),
        check_apis(subject, &mut apis),
        check_roles(subject, &mut roles),
        check_concurrency(subject, &mut functions),
    );
    let mut whole = Look::default();
    for look in [vpcs, endpoints, apis, roles, functions] {
        whole.findings.extend(look.findings);
        whole.notes.extend(look.notes);
    }
    whole
}

async fn check_vpcs(subject: &Subject<'_>, look: &mut Look) {
    let new = ids(subject, "AWS::EC2::VPC");
    if new.is_empty() {
        return;
    }
    let aws = subject.aws;
    let listed = aws.call("ec2:DescribeVpcs", || aws.ec2().describe_vpcs().send()).await;
    match listed {
        Ok(answer) => {
            let there = count(answer.vpcs());
            let most = limit(aws, &VPCS).await;
            judge(subject, look, &new, there, &most, VPCS.what);
        }
        Err(fault) => look.unchecked("the quota of VPCs", &fault),
    }
}

/// A VPC that is made has none yet.
async fn check_endpoints(subject: &Subject<'_>, look: &mut Look) {
    let mut by_vpc: BTreeMap<String, Vec<&LogicalId>> = BTreeMap::new();
    for (step, properties) in subject.new_ones("AWS::EC2::VPCEndpoint") {
        if known(properties, "VpcEndpointType") == Some("Interface") {
            let vpc = properties["VpcId"].as_str().unwrap_or_default().to_owned();
            by_vpc.entry(vpc).or_default().push(&step.logical_id);
        }
    }
    if by_vpc.is_empty() {
        return;
    }
    let aws = subject.aws;
    let listed =
        aws.call("ec2:DescribeVpcEndpoints", || aws.ec2().describe_vpc_endpoints().send()).await;
    let listed = match listed {
        Ok(answer) => answer.vpc_endpoints.unwrap_or_default(),
        Err(fault) => return look.unchecked("the quota of interface endpoints", &fault),
    };
    let most = limit(aws, &ENDPOINTS).await;
    for (vpc, new) in by_vpc {
        let there = listed.iter().filter(|one| one.vpc_id() == Some(vpc.as_str()));
        let there = there
            .filter(|one| one.vpc_endpoint_type().is_some_and(|kind| kind.as_str() == "Interface"));
        judge(subject, look, &new, there.count() as u64, &most, ENDPOINTS.what);
    }
}

async fn check_apis(subject: &Subject<'_>, look: &mut Look) {
    let new = ids(subject, "AWS::ApiGateway::RestApi");
    if new.is_empty() {
        return;
    }
    let aws = subject.aws;
    let listed = aws
        .call("apigateway:GetRestApis", || {
            aws.apigateway().get_rest_apis().limit(APIS_LISTED).send()
        })
        .await;
    match listed {
        Ok(answer) => {
            let most = limit(aws, &APIS).await;
            judge(subject, look, &new, count(answer.items()), &most, APIS.what);
        }
        Err(fault) => look.unchecked("the quota of APIs", &fault),
    }
}

async fn check_roles(subject: &Subject<'_>, look: &mut Look) {
    let new = ids(subject, "AWS::IAM::Role");
    if new.is_empty() {
        return;
    }
    let aws = subject.aws;
    let summary =
        aws.call("iam:GetAccountSummary", || aws.iam().get_account_summary().send()).await;
    let told = match summary {
        Ok(answer) => answer.summary_map.unwrap_or_default(),
        Err(fault) => return look.unchecked("the quota of roles", &fault),
    };
    let number = |key: &str| {
        let key = aws_sdk_iam::types::SummaryKeyType::from(key);
        told.get(&key).and_then(|number| u64::try_from(*number).ok())
    };
    if let (Some(there), Some(most)) = (number("Roles"), number("RolesQuota")) {
        judge(
            subject,
            look,
            &new,
            there,
            &Limit { most, is_default: false },
            "roles in the account",
        );
    }
}

/// What functions reserve is taken from all others, which keep a hundred.
async fn check_concurrency(subject: &Subject<'_>, look: &mut Look) {
    const PROPERTY: &str = "ReservedConcurrentExecutions";
    let reserving: Vec<(&LogicalId, i64)> = subject
        .new_ones("AWS::Lambda::Function")
        .filter_map(|(step, properties)| {
            let reserved = properties.get(PROPERTY)?;
            let number = reserved.as_i64().or_else(|| reserved.as_str()?.parse().ok())?;
            Some((&step.logical_id, number))
        })
        .collect();
    let wanted: i64 = reserving.iter().map(|(_, number)| number).sum();
    let Some((first, _)) = reserving.first().filter(|_| wanted > 0) else { return };
    let aws = subject.aws;
    let settings =
        aws.call("lambda:GetAccountSettings", || aws.lambda().get_account_settings().send()).await;
    let free = match settings {
        Ok(answer) => answer.account_limit.and_then(|one| one.unreserved_concurrent_executions),
        Err(fault) => return look.unchecked("the concurrency of functions", &fault),
    };
    let Some(free) = free.map(i64::from).filter(|free| free - wanted < UNRESERVED) else { return };
    let message = format!(
        "the functions reserve {wanted} concurrent executions, and of the account's {free} that are not reserved {UNRESERVED} have to stay so"
    );
    let finding = Finding::new(Severity::Error, NAME, message)
        .hint("reserve fewer, or ask for more: quota `L-B99A9384` of `lambda`");
    look.add(finding.of(subject.graph, first, &[PROPERTY]));
}

/// What the plan makes of a type.
fn ids<'a>(subject: &Subject<'a>, type_name: &'a str) -> Vec<&'a LogicalId> {
    subject.new_ones(type_name).map(|(step, _)| &step.logical_id).collect()
}

fn count<T>(items: &[T]) -> u64 {
    items.len() as u64
}

struct Limit {
    most: u64,
    is_default: bool,
}

/// The account's own quota; where that is not told, what an account has at first.
async fn limit(aws: &Aws, quota: &Quota) -> Limit {
    let answer = aws
        .call("servicequotas:GetServiceQuota", || {
            let get = aws.service_quotas().get_service_quota();
            get.service_code(quota.service).quota_code(quota.code).send()
        })
        .await;
    let told = answer.map_err(|_: Fault| ()).ok().and_then(|one| one.quota?.value);
    match told {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small count"
        )]
        Some(most) => Limit { most: most as u64, is_default: false },
        None => Limit { most: quota.default, is_default: true },
    }
}

fn judge(
    subject: &Subject<'_>,
    look: &mut Look,
    new: &[&LogicalId],
    there: u64,
    limit: &Limit,
    what: &str,
) {
    let added = new.len() as u64;
    if there + added <= limit.most {
        return;
    }
    let Limit { most, is_default } = limit;
    let message =
        format!("there are {there} {what}, the plan adds {added}, and there may be {most}");
    // An account may have more than the default, and only AWS could tell.
    let (severity, hint) = match is_default {
        true => (
            Severity::Warning,
            "that is what accounts have at first: Service Quotas did not tell this one's",
        ),
        false => (Severity::Error, "delete some, or ask Service Quotas for more"),
    };
    let finding = Finding::new(severity, NAME, message).hint(hint);
    // The last ones are too many.
    let first_too_many = usize::try_from(most.saturating_sub(there)).unwrap_or_default();
    match new.get(first_too_many).or(new.last()) {
        Some(id) => look.add(finding.of(subject.graph, id, &[])),
        None => look.add(finding),
    }
}

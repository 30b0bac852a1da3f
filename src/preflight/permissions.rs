//! Whether the caller may make exactly the plan's calls: by IAM's simulation, which knows the
//! policies of the caller and of its organization, and by EC2's own dry runs.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType,
};

use super::{Look, Subject, known};
use crate::aws::{Aws, Fault, FaultKind};
use crate::diagnostic::Severity;
use crate::permissions::{Permission, Scope, permissions};
use crate::plan::Finding;
use crate::value::LogicalId;

const NAME: &str = "permissions";
/// The actions of one simulation.
const AT_ONCE: usize = 40;

type Condition = Option<(String, String, String)>;
/// What is asked about the same resources, and for which resources of the plan.
type Group<'p> = BTreeMap<&'p str, BTreeSet<&'p LogicalId>>;

pub async fn check(subject: &Subject<'_>) -> Look {
    let mut look = Look::default();
    let caller = match caller(subject.aws).await {
        Ok(Some(caller)) => caller,
        // The root of an account may do everything.
        Ok(None) => return look,
        Err(fault) => {
            look.unchecked("the permissions", &fault);
            return look;
        }
    };
    let needed =
        permissions(subject.plan, subject.outlooks, subject.aws.partition(), Scope::Deploy, &[]);
    let mut groups: BTreeMap<(&BTreeSet<String>, &Condition), Group<'_>> = BTreeMap::new();
    for Permission { logical_id, action, resources, condition } in &needed {
        let group = groups.entry((resources, condition)).or_default();
        group.entry(action).or_default().extend(logical_id);
    }
    for ((resources, condition), group) in groups {
        match simulate(subject.aws, &caller, resources, condition.as_ref(), &group).await {
            Ok(denied) => {
                for one in denied {
                    look.add(finding(subject, &caller, &one, &group));
                }
            }
            Err(fault) => {
                look.unchecked("the permissions", &fault);
                break;
            }
        }
    }
    dry_runs(subject, &mut look).await;
    look
}

/// Whose policies count: a user's, or those of the role behind a session. `None` for the root.
async fn caller(aws: &Aws) -> Result<Option<String>, Fault> {
    const ACTION: &str = "sts:GetCallerIdentity";
    let sts = aws.clients().sts();
    let identity = aws.call(ACTION, || sts.get_caller_identity().send()).await?;
    let arn = identity.arn.ok_or_else(|| Fault::malformed(ACTION, "ARN"))?;
    if arn.ends_with(":root") {
        return Ok(None);
    }
    let Some((_, session)) = arn.split_once(":assumed-role/") else { return Ok(Some(arn)) };
    let name = session.split('/').next().unwrap_or(session);
    // The session does not tell the role's path.
    let role = aws.call("iam:GetRole", || aws.iam().get_role().role_name(name).send()).await;
    let told = role.ok().and_then(|answer| answer.role).map(|role| role.arn);
    let plain = || format!("arn:{}:iam::{}:role/{name}", aws.partition(), aws.account());
    Ok(Some(told.unwrap_or_else(plain)))
}

/// What of these actions is denied.
async fn simulate(
    aws: &Aws,
    caller: &str,
    resources: &BTreeSet<String>,
    condition: Option<&(String, String, String)>,
    group: &Group<'_>,
) -> Result<Vec<EvaluationResult>, Fault> {
    let context = condition.map(|(_, key, value)| {
        ContextEntry::builder()
            .context_key_name(key)
            .context_key_type(ContextKeyTypeEnum::String)
            .context_key_values(value)
            .build()
    });
    let actions: Vec<String> = group.keys().map(|action| (*action).to_owned()).collect();
    let mut denied = Vec::new();
    for actions in actions.chunks(AT_ONCE) {
        let answer = aws
            .call("iam:SimulatePrincipalPolicy", || {
                let ask = aws.iam().simulate_principal_policy().policy_source_arn(caller);
                ask.set_action_names(Some(actions.to_vec()))
                    .set_resource_arns(Some(resources.iter().cloned().collect()))
                    .set_context_entries(context.clone().map(|one| vec![one]))
                    .send()
            })
            .await?;
        let results = answer.evaluation_results.unwrap_or_default();
        let is_denied =
            |one: &EvaluationResult| one.eval_decision != PolicyEvaluationDecisionType::Allowed;
        denied.extend(results.into_iter().filter(is_denied));
    }
    Ok(denied)
}

fn finding(
    subject: &Subject<'_>,
    caller: &str,
    denied: &EvaluationResult,
    group: &Group<'_>,
) -> Finding {
    let action = denied.eval_action_name();
    let is_by_organization = denied
        .organizations_decision_detail()
        .is_some_and(|detail| !detail.allowed_by_organizations());
    let is_by_boundary = denied
        .permissions_boundary_decision_detail()
        .is_some_and(|detail| !detail.allowed_by_permissions_boundary());
    let why = match denied.eval_decision() {
        _ if is_by_organization => "a policy of the organization does not allow it",
        _ if is_by_boundary => "its permissions boundary does not allow it",
        PolicyEvaluationDecisionType::ExplicitDeny => "a policy denies it",
        _ => "no policy allows it",
    };
    // What depends on what only the call itself will tell is not certain.
    let severity = match denied.missing_context_values().is_empty() {
        true => Severity::Error,
        false => Severity::Warning,
    };
    let on = denied.eval_resource_name().filter(|name| *name != "*");
    let on = on.map(|name| format!(" on `{name}`")).unwrap_or_default();
    let message = format!("`{caller}` may not `{action}`{on}: {why}");
    let finding = Finding::new(severity, NAME, message)
        .hint("`cairn plan --print-policy` prints a policy that is enough");
    match group.get(action).and_then(|ids| ids.first()) {
        Some(id) => finding.of(subject.graph, id, &[]),
        None => finding,
    }
}

/// Tries what EC2 lets be tried and whose arguments are known: AWS changes nothing. Emulators carry
/// out what is only to be tried.
async fn dry_runs(subject: &Subject<'_>, look: &mut Look) {
    if !subject.is_aws() {
        return;
    }
    let aws = subject.aws;
    for (step, properties) in subject.new_ones("AWS::EC2::VPC") {
        let Some(block) = known(properties, "CidrBlock") else { continue };
        let tried = aws
            .call("ec2:CreateVpc", || aws.ec2().create_vpc().cidr_block(block).dry_run(true).send())
            .await;
        judge(subject, look, &step.logical_id, "ec2:CreateVpc", tried.err());
    }
    for (step, properties) in subject.new_ones("AWS::EC2::Subnet") {
        let (Some(vpc), Some(block)) = (known(properties, "VpcId"), known(properties, "CidrBlock"))
        else {
            continue;
        };
        let tried = aws
            .call("ec2:CreateSubnet", || {
                aws.ec2().create_subnet().vpc_id(vpc).cidr_block(block).dry_run(true).send()
            })
            .await;
        judge(subject, look, &step.logical_id, "ec2:CreateSubnet", tried.err());
    }
    for (step, properties) in subject.new_ones("AWS::EC2::RouteTable") {
        let Some(vpc) = known(properties, "VpcId") else { continue };
        let tried = aws
            .call("ec2:CreateRouteTable", || {
                aws.ec2().create_route_table().vpc_id(vpc).dry_run(true).send()
            })
            .await;
        judge(subject, look, &step.logical_id, "ec2:CreateRouteTable", tried.err());
    }
}

/// `DryRunOperation` says that the call would have been made; only a refusal is news.
fn judge(
    subject: &Subject<'_>,
    look: &mut Look,
    id: &LogicalId,
    action: &str,
    fault: Option<Fault>,
) {
    let Some(fault) = fault.filter(|fault| fault.is(FaultKind::Denied)) else { return };
    let is_said = look.findings.iter().any(|one| one.message.contains(&format!("`{action}`")));
    if !is_said {
        let message = format!("EC2 refuses a dry run of `{action}`: {}", fault.message);
        look.add(Finding::new(Severity::Error, NAME, message).of(subject.graph, id, &[]));
    }
}

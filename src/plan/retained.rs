//! What stays in AWS and holds what is to be deleted: a function that is let go keeps its network
//! interfaces in the subnets it was made in, and no subnet goes while there are any. A deletion that
//! nothing of the run will make possible would only be waited for, and so there is none.

use serde_json::Value as Json;

use super::{Action, Operation, Step, order};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::resource;
use crate::schema::{At, Segment};
use crate::state::{Instance, State};
use crate::value::LogicalId;

/// Properties that name what AWS does not delete while the resource is there.
const HOLDS: &[(&str, &[&str])] = &[
    ("AWS::ApiGateway::Stage", &["DeploymentId"]),
    ("AWS::ApiGateway::UsagePlan", &["ApiStages[].ApiId"]),
    ("AWS::EC2::RouteTable", &["VpcId"]),
    (
        "AWS::EC2::SecurityGroup",
        &[
            "VpcId",
            "SecurityGroupIngress[].SourceSecurityGroupId",
            "SecurityGroupEgress[].DestinationSecurityGroupId",
        ],
    ),
    ("AWS::EC2::Subnet", &["VpcId"]),
    ("AWS::EC2::VPCEndpoint", &["SubnetIds[]", "SecurityGroupIds[]", "VpcId"]),
    ("AWS::IAM::ManagedPolicy", &["Roles[]"]),
    ("AWS::IAM::Policy", &["Roles[]"]),
    ("AWS::Lambda::Function", &["VpcConfig.SubnetIds[]", "VpcConfig.SecurityGroupIds[]"]),
];

type Stood<'a> = (&'a Step, &'a Instance);

/// One for each resource that is let go of, is still there, and holds what is to be deleted.
pub fn held(
    steps: &[Step],
    graph: &Graph,
    state: &State,
    is_gone: &dyn Fn(&LogicalId) -> bool,
) -> Vec<Diagnostic> {
    let deleted: Vec<Stood<'_>> = steps
        .iter()
        .filter(|step| matches!(step.operation, Operation::Delete { .. }))
        .filter_map(|step| stood(step, state))
        .collect();
    if deleted.is_empty() {
        return Vec::new();
    }
    let retained = steps.iter().filter(|step| step.action == Action::Retain);
    retained
        .filter(|step| !is_gone(&step.logical_id))
        .filter_map(|step| stood(step, state))
        // What goes with its parent holds nothing then.
        .filter(|(_, user)| order::parent_of(user, deleted.iter().copied()).is_none())
        .filter_map(|(step, user)| {
            let (gone, path) = deleted.iter().find_map(|(gone, instance)| {
                Some((*gone, holding(user, &gone.logical_id, instance)?))
            })?;
            Some(refusal(step, gone, path, graph))
        })
        .collect()
}

/// What a step takes away.
fn stood<'a>(step: &'a Step, state: &'a State) -> Option<Stood<'a>> {
    Some((step, state.instance(&step.logical_id, step.operation.token()?)?))
}

/// The property by which one holds another.
fn holding(user: &Instance, id: &LogicalId, gone: &Instance) -> Option<&'static str> {
    let physical_id = gone.physical_id.as_ref()?;
    let reference = resource::handler(gone.type_name.as_str())?.reference(physical_id);
    let (_, paths) = HOLDS.iter().find(|(of, _)| *of == user.type_name.as_str())?;
    let names = |path: &&&str| {
        let segments: Vec<&str> = path.split('.').collect();
        is_at(&user.properties, &segments, &reference)
    };
    paths.iter().filter(|_| user.dependencies.contains(id)).find(names).copied()
}

/// Whether a text stands at a path, `[]` being any item.
fn is_at(value: &Json, path: &[&str], text: &str) -> bool {
    let [first, rest @ ..] = path else { return value.as_str() == Some(text) };
    let Some(inner) = value.get(first.trim_end_matches("[]")) else { return false };
    match inner {
        Json::Array(items) if first.ends_with("[]") => {
            items.iter().any(|item| is_at(item, rest, text))
        }
        inner => is_at(inner, rest, text),
    }
}

fn refusal(user: &Step, gone: &Step, path: &str, graph: &Graph) -> Diagnostic {
    let (user, gone) = (&user.logical_id, &gone.logical_id);
    let property = path.split('.').next().unwrap_or(path).trim_end_matches("[]");
    let finding = Diagnostic::error(format!(
        "`{gone}` cannot be deleted: `{user}` is retained and still uses it ({property})"
    ));
    let is_written = |id: &LogicalId| graph.nodes.contains_key(id);
    let path = [Segment::Key(property.to_owned())];
    let span = match (is_written(gone), is_written(user)) {
        (true, _) => Some(graph.span_of(gone, &[], At::Key)),
        (false, true) => Some(graph.span_of(user, &path, At::Key)),
        (false, false) => None,
    };
    let keep = match is_written(gone) {
        true => format!("give `{gone}` `UpdateReplacePolicy: Retain` too"),
        false => {
            format!("put `{gone}` back with `DeletionPolicy: Retain`, deploy, and take it out then")
        }
    };
    let delete = match is_written(user) {
        true => format!("take `UpdateReplacePolicy` from `{user}`"),
        false => format!(
            "put both back, `{user}` without its `DeletionPolicy`, deploy, and take them out then"
        ),
    };
    let finding = match span {
        Some(span) => finding.at(&graph.template.source, span),
        None => finding,
    };
    finding.hint(format!("to keep both, {keep}")).hint(format!("to delete both, {delete}"))
}

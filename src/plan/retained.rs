//! What stays in AWS and holds what is to be deleted: a function that is let go keeps its network
//! interfaces in the subnets it was made in, and no subnet goes while there are any. A deletion that
//! nothing of the run will make possible would only be waited for, and so there is none.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Action, Operation, Plan, Step, order};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::refresh::{Observation, Observed};
use crate::resource;
use crate::schema::{At, Segment};
use crate::state::{Instance, State};
use crate::value::{LogicalId, Token};

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
    ("AWS::EC2::SecurityGroupEgress", &["DestinationSecurityGroupId"]),
    ("AWS::EC2::SecurityGroupIngress", &["SourceSecurityGroupId"]),
    ("AWS::EC2::Subnet", &["VpcId"]),
    ("AWS::EC2::SubnetRouteTableAssociation", &["RouteTableId"]),
    ("AWS::EC2::VPCEndpoint", &["SubnetIds[]", "SecurityGroupIds[]", "VpcId"]),
    ("AWS::IAM::ManagedPolicy", &["Roles[]"]),
    ("AWS::IAM::Policy", &["Roles[]"]),
    ("AWS::Lambda::Function", &["VpcConfig.SubnetIds[]", "VpcConfig.SecurityGroupIds[]"]),
];

/// What these properties name takes the resource with it.
const GOES_WITH: &[(&str, &str)] = &[
    ("AWS::EC2::SecurityGroupEgress", "GroupId"),
    ("AWS::EC2::SecurityGroupIngress", "GroupId"),
    ("AWS::EC2::SubnetRouteTableAssociation", "SubnetId"),
];

type Stood<'a> = (&'a Step, &'a Instance);
/// What was found of an instance, if it was looked for.
type Seen<'a> = &'a dyn Fn(&LogicalId, &Token) -> Option<&'a Observation>;

/// One that is let go of, one that is to be deleted, and how the first holds it.
struct Hold<'a> {
    user: &'a Step,
    gone: &'a Step,
    /// The path in the user's properties.
    path: &'static str,
    /// What stands there.
    reference: String,
}

/// One for each that is to be deleted and is held by a resource that is let go of and still there.
pub fn held(steps: &[Step], graph: &Graph, state: &State, seen: Seen<'_>) -> Vec<Diagnostic> {
    let holds = holds(steps, state).into_iter().filter(|hold| hold.is_so(seen));
    holds.map(|hold| hold.refusal(graph)).collect()
}

/// Which resources that a teardown lets go of would hold what it deletes, if they are there.
pub fn users(plan: &Plan, state: &State) -> BTreeSet<LogicalId> {
    holds(&plan.steps, state).into_iter().map(|hold| hold.user.logical_id.clone()).collect()
}

/// Looks whether a teardown would wait in vain.
///
/// # Errors
///
/// One for each that is to be deleted and is held by a resource that is let go of and still there.
pub fn check_users(plan: &Plan, state: &State, observed: &Observed) -> Result<(), Vec<Diagnostic>> {
    let seen = |id: &LogicalId, token: &Token| observed.of(id, token);
    let holds = holds(&plan.steps, state).into_iter().filter(|hold| hold.is_so(&seen));
    let refusals: Vec<Diagnostic> = holds.map(|hold| hold.refusal_of_teardown()).collect();
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

fn holds<'a>(steps: &'a [Step], state: &'a State) -> Vec<Hold<'a>> {
    let deleted: Vec<Stood<'_>> = steps
        .iter()
        .filter(|step| matches!(step.operation, Operation::Delete { .. }))
        .filter_map(|step| stood(step, state))
        .collect();
    let retained = steps.iter().filter(|step| step.action == Action::Retain);
    let users = retained.filter_map(|step| stood(step, state));
    // What goes with its parent holds nothing then.
    let users = users.filter(|(_, user)| {
        order::parent_of(user, deleted.iter().copied()).is_none() && !goes_with(user, &deleted)
    });
    users
        .flat_map(|(step, user)| {
            deleted.iter().filter_map(move |(gone, instance)| {
                let (path, reference) = holding(user, &gone.logical_id, instance)?;
                Some(Hold { user: step, gone, path, reference })
            })
        })
        .collect()
}

/// What a step takes away.
fn stood<'a>(step: &'a Step, state: &'a State) -> Option<Stood<'a>> {
    Some((step, state.instance(&step.logical_id, step.operation.token()?)?))
}

/// What a resource is called where others name it.
fn reference(instance: &Instance) -> Option<String> {
    let physical_id = instance.physical_id.as_ref()?;
    Some(resource::handler(instance.type_name.as_str())?.reference(physical_id))
}

/// Whether what takes a resource with it is among what is deleted.
fn goes_with(user: &Instance, deleted: &[Stood<'_>]) -> bool {
    let property = GOES_WITH.iter().find(|(of, _)| *of == user.type_name.as_str());
    let named = property.and_then(|(_, property)| user.properties.get(property)?.as_str());
    named.is_some_and(|named| {
        deleted.iter().any(|(_, instance)| reference(instance).is_some_and(|it| it == named))
    })
}

/// The property by which one holds another, and what it says.
fn holding(user: &Instance, id: &LogicalId, gone: &Instance) -> Option<(&'static str, String)> {
    let reference = reference(gone)?;
    let (_, paths) = HOLDS.iter().find(|(of, _)| *of == user.type_name.as_str())?;
    let mut paths = paths.iter().filter(|_| user.dependencies.contains(id));
    let path = paths.find(|path| stands_at(&user.properties, path, &reference))?;
    Some((path, reference))
}

fn stands_at(properties: &Json, path: &str, text: &str) -> bool {
    is_at(properties, &path.split('.').collect::<Vec<_>>(), text)
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

impl Hold<'_> {
    /// Whether it is so, with what is there now: somebody may have deleted the user, or taken it off
    /// what it held.
    fn is_so(&self, seen: Seen<'_>) -> bool {
        let token = self.user.operation.token();
        match token.and_then(|token| seen(&self.user.logical_id, token)) {
            Some(Observation::Gone) => false,
            Some(Observation::Live(live)) => {
                stands_at(&live.properties, self.path, &self.reference)
            }
            None => true,
        }
    }

    /// The property that is meant by the path.
    fn property(&self) -> &'static str {
        self.path.split('.').next().unwrap_or(self.path).trim_end_matches("[]")
    }

    fn finding(&self) -> Diagnostic {
        let (user, gone) = (&self.user.logical_id, &self.gone.logical_id);
        let property = self.property();
        Diagnostic::error(format!(
            "`{gone}` cannot be deleted: `{user}` is retained and still uses it ({property})"
        ))
    }

    fn refusal_of_teardown(&self) -> Diagnostic {
        let (user, gone) = (&self.user.logical_id, &self.gone.logical_id);
        let before = "and deploy that before";
        self.finding()
            .hint(format!("to keep both, give `{gone}` `DeletionPolicy: Retain` too, {before}"))
            .hint(format!("to delete both, take `DeletionPolicy` from `{user}`, {before}"))
    }

    fn refusal(&self, graph: &Graph) -> Diagnostic {
        let (user, gone) = (&self.user.logical_id, &self.gone.logical_id);
        let is_written = |id: &LogicalId| graph.nodes.contains_key(id);
        let path = [Segment::Key(self.property().to_owned())];
        let span = match (is_written(gone), is_written(user)) {
            (true, _) => Some(graph.span_of(gone, &[], At::Key)),
            (false, true) => Some(graph.span_of(user, &path, At::Key)),
            (false, false) => None,
        };
        let keep = match is_written(gone) {
            true => format!("give `{gone}` `UpdateReplacePolicy: Retain` too"),
            false => format!(
                "put `{gone}` back with `DeletionPolicy: Retain`, deploy, and take it out then"
            ),
        };
        let delete = match is_written(user) {
            true => format!("take `UpdateReplacePolicy` from `{user}`"),
            false => format!(
                "put both back, `{user}` without its `DeletionPolicy`, deploy, and take them out then"
            ),
        };
        let finding = match span {
            Some(span) => self.finding().at(&graph.template.source, span),
            None => self.finding(),
        };
        finding.hint(format!("to keep both, {keep}")).hint(format!("to delete both, {delete}"))
    }
}

//! What goes for good: data, and ids and addresses that others may know.

use super::{Class, Risk, Subject, replacement, text_at};
use crate::plan::{Action, Operation, Step};
use crate::state::State;

/// What is lost with one of a type. `{id}` is its physical id, `{region}` its region.
const LOSSES: [(&str, &str); 17] = [
    ("AWS::ApiGateway::ApiKey", "the value of the key: callers need another"),
    ("AWS::ApiGateway::Method", "callers of the method get no answer"),
    ("AWS::ApiGateway::Resource", "its path, and what callers reach below it"),
    (
        "AWS::ApiGateway::RestApi",
        "its address https://{id}.execute-api.{region}.amazonaws.com, with all its paths and stages",
    ),
    ("AWS::ApiGateway::Stage", "its address, and what is deployed in it"),
    ("AWS::ApiGateway::UsagePlan", "its id, and how much of it each key has used"),
    ("AWS::Bedrock::Agent", "its id `{id}`, its versions, and the sessions with it"),
    ("AWS::Bedrock::AgentAlias", "its id `{id}`, by which callers know the agent"),
    ("AWS::EC2::RouteTable", "its id `{id}`, and the routes in it"),
    ("AWS::EC2::SecurityGroup", "its id `{id}`, which rules elsewhere may name"),
    ("AWS::EC2::Subnet", "its id `{id}`, and the addresses in it"),
    ("AWS::EC2::VPC", "its id `{id}`, and all addresses in it"),
    (
        "AWS::EC2::VPCEndpoint",
        "its id `{id}`, its network interfaces with their private addresses, and its DNS names",
    ),
    ("AWS::IAM::ManagedPolicy", "its ARN `{id}`, and its earlier versions"),
    ("AWS::IAM::Role", "the identity of `{id}`: policies elsewhere that name it no longer match"),
    ("AWS::Lambda::Function", "the function `{id}`, with its versions and its warm instances"),
    ("AWS::Logs::LogGroup", "all log events in `{id}`"),
];

/// What holds no data and has no address of its own: made again, it is the same.
pub const STATELESS: [&str; 9] = [
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::EC2::Route",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::IAM::Policy",
    "AWS::Lambda::Permission",
];

/// What is lost with what a step takes away, or lets go of while another takes its place.
pub fn of(step: &Step, steps: &[Step], state: &State) -> Option<Risk> {
    let id = step.physical_id.as_ref()?;
    let successor = replacement(step, steps);
    let stays = match step.operation {
        Operation::Delete { .. } | Operation::VanishWithParent { .. } => false,
        Operation::Forget { .. } if step.action == Action::Retain && successor.is_some() => true,
        _ => return None,
    };
    let type_name = step.type_name.as_str();
    let is_gap = successor.is_some_and(|successor| successor.after.contains(&step.id));
    if STATELESS.contains(&type_name) && !is_gap {
        return None;
    }
    let known = LOSSES.iter().find(|(of, _)| *of == type_name).map(|(_, lost)| *lost);
    let lost = match known {
        _ if STATELESS.contains(&type_name) => "nothing but the time".to_owned(),
        Some(lost) => lost.replace("{id}", id.as_str()).replace("{region}", &state.region),
        None => format!("its id `{id}`"),
    };
    let order = match is_gap {
        true => "; the old one is deleted first, until the new one is there is none",
        false => "; the new one is made first",
    };
    let what = match (successor.is_some(), stays) {
        (false, _) => format!("is deleted. Lost: {lost}"),
        (true, true) => {
            format!("is replaced; the old one, `{id}`, stays in AWS and is no longer managed")
        }
        (true, false) => format!("is replaced. Lost: {lost}{order}"),
    };
    Some(Risk {
        class: Class::Destructive,
        logical_id: step.logical_id.clone(),
        type_name: step.type_name.clone(),
        what,
        before: Some(id.to_string()),
        after: successor.map(|_| "another, known after apply".to_owned()),
        known: true,
    })
}

/// Log events are deleted when they get older than they may.
pub fn shortened(subject: &Subject<'_>) -> Option<Risk> {
    const DAYS: &str = "RetentionInDays";
    if subject.type_name != "AWS::Logs::LogGroup" || subject.step.action != Action::Update {
        return None;
    }
    let after = text_at(&subject.after, DAYS)?;
    let before = text_at(&subject.before, DAYS);
    let days = |text: &str| text.parse::<f64>().ok();
    let told = |text: &str| format!("{text} day{}", if text == "1" { "" } else { "s" });
    let is_shorter = match (before.as_deref().map(days), days(&after)) {
        (Some(Some(before)), Some(after)) => after < before,
        // From forever, or not known.
        _ => before.as_ref() != Some(&after),
    };
    is_shorter.then(|| Risk {
        class: Class::Destructive,
        logical_id: subject.step.logical_id.clone(),
        type_name: subject.step.type_name.clone(),
        what: format!("keeps less. Lost: log events older than {}", told(&after)),
        before: Some(before.map_or_else(|| "for ever".to_owned(), |days| told(&days))),
        known: days(&after).is_some(),
        after: Some(told(&after)),
    })
}

//! Instances, events and runs for tests, in a short notation.

use serde_json::json;

use super::{Instance, Naming, State};
use crate::journal::Event;
use crate::template::DeletionPolicy;
use crate::value::{Attributes, LogicalId, PhysicalId, Token, TypeName};

pub fn empty() -> State {
    State::empty("sample", "123456789012", "us-east-1", &Token::from("lineage"))
}

/// A VPC that has no name yet.
pub fn instance(token: &str) -> Instance {
    Instance {
        type_name: TypeName::from("AWS::EC2::VPC"),
        token: Token::from(token),
        physical_id: None,
        properties: json!({ "CidrBlock": "10.0.0.0/16" }),
        attributes: Attributes::new(),
        dependencies: std::collections::BTreeSet::new(),
        deletion_policy: DeletionPolicy::Delete,
        update_replace_policy: DeletionPolicy::Delete,
        naming: Naming::Declared,
        follows: None,
        attempted: Vec::new(),
        marks: crate::state::Marks::Own,
    }
}

pub fn named(token: &str, physical_id: &str) -> Instance {
    Instance { physical_id: Some(PhysicalId::from(physical_id)), ..instance(token) }
}

/// One event, `logical-id verb token [physical-id]`:
///
/// - `A begin t`, `A name t vpc-1`, `A abandon t`, `A made t`
/// - `A updating t`, `A updated t vpc-1`, `A deleting t`, `A deleted t`, `A forgotten t`,
///   `A again t`, `A moved B`, `A adopted t vpc-1`
/// - `- opened`, `- completed`, `- closed`, `- outputs`, `- imports`
pub fn event(text: &str) -> Event {
    let words: Vec<&str> = text.split_whitespace().collect();
    let id = LogicalId::from(words[0]);
    let token = Token::from(words.get(2).copied().unwrap_or_default());
    let physical = words.get(3).copied();
    match words[1] {
        "begin" => Event::CreateBegun { id, instance: instance(token.as_str()) },
        "name" => {
            let physical_id = PhysicalId::from(physical.expect("a physical id"));
            Event::Named { id, token, physical_id }
        }
        "abandon" => Event::Abandoned { id, token },
        "made" => {
            let attributes = Attributes::from_iter([("VpcId".to_owned(), json!("vpc"))]);
            Event::Created { id, token, attributes, follows: None }
        }
        "updating" => {
            let properties = Some(json!({ "EnableDnsSupport": false }));
            Event::UpdateBegun { id, token, properties }
        }
        "updated" => {
            let mut instance = named(token.as_str(), physical.expect("a physical id"));
            instance.properties = json!({ "EnableDnsSupport": false });
            Event::Updated { id, instance }
        }
        "deleting" => Event::DeleteBegun { id, token },
        "deleted" => Event::Deleted { id, token },
        "forgotten" => Event::Forgotten { id, token },
        "moved" => Event::Moved { id, to: LogicalId::from(token.as_str()) },
        "adopted" => {
            let instance = named(token.as_str(), physical.expect("a physical id"));
            Event::Adopted { id, instance }
        }
        "again" => Event::Reinstated { id, token },
        "completed" => Event::Completed,
        "opened" => Event::Opened {
            run: Token::from("run"),
            command: "deploy".to_owned(),
            at: "2026-01-01T00:00:00Z".to_owned(),
            user: "ada".to_owned(),
            host: "engine".to_owned(),
        },
        "closed" => Event::Closed,
        "outputs" => Event::Outputs {
            outputs: [("Out".to_owned(), json!("text"))].into(),
            exports: [("shared".to_owned(), json!("text"))].into(),
        },
        "imports" => {
            Event::Imports { imports: [("theirs".to_owned(), "network".to_owned())].into() }
        }
        other => panic!("no event {other}"),
    }
}

/// Events separated by `;`.
pub fn events(text: &str) -> Vec<Event> {
    text.split(';').map(str::trim).filter(|one| !one.is_empty()).map(event).collect()
}

/// The state after the events, all of which can follow.
pub fn after(text: &str) -> State {
    let mut state = empty();
    for event in events(text) {
        state.apply(&event).unwrap_or_else(|illegal| panic!("{text}: {illegal}"));
    }
    state
}

/// A whole run: creates, an update, a replacement, a refused create, deletions.
pub const RUN: &str = "- opened; A begin a; B begin b; A name a vpc-1; A made a; \
    B abandon b; B begin b2; B name b2 vpc-2; B made b2; A updating a; A updated a vpc-1; \
    A begin a2; A name a2 vpc-3; A made a2; A deleting a; A deleted a; - imports; - outputs; \
    B deleting b2; B deleted b2; - closed";

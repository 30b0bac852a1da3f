//! Versions that aliases are to route to.

use std::collections::BTreeSet;

use super::{deployed, graph, observed, planned};
use crate::state::State;
use crate::value::{LogicalId, Token};

const PINNED: &str = r#"
Resources:
  AgentNine:
    Type: AWS::Bedrock::Agent
    Properties: {AgentName: agent, Description: one}
  Cutting:
    Type: AWS::Bedrock::AgentAlias
    Properties: {AgentId: !Ref AgentNine, AgentAliasName: next}
  Alias:
    Type: AWS::Bedrock::AgentAlias
    DependsOn: Cutting
    Properties: {AgentId: !Ref AgentNine, AgentAliasName: live, RoutingConfiguration: [{AgentVersion: "1"}]}
"#;

/// What is said of an edited template whose agent has these versions, where that is known.
fn said(before: Option<&str>, edits: &[(&str, &str)], versions: Option<&[&str]>) -> String {
    let state = before.map_or_else(
        || State::empty("sample", "123456789012", "us-east-1", &Token::from("lineage")),
        |text| deployed(&graph(text)),
    );
    let mut text = PINNED.to_owned();
    for (from, to) in edits {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    let mut observed = observed(&state);
    let agent = LogicalId::from("AgentNine");
    if let (Some(versions), Some(agent)) = (versions, state.current(&agent)) {
        let versions: BTreeSet<String> = versions.iter().map(|&one| one.to_owned()).collect();
        observed.versions.insert(agent.physical_id.clone().expect("it has one"), versions);
    }
    match planned(&graph(&text), &state, &observed) {
        Ok(_) => String::new(),
        Err(findings) => {
            findings.iter().map(|one| one.message.clone()).collect::<Vec<_>>().join("\n")
        }
    }
}

fn none_of(version: &str) -> String {
    format!(
        "`Alias` is to route to version {version} of `AgentNine`, which has none of that number then"
    )
}

#[test]
fn a_new_agent_has_what_is_cut_before_and_nothing_else() {
    assert_eq!(said(None, &[], None), "");
    assert_eq!(said(None, &[("    DependsOn: Cutting\n", "")], None), none_of("1"));
    assert_eq!(said(None, &[(r#""1""#, r#""2""#)], None), none_of("2"));
    assert_eq!(said(None, &[(r#""1""#, "DRAFT")], None), "");
}

#[test]
fn of_an_agent_that_is_there_aws_has_said_what_there_is() {
    let to = |version: &str| [(r#""1""#.to_owned(), format!("{version:?}"))];
    let check = |version: &str, versions: Option<&[&str]>| {
        let edits = to(version);
        let edits: Vec<(&str, &str)> =
            edits.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        said(Some(PINNED), &edits, versions)
    };
    assert_eq!(check("3", Some(&["1", "3"])), "");
    assert_eq!(check("2", Some(&["1", "3"])), none_of("2"));
    assert_eq!(check("2", None), "", "nothing was told, and nothing is judged");
    let elsewhere = (
        "{AgentId: !Ref AgentNine, AgentAliasName: live",
        "{AgentId: !Ref Other, AgentAliasName: live",
    );
    let other = (
        "  Cutting:",
        "  Other:\n    Type: AWS::Bedrock::Agent\n    Properties: {AgentName: other}\n  Cutting:",
    );
    let said = said(Some(PINNED), &[elsewhere, other], Some(&["1"]));
    assert_eq!(said, none_of("1").replace("AgentNine", "Other"), "it is another agent's then");
    // An alias that stays where it is asks for nothing.
    assert_eq!(check("1", Some(&["3"])), "");
}

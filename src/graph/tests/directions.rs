//! What a template may say to Cairn alone, and what is said of what it may not.

use super::{inputs, template};
use crate::diagnostic::Diagnostic;
use crate::graph::{Graph, IgnoreDrift, synth};
use crate::value::LogicalId;

fn graph(text: &str) -> Result<Graph, Vec<Diagnostic>> {
    synth(template(text), inputs(&[]))
}

fn with(metadata: &str) -> String {
    format!(
        "Resources:\n  Old: {{Type: AWS::Logs::LogGroup}}\n  Function:\n    Type: AWS::Lambda::Function\n    \
         Metadata: {{Other: 1, Cairn: {metadata}}}\n    Properties: {{Role: arn:aws:iam::123456789012:role/r, \
         Handler: index.a, Runtime: python3.12, Code: {{ZipFile: x}}}}\n"
    )
}

#[test]
fn directions_are_read() {
    let paths = |paths: &[&str]| IgnoreDrift::Paths(paths.iter().map(|&one| one.into()).collect());
    for (metadata, ignored, moved) in [
        ("{}", IgnoreDrift::None, None),
        ("{IgnoreDrift: true}", IgnoreDrift::All, None),
        ("{IgnoreDrift: false}", IgnoreDrift::None, None),
        ("{IgnoreDrift: [Timeout, Tags]}", paths(&["Timeout", "Tags"]), None),
        (
            "{IgnoreDrift: [Environment.Variables.A.B], MovedFrom: Before}",
            paths(&["Environment.Variables.A.B"]),
            Some("Before"),
        ),
    ] {
        let graph = graph(&with(metadata)).unwrap_or_else(|wrong| panic!("{metadata}: {wrong:?}"));
        let directions = &graph.nodes[&LogicalId::from("Function")].directions;
        assert_eq!(directions.ignore_drift, ignored, "{metadata}");
        let from = directions.moved_from.as_ref().map(|(id, _)| id.as_str());
        assert_eq!(from, moved, "{metadata}");
    }
}

#[test]
fn what_is_wrong_with_them_has_its_place_and_a_hint() {
    for (metadata, message, hint) in [
        ("[]", "`Cairn` in `Metadata` is not a map", ""),
        (
            "{IgnoreDrfit: true}",
            "`IgnoreDrfit` is nothing that Cairn can be told",
            "did you mean `IgnoreDrift`?",
        ),
        (
            "{Whatever: true}",
            "`Whatever` is nothing that Cairn can be told",
            "there are `IgnoreDrift` and `MovedFrom`",
        ),
        ("{IgnoreDrift: 3}", "`IgnoreDrift` is a number", "write `true` for all of it"),
        ("{IgnoreDrift: [1]}", "a path in `IgnoreDrift` is a string, not a number", ""),
        ("{IgnoreDrift: [Timeuot]}", "has no property `Timeuot`", "did you mean `Timeout`?"),
        (
            "{IgnoreDrift: [VpcConfig.SubnetId]}",
            "has no property `VpcConfig.SubnetId`",
            "did you mean `VpcConfig.SubnetIds`?",
        ),
        (
            "{IgnoreDrift: [\"Tags[0].Value\"]}",
            "`Tags[0].Value` is a part of a list",
            "name the whole list: `Tags`",
        ),
        ("{MovedFrom: [A]}", "`MovedFrom` is a logical id, not a list", ""),
        ("{MovedFrom: Function}", "`Function` is moved from itself", ""),
        (
            "{MovedFrom: Old}",
            "`Function` is moved from `Old`, which is still there",
            "the logical id that the resource had before",
        ),
    ] {
        let wrong = graph(&with(metadata)).expect_err(metadata);
        let told = &wrong[0].message;
        assert!(told.contains(message), "{metadata}: {told}");
        assert!(wrong[0].hints.join(" ").contains(hint), "{metadata}: {:?}", wrong[0].hints);
        assert!(wrong[0].place.is_some(), "{metadata}");
    }
}

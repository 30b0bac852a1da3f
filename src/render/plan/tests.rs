use serde_json::{Value as Json, json};

use super::{Header, render, summary};
use crate::plan::Plan;

fn step(number: usize, id: &str, action: &str, operation: &Json, rest: &Json) -> Json {
    let mut step = json!({
        "id": number,
        "logical_id": id,
        "type_name": "AWS::Logs::LogGroup",
        "physical_id": format!("{}-1", id.to_lowercase()),
        "action": action,
        "operation": operation,
        "changes": [],
        "reasons": [],
        "after": [],
    });
    for (key, value) in rest.as_object().expect("a map") {
        step[key] = value.clone();
    }
    step
}

fn plan(purpose: &str, steps: &[Json], outputs: &Json) -> Plan {
    let plan = json!({
        "stack": "sample",
        "account": "123456789012",
        "region": "us-east-1",
        "purpose": purpose,
        "lineage": "lineage",
        "serial": 3,
        "steps": steps,
        "risks": [],
        "outputs": outputs,
        "notes": [],
    });
    serde_json::from_value(plan).expect("a plan is JSON")
}

/// Without colours.
fn shown(plan: &Plan) -> String {
    let text = render(plan, &Header { environment: "dev" });
    anstream::adapter::strip_str(&text).to_string()
}

fn change(path: &str, from: &Json, to: &Json) -> Json {
    json!({"path": path, "from": from, "to": to, "known": true, "why": "Template", "replaces": false})
}

fn one_of_each() -> Plan {
    let token = json!({"token": "t"});
    let mut forced = change("LogGroupName", &json!("old"), &json!("new"));
    forced["replaces"] = json!(true);
    let mut drift = change("RetentionInDays", &json!(30), &json!(1));
    drift["why"] = json!({"Drift": {"applied": 1}});
    let mut unknown = change("KmsKeyId", &json!("key-1"), &json!("(known after apply: Key.Arn)"));
    unknown["known"] = json!(false);
    unknown["overwritten"] = json!({"applied": "key-0"});
    unknown["why"] = json!("Dependency");
    let made = json!({
        "physical_id": null,
        "changes": [change("LogGroupName", &Json::Null, &json!("more"))],
    });
    let steps = vec![
        step(0, "Kept", "Keep", &json!("Nothing"), &json!({})),
        step(1, "Noted", "Keep", &json!({"Record": token}), &json!({})),
        step(2, "Made", "Create", &json!({"Create": token}), &made),
        step(
            3,
            "Changed",
            "Update",
            &json!({"Update": {"token": "t", "how": "Properties"}}),
            &json!({"changes": [drift, unknown]}),
        ),
        step(4, "Renewed", "Replace", &json!({"Create": token}), &json!({"changes": [forced]})),
        step(
            5,
            "Renewed",
            "Delete",
            &json!({"Delete": token}),
            &json!({"reasons": ["it has been replaced"]}),
        ),
        step(
            6,
            "Gone",
            "Delete",
            &json!({"Delete": token}),
            &json!({
                "reasons": ["it is no longer in the template"],
                "drifted": [change("RetentionInDays", &json!(7), &json!(1))],
            }),
        ),
        step(7, "Spared", "Replace", &json!({"Create": token}), &json!({})),
        step(8, "Spared", "Retain", &json!({"Forget": token}), &json!({})),
        step(
            9,
            "Moved",
            "Move",
            &json!({"Mark": token}),
            &json!({"moved_from": "Before", "reasons": ["it was `Before` until now"]}),
        ),
        step(
            10,
            "Found",
            "Adopt",
            &json!({"Adopt": {
                "token": "t", "properties": {}, "naming": "Declared", "tagging": "Leave",
            }}),
            &json!({"changes": [change("RetentionInDays", &json!(1), &json!(7))]}),
        ),
    ];
    plan("Deploy", &steps, &json!({"Name": {"before": "a", "after": "b", "known": true}}))
}

fn risk(class: &str, id: &str, what: &str, before: Option<&str>, after: Option<&str>) -> Json {
    json!({
        "class": class,
        "logical_id": id,
        "type_name": "AWS::Logs::LogGroup",
        "what": what,
        "before": before,
        "after": after,
        "known": after.is_some() || class == "Destructive",
    })
}

fn with_risks() -> Plan {
    let risks = json!([
        risk(
            "Destructive",
            "Gone",
            "is deleted. Lost: all log events in `gone-1`",
            Some("gone-1"),
            None
        ),
        risk(
            "Destructive",
            "Renewed",
            "keeps less. Lost: log events older than 7 days",
            Some("for ever"),
            Some("7 days")
        ),
        risk(
            "Broadening",
            "Changed",
            "lets in tcp 443 from `0.0.0.0/0`",
            Some("tcp 443 from `10.0.0.0/8`"),
            Some("tcp 443 from `0.0.0.0/0`")
        ),
        risk("Broadening", "Made", "has a policy that cannot be judged before apply", None, None),
    ]);
    let renames = json!([{
        "from": "Gone",
        "to": "Made",
        "type_name": "AWS::Logs::LogGroup",
        "physical_id": "gone-1",
        "place": "stack.yaml:12:3",
        "line": "Metadata: {Cairn: {MovedFrom: Gone}}",
    }]);
    Plan {
        risks: serde_json::from_value(risks).expect("risks are JSON"),
        renames: serde_json::from_value(renames).expect("renames are JSON"),
        ..one_of_each()
    }
}

/// With what rules and the account say of it.
fn with_findings() -> Plan {
    let findings = json!([
        {
            "severity": "warning",
            "by": "quotas",
            "logical_id": null,
            "message": "there are 5 VPCs in the region",
            "place": null,
            "hints": ["delete some"],
        },
        {
            "severity": "error",
            "by": "log-groups-have-retention",
            "logical_id": "Made",
            "message": "its events are kept, and paid for, for <ever>",
            "place": {"file": "stack.yaml", "line": 12, "column": 3},
            "hints": [],
        },
    ]);
    Plan { findings: serde_json::from_value(findings).expect("findings are JSON"), ..with_risks() }
}

#[test]
fn findings_have_a_section_and_a_line_of_their_own() {
    let text = shown(&with_findings());
    let (_, findings) = text.split_once("\n  Findings\n").expect("a section");
    let (findings, end) = findings.split_once("\n\n").expect("a summary follows");
    assert_eq!(
        findings,
        "    error Made: its events are kept, and paid for, for <ever>  # log-groups-have-retention
        --> stack.yaml:12:3
    warning: there are 5 VPCs in the region  # quotas
        hint: delete some"
    );
    assert!(end.ends_with("\nFindings: 1 error, 1 warning.\n"), "{end}");
    assert!(!shown(&with_risks()).contains("Findings"));
    let comment = comment(&with_findings());
    let (_, section) = comment.split_once("\n#### Findings\n").expect("a section");
    assert!(comment.contains("**Findings: 1 error, 1 warning.**"), "{comment}");
    assert!(section.contains("<b>Made</b> its events are kept, and paid for, for &#60;ever&#62;"));
    assert!(section.contains("--> stack.yaml:12:3"), "{section}");
}

#[test]
fn risks_have_a_section_and_a_line_of_their_own() {
    let text = shown(&with_risks());
    let (_, risks) = text.split_once("  Destructive").expect("a section");
    insta::assert_snapshot!(risks);
    assert!(!shown(&one_of_each()).contains("Risks"));
}

#[test]
fn a_comment_begins_with_the_risks() {
    insta::assert_snapshot!(comment(&with_risks()));
}

/// A plan with something of everything, in the form that `docs/plan.schema.json` describes;
/// `.ci/run` holds the file against it.
#[test]
fn the_golden_plan_is_what_is_rendered() {
    let text = super::json::render(&with_findings(), &Header { environment: "dev" }).expect("JSON");
    let golden = include_str!("../../../tests/golden/plans/everything.json");
    assert_eq!(
        text,
        golden.trim_end(),
        "tests/golden/plans/everything.json is to be this:\n{text}"
    );
}

#[test]
fn every_action_has_its_sign_and_its_reason() {
    insta::assert_snapshot!(shown(&one_of_each()), @r#"
    sample · dev · account 123456789012 · us-east-1

      + Made     AWS::Logs::LogGroup
          LogGroupName: "more"
      ~ Changed  AWS::Logs::LogGroup  changed-1
          RetentionInDays: 30 → 1  # drift: changed outside of Cairn, set back
          KmsKeyId: "key-1" → (known after apply: Key.Arn)  # what it depends on is made anew  # drift: also changed outside of Cairn, it was "key-0"
      ± Renewed  AWS::Logs::LogGroup  renewed-1
          LogGroupName: "old" → "new"  forces replacement
      - Gone     AWS::Logs::LogGroup  gone-1
          # it is no longer in the template
      ± Spared   AWS::Logs::LogGroup  spared-1
      o Spared   AWS::Logs::LogGroup  spared-1
      → Moved    AWS::Logs::LogGroup  moved-1
          # it was `Before` until now
      » Found    AWS::Logs::LogGroup  found-1
          RetentionInDays: 1 → 7

      Outputs
          Name: "a" → "b"

    1 to adopt, 1 to move, 1 to create, 1 to update, 2 to replace, 1 to delete, 1 to let go, 2 unchanged.
    "#);
}

#[test]
fn nothing_to_do_is_one_line() {
    let kept = vec![step(0, "Kept", "Keep", &json!("Nothing"), &json!({}))];
    let nothing = plan("Deploy", &kept, &json!({}));
    assert_eq!(summary(&nothing), "Nothing to do: 1 resource is as the template says.");
    let outputs =
        plan("Deploy", &kept, &json!({"Name": {"before": null, "after": "b", "known": true}}));
    assert_eq!(summary(&outputs), "Only outputs change, 1 resource is as before.");
    let empty = plan("Teardown", &[], &json!({}));
    assert_eq!(summary(&empty), "Nothing to do: the stack owns nothing.");
}

#[test]
fn a_long_text_is_shown_by_the_lines_that_differ() {
    let lines = |third: &str| format!("one\ntwo\n{third}\nfour\nfive\nsix\nseven");
    let changes =
        json!({"changes": [change("Text", &json!(lines("three")), &json!(lines("THREE")))]});
    let steps = vec![step(
        0,
        "Changed",
        "Update",
        &json!({"Update": {"token": "t", "how": "Properties"}}),
        &changes,
    )];
    insta::assert_snapshot!(shown(&plan("Deploy", &steps, &json!({}))), @"
    sample · dev · account 123456789012 · us-east-1

      ~ Changed  AWS::Logs::LogGroup  changed-1
          Text:
              one
              two
            - three
            + THREE
              four
              five

    1 to update.
    ");
}

#[test]
fn what_differs_inside_is_shown_whole() {
    let text = |end: &str| format!("{} {end}", "a sentence that goes on".repeat(6));
    let statement = json!({
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:sample",
    });
    let mut policy =
        change("Policy", &json!({"Statement": []}), &json!({"Statement": [statement]}));
    policy["details"] = json!([
        {"path": ".Statement[0]", "from": null, "to": statement},
        {"path": ".Description", "from": text("here"), "to": text("there")},
    ]);
    let gone = change("Text", &json!(text("here")), &Json::Null);
    let changes = json!({"changes": [policy, gone]});
    let operation = json!({"Update": {"token": "t", "how": "Properties"}});
    let steps = vec![step(0, "Changed", "Update", &operation, &changes)];
    let output = |end: &str| json!(text(end));
    let outputs =
        json!({"Name": {"before": output("here"), "after": output("there"), "known": true}});
    insta::assert_snapshot!(shown(&plan("Deploy", &steps, &outputs)), @r#"
    sample · dev · account 123456789012 · us-east-1

      ~ Changed  AWS::Logs::LogGroup  changed-1
          Policy:
            Statement[0]:
            + {
            +   "Effect": "Allow",
            +   "Action": [
            +     "logs:CreateLogStream",
            +     "logs:PutLogEvents",
            +     "logs:DescribeLogStreams"
            +   ],
            +   "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:sample"
            + }
            Description:
            - …a sentence that goes on here
            + …a sentence that goes on there
          Text:
            - a sentence that goes ona sentence that goes ona sentence that goes ona sentence that goes ona sentence that goes ona sentence that goes on here

      Outputs
          Name: …a sentence that goes on here" → …a sentence that goes on there"

    1 to update.
    "#);
}

/// What a comment is seen as: without the entities that keep text from being markup.
fn comment(plan: &Plan) -> String {
    super::markdown::render(plan, &Header { environment: "dev" })
}

#[test]
fn a_comment_folds_what_changes() {
    insta::assert_snapshot!(comment(&one_of_each()));
}

/// A plan with `number` resources, each of whose changes has `length` characters.
fn long(number: usize, length: usize) -> Plan {
    let value = |sign: &str| json!(format!("{}\n", sign.repeat(60)).repeat(length / 120));
    let action = |index| if index % 10 == 3 { "Delete" } else { "Update" };
    let operation = |index| match action(index) {
        "Delete" => json!({"Delete": {"token": "t"}}),
        _ => json!({"Update": {"token": "t", "how": "Properties"}}),
    };
    let steps: Vec<Json> = (0..number)
        .map(|index| {
            let changes = match action(index) {
                "Delete" => json!({}),
                _ => json!({"changes": [change("Text", &value("a"), &value("b"))]}),
            };
            step(index, &format!("R{index}x"), action(index), &operation(index), &changes)
        })
        .collect();
    plan("Deploy", &steps, &json!({}))
}

#[test]
fn a_comment_is_never_too_long_and_says_what_it_leaves_out() {
    for (number, length) in [(3, 200), (3, 200_000), (200, 2_000), (2_000, 0), (5_000, 1_000)] {
        let text = comment(&long(number, length));
        assert!(text.chars().count() <= super::markdown::LIMIT, "{number} of {length}");
        let listed = text.matches("<b>R").count();
        let whole = text.matches("</details>").count();
        assert_eq!(whole, text.matches("<details>").count(), "nothing is cut in two");
        let counted: usize = match text.split_once("Not listed at all: ") {
            None => 0,
            Some((_, rest)) => {
                let rest = rest.lines().next().expect("a line");
                rest.split(", ")
                    .map(|part| part.split(' ').next().expect("a number"))
                    .map(|number| number.parse::<usize>().expect("a number"))
                    .sum()
            }
        };
        assert_eq!(listed + counted, number, "every resource is listed or counted");
        let is_short = number * (length + 300) < 60_000;
        assert_eq!(
            text.contains("This plan is too long for a comment"),
            !is_short,
            "{number} of {length}"
        );
        if counted > 0 {
            let deleted = text.matches("is deleted").count();
            assert_eq!(deleted, listed.min(number / 10), "what goes is listed before what changes");
        }
    }
}

#[test]
fn a_comment_is_text_and_not_markup() {
    let steps = vec![step(
        0,
        "Changed",
        "Update",
        &json!({"Update": {"token": "t", "how": "Properties"}}),
        &json!({
            "physical_id": "</code>@all|`x`",
            "changes": [change("Text", &json!("a"), &json!("````\n</details>\nb"))],
        }),
    )];
    let text = comment(&plan("Deploy", &steps, &json!({})));
    assert!(text.contains("&#60;/code&#62;&#64;all&#124;&#96;x&#96;"), "{text}");
    assert!(text.contains("\n`````diff\n") && text.contains("\n`````\n"), "{text}");
}

/// Every field of the JSON form is described, in the version that the description is of.
#[test]
fn the_json_form_is_as_documented() {
    fn keys(json: &Json, found: &mut std::collections::BTreeSet<String>) {
        match json {
            Json::Object(entries) => entries.iter().for_each(|(key, value)| {
                // What AWS and templates name is not ours.
                found.insert(key.clone());
                keys(value, found);
            }),
            Json::Array(items) => items.iter().for_each(|item| keys(item, found)),
            _ => {}
        }
    }
    let mut plan = with_risks();
    plan.outputs.clear();
    let text = super::json::render(&plan, &Header { environment: "dev" }).expect("JSON");
    let json: Json = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["version"], super::json::VERSION);
    assert_eq!(json["has_changes"], true);
    let summary = json!({"adopt": 1, "move": 1, "create": 1, "update": 1, "replace": 2, "delete": 1, "let_go": 1, "unchanged": 2});
    assert_eq!(json["summary"], summary);
    let document = include_str!("../../../docs/plan-format.md");
    let schema: Json =
        serde_json::from_str(include_str!("../../../docs/plan.schema.json")).expect("JSON");
    assert_eq!(schema["properties"]["version"]["const"], super::json::VERSION);
    assert_eq!(schema["$defs"]["risk"]["required"].as_array().map(Vec::len), Some(7));
    assert!(document.contains(&format!("Version {}", super::json::VERSION)));
    let mut found = std::collections::BTreeSet::new();
    keys(&json, &mut found);
    assert!(found.len() > 25, "{found:?}");
    for key in found {
        assert!(document.contains(&format!("`{key}`")), "`{key}` is not in docs/plan-format.md");
    }
}

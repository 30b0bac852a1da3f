mod printing;

use std::fmt::Write as _;
use std::sync::Arc;

use super::{DeletionPolicy, Echo, Node, NodeKind, Policy, load, parse};
use crate::diagnostic::{Diagnostic, Severity, Source, Span};
use crate::value::Literal;

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source { name: name.to_owned(), text: text.to_owned() })
}

fn yaml(text: &str) -> Node {
    load(&source("t.yaml", text)).unwrap_or_else(|error| panic!("{text:?}: {error:?}"))
}

/// A node as compact text: bare literals, quoted strings.
fn shape(node: &Node) -> String {
    match &node.kind {
        NodeKind::Broken => "broken".to_owned(),
        NodeKind::Null => "null".to_owned(),
        NodeKind::Literal(Literal::Bool { value, text }) => format!("{value}={text}"),
        NodeKind::Literal(Literal::Number { text }) => text.clone(),
        NodeKind::String(text) => format!("{text:?}"),
        NodeKind::List(items) => {
            format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(" "))
        }
        NodeKind::Map(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|one| format!("{}: {}", one.key, shape(&one.value))).collect();
            format!("{{{}}}", entries.join(" "))
        }
    }
}

/// Every node whose text should be found again at its span.
fn leaves<'n>(node: &'n Node, found: &mut Vec<(&'n str, Span)>) {
    found.extend(node.text().map(|text| (text, node.span)));
    for entry in node.entries() {
        found.push((&entry.key, entry.key_span));
        leaves(&entry.value, found);
    }
    for item in node.items() {
        leaves(item, found);
    }
}

/// `line:column message | hint`, one a line; a tilde before a warning.
fn said(findings: &[Diagnostic]) -> String {
    let mut text = String::new();
    for finding in findings {
        let mark = if finding.severity == Severity::Warning { "~" } else { "" };
        let (line, column) = finding.place.as_ref().expect("it has a place").line_column();
        let _ = write!(text, "{mark}{line}:{column} {}", finding.message);
        for hint in &finding.hints {
            let _ = write!(text, " | {hint}");
        }
        text.push('\n');
    }
    text
}

fn refused(name: &str, text: &str) -> String {
    match load(&source(name, text)) {
        Ok(node) => panic!("accepted: {}", shape(&node)),
        Err(errors) => said(&errors).trim_end().to_owned(),
    }
}

#[test]
fn plain_scalars_are_those_of_yaml_1_1() {
    for (text, expected) in [
        ("true", "true=true"),
        ("Yes", "true=Yes"),
        ("OFF", "false=OFF"),
        ("no", "false=no"),
        ("y", "\"y\""),
        ("tRue", "\"tRue\""),
        ("~", "null"),
        ("Null", "null"),
        ("", "null"),
        ("'~'", "\"~\""),
        ("\"true\"", "\"true\""),
        ("012345678901", "012345678901"),
        ("-7", "-7"),
        ("+1.50", "+1.50"),
        (".5", ".5"),
        ("1e3", "1e3"),
        ("1.2.3", "\"1.2.3\""),
        ("1e", "\"1e\""),
        ("-", "\"-\""),
        (".", "\".\""),
        ("1_000", "\"1_000\""),
        ("0x1F", "\"0x1F\""),
        ("22:22", "\"22:22\""),
        ("2010-09-09", "\"2010-09-09\""),
        ("arn:aws:s3:::a", "\"arn:aws:s3:::a\""),
        ("!!str 12", "\"12\""),
        ("! 12", "\"12\""),
        ("!!int 12", "12"),
    ] {
        // A dash alone would begin a list.
        let written = if text == "-" { "[x]\n".to_owned() } else { format!("{text}\n") };
        let expected = if text == "-" { "[\"x\"]" } else { expected };
        assert_eq!(shape(&yaml(&format!("k: {written}"))), format!("{{k: {expected}}}"), "{text}");
    }
}

#[test]
fn numbers_that_cloudformation_reads_otherwise_are_warned_of() {
    let warned = |text: &str| {
        let text = format!("Description: {text}\nResources: {{A: {{Type: x}}}}\n");
        said(&parse(&source("t.yaml", &text)).expect("a warning at most").findings)
    };
    for (text, number) in [
        ("012345670123", "1402433619"),
        ("-010", "-8"),
        ("0x1F", "31"),
        ("0b11", "3"),
        ("1_000", "1000"),
        ("22:22", "1342"),
        ("1:30:05", "5405"),
        ("0_7", "7"),
    ] {
        assert_eq!(
            warned(text),
            format!(
                "~1:14 CloudFormation reads `{text}` as the number {number} | Cairn takes it as it is \
                 written; quote it to say so: `\"{text}\"`\n"
            )
        );
    }
    for text in [
        "012345678901",
        "007",
        "00",
        "+5",
        "1.50",
        "03:30",
        "1:75",
        "1:2:x",
        "2010-09-09",
        "0x",
        "0xg",
        "'010'",
        "\"0x1F\"",
        "!!str 010",
        "1e3",
        "2001-12-14 21:59:43",
        "99999999999999999999999",
    ] {
        assert_eq!(warned(text), "", "{text}");
    }
    let keys = "Mappings: {M: {012345670123: {a: b}}}\nResources: {A: {Type: x}}\n";
    let template = parse(&source("t.yaml", keys)).expect("a warning at most");
    assert!(said(&template.findings).starts_with("~1:16 CloudFormation reads `012345670123`"));
    let json = "{\"Description\": \"010\", \"Resources\": {\"A\": {\"Type\": \"x\"}}}";
    assert_eq!(parse(&source("t.json", json)).expect("it is right").findings, []);
}

#[test]
fn blocks_of_text_keep_their_lines() {
    assert_eq!(
        shape(&yaml("a: |\n  one\n   two\n\nb: >-\n  one\n  two\nc: |+\n  x\n\n")),
        r#"{a: "one\n two\n" b: "one two" c: "x\n\n"}"#
    );
}

#[test]
fn short_tags_become_their_long_forms() {
    for (short, long) in [
        ("!Ref Vpc", r#"{Ref: "Vpc"}"#),
        ("!Condition IsProd", r#"{Condition: "IsProd"}"#),
        ("!GetAtt Vpc.VpcId", r#"{Fn::GetAtt: ["Vpc" "VpcId"]}"#),
        ("!GetAtt 'Nested.Outputs.Id'", r#"{Fn::GetAtt: ["Nested" "Outputs.Id"]}"#),
        ("!GetAtt [Vpc, VpcId]", r#"{Fn::GetAtt: ["Vpc" "VpcId"]}"#),
        ("{Fn::GetAtt: Vpc.VpcId}", r#"{Fn::GetAtt: ["Vpc" "VpcId"]}"#),
        ("!GetAZs", r#"{Fn::GetAZs: ""}"#),
        ("!GetAZs ''", r#"{Fn::GetAZs: ""}"#),
        ("!Sub 12", r#"{Fn::Sub: "12"}"#),
        ("!Join ['', [a, !Ref b]]", r#"{Fn::Join: ["" ["a" {Ref: "b"}]]}"#),
        ("!If [A, !Ref B, {Ref: C}]", r#"{Fn::If: ["A" {Ref: "B"} {Ref: "C"}]}"#),
        ("!Not [!Equals [a, 1]]", r#"{Fn::Not: [{Fn::Equals: ["a" 1]}]}"#),
        ("!Transform {Name: x}", r#"{Fn::Transform: {Name: "x"}}"#),
        ("\n    Fn::Base64: !Sub |\n      a\n", r#"{Fn::Base64: {Fn::Sub: "a\n"}}"#),
        (
            "!Select\n    - 0\n    - !Split [',', x]\n",
            r#"{Fn::Select: [0 {Fn::Split: ["," "x"]}]}"#,
        ),
    ] {
        assert_eq!(shape(&yaml(&format!("k: {short}\n"))), format!("{{k: {long}}}"), "{short}");
    }
    for name in ["And", "Or", "Cidr", "FindInMap", "ImportValue", "Base64"] {
        let found = shape(&yaml(&format!("!{name} [a]")));
        assert_eq!(found, format!("{{Fn::{name}: [\"a\"]}}"));
    }
}

#[test]
fn json_reads_as_yaml_does() {
    let json =
        "{\n\t\"a\":[1,true,null,\"x\\u00e9\\ud83d\\ude00\\/\"],\n\t\"b\" : {\"Ref\":\"V\"}\n}\n";
    let expected = r#"{a: [1 true=true null "xé😀/"] b: {Ref: "V"}}"#;
    assert_eq!(shape(&load(&source("t.json", json)).expect("it is JSON")), expected);
    assert_eq!(shape(&yaml(json)), expected);
}

#[test]
fn a_key_may_be_tagged_as_text() {
    assert_eq!(shape(&yaml("k: {! Ref: x, ! 1: y}\n")), r#"{k: {Ref: "x" 1: "y"}}"#);
}

#[test]
fn what_others_wrote_is_read() {
    let text = "\
Conditions:
  Is-EC2&VPC: !Equals [a, a]
Resources:
  A: {Type: 'Custom::A', Version: '1.0', Condition: Is-EC2&VPC}
  B: {Type: 'AWS::EC2::VPC', Version: '1.0'}
";
    let errors = parse(&source("t.yaml", text)).expect_err("only a provider's has a version");
    let known = "`Type`, `Properties`, `DependsOn`, `Condition`, `Metadata`, `CreationPolicy`, \
                 `UpdatePolicy`, `DeletionPolicy` and `UpdateReplacePolicy`";
    assert_eq!(
        said(&errors),
        format!("5:30 unknown key `Version` in the resource `B` | known keys: {known}\n")
    );
}

#[test]
fn every_leaf_is_found_at_its_place() {
    let text = "# é\nÄ: [b, 'c', \"d\", 1]\ne:\n  f: !GetAtt Vpc.Cidr.Block\n  g: {h: yes}\n";
    let mut found = Vec::new();
    let node = yaml(text);
    leaves(&node, &mut found);
    for (leaf, span) in found {
        let written = &text[span.start..span.end];
        let tagged = written == "!GetAtt" && leaf == "Fn::GetAtt";
        assert!(tagged || written.trim_matches(['"', '\'']) == leaf, "{leaf}: {written}");
    }
    let inner = node.get("e").expect("it is there");
    assert_eq!(
        &text[inner.span.start..inner.span.end],
        text[text.find("f:").unwrap()..].trim_end()
    );
    let call = inner.get("f").expect("it is there");
    assert_eq!(&text[call.span.start..call.span.end], "!GetAtt Vpc.Cidr.Block");
}

#[test]
fn aliases_repeat_what_they_refer_to() {
    let node = yaml("a: &x {k: [1]}\nb: *x\nc: &x z\nd: *x\n");
    assert_eq!(shape(&node), r#"{a: {k: [1]} b: {k: [1]} c: "z" d: "z"}"#);
}

#[test]
fn limits_hold() {
    use std::iter::repeat_n;
    let bomb: String = (1..10).fold("a0: &a0 [lol]\n".to_owned(), |text, level| {
        let aliases = vec![format!("*a{}", level - 1); 10].join(",");
        text + &format!("a{level}: &a{level} [{aliases}]\n")
    });
    assert!(refused("t.yaml", &bomb).contains("aliases make this document too large"));
    let chain: String = (1..300).fold("a0: &a0 [x]\n".to_owned(), |text, level| {
        text + &format!("a{level}: &a{level} [*a{}]\n", level - 1)
    });
    for text in [
        chain,
        repeat_n('[', 1000).chain(repeat_n(']', 1000)).collect(),
        (0..1000).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n"),
        (0..1000).fold(String::new(), |text, _| text + "- "),
    ] {
        assert!(refused("t.yaml", &text).contains("nested deeper than 200 levels"));
    }
    let open = "[".repeat(200) + &"]".repeat(200);
    assert!(load(&source("t.json", &open)).is_ok());
    let wide: Vec<_> = (0..50_000).map(|number| format!("k{number}: v\n")).collect();
    assert_eq!(yaml(&wide.concat()).entries().len(), 50_000);
}

/// A text, and what is said about it.
const SYNTAX_ERRORS: &[(&str, &str)] = &[
    (
        "  a: 1\nb: 2\n",
        "2:1 this line does not belong to what stands above it | write every key at the top level without indentation, as `key: value`",
    ),
    ("a:\n\tb: 1\n", "2:1 a tab cannot indent YAML | use spaces"),
    ("a:\n  b: 1\n\tc: 2\n", "3:1 a tab cannot indent YAML | use spaces"),
    (
        "a:\n  Type AWS::X\n  b: 1\n",
        "2:3 `Type AWS::X` is not `key: value` | a colon is missing: `Type: AWS::X`",
    ),
    ("a:\n  b:1\n  c: 2\n", "2:3 `b:1` is not `key: value` | put a space after the colon: `b: 1`"),
    (
        "a:\n  b: 1\n   c: 2\n",
        "3:4 `c` is indented deeper than the line above it | indent both alike, or put the value above in quotes if it goes on here",
    ),
    (
        "a:\n   b: 1\n  c: 2\n",
        "3:3 this line does not continue the map above it | indent all keys of a map alike; quote text that has `: ` or spans lines",
    ),
    (
        "a: 1\nb\n",
        "2:1 `b` is not `key: value` | every line of a map has a key, a colon and a space, and a value",
    ),
    ("a: b: c\n", "1:5 a second `: ` in one line | put a value that contains `: ` in quotes"),
    ("a: [1, 2\nb: 3\n", "1:9 expected `,` or `]` | the `[` was opened at line 1"),
    ("\na: {b: 1\nc: 2}\n", "2:9 expected `,` or `}` | the `{` was opened at line 2"),
    ("a: [1, 2", "1:4 this `[` is never closed | add the `]`"),
    ("a: [1}\n", "1:4 this `[` is closed by `}` | a `]` is missing before that"),
    ("a: \"x\nb: 1\n", "1:4 this quote is not closed | close it before the next line"),
    (
        "Action: *\n",
        "1:9 a plain `*` is the beginning of an alias | if text is meant, put it in quotes: `\"*\"`",
    ),
    (
        "a: *b\n",
        "1:4 `*b` refers to no anchor above it | if text is meant, put it in quotes: `\"*b\"`",
    ),
    (
        "a: \"b\"#c\n",
        "1:7 a comment cannot begin directly behind something | put a space before the `#`, or quotes around a text with a `#` in it",
    ),
    ("a: @b\n", "1:4 a plain value cannot begin with `@` | put the value in quotes"),
    (
        "a: {{resolve:ssm:x}}\n",
        "1:5 a key must be text, not a list or a map | put text that begins with a brace in quotes: `\"{{resolve:ssm:name}}\"`",
    ),
    (
        "a: !Base64 !Sub x\n",
        "1:12 a short tag cannot directly follow another | write the outer one in full, as in `Fn::Base64: !Sub text`",
    ),
    ("a: !GetAttr x.y\n", "1:4 unknown tag `!GetAttr` | did you mean `!GetAtt`?"),
    (
        "a: !Length x\n",
        "1:4 unknown tag `!Length` | `Fn::Length` has no short form: write `Fn::Length:`",
    ),
    ("a: !Quux x\n", "1:4 unknown tag `!Quux`"),
    ("a: !!binary x\n", "1:4 unknown tag `!!binary`"),
    (
        "a: !GetAtt x\n",
        "1:12 `x` names no attribute of a resource | write the resource and the attribute: `x.Arn`",
    ),
    ("a: 1\nb: 2\na: 3\n", "3:1 `a` is given twice | the first is at line 1, column 1; keep one"),
    (
        "a: &a {x: 1}\nb:\n  <<: *a\n",
        "3:3 merge keys are not supported | CloudFormation refuses `<<` as well: write the keys out",
    ),
    (
        "a: &a [*a]\n",
        "1:8 this alias stands within what it refers to | an alias may only repeat something that ended before it",
    ),
    (
        "a: 1\n---\nb: 2\n",
        "2:1 a second document in one file | a file is one document: move what follows `---` to a file of its own",
    ),
    ("!Ref a: b\n", "1:6 a key cannot have a tag | keys are plain text"),
    (": b\n", "1:1 a key is missing before `:`"),
];

#[test]
fn syntax_errors_say_what_to_do() {
    for (text, expected) in SYNTAX_ERRORS {
        assert_eq!(refused("t.yaml", text), *expected, "{text:?}");
    }
}

#[test]
fn json_is_held_to_its_own_rules() {
    for (text, expected) in [
        ("{\"a\": 1\n \"b\": 2}", "2:2 this is not JSON: expected `,` or `}`"),
        ("{\"a\" 1}", "1:6 this is not JSON: expected `:`"),
        ("{\"é\": [1,]}", "1:10 this is not JSON: expected value"),
        (
            "{\"a\": 1, \"a\": 2}",
            "1:10 `a` is given twice | the first is at line 1, column 2; keep one",
        ),
    ] {
        assert_eq!(refused("stack.template.JSON", text), expected, "{text:?}");
    }
}

#[test]
fn a_template_is_read_whole() {
    let text = "\
AWSTemplateFormatVersion: 2010-09-09
Description: all of it
Parameters:
  Count: {Type: Number, Default: 007, MinValue: 1, MaxValue: '9', NoEcho: 'True'}
  Zone: {Type: 'List<AWS::EC2::AvailabilityZone::Name>', AllowedValues: [a, 1], MaxLength: 3}
  Image: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', AllowedPattern: '^a'}
Mappings:
  Map: {eu-west-1: {Small: [a, b], Large: 1}}
Conditions:
  Yes: !Equals [a, a]
Resources:
  B:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref A}
    DependsOn: A
    Condition: Yes
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Metadata: {a: 1}
  A:
    Type: AWS::EC2::VPC
    DependsOn: [C, D]
Outputs:
  Id: {Value: !Ref A, Description: x, Condition: Yes, Export: {Name: !Sub 'a-b'}}
";
    let template = parse(&source("t.yaml", text)).expect("nothing is wrong with it");
    assert_eq!(template.findings, []);
    let count = &template.parameters["Count"];
    assert_eq!(count.default.as_ref().and_then(Node::text), Some("007"));
    assert_eq!(
        (count.min_value, count.max_value, count.no_echo),
        (Some(1.0), Some(9.0), Echo::Hidden)
    );
    assert_eq!(template.parameters["Zone"].allowed_values.len(), 2);
    assert_eq!(template.parameters["Zone"].max_length, Some(3));
    assert_eq!(template.parameters["Image"].allowed_pattern.as_deref(), Some("^a"));
    assert_eq!(template.mappings.len(), 1);
    assert_eq!(template.conditions.len(), 1);
    let ids: Vec<_> = template.resources.keys().map(ToString::to_string).collect();
    assert_eq!(ids, ["B", "A"]);
    let subnet = &template.resources["B"];
    assert_eq!(subnet.type_name, "AWS::EC2::Subnet");
    assert_eq!(&text[subnet.type_span.start..subnet.type_span.end], "AWS::EC2::Subnet");
    assert_eq!(shape(&subnet.properties), r#"{VpcId: {Ref: "A"}}"#);
    assert_eq!(subnet.condition.as_ref().map(|(name, _)| name.as_str()), Some("Yes"));
    assert_eq!(subnet.deletion_policy, Policy::Settled(DeletionPolicy::RetainExceptOnCreate));
    assert_eq!(subnet.update_replace_policy, Policy::Settled(DeletionPolicy::Retain));
    let vpc = &template.resources["A"];
    assert_eq!(shape(&vpc.properties), "{}");
    assert_eq!(vpc.depends_on.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["C", "D"]);
    let output = &template.outputs["Id"];
    assert_eq!(output.export_name.as_ref().map(shape).as_deref(), Some(r#"{Fn::Sub: "a-b"}"#));
}

#[test]
fn warnings_do_not_stop_a_template() {
    let text = "Rules: {R: {}}\nHooks: {}\nResources:\n  A: {Type: x, UpdatePolicy: {}}\n";
    let template = parse(&source("t.yaml", text)).expect("only warnings");
    assert_eq!(template.rules.len(), 1);
    assert_eq!(
        said(&template.findings),
        "\
~2:1 `Hooks` have no effect | they belong to CodeDeploy, which only CloudFormation drives
~4:16 `UpdatePolicy` of the resource `A` has no effect | a resource is done when AWS says that it is ready
"
    );
}

#[test]
fn everything_that_is_wrong_is_said_in_order() {
    let text = "\
AWSTemplateFormatVersion: 2010-09-08
Transform: [AWS::LanguageExtension]
Outputs:
  O: {Description: x}
  P: {Value: x, Export: {Nam: x}}
Parameters:
  Vpc: {Type: Strin, Default: [a], NoEcho: maybe, MinLength: x}
  my-name: {Type: String}
  NoType: {Default: !Ref a}
Mappings:
  M: {a: {b: {c: d}}, x: y}
Conditions:
  A: !Sub x
Resources:
  Vpc: {Typ: AWS::EC2::VPC, Propertis: {}}
  D:
    Type: AWS::EC2::VPC
    DependsOn: [Vpc, {a: b}]
    DeletionPolicy: Retian
    UpdateReplacePolicy: RetainExceptOnCreate
    Condition: [a]
    Properties:
  E: x
Resource: 1
";
    let errors = parse(&source("t.yaml", text)).expect_err("much is wrong");
    assert_eq!(
        said(&errors),
        "\
1:27 `AWSTemplateFormatVersion` must be `2010-09-09`, not `2010-09-08`
2:13 the transform `AWS::LanguageExtension` is not supported yet | did you mean `AWS::LanguageExtensions`?
4:3 the output `O` has no `Value`
5:26 unknown key `Nam` in `Export` of the output `P` | did you mean `Name`?
7:15 `Strin` is not a type of parameters | did you mean `String`?
7:31 `Default` of the parameter `Vpc` must be a string, not a list | write a list with commas, as in `\"a,b\"`
7:44 `NoEcho` of the parameter `Vpc` must be `true` or `false`, not `maybe`
7:62 `MinLength` of the parameter `Vpc` must be a whole number, not `x`
8:3 `my-name` cannot name a parameter | only ASCII letters and digits are allowed, as in `MyName`
9:3 the parameter `NoType` has no `Type`
9:21 `Default` of the parameter `NoType` must be a string, not the function `Ref` | only literal values can stand here
11:14 `a.b` of the mapping `M` must be a string or a list of strings, not a map
11:26 `x` of the mapping `M` must be a map, not `y`
13:6 `Fn::Sub` does not give a condition | a condition is one of `Fn::And`, `Fn::Or`, `Fn::Not`, `Fn::Equals` and `Condition`
15:3 `Vpc` is also the name of a parameter | `Ref` could mean either: rename one of them
15:9 unknown key `Typ` in the resource `Vpc` | did you mean `Type`?
15:29 unknown key `Propertis` in the resource `Vpc` | did you mean `Properties`?
18:22 a name in `DependsOn` of the resource `D` must be a string, not a map
19:21 `DeletionPolicy` of the resource `D` cannot be `Retian` | did you mean `Retain`?
20:26 `UpdateReplacePolicy` of the resource `D` cannot be `RetainExceptOnCreate` | it is one of `Delete`, `Retain` and `Snapshot`
21:16 `Condition` of the resource `D` must be a string, not a list
22:5 `Properties` of the resource `D` must be a map, not null | give it a value or remove it
23:6 the resource `E` must be a map, not `x`
24:1 unknown key `Resource` in the template | did you mean `Resources`?
"
    );
}

#[test]
fn a_template_has_resources() {
    for (text, expected) in [
        (
            "Resource:\n  A: {Type: x}\n",
            "1:1 unknown key `Resource` in the template | did you mean `Resources`?\n",
        ),
        ("Outputs: {}\n", "1:1 the template has no `Resources`\n"),
        (
            "Resources: {}\n",
            "1:12 `Resources` is empty | every template declares at least one resource\n",
        ),
        (
            "Resources:\n",
            "1:1 `Resources` must be a map, not null | give it a value or remove it\n",
        ),
        ("- a\n", "1:1 the template must be a map, not a list\n"),
    ] {
        assert_eq!(said(&parse(&source("t.yaml", text)).expect_err("no resources")), expected);
    }
    let empty = parse(&source("t.yaml", "# nothing\n")).expect_err("it is empty");
    assert_eq!(empty[0].message, "`t.yaml` is empty");
}

#[test]
fn findings_have_a_limit() {
    let names: Vec<_> = (0..500).map(|number| format!("  r-{number}: {{Type: x}}\n")).collect();
    let text = format!("Resources:\n{}", names.concat());
    let errors = parse(&source("t.yaml", &text)).expect_err("the names are wrong");
    assert_eq!(errors.len(), 101);
    assert_eq!(errors[100].message, "400 more errors in `t.yaml`");
    let resources: Vec<_> =
        (0..101).map(|number| format!("  R{number}: {{Type: x, UpdatePolicy: {{}}}}\n")).collect();
    let text = format!("Resources:\n{}", resources.concat());
    let template = parse(&source("t.yaml", &text)).expect("only warnings");
    assert_eq!(template.findings.len(), 101);
    assert_eq!(template.findings[100].message, "1 more warnings in `t.yaml`");
}

//! What is wrong with the form of a template hides nothing else, and causes nothing else.

use std::sync::Arc;

use super::{inputs, said};
use crate::diagnostic::{Diagnostic, Source};
use crate::graph::synth;
use crate::template::draft;

fn findings(text: &str) -> Vec<Diagnostic> {
    let source = Arc::new(Source { name: "t.yaml".to_owned(), text: text.to_owned() });
    match draft(&source) {
        Ok(template) => synth(Arc::new(template), inputs(&[])).expect_err("something is wrong"),
        Err(findings) => findings,
    }
}

#[track_caller]
fn says(text: &str, expected: &str) {
    assert_eq!(said(&findings(text)).trim_end(), expected.trim(), "{text}");
}

#[test]
fn every_kind_of_mistake_is_told_at_once() {
    says(
        r"
Parameters:
  Size: {Type: Strin}
  my-name: {Type: String, Default: x}
Conditions:
  Is: !Equals [!Ref Nobody, a]
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16, EnableDnsSuport: true}}
  NoType: {Properties: {VpcId: !Ref Vcp}}
  Table: {Typ: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc, VpcIdd: x}}
  Foo: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Foo x, RetentionInDays: 8}}
  Twice: {Type: AWS::Logs::LogGroup, Type: AWS::EC2::VPC, DependsOn: Nothing}
  One: {Type: AWS::Logs::LogGroup, DependsOn: Two}
  Two: {Type: AWS::Logs::LogGroup, DependsOn: One, Extra: 1}
Outputs:
  Id: {Value: !GetAtt Vpc, Condition: Si}
  Arn: {Value: !GetAtr One.Arm}
",
        "
3:16 `Strin` is not a type of parameters | did you mean `String`?
4:3 `my-name` cannot name a parameter | only ASCII letters and digits are allowed, as in `MyName`
6:21 there is no resource or parameter `Nobody`
8:67 `AWS::EC2::VPC` has no property `EnableDnsSuport` | did you mean `EnableDnsSupport`?
9:3 the resource `NoType` has no `Type`
9:37 there is no resource or parameter `Vcp` | did you mean `Vpc`?
10:11 unknown key `Typ` in the resource `Table` | did you mean `Type`?
10:68 `AWS::EC2::RouteTable` has no property `VpcIdd` | did you mean `VpcId`?
11:63 unknown tag `!Foo`
11:88 `8` is not a known value | use one of `1`, `3`, `5`, `7`, `14`, `30`, `60`, `90`, `120`, `150`, `180`, `365`, `400`, `545`, `731`, `1096`, `1827`, `2192`, `2557`, `2922`, `3288`, `3653` | https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-logs-loggroup.html
12:38 `Type` is given twice | the first is at line 12, column 11; keep one
12:70 there is no resource `Nothing` to depend on
13:3 these resources depend on each other: One → Two → One | break the cycle where one of them can do without the other
14:52 unknown key `Extra` in the resource `Two` | known keys: `Type`, `Properties`, `DependsOn`, `Condition`, `Metadata`, `CreationPolicy`, `UpdatePolicy`, `DeletionPolicy` and `UpdateReplacePolicy`
16:23 `Vpc` names no attribute of a resource | write the resource and the attribute: `Vpc.Arn`
16:39 there is no condition `Si` | did you mean `Is`?
17:16 unknown tag `!GetAtr` | did you mean `!GetAtt`?
17:24 `AWS::Logs::LogGroup` has no attribute `Arm` | did you mean `Arn`?
",
    );
}

#[test]
fn a_mistake_causes_no_other() {
    for (text, expected) in [
        // What a parameter without a known type, or with an unreadable default, is.
        (
            "Parameters: {Zones: {Type: List}, Names: {Type: CommaDelimitedList, Default: [a]}}\n\
             Resources:\n  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Join ['', !Ref Zones], Tags: [{Key: !Select [1, !Ref Names], Value: !Ref Zones}]}}\n",
            "1:28 `List` is not a type of parameters\n\
             1:78 `Default` of the parameter `Names` must be a string, not a list | write a list with commas, as in `\"a,b\"`",
        ),
        // Whatever has a wrong name is there by it.
        (
            "Mappings: {my-map: {a: {b: c}}}\nResources:\n  my-group: {Type: AWS::Logs::LogGroup}\n  Other: {Type: AWS::Logs::LogGroup, DependsOn: my-group, Properties: {LogGroupName: !FindInMap [my-map, a, b]}}\n",
            "1:12 `my-map` cannot name a mapping | only ASCII letters and digits are allowed, as in `MyMap`\n\
             3:3 `my-group` cannot name a resource | only ASCII letters and digits are allowed, as in `MyGroup`",
        ),
        // A condition that cannot be read is one, and neither true nor false.
        (
            "Conditions: {A: !Sub x, B: !Not [{Condition: A}], C: !Equals [!Quux a, b], D: !Not [yes]}\nResources:\n  \
             G: {Type: AWS::Logs::LogGroup, Condition: B, Properties: {LogGroupName: !If [C, a, !If [D, b, c]]}}\nOutputs: {O: {Value: !Ref G}}\n",
            "1:17 `Fn::Sub` does not give a condition | a condition is one of `Fn::And`, `Fn::Or`, `Fn::Not`, `Fn::Equals` and `Condition`\n\
             1:63 unknown tag `!Quux`\n\
             1:85 a condition is one of Fn::And, Fn::Or, Fn::Not, Fn::Equals, Condition",
        ),
        // A section that is misspelt is the one that is meant.
        (
            "Parameter: {Name: {Type: String, Default: a}}\nResource:\n  G: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Ref Name}}\nOutputs: {O: {Value: !GetAtt G.Arm}}\n",
            "1:1 unknown key `Parameter` in the template | did you mean `Parameters`?\n\
             2:1 unknown key `Resource` in the template | did you mean `Resources`?\n\
             4:30 `AWS::Logs::LogGroup` has no attribute `Arm` | did you mean `Arn`?",
        ),
        // What a section that cannot be read declares, nobody knows.
        (
            "Conditions: [a]\nMappings: x\nParameters: !Foo {}\nResources:\n  Fn::Transform: {Name: AWS::Include}\n  G: {Type: AWS::Logs::LogGroup, Condition: C, DependsOn: H, Properties: {LogGroupName: !FindInMap [M, !Ref P, x]}}\nOutputs: {O: {Value: !GetAtt H.Arn, Condition: C}}\n",
            "1:13 `Conditions` must be a map, not a list\n\
             2:11 `Mappings` must be a map, not `x`\n\
             3:13 unknown tag `!Foo`\n\
             5:3 `Fn::Transform` is not supported yet | write out what it stands for",
        ),
        (
            "Outputs: {O: {Value: !GetAtt H.Arn}, P: {Value: }}\n",
            "1:1 the template has no `Resources`\n\
             1:42 `Value` of the output `P` must be a string, not null | give it a value or remove it",
        ),
        // Properties that are none, and mappings that lead nowhere.
        (
            "Mappings: {M: {a: x}}\nResources:\n  V: {Type: AWS::EC2::VPC, Properties: }\n  W: {Type: AWS::EC2::VPC, Properties: {<<: {a: b}}}\n  X: {Type: AWS::EC2::VPC, Propertis: {CidrBlock: !FindInMap [M, a, b]}}\n",
            "1:19 `a` of the mapping `M` must be a map, not `x`\n\
             3:28 `Properties` of the resource `V` must be a map, not null | give it a value or remove it\n\
             4:41 merge keys are not supported | CloudFormation refuses `<<` as well: write the keys out\n\
             5:28 unknown key `Propertis` in the resource `X` | did you mean `Properties`?",
        ),
        // Functions with something unreadable in them.
        (
            "Resources:\n  G: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Join [!A x, [!B y]], RetentionInDays: !Select [!C 0, [1]], KmsKeyId: !Sub ['${X}', {X: !D z}]}}\n",
            "2:68 unknown tag `!A`\n2:75 unknown tag `!B`\n2:109 unknown tag `!C`\n2:149 unknown tag `!D`",
        ),
        (
            "Transform: [1, ~]\nResources: {G: {Type: AWS::Logs::LogGroup, Typo: H}}\n",
            "1:13 `Transform` must be the name of a transform, not `1`\n\
             1:16 `Transform` must be the name of a transform, not null | give it a value or remove it\n\
             2:44 unknown key `Typo` in the resource `G` | did you mean `Type`?",
        ),
        // What stands behind the end of the document.
        (
            "Resources: {G: {Type: AWS::Logs::LogGroup, DependsOn: H}}\n---\nResources: {}\n",
            "1:55 there is no resource `H` to depend on | did you mean `G`?\n\
             2:1 a second document in one file | a file is one document: move what follows `---` to a file of its own",
        ),
    ] {
        says(text, expected);
    }
}

#[test]
fn a_wrong_loop_hides_nothing_and_causes_nothing() {
    says(
        r"
Transform: AWS::LanguageExtension
Conditions:
  Fn::ForEach::Flags: [X, [a], {Same: !Equals [a, b]}]
Resources:
  Fn::ForEach::Groups: [X, !Ref Nobody, {'G${X}': {Type: AWS::Logs::LogGroup}}]
  Vpc:
    Type: AWS::EC2::VPC
    Condition: IsA
    DependsOn: Ga
    Properties: {Fn::ForEach::P: [P, [CidrBlock]]}
  Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Gb, VpcIdd: x}}
Outputs:
  Fn::ForEach::O: [X, [a, b], {'O${X}': {Value: !GetAtt 'G${X}.Arn', Exprt: y}}]
",
        "
2:12 the transform `AWS::LanguageExtension` is not supported yet | did you mean `AWS::LanguageExtensions`?
4:33 `Same` is the same each time | a key in `Fn::ForEach` has `${X}` or `&{X}` in it
6:33 there is no resource or parameter `Nobody`
11:34 `Fn::ForEach` takes an identifier, a collection and what to repeat
12:68 `AWS::EC2::RouteTable` has no property `VpcIdd` | did you mean `VpcId`?
14:70 unknown key `Exprt` in the output `Oa` | did you mean `Export`?
14:77 `Export` of the output `Oa` must be a map, not `y`
",
    );
}

/// A section of loops alone is not empty when they are wrong.
#[test]
fn what_wrong_loops_would_make_is_not_missed() {
    says(
        "Transform: AWS::LanguageExtensions\nParameters: {P: {Type: CommaDelimitedList}}\nResources:\n  Fn::ForEach::G: [X, !Ref P, {'G${X}': {Type: AWS::Logs::LogGroup}}]\n",
        "~2:14 parameter `P` has no value | give one with `--parameter P=…`, in config/, or as its Default\n\
         4:23 the collection of `Fn::ForEach` depends on a value that is not given | a list, or a `Ref` to a parameter of type `CommaDelimitedList`",
    );
}

/// Nobody knows what a template is before its transform has been made.
#[test]
fn a_transform_of_others_is_all_there_is_to_say() {
    let text = "Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {Timeout: 3}}\nResources:\n  F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b}}\nOutputs: {R: {Value: !GetAtt FRole.Arn}}\n";
    says(
        text,
        "1:12 the transform `AWS::Serverless-2016-10-31` is not supported yet | give the template as it is after the transform, without it",
    );
}

#[test]
fn a_hundred_mistakes_in_the_form_are_enough() {
    let names: Vec<String> = (0..300)
        .map(|at| format!("  R-{at}: {{Type: AWS::Logs::LogGroup, DependsOn: Nobody}}\n"))
        .collect();
    let findings = findings(&format!("Resources:\n{}", names.concat()));
    assert_eq!(findings.len(), 101);
    assert_eq!(findings[100].message, "200 more errors in `t.yaml`");
}

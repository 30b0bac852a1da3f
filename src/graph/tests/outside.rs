//! What a template takes from outside: dynamic references, parameters that Systems Manager keeps
//! or that name something in the account, and the outputs of other stacks.

use std::collections::BTreeMap;

use serde_json::json;

use super::{inputs, said, template};
use crate::graph::{Graph, Inputs, Nothing, StackOutputs, questions, synth};
use crate::template::dynamic::Reference;
use crate::template::{Named, Thing};
use crate::value::Value;

fn of_function(properties: &str) -> String {
    format!(
        "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      Role: \
         arn:aws:iam::012345678901:role/r\n      Code: {{ZipFile: x}}\n      {properties}\n"
    )
}

#[test]
fn a_dynamic_reference_fits_where_a_scalar_does_and_stays_text() {
    let text = of_function(
        "Timeout: '{{resolve:ssm:/time:2}}'\n      Environment: {Variables: {WORD: !Sub \
         'is {{resolve:secretsmanager:${AWS::StackName}:SecretString:word}}'}}",
    );
    let graph = synth(template(&text), inputs(&[])).expect("it is right");
    let Ok(Value::Map(properties)) = graph.properties(&"F".into(), &Nothing) else {
        panic!("properties are a map");
    };
    assert_eq!(properties["Timeout"], Value::string("{{resolve:ssm:/time:2}}"));
    let placed = graph.references(&"F".into(), &Nothing);
    let references: Vec<String> = placed.iter().map(|one| one.reference.to_string()).collect();
    assert_eq!(
        references,
        ["the parameter `/time` of Systems Manager, version 2", "`word` in the secret `sample`"]
    );
    assert!(matches!(placed[0].reference, Reference::Ssm(_)));
    assert_eq!(&text[placed[0].span.start..placed[0].span.end], "'{{resolve:ssm:/time:2}}'");
}

const DOCUMENTED: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html";

#[test]
fn a_wrong_dynamic_reference_is_refused_at_its_place() {
    for (properties, expected) in [
        (
            "Handler: '{{resolve:vault:a}}'",
            "7:16 `vault` is no service of dynamic references | a reference is \
             `{{resolve:ssm:…}}`, `{{resolve:ssm-secure:…}}` or `{{resolve:secretsmanager:…}}`",
        ),
        (
            "Environment: {Variables: {A: '{{resolve:ssm-secure:p}}'}}",
            "7:36 the encrypted parameter `p` cannot be used for `Environment.Variables.A` of \
             `AWS::Lambda::Function` | keep it in Secrets Manager: \
             `{{resolve:secretsmanager:…}}`",
        ),
        (
            "FunctionName: 'f-{{resolve:secretsmanager:name}}'",
            "7:21 a secret cannot be the `FunctionName` of `AWS::Lambda::Function` | AWS tells it \
             as an id or an attribute, which is stored and shown",
        ),
    ] {
        let findings =
            synth(template(&of_function(properties)), inputs(&[])).expect_err("it is wrong");
        assert_eq!(said(&findings), format!("{expected} | {DOCUMENTED}\n"), "{properties}");
    }
    let list = of_function("Layers: '{{resolve:ssm:layers}}'");
    let findings = synth(template(&list), inputs(&[])).expect_err("a list is no text");
    assert!(said(&findings).starts_with("7:15 expected a list"), "{}", said(&findings));
}

#[test]
fn an_output_is_no_place_for_a_secret() {
    let text = "Resources: {G: {Type: AWS::Logs::LogGroup}}\nOutputs:\n  A: {Value: \
                '{{resolve:ssm:a}}'}\n";
    let graph = synth(template(text), inputs(&[])).expect("it is only warned of");
    assert_eq!(
        said(&graph.warnings),
        format!(
            "~3:14 the output `A` keeps its dynamic reference as it is written | an output is \
             stored and shown, and what a reference stands for is not | {DOCUMENTED}\n"
        )
        .replace(&format!(" | {DOCUMENTED}"), "")
    );
    let secret = text.replace("ssm:a", "secretsmanager:a");
    let findings = synth(template(&secret), inputs(&[])).expect_err("it is refused");
    assert_eq!(
        said(&findings),
        "3:14 the output `A` cannot be a secret | tell where it is kept instead\n"
    );
}

#[test]
fn many_references_are_warned_of() {
    let many = |count: usize| {
        let variables: Vec<String> =
            (0..count).map(|index| format!("V{index}: '{{{{resolve:ssm:p{index}}}}}'")).collect();
        of_function(&format!("Environment: {{Variables: {{{}}}}}", variables.join(", ")))
    };
    for (count, expected) in [(60, 0), (61, 1)] {
        let graph = synth(template(&many(count)), inputs(&[])).expect("it is right");
        let told = said(&graph.warnings);
        assert_eq!(told.matches("dynamic references: CloudFormation takes 60").count(), expected);
    }
}

const STORED: &str = r"
Parameters:
  Image: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /image}
  Days: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /days, AllowedPattern: /.*}
  Names: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /names}
  Vpc: {Type: 'AWS::EC2::VPC::Id', Default: vpc-1}
  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>', Default: 'subnet-1, subnet-2'}
Conditions:
  Kept: !Equals [!Ref Days, '30']
  Both: !And [{Condition: Kept}, !Equals [a, a]]
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    Properties:
      RetentionInDays: !If [Both, !Ref Days, !Ref AWS::NoValue]
      LogGroupName: !Join ['-', !Ref Names]
  Kept: {Type: AWS::Logs::LogGroup, Condition: Kept}
Outputs:
  Kept: {Value: !If [Kept, !Ref Kept, none]}
";

fn told(stored: &[(&str, &str)]) -> Inputs {
    let stored = stored.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Inputs { stored: Some(stored.collect()), ..inputs(&[]) }
}

fn group_of(graph: &Graph) -> Value {
    graph.properties(&"Group".into(), &Nothing).expect("they are right")
}

#[test]
fn a_stored_parameter_is_unknown_until_somebody_has_asked() {
    let graph = synth(template(STORED), inputs(&[])).expect("nothing is judged");
    let Value::Map(properties) = group_of(&graph) else { panic!("properties are a map") };
    assert_eq!(properties["RetentionInDays"], Value::unknown("If(Both)"));
    assert_eq!(properties["LogGroupName"], Value::unknown("Join(\"-\", SSM(/names))"));
    assert!(graph.nodes.contains_key("Kept"), "it may be there");
}

#[test]
fn a_stored_parameter_is_what_systems_manager_has() {
    let all = [("/image", "ami-1"), ("/days", "30"), ("/names", "a, b")];
    let graph = synth(template(STORED), told(&all)).expect("it is right");
    assert_eq!(group_of(&graph).to_json(), json!({"RetentionInDays": 30, "LogGroupName": "a-b"}));
    assert!(graph.nodes.contains_key("Kept"));
    let graph = synth(template(STORED), told(&[("/days", "7"), all[0], all[2]])).expect("right");
    assert_eq!(group_of(&graph).to_json(), json!({"LogGroupName": "a-b"}));
    assert!(!graph.nodes.contains_key("Kept"));

    let findings = synth(template(STORED), told(&all[..2])).expect_err("one is not there");
    assert_eq!(
        said(&findings),
        "5:3 Systems Manager has no parameter `/names` here | `Names` is of type \
         `AWS::SSM::Parameter::Value<List<String>>`: its value is the name of one\n"
    );
}

#[test]
fn what_parameters_point_at_is_asked_for() {
    let asked = questions(&template(STORED), &inputs(&[]));
    assert_eq!(asked.stored, ["/image", "/days", "/names"]);
    let names = |inputs: &Inputs| -> Vec<String> {
        let named = questions(&template(STORED), inputs).named;
        named.iter().map(|one| format!("{} {}", one.kind.noun(), one.name)).collect()
    };
    let known = ["VPC vpc-1", "subnet subnet-1", "subnet subnet-2"];
    assert_eq!(names(&inputs(&[])), known);
    // What a stored one names is looked for once its value is there.
    assert_eq!(names(&told(&[("/image", "ami-1")]))[..1], ["image ami-1"]);
}

#[test]
fn an_id_of_another_kind_is_refused_without_asking() {
    let findings = synth(template(STORED), inputs(&[("Subnets", "subnet-1,sg-2")]))
        .expect_err("it is a group's");
    assert_eq!(
        said(&findings),
        "7:3 parameter `Subnets`: `sg-2` is no id of a subnet | such an id begins with `subnet-`\n"
    );
}

#[test]
fn a_stack_tells_others_its_outputs() {
    let text = |argument: &str| {
        format!(
            "Resources:\n  Group:\n    Type: AWS::Logs::LogGroup\n    Properties: \
             {{LogGroupName: {{Fn::GetStackOutput: {argument}}}}}\n"
        )
    };
    let stack = |name: &str, region: &str| StackOutputs {
        stack: name.to_owned(),
        region: region.to_owned(),
        outputs: BTreeMap::from([
            ("Name".to_owned(), Value::string(format!("of-{name}"))),
            ("Word".to_owned(), Value::string("<secret sha256:0>")),
        ]),
    };
    let known = Inputs {
        outputs: Some(vec![stack("base", "us-east-1"), stack("far", "eu-west-1")]),
        ..inputs(&[])
    };
    for (argument, expected) in [
        ("{StackName: base, OutputName: Name}", "of-base"),
        ("{StackName: !Sub far, OutputName: Name, Region: eu-west-1}", "of-far"),
    ] {
        let graph = synth(template(&text(argument)), known.clone()).expect(argument);
        assert_eq!(group_of(&graph).to_json(), json!({"LogGroupName": expected}));
    }
    let graph = synth(template(&text("{StackName: x, OutputName: Y}")), inputs(&[]));
    let Value::Map(properties) = group_of(&graph.expect("nobody has looked")) else {
        panic!("properties are a map");
    };
    assert_eq!(properties["LogGroupName"], Value::unknown("GetStackOutput(x.Y)"));
    for (argument, expected) in [
        (
            "{StackName: bass, OutputName: Name}",
            "this environment has no stack `bass` in us-east-1 | did you mean `base`?",
        ),
        (
            "{StackName: far, OutputName: Name}",
            "this environment has no stack `far` in us-east-1 | deploy it first",
        ),
        (
            "{StackName: base, OutputName: Nam}",
            "the stack `base` has no output `Nam` | did you mean `Name`?",
        ),
        ("{StackName: base, OutputName: Word}", "the output `Word` of `base` is hidden"),
        ("{StackName: base}", "`Fn::GetStackOutput` takes a map with `OutputName`"),
        (
            "{StackName: base, OutputNam: Name}",
            "`Fn::GetStackOutput` takes no `OutputNam` | did you mean `OutputName`?",
        ),
        (
            "{StackName: base, OutputName: Name, RoleArn: r}",
            "an output in another account cannot be had: `RoleArn` is not supported | an \
             environment knows the stacks of one account: leave it out for one of them, and give what \
             another account's stack tells as a parameter",
        ),
        (
            "{StackName: !Ref Group, OutputName: Name}",
            "`StackName` is a text known before deployment",
        ),
    ] {
        let findings = synth(template(&text(argument)), known.clone()).expect_err(argument);
        let said = said(&findings);
        assert!(said.contains(expected), "{argument}: {said}");
    }
}

const RULES: &str = r"
Parameters:
  Vpc: {Type: 'AWS::EC2::VPC::Id', Default: vpc-1}
  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>', Default: 'subnet-1,subnet-2'}
Rules:
  Mine:
    Assertions:
      - Assert: {Fn::EachMemberEquals: [{Fn::ValueOf: [Subnets, VpcId]}, !Ref Vpc]}
        AssertDescription: the subnets are in the VPC
  Department:
    Assertions:
      - Assert: !Equals [{Fn::ValueOf: [Vpc, Tags.Department]}, IT]
  All:
    Assertions:
      - Assert: {Fn::Contains: [{Fn::RefAll: 'AWS::EC2::VPC::Id'}, !Ref Vpc]}
      - Assert: {Fn::EachMemberIn: [{Fn::ValueOfAll: ['AWS::EC2::VPC::Id', Tags.Department]}, [IT, HR]]}
Resources: {Group: {Type: AWS::Logs::LogGroup}}
";

#[test]
fn rules_ask_the_account() {
    let asked = questions(&template(RULES), &inputs(&[])).things;
    assert_eq!(asked.into_iter().collect::<Vec<_>>(), [Named::Subnet, Named::Vpc]);
    let offline = synth(template(RULES), inputs(&[])).expect("nothing is judged");
    assert_eq!(offline.warnings.len(), 3, "{}", said(&offline.warnings));
    let thing = |name: &str, attribute: &str, value: &str| Thing {
        name: name.to_owned(),
        attributes: [(attribute.to_owned(), value.to_owned())].into(),
    };
    let told = |department: &str, vpc: &str| Inputs {
        things: Some(BTreeMap::from([
            (Named::Vpc, vec![thing("vpc-1", "Tags.Department", department)]),
            (
                Named::Subnet,
                vec![thing("subnet-1", "VpcId", "vpc-1"), thing("subnet-2", "VpcId", vpc)],
            ),
        ])),
        ..inputs(&[])
    };
    let graph = synth(template(RULES), told("IT", "vpc-1")).expect("they hold");
    assert_eq!(said(&graph.warnings), "");
    let findings = synth(template(RULES), told("Sales", "vpc-2")).expect_err("they do not");
    assert_eq!(
        said(&findings),
        "8:17 the rule `Mine` is broken: the subnets are in the VPC | give other parameters\n\
         12:17 the rule `Department` is broken | give other parameters\n\
         16:17 the rule `All` is broken | give other parameters\n"
    );
}

#[test]
fn a_rule_asks_of_what_there_is() {
    for (function, expected) in [
        ("{Fn::RefAll: 'AWS::EC2::VPCs'}", "`Fn::RefAll` takes a type of parameters"),
        ("{Fn::ValueOf: [Nobody, VpcId]}", "`Fn::ValueOf` takes a parameter of a type"),
        ("{Fn::ValueOf: [Vpc]}", "`Fn::ValueOf` takes a list of two"),
    ] {
        let text = RULES.replace("{Fn::RefAll: 'AWS::EC2::VPC::Id'}", function);
        let findings = synth(template(&text), inputs(&[])).expect_err(function);
        assert!(said(&findings).contains(expected), "{}", said(&findings));
    }
}

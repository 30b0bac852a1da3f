//! The facts, and properties held against them.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::facts::{Kind, Shape, TagKind, TypeFacts, detailed, facts, type_names};
use super::{Finding, Pattern, Segment, amend, coerce, get_att_kind, path_text, registry};
use crate::diagnostic::Severity;
use crate::value::{Literal, Secret, Value};

fn of(type_name: &str) -> &'static TypeFacts {
    facts(type_name).unwrap_or_else(|| panic!("no facts of {type_name}"))
}

/// Findings as a reader would note them: `place: message (hint)`, warnings marked.
fn noted(findings: &[Finding]) -> Vec<String> {
    let note = |finding: &Finding| {
        let warning = if finding.severity == Severity::Warning { "warning " } else { "" };
        let hint = finding.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let (path, at, message) = (path_text(&finding.path), finding.at, &finding.message);
        format!("{warning}{path} {at:?}: {message}{hint}")
    };
    findings.iter().map(note).collect()
}

fn findings(type_name: &str, properties: impl Into<Value>) -> Vec<String> {
    noted(&coerce(of(type_name), properties.into()).1)
}

/// What comes out of properties that fit.
fn coerced(type_name: &str, properties: impl Into<Value>) -> Json {
    let (value, findings) = coerce(of(type_name), properties.into());
    assert_eq!(noted(&findings), Vec::<String>::new());
    value.to_json()
}

/// The value with something else at a path of keys.
fn with(json: &Json, path: &[&str], leaf: Value) -> Value {
    fn place<'a>(value: &'a mut Value, path: &[&str]) -> &'a mut Value {
        match (value, path) {
            (value, []) => value,
            (Value::Map(entries), [key, rest @ ..]) => {
                place(entries.entry((*key).to_owned()).or_insert(Value::Null), rest)
            }
            (other, path) => panic!("no {path:?} in {other:?}"),
        }
    }
    let mut value = Value::from(json);
    *place(&mut value, path) = leaf;
    value
}

fn shapes(shape: &Shape) -> Vec<&Shape> {
    let below =
        shape.properties.values().chain(shape.items.as_deref()).chain(shape.values.as_deref());
    std::iter::once(shape).chain(below.flat_map(shapes)).collect()
}

fn method() -> Json {
    json!({ "RestApiId": "a", "ResourceId": "b", "HttpMethod": "GET" })
}

fn function() -> Json {
    json!({ "Role": "arn:aws:iam::012345678901:role/r", "Code": { "ZipFile": "x" } })
}

#[test]
fn every_line_is_a_type_in_order() {
    assert_eq!(detailed().len(), 80);
    assert!(detailed().is_sorted());
    let names: Vec<_> = type_names().collect();
    assert!(names.len() >= 1_800, "{} types", names.len());
    assert!(names.is_sorted());
    assert_eq!(registry::lines_count(), names.len());
    for name in detailed().iter().chain(&names) {
        let facts = of(name);
        assert_eq!(facts.type_name, *name);
        assert!(!facts.properties.properties.is_empty(), "{name}");
        assert!(names.binary_search(name).is_ok(), "{name} is no type");
    }
    assert!(facts("AWS::S3::Buckets").is_none());
    assert!(facts("AWS::S4::Bucket").is_none());
    assert!(facts("Bucket").is_none());
}

#[test]
fn every_path_the_facts_name_is_there() {
    for facts in type_names().map(of) {
        let groups = [&facts.required, &facts.required_one_of, &facts.required_exactly_one];
        let paths = [
            &facts.create_only,
            &facts.conditional_create_only,
            &facts.write_only,
            &facts.primary_identifier,
        ];
        for path in groups.into_iter().chain(paths).flatten() {
            assert!(facts.shape(path).is_some(), "{} {path}", facts.type_name);
        }
        for shape in shapes(&facts.properties).into_iter().filter(|one| !one.properties.is_empty())
        {
            let groups = [&shape.required, &shape.required_one_of, &shape.required_exactly_one];
            for name in groups.into_iter().flatten() {
                assert!(shape.properties.contains_key(name), "{} {name}", facts.type_name);
            }
        }
    }
}

#[test]
fn every_amended_path_is_there() {
    for (type_name, path) in amend::amended() {
        assert!(of(type_name).shape(path).is_some(), "{type_name} {path}");
    }
}

/// The schemas' own word is not lost by accident: of the types that have been looked into only
/// patterns that look around are, of the others one in a hundred.
#[test]
fn patterns_compile_unless_they_look_around() {
    let patterns = |name| -> Vec<_> {
        shapes(&of(name).properties).iter().filter_map(|one| one.pattern.as_deref()).collect()
    };
    let looks_around =
        |text: &str| ["(?!", "(?=", "(?<!", "(?<="].iter().any(|mark| text.contains(mark));
    for name in detailed() {
        for pattern in patterns(name) {
            let text = pattern.as_str();
            assert_eq!(pattern.unicode().is_some(), !looks_around(text), "{name} {text}");
        }
    }
    // Each once: compiling takes its time.
    let all: BTreeMap<&str, &Pattern> =
        type_names().flat_map(patterns).map(|pattern| (pattern.as_str(), pattern)).collect();
    let is_lost =
        |pattern: &&&Pattern| pattern.unicode().is_none() && !looks_around(pattern.as_str());
    let lost = all.values().filter(is_lost).count();
    assert!(lost * 100 < all.len(), "{lost} of {}", all.len());
}

#[test]
fn patterns_keep_their_meaning() {
    let matches = |pattern: &str, text: &str| Pattern::from(pattern.to_owned()).matches(text);
    assert!(matches(r"^\d+$", "12") && !matches(r"^\d+$", "١٢"), "digits are ASCII");
    assert!(matches(r"^[\w-.]+$", "a-b.c") && !matches(r"^[\w-.]+$", "a b"));
    assert!(matches(r"^[\w\W]+$", "é"));
    assert!(matches(r"^.{1,2}$", "éé") && !matches(r"^.{1,2}$", "ééé"), "characters are counted");
    assert!(matches(r"^.{1,2}$", "ee") && !matches(r"^.{1,2}$", "eee"));
    assert!(matches(r"^\p{Lu}[^→]$", "Ab") && matches(r"^\p{Lu}[^→]$", "Éb"));
    assert!(!matches(r"^\p{Lu}[^→]$", "ab") && !matches(r"^\p{Lu}[^→]$", "A→"));
    assert!(matches(r"^[@[\]+=&;]*$", "[@]&"), "a bracket in a class is a bracket");
    assert!(matches(r"^[a-z]{1,5}\Z", "abc"));
    assert!(matches(r"^[\u0020-\u00FF]+$", "é") && !matches(r"^[\u0020-\u00FF]+$", "→"));
    assert!(matches(r"^(?!x)y$", "anything"), "what cannot be run refuses nothing");
}

/// A bound that a short text cannot reach is left out, and nothing is different.
#[test]
fn bounds_hold_for_texts_of_every_length() {
    for most in 61..=66 {
        for (pattern, least) in [
            (format!("^[a-z]{{1,{most}}}$"), 1),
            (format!("^(a[b]?){{2,{most}}}\\Z"), 2),
            (format!("^[a-z{{1,9}}]{{0,{most}}}$"), 0),
        ] {
            let pattern = Pattern::from(pattern);
            for length in [0, 1, 2, 60, 61, 62, 63, 64, 65, 66, 67] {
                let fits = (least..=most).contains(&length);
                let what = format!("{} of {length}", pattern.as_str());
                assert_eq!(pattern.matches(&"a".repeat(length)), fits, "{what}");
            }
        }
    }
}

#[test]
fn paths_are_answered_with_what_is_below_them() {
    let endpoint = of("AWS::EC2::VPCEndpoint");
    assert!(endpoint.is_create_only("VpcId"));
    assert!(endpoint.is_create_only("DnsOptions.PrivateDnsSpecifiedDomains[0]"));
    assert!(!endpoint.is_create_only("DnsOptions"));
    assert!(!endpoint.is_create_only("VpcIdentity"));
    assert!(endpoint.is_unordered("SubnetIds"));

    let function = of("AWS::Lambda::Function");
    assert!(function.is_write_only("Code.ZipFile"));
    assert!(!function.is_write_only("Code"));
    assert!(function.is_conditional_create_only("DurableConfig.RetentionPeriodInDays"));
    assert_eq!(function.default("DurableConfig.RetentionPeriodInDays"), Some(&json!(14)));
    assert!(!function.is_unordered("Layers"), "a later layer covers an earlier one");

    let group = of("AWS::EC2::SecurityGroup");
    assert!(group.is_write_only("SecurityGroupIngress[3].SourceSecurityGroupName"));
    assert!(group.is_unordered("SecurityGroupIngress"));
    assert_eq!(
        group.shape("SecurityGroupIngress[].FromPort").map(Shape::kind),
        Some(Kind::Integer)
    );

    let method = of("AWS::ApiGateway::Method");
    let parameter = method.shape("RequestParameters.method.request.path.id");
    assert_eq!(parameter.map(Shape::kind), Some(Kind::Boolean));
    assert!(method.shape("Integration.Nothing").is_none());
}

#[test]
fn facts_tell_tags_names_and_replacement() {
    let kind = |name: &str| of(name).tags.as_ref().map(|tags| tags.kind);
    assert_eq!(kind("AWS::EC2::VPC"), Some(TagKind::List));
    assert_eq!(kind("AWS::Bedrock::Agent"), Some(TagKind::Map));
    assert_eq!(kind("AWS::IAM::ManagedPolicy"), None);
    assert!(of("AWS::EC2::SubnetRouteTableAssociation").delete_first);
    assert!(!of("AWS::EC2::Subnet").delete_first);
    assert!(of("AWS::EC2::VPC").property_names().all(|name| name != "VpcId"));
    assert!(of("AWS::EC2::VPC").property_names().any(|name| name == "CidrBlock"));
}

#[test]
fn get_att_offers_what_the_service_offers() {
    let kind = |name: &str, attribute: &str| get_att_kind(of(name), attribute);
    assert_eq!(kind("AWS::EC2::VPC", "CidrBlock"), Some(Kind::String));
    assert_eq!(kind("AWS::EC2::VPC", "Ipv6CidrBlocks"), Some(Kind::List));
    assert_eq!(kind("AWS::IAM::Role", "Arn"), Some(Kind::String));
    assert_eq!(kind("AWS::Lambda::Function", "SnapStartResponse.ApplyOn"), Some(Kind::Any));
    assert_eq!(kind("AWS::IAM::Role", "RoleName"), None);
}

#[test]
fn scalars_get_the_type_of_the_schema() {
    let account = Value::Literal(Literal::Number { text: "012345678901".to_owned() });
    let permission = json!({
        "FunctionName": "f", "Action": "lambda:InvokeFunction", "Principal": "p",
        "InvokedViaFunctionUrl": "True",
    });
    let permission = with(&permission, &["SourceAccount"], account);
    assert_eq!(
        coerced("AWS::Lambda::Permission", permission),
        json!({
            "FunctionName": "f", "Action": "lambda:InvokeFunction", "Principal": "p",
            "InvokedViaFunctionUrl": true, "SourceAccount": "012345678901",
        })
    );

    let rule = json!({
        "GroupId": "sg-1", "IpProtocol": -1, "FromPort": "443", "ToPort": 443.0, "CidrIp": "0.0.0.0/0",
    });
    assert_eq!(
        coerced("AWS::EC2::SecurityGroupIngress", &rule),
        json!({
            "GroupId": "sg-1", "IpProtocol": "-1", "FromPort": 443, "ToPort": 443,
            "CidrIp": "0.0.0.0/0",
        })
    );

    let agent = json!({ "AgentName": "a", "IdleSessionTTLInSeconds": "600", "Tags": { "n": 1 } });
    assert_eq!(
        coerced("AWS::Bedrock::Agent", &agent),
        json!({ "AgentName": "a", "IdleSessionTTLInSeconds": 600, "Tags": { "n": "1" } })
    );
}

#[test]
fn amendments_follow_what_aws_takes() {
    let mut properties = function();
    properties["Environment"] = json!({ "Variables": { "PORT": 80, "DEBUG": true, "NAME": "n" } });
    properties["Code"] = json!({ "AssetPath": "lambda", "AssetSha256": "00" });
    let value = coerced("AWS::Lambda::Function", &properties);
    assert_eq!(
        value["Environment"]["Variables"],
        json!({ "PORT": "80", "DEBUG": "true", "NAME": "n" })
    );

    let mut properties = method();
    properties["RequestParameters"] = json!({ "method.request.path.id": "true" });
    let value = coerced("AWS::ApiGateway::Method", &properties);
    assert_eq!(value["RequestParameters"], json!({ "method.request.path.id": true }));
}

#[test]
fn free_json_and_unions_are_left_alone() {
    let document = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": true, "N": 1 }] });
    for document in [document.clone(), json!(document.to_string())] {
        let role = json!({ "AssumeRolePolicyDocument": document });
        assert_eq!(coerced("AWS::IAM::Role", &role), role);
        let policy = json!({ "PolicyName": "p", "PolicyDocument": document, "Roles": ["r"] });
        assert_eq!(coerced("AWS::IAM::Policy", &policy), policy);
        let group = json!({ "ResourcePolicyDocument": document });
        assert_eq!(coerced("AWS::Logs::LogGroup", &group), group);
    }
    assert_eq!(
        findings("AWS::Logs::LogGroup", &json!({ "ResourcePolicyDocument": "not JSON" })),
        ["ResourcePolicyDocument Value: expected a map, found `not JSON`"]
    );
}

#[test]
fn what_is_not_known_fits_everywhere() {
    let unknown = || Value::unknown("Vpc.VpcId");
    let mut properties = Value::from(&function());
    let Value::Map(entries) = &mut properties else { panic!("a map") };
    for name in ["Role", "Timeout", "Layers", "VpcConfig", "Runtime", "Tags"] {
        entries.insert(name.to_owned(), unknown());
    }
    entries.insert("Architectures".to_owned(), Value::List(vec![unknown()]));
    assert_eq!(findings("AWS::Lambda::Function", properties), Vec::<String>::new());

    let in_subnets = |one: &str, other: &str| {
        let subnets = Value::List(vec![Value::unknown(one), Value::unknown(other)]);
        let endpoint = with(&json!({ "VpcId": "vpc-1" }), &["SubnetIds"], subnets);
        findings("AWS::EC2::VPCEndpoint", endpoint)
    };
    assert_eq!(in_subnets("One", "Two"), Vec::<String>::new());
    // What a function makes of it may be something else each time.
    assert_eq!(in_subnets("If(IsLarge)", "If(IsLarge)"), Vec::<String>::new());
    let twice = ["SubnetIds[1] Value: the same item is listed twice"];
    assert_eq!(in_subnets("One", "One"), twice);
    assert_eq!(in_subnets("One.SubnetId", "One.SubnetId"), twice);
}

#[test]
fn a_secret_is_some_scalar_and_stays_secret() {
    let secret = || Value::Secret(Secret::new("hunter2"));
    let properties = with(&function(), &["Description"], secret());
    let (value, findings) = coerce(of("AWS::Lambda::Function"), properties);
    assert_eq!(noted(&findings), Vec::<String>::new());
    assert!(value.has_secret());

    let properties = with(&function(), &["Layers"], secret());
    let (_, findings) = coerce(of("AWS::Lambda::Function"), properties);
    assert_eq!(noted(&findings), ["Layers Value: expected a list, found a secret"]);
}

#[test]
fn misspelt_properties_are_told_what_they_look_like() {
    assert_eq!(
        findings(
            "AWS::EC2::VPC",
            &json!({ "CidrBlok": "10.0.0.0/16", "CidrBlock": "10.0.0.0/16" })
        ),
        ["CidrBlok Key: `AWS::EC2::VPC` has no property `CidrBlok` (did you mean `CidrBlock`?)"]
    );
    let mut properties = method();
    properties["Integration"] =
        json!({ "Type": "MOCK", "IntegrationResponses": [{ "StatusCode": 200, "Selector": "x" }] });
    assert_eq!(
        findings("AWS::ApiGateway::Method", &properties),
        [
            "Integration.IntegrationResponses[0].Selector Key: `IntegrationResponses` has no property \
          `Selector` (it has `ContentHandling`, `ResponseParameters`, `ResponseTemplates`, \
          `SelectionPattern`, `StatusCode`)"
        ]
    );
    let mut properties = function();
    properties["Code"] = json!({ "AssetPat": "x" });
    assert_eq!(
        findings("AWS::Lambda::Function", &properties),
        ["Code.AssetPat Key: `Code` has no property `AssetPat` (it has `ImageUri`, `S3Bucket`, \
          `S3Key`, `S3ObjectStorageMode`, `S3ObjectVersion`, `SourceKMSKeyArn`, `ZipFile`)"],
        "Cairn's own properties are not suggested"
    );
}

#[test]
fn missing_and_excluding_properties_are_found() {
    assert_eq!(
        findings(
            "AWS::ApiGateway::Method",
            &json!({ "RestApiId": "a", "HttpMethod": "GET", "Integration": {} })
        ),
        [
            " Key: `AWS::ApiGateway::Method` lacks the property `ResourceId`",
            "Integration Key: `Integration` lacks the property `Type`",
        ]
    );
    assert_eq!(
        findings("AWS::EC2::VPC", &json!({})),
        [" Key: `AWS::EC2::VPC` needs one of `CidrBlock`, `Ipv4IpamPoolId`"]
    );
    assert_eq!(
        findings("AWS::EC2::VPC", &json!({ "CidrBlock": "10.0.0.0/16", "Ipv4IpamPoolId": "p" })),
        ["Ipv4IpamPoolId Key: only one of `CidrBlock`, `Ipv4IpamPoolId` may be there"]
    );
    assert_eq!(
        findings("AWS::EC2::Subnet", &json!({ "VpcId": "vpc-1" })),
        [" Key: `AWS::EC2::Subnet` needs one of `CidrBlock`, `Ipv4IpamPoolId`, `Ipv6IpamPoolId`, \
          `Ipv6CidrBlock`"]
    );
}

#[test]
fn read_only_properties_cannot_be_set() {
    assert_eq!(
        findings("AWS::EC2::VPC", &json!({ "CidrBlock": "10.0.0.0/16", "VpcId": "vpc-1" })),
        ["VpcId Key: `VpcId` is for AWS to set (leave it out; `Fn::GetAtt` and `Ref` read it)"]
    );
}

#[test]
fn wrong_types_are_named() {
    let properties = json!({
        "CidrBlock": ["10.0.0.0/16"], "EnableDnsSupport": "yes", "Tags": { "Key": "a" },
        "InstanceTenancy": null,
    });
    assert_eq!(
        findings("AWS::EC2::VPC", &properties),
        [
            "CidrBlock Value: expected a string, found a list",
            "EnableDnsSupport Value: expected a boolean, found `yes`",
            "Tags Value: expected a list, found a map",
            "InstanceTenancy Value: expected a string, found null (leave it out, or use \
             `AWS::NoValue`)",
        ]
    );
    let mut properties = function();
    properties["Timeout"] = json!(2.5);
    properties["MemorySize"] = json!({ "Size": 128 });
    properties["Layers"] = json!("arn:aws:lambda:us-east-1:012345678901:layer:l:1");
    assert_eq!(
        findings("AWS::Lambda::Function", &properties),
        [
            "Timeout Value: expected an integer, found `2.5`",
            "MemorySize Value: expected an integer, found a map",
            "Layers Value: expected a list, found `arn:aws:lambda:us-east-1:012345678901:layer:l:1` \
             (a list of one is written with `- ` or in `[ ]`)",
        ]
    );
}

#[test]
fn values_are_held_against_their_limits() {
    assert_eq!(
        findings(
            "AWS::EC2::VPC",
            &json!({ "CidrBlock": "10.0.0.0/33", "InstanceTenancy": "defualt" })
        ),
        [
            "CidrBlock Value: expected an IPv4 block like `10.0.0.0/16`, found `10.0.0.0/33`",
            "InstanceTenancy Value: `defualt` is not a known value (did you mean `default`?)",
        ]
    );
    assert_eq!(
        findings("AWS::Logs::LogGroup", &json!({ "RetentionInDays": "8", "LogGroupName": "a b" })),
        [
            "RetentionInDays Value: `8` is not a known value (use one of `1`, `3`, `5`, `7`, `14`, \
             `30`, `60`, `90`, `120`, `150`, `180`, `365`, `400`, `545`, `731`, `1096`, `1827`, \
             `2192`, `2557`, `2922`, `3288`, `3653`)",
            "LogGroupName Value: `a b` does not have the form AWS wants (the form is \
             `^[.\\-_/#A-Za-z0-9]{1,512}\\Z`)",
        ]
    );
    let agent = json!({ "AgentName": "a", "Instruction": "short", "IdleSessionTTLInSeconds": 10 });
    assert_eq!(
        findings("AWS::Bedrock::Agent", &agent),
        [
            "Instruction Value: expected at least 40 characters, found 5",
            "IdleSessionTTLInSeconds Value: expected at least 60, found 10",
        ]
    );
    let layer = "arn:aws:lambda:us-east-1:012345678901:layer:l:1";
    let mut properties = function();
    properties["Layers"] = json!([layer, layer, "arn:aws:lambda:us-east-1:012345678901:layer:l:2"]);
    properties["Architectures"] = json!([]);
    assert_eq!(
        findings("AWS::Lambda::Function", &properties),
        [
            "Layers[1] Value: the same item is listed twice",
            "Architectures Value: expected at least 1 item, found 0",
        ]
    );
}

#[test]
fn some_choices_may_be_written_in_any_case() {
    let broker = |strategy: &str| json!({ "BrokerName": "b", "AuthenticationStrategy": strategy });
    let said = |text: &str| -> Vec<String> {
        let found = findings("AWS::AmazonMQ::Broker", &broker(text));
        found.into_iter().filter(|one| one.contains("AuthenticationStrategy")).collect()
    };
    assert_eq!(said("Ldap"), Vec::<String>::new());
    assert_eq!(
        said("LDAB"),
        ["AuthenticationStrategy Value: `LDAB` is not a known value (did you mean `ldap`?)"]
    );
}

/// What AWS says with alternatives is only as strict as all of them.
#[test]
fn nested_maps_may_need_one_of_some_properties() {
    let table = |throughput: Json| {
        let key = json!([{ "AttributeName": "id", "KeyType": "HASH" }]);
        json!({ "KeySchema": key, "WarmThroughput": throughput })
    };
    assert_eq!(
        findings("AWS::DynamoDB::Table", &table(json!({}))),
        ["WarmThroughput Key: `WarmThroughput` needs one of `ReadUnitsPerSecond`, \
          `WriteUnitsPerSecond`"]
    );
    let fits = findings("AWS::DynamoDB::Table", &table(json!({ "ReadUnitsPerSecond": 5 })));
    assert_eq!(fits, Vec::<String>::new());
}

#[test]
fn values_that_aws_keeps_adding_are_only_doubted() {
    let mut properties = function();
    properties["Runtime"] = json!("python3.21");
    assert_eq!(
        findings("AWS::Lambda::Function", &properties),
        ["warning Runtime Value: `python3.21` is not a known value (did you mean `python3.11`?)"]
    );
}

#[test]
fn a_dynamic_reference_is_not_judged() {
    let mut properties = function();
    properties["Role"] = json!("{{resolve:ssm:/role}}");
    assert_eq!(findings("AWS::Lambda::Function", &properties), Vec::<String>::new());
}

#[test]
fn long_values_are_cut_in_messages() {
    let mut properties = function();
    properties["Timeout"] = json!(format!("{}\nsecond line", "x".repeat(100)));
    assert_eq!(
        findings("AWS::Lambda::Function", &properties),
        [format!("Timeout Value: expected an integer, found `{}…`", "x".repeat(60))]
    );
}

#[test]
fn paths_read_as_templates_do() {
    let path = [
        Segment::Key("Policies".to_owned()),
        Segment::Index(0),
        Segment::Key("PolicyName".to_owned()),
    ];
    assert_eq!(path_text(&path), "Policies[0].PolicyName");
    assert_eq!(path_text(&[]), "");
}

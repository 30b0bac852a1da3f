//! What a stack takes from outside: dynamic references, parameters that Systems Manager keeps or
//! that name something in the account, and what another stack tells.

use std::fs;
use std::path::Path;

use aws_sdk_ssm::types::ParameterType;
use cairn::aws::{Access, Clients};
use serde_json::{Value as Json, json};

use crate::support::emulator::ministack;
use crate::support::sandbox::Sandbox;

const STACK: &str = "\
Parameters:
  Days: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /outside/days}
Conditions:
  Month: !Equals [!Ref Days, '30']
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Handler: index.handler
      Runtime: python3.12
      Timeout: '{{resolve:ssm:/outside/seconds:1}}'
      Code: {ZipFile: 'def handler(event, context): return 1'}
      Environment:
        Variables:
          PASSWORD: 'is {{resolve:secretsmanager:outside:SecretString:password}}'
          PLACE: !Sub '{{resolve:ssm:/outside/place}} ${Role}'
  Group:
    Type: AWS::Logs::LogGroup
    Condition: Month
    Properties: {RetentionInDays: !Ref Days}
Outputs:
  Role: {Value: !Ref Role}
";

const OTHER: &str = "\
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: {Fn::GetStackOutput: {StackName: outside, OutputName: Role}}
";

async fn clients(endpoint: &str) -> Clients {
    let access = Access {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        ..Access::default()
    };
    Clients::connect(&access).await
}

async fn put_parameter(clients: &Clients, name: &str, value: &str) {
    let request = clients.ssm().put_parameter().name(name).value(value);
    let request = request.r#type(ParameterType::String).overwrite(true);
    request.send().await.expect("a parameter is kept");
}

/// The function as the emulator has it: how long it may take, and its environment.
async fn function(clients: &Clients) -> (i32, Json) {
    let functions = clients.lambda().list_functions().send().await.expect("functions");
    let function = functions.functions().first().expect("there is one").clone();
    let variables = function.environment.and_then(|one| one.variables).unwrap_or_default();
    (function.timeout.unwrap_or_default(), json!(variables))
}

/// Every file below a folder that has a text in it.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if String::from_utf8_lossy(&fs::read(&path).expect("a file")).contains(text) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_elsewhere_is_used_and_not_kept_here() {
    let server = ministack().await;
    let aws = clients(&server.url).await;
    put_parameter(&aws, "/outside/days", "30").await;
    put_parameter(&aws, "/outside/seconds", "7").await;
    let sandbox = Sandbox::at(&server.url);
    sandbox.write("outside.yaml", STACK);
    sandbox.write("other.yaml", OTHER);
    sandbox.cairn("validate outside.yaml").code(0);

    // What points at nothing is found before anything is changed.
    let said = sandbox.cairn("deploy outside.yaml --yes").code(1).err;
    assert!(said.contains("`password` in the secret `outside` cannot be read"), "{said}");
    assert!(said.contains("outside.yaml:21:"), "{said}");
    let missing = "the parameter `/outside/place` of Systems Manager cannot be read";
    assert!(said.contains(missing), "{said}");
    let roles = aws.iam().list_roles().send().await.expect("roles");
    assert!(roles.roles().is_empty(), "{roles:?}");

    put_parameter(&aws, "/outside/place", "home-of-secrets").await;
    let secret = json!({"password": "hunter2-hunter2"}).to_string();
    let request = aws.secrets_manager().create_secret().name("outside").secret_string(&secret);
    request.send().await.expect("a secret is kept");
    sandbox.cairn("deploy outside.yaml --yes").code(0);
    let (timeout, variables) = function(&aws).await;
    assert_eq!(timeout, 7);
    assert_eq!(variables["PASSWORD"], json!("is hunter2-hunter2"));
    let place = variables["PLACE"].as_str().expect("a text");
    assert!(place.starts_with("home-of-secrets outside-Role-"), "{place}");
    for hidden in ["hunter2", "home-of-secrets"] {
        assert_eq!(files_with(&sandbox.path(".cairn"), hidden), [""; 0]);
    }

    // What is compared is the text, and so a new value is no change and no drift.
    let secret = json!({"password": "another-one"}).to_string();
    let request = aws.secrets_manager().put_secret_value().secret_id("outside");
    request.secret_string(secret).send().await.expect("a secret is kept");
    put_parameter(&aws, "/outside/seconds", "9").await;
    sandbox.cairn("plan outside.yaml --detailed-exitcode").code(0);
    sandbox.cairn("drift outside.yaml").code(0);

    // Another text is one, and is shown as it is written. What else stands there is as it is now.
    sandbox.edit("outside.yaml", "seconds:1", "seconds:2");
    let said = sandbox.cairn("deploy outside.yaml --yes").code(0).out;
    assert!(said.contains("{{resolve:ssm:/outside/seconds:2}}"), "{said}");
    assert!(!said.contains("another-one") && !said.contains("hunter2"), "{said}");
    let (timeout, variables) = function(&aws).await;
    assert_eq!((timeout, &variables["PASSWORD"]), (9, &json!("is another-one")));

    // A parameter's value is asked for each time.
    put_parameter(&aws, "/outside/days", "7").await;
    let said = sandbox.cairn("plan outside.yaml --detailed-exitcode").code(2).out;
    assert!(said.contains("Group"), "{said}");

    let other = sandbox.cairn("deploy other.yaml --yes").code(0).out;
    assert!(other.contains("1 to create"), "{other}");
    let groups = aws.logs().describe_log_groups().send().await.expect("groups");
    let names: Vec<_> = groups.log_groups().iter().filter_map(|one| one.log_group_name()).collect();
    assert!(names.iter().any(|name| name.starts_with("outside-Role-")), "{names:?}");
    for stack in ["other", "outside"] {
        sandbox.cairn(&format!("teardown {stack}.yaml --yes")).code(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_parameter_names_has_to_be_there() {
    let server = ministack().await;
    let aws = clients(&server.url).await;
    let vpc = aws.ec2().create_vpc().cidr_block("10.0.0.0/16").send().await.expect("a VPC");
    let vpc = vpc.vpc.and_then(|vpc| vpc.vpc_id).expect("it has an id");
    let sandbox = Sandbox::at(&server.url);
    sandbox.write(
        "named.yaml",
        "Parameters:\n  Vpc: {Type: 'AWS::EC2::VPC::Id'}\n  Zone: {Type: \
         'AWS::EC2::AvailabilityZone::Name', Default: us-east-1a}\nResources:\n  Subnet:\n    \
         Type: AWS::EC2::Subnet\n    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24, \
         AvailabilityZone: !Ref Zone}\n",
    );
    let plan = |parameters: &str| sandbox.cairn(&format!("plan named.yaml {parameters}"));
    sandbox.cairn("validate named.yaml --parameter Vpc=vpc-0").code(0);
    let said = plan("--parameter Vpc=vpc-0").code(1).err;
    assert!(said.contains("there is no VPC `vpc-0` in account 000000000000"), "{said}");
    assert!(said.contains("named.yaml:2:3"), "{said}");
    let said = plan(&format!("--parameter Vpc={vpc} --parameter Zone=us-east-1z")).code(1).err;
    assert!(said.contains("there is no availability zone `us-east-1z`"), "{said}");
    plan(&format!("--parameter Vpc={vpc}")).code(0);

    // A rule asks the account about it.
    let rule = "Rules:\n  Tagged:\n    Assertions:\n      - Assert: !Equals [{Fn::ValueOf: [Vpc, \
                Tags.Department]}, IT]\nResources:";
    sandbox.edit("named.yaml", "Resources:", rule);
    let said = plan(&format!("--parameter Vpc={vpc}")).code(1).err;
    assert!(said.contains("the rule `Tagged` is broken"), "{said}");
    let tag = aws_sdk_ec2::types::Tag::builder().key("Department").value("IT").build();
    aws.ec2().create_tags().resources(&vpc).tags(tag).send().await.expect("it is tagged");
    plan(&format!("--parameter Vpc={vpc}")).code(0);
}

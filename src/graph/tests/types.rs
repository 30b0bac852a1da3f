//! Templates of types that Cairn cannot deploy: checked like any other, and refused only where
//! they would be deployed.

use super::{graph, inputs, said, template};
use crate::graph::{Inputs, synth};

/// What a template is told by commands that do not deploy it.
#[track_caller]
fn check(text: &str, expected: &str) {
    let findings = match synth(template(text), inputs(&[])) {
        Ok(graph) => [graph.warnings, graph.obstacles].concat(),
        Err(findings) => findings,
    };
    assert_eq!(said(&findings).trim_end(), expected.trim(), "{text}");
}

#[test]
fn types_that_cannot_be_deployed_are_checked() {
    check(
        r"
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketNam: a
      AccessControl: Privat
      VersioningConfiguration: {}
      LifecycleConfiguration: {Rules: [{Status: Enabled, ExpirationInDays: soon}]}
      WebsiteConfiguration: index.html
      Arn: arn:aws:s3:::a
",
        r"
~4:11 Cairn cannot deploy `AWS::S3::Bucket` yet | `cairn types` lists what it can
6:7 `AWS::S3::Bucket` has no property `BucketNam` | did you mean `BucketName`?
7:22 `Privat` is not a known value | did you mean `Private`? | https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucket.html
8:7 `VersioningConfiguration` lacks the property `Status`
9:76 expected an integer, found `soon`
10:29 expected a map, found `index.html`
11:7 `Arn` is for AWS to set | leave it out; `Fn::GetAtt` and `Ref` read it
",
    );
    check(
        r"
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableClass: CHEAP
      TableName: ''
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: by name
          KeySchema: []
          Projection: {ProjectionType: ALL}
  Queue:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: sometimes, VisibilityTimeout: 43201, QueueName: [a]}
  Service:
    Type: AWS::ECS::Service
    Properties:
      LaunchType: FARGAT
      NetworkConfiguration: {AwsvpcConfiguration: {SecurityGroups: [!GetAtt Queue.Arn]}}
Outputs:
  Stream: {Value: !GetAtt Table.StreamArm}
  Queue: {Value: !GetAtt Queue.QueueUri}
",
        r"
~4:11 Cairn cannot deploy `AWS::DynamoDB::Table` yet | `cairn types` lists what it can
6:19 `CHEAP` is not a known value | use one of `STANDARD`, `STANDARD_INFREQUENT_ACCESS` | https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-table.html
7:18 expected at least 1 character, found 0 | https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-table.html
10:22 `by name` does not have the form AWS wants | the form is `^[a-zA-Z0-9_.-]+$` | https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-table.html
11:22 expected at least 1 item, found 0 | https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-table.html
~14:11 Cairn cannot deploy `AWS::SQS::Queue` yet | `cairn types` lists what it can
15:29 expected a boolean, found `sometimes`
15:59 expected at most 43200, found 43201 | https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sqs-queue.html
15:77 expected a string, found a list
~17:11 Cairn cannot deploy `AWS::ECS::Service` yet | `cairn types` lists what it can
19:19 `FARGAT` is not a known value | did you mean `FARGATE`? | https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ecs-service.html
22:27 `AWS::DynamoDB::Table` has no attribute `StreamArm` | did you mean `StreamArn`?
23:26 `AWS::SQS::Queue` has no attribute `QueueUri` | did you mean `QueueUrl`?
",
    );
}

#[test]
fn a_type_is_near_any_that_aws_has() {
    check(
        r"
Resources:
  A: {Type: AWS::S3::Buckets}
  B: {Type: Aws::DynamoDB::Table}
  C: {Type: AWS::Nothing::Whatever}
  D: {Type: Thing}
",
        r"
3:13 Cairn knows no resource type `AWS::S3::Buckets` | did you mean `AWS::S3::Bucket`?
4:13 Cairn knows no resource type `Aws::DynamoDB::Table` | did you mean `AWS::DynamoDB::Table`?
5:13 Cairn knows no resource type `AWS::Nothing::Whatever` | `cairn types --all` lists the types that AWS has
6:13 Cairn knows no resource type `Thing` | `cairn types --all` lists the types that AWS has
",
    );
}

#[test]
fn what_others_define_is_taken_as_it_is() {
    check(
        r#"
Resources:
  Custom: {Type: Custom::Thing, Properties: {ServiceToken: arn, Anything: [{A: 1}]}}
  Same: {Type: AWS::CloudFormation::CustomResource, Properties: {ServiceToken: arn, A: 1}}
  Monitor: {Type: Datadog::Monitors::Monitor, Properties: {Query: !GetAtt Custom.What.Ever}}
  Module: {Type: My::S3::SampleBucket::MODULE, Properties: {Name: n}}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://a}}
Outputs:
  A: {Value: !GetAtt Nested.Outputs.Url}
  B: {Value: !Ref Module.Bucket}
  C: {Value: !GetAtt Module.Bucket.Arn}
  D: {Value: !Sub "${ModuleBucket} ${Monitor.Id}"}
"#,
        r"
~3:18 Cairn cannot deploy `Custom::Thing` yet | what its function does for CloudFormation has to be done in another way
~4:16 Cairn cannot deploy `AWS::CloudFormation::CustomResource` yet | what its function does for CloudFormation has to be done in another way
~5:19 Cairn cannot deploy `Datadog::Monitors::Monitor` yet | it is no type of AWS's: nothing is known of its properties
~6:18 Cairn cannot deploy `My::S3::SampleBucket::MODULE` yet | what is in the module is not known here
~7:18 Cairn cannot deploy `AWS::CloudFormation::Stack` yet | make what is in it a stack of its own: stacks can import from each other
",
    );
    check(
        r"
Resources:
  Custom: {Type: Custom::Thing, Properties: {A: 1}}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://a}}
Outputs:
  A: {Value: !GetAtt Nested.Output.Url}
",
        r"
3:3 `AWS::CloudFormation::CustomResource` lacks the property `ServiceToken`
~3:18 Cairn cannot deploy `Custom::Thing` yet | what its function does for CloudFormation has to be done in another way
~4:18 Cairn cannot deploy `AWS::CloudFormation::Stack` yet | make what is in it a stack of its own: stacks can import from each other
6:22 `AWS::CloudFormation::Stack` has no attribute `Output.Url` | it offers StackId, Outputs
",
    );
}

#[test]
fn only_what_would_be_deployed_is_in_the_way() {
    let text = r"
Resources:
  One: {Type: AWS::SQS::Queue}
  Two: {Type: AWS::SQS::Queue}
  Topic: {Type: AWS::SNS::Topic, Condition: Never}
  Group: {Type: AWS::Logs::LogGroup}
Conditions: {Never: !Equals [a, b]}
";
    let graph = graph(text);
    assert_eq!(graph.undeployable_count(), 2);
    let refused = graph.deployable().expect_err("there are queues in it");
    assert_eq!(
        said(&refused),
        "3:15 Cairn cannot deploy `AWS::SQS::Queue` yet: 2 resources | `cairn types` lists what it can\n"
    );
    let deployable = super::graph("Resources: {Group: {Type: AWS::Logs::LogGroup}}").deployable();
    assert!(deployable.is_ok());
}

#[test]
fn a_type_that_the_region_lacks_is_doubted() {
    let text = r"
Resources:
  One: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, TargetFunctionArn: f}}
  Two: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, TargetFunctionArn: g}}
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
";
    let warnings = |region: &str| {
        let inputs = Inputs { region: region.to_owned(), ..inputs(&[]) };
        said(&synth(template(text), inputs).expect("it is right").warnings)
    };
    assert_eq!(
        warnings("eu-central-2"),
        "~3:15 AWS does not list `AWS::Lambda::Url` among the types of eu-central-2 | look whether \
         the service is there before you deploy\n"
    );
    for region in ["us-east-1", "eu-west-1", "xx-nowhere-1"] {
        assert_eq!(warnings(region), "");
    }
}

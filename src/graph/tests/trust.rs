//! What is said of roles that are given to a service which they do not trust.

use super::{inputs, said, template};
use crate::graph::synth;

/// What is said of a function, an agent and the account, which all have the role with this trust.
fn found(trust: &str) -> String {
    let text = format!(
        "Parameters:
  Other: {{Type: String, Default: sqs.amazonaws.com}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {trust}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      PackageType: Image
      Code: {{ImageUri: x}}
  Agent:
    Type: AWS::Bedrock::Agent
    Properties:
      AgentName: one
      AgentResourceRoleArn: !GetAtt Role.Arn
  Account:
    Type: AWS::ApiGateway::Account
    Properties:
      CloudWatchRoleArn: !GetAtt Role.Arn
  Table:
    Type: AWS::Logs::LogGroup
"
    );
    let findings = match synth(template(&text), inputs(&[])) {
        Ok(graph) => graph.warnings,
        Err(findings) => findings,
    };
    said(&findings)
}

fn allowing(principal: &str) -> String {
    format!("{{Statement: [{{Effect: Allow, Action: 'sts:AssumeRole', Principal: {principal}}}]}}")
}

/// Which of the three are told that they cannot use the role.
fn refused(trust: &str) -> Vec<&'static str> {
    let said = found(trust);
    let names = ["Function", "Agent", "Account"];
    names.into_iter().filter(|name| said.contains(&format!("`{name}` cannot use"))).collect()
}

#[test]
fn a_role_that_trusts_others_is_refused_where_it_is_used() {
    let line = found(&allowing("{Service: [bedrock.amazonaws.com, apigateway.amazonaws.com]}"));
    assert_eq!(
        line.trim(),
        "11:13 `Function` cannot use the role `Role`: its trust policy does not let \
         `lambda.amazonaws.com` assume it | add `Service: lambda.amazonaws.com` to the `Principal` in \
         the `AssumeRolePolicyDocument` of `Role`"
    );
    let all = ["Function", "Agent", "Account"];
    for trust in [
        "{Service: ec2.amazonaws.com}",
        "{Service: !Ref Other}",
        "{Service: edgelambda.amazonaws.com}",
        "{AWS: 'arn:aws:iam::123456789012:root'}",
        "{Federated: cognito-identity.amazonaws.com}",
        "{AWS: ['123456789012'], Service: [ec2.amazonaws.com]}",
    ] {
        assert_eq!(refused(&allowing(trust)), all, "{trust}");
    }
    let one = "{Statement: {Effect: Allow, Action: '*', Principal: {Service: !Sub 'lambda.${AWS::URLSuffix}'}}}";
    assert_eq!(refused(one), ["Agent", "Account"]);
    let denied = "{Statement: [{Effect: Deny, Action: 'sts:AssumeRole', Principal: '*'}]}";
    assert_eq!(refused(denied), all);
}

#[test]
fn what_might_trust_a_service_is_left_to_aws() {
    for trust in [
        "'*'",
        "{AWS: '*'}",
        "{Service: '*'}",
        "{Service: [ec2.amazonaws.com, '*.amazonaws.com']}",
        "{Service: !GetAtt Table.Arn}",
        "{Service: '{{resolve:ssm:service}}'}",
        "{Service: [lambda.us-east-1.amazonaws.com, Bedrock.amazonaws.com, apigateway.amazonaws.com]}",
        "{Other: x}",
    ] {
        assert_eq!(refused(&allowing(trust)), [""; 0], "{trust}");
    }
    for document in [
        "{}",
        "{Statement: []}",
        "{Statement: [{Effect: Allow, Action: 'sts:AssumeRole', NotPrincipal: {Service: x.amazonaws.com}}]}",
        "{Statement: [{Effect: Allow, Action: 'sts:AssumeRole'}]}",
    ] {
        assert_eq!(refused(document), [""; 0], "{document}");
    }
}

//! Tags that AWS would refuse, or that Cairn needs for itself.

use std::fmt::Write as _;

use super::{graph, inputs, said, template};
use crate::graph::synth;

fn with_tags(type_name: &str, properties: &str, count: usize) -> String {
    let mut text = format!("Resources:\n  It:\n    Type: {type_name}\n    Properties:\n");
    let _ = write!(text, "      {properties}\n      Tags:\n");
    for number in 0..count {
        let _ = writeln!(text, "        - {{Key: key{number}, Value: v}}");
    }
    text
}

#[test]
fn as_many_as_leave_room_for_the_marks() {
    const VPC: (&str, &str) = ("AWS::EC2::VPC", "CidrBlock: 10.0.0.0/16");
    assert_eq!(said(&graph(&with_tags(VPC.0, VPC.1, 47)).warnings), "");
    // One that was adopted may have as many.
    assert_eq!(
        said(&graph(&with_tags(VPC.0, VPC.1, 48)).warnings),
        "~6:7 48 tags leave no room for Cairn's own | what Cairn is to make can have 47\n"
    );
    // Those of the environment count.
    let mut given = inputs(&[]);
    given.tags.insert("team".to_owned(), "a".to_owned());
    let findings = synth(template(&with_tags(VPC.0, VPC.1, 50)), given).expect_err("one more");
    assert_eq!(
        said(&findings).trim_end(),
        "6:7 51 tags: 50 is the most \
         | https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html"
    );
}

#[test]
fn none_twice_and_none_that_are_others() {
    let text = "
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties:
      CidrBlock: 10.0.0.0/16
      Tags: [{Key: a, Value: b}, {Key: A, Value: b}, {Key: a, Value: c}, {Key: AWS:x, Value: y}]
  Agent:
    Type: AWS::Bedrock::Agent
    Properties: {AgentName: it, Tags: {'cairn:stack': mine}}
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}, Tags: [{Key: a, Value: b}, {Key: A, Value: b}]}
";
    let findings = synth(template(text), inputs(&[])).expect_err("four mistakes");
    assert_eq!(
        said(&findings).trim_end(),
        "7:54 the tag `a` is there twice | keep one \
         | https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html\n\
         7:74 the tag `AWS:x` begins with `aws:`, as AWS's own do | give it another name \
         | https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html\n\
         10:40 the tag `cairn:stack` begins with `cairn:`, as Cairn's own do | give it another name\n\
         13:75 the tag `A` is there twice | keep one \
         | https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html"
    );
}

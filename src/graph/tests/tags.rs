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
    graph(&with_tags(VPC.0, VPC.1, 47));
    let findings = synth(template(&with_tags(VPC.0, VPC.1, 48)), inputs(&[])).expect_err("");
    assert_eq!(
        said(&findings).trim_end(),
        "6:7 48 tags: 47 is the most | AWS takes 50, and Cairn finds its own again by 3 of them \
         | https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html"
    );
    // Those of the environment count.
    let mut given = inputs(&[]);
    given.tags.insert("team".to_owned(), "a".to_owned());
    let findings = synth(template(&with_tags(VPC.0, VPC.1, 47)), given).expect_err("one more");
    assert!(said(&findings).contains("48 tags"), "{}", said(&findings));
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
";
    let findings = synth(template(text), inputs(&[])).expect_err("three mistakes");
    assert_eq!(
        said(&findings).trim_end(),
        "7:54 the tag `a` is there twice | keep one \
         | https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html\n\
         7:74 the tag `AWS:x` begins with `aws:`, as AWS's own do | give it another name \
         | https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html\n\
         10:40 the tag `cairn:stack` begins with `cairn:`, as Cairn's own do | give it another name"
    );
}

use std::sync::Arc;

use super::{hash, stack};
use crate::diagnostic::Source;
use crate::graph::{Inputs, synth};
use crate::sketch::Sketch;
use crate::template::parse;

const TEMPLATE: &str = "\
Parameters:
  Word: {Type: String, NoEcho: true, Default: hush-hush}
Resources:
  Key:
    Type: AWS::ApiGateway::ApiKey
    Properties: {Value: a-key-of-twenty-characters}
  Base:
    Type: AWS::RDS::DBInstance
    Properties: {MasterUserPassword: correct-horse, Engine: mysql, DBInstanceClass: db.t3.micro}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::123456789012:role/r
      Code: {S3Bucket: code, S3Key: one.zip}
      Environment: {Variables: {WORD: !Ref Word, OTHER: !Sub 'with ${Word}', KEY: !Ref Key}}
";

fn page() -> String {
    let source = Arc::new(Source { name: "t.yaml".to_owned(), text: TEMPLATE.to_owned() });
    let template = parse(&source).unwrap_or_else(|all| panic!("{all:?}"));
    let inputs = Inputs {
        stack: "sample".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        ..Inputs::default()
    };
    let graph = synth(Arc::new(template), inputs).unwrap_or_else(|all| panic!("{all:?}"));
    stack::render(&graph, &Sketch::of_graph(&graph))
}

/// Those of types that Cairn cannot deploy as well.
#[test]
fn a_page_has_no_secret() {
    let page = page();
    for secret in ["hush-hush", "a-key-of-twenty-characters", "correct-horse"] {
        assert!(!page.contains(secret), "{secret}");
    }
    assert!(page.contains("mysql") && page.contains("(not shown)"));
    assert_eq!(page.matches("&lt;secret sha256:").count(), 2);
}

/// The policy lets in what stands in the page and nothing else.
#[test]
fn a_page_names_its_style_and_its_script() {
    let page = page();
    let between = |start: &str, end: &str| {
        let (_, rest) = page.split_once(start).expect("it begins");
        rest.split_once(end).expect("it ends").0.to_owned()
    };
    let policy = between("Content-Security-Policy\" content=\"", "\"");
    for (kind, text) in
        [("style", between("<style>", "</style>")), ("script", between("<script>", "</script>"))]
    {
        assert!(policy.contains(&format!("{kind}-src '{}'", hash(&text))), "{policy}");
    }
    assert!(!page.contains("http://www.w3.org/1999") && !page.contains(" src="));
}

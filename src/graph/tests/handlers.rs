//! What is said of a function's handler.

use super::{inputs, said, template};
use crate::graph::{AssetRef, synth};

/// What is said of a function with these files, or with inline code where there are none.
fn findings(runtime: &str, handler: &str, files: &[&str], besides: &str) -> String {
    let code = if files.is_empty() { "{ZipFile: x}" } else { "./code" };
    let text = format!(
        "Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Handler: {handler}
      Runtime: {runtime}
      Role: arn:aws:iam::012345678901:role/r
      Code: {code}
{besides}"
    );
    let mut inputs = inputs(&[]);
    if !files.is_empty() {
        let asset = AssetRef {
            property: "Code".to_owned(),
            path: "./code".to_owned(),
            sha256: "abc".to_owned(),
            files: files.iter().map(|file| (*file).to_owned()).collect(),
        };
        inputs.assets.insert("F".into(), asset);
    }
    let findings = match synth(template(&text), inputs) {
        Ok(graph) => graph.warnings,
        Err(findings) => findings,
    };
    said(&findings).trim_end().to_owned()
}

#[test]
fn a_handler_that_is_there_is_found() {
    for (runtime, handler, files) in [
        ("python3.13", "index.handler", &["index.py"][..]),
        ("python3.13", "app.main.handler", &["app/main.py"]),
        ("python3.13", "app/main.handler", &["app/main.py"]),
        ("python3.13", "app.handler", &["app/__init__.py"]),
        ("python3.13", "app.handler", &["app.cpython-313-x86_64-linux-gnu.so"]),
        ("nodejs22.x", "index.handler", &["index.mjs"]),
        ("nodejs22.x", "dist/app.routes.get", &["dist/app.js"]),
        ("nodejs22.x", "./dist/app.get", &["dist/app.cjs"]),
        ("nodejs22.x", "server.get", &["server/index.js"]),
        ("nodejs22.x", "kit/lambda.handler", &["node_modules/kit/lambda.js"]),
        ("nodejs22.x", "node_modules/kit/lambda.handler", &["node_modules/kit/lambda.js"]),
        ("python3.13", "index.handler", &[]),
        ("nodejs22.x", "index.handler", &[]),
        // Nothing is known of how these look for it.
        ("java21", "example.Handler::handleRequest", &["lib/x.jar"]),
        ("provided.al2023", "anything", &["bootstrap"]),
        ("nodejs22.x", "/opt/nodejs/lambda.handler", &["index.js"]),
    ] {
        assert_eq!(findings(runtime, handler, files, ""), "", "{runtime} {handler} {files:?}");
    }
}

#[test]
fn a_handler_that_is_not_in_the_code_is_an_error() {
    for (runtime, handler, files, expected) in [
        (
            "python3.13",
            "indx.handler",
            &["index.py", "util.py"][..],
            "5:16 the code of `F` has no module `indx` | did you mean `index.handler`?",
        ),
        (
            "python3.13",
            "index.handler",
            &["lambda_function.py", "docs/readme.md"],
            "5:16 the code of `F` has no module `index` | did you mean `lambda_function.handler`?",
        ),
        (
            "nodejs22.x",
            "index.handler",
            &["a.mjs", "other.js", "index.py"],
            "5:16 the code of `F` has no module `index` | it has `a`, `other`",
        ),
        (
            "nodejs22.x",
            "index.handler",
            &["src/index.js"],
            "5:16 the code of `F` has no module `index` | no module lies at the top of it",
        ),
        (
            "python3.13",
            "handler",
            &["handler.py"],
            "5:16 the handler `handler` names no module and function | write it as `module.function`",
        ),
        (
            "python3.13",
            "lambda_function.handler",
            &[],
            "5:16 the code of `F` has no module `lambda_function` | did you mean `index.handler`?",
        ),
        (
            "nodejs22.x",
            "app.handler",
            &[],
            "5:16 the code of `F` has no module `app` | did you mean `index.handler`?",
        ),
    ] {
        assert_eq!(findings(runtime, handler, files, ""), expected, "{runtime} {handler}");
    }
}

#[test]
fn a_handler_that_may_be_elsewhere_is_doubted() {
    let expected = "~5:16 the code of `F` has no module `kit`; it has to be in a layer | did you \
                    mean `index.handler`?";
    for besides in [
        "      Layers: ['arn:aws:lambda:us-east-1:012345678901:layer:l:1']\n",
        "      Environment: {Variables: {PYTHONPATH: /var/task/src}}\n",
        "      FileSystemConfigs: [{Arn: 'arn:aws:elasticfilesystem:us-east-1:012345678901:access-point/fsap-0123456789abcdef0', LocalMountPath: /mnt/a}]\n",
    ] {
        assert_eq!(findings("python3.13", "kit.handler", &["index.py"], besides), expected);
    }
    let besides = "      Layers: []\n      Environment: {Variables: {LEVEL: info}}\n";
    let expected = "5:16 the code of `F` has no module `kit` | did you mean `index.handler`?";
    assert_eq!(findings("python3.13", "kit.handler", &["index.py"], besides), expected);
}

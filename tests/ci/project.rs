//! The project whose stacks are planned and deployed.

use crate::support::sandbox::Sandbox;

pub const STACK: &str = "infrastructure/stacks/hut";

const TEMPLATE: &str = r#"
Parameters:
  Days: {Type: Number, Default: 1}
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: hut, RetentionInDays: !Ref Days}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
"#;

/// A repository whose project is not at its root.
pub fn project(endpoint: &str) -> Sandbox {
    let sandbox = Sandbox::at(endpoint);
    for file in ["config/default.yaml", "config/test.yaml"] {
        sandbox.write(&format!("infrastructure/{file}"), &sandbox.read(file));
    }
    std::fs::remove_dir_all(sandbox.path("config")).expect("a folder");
    sandbox.write(&format!("{STACK}/stack.yaml"), TEMPLATE);
    sandbox
}

/// Somebody changes the template.
pub fn keep_for(sandbox: &Sandbox, days: &str) {
    let file = format!("{STACK}/stack.yaml");
    let text = sandbox.read(&file);
    let (before, after) = text.split_once("Default: ").expect("a default");
    let (_, after) = after.split_once('}').expect("an end");
    sandbox.write(&file, &format!("{before}Default: {days}}}{after}"));
}

/// Somebody makes it wrong.
pub fn break_template(sandbox: &Sandbox) {
    sandbox.edit(&format!("{STACK}/stack.yaml"), "LogGroupName: hut", "LogGruopName: hut");
}

//! Names that somebody else has already, where no two may have the same.

use super::{Look, Subject, is_absent, known};
use crate::aws::{Aws, Fault};
use crate::diagnostic::Severity;
use crate::plan::Finding;
use crate::resource;
use crate::state::Naming;

const NAME: &str = "names";

/// Types whose names are looked for, the property, and what people call them.
const KINDS: [(&str, &str, &str); 4] = [
    ("AWS::Lambda::Function", "FunctionName", "a function"),
    ("AWS::IAM::Role", "RoleName", "a role"),
    ("AWS::Logs::LogGroup", "LogGroupName", "a log group"),
    ("AWS::Bedrock::Agent", "AgentName", "an agent"),
];

pub async fn check(subject: &Subject<'_>) -> Look {
    let mut look = Look::default();
    for (type_name, property, what) in KINDS {
        for (step, properties) in subject.new_ones(type_name) {
            // A name of Cairn's own is nobody else's.
            let is_declared = subject.outlooks[step.id.0].naming == Naming::Declared;
            let Some(name) = known(properties, property).filter(|_| is_declared) else { continue };
            match is_taken(subject.aws, type_name, name).await {
                Ok(false) => {}
                Ok(true) => {
                    let message =
                        format!("there is {what} `{name}` already, and it is not this stack's");
                    let finding = Finding::new(Severity::Error, NAME, message)
                        .hint("choose another name, or leave it out and let Cairn generate one");
                    look.add(finding.of(subject.graph, &step.logical_id, &[property]));
                }
                Err(fault) => look.unchecked(&format!("whether there is {what} `{name}`"), &fault),
            }
        }
    }
    look
}

async fn is_taken(aws: &Aws, type_name: &str, name: &str) -> Result<bool, Fault> {
    let found = match type_name {
        "AWS::Lambda::Function" => aws
            .call("lambda:GetFunction", || aws.lambda().get_function().function_name(name).send())
            .await
            .map(|_| true),
        "AWS::IAM::Role" => aws
            .call("iam:GetRole", || aws.iam().get_role().role_name(name).send())
            .await
            .map(|_| true),
        "AWS::Logs::LogGroup" => {
            let answer = aws
                .call("logs:DescribeLogGroups", || {
                    aws.logs().describe_log_groups().log_group_name_prefix(name).send()
                })
                .await;
            answer.map(|one| one.log_groups().iter().any(|one| one.log_group_name() == Some(name)))
        }
        _ => resource::agents(aws)
            .await
            .map(|agents| agents.iter().any(|agent| agent.agent_name() == name)),
    };
    match found {
        Err(fault) if is_absent(&fault) => Ok(false),
        other => other,
    }
}

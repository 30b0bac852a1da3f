//! Dynamic references where they stand in a template: well formed, allowed there, and not too many.

use std::collections::BTreeSet;

use super::{Graph, Lookup, Nothing};
use crate::diagnostic::{Diagnostic, Span};
use crate::schema::{self, At, Segment};
use crate::template::dynamic::{Found, Reference, has_reference, references};
use crate::value::{LogicalId, Value};

const DOCUMENTATION: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html";

/// How many CloudFormation takes in one template.
const MOST: usize = 60;

/// The only properties that take `ssm-secure`, as AWS lists them.
const SECURE: &[(&str, &str)] = &[
    ("AWS::DirectoryService::MicrosoftAD", "Password"),
    ("AWS::DirectoryService::SimpleAD", "Password"),
    ("AWS::ElastiCache::ReplicationGroup", "AuthToken"),
    ("AWS::IAM::User", "LoginProfile.Password"),
    ("AWS::KinesisFirehose::DeliveryStream", "RedshiftDestinationConfiguration.Password"),
    ("AWS::OpsWorks::App", "AppSource.Password"),
    ("AWS::OpsWorks::Stack", "CustomCookbooksSource.Password"),
    ("AWS::OpsWorks::Stack", "RdsDbInstances[].DbPassword"),
    ("AWS::RDS::DBCluster", "MasterUserPassword"),
    ("AWS::RDS::DBInstance", "MasterUserPassword"),
    ("AWS::Redshift::Cluster", "MasterUserPassword"),
];

/// One dynamic reference of a resource, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    pub reference: Reference,
    pub span: Span,
}

impl Graph {
    /// The dynamic references in a resource's properties, as far as they are known. What is
    /// malformed was complained of by [`super::synth`].
    pub fn references(&self, id: &LogicalId, lookup: &dyn Lookup) -> Vec<Placed> {
        let mut placed = Vec::new();
        self.each_reference(id, lookup, &mut |span, _, found| {
            if let Ok(reference) = found.reference {
                placed.push(Placed { reference, span });
            }
        });
        placed
    }

    fn each_reference(
        &self,
        id: &LogicalId,
        lookup: &dyn Lookup,
        tell: &mut dyn FnMut(Span, &[Segment], Found),
    ) {
        let mut evaluator = self.evaluator(lookup);
        let properties = self.evaluate_properties(id, &mut evaluator);
        each_text(&properties, &mut Vec::new(), &mut |path, text, is_whole| {
            let known = |found: &Found| is_whole || !text[found.at.clone()].contains("${");
            for found in references(text).into_iter().filter(known) {
                tell(self.span_of(id, path, At::Value), path, found);
            }
        });
    }
}

/// Every text that has a dynamic reference in it, and whether it is known as a whole: what an
/// unknown is made of has `${Name}` where something is missing.
fn each_text(value: &Value, path: &mut Vec<Segment>, tell: &mut dyn FnMut(&[Segment], &str, bool)) {
    match value {
        Value::String(text) if has_reference(text) => tell(path, text, true),
        Value::Unknown(unknown) if has_reference(&unknown.source) => {
            tell(path, &unknown.source, false);
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(Segment::Index(index));
                each_text(item, path, tell);
                path.pop();
            }
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                path.push(Segment::Key(key.clone()));
                each_text(value, path, tell);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Checks every one that is known.
pub fn check(graph: &Graph, diagnostics: &mut Vec<Diagnostic>) {
    if !graph.template.source.text.contains("resolve:") {
        return;
    }
    let mut seen = BTreeSet::new();
    for node in graph.nodes.values() {
        graph.each_reference(&node.id, &Nothing, &mut |span, path, found| {
            let finding = match &found.reference {
                Err(malformed) => Some(Diagnostic::error(&malformed.problem).hint(&malformed.hint)),
                Ok(Reference::SsmSecure(stored)) if !takes_secure(&node.type_name, path) => Some(
                    Diagnostic::error(format!(
                        "the encrypted parameter `{}` cannot be used for `{}` of `{}`",
                        stored.name,
                        schema::path_text(path),
                        node.type_name
                    ))
                    .hint("keep it in Secrets Manager: `{{resolve:secretsmanager:…}}`"),
                ),
                Ok(Reference::SecretsManager(_)) if is_told(graph, &node.id, path) => Some(
                    Diagnostic::error(format!(
                        "a secret cannot be the `{}` of `{}`",
                        schema::path_text(path),
                        node.type_name
                    ))
                    .hint("AWS tells it as an id or an attribute, which is stored and shown"),
                ),
                Ok(_) => None,
            };
            if let Ok(reference) = found.reference {
                seen.insert(reference);
            }
            diagnostics.extend(
                finding.map(|one| one.at(&graph.template.source, span).hint(DOCUMENTATION)),
            );
        });
    }
    if seen.len() > MOST {
        let message =
            format!("{} dynamic references: CloudFormation takes {MOST} in a template", seen.len());
        diagnostics.push(Diagnostic::warning(message).hint(DOCUMENTATION));
    }
    outputs(graph, diagnostics);
}

/// What is told is also kept, and so is no place for a secret.
fn outputs(graph: &Graph, diagnostics: &mut Vec<Diagnostic>) {
    // What is wrong in them was said before.
    let Ok(outputs) = graph.outputs(&Nothing) else { return };
    for output in outputs {
        let Some(text) = output.value.as_text().filter(|text| has_reference(text)) else {
            continue;
        };
        let span = graph.template.outputs[&output.name].value.span;
        for found in references(text) {
            let finding = match found.reference {
                Err(malformed) => Diagnostic::error(malformed.problem).hint(malformed.hint),
                Ok(Reference::Ssm(_)) => Diagnostic::warning(format!(
                    "the output `{}` keeps its dynamic reference as it is written",
                    output.name
                ))
                .hint("an output is stored and shown, and what a reference stands for is not"),
                Ok(_) => {
                    Diagnostic::error(format!("the output `{}` cannot be a secret", output.name))
                        .hint("tell where it is kept instead")
                }
            };
            diagnostics.push(finding.at(&graph.template.source, span));
        }
    }
}

/// Whether AWS makes an id or an attribute of a property: what is known of a resource everywhere.
fn is_told(graph: &Graph, id: &LogicalId, path: &[Segment]) -> bool {
    let (Some(facts), [Segment::Key(property), ..]) = (graph.facts(id), path) else { return false };
    let is_it = |one: &String| one == property;
    facts.primary_identifier.iter().any(is_it) || facts.attributes.iter().any(is_it)
}

fn takes_secure(type_name: &str, path: &[Segment]) -> bool {
    let path: String = path
        .iter()
        .map(|segment| match segment {
            Segment::Key(key) => format!(".{key}"),
            Segment::Index(_) => "[]".to_owned(),
        })
        .collect();
    SECURE.contains(&(type_name, path.trim_start_matches('.')))
}

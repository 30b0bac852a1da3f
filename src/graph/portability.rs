//! What CloudFormation would not take and Cairn does: its limits to a template. Each is a warning,
//! since the same template may be meant for both.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>

use super::Graph;
use crate::diagnostic::{Diagnostic, Span};
use crate::template::{Node, Template};

const DOCUMENTATION: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html";

const MOST_RESOURCES: usize = 500;
const MOST_OTHERS: usize = 200;
const TEMPLATE_BYTES: usize = 1 << 20;
const DESCRIPTION_BYTES: usize = 1024;
const PARAMETER_DESCRIPTION: usize = 4000;
const PARAMETER_BYTES: usize = 4096;
const NAME_LENGTH: usize = 255;

/// Warns of every limit that is exceeded.
pub fn check(graph: &Graph, diagnostics: &mut Vec<Diagnostic>) {
    let template = &graph.template;
    let mut warn = |span: Span, message: String| {
        let warning = Diagnostic::warning(message).at(&template.source, span);
        diagnostics.push(warning.hint(DOCUMENTATION));
    };
    for (section, count, most) in [
        ("Resources", template.resources.len(), MOST_RESOURCES),
        ("Parameters", template.parameters.len(), MOST_OTHERS),
        ("Outputs", template.outputs.len(), MOST_OTHERS),
        ("Mappings", template.mappings.len(), MOST_OTHERS),
    ] {
        if count > most {
            let noun = section.to_lowercase();
            warn(
                section_span(template, section),
                format!("{count} {noun}: CloudFormation takes {most} in a template"),
            );
        }
    }
    if template.source.text.len() > TEMPLATE_BYTES {
        let bytes = template.source.text.len();
        let message =
            format!("a template of {bytes} bytes: CloudFormation takes {TEMPLATE_BYTES} at most");
        warn(Span::default(), message);
    }
    if let Some(node) = template.root.get("Description") {
        let bytes = node.text().map_or(0, str::len);
        if bytes > DESCRIPTION_BYTES {
            let message = format!(
                "a description of {bytes} bytes: CloudFormation takes {DESCRIPTION_BYTES} at most"
            );
            warn(node.span, message);
        }
    }
    long_names(template, &mut warn);
    for parameter in template.parameters.values() {
        let length = parameter.description.as_deref().map_or(0, |text| text.chars().count());
        if length > PARAMETER_DESCRIPTION {
            let message = format!(
                "a description of {length} characters: CloudFormation takes \
                 {PARAMETER_DESCRIPTION} of a parameter"
            );
            warn(parameter.name_span, message);
        }
        let given = graph.inputs.parameters.get(&parameter.name).map(|given| given.text.len());
        let default = parameter.default.as_ref().and_then(Node::text).map(str::len);
        let bytes = given.or(default).unwrap_or(0);
        if bytes > PARAMETER_BYTES {
            let message = format!(
                "the value of `{}` has {bytes} bytes: CloudFormation takes {PARAMETER_BYTES}",
                parameter.name
            );
            warn(parameter.name_span, message);
        }
    }
    for (name, mapping) in &template.mappings {
        let most = mapping.entries().iter().map(|top| top.value.entries().len()).max();
        let count = most.unwrap_or(0).max(mapping.entries().len());
        if count > MOST_OTHERS {
            let message = format!(
                "{count} keys in the mapping `{name}`: CloudFormation takes {MOST_OTHERS} in one"
            );
            warn(mapping.span, message);
        }
    }
}

fn long_names(template: &Template, warn: &mut dyn FnMut(Span, String)) {
    let resources = template.resources.values().map(|one| (one.id.as_str(), one.id_span));
    let parameters = template.parameters.values().map(|one| (one.name.as_str(), one.name_span));
    let outputs = template.outputs.values().map(|one| (one.name.as_str(), one.name_span));
    for (name, span) in resources.chain(parameters).chain(outputs) {
        if name.len() > NAME_LENGTH {
            let length = name.len();
            warn(
                span,
                format!("a name of {length} characters: CloudFormation takes {NAME_LENGTH}"),
            );
        }
    }
}

fn section_span(template: &Template, section: &str) -> Span {
    let entry = template.root.entries().iter().find(|entry| entry.key == section);
    entry.map_or(template.root.span, |entry| entry.key_span)
}

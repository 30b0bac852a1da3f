//! `cairn synth`: the resolved template.

use std::io::Write as _;

use serde_json::{Value as Json, json};

use super::project::{Project, StackArgs};
use super::{Code, Failure};
use crate::graph::Nothing;

/// Print the resolved template
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cairn synth stacks/persona-agent --env local --json")]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// As JSON instead of YAML
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<Code, Failure> {
    let (graph, _) = Project::find(&args.stack)?.offline_graph()?;
    let mut resources = serde_json::Map::new();
    for node in graph.nodes.values() {
        let properties = graph.properties(&node.id, &Nothing)?;
        let mut resource = json!({
            "Type": node.type_name,
            "Properties": properties.to_masked_json(),
        });
        if !node.dependencies.is_empty() {
            resource["DependsOn"] = node.dependencies.iter().map(ToString::to_string).collect();
        }
        resources.insert(node.id.as_str().to_owned(), resource);
    }
    let outputs: Json = graph
        .outputs(&Nothing)?
        .into_iter()
        .map(|output| (output.name, json!({"Value": output.value.to_masked_json()})))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let document = json!({"Resources": resources, "Outputs": outputs});
    let text = if args.json {
        serde_json::to_string_pretty(&document)?
    } else {
        serde_yaml::to_string(&document).map_err(|error| Failure::text(error.to_string()))?
    };
    writeln!(anstream::stdout(), "{}", text.trim_end())?;
    Ok(Code::Success)
}

//! `cairn synth`: the resolved template, or a cloud assembly that CDK tools take.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use super::project::Project;
use super::stacks::StacksArgs;
use super::{Code, Failure, keep};
use crate::assembly::cloud::{self, Reach};
use crate::graph::{Graph, Nothing};
use crate::render::say;
use crate::template;

/// Print the resolved template, or write a cloud assembly
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cairn synth stacks/persona-agent --env local --json\n  \
    cairn synth stacks/persona-agent --env prod --out cdk.out   # for `cdk diff --app cdk.out`")]
pub struct Args {
    #[command(flatten)]
    stack: StacksArgs,
    /// As JSON instead of YAML
    #[arg(long)]
    json: bool,
    /// Write a cloud assembly instead: the template as it is written, its code, and a manifest
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "json")]
    out: Option<PathBuf>,
}

pub fn run(args: &Args) -> Result<Code, Failure> {
    let projects = args.stack.find(Reach::Named)?;
    if let Some(out) = &args.out {
        return write(out, &projects);
    }
    for (index, project) in projects.iter().enumerate() {
        let (graph, _) = project.offline_graph()?;
        let document = resolved(keep(graph.given()?))?;
        let text = if args.json {
            serde_json::to_string_pretty(keep(document))?
        } else {
            template::print(keep(template::Node::from_json(document)))
        };
        let mut out = anstream::stdout();
        if index > 0 && !args.json {
            writeln!(out, "---")?;
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(Code::Success)
}

/// The template with all that is known in place of its functions.
fn resolved(graph: &Graph) -> Result<Json, Failure> {
    let mut resources = Map::new();
    for node in graph.nodes.values() {
        let properties = graph.properties(&node.id, &Nothing)?;
        let mut resource = Map::new();
        resource.insert("Type".to_owned(), node.type_name.as_str().into());
        resource.insert("Properties".to_owned(), properties.to_masked_json());
        if !node.dependencies.is_empty() {
            let dependencies = node.dependencies.iter().map(ToString::to_string).collect();
            resource.insert("DependsOn".to_owned(), dependencies);
        }
        resources.insert(node.id.as_str().to_owned(), resource.into());
    }
    let outputs = graph
        .outputs(&Nothing)?
        .into_iter()
        .map(|output| (output.name, json!({"Value": output.value.to_masked_json()})));
    let mut document = Map::new();
    document.insert("Resources".to_owned(), resources.into());
    document.insert("Outputs".to_owned(), Json::Object(outputs.collect()));
    Ok(document.into())
}

fn write(out: &Path, projects: &[Project]) -> Result<Code, Failure> {
    let mut stacks = Vec::new();
    for project in projects {
        if let Some(app) = &project.app {
            let directory = app.directory.display();
            return Err(Failure::text("the app has written a cloud assembly itself")
                .hint(format!("it is in `{directory}`")));
        }
        stacks.push(project.artifact()?);
    }
    cloud::write(out, &stacks)?;
    say(&format!("{} is a cloud assembly now: `cdk ls --app {0}`", out.display()));
    Ok(Code::Success)
}

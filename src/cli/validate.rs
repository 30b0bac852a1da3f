//! `cairn validate`: everything that can be known offline.

use std::io::Write as _;

use super::stacks::StacksArgs;
use super::{Annotator, Code, Failure, keep};
use crate::assembly::cloud::Reach;
use crate::graph::Graph;
use crate::render::diagnostic::{Color, render_all, to_json};
use crate::render::sarif::Log;
use crate::render::style::counted;

/// Check a stack without any network
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cairn validate stacks/persona-agent --env local")]
pub struct Args {
    #[command(flatten)]
    stack: StacksArgs,
    /// Findings as JSON: short for `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// How findings are told
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How findings are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// As a list, for programs
    Json,
    /// As a log for code scanning, SARIF 2.1.0
    Sarif,
}

pub fn run(args: &Args, annotator: &mut Annotator) -> Result<Code, Failure> {
    let mut graphs = Vec::new();
    let mut findings = Vec::new();
    let mut code = Code::Success;
    let projects = match args.stack.find(Reach::Named) {
        Err(Failure::Diagnostics(found)) => {
            findings.extend(found);
            code = Code::Failed;
            Vec::new()
        }
        found => found?,
    };
    for project in projects {
        match project.offline_graph() {
            Ok((graph, _)) => {
                let graph = keep(graph);
                let Graph { warnings, missing, obstacles, .. } = graph;
                findings.extend(warnings.iter().chain(missing).chain(obstacles).cloned());
                graphs.push(graph);
            }
            Err(Failure::Diagnostics(found)) => {
                findings.extend(found);
                code = Code::Failed;
            }
            Err(failure) => return Err(failure),
        }
    }
    annotator.diagnostics(&findings);
    let format = if args.json { Format::Json } else { args.format };
    if format != Format::Text {
        let json = match format {
            Format::Sarif => {
                let mut log = Log::default();
                log.add_findings(&findings);
                log.to_json()
            }
            _ => findings.iter().map(to_json).collect(),
        };
        writeln!(anstream::stdout(), "{}", serde_json::to_string_pretty(&json)?)?;
        return Ok(code);
    }
    if !findings.is_empty() {
        let text = render_all(&findings, Color::Always);
        writeln!(anstream::stderr(), "{}", text.trim_end())?;
    }
    for graph in graphs {
        let undeployable = match graph.undeployable_count() {
            0 => String::new(),
            count => format!("; Cairn cannot deploy {count} of them yet"),
        };
        writeln!(
            anstream::stdout(),
            "{} is valid: {}, {}{undeployable}",
            graph.template.source.name,
            counted(graph.nodes.len(), "resource"),
            counted(graph.template.outputs.len(), "output")
        )?;
    }
    Ok(code)
}

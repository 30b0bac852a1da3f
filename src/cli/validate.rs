//! `cairn validate`: everything that can be known offline.

use std::io::Write as _;

use super::project::{Project, StackArgs};
use super::{Code, Failure};
use crate::render::diagnostic::{Color, render_all, to_json};
use crate::render::sarif::to_sarif;

/// Check a stack without any network
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cairn validate stacks/persona-agent --env local")]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
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

pub fn run(args: &Args) -> Result<Code, Failure> {
    let checked = Project::find(&args.stack).and_then(|project| project.offline_graph());
    let (findings, code) = match &checked {
        Ok((graph, _)) => (graph.warnings.clone(), Code::Success),
        Err(Failure::Diagnostics(findings)) => (findings.clone(), Code::Failed),
        Err(_) => (Vec::new(), Code::Failed),
    };
    let format = if args.json { Format::Json } else { args.format };
    if format != Format::Text {
        if let Err(failure @ Failure::Text { .. }) = checked {
            return Err(failure);
        }
        let json = match format {
            Format::Sarif => to_sarif(&findings),
            _ => findings.iter().map(to_json).collect(),
        };
        writeln!(anstream::stdout(), "{}", serde_json::to_string_pretty(&json)?)?;
        return Ok(code);
    }
    let (graph, _) = checked?;
    if !graph.warnings.is_empty() {
        writeln!(anstream::stderr(), "{}", render_all(&graph.warnings, Color::Always))?;
    }
    writeln!(
        anstream::stdout(),
        "{} is valid: {} resources, {} outputs",
        graph.template.source.name,
        graph.nodes.len(),
        graph.template.outputs.len()
    )?;
    Ok(code)
}

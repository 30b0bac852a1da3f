//! `cairn validate`: everything that can be known offline.

use std::io::Write as _;

use super::project::{Project, StackArgs};
use super::{Code, Failure};
use crate::render::diagnostic::{Color, render_all, to_json};

/// Check a stack without any network
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cairn validate stacks/persona-agent --env local")]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// Findings as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<Code, Failure> {
    let checked = Project::find(&args.stack).and_then(|project| project.offline_graph());
    let (findings, code) = match &checked {
        Ok((graph, _)) => (graph.warnings.clone(), Code::Success),
        Err(Failure::Diagnostics(findings)) => (findings.clone(), Code::Failed),
        Err(_) => (Vec::new(), Code::Failed),
    };
    if args.json {
        if let Err(failure @ Failure::Text { .. }) = checked {
            return Err(failure);
        }
        let json: Vec<_> = findings.iter().map(to_json).collect();
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

//! `cairn graph`: a stack as a picture, from its template alone.

use std::io::Write as _;
use std::path::PathBuf;

use super::project::Project;
use super::stacks::StackArgs;
use super::{Code, Failure};
use crate::render::page;
use crate::render::picture::{Marks, dot, mermaid, scene, svg};
use crate::sketch::Sketch;

/// Draw a stack, without any network
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cairn graph stacks/persona-agent --out persona.svg\n  \
    cairn graph stacks/persona-agent --format html --out persona.html   # click for details\n  \
    cairn graph stacks/persona-agent --format dot | dot -Tpng > persona.png")]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// What to draw it as
    #[arg(long, value_enum, default_value_t = Format::Svg)]
    format: Format,
    /// Write it to a file instead
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A picture, for light and dark pages
    Svg,
    /// For Graphviz
    Dot,
    /// For Markdown on a forge
    Mermaid,
    /// A page in one file, with what is known of each resource
    Html,
}

pub fn run(args: &Args) -> Result<Code, Failure> {
    let project = args.stack.find()?;
    let text = drawn(&project, args.format)?;
    write(args.out.as_deref(), &text)?;
    Ok(Code::Success)
}

fn drawn(project: &Project, format: Format) -> Result<String, Failure> {
    let (graph, _) = project.offline_graph()?;
    let sketch = Sketch::of_graph(&graph);
    let scene = scene(&sketch, &Marks::new());
    let title = &project.name;
    Ok(match format {
        Format::Svg => svg(&scene, title),
        Format::Dot => dot(&scene, title),
        Format::Mermaid => mermaid(&scene),
        Format::Html => page::stack::render(&graph, &sketch),
    })
}

/// To a file, or to standard output.
pub fn write(path: Option<&std::path::Path>, text: &str) -> Result<(), Failure> {
    match path {
        None => Ok(write!(anstream::stdout(), "{text}")?),
        Some(path) => std::fs::write(path, text)
            .map_err(|error| Failure::text(format!("cannot write `{}`: {error}", path.display()))),
    }
}

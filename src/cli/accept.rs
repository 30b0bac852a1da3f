//! Drift taken into the template: shown as a patch, or written.

use std::io::Write as _;

use super::Failure;
use super::project::Project;
use crate::graph::{IgnoreDrift, directions};
use crate::plan::accept::accept;
use crate::plan::drift::{Drifted, Ignored};
use crate::render::say;
use crate::template::Template;

/// What is done about drift besides telling it.
#[derive(Debug, clap::Args)]
pub struct AcceptArgs {
    /// Suggest the edit of the template that accepts what others have changed; otherwise a deploy
    /// sets it back
    #[arg(long, visible_alias = "accept")]
    pub accept_drift: bool,
    /// Make that edit
    #[arg(long, requires = "accept_drift")]
    pub write: bool,
}

impl AcceptArgs {
    /// Whether something is to be done, and what; `beside` something else on standard output.
    pub fn how(&self, beside: bool) -> Option<How> {
        match (self.accept_drift, self.write, beside) {
            (false, ..) => None,
            (true, true, _) => Some(How::Write),
            (true, false, true) => Some(How::Tell),
            (true, false, false) => Some(How::Show),
        }
    }
}

/// What is done with drift that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Show,
    /// Beside something else that is shown.
    Tell,
    Write,
}

/// What the template lets others change.
pub fn ignored(template: &Template) -> Ignored {
    let directed = template.resources.values().map(|declared| {
        let directions = directions(template, declared, &mut Vec::new());
        (declared.id.clone(), directions.ignore_drift)
    });
    directed.filter(|(_, ignored)| *ignored != IgnoreDrift::None).collect()
}

/// Takes what was found into the template `written`, as far as it can be, and says what cannot.
pub fn take(
    project: &Project,
    written: &Template,
    drifted: &[Drifted],
    how: How,
) -> Result<(), Failure> {
    let acceptance = accept(written, drifted);
    let file = project.relative(project.file())?;
    if !acceptance.accepted.is_empty() {
        match how {
            How::Show => {
                let mut out = anstream::stdout();
                write!(out, "\n{}", acceptance.patch(written, &file))?;
                say("hint: `--write` changes the file");
            }
            How::Tell => say(acceptance.patch(written, &file).trim_end()),
            How::Write if project.app.is_some() => {
                return Err(Failure::text("the template is made by the app, and is not written")
                    .hint("change the app as the patch without `--write` shows"));
            }
            How::Write => {
                std::fs::write(project.file(), &acceptance.text)?;
                say(&format!("{file} says now what is there: {}", acceptance.accepted.join(", ")));
            }
        }
    }
    for refused in &acceptance.refused {
        say(&format!("not taken into the template: {refused}"));
    }
    Ok(())
}

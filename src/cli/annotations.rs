//! What GitHub is told of a run besides its log: annotations at the lines that findings are about,
//! and the plan as the summary of the job.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::diagnostic::Diagnostic;
use crate::plan::{Finding, Plan};
use crate::render::annotation::{Annotations, Repository};
use crate::render::plan::{Header, markdown};
use crate::render::say;

/// When findings are told to GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Annotate {
    /// Where GitHub Actions runs this
    Auto,
    Always,
    Never,
}

/// What is to be told, if anything is.
pub struct Annotator {
    repository: Option<Repository>,
    summary: Option<PathBuf>,
    found: Annotations,
}

impl Annotator {
    pub fn new(annotate: Annotate) -> Self {
        let is_github = variable("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        let is_on = match annotate {
            Annotate::Auto => is_github,
            Annotate::Always => true,
            Annotate::Never => false,
        };
        let here = std::env::current_dir().unwrap_or_default();
        let root = variable("GITHUB_WORKSPACE").map_or_else(|| here.clone(), PathBuf::from);
        // Where one is in is told without links.
        let root = root.canonicalize().unwrap_or(root);
        Self {
            repository: is_on.then_some(Repository { root, here }),
            summary: variable("GITHUB_STEP_SUMMARY").filter(|_| is_on).map(PathBuf::from),
            found: Annotations::default(),
        }
    }

    pub fn diagnostics(&mut self, diagnostics: &[Diagnostic]) {
        self.found.add_diagnostics(diagnostics);
    }

    pub fn findings(&mut self, findings: &[Finding]) {
        self.found.add_findings(findings);
    }

    /// Why a command ended.
    pub fn failure(&mut self, failure: &Failure) {
        self.found.add_diagnostics(&failure.diagnostics());
    }

    /// Adds a plan to the summary of the job. Without it nothing is lost: it is in the log.
    pub fn summarize(&self, plan: &Plan, header: &Header<'_>) {
        let Some(path) = &self.summary else { return };
        if let Err(error) = append(path, &markdown::render(plan, header)) {
            say(&format!("note: the summary `{}` cannot be written: {error}", path.display()));
        }
    }

    /// Says all of it, each in a line of its own that GitHub takes out of the log.
    pub fn tell(&self) {
        if let Some(repository) = &self.repository {
            let commands = self.found.render(repository);
            // Without a standard error there is nobody to tell.
            let _ = write!(anstream::stderr(), "{commands}");
        }
    }
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{text}")
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

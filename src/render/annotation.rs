//! Findings as workflow commands: GitHub shows them beside the lines that they are about.
//!
//! ```text
//! ::error title=Cairn,file=stacks/huts/stack.yaml,line=4,col=5,endColumn=13::unknown key `Propertis`
//! ```
//!
//! Of each kind GitHub shows ten for a step, the first ones, and drops the rest without a word. So
//! what has a place comes first, and where there is more than fits the last one says how many.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use super::diagnostic::{ordered, with_hints};
use crate::diagnostic::{Diagnostic, Place, Severity, Span};
use crate::plan::Finding;

/// How many of a kind GitHub shows.
const SHOWN: usize = 10;
/// What stands above an annotation.
const TITLE: &str = "Cairn";

#[derive(Debug, Clone, PartialEq, Eq)]
struct Annotation {
    severity: Severity,
    title: String,
    message: String,
    spot: Option<Spot>,
}

/// Where it is shown. Lines and columns count from one, and the end is the last character.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Spot {
    file: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

/// What one run has found.
#[derive(Debug, Default)]
pub struct Annotations {
    found: Vec<Annotation>,
}

/// The repository, whose files are named from its root, and where paths begin here.
#[derive(Debug, Clone)]
pub struct Repository {
    pub root: PathBuf,
    pub here: PathBuf,
}

impl Annotations {
    pub fn add_diagnostics(&mut self, diagnostics: &[Diagnostic]) {
        for one in ordered(diagnostics) {
            let message = one
                .label
                .as_ref()
                .map_or_else(|| one.message.clone(), |label| format!("{} ({label})", one.message));
            self.add(Annotation {
                severity: one.severity,
                title: TITLE.to_owned(),
                message: with_hints(message, &one.hints),
                spot: one.place.as_ref().map(Spot::of),
            });
        }
    }

    /// What rules, a look at the account, or a run say of a plan.
    pub fn add_findings(&mut self, findings: &[Finding]) {
        for one in findings {
            let about = one.logical_id.as_ref().map(|id| format!("`{id}`: ")).unwrap_or_default();
            self.add(Annotation {
                severity: one.severity,
                title: format!("{TITLE}: {}", one.by),
                message: with_hints(format!("{about}{}", one.message), &one.hints),
                spot: one.place.as_ref().map(|place| Spot {
                    file: place.file.clone(),
                    line: place.line,
                    column: place.column,
                    end_line: place.line,
                    end_column: place.column,
                }),
            });
        }
    }

    /// The same template may be read for several stacks, and says the same each time.
    fn add(&mut self, annotation: Annotation) {
        if !self.found.contains(&annotation) {
            self.found.push(annotation);
        }
    }

    /// A line for each, errors first; empty when nothing was found.
    pub fn render(&self, repository: &Repository) -> String {
        let mut text = String::new();
        for (severity, word) in [(Severity::Error, "error"), (Severity::Warning, "warning")] {
            let mut all: Vec<&Annotation> =
                self.found.iter().filter(|one| one.severity == severity).collect();
            all.sort_by_key(|one| one.spot.is_none());
            let fit = if all.len() > SHOWN { SHOWN - 1 } else { all.len() };
            for one in &all[..fit] {
                let _ = writeln!(text, "{}", one.command(word, repository));
            }
            if all.len() > fit {
                let more = all.len() - fit;
                let _ = writeln!(
                    text,
                    "::{word} title={TITLE}::{more} more {word}s are in the log of this step"
                );
            }
        }
        text
    }
}

impl Annotation {
    fn command(&self, word: &str, repository: &Repository) -> String {
        let mut command = format!("::{word} title={}", property(&self.title));
        if let Some(spot) = &self.spot {
            let file = repository.name_of(&spot.file);
            let _ = write!(command, ",file={},line={}", property(&file), spot.line);
            // Columns are refused where there are several lines.
            let _ = match spot.line == spot.end_line {
                true => write!(command, ",col={},endColumn={}", spot.column, spot.end_column),
                false => write!(command, ",endLine={}", spot.end_line),
            };
        }
        format!("{command}::{}", data(&self.message))
    }
}

impl Spot {
    fn of(place: &Place) -> Self {
        let (line, column) = place.line_column();
        let Span { start, end } = place.span;
        let text = &place.source.text;
        // The last character, or the first of nothing.
        let last = text.get(start..end).and_then(|inside| inside.char_indices().last());
        let last = start + last.map_or(0, |(index, _)| index);
        let last = Place { source: place.source.clone(), span: Span { start: last, end: last } };
        let (end_line, end_column) = last.line_column();
        Self { file: place.source.name.clone(), line, column, end_line, end_column }
    }
}

impl Repository {
    /// A path as the repository has it; one that is not in it stays whole.
    fn name_of(&self, file: &str) -> String {
        let mut whole = PathBuf::new();
        for part in self.here.join(file).components() {
            match part {
                Component::ParentDir => {
                    whole.pop();
                }
                Component::CurDir => {}
                other => whole.push(other),
            }
        }
        let named: &Path = whole.strip_prefix(&self.root).unwrap_or(&whole);
        named.display().to_string().replace('\\', "/")
    }
}

/// Text as the message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text as a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Annotations, Repository};
    use crate::diagnostic::{Diagnostic, Severity, Source, Span};
    use crate::plan::Finding;

    fn repository(here: &str) -> Repository {
        Repository { root: "/repo".into(), here: here.into() }
    }

    fn told(diagnostics: &[Diagnostic], here: &str) -> Vec<String> {
        let mut annotations = Annotations::default();
        annotations.add_diagnostics(diagnostics);
        annotations.render(&repository(here)).lines().map(str::to_owned).collect()
    }

    fn source(name: &str) -> Arc<Source> {
        Arc::new(Source { name: name.to_owned(), text: "é: x\nyy: zed\nlast: 1".to_owned() })
    }

    #[test]
    fn a_finding_is_a_command_with_its_place() {
        let finding = Diagnostic::error("no `zed`: 50%, or\nless")
            .at(&source("../a,b:c/stack.yaml"), Span { start: 10, end: 13 })
            .label("here")
            .hint("did you mean `z`?");
        let expected = "::error title=Cairn,file=x/a%2Cb%3Ac/stack.yaml,line=2,col=5,endColumn=7\
                        ::no `zed`: 50%25, or%0Aless (here)%0Ahint: did you mean `z`?";
        assert_eq!(told(&[finding], "/repo/x/y"), [expected]);
    }

    #[test]
    fn places_may_have_lines_or_nothing_in_them_or_be_elsewhere() {
        let at = |start, end| Diagnostic::warning("w").at(&source("s.yaml"), Span { start, end });
        assert_eq!(
            told(&[at(0, 8), at(6, 6), Diagnostic::warning("w")], "/repo"),
            [
                "::warning title=Cairn,file=s.yaml,line=1,endLine=2::w",
                "::warning title=Cairn,file=s.yaml,line=2,col=1,endColumn=1::w",
                "::warning title=Cairn::w",
            ]
        );
        let elsewhere = &told(&[at(6, 7)], "/other")[0];
        assert!(elsewhere.contains(",file=/other/s.yaml,"), "{elsewhere}");
    }

    #[test]
    fn what_github_would_drop_is_counted() {
        let lost = (0..12).map(|number| Diagnostic::error(format!("lost {number:02}")));
        let mut all: Vec<Diagnostic> = lost.collect();
        all.push(Diagnostic::error("placed").at(&source("s.yaml"), Span { start: 0, end: 2 }));
        all.push(Diagnostic::warning("odd"));
        let told = told(&all, "/repo");
        assert_eq!(told.len(), 11, "{told:#?}");
        assert!(told[0].ends_with("::placed"), "{told:#?}");
        assert!(told[8].ends_with("::lost 07"), "{told:#?}");
        assert_eq!(told[9], "::error title=Cairn::4 more errors are in the log of this step");
        assert_eq!(told[10], "::warning title=Cairn::odd");
    }

    #[test]
    fn ten_are_ten_and_the_same_is_said_once() {
        let ten: Vec<_> = (0..10).map(|number| Diagnostic::error(number.to_string())).collect();
        let twice = [ten.clone(), ten].concat();
        assert_eq!(told(&twice, "/repo").len(), 10);
    }

    #[test]
    fn a_judgement_names_who_says_it() {
        let mut annotations = Annotations::default();
        let mut finding = Finding::new(Severity::Error, "quotas", "there are 5 VPCs already");
        finding.logical_id = Some("Vpc".into());
        annotations.add_findings(&[finding.hint("ask for more")]);
        assert_eq!(
            annotations.render(&repository("/repo")),
            "::error title=Cairn%3A quotas::`Vpc`: there are 5 VPCs already%0Ahint: ask for more\n"
        );
    }
}

//! What is said of a plan beside what it does: by the rules it is held against, and by a look at
//! the account before it is run.

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::graph::Graph;
use crate::schema::{At, Segment};
use crate::value::LogicalId;

/// One finding. It stands in the plan, and so it has its place in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub severity: Severity,
    /// The rule or the check that says it.
    pub by: String,
    /// The resource it is about, if it is about one.
    pub logical_id: Option<LogicalId>,
    pub message: String,
    pub place: Option<FilePlace>,
    pub hints: Vec<String>,
}

/// Where something stands in a file; line and column count from one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePlace {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

impl Finding {
    pub fn new(severity: Severity, by: &str, message: impl Into<String>) -> Self {
        Self {
            severity,
            by: by.to_owned(),
            logical_id: None,
            message: message.into(),
            place: None,
            hints: Vec::new(),
        }
    }

    /// Of a resource, at the property that the path leads to, as far as the template goes. What
    /// the template has no more has no place, and nothing has one when no template is read.
    #[must_use]
    pub fn of(mut self, graph: Option<&Graph>, id: &LogicalId, path: &[&str]) -> Self {
        self.logical_id = Some(id.clone());
        let Some(graph) = graph else { return self };
        let path: Vec<Segment> = path.iter().map(|key| Segment::Key((*key).to_owned())).collect();
        let span = graph.span_of(id, &path, At::Value);
        if span != Span::default() {
            let spot = Diagnostic::error("").at(&graph.template.source, span);
            self.place = spot.place.map(|place| {
                let (line, column) = place.line_column();
                FilePlace { file: place.source.name.clone(), line, column }
            });
        }
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

//! What goes wrong before or instead of a run, told once and with what to do.

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::Arc;

use crate::assembly::cloud::{AppError, AssemblyError, SelectError, WriteError};
use crate::aws::{Fault, chain};
use crate::config::LOCAL;
use crate::diagnostic::Diagnostic;
use crate::local::LocalError;
use crate::plan::saved::Refusal;
use crate::reconcile::ReconcileError;
use crate::render::diagnostic::{Color, render_all};
use crate::state::store::StoreError;

#[derive(Debug)]
pub enum Failure {
    Diagnostics(Vec<Diagnostic>),
    Text {
        message: String,
        hints: Vec<String>,
    },
    /// All has been said.
    Silent,
}

impl Failure {
    pub fn text(message: impl Into<String>) -> Self {
        Self::Text { message: message.into(), hints: Vec::new() }
    }

    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Text { message, mut hints } => {
                hints.push(hint.into());
                Self::Text { message, hints }
            }
            other => other,
        }
    }

    /// What there is to tell; nothing when all has been said.
    pub fn diagnostics(&self) -> Cow<'_, [Diagnostic]> {
        match self {
            Self::Silent => Cow::Borrowed(&[]),
            Self::Diagnostics(diagnostics) => Cow::Borrowed(diagnostics),
            Self::Text { message, hints } => {
                let mut diagnostic = Diagnostic::error(message);
                diagnostic.hints.clone_from(hints);
                Cow::Owned(vec![diagnostic])
            }
        }
    }

    /// Tells it on standard error.
    pub fn report(&self) {
        let diagnostics = self.diagnostics();
        if diagnostics.is_empty() {
            return;
        }
        let text = render_all(&diagnostics, Color::Always);
        // Without a standard error there is nobody to tell.
        let _ = writeln!(anstream::stderr(), "{}", text.trim_end());
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self::Diagnostics(diagnostics)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::Silent;
        }
        Self::text(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::text(error.to_string())
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        Self::Text { message: chain(&error), hints: error.hints() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Text { message: chain(&error), hints: error.hints() }
    }
}

impl From<Arc<StoreError>> for Failure {
    fn from(error: Arc<StoreError>) -> Self {
        Self::Text { message: chain(&*error), hints: error.hints() }
    }
}

impl From<AssemblyError> for Failure {
    fn from(error: AssemblyError) -> Self {
        Self::Text { message: chain(&error), hints: error.hints() }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self::Text { message: chain(&error), hints: error.hints() }
    }
}

impl From<SelectError> for Failure {
    fn from(error: SelectError) -> Self {
        Self::Text { message: chain(&error), hints: error.hints() }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self::text(chain(&error))
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::text(refusal.to_string()).hint(refusal.hint())
    }
}

impl From<ReconcileError> for Failure {
    fn from(error: ReconcileError) -> Self {
        let hints = match &error {
            ReconcileError::Store(error) => error.hints(),
            _ => Vec::new(),
        };
        Self::Text { message: chain(&error), hints }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let failure = Self::text(fault.to_string());
        match fault.code.as_str() {
            "RequestNotSent" | "NoAnswer" | "ConnectionFailed" | "TimedOut" => failure
                .hint("check the network, the region and the credentials")
                .hint(format!("`--env {LOCAL}` needs neither network nor account")),
            _ => failure,
        }
    }
}

//! How a run is watched: on the terminal, and in a trace.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use tokio::sync::mpsc::UnboundedReceiver;

use super::Failure;
use super::clock::moment;
use super::terminal::may_move;
use crate::aws::{Aws, Ears, Scope};
use crate::course::{Course, Pace, Path};
use crate::plan::Plan;
use crate::reconcile::News;
use crate::render::progress::{Calls, Form, Progress};
use crate::render::say;
use crate::trace::{Trace, Zero};

/// How often what moves is drawn, and what has been silent looked for.
const TICK: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Default, clap::Args)]
pub struct WatchArgs {
    /// How the run is shown [default: tree on a terminal, events without one or where CI is set]
    #[arg(long, value_enum, value_name = "FORM")]
    pub progress: Option<Shown>,
    /// Write a trace: where the time went, for Perfetto (ui.perfetto.dev) and chrome://tracing
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shown {
    /// What runs and what waits for it, moving
    Tree,
    /// A line for each event
    Events,
    /// What fails, and how it ended
    ErrorsOnly,
}

/// What watches the runs of a command.
#[derive(Clone, Default)]
pub struct Watch {
    form: Form,
    trace: Option<Arc<Mutex<Trace>>>,
}

impl Watch {
    /// # Errors
    ///
    /// When the trace cannot be written.
    pub fn begin(args: &WatchArgs) -> Result<Self, Failure> {
        let form = match args.progress {
            Some(Shown::Tree) => Form::Tree,
            Some(Shown::Events) => Form::Events,
            Some(Shown::ErrorsOnly) => Form::ErrorsOnly,
            None if may_move() => Form::Tree,
            None => Form::Events,
        };
        let zero = Zero {
            at: Instant::now(),
            microseconds: u64::try_from(moment().as_microsecond()).unwrap_or_default(),
        };
        let open = |path: &PathBuf| {
            let trace = Trace::create(path, zero).map_err(|error| {
                Failure::text(format!("cannot write the trace `{}`: {error}", path.display()))
                    .hint("`--trace` takes the name of a file, which is made or written anew")
            })?;
            Ok::<_, Failure>(Arc::new(Mutex::new(trace)))
        };
        Ok(Self { form, trace: args.trace.as_ref().map(open).transpose()? })
    }

    /// What is to hear of every call.
    pub fn ears(&self) -> Option<Ears> {
        let trace = Arc::clone(self.trace.as_ref()?);
        Some(Arc::new(move |news| locked(&trace).call(news)))
    }

    /// Shows a run until it has no more news, and says what it was as long as.
    pub async fn follow(
        &self,
        (plan, command, concurrency): (&Plan, &str, usize),
        aws: &Aws,
        mut heard: UnboundedReceiver<News>,
    ) -> Path {
        let pace = match aws.clients().scope() {
            Scope::Account => Pace::Account,
            Scope::Local => Pace::Local,
        };
        // Two, since one of them is shown.
        let mut course = Course::new(plan, pace, concurrency);
        let mut progress = Progress::new(Course::new(plan, pace, concurrency), self.form);
        if let Some(trace) = &self.trace {
            locked(trace).begin(plan, command);
        }
        let mut ticks = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                news = heard.recv() => {
                    let Some(news) = news else { break };
                    course.take(&news);
                    if let Some(trace) = &self.trace {
                        locked(trace).news(&course, &news);
                    }
                    progress.show(&news);
                }
                now = ticks.tick() => progress.tick(now.into_std(), calls(aws)),
            }
        }
        drop(progress);
        if let Some(trace) = &self.trace {
            let mut trace = locked(trace);
            trace.end(&course);
            if let Some(error) = trace.broken() {
                say(&format!("warning: the trace is not whole: {error}"));
            }
        }
        course.critical_path()
    }
}

/// The calls of a command so far.
pub fn calls(aws: &Aws) -> Calls {
    let transcript = aws.transcript();
    Calls { made: transcript.count(), throttled: transcript.throttles() }
}

fn locked(trace: &Mutex<Trace>) -> MutexGuard<'_, Trace> {
    trace.lock().expect("nothing panics while it holds this lock")
}

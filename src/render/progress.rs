//! A run as people watch it: on a terminal one moving line for each running resource, elsewhere
//! plain lines.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anstream::{ColorChoice, adapter::strip_str};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::plan::is_visible;
use super::style::{BAD, DIM, glyph, paint, style, words};
use crate::plan::{Plan, Step, StepId};
use crate::reconcile::{News, Stop};

/// How news are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    Moving,
    Plain,
}

impl Display {
    /// Moving lines on a terminal that is not a CI's.
    pub fn detect(ci: Option<&str>) -> Self {
        if std::io::stderr().is_terminal() && ci.is_none_or(str::is_empty) {
            Self::Moving
        } else {
            Self::Plain
        }
    }
}

pub struct Progress<'a> {
    plan: &'a Plan,
    display: Display,
    bars: MultiProgress,
    running: BTreeMap<StepId, ProgressBar>,
    waiting: BTreeMap<StepId, String>,
    width: usize,
    colors: ColorChoice,
}

impl<'a> Progress<'a> {
    pub fn new(plan: &'a Plan, display: Display) -> Self {
        let target = match display {
            Display::Moving => ProgressDrawTarget::stderr(),
            Display::Plain => ProgressDrawTarget::hidden(),
        };
        let visible = plan.steps.iter().filter(|step| is_visible(step));
        let width = visible.map(|step| step.logical_id.as_str().len()).max().unwrap_or_default();
        Self {
            plan,
            display,
            bars: MultiProgress::with_draw_target(target),
            running: BTreeMap::new(),
            waiting: BTreeMap::new(),
            width,
            colors: anstream::AutoStream::choice(&std::io::stderr()),
        }
    }

    pub fn show(&mut self, news: &News) {
        match news {
            News::Started(id) => self.started(*id),
            News::Waiting(id, word) => self.waiting(*id, word),
            News::Done(id, elapsed) => {
                let step = &self.plan.steps[id.0];
                let (_, done) = words(step.action);
                self.ended(*id, &format!("{done} {}", took(*elapsed)));
            }
            News::Failed(id, error) => {
                self.ended(*id, &paint(BAD, &format!("failed: {error}")));
            }
            News::Draining { running, why } => {
                let (why, choice) = match why {
                    Stop::Interrupt => ("stopping", "; press Ctrl-C again to stop at once"),
                    Stop::Deadline => ("the deadline is reached", ""),
                };
                self.line(&format!("{why}: {running} running steps are being finished{choice}"));
            }
        }
    }

    fn started(&mut self, id: StepId) {
        let step = &self.plan.steps[id.0];
        if !is_visible(step) {
            return;
        }
        let (doing, _) = words(step.action);
        if self.display == Display::Plain {
            return;
        }
        let bar = self.bars.add(ProgressBar::new_spinner());
        // The template is a constant: it parses or no run does.
        if let Ok(template) = ProgressStyle::with_template("{spinner} {prefix} {msg} {elapsed}") {
            bar.set_style(template);
        }
        bar.set_prefix(self.colored(&self.head(step)));
        bar.set_message(doing);
        bar.enable_steady_tick(Duration::from_millis(100));
        self.running.insert(id, bar);
    }

    fn waiting(&mut self, id: StepId, word: &str) {
        let step = &self.plan.steps[id.0];
        if self.waiting.get(&id).is_some_and(|earlier| earlier == word) {
            return;
        }
        self.waiting.insert(id, word.to_owned());
        if let Some(bar) = self.running.get(&id) {
            let (doing, _) = words(step.action);
            let word = paint(DIM, &format!("({word})"));
            bar.set_message(self.colored(&format!("{doing} {word}")));
        } else if self.display == Display::Plain && is_visible(step) {
            let text = paint(DIM, &format!("waiting: {word}"));
            self.line(&format!("{} {text}", self.head(step)));
        }
    }

    fn ended(&mut self, id: StepId, what: &str) {
        if let Some(bar) = self.running.remove(&id) {
            bar.finish_and_clear();
        }
        let step = &self.plan.steps[id.0];
        if is_visible(step) || what.contains("failed") {
            self.line(&format!("{} {what}", self.head(step)));
        }
    }

    fn head(&self, step: &Step) -> String {
        let width = self.width;
        let head = format!("{} {:<width$}", glyph(step.action), step.logical_id.as_str());
        format!("{}  {:<37}", paint(style(step.action), &head), step.type_name.as_str())
    }

    /// For a moving line: what draws those lets everything through, wanted or not.
    fn colored(&self, text: &str) -> String {
        match self.colors {
            ColorChoice::Never => strip_str(text).to_string(),
            _ => text.to_owned(),
        }
    }

    fn line(&self, text: &str) {
        match self.display {
            // A line above moving ones; a lost line is no reason to stop.
            Display::Moving => {
                let _ = self.bars.println(self.colored(text));
            }
            Display::Plain => {
                let _ = writeln!(anstream::stderr(), "{text}");
            }
        }
    }
}

/// `0.3 s`, `12.0 s`, `3m 5s`.
pub fn took(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{}m {}s", elapsed.as_secs() / 60, elapsed.as_secs() % 60)
    }
}

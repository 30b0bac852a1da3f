//! A run as people watch it: a live view on a terminal, a line for each event elsewhere, or only
//! what goes wrong.

mod events;
mod line;
mod summary;
mod tree;

pub use summary::{longest_way, totals};

use std::time::{Duration, Instant};

use super::plan::is_visible;
use super::style::{BAD, DIM, glyph, style, words};
use crate::course::Course;
use crate::plan::{Step, StepId};
use crate::reconcile::{News, Stop, What};

use events::Events;
use line::Line;
use tree::Tree;

/// How a run is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// What runs and what waits, moving.
    Tree,
    /// A line for each event.
    Events,
    /// What fails.
    #[default]
    ErrorsOnly,
}

/// The calls of a command so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    pub made: usize,
    pub throttled: usize,
}

enum View {
    Tree(Tree),
    Events(Events),
    ErrorsOnly,
}

pub struct Progress<'p> {
    course: Course<'p>,
    view: View,
    columns: Columns,
    /// What has begun before it was told that what it waited for has ended: the two are written
    /// together. It is said in the order in which it came to pass.
    held: Vec<StepId>,
}

/// How wide the ids are.
#[derive(Debug, Clone, Copy)]
struct Columns {
    id: usize,
}

impl<'p> Progress<'p> {
    pub fn new(course: Course<'p>, form: Form) -> Self {
        let visible = course.plan.steps.iter().filter(|step| is_visible(step));
        let id = visible.map(|step| step.logical_id.as_str().len()).max().unwrap_or_default();
        let view = match form {
            Form::Tree => View::Tree(Tree::new()),
            Form::Events => View::Events(Events::default()),
            Form::ErrorsOnly => View::ErrorsOnly,
        };
        Self { course, view, columns: Columns { id }, held: Vec::new() }
    }

    pub fn show(&mut self, news: &News) {
        self.course.take(news);
        if let View::Tree(tree) = &mut self.view {
            tree.make_up_for_size();
        }
        match &news.what {
            // Between what was asked before and what is shown now.
            What::Begun if matches!(self.view, View::Tree(_)) => super::say(""),
            What::Draining { running, why } => super::say(&draining(*running, *why)),
            What::Failed(id, error) => {
                self.announce(*id, news.at);
                let step = &self.course.plan.steps[id.0];
                let text = format!("failed: {error}");
                self.say_of(step, news.at, Line::new().painted(BAD, &text));
                self.release(news.at);
            }
            What::Done(id, took) => {
                self.announce(*id, news.at);
                let step = &self.course.plan.steps[id.0];
                let (_, done) = words(step.action);
                let text =
                    Line::new().plain(done).painted(DIM, &format!(" in {}", self::took(*took)));
                if is_visible(step) && !matches!(self.view, View::ErrorsOnly) {
                    self.say_of(step, news.at, text);
                }
                self.release(news.at);
            }
            What::Started(id) if self.course.is_ahead(*id) => self.held.push(*id),
            What::Started(id) | What::Entered(id, _) if !self.held.contains(id) => {
                self.tell(*id, &news.what, news.at);
            }
            _ => {}
        }
    }

    /// Says that it has begun, if that was held back.
    fn announce(&mut self, id: StepId, now: Instant) {
        if let Some(at) = self.held.iter().position(|held| *held == id) {
            self.held.remove(at);
            self.tell(id, &What::Started(id), now);
        }
    }

    /// Says that it has begun, and what it waits for now, of what was held back for something that
    /// has ended.
    fn release(&mut self, now: Instant) {
        let course = &self.course;
        let (held, free): (Vec<_>, Vec<_>) =
            self.held.drain(..).partition(|id| course.is_ahead(*id));
        self.held = held;
        for id in free {
            self.tell(id, &What::Started(id), now);
            if let Some((phase, _)) = self.course.phase(id) {
                self.tell(id, &What::Entered(id, phase.clone()), now);
            }
        }
    }

    /// A line of its own for each event, where there is one.
    fn tell(&mut self, id: StepId, what: &What, now: Instant) {
        let step = &self.course.plan.steps[id.0];
        if let View::Events(events) = &mut self.view
            && is_visible(step)
            && let Some(text) = events.of(&self.course, id, what)
        {
            self.say_of(step, now, text);
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Instant, calls: Calls) {
        match &mut self.view {
            View::Tree(tree) => tree.draw(&self.course, self.columns, now, calls),
            View::Events(events) => {
                for (id, text) in events.heartbeats(&self.course, now) {
                    self.say_of(&self.course.plan.steps[id.0], now, text);
                }
            }
            View::ErrorsOnly => {}
        }
    }

    /// A line of the record: it stays.
    fn say_of(&self, step: &Step, now: Instant, what: Line) {
        let mut line = Line::new();
        let (width, fits) = match &self.view {
            View::Tree(tree) => {
                let width = tree.width();
                (width, width >= tree::WIDE)
            }
            View::Events(_) | View::ErrorsOnly => (usize::MAX, true),
        };
        if !matches!(self.view, View::Tree(_)) {
            let elapsed = self.course.elapsed(now).as_secs_f64();
            line = line.painted(DIM, &format!("{elapsed:>7.1}s "));
        }
        let head = head(step, self.columns.id.min(width / 2));
        line = line.join(head);
        if fits {
            line = line.painted(DIM, &format!("  {:<37}", step.type_name.as_str()));
        }
        super::say(&line.plain("  ").join(what).text());
    }
}

/// The sign and the name of a step.
fn head(step: &Step, width: usize) -> Line {
    let name = line::fitted(step.logical_id.as_str(), width);
    Line::new().painted(style(step.action), &format!("{} {name}", glyph(step.action)))
}

fn draining(running: usize, why: Stop) -> String {
    let (why, choice) = match why {
        Stop::Interrupt => ("stopping", "; press Ctrl-C again to stop at once"),
        Stop::Deadline => ("the deadline is reached", ""),
    };
    format!("{why}: {running} running steps are being finished{choice}")
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

/// `7 s`, `3m 5s`: for what moves, where tenths would flicker.
fn so_far(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{}m {}s", seconds / 60, seconds % 60),
    }
}

//! Where the time of a command went, in the form that Perfetto and `chrome://tracing` read: the
//! JSON array of Chrome's trace events.
//!
//! A process for the calls to AWS and one for each run. In a run each step has a track: what it was
//! at, one thing after another, and in that its calls. What let a step begin has an arrow to it, and
//! the chain of steps that the run was as long as has a track of its own. [`file`] sees to it that
//! what is there can be read at any moment.

mod file;
mod lanes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::aws::{Call, CallNews, Caller, Held, Pause};
use crate::course::Course;
use crate::plan::{Plan, Step, StepId};
use crate::reconcile::{News, Phase, What};
use crate::render::style::{spoken_of, words};

use file::Array;
use lanes::Lanes;

/// The process of the calls; those of runs follow.
const AWS: usize = 1;
/// Its tracks of calls that were held back come after those of calls.
const HELD_BACK: usize = 1000;
const CRITICAL_PATH: usize = 0;
/// With more, only the last one to end has an arrow: it is the one that was waited for.
const ARROWS: usize = 8;
/// More tracks than a process has. Who reads a trace may know a thread by its id alone, as that of
/// an operating system: no two tracks have the same.
const TRACKS: usize = 1_000_000;

/// A moment of the process's clock, and what a wall clock says then.
#[derive(Debug, Clone, Copy)]
pub struct Zero {
    pub at: Instant,
    /// Since 1970.
    pub microseconds: u64,
}

pub struct Trace {
    array: Array,
    zero: Zero,
    run: Option<Run>,
    runs: usize,
    arrows: usize,
    calls: Lanes,
    held_back: Lanes,
    /// Why nothing more is written.
    broken: Option<io::Error>,
}

#[derive(Default)]
struct Run {
    process: usize,
    stages: BTreeMap<StepId, Stage>,
}

#[derive(Default)]
struct Stage {
    phase: Option<(Phase, u64)>,
    /// The end of the last call on its track: two at once have no place there.
    called_until: u64,
}

/// A span on a track.
struct Span<'a> {
    name: &'a str,
    kind: &'a str,
    track: (usize, usize),
    from: u64,
    to: u64,
    what: Json,
}

impl Trace {
    /// # Errors
    ///
    /// When the file cannot be made.
    pub fn create(path: &Path, zero: Zero) -> io::Result<Self> {
        let mut trace = Self {
            array: Array::create(path)?,
            zero,
            run: None,
            runs: 0,
            arrows: 0,
            calls: Lanes::default(),
            held_back: Lanes::default(),
            broken: None,
        };
        trace.name_process(AWS, "calls to AWS");
        Ok(trace)
    }

    /// Why it is not whole, if it is not.
    pub fn broken(&self) -> Option<&io::Error> {
        self.broken.as_ref()
    }

    fn microseconds(&self, at: Instant) -> u64 {
        let passed = at.saturating_duration_since(self.zero.at).as_micros();
        self.zero.microseconds + u64::try_from(passed).unwrap_or(u64::MAX)
    }

    fn push(&mut self, event: &Json) {
        if self.broken.is_none() {
            self.broken = self.array.push(event).err();
        }
    }

    fn name_process(&mut self, process: usize, name: &str) {
        let tid = thread((process, CRITICAL_PATH));
        self.push(&json!({"ph": "M", "name": "process_name", "pid": process, "tid": tid,
            "args": {"name": name}}));
        self.push(&json!({"ph": "M", "name": "process_sort_index", "pid": process, "tid": tid,
            // The runs above the calls.
            "args": {"sort_index": if process == AWS { 1_000_000 } else { process }}}));
    }

    fn name_track(&mut self, (process, track): (usize, usize), name: &str) {
        let tid = thread((process, track));
        self.push(&json!({"ph": "M", "name": "thread_name", "pid": process, "tid": tid,
            "args": {"name": name}}));
        self.push(&json!({"ph": "M", "name": "thread_sort_index", "pid": process, "tid": tid,
            "args": {"sort_index": track}}));
    }

    fn span(&mut self, span: &Span<'_>) {
        let (process, _) = span.track;
        self.push(&json!({
            "ph": "X", "name": span.name, "cat": span.kind,
            "pid": process, "tid": thread(span.track),
            "ts": span.from, "dur": span.to.saturating_sub(span.from), "args": span.what,
        }));
    }

    /// What is told of calls, in a run or not.
    pub fn call(&mut self, news: &CallNews) {
        match news {
            CallNews::Called(call) => self.called(call),
            CallNews::Paused(pause) => self.paused(pause),
        }
    }

    fn called(&mut self, call: &Call) {
        let from = self.microseconds(call.began);
        let to = self.microseconds(call.began + call.took);
        let (lane, is_new) = self.calls.place(from, to);
        if is_new {
            self.name_track((AWS, lane), "calls");
        }
        let what = json!({
            "step": call.caller.as_ref().map(|caller| &caller.name),
            "attempt": call.attempt,
            "status": call.status,
            "request id": call.request_id,
            "code": call.code.as_deref().unwrap_or("ok"),
        });
        let span =
            |kind, track, from, what| Span { name: &call.action, kind, track, from, to, what };
        self.span(&span("aws", (AWS, lane), from, what.clone()));
        if let Some((track, from)) = self.track_of(call.caller.as_deref(), from, to) {
            self.span(&span("call", track, from, what));
        }
    }

    fn paused(&mut self, pause: &Pause) {
        let from = self.microseconds(pause.began);
        let to = self.microseconds(pause.began + pause.took);
        let (lane, is_new) = self.held_back.place(from, to);
        let lane = HELD_BACK + lane;
        if is_new {
            self.name_track((AWS, lane), "held back");
        }
        let name = match pause.why {
            Held::Budget => format!("{} waits for its budget", pause.action),
            Held::Throttle => format!("{} was throttled", pause.action),
        };
        let what = json!({
            "step": pause.caller.as_ref().map(|caller| &caller.name),
            "why": pause.why.word(),
        });
        let span = |kind, track, from, what| Span { name: &name, kind, track, from, to, what };
        self.span(&span("pause", (AWS, lane), from, what.clone()));
        if let Some((track, from)) = self.track_of(pause.caller.as_deref(), from, to) {
            self.span(&span("held back", track, from, what));
        }
    }

    /// The track of a step, if there is room on it, and where a span begins there: after what it
    /// stands in, which is written later. Of two that begin at once the first would be the outer.
    fn track_of(
        &mut self,
        caller: Option<&Caller>,
        from: u64,
        to: u64,
    ) -> Option<((usize, usize), u64)> {
        let run = self.run.as_mut()?;
        let id = StepId(caller?.step);
        let stage = run.stages.get_mut(&id)?;
        if from < stage.called_until {
            return None;
        }
        stage.called_until = to;
        Some(((run.process, track(id)), (from + 1).min(to)))
    }

    /// A run begins.
    pub fn begin(&mut self, plan: &Plan, command: &str) {
        self.runs += 1;
        let process = AWS + self.runs;
        self.name_process(process, &format!("{} ({command})", plan.stack));
        self.name_track((process, CRITICAL_PATH), "critical path");
        self.run = Some(Run { process, ..Run::default() });
    }

    /// What `course` has just taken.
    pub fn news(&mut self, course: &Course<'_>, news: &News) {
        let at = self.microseconds(news.at);
        match &news.what {
            What::Started(id) => self.started(course, *id, at),
            What::Entered(id, phase) => self.enter(*id, Some(phase.clone()), at),
            What::Done(id, _) => self.ended(*id, "done", at),
            What::Failed(id, error) => self.ended(*id, &error.to_string(), at),
            What::Draining { running, why } => {
                let Some(process) = self.run.as_ref().map(|run| run.process) else { return };
                let tid = thread((process, CRITICAL_PATH));
                self.push(&json!({"ph": "i", "s": "p", "name": "no more steps are started",
                    "cat": "run", "pid": process, "tid": tid, "ts": at,
                    "args": {"running": running, "why": format!("{why:?}").to_lowercase()}}));
            }
            What::Begun => {}
        }
    }

    fn started(&mut self, course: &Course<'_>, id: StepId, at: u64) {
        let Some(run) = &mut self.run else { return };
        let process = run.process;
        run.stages.insert(id, Stage::default());
        let step = &course.plan.steps[id.0];
        self.name_track((process, track(id)), &spoken_of(course.plan, id));
        let before: Vec<StepId> = course.before(id).iter().copied().collect();
        let name = name(step);
        self.push(&json!({
            "ph": "B", "name": name, "cat": "step", "pid": process,
            "tid": thread((process, track(id))), "ts": at,
            "args": {
                "type": step.type_name.as_str(),
                "waited for": before
                    .iter()
                    .map(|id| spoken_of(course.plan, *id))
                    .collect::<Vec<_>>(),
            },
        }));
        let mut arrows: Vec<(u64, StepId)> = before
            .into_iter()
            .filter_map(|from| Some((self.leaves(course, from, at)?, from)))
            .collect();
        arrows.sort_unstable();
        if arrows.len() > ARROWS {
            arrows.drain(..arrows.len() - 1);
        }
        for (leaves, from) in arrows {
            self.arrow((process, track(from), leaves), (process, track(id), at));
        }
    }

    /// When an arrow leaves a step: within its span, or nobody knows where it comes from.
    fn leaves(&self, course: &Course<'_>, from: StepId, at: u64) -> Option<u64> {
        let began = self.microseconds(course.started(from)?);
        // What waits for a step begins while that still writes its last record.
        let Some(ended) = course.ended(from) else { return (began < at).then_some(at) };
        let ended = self.microseconds(ended).min(at);
        (began < ended).then(|| ended - 1)
    }

    fn arrow(&mut self, from: (usize, usize, u64), to: (usize, usize, u64)) {
        self.arrows += 1;
        let id = self.arrows;
        self.push(&json!({"ph": "s", "name": "lets begin", "cat": "after", "id": id,
            "pid": from.0, "tid": thread((from.0, from.1)), "ts": from.2}));
        self.push(&json!({"ph": "f", "bp": "e", "name": "lets begin", "cat": "after", "id": id,
            "pid": to.0, "tid": thread((to.0, to.1)), "ts": to.2}));
    }

    /// Ends what a step was at, and notes what it is at now.
    fn enter(&mut self, id: StepId, next: Option<Phase>, at: u64) {
        let Some(run) = &mut self.run else { return };
        let process = run.process;
        let Some(stage) = run.stages.get_mut(&id) else { return };
        if next.is_some() && stage.phase.as_ref().map(|(phase, _)| phase) == next.as_ref() {
            return;
        }
        let ended = stage.phase.take();
        stage.phase = next.map(|phase| (phase, at));
        if let Some((phase, from)) = ended {
            let what = phase.reason().map_or(json!({}), |reason| json!({"reason": reason}));
            let track = (process, track(id));
            self.span(&Span { name: word(&phase), kind: "phase", track, from, to: at, what });
        }
    }

    fn ended(&mut self, id: StepId, how: &str, at: u64) {
        self.enter(id, None, at);
        let Some(run) = &mut self.run else { return };
        let process = run.process;
        if run.stages.remove(&id).is_some() {
            self.push(&json!({"ph": "E", "cat": "step", "pid": process,
                    "tid": thread((process, track(id))), "ts": at, "args": {"ended": how}}));
        }
    }

    /// A run has ended: what it was as long as can be told now.
    pub fn end(&mut self, course: &Course<'_>) {
        let Some(run) = self.run.take() else { return };
        let mut told_until = 0;
        for (id, took) in course.critical_path().steps {
            let (Some(from), Some(to)) = (course.started(id), course.ended(id)) else { continue };
            // A step begins while the last record of what it waited for is being written.
            let from = self.microseconds(from).max(told_until);
            let to = self.microseconds(to).max(from);
            told_until = to;
            let what = json!({"seconds": seconds(took)});
            let name = &name(&course.plan.steps[id.0]);
            let track = (run.process, CRITICAL_PATH);
            self.span(&Span { name, kind: "critical path", track, from, to, what });
        }
    }
}

fn track(id: StepId) -> usize {
    id.0 + 1
}

fn thread((process, track): (usize, usize)) -> usize {
    process * TRACKS + track
}

fn name(step: &Step) -> String {
    let (doing, _) = words(step.action);
    format!("{doing} {}", step.logical_id)
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

fn word(phase: &Phase) -> &'static str {
    match phase {
        Phase::Evaluating => "evaluate",
        Phase::Calling => "call",
        Phase::Recording => "write the journal",
        Phase::Queueing(_) => "wait for another step",
        Phase::Waiting(_) => "wait for AWS",
        Phase::Retrying(_) => "wait before trying again",
    }
}

//! The live view: what runs and what AWS says of it, what waits and for whom, and how far all of it
//! is. It never is higher than the terminal, nor wider.

use std::time::Instant;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::line::Line;
use super::{Calls, Columns, head, so_far, words};
use crate::course::Course;
use crate::plan::StepId;
use crate::render::console::{self as screen, Moving};
use crate::render::plan::is_visible;
use crate::render::style::{BAD, BOLD, DIM, spoken_of};

/// From here on the types are shown as well.
pub const WIDE: usize = 100;
/// More of those that wait tell nobody anything.
const WAITING_ROWS: usize = 8;
/// Others are counted.
const NAMES: usize = 3;
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const DRAWS_PER_SECOND: u8 = 10;

pub struct Tree {
    bars: MultiProgress,
    bar: ProgressBar,
    terminal: Term,
    frame: usize,
    /// How wide each line was, and the terminal, when it was last drawn.
    drawn: (Vec<usize>, usize),
    _moving: Moving,
}

impl Tree {
    pub fn new() -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND);
        let bars = MultiProgress::with_draw_target(target);
        let bar = bars.add(ProgressBar::new_spinner());
        // The template is a constant: it parses or no run does.
        if let Ok(template) = ProgressStyle::with_template("{msg}") {
            bar.set_style(template);
        }
        let moving = Moving::with(bars.clone());
        let terminal = Term::stderr();
        Self { bars, bar, terminal, frame: 0, drawn: (Vec::new(), 0), _moving: moving }
    }

    pub fn width(&self) -> usize {
        usize::from(self.terminal.size().1)
    }

    pub fn draw(&mut self, course: &Course<'_>, columns: Columns, now: Instant, calls: Calls) {
        self.frame += 1;
        let (height, width) = self.terminal.size();
        let (height, width) = (usize::from(height), usize::from(width));
        self.make_up_for_size();
        let view = Shown { course, columns, now, calls, width };
        let lines = view.lines(height.saturating_sub(1), SPINNER[self.frame % SPINNER.len()]);
        let widths = lines.iter().map(|line| console::measure_text_width(line)).collect();
        self.drawn = (widths, width);
        let mut text = lines.join("\n");
        if !screen::has_colours() {
            text = anstream::adapter::strip_str(&text).to_string();
        }
        self.bar.set_message(text);
        self.bar.tick();
    }

    /// A terminal that has become narrower has broken the lines that were drawn: what they take more
    /// than they did is cleared here, or it would stand there for ever. To be called before anything
    /// is drawn or said.
    pub fn make_up_for_size(&mut self) {
        let width = self.width();
        let (lines, before) = &mut self.drawn;
        let before = std::mem::replace(before, width);
        if width >= before || width == 0 {
            return;
        }
        let more: usize = lines.iter().map(|line| line.div_ceil(width).max(1) - 1).sum();
        if more > 0 && self.bars.clear().is_ok() {
            // A terminal that cannot do that shows what it can.
            let _ = self.terminal.clear_last_lines(more);
        }
    }
}

/// What there is to draw at one moment.
struct Shown<'a, 'p> {
    course: &'a Course<'p>,
    columns: Columns,
    now: Instant,
    calls: Calls,
    width: usize,
}

impl Shown<'_, '_> {
    /// At most as many lines as `height`, the totals last.
    fn lines(&self, height: usize, spinner: char) -> Vec<String> {
        let room = height.saturating_sub(1);
        let is_shown = |id: &StepId| is_visible(&self.course.plan.steps[id.0]);
        let running: Vec<StepId> = self.course.running().into_iter().filter(is_shown).collect();
        let mut lines = Vec::new();
        let shown = places(running.len(), room);
        lines.extend(running.iter().take(shown).map(|id| self.running(*id)));
        if shown < running.len() && room > 0 {
            lines.push(more(running.len() - shown, "running"));
        }
        if !self.course.is_draining() {
            let mut waiting = self.course.waiting();
            waiting.retain(|(id, _)| is_shown(id));
            let room = (room - lines.len()).min(WAITING_ROWS);
            let shown = places(waiting.len(), room);
            lines.extend(waiting.iter().take(shown).map(|(id, others)| self.waiting(*id, others)));
            if shown < waiting.len() && room > 0 {
                lines.push(more(waiting.len() - shown, "waiting"));
            }
        }
        lines.push(self.totals(spinner));
        lines.into_iter().map(|line| line.cut(self.width)).collect()
    }

    fn head(&self, id: StepId) -> Line {
        let step = &self.course.plan.steps[id.0];
        let line = Line::new().plain("  ").join(head(step, self.columns.id.min(self.width / 3)));
        match self.width >= WIDE {
            true => line.painted(DIM, &format!("  {:<37}", step.type_name.as_str())),
            false => line,
        }
    }

    fn running(&self, id: StepId) -> Line {
        let (doing, _) = words(self.course.plan.steps[id.0].action);
        let since = self.course.started(id).unwrap_or(self.now);
        let ran = so_far(self.now.saturating_duration_since(since));
        let line = self.head(id).plain(&format!("  {doing} {ran:>5}"));
        match self.course.phase(id).and_then(|(phase, _)| phase.reason()) {
            Some(reason) => line.painted(DIM, &format!("  {reason}")),
            None => line,
        }
    }

    fn waiting(&self, id: StepId, others: &[StepId]) -> Line {
        let names: Vec<String> =
            others.iter().take(NAMES).map(|id| spoken_of(self.course.plan, *id)).collect();
        let mut text = match names.is_empty() {
            true => "waits until fewer run at once".to_owned(),
            false => format!("waits for {}", names.join(", ")),
        };
        if others.len() > names.len() {
            text.push_str(&format!(" and {} more", others.len() - names.len()));
        }
        self.head(id).painted(DIM, &format!("  {text}"))
    }

    fn totals(&self, spinner: char) -> Line {
        let totals = self.course.totals();
        let mut line = Line::new()
            .plain(&format!("{spinner} "))
            .painted(BOLD, &format!("{}/{} done", totals.done, totals.all));
        if totals.failed > 0 {
            line = line.plain(" · ").painted(BAD, &format!("{} failed", totals.failed));
        }
        line = line.plain(&format!(" · {}", so_far(self.course.elapsed(self.now))));
        if let Some(left) = left(self.course.remaining(self.now).as_secs()) {
            line = line.plain(&format!(", {left}"));
        }
        for (count, word) in
            [(totals.running, "running"), (totals.waiting, "waiting"), (totals.left, "not started")]
        {
            if count > 0 {
                line = line.plain(&format!(" · {count} {word}"));
            }
        }
        line = line.plain(&format!(" · {} calls", self.calls.made));
        if self.calls.throttled > 0 {
            line = line.plain(&format!(" ({} throttled)", self.calls.throttled));
        }
        line
    }
}

/// How many of so many get a line of their own, one line kept for the others.
fn places(count: usize, room: usize) -> usize {
    if count <= room { count } else { room.saturating_sub(1) }
}

fn more(count: usize, doing: &str) -> Line {
    Line::new().painted(DIM, &format!("  … and {count} more {doing}"))
}

/// No more exact than it is.
fn left(seconds: u64) -> Option<String> {
    match seconds {
        0..3 => None,
        3..10 => Some("a few seconds left".to_owned()),
        10..90 => Some(format!("about {} s left", seconds.div_ceil(5) * 5)),
        _ => Some(format!("about {} min left", seconds.div_ceil(60))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::course::Pace;
    use crate::plan::Action;
    use crate::reconcile::tests::scheduling::plan;
    use crate::reconcile::{News, Phase, What};

    fn shown(after: &[Vec<usize>], running: &[usize], (height, width): (usize, usize)) -> String {
        let plan = plan(after);
        let mut course = Course::new(&plan, Pace::Account, 8);
        let zero = Instant::now();
        let mut tell = |what| course.take(&News { at: zero, what });
        tell(What::Begun);
        for id in running {
            tell(What::Started(StepId(*id)));
            let says = format!("vpc-{id} is pending");
            tell(What::Entered(StepId(*id), Phase::Waiting(says)));
        }
        let (now, calls) = (zero + Duration::from_secs(75), Calls { made: 41, throttled: 2 });
        let view = Shown { course: &course, columns: Columns { id: 4 }, now, calls, width };
        let lines = view.lines(height, '*');
        assert!(lines.len() <= height.max(1), "{lines:#?}");
        let plain = lines.iter().map(|line| anstream::adapter::strip_str(line).to_string());
        let plain: Vec<String> = plain.collect();
        for line in &plain {
            assert!(console::measure_text_width(line) <= width, "{line:?}");
        }
        plain.join("\n")
    }

    #[test]
    fn a_view_says_what_runs_and_who_waits_for_whom() {
        let after = [vec![], vec![], vec![0], vec![0, 1, 2], vec![3]];
        let wide = shown(&after, &[0, 1], (20, 120));
        let of = |id: &str, what: &str| format!("  + {id}    {:<37}  {what}", "AWS::EC2::VPC");
        let expected = [
            of("S0", "creating 1m 15s  vpc-0 is pending"),
            of("S1", "creating 1m 15s  vpc-1 is pending"),
            of("S2", "waits for S0"),
            of("S4", "waits for S3"),
            of("S3", "waits for S0, S1, S2"),
            "* 0/5 done · 1m 15s, a few seconds left · 2 running · 3 waiting · 41 calls (2 throttled)"
                .to_owned(),
        ];
        assert_eq!(wide.lines().collect::<Vec<_>>(), expected);
        let narrow = shown(&after, &[0, 1], (5, 38));
        let expected = [
            "  + S0    creating 1m 15s  vpc-0 is p…",
            "  + S1    creating 1m 15s  vpc-1 is p…",
            "  + S2    waits for S0",
            "  … and 2 more waiting",
            "* 0/5 done · 1m 15s, a few seconds le…",
        ];
        assert_eq!(narrow.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_waited_for_is_the_new_one_or_the_old_one() {
        // A subnet is replaced, what uses it is updated, and then the old one goes.
        let mut plan = plan(&[vec![], vec![0], vec![1], vec![2]]);
        for (index, action) in [(0, Action::Replace), (1, Action::Update), (2, Action::Delete)] {
            plan.steps[index].action = action;
        }
        plan.steps[2].logical_id = plan.steps[0].logical_id.clone();
        let course = Course::new(&plan, Pace::Account, 8);
        let calls = Calls { made: 0, throttled: 0 };
        let (columns, now) = (Columns { id: 4 }, Instant::now());
        let lines = Shown { course: &course, columns, now, calls, width: 90 }.lines(20, '*');
        let plain = lines.iter().map(|line| anstream::adapter::strip_str(line).to_string());
        let waiting: Vec<String> = plain.filter(|line| line.contains("waits for")).collect();
        assert_eq!(
            waiting,
            [
                "  ~ S1    waits for the new S0",
                "  - S0    waits for S1",
                "  + S3    waits for the old S0",
            ]
        );
    }

    #[test]
    fn a_view_is_never_higher_than_the_terminal() {
        let mut after = vec![vec![]; 30];
        after.extend(vec![vec![0]; 30]);
        let running: Vec<usize> = (0..12).collect();
        for height in 0..50 {
            for width in [1, 10, 60, 200] {
                shown(&after, &running, (height, width));
            }
        }
        let folded = shown(&after, &running, (7, 60));
        let last: Vec<&str> = folded.lines().skip(5).collect();
        let totals = "* 0/60 done · 1m 15s, about 20 s left · 12 running · 48 wai…";
        assert_eq!(last, ["  … and 7 more running", totals]);
    }
}

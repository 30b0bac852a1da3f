use std::time::{Duration, Instant};

use super::{Course, Pace, Status};
use crate::cli::samples::persona_plans;
use crate::plan::{Operation, Plan, StepId};
use crate::reconcile::schedule::{Command, Event, Schedule};
use crate::reconcile::tests::scheduling::plan;
use crate::reconcile::{News, Phase, StepError, Stop, What};
use crate::value::TypeName;

fn news(zero: Instant, seconds: f64, what: What) -> News {
    News { at: zero + Duration::from_secs_f64(seconds), what }
}

/// Plays a plan on the scheduler in virtual time, each step as long as `takes` says, and hands every
/// moment to `look`.
fn play(
    plan: &Plan,
    concurrency: usize,
    takes: impl Fn(StepId) -> f64,
    mut look: impl FnMut(&Course<'_>, Instant, bool),
) {
    const TICK: f64 = 0.25;
    let zero = Instant::now();
    let mut course = Course::new(plan, Pace::Account, concurrency);
    let mut schedule = Schedule::new(plan, concurrency);
    let (mut now, mut running, mut event) = (0.0, Vec::new(), Event::Started);
    course.take(&news(zero, now, What::Begun));
    loop {
        let commands = schedule.step(event);
        for command in &commands {
            if let Command::Start(id) = command {
                let has_work = plan.steps[id.0].operation != Operation::Nothing;
                if has_work {
                    course.take(&news(zero, now, What::Started(*id)));
                }
                running.push((now + if has_work { takes(*id) } else { 0.0 }, *id));
            }
        }
        if running.is_empty() {
            look(&course, zero + Duration::from_secs_f64(now), true);
            return;
        }
        running.sort_by(|one, other| other.0.total_cmp(&one.0));
        let (end, id) = running.pop().expect("something runs");
        let mut is_after_an_event = true;
        while now < end {
            look(&course, zero + Duration::from_secs_f64(now), is_after_an_event);
            is_after_an_event = false;
            now = (now + TICK).min(end);
        }
        if plan.steps[id.0].operation != Operation::Nothing {
            let took = Duration::from_secs_f64(takes(id));
            course.take(&news(zero, end, What::Done(id, took)));
        }
        event = Event::Done(id);
    }
}

/// A VPC with two subnets, an endpoint in it, a function and an alias behind that.
fn stack() -> Plan {
    let mut plan = plan(&[vec![], vec![0], vec![0], vec![1, 2], vec![3], vec![], vec![4, 5]]);
    for (index, name) in [
        (0, "AWS::EC2::VPC"),
        (1, "AWS::EC2::Subnet"),
        (2, "AWS::EC2::Subnet"),
        (3, "AWS::EC2::VPCEndpoint"),
        (4, "AWS::Lambda::Function"),
        (5, "AWS::Bedrock::Agent"),
        (6, "AWS::Bedrock::AgentAlias"),
    ] {
        plan.steps[index].type_name = TypeName::from(name);
    }
    plan
}

#[test]
fn what_remains_never_grows_by_itself_and_ends_at_nothing() {
    let plans = persona_plans();
    for plan in plans.iter().chain([&stack()]) {
        for (factor, concurrency) in [(0.2, 8), (1.0, 8), (1.0, 1), (3.0, 2)] {
            let mut last = Duration::MAX;
            let takes = |id: StepId| factor * Pace::Account.seconds(&plan.steps[id.0]);
            play(plan, concurrency, takes, |course, now, is_after_an_event| {
                let remaining = course.remaining(now);
                assert!(is_after_an_event || remaining <= last, "{last:?}, then {remaining:?}");
                last = remaining;
            });
            assert_eq!(last, Duration::ZERO);
        }
    }
}

#[test]
fn a_run_as_usual_is_estimated_as_it_goes() {
    let plan = stack();
    let takes = |id: StepId| Pace::Account.seconds(&plan.steps[id.0]);
    let mut seen = Vec::new();
    play(&plan, 8, takes, |course, now, _| seen.push((now, course.remaining(now))));
    let end = seen.last().expect("it ended").0;
    for (now, remaining) in seen {
        let really = end.saturating_duration_since(now);
        assert!(remaining.abs_diff(really) < Duration::from_millis(1), "{remaining:?}, {really:?}");
    }
}

/// Chains are not all there is: steps of the persona agent wait for a place, too.
#[test]
fn the_persona_agent_is_estimated_within_reason() {
    for plan in persona_plans() {
        for factor in [0.5, 1.0, 2.0] {
            let takes = |id: StepId| factor * Pace::Account.seconds(&plan.steps[id.0]);
            let mut seen = Vec::new();
            play(&plan, 8, takes, |course, now, _| seen.push((now, course.remaining(now))));
            let (begin, end) = (seen[0].0, seen.last().expect("it ended").0);
            let whole = end.saturating_duration_since(begin);
            // By the half of it a run that is not as usual is found out.
            let half = begin + whole / 2;
            for (now, remaining) in seen.into_iter().filter(|(now, _)| *now >= half) {
                let error = remaining.abs_diff(end.saturating_duration_since(now));
                assert!(error <= whole / 4, "{:?} x{factor}: {error:?} of {whole:?}", plan.purpose);
            }
        }
    }
}

#[test]
fn a_run_that_is_slower_throughout_is_found_out() {
    let plan = stack();
    let takes = |id: StepId| 2.0 * Pace::Account.seconds(&plan.steps[id.0]);
    let (mut end, mut seen) = (None, Vec::new());
    play(&plan, 8, takes, |course, now, _| {
        end = Some(now);
        if course.status(StepId(3)) == Status::Done {
            seen.push((now, course.remaining(now)));
        }
    });
    let (now, remaining) = seen[0];
    let really = end.expect("it ended").saturating_duration_since(now);
    let ratio = remaining.as_secs_f64() / really.as_secs_f64();
    assert!((0.7..1.3).contains(&ratio), "{remaining:?} of {really:?}");
}

#[test]
fn the_critical_path_is_what_the_run_was_as_long_as() {
    let plan = stack();
    let takes = |id: StepId| if id.0 == 5 { 300.0 } else { 5.0 };
    let mut path = None;
    play(&plan, 8, takes, |course, _, _| path = Some(course.critical_path()));
    let path = path.expect("it ended");
    let ids: Vec<usize> = path.steps.iter().map(|(id, _)| id.0).collect();
    assert_eq!(ids, [5, 6]);
    assert_eq!(path.took(), Duration::from_secs(305));
    assert_eq!(path.whole, path.took(), "nothing lies between its steps");
}

#[test]
fn who_waits_for_whom_is_looked_up_through_what_has_no_work() {
    let mut plan = plan(&[vec![], vec![0], vec![1], vec![2]]);
    plan.steps[1].operation = Operation::Nothing;
    let zero = Instant::now();
    let mut course = Course::new(&plan, Pace::Account, 8);
    course.take(&news(zero, 0.0, What::Begun));
    course.take(&news(zero, 0.0, What::Started(StepId(0))));
    let waiting = course.waiting();
    assert_eq!(waiting, [(StepId(2), vec![StepId(0)]), (StepId(3), vec![StepId(2)])]);
    let failed = StepError::Defect("no".to_owned());
    course.take(&news(zero, 1.0, What::Failed(StepId(0), failed)));
    let totals = course.totals();
    assert_eq!((totals.all, totals.failed, totals.left, totals.waiting), (3, 1, 2, 0));
    assert_eq!(course.remaining(zero), Duration::ZERO);
}

#[test]
fn a_phase_counts_from_when_it_was_first_told() {
    let plan = stack();
    let zero = Instant::now();
    let mut course = Course::new(&plan, Pace::Account, 8);
    let waiting = || Phase::Waiting("pending".to_owned());
    for second in [1.0, 2.0, 3.0] {
        course.take(&news(zero, second, What::Entered(StepId(3), waiting())));
    }
    let (_, since) = course.phase(StepId(3)).expect("it waits");
    assert_eq!(since, zero + Duration::from_secs(1));
    course.take(&news(zero, 4.0, What::Draining { running: 1, why: Stop::Interrupt }));
    assert!(course.is_draining());
    assert_eq!(course.totals().waiting, 0, "nothing more is started");
}

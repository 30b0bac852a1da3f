use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::plan::{Action, Operation, Plan, Purpose, Step, StepId};
use crate::reconcile::schedule::{Command, Event, Schedule};
use crate::value::{Attributes, LogicalId, Token, TypeName};

/// A plan of steps that wait for these others.
pub fn plan(after: &[Vec<usize>]) -> Plan {
    let step = |(index, after): (usize, &Vec<usize>)| Step {
        id: StepId(index),
        logical_id: LogicalId::new(format!("S{index}")),
        type_name: TypeName::from("AWS::EC2::VPC"),
        physical_id: None,
        action: Action::Create,
        operation: Operation::Create { token: Token::new(index.to_string()) },
        changes: Vec::new(),
        drifted: Vec::new(),
        moved_from: None,
        reasons: Vec::new(),
        attributes: Attributes::new(),
        restored: None,
        after: after.iter().copied().map(StepId).collect(),
    };
    Plan {
        stack: "sample".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        purpose: Purpose::Deploy,
        lineage: "lineage".to_owned(),
        serial: 0,
        steps: after.iter().enumerate().map(step).collect(),
        risks: Vec::new(),
        renames: Vec::new(),
        findings: Vec::new(),
        outputs: std::collections::BTreeMap::new(),
        exports: std::collections::BTreeMap::new(),
        imports: None,
        notes: Vec::new(),
        lost: Vec::new(),
    }
}

fn started(commands: &[Command]) -> Vec<usize> {
    let start = |command: &Command| match command {
        Command::Start(id) => Some(id.0),
        Command::Finish => None,
    };
    commands.iter().filter_map(start).collect()
}

#[test]
fn the_longest_path_goes_first() {
    // 0 and 1 stand alone, 2 → 3 → 4 is a chain, 5 → 6.
    let plan = plan(&[vec![], vec![], vec![], vec![2], vec![3], vec![], vec![5]]);
    let mut schedule = Schedule::new(&plan, 2);
    assert_eq!(started(&schedule.step(Event::Started)), [2, 5]);
    assert_eq!(started(&schedule.step(Event::Done(StepId(2)))), [3]);
    assert_eq!(started(&schedule.step(Event::Done(StepId(3)))), [0]);
    assert_eq!(started(&schedule.step(Event::Done(StepId(5)))), [1]);
    assert_eq!(started(&schedule.step(Event::Done(StepId(0)))), [4]);
    assert_eq!(started(&schedule.step(Event::Done(StepId(1)))), [6]);
    assert_eq!(schedule.step(Event::Done(StepId(6))), []);
    assert_eq!(schedule.step(Event::Done(StepId(4))), [Command::Finish]);
}

#[test]
fn nothing_to_do_is_finished_at_once() {
    assert_eq!(Schedule::new(&plan(&[]), 4).step(Event::Started), [Command::Finish]);
}

#[test]
fn no_room_at_all_is_room_for_one() {
    let mut schedule = Schedule::new(&plan(&[vec![], vec![]]), 0);
    assert_eq!(started(&schedule.step(Event::Started)), [0]);
}

/// A random graph without circles: each step waits for some of those before it.
fn graph() -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), 0..14)
        .prop_map(|steps| {
            let waits = |(index, picks): (usize, Vec<prop::sample::Index>)| {
                let earlier = picks.iter().filter(|_| index > 0).map(|pick| pick.index(index));
                earlier.collect::<BTreeSet<_>>().into_iter().collect()
            };
            steps.into_iter().enumerate().map(waits).collect()
        })
}

/// What a step waits for, directly or not.
fn before(after: &[Vec<usize>], step: usize) -> BTreeSet<usize> {
    after[step]
        .iter()
        .flat_map(|earlier| {
            let mut all = before(after, *earlier);
            all.insert(*earlier);
            all
        })
        .collect()
}

fn height(after: &[Vec<usize>], step: usize) -> usize {
    let dependents = (0..after.len()).filter(|other| after[*other].contains(&step));
    1 + dependents.map(|other| height(after, other)).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_run_keeps_its_laws(
        after in graph(),
        concurrency in 1_usize..5,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 14),
        failing in prop::collection::btree_set(0_usize..14, 0..3),
        interrupt_at in prop::option::of(0_usize..14),
    ) {
        let plan = plan(&after);
        let mut schedule = Schedule::new(&plan, concurrency);
        let (mut running, mut done, mut failed) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        let mut ended = 0;
        let mut interrupted = false;
        let mut commands = schedule.step(Event::Started);
        loop {
            let starts = started(&commands);
            prop_assert!(!interrupted || starts.is_empty(), "started after the interrupt");
            for step in &starts {
                prop_assert!(after[*step].iter().all(|earlier| done.contains(earlier)));
                prop_assert!(!running.contains(step) && !done.contains(step));
                running.push(*step);
            }
            prop_assert!(running.len() <= concurrency);
            let ready: Vec<usize> = (0..after.len())
                .filter(|step| !running.contains(step) && !done.contains(step) && !failed.contains(step))
                .filter(|step| after[*step].iter().all(|earlier| done.contains(earlier)))
                .collect();
            if !interrupted && running.len() < concurrency {
                prop_assert_eq!(&ready, &Vec::<usize>::new(), "there was room");
            }
            // What was left out has no longer path behind it than what was started.
            let highest = ready.iter().map(|step| height(&after, *step)).max().unwrap_or(0);
            prop_assert!(starts.iter().all(|step| height(&after, *step) >= highest));
            prop_assert_eq!(commands.contains(&Command::Finish), running.is_empty());
            if running.is_empty() {
                break;
            }
            if interrupt_at == Some(ended) && !interrupted {
                interrupted = true;
                commands = schedule.step(Event::Interrupted);
                continue;
            }
            let step = running.swap_remove(picks[ended].index(running.len()));
            ended += 1;
            commands = if failing.contains(&step) {
                failed.insert(step);
                schedule.step(Event::Failed(StepId(step)))
            } else {
                done.insert(step);
                schedule.step(Event::Done(StepId(step)))
            };
        }
        let not_started: BTreeSet<usize> = schedule.not_started().iter().map(|id| id.0).collect();
        prop_assert_eq!(not_started.len() + done.len() + failed.len(), after.len());
        for step in &not_started {
            let is_skipped = !before(&after, *step).is_disjoint(&failed);
            prop_assert!(is_skipped || interrupted, "{step} was left out for nothing");
        }
        for step in &done {
            prop_assert!(before(&after, *step).is_disjoint(&failed));
        }
    }
}

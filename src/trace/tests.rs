use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::{AWS, Trace, Zero};
use crate::aws::{Call, CallNews, Caller, Held, Pause};
use crate::course::{Course, Pace};
use crate::plan::StepId;
use crate::reconcile::tests::scheduling::plan;
use crate::reconcile::{News, Phase, What};

/// Every span of a track lies in another or beside it.
fn nests(spans: &mut [(u64, u64)]) -> bool {
    spans.sort_by_key(|(from, to)| (*from, std::cmp::Reverse(*to)));
    let mut open: Vec<u64> = Vec::new();
    spans.iter().all(|(from, to)| {
        open.retain(|end| end > from);
        let fits = open.last().is_none_or(|end| to <= end);
        open.push(*to);
        fits
    })
}

fn number(event: &Json, key: &str) -> u64 {
    event[key].as_u64().unwrap_or_else(|| panic!("{key} of {event}"))
}

#[test]
fn a_trace_can_be_read_at_any_moment_and_its_spans_nest() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace.json");
    let zero = Instant::now();
    let at = |milliseconds: u64| zero + Duration::from_millis(milliseconds);
    let mut trace = Trace::create(&path, Zero { at: zero, microseconds: 1_000_000 }).expect("it");
    let read = || -> Vec<Json> {
        let text = std::fs::read_to_string(&path).expect("it is there");
        serde_json::from_str(&text).expect("it is whole")
    };
    let plan = plan(&[vec![], vec![0]]);
    let mut course = Course::new(&plan, Pace::Account, 8);
    trace.begin(&plan, "deploy");
    let call = |step: usize, began: u64, took: u64| {
        let caller = Some(Arc::new(Caller { step, name: format!("S{step}") }));
        CallNews::Called(Call {
            action: "ec2:CreateVpc".to_owned(),
            caller,
            began: at(began),
            took: Duration::from_millis(took),
            attempt: 1,
            status: Some(200),
            request_id: Some("req-1".to_owned()),
            code: None,
        })
    };
    let phase = |id, phase| What::Entered(StepId(id), phase);
    for (when, what) in [
        (0, What::Begun),
        (0, What::Started(StepId(0))),
        (0, phase(0, Phase::Evaluating)),
        (0, phase(0, Phase::Calling)),
        (80, phase(0, Phase::Waiting("vpc-1 is pending".to_owned()))),
        (180, phase(0, Phase::Recording)),
        (190, What::Done(StepId(0), Duration::from_millis(190))),
        (190, What::Started(StepId(1))),
        (190, phase(1, Phase::Calling)),
        (400, What::Done(StepId(1), Duration::from_millis(210))),
    ] {
        let news = News { at: at(when), what };
        course.take(&news);
        trace.news(&course, &news);
        if when == 80 {
            // Two at once: the second has no place on the step's track.
            for call in [call(0, 10, 40), call(0, 20, 50)] {
                trace.call(&call);
            }
            trace.call(&CallNews::Paused(Pause {
                action: "ec2:CreateVpc".to_owned(),
                caller: None,
                began: at(10),
                took: Duration::from_millis(30),
                why: Held::Throttle,
            }));
        }
        read();
    }
    trace.end(&course);
    assert!(trace.broken().is_none());
    let events = read();
    let mut tracks: BTreeMap<(u64, u64), Vec<(u64, u64)>> = BTreeMap::new();
    let mut begun: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    for event in &events {
        let track = (number(event, "pid"), number(event, "tid"));
        match event["ph"].as_str() {
            Some("X") => {
                let from = number(event, "ts");
                tracks.entry(track).or_default().push((from, from + number(event, "dur")));
            }
            Some("B") => assert_eq!(begun.insert(track, number(event, "ts")), None, "{event}"),
            Some("E") => {
                let from = begun.remove(&track).expect("it was begun");
                tracks.entry(track).or_default().push((from, number(event, "ts")));
            }
            _ => {}
        }
    }
    assert!(begun.is_empty());
    for (track, spans) in &mut tracks {
        assert!(nests(spans), "{track:?}: {spans:?}");
    }
    let of = |kind: &str| events.iter().filter(|event| event["cat"] == kind).count();
    assert_eq!((of("aws"), of("call"), of("pause"), of("critical path")), (2, 1, 1, 2));
    let aws: BTreeSet<u64> = events
        .iter()
        .filter(|event| event["cat"] == "aws")
        .map(|event| number(event, "tid"))
        .collect();
    assert_eq!(aws.len(), 2, "calls at once have tracks of their own");
    assert!(tracks.keys().any(|(process, _)| *process == u64::try_from(AWS).expect("small")));
    let arrows: Vec<&Json> = events.iter().filter(|event| event["cat"] == "after").collect();
    assert_eq!(arrows.len(), 2);
    assert!(number(arrows[0], "ts") < number(arrows[1], "ts"));
}

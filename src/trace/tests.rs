use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::{Trace, Zero};
use crate::aws::{Call, CallNews, Caller, Held, Pause};
use crate::course::{Course, Pace};
use crate::plan::StepId;
use crate::reconcile::tests::scheduling::plan;
use crate::reconcile::{News, Phase, What};

#[path = "../../tests/support/perfetto.rs"]
mod perfetto;

fn number(event: &Json, key: &str) -> u64 {
    event[key].as_u64().unwrap_or_else(|| panic!("{key} of {event}"))
}

fn call(began: Instant, milliseconds: u64) -> CallNews {
    CallNews::Called(Call {
        action: "ec2:CreateVpc".to_owned(),
        caller: Some(Arc::new(Caller { step: 0, name: "S0".to_owned() })),
        began,
        took: Duration::from_millis(milliseconds),
        attempt: 1,
        status: Some(200),
        request_id: Some("req-1".to_owned()),
        code: None,
    })
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
    let phase = |id, phase| What::Entered(StepId(id), phase);
    for (when, what) in [
        (0, What::Begun),
        (0, What::Started(StepId(0))),
        (0, phase(0, Phase::Evaluating)),
        (0, phase(0, Phase::Calling)),
        (80, phase(0, Phase::Waiting("vpc-1 is pending".to_owned()))),
        (180, phase(0, Phase::Recording)),
        // What waits for a step begins while that writes its last record.
        (185, What::Started(StepId(1))),
        (185, phase(1, Phase::Calling)),
        (190, What::Done(StepId(0), Duration::from_millis(190))),
        (400, What::Done(StepId(1), Duration::from_millis(210))),
    ] {
        let news = News { at: at(when), what };
        course.take(&news);
        trace.news(&course, &news);
        if when == 80 {
            // The first begins with the phase that it stands in, which is told later. Two at once:
            // the second has no place on the step's track.
            for call in [call(at(0), 40), call(at(20), 50)] {
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
    assert_eq!(perfetto::complaints(&events), Vec::<String>::new());
    let of = |kind: &str| events.iter().filter(|event| event["cat"] == kind).count();
    assert_eq!((of("aws"), of("call"), of("pause"), of("critical path")), (2, 1, 1, 2));
    let aws: BTreeSet<u64> = events
        .iter()
        .filter(|event| event["cat"] == "aws")
        .map(|event| number(event, "tid"))
        .collect();
    assert_eq!(aws.len(), 2, "calls at once have tracks of their own");
    let arrows: Vec<&Json> = events.iter().filter(|event| event["cat"] == "after").collect();
    assert_eq!(arrows.len(), 2);
    assert!(number(arrows[0], "ts") <= number(arrows[1], "ts"));
}

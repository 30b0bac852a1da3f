use std::time::Duration;

use serde_json::json;

use crate::aws::FaultKind;
use crate::reconcile::human;
use crate::reconcile::locks::{Locks, key};
use crate::reconcile::retry::{Attempt, Circumstances, Decision, Youth, decide};
use crate::reconcile::wait::{Settled, Want, settled};
use crate::resource::{Lock, Status};

use Attempt::{Change, Create, Delete};
use Decision::{GiveUp, Resolve};
use Youth::{Settled as Old, Young};

fn after(milliseconds: u64) -> Decision {
    Decision::RetryAfter(Duration::from_millis(milliseconds))
}

#[test]
fn what_is_done_about_a_fault() {
    use FaultKind as Kind;
    for (kind, attempt, youth, tries, seconds, expected) in [
        (Kind::Propagating, Create, Young, 0, 0, after(250)),
        (Kind::Propagating, Create, Young, 2, 0, after(1000)),
        (Kind::Propagating, Create, Young, 9, 100, after(1500)),
        (Kind::Propagating, Create, Young, 90, 119, GiveUp),
        (Kind::Propagating, Create, Old, 0, 0, GiveUp),
        (Kind::NotFound, Create, Young, 0, 0, after(250)),
        (Kind::NotFound, Change, Young, 0, 0, after(250)),
        (Kind::NotFound, Change, Young, 50, 59, GiveUp),
        (Kind::NotFound, Change, Old, 0, 0, GiveUp),
        (Kind::NotFound, Delete, Young, 0, 0, GiveUp),
        (Kind::Concurrent, Create, Old, 0, 0, after(250)),
        (Kind::Concurrent, Delete, Old, 7, 200, after(3000)),
        (Kind::Concurrent, Change, Old, 7, 298, GiveUp),
        (Kind::Concurrent, Create, Old, 7, 298, after(3000)),
        (Kind::Concurrent, Create, Old, 7, 418, GiveUp),
        (Kind::InUse, Delete, Old, 0, 0, after(500)),
        (Kind::InUse, Delete, Old, 9, 580, after(10_000)),
        (Kind::InUse, Delete, Old, 9, 595, GiveUp),
        (Kind::InUse, Create, Old, 0, 0, after(500)),
        (Kind::InUse, Change, Old, 9, 299, GiveUp),
        (Kind::AlreadyExists, Create, Young, 0, 0, Resolve),
        (Kind::AlreadyExists, Create, Old, 3, 0, Resolve),
        (Kind::AlreadyExists, Change, Young, 0, 0, GiveUp),
        (Kind::Uncertain, Create, Old, 0, 0, Resolve),
        (Kind::Uncertain, Create, Old, 9, 500, Resolve),
        (Kind::Uncertain, Change, Old, 0, 0, after(500)),
        (Kind::Uncertain, Delete, Old, 4, 0, after(4000)),
        (Kind::Uncertain, Change, Old, 5, 0, GiveUp),
        (Kind::Throttled, Create, Young, 0, 0, GiveUp),
        (Kind::Denied, Create, Young, 0, 0, GiveUp),
        (Kind::Quota, Create, Young, 0, 0, GiveUp),
        (Kind::Closed, Create, Young, 0, 0, GiveUp),
        (Kind::Invalid, Change, Young, 0, 0, GiveUp),
    ] {
        let circumstances = Circumstances {
            attempt,
            youth,
            tries,
            elapsed: Duration::from_secs(seconds),
            patience: Duration::from_mins(7),
            delete_patience: Duration::from_mins(10),
        };
        assert_eq!(decide(kind, circumstances), expected, "{kind:?}, {circumstances:?}");
    }
}

#[test]
fn every_retry_ends() {
    use FaultKind as Kind;
    for kind in [
        Kind::Propagating,
        Kind::NotFound,
        Kind::Concurrent,
        Kind::InUse,
        Kind::AlreadyExists,
        Kind::Uncertain,
    ] {
        for attempt in [Create, Change, Delete] {
            let (mut elapsed, mut tries) = (Duration::ZERO, 0);
            let patience = Duration::from_mins(20);
            let circumstances = |tries, elapsed| {
                let delete_patience = patience;
                Circumstances { attempt, youth: Young, tries, elapsed, patience, delete_patience }
            };
            while let Decision::RetryAfter(pause) = decide(kind, circumstances(tries, elapsed)) {
                (elapsed, tries) = (elapsed + pause, tries + 1);
                assert!(elapsed < patience && tries < 1000, "{kind:?} {attempt:?}");
            }
        }
    }
}

#[test]
fn what_a_status_says_to_who_waits() {
    let pending = Status::Pending("creating".to_owned());
    let failed = Status::Failed("no room".to_owned());
    let deleting = Status::Deleting("draining".to_owned());
    let not_yet = |word: &str| Settled::NotYet(word.to_owned());
    let never = |why: &str| Settled::Never(why.to_owned());
    for (want, live, expected) in [
        (Want::Present, Some(&Status::Ready), Settled::Yes),
        (Want::Present, Some(&pending), not_yet("creating")),
        (Want::Present, Some(&failed), never("no room")),
        (Want::Present, Some(&deleting), never("it is being deleted (draining)")),
        (Want::Present, None, not_yet("")),
        (Want::Settled, Some(&failed), Settled::Yes),
        (Want::Settled, Some(&pending), not_yet("creating")),
        (Want::Settled, None, not_yet("")),
        (Want::Gone, None, Settled::Yes),
        (Want::Gone, Some(&deleting), not_yet("draining")),
        (Want::Gone, Some(&Status::Ready), not_yet("")),
        (Want::Gone, Some(&pending), not_yet("")),
        (Want::Gone, Some(&failed), not_yet("")),
    ] {
        assert_eq!(settled(want, live), expected, "{want:?} {live:?}");
    }
}

#[test]
fn parents_and_children_meet_at_one_key() {
    let child = json!({"RestApiId": "api1", "FunctionName": "name", "Count": 1});
    let arn = json!({"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:name"});
    for (lock, properties, physical_id, expected) in [
        (None, &child, Some("id"), None),
        (Some(Lock::Account("account")), &child, None, Some("account:account")),
        (Some(Lock::Itself), &child, None, None),
        (Some(Lock::Itself), &child, Some("api1"), Some("api1")),
        (Some(Lock::Itself), &child, Some("api1|part"), Some("api1")),
        (Some(Lock::Property("RestApiId")), &child, Some("other"), Some("api1")),
        (Some(Lock::Property("FunctionName")), &child, None, Some("name")),
        (Some(Lock::Property("FunctionName")), &arn, None, Some("name")),
        (Some(Lock::Property("Absent")), &child, None, None),
        (Some(Lock::Property("Count")), &child, None, None),
    ] {
        assert_eq!(key(lock, properties, physical_id).as_deref(), expected, "{lock:?}");
    }
}

#[tokio::test]
async fn a_lock_has_one_holder() {
    let locks = Locks::default();
    let name = || Some("api1".to_owned());
    let quiet = |_: &str| panic!("nobody holds it");
    let held = locks.hold(name(), quiet).await;
    assert!(held.is_some());
    assert!(locks.hold(None, quiet).await.is_none());
    assert!(locks.hold(Some("other".to_owned()), quiet).await.is_some());
    let told = std::cell::Cell::new(false);
    let mut second = std::pin::pin!(locks.hold(name(), |_| told.set(true)));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(second.as_mut().poll(&mut context).is_pending());
    assert!(told.get(), "who waits is told so");
    drop(held);
    assert!(second.await.is_some());
}

#[test]
fn durations_read_well() {
    for (seconds, expected) in
        [(5, "5 s"), (90, "90 s"), (120, "2 minutes"), (300, "5 minutes"), (301, "301 s")]
    {
        assert_eq!(human(Duration::from_secs(seconds)), expected);
    }
}

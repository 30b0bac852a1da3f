use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::sample::{RUN, after, empty, event, events, instance, named};
use super::store::{Holder, Store, StoreError};
use super::{Entry, FORMAT, State};
use crate::journal::{Record, encode, replay};
use crate::value::LogicalId;

/// What stands behind each logical id: `A=vpc-1 +intent -vpc-0`.
fn shape(state: &State) -> String {
    let name = |instance: &super::Instance| match &instance.physical_id {
        Some(id) => id.to_string(),
        None => "?".to_owned(),
    };
    let entry = |(id, entry): (&LogicalId, &Entry)| {
        let mut text = id.to_string();
        entry.current.iter().for_each(|one| text.push_str(&format!("={}", name(one))));
        entry.intent.iter().for_each(|one| text.push_str(&format!("+{}", name(one))));
        entry.deposed.iter().for_each(|one| text.push_str(&format!("-{}", name(one))));
        text
    };
    state.resources.iter().map(entry).collect::<Vec<_>>().join(" ")
}

#[test]
fn events_change_a_state_as_they_say() {
    for (text, expected) in [
        ("", ""),
        ("A begin a", "A+?"),
        ("A begin a; A begin a", "A+?"),
        ("A begin a; A name a vpc-1", "A+vpc-1"),
        ("A begin a; A name a vpc-1; A begin a", "A+vpc-1"),
        ("A begin a; A name a vpc-1; A name a vpc-1", "A+vpc-1"),
        ("A begin a; A abandon a", ""),
        ("A begin a; A name a vpc-1; A made a", "A=vpc-1"),
        ("A begin a; A name a vpc-1; A made a; A begin b", "A=vpc-1+?"),
        ("A begin a; A name a vpc-1; A made a; A begin b; A abandon b", "A=vpc-1"),
        (
            "A begin a; A name a vpc-1; A made a; A begin b; A name b vpc-2; A made b",
            "A=vpc-2-vpc-1",
        ),
        (
            "A begin a; A name a vpc-1; A made a; A begin b; A name b vpc-2; A made b; A deleted a",
            "A=vpc-2",
        ),
        ("A begin a; A name a vpc-1; A made a; A updating a; A updated a vpc-1", "A=vpc-1"),
        ("A begin a; A deleting a; A deleted a", ""),
        ("A begin a; A name a vpc-1; A made a; A forgotten a; A begin b", "A+?"),
        (RUN, "A=vpc-3"),
    ] {
        let state = after(text);
        assert_eq!(shape(&state), expected, "{text}");
        assert_eq!(state.serial, events(text).len() as u64, "{text}");
        assert_eq!(state.violations(), [], "{text}");
    }
    let updated = after("A begin a; A name a vpc-1; A made a; A updated a vpc-1");
    let current = updated.current(&LogicalId::from("A")).expect("it is there");
    assert_eq!(current.properties["EnableDnsSupport"], false);
    assert_eq!(after("- outputs").outputs["Out"], "text");
    assert_eq!(after("- outputs").exports["shared"], "text");
    assert_eq!(after("- imports").imports["theirs"], "network");
}

#[test]
fn what_cannot_follow_is_refused_and_changes_nothing() {
    let made = "A begin a; A name a vpc-1; A made a; ";
    for (before, wrong, why) in [
        ("", "A name a vpc-1", "`A` is not being created"),
        ("", "A made a", "`A` is not being created"),
        ("", "A abandon a", "`A` is not being created"),
        ("", "A updating a", "`A` is being updated but is not there"),
        ("", "A updated a vpc-1", "`A` was updated but is not there"),
        ("", "A deleting a", "`A` is not there"),
        ("", "A deleted a", "`A` is not there"),
        ("", "A forgotten a", "`A` is not there"),
        ("A begin a", "A begin b", "`A` is being created already"),
        ("A begin a", "B begin a", "`B` is being created with a token that is taken"),
        ("A begin a", "A name b vpc-1", "`A` is not being created"),
        ("A begin a", "A made a", "`A` was created without a physical id"),
        ("A begin a", "A updating a", "`A` is being updated but is not there"),
        ("A begin a; A name a vpc-1", "A abandon a", "`A` has been named and cannot be abandoned"),
        ("A begin a; A name a vpc-1", "A name a vpc-2", "`A` is `vpc-1` and cannot become `vpc-2`"),
        (
            "A begin a; A name a vpc-1; B begin b",
            "B name b vpc-1",
            "`B` cannot be `vpc-1`: another one is",
        ),
        (made, "A made a", "`A` is not being created"),
        (made, "A begin a", "`A` is being created with a token that is taken"),
        (made, "A updated b vpc-1", "`A` was updated but is not there"),
        (made, "A updated a vpc-2", "`A` was updated to be something else"),
        (made, "A deleted b", "`A` is not there"),
        (made, "B deleted a", "`B` is not there"),
    ] {
        let mut state = after(before);
        let unchanged = state.clone();
        let illegal = state.apply(&event(wrong)).expect_err(wrong);
        assert_eq!(illegal.text, why, "{before}; {wrong}");
        assert_eq!(state, unchanged, "{before}; {wrong}");
    }
}

#[test]
fn every_law_has_a_state_that_breaks_it() {
    let with = |entries: Vec<(&str, Entry)>| {
        let mut state = empty();
        state.resources.extend(entries.into_iter().map(|(id, entry)| (id.into(), entry)));
        state
    };
    let current = |instance| Entry { current: Some(instance), ..Entry::default() };
    let deposed = |instance| Entry { deposed: vec![instance], ..Entry::default() };
    let both = Entry { deposed: vec![named("b", "vpc-1")], ..current(named("a", "vpc-1")) };
    for (law, state) in [
        (1, State { format: FORMAT + 1, ..empty() }),
        (2, with(vec![("A", current(instance("a")))])),
        (2, with(vec![("A", deposed(instance("a")))])),
        (3, with(vec![("A", current(named("a", "vpc-1"))), ("B", deposed(named("a", "vpc-2")))])),
        (4, with(vec![("A", current(named("a", "vpc-1"))), ("B", current(named("b", "vpc-1")))])),
        (4, with(vec![("A", both)])),
        (5, with(vec![("A", Entry::default())])),
    ] {
        let laws: Vec<u8> = state.violations().iter().map(|violation| violation.law).collect();
        assert_eq!(laws, [law], "{state:?}");
    }
    assert_eq!(after(RUN).violations(), []);
}

fn any_event() -> impl Strategy<Value = String> {
    let verbs = prop::sample::select(vec![
        "begin",
        "begin",
        "name",
        "name",
        "made",
        "made",
        "abandon",
        "updating",
        "updated",
        "deleting",
        "deleted",
        "forgotten",
    ]);
    let token = prop::sample::select(vec!["a", "b", "c"]);
    ("[AB]", verbs, token, "vpc-[12]")
        .prop_map(|(id, verb, token, physical)| format!("{id} {verb} {token} {physical}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_sequence_of_events_breaks_a_law(texts in prop::collection::vec(any_event(), 0..24)) {
        let mut state = empty();
        let mut records = Vec::new();
        for text in &texts {
            let (before, event) = (state.clone(), event(text));
            match state.apply(&event) {
                Ok(()) => {
                    prop_assert_eq!(state.serial, before.serial + 1);
                    records.push(Record { sequence: state.serial, event });
                }
                Err(_) => prop_assert_eq!(&state, &before),
            }
            prop_assert_eq!(state.violations(), []);
        }
        prop_assert_eq!(replay(empty(), &records), Ok(state));
    }
}

struct Home {
    folder: TempDir,
    store: Store,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::new(&folder.path().join("deep/stack"));
        Self { folder, store }
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("deep/stack").join(name)
    }

    async fn open(&self) -> super::store::Ledger {
        let lock = self.store.lock(&holder("first"), &|_| ()).await.expect("nobody holds it");
        self.store.open(lock, empty()).await.expect("it can be opened")
    }
}

fn holder(command: &str) -> Holder {
    Holder {
        command: command.to_owned(),
        pid: 7,
        user: "ada".to_owned(),
        host: "engine".to_owned(),
        since: "2026-01-01T00:00:00Z".to_owned(),
    }
}

#[tokio::test]
async fn a_lock_is_refused_with_its_holder_until_it_is_dropped() {
    let home = Home::new();
    let lock = home.store.lock(&holder("cairn deploy"), &|_| ()).await.expect("nobody holds it");
    let refused =
        home.store.lock(&holder("cairn teardown"), &|_| ()).await.expect_err("it is held");
    assert_eq!(
        refused.to_string(),
        "another run holds the lock of this stack: `cairn deploy` by ada on engine, process 7, \
         since 2026-01-01T00:00:00Z"
    );
    assert_eq!(refused.hints(), ["wait until it ends; the lock goes with its process"]);
    drop(lock);
    home.store.lock(&holder("cairn teardown"), &|_| ()).await.expect("it is free again");
}

#[tokio::test]
async fn a_newer_format_is_refused_with_advice() {
    let home = Home::new();
    home.open().await.close().await.expect("it can be written");
    let path = home.file("state.json");
    let text = fs::read_to_string(&path).expect("a snapshot");
    let newer = text.replace("\"format\": 1", "\"format\": 2, \"unheard\": []");
    assert_ne!(newer, text);
    fs::write(&path, newer).expect("a file");
    let refused = home.store.read().await.expect_err("it is newer");
    assert!(refused.to_string().contains("newer Cairn (format 2, this one knows 1)"), "{refused}");
    assert_eq!(refused.hints(), ["update Cairn"]);
}

#[tokio::test]
async fn what_is_no_sound_state_is_refused() {
    let home = Home::new();
    home.open().await.close().await.expect("it can be written");
    let path = home.file("state.json");
    fs::write(&path, "{").expect("a file");
    assert!(matches!(home.store.read().await, Err(StoreError::Unreadable { .. })));
    let mut broken = empty();
    broken.resources.insert("A".into(), Entry::default());
    fs::write(&path, serde_json::to_string(&broken).expect("JSON")).expect("a file");
    let refused = home.store.read().await.expect_err("it is not sound");
    assert!(refused.to_string().contains("law 5: `A` has an entry and no instance"), "{refused}");
}

/// Writes the journal's lines up to a record, and what a write of the next one left.
fn write_journal(path: &Path, lines: &[String], torn: &str) {
    fs::write(path, lines.concat() + torn).expect("a file");
}

#[tokio::test]
async fn a_state_is_read_at_every_record_as_the_run_left_it() {
    let home = Home::new();
    let ledger = home.open().await;
    let mut states = vec![ledger.state()];
    for event in events(RUN) {
        ledger.record(event).await.expect("it can follow");
        states.push(ledger.state());
        assert_eq!(home.store.read().await.expect("it reads").as_ref(), states.last());
    }
    drop(ledger);
    let path = home.file("journal.jsonl");
    let text = fs::read_to_string(&path).expect("a journal");
    let lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    assert_eq!(lines.len(), events(RUN).len());
    for (length, expected) in states.iter().enumerate() {
        let torn = lines.get(length).map_or("", |line| &line[..line.len() / 2]);
        write_journal(&path, &lines[..length], torn);
        assert_eq!(home.store.read().await.expect("it reads").as_ref(), Some(expected), "{length}");
        // Opened again, the run goes on after what is whole.
        let ledger = home.open().await;
        assert_eq!(&ledger.state(), expected);
        ledger.record(event("- opened")).await.expect("it can follow");
        let next = State { serial: expected.serial + 1, ..expected.clone() };
        drop(ledger);
        assert_eq!(home.store.read().await.expect("it reads"), Some(next));
    }
}

#[tokio::test]
async fn a_closed_run_leaves_its_end_in_the_snapshot() {
    let home = Home::new();
    assert_eq!(home.store.read().await.expect("nothing is there"), None);
    let ledger = home.open().await;
    for event in events(RUN) {
        ledger.record(event).await.expect("it can follow");
    }
    let journal = fs::read(home.file("journal.jsonl")).expect("a journal");
    let last = ledger.close().await.expect("it can be written");
    assert!(!home.file("journal.jsonl").exists());
    assert_eq!(home.store.read().await.expect("it reads").as_ref(), Some(&last));
    // Killed after the snapshot was written and before the journal went.
    fs::write(home.file("journal.jsonl"), journal).expect("a file");
    assert_eq!(home.store.read().await.expect("it reads").as_ref(), Some(&last));
    let ledger = home.open().await;
    ledger.record(event("C begin c")).await.expect("it can follow");
    drop(ledger);
    let state = home.store.read().await.expect("it reads").expect("it is there");
    assert_eq!(shape(&state), "A=vpc-3 C+?");
    home.store.forget().await.expect("it can be removed");
    assert_eq!(home.store.read().await.expect("nothing is there"), None);
}

#[tokio::test]
async fn an_event_that_cannot_follow_is_not_written() {
    let home = Home::new();
    let ledger = home.open().await;
    let refused = ledger.record(event("A deleted a")).await.expect_err("it is not there");
    assert!(matches!(*refused, StoreError::Contradiction { .. }), "{refused}");
    assert_eq!(fs::read(home.file("journal.jsonl")).expect("a journal"), b"");
    assert_eq!(ledger.state(), empty());
}

#[tokio::test]
async fn a_journal_that_does_not_fit_is_refused() {
    let home = Home::new();
    drop(home.open().await);
    let record = Record { sequence: 5, event: event("A begin a") };
    fs::write(home.file("journal.jsonl"), encode(&record).expect("JSON")).expect("a file");
    let refused = home.store.read().await.expect_err("records are missing");
    assert!(matches!(refused, StoreError::Contradiction { .. }), "{refused}");
}

#[test]
fn a_full_disk_has_its_advice() {
    let full = std::io::Error::from(ErrorKind::StorageFull);
    let error = StoreError::Io { attempt: "write", place: "state.json".to_owned(), source: full };
    assert_eq!(error.to_string(), "cannot write `state.json`");
    assert!(error.hints()[0].contains("nothing is lost"), "{:?}", error.hints());
}

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::run::KEPT;
use super::sample::{RUN, after, empty, event, events, instance, named};
use super::store::{Holder, Store, StoreError};
use super::{Counts, Ending, Entry, FORMAT, Marks, State, Was};
use crate::journal::{Event, Record, decode, encode, replay, summed};
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

/// What a rollback goes back to: `A=vpc-1 B=nothing`.
fn before(state: &State) -> String {
    let was = |(id, was): (&LogicalId, &Was)| match was {
        Was::Absent => format!("{id}=nothing"),
        Was::LetGo(instance) => format!("{id}=let go, {}", instance.token.as_str()),
        Was::Present(instance) => {
            let physical_id = instance.physical_id.as_ref().expect("it was in use");
            let torn = if instance.attempted.is_empty() { "" } else { " torn" };
            format!("{id}={physical_id}{torn}")
        }
    };
    let mut text: Vec<String> = state.before.resources.iter().map(was).collect();
    text.extend(state.before.told.iter().map(|told| format!("told {}", told.outputs.len())));
    text.join(" ")
}

#[test]
fn a_state_keeps_what_has_changed_since_a_run_was_complete() {
    const MADE: &str = "A begin a; A name a vpc-1; A made a; - completed; ";
    for (text, expected) in [
        ("A begin a", ""),
        ("A begin a; A name a vpc-1", ""),
        ("A begin a; A name a vpc-1; A made a", "A=nothing"),
        ("A begin a; A name a vpc-1; A made a; A updating a; A deleted a", "A=nothing"),
    ] {
        assert_eq!(before(&after(text)), expected, "{text}");
    }
    for (text, expected) in [
        ("", ""),
        ("A begin b; A name b vpc-2", ""),
        ("A begin b; A name b vpc-2; A made b", "A=vpc-1"),
        ("A begin b; A name b vpc-2; A made b; A deleting a; A deleted a", "A=vpc-1"),
        ("A begin b; A name b vpc-2; A made b; A again a", "A=vpc-1"),
        ("A begin b; A name b vpc-2; A made b; A updating b; A begin c; A name c vpc-3", "A=vpc-1"),
        ("A updating a", "A=vpc-1"),
        ("A updating a; A updating a; A updated a vpc-1", "A=vpc-1"),
        ("A deleting a", "A=vpc-1"),
        ("A deleted a", "A=vpc-1"),
        ("A forgotten a; A begin b; A name b vpc-2; A made b", "A=let go, a"),
        ("A deleting a; A forgotten a", "A=let go, a"),
        ("- outputs; - imports", "told 0"),
        ("A updating a; - outputs; - completed", ""),
        ("- outputs; - completed; - outputs", "told 1"),
    ] {
        let state = after(&format!("{MADE}{text}"));
        assert_eq!(before(&state), expected, "{text}");
        let json = serde_json::to_string(&state).expect("a state is JSON");
        assert_eq!(serde_json::from_str::<State>(&json).expect("it reads back"), state, "{text}");
    }
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
        ("A begin a; A name a vpc-1; A made a; A moved C; B begin b", "B+? C=vpc-1"),
        ("A begin a; A moved C; C name a vpc-1; C made a; C deleting a; C deleted a", ""),
        ("A adopted a vpc-1", "A=vpc-1"),
        ("A begin a; A name a vpc-1; A made a; A begin b; A moved B", "B=vpc-1+?"),
        ("A adopted a vpc-1; A moved B; A adopted b vpc-2", "A=vpc-2 B=vpc-1"),
        (
            "A begin a; A name a vpc-1; A made a; A begin b; A name b vpc-2; A made b; A again a",
            "A=vpc-1-vpc-2",
        ),
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
        (made, "A adopted b vpc-2", "`A` is adopted and there already"),
        (made, "B adopted a vpc-2", "`B` is adopted with a token that is taken"),
        (made, "B adopted b vpc-1", "`B` cannot be `vpc-1`: another one is"),
        ("", "A moved B", "`A` is not there"),
        (made, "A deleted b", "`A` is not there"),
        (made, "B deleted a", "`B` is not there"),
        (made, "A deleting b", "`A` is not there"),
        (made, "A forgotten b", "`A` is not there"),
        (made, "A updating b", "`A` is being updated but is not there"),
        (made, "A name a vpc-1", "`A` is not being created"),
        (made, "A abandon a", "`A` is not being created"),
        (made, "B moved C", "`B` is not there"),
        (made, "A moved A", "`A` cannot become `A`: that is there"),
        ("A begin a; B begin b", "A moved B", "`A` cannot become `B`: that is there"),
        ("A begin a; A moved B", "A name a vpc-1", "`A` is not being created"),
    ] {
        let mut state = after(before);
        let unchanged = state.clone();
        let illegal = state.apply(&event(wrong)).expect_err(wrong);
        assert_eq!(illegal.text, why, "{before}; {wrong}");
        assert_eq!(state, unchanged, "{before}; {wrong}");
    }
}

#[test]
fn what_is_moved_is_known_by_its_new_name_alone() {
    let mut state = after("A adopted a vpc-1; B adopted b vpc-2");
    let user = state.resources.get_mut("B").and_then(|entry| entry.current.as_mut());
    user.expect("it is there").dependencies.insert("A".into());
    state.apply(&event("A moved C")).expect("it is there");
    let current = |id: &str| state.current(&LogicalId::from(id)).expect("it is there");
    assert_eq!(current("B").dependencies, [LogicalId::from("C")].into());
    assert_eq!(current("C").marks, Marks::Of("A".into()));
    assert_eq!(current("B").marks, Marks::Own);
    state.apply(&event("C moved D")).expect("it is there");
    let moved = state.current(&LogicalId::from("D")).expect("it is there");
    assert_eq!(moved.marks, Marks::Of("A".into()), "as its tags still say");
}

#[test]
fn an_instance_that_is_not_what_it_was_is_refused() {
    let refused = |before: &str, wrong: Event| {
        after(before).apply(&wrong).expect_err("it cannot follow").text
    };
    let begun = |instance| Event::CreateBegun { id: "A".into(), instance };
    let named_early = begun(named("a", "vpc-1"));
    assert_eq!(refused("", named_early), "`A` has a physical id before it is created");
    let other_type = super::Instance { type_name: "AWS::EC2::Subnet".into(), ..instance("a") };
    assert_eq!(refused("A begin a", begun(other_type)), "`A` is being created already");
    let mut changed = named("a", "vpc-1");
    changed.type_name = "AWS::EC2::Subnet".into();
    let updated = Event::Updated { id: "A".into(), instance: changed };
    let made = "A begin a; A name a vpc-1; A made a";
    assert_eq!(refused(made, updated), "`A` was updated to be something else");
}

#[test]
fn a_move_takes_what_depends_on_it_along() {
    let mut state = after("A begin a; A name a vpc-1; A made a; B begin b");
    let depends = [LogicalId::from("A"), LogicalId::from("X")].into();
    let entry = state.resources.get_mut("B").expect("it is there");
    entry.intent.as_mut().expect("it is begun").dependencies = depends;
    state.apply(&event("A moved C")).expect("it can follow");
    let intent = state.resources["B"].intent.as_ref().expect("it is begun");
    assert_eq!(intent.dependencies, [LogicalId::from("C"), LogicalId::from("X")].into());
}

#[test]
fn a_state_remembers_its_runs() {
    let state = after(RUN);
    let counts = Counts { created: 3, updated: 1, deleted: 2, ..Counts::default() };
    let [run] = state.runs.as_slice() else { panic!("{:?}", state.runs) };
    assert_eq!((run.changed, run.ending, run.serial), (counts, Ending::Closed, 1));
    assert_eq!((run.command.as_str(), run.user.as_str()), ("deploy", "ada"));
    // One that was killed is followed by the next; the oldest are forgotten.
    let killed = after("- opened; A begin a; - opened; A name a vpc-1; A made a; - closed");
    let endings: Vec<_> = killed.runs.iter().map(|run| (run.ending, run.changed.created)).collect();
    assert_eq!(endings, [(Ending::Open, 0), (Ending::Closed, 1)]);
    let many = after(&"- opened; - closed; ".repeat(KEPT + 5));
    assert_eq!(many.runs.len(), KEPT);
    assert_eq!(many.runs[0].serial, 11);
    assert_eq!(many.violations(), []);
}

/// States that break one law each.
fn unlawful() -> Vec<(u8, State)> {
    let with = |entries: Vec<(&str, Entry)>| {
        let mut state = empty();
        state.resources.extend(entries.into_iter().map(|(id, entry)| (id.into(), entry)));
        state
    };
    let current = |instance| Entry { current: Some(instance), ..Entry::default() };
    let deposed = |instance| Entry { deposed: vec![instance], ..Entry::default() };
    let both = Entry { deposed: vec![named("b", "vpc-1")], ..current(named("a", "vpc-1")) };
    let run = || after("- opened").runs.remove(0);
    let late = super::Run { serial: 9, ..run() };
    vec![
        (1, State { format: FORMAT + 1, ..empty() }),
        (1, State { format: FORMAT - 1, ..empty() }),
        (2, with(vec![("A", current(instance("a")))])),
        (2, with(vec![("A", deposed(instance("a")))])),
        (3, with(vec![("A", current(named("a", "vpc-1"))), ("B", deposed(named("a", "vpc-2")))])),
        (4, with(vec![("A", current(named("a", "vpc-1"))), ("B", current(named("b", "vpc-1")))])),
        (4, with(vec![("A", both)])),
        (5, with(vec![("A", Entry::default())])),
        (6, State { runs: vec![run(); KEPT + 1], serial: 1, ..empty() }),
        (6, State { runs: vec![late.clone()], serial: 8, ..empty() }),
        (6, State { runs: vec![late, run()], serial: 9, ..empty() }),
    ]
}

#[test]
fn every_law_has_a_state_that_breaks_it() {
    for (law, state) in unlawful() {
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

    async fn lock(&self) -> super::store::Lock {
        self.store.lock(&holder("first"), &|_| ()).await.expect("nobody holds it")
    }

    async fn open(&self) -> super::store::Ledger {
        let lock = self.lock().await;
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
    let (this, next) = (FORMAT, FORMAT + 1);
    let newer = text
        .replace(&format!("\"format\": {this}"), &format!("\"format\": {next}, \"unheard\": []"));
    assert_ne!(newer, text);
    fs::write(&path, newer).expect("a file");
    let refused = home.store.read().await.expect_err("it is newer");
    let told = format!("newer Cairn (format {next}, this one knows {this})");
    assert!(refused.to_string().contains(&told), "{refused}");
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

#[tokio::test]
async fn a_state_that_is_not_sound_is_neither_written_nor_believed() {
    for (law, state) in unlawful() {
        let home = Home::new();
        let lock = home.lock().await;
        let refused = home.store.open(lock, state.clone()).await.expect_err("it is not sound");
        assert!(matches!(refused, StoreError::Unsound { .. }), "{law}: {refused}");
        assert!(!home.file("state.json").exists(), "{law}");
        // An older format is no mistake where it is read.
        let read = if state.format < FORMAT { continue } else { state };
        fs::write(home.file("state.json"), serde_json::to_string(&read).expect("JSON"))
            .expect("a file");
        let refused = home.store.read().await.expect_err("it is not sound");
        let is_told = matches!(refused, StoreError::Unsound { .. } | StoreError::Newer { .. });
        assert!(is_told, "{law}: {refused}");
    }
}

/// A file of each version there has been, written by the Cairn of its time: deployed, and then
/// killed in an update.
#[tokio::test]
async fn every_older_version_is_read_and_written_as_this_one() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/states");
    let mut seen = Vec::new();
    for version in fs::read_dir(golden).expect("a folder").flatten() {
        let home = Home::new();
        let name = version.file_name().to_string_lossy().into_owned();
        fs::create_dir_all(home.file("")).expect("a folder");
        for file in fs::read_dir(version.path()).expect("a folder").flatten() {
            fs::copy(file.path(), home.file(&file.file_name().to_string_lossy())).expect("a file");
        }
        let read = home.store.read().await.expect("it is read").expect("it is there");
        assert_eq!(read.format, FORMAT, "{name}");
        assert_eq!(read.resources.len(), 3, "{name}");
        assert!(read.current(&"Vpc".into()).is_some_and(|vpc| vpc.physical_id.is_some()), "{name}");
        let (closed, lock) = home.open().await.close().await.expect("it is written");
        drop(lock);
        assert_eq!(closed.resources, read.resources, "{name}");
        let text = fs::read_to_string(home.file("state.json")).expect("a snapshot");
        assert!(text.contains(&format!("\"format\": {FORMAT},")), "{name}");
        assert_eq!(home.store.read().await.expect("it is read"), Some(closed), "{name}");
        seen.push(name);
    }
    seen.sort();
    assert_eq!(seen, ["1-attempts", "1-exports", "1-first", "2-runs", "3-before"]);
}

#[tokio::test]
async fn a_state_without_its_snapshot_is_no_new_one() {
    let home = Home::new();
    let ledger = home.open().await;
    ledger.record(event("A begin a")).await.expect("it can follow");
    drop(ledger);
    fs::remove_file(home.file("state.json")).expect("a file");
    for left in ["journal.jsonl", "state.previous.json"] {
        assert!(home.file(left).exists(), "{left}");
        let refused = home.store.read().await.expect_err("something was here");
        assert!(matches!(refused, StoreError::Headless { .. }), "{refused}");
        let lock = home.lock().await;
        let refused = home.store.open(lock, empty()).await.expect_err("something was here");
        assert!(matches!(refused, StoreError::Headless { .. }), "{refused}");
        fs::remove_file(home.file(left)).expect("a file");
    }
    assert_eq!(home.store.read().await.expect("nothing is left"), None);
}

#[tokio::test]
async fn a_record_that_nobody_knows_is_not_cut_off() {
    let home = Home::new();
    drop(home.open().await);
    let strange = summed(r#"{"sequence":1,"event":{"event":"unheard"}}"#);
    fs::write(home.file("journal.jsonl"), &strange).expect("a file");
    let refused = home.store.read().await.expect_err("it is not known");
    assert!(matches!(refused, StoreError::Unread { .. }), "{refused}");
    assert_eq!(refused.hints(), ["update Cairn"]);
    assert_eq!(fs::read_to_string(home.file("journal.jsonl")).expect("a journal"), strange);
}

#[tokio::test]
async fn the_snapshot_before_and_its_journal_lead_to_the_snapshot() {
    let home = Home::new();
    for text in ["A begin a; A name a vpc-1; A made a", "- opened; B begin b; A deleted a"] {
        let ledger = home.open().await;
        for event in events(text) {
            ledger.record(event).await.expect("it can follow");
        }
        let (last, lock) = ledger.close().await.expect("it can be written");
        drop(lock);
        let previous = fs::read_to_string(home.file("state.previous.json")).expect("a snapshot");
        let previous: State = serde_json::from_str(&previous).expect("a state");
        let journal = fs::read_to_string(home.file("journal.previous.jsonl")).expect("a journal");
        let records: Vec<Record> =
            journal.lines().map(|line| decode(line).expect("a record")).collect();
        assert_eq!(replay(previous, &records), Ok(last), "{text}");
    }
    home.store.forget(&home.lock().await).await.expect("it can be removed");
    let left: Vec<_> = fs::read_dir(home.file("")).expect("a folder").flatten().collect();
    assert_eq!(left.len(), 1, "only the lock: {left:?}");
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
        let mut next = expected.clone();
        next.apply(&event("- opened")).expect("it can follow");
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
    let (last, lock) = ledger.close().await.expect("it can be written");
    drop(lock);
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
    home.store.forget(&home.lock().await).await.expect("it can be removed");
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

#[test]
fn what_may_not_be_read_is_not_to_be_written_to() {
    for (attempt, advice) in [("read", "let it be read"), ("write", "be written to")] {
        let source = std::io::Error::from(ErrorKind::PermissionDenied);
        let error = StoreError::Io { attempt, place: "state.json".to_owned(), source };
        assert!(error.hints()[0].contains(advice), "{:?}", error.hints());
    }
}

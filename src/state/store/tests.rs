//! What a store makes of what is not as it was written.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde_json::Value as Json;
use tempfile::TempDir;

use super::{Holder, Keys, Ledger, Lock, Others, Seals, Store, What};
use crate::aws::Asset;
use crate::journal::body;
use crate::state::State;
use crate::state::sample::{RUN, empty, events};
use crate::value::Secret;

const NOW: &str = "2026-01-01T00:00:00Z";

struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).expect("a file")
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).expect("it can be written");
    }

    /// Puts a folder that is not empty where a file is to go.
    fn block(&self, name: &str) {
        fs::create_dir_all(self.file(name).join("full")).expect("a folder");
    }

    fn clear(&self) -> Store {
        Store::new(self.folder.path())
    }

    fn sealed(&self, keys: Keys) -> Store {
        self.clear().sealed_by(Seals::new("test/sample", Some(keys), Others::Nothing))
    }
}

fn key(letter: &str) -> Keys {
    // 32 bytes, in base64.
    Keys::Key(Secret::new(format!("{}=", letter.repeat(43))))
}

fn holder() -> Holder {
    Holder {
        command: "cairn deploy".to_owned(),
        pid: 7,
        user: "ada".to_owned(),
        host: "engine".to_owned(),
        since: NOW.to_owned(),
    }
}

async fn lock(store: &Store) -> Lock {
    store.lock(&holder(), &|_| ()).await.expect("nobody holds it")
}

async fn open(store: &Store) -> Ledger {
    store.open(lock(store).await, empty()).await.expect("it can be opened")
}

/// A run from its beginning to its end.
async fn run(store: &Store, text: &str) -> State {
    run_on(store, text).await.close().await.expect("it can be written").0
}

/// A run that has not ended.
async fn run_on(store: &Store, text: &str) -> Ledger {
    let ledger = open(store).await;
    for event in events(text) {
        ledger.record(event).await.expect("it counts");
    }
    ledger
}

/// Two runs: what leads to the snapshot is there.
async fn two_runs(store: &Store) -> State {
    run(store, "- opened; A begin a; A name a vpc-1; A made a").await;
    run(store, "- opened; B begin b; B name b vpc-2; B made b").await
}

fn this_format() -> String {
    format!("\"format\": {}", crate::state::FORMAT)
}

#[tokio::test]
async fn only_a_snapshot_that_says_nothing_any_more_is_written_again() {
    let damages: [fn(&Home); 4] = [
        |home| fs::remove_file(home.file("state.json")).expect("a file"),
        |home| home.write("state.json", "{\"format\": 3,"),
        |home| fs::write(home.file("state.json"), b"\xff\xfe").expect("it can be written"),
        |home| {
            let text = home.text("state.json").replace("vpc-2", "vpc-1");
            home.write("state.json", &text);
        },
    ];
    for damage in damages {
        let home = Home::new();
        let store = home.clear();
        let whole = two_runs(&store).await;
        damage(&home);
        let lock = lock(&store).await;
        assert_eq!(store.repair(&lock, NOW).await.expect("it can be mended").len(), 1);
        assert_eq!(store.read().await.expect("it is sound"), Some(whole));
    }
    // The key opens it, so it was certainly changed.
    let home = Home::new();
    let store = home.sealed(key("A"));
    let whole = two_runs(&store).await;
    let text = home.text("state.json").replace("\"serial\": 10", "\"serial\": 11");
    home.write("state.json", &text);
    let refused = store.read().await.expect_err("it does not open");
    assert!(refused.hints()[0].contains("cairn state repair"), "{refused}");
    let lock = lock(&store).await;
    assert_eq!(store.repair(&lock, NOW).await.expect("it can be mended").len(), 1);
    assert_eq!(store.read().await.expect("it is sound"), Some(whole));
}

/// What it was written with, what it is read with, whether it is newer, and the advice.
type Case = (Option<Keys>, Option<Keys>, bool, &'static str);

#[tokio::test]
async fn a_snapshot_that_may_be_sound_is_not_written_over() {
    let newer = |home: &Home| {
        let text = home.text("state.json").replace(&this_format(), "\"format\": 9");
        home.write("state.json", &text);
    };
    let cases: [Case; 5] = [
        (None, None, true, "update Cairn"),
        (Some(key("A")), Some(key("A")), true, "update Cairn"),
        (Some(key("A")), Some(key("B")), false, "is CAIRN_STATE_KEY what it was written with?"),
        (Some(key("A")), None, false, "set `encryption: key`"),
        (None, Some(key("A")), false, "`cairn state convert`"),
    ];
    for (written, read, is_newer, hint) in cases {
        let home = Home::new();
        let by = |keys: Option<Keys>| keys.map_or(home.clear(), |keys| home.sealed(keys));
        two_runs(&by(written)).await;
        if is_newer {
            newer(&home);
        }
        let (store, text) = (by(read), home.text("state.json"));
        let examined = store.examine().await.expect("it can be looked at");
        assert_eq!(examined.mends().collect::<Vec<_>>(), [] as [&str; 0], "{hint}");
        let [finding] = examined.findings.as_slice() else { panic!("{:?}", examined.findings) };
        assert_eq!((finding.what, finding.repairable), (What::Unreadable, false));
        assert!(finding.hint.contains(hint), "{}", finding.hint);
        let lock = lock(&store).await;
        assert_eq!(store.repair(&lock, NOW).await.expect("nothing to do"), [] as [&str; 0]);
        assert_eq!(home.text("state.json"), text, "{hint}");
        // Nor is what leads to it taken for nothing when it is gone.
        fs::remove_file(home.file("state.json")).expect("a file");
        if !is_newer {
            let examined = store.examine().await.expect("it can be looked at");
            assert!(examined.withheld.is_some(), "{hint}");
        }
    }
}

#[tokio::test]
async fn a_newer_format_is_told_whatever_else_stands_beside_it() {
    let home = Home::new();
    let store = home.sealed(key("A"));
    run(&store, "- opened; A begin a").await;
    let text = home.text("state.json").replace(&this_format(), "\"format\": 9, \"more\": 1");
    home.write("state.json", &text);
    let error = store.read().await.expect_err("it is newer");
    assert_eq!(error.hints(), ["update Cairn"], "{error}");
}

#[tokio::test]
async fn what_is_put_away_by_half_is_no_state_of_its_own() {
    let home = Home::new();
    let store = home.clear();
    two_runs(&store).await;
    // Two resources are in the journal alone.
    drop(run_on(&store, "- opened; C begin c; C name c vpc-3; C made c; D begin d").await);
    // Here it ends: what has this name cannot be moved.
    home.block("lost-2026-01-01T000000Z/journal.jsonl");
    let lock = lock(&store).await;
    store.put_away(&lock, NOW).await.expect_err("it cannot be moved");
    assert!(!home.file("state.json").exists(), "the snapshot goes before its journal");
    store.read().await.expect_err("what is left is no state");
    fs::remove_dir_all(home.file("lost-2026-01-01T000000Z/journal.jsonl")).expect("a folder");
    assert!(!store.put_away(&lock, NOW).await.expect("it goes on").is_empty());
    assert_eq!(store.read().await.expect("nothing is left"), None);
    // What is found is written whole, before anything else is.
    let mut whole = empty();
    events(RUN).iter().for_each(|event| whole.apply(event).expect("it can follow"));
    drop(store.open(lock, whole.clone()).await.expect("it can be opened"));
    assert_eq!(store.read().await.expect("it is sound"), Some(whole));
}

#[tokio::test]
async fn code_that_does_not_open_is_not_kept_and_is_in_nobodys_way() {
    let home = Home::new();
    let store = home.sealed(key("A"));
    let state = two_runs(&store).await;
    let asset = Asset::new(b"PK code".to_vec());
    {
        let lock = lock(&store).await;
        let assets = std::iter::once(&asset);
        store.keep_code(&lock, &state, assets).await.expect("it can be written");
    }
    assert!(store.code(&state, asset.sha256()).await.expect("it opens").is_some());
    // For another lineage, for another key, and in clear.
    let other = State { lineage: "another".to_owned(), ..state.clone() };
    let elsewhere = [(home.sealed(key("A")), &other), (home.sealed(key("B")), &state)];
    for (store, state) in elsewhere.iter().chain([(home.clear(), &state)].iter()) {
        assert_eq!(store.code(state, asset.sha256()).await.expect("no error"), None);
    }
    // It is kept once more where it is needed, and converting goes on without it.
    let lock = lock(&store).await;
    store.convert_code(&lock, &other).await.expect("it is in nobody's way");
    store.keep_code(&lock, &other, std::iter::once(&asset)).await.expect("it can be written");
    assert!(store.code(&other, asset.sha256()).await.expect("it opens").is_some());
    store.put_away(&lock, NOW).await.expect("it can be moved");
    assert_eq!(store.kept_code().await.expect("it tells").len(), 0, "code goes along");
}

#[tokio::test]
async fn a_last_record_that_was_changed_is_not_dropped_unasked() {
    let home = Home::new();
    let store = home.clear();
    drop(run_on(&store, "- opened; A begin a; A name a vpc-1").await);
    let changed = home.text("journal.jsonl").replace("vpc-1", "vpc-2");
    home.write("journal.jsonl", &changed);
    let lock = lock(&store).await;
    for error in [
        store.read().await.expect_err("it is damaged"),
        store.open(lock.clone(), empty()).await.expect_err("it is damaged"),
    ] {
        assert!(error.to_string().ends_with("line 3 is not what was written"), "{error}");
        assert!(error.hints()[0].contains("cairn state check"), "{error}");
    }
    assert_eq!(home.text("journal.jsonl"), changed, "nothing was written over it");
    let examined = store.examine().await.expect("it can be looked at");
    let [finding] = examined.findings.as_slice() else { panic!("{:?}", examined.findings) };
    assert_eq!((finding.what, finding.repairable), (What::Damaged, true));
    store.repair(&lock, NOW).await.expect("it can be mended");
    assert_eq!(home.text("repaired-2026-01-01T000000Z/journal.jsonl"), changed);
    assert_eq!(store.read().await.expect("it is sound").map(|state| state.serial), Some(2));
}

#[tokio::test]
async fn who_looks_who_holds_a_lock_is_not_taken_for_its_holder() {
    let home = Home::new();
    let store = home.clear();
    // A run that was killed has left its name.
    home.write("lock", &serde_json::to_string(&holder()).expect("JSON"));
    let looking = File::open(home.file("lock")).expect("a file");
    looking.try_lock_shared().expect("nobody holds it");
    assert_eq!(store.holder().await.expect("it tells"), None, "two may look at once");
    let moment = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        drop(looking);
    });
    let lock = store.lock(&holder(), &|_| ()).await.expect("it was looked at for a moment");
    moment.join().expect("it ends");
    // To look needs no right to write.
    let mut only_read = fs::metadata(home.file("lock")).expect("a file").permissions();
    only_read.set_readonly(true);
    fs::set_permissions(home.file("lock"), only_read).expect("they are set");
    let held = store.holder().await.expect("it tells").expect("somebody holds it");
    assert_eq!(held.holder, Some(holder()));
    drop(lock);
}

#[tokio::test]
async fn many_runs_by_a_passphrase_cost_its_rounds_once() {
    let home = Home::new();
    let words = Secret::new("several words that nobody guesses");
    let store = || home.sealed(Keys::Passphrase(words.clone()));
    run(&store(), "- opened; A begin a").await;
    drop(run_on(&store(), "- opened; A name a vpc-1").await);
    drop(run_on(&store(), "- opened; A made a").await);
    let lines = home.text("journal.jsonl");
    let lines =
        lines.lines().filter_map(body).map(|body| serde_json::from_str(body).expect("JSON"));
    let mut all: Vec<Json> = lines.collect();
    all.push(serde_json::from_str(&home.text("state.json")).expect("JSON"));
    let each = |part: &str| -> BTreeSet<String> {
        all.iter().map(|one| one["key"][part].to_string()).collect()
    };
    assert_eq!((all.len(), each("salt").len()), (5, 1), "each salt costs all the rounds");
    assert_eq!(each("key").len(), 3, "each run has a key of its own");
    assert_eq!(store().read().await.expect("it opens").map(|state| state.serial), Some(7));
}

#[cfg(unix)]
#[tokio::test]
async fn a_journal_is_as_closed_to_others_as_a_snapshot() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    two_runs(&home.clear()).await;
    drop(run_on(&home.clear(), "- opened").await);
    for name in ["state.json", "state.previous.json", "journal.jsonl", "journal.previous.jsonl"] {
        let mode = fs::metadata(home.file(name)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

//! What remembering costs: the journal of a deploy, the load of a large state, one change of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use cairn::journal::Event;
use cairn::state::store::{Holder, Ledger, Store};
use cairn::state::{Instance, Marks, Naming, State};
use cairn::template::DeletionPolicy;
use cairn::value::{Attributes, LogicalId, PhysicalId, Token, TypeName};
use serde_json::json;

use crate::row;

const RESOURCES: usize = 10_000;

/// A large state in a directory: loaded, and changed in one place.
pub async fn run() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let mut state = empty();
    for number in 0..RESOURCES {
        let id = LogicalId::new(format!("Resource{number:05}"));
        let physical_id = Some(PhysicalId::new(format!("vpc-{number:017}")));
        let instance = Instance { physical_id, ..instance(&format!("{number:036}")) };
        state.resources.entry(id).or_default().current = Some(instance);
    }
    open(&store, state).await.close().await.unwrap();
    let megabytes = std::fs::metadata(folder.path().join("state.json")).unwrap().len() / 1_000_000;
    let mut loads: Vec<Duration> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let read = store.read();
            let state = tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(read).unwrap().unwrap()
            });
            assert_eq!(state.resources.len(), RESOURCES);
            start.elapsed()
        })
        .collect();
    loads.sort();
    let load = format!("{:.0}", loads[2].as_secs_f64() * 1000.0);
    row(&format!("load of {RESOURCES} resources, ms"), &load, "100", "");
    println!("  ({megabytes} MB of state)");

    #[expect(clippy::disallowed_methods, reason = "files have the time of this clock")]
    let before = SystemTime::now();
    let ledger = open(&store, empty()).await;
    create(&ledger, "another").await;
    ledger.close().await.unwrap();
    let written = written_since(before, folder.path());
    row("bytes that one change writes", &written.to_string(), "16384", "");
}

/// How long a deploy of so many resources waits for its journal when each record waits alone, as a
/// part of the deploy. Records that come together are written together, so that it is less.
pub async fn overhead(place: &Path, resources: usize, deploy: Duration) {
    let store = Store::new(&place.join("overhead"));
    let ledger = open(&store, empty()).await;
    let start = Instant::now();
    for number in 0..resources {
        create(&ledger, &format!("resource{number}")).await;
    }
    ledger.close().await.unwrap();
    let part = start.elapsed().as_secs_f64() / deploy.as_secs_f64() * 100.0;
    row("journal of a deploy, % of its time", &format!("{part:.1}"), "3", "");
}

/// The bytes of the files that were written to.
fn written_since(before: SystemTime, folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let files = files.map(|entry| entry.metadata().unwrap());
    files.filter(|file| file.modified().unwrap() > before).map(|file| file.len()).sum()
}

async fn create(ledger: &Ledger, name: &str) {
    let (id, token) = (LogicalId::from(name), Token::from(name));
    let begun = Event::CreateBegun { id: id.clone(), instance: instance(name) };
    ledger.record(begun).await.unwrap();
    let physical_id = PhysicalId::new(format!("vpc-{name}"));
    ledger
        .record(Event::Named { id: id.clone(), token: token.clone(), physical_id })
        .await
        .unwrap();
    let attributes = Attributes::new();
    ledger.record(Event::Created { id, token, attributes, follows: None }).await.unwrap();
}

async fn open(store: &Store, initial: State) -> Ledger {
    let holder = Holder {
        command: "bench".to_owned(),
        pid: 0,
        user: String::new(),
        host: String::new(),
        since: String::new(),
    };
    let lock = store.lock(&holder, &|_| ()).await.unwrap();
    store.open(lock, initial).await.unwrap()
}

fn empty() -> State {
    State::empty("large", "123456789012", "us-east-1", &Token::from("lineage"))
}

/// As large as one of the persona agent's on average.
fn instance(token: &str) -> Instance {
    Instance {
        type_name: TypeName::from("AWS::EC2::VPC"),
        token: Token::from(token),
        physical_id: None,
        properties: json!({"CidrBlock": "10.0.0.0/16", "Text": "x".repeat(400)}),
        attributes: Attributes::new(),
        dependencies: BTreeSet::new(),
        deletion_policy: DeletionPolicy::Delete,
        update_replace_policy: DeletionPolicy::Delete,
        naming: Naming::Declared,
        follows: None,
        attempted: Vec::new(),
        marks: Marks::default(),
    }
}

//! What remembering costs: the journal of a deploy, the load of a large state, one change of it.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use cairn::aws::{Access, Clients};
use cairn::journal::Event;
use cairn::local::PrivateServer;
use cairn::state::store::{Bucket, Holder, Ledger, Store};
use cairn::state::{Instance, Marks, Naming, State};
use cairn::template::DeletionPolicy;
use cairn::value::{Attributes, LogicalId, PhysicalId, Token, TypeName};
use serde_json::json;

use crate::row;

const RESOURCES: usize = 10_000;

const BUCKET: &str = "states";

/// A large state in a directory and in a bucket: loaded, and changed in one place.
pub async fn run(server: &PrivateServer) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    measure("directory", &store, async || written(folder.path())).await;

    let client = s3(&server.url).await;
    client.create_bucket().bucket(BUCKET).send().await.unwrap();
    let lease = Duration::from_mins(1);
    let store = Store::in_bucket(Bucket::new(client.clone(), BUCKET, "large", lease));
    measure("bucket", &store, async || objects(&client).await).await;
}

async fn s3(endpoint: &str) -> aws_sdk_s3::Client {
    let access = Access {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        ..Access::default()
    };
    Clients::connect(&access).await.s3()
}

/// What there is, by a name that says what stands there, too, and how many bytes of it.
type Written = BTreeMap<String, u64>;

async fn measure(place: &str, store: &Store, written: impl AsyncFn() -> Written) {
    let mut state = empty();
    for number in 0..RESOURCES {
        let id = LogicalId::new(format!("Resource{number:05}"));
        let physical_id = Some(PhysicalId::new(format!("vpc-{number:017}")));
        let instance = Instance { physical_id, ..instance(&format!("{number:036}")) };
        state.resources.entry(id).or_default().current = Some(instance);
    }
    let (_, lock) = open(store, state).await.close().await.unwrap();
    drop(lock);
    let mut loads = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        let state = store.read().await.unwrap().unwrap();
        loads.push(start.elapsed());
        assert_eq!(state.resources.len(), RESOURCES);
    }
    loads.sort();
    let load = format!("{:.0}", loads[2].as_secs_f64() * 1000.0);
    row(&format!("load of {RESOURCES} resources, {place}, ms"), &load, "100", "");

    let before = written().await;
    let ledger = open(store, empty()).await;
    create(&ledger, "another").await;
    let (_, lock) = ledger.close().await.unwrap();
    drop(lock);
    let more = written().await.into_iter().map(|(name, length)| match before.get(&name) {
        Some(earlier) => length - earlier,
        None => length,
    });
    row(&format!("bytes of one change, {place}"), &more.sum::<u64>().to_string(), "16384", "");
}

/// The files; what was replaced is another of the same name.
fn written(folder: &Path) -> Written {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let files = files.map(|entry| {
        let metadata = entry.metadata().unwrap();
        (format!("{} {}", entry.file_name().display(), metadata.ino()), metadata.len())
    });
    files.collect()
}

/// The objects; what was written anew has another version.
async fn objects(client: &aws_sdk_s3::Client) -> Written {
    let page = client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    let objects = page.contents().iter().map(|one| {
        let name = format!("{:?} {:?}", one.key(), one.e_tag());
        (name, u64::try_from(one.size().unwrap()).unwrap())
    });
    objects.collect()
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

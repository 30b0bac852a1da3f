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
use serde_json::{Value as Json, json};

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
    // What a bucket takes is mostly its own doing, here the emulator's.
    let limit = if place == "directory" { "100" } else { "" };
    row(&format!("load of {RESOURCES} resources, {place}, ms"), &load, limit, "");

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

/// How much of a deploy the steps that it was as long as have waited for the journal, in percent, by
/// its trace.
pub fn overhead(trace: &[Json]) -> f64 {
    let of = |kind: &'static str| trace.iter().filter(move |event| event["cat"] == kind);
    let duration = |event: &Json| event["dur"].as_f64().unwrap();
    let track = |event: &Json| event["tid"].clone();
    // The track of a step is the one on which a span of its name begins.
    let tracks: Vec<Json> = of("critical path")
        .map(|step| of("step").find(|it| it["name"] == step["name"]).map(track).unwrap())
        .collect();
    let waits = of("phase").filter(|phase| phase["name"] == "write the journal");
    let waited: f64 = waits.filter(|it| tracks.contains(&it["tid"])).map(duration).sum();
    waited / of("critical path").map(duration).sum::<f64>() * 100.0
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

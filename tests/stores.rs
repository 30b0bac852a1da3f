//! The places for states, a directory and a bucket: what either keeps, and that no two write.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::ByteStream;
use cairn::aws::{Access, Assets, Aws, Clients};
use cairn::journal::Event;
use cairn::state::store::{Bucket, Holder, Keys, Ledger, Loss, Others, Seals, Store, StoreError};
use cairn::state::{Instance, Naming, State};
use cairn::template::DeletionPolicy;
use cairn::value::{Attributes, LogicalId, PhysicalId, Secret, Token, TypeName};
use serde_json::{Value as Json, json};

use crate::support::emulator::ministack;
use crate::support::latency::Latency;
use crate::support::meddler::{Meddler, Meddling};

const BUCKET: &str = "states";
const LEASE: Duration = Duration::from_secs(2);

async fn connect(endpoint: &str) -> Clients {
    let access = Access {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        ..Access::default()
    };
    Clients::connect(&access).await
}

/// A bucket at an emulator, and the way to the stores in it.
struct Home {
    client: aws_sdk_s3::Client,
}

impl Home {
    async fn at(endpoint: &str) -> Self {
        let client = connect(endpoint).await.s3();
        // Somebody may have made it already.
        let _ = client.create_bucket().bucket(BUCKET).send().await;
        Self { client }
    }

    fn store(&self, stack: &str) -> Store {
        Store::in_bucket(Bucket::new(self.client.clone(), BUCKET, stack, LEASE))
    }

    async fn keys(&self, stack: &str) -> Vec<String> {
        let page = self.client.list_objects_v2().bucket(BUCKET).prefix(stack).send().await;
        let page = page.expect("the bucket tells");
        page.contents().iter().filter_map(|one| one.key().map(str::to_owned)).collect()
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

fn empty() -> State {
    State::empty("sample", "123456789012", "us-east-1", &Token::from("lineage"))
}

async fn open(store: &Store) -> Ledger {
    let lock = store.lock(&holder("cairn deploy"), &|_| ()).await.expect("nobody holds it");
    store.open(lock, empty()).await.expect("it can be opened")
}

fn begun(id: &str) -> Event {
    Event::CreateBegun { id: LogicalId::from(id), instance: instance(id) }
}

fn instance(token: &str) -> Instance {
    Instance {
        type_name: TypeName::from("AWS::EC2::VPC"),
        token: Token::from(token),
        physical_id: None,
        properties: json!({"CidrBlock": "10.0.0.0/16"}),
        attributes: Attributes::new(),
        dependencies: BTreeSet::new(),
        deletion_policy: DeletionPolicy::Delete,
        update_replace_policy: DeletionPolicy::Delete,
        naming: Naming::Declared,
        follows: None,
        attempted: Vec::new(),
        marks: cairn::state::Marks::Own,
    }
}

fn named(id: &str) -> Event {
    let physical_id = PhysicalId::new(format!("vpc-{id}"));
    Event::Named { id: LogicalId::from(id), token: Token::from(id), physical_id }
}

async fn read(store: &Store) -> State {
    store.read().await.expect("it can be read").expect("it is there")
}

/// What both keep, whatever they are.
async fn contract(store: &Store) {
    assert_eq!(store.read().await.expect("nothing is there"), None);
    let ledger = open(store).await;
    let refused = store.lock(&holder("cairn teardown"), &|_| ()).await.expect_err("it is held");
    let Some(StoreError::Locked { holder: Some(other), .. }) = Some(&refused) else {
        panic!("{refused}")
    };
    assert_eq!(other, &holder("cairn deploy"));

    // Each event counts once it is recorded, and many at once count all.
    ledger.record(begun("first")).await.expect("it can follow");
    assert_eq!(read(store).await, ledger.state());
    let many: Vec<String> = (0..40).map(|number| format!("many{number}")).collect();
    let all = many.iter().map(|id| ledger.record(begun(id)));
    for recorded in futures(all).await {
        recorded.expect("it can follow");
    }
    let refused = ledger.record(named("nobody")).await.expect_err("it was not begun");
    assert!(matches!(*refused, StoreError::Contradiction { .. }), "{refused}");
    let left = ledger.state();
    assert_eq!((left.serial, left.resources.len()), (41, 41));
    assert_eq!(read(store).await, left);

    // A run that ends without a word leaves what it has recorded to the next.
    drop(ledger);
    let ledger = open(store).await;
    assert_eq!(ledger.state(), left);
    ledger.record(named("first")).await.expect("it can follow");
    let last = ledger.state();
    drop(ledger);
    let ledger = open(store).await;
    assert_eq!(ledger.state(), last);
    let (closed, lock) = ledger.close().await.expect("it can be written");
    assert_eq!(closed.serial, last.serial + 1);
    assert_eq!(read(store).await, closed);
    store.forget(&lock).await.expect("it can be removed");
    assert_eq!(store.read().await.expect("nothing is there"), None);
}

/// A state of many resources, each as large as those of the persona agent are on average.
fn large(resources: usize) -> State {
    let mut state = empty();
    for number in 0..resources {
        let id = LogicalId::new(format!("Resource{number:05}"));
        let mut instance = instance(&format!("{number:036}"));
        instance.physical_id = Some(PhysicalId::new(format!("vpc-{number:017}")));
        instance.properties = json!({"CidrBlock": "10.0.0.0/16", "Tags": [
            {"Key": "project", "Value": "persona-agent"},
            {"Key": "text", "Value": "x".repeat(400)},
        ]});
        let attributes = json!({"VpcId": format!("vpc-{number:017}"), "Arn": "x".repeat(100)});
        instance.attributes.clone_from(attributes.as_object().expect("a map"));
        state.resources.entry(id).or_default().current = Some(instance);
    }
    state
}

/// What a change costs, and what a load does, does not come to matter when a stack grows. The
/// benchmark measures the same with an optimised Cairn, and asks for 100 ms.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_state_is_loaded_quickly_and_changed_at_little_cost() {
    const RESOURCES: usize = 10_000;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::new(folder.path());
    let lock = store.lock(&holder("cairn deploy"), &|_| ()).await.expect("nobody holds it");
    let ledger = store.open(lock, large(RESOURCES)).await.expect("it can be opened");
    ledger.close().await.expect("it can be written");
    let written = || -> BTreeMap<String, u64> {
        use std::os::unix::fs::MetadataExt as _;
        let entries = std::fs::read_dir(folder.path()).expect("a folder").flatten();
        // What was replaced is another file of the same name.
        let file = |entry: std::fs::DirEntry| {
            let metadata = entry.metadata().expect("a file");
            (format!("{:?} {}", entry.file_name(), metadata.ino()), metadata.len())
        };
        entries.map(file).collect()
    };
    let before = written();
    for round in 0..3 {
        let started = Instant::now();
        let ledger = open(&store).await;
        let took = started.elapsed();
        assert_eq!(ledger.state().resources.len(), RESOURCES + round);
        assert!(took < Duration::from_secs(8), "{took:?}, without optimisation");
        let id = format!("another{round}");
        ledger.record(begun(&id)).await.expect("it can follow");
        ledger.record(named(&id)).await.expect("it can follow");
        let (id, token) = (LogicalId::from(id.as_str()), Token::from(id.as_str()));
        let attributes = Attributes::new();
        let made = Event::Created { id, token, attributes, follows: None };
        ledger.record(made).await.expect("it can follow");
        ledger.close().await.expect("it can be written");
    }
    let more = written().into_iter().map(|(name, length)| match before.get(&name) {
        Some(earlier) => length - earlier,
        None => length,
    });
    let bytes: u64 = more.sum();
    assert!(bytes < 3 * 16 * 1024, "three changes wrote {bytes} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_of_a_stack_that_owns_nothing_any_more() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::new(folder.path());
    let lock = store.lock(&holder("cairn deploy"), &|_| ()).await.expect("nobody holds it");
    let ledger = store.open(lock, large(50)).await.expect("it can be opened");
    ledger.close().await.expect("it can be written");
    let ledger = open(&store).await;
    for (id, entry) in ledger.state().resources {
        let token = entry.current.expect("all were made").token;
        ledger.record(Event::Forgotten { id, token }).await.expect("it can follow");
    }
    let (left, lock) = ledger.close().await.expect("it can be written");
    assert!(left.is_empty());
    store.forget(&lock).await.expect("it can be removed");
    assert_eq!(store.read().await.expect("nothing is there"), None);
}

/// All of some futures at once.
async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = all.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => {
                done.push(output);
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

const KEY: &str = "bm90LWEtc2VjcmV0LWtleS1idXQtMzItYnl0ZXMtISE=";

fn passphrase() -> Keys {
    Keys::Passphrase(Secret::new("several words that nobody guesses"))
}

fn key() -> Keys {
    Keys::Key(Secret::new(KEY))
}

fn sealed(keys: Keys) -> Seals {
    Seals::new("test/sample", Some(keys), Others::Nothing)
}

/// A key of KMS at an emulator.
async fn kms(endpoint: &str) -> Keys {
    let client = connect(endpoint).await.kms();
    let made = client.create_key().send().await.expect("a key");
    let id = made.key_metadata.expect("its description").key_id;
    Keys::Kms { client, id }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_keeps_a_state() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    contract(&Store::new(&folder.path().join("deep/stack"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_keeps_a_sealed_state() {
    let server = ministack().await;
    for keys in [passphrase(), key(), kms(&server.url).await] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        contract(&Store::new(folder.path()).sealed_by(sealed(keys))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_a_sealed_state() {
    let server = ministack().await;
    let home = Home::at(&server.url).await;
    for (name, keys) in
        [("passphrase", passphrase()), ("key", key()), ("kms", kms(&server.url).await)]
    {
        let stack = format!("sealed/{name}");
        contract(&home.store(&stack).sealed_by(sealed(keys))).await;
        assert_eq!(home.keys(&stack).await, [format!("{stack}/lock")]);
    }
}

/// A state in a directory with two records in its journal, sealed, and the text of its files.
async fn sealed_sample(folder: &std::path::Path) -> Store {
    let store = Store::new(folder).sealed_by(sealed(key()));
    let ledger = open(&store).await;
    ledger.record(begun("first")).await.expect("it can follow");
    ledger.record(named("first")).await.expect("it can follow");
    drop(ledger);
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_tells_nothing_and_opens_only_in_its_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = sealed_sample(folder.path()).await;
    let path = |name: &str| folder.path().join(name);
    let journal = std::fs::read_to_string(path("journal.jsonl")).expect("a journal");
    let snapshot = std::fs::read_to_string(path("state.json")).expect("a snapshot");
    for text in [&journal, &snapshot] {
        for hidden in ["AWS::EC2::VPC", "10.0.0.0", "vpc-first", "123456789012"] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
    assert!(journal.lines().all(|line| line.len() < 1000), "a record costs no more than itself");
    // Another stack, another key, a wrong kind of key, none at all.
    let at = |seals| Store::new(folder.path()).sealed_by(seals);
    let other = Keys::Key(Secret::new(KEY.replace("bm90", "bm9v")));
    let elsewhere = Seals::new("test/other", Some(key()), Others::Nothing);
    let told = |error: StoreError| error.to_string();
    let refused = told(at(sealed(other)).read().await.expect_err("another key"));
    assert!(refused.contains("it was encrypted with another key"), "{refused}");
    let refused = told(at(elsewhere).read().await.expect_err("another stack"));
    assert!(refused.contains("does not open"), "{refused}");
    let refused = at(sealed(passphrase())).read().await.expect_err("a wrong kind");
    assert!(refused.to_string().contains("is encrypted by `key`"), "{refused}");
    assert_eq!(refused.hints()[0], "set `encryption: key` in config/");
    let refused = Store::new(folder.path()).read().await.expect_err("no key");
    assert!(refused.to_string().contains("is encrypted by `key`"), "{refused}");

    // A record in another's place: the numbers are bound to what they number.
    let lines: Vec<&str> = journal.lines().collect();
    let body = |line: &str| line.split_once(' ').expect("a checksum").1.to_owned();
    let swapped = [
        body(lines[1]).replace("\"sequence\":2", "\"sequence\":1"),
        body(lines[0]).replace("\"sequence\":1", "\"sequence\":2"),
    ];
    let summed: String = swapped.iter().map(|body| cairn::journal::summed(body)).collect();
    std::fs::write(path("journal.jsonl"), summed).expect("a file");
    let refused = told(store.read().await.expect_err("they are swapped"));
    assert!(refused.contains("it was changed, or written for another stack"), "{refused}");
    // A snapshot with another serial.
    std::fs::write(path("journal.jsonl"), &journal).expect("a file");
    let later = snapshot.replace("\"serial\": 0", "\"serial\": 1");
    assert_ne!(later, snapshot);
    std::fs::write(path("state.json"), later).expect("a file");
    let refused = told(store.read().await.expect_err("it is another's serial"));
    assert!(refused.contains("it was changed, or written for another stack"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_clear_is_not_believed_where_it_was_to_be_sealed_until_it_is_converted() {
    let server = ministack().await;
    let home = Home::at(&server.url).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    for at in [&|| Store::new(folder.path()) as Store, &|| home.store("all/convert")]
        as [&dyn Fn() -> Store; 2]
    {
        let ledger = open(&at()).await;
        ledger.record(begun("first")).await.expect("it can follow");
        let last = ledger.state();
        drop(ledger);
        let refused = at().sealed_by(sealed(key())).read().await.expect_err("it is in clear");
        assert!(refused.to_string().contains("is not encrypted"), "{refused}");
        assert!(refused.hints()[0].contains("cairn state convert"), "{:?}", refused.hints());

        for (own, before) in
            [(Some(key()), vec![]), (Some(passphrase()), vec![key()]), (None, vec![passphrase()])]
        {
            let seals = Seals::new("test/sample", own.clone(), Others::Anything(before));
            let store = at().sealed_by(seals);
            let lock = store.lock(&holder("convert"), &|_| ()).await.expect("nobody holds it");
            let converted = store.convert(&lock).await.expect("it can be written");
            assert_eq!(converted.as_ref(), Some(&last));
            drop(lock);
            let plain = Seals::new("test/sample", own, Others::Nothing);
            assert_eq!(read(&at().sealed_by(plain)).await, last);
        }
        assert!(!folder.path().join("state.previous.json").exists(), "nothing is left in clear");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_a_state() {
    let server = ministack().await;
    let home = Home::at(&server.url).await;
    contract(&home.store("all/contract")).await;
    // What is left is who had it last.
    assert_eq!(home.keys("all/contract").await, ["all/contract/lock"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_events_at_once_are_few_requests() {
    let server = ministack().await;
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    let meddler = Meddler::before(address, move |request| {
        let is_record = request.starts_with("PUT ") && request.contains("/journal/");
        counted.fetch_add(usize::from(is_record), Ordering::SeqCst);
        Meddling::Pass
    });
    let home = Home::at(&meddler.url).await;
    let ledger = open(&home.store("all/many")).await;
    let before = requests.load(Ordering::SeqCst);
    let ids: Vec<String> = (0..200).map(|number| format!("many{number}")).collect();
    for recorded in futures(ids.iter().map(|id| ledger.record(begun(id)))).await {
        recorded.expect("it can follow");
    }
    let made = requests.load(Ordering::SeqCst) - before;
    // The first goes alone, the others together; one that met a closed connection goes again.
    assert!(made <= 10, "{made} requests for 200 events");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_the_bucket_that_are_lost_lose_nothing() {
    let server = ministack().await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    for every in [2, 3, 5] {
        // Counted for each object: what a holder says of itself in between changes nothing.
        let seen: Mutex<HashMap<String, usize>> = Mutex::default();
        let meddler = Meddler::before(address, move |request| {
            let first = request.lines().next().unwrap_or_default();
            if !first.starts_with("PUT ") || !first.contains("/all/") {
                return Meddling::Pass;
            }
            let mut seen = seen.lock().expect("no test panics with it");
            let number = seen.entry(first.to_owned()).or_default();
            *number += 1;
            if *number % every == 1 { Meddling::LoseAnswer } else { Meddling::Pass }
        });
        let home = Home::at(&meddler.url).await;
        contract(&home.store(&format!("all/lost{every}"))).await;
    }
}

/// Another run takes the lock, and the next number of the journal, as it may once this one was not
/// heard of.
async fn steal(home: &Home, stack: &str) {
    let key = format!("{stack}/lock");
    let object = home.client.get_object().bucket(BUCKET).key(&key).send().await.expect("a lock");
    let bytes = object.body.collect().await.expect("its content").to_vec();
    let mut claim: Json = serde_json::from_slice(&bytes).expect("JSON");
    let epoch = claim["epoch"].as_u64().expect("a number") + 1;
    claim["epoch"] = json!(epoch);
    claim["nonce"] = json!("another");
    claim["standing"] = json!("held");
    claim["holder"]["command"] = json!("cairn teardown");
    let body = ByteStream::from(claim.to_string().into_bytes());
    let put = home.client.put_object().bucket(BUCKET).key(&key).body(body);
    put.send().await.expect("it is written");
    let journal = format!("{stack}/journal/");
    let keys = home.keys(&journal).await;
    let numbers = keys.iter().filter_map(|key| key.strip_prefix(&journal)?.parse::<u64>().ok());
    let number = numbers.max().map_or(1, |last| last + 1);
    let body = cairn::journal::summed(&json!({"epoch": epoch}).to_string());
    let put = home.client.put_object().bucket(BUCKET).key(format!("{journal}{number:020}"));
    put.if_none_match("*").body(body.into_bytes().into()).send().await.expect("nothing was there");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_lost_the_lock_can_do_nothing_more() {
    let server = ministack().await;
    let home = Home::at(&server.url).await;
    let store = home.store("all/stolen");
    let lock = store.lock(&holder("cairn deploy"), &|_| ()).await.expect("nobody holds it");
    let lease = lock.lease().expect("a bucket's lock can be lost");
    let clients = connect(&server.url).await;
    let aws = Aws::new(clients, "000000000000", Assets::default()).guarded_by(Arc::new(lease));
    let ledger = store.open(lock, empty()).await.expect("it can be opened");
    ledger.record(begun("first")).await.expect("it can follow");
    aws.zones().await.expect("a call is made");

    steal(&home, "all/stolen").await;
    let lost = ledger.record(named("first")).await.expect_err("the lock is gone");
    assert!(lost.to_string().contains("lost the lock of its stack to `cairn teardown`"), "{lost}");
    let refused = aws.zones().await.expect_err("no call is made");
    assert_eq!(refused.code, "NoLock", "{refused}");
    let calls = aws.transcript().count();
    assert_eq!(calls, 1, "only the first was made");
    // What it wrote last does not count, and neither can its snapshot.
    let left = read(&store).await;
    assert_eq!((left.serial, left.resources["first"].intent.is_some()), (1, true));
    ledger.close().await.expect_err("the lock is gone");
    assert_eq!(read(&store).await, left);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_not_heard_of_loses_the_lock_and_one_that_is_keeps_it() {
    let server = ministack().await;
    let home = Home::at(&server.url).await;
    let store = home.store("all/silent");
    let ledger = open(&store).await;
    thread::sleep(LEASE * 2);
    let begun_at = Instant::now();
    let refused = store.lock(&holder("cairn plan"), &|_| ()).await.expect_err("it is heard of");
    assert!(refused.to_string().contains("`cairn deploy` by ada on engine"), "{refused}");
    assert!(begun_at.elapsed() < LEASE * 5, "{:?}", begun_at.elapsed());
    ledger.record(begun("first")).await.expect("it is still the holder");
    drop(ledger);
    // Another takes it and is gone without a word.
    steal(&home, "all/silent").await;
    let told = Mutex::new(Vec::new());
    let tell = |text: &str| told.lock().expect("one at a time").push(text.to_owned());
    store.lock(&holder("cairn deploy"), &tell).await.expect("it is taken over");
    let told = told.into_inner().expect("nobody else has it");
    assert!(told[0].contains("the run that holds the lock goes on"), "{told:?}");
}

/// The command line has one store to look with and another to write with: the lock is asked by both.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_the_lock_was_not_taken_on_asks_it_too() {
    let server = ministack().await;
    let home = Home::at(&server.url).await;
    let lock = home.store("all/other").lock(&holder("cairn rollback"), &|_| ()).await;
    let lock = lock.expect("nobody holds it");
    let store = home.store("all/other");
    let ledger = store.open(lock, empty()).await.expect("it can be opened");
    let (left, lock) = ledger.close().await.expect("it can be written");
    steal(&home, "all/other").await;
    // Until it is not known any more whose it is.
    thread::sleep(LEASE * 2);
    let lost = store.forget(&lock).await.expect_err("the lock is gone");
    assert!(lost.to_string().contains("lost the lock of its stack"), "{lost}");
    assert_eq!(read(&store).await, left);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_was_away_takes_no_lock_from_a_run() {
    let server = ministack().await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    let is_away = Arc::new(AtomicBool::new(false));
    let away = Arc::clone(&is_away);
    let way = Meddler::before(address, move |_| match away.load(Ordering::SeqCst) {
        true => Meddling::HangUp,
        false => Meddling::Pass,
    });
    Home::at(&server.url).await;
    let ledger = open(&Home::at(&way.url).await.store("all/away")).await;
    is_away.store(true, Ordering::SeqCst);
    // Longer than a heartbeat tries to be heard.
    thread::sleep(LEASE);
    is_away.store(false, Ordering::SeqCst);
    // Nothing is written meanwhile, and somebody else comes.
    thread::sleep(LEASE);
    let other = Home::at(&server.url).await.store("all/away");
    let refused = other.lock(&holder("cairn plan"), &|_| ()).await.expect_err("it is heard of");
    assert!(refused.to_string().contains("`cairn deploy` by ada on engine"), "{refused}");
    ledger.record(begun("first")).await.expect("it is still the holder");
}

/// A run that ends while its heartbeat is under way ends all the same, and gives the lock back.
#[expect(
    clippy::disallowed_methods,
    reason = "the run is to end while its heartbeat is on its way"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_whatever_its_heartbeat_does() {
    let server = ministack().await;
    Home::at(&server.url).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    let slow = Latency::before(address, Duration::from_millis(300));
    for moment in [450, 550, 650, 750] {
        let (ended, end) = std::sync::mpsc::channel();
        let url = slow.url.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            runtime.block_on(async {
                let store = Home::at(&url).await.store("all/ending");
                let lock = store.lock(&holder("cairn deploy"), &|_| ()).await.expect("it is free");
                tokio::time::sleep(Duration::from_millis(moment)).await;
                drop(lock);
            });
            drop(runtime);
            ended.send(()).expect("somebody waits");
        });
        end.recv_timeout(Duration::from_secs(30)).expect("it ends");
        let store = Home::at(&server.url).await.store("all/ending");
        let waits = |text: &str| panic!("it was given back: {text}");
        store.lock(&holder("next"), &waits).await.expect("it is free");
    }
}

/// What a change writes to a bucket does not grow with the stack, nor does what is read for it become
/// more and more.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_in_a_bucket_costs_what_it_is() {
    let server = ministack().await;
    let home = Home::at(&server.url).await;
    let store = home.store("all/large");
    let lock = store.lock(&holder("cairn deploy"), &|_| ()).await.expect("nobody holds it");
    let ledger = store.open(lock, large(1000)).await.expect("it can be opened");
    drop(ledger.close().await.expect("it can be written"));
    let objects = async || {
        let page = home.client.list_objects_v2().bucket(BUCKET).prefix("all/large/").send().await;
        let page = page.expect("the bucket tells");
        let objects = page.contents().iter().map(|one| {
            let name = format!("{:?} {:?}", one.key(), one.e_tag());
            (name, one.size().and_then(|size| u64::try_from(size).ok()).expect("a size"))
        });
        objects.collect::<BTreeMap<String, u64>>()
    };
    for round in 0..5 {
        let before = objects().await;
        let ledger = open(&store).await;
        let id = format!("another{round}");
        ledger.record(begun(&id)).await.expect("it can follow");
        ledger.record(named(&id)).await.expect("it can follow");
        let (closed, lock) = ledger.close().await.expect("it can be written");
        drop(lock);
        assert_eq!(read(&store).await, closed);
        let written = objects().await.into_iter().filter(|(name, _)| !before.contains_key(name));
        let bytes: u64 = written.map(|(_, length)| length).sum();
        assert!(bytes < 16 * 1024, "a change wrote {bytes} bytes");
    }
    // After many runs the journal has become part of the snapshot, and of what it was most is gone.
    for _ in 0..40 {
        drop(open(&store).await.close().await.expect("it can be written"));
    }
    let left = home.keys("all/large/journal").await.len();
    assert!(left < 200, "{left} objects");
}

/// What a Cairn of format 2 left in the middle of a run: records of which one does not count yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_an_older_version_is_read_and_written_as_this_one() {
    let server = ministack().await;
    let home = Home::at(&server.url).await;
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/buckets/2");
    let epoch = "journal/00000000000000000002";
    let records = (14..=18).map(|sequence| format!("{epoch}/{sequence:020}"));
    for name in ["state.json", "lock"].map(str::to_owned).into_iter().chain(records) {
        let bytes = std::fs::read(golden.join(&name)).expect("a file");
        let put = home.client.put_object().bucket(BUCKET).key(format!("all/old/{name}"));
        put.body(bytes.into()).send().await.expect("it is written");
    }
    let store = home.store("all/old");
    let left = read(&store).await;
    assert_eq!((left.serial, left.resources.len()), (17, 3));
    let subnet = &left.resources["Subnet"];
    assert!(subnet.intent.as_ref().is_some_and(|intent| intent.physical_id.is_none()));
    assert_eq!(store.examine().await.expect("it can be looked at").findings, []);

    let ledger = open(&store).await;
    assert_eq!(ledger.state(), left);
    assert_eq!(read(&store).await, left, "the next run has begun");
    ledger.record(begun("first")).await.expect("it can follow");
    let more = ledger.state();
    drop(ledger);
    assert_eq!(read(&store).await, more);
    let (closed, lock) = open(&store).await.close().await.expect("it can be written");
    drop(lock);
    assert_eq!(read(&store).await, closed);
    assert_eq!(store.examine().await.expect("it can be looked at").findings, []);

    // One of a newer Cairn is left alone.
    let key = "all/old/lock";
    let object = home.client.get_object().bucket(BUCKET).key(key).send().await.expect("a lock");
    let bytes = object.body.collect().await.expect("its content").to_vec();
    let mut claim: Json = serde_json::from_slice(&bytes).expect("JSON");
    claim["format"] = json!(99);
    let body = claim.to_string().into_bytes();
    let put = home.client.put_object().bucket(BUCKET).key(key).body(body.into());
    put.send().await.expect("it is written");
    let refused = store.lock(&holder("cairn deploy"), &|_| ()).await.expect_err("it is newer");
    assert!(refused.to_string().contains("newer Cairn (format 99"), "{refused}");
    assert_eq!(refused.hints(), ["update Cairn"]);
}

/// Whoever may write into a bucket may have written anything there: no text is as lost as no JSON.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_in_a_bucket_is_lost_and_told() {
    let server = ministack().await;
    let home = Home::at(&server.url).await;
    let store = home.store("all/bytes");
    let ledger = open(&store).await;
    ledger.record(begun("first")).await.expect("it can follow");
    drop(ledger);
    for object in ["state.json", "journal/"] {
        let keys = home.keys(&format!("all/bytes/{object}")).await;
        for key in &keys {
            let put = home.client.put_object().bucket(BUCKET).key(key);
            put.body(b"\xff\xfe{}\n".to_vec().into()).send().await.expect("it is written");
        }
        assert!(!keys.is_empty(), "{object} is there");
        let error = store.read().await.expect_err("it cannot be read");
        assert_eq!(error.loss(), Loss::Lost, "{object}: {error}");
        let findings = store.examine().await.expect("it can be looked at").findings;
        let is_told = findings.iter().any(|finding| finding.place.contains(object));
        assert!(is_told, "{object}: {findings:?}");
        let is_certain = findings.iter().all(|finding| finding.repairable);
        // The one before, and the records since, lead to the same.
        assert_eq!(is_certain, object == "state.json", "{object}: {findings:?}");
        if is_certain {
            let lock = store.lock(&holder("cairn state repair"), &|_| ()).await.expect("a lock");
            let at = "2026-01-01T00:00:00Z";
            store.repair(&lock, at).await.expect("it can be mended");
            drop(lock);
            assert_eq!(read(&store).await.resources.len(), 1);
        }
    }
}

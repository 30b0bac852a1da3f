//! What people see of a run: on terminals of several sizes, without one, in a log and in a trace.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use cairn::local::PrivateServer;
use serde_json::Value as Json;

use crate::support::emulator::ministack;
use crate::support::latency::Latency;
use crate::support::perfetto;
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::terminal::Terminal;

const STACK: &str = "stacks/persona-agent";
/// Long enough to see something.
const DELAY: Duration = Duration::from_millis(60);

async fn slow() -> (PrivateServer, Sandbox) {
    let server = ministack().await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    let sandbox = Sandbox::persona(&Latency::before(address, DELAY).url);
    (server, sandbox)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_what_runs_and_keeps_the_record() {
    let (_server, sandbox) = slow().await;
    let deploy = Terminal::run(&sandbox, (40, 120), &format!("deploy {STACK} --yes -v"));
    // What is read of a terminal may end in the middle of a view, so all of one is waited for.
    let view =
        [" waits for ", " running · ", " waiting · ", "/25 done", " calls", "  creating", "AWS::"];
    deploy.wait_for("the view", |screen| view.iter().all(|part| screen.contains(part)));
    let (code, record) = deploy.end();
    assert_eq!(code, Some(0), "{record}");
    assert_eq!(record.matches(" created in ").count(), 25, "{record}");
    for part in [" waits for ", "/25 done", "creating"] {
        assert!(!record.contains(part), "{part:?} is left:\n{record}");
    }
    assert!(record.contains("persona-agent is deployed in "), "{record}");
    assert!(record.contains("25 created; "), "{record}");
    assert!(record.contains(" of it on "), "{record}");
    // A line of the log and a line of the record never share one.
    let torn = record.lines().find(|line| line.contains("DEBUG") && line.contains(" created in "));
    assert_eq!(torn, None, "{record}");

    let mut teardown = Terminal::run(&sandbox, (15, 90), &format!("teardown {STACK} --yes"));
    teardown.wait_for("the view", |screen| screen.contains("/25 done"));
    teardown.resize(12, 50);
    teardown.wait_for("the record", |screen| screen.contains(" deleted in "));
    let (code, record) = teardown.end();
    assert_eq!(code, Some(0), "{record}");
    assert_eq!(record.matches(" deleted in ").count(), 25, "{record}");
    for part in [" waits for ", "/25 done"] {
        assert!(!record.contains(part), "{part:?} is left:\n{record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_each_event_is_a_line() {
    let (_server, sandbox) = slow().await;
    let said = sandbox.cairn(&format!("deploy {STACK} --yes --log-format json -v --stats")).code(0);
    assert!(!said.err.contains('\u{1b}'), "{}", said.err);
    let count = |word: &str| {
        said.err.lines().filter(|line| !line.starts_with('{') && line.contains(word)).count()
    };
    assert_eq!((count("  creating"), count(" created in ")), (25, 25), "{}", said.err);
    // What a resource waits for is told to be there before the resource begins.
    let place = |id: &str, what: &str| {
        let is_it = |line: &str| line.contains(&format!(" {id} ")) && line.contains(what);
        said.err.lines().position(is_it).unwrap_or_else(|| panic!("{id} {what}: {}", said.err))
    };
    for (first, then) in [
        ("Agent", "AgentAlias"),
        ("Api", "InvokeResource"),
        ("Vpc", "FirstSubnet"),
        ("SecurityGroup", "EndpointIngress"),
        ("SecurityGroup", "FunctionEgress"),
        ("FirstSubnet", "Endpoint"),
    ] {
        assert!(place(first, " created in ") < place(then, "  creating"), "{}", said.err);
    }
    for line in said.err.lines().filter(|line| line.contains(" created in ")) {
        let elapsed = line.trim_start().split("s ").next().and_then(|it| it.parse::<f64>().ok());
        assert!(elapsed.is_some(), "{line}");
    }
    every_call_is_logged(&said);
    let said = sandbox.cairn(&format!("teardown {STACK} --yes --progress errors-only")).code(0).err;
    let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].contains("persona-agent is torn down in "), "{said}");
    assert!(lines[1].contains("deleted; "), "{said}");
}

fn every_call_is_logged(said: &Ran) {
    let lines = said.err.lines().filter(|line| line.starts_with('{'));
    let lines: Vec<Json> =
        lines.map(|line| serde_json::from_str(line).expect("a line is an object")).collect();
    let calls: Vec<&Json> = lines.iter().filter(|line| line["message"] == "call").collect();
    assert_eq!(calls.len(), counted(said), "{}", said.err);
    for call in &calls {
        for (key, is_right) in [
            ("timestamp", call["timestamp"].is_string()),
            ("service", call["service"].is_string()),
            ("operation", call["operation"].is_string()),
            ("took_ms", call["took_ms"].as_u64().is_some_and(|took| took >= 60)),
            ("attempt", call["attempt"].as_u64().is_some_and(|attempt| attempt >= 1)),
            ("status", call["status"].as_u64().is_some_and(|status| status >= 200)),
            ("request_id", call["request_id"].is_string()),
            ("code", call["code"].is_string()),
        ] {
            assert!(is_right, "{key} of {call}");
        }
    }
    assert!(calls.iter().any(|call| call["step"] == "Vpc" && call["operation"] == "CreateVpc"));
}

/// How many calls `--stats` says.
fn counted(said: &Ran) -> usize {
    let line = said.err.lines().rev().find(|line| line.ends_with(" AWS calls")).expect("a count");
    line.split(' ').next().and_then(|count| count.parse().ok()).expect("a number")
}

struct Trace {
    events: Vec<Json>,
}

impl Trace {
    fn read(sandbox: &Sandbox, name: &str) -> Self {
        Self { events: serde_json::from_str(&sandbox.read(name)).expect("it is whole") }
    }

    fn of(&self, kind: &str) -> impl Iterator<Item = &Json> {
        self.events.iter().filter(move |event| event["cat"] == kind)
    }

    /// Perfetto opens it without an error.
    fn check(&self) {
        assert_eq!(perfetto::complaints(&self.events), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_tells_where_the_time_went() {
    let (_server, sandbox) = slow().await;
    let said = sandbox.cairn(&format!("deploy {STACK} --yes --trace deploy.json --stats")).code(0);
    let trace = Trace::read(&sandbox, "deploy.json");
    trace.check();
    assert_eq!(trace.of("aws").count(), counted(&said), "every call is in it, and once");
    let ids = trace.of("aws").map(|call| call["args"]["request id"].as_str().expect("an id"));
    assert!(ids.collect::<BTreeSet<_>>().len() > 20);
    assert_eq!(trace.of("step").filter(|event| event["ph"] == "B").count(), 25);
    let words: BTreeSet<&str> =
        trace.of("phase").filter_map(|phase| phase["name"].as_str()).collect();
    assert!(words.is_superset(&BTreeSet::from(["call", "write the journal"])));
    let awaited: usize = trace
        .of("step")
        .filter_map(|event| event["args"]["waited for"].as_array())
        .map(Vec::len)
        .sum();
    let arrows = trace.of("after").filter(|event| event["ph"] == "s").count();
    assert!(arrows > 20 && arrows <= awaited, "{arrows} of {awaited}");
    let seconds: f64 =
        trace.of("critical path").map(|span| span["args"]["seconds"].as_f64().expect("one")).sum();
    let line = said.err.lines().find(|line| line.contains("persona-agent is deployed in "));
    let told = line.and_then(|line| line.split(" in ").nth(1)?.split(" s").next()?.parse().ok());
    let told: f64 = told.expect("a time");
    assert!(seconds <= told + 0.1 && seconds >= 0.8 * told, "{seconds} of {told}\n{}", said.err);

    // Killed in the midst of it, what was written is whole.
    let mut killed = sandbox.start(&format!("teardown {STACK} --yes --trace teardown.json"));
    let mut err = killed.stderr.take().expect("it is piped");
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).contains(" deleted in ") {
        let mut buffer = [0; 4096];
        let length = err.read(&mut buffer).expect("it speaks");
        assert!(length > 0, "{}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&buffer[..length]);
    }
    killed.kill().expect("it runs");
    killed.wait().expect("it has ended");
    let trace = Trace::read(&sandbox, "teardown.json");
    trace.check();
    assert!(trace.of("aws").count() > 0 && trace.of("critical path").count() == 0);

    // A file that cannot be written is told of before anything is done.
    let said =
        sandbox.cairn("deploy stacks/persona-agent --yes --trace no/such/folder").code(1).err;
    assert!(said.contains("cannot write the trace `no/such/folder`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_tells_no_secret() {
    const WORD: &str = "velvet-thunder-93";
    let server = ministack().await;
    let sandbox = Sandbox::at(&server.url);
    sandbox.write(
        "secret.yaml",
        "Parameters:\n  Word: {Type: String, NoEcho: true}\nResources:\n  Role:\n    \
         Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        \
         Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]\n  \
         Function:\n    Type: AWS::Lambda::Function\n    Properties:\n      Role: !GetAtt Role.Arn\n      \
         Handler: index.handler\n      Runtime: python3.12\n      \
         Code: {ZipFile: 'def handler(event, context): return 1'}\n      \
         Environment: {Variables: {WORD: !Ref Word}}\n",
    );
    let said = sandbox
        .cairn(&format!(
            "deploy secret.yaml --yes --parameter Word={WORD} -vv --log-format json --trace trace.json"
        ))
        .code(0);
    assert!(said.err.contains("\"CreateFunction\""), "{}", said.err);
    for text in [&said.err, &said.out, &sandbox.read("trace.json")] {
        assert!(!text.contains(WORD), "{text}");
    }
}

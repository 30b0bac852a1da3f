//! A network between Cairn and an emulator, in which every call takes its time and some answers are
//! lost after their effect. It comes from `PyPI` and knows nothing of Cairn.

use cairn::local::{Emulator, PrivateServer, Requirements};
use serde_json::json;

use super::emulator::start;
use super::http::post;

/// Listens in front of a server until it is dropped. Each call takes `milliseconds` more, and of
/// a hundred answers `lost` never arrive.
pub async fn before(server: &PrivateServer, milliseconds: u32, lost: u32) -> PrivateServer {
    // An emulator's arguments are those of the whole process.
    let upstream: &'static str = server.url.clone().leak();
    let arguments = ["--host", "127.0.0.1", "--port", "{port}", "--upstream", upstream];
    let proxy = start(&Emulator {
        requirements: Requirements {
            package: "microburst",
            text: include_str!("microburst-requirements.txt"),
        },
        module: "microburst.cli",
        arguments: Box::leak(Box::new(arguments)),
        variables: &[],
        health: "/_microburst/health",
        answer: "",
        companion: None,
        mends: None,
    })
    .await;
    // The first rule that fits is the only one.
    let rules = json!([
        {"probability": f64::from(lost) / 100.0, "latency": milliseconds,
            "response": {"abort_bytes": 0}},
        {"latency": milliseconds},
    ]);
    let header = "content-type: application/json\r\n";
    let (status, said) = post(&proxy.url, "/_microburst/rules", header, &rules.to_string()).await;
    assert_eq!(status, 200, "{said}");
    proxy
}

//! Killed at any moment, nothing is lost: the next run goes on where the last one ended.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::emulator::ministack;
use crate::support::inventory::inventory;
use crate::support::latency::Latency;
use crate::support::sandbox::Sandbox;

const STACK: &str = "stacks/persona-agent";
const DELAY: Duration = Duration::from_millis(50);
const KILLS: u32 = 10;

/// Numbers that are spread well, the same in every run of a test that failed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_deploy_is_finished_by_the_next_one() {
    let server = ministack().await;
    let before = inventory(&server.url).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    let slow = Latency::before(address, DELAY);
    let sandbox = Sandbox::persona(&slow.url);

    let start = Instant::now();
    sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
    let whole = start.elapsed();
    sandbox.point_at(&server.url);
    sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);

    let seed = std::process::id().into();
    let mut dice = Dice(seed);
    for kill in 0..KILLS {
        let length = u64::try_from(whole.as_millis()).expect("a deploy ends");
        let moment = Duration::from_millis(dice.below(length));
        let place = format!("seed {seed}, kill {kill} after {moment:?} of {whole:?}");
        sandbox.point_at(&slow.url);
        let mut deploy = sandbox.start(&format!("deploy {STACK} --yes"));
        thread::sleep(moment);
        deploy.kill().expect("it can be killed");
        deploy.wait().expect("it ends");
        sandbox.point_at(&server.url);
        let again = sandbox.cairn(&format!("deploy {STACK} --yes"));
        assert_eq!(again.code, Some(0), "{place}\n{}\n{}", again.out, again.err);
        let deployed = inventory(&server.url).await;
        for kind in ["vpc ", "endpoint ", "role ", "function ", "api Some", "api key ", "agent "] {
            let count = |all: &std::collections::BTreeSet<String>| {
                all.iter().filter(|one| one.starts_with(kind)).count()
            };
            let expected = if kind == "role " { 2 } else { 1 };
            assert_eq!(count(&deployed) - count(&before), expected, "{kind}: {place}");
        }
        let gone = sandbox.cairn(&format!("teardown {STACK} --yes"));
        assert_eq!(gone.code, Some(0), "{place}\n{}\n{}", gone.out, gone.err);
        assert_eq!(inventory(&server.url).await, before, "{place}");
    }
}

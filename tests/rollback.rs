//! A deploy that fails goes back to how it was, and a way back that is cut off is gone on with.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cairn::aws::{Access, Clients};
use cairn::local::PrivateServer;

use crate::support::emulator::ministack;
use crate::support::http;
use crate::support::inventory::inventory;
use crate::support::meddler::{Meddler, Meddling};
use crate::support::sandbox::Sandbox;

const STACK: &str = "stacks/persona-agent";
const REFUSED: Meddling = Meddling::Answer(
    400,
    r#"{"__type": "InvalidParameterValueException", "message": "This is not to be."}"#,
);
const DENIED: Meddling =
    Meddling::Answer(403, r#"{"__type": "AccessDenied", "message": "You may not do this."}"#);

/// The persona agent, and a way to the emulator on which some calls can be refused.
struct Scene {
    server: PrivateServer,
    way: Meddler,
    /// Whether the next of the calls that are to be refused is.
    refuses: Arc<AtomicBool>,
    /// Whether what takes away an endpoint is refused, too.
    bars_the_way_back: Arc<AtomicBool>,
    sandbox: Sandbox,
    before: BTreeSet<String>,
}

impl Scene {
    /// The first call whose first line has `refused` in it is refused.
    async fn refusing(refused: &'static str) -> Self {
        let server = ministack().await;
        let before = inventory(&server.url).await;
        let bars_the_way_back = Arc::new(AtomicBool::new(false));
        let bars = Arc::clone(&bars_the_way_back);
        let refuses = Arc::new(AtomicBool::new(true));
        let is_due = Arc::clone(&refuses);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
        let way = Meddler::before(address, move |request| {
            let first = request.lines().next().unwrap_or_default();
            let is_barred = bars.load(Ordering::SeqCst);
            if first.contains(refused) && is_due.swap(false, Ordering::SeqCst) {
                REFUSED
            } else if is_barred && request.contains("Action=DeleteVpcEndpoints") {
                DENIED
            } else {
                Meddling::Pass
            }
        });
        let sandbox = Sandbox::persona(&server.url);
        Self { server, way, refuses, bars_the_way_back, sandbox, before }
    }

    async fn inventory(&self) -> BTreeSet<String> {
        inventory(&self.server.url).await
    }

    /// Deployed whole; then another network and another retention are wanted, and the way is bad.
    async fn changed(&self) -> BTreeSet<String> {
        self.sandbox.cairn(&format!("deploy {STACK} --yes")).code(0);
        let deployed = self.inventory().await;
        self.want("10.5.0.0/16");
        self.sandbox.point_at(&self.way.url);
        self.sandbox.edit("config/test.yaml", "LogRetentionInDays: 1", "LogRetentionInDays: 3");
        deployed
    }

    fn want(&self, block: &str) {
        self.sandbox.edit(
            "config/default.yaml",
            "  persona-agent:\n",
            &format!("  persona-agent:\n    VpcCidr: {block}\n"),
        );
    }

    /// The configuration of before is what is there, as the next plan says.
    fn is_as_it_was(&self) {
        self.sandbox.edit("config/default.yaml", "    VpcCidr: 10.5.0.0/16\n", "");
        self.sandbox.point_at(&self.server.url);
        let plan = self.sandbox.cairn(&format!("plan {STACK} --detailed-exitcode"));
        assert_eq!(plan.code, Some(0), "{}\n{}", plan.out, plan.err);
    }

    async fn goes(&self) {
        self.sandbox.point_at(&self.server.url);
        self.sandbox.cairn(&format!("teardown {STACK} --yes")).code(0);
        assert_eq!(self.inventory().await, self.before);
    }
}

const UPDATE_OF_THE_FUNCTION: &str = "/configuration HTTP";

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_update_goes_back() {
    let scene = Scene::refusing(UPDATE_OF_THE_FUNCTION).await;
    let deployed = scene.changed().await;
    let ran = scene.sandbox.cairn(&format!("deploy {STACK} --yes --on-failure rollback")).code(1);
    for (text, part) in [
        (&ran.out, "Should this fail, a rollback could not bring back"),
        (&ran.out, "Vpc: the old one, once it is deleted; that comes last"),
        (&ran.out, "# the one before is used again"),
        (&ran.err, "This is not to be."),
        (&ran.err, "persona-agent: rolling back"),
        (&ran.err, "persona-agent is rolled back in"),
    ] {
        assert!(text.contains(part), "{part:?} is missing:\n{}\n{}", ran.out, ran.err);
    }
    assert!(!ran.err.contains("run the same command again"), "{}", ran.err);
    // The very same resources, and nothing else.
    assert_eq!(scene.inventory().await, deployed);
    scene.is_as_it_was();
    let none = scene.sandbox.cairn(&format!("rollback {STACK} --yes")).code(0);
    assert!(none.out.contains("Nothing to do: 25 resources are as before."), "{}", none.out);
    scene.goes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_first_deploy_leaves_nothing() {
    let scene = Scene::refusing("PUT /agents/ ").await;
    scene.sandbox.point_at(&scene.way.url);
    let ran = scene.sandbox.cairn(&format!("deploy {STACK} --yes --on-failure rollback")).code(1);
    assert!(ran.err.contains("persona-agent is rolled back in"), "{}", ran.err);
    assert_eq!(scene.inventory().await, scene.before);
    assert!(!scene.sandbox.path(".cairn/test/persona-agent/state.json").exists());
    // By default all is kept, and can be gone on with or taken back.
    scene.refuses.store(true, Ordering::SeqCst);
    let kept = scene.sandbox.cairn(&format!("deploy {STACK} --yes")).code(1);
    assert!(kept.err.contains("run the same command again to go on"), "{}", kept.err);
    assert_ne!(scene.inventory().await, scene.before);
    let asked = scene.sandbox.cairn(&format!("rollback {STACK}")).code(1);
    assert!(asked.err.contains("there is no terminal to ask on"), "{}", asked.err);
    scene.sandbox.cairn(&format!("rollback {STACK} --yes")).code(0);
    assert_eq!(scene.inventory().await, scene.before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_fails_is_gone_on_with() {
    let scene = Scene::refusing(UPDATE_OF_THE_FUNCTION).await;
    let deployed = scene.changed().await;
    scene.bars_the_way_back.store(true, Ordering::SeqCst);
    let ran = scene.sandbox.cairn(&format!("deploy {STACK} --yes --on-failure rollback")).code(1);
    for part in [
        "ec2:DeleteVpcEndpoints failed",
        "persona-agent: the rollback stopped",
        "nothing is lost: `cairn rollback` goes on with it",
    ] {
        assert!(ran.err.contains(part), "{part:?} is missing:\n{}\n{}", ran.out, ran.err);
    }
    assert_ne!(scene.inventory().await, deployed);
    scene.bars_the_way_back.store(false, Ordering::SeqCst);
    scene.sandbox.cairn(&format!("rollback {STACK} --yes")).code(0);
    assert_eq!(scene.inventory().await, deployed);
    scene.is_as_it_was();
    scene.goes().await;
}

/// Killed on its way back, the stack goes back, forward or away, as the next command says.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_rollback_goes_wherever_the_next_run_goes() {
    for next in ["rollback", "deploy", "teardown"] {
        let scene = Scene::refusing(UPDATE_OF_THE_FUNCTION).await;
        let deployed = scene.changed().await;
        let mut deploy =
            scene.sandbox.start(&format!("deploy {STACK} --yes --on-failure rollback"));
        let mut heard = BufReader::new(deploy.stderr.take().expect("it is piped"));
        let mut said = String::new();
        let on_the_way_back = |said: &str| {
            said.split_once("rolling back").is_some_and(|(_, after)| after.contains(" replaced "))
        };
        while !on_the_way_back(&said) {
            let length = heard.read_line(&mut said).expect("it speaks text");
            assert!(length > 0, "it ended:\n{said}");
        }
        deploy.kill().expect("it can be killed");
        deploy.wait().expect("it ends");
        scene.sandbox.point_at(&scene.server.url);
        scene.sandbox.edit("config/test.yaml", "LogRetentionInDays: 1", "LogRetentionInDays: 3");
        scene.sandbox.cairn(&format!("{next} {STACK} --yes")).code(0);
        match next {
            "rollback" => {
                assert_eq!(scene.inventory().await, deployed);
                scene.is_as_it_was();
            }
            "deploy" => {
                let plan = scene.sandbox.cairn(&format!("plan {STACK} --detailed-exitcode"));
                assert_eq!(plan.code, Some(0), "{}\n{}", plan.out, plan.err);
                assert_eq!(scene.inventory().await.len(), deployed.len());
            }
            _ => {}
        }
        scene.goes().await;
    }
}

/// The code of the deployed function, as AWS gives it out.
async fn code(server: &PrivateServer) -> Vec<u8> {
    let access = Access {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(server.url.clone()),
        ..Access::default()
    };
    let clients = Clients::connect(&access).await;
    let lambda = clients.lambda();
    let listed = lambda.list_functions().send().await.expect("it tells");
    let names: Vec<&str> =
        listed.functions().iter().filter_map(|one| one.function_name()).collect();
    let name = names.iter().find(|name| name.contains("persona-agent")).expect("it is there");
    let function = lambda.get_function().function_name(*name).send().await.expect("it tells");
    let location = function.code().and_then(|code| code.location()).expect("where its code is");
    http::get(location).await
}

/// The code that a function had is kept beside the state, in clear and sealed, and goes with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_gets_its_former_code_back() {
    let deploy = format!("deploy {STACK} --yes --on-failure rollback");
    for (bucket, encryption) in [(false, "none"), (true, "none"), (true, "passphrase")] {
        let scene = Scene::refusing("PATCH /usageplans/").await;
        let place = format!("{bucket} {encryption}");
        let cairn = |arguments: &str| {
            let mut command = scene.sandbox.command(arguments.split_whitespace());
            let output =
                command.env("CAIRN_STATE_PASSPHRASE", "words that nobody guesses").output();
            let output = output.expect("the binary starts");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), said)
        };
        if bucket {
            let home = format!("state: s3://code/{encryption}?endpoint={}", scene.server.url);
            scene.sandbox.edit("config/default.yaml", "state: .cairn", &home);
            let encrypted = format!("{home}\nencryption: {encryption}");
            scene.sandbox.edit("config/default.yaml", &home, &encrypted);
            let made =
                cairn(&format!("init --state s3://code/x?endpoint={} --yes", scene.server.url));
            assert_eq!(made.0, Some(0), "{place}: {made:?}");
        }
        let first = cairn(&format!("deploy {STACK} --yes"));
        assert_eq!(first.0, Some(0), "{place}: {first:?}");
        let former = code(&scene.server).await;

        let handler = scene.sandbox.read(&format!("{STACK}/lambda/handler.py"));
        let changed = format!("{handler}\n# Another line.\n");
        scene.sandbox.write(&format!("{STACK}/lambda/handler.py"), &changed);
        scene.sandbox.edit(
            "config/default.yaml",
            "  persona-agent:\n",
            "  persona-agent:\n    RequestsPerSecond: 7\n",
        );
        scene.sandbox.point_at(&scene.way.url);
        let (status, out, err) = cairn(&deploy);
        assert_eq!(status, Some(1), "{place}: {out}\n{err}");
        assert!(err.contains("persona-agent is rolled back in"), "{place}: {out}\n{err}");
        assert!(!out.contains("not kept"), "{place}: {out}");
        assert_eq!(code(&scene.server).await, former, "{place}: the very same bytes");

        // What is wanted, at last; then the former code is of no use any more.
        let (status, out, err) = cairn(&deploy);
        assert_eq!(status, Some(0), "{place}: {out}\n{err}");
        assert_ne!(code(&scene.server).await, former, "{place}");
        if !bucket {
            let kept = scene.sandbox.path(".cairn/test/persona-agent/code");
            let names = std::fs::read_dir(&kept).expect("a folder").flatten().count();
            assert_eq!(names, 1, "only the code that it has");
        }
        let gone = cairn(&format!("teardown {STACK} --yes"));
        assert_eq!(gone.0, Some(0), "{place}: {gone:?}");
        assert_eq!(scene.inventory().await, scene.before, "{place}");
        assert!(!scene.sandbox.path(".cairn/test/persona-agent/code").exists(), "{place}");
    }
}

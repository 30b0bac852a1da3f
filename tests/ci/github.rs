//! The action, from the first plan of a pull request to the deploy of what was reviewed.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::project::{STACK, break_template, keep_for, project};
use super::runner::{Done, Job, Shop, repository};
use crate::support::emulator::ministack;
use crate::support::forge::{Answer, Request, Server, page};
use crate::support::sandbox::{Sandbox, binary};

const BOT: &str = "github-actions[bot]";
const REPOSITORY: &str = "/repos/huts/infra";
const MERGED: &str = "3333333333333333333333333333333333333333";

/// What the forge remembers.
#[derive(Default)]
struct World {
    comments: Vec<Json>,
    artifacts: Vec<Json>,
    archives: Vec<Vec<u8>>,
    pulls: Vec<Json>,
    /// The commit whose run uploads.
    head: String,
    /// Answers in its place, before or after it has done what it is asked.
    before: Option<fn(&Request) -> Option<Answer>>,
    after: Option<fn(&Request) -> Option<Answer>>,
}

struct Forge {
    world: Arc<Mutex<World>>,
    api: Server,
    store: Server,
}

impl Forge {
    fn start() -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let stored = Arc::clone(&world);
        // Where archives are is nobody who may see the token.
        let store = Server::start(move |request| {
            let number: usize = request.path[1..].parse().expect("a number");
            let body = stored.lock().expect("no panic").archives[number].clone();
            Answer { status: 200, headers: Vec::new(), body }
        });
        let (told, place) = (Arc::clone(&world), store.url.clone());
        let api = Server::start(move |request| {
            let mut world = told.lock().expect("no panic");
            if let Some(answer) = world.before.and_then(|meddle| meddle(request)) {
                return answer;
            }
            let answer = answer(&mut world, request, &place);
            world.after.and_then(|meddle| meddle(request)).unwrap_or(answer)
        });
        Self { world, api, store }
    }

    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().expect("no panic")
    }

    fn comment(&self, login: &str, body: &str) {
        say(&mut self.world(), login, body);
    }

    /// Those of the action, in their order.
    fn own_comments(&self) -> Vec<String> {
        let world = self.world();
        let own = world.comments.iter().filter(|one| one["user"]["login"] == BOT);
        own.map(|one| one["body"].as_str().expect("a text").to_owned()).collect()
    }

    fn pull_request(&self, sandbox: &Sandbox, head: &str) -> Job {
        head.clone_into(&mut self.world().head);
        let pull = json!({"number": 7, "head": {"sha": head, "repo": {"full_name": "huts/infra"}}});
        self.job(sandbox, "pull_request", json!({"pull_request": pull}))
    }

    fn merge(&self, sandbox: &Sandbox, head: &str) -> Job {
        let pull = json!({"number": 7, "merged_at": "2026-11-28T01:00:00Z", "merge_commit_sha": MERGED,
            "head": {"sha": head}, "base": {"ref": "main"}});
        let other = json!({"number": 6, "merged_at": null, "merge_commit_sha": MERGED,
            "head": {"sha": "0000000"}, "base": {"ref": "main"}});
        self.world().pulls = vec![other, pull];
        self.job(sandbox, "push", json!({}))
    }

    fn job(&self, sandbox: &Sandbox, event: &str, payload: Json) -> Job {
        let variables = [
            ("GITHUB_API_URL", self.api.url.clone()),
            ("GITHUB_GRAPHQL_URL", format!("{}/graphql", self.api.url)),
            ("GITHUB_SERVER_URL", "https://github.example".to_owned()),
            ("GITHUB_REPOSITORY", "huts/infra".to_owned()),
            ("GITHUB_RUN_ID", "42".to_owned()),
            ("GITHUB_ACTOR", "maren".to_owned()),
            ("GITHUB_SHA", MERGED.to_owned()),
            ("GITHUB_REF_NAME", "main".to_owned()),
            ("GITHUB_EVENT_NAME", event.to_owned()),
        ];
        let inputs = [
            ("stacks", "stacks/hut".to_owned()),
            ("environment", "test".to_owned()),
            ("working-directory", "infrastructure".to_owned()),
            ("binary", binary().display().to_string()),
        ];
        Job {
            inputs: inputs.into(),
            variables: variables.into(),
            event: payload,
            workspace: sandbox.path(""),
        }
    }
}

impl Shop for Forge {
    fn upload(&self, name: &str, folder: &Path) {
        if !folder.exists() {
            return;
        }
        let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let file = entry.file_name().into_string().expect("a name");
            zip.start_file(file, SimpleFileOptions::default()).expect("a file");
            zip.write_all(&fs::read(entry.path()).expect("a file")).expect("a file");
        }
        let archive = zip.finish().expect("an archive").into_inner();
        keep(&mut self.world(), name, archive, 1);
    }
}

/// Keeps an artifact as one of a run of the repository with that id.
fn keep(world: &mut World, name: &str, archive: Vec<u8>, of: u64) {
    let id = world.archives.len();
    world.archives.push(archive);
    let run = json!({"id": 40 + id, "repository_id": 1, "head_repository_id": of, "head_sha": world.head});
    // The newest come first.
    world
        .artifacts
        .insert(0, json!({"id": id, "name": name, "expired": false, "workflow_run": run}));
}

fn say(world: &mut World, login: &str, body: &str) -> Json {
    let comment = json!({"id": 100 + world.comments.len(), "user": {"login": login}, "body": body});
    world.comments.push(comment.clone());
    comment
}

fn answer(world: &mut World, request: &Request, store: &str) -> Answer {
    let base = format!("http://{}", request.headers["host"]);
    assert_eq!(request.headers["authorization"], "Bearer token-of-the-job");
    let listed = |entries: &[Json], most| {
        let (entries, next) = page(&base, request, most, entries);
        let answer = |body: &Json| Answer::json(200, body);
        (entries, move |body: &Json| match next {
            Some(next) => answer(body).with("link", next),
            None => answer(body),
        })
    };
    if request.path == "/graphql" {
        return Answer::json(200, &json!({"data": {"viewer": {"login": BOT}}}));
    }
    let path = request.path.strip_prefix(REPOSITORY).expect("this repository");
    match (request.method.as_str(), path) {
        ("GET", "/issues/7/comments") => {
            let (entries, answer) = listed(&world.comments, 2);
            answer(&json!(entries))
        }
        ("POST", "/issues/7/comments") => {
            let body = request.body["body"].as_str().expect("a text");
            Answer::json(201, &say(world, BOT, body))
        }
        ("PATCH", path) => {
            let id: usize = path.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id");
            assert_eq!(world.comments[id - 100]["user"]["login"], BOT, "somebody else's");
            world.comments[id - 100]["body"] = request.body["body"].clone();
            Answer::json(200, &json!({}))
        }
        ("GET", "/actions/artifacts") => {
            let (entries, answer) = listed(&world.artifacts, 2);
            answer(&json!({"total_count": world.artifacts.len(), "artifacts": entries}))
        }
        ("GET", path) if path.starts_with("/actions/artifacts/") => {
            let id = path.split('/').nth(3).expect("an id");
            Answer::json(302, &json!({})).with("location", format!("{store}/{id}"))
        }
        ("GET", path) if path.starts_with("/actions/runs/") => {
            Answer::json(200, &json!({"event": "pull_request"}))
        }
        ("GET", path) if path == format!("/commits/{MERGED}/pulls") => {
            let (entries, answer) = listed(&world.pulls, 1);
            answer(&json!(entries))
        }
        what => panic!("nobody asks GitHub so: {what:?}"),
    }
}

fn retention(sandbox: &Sandbox) -> String {
    let state = sandbox.read("infrastructure/.cairn/test/hut/state.json");
    let state: Json = serde_json::from_str(&state).expect("a state");
    state["resources"]["Logs"]["current"]["properties"]["RetentionInDays"].to_string()
}

fn with(mut job: Job, name: &'static str, value: &str) -> Job {
    job.inputs.retain(|(given, _)| *given != name);
    job.inputs.push((name, value.to_owned()));
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reviewed_is_deployed() {
    let (server, forge) = (ministack().await, Forge::start());
    let sandbox = project(&server.url);
    forge.comment("maren", "Looks good.");
    // Who copies a marker keeps their comment.
    forge.comment(
        "mallory",
        "<!-- cairn plan of infrastructure/stacks/hut in test -->\nIt is all fine.",
    );
    forge.comment(BOT, "Something else entirely.");

    let first = forge.pull_request(&sandbox, "aaaaaaa1").run(&forge).well();
    assert_eq!(first.outputs["exitcode"], "0");
    assert_eq!(first.outputs["has-changes"], "true");
    assert_eq!(first.outputs["risks"], "broadening");
    assert_eq!(first.summary.matches("### `hut` · test").count(), 1, "{}", first.summary);
    let comments = forge.own_comments();
    assert_eq!(comments.len(), 2, "{comments:?}");
    let comment = &comments[1];
    assert!(
        comment.starts_with(
            "<!-- cairn plan of infrastructure/stacks/hut in test -->\n### `hut` · test"
        )
    );
    for told in [
        "**2 to create.**",
        "#### Broadening",
        "Planned for aaaaaaa",
        "/huts/infra/actions/runs/42",
    ] {
        assert!(comment.contains(told), "{told:?} is not in:\n{comment}");
    }

    keep_for(&sandbox, "3");
    let second = forge.pull_request(&sandbox, "aaaaaaa2").run(&forge).well();
    second.says("comment on stacks/hut: updated");
    let comments = forge.own_comments();
    assert_eq!(comments.len(), 2, "one comment, however often it is planned");
    assert!(
        comments[1].contains("RetentionInDays: 3") && comments[1].contains("Planned for aaaaaaa")
    );
    let copied = forge.world().comments[1]["body"].clone();
    assert!(copied.as_str().expect("a text").ends_with("It is all fine."), "{copied}");

    let deployed = forge.merge(&sandbox, "aaaaaaa2").run(&forge).well();
    deployed.says("the plans of pull request #7 for aaaaaaa");
    assert_eq!(retention(&sandbox), "3");
    assert!(deployed.summary.contains("- `stacks/hut`: deployed"), "{}", deployed.summary);
    assert_eq!(deployed.outputs["exitcode"], "0");
    for request in forge.store.asked() {
        assert!(!request.headers.contains_key("authorization"), "{request:?}");
    }

    // A plan that has become empty is no reason for a comment, but for the one that is there.
    forge.pull_request(&sandbox, "bbbbbbb1").run(&forge).well().says("updated");
    let comments = forge.own_comments();
    assert!(comments[1].contains("Nothing to do: 2 resources are as the template says."));
    forge.world().comments.clear();
    forge.pull_request(&sandbox, "bbbbbbb2").run(&forge).well().says("not needed");
    assert!(forge.own_comments().is_empty());
    forge
        .merge(&sandbox, "bbbbbbb2")
        .run(&forge)
        .well()
        .says("the reviewed plan has nothing to do");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_longer_holds_is_refused() {
    let (server, forge) = (ministack().await, Forge::start());
    let sandbox = project(&server.url);
    let nothing = |done: Done, told: &str| {
        done.badly().says(told).says("`command: deploy-new`");
        assert!(!sandbox.path("infrastructure/.cairn/test/hut/state.json").exists());
    };
    forge.pull_request(&sandbox, "aaaaaaa1").run(&forge).well();

    // Another commit, and plans that others made or that are gone.
    nothing(forge.merge(&sandbox, "aaaaaaa2").run(&forge), "there is no plan for aaaaaaa");
    let (name, archive) = {
        let world = forge.world();
        (world.artifacts[0]["name"].as_str().expect("a name").to_owned(), world.archives[0].clone())
    };
    forge.world().artifacts[0]["expired"] = json!(true);
    keep(&mut forge.world(), &name, archive.clone(), 2);
    nothing(forge.merge(&sandbox, "aaaaaaa1").run(&forge), "there is no plan for aaaaaaa");
    let direct = forge.merge(&sandbox, "aaaaaaa1");
    forge.world().pulls.truncate(1);
    nothing(direct.run(&forge), "no pull request was merged as 3333333");

    // A path out of the folder, in an archive that claims to be ours.
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("../../escaped", SimpleFileOptions::default()).expect("a file");
    let crafted = zip.finish().expect("an archive").into_inner();
    keep(&mut forge.world(), &name, crafted, 1);
    let done = forge.merge(&sandbox, "aaaaaaa1").run(&forge).badly();
    done.says("the artifact has a file where none should be");

    // Older ones of others stand on later pages.
    keep(&mut forge.world(), &name, archive.clone(), 1);
    for _ in 0..3 {
        keep(&mut forge.world(), &name, archive.clone(), 2);
    }
    // The template that was merged is not the one that was reviewed.
    keep_for(&sandbox, "5");
    let done = forge.merge(&sandbox, "aaaaaaa1").run(&forge);
    assert!(
        done.log.contains("the template is not the one the plan was made from"),
        "{}",
        done.log
    );
    nothing(done, "what Cairn refused was not changed");
    keep_for(&sandbox, "1");
    let other = with(forge.merge(&sandbox, "aaaaaaa1"), "max-age", "1ms");
    nothing(other.run(&forge), "may be applied within");
    forge.merge(&sandbox, "aaaaaaa1").run(&forge).well();
    assert_eq!(retention(&sandbox), "1");

    // By hand: what is harmless is planned anew and deployed, what is not is refused.
    keep_for(&sandbox, "7");
    with(forge.merge(&sandbox, "0"), "command", "deploy-new").run(&forge).well();
    assert_eq!(retention(&sandbox), "7");
    sandbox.edit(&format!("{STACK}/stack.yaml"), "LogGroupName: hut", "LogGroupName: other");
    let done = with(forge.merge(&sandbox, "0"), "command", "deploy-new").run(&forge).badly();
    done.says("needs approval, since its risks are 1 destructive");
    assert_eq!(done.outputs["exitcode"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_fails_is_told_and_never_deployed() {
    let (server, forge) = (ministack().await, Forge::start());
    let sandbox = project(&server.url);
    let gated = with(forge.pull_request(&sandbox, "aaaaaaa1"), "fail-on", "broadening");
    let stopped = gated.run(&forge).badly();
    assert_eq!(stopped.outputs["exitcode"], "3");
    let comment = &forge.own_comments()[0];
    assert!(comment.contains(
        "> [!CAUTION]\n> the plan of `hut` fails by `--fail-on`: its risks are 1 broadening"
    ));
    let refused = forge.merge(&sandbox, "aaaaaaa1").run(&forge).badly();
    refused.says("the plan of `stacks/hut` did not pass in its review (it ended with 3)");

    break_template(&sandbox);
    let broken = forge.pull_request(&sandbox, "aaaaaaa2").run(&forge).badly();
    assert_eq!(broken.outputs["exitcode"], "1");
    // The place is that of the repository, not of the project in it.
    broken.says("::error title=Cairn,file=infrastructure/stacks/hut/stack.yaml,line=7,col=18,endColumn=29::");
    let comments = forge.own_comments();
    assert_eq!(comments.len(), 1);
    assert!(comments[0].contains("**There is no plan: `cairn plan` ended with 1.**"));
    assert!(
        comments[0].contains("did you mean `LogGroupName`?") && !comments[0].contains("::error")
    );
    assert!(broken.summary.contains("did you mean `LogGroupName`?"));
    let refused = forge.merge(&sandbox, "aaaaaaa2").run(&forge).badly();
    refused.says("did not pass in its review (it ended with 1)");
    assert!(!sandbox.path("infrastructure/.cairn/test/hut/state.json").exists());
}

fn refuse(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message}))
}

fn writes(request: &Request) -> bool {
    request.method != "GET" && request.path != "/graphql"
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_fails_ends_clearly() {
    let (server, forge) = (ministack().await, Forge::start());
    let sandbox = project(&server.url);
    let run = |job: Job| {
        forge.api.asked();
        job.run(&forge)
    };
    let plan = || forge.pull_request(&sandbox, "aaaaaaa1");

    // An answer is lost once: nothing is written twice.
    forge.world().after = Some(|request| {
        static LOST: std::sync::Once = std::sync::Once::new();
        let mut lost = None;
        if request.method == "POST" && writes(request) {
            LOST.call_once(|| lost = Some(refuse(502, "Bad gateway")));
        }
        lost
    });
    run(plan()).well();
    assert_eq!(forge.own_comments().len(), 1);
    forge.world().after = None;
    forge.world().comments.clear();

    forge.world().before = Some(|_| Some(refuse(503, "no server is available")));
    let down = run(plan()).badly();
    down.says(
        "the plan could not be written as a comment: GET /repos/huts/infra/issues/7/comments: 503 no server is available",
    );
    down.says("It is in the summary of this job.");
    assert!(down.summary.contains("2 to create") && forge.api.asked().len() == 4);
    assert_eq!(forge.world().artifacts.len(), 2, "the plan is kept");

    forge.world().before = Some(|_| {
        let reset = "4102444800";
        let limit = refuse(403, "API rate limit exceeded").with("x-ratelimit-remaining", "0");
        Some(limit.with("x-ratelimit-reset", reset))
    });
    run(plan()).badly().says("API rate limit exceeded (the limit is lifted in");
    assert_eq!(forge.api.asked().len(), 1, "a limit that far away is not waited for");

    // A token that may only read, of a fork and of a job without the permission.
    forge.world().before = Some(|request| {
        writes(request).then(|| refuse(403, "Resource not accessible by integration"))
    });
    run(plan()).badly().says("Give the job `permissions: pull-requests: write`.");
    let mut fork = plan();
    fork.event["pull_request"]["head"]["repo"]["full_name"] = json!("mallory/infra");
    let done = run(fork).well();
    done.says("the plan is in the summary of the job");
    assert!(done.summary.contains("2 to create") && forge.own_comments().is_empty());

    // Without a comment nobody is asked anything.
    run(with(plan(), "comment", "false")).well();
    assert!(forge.api.asked().is_empty());
}

/// What users write is never part of a script, and only Cairn reads it.
#[tokio::test(flavor = "multi_thread")]
async fn inputs_are_data() {
    let forge = Forge::start();
    let sandbox = project("http://127.0.0.1:9");
    let odd = "$(touch${IFS}escaped);`touch${IFS}escaped`";
    let mut job = with(forge.pull_request(&sandbox, "aaaaaaa1"), "stacks", odd);
    job.event["pull_request"]["title"] = json!("\"; touch escaped; \"");
    let done =
        with(job, "parameters", "A=\"; touch escaped #\nB=$(touch escaped)").run(&forge).badly();
    done.says("there is no stack `$(touch${IFS}escaped);`touch${IFS}escaped``");
    assert!(!sandbox.path("infrastructure/escaped").exists() && !sandbox.path("escaped").exists());
    // What a parameter is set to may be a secret.
    done.says("--parameter A=… --parameter B=…");
    let none = with(forge.pull_request(&sandbox, "aaaaaaa1"), "stacks", " ").run(&forge).badly();
    none.says("no stacks were given");
    assert_eq!(none.ran, ["Look at what is to be done"]);
    let unknown = with(forge.pull_request(&sandbox, "aaaaaaa1"), "command", "destroy").run(&forge);
    unknown.badly().says("`command` is auto, plan, deploy or deploy-new, not `destroy`");
}

/// Without a binary Cairn is built from what the action is.
#[test]
fn cairn_is_built_where_there_is_none() {
    let forge = Forge::start();
    let sandbox = project("http://127.0.0.1:9");
    sandbox.write(
        "tools/cargo",
        "#!/bin/sh\nwhile [ \"$1\" != --path ]; do shift; done\necho \"builds $2\"\n\
         mkdir -p \"$4/bin\" && printf '#!/bin/sh\\necho \"planned by what was built\"; exit 9\\n' \
         > \"$4/bin/cairn\" && chmod +x \"$4/bin/cairn\"\n",
    );
    let mut permissions = fs::metadata(sandbox.path("tools/cargo")).expect("a file").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs::set_permissions(sandbox.path("tools/cargo"), permissions).expect("a file");
    let path = std::env::var_os("PATH").expect("a path");
    let mut job = with(forge.pull_request(&sandbox, "aaaaaaa1"), "binary", "");
    job.variables.push(("PATH", format!("{}:{}", sandbox.path("tools").display(), path.display())));
    let done = job.run(&forge).badly();
    done.says(&format!("builds {}", repository().display())).says("planned by what was built");
    assert_eq!(done.outputs["exitcode"], "9");
    assert!(done.ran.iter().any(|step| step == "Look for a Cairn that was built before"));
    assert!(forge.own_comments()[0].contains("ended with 9"));
}

//! The template for GitLab: its jobs with their own scripts, as GitLab's runner would run them.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Map, Value as Json, json};

use super::project::{STACK, break_template, keep_for, project};
use super::runner::repository;
use crate::support::emulator::ministack;
use crate::support::forge::{Answer, Request, Server, page};
use crate::support::sandbox::{Sandbox, binary};

const MERGED: &str = "4444444444444444444444444444444444444444";
const ME: u64 = 11;

#[derive(Default)]
struct World {
    notes: Vec<Json>,
    merge_requests: Vec<Json>,
    /// Each has one job, with the pipeline's id, and its artifacts.
    pipelines: Vec<Json>,
    artifacts: BTreeMap<(u64, String), Vec<u8>>,
    before: Option<fn(&Request) -> Option<Answer>>,
}

struct Forge {
    world: Arc<Mutex<World>>,
    api: Server,
}

impl Forge {
    fn start() -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let told = Arc::clone(&world);
        let api = Server::start(move |request| {
            let mut world = told.lock().expect("no panic");
            match world.before.and_then(|meddle| meddle(request)) {
                Some(answer) => answer,
                None => answer(&mut world, request),
            }
        });
        Self { world, api }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no panic")
    }

    fn note(&self, author: u64, body: &str) {
        say(&mut self.world(), author, body);
    }

    fn own_notes(&self) -> Vec<String> {
        let world = self.world();
        let own = world.notes.iter().filter(|one| one["author"]["id"] == ME);
        own.map(|one| one["body"].as_str().expect("a text").to_owned()).collect()
    }
}

fn say(world: &mut World, author: u64, body: &str) -> Json {
    let note = json!({"id": 100 + world.notes.len(), "author": {"id": author}, "body": body});
    world.notes.push(note.clone());
    note
}

fn answer(world: &mut World, request: &Request) -> Answer {
    assert_eq!(request.headers["private-token"], "token-of-the-project");
    let base = format!("http://{}", request.headers["host"]);
    let listed = |entries: &[Json]| {
        let (entries, next) = page(&base, request, 2, entries);
        let answer = Answer::json(200, &json!(entries));
        match next {
            Some(next) => answer.with("link", next),
            None => answer,
        }
    };
    if request.path == "/user" {
        return Answer::json(200, &json!({"id": ME}));
    }
    let path = request.path.strip_prefix("/projects/5").expect("this project");
    match (request.method.as_str(), path) {
        ("GET", "/merge_requests/7/notes") => listed(&world.notes),
        ("POST", "/merge_requests/7/notes") => {
            let body = request.body["body"].as_str().expect("a text");
            Answer::json(201, &say(world, ME, body))
        }
        ("PUT", path) => {
            let id: usize = path.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id");
            assert_eq!(world.notes[id - 100]["author"]["id"], ME, "somebody else's");
            world.notes[id - 100]["body"] = request.body["body"].clone();
            Answer::json(200, &json!({}))
        }
        ("GET", "/merge_requests/7/pipelines") => listed(&world.pipelines),
        ("GET", path) if path == format!("/repository/commits/{MERGED}/merge_requests") => {
            listed(&world.merge_requests)
        }
        ("GET", path) if path.starts_with("/pipelines/") => {
            let id: u64 = path.split('/').nth(2).and_then(|id| id.parse().ok()).expect("an id");
            listed(&[
                json!({"id": id, "name": "lint"}),
                json!({"id": id, "name": "cairn-plan-test"}),
            ])
        }
        ("GET", path) if path.starts_with("/jobs/") => {
            let mut words = path.splitn(5, '/').skip(2);
            let id = words.next().and_then(|id| id.parse().ok()).expect("an id");
            let file = words.nth(1).expect("a file").to_owned();
            match world.artifacts.get(&(id, file)) {
                Some(body) => Answer { status: 200, headers: Vec::new(), body: body.clone() },
                None => Answer::json(404, &json!({"message": "404 Not Found"})),
            }
        }
        what => panic!("nobody asks GitLab so: {what:?}"),
    }
}

/// The template with its inputs, in two documents as GitLab wants it.
fn template(inputs: &[(&str, &str)]) -> Map<String, Json> {
    let text = fs::read_to_string(repository().join("templates/cairn.yml")).expect("a template");
    let (head, jobs) = text.split_once("\n---\n").expect("two documents");
    let spec: Json = serde_yaml::from_str(head).expect("YAML");
    let declared = spec["spec"]["inputs"].as_object().expect("inputs");
    let values = declared.iter().map(|(name, input)| {
        let given = inputs.iter().find(|(given, _)| given == name).map(|(_, value)| *value);
        let value = given.or(input["default"].as_str());
        let value = value.unwrap_or_else(|| panic!("the input `{name}` is needed"));
        (format!("$[[ inputs.{name} ]]"), value.to_owned())
    });
    let values: Vec<(String, String)> = values.collect();
    assert!(inputs.iter().all(|(name, _)| declared.contains_key(*name)));
    let jobs = fill(serde_yaml::from_str(jobs).expect("YAML"), &values);
    jobs.as_object().expect("jobs").clone()
}

/// Every text with the inputs in it; a text stays one, whatever is in an input.
fn fill(value: Json, inputs: &[(String, String)]) -> Json {
    let text = |text: String| {
        let filled = inputs.iter().fold(text, |text, (name, value)| text.replace(name, value));
        assert!(!filled.contains("$[["), "an input that is not declared: {filled}");
        filled
    };
    match value {
        Json::String(it) => Json::String(text(it)),
        Json::Array(items) => items.into_iter().map(|item| fill(item, inputs)).collect(),
        Json::Object(entries) => {
            entries.into_iter().map(|(key, value)| (text(key), fill(value, inputs))).collect()
        }
        other => other,
    }
}

/// A job with what it extends.
fn whole(jobs: &Map<String, Json>, name: &str) -> Json {
    let job = &jobs[name];
    let mut whole = jobs[job["extends"].as_str().expect("a base")].clone();
    for (key, value) in job.as_object().expect("a job") {
        match (whole.get_mut(key).and_then(Json::as_object_mut), value.as_object()) {
            (Some(base), Some(more)) => base.extend(more.clone()),
            _ => whole[key] = value.clone(),
        }
    }
    whole
}

/// The names of the jobs that a pipeline has.
fn chosen(variables: &[(&str, &str)]) -> Vec<String> {
    let jobs = template(&[("stacks", "stacks/hut"), ("environment", "test")]);
    let value = |word: &str| match word.trim().strip_prefix('$') {
        Some(name) => {
            variables.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
        }
        None => Some(word.trim().trim_matches('"').to_owned()),
    };
    let holds = |rule: &Json| {
        rule["if"].as_str().expect("a condition").split("&&").all(|part| {
            let (one, other) = part.split_once("==").expect("a comparison");
            value(one).is_some() && value(one) == value(other)
        })
    };
    let visible = jobs.iter().filter(|(name, _)| !name.starts_with('.'));
    let chosen =
        visible.filter(|(_, job)| job["rules"].as_array().expect("rules").iter().any(holds));
    chosen.map(|(name, _)| name.clone()).collect()
}

#[test]
fn merge_requests_are_planned_and_the_default_branch_is_deployed() {
    let branch = [("CI_COMMIT_BRANCH", "main"), ("CI_DEFAULT_BRANCH", "main")];
    let of = |source: &'static str, more: &[(&'static str, &'static str)]| {
        let mut variables = vec![("CI_PIPELINE_SOURCE", source)];
        variables.extend(more);
        chosen(&variables)
    };
    let default = [("CI_DEFAULT_BRANCH", "main")];
    assert_eq!(of("merge_request_event", &default), ["cairn-plan-test"]);
    assert_eq!(of("push", &branch), ["cairn-deploy-test"]);
    assert!(of("schedule", &branch).is_empty());
    let by_hand = [branch[0], branch[1], ("CAIRN_DEPLOY", "new")];
    assert_eq!(of("web", &by_hand), ["cairn-deploy-test"]);
    assert!(of("push", &[("CI_COMMIT_BRANCH", "other"), default[0]]).is_empty());

    let jobs = template(&[("stacks", "stacks/hut"), ("environment", "test")]);
    let deploy = whole(&jobs, "cairn-deploy-test");
    assert_eq!(deploy["resource_group"], "cairn-test");
    assert_eq!(deploy["interruptible"], false);
    assert_eq!(deploy["variables"]["CAIRN_CI_STACKS"], "stacks/hut");
    let plan = whole(&jobs, "cairn-plan-test");
    assert_eq!(plan["variables"]["CAIRN_CI_JOB"], "cairn-plan-test", "where a deploy looks for it");
    assert_eq!(plan["artifacts"]["paths"], json!([".cairn-plans/"]));
    assert_eq!(plan["artifacts"]["reports"]["codequality"], ".cairn-plans/codequality.json");
}

struct Job<'a> {
    forge: &'a Forge,
    sandbox: &'a Sandbox,
    inputs: Vec<(&'static str, &'static str)>,
    variables: Vec<(&'static str, String)>,
}

impl<'a> Job<'a> {
    fn new(forge: &'a Forge, sandbox: &'a Sandbox, head: &str) -> Self {
        let variables = [
            ("CI_API_V4_URL", forge.api.url.clone()),
            ("CI_PROJECT_ID", "5".to_owned()),
            ("CI_PIPELINE_ID", "9".to_owned()),
            ("CI_JOB_URL", "https://gitlab.example/huts/infra/-/jobs/9".to_owned()),
            ("CI_COMMIT_SHA", head.to_owned()),
            ("CI_COMMIT_BRANCH", "main".to_owned()),
            ("CAIRN_GITLAB_TOKEN", "token-of-the-project".to_owned()),
        ];
        Self { forge, sandbox, inputs: Vec::new(), variables: variables.into() }
    }

    fn input(mut self, name: &'static str, value: &'static str) -> Self {
        self.inputs.push((name, value));
        self
    }

    fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Runs a job; whether it went well, and its log.
    fn run(&self, name: &str) -> (bool, String) {
        let home = self.sandbox.path("tool");
        if !home.exists() {
            fs::create_dir_all(home.join("bin")).expect("a folder");
            std::os::unix::fs::symlink(binary(), home.join("bin/cairn")).expect("a link");
            std::os::unix::fs::symlink(repository().join("ci"), home.join("ci")).expect("a link");
        }
        let home = home.display().to_string();
        let mut inputs = vec![
            ("stacks", "stacks/hut"),
            ("environment", "test"),
            ("working-directory", "infrastructure"),
            ("home", home.as_str()),
        ];
        inputs.extend(&self.inputs);
        let job = whole(&template(&inputs), name);
        let lines = ["before_script", "script"].into_iter().flat_map(|part| {
            job[part].as_array().into_iter().flatten().map(|line| line.as_str().expect("a line"))
        });
        let script: Vec<&str> = lines.collect();
        let mut command = Command::new("bash");
        command
            .args(["-eo", "pipefail", "-c", &script.join("\n")])
            .current_dir(self.sandbox.path(""))
            .env("CI_PROJECT_DIR", self.sandbox.path(""))
            .env_remove("AWS_PROFILE")
            .envs([("CI", "true"), ("GITLAB_CI", "true"), ("CAIRN_CI_PAUSE", "0")])
            .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .env("PYTHONDONTWRITEBYTECODE", "1");
        for (name, value) in job["variables"].as_object().expect("variables") {
            let value = value.as_str().expect("a text").replace("$CAIRN_HOME", &home);
            command.env(name, value);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let ran = command.output().expect("bash starts");
        let log = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
        (ran.status.success(), log.into_owned())
    }

    /// Runs the plan of a merge request, and keeps its artifacts as GitLab does.
    fn plan(self, pipeline: u64) -> (bool, String) {
        let job = self.variable("CI_MERGE_REQUEST_IID", "7");
        let ran = job.run("cairn-plan-test");
        let folder = job.sandbox.path(".cairn-plans");
        let mut world = job.forge.world();
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let name = format!(".cairn-plans/{}", entry.file_name().display());
            world.artifacts.insert((pipeline, name), fs::read(entry.path()).expect("a file"));
        }
        fs::remove_dir_all(folder).expect("a folder");
        let made = json!({"id": pipeline, "project_id": 5, "source": "merge_request_event"});
        world.pipelines.insert(0, made);
        ran
    }

    fn merge(self, head: &str) -> (bool, String) {
        let merged = json!({"iid": 7, "state": "merged", "target_branch": "main", "sha": head,
            "merge_commit_sha": MERGED, "squash_commit_sha": null});
        self.forge.world().merge_requests = vec![merged];
        self.variable("CI_COMMIT_SHA", MERGED).run("cairn-deploy-test")
    }
}

#[track_caller]
fn well((is_well, log): (bool, String), told: &str) -> String {
    assert!(is_well && log.contains(told), "{told:?} is not in:\n{log}");
    log
}

#[track_caller]
fn badly((is_well, log): (bool, String), told: &str) {
    assert!(!is_well && log.contains(told), "{told:?} is not in:\n{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reviewed_is_deployed() {
    let (server, forge) = (ministack().await, Forge::start());
    let sandbox = project(&server.url);
    let job = |head: &str| Job::new(&forge, &sandbox, head);
    let state = || sandbox.path("infrastructure/.cairn/test/hut/state.json");
    forge.note(12, "<!-- cairn plan of infrastructure/stacks/hut in test -->\nIt is all fine.");
    forge.note(12, "Looks good.");
    well(job("aaaaaaa1").plan(1), "note on stacks/hut: created");
    keep_for(&sandbox, "3");
    // Of merged results the commit of the pipeline is another.
    let second = job("ccccccc1").variable("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "aaaaaaa2");
    well(second.plan(2), "note on stacks/hut: updated");
    let notes = forge.own_notes();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("RetentionInDays: 3") && notes[0].contains("Planned for aaaaaaa2"));
    assert_eq!(
        forge.world().notes[0]["body"].as_str().map(|body| body.contains("all fine")),
        Some(true)
    );

    let report = &forge.world().artifacts[&(2, ".cairn-plans/codequality.json".to_owned())].clone();
    let report: Json = serde_json::from_slice(report).expect("JSON");
    assert_eq!(report[0]["check_name"], "cairn-broadening");
    assert_eq!(
        report[0]["location"],
        json!({"path": "infrastructure/stacks/hut/stack.yaml", "lines": {"begin": 8}})
    );

    badly(job("x").merge("aaaaaaa3"), "there is no plan for aaaaaaa3");
    // A fork's pipeline is newer, and counts for nothing.
    let forged = json!({"id": 3, "project_id": 6, "source": "merge_request_event"});
    forge.world().pipelines.insert(0, forged);
    keep_for(&sandbox, "5");
    badly(job("x").merge("aaaaaaa2"), "the template is not the one the plan was made from");
    assert!(!state().exists());
    keep_for(&sandbox, "3");
    well(job("x").merge("aaaaaaa2"), "`stacks/hut`: deployed");
    assert!(fs::read_to_string(state()).expect("a state").contains("\"RetentionInDays\": 3"));
    well(job("aaaaaaa4").plan(4), "note on stacks/hut: updated");
    assert!(forge.own_notes()[0].contains("Nothing to do"));
    well(job("x").merge("aaaaaaa4"), "the reviewed plan has nothing to do");

    // By hand, without a review: only what needs no approval.
    keep_for(&sandbox, "7");
    let by_hand = || job(MERGED).variable("CAIRN_DEPLOY", "new");
    well(by_hand().run("cairn-deploy-test"), "`stacks/hut`: deployed");
    sandbox.edit(&format!("{STACK}/stack.yaml"), "LogGroupName: hut", "LogGroupName: other");
    badly(by_hand().run("cairn-deploy-test"), "needs approval, since its risks are 1 destructive");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_end_clearly() {
    let (server, forge) = (ministack().await, Forge::start());
    let sandbox = project(&server.url);
    let job = || Job::new(&forge, &sandbox, "aaaaaaa1");
    let (is_well, log) = job().input("fail-on", "broadening").plan(1);
    assert!(!is_well && log.contains("fails by `--fail-on`"), "{log}");
    badly(job().merge("aaaaaaa1"), "did not pass in its review (it ended with 3)");
    well(job().variable("CAIRN_GITLAB_TOKEN", "").plan(2), "the plan is not written as a note");

    forge.world().before = Some(|_| Some(Answer::json(503, &json!({"message": "maintenance"}))));
    badly(job().plan(3), "cairn: GET /projects/5/merge_requests/7/notes: 503 maintenance");
    forge.world().before = Some(|request| {
        (request.method == "PUT").then(|| Answer::json(403, &json!({"message": "403 Forbidden"})))
    });
    badly(job().plan(4), "403 Forbidden");
    forge.world().before = Some(|_| {
        Some(Answer::json(429, &json!({"message": "Retry later"})).with("retry-after", "3600"))
    });
    badly(job().plan(5), "Retry later (the limit is lifted in 3600 s");
    forge.world().before = None;

    break_template(&sandbox);
    badly(job().plan(6), "did you mean `LogGroupName`?");
    assert!(forge.own_notes()[0].contains("**There is no plan: `cairn plan` ended with 1.**"));
}

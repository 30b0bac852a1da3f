//! GitHub's runner, as far as a composite action knows it: the steps of `action.yml` in their order,
//! with what they are given, in the shell that they name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::expression::{Names, Status, fill, holds};

/// What the action keeps beside its job.
pub trait Shop {
    /// `actions/upload-artifact`.
    fn upload(&self, name: &str, folder: &Path);
}

/// A job that uses the action once.
pub struct Job {
    pub inputs: Vec<(&'static str, String)>,
    /// What the runner and the job say in the environment.
    pub variables: Vec<(&'static str, String)>,
    pub event: Json,
    pub workspace: PathBuf,
}

/// How it ended.
#[derive(Debug)]
pub struct Done {
    pub is_well: bool,
    /// What the steps wrote, one after the other, each after its name.
    pub log: String,
    pub summary: String,
    pub outputs: Names,
    pub ran: Vec<String>,
}

impl Done {
    #[track_caller]
    pub fn well(self) -> Self {
        assert!(self.is_well, "{}", self.log);
        self
    }

    #[track_caller]
    pub fn badly(self) -> Self {
        assert!(!self.is_well, "{}", self.log);
        self
    }

    #[track_caller]
    pub fn says(&self, told: &str) -> &Self {
        assert!(self.log.contains(told), "{told:?} is not in:\n{}", self.log);
        self
    }
}

/// The repository is the folder that the action is checked out to.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn action() -> Json {
    let text = fs::read_to_string(repository().join("action.yml")).expect("an action");
    serde_yaml::from_str(&text).expect("YAML")
}

fn entries(of: &Json) -> impl Iterator<Item = (&String, &Json)> {
    of.as_object().into_iter().flatten()
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Job {
    /// The inputs that are given, and the defaults of the others; an input that is not declared is
    /// a mistake of the test.
    fn names(&self, action: &Json) -> Names {
        let mut names: Names = [("github.token".to_owned(), "token-of-the-job".to_owned())].into();
        for (name, input) in entries(&action["inputs"]) {
            let given = self.inputs.iter().find(|(given, _)| given == name);
            let value = match given {
                Some((_, value)) => value.clone(),
                None => {
                    fill(&text(input.get("default").unwrap_or(&json!(""))), &names, Status::Well)
                }
            };
            names.insert(format!("inputs.{name}"), value);
        }
        for (name, _) in &self.inputs {
            assert!(!action["inputs"][name].is_null(), "the action has no input `{name}`");
        }
        names
    }

    pub fn run(&self, shop: &dyn Shop) -> Done {
        let action = action();
        let mut names = self.names(&action);
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let file = |name: &str| temporary.path().join(name);
        fs::write(file("event.json"), self.event.to_string()).expect("a file");
        let mut status = Status::Well;
        let mut done = Done {
            is_well: true,
            log: String::new(),
            summary: String::new(),
            outputs: Names::new(),
            ran: Vec::new(),
        };
        for step in action["runs"]["steps"].as_array().expect("steps") {
            let name = text(&step["name"]);
            if !holds(step["if"].as_str(), &names, status) {
                continue;
            }
            done.log += &format!("== {name}\n");
            done.ran.push(name);
            if let Some(uses) = step["uses"].as_str() {
                let with = |key: &str| fill(&text(&step["with"][key]), &names, status);
                match uses.split('@').next() {
                    Some("actions/upload-artifact") => {
                        shop.upload(&with("name"), Path::new(&with("path")));
                    }
                    Some("actions/cache") => {
                        assert!(!with("path").is_empty() && !with("key").is_empty());
                    }
                    _ => panic!("nobody knows `{uses}` here"),
                }
                continue;
            }
            let (is_well, outputs) = self.step(step, &names, status, &temporary, &mut done.log);
            if let Some(id) = step["id"].as_str() {
                for (key, value) in outputs {
                    names.insert(format!("steps.{id}.outputs.{key}"), value);
                }
            }
            if !is_well {
                status = Status::Failed;
            }
        }
        done.is_well = status == Status::Well;
        done.summary = fs::read_to_string(file("summary.md")).unwrap_or_default();
        for (name, output) in entries(&action["outputs"]) {
            done.outputs.insert(name.clone(), fill(&text(&output["value"]), &names, status));
        }
        done
    }

    fn step(
        &self,
        step: &Json,
        names: &Names,
        status: Status,
        temporary: &TempDir,
        log: &mut String,
    ) -> (bool, Names) {
        assert_eq!(step["shell"], "bash", "a step of a composite action says its shell");
        let script = text(&step["run"]);
        // What a user gives is never part of a script.
        assert!(!script.contains("${{"), "{script}");
        let output = temporary.path().join("output");
        fs::write(&output, "").expect("a file");
        let place = fill(step["working-directory"].as_str().unwrap_or("."), names, status);
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script])
            .current_dir(self.workspace.join(place))
            .env_remove("AWS_PROFILE")
            .env_remove("CAIRN_ENV")
            .envs([("CI", "true"), ("GITHUB_ACTIONS", "true")])
            .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .envs([("PYTHONDONTWRITEBYTECODE", "1"), ("CAIRN_CI_PAUSE", "0")])
            .env("GITHUB_ACTION_PATH", repository())
            .env("GITHUB_WORKSPACE", &self.workspace)
            .env("GITHUB_EVENT_PATH", temporary.path().join("event.json"))
            .env("GITHUB_STEP_SUMMARY", temporary.path().join("summary.md"))
            .env("GITHUB_OUTPUT", &output)
            .env("RUNNER_TEMP", temporary.path())
            .env("RUNNER_TOOL_CACHE", temporary.path().join("tools"))
            .envs([("RUNNER_OS", "Linux"), ("RUNNER_ARCH", "X64")])
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        for (name, value) in entries(&step["env"]) {
            command.env(name, fill(&text(value), names, status));
        }
        let ran = command.output().expect("bash starts");
        *log += &String::from_utf8_lossy(&ran.stdout);
        *log += &String::from_utf8_lossy(&ran.stderr);
        let told = fs::read_to_string(&output).expect("a file");
        let outputs = told.lines().filter_map(|line| line.split_once('='));
        let outputs = outputs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        (ran.status.success(), outputs.collect())
    }
}

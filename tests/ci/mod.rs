//! What is shipped for CIs, run as they run it: the action's own steps and the template's own
//! scripts, against an API over HTTP and an AWS on this machine.

mod expression;
mod github;
mod gitlab;
mod project;
mod runner;

use std::fs;

use serde_json::Value as Json;

use runner::repository;

fn read(file: &str) -> String {
    fs::read_to_string(repository().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What is shown to users is what `.ci/run` checks, and asks for nothing that is not there.
#[test]
fn the_examples_are_those_of_the_documentation() {
    let documentation = read("docs/ci.md");
    for file in ["ci/examples/github.yml", "ci/examples/gitlab.yml"] {
        assert!(documentation.contains(&format!("```yaml\n{}```", read(file))), "{file}");
    }
    let yaml = |text: &str| serde_yaml::from_str::<Json>(text).expect("YAML");
    let declares = |declared: &Json, used: &Json| {
        let used = used.as_object().expect("inputs");
        assert!(!used.is_empty());
        for name in used.keys() {
            assert!(declared.get(name).is_some(), "there is no input `{name}`");
        }
    };
    let (action, workflow) = (yaml(&read("action.yml")), yaml(&read("ci/examples/github.yml")));
    for job in ["plan", "deploy"] {
        let steps = workflow["jobs"][job]["steps"].as_array().expect("steps");
        declares(&action["inputs"], &steps.last().expect("the action")["with"]);
    }
    let template = read("templates/cairn.yml");
    let (head, _) = template.split_once("\n---\n").expect("two documents");
    let included = yaml(&read("ci/examples/gitlab.yml"));
    declares(&yaml(head)["spec"]["inputs"], &included["include"][0]["inputs"]);
}

/// Others' actions are named by what cannot be changed.
#[test]
fn other_actions_are_pinned() {
    for file in ["action.yml", "ci/examples/github.yml"] {
        let text = read(file);
        let used: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split_once("uses: "))
            .map(|(_, used)| used)
            .collect();
        assert!(used.len() >= 2, "{file}");
        for used in used.into_iter().filter(|used| *used != "OWNER/cairn@COMMIT") {
            let (commit, version) =
                used.split_once('@').and_then(|(_, rest)| rest.split_once(" # v")).expect(used);
            assert!(
                commit.len() == 40 && commit.bytes().all(|one| one.is_ascii_hexdigit()),
                "{used}"
            );
            assert!(version.starts_with(|one: char| one.is_ascii_digit()), "{used}");
        }
    }
}

//! Pages and pictures in a real browser, as their readers meet them: by mouse and by keyboard, light
//! and dark, wide and narrow. `target/tmp/pages` keeps what was seen.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cairn::plan::saved::SavedPlan;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::support::npm;
use crate::support::sandbox::Sandbox;

const PACKAGE: &str = include_str!("browser/package.json");
const SCRIPTS: [(&str, &str); 2] = [
    ("look.mjs", include_str!("browser/look.mjs")),
    ("parse.mjs", include_str!("browser/parse.mjs")),
];
const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The browser and what drives it, if this machine has both.
struct Browser {
    program: PathBuf,
    /// The scripts, beside the packages they need.
    scripts: TempDir,
}

impl Browser {
    fn find(test: &str) -> Option<Self> {
        let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
        let known = BROWSERS.into_iter().map(PathBuf::from);
        let Some(program) = named.into_iter().chain(known).find(|program| npm::answers(program))
        else {
            npm::skip(test, "a Chromium: none is on the PATH, and CHROMIUM names none");
            return None;
        };
        if !npm::has_node() {
            npm::skip(test, "Node.js and npm, which are not on the PATH");
            return None;
        }
        let scripts = tempfile::tempdir_in(npm::install("browser", PACKAGE)).expect("a folder");
        for (name, text) in SCRIPTS {
            fs::write(scripts.path().join(name), text).expect("a file");
        }
        Some(Self { program: on_path(&program), scripts })
    }

    fn run(&self, script: &str, file: &Path, more: &[&str]) {
        let mut node = Command::new("node");
        node.arg(self.scripts.path().join(script)).arg(&self.program).arg(file).args(more);
        let output = node.output().expect("node starts");
        assert!(
            output.status.success(),
            "{}:\n{}{}",
            file.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn look(&self, file: &Path, kind: &str) {
        let target = env!("CARGO_TARGET_TMPDIR");
        let pictures = Path::new(target).join("pages");
        fs::create_dir_all(&pictures).expect("a folder");
        self.run("look.mjs", file, &[pictures.to_str().expect("a path is text"), kind]);
    }
}

/// The driver wants a path, and not a name.
fn on_path(program: &Path) -> PathBuf {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&paths).map(|folder| folder.join(program));
    found.find(|path| path.is_file()).unwrap_or_else(|| program.to_owned())
}

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

#[test]
fn the_samples_can_be_used() {
    let Some(browser) = Browser::find("the_samples_can_be_used") else { return };
    for name in ["first-deploy", "update", "teardown"] {
        browser.look(&document(&format!("samples/{name}.html")), "plan");
    }
    browser.look(&document("samples/persona-agent.html"), "stack");
    browser.look(&document("persona-agent.svg"), "svg");
}

/// What others may write into names and values, so that it is read as something else.
const HOSTILE: &str = "</script><img src=x onerror=\"window.owned=1\">'\"`${x}\\ & --> \u{202e}";

fn step(number: usize, id: &str, type_name: &str, action: &str, rest: &Json) -> Json {
    let token = json!({"token": "t"});
    let mut step = json!({
        "id": number, "logical_id": id, "type_name": type_name,
        "physical_id": format!("id-{number}"), "action": action,
        "operation": match action {
            "Keep" => json!("Nothing"),
            "Delete" => json!({"Delete": token}),
            "Update" => json!({"Update": {"token": "t", "how": "Properties"}}),
            _ => json!({"Create": token}),
        },
        "changes": [], "reasons": [], "after": [],
    });
    for (key, value) in rest.as_object().expect("a map") {
        step[key] = value.clone();
    }
    step
}

/// A plan file of steps and of what is drawn of them.
fn saved(sandbox: &Sandbox, steps: &[Json], parts: &[Json], rest: &Json) {
    let mut plan = json!({
        "stack": "made-up", "account": "123456789012", "region": "us-east-1", "purpose": "Deploy",
        "lineage": "lineage", "serial": 1, "steps": steps, "risks": [], "outputs": {}, "notes": [],
    });
    for (key, value) in rest.as_object().expect("a map") {
        plan[key] = value.clone();
    }
    let saved: SavedPlan = serde_json::from_value(json!({
        "made_by": "0", "made_at": "2026-01-31T12:00:00Z", "file": "stack.yaml",
        "environment": "dev", "parameters": {}, "sketch": parts, "plan": plan,
    }))
    .expect("a plan");
    sandbox.write("plan.cairn", &saved.write().expect("JSON"));
}

fn page(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.cairn(&format!("plan show plan.cairn --format html --out {name}")).code(0);
    sandbox.path(name)
}

#[test]
fn what_others_write_stays_text() {
    let sandbox = Sandbox::at("http://127.0.0.1:9");
    let change = json!({"path": HOSTILE, "from": HOSTILE, "to": format!("{HOSTILE}\n{HOSTILE}"),
        "known": true, "why": "Template", "replaces": true});
    let policy = json!({"path": "Policy", "from": {"a": HOSTILE, "b": "x".repeat(200)}, "to": {"a": "b"},
        "known": true, "why": "Template", "replaces": false,
        "details": [{"path": format!(".{HOSTILE}"), "from": HOSTILE, "to": null}]});
    let rest = json!({"changes": [change, policy], "reasons": [HOSTILE], "physical_id": HOSTILE});
    let none = json!({});
    let ids = [HOSTILE, "Function", "Table", "Vpc", "Subnet", "<b>Other"];
    let types = [
        "AWS::ApiGateway::RestApi",
        "AWS::Lambda::Function",
        "AWS::DynamoDB::Table",
        "AWS::EC2::VPC",
        "AWS::EC2::Subnet",
        "AWS::Logs::LogGroup",
    ];
    let actions = ["Replace", "Update", "Create", "Keep", "Keep", "Update"];
    let steps: Vec<Json> = (0..ids.len())
        .map(|at| step(at, ids[at], types[at], actions[at], if at == 0 { &rest } else { &none }))
        .collect();
    let link = |to: &str, path: &str| json!({"to": to, "path": path});
    let links = [
        json!([link("Function", "Body")]),
        json!([link("Table", "Environment"), link("Subnet", "VpcConfig.SubnetIds")]),
        json!([]),
        json!([]),
        json!([link("Vpc", "VpcId")]),
        json!([]),
    ];
    let parts: Vec<Json> = (0..ids.len())
        .map(|at| {
            json!({"id": ids[at], "type_name": types[at], "links": links[at],
                "says": {"CidrBlock": HOSTILE, "AvailabilityZone": HOSTILE, "Runtime": HOSTILE}})
        })
        .collect();
    let more = json!({
        "stack": HOSTILE, "region": HOSTILE, "notes": [HOSTILE],
        "outputs": {HOSTILE: {"before": null, "after": HOSTILE, "known": true}},
        "risks": [{"class": "Destructive", "logical_id": HOSTILE, "type_name": "T", "what": HOSTILE,
            "before": HOSTILE, "after": HOSTILE, "known": false}],
    });
    saved(&sandbox, &steps, &parts, &more);
    let page = page(&sandbox, "hostile.html");
    let text = fs::read_to_string(&page).expect("a page");
    assert!(!text.contains("<img") && text.matches("</script>").count() == 1);
    assert!(!text.contains('\u{202e}'), "no text turns another around");
    let Some(browser) = Browser::find("what_others_write_stays_text") else { return };
    browser.look(&page, "plan");
}

/// A plan of five hundred changes with long values, of everything there is.
fn large(sandbox: &Sandbox) {
    const TYPES: [&str; 7] = [
        "AWS::Lambda::Function",
        "AWS::SQS::Queue",
        "AWS::IAM::Role",
        "AWS::Logs::LogGroup",
        "AWS::ApiGateway::Method",
        "AWS::EC2::SecurityGroup",
        "AWS::DynamoDB::Table",
    ];
    const ACTIONS: [&str; 5] = ["Create", "Update", "Replace", "Delete", "Keep"];
    let mut steps = vec![
        step(0, "Vpc", "AWS::EC2::VPC", "Keep", &json!({})),
        step(1, "Api", "AWS::ApiGateway::RestApi", "Update", &json!({})),
    ];
    let mut parts = vec![
        json!({"id": "Vpc", "type_name": "AWS::EC2::VPC", "says": {"CidrBlock": "10.0.0.0/8"}}),
        json!({"id": "Api", "type_name": "AWS::ApiGateway::RestApi"}),
    ];
    for number in 0..20 {
        let id = format!("Subnet{number}");
        steps.push(step(steps.len(), &id, "AWS::EC2::Subnet", "Keep", &json!({})));
        parts.push(json!({"id": id, "type_name": "AWS::EC2::Subnet",
            "says": {"CidrBlock": format!("10.{number}.0.0/16"), "AvailabilityZone": format!("us-east-1{}", ["a", "b", "c"][number % 3])},
            "links": [{"to": "Vpc", "path": "VpcId"}]}));
    }
    for number in 0..500 {
        let type_name = TYPES[number % TYPES.len()];
        let id = format!("{}Number{number}", type_name.rsplit("::").next().unwrap_or_default());
        let long = format!("{}\n", "a long line of words ".repeat(6)).repeat(12);
        let change = json!({"path": "Text", "from": long, "to": long.replace("words", "Words"), "known": true,
            "why": "Template", "replaces": false});
        let rest = json!({"changes": [change], "after": [number % 20]});
        steps.push(step(steps.len(), &id, type_name, ACTIONS[number % 5], &rest));
        let link = |to: String, path: &str| json!({"to": to, "path": path});
        let links = match number % TYPES.len() {
            0 => vec![
                link(format!("QueueNumber{}", number + 1), "Environment"),
                link(format!("TableNumber{}", number + 6), "Environment"),
                link(format!("Subnet{}", number % 20), "VpcConfig.SubnetIds"),
                link(format!("Subnet{}", (number + 7) % 20), "VpcConfig.SubnetIds"),
                link(format!("SecurityGroupNumber{}", number + 5), "VpcConfig.SecurityGroupIds"),
            ],
            4 => vec![
                link("Api".to_owned(), "RestApiId"),
                link(format!("FunctionNumber{}", number - 4), "Uri"),
            ],
            5 => vec![link("Vpc".to_owned(), "VpcId")],
            _ => Vec::new(),
        };
        parts.push(json!({"id": id, "type_name": type_name, "links": links}));
    }
    saved(sandbox, &steps, &parts, &json!({}));
}

#[test]
fn a_plan_of_five_hundred_changes_can_be_used() {
    let sandbox = Sandbox::at("http://127.0.0.1:9");
    large(&sandbox);
    let comment = sandbox.cairn("plan show plan.cairn --markdown").code(0).out;
    assert!(comment.chars().count() <= 65_000, "{}", comment.chars().count());
    assert!(comment.contains("This plan is too long for a comment."));
    let page = page(&sandbox, "large.html");
    let Some(browser) = Browser::find("a_plan_of_five_hundred_changes_can_be_used") else { return };
    browser.look(&page, "large");
}

/// What stands in names must not end a label or begin a command.
const SPOKEN: &str = "it's \"50%\" <b> #quot; [a](b) {c} \\n | end; --> &amp; x";

#[test]
fn other_tools_take_the_pictures() {
    let Some(browser) = Browser::find("other_tools_take_the_pictures") else { return };
    for name in ["persona-agent.dot", "persona-agent.mmd"] {
        let words = ["Callers", "FirstSubnet", "EndpointIngress", "LogGroup", "10.4.0.0/24"];
        browser.run("parse.mjs", &document(&format!("samples/{name}")), &words);
    }
    let sandbox = Sandbox::at("http://127.0.0.1:9");
    let template = json!({"Resources": {
        "end": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "graph": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "a"}},
        "subgraph": {"Type": "AWS::ApiGateway::Resource", "Properties": {
            "RestApiId": {"Ref": "graph"}, "ParentId": {"Fn::GetAtt": ["graph", "RootResourceId"]}, "PathPart": SPOKEN}},
    }});
    sandbox.write("odd.json", &template.to_string());
    for (format, end) in [("dot", "dot"), ("mermaid", "mmd")] {
        sandbox.cairn(&format!("graph odd.json --format {format} --out odd.{end}")).code(0);
        // Mermaid makes a new line of a backslash and an n however they are written.
        let told = if format == "dot" { SPOKEN.to_owned() } else { SPOKEN.replace('\\', "∖") };
        let file = sandbox.path(&format!("odd.{end}"));
        browser.run("parse.mjs", &file, &["end", "EC2::VPC", "subgraph", &told]);
    }
}

//! An oracle nobody here wrote: templates of a generator and of others' tests, evaluated by Cairn, by moto's
//! CloudFormation parser and by cfn-lint's resolvers.
//!
//! Where they differ, Cairn is wrong and gets mended, or `oracle/differences.json` says why it is right. An entry there
//! that nothing needs any more fails too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use cairn::diagnostic::{Diagnostic, Place, Source};
use cairn::graph::{self, Export, Given, Graph, Inputs, Lookup};
use cairn::local::{Host, Requirements, install};
use cairn::schema::{self, Kind};
use cairn::template;
use cairn::value::{Literal, Value};
use serde::Deserialize;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha512};

const PACKAGES: Requirements =
    Requirements { package: "cfn-lint", text: include_str!("oracle/requirements.txt") };
/// The fewest templates that both Cairn and another evaluator must have evaluated.
const FEWEST_TEMPLATES: usize = 200;
const EVALUATORS: [&str; 2] = ["moto", "cfn-lint"];

/// A template, and what the others make of it.
#[derive(Deserialize)]
struct Case {
    name: String,
    skipped: Option<String>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    #[serde(default)]
    imports: Vec<String>,
    moto: Option<Answer>,
    #[serde(rename = "cfn-lint")]
    cfn_lint: Option<Answer>,
}

/// An evaluator that failed has no answer.
#[derive(Deserialize)]
struct Answer {
    value: Option<Parts>,
}

/// By `Resources/Id/Property` and `Outputs/Name`.
#[derive(Deserialize)]
struct Parts {
    parts: BTreeMap<String, Part>,
}

/// A list of the one value, or of none where the property is not there.
#[derive(Deserialize)]
struct Part {
    value: Option<Vec<Json>>,
}

/// Why Cairn is right where it differs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    evaluator: String,
    why: String,
    /// `template part`, in which `*` is any text; the part of a template that is refused is `-`.
    at: Vec<String>,
}

#[derive(Default)]
struct Tally {
    templates: usize,
    resources: usize,
    compared: usize,
    differences: Vec<Found>,
}

struct Found {
    evaluator: &'static str,
    at: String,
    said: String,
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "how much was compared is worth knowing")]
async fn cairn_evaluates_as_others_do() {
    let with_npm = has_npm();
    if !with_npm {
        println!("without the templates that packages of npm ship: npm is not installed");
    }
    let cases = answers(with_npm).await;
    let mut tally = Tally::default();
    let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &cases {
        match &case.skipped {
            Some(why) => *skipped.entry(why).or_default() += 1,
            None => compare(case, &mut tally),
        }
    }
    let mut listed: Vec<Difference> =
        serde_json::from_str(include_str!("oracle/differences.json")).expect("it is JSON");
    for difference in &mut listed {
        difference.at.retain(|at| with_npm || !at.starts_with("npm/"));
    }
    let (unlisted, unneeded) = hold(&tally.differences, &listed);
    println!(
        "{} templates, {} resources, {} values compared, {} differences listed, {} not; skipped: {skipped:?}",
        tally.templates,
        tally.resources,
        tally.compared,
        tally.differences.len() - unlisted.len(),
        unlisted.len(),
    );
    let mut report = String::new();
    for found in &unlisted {
        let _ = writeln!(report, "{}: {}\n{}", found.evaluator, found.at, found.said);
    }
    for at in &unneeded {
        let _ = writeln!(report, "listed, and no difference: {at}");
    }
    assert!(report.is_empty(), "{report}");
    assert!(tally.templates >= FEWEST_TEMPLATES, "only {} templates", tally.templates);
}

/// The differences that nothing explains, and the explanations that nothing needs.
fn hold<'a>(found: &'a [Found], listed: &'a [Difference]) -> (Vec<&'a Found>, Vec<String>) {
    let mut needed = BTreeSet::new();
    let mut unlisted = Vec::new();
    for difference in found {
        let mut is_listed = false;
        for (number, entry) in listed.iter().enumerate() {
            assert!(!entry.why.is_empty() && EVALUATORS.contains(&entry.evaluator.as_str()));
            for at in entry
                .at
                .iter()
                .filter(|at| entry.evaluator == difference.evaluator && covers(at, &difference.at))
            {
                needed.insert((number, at.as_str()));
                is_listed = true;
            }
        }
        if !is_listed {
            unlisted.push(difference);
        }
    }
    let all = listed
        .iter()
        .enumerate()
        .flat_map(|(number, entry)| entry.at.iter().map(move |at| (number, at.as_str())));
    let unneeded = all.filter(|one| !needed.contains(one));
    (unlisted, unneeded.map(|(number, at)| format!("{} {at}", listed[number].evaluator)).collect())
}

/// Whether a pattern, in which `*` is any text, is the place.
fn covers(pattern: &str, at: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == at,
        Some((beginning, rest)) => at.strip_prefix(beginning).is_some_and(|behind| {
            behind.char_indices().any(|(index, _)| covers(rest, &behind[index..]))
                || covers(rest, "")
        }),
    }
}

fn compare(case: &Case, tally: &mut Tally) {
    let answers = [("moto", &case.moto), ("cfn-lint", &case.cfn_lint)];
    let answers: Vec<(&'static str, &Parts)> = answers
        .into_iter()
        .filter_map(|(name, answer)| Some((name, answer.as_ref()?.value.as_ref()?)))
        .collect();
    if answers.is_empty() {
        return;
    }
    let ours = evaluate(case);
    tally.templates += usize::from(ours.is_ok());
    let is_resource =
        |name: &&String| name.starts_with("Resources/") && name.matches('/').count() == 1;
    tally.resources += ours.iter().flat_map(BTreeMap::keys).filter(is_resource).count();
    for (evaluator, theirs) in answers {
        let found = |part: &str, said: String| Found {
            evaluator,
            at: format!("{} {part}", case.name),
            said,
        };
        let ours = match &ours {
            Ok(ours) => ours,
            Err(said) => {
                tally.differences.push(found("-", format!("  cairn refuses it: {said}")));
                continue;
            }
        };
        for (part, answer) in &theirs.parts {
            let Some(value) = &answer.value else { continue };
            tally.compared += 1;
            let mine = ours.get(part);
            let is_same = match (mine, value.first()) {
                (Some(Ok(mine)), Some(value)) => same(mine, value),
                (None, None) => true,
                _ => false,
            };
            if !is_same {
                let said = match mine {
                    None => "nothing".to_owned(),
                    Some(Ok(mine)) => mine.to_json().to_string(),
                    Some(Err(said)) => said.clone(),
                };
                let value = value.first().map_or("nothing".to_owned(), Json::to_string);
                tally.differences.push(found(part, format!("  cairn {said}\n  other {value}")));
            }
        }
        let is_answered = |part: &&String| {
            // Where a function gives all properties, an evaluator without an answer has it as `*`.
            let all = part.rsplit_once('/').map(|(resource, _)| format!("{resource}/*"));
            theirs.parts.contains_key(*part)
                || all.is_some_and(|all| theirs.parts.contains_key(&all))
        };
        let missed = ours.keys().filter(|part| !is_answered(part));
        for part in missed {
            tally.differences.push(found(part, "  only cairn has it".to_owned()));
        }
    }
}

type Evaluated = BTreeMap<String, Result<Value, String>>;

/// What Cairn makes of a template; or why it makes nothing.
fn evaluate(case: &Case) -> Result<Evaluated, String> {
    let name = case.name.rsplit('/').next().unwrap_or_default().to_owned();
    let source = Arc::new(Source { name, text: case.text.clone() });
    let template = template::parse(&source).map_err(|findings| said(&findings))?;
    let template = graph::expand(Arc::new(template), &inputs(case)).as_ref().clone();
    // What its loops stand for is not known, where they are wrong.
    let template = template.sound().map_err(|findings| said(&findings))?;
    let (graph, _) = graph::draft(Arc::new(template), inputs(case));
    let told = Told(&graph);
    let mut parts = Evaluated::new();
    for id in graph.nodes.keys() {
        let (value, findings) = graph.expressed(id, &told);
        parts.insert(format!("Resources/{id}"), Ok(Value::Map([].into_iter().collect())));
        let Value::Map(properties) = value else { continue };
        for (key, value) in properties {
            let value = if value.has_unknown() { Err(said(&findings)) } else { Ok(value) };
            parts.insert(format!("Resources/{id}/{key}"), value);
        }
    }
    match graph.outputs(&told) {
        Ok(outputs) => parts.extend(
            outputs.into_iter().map(|one| (format!("Outputs/{}", one.name), Ok(one.value))),
        ),
        Err(findings) => {
            let names = graph.template.outputs.keys();
            parts.extend(names.map(|name| (format!("Outputs/{name}"), Err(said(&findings)))));
        }
    }
    Ok(parts)
}

fn said(findings: &[Diagnostic]) -> String {
    let line = |finding: &Diagnostic| {
        let place = finding.place.as_ref().map_or((0, 0), Place::line_column);
        format!("{}:{} {}", place.0, place.1, finding.message)
    };
    findings.iter().take(3).map(line).collect::<Vec<_>>().join("; ")
}

/// As in `evaluate.py`.
fn inputs(case: &Case) -> Inputs {
    let given = |(name, text): (&String, &String)| {
        (name.clone(), Given { text: text.clone(), place: None })
    };
    let export = |name: &String| {
        let value = Value::string(format!("import-{name}"));
        (name.clone(), Export { stack: "other".to_owned(), value })
    };
    Inputs {
        stack: "teststack".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        stack_id: "arn:aws:cloudformation:us-east-1:123456789012:stack/teststack/51af3dc0-da77-11e4-872e-1234567db123"
            .to_owned(),
        parameters: case.parameters.iter().map(given).collect(),
        zones: ["a", "b", "c", "d"].map(|zone| format!("us-east-1{zone}")).to_vec(),
        exports: Some(case.imports.iter().map(export).collect()),
        ..Inputs::default()
    }
}

/// What AWS would tell, as `evaluate.py` tells it to the others.
struct Told<'a>(&'a Graph);

impl Lookup for Told<'_> {
    fn reference(&self, id: &str) -> Value {
        Value::string(format!("ref-{id}"))
    }

    fn attribute(&self, id: &str, attribute: &str) -> Value {
        let told = Value::string(format!("att-{id}.{attribute}"));
        let facts = self.0.template.resources.get(id).and_then(|one| schema::facts(&one.type_name));
        match facts.and_then(|facts| schema::get_att_kind(facts, attribute)) {
            Some(Kind::List) => Value::List(vec![told]),
            _ => told,
        }
    }
}

/// Whether two values are the same to a property of whatever type: `1` is `"1"`, and a literal is the text it was
/// written with.
fn same(ours: &Value, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Value::Null, Json::Null) => true,
        (Value::List(ours), Json::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Value::Map(ours), Json::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .all(|(key, value)| theirs.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Literal(Literal::Bool { value, .. }), Json::Bool(theirs)) => value == theirs,
        (Value::Literal(Literal::Number { text }), Json::Number(theirs)) => {
            text.parse::<f64>().ok() == theirs.as_f64()
        }
        (ours, Json::String(theirs)) => ours.as_text().is_some_and(|ours| same_text(ours, theirs)),
        (Value::String(ours), Json::Number(_) | Json::Bool(_)) => {
            let theirs = theirs.to_string();
            *ours == theirs
        }
        (Value::Secret(ours), theirs) => same(&Value::string(ours.expose()), theirs),
        _ => false,
    }
}

/// Python puts spaces into JSON, `Fn::ToJsonString` none.
fn same_text(ours: &str, theirs: &str) -> bool {
    let document = |text: &str| {
        serde_json::from_str::<Json>(text).ok().filter(|json| json.is_object() || json.is_array())
    };
    ours == theirs || (document(ours).is_some() && document(ours) == document(theirs))
}

/// Runs the others.
async fn answers(with_npm: bool) -> Vec<Case> {
    let host =
        Host::from_environment(|name| std::env::var_os(name)).expect("this system is supported");
    let environment = install(&host, &PACKAGES, &|_| ()).await.expect("PyPI can be reached");
    let python = environment.join("bin").join("python");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (attributes, answers) =
        (folder.path().join("attributes.json"), folder.path().join("answers.json"));
    std::fs::write(&attributes, list_attributes().to_string()).expect("it can be written");
    let script = Path::new("tests/oracle/evaluate.py");
    run(Command::new(&python)
        .arg("-B")
        .arg(script)
        .arg(sources(&python, with_npm))
        .args([&attributes, &answers]));
    let text = std::fs::read_to_string(&answers).expect("the script has written it");
    serde_json::from_str(&text).expect("the script writes cases")
}

/// The source distributions and, where npm is at hand, packages of npm, fetched once.
fn sources(python: &Path, with_npm: bool) -> PathBuf {
    let list = "tests/oracle/sources.txt";
    let read = |list: &str| std::fs::read_to_string(list).expect("it is there");
    let packages = if with_npm { read("tests/oracle/packages.txt") } else { String::new() };
    let digest = cairn::value::digest(format!("{}{packages}", read(list)).as_bytes());
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let place = target.join("ci").join(format!("oracle-{}", &digest[..16]));
    if !place.exists() {
        std::fs::create_dir_all(target.join("ci")).expect("target can be written");
        let making = tempfile::tempdir_in(target.join("ci")).expect("target can be written");
        run(Command::new(python)
            .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
            .args(["--no-binary", ":all:", "--require-hashes", "--requirement", list, "--dest"])
            .arg(making.path()));
        for line in packages.lines().filter(|line| !line.starts_with('#')) {
            fetch(line, making.path());
        }
        std::fs::rename(making.keep(), &place).expect("both are in one folder");
    }
    place
}

/// Fetches `name@version`, which has to be what it was when its digest was written beside it.
fn fetch(line: &str, place: &Path) {
    let (package, digest) = line.split_once(" sha512-").expect("a package and its digest");
    let packed = Command::new("npm")
        .args(["pack", "--silent", "--pack-destination"])
        .arg(place)
        .arg(package)
        .output()
        .expect("npm can be run");
    let said = String::from_utf8_lossy(&packed.stdout);
    assert!(packed.status.success(), "{package}: {}", String::from_utf8_lossy(&packed.stderr));
    let file = said.lines().last().expect("npm says what it wrote");
    let bytes = std::fs::read(place.join(file)).expect("npm has written it");
    let found = base64::engine::general_purpose::STANDARD.encode(Sha512::digest(bytes));
    assert_eq!(found, digest, "{package} is not what it was");
}

fn has_npm() -> bool {
    Command::new("npm").arg("--version").output().is_ok_and(|output| output.status.success())
}

fn run(command: &mut Command) {
    let output = command.output().expect("Python can be run");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The attributes that are lists, by type.
fn list_attributes() -> Json {
    let lists = |type_name: &'static str| {
        let facts = schema::facts(type_name)?;
        let is_list = |name: &&String| schema::get_att_kind(facts, name) == Some(Kind::List);
        let names: Vec<&String> = facts.attributes.iter().filter(is_list).collect();
        (!names.is_empty()).then(|| {
            (type_name.to_owned(), Json::from(names.into_iter().cloned().collect::<Vec<_>>()))
        })
    };
    Json::Object(schema::type_names().filter_map(lists).collect())
}

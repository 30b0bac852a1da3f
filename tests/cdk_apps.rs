//! The CDK itself: its command line reads what `cairn synth` writes, and Cairn deploys what an app
//! written with its library synthesizes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use cairn::assembly::cloud::{StackArtifact, WriteError, write};
use serde_json::{Value as Json, json};
use zip::ZipArchive;

use crate::support::cdk::cdk;
use crate::support::emulator::ministack;
use crate::support::inventory::inventory;
use crate::support::sandbox::Sandbox;

const NOWHERE: &str = "http://127.0.0.1:9";
const STACK: &str = "stacks/persona-agent";

/// Every file below a directory with its content.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(directory).expect("it is below").display().to_string();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

#[test]
fn the_same_stack_is_the_same_assembly() {
    let first = Sandbox::persona(NOWHERE);
    first.cairn(&format!("synth {STACK} --out cdk.out")).code(0);
    let written = files(&first.path("cdk.out"));
    let mut names: Vec<&str> = written.keys().map(String::as_str).collect();
    names.retain(|name| !name.starts_with("asset."));
    let expected = [
        "cdk.out",
        "manifest.json",
        "persona-agent.assets.json",
        "persona-agent.template.json",
        "tree.json",
    ];
    assert_eq!(names, expected);

    // Another place, another working directory, another time, and something there already.
    let second = Sandbox::persona(NOWHERE);
    for name in ["handler.py", "leg.py"] {
        let path = second.path(&format!("{STACK}/lambda/{name}"));
        let file = fs::File::options().write(true).open(path).expect("a file");
        file.set_modified(UNIX_EPOCH + Duration::from_hours(1000)).expect("a time");
    }
    second.write("deep/out/mine.txt", "kept");
    second.write("deep/out/manifest.json", "old");
    let mut command = second.command(["synth", "../stacks/persona-agent", "--out", "out"]);
    let status = command.current_dir(second.path("deep")).status().expect("it starts");
    assert!(status.success());
    let mut again = files(&second.path("deep/out"));
    assert_eq!(again.remove("mine.txt"), Some(b"kept".to_vec()), "what is not ours stays");
    assert_eq!(again, written);
    second.cairn(&format!("synth {STACK} --out deep/out")).code(0);
    assert_eq!(files(&second.path("deep/out")).len(), written.len() + 1, "over what is there");
    let left: Vec<_> = fs::read_dir(second.path("deep")).expect("a folder").flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");

    // Cairn reads what it has written: the same resources, the same code.
    second.cairn("validate --app deep/out").code(0);
    let of_file = second.cairn(&format!("synth {STACK} --json")).code(0).out;
    let of_app = second.cairn("synth --app deep/out --json").code(0).out;
    let parsed = |text: &str| -> Json { serde_json::from_str(text).expect("JSON") };
    let (mut of_file, mut of_app) = (parsed(&of_file), parsed(&of_app));
    for document in [&mut of_file, &mut of_app] {
        // Where the code lies is all that differs.
        let code = &mut document["Resources"]["Function"]["Properties"]["Code"]["AssetPath"];
        assert!(code.take().is_string());
    }
    assert_eq!(of_app, of_file);
}

#[test]
fn what_cannot_be_a_file_is_no_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let stack = |id: &str, needed: &[&str]| StackArtifact {
        id: id.to_owned(),
        template: json!({}),
        dependencies: needed.iter().map(|id| (*id).to_owned()).collect(),
        ..StackArtifact::default()
    };
    assert!(matches!(write(&out, &[stack("../a", &[])]), Err(WriteError::Id(_))));
    assert!(matches!(write(&out, &[stack("a", &["b"])]), Err(WriteError::Dependency(..))));
    let twice = [stack("a", &[]), stack("a", &[])];
    assert!(matches!(write(&out, &twice), Err(WriteError::Twice(_))));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is half done");
    fs::write(&out, "a file").expect("a file");
    assert!(matches!(write(&out, &[stack("a", &[])]), Err(WriteError::Stage(_))));
    assert_eq!(fs::read(&out).expect("still there"), b"a file");
}

#[test]
fn the_cdk_lists_and_diffs_what_synth_writes() {
    let Some(cdk) = cdk("the_cdk_lists_and_diffs_what_synth_writes") else { return };
    let sandbox = Sandbox::persona(NOWHERE);
    sandbox.cairn(&format!("synth {STACK} --out cdk.out")).code(0);
    assert_eq!(cdk.run(&sandbox, "ls --app cdk.out").code(0).out, "persona-agent\n");
    let long = cdk.run(&sandbox, "ls --app cdk.out --long --json").code(0).out;
    let long: Json = serde_json::from_str(&long).expect("JSON");
    assert_eq!(long[0]["environment"]["name"], "aws://000000000000/us-east-1");

    // Against a template on the disk: no credentials, no network.
    let template = "cdk.out/persona-agent.template.json";
    let same = format!("diff --app cdk.out --template {template} --fail");
    let said = cdk.run(&sandbox, &same).code(0);
    assert!(format!("{}{}", said.out, said.err).contains("There were no differences"), "{said:?}");
    let old = sandbox.read(template).replace("\"MemorySize\": 256", "\"MemorySize\": 512");
    sandbox.write("old.json", &old);
    let said = cdk.run(&sandbox, "diff --app cdk.out --template old.json --fail").code(1);
    let said = format!("{}{}", said.out, said.err);
    for text in ["[~] AWS::Lambda::Function Function", "[-] 512", "[+] 256"] {
        assert!(said.contains(text), "{text:?} is not in:\n{said}");
    }
}

/// The function's code as the emulator has it, name by name.
async fn deployed_code(endpoint: &str, function: &str) -> BTreeMap<String, Vec<u8>> {
    let access = cairn::aws::Access {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        ..cairn::aws::Access::default()
    };
    let clients = cairn::aws::Clients::connect(&access).await;
    let told = clients.lambda().get_function().function_name(function).send().await;
    let url = told.expect("it is there").code.expect("it has code").location.expect("a URL");
    let zip = crate::support::http::get(&url).await;
    let mut archive = ZipArchive::new(Cursor::new(zip)).expect("it is a zip");
    let mut found = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).expect("it is there");
        let mut content = Vec::new();
        file.read_to_end(&mut content).expect("it is whole");
        found.insert(file.name().expect("it has a name").into_owned(), content);
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_the_cdk_lives_and_goes() {
    let Some(cdk) = cdk("an_app_of_the_cdk_lives_and_goes") else { return };
    let server = ministack().await;
    let before = inventory(&server.url).await;
    let sandbox = Sandbox::persona(&server.url);
    cdk.app(&sandbox);
    let code = sandbox.path(&format!("{STACK}/lambda"));
    let context = format!("--context code={}", code.display());

    // The app is run once, as its cdk.json says; then its assembly is enough.
    let said = sandbox.cairn(&format!("deploy --yes {context}")).code(0);
    assert!(said.err.contains("Running the app: node app.js"), "{}", said.err);
    assert!(said.err.contains("cdk-mission is deployed"), "{}", said.err);
    sandbox.cairn("plan --app cdk.out --detailed-exitcode").code(0);
    sandbox.cairn("drift --app cdk.out").code(0);

    let outputs = sandbox.cairn("outputs --app cdk.out --json").code(0).out;
    let outputs: Json = serde_json::from_str(&outputs).expect("outputs are JSON");
    let function = outputs["FunctionName"].as_str().expect("a name");
    assert_eq!(deployed_code(&server.url, function).await, files(&code));

    // Another directory is another hash, another key, and new code for the same function.
    sandbox.write(&format!("{STACK}/lambda/more.py"), "MORE = 1\n");
    let said = sandbox.cairn(&format!("deploy --yes {context}")).code(0);
    assert!(said.out.contains("1 to update"), "{}", said.out);
    assert_eq!(deployed_code(&server.url, function).await, files(&code));

    sandbox.cairn("teardown --app cdk.out --yes").code(0);
    assert_eq!(inventory(&server.url).await, before);
}

const LOOPS: &str = "\
Transform: AWS::LanguageExtensions
Parameters:
  Word: {Type: String, NoEcho: true}
  Days: {Type: Number, Default: 7}
Resources:
  'Fn::ForEach::Each':
    - Name
    - [One, Two]
    - 'Fn${Name}':
        Type: AWS::Lambda::Function
        Properties: {Code: CODE, Handler: index.h, Runtime: python3.12, Role: !Sub '${Word}-r'}
  Group:
    Type: AWS::Logs::LogGroup
    Condition: Always
    Properties: {RetentionInDays: !Ref Days, LogGroupName: !Join ['', [/a, 012345678901]]}
Conditions:
  Always: !Equals [on, true]
";

#[test]
fn what_is_written_is_plain_cloudformation() {
    let sandbox = Sandbox::at(NOWHERE);
    sandbox.write("code/index.py", "one");
    for name in ["One", "Two"] {
        sandbox.write(&format!("{name}/index.py"), name);
    }
    let written = |code: &str| {
        sandbox.write("loops.yaml", &LOOPS.replace("CODE", code));
        let given = "--parameter Word=opensesame --parameter Days=30";
        sandbox.cairn(&format!("synth loops.yaml --out cdk.out {given}")).code(0);
        let all = files(&sandbox.path("cdk.out"));
        for (name, content) in &all {
            assert!(!String::from_utf8_lossy(content).contains("opensesame"), "{name}");
        }
        let json = |name: &str| -> Json { serde_json::from_slice(&all[name]).expect("JSON") };
        (json("loops.template.json"), json("manifest.json"), json("loops.assets.json"))
    };

    // A loop stays one; what the CDK's bucket holds takes the place of the path.
    let (template, manifest, assets) = written("./code");
    let each = &template["Resources"]["Fn::ForEach::Each"];
    assert_eq!(each[1], json!(["One", "Two"]));
    let code = &each[2]["Fn${Name}"]["Properties"]["Code"];
    let bucket = json!({"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"});
    assert_eq!(code["S3Bucket"], bucket);
    let key = code["S3Key"].as_str().expect("a text");
    let hash = key.strip_suffix(".zip").expect("a zip");
    assert_eq!(assets["files"][hash]["source"]["packaging"], "zip");
    assert_eq!(sandbox.read(&format!("cdk.out/asset.{hash}/index.py")), "one");
    let group = json!({
        "Type": "AWS::Logs::LogGroup",
        "Condition": "Always",
        "Properties": {
            "RetentionInDays": {"Ref": "Days"},
            "LogGroupName": {"Fn::Join": ["", ["/a", "012345678901"]]},
        },
    });
    assert_eq!(template["Resources"]["Group"], group);
    assert_eq!(template["Conditions"]["Always"], json!({"Fn::Equals": [true, true]}));
    let properties = &manifest["artifacts"]["loops"]["properties"];
    assert_eq!(properties["parameters"], json!({"Days": "30"}), "and not the hidden one");
    let said = sandbox.cairn("validate --app cdk.out --parameter Word=x").code(0).out;
    assert!(said.contains("3 resources"), "{said}");

    // A loop that makes paths is written out: each of them is another asset.
    let (template, _, assets) = written("'./${Name}'");
    let names: Vec<_> = template["Resources"].as_object().expect("a map").keys().collect();
    assert_eq!(names, ["FnOne", "FnTwo", "Group"]);
    assert_eq!(assets["files"].as_object().map(serde_json::Map::len), Some(3), "and the template");
}

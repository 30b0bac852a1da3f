//! The mission written three times, as a template, in Rust and as a module: all make the same.

#[expect(dead_code, reason = "the example has a `main`")]
#[path = "../examples/persona_agent.rs"]
mod persona_agent;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use cairn::diagnostic::Source;
use cairn::graph::{self, AssetRef, Given, Graph, Inputs, Nothing};
use cairn::template;
use cairn::value::LogicalId;
use serde_json::Value as Json;

use crate::support::sandbox::Sandbox;

/// Which resource is which: in `stacks/persona-agent`, in Rust, and in the module `Huts`.
const SAME: &[[&str; 3]] = &[
    ["Agent", "HutsAgent713EB1DC", "HutsAgent"],
    ["AgentAlias", "HutsAgentAliasDD83DD03", "HutsAgentAlias"],
    ["AgentRole", "HutsAgentRoleD10E4A5A", "HutsAgentRole"],
    ["Api", "HutsApi557923D4", "HutsApi"],
    ["ApiKey", "HutsApiKey4C620F54", "HutsApiKey"],
    ["Deployment", "HutsApiDeploymentC2095FD016BA3D16", "HutsApiDeployment"],
    ["Endpoint", "HutsEndpoint319C8101", "HutsEndpoint"],
    [
        "EndpointIngress",
        "HutsSecurityGroupIngressFromSelfTcp443127AACBA",
        "HutsSecurityGroupIngressFromSelfTcp443",
    ],
    ["FirstSubnet", "HutsVpcSubnet13FABB28F", "HutsVpcSubnet1"],
    ["FirstSubnetRouteTable", "HutsVpcSubnet1AssociationB108E74B", "HutsVpcSubnet1Association"],
    ["Function", "HutsFunction954E3D0F", "HutsFunction"],
    [
        "FunctionEgress",
        "HutsSecurityGroupEgressToSelfTcp443545A1A65",
        "HutsSecurityGroupEgressToSelfTcp443",
    ],
    ["FunctionRole", "HutsFunctionRole06EF797D", "HutsFunctionRole"],
    ["InvokeMethod", "HutsApiinvokePOSTB12EACD1", "HutsApiInvokePOST"],
    ["InvokePermission", "HutsApiinvokePOSTPermission78922D6B", "HutsApiInvokePOSTPermission"],
    ["InvokeResource", "HutsApiinvokeB0B5F1CD", "HutsApiInvoke"],
    ["LogGroup", "HutsFunctionLogGroupE12887CD", "HutsFunctionLogGroup"],
    ["RouteTable", "HutsVpcRouteTable19B39536", "HutsVpcRouteTable"],
    ["SecondSubnet", "HutsVpcSubnet286FF5232", "HutsVpcSubnet2"],
    ["SecondSubnetRouteTable", "HutsVpcSubnet2Association6DFE4329", "HutsVpcSubnet2Association"],
    ["SecurityGroup", "HutsSecurityGroup6C635EB8", "HutsSecurityGroup"],
    ["Stage", "HutsApiStage1602AB69", "HutsApiStage"],
    ["UsagePlan", "HutsApiUsagePlan626942AA", "HutsApiUsagePlan"],
    ["UsagePlanKey", "HutsApiUsagePlanKeyFAFCBC4D", "HutsApiUsagePlanKey"],
    ["Vpc", "HutsVpcB6FDDDBD", "HutsVpc"],
];

/// What only people read.
const UNESSENTIAL: &[&str] = &["Description", "GroupDescription", "PolicyName"];
const FUNCTION: usize = 10;

/// A template evaluated, whose ids stand in a column.
fn graph(name: &str, text: String, persona: Option<&str>, column: usize) -> Graph {
    let code = AssetRef {
        property: "Code".to_owned(),
        path: "lambda".to_owned(),
        sha256: "0".repeat(64),
        files: Vec::new(),
    };
    let source = Arc::new(Source { name: name.to_owned(), text });
    let template = template::parse(&source).unwrap_or_else(|error| panic!("{name}: {error:#?}"));
    let given = persona.map(|text| Given { text: text.to_owned(), place: None });
    let inputs = Inputs {
        stack: "huts".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        parameters: given.map(|given| ("Persona".to_owned(), given)).into_iter().collect(),
        assets: [(LogicalId::new(SAME[FUNCTION][column]), code)].into(),
        ..Inputs::default()
    };
    graph::synth(Arc::new(template), inputs).unwrap_or_else(|error| panic!("{name}: {error:#?}"))
}

fn stack_file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(name).join("stack.yaml");
    fs::read_to_string(path).expect("a stack of this repository")
}

/// Every resource by the id it has in `stacks/persona-agent`: its type, its essential properties
/// as far as they are known, what it depends on, and its policies.
fn essence(graph: &Graph, column: usize) -> BTreeMap<String, String> {
    let mut renamed: Vec<(&str, &str)> = SAME.iter().map(|row| (row[column], row[0])).collect();
    renamed.sort_by_key(|(own, _)| std::cmp::Reverse(own.len()));
    let common = |text: &str| {
        // One id may be the beginning of another: all are marked before any is put back.
        let mut text = text.to_owned();
        for (index, (own, _)) in renamed.iter().enumerate() {
            text = text.replace(own, &format!("\u{1}{index}\u{2}"));
        }
        for (index, (_, common)) in renamed.iter().enumerate() {
            text = text.replace(&format!("\u{1}{index}\u{2}"), common);
        }
        text
    };
    let resources = graph.nodes.values().map(|node| {
        let mut properties =
            graph.properties(&node.id, &Nothing).expect("it was checked").to_json();
        strip(&mut properties);
        properties.sort_all_objects();
        let rename = |id: &String| {
            let row = renamed.iter().find(|(own, _)| own == id);
            row.map_or_else(|| id.clone(), |(_, common)| (*common).to_owned())
        };
        let mut waits: Vec<String> =
            node.dependencies.iter().map(|id| rename(&id.to_string())).collect();
        waits.sort();
        let text = format!(
            "{} {waits:?} {:?} {:?}\n{}",
            node.type_name,
            node.deletion_policy,
            node.update_replace_policy,
            common(&format!("{properties:#}")),
        );
        (rename(&node.id.to_string()), text)
    });
    resources.collect()
}

fn strip(value: &mut Json) {
    match value {
        Json::Object(entries) => {
            entries.retain(|key, value| value.is_object() || !UNESSENTIAL.contains(&key.as_str()));
            entries.values_mut().for_each(strip);
        }
        Json::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

#[test]
fn rust_and_the_module_make_what_the_template_says() {
    let persona = include_str!("../stacks/persona-agent/persona.md");
    let (app, stack) = persona_agent::persona_agent();
    let template = stack.template().expect("the app is sound");
    let written = graph("stack.yaml", stack_file("persona-agent"), Some(persona), 0);
    let rust = graph("rust.json", template.to_string(), None, 1);
    let short = stack_file("persona-agent-short");
    assert!(short.lines().count() < 40, "{} lines", short.lines().count());
    let short = short.replace("persona-agent-short", "persona-agent");
    let module = graph("short.yaml", short, Some(persona), 2);
    let expected = essence(&written, 0);
    assert_eq!(expected.len(), SAME.len());
    for (name, made) in [("Rust", essence(&rust, 1)), ("the module", essence(&module, 2))] {
        assert_eq!(made.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{name}");
        for (id, text) in &expected {
            assert_eq!(made[id], *text, "{id} in {name}");
        }
    }
    let again = persona_agent::persona_agent().1.template().expect("the app is sound");
    assert_eq!(again.to_string(), template.to_string(), "the same bytes each time");
    drop(app);
}

#[test]
fn an_assembly_has_the_same_bytes_each_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let outs = ["one", "two"].map(|name| folder.path().join(name));
    for out in &outs {
        let (app, _) = persona_agent::persona_agent();
        app.synth().expect("the app is sound").write(out).expect("the folder takes it");
    }
    let names = |out: &Path| {
        let mut names: Vec<_> = fs::read_dir(out)
            .expect("it was written")
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&outs[0]), names(&outs[1]));
    let mut files = 0;
    for name in names(&outs[0]) {
        let [one, two] = outs.each_ref().map(|out| out.join(&name));
        if one.is_file() {
            files += 1;
            assert_eq!(fs::read(&one).ok(), fs::read(&two).ok(), "{}", name.display());
        }
    }
    assert!(files >= 4, "{files} files");
    let template = fs::read_to_string(outs[0].join("huts.template.json")).expect("a template");
    let template: Json = serde_json::from_str(&template).expect("JSON");
    let code = &template["Resources"]["HutsFunction954E3D0F"]["Properties"]["Code"];
    let key = code["S3Key"].as_str().expect("the code is an asset");
    let staged = outs[0].join(format!("asset.{}", key.trim_end_matches(".zip")));
    assert!(staged.join("handler.py").is_file(), "{}", staged.display());
}

/// As the README has it: a module is a type among others, in every command.
#[test]
fn a_module_is_deployed_from_its_file() {
    let sandbox = Sandbox::at("http://127.0.0.1:9");
    sandbox.write("code/handler.py", "def handler(event, context): return {}\n");
    sandbox.write(
        "huts.yaml",
        "Resources:\n  Huts:\n    Type: Cairn::Bedrock::PrivateAgentApi::MODULE\n    \
         Properties:\n      Persona: You are Maren, who has kept a hut for thirty years.\n      \
         Code: ./code\n",
    );
    let said = sandbox.cairn("validate huts.yaml").code(0).out;
    assert!(said.contains("25 resources"), "{said}");
    let types = sandbox.cairn("types").code(0).out;
    assert!(types.contains("Cairn::EC2::IsolatedVpc::MODULE\n"), "{types}");
    let huts = sandbox.cairn("types Cairn::Bedrock::PrivateAgentApi::MODULE").code(0).out;
    for line in ["  Persona              required\n", "Fn::GetAtt: InvokeUrl, ApiKeyId, "] {
        assert!(huts.contains(line), "{huts}");
    }
    let plain = sandbox.cairn("synth huts.yaml --json").code(0).out;
    let plain: Json = serde_json::from_str(&plain).expect("JSON");
    let resources = plain["Resources"].as_object().expect("resources");
    assert_eq!(resources.len(), 25);
    for (id, resource) in resources {
        let type_name = resource["Type"].as_str().expect("a type");
        assert!(id.starts_with("Huts") && type_name.starts_with("AWS::"), "{id} {type_name}");
    }
    let code = &resources["HutsFunction"]["Properties"]["Code"];
    assert_eq!(code["AssetPath"], "./code");

    sandbox.cairn("synth huts.yaml --out cdk.out").code(0);
    let template = fs::read_to_string(sandbox.path("cdk.out/huts.template.json")).expect("one");
    let template: Json = serde_json::from_str(&template).expect("JSON");
    let agent = &template["Resources"]["HutsAgent"]["Properties"];
    assert_eq!(
        agent["AgentResourceRoleArn"],
        serde_json::json!({"Fn::GetAtt": ["HutsAgentRole", "Arn"]})
    );
}

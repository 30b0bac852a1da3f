//! Cloud assemblies that are written by hand: what is refused and what is said of it, and stacks
//! that need each other.

use serde_json::{Value as Json, json};

use crate::support::emulator::ministack;
use crate::support::inventory::inventory;
use crate::support::sandbox::Sandbox;

const NOWHERE: &str = "http://127.0.0.1:9";
const GROUP: &str = r#"{"Resources":{"Group":{"Type":"AWS::Logs::LogGroup"}}}"#;

/// A stack whose template is `<id>.json`.
fn stack(id: &str, more: &Json) -> Json {
    let mut stack = json!({
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/unknown-region",
        "properties": {"templateFile": format!("{id}.json")},
        "displayName": id,
    });
    merge(&mut stack, more);
    stack
}

fn merge(into: &mut Json, more: &Json) {
    match (into, more) {
        (Json::Object(into), Json::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key).or_insert(Json::Null), value);
            }
        }
        (into, more) => *into = more.clone(),
    }
}

/// An assembly with these artifacts, and a log group in every template.
fn assembly(sandbox: &Sandbox, directory: &str, artifacts: &Json) {
    let manifest = json!({"version": "36.0.0", "artifacts": artifacts});
    sandbox.write(&format!("{directory}/manifest.json"), &manifest.to_string());
    for (id, artifact) in artifacts.as_object().expect("artifacts have ids") {
        if artifact["type"] == "aws:cloudformation:stack" {
            sandbox.write(&format!("{directory}/{id}.json"), GROUP);
        }
    }
}

/// An assembly of one stack `A` that needs one asset.
fn with_asset(sandbox: &Sandbox, file: &Json, images: &Json) {
    let assets = json!({"type": "cdk:asset-manifest", "properties": {"file": "A.assets.json"}});
    let a = stack("A", &json!({"dependencies": ["A.assets"]}));
    assembly(sandbox, "cdk.out", &json!({"A.assets": assets, "A": a}));
    let listed = json!({"version": "36.0.0", "files": {"abc": file}, "dockerImages": images});
    sandbox.write("cdk.out/A.assets.json", &listed.to_string());
}

fn one(sandbox: &Sandbox, more: &Json) {
    assembly(sandbox, "cdk.out", &json!({"A": stack("A", more)}));
}

type Case = (&'static str, &'static str, fn(&Sandbox), &'static [&'static str]);

/// What is told of each, in the order of the cases.
const REFUSALS: &[Case] = &[
    (
        "a newer schema",
        "validate",
        |sandbox| sandbox.write("cdk.out/manifest.json", r#"{"version": "56.1.0", "new": {}}"#),
        &["its schema is 56.1.0, and 55 is the last", "synthesize with an older aws-cdk-lib"],
    ),
    (
        "no version",
        "validate",
        |sandbox| sandbox.write("cdk.out/manifest.json", r#"{"version": "next"}"#),
        &["the schema version `next`, which is none"],
    ),
    (
        "no manifest",
        "validate",
        |sandbox| sandbox.write("cdk.out/cdk.out", "{}"),
        &["`cdk.out` is no cloud assembly", "`app.synth()`"],
    ),
    (
        "no JSON",
        "validate",
        |sandbox| sandbox.write("cdk.out/manifest.json", "version: 1"),
        &["`cdk.out/manifest.json` is not what the CDK writes"],
    ),
    (
        "missing context",
        "validate",
        |sandbox| {
            let missing =
                json!([{"key": "zones:1", "provider": "availability-zones", "props": {}}]);
            let manifest = json!({"version": "36.0.0", "missing": missing});
            sandbox.write("cdk.out/manifest.json", &manifest.to_string());
        },
        &["lacks context that only AWS knows: `availability-zones: zones:1`", "cdk.context.json"],
    ),
    (
        "a template outside",
        "validate",
        |sandbox| one(sandbox, &json!({"properties": {"templateFile": "../../etc/passwd"}})),
        &["`A` points at `../../etc/passwd`, which is outside of the assembly"],
    ),
    (
        "an absolute template",
        "validate",
        |sandbox| one(sandbox, &json!({"properties": {"templateFile": "/etc/passwd"}})),
        &["`A` points at `/etc/passwd`, which is outside of the assembly", "asset staging"],
    ),
    (
        "a template that is not there",
        "validate",
        |sandbox| one(sandbox, &json!({"properties": {"templateFile": "B.json"}})),
        &["`A` points at `B.json`, which is not in the assembly"],
    ),
    (
        "an asset outside",
        "validate",
        |sandbox| {
            let file = json!({"source": {"path": "../config", "packaging": "zip"}});
            with_asset(sandbox, &file, &json!({}));
        },
        &["`A.assets` points at `../config`, which is outside of the assembly"],
    ),
    (
        "a nested assembly outside",
        "validate",
        |sandbox| {
            let nested = json!({"directoryName": "../other"});
            let nested = json!({"type": "cdk:cloud-assembly", "properties": nested});
            assembly(sandbox, "cdk.out", &json!({"Stage": nested}));
        },
        &["`Stage` points at `../other`, which is outside of the assembly"],
    ),
    (
        "a nested assembly that is its own",
        "validate",
        |sandbox| {
            let nested = json!({"directoryName": "."});
            let nested = json!({"type": "cdk:cloud-assembly", "properties": nested});
            assembly(sandbox, "cdk.out", &json!({"Stage": nested}));
        },
        &["the assemblies in `cdk.out` are nested too deeply"],
    ),
    (
        "an executable source",
        "validate",
        |sandbox| {
            let file = json!({"displayName": "Tool", "source": {"executable": ["touch", "ran"]}});
            with_asset(sandbox, &file, &json!({}));
        },
        &["the asset `Tool` of `A` is made by a program of the assembly, which Cairn does not run"],
    ),
    (
        "a container image",
        "validate",
        |sandbox| {
            let file = json!({"source": {"path": "A.json", "packaging": "file"}});
            with_asset(sandbox, &file, &json!({"def": {"displayName": "Web", "source": {}}}));
        },
        &["the asset `Web` of `A` is a container image", "by its URI"],
    ),
    (
        "another packaging",
        "validate",
        |sandbox| {
            let file = json!({"source": {"path": "A.json", "packaging": "tar"}});
            with_asset(sandbox, &file, &json!({}));
        },
        &["the asset `abc` of `A` is packaged in a way that Cairn does not know"],
    ),
    (
        "a dependency that is not there",
        "validate",
        |sandbox| one(sandbox, &json!({"dependencies": ["B"]})),
        &["`A` depends on `B`, which is not in the manifest"],
    ),
    (
        "a cycle",
        "validate",
        |sandbox| {
            let a = stack("A", &json!({"dependencies": ["B"]}));
            let b = stack("B", &json!({"dependencies": ["A"]}));
            assembly(sandbox, "cdk.out", &json!({"A": a, "B": b}));
        },
        &["these wait for each other: A → B → A"],
    ),
    (
        "an environment that is none",
        "validate",
        |sandbox| one(sandbox, &json!({"environment": "us-east-1"})),
        &["the environment `us-east-1` of `A` is not of the form aws://account/region"],
    ),
    (
        "another account",
        "validate",
        |sandbox| one(sandbox, &json!({"environment": "aws://111122223333/unknown-region"})),
        &["`A` is for account 111122223333, the environment `test` is for 000000000000", "`--env`"],
    ),
    (
        "another region",
        "validate",
        |sandbox| one(sandbox, &json!({"environment": "aws://unknown-account/eu-west-1"})),
        &["the app's stack `A` is for region eu-west-1, the environment `test` is for us-east-1"],
    ),
    (
        "an error of the app",
        "validate",
        |sandbox| {
            let notes = json!([
                {"type": "aws:cdk:warning", "data": "think again"},
                {"type": "aws:cdk:error", "data": "no encryption"},
            ]);
            one(sandbox, &json!({"metadata": {"/A/Bucket": notes}}));
        },
        &["error: no encryption", "the app says so of `/A/Bucket`", "warning: think again"],
    ),
    (
        "a protected stack",
        "teardown --yes",
        |sandbox| one(sandbox, &json!({"properties": {"terminationProtection": true}})),
        &["the stack `A` is protected against termination", "`terminationProtection`"],
    ),
    (
        "which of two",
        "plan",
        |sandbox| {
            let both = json!({"A": stack("A", &json!({})), "B": stack("B", &json!({}))});
            assembly(sandbox, "cdk.out", &both);
        },
        &["the app has 2 stacks: `A`, `B`", "`--all`"],
    ),
    (
        "a misspelt stack",
        "plan Netwrok",
        |sandbox| assembly(sandbox, "cdk.out", &json!({"Network": stack("Network", &json!({}))})),
        &["the app has no stack `Netwrok`", "did you mean `Network`?"],
    ),
    (
        "two of one name",
        "plan --all",
        |sandbox| {
            let same = json!({"properties": {"stackName": "same"}});
            let both = json!({"A": stack("A", &same), "B": stack("B", &same)});
            assembly(sandbox, "cdk.out", &both);
        },
        &["two of these stacks are called `same`"],
    ),
    (
        "another name",
        "plan --name other",
        |sandbox| one(sandbox, &json!({})),
        &["an app names its stacks itself"],
    ),
    (
        "a nested stack",
        "plan",
        |sandbox| {
            one(sandbox, &json!({}));
            let inner =
                json!({"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "x"}});
            let template = json!({"Resources": {"Inner": inner}});
            sandbox.write("cdk.out/A.json", &template.to_string());
        },
        &["Cairn cannot deploy `AWS::CloudFormation::Stack` yet", "a stack of its own"],
    ),
    (
        "a custom resource",
        "plan",
        |sandbox| {
            one(sandbox, &json!({}));
            let inner = json!({
                "Type": "Custom::S3AutoDeleteObjects", "Properties": {"ServiceToken": "x"},
            });
            let template = json!({"Resources": {"Inner": inner}});
            sandbox.write("cdk.out/A.json", &template.to_string());
        },
        &["Cairn cannot deploy `Custom::S3AutoDeleteObjects` yet"],
    ),
];

#[test]
fn what_cannot_be_deployed_is_told() {
    for (name, command, make, told) in REFUSALS {
        let sandbox = Sandbox::at(NOWHERE);
        make(&sandbox);
        let said = sandbox.cairn(&format!("{command} --app cdk.out")).code(1);
        for text in *told {
            assert!(said.err.contains(text), "{name}: {text:?} is not in:\n{}", said.err);
        }
        assert!(!sandbox.path("ran").exists() && !sandbox.path("cdk.out/ran").exists(), "{name}");
        assert!(!sandbox.path(".cairn").exists(), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out() {
    use std::os::unix::fs::symlink;

    let sandbox = Sandbox::at(NOWHERE);
    sandbox.write("secret/template.json", GROUP);
    one(&sandbox, &json!({"properties": {"templateFile": "link.json"}}));
    symlink(sandbox.path("secret/template.json"), sandbox.path("cdk.out/link.json"))
        .expect("a link");
    let said = sandbox.cairn("validate --app cdk.out").code(1).err;
    assert!(said.contains("`A` points at `link.json`, which is outside of the assembly"), "{said}");

    let file = json!({
        "source": {"path": "asset.abc", "packaging": "zip"},
        "destinations": {"here": {"bucketName": "b", "objectKey": "prefix/abc.zip"}},
    });
    with_asset(&sandbox, &file, &json!({}));
    sandbox.write("cdk.out/asset.abc/index.py", "");
    let code = json!({"S3Bucket": {"Fn::Sub": "b"}, "S3Key": "prefix/abc.zip"});
    let function = json!({"Type": "AWS::Lambda::Function", "Properties": {
        "Code": code, "Role": "arn:aws:iam::000000000000:role/r", "Handler": "index.h",
        "Runtime": "python3.12",
    }});
    let template = json!({"Resources": {"Function": function}});
    sandbox.write("cdk.out/A.json", &template.to_string());
    sandbox.cairn("validate --app cdk.out").code(0);
    let synthesized = sandbox.cairn("synth --app cdk.out --json").code(0).out;
    assert!(synthesized.contains("\"AssetPath\": \"asset.abc\""), "{synthesized}");
    symlink(sandbox.path("secret"), sandbox.path("cdk.out/asset.abc/more")).expect("a link");
    let said = sandbox.cairn("validate --app cdk.out").code(1).err;
    assert!(said.contains("asset.abc/more/template.json` leads out of the assembly"), "{said}");
}

/// Two stacks, the second of which takes from the first what it exports and what it outputs: the
/// CDK's strong and its weak references.
fn pair(sandbox: &Sandbox) {
    let base = stack("Base", &json!({"properties": {"tags": {"team": "huts"}}}));
    let user = stack("User", &json!({"dependencies": ["Base"]}));
    assembly(sandbox, "cdk.out", &json!({"User": user, "Base": base}));
    let exported = json!({"Export": {"Name": "Base:ExportsOutputRefVpc"}, "Value": {"Ref": "Vpc"}});
    let template = json!({
        "Resources": {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}},
        "Outputs": {"ExportsOutputRefVpc": exported, "Cidr": {"Value": "10.0.0.0/24"}},
    });
    sandbox.write("cdk.out/Base.json", &template.to_string());
    let subnet = json!({
        "VpcId": {"Fn::ImportValue": "Base:ExportsOutputRefVpc"},
        "CidrBlock": {"Fn::GetStackOutput": {"StackName": "Base", "OutputName": "Cidr"}},
    });
    let template = json!({
        "Resources": {"Subnet": {"Type": "AWS::EC2::Subnet", "Properties": subnet}},
        "Outputs": {"SubnetId": {"Value": {"Ref": "Subnet"}}},
    });
    sandbox.write("cdk.out/User.json", &template.to_string());
}

/// The words in the order in which they stand in a text.
fn in_order<'a>(text: &str, words: &[&'a str]) -> Vec<&'a str> {
    let mut found: Vec<_> = words
        .iter()
        .map(|word| (text.find(word).unwrap_or_else(|| panic!("no {word:?} in:\n{text}")), *word))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, word)| word).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn stacks_are_deployed_in_order_and_torn_down_in_reverse() {
    let server = ministack().await;
    let before = inventory(&server.url).await;
    let sandbox = Sandbox::at(&server.url);
    pair(&sandbox);

    // What the first will export is unknown until it is deployed, and no error.
    let planned = sandbox.cairn("plan --app cdk.out --all --detailed-exitcode").code(2);
    let unknown = "VpcId: (known after apply: `Base:ExportsOutputRefVpc` of `Base`)";
    for text in [unknown, "CidrBlock: \"10.0.0.0/24\""] {
        assert!(planned.out.contains(text), "{text:?} is not in:\n{}", planned.out);
    }
    sandbox.cairn("plan User --app cdk.out").code(0);
    let alone = sandbox.cairn("plan User --app cdk.out --exclusively").code(1).err;
    assert!(alone.contains("no other stack of this environment exports"), "{alone}");

    // One that needs another takes it along.
    let said = sandbox.cairn("deploy User --app cdk.out --yes").code(0);
    let deployed = ["Base is deployed", "User is deployed"];
    assert_eq!(in_order(&said.err, &deployed), deployed);
    sandbox.cairn("plan --app cdk.out --all --detailed-exitcode").code(0);
    let told = sandbox.cairn("outputs --app cdk.out --all --json").code(0).out;
    let told: Json = serde_json::from_str(&told).expect("outputs are JSON");
    assert!(told["User"]["SubnetId"].as_str().is_some_and(|id| id.starts_with("subnet-")));
    sandbox.cairn("drift --app cdk.out --all").code(0);
    let state = sandbox.cairn("state show Base Vpc --app cdk.out").code(0).out;
    assert!(state.contains("huts"), "the tags of the stack are on what it makes: {state}");

    // And one that is needed is torn down after those that need it.
    let said = sandbox.cairn("teardown Base --app cdk.out --yes").code(0);
    let gone = ["User is torn down", "Base is torn down"];
    assert_eq!(in_order(&said.err, &gone), gone);
    assert_eq!(inventory(&server.url).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_of_the_assembly_it_was_made_from() {
    let server = ministack().await;
    let sandbox = Sandbox::at(&server.url);
    pair(&sandbox);
    let said = sandbox.cairn("plan --all --app cdk.out --out plan.cairn").code(1).err;
    assert!(said.contains("a plan file holds one stack, not Base, User"), "{said}");
    sandbox.cairn("plan Base --app cdk.out --out plan.cairn").code(0);
    let said = sandbox.cairn("deploy plan.cairn --app cdk.out --yes").code(1).err;
    assert!(said.contains("the plan says which stack it is of"), "{said}");
    sandbox.edit("cdk.out/Base.json", "10.0.0.0/16", "10.1.0.0/16");
    let said = sandbox.cairn("deploy plan.cairn --yes").code(1).err;
    assert!(said.contains("the template is not the one the plan was made from"), "{said}");
    sandbox.edit("cdk.out/Base.json", "10.1.0.0/16", "10.0.0.0/16");
    sandbox.cairn("deploy plan.cairn --yes").code(0);
    sandbox.cairn("plan Base --app cdk.out --detailed-exitcode").code(0);
    sandbox.cairn("teardown --all --app cdk.out --yes").code(0);
}

#[test]
fn stages_are_assemblies_within_the_assembly() {
    let sandbox = Sandbox::at(NOWHERE);
    let stage = |name: &str, after: &[&str]| {
        json!({
            "type": "cdk:cloud-assembly",
            "properties": {"directoryName": format!("assembly-{name}"), "displayName": name},
            "dependencies": after,
        })
    };
    let both = json!({"Late": stage("Late", &["Early"]), "Early": stage("Early", &[])});
    assembly(&sandbox, "cdk.out", &both);
    for name in ["Early", "Late"] {
        let display = json!({
            "displayName": format!("{name}/Site"),
            "properties": {"stackName": format!("{name}-Site")},
            "dependencies": ["Site.assets"],
        });
        let assets =
            json!({"type": "cdk:asset-manifest", "properties": {"file": "Site.assets.json"}});
        let artifacts = json!({"Site.assets": assets, "Site": stack("Site", &display)});
        assembly(&sandbox, &format!("cdk.out/assembly-{name}"), &artifacts);
        // Assets are staged once, for all stages.
        let file = json!({"source": {"path": "../asset.abc", "packaging": "zip"}});
        let listed = json!({"version": "36.0.0", "files": {"abc": file}});
        sandbox.write(&format!("cdk.out/assembly-{name}/Site.assets.json"), &listed.to_string());
    }
    sandbox.write("cdk.out/asset.abc/index.py", "");
    for (patterns, expected) in [
        ("--all", vec!["Early", "Late"]),
        ("Early/*", vec!["Early"]),
        ("Late-Site", vec!["Late"]),
        ("**/Site", vec!["Early", "Late"]),
    ] {
        let said = sandbox.cairn(&format!("validate {patterns} --app cdk.out")).code(0).out;
        let lines: Vec<String> = expected
            .iter()
            .map(|name| {
                format!("cdk.out/assembly-{name}/Site.json is valid: 1 resource, 0 outputs\n")
            })
            .collect();
        assert_eq!(said, lines.concat(), "{patterns}");
    }
    let said = sandbox.cairn("validate * --app cdk.out").code(1).err;
    assert!(said.contains("the app has no stack `*`"), "a stage is between: {said}");
}

/// An app that is a shell script: it writes what it was told into its template.
const APP: &str = r#"
echo "asked" ; echo "heard" >&2
[ "$1" = fail ] && exit 3
[ "$1" = idle ] && exit 0
mkdir -p "$CDK_OUTDIR"
cat >"$CDK_OUTDIR/manifest.json" <<END
{"version": "$CDK_CLI_ASM_VERSION", "artifacts": {"A": {"type": "aws:cloudformation:stack",
 "environment": "aws://$CDK_DEFAULT_ACCOUNT/$CDK_DEFAULT_REGION",
 "properties": {"templateFile": "A.json", "tags": {}}}}}
END
echo "{\"Description\": \"$CDK_CLI_VERSION\", \"Metadata\": $CDK_CONTEXT_JSON," \
 "\"Resources\": {\"Group\": {\"Type\": \"AWS::Logs::LogGroup\"}}}" >"$CDK_OUTDIR/A.json"
"#;

#[cfg(unix)]
#[test]
fn an_app_is_run_as_the_cdk_runs_it() {
    let sandbox = Sandbox::at(NOWHERE);
    sandbox.write("app.sh", APP);
    sandbox.write("cdk.context.json", r#"{"zone": "a", "both": "looked up"}"#);
    let file = json!({
        "app": "sh app.sh", "build": "touch built", "output": "made",
        "context": {"both": "written", "stage": "dev"},
    });
    sandbox.write("cdk.json", &file.to_string());
    // With neither a stack nor an app, the cdk.json here says it.
    let said = sandbox.cairn("validate --context stage=prod").code(0);
    assert_eq!(said.out, "made/A.json is valid: 1 resource, 0 outputs\n", "and nothing else");
    assert_eq!(in_order(&said.err, &["asked", "heard"]), ["asked", "heard"]);
    assert!(sandbox.path("built").exists());
    let manifest = sandbox.read("made/manifest.json");
    assert!(manifest.contains(r#""version": "55.0.0""#), "{manifest}");
    assert!(manifest.contains("aws://000000000000/us-east-1"), "{manifest}");
    let template: Json = serde_json::from_str(&sandbox.read("made/A.json")).expect("JSON");
    assert_eq!(template["Description"], "2.1148.1");
    let expected = json!({
        "zone": "a", "both": "written", "stage": "prod",
        "aws:cdk:enable-path-metadata": true, "aws:cdk:enable-asset-metadata": true,
    });
    assert_eq!(template["Metadata"], expected);

    sandbox.cairn("validate A").code(0);
    for (argument, told) in [
        ("fail", "the app `sh app.sh fail` failed: exit status: 3"),
        // What an earlier run left is not taken for this one's.
        ("idle", "the app `sh app.sh idle` has written no assembly to `made`"),
    ] {
        sandbox.edit("cdk.json", "sh app.sh", &format!("sh app.sh {argument}"));
        let said = sandbox.cairn("validate").code(1).err;
        assert!(said.contains(told), "{said}");
        sandbox.edit("cdk.json", &format!("sh app.sh {argument}"), "sh app.sh");
    }
    let said = sandbox.cairn("validate --app no-such-directory").code(1).err;
    assert!(said.contains("if a directory was meant, it is not there"), "{said}");
}

#[test]
fn a_stack_that_is_not_given_is_asked_for() {
    let sandbox = Sandbox::at(NOWHERE);
    one(&sandbox, &json!({}));
    for (command, told) in [
        ("plan", "no stack was given"),
        ("plan --all", "`--all` means all stacks of an app"),
        ("plan one two", "only the stacks of an app can be taken together"),
        ("plan cdk.out", "it is a cloud assembly: give it with `--app cdk.out`"),
        ("synth A --app cdk.out --out other", "the app has written a cloud assembly itself"),
    ] {
        let said = sandbox.cairn(command).code(1).err;
        assert!(said.contains(told), "{command}: {said}");
    }
}

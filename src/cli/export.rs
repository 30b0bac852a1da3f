//! `cairn export`: a stack written down for others to take over.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::outputs::not_deployed;
use super::project::{Loaded, Project};
use super::stacks::StackArgs;
use super::{Code, Failure};
use crate::assembly::handover::{self, Handover, handover};
use crate::graph::Graph;
use crate::template::Echo;

/// The longest template that CloudFormation takes in a request.
const LONGEST_BODY: usize = 51_200;

/// Write down a stack for CloudFormation to take over
#[derive(Debug, clap::Args)]
#[command(after_help = "Nothing in AWS is changed: the commands that do it are written down.\n\n\
    Example:\n  cairn export stacks/network --to-cloudformation network --out handover")]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// The name of CloudFormation's stack
    #[arg(long, value_name = "NAME")]
    to_cloudformation: String,
    /// The directory to write to
    #[arg(long, value_name = "DIRECTORY", default_value = "handover")]
    out: PathBuf,
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let project = args.stack.find()?;
    let Some(state) = project.store().await?.read().await? else {
        return Err(not_deployed(&project).await);
    };
    let (graph, loaded) = project.offline_graph()?;
    let graph = graph.given()?;
    let given = handover(&graph, &state, &loaded.collected.by_resource);
    let out = &args.out;
    fs::create_dir_all(out)?;
    let write = |name: &str, text: String| fs::write(out.join(name), text + "\n");
    let pretty = |json: &Json| serde_json::to_string_pretty(json);
    write("template.json", pretty(&given.template)?)?;
    write("import-template.json", pretty(&given.import_template)?)?;
    write("resources-to-import.json", pretty(&json!(given.resources))?)?;
    let (parameters, hidden) = parameters(&graph, &given);
    write("parameters.json", pretty(&parameters)?)?;
    let zips = zips(out, &loaded)?;
    let name = &args.to_cloudformation;
    write("commands.sh", commands(name, &graph, &given, &zips).trim_end().to_owned())?;
    tell(out, &given, &hidden, &project)?;
    Ok(Code::Success)
}

/// The parameters that are given, and the names of those that are not written down.
fn parameters(graph: &Graph, given: &Handover) -> (Json, Vec<String>) {
    let mut hidden = Vec::new();
    let mut all = Vec::new();
    for (name, value) in graph.parameters() {
        let declared = graph.template.parameters.get(name);
        // Pseudo parameters are CloudFormation's own.
        let Some(declared) = declared else { continue };
        let value = match declared.no_echo {
            Echo::Shown => match value.to_masked_json() {
                Json::String(text) => text,
                Json::Array(items) => {
                    let items = items.iter().map(|one| one.as_str().unwrap_or_default());
                    items.collect::<Vec<_>>().join(",")
                }
                other => other.to_string(),
            },
            Echo::Hidden => {
                hidden.push(name.clone());
                String::new()
            }
        };
        all.push(json!({"ParameterKey": name, "ParameterValue": value}));
    }
    if given.template["Parameters"].get(handover::BUCKET).is_some() {
        all.push(json!({"ParameterKey": handover::BUCKET, "ParameterValue": ""}));
        hidden.push(handover::BUCKET.to_owned());
    }
    (all.into(), hidden)
}

/// Writes the code; the names of the files.
fn zips(out: &Path, loaded: &Loaded) -> Result<BTreeSet<String>, Failure> {
    let mut names = BTreeSet::new();
    for asset in loaded.collected.by_resource.values() {
        let Some(zip) = loaded.collected.assets.get(&asset.sha256) else { continue };
        let name = handover::key(asset);
        fs::create_dir_all(out.join("code"))?;
        fs::write(out.join("code").join(&name), zip.bytes())?;
        names.insert(name);
    }
    Ok(names)
}

fn commands(name: &str, graph: &Graph, given: &Handover, zips: &BTreeSet<String>) -> String {
    let mut text = format!(
        "#!/bin/sh\n# Hands the stack `{}` over to CloudFormation. Look at it before you run it, in this directory.\nset -eu\n\n",
        graph.inputs.stack
    );
    if !zips.is_empty() {
        text += "# The code lies in a bucket of yours: name it here and in parameters.json.\n";
        text += "bucket=${1:?the bucket for the code}\n";
        for zip in zips {
            text += &format!("aws s3 cp code/{zip} \"s3://$bucket/{zip}\"\n");
        }
        text.push('\n');
    }
    let capabilities = match graph.template.root.get("Transform") {
        Some(_) => "CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND",
        None => "CAPABILITY_NAMED_IAM",
    };
    let common = format!("--parameters file://parameters.json --capabilities {capabilities}");
    text += &format!(
        "aws cloudformation create-change-set --stack-name {name} --change-set-name import \\\n    \
         --change-set-type IMPORT --resources-to-import file://resources-to-import.json \\\n    \
         --template-body file://import-template.json {common}\n\
         aws cloudformation wait change-set-create-complete --stack-name {name} --change-set-name import\n\
         aws cloudformation execute-change-set --stack-name {name} --change-set-name import\n\
         aws cloudformation wait stack-import-complete --stack-name {name}\n\n\
         # The outputs, and what cannot be imported.\n\
         aws cloudformation update-stack --stack-name {name} \\\n    \
         --template-body file://template.json {common}\n\
         aws cloudformation wait stack-update-complete --stack-name {name}\n"
    );
    if given.template.to_string().len() > LONGEST_BODY {
        text += "\n# The template is longer than a request may be: put both into a bucket, and give\n\
                 # --template-url in the place of --template-body.\n";
    }
    text
}

fn tell(out: &Path, given: &Handover, hidden: &[String], project: &Project) -> Result<(), Failure> {
    let mut told = anstream::stdout();
    let (count, shown) = (given.resources.len(), out.display());
    writeln!(told, "{count} resources of `{}` can be imported. Written to {shown}:", project.name)?;
    for (file, what) in [
        ("import-template.json", "what can be imported, every resource with a DeletionPolicy"),
        ("resources-to-import.json", "which resource in AWS each of them is"),
        ("template.json", "everything, for the update after the import"),
        ("parameters.json", "the parameters as they are given here"),
        ("commands.sh", "the commands, in their order"),
    ] {
        writeln!(told, "  {file:<26}{what}")?;
    }
    if !given.left_out.is_empty() {
        writeln!(told, "\nNot imported:")?;
        for (id, why) in &given.left_out {
            writeln!(told, "  {id}: {why}")?;
        }
        writeln!(
            told,
            "The update makes them; delete first what has a name that only one can have."
        )?;
    }
    if !hidden.is_empty() {
        writeln!(told, "\nTo be filled in in parameters.json: {}", hidden.join(", "))?;
    }
    writeln!(told, "\nAfterwards Cairn is to let go of them: `cairn state rm`.")?;
    Ok(())
}

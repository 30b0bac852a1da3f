//! `cairn types`: what can be deployed.

use std::io::Write as _;

use serde_json::json;

use super::{Code, Failure};
use crate::diagnostic::nearest;
use crate::resource;
use crate::schema;

/// List the resource types Cairn can deploy, or the properties of one
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cairn types\n  cairn types AWS::EC2::VPCEndpoint")]
pub struct Args {
    /// A type, to list its properties
    type_name: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<Code, Failure> {
    let mut out = anstream::stdout();
    let names: Vec<&str> = resource::types().iter().map(|handler| handler.type_name()).collect();
    let Some(wanted) = &args.type_name else {
        if args.json {
            writeln!(out, "{}", serde_json::to_string_pretty(&names)?)?;
        } else {
            for name in names {
                writeln!(out, "{name}")?;
            }
        }
        return Ok(Code::Success);
    };
    let (Some(handler), Some(facts)) = (resource::handler(wanted), schema::facts(wanted)) else {
        let failure = Failure::text(format!("Cairn cannot deploy `{wanted}`"));
        return Err(match nearest(wanted, names) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("`cairn types` lists what it can"),
        });
    };
    let mut properties = Vec::new();
    for name in facts.property_names() {
        let note = |is: bool, word: &str| is.then(|| word.to_owned());
        let unsupported = handler
            .unsupported()
            .iter()
            .find(|(property, _)| *property == name)
            .map(|(_, reason)| format!("not supported: {reason}"));
        let notes: Vec<String> = [
            note(facts.required.iter().any(|required| required == name), "required"),
            note(facts.is_create_only(name), "a change replaces"),
            note(facts.is_conditional_create_only(name), "a change may replace"),
            note(facts.is_write_only(name), "cannot be read back"),
            unsupported,
        ]
        .into_iter()
        .flatten()
        .collect();
        properties.push((name, notes));
    }
    if args.json {
        let list: Vec<_> =
            properties.iter().map(|(name, notes)| json!({"name": name, "notes": notes})).collect();
        let json = json!({"type": wanted, "properties": list, "attributes": facts.attributes});
        writeln!(out, "{}", serde_json::to_string_pretty(&json)?)?;
        return Ok(Code::Success);
    }
    writeln!(out, "{wanted}")?;
    let width = properties.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, notes) in properties {
        writeln!(out, "  {}", format!("{name:<width$}  {}", notes.join(", ")).trim_end())?;
    }
    if !facts.attributes.is_empty() {
        writeln!(out, "Fn::GetAtt: {}", facts.attributes.join(", "))?;
    }
    Ok(Code::Success)
}

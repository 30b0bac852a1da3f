//! `cairn types`: what can be deployed, modules included, and what there is.

use std::io::Write as _;

use serde_json::json;

use super::{Code, Failure};
use crate::construct::module;
use crate::diagnostic::nearest;
use crate::resource;
use crate::schema;

/// List the types and modules Cairn can deploy, or all there are, or the properties of one
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cairn types\n  cairn types AWS::EC2::VPCEndpoint\n  \
    cairn types --all dynamodb   # the types with that in their names, deployable or not")]
pub struct Args {
    /// A type, to list its properties; or a part of the names to list
    #[arg(value_name = "TYPE")]
    wanted: Option<String>,
    /// Every type that AWS has: templates of all of them are checked
    #[arg(long)]
    all: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<Code, Failure> {
    match args.wanted.as_deref() {
        Some(name) if schema::type_names().any(|one| one == name) => describe(name, args.json),
        Some(name) if module::type_names().any(|one| one == name) => module(name, args.json),
        wanted => list(wanted, args),
    }
}

/// The types with a text in their names, whatever its case.
fn list(wanted: Option<&str>, args: &Args) -> Result<Code, Failure> {
    let part = wanted.unwrap_or_default().to_lowercase();
    let modules = module::type_names().filter(|name| name.to_lowercase().contains(&part));
    let types: Vec<(&str, bool)> = schema::type_names()
        .filter(|name| name.to_lowercase().contains(&part))
        .map(|name| (name, resource::handler(name).is_some()))
        .chain(modules.map(|name| (name, true)))
        .filter(|(_, deployable)| args.all || *deployable)
        .collect();
    if let Some(wanted) = wanted.filter(|_| types.is_empty()) {
        return Err(nothing_like(wanted, args.all));
    }
    let mut out = anstream::stdout();
    if args.json {
        let list: Vec<_> = types
            .iter()
            .map(|(name, deployable)| match args.all {
                true => json!({"type": name, "deployable": deployable}),
                false => json!(name),
            })
            .collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&list)?)?;
        return Ok(Code::Success);
    }
    for (name, deployable) in &types {
        let mark = if args.all && *deployable { "  can be deployed" } else { "" };
        writeln!(out, "{name}{mark}")?;
    }
    Ok(Code::Success)
}

fn nothing_like(wanted: &str, all: bool) -> Failure {
    let failure = Failure::text(match all {
        true => format!("no type of AWS's is called like `{wanted}`"),
        false => format!("no type that Cairn can deploy is called like `{wanted}`"),
    });
    match nearest(wanted, schema::type_names().chain(module::type_names())) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None if all => failure.hint("`cairn types --all` lists them"),
        None => failure.hint(format!("`cairn types --all {wanted}` looks among those it cannot")),
    }
}

/// The properties and attributes of one type.
fn describe(wanted: &str, as_json: bool) -> Result<Code, Failure> {
    let Some(facts) = schema::facts(wanted) else { return Err(nothing_like(wanted, true)) };
    let handler = resource::handler(wanted);
    let mut out = anstream::stdout();
    let mut properties = Vec::new();
    for name in facts.property_names() {
        let note = |is: bool, word: &str| is.then(|| word.to_owned());
        let unsupported = handler
            .map_or(&[][..], |handler| handler.unsupported())
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
    if as_json {
        let list: Vec<_> =
            properties.iter().map(|(name, notes)| json!({"name": name, "notes": notes})).collect();
        let json = json!({
            "type": wanted,
            "deployable": handler.is_some(),
            "properties": list,
            "attributes": facts.attributes,
        });
        writeln!(out, "{}", serde_json::to_string_pretty(&json)?)?;
        return Ok(Code::Success);
    }
    let note = if handler.is_some() { "" } else { "  (Cairn cannot deploy it yet)" };
    writeln!(out, "{wanted}{note}")?;
    let width = properties.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, notes) in properties {
        writeln!(out, "  {}", format!("{name:<width$}  {}", notes.join(", ")).trim_end())?;
    }
    if !facts.attributes.is_empty() {
        writeln!(out, "Fn::GetAtt: {}", facts.attributes.join(", "))?;
    }
    Ok(Code::Success)
}

/// The properties of a module, and what can be asked of it beside its resources.
fn module(wanted: &str, as_json: bool) -> Result<Code, Failure> {
    let Some(properties) = module::properties(wanted) else {
        return Err(nothing_like(wanted, true));
    };
    let attributes = module::attributes(wanted);
    let notes = |required: &[&str]| match required {
        [] => Vec::new(),
        [_] => vec!["required".to_owned()],
        either => vec![format!("one of {} is required", either.join(", "))],
    };
    let mut out = anstream::stdout();
    if as_json {
        let list: Vec<_> = properties
            .iter()
            .map(|(name, required)| json!({"name": name, "notes": notes(required)}))
            .collect();
        let json = json!({
            "type": wanted,
            "deployable": true,
            "properties": list,
            "attributes": attributes,
        });
        writeln!(out, "{}", serde_json::to_string_pretty(&json)?)?;
        return Ok(Code::Success);
    }
    writeln!(out, "{wanted}")?;
    let width = properties.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, required) in &properties {
        let line = format!("{name:<width$}  {}", notes(required).join(", "));
        writeln!(out, "  {}", line.trim_end())?;
    }
    writeln!(out, "Fn::GetAtt: {}", attributes.join(", "))?;
    Ok(Code::Success)
}

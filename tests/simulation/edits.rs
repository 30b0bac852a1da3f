//! Templates before and after: what people do to them, drawn from a number. What is edited are the
//! made-up families, the stacks of the stories, and for every type the case of its contract, which
//! has the type's own updates and replacements; what is done besides is done to any template.

use std::collections::BTreeSet;
use std::sync::Arc;

use cairn::diagnostic::Source;
use cairn::resource::types;
use cairn::schema::{self, TagKind};
use cairn::template;
use serde_json::{Map, Value as Json, json};

use super::random::Random;
use super::{generate, scenario};
use crate::support::case::Case;

/// A template, what becomes of it, and how.
#[derive(Debug)]
pub struct Pair {
    pub before: Json,
    pub after: Json,
    pub edits: Vec<String>,
}

type Resources = Map<String, Json>;

/// The pair of a number: every type is the subject of one in so many.
pub fn pair(number: u64) -> Pair {
    let mut random = Random::new(number ^ 0xED17);
    let mut pair = match number % 4 {
        0 | 1 => contract(number / 2, &mut random),
        2 => story(&mut random),
        _ => family(number, &mut random),
    };
    for _ in 0..random.between(1, 4) {
        let edit = random.pick(EDITS);
        if let Some(told) = edit(&mut pair, &mut random) {
            pair.edits.push(told);
        }
    }
    pair
}

/// A type's own case: some of its updates before, some more or fewer after.
fn contract(number: u64, random: &mut Random) -> Pair {
    let all = types();
    let handler = all[usize::try_from(number % all.len() as u64).expect("a position")];
    let case = Case::load(handler.type_name()).expect("every type has a case");
    let of_updates = |random: &mut Random| {
        let count = random.between(0, case.updates.len() as u64 + 1);
        case.updates[..usize::try_from(count).expect("few")].to_vec()
    };
    let before = of_updates(random);
    let mut after = of_updates(random);
    let mut edits =
        vec![format!("{} with {} and {} updates", handler.type_name(), before.len(), after.len())];
    if !case.replacements.is_empty() && random.chance(400) {
        let replacement = random.pick(&case.replacements);
        edits.push(format!("replaced by {}", crate::support::case::about(replacement)));
        after.push(replacement.clone());
    }
    Pair { before: parsed(case.template(&before)), after: parsed(case.template(&after)), edits }
}

/// One of the stacks that stories are about, in two of its versions.
fn story(random: &mut Random) -> Pair {
    let stacks = [scenario::services(), scenario::personas(), scenario::platforms()];
    let versions = *random.pick(&stacks);
    let (before, after) = (random.pick(versions).clone(), random.pick(versions).clone());
    Pair { before, after, edits: vec!["a stack of the stories".to_owned()] }
}

/// Two versions that follow one another, or the same one twice.
fn family(number: u64, random: &mut Random) -> Pair {
    let versions = generate::family(number);
    let at = usize::try_from(random.between(0, versions.len() as u64)).expect("few");
    let after = versions.get(at + 1).unwrap_or(&versions[at]).clone();
    Pair { before: versions[at].clone(), after, edits: vec![format!("a family from {at} on")] }
}

fn parsed(text: String) -> Json {
    let source = Arc::new(Source { name: "case.yaml".to_owned(), text });
    template::parse(&source).expect("a case is a template").root.to_json()
}

type Edit = fn(&mut Pair, &mut Random) -> Option<String>;

/// What is done to any template, often more than once.
const EDITS: &[Edit] = &[
    tag,
    tag,
    add,
    add,
    remove,
    retain,
    move_to,
    rename,
    rewire,
    swap_names,
    swap_bodies,
    cidr,
    policy,
    depend,
    keep_on_deletion,
    output,
];

fn resources(template: &mut Json) -> &mut Resources {
    template["Resources"].as_object_mut().expect("a template has resources")
}

fn ids(template: &Json) -> Vec<String> {
    template["Resources"].as_object().expect("resources").keys().cloned().collect()
}

fn kind(template: &Json, id: &str) -> String {
    template["Resources"][id]["Type"].as_str().unwrap_or_default().to_owned()
}

fn pick_id(template: &Json, random: &mut Random) -> String {
    random.pick(&ids(template)).clone()
}

/// Another tag, or another value of one.
fn tag(pair: &mut Pair, random: &mut Random) -> Option<String> {
    let id = pick_id(&pair.after, random);
    let kind = kind(&pair.after, &id);
    let handler = types().iter().find(|handler| handler.type_name() == kind)?;
    let shape = schema::facts(&kind)?.tags.as_ref()?;
    if handler.unsupported().iter().any(|(property, _)| *property == shape.property) {
        return None;
    }
    let value = format!("value {}", random.between(0, 9));
    let resource = &mut resources(&mut pair.after)[&id];
    let tags = &mut resource["Properties"][&shape.property];
    match shape.kind {
        TagKind::Map => tags["edited"] = value.into(),
        TagKind::List => {
            let mut kept = tags.as_array().cloned().unwrap_or_default();
            kept.retain(|tag| tag["Key"] != "edited");
            kept.push(json!({"Key": "edited", "Value": value}));
            *tags = kept.into();
        }
    }
    Some(format!("a tag on {id}"))
}

/// Something more, in the VPC if there is one.
fn add(pair: &mut Pair, random: &mut Random) -> Option<String> {
    let number = random.between(100, 999);
    let vpc = ids(&pair.after).into_iter().find(|id| kind(&pair.after, id) == "AWS::EC2::VPC");
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
    }]});
    let (kind, properties) = match (random.between(0, 5), vpc) {
        (0, Some(vpc)) => {
            ("AWS::EC2::SecurityGroup", json!({"GroupDescription": "added", "VpcId": {"Ref": vpc}}))
        }
        (1, Some(vpc)) => ("AWS::EC2::RouteTable", json!({"VpcId": {"Ref": vpc}})),
        (2, _) => ("AWS::IAM::Role", json!({"AssumeRolePolicyDocument": trust})),
        (3, _) => (
            "AWS::IAM::ManagedPolicy",
            json!({"PolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
            ]}}),
        ),
        _ => ("AWS::Logs::LogGroup", json!({"RetentionInDays": 7})),
    };
    let id = format!("Added{number}");
    let resource = json!({"Type": kind, "Properties": properties});
    resources(&mut pair.after)
        .insert(id.clone(), resource)
        .is_none()
        .then(|| format!("{id} is added"))
}

/// A resource goes with all that names it.
fn remove(pair: &mut Pair, random: &mut Random) -> Option<String> {
    let id = pick_id(&pair.after, random);
    let gone = with_dependants(&pair.after, &id);
    if gone.len() >= ids(&pair.after).len() {
        return None;
    }
    resources(&mut pair.after).retain(|id, _| !gone.contains(id));
    drop_outputs(&mut pair.after, &gone);
    Some(format!("{gone:?} removed"))
}

/// The same, and what goes stays in AWS.
fn retain(pair: &mut Pair, random: &mut Random) -> Option<String> {
    let id = pick_id(&pair.after, random);
    if !ids(&pair.before).contains(&id) {
        return None;
    }
    let gone = with_dependants(&pair.after, &id);
    if gone.len() >= ids(&pair.after).len() {
        return None;
    }
    for id in &gone {
        if let Some(resource) = resources(&mut pair.before).get_mut(id) {
            resource["DeletionPolicy"] = "Retain".into();
        }
    }
    resources(&mut pair.after).retain(|id, _| !gone.contains(id));
    drop_outputs(&mut pair.after, &gone);
    Some(format!("{gone:?} let go"))
}

/// A resource and all that names it, directly or not.
fn with_dependants(template: &Json, id: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::from([id.to_owned()]);
    loop {
        let more: Vec<String> = ids(template)
            .into_iter()
            .filter(|id| !found.contains(id))
            .filter(|id| found.iter().any(|gone| names(&template["Resources"][id.as_str()], gone)))
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

fn drop_outputs(template: &mut Json, gone: &BTreeSet<String>) {
    if let Some(outputs) = template.get_mut("Outputs").and_then(Json::as_object_mut) {
        outputs.retain(|_, output| !gone.iter().any(|id| names(output, id)));
    }
}

/// Whether something names a resource.
fn names(json: &Json, id: &str) -> bool {
    let mut copy = json.clone();
    renamed(&mut copy, id, "Nobody0");
    copy != *json
}

/// Puts one logical id in the place of another, wherever it is named.
fn renamed(json: &mut Json, from: &str, to: &str) {
    let other = |text: &str| match text.strip_prefix(from) {
        Some("") => Some(to.to_owned()),
        Some(rest) if rest.starts_with('.') => Some(format!("{to}{rest}")),
        _ => None,
    };
    match json {
        Json::Object(entries) => {
            for (key, value) in entries {
                match (key.as_str(), &mut *value) {
                    ("Ref" | "DependsOn", Json::String(text)) => {
                        *text = other(text).unwrap_or_else(|| text.clone());
                    }
                    ("Fn::GetAtt", Json::String(text)) => {
                        *text = other(text).unwrap_or_else(|| text.clone());
                    }
                    ("Fn::GetAtt" | "DependsOn", Json::Array(parts)) => {
                        for part in parts {
                            if part == from {
                                *part = to.into();
                            }
                        }
                    }
                    ("Fn::Sub", Json::String(text)) => *text = substituted(text, from, to),
                    ("Fn::Sub", Json::Array(parts)) => {
                        if let Some(Json::String(text)) = parts.first_mut() {
                            *text = substituted(text, from, to);
                        }
                        parts.iter_mut().skip(1).for_each(|part| renamed(part, from, to));
                    }
                    _ => renamed(value, from, to),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| renamed(item, from, to)),
        _ => {}
    }
}

fn substituted(text: &str, from: &str, to: &str) -> String {
    text.replace(&format!("${{{from}}}"), &format!("${{{to}}}"))
        .replace(&format!("${{{from}."), &format!("${{{to}."))
}

/// Another logical id, and the template says so.
fn move_to(pair: &mut Pair, random: &mut Random) -> Option<String> {
    let (id, new) = renaming(pair, random)?;
    resources(&mut pair.after)[&new]["Metadata"] = json!({"Cairn": {"MovedFrom": id}});
    Some(format!("{id} moved to {new}"))
}

/// Another logical id, and the template does not say so.
fn rename(pair: &mut Pair, random: &mut Random) -> Option<String> {
    let (id, new) = renaming(pair, random)?;
    Some(format!("{id} renamed to {new}"))
}

fn renaming(pair: &mut Pair, random: &mut Random) -> Option<(String, String)> {
    let id = pick_id(&pair.after, random);
    let new = format!("{id}Anew");
    if !ids(&pair.before).contains(&id) || kind(&pair.before, &id) != kind(&pair.after, &id) {
        return None;
    }
    renamed(&mut pair.after, &id, &new);
    let resources = resources(&mut pair.after);
    let body = resources.remove(&id)?;
    resources.insert(new.clone(), body);
    Some((id, new))
}

/// What referred to one now refers to another of its type.
fn rewire(pair: &mut Pair, random: &mut Random) -> Option<String> {
    let id = pick_id(&pair.after, random);
    let named: Vec<String> = ids(&pair.after)
        .into_iter()
        .filter(|other| *other != id && names(&pair.after["Resources"][&id]["Properties"], other))
        .collect();
    let from = random.pick(named.get(..).filter(|named| !named.is_empty())?).clone();
    // What depends on this one would make a circle.
    let dependants = with_dependants(&pair.after, &id);
    let others: Vec<String> = ids(&pair.after)
        .into_iter()
        .filter(|other| *other != from && !dependants.contains(other))
        .filter(|other| kind(&pair.after, other) == kind(&pair.after, &from))
        .collect();
    let to = random.pick(others.get(..).filter(|others| !others.is_empty())?).clone();
    renamed(&mut resources(&mut pair.after)[&id], &from, &to);
    Some(format!("{id} uses {to} and not {from}"))
}

/// Two of a type with names of their own.
fn two_named(template: &Json, random: &mut Random) -> Option<(String, String, String)> {
    let mut found = Vec::new();
    for handler in types() {
        let Some(name) = handler.name() else { continue };
        let of_type = |id: &String| {
            let resource = &template["Resources"][id.as_str()];
            resource["Type"] == handler.type_name()
                && resource["Properties"][name.property].is_string()
        };
        let named: Vec<String> = ids(template).into_iter().filter(of_type).collect();
        if let [one, other, ..] = named.as_slice() {
            found.push((one.clone(), other.clone(), name.property.to_owned()));
        }
    }
    (!found.is_empty()).then(|| random.pick(&found).clone())
}

/// Each has the name of the other.
fn swap_names(pair: &mut Pair, random: &mut Random) -> Option<String> {
    let (one, other, property) = two_named(&pair.after, random)?;
    let name = |id: &str| pair.after["Resources"][id]["Properties"][&property].clone();
    let (first, second) = (name(&one), name(&other));
    let resources = resources(&mut pair.after);
    resources[&one]["Properties"][&property] = second;
    resources[&other]["Properties"][&property] = first;
    Some(format!("{one} and {other} change names"))
}

/// Two of a type change their logical ids.
fn swap_bodies(pair: &mut Pair, random: &mut Random) -> Option<String> {
    let one = pick_id(&pair.after, random);
    let other = ids(&pair.after)
        .into_iter()
        .find(|other| *other != one && kind(&pair.after, other) == kind(&pair.after, &one))?;
    let is_apart = !names(&pair.after["Resources"][&one], &other)
        && !names(&pair.after["Resources"][&other], &one);
    if !is_apart {
        return None;
    }
    let resources = resources(&mut pair.after);
    let first = resources[&one].clone();
    resources[&one] = resources[&other].clone();
    resources[&other] = first;
    Some(format!("{one} and {other} change places"))
}

/// A subnet has another block, or the VPC with all that is in it.
fn cidr(pair: &mut Pair, random: &mut Random) -> Option<String> {
    let is_of = |wanted: &str, id: &String| kind(&pair.after, id) == wanted;
    let wanted = *random.pick(&["AWS::EC2::VPC", "AWS::EC2::Subnet"]);
    let id = ids(&pair.after).into_iter().find(|id| is_of(wanted, id))?;
    let block = pair.after["Resources"][&id]["Properties"]["CidrBlock"].as_str()?.to_owned();
    let parts: Vec<&str> = block.split(['.', '/']).collect();
    let [first, second, third, ..] = parts[..] else { return None };
    if wanted == "AWS::EC2::Subnet" {
        let other = block.replacen(
            &format!("{first}.{second}.{third}."),
            &format!("{first}.{second}.{}.", 200 + random.between(0, 50)),
            1,
        );
        resources(&mut pair.after)[&id]["Properties"]["CidrBlock"] = other.into();
        return Some(format!("{id} has another block"));
    }
    let (old, new) =
        (format!("{first}.{second}."), format!("{first}.{}.", 100 + random.between(0, 50)));
    for resource in resources(&mut pair.after).values_mut() {
        if let Some(block) = resource["Properties"]["CidrBlock"].as_str() {
            resource["Properties"]["CidrBlock"] = block.replacen(&old, &new, 1).into();
        }
    }
    Some(format!("{id} has another block, and all in it"))
}

/// A policy allows something else.
fn policy(pair: &mut Pair, random: &mut Random) -> Option<String> {
    fn statements<'j>(json: &'j mut Json, found: &mut Vec<&'j mut Json>) {
        match json {
            Json::Object(entries) => {
                for (key, value) in entries.iter_mut() {
                    match key.as_str() {
                        "Action" if value.is_string() => found.push(value),
                        "AssumeRolePolicyDocument" => {}
                        _ => statements(value, found),
                    }
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| statements(item, found)),
            _ => {}
        }
    }
    let number = random.between(0, 9);
    let id = pick_id(&pair.after, random);
    let resource = &mut resources(&mut pair.after)[&id];
    if resource["Type"].as_str().is_some_and(|kind| kind.starts_with("AWS::Lambda::")) {
        return None;
    }
    let mut found = Vec::new();
    statements(&mut resource["Properties"], &mut found);
    let action = found.into_iter().next()?;
    let service = action.as_str()?.split(':').next()?.to_owned();
    // What functions and APIs are given up to: without it they do not work.
    if ["ec2", "logs", "sts"].contains(&service.as_str()) {
        return None;
    }
    *action = format!("{service}:Edited{number}").into();
    Some(format!("{id} allows something else"))
}

/// One comes after another.
fn depend(pair: &mut Pair, random: &mut Random) -> Option<String> {
    let id = pick_id(&pair.after, random);
    let resource = &mut resources(&mut pair.after)[&id];
    if resource.as_object_mut().and_then(|body| body.remove("DependsOn")).is_some() {
        return Some(format!("{id} depends on what it uses alone"));
    }
    let dependants = with_dependants(&pair.after, &id);
    let others: Vec<String> =
        ids(&pair.after).into_iter().filter(|other| !dependants.contains(other)).collect();
    let other = random.pick(others.get(..).filter(|others| !others.is_empty())?).clone();
    resources(&mut pair.after)[&id]["DependsOn"] = other.clone().into();
    Some(format!("{id} depends on {other}"))
}

#[expect(clippy::unnecessary_wraps, reason = "it is an edit as the others are")]
fn keep_on_deletion(pair: &mut Pair, random: &mut Random) -> Option<String> {
    let id = pick_id(&pair.after, random);
    resources(&mut pair.after)[&id]["DeletionPolicy"] = "Retain".into();
    Some(format!("{id} is to be kept"))
}

#[expect(clippy::unnecessary_wraps, reason = "it is an edit as the others are")]
fn output(pair: &mut Pair, random: &mut Random) -> Option<String> {
    let id = pick_id(&pair.after, random);
    pair.after["Outputs"]["Edited"] = json!({"Value": {"Ref": id}});
    Some(format!("{id} is put out"))
}

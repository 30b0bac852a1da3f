//! The parameters an environment gives to stacks.

use std::collections::BTreeMap;
use std::path::Path;

use crate::diagnostic::Place;
use crate::template::read::{Fields, Keys, Reader, function_of};
use crate::template::{Entry, Node, NodeKind};

/// The largest file that is a parameter's value.
const MOST_BYTES: u64 = 1 << 20;

const FILE_KEYS: Keys = Keys { known: &["file"], required: &["file"] };

/// A value and where it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterValue {
    pub text: String,
    pub place: Place,
}

pub(super) fn read_all(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    root: &Path,
) -> BTreeMap<String, BTreeMap<String, ParameterValue>> {
    let Some(node) = fields.get("parameters") else { return BTreeMap::new() };
    let mut stacks = BTreeMap::new();
    for stack in reader.entries(node, &fields.name("parameters")) {
        let what = format!("the parameters of the stack `{}`", stack.key);
        let mut values = BTreeMap::new();
        for entry in reader.entries(&stack.value, &what) {
            if let Some(text) = read(reader, entry, root) {
                let place = reader.place(entry.value.span);
                values.insert(entry.key.clone(), ParameterValue { text, place });
            }
        }
        stacks.insert(stack.key.clone(), values);
    }
    stacks
}

/// A scalar as it is written, a list with commas, or what a file says.
fn read(reader: &mut Reader<'_>, entry: &Entry, root: &Path) -> Option<String> {
    let what = format!("the parameter `{}`", entry.key);
    match &entry.value.kind {
        NodeKind::List(items) => joined(reader, items, &what),
        NodeKind::Map(_) if function_of(&entry.value).is_none() => {
            let fields = reader.fields(&entry.value, entry.key_span, what, FILE_KEYS);
            let path = fields.get("file")?;
            let name = reader.name(path, &fields.name("file"))?;
            match contents(&root.join(name)) {
                Ok(text) => Some(text),
                Err(why) => {
                    let hint = "paths begin at the directory that holds `config/`".to_owned();
                    reader.error_hint(path.span, format!("cannot read `{name}`: {why}"), hint);
                    None
                }
            }
        }
        _ => reader.text(&entry.value, &what).map(str::to_owned),
    }
}

fn joined(reader: &mut Reader<'_>, items: &[Node], what: &str) -> Option<String> {
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        let text = reader.text(item, &format!("an item of {what}"))?;
        if text.contains(',') {
            let message = format!("an item of {what} contains a comma");
            let hint = "a list is handed over with commas, so its items cannot have any".to_owned();
            reader.error_hint(item.span, message, hint);
            return None;
        }
        texts.push(text);
    }
    Some(texts.join(","))
}

/// The text of a file without the line break that editors put at its end.
fn contents(path: &Path) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > MOST_BYTES {
        return Err(format!("it has {length} bytes, and {MOST_BYTES} is the most"));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let mut text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

//! The `Outputs` section: what a stack tells its users and other stacks.

use crate::ordered::IndexMap;

use super::read::{Keys, Reader};
use super::{Entry, Node, NodeKind, Output};

const KEYS: Keys =
    Keys { known: &["Value", "Description", "Condition", "Export"], required: &["Value"] };
const EXPORT_KEYS: Keys = Keys { known: &["Name"], required: &["Name"] };

pub(super) fn read_all(reader: &mut Reader<'_>, node: &Node) -> IndexMap<String, Output> {
    let mut outputs = IndexMap::default();
    for entry in reader.declarations(node, "Outputs") {
        if reader.stands_for_others(entry, "Outputs") {
            continue;
        }
        reader.check_name(entry, "an output");
        if let Some(output) = read(reader, entry) {
            outputs.insert(entry.key.clone(), output);
        }
    }
    outputs
}

fn read(reader: &mut Reader<'_>, entry: &Entry) -> Option<Output> {
    let what = format!("the output `{}`", entry.key);
    let fields = reader.fields(&entry.value, entry.key_span, what, KEYS);
    let description = fields.text("Description", reader).map(str::to_owned);
    let condition = fields.spanned("Condition", reader);
    let export = fields.entry("Export").and_then(|export| {
        reader
            .fields(&export.value, export.key_span, fields.name("Export"), EXPORT_KEYS)
            .get("Name")
    });
    let value = fields.get("Value")?;
    if value.kind == NodeKind::Null {
        reader.expected(value, &fields.name("Value"), "a string");
        return None;
    }
    Some(Output {
        name: entry.key.clone(),
        name_span: entry.key_span,
        value: value.clone(),
        description,
        condition,
        export_name: export.cloned(),
    })
}

//! Outputs as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value as Json;

use super::style::{BOLD, paint};

pub fn render(outputs: &BTreeMap<String, Json>) -> String {
    let width = outputs.keys().map(String::len).max().unwrap_or_default();
    let mut text = String::new();
    for (name, value) in outputs {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let _ = writeln!(text, "{}  {value}", paint(BOLD, &format!("{name:<width$}")));
    }
    text
}

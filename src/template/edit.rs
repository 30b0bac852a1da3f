//! A value of a template changed in its text, at its place: what stands around it, comments and
//! layout stay as they are.
//!
//! What is written may be a function. So it is held against what it was evaluated to: only where
//! that differs from the new value is anything changed, and a function is never written over.

use std::sync::Arc;

use serde_json::Value as Json;

use super::read::function_of;
use super::{Entry, Node, NodeKind, load, print};
use crate::diagnostic::{Source, Span};

/// What stands in a span gives way to a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// Why a value cannot be written in its place, in words that follow its path.
pub type Refusal = String;

/// The edits that make a property something else. `node` is the map of a resource's properties,
/// `from` what the property evaluates to, `to` what it is to be.
///
/// # Errors
///
/// Why it cannot be written.
pub fn edits(
    source: &Source,
    node: &Node,
    path: &str,
    from: Option<&Json>,
    to: Option<&Json>,
) -> Result<Vec<Edit>, Refusal> {
    let mut editor = Editor { text: &source.text, is_json: is_json(source), edits: Vec::new() };
    editor.at_path(node, path, from, to)?;
    Ok(editor.edits)
}

/// A text with edits that do not overlap.
pub fn edited(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut edited = text.to_owned();
    for edit in edits.into_iter().rev() {
        edited.replace_range(edit.span.start..edit.span.end, &edit.text);
    }
    edited
}

/// Whether a text still is a template, and says at `path` of a resource what it is to say.
pub fn says(source: &Source, text: &str, id: &str, path: &str, to: Option<&Json>) -> bool {
    let source = Arc::new(Source { name: source.name.clone(), text: text.to_owned() });
    let Ok(root) = load(&source) else { return false };
    let properties = root.get("Resources").and_then(|all| all.get(id)?.get("Properties"));
    match (properties.and_then(|node| find(node, path)), to) {
        (Some(node), Some(to)) => means(node, to),
        (None, None) => true,
        _ => false,
    }
}

fn is_json(source: &Source) -> bool {
    source.text.trim_start().starts_with('{')
}

/// What stands at a path of keys; a key may have dots in it.
fn find<'n>(node: &'n Node, path: &str) -> Option<&'n Node> {
    if let Some(found) = node.get(path) {
        return Some(found);
    }
    let (first, rest) = path.split_once('.')?;
    find(node.get(first)?, rest)
}

/// Whether a node says a value; what a function gives is not looked into.
fn means(node: &Node, value: &Json) -> bool {
    if function_of(node).is_some() {
        return true;
    }
    match (&node.kind, value) {
        (NodeKind::List(items), Json::Array(values)) => {
            items.len() == values.len()
                && values.iter().all(|value| items.iter().any(|item| means(item, value)))
        }
        (NodeKind::Map(entries), Json::Object(values)) => {
            entries.len() == values.len()
                && entries.iter().all(|entry| {
                    values.get(&entry.key).is_some_and(|value| means(&entry.value, value))
                })
        }
        _ => node.text().is_some_and(|text| text == scalar_text(value)),
    }
}

/// Whether two values say the same, as AWS spells them: one text or a list of it, in any order.
fn alike(one: &Json, other: &Json) -> bool {
    fn plain(json: &Json) -> Json {
        match json {
            Json::Array(items) if items.len() == 1 && !items[0].is_object() => plain(&items[0]),
            Json::Array(items) => {
                let mut items: Vec<Json> = items.iter().map(plain).collect();
                items.sort_by_key(Json::to_string);
                Json::Array(items)
            }
            Json::Object(entries) => {
                let mut entries: Vec<_> =
                    entries.iter().map(|(key, value)| (key.clone(), plain(value))).collect();
                entries.sort_by(|one, other| one.0.cmp(&other.0));
                Json::Object(entries.into_iter().collect())
            }
            scalar => Json::String(scalar_text(scalar)),
        }
    }
    plain(one) == plain(other)
}

fn scalar_text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

struct Editor<'t> {
    text: &'t str,
    is_json: bool,
    edits: Vec<Edit>,
}

impl Editor<'_> {
    fn at_path(
        &mut self,
        node: &Node,
        path: &str,
        from: Option<&Json>,
        to: Option<&Json>,
    ) -> Result<(), Refusal> {
        if let Some(function) = function_of(node) {
            return Err(format!("is given by `{function}`"));
        }
        let NodeKind::Map(entries) = &node.kind else {
            return Err("is not written in the template".to_owned());
        };
        let whole = entries.iter().find(|entry| entry.key == path);
        match (whole, path.split_once('.')) {
            (Some(entry), _) => self.entry(node, entry, from, to),
            (None, Some((first, rest))) => {
                let below = node.get(first).ok_or("is not written in the template")?;
                self.at_path(below, rest, from, to)
            }
            (None, None) => Err("is not written in the template".to_owned()),
        }
    }

    fn entry(
        &mut self,
        map: &Node,
        entry: &Entry,
        from: Option<&Json>,
        to: Option<&Json>,
    ) -> Result<(), Refusal> {
        match (from, to) {
            (_, None) => {
                if let Some(function) = function_of(&entry.value) {
                    return Err(format!("is given by `{function}`"));
                }
                self.remove_entry(map, entry)
            }
            (from, Some(to)) => self.value(&entry.value, from.unwrap_or(&Json::Null), to),
        }
    }

    fn value(&mut self, node: &Node, from: &Json, to: &Json) -> Result<(), Refusal> {
        if alike(from, to) {
            return Ok(());
        }
        if let Some(function) = function_of(node) {
            let argument = node.single().and_then(|entry| entry.value.text());
            let hint = match (function, argument) {
                ("Ref", Some(name)) => format!("is `!Ref {name}`: change that, if it is to stay"),
                _ => format!("is given by `{function}`"),
            };
            return Err(hint);
        }
        match (&node.kind, from, to) {
            (NodeKind::Map(_), Json::Object(from), Json::Object(to)) => self.map(node, from, to),
            (NodeKind::List(items), Json::Array(from), Json::Array(to))
                if items.len() == from.len() =>
            {
                self.list(node, items, from, to)
            }
            (NodeKind::Map(_) | NodeKind::List(_), ..) if has_function(node) => {
                Err("has functions in it".to_owned())
            }
            _ => {
                let text = self.rendered(node, to)?;
                self.edits.push(Edit { span: self.span(node), text });
                Ok(())
            }
        }
    }

    fn map(
        &mut self,
        node: &Node,
        from: &serde_json::Map<String, Json>,
        to: &serde_json::Map<String, Json>,
    ) -> Result<(), Refusal> {
        for entry in node.entries() {
            match (from.get(&entry.key), to.get(&entry.key)) {
                (None, None) => {}
                (from, to) => self.entry(node, entry, from, to)?,
            }
        }
        for (key, value) in to.iter().filter(|(key, _)| node.get(key).is_none()) {
            let value = self.flow(value);
            let key = self.flow(&Json::String(key.clone()));
            self.add(node, &format!("{key}: {value}"))?;
        }
        Ok(())
    }

    /// Items that are alike stay; the others give way to one another, or go and come.
    fn list(
        &mut self,
        node: &Node,
        items: &[Node],
        from: &[Json],
        to: &[Json],
    ) -> Result<(), Refusal> {
        let mut new: Vec<&Json> = to.iter().collect();
        let mut old = Vec::new();
        for (item, value) in items.iter().zip(from) {
            match new.iter().position(|one| alike(one, value)) {
                Some(position) => {
                    new.remove(position);
                }
                None => old.push((item, value)),
            }
        }
        let mut new = new.into_iter();
        let gone = old.len().saturating_sub(new.len());
        let (changed, removed) = old.split_at(old.len() - gone);
        for (item, value) in changed {
            if let Some(to) = new.next() {
                self.value(item, value, to)?;
            }
        }
        if !removed.is_empty() && removed.len() == items.len() {
            return Err("would be an empty list".to_owned());
        }
        for (item, _) in removed {
            self.remove_item(node, item)?;
        }
        for value in new {
            let value = self.flow(value);
            let text = if self.is_flow(node) { value } else { format!("- {value}") };
            self.add(node, &text)?;
        }
        Ok(())
    }

    fn is_flow(&self, node: &Node) -> bool {
        self.text[node.span.start..].starts_with(['{', '['])
    }

    /// What a node takes of the text.
    fn span(&self, node: &Node) -> Span {
        Span { start: node.span.start, end: self.end(node) }
    }

    /// Where a node ends; a block ends with the last thing in it.
    fn end(&self, node: &Node) -> usize {
        let last = match &node.kind {
            NodeKind::List(items) => items.last(),
            NodeKind::Map(entries) => entries.last().map(|entry| &entry.value),
            _ => None,
        };
        match last {
            Some(last) if !self.is_flow(node) => self.end(last),
            _ => node.span.end,
        }
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |found| found + 1)
    }

    fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |found| at + found + 1)
    }

    /// Another entry or item behind the last one.
    fn add(&mut self, node: &Node, text: &str) -> Result<(), Refusal> {
        let end = self.end(node);
        if self.is_flow(node) {
            let is_empty = node.items().is_empty() && node.entries().is_empty();
            let last = match &node.kind {
                NodeKind::List(items) => items.last().map(|one| self.end(one)),
                _ => node.entries().last().map(|one| self.end(&one.value)),
            };
            let at = last.unwrap_or(node.span.start + 1);
            let text = if is_empty { text.to_owned() } else { format!(", {text}") };
            self.edits.push(Edit { span: Span { start: at, end: at }, text });
            return Ok(());
        }
        let first = match &node.kind {
            NodeKind::List(items) => items.first().map(|item| item.span.start),
            _ => node.entries().first().map(|entry| entry.key_span.start),
        };
        let Some(first) = first else { return Err("is empty".to_owned()) };
        let begin = match &node.kind {
            // The dash before the first item.
            NodeKind::List(_) => self.text[..first].rfind('-').unwrap_or(first),
            _ => first,
        };
        let indentation = self.text[self.line_start(begin)..begin].chars().count();
        let at = self.line_end(end);
        let mut line = format!("{}{text}\n", " ".repeat(indentation));
        if !self.text[..at].ends_with('\n') {
            line = format!("\n{}", line.trim_end_matches('\n'));
        }
        self.edits.push(Edit { span: Span { start: at, end: at }, text: line });
        Ok(())
    }

    fn remove_entry(&mut self, map: &Node, entry: &Entry) -> Result<(), Refusal> {
        let siblings: Vec<Span> = map
            .entries()
            .iter()
            .map(|one| Span { start: one.key_span.start, end: self.end(&one.value) })
            .collect();
        let own = Span { start: entry.key_span.start, end: self.end(&entry.value) };
        self.remove(map, &siblings, own, own.start)
    }

    fn remove_item(&mut self, list: &Node, item: &Node) -> Result<(), Refusal> {
        let siblings: Vec<Span> = list.items().iter().map(|one| self.span(one)).collect();
        let own = self.span(item);
        let begin = match self.is_flow(list) {
            true => own.start,
            false => self.text[..own.start].rfind('-').unwrap_or(own.start),
        };
        self.remove(list, &siblings, own, begin)
    }

    fn remove(
        &mut self,
        parent: &Node,
        siblings: &[Span],
        own: Span,
        begin: usize,
    ) -> Result<(), Refusal> {
        let position = siblings.iter().position(|one| *one == own).unwrap_or_default();
        if self.is_flow(parent) {
            let span = match (siblings.get(position + 1), position.checked_sub(1)) {
                (Some(next), _) => Span { start: own.start, end: next.start },
                (None, Some(before)) => Span { start: siblings[before].end, end: own.end },
                (None, None) => own,
            };
            self.edits.push(Edit { span, text: String::new() });
            return Ok(());
        }
        if siblings.len() == 1 {
            return Err("would leave nothing beside it".to_owned());
        }
        let start = self.line_start(begin);
        if !self.text[start..begin].trim().is_empty() {
            // The first key of an item stands behind its dash, which the next one then takes.
            let next = siblings.get(position + 1).ok_or("cannot be taken out of its line")?;
            let span = Span { start: begin, end: next.start };
            self.edits.push(Edit { span, text: String::new() });
            return Ok(());
        }
        let span = Span { start, end: self.line_end(own.end) };
        self.edits.push(Edit { span, text: String::new() });
        Ok(())
    }

    /// A value in the place of a node, quoted as that is.
    fn rendered(&self, node: &Node, value: &Json) -> Result<String, Refusal> {
        let old = &self.text[node.span.start..node.span.end];
        if old.starts_with('*') {
            return Err("is an alias of what stands elsewhere".to_owned());
        }
        if value.is_object() || value.is_array() {
            return Ok(self.flow(value));
        }
        let text = scalar_text(value);
        if let Some(header) = self.block_header(node) {
            return self.block(node, header, &text);
        }
        if self.is_json && !value.is_string() && !old.starts_with('"') {
            return Ok(value.to_string());
        }
        if old.starts_with('\'') && !text.contains('\n') {
            return Ok(format!("'{}'", text.replace('\'', "''")));
        }
        if old.starts_with('"') {
            return Ok(Json::String(text).to_string());
        }
        Ok(self.flow(value))
    }

    /// What says that a node is a block of lines: `|`, `>-`.
    fn block_header(&self, node: &Node) -> Option<&str> {
        let start = self.line_start(node.span.start);
        if !matches!(node.kind, NodeKind::String(_))
            || !self.text[start..node.span.start].trim().is_empty()
        {
            return None;
        }
        let above = self.text[..start].trim_end().rsplit([' ', '\n']).next()?;
        above.starts_with(['|', '>']).then_some(above)
    }

    /// Lines in the place of others, indented alike.
    fn block(&self, node: &Node, header: &str, text: &str) -> Result<String, Refusal> {
        if !header.starts_with('|') {
            return Err("is folded text".to_owned());
        }
        let old = &self.text[node.span.start..node.span.end];
        let indentation = &self.text[self.line_start(node.span.start)..node.span.start];
        let mut lines = text.trim_end_matches('\n').lines();
        let mut block = lines.next().unwrap_or_default().to_owned();
        for line in lines {
            block.push('\n');
            if !line.is_empty() {
                block.push_str(indentation);
                block.push_str(line);
            }
        }
        block.push_str(&old[old.trim_end_matches('\n').len()..]);
        Ok(block)
    }

    /// A value in one line.
    fn flow(&self, value: &Json) -> String {
        if self.is_json {
            return value.to_string();
        }
        match value {
            Json::Object(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    format!("{}: {}", self.flow(&Json::String(key.clone())), self.flow(value))
                });
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            Json::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Json::String(text) => {
                let mut written = String::new();
                print::string_to(text, &mut written);
                written
            }
            scalar => scalar.to_string(),
        }
    }
}

fn has_function(node: &Node) -> bool {
    function_of(node).is_some()
        || node.items().iter().any(has_function)
        || node.entries().iter().any(|entry| has_function(&entry.value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const YAML: &str = "\
Resources:
  One: # the first
    Type: T
    Properties:
      Days: 7   # a week
      Name: 'it''s'
      Flow: {A: 1, B: [x, y], C: z}
      Block:
        # which they are
        - Key: a
          Value: 1
        - Key: !Ref B
          Value: \"two\" # here
      Text: |
        one
        two
      Param: !Ref Days
      Last: x
";

    const JSON: &str = r#"{
  "Resources": {
    "One": {
      "Properties": {
        "Days": 7,
        "Tags": [{"Key": "a", "Value": "1"}],
        "Last": true
      }
    }
  }
}
"#;

    /// What a text becomes, as the lines that go and come; or why not.
    fn change(text: &str, path: &str, from: &Json, to: &Json) -> String {
        let source = Arc::new(Source { name: "t".to_owned(), text: text.to_owned() });
        let root = load(&source).expect("it is a template");
        let all = root.get("Resources").expect("it has some");
        let node = all.get("One").and_then(|one| one.get("Properties")).expect("it has some");
        let side = |json: &Json| (!json.is_null()).then(|| json.clone());
        let (from, to) = (side(from), side(to));
        let edits = match edits(&source, node, path, from.as_ref(), to.as_ref()) {
            Ok(edits) => edits,
            Err(refusal) => return refusal,
        };
        let after = edited(text, &edits);
        assert!(says(&source, &after, "One", path, to.as_ref()), "{path}: {after}");
        let diff = similar::TextDiff::from_lines(text, &after);
        let told = diff.iter_all_changes().filter_map(|change| match change.tag() {
            similar::ChangeTag::Delete => Some(format!("-{}", change.value().trim())),
            similar::ChangeTag::Insert => Some(format!("+{}", change.value().trim())),
            similar::ChangeTag::Equal => None,
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_value_changes_at_its_place_and_nothing_else_does() {
        let block = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "two"}]);
        for (path, from, to, expected) in [
            ("Days", json!(7), json!(14), "-Days: 7   # a week +Days: 14   # a week"),
            ("Name", json!("it's"), json!("that's"), "-Name: 'it''s' +Name: 'that''s'"),
            ("Name", json!("it's"), json!("a\nb"), "-Name: 'it''s' +Name: \"a\\nb\""),
            (
                "Flow.A",
                json!(1),
                json!(2),
                "-Flow: {A: 1, B: [x, y], C: z} +Flow: {A: 2, B: [x, y], C: z}",
            ),
            (
                "Flow.B",
                json!(["x", "y"]),
                json!(["y"]),
                "-Flow: {A: 1, B: [x, y], C: z} +Flow: {A: 1, B: [y], C: z}",
            ),
            (
                "Flow.B",
                json!(["x", "y"]),
                json!(["z", "x", "y", "a b"]),
                "-Flow: {A: 1, B: [x, y], C: z} +Flow: {A: 1, B: [x, y, z, \"a b\"], C: z}",
            ),
            (
                "Flow.C",
                json!("z"),
                Json::Null,
                "-Flow: {A: 1, B: [x, y], C: z} +Flow: {A: 1, B: [x, y]}",
            ),
            (
                "Flow",
                json!({"A": 1, "B": ["x", "y"], "C": "z"}),
                json!({"A": 1, "B": ["x", "y"], "D": true}),
                "-Flow: {A: 1, B: [x, y], C: z} +Flow: {A: 1, B: [x, y], D: true}",
            ),
            (
                "Block",
                block.clone(),
                json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "three"}]),
                "-Value: \"two\" # here +Value: \"three\" # here",
            ),
            ("Block", block.clone(), json!([{"Key": "b", "Value": "two"}]), "-- Key: a -Value: 1"),
            (
                "Block",
                block.clone(),
                json!([{"Key": "b", "Value": "two"}, {"Key": "a", "Value": "1"}, {"Key": "c", "Value": "3"}]),
                "+- {Key: c, Value: \"3\"}",
            ),
            ("Text", json!("one\ntwo\n"), json!("one\n\nthree\n"), "-two + +three"),
            ("Last", json!("x"), json!(true), "-Last: x +Last: true"),
            ("Days", json!(7), Json::Null, "-Days: 7   # a week"),
            ("Last", json!("x"), Json::Null, "-Last: x"),
        ] {
            assert_eq!(change(YAML, path, &from, &to), expected, "{path} to {to}");
        }
        for (path, from, to, expected) in [
            ("Days", json!(7), json!(14), "-\"Days\": 7, +\"Days\": 14,"),
            (
                "Tags",
                json!([{"Key": "a", "Value": "1"}]),
                json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]),
                "-\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}], \
                 +\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}, {\"Key\":\"b\",\"Value\":\"2\"}],",
            ),
            ("Days", json!(7), Json::Null, "-\"Days\": 7,"),
        ] {
            assert_eq!(change(JSON, path, &from, &to), expected, "{path} to {to}");
        }
    }

    #[test]
    fn what_a_function_gives_is_not_written_over() {
        let block = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "two"}]);
        for (path, from, to, expected) in [
            ("Param", json!(1), json!(2), "is `!Ref Days`: change that, if it is to stay"),
            ("Param", json!(1), Json::Null, "is given by `Ref`"),
            ("Tags", json!([]), json!([1]), "is not written in the template"),
            ("Days.More", json!(1), json!(2), "is not written in the template"),
            (
                "Block",
                block,
                json!([{"Key": "a", "Value": "1"}, {"Key": "c", "Value": "two"}]),
                "is `!Ref B`: change that, if it is to stay",
            ),
        ] {
            assert_eq!(change(YAML, path, &from, &to), expected, "{path} to {to}");
        }
    }
}

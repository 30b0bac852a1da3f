//! What `Transform: AWS::LanguageExtensions` adds to the functions.

use super::evaluate::{Evaluator, FAILED, is_failed, is_function};
use super::text::Text;
use crate::schema::Kind;
use crate::template::{Entry, Language, NEEDS_EXTENSIONS, Node};
use crate::value::{Literal, Secret, Value};

/// The name that stands where one must be.
pub enum Name {
    Is(String),
    /// What was to give it has been complained of.
    Failed,
    None,
}

impl Evaluator<'_> {
    /// A name as written, or as a function gives it.
    pub(super) fn name(&mut self, node: &Node) -> Name {
        if let Some(text) = node.text() {
            return Name::Is(text.to_owned());
        }
        let is_computed = self.template.language == Language::Extended
            && node.single().is_some_and(|entry| is_function(&entry.key));
        match is_computed.then(|| self.value(node)).flatten() {
            Some(value) if is_failed(&value) => Name::Failed,
            Some(Value::String(text)) => Name::Is(text),
            Some(Value::Literal(literal)) => Name::Is(literal.text().to_owned()),
            _ => Name::None,
        }
    }

    /// `Fn::Length` and `Fn::ToJsonString`.
    pub(super) fn extended(&mut self, entry: &Entry) -> Value {
        if self.template.language == Language::Plain {
            let message = format!("`{}` is none of the functions of this template", entry.key);
            return self.fail(entry.key_span, message, Some(NEEDS_EXTENSIONS.to_owned()));
        }
        match entry.key.as_str() {
            "Fn::Length" => self.length(&entry.value),
            _ => self.json(&entry.value),
        }
    }

    pub(super) fn misplaced_loop(&mut self, entry: &Entry) -> Value {
        let (message, hint) = match self.template.language {
            Language::Plain => {
                ("`Fn::ForEach` is none of the functions of this template", NEEDS_EXTENSIONS)
            }
            Language::Extended => (
                "`Fn::ForEach` cannot stand here",
                "it can in Conditions, Resources, Outputs and the properties of a resource",
            ),
        };
        self.fail(entry.key_span, message, Some(hint.to_owned()))
    }

    fn length(&mut self, argument: &Node) -> Value {
        match self.value(argument) {
            Some(Value::List(items)) => {
                Value::Literal(Literal::Number { text: items.len().to_string() })
            }
            Some(Value::Unknown(unknown))
                if unknown.source != FAILED && self.kind(argument) != Some(Kind::String) =>
            {
                Value::unknown(format!("Length({})", unknown.source))
            }
            other => self.misfit(other.as_ref(), argument.span, "`Fn::Length` takes a list"),
        }
    }

    fn json(&mut self, argument: &Node) -> Value {
        match self.value(argument) {
            Some(value @ (Value::List(_) | Value::Map(_))) => {
                let mut written = Text::default();
                write_json(&value, &mut written);
                written.into_value()
            }
            Some(Value::Unknown(unknown)) if self.kind(argument) != Some(Kind::String) => {
                Value::unknown(format!("ToJsonString({})", unknown.source))
            }
            other => {
                let message = "`Fn::ToJsonString` takes a map or a list";
                self.misfit(other.as_ref(), argument.span, message)
            }
        }
    }
}

/// Writes JSON without spaces, keys in their order, of values of which some may be unknown.
fn write_json(value: &Value, into: &mut Text) {
    match value {
        Value::List(items) => {
            into.push("[");
            for (index, item) in items.iter().enumerate() {
                into.push(if index > 0 { "," } else { "" });
                write_json(item, into);
            }
            into.push("]");
        }
        Value::Map(entries) => {
            into.push("{");
            for (index, (key, item)) in entries.iter().enumerate() {
                into.push(if index > 0 { "," } else { "" });
                into.push(&quoted(key));
                into.push(":");
                write_json(item, into);
            }
            into.push("}");
        }
        Value::Unknown(_) => {
            into.push("\"");
            into.push_value(value);
            into.push("\"");
        }
        Value::Secret(secret) => {
            into.push_value(&Value::Secret(Secret::new(quoted(secret.expose()))));
        }
        Value::String(text) => into.push(&quoted(text)),
        Value::Null | Value::Literal(_) => into.push(&value.to_json().to_string()),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

//! A text put together from values, of which some are unknown or secret.

use crate::value::{Secret, Value};

/// A text being put together, of which parts may be unknown or secret.
#[derive(Default)]
pub struct Text {
    text: String,
    unknown: bool,
    secret: bool,
}

impl Text {
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a scalar; tells whether it was one.
    pub fn push_value(&mut self, value: &Value) -> bool {
        match value {
            Value::Unknown(unknown) => {
                self.unknown = true;
                if unknown.source.contains("${") {
                    self.text.push_str(&unknown.source);
                } else {
                    self.text.push_str(&format!("${{{}}}", unknown.source));
                }
            }
            Value::Secret(secret) => {
                self.secret = true;
                self.text.push_str(secret.expose());
            }
            Value::Null | Value::List(_) | Value::Map(_) => return false,
            Value::Literal(_) | Value::String(_) => {
                self.text.push_str(value.as_text().unwrap_or_default());
            }
        }
        true
    }

    pub fn into_value(self) -> Value {
        match (self.unknown, self.secret) {
            (true, true) => Value::unknown("a text with a secret"),
            (true, false) => Value::unknown(self.text),
            (false, true) => Value::Secret(Secret::new(self.text)),
            (false, false) => Value::String(self.text),
        }
    }
}

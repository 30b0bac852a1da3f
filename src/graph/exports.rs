//! What a stack gives to others and takes from them: `Export` and `Fn::ImportValue`.

use std::collections::BTreeMap;

use super::Graph;
use super::evaluate::{Evaluator, FAILED, is_failed};
use super::lookup::{Lookup, Nothing};
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::template::Node;
use crate::value::Value;

/// An export and what it evaluates to.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportValue {
    pub name: String,
    pub value: Value,
    /// Where its name is written.
    pub span: Span,
}

impl Graph {
    /// What other stacks may import.
    ///
    /// # Errors
    ///
    /// What the functions in the names and values complain of.
    pub fn exports(&self, lookup: &dyn Lookup) -> Result<Vec<ExportValue>, Vec<Diagnostic>> {
        let mut evaluator = self.evaluator(lookup);
        let exports = self.evaluate_exports(&mut evaluator);
        let errors = evaluator.into_errors();
        if errors.is_empty() { Ok(exports) } else { Err(errors) }
    }

    fn evaluate_exports(&self, evaluator: &mut Evaluator<'_>) -> Vec<ExportValue> {
        let mut exports = Vec::new();
        for output in self.template.outputs.values() {
            let Some(written) = &output.export_name else { continue };
            if !self.holds(output.condition.as_ref()) {
                continue;
            }
            let name = evaluator.export_name(written);
            let value = evaluator.value(&output.value).unwrap_or(Value::Null);
            if let Some(name) = name {
                exports.push(ExportValue { name, value, span: written.span });
            }
        }
        exports
    }

    /// Checks what is exported, and notes what the outputs import.
    pub(super) fn check_exports(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        let mut evaluator = self.evaluator(&Nothing);
        for output in self.template.outputs.values() {
            if self.holds(output.condition.as_ref()) {
                evaluator.value(&output.value);
            }
        }
        let exports = self.evaluate_exports(&mut evaluator);
        let imported = std::mem::take(&mut evaluator.imported);
        diagnostics.extend(evaluator.into_errors());
        self.imports.extend(imported);
        let mut seen = BTreeMap::new();
        for ExportValue { name, value, span } in exports {
            if seen.insert(name.clone(), span).is_some() {
                diagnostics.push(
                    Diagnostic::error(format!("`{name}` is exported twice"))
                        .at(&self.template.source, span),
                );
            }
            if value.has_secret() {
                diagnostics.push(
                    Diagnostic::error(format!("`{name}` would export a hidden value"))
                        .at(&self.template.source, span)
                        .hint("give the other stack the secret as a parameter with NoEcho"),
                );
            }
        }
    }
}

impl Evaluator<'_> {
    pub(super) fn import(&mut self, argument: &Node) -> Value {
        let Some(name) = self.export_name(argument) else { return Value::unknown(FAILED) };
        let Some(exports) = &self.inputs.exports else {
            return Value::unknown(format!("ImportValue({name})"));
        };
        if let Some(export) = exports.get(&name) {
            self.imported.insert(name, export.stack.clone());
            return Value::from(&export.value);
        }
        let hint = match nearest(&name, exports.keys().map(String::as_str)) {
            Some(near) => {
                format!("did you mean `{near}`, which `{}` exports?", exports[near].stack)
            }
            None => "deploy the stack that exports it first".to_owned(),
        };
        let message = format!("no other stack of this environment exports `{name}`");
        self.fail(argument.span, message, Some(hint))
    }

    /// The name of an export: it can depend on nothing that is made.
    fn export_name(&mut self, node: &Node) -> Option<String> {
        let value = self.value(node);
        match &value {
            Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
            Some(Value::Literal(literal)) => Some(literal.text().to_owned()),
            Some(failed) if is_failed(failed) => None,
            _ => {
                let message = "the name of an export is a text known before deployment";
                self.fail(node.span, message, None);
                None
            }
        }
    }
}

//! What a stack gives to others and takes from them: `Export` and `Fn::ImportValue`.

use std::collections::BTreeMap;

use super::Graph;
use super::evaluate::{Evaluator, FAILED, is_failed};
use super::lookup::{Lookup, Nothing};
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::template::Node;
use crate::value::{SECRET_PREFIX, Value};

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
            return export.value.clone();
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

    /// What another stack tells, without holding it to that.
    pub(super) fn stack_output(&mut self, argument: &Node) -> Value {
        const KEYS: [&str; 4] = ["StackName", "OutputName", "Region", "RoleArn"];
        if let Some(entry) = argument.entries().iter().find(|one| !KEYS.contains(&one.key.as_str()))
        {
            let hint = nearest(&entry.key, KEYS).map(|near| format!("did you mean `{near}`?"));
            let message = format!("`Fn::GetStackOutput` takes no `{}`", entry.key);
            return self.fail(entry.key_span, message, hint);
        }
        if let Some(role) = argument.get("RoleArn") {
            let hint = "an environment knows the stacks of one account: leave it out for one of \
                        them, and give what another account's stack tells as a parameter"
                .to_owned();
            let message = "an output in another account cannot be had: `RoleArn` is not supported";
            return self.fail(role.span, message, Some(hint));
        }
        let mut texts = Vec::new();
        for key in ["StackName", "OutputName"] {
            let Some(node) = argument.get(key) else {
                let message = format!("`Fn::GetStackOutput` takes a map with `{key}`");
                return self.fail(argument.span, message, None);
            };
            match self.known_text(node, &format!("`{key}`")) {
                Some(text) => texts.push(text),
                None => return Value::unknown(FAILED),
            }
        }
        let region = match argument.get("Region").map(|node| self.known_text(node, "`Region`")) {
            Some(None) => return Value::unknown(FAILED),
            Some(Some(region)) => region,
            None => self.inputs.region.clone(),
        };
        self.output_of(argument, &texts[0], &texts[1], &region)
    }

    fn output_of(&mut self, node: &Node, stack: &str, output: &str, region: &str) -> Value {
        let Some(all) = &self.inputs.outputs else {
            return Value::unknown(format!("GetStackOutput({stack}.{output})"));
        };
        let here: Vec<_> = all.iter().filter(|one| one.region == region).collect();
        let Some(told) = here.iter().find(|one| one.stack == stack) else {
            let near = nearest(stack, here.iter().map(|one| one.stack.as_str()));
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "deploy it first".to_owned(),
            };
            let message = format!("this environment has no stack `{stack}` in {region}");
            return self.fail(node.span, message, Some(hint));
        };
        match told.outputs.get(output) {
            Some(Value::String(text)) if text.starts_with(SECRET_PREFIX) => {
                let message = format!("the output `{output}` of `{stack}` is hidden");
                self.fail(node.span, message, None)
            }
            Some(value) => value.clone(),
            None => {
                let near = nearest(output, told.outputs.keys().map(String::as_str));
                let hint = near.map(|near| format!("did you mean `{near}`?"));
                let message = format!("the stack `{stack}` has no output `{output}`");
                self.fail(node.span, message, hint)
            }
        }
    }

    /// The name of an export: it can depend on nothing that is made.
    fn export_name(&mut self, node: &Node) -> Option<String> {
        self.known_text(node, "the name of an export")
    }

    /// A text that depends on nothing that is made.
    fn known_text(&mut self, node: &Node, what: &str) -> Option<String> {
        let value = self.value(node);
        match &value {
            Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
            Some(Value::Literal(literal)) => Some(literal.text().to_owned()),
            Some(failed) if is_failed(failed) => None,
            _ => {
                let message = format!("{what} is a text known before deployment");
                self.fail(node.span, message, None);
                None
            }
        }
    }
}

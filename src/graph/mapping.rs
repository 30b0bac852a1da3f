//! `Fn::FindInMap`.

use super::evaluate::{Evaluated, Evaluator, FAILED};
use crate::diagnostic::nearest;
use crate::template::{Language, Node, NodeKind};
use crate::value::Value;

impl Evaluator<'_> {
    pub(super) fn find_in_map(&mut self, argument: &Node) -> Evaluated {
        let (name, top, second, default) = match argument.items() {
            [name, top, second] => (name, top, second, None),
            [name, top, second, options] if self.template.language == Language::Extended => {
                match options.single().filter(|entry| entry.key == "DefaultValue") {
                    Some(default) => (name, top, second, Some(&default.value)),
                    None => {
                        let message = "the last argument of `Fn::FindInMap` has one key, \
                                       `DefaultValue`";
                        return Some(self.fail(options.span, message, None));
                    }
                }
            }
            [_, _, _, options] if options.get("DefaultValue").is_some() => {
                let hint = crate::template::NEEDS_EXTENSIONS.to_owned();
                let message = "`DefaultValue` is no argument of `Fn::FindInMap` here";
                return Some(self.fail(options.span, message, Some(hint)));
            }
            _ => {
                let message = "`Fn::FindInMap` takes a map and two keys";
                return Some(self.fail(argument.span, message, None));
            }
        };
        let keys = match self.map_keys([name, top, second]) {
            Ok(keys) => keys,
            Err(failed) => return Some(failed),
        };
        let Some(mapping) = self.template.mappings.get(&keys[0]) else {
            if self.template.incomplete.contains("Mappings") {
                return Some(Value::unknown(FAILED));
            }
            let near = nearest(&keys[0], self.template.mappings.keys().map(String::as_str));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            let message = format!("there is no mapping `{}`", keys[0]);
            return Some(self.fail(name.span, message, hint));
        };
        let mut found = mapping;
        for (key, node) in keys[1..].iter().zip([top, second]) {
            match found.get(key) {
                Some(value) => found = value,
                // That there are no keys in it has been said.
                None if !matches!(found.kind, NodeKind::Map(_)) => {
                    return Some(Value::unknown(FAILED));
                }
                None => {
                    if let Some(default) = default {
                        return self.value(default);
                    }
                    let near = nearest(key, found.entries().iter().map(|entry| entry.key.as_str()));
                    let hint = near.map(|near| format!("did you mean `{near}`?"));
                    let message = format!("mapping `{}` has no key `{key}`", keys[0]);
                    return Some(self.fail(node.span, message, hint));
                }
            }
        }
        Some(self.value(found).unwrap_or(Value::Null))
    }

    /// The texts of the three names; else the value of what failed.
    fn map_keys(&mut self, nodes: [&Node; 3]) -> Result<Vec<String>, Value> {
        let mut keys = Vec::new();
        for node in nodes {
            match self.value(node) {
                Some(Value::Secret(_)) => {
                    let message = "a key of `Fn::FindInMap` cannot be hidden";
                    return Err(self.fail(node.span, message, None));
                }
                Some(value) if value.as_text().is_some() => {
                    keys.push(value.as_text().unwrap_or_default().to_owned());
                }
                other => {
                    return Err(self.misfit(
                        other.as_ref(),
                        node.span,
                        "the arguments of `Fn::FindInMap` are texts known before deployment",
                    ));
                }
            }
        }
        Ok(keys)
    }
}

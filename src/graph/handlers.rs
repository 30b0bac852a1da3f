//! A function's handler held against the files of its code: one that is not there is found by AWS
//! only when somebody calls.

use crate::ordered::IndexMap;

use super::known::Known;
use super::{Graph, Node};
use crate::diagnostic::{Diagnostic, nearest};
use crate::schema::{At, Segment};
use crate::value::Value;

/// More modules than this are no hint.
const SHOWN_MODULES: usize = 8;
/// Where layers lie.
const LAYERS: &str = "/opt/";
/// Variables that make the runtime look elsewhere too.
const SEARCH_PATHS: [&str; 2] = ["PYTHONPATH", "NODE_PATH"];

/// How a runtime finds a handler.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Python,
    NodeJs,
}

/// Checks the functions whose files are known.
pub fn check(graph: &Graph, known: &Known, diagnostics: &mut Vec<Diagnostic>) {
    let functions = graph.nodes.values().filter(|node| node.type_name == "AWS::Lambda::Function");
    diagnostics.extend(functions.filter_map(|node| function(graph, known, node)));
}

fn function(graph: &Graph, known: &Known, node: &Node) -> Option<Diagnostic> {
    let properties = known.sound(&node.id)?;
    let handler = properties.get("Handler")?.as_text()?;
    let language = match properties.get("Runtime")?.as_text()? {
        runtime if runtime.starts_with("python") => Language::Python,
        runtime if runtime.starts_with("nodejs") => Language::NodeJs,
        _ => return None,
    };
    let files = match graph.inputs.assets.get(&node.id) {
        Some(asset) => asset.files.clone(),
        None => {
            get(properties.get("Code")?, "ZipFile")?;
            vec![language.inline_file().to_owned()]
        }
    };
    if files.is_empty() || handler.starts_with(LAYERS) {
        return None;
    }
    let (message, hint) = match language.module(handler) {
        None => (
            format!("the handler `{handler}` names no module and function"),
            "write it as `module.function`".to_owned(),
        ),
        Some((module, _)) if language.has(module, &files) => return None,
        Some((module, rest)) => (
            format!("the code of `{}` has no module `{module}`", node.id),
            language.hint(module, rest, &files),
        ),
    };
    let span = graph.span_of(&node.id, &[Segment::Key("Handler".to_owned())], At::Value);
    let finding = match looks_elsewhere(properties) {
        true => Diagnostic::warning(format!("{message}; it has to be in a layer")),
        false => Diagnostic::error(message),
    };
    Some(finding.at(&graph.template.source, span).hint(hint))
}

/// Whether modules may come from somewhere else than the code.
fn looks_elsewhere(properties: &IndexMap<String, Value>) -> bool {
    let layers = match properties.get("Layers") {
        None => false,
        Some(Value::List(items)) => !items.is_empty(),
        Some(_) => true,
    };
    let searches = match properties.get("Environment").and_then(|one| get(one, "Variables")) {
        Some(Value::Map(variables)) => {
            SEARCH_PATHS.iter().any(|name| variables.contains_key(*name))
        }
        Some(value) => value.has_unknown(),
        None => false,
    };
    layers || searches || properties.get("FileSystemConfigs").is_some()
}

impl Language {
    /// The one file of code that is written in the template.
    fn inline_file(self) -> &'static str {
        match self {
            Self::Python => "index.py",
            Self::NodeJs => "index.js",
        }
    }

    fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Python => &[".py", ".pyc", "/__init__.py", "/__init__.pyc"],
            Self::NodeJs => &[".js", ".mjs", ".cjs", "", "/index.js", "/index.mjs", "/index.cjs"],
        }
    }

    /// The module that a handler names, and its function.
    fn module(self, handler: &str) -> Option<(&str, &str)> {
        let split = match self {
            Self::Python => handler.rsplit_once('.'),
            // A name in a folder: the module ends at the first point of the name.
            Self::NodeJs => {
                let name = handler.rfind('/').map_or(0, |slash| slash + 1);
                let point = name + handler[name..].find('.')?;
                Some((&handler[..point], &handler[point + 1..]))
            }
        };
        split.filter(|(module, function)| !module.is_empty() && !function.is_empty())
    }

    /// Where the module would be, without its ending.
    fn path(self, module: &str) -> String {
        match self {
            Self::Python => module.replace('.', "/"),
            Self::NodeJs => module.trim_start_matches("./").to_owned(),
        }
    }

    fn has(self, module: &str, files: &[String]) -> bool {
        let path = self.path(module);
        let is_it = |file: &str| {
            file.strip_prefix(path.as_str()).is_some_and(|rest| {
                // A compiled module says for what: `app.cpython-313-x86_64-linux-gnu.so`.
                let is_compiled = rest.starts_with('.') && rest.rsplit('.').next() == Some("so");
                self.endings().contains(&rest) || (self == Self::Python && is_compiled)
            })
        };
        let in_package = |file: &str| match self {
            Self::Python => false,
            Self::NodeJs => file.strip_prefix("node_modules/").is_some_and(is_it),
        };
        files.iter().any(|file| is_it(file) || in_package(file))
    }

    fn hint(self, module: &str, function: &str, files: &[String]) -> String {
        let file = |file: &'_ String| {
            let ending = self.endings()[..3].iter().find(|ending| file.ends_with(**ending))?;
            (!file.contains('/')).then(|| file.strip_suffix(ending).unwrap_or(file).to_owned())
        };
        let modules: Vec<String> = files.iter().filter_map(file).collect();
        let near = nearest(module, modules.iter().map(String::as_str));
        match (near, modules.as_slice()) {
            (Some(near), _) => format!("did you mean `{near}.{function}`?"),
            (None, [only]) => format!("did you mean `{only}.{function}`?"),
            (None, []) => "no module lies at the top of it".to_owned(),
            (None, several) if several.len() <= SHOWN_MODULES => {
                let named: Vec<_> = several.iter().map(|one| format!("`{one}`")).collect();
                format!("it has {}", named.join(", "))
            }
            (None, several) => format!("it has {} others", several.len()),
        }
    }
}

fn get<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Map(entries) => entries.get(key),
        _ => None,
    }
}

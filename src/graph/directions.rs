//! What a template says to Cairn itself about a resource, under `Metadata: Cairn:`.

use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::schema::{self, Shape, TypeFacts};
use crate::template::{Node, NodeKind, ResourceNode, Template};
use crate::value::{Literal, LogicalId};

/// The key below `Metadata`.
const KEY: &str = "Cairn";
const IGNORE_DRIFT: &str = "IgnoreDrift";
const MOVED_FROM: &str = "MovedFrom";

/// What is to be done otherwise than for other resources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directions {
    pub ignore_drift: IgnoreDrift,
    /// The logical id it had before, and where that stands.
    pub moved_from: Option<(LogicalId, Span)>,
}

/// Which changes of others are left as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum IgnoreDrift {
    #[default]
    None,
    /// What stands at these paths and below.
    Paths(Vec<String>),
    All,
}

impl IgnoreDrift {
    /// Whether a change at `path` by somebody else is left as it is.
    pub fn covers(&self, path: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Paths(paths) => paths.iter().any(|above| {
                path.strip_prefix(above.as_str())
                    .is_some_and(|below| below.is_empty() || below.starts_with(['.', '[']))
            }),
        }
    }
}

/// Reads the directions of one resource; what is wrong with them is told.
pub fn directions(
    template: &Template,
    declared: &ResourceNode,
    findings: &mut Vec<Diagnostic>,
) -> Directions {
    let mut reader = Reader { template, declared, findings };
    reader.read().unwrap_or_default()
}

struct Reader<'r> {
    template: &'r Template,
    declared: &'r ResourceNode,
    findings: &'r mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn read(&mut self) -> Option<Directions> {
        let node = self.declared.metadata.as_ref()?.get(KEY)?;
        let mut directions = Directions::default();
        if !matches!(node.kind, NodeKind::Map(_)) {
            self.wrong(node.span, "`Cairn` in `Metadata` is not a map".to_owned(), None);
        }
        for entry in node.entries() {
            match entry.key.as_str() {
                IGNORE_DRIFT => directions.ignore_drift = self.ignore_drift(&entry.value),
                MOVED_FROM => directions.moved_from = self.moved_from(&entry.value),
                other => {
                    let near = nearest(other, [IGNORE_DRIFT, MOVED_FROM]);
                    let hint = near.map_or_else(
                        || format!("there are `{IGNORE_DRIFT}` and `{MOVED_FROM}`"),
                        |near| format!("did you mean `{near}`?"),
                    );
                    let message = format!("`{other}` is nothing that Cairn can be told");
                    self.wrong(entry.key_span, message, Some(hint));
                }
            }
        }
        Some(directions)
    }

    fn wrong(&mut self, span: Span, message: String, hint: Option<String>) {
        let finding = Diagnostic::error(message).at(&self.template.source, span).hint_if(hint);
        self.findings.push(finding);
    }

    fn ignore_drift(&mut self, node: &Node) -> IgnoreDrift {
        match &node.kind {
            NodeKind::Literal(Literal::Bool { value: true, .. }) => return IgnoreDrift::All,
            NodeKind::Literal(Literal::Bool { value: false, .. }) => return IgnoreDrift::None,
            NodeKind::String(text) if text == "true" => return IgnoreDrift::All,
            NodeKind::String(text) if text == "false" => return IgnoreDrift::None,
            NodeKind::List(_) => {}
            _ => {
                let hint = "write `true` for all of it, or a list of properties: \
                            `[Environment.Variables, Tags]`";
                let message = format!("`{IGNORE_DRIFT}` is {}", node.kind_name());
                self.wrong(node.span, message, Some(hint.to_owned()));
                return IgnoreDrift::None;
            }
        }
        let paths = node.items().iter().filter_map(|item| self.path(item)).collect();
        IgnoreDrift::Paths(paths)
    }

    fn path(&mut self, node: &Node) -> Option<String> {
        let NodeKind::String(path) = &node.kind else {
            let message =
                format!("a path in `{IGNORE_DRIFT}` is a string, not {}", node.kind_name());
            self.wrong(node.span, message, None);
            return None;
        };
        let facts = schema::facts(&self.declared.type_name);
        if let Some((message, hint)) = facts.and_then(|facts| misfit(facts, path)) {
            self.wrong(node.span, message, Some(hint));
            return None;
        }
        Some(path.clone())
    }

    fn moved_from(&mut self, node: &Node) -> Option<(LogicalId, Span)> {
        let NodeKind::String(text) = &node.kind else {
            let message = format!("`{MOVED_FROM}` is a logical id, not {}", node.kind_name());
            self.wrong(node.span, message, None);
            return None;
        };
        let id = LogicalId::new(text);
        if let Some(other) = self.template.resources.get(&id) {
            let message = match other.id == self.declared.id {
                true => format!("`{id}` is moved from itself"),
                false => {
                    format!("`{}` is moved from `{id}`, which is still there", self.declared.id)
                }
            };
            let hint = "it is the logical id that the resource had before".to_owned();
            self.wrong(node.span, message, Some(hint));
            return None;
        }
        let others = self.template.resources.values().filter_map(|one| {
            let said = one.metadata.as_ref()?.get(KEY)?.get(MOVED_FROM)?;
            (one.id != self.declared.id && said.text() == Some(text)).then_some(&one.id)
        });
        if let Some(other) = others.into_iter().next() {
            let message = format!("`{other}` is moved from `{id}` too");
            self.wrong(node.span, message, None);
            return None;
        }
        Some((id, node.span))
    }
}

/// What is wrong with a path to a property of a type, and what to write instead.
fn misfit(facts: &TypeFacts, path: &str) -> Option<(String, String)> {
    if path.contains(['[', '{']) {
        let list = path.split(['[', '{']).next().unwrap_or(path);
        let message = format!("drift is ignored by properties, and `{path}` is a part of a list");
        return Some((message, format!("name the whole list: `{list}`")));
    }
    let mut above = String::new();
    for name in path.split('.') {
        let shape = facts.shape(&above)?;
        if shape.is_free_map() || shape.values.is_some() {
            return None;
        }
        if !shape.properties.contains_key(name) {
            return Some(unknown(facts, &above, shape, name));
        }
        if !above.is_empty() {
            above.push('.');
        }
        above.push_str(name);
    }
    None
}

fn unknown(facts: &TypeFacts, above: &str, shape: &Shape, name: &str) -> (String, String) {
    let whole = |name: &str| match above {
        "" => name.to_owned(),
        above => format!("{above}.{name}"),
    };
    let message = format!("`{}` has no property `{}`", facts.type_name, whole(name));
    let names = shape.properties.keys().map(String::as_str);
    let hint = match nearest(name, names) {
        Some(near) => format!("did you mean `{}`?", whole(near)),
        None => format!("`cairn types {}` lists its properties", facts.type_name),
    };
    (message, hint)
}

//! The one evaluator of template expressions.
//!
//! It is used when the template is checked, when a plan is made and when it is applied; only what
//! [`Lookup`] knows differs. A function over something unknown is unknown, named so that a reader
//! of the plan sees which part is: `arn:aws:iam::123456789012:role/${Role}`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use indexmap::IndexMap;

use super::rules;
use super::substitute::{Piece, pieces};
use super::{Inputs, cidr, inputs};
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::schema;
use crate::template::{Entry, Node, NodeKind, Template};
use crate::value::{LogicalId, Secret, Value};

/// What is known of resources.
pub trait Lookup {
    /// What `Ref` of a resource returns.
    fn reference(&self, id: &str) -> Value;
    /// What `Fn::GetAtt` of a resource returns.
    fn attribute(&self, id: &str, attribute: &str) -> Value;
}

/// Knows nothing of any resource.
pub struct Nothing;

impl Lookup for Nothing {
    fn reference(&self, id: &str) -> Value {
        Value::unknown(id)
    }

    fn attribute(&self, id: &str, attribute: &str) -> Value {
        Value::unknown(format!("{id}.{attribute}"))
    }
}

/// Knows nothing, but remembers who was asked for.
#[derive(Default)]
pub struct Recorder {
    ids: RefCell<BTreeSet<LogicalId>>,
}

impl Recorder {
    pub fn into_ids(self) -> BTreeSet<LogicalId> {
        self.ids.into_inner()
    }
}

impl Lookup for Recorder {
    fn reference(&self, id: &str) -> Value {
        self.ids.borrow_mut().insert(LogicalId::new(id));
        Nothing.reference(id)
    }

    fn attribute(&self, id: &str, attribute: &str) -> Value {
        self.ids.borrow_mut().insert(LogicalId::new(id));
        Nothing.attribute(id, attribute)
    }
}

/// Every condition of the template, settled.
pub fn conditions(
    template: &Template,
    inputs: &Inputs,
    parameters: &BTreeMap<String, Value>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<String, bool> {
    let mut settled = BTreeMap::new();
    for name in template.conditions.keys() {
        settle(name, template, inputs, parameters, &mut settled, &mut Vec::new(), diagnostics);
    }
    settled
}

fn settle(
    name: &str,
    template: &Template,
    inputs: &Inputs,
    parameters: &BTreeMap<String, Value>,
    settled: &mut BTreeMap<String, bool>,
    path: &mut Vec<String>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(node) = template.conditions.get(name) else { return };
    if settled.contains_key(name) {
        return;
    }
    if path.iter().any(|earlier| earlier == name) {
        diagnostics.push(
            Diagnostic::error(format!(
                "conditions depend on each other: {} → {name}",
                path.join(" → ")
            ))
            .at(&template.source, node.span),
        );
        settled.insert(name.to_owned(), false);
        return;
    }
    path.push(name.to_owned());
    for other in conditions_named_in(node) {
        settle(&other, template, inputs, parameters, settled, path, diagnostics);
    }
    path.pop();
    if settled.contains_key(name) {
        return;
    }
    let mut evaluator = Evaluator::new(template, inputs, parameters, settled, &Nothing);
    let holds = evaluator.condition(node);
    diagnostics.extend(evaluator.into_errors());
    settled.insert(name.to_owned(), holds);
}

fn conditions_named_in(node: &Node) -> Vec<String> {
    match &node.kind {
        NodeKind::Map(entries) => entries
            .iter()
            .flat_map(|entry| match (entry.key.as_str(), entry.value.text()) {
                ("Condition", Some(name)) => vec![name.to_owned()],
                _ => conditions_named_in(&entry.value),
            })
            .collect(),
        NodeKind::List(items) => items.iter().flat_map(conditions_named_in).collect(),
        _ => Vec::new(),
    }
}

pub fn no_such_condition(template: &Template, name: &str, span: Span) -> Diagnostic {
    let near = nearest(name, template.conditions.keys().map(String::as_str));
    Diagnostic::error(format!("there is no condition `{name}`"))
        .at(&template.source, span)
        .hint_if(near.map(|near| format!("did you mean `{near}`?")))
}

/// One evaluation: collects every error instead of stopping at the first.
pub struct Evaluator<'a> {
    template: &'a Template,
    inputs: &'a Inputs,
    parameters: &'a BTreeMap<String, Value>,
    conditions: &'a BTreeMap<String, bool>,
    lookup: &'a dyn Lookup,
    errors: Vec<Diagnostic>,
    /// Whether the functions that only `Rules` have are known here.
    in_rules: bool,
}

/// `None` is `AWS::NoValue`: the property or item that it stands for is not there.
type Evaluated = Option<Value>;

impl<'a> Evaluator<'a> {
    pub fn new(
        template: &'a Template,
        inputs: &'a Inputs,
        parameters: &'a BTreeMap<String, Value>,
        conditions: &'a BTreeMap<String, bool>,
        lookup: &'a dyn Lookup,
    ) -> Self {
        Self {
            template,
            inputs,
            parameters,
            conditions,
            lookup,
            errors: Vec::new(),
            in_rules: false,
        }
    }

    /// The same evaluation with the functions of `Rules`.
    pub fn for_rules(self) -> Self {
        Self { in_rules: true, ..self }
    }

    /// Notes an error.
    pub fn complain(&mut self, span: Span, message: String) {
        self.fail(span, message, None);
    }

    pub fn into_errors(self) -> Vec<Diagnostic> {
        self.errors
    }

    /// The value of any node.
    pub fn value(&mut self, node: &Node) -> Evaluated {
        match &node.kind {
            NodeKind::Null => Some(Value::Null),
            NodeKind::Literal(literal) => Some(Value::Literal(literal.clone())),
            NodeKind::String(text) => Some(self.plain(node, text)),
            NodeKind::List(items) => {
                Some(Value::List(items.iter().filter_map(|item| self.value(item)).collect()))
            }
            NodeKind::Map(entries) => match node.single() {
                Some(entry) if is_function(&entry.key) => self.function(node, entry),
                _ => {
                    let mut map = IndexMap::with_capacity(entries.len());
                    for entry in entries {
                        if let Some(value) = self.value(&entry.value) {
                            map.insert(entry.key.clone(), value);
                        }
                    }
                    Some(Value::Map(map))
                }
            },
        }
    }

    fn plain(&mut self, node: &Node, text: &str) -> Value {
        if text.contains("{{resolve:") {
            return self.fail(
                node.span,
                "dynamic references are not supported yet",
                Some("pass the value as a parameter with NoEcho".to_owned()),
            );
        }
        Value::string(text)
    }

    fn fail(&mut self, span: Span, message: impl Into<String>, hint: Option<String>) -> Value {
        self.errors.push(Diagnostic::error(message).at(&self.template.source, span).hint_if(hint));
        Value::unknown("an error")
    }

    fn function(&mut self, node: &Node, entry: &Entry) -> Evaluated {
        let argument = &entry.value;
        match entry.key.as_str() {
            "Ref" => self.reference(argument),
            "Fn::GetAtt" => Some(self.get_att(argument)),
            "Fn::Sub" => Some(self.sub(argument)),
            "Fn::Join" => Some(self.join(argument)),
            "Fn::Select" => Some(self.select(argument)),
            "Fn::Split" => Some(self.split(argument)),
            "Fn::FindInMap" => Some(self.find_in_map(argument)),
            "Fn::If" => self.choose(argument),
            "Fn::Base64" => Some(self.base64(argument)),
            "Fn::Cidr" => Some(self.cidr(argument)),
            "Fn::GetAZs" => Some(self.zones(argument)),
            "Fn::And" | "Fn::Or" | "Fn::Not" | "Fn::Equals" | "Condition" => Some(self.fail(
                node.span,
                format!("`{}` stands where only a value can", entry.key),
                Some("conditions belong in Conditions; choose by them with `Fn::If`".to_owned()),
            )),
            name => {
                let near = nearest(name, FUNCTIONS.iter().copied()).filter(|near| *near != name);
                Some(self.fail(
                    entry.key_span,
                    format!("`{name}` is not supported"),
                    near.map(|near| format!("did you mean `{near}`?")),
                ))
            }
        }
    }

    fn reference(&mut self, argument: &Node) -> Evaluated {
        let Some(name) = argument.text() else {
            return Some(self.fail(
                argument.span,
                format!("`Ref` takes a name, not {}", argument.kind_name()),
                None,
            ));
        };
        if name == "AWS::NoValue" {
            return None;
        }
        Some(self.named(name, argument.span))
    }

    /// A parameter, a pseudo parameter or a resource.
    fn named(&mut self, name: &str, span: Span) -> Value {
        if let Some(value) = self.parameters.get(name) {
            return value.clone();
        }
        if let Some(value) = self.inputs.pseudo(name) {
            return value;
        }
        match self.template.resources.contains_key(name) {
            true if self.exists(name) => self.lookup.reference(name),
            true => self.excluded(name, span),
            false => self.no_such_name(name, span),
        }
    }

    fn exists(&self, id: &str) -> bool {
        let condition = self.template.resources.get(id).and_then(|node| node.condition.as_ref());
        condition.is_none_or(|(name, _)| self.conditions.get(name).copied().unwrap_or(true))
    }

    fn excluded(&mut self, id: &str, span: Span) -> Value {
        self.fail(
            span,
            format!("`{id}` does not exist here: its condition is false"),
            Some("refer to it inside an `Fn::If` with the same condition".to_owned()),
        )
    }

    fn no_such_name(&mut self, name: &str, span: Span) -> Value {
        let known = self
            .template
            .resources
            .keys()
            .map(LogicalId::as_str)
            .chain(self.template.parameters.keys().map(String::as_str))
            .chain(inputs::PSEUDO_PARAMETERS.iter().copied());
        let hint = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
        self.fail(span, format!("there is no resource or parameter `{name}`"), hint)
    }

    fn get_att(&mut self, argument: &Node) -> Value {
        let (id, attribute) = match &argument.kind {
            NodeKind::String(text) => match text.split_once('.') {
                Some((id, attribute)) => (id.to_owned(), attribute.to_owned()),
                None => return self.get_att_misused(argument),
            },
            NodeKind::List(items) => match items.as_slice() {
                [id, rest @ ..] if !rest.is_empty() => {
                    let Some(id) = id.text() else { return self.get_att_misused(argument) };
                    let mut names = Vec::new();
                    for part in rest {
                        match self.value(part) {
                            Some(value) if value.as_text().is_some() => {
                                names.push(value.as_text().unwrap_or_default().to_owned());
                            }
                            _ => return self.get_att_misused(part),
                        }
                    }
                    (id.to_owned(), names.join("."))
                }
                _ => return self.get_att_misused(argument),
            },
            _ => return self.get_att_misused(argument),
        };
        self.attribute(&id, &attribute, argument.span)
    }

    fn get_att_misused(&mut self, node: &Node) -> Value {
        self.fail(
            node.span,
            "`Fn::GetAtt` takes a resource and one of its attributes",
            Some("write `!GetAtt Resource.Attribute`".to_owned()),
        )
    }

    fn attribute(&mut self, id: &str, attribute: &str, span: Span) -> Value {
        let Some(resource) = self.template.resources.get(id) else {
            let known = self.template.resources.keys().map(LogicalId::as_str);
            let hint = nearest(id, known).map(|near| format!("did you mean `{near}`?"));
            return self.fail(span, format!("there is no resource `{id}`"), hint);
        };
        if !self.exists(id) {
            return self.excluded(id, span);
        }
        if let Some(facts) = schema::facts(&resource.type_name)
            && schema::get_att_kind(facts, attribute).is_none()
        {
            let offered: Vec<&str> = facts.attributes.iter().map(String::as_str).collect();
            let hint = match nearest(attribute, offered.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if offered.is_empty() => {
                    "it offers none; `Ref` may be what you need".to_owned()
                }
                None => format!("it offers {}", offered.join(", ")),
            };
            return self.fail(
                span,
                format!("`{}` has no attribute `{attribute}`", resource.type_name),
                Some(hint),
            );
        }
        self.lookup.attribute(id, attribute)
    }

    fn sub(&mut self, argument: &Node) -> Value {
        let (text_node, own) = match argument.items() {
            [] => (argument, None),
            [text] => (text, None),
            [text, own] => (text, Some(own)),
            _ => {
                return self.fail(
                    argument.span,
                    "`Fn::Sub` takes a text, or a text and a map of its variables",
                    None,
                );
            }
        };
        let Some(text) = text_node.text().map(str::to_owned) else {
            return self.fail(
                text_node.span,
                format!("`Fn::Sub` takes a text, not {}", text_node.kind_name()),
                None,
            );
        };
        let mut variables = IndexMap::new();
        for entry in own.map(Node::entries).unwrap_or_default() {
            if let Some(value) = self.value(&entry.value) {
                variables.insert(entry.key.as_str(), value);
            }
        }
        let mut written = Text::default();
        for piece in pieces(&text) {
            match piece {
                Piece::Text(text) => written.push(text),
                Piece::Literal(text) => written.push(&format!("${{{text}}}")),
                Piece::Variable { name, offset } => {
                    let span = self.variable_span(text_node, name, offset);
                    let value = match variables.get(name) {
                        Some(value) => value.clone(),
                        None => self.variable(name, span),
                    };
                    if !written.push_value(&value) {
                        self.fail(
                            span,
                            format!("`${{{name}}}` is not a string"),
                            Some("join a list first: `Fn::Join`".to_owned()),
                        );
                    }
                }
            }
        }
        written.into_value()
    }

    /// Where a variable stands in the source: found in the node's text, since quoting and folding
    /// may have moved it.
    fn variable_span(&self, node: &Node, name: &str, _offset: usize) -> Span {
        let end = node.span.end.min(self.template.source.text.len());
        let source = self.template.source.text.get(node.span.start..end).unwrap_or_default();
        match source.find(&format!("${{{name}}}")) {
            Some(at) => {
                let start = node.span.start + at + 2;
                Span { start, end: start + name.len() }
            }
            None => node.span,
        }
    }

    fn variable(&mut self, name: &str, span: Span) -> Value {
        match name.split_once('.') {
            _ if name == "AWS::NoValue" => Value::string(""),
            Some((id, attribute)) => self.attribute(id, attribute, span),
            None => self.named(name, span),
        }
    }

    fn join(&mut self, argument: &Node) -> Value {
        let [delimiter, list] = argument.items() else {
            return self.fail(argument.span, "`Fn::Join` takes a delimiter and a list", None);
        };
        let Some(delimiter) = delimiter.text().map(str::to_owned) else {
            return self.fail(delimiter.span, "the delimiter of `Fn::Join` is not a text", None);
        };
        match self.value(list) {
            Some(Value::List(items)) => {
                let mut written = Text::default();
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        written.push(&delimiter);
                    }
                    if !written.push_value(item) {
                        return self.fail(
                            list.span,
                            format!("item {index} of `Fn::Join` is not a string"),
                            None,
                        );
                    }
                }
                written.into_value()
            }
            Some(Value::Unknown(unknown)) => {
                Value::unknown(format!("Join({delimiter:?}, {})", unknown.source))
            }
            _ => self.fail(list.span, "the second argument of `Fn::Join` is not a list", None),
        }
    }

    fn select(&mut self, argument: &Node) -> Value {
        let [index_node, list_node] = argument.items() else {
            return self.fail(argument.span, "`Fn::Select` takes an index and a list", None);
        };
        let index = self.value(index_node);
        let index = index.as_ref().and_then(Value::as_text).and_then(|text| text.parse().ok());
        let Some(index): Option<usize> = index else {
            return self.fail(index_node.span, "the index of `Fn::Select` is not a number", None);
        };
        match self.value(list_node) {
            Some(Value::List(items)) => match items.get(index) {
                Some(Value::Null) => {
                    self.fail(argument.span, format!("item {index} is null"), None)
                }
                Some(item) => item.clone(),
                None => self.fail(
                    index_node.span,
                    format!("there is no item {index}: the list has {}", items.len()),
                    Some("the first item is 0".to_owned()),
                ),
            },
            Some(Value::Unknown(unknown)) => {
                Value::unknown(format!("Select({index}, {})", unknown.source))
            }
            _ => {
                self.fail(list_node.span, "the second argument of `Fn::Select` is not a list", None)
            }
        }
    }

    fn split(&mut self, argument: &Node) -> Value {
        let [delimiter, source] = argument.items() else {
            return self.fail(argument.span, "`Fn::Split` takes a delimiter and a text", None);
        };
        let Some(delimiter) = delimiter.text().filter(|text| !text.is_empty()).map(str::to_owned)
        else {
            return self.fail(delimiter.span, "the delimiter of `Fn::Split` is not a text", None);
        };
        match self.value(source) {
            Some(Value::Unknown(unknown)) => {
                Value::unknown(format!("Split({delimiter:?}, {})", unknown.source))
            }
            Some(Value::Secret(secret)) => Value::List(
                secret
                    .expose()
                    .split(&delimiter)
                    .map(|part| Value::Secret(Secret::new(part)))
                    .collect(),
            ),
            Some(value) if value.as_text().is_some() => Value::List(
                value.as_text().unwrap_or_default().split(&delimiter).map(Value::string).collect(),
            ),
            _ => self.fail(source.span, "the second argument of `Fn::Split` is not a text", None),
        }
    }

    fn find_in_map(&mut self, argument: &Node) -> Value {
        let [name, top, second] = argument.items() else {
            return self.fail(argument.span, "`Fn::FindInMap` takes a map and two keys", None);
        };
        let mut keys = Vec::new();
        for node in [name, top, second] {
            match self.value(node) {
                Some(value) if value.as_text().is_some() => {
                    keys.push(value.as_text().unwrap_or_default().to_owned());
                }
                _ => {
                    return self.fail(
                        node.span,
                        "the arguments of `Fn::FindInMap` are texts known before deployment",
                        None,
                    );
                }
            }
        }
        let Some(mapping) = self.template.mappings.get(&keys[0]) else {
            let near = nearest(&keys[0], self.template.mappings.keys().map(String::as_str));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            return self.fail(name.span, format!("there is no mapping `{}`", keys[0]), hint);
        };
        let mut found = mapping;
        for (key, node) in keys[1..].iter().zip([top, second]) {
            match found.get(key) {
                Some(value) => found = value,
                None => {
                    let near = nearest(key, found.entries().iter().map(|entry| entry.key.as_str()));
                    let hint = near.map(|near| format!("did you mean `{near}`?"));
                    return self.fail(
                        node.span,
                        format!("mapping `{}` has no key `{key}`", keys[0]),
                        hint,
                    );
                }
            }
        }
        self.value(found).unwrap_or(Value::Null)
    }

    fn choose(&mut self, argument: &Node) -> Evaluated {
        match self.branch(argument) {
            Some(branch) => self.value(branch),
            None => Some(Value::unknown("an error")),
        }
    }

    /// The branch of an `Fn::If` that is taken.
    fn branch<'n>(&mut self, argument: &'n Node) -> Option<&'n Node> {
        let [condition, then, otherwise] = argument.items() else {
            self.fail(argument.span, "`Fn::If` takes a condition and two values", None);
            return None;
        };
        let name = condition.text().unwrap_or_default();
        match self.conditions.get(name) {
            Some(true) => Some(then),
            Some(false) => Some(otherwise),
            None => {
                self.errors.push(no_such_condition(self.template, name, condition.span));
                None
            }
        }
    }

    fn base64(&mut self, argument: &Node) -> Value {
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        match self.value(argument) {
            Some(Value::Unknown(unknown)) => Value::unknown(format!("Base64({})", unknown.source)),
            Some(Value::Secret(secret)) => Value::Secret(Secret::new(encode(secret.expose()))),
            Some(value) if value.as_text().is_some() => {
                Value::string(encode(value.as_text().unwrap_or_default()))
            }
            _ => self.fail(argument.span, "`Fn::Base64` takes a text", None),
        }
    }

    fn cidr(&mut self, argument: &Node) -> Value {
        let [block_node, count_node, bits_node] = argument.items() else {
            return self.fail(
                argument.span,
                "`Fn::Cidr` takes a block, a count and the number of host bits",
                None,
            );
        };
        let block = match self.value(block_node) {
            Some(Value::Unknown(unknown)) => {
                return Value::unknown(format!("Cidr({})", unknown.source));
            }
            Some(value) => value.as_text().unwrap_or_default().to_owned(),
            None => String::new(),
        };
        let mut numbers = Vec::new();
        for node in [count_node, bits_node] {
            let value = self.value(node);
            match value.as_ref().and_then(Value::as_text).and_then(|text| text.parse().ok()) {
                Some(number) => numbers.push(number),
                None => {
                    return self.fail(node.span, "`Fn::Cidr` takes a whole number here", None);
                }
            }
        }
        match cidr::split(&block, numbers[0], numbers[1]) {
            Ok(blocks) => Value::List(blocks.into_iter().map(Value::String).collect()),
            Err(problem) => self.fail(argument.span, format!("`Fn::Cidr`: {problem}"), None),
        }
    }

    fn zones(&mut self, argument: &Node) -> Value {
        let region = match self.value(argument) {
            Some(value) => value.as_text().unwrap_or_default().to_owned(),
            None => String::new(),
        };
        if !region.is_empty() && region != self.inputs.region {
            return self.fail(
                argument.span,
                format!("`Fn::GetAZs` of another region (`{region}`) is not supported"),
                Some("leave it empty for the stack's region".to_owned()),
            );
        }
        if self.inputs.zones.is_empty() {
            return Value::unknown(format!("GetAZs({})", self.inputs.region));
        }
        Value::List(self.inputs.zones.iter().map(Value::string).collect())
    }

    /// Whether a condition holds.
    pub fn condition(&mut self, node: &Node) -> bool {
        let Some(entry) = node.single() else {
            self.fail(
                node.span,
                "a condition is one of Fn::And, Fn::Or, Fn::Not, Fn::Equals, Condition",
                None,
            );
            return false;
        };
        let argument = &entry.value;
        match entry.key.as_str() {
            "Condition" => {
                let name = argument.text().unwrap_or_default();
                match self.conditions.get(name) {
                    Some(holds) => *holds,
                    None => {
                        self.errors.push(no_such_condition(self.template, name, argument.span));
                        false
                    }
                }
            }
            "Fn::And" | "Fn::Or" => {
                let results: Vec<bool> =
                    argument.items().iter().map(|item| self.condition(item)).collect();
                if !(2..=10).contains(&results.len()) {
                    self.fail(
                        argument.span,
                        format!("`{}` takes 2 to 10 conditions", entry.key),
                        None,
                    );
                }
                match entry.key.as_str() {
                    "Fn::And" => results.into_iter().all(|holds| holds),
                    _ => results.into_iter().any(|holds| holds),
                }
            }
            "Fn::Not" => match argument.items() {
                [item] => !self.condition(item),
                _ => {
                    self.fail(argument.span, "`Fn::Not` takes a list of one condition", None);
                    false
                }
            },
            "Fn::Equals" => self.equals(argument),
            name => {
                if self.in_rules
                    && let Some(holds) = rules::compare(self, entry)
                {
                    return holds;
                }
                let hint = nearest(name, CONDITION_FUNCTIONS.iter().copied())
                    .map(|near| format!("did you mean `{near}`?"));
                self.fail(entry.key_span, format!("`{name}` is not a condition"), hint);
                false
            }
        }
    }

    fn equals(&mut self, argument: &Node) -> bool {
        let [left, right] = argument.items() else {
            self.fail(argument.span, "`Fn::Equals` takes two values", None);
            return false;
        };
        let (left_value, right_value) = (self.value(left), self.value(right));
        for (node, value) in [(left, &left_value), (right, &right_value)] {
            if value.as_ref().is_some_and(Value::has_unknown) && self.errors.is_empty() {
                self.fail(
                    node.span,
                    "a condition can use only what is known before deployment",
                    Some("use parameters, pseudo parameters and mappings".to_owned()),
                );
            }
        }
        match (left_value, right_value) {
            (Some(left), Some(right)) => match (left.as_text(), right.as_text()) {
                (Some(left), Some(right)) => left == right,
                _ => left == right,
            },
            (left, right) => left.is_none() && right.is_none(),
        }
    }
}

const FUNCTIONS: &[&str] = &[
    "Ref",
    "Fn::GetAtt",
    "Fn::Sub",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::FindInMap",
    "Fn::If",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::GetAZs",
];

const CONDITION_FUNCTIONS: &[&str] = &["Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition"];

/// Whether a single key is a function. `Condition` is one only among conditions: policy
/// statements have a key of that name.
pub fn is_function(key: &str) -> bool {
    key == "Ref" || key.starts_with("Fn::")
}

/// A text being put together, of which parts may be unknown or secret.
#[derive(Default)]
struct Text {
    text: String,
    unknown: bool,
    secret: bool,
}

impl Text {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a scalar; tells whether it was one.
    fn push_value(&mut self, value: &Value) -> bool {
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

    fn into_value(self) -> Value {
        match (self.unknown, self.secret) {
            (true, true) => Value::unknown("a text with a secret"),
            (true, false) => Value::unknown(self.text),
            (false, true) => Value::Secret(Secret::new(self.text)),
            (false, false) => Value::String(self.text),
        }
    }
}

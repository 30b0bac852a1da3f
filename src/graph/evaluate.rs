//! The one evaluator of template expressions.
//!
//! It is used when the template is checked, when a plan is made and when it is applied; only what
//! [`Lookup`] knows differs. A function over something unknown is unknown, named so that a reader
//! of the plan sees which part is: `arn:aws:iam::123456789012:role/${Role}`.

use std::collections::BTreeMap;

use crate::ordered::IndexMap;
use base64::Engine as _;

use super::extensions::Name;
use super::lookup::Lookup;
use super::substitute::{Piece, pieces};
use super::text::Text;
use super::{Inputs, cidr, conditions, inputs, types};
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::schema::{self, Kind};
use crate::template::read::MOST_FINDINGS;
use crate::template::{Entry, Node, NodeKind, Template, is_loop};
use crate::value::{LogicalId, Secret, Value};

/// One evaluation: collects every error instead of stopping at the first.
pub struct Evaluator<'a> {
    pub(super) template: &'a Template,
    pub(super) inputs: &'a Inputs,
    parameters: &'a BTreeMap<String, Value>,
    pub(super) conditions: &'a BTreeMap<String, bool>,
    lookup: &'a dyn Lookup,
    pub(super) errors: Vec<Diagnostic>,
    /// What Cairn cannot do yet of what is rightly asked for.
    pub(super) obstacles: Vec<Diagnostic>,
    /// The exports of other stacks that were used, each with its stack.
    pub(super) imported: BTreeMap<String, String>,
    /// Whether the functions that only `Rules` have are known here.
    pub(super) in_rules: bool,
}

/// More names of attributes than this are no hint.
const SHOWN_ATTRIBUTES: usize = 24;

/// The source of what is unknown because of an error. Nothing more is said of what is made of it.
pub const FAILED: &str = "(an error)";

/// Whether an error stands in a value.
pub fn is_failed(value: &Value) -> bool {
    match value {
        Value::Unknown(unknown) => unknown.source.contains(FAILED),
        Value::List(items) => items.iter().any(is_failed),
        Value::Map(entries) => entries.values().any(is_failed),
        _ => false,
    }
}

/// `None` is `AWS::NoValue`: the property or item that it stands for is not there.
pub(super) type Evaluated = Option<Value>;

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
            obstacles: Vec::new(),
            imported: BTreeMap::new(),
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
            NodeKind::Broken => Some(Value::unknown(FAILED)),
            NodeKind::Null => Some(Value::Null),
            NodeKind::Literal(literal) => Some(Value::Literal(literal.clone())),
            NodeKind::String(text) => Some(Value::string(text)),
            NodeKind::List(items) => {
                Some(Value::List(items.iter().filter_map(|item| self.value(item)).collect()))
            }
            NodeKind::Map(entries) => match node.single() {
                Some(entry) if is_function(&entry.key) => self.function(node, entry),
                _ => {
                    let mut map = IndexMap::with_capacity_and_hasher(
                        entries.len(),
                        foldhash::fast::RandomState::default(),
                    );
                    for entry in entries {
                        if is_loop(&entry.key) {
                            self.misplaced_loop(entry);
                            continue;
                        }
                        if let Some(value) = self.value(&entry.value) {
                            map.insert(entry.key.clone(), value);
                        }
                    }
                    Some(Value::Map(map))
                }
            },
        }
    }

    pub(super) fn fail(
        &mut self,
        span: Span,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Value {
        self.errors.push(Diagnostic::error(message).at(&self.template.source, span).hint_if(hint));
        Value::unknown(FAILED)
    }

    /// Fails because of a value, unless that has failed already or is to be given yet.
    pub(super) fn misfit(
        &mut self,
        value: Option<&Value>,
        span: Span,
        message: impl Into<String>,
    ) -> Value {
        match value {
            Some(value) if is_failed(value) => Value::unknown(FAILED),
            Some(value) if inputs::is_unasked(value) => value.clone(),
            _ => self.fail(span, message, None),
        }
    }

    fn function(&mut self, node: &Node, entry: &Entry) -> Evaluated {
        let argument = &entry.value;
        if argument.is_broken() || argument.items().iter().any(Node::is_broken) {
            self.value(argument);
            return Some(Value::unknown(FAILED));
        }
        match entry.key.as_str() {
            "Ref" => self.reference(argument),
            "Fn::GetAtt" => Some(self.get_att(argument)),
            "Fn::Sub" => Some(self.sub(argument)),
            "Fn::Join" => Some(self.join(argument)),
            "Fn::Select" => Some(self.select(argument)),
            "Fn::Split" => Some(self.split(argument)),
            "Fn::FindInMap" => self.find_in_map(argument),
            "Fn::If" => self.choose(argument),
            "Fn::Base64" => Some(self.base64(argument)),
            "Fn::Cidr" => Some(self.cidr(argument)),
            "Fn::GetAZs" => Some(self.zones(argument)),
            "Fn::ImportValue" => Some(self.import(argument)),
            "Fn::GetStackOutput" => Some(self.stack_output(argument)),
            "Fn::Length" | "Fn::ToJsonString" => Some(self.extended(entry)),
            "Fn::RefAll" | "Fn::ValueOf" | "Fn::ValueOfAll" if self.in_rules => {
                Some(self.ask(entry))
            }
            name if is_loop(name) => Some(self.misplaced_loop(entry)),
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
        match self.name(argument) {
            Name::Is(name) if name == "AWS::NoValue" => None,
            Name::Is(name) => Some(self.named(&name, argument.span)),
            Name::Failed => Some(Value::unknown(FAILED)),
            Name::None => Some(self.fail(
                argument.span,
                format!("`Ref` takes a name, not {}", argument.kind_name()),
                None,
            )),
        }
    }

    /// A parameter, a pseudo parameter or a resource.
    pub(super) fn named(&mut self, name: &str, span: Span) -> Value {
        if let Some(value) = self.parameters.get(name) {
            return value.clone();
        }
        if let Some(value) = self.inputs.pseudo(name) {
            return value;
        }
        match self.template.resources.contains_key(name) {
            true if self.exists(name) => self.lookup.reference(name),
            true => self.excluded(name, span),
            false if self.is_in_module(name) => Value::unknown(name),
            false => self.no_such_name(name, span),
        }
    }

    /// Whether it may be a resource of a module, which goes by the module's name and its own.
    fn is_in_module(&self, name: &str) -> bool {
        let mut modules = self.template.resources.values().filter(|one| types::is_module(one));
        modules.any(|module| name.starts_with(module.id.as_str()))
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

    /// The near name of what nobody knows, for as many errors as are shown.
    fn near<'n>(&self, name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
        let is_shown = self.errors.len() < MOST_FINDINGS;
        let near = is_shown.then(|| nearest(name, known)).flatten();
        near.map(|near| format!("did you mean `{near}`?"))
    }

    fn no_such_name(&mut self, name: &str, span: Span) -> Value {
        if ["Parameters", "Resources"].iter().any(|one| self.template.incomplete.contains(one)) {
            return Value::unknown(FAILED);
        }
        let known = self
            .template
            .resources
            .keys()
            .map(LogicalId::as_str)
            .chain(self.template.parameters.keys().map(String::as_str))
            .chain(inputs::PSEUDO_PARAMETERS.iter().copied());
        let hint = self.near(name, known);
        self.fail(span, format!("there is no resource or parameter `{name}`"), hint)
    }

    fn get_att(&mut self, argument: &Node) -> Value {
        match self.named_attribute(argument) {
            Some((id, attribute)) => self.attribute(&id, &attribute, argument.span),
            None => self.fail(
                argument.span,
                "`Fn::GetAtt` takes a resource and one of its attributes",
                Some("write `!GetAtt Resource.Attribute`".to_owned()),
            ),
        }
    }

    /// The resource and the attribute that the argument of `Fn::GetAtt` names.
    fn named_attribute(&mut self, argument: &Node) -> Option<(String, String)> {
        let (id, rest) = match &argument.kind {
            NodeKind::String(text) => {
                let (id, attribute) = text.split_once('.')?;
                return Some((id.to_owned(), attribute.to_owned()));
            }
            NodeKind::List(items) => items.split_first()?,
            _ => return None,
        };
        let mut names = Vec::new();
        for part in rest {
            names.push(self.value(part)?.as_text()?.to_owned());
        }
        match self.name(id) {
            Name::Is(id) if !names.is_empty() => Some((id, names.join("."))),
            _ => None,
        }
    }

    fn attribute(&mut self, id: &str, attribute: &str, span: Span) -> Value {
        let Some(resource) = self.template.resources.get(id) else {
            if self.is_in_module(id) {
                return Value::unknown(format!("{id}.{attribute}"));
            }
            if self.template.incomplete.contains("Resources") {
                return Value::unknown(FAILED);
            }
            let known = self.template.resources.keys().map(LogicalId::as_str);
            let hint = self.near(id, known);
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
                None if offered.len() > SHOWN_ATTRIBUTES => {
                    let (shown, rest) = offered.split_at(SHOWN_ATTRIBUTES);
                    format!("it offers {} and {} more", shown.join(", "), rest.len())
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
        let (text_node, own) = match (&argument.kind, argument.items()) {
            (NodeKind::List(_), [text, own]) if matches!(own.kind, NodeKind::Map(_)) => {
                (text, Some(own))
            }
            (NodeKind::List(_), _) => {
                return self.fail(
                    argument.span,
                    "`Fn::Sub` takes a text, or a text and a map of its variables",
                    None,
                );
            }
            _ => (argument, None),
        };
        let Some(text) = text_node.text().map(str::to_owned) else {
            return self.fail(
                text_node.span,
                format!("`Fn::Sub` takes a text, not {}", text_node.kind_name()),
                None,
            );
        };
        let mut variables = IndexMap::default();
        for entry in own.map(Node::entries).unwrap_or_default() {
            if let Some(value) = self.value(&entry.value) {
                let is_text = self.kind(&entry.value) != Some(Kind::List);
                variables.insert(entry.key.as_str(), (value, is_text));
            }
        }
        let mut written = Text::default();
        let mut written_at = text_node.span.start;
        for piece in pieces(&text) {
            match piece {
                Piece::Text(text) => written.push(text),
                Piece::Literal(text) => written.push(&format!("${{{text}}}")),
                Piece::Variable { name } => {
                    let span = self.variable_span(text_node, name, &mut written_at);
                    if !is_variable(name) {
                        self.no_variable(name, span);
                        continue;
                    }
                    let (value, is_text) = match variables.get(name) {
                        Some(own) => own.clone(),
                        None => self.variable(name, span),
                    };
                    if !(is_text && written.push_value(&value)) {
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

    fn no_variable(&mut self, name: &str, span: Span) {
        let hint = match name.trim() {
            trimmed if is_variable(trimmed) => format!("leave the spaces out: `${{{trimmed}}}`"),
            _ => format!("write `${{!{name}}}` if the text itself is meant"),
        };
        self.fail(
            span,
            format!("`${{{name}}}` is no variable: its name has letters, digits, `_`, `.` and `:`"),
            Some(hint),
        );
    }

    /// Where a variable stands in the source, behind the one before: found in the node's text,
    /// since quoting and folding may have moved it. After one that is written otherwise than it
    /// reads nothing more is looked for.
    fn variable_span(&self, node: &Node, name: &str, from: &mut usize) -> Span {
        let end = node.span.end.min(self.template.source.text.len());
        let source = self.template.source.text.get(*from..end).unwrap_or_default();
        let Some(at) = source.find(&format!("${{{name}}}")) else {
            *from = end;
            return node.span;
        };
        let start = *from + at + 2;
        *from = start + name.len();
        Span { start, end: *from }
    }

    /// A variable of `Fn::Sub` that is not its own, and whether it can be part of a text.
    fn variable(&mut self, name: &str, span: Span) -> (Value, bool) {
        match name.split_once('.') {
            _ if name == "AWS::NoValue" => (Value::string(""), true),
            Some((id, attribute)) => {
                let is_text = self.attribute_kind(id, attribute) != Some(Kind::List);
                (self.attribute(id, attribute, span), is_text)
            }
            None => (self.named(name, span), true),
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
                        return self.item_misfit(list, index);
                    }
                }
                let wrong =
                    list.items().iter().position(|item| self.kind(item) == Some(Kind::List));
                match wrong {
                    Some(index) => self.item_misfit(list, index),
                    None => written.into_value(),
                }
            }
            Some(Value::Unknown(unknown)) if self.kind(list) != Some(Kind::String) => {
                Value::unknown(format!("Join({delimiter:?}, {})", unknown.source))
            }
            other => self.misfit(
                other.as_ref(),
                list.span,
                "the second argument of `Fn::Join` is not a list",
            ),
        }
    }

    fn item_misfit(&mut self, list: &Node, index: usize) -> Value {
        self.fail(
            list.items().get(index).unwrap_or(list).span,
            format!("item {index} of `Fn::Join` is not a string"),
            None,
        )
    }

    fn select(&mut self, argument: &Node) -> Value {
        let [index_node, list_node] = argument.items() else {
            return self.fail(argument.span, "`Fn::Select` takes an index and a list", None);
        };
        let given = self.value(index_node);
        let index = given.as_ref().and_then(Value::as_text).and_then(|text| text.parse().ok());
        let Some(index): Option<usize> = index else {
            let message = "the index of `Fn::Select` is not a number";
            return self.misfit(given.as_ref(), index_node.span, message);
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
            Some(Value::Unknown(unknown)) if self.kind(list_node) != Some(Kind::String) => {
                Value::unknown(format!("Select({index}, {})", unknown.source))
            }
            other => self.misfit(
                other.as_ref(),
                list_node.span,
                "the second argument of `Fn::Select` is not a list",
            ),
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
            Some(Value::Unknown(unknown)) if self.kind(source) != Some(Kind::List) => {
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
            other => self.misfit(
                other.as_ref(),
                source.span,
                "the second argument of `Fn::Split` is not a text",
            ),
        }
    }

    fn choose(&mut self, argument: &Node) -> Evaluated {
        let [condition, then, otherwise] = argument.items() else {
            let message = "`Fn::If` takes a condition and two values";
            return Some(self.fail(argument.span, message, None));
        };
        let name = self.condition_name(condition, "Fn::If")?;
        match self.conditions.get(name) {
            Some(true) => self.value(then),
            Some(false) => self.value(otherwise),
            // Both may have mistakes, and either may be taken.
            None if self.template.conditions.contains_key(name) => {
                for branch in [then, otherwise] {
                    self.value(branch);
                }
                Some(Value::unknown(format!("If({name})")))
            }
            None => {
                self.errors.extend(conditions::missing(self.template, name, condition.span));
                Some(Value::unknown(FAILED))
            }
        }
    }

    fn base64(&mut self, argument: &Node) -> Value {
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        match self.value(argument) {
            Some(Value::Unknown(unknown)) if self.kind(argument) != Some(Kind::List) => {
                Value::unknown(format!("Base64({})", unknown.source))
            }
            Some(Value::Secret(secret)) => Value::Secret(Secret::new(encode(secret.expose()))),
            Some(value) if value.as_text().is_some() => {
                Value::string(encode(value.as_text().unwrap_or_default()))
            }
            other => self.misfit(other.as_ref(), argument.span, "`Fn::Base64` takes a text"),
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
            Some(Value::Secret(_)) => {
                return self.fail(
                    block_node.span,
                    "the block of `Fn::Cidr` cannot be hidden",
                    None,
                );
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
                    let message = "`Fn::Cidr` takes a whole number here";
                    return self.misfit(value.as_ref(), node.span, message);
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
            let obstacle = Diagnostic::warning(format!(
                "Cairn does not know the zones of another region (`{region}`) yet"
            ));
            let hint = "leave it empty for the stack's region";
            self.obstacles.push(obstacle.at(&self.template.source, argument.span).hint(hint));
            return Value::unknown(format!("GetAZs({region})"));
        }
        if self.inputs.zones.is_empty() {
            return Value::unknown(format!("GetAZs({})", self.inputs.region));
        }
        Value::List(self.inputs.zones.iter().map(Value::string).collect())
    }
}

/// Whether CloudFormation takes this for the name of a variable of `Fn::Sub`.
fn is_variable(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:".contains(&byte);
    !name.is_empty() && name.bytes().all(is_allowed)
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
    "Fn::ImportValue",
    "Fn::GetStackOutput",
    "Fn::Length",
    "Fn::ToJsonString",
];

/// Whether a single key is a function. `Condition` is one only among conditions: policy
/// statements have a key of that name.
pub fn is_function(key: &str) -> bool {
    key == "Ref" || key.starts_with("Fn::")
}

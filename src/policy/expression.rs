//! Expressions in CEL, with the places of what is wrong with them.

use std::collections::HashMap;
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{Context, Env, ExecutionError, Program, Value};
use serde_json::Value as Json;

use crate::diagnostic::{Diagnostic, Place, Source, Span, nearest};

/// What an expression may speak of.
pub const PLAN: &str = "plan";
pub const STEP: &str = "step";
pub const PROPERTIES: &str = "properties";
const VARIABLES: [&str; 3] = [PLAN, STEP, PROPERTIES];
/// Cairn's own functions.
const LISTED: &str = "listed";
const STATEMENTS: &str = "statements";

#[derive(Debug)]
pub struct Expression {
    program: Program,
    place: Place,
}

impl Expression {
    /// # Errors
    ///
    /// What is no CEL, and the names that nothing here has.
    pub fn compile(source: &Arc<Source>, span: Span, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let written = Written { source, span, text };
        let program = Program::compile(text).map_err(|failed| {
            let finding = |error: &cel::ParseError| {
                let (line, column) = error.pos;
                written.finding(&error.msg, line, column)
            };
            failed.errors.iter().map(finding).collect::<Vec<_>>()
        })?;
        let mut names = Names::default();
        names.collect(program.expression());
        let unknown: Vec<Diagnostic> = names
            .unknown
            .iter()
            .map(|(id, name)| {
                let offset = program.source_info().offset_for(*id).map_or(0, |(start, _)| start);
                let near = nearest(name, VARIABLES.into_iter().chain([LISTED, STATEMENTS]));
                let hint = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("a rule speaks of `{}`", VARIABLES.join("`, `")),
                };
                let span = written.span_at(usize::try_from(offset).unwrap_or_default(), name);
                Diagnostic::error(format!("nothing is called `{name}` here"))
                    .at(source, span)
                    .hint(hint)
            })
            .collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        Ok(Self { program, place: Place { source: Arc::clone(source), span } })
    }

    /// Whether it speaks of a step.
    pub fn is_about_steps(&self) -> bool {
        let names = self.program.references();
        names.has_variable(STEP) || names.has_variable(PROPERTIES)
    }

    /// # Errors
    ///
    /// That it has no value, or another than true and false; `what` says for which step.
    pub fn holds(&self, context: &Context<'_, '_>, what: &str) -> Result<bool, Diagnostic> {
        let (problem, hint) = match self.program.execute(context) {
            Ok(Value::Bool(holds)) => return Ok(holds),
            Ok(other) => {
                let problem = format!("it is {:?}, and not true or false", other.type_of());
                (problem, "compare it with something".to_owned())
            }
            Err(ExecutionError::NoSuchKey(key)) => (
                format!("there is no `{key}`"),
                format!("ask first: `has(….{key}) && …`, or `\"{key}\" in …`"),
            ),
            Err(other) => (other.to_string(), "CEL: https://cel.dev".to_owned()),
        };
        Err(Diagnostic::error(format!("the rule cannot be asked of {what}: {problem}"))
            .at(&self.place.source, self.place.span)
            .hint(hint))
    }
}

/// An expression as it stands in its file.
struct Written<'a> {
    source: &'a Arc<Source>,
    span: Span,
    text: &'a str,
}

impl Written<'_> {
    /// A finding of the parser, which counts lines and columns from one.
    fn finding(&self, message: &str, line: isize, column: isize) -> Diagnostic {
        let line = usize::try_from(line).unwrap_or(1).max(1) - 1;
        let column = usize::try_from(column).unwrap_or(1).max(1) - 1;
        let before: usize = self.text.split_inclusive('\n').take(line).map(str::len).sum();
        let inside = self.text[before..].chars().take(column).map(char::len_utf8).sum::<usize>();
        let message = message.lines().next().unwrap_or_default();
        let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
        Diagnostic::error(format!("this is no CEL: {message}"))
            .at(self.source, self.span_at(before + inside, ""))
            .hint("the language is described at https://cel.dev")
    }

    /// Where a piece of the text stands in the file. YAML folds lines and takes indentation away, so
    /// that what is counted is all but blanks; where the file spells the text in another way, it
    /// is the whole expression.
    fn span_at(&self, offset: usize, piece: &str) -> Span {
        let is_solid = |(_, one): &(usize, char)| !one.is_whitespace();
        let offset = self.text.floor_char_boundary(offset.min(self.text.len()));
        let before: Vec<char> =
            self.text[..offset].chars().filter(|one| !one.is_whitespace()).collect();
        let end = self.span.end.min(self.source.text.len());
        let file = self.source.text.get(self.span.start..end).unwrap_or_default();
        let skipped = match file.chars().next() {
            Some('"' | '\'') => 1,
            Some('|' | '>') => file.find('\n').unwrap_or_default(),
            _ => 0,
        };
        let mut solid = file[skipped..].char_indices().filter(is_solid);
        if !before.iter().all(|wanted| solid.next().is_some_and(|(_, one)| one == *wanted)) {
            return self.span;
        }
        let found = solid.next().map_or(file.len(), |(index, _)| skipped + index);
        let start = self.span.start + found;
        Span { start, end: start + piece.len().max(1) }
    }
}

/// The names in an expression that it does not bind itself.
#[derive(Default)]
struct Names<'e> {
    bound: Vec<&'e str>,
    unknown: Vec<(u64, &'e str)>,
}

impl<'e> Names<'e> {
    fn collect(&mut self, node: &'e IdedExpr) {
        match &node.expr {
            Expr::Ident(name) => {
                let is_known = name.starts_with('@')
                    || VARIABLES.contains(&name.as_str())
                    || self.bound.contains(&name.as_str())
                    || TYPES.contains(&name.as_str());
                if !is_known {
                    self.unknown.push((node.id, name));
                }
            }
            Expr::Call(call) => {
                call.target.iter().for_each(|target| self.collect(target));
                call.args.iter().for_each(|argument| self.collect(argument));
            }
            Expr::Comprehension(inner) => {
                self.collect(&inner.iter_range);
                self.collect(&inner.accu_init);
                let depth = self.bound.len();
                self.bound.extend([inner.iter_var.as_str(), inner.accu_var.as_str()]);
                self.bound.extend(inner.iter_var2.as_deref());
                for part in [&inner.loop_cond, &inner.loop_step, &inner.result] {
                    self.collect(part);
                }
                self.bound.truncate(depth);
            }
            Expr::List(list) => list.elements.iter().for_each(|item| self.collect(item)),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.collect(&entry.key);
                        self.collect(&entry.value);
                    }
                }
            }
            Expr::Select(select) => self.collect(&select.operand),
            Expr::Struct(_) | Expr::Literal(_) | Expr::Unspecified => {}
        }
    }
}

/// The names of types, which `type(x)` is compared with.
const TYPES: [&str; 9] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "uint"];

/// What every rule is asked in: the plan, and Cairn's own functions.
pub fn context(plan: &Json) -> Context<'static, 'static> {
    let mut context = Context::with_env(Arc::new(Env::stdlib()));
    context.add_variable_from_value(PLAN, value(plan));
    // No function of CEL's own has either name.
    let _ = context.add_function(LISTED, |one: Value| match one {
        Value::List(items) => Value::List(items),
        Value::Null => Value::List(Arc::default()),
        other => Value::List(Arc::new(vec![other])),
    });
    let _ = context.add_function(STATEMENTS, |one: Value| {
        let mut found = Vec::new();
        if let Ok(json) = one.json() {
            collect_statements(&json, &mut found);
        }
        Value::List(Arc::new(found))
    });
    context
}

/// The statements of all IAM policies in a value, with their actions, resources and principals as
/// lists, however they are written.
fn collect_statements(json: &Json, found: &mut Vec<Value>) {
    match json {
        Json::Object(entries) if entries.get("Effect").is_some_and(Json::is_string) => {
            let mut statement = entries.clone();
            for key in ["Action", "NotAction", "Resource", "NotResource"] {
                let items = match entries.get(key) {
                    None => Vec::new(),
                    Some(Json::Array(items)) => items.clone(),
                    Some(one) => vec![one.clone()],
                };
                statement.insert(key.to_owned(), Json::Array(items));
            }
            found.push(value(&Json::Object(statement)));
        }
        Json::Object(entries) => entries.values().for_each(|one| collect_statements(one, found)),
        Json::Array(items) => items.iter().for_each(|one| collect_statements(one, found)),
        Json::String(text) if text.trim_start().starts_with('{') => {
            if let Ok(inner @ Json::Object(_)) = serde_json::from_str::<Json>(text) {
                collect_statements(&inner, found);
            }
        }
        _ => {}
    }
}

/// JSON as CEL has it: whole numbers are `int`, so that they can be compared with those in rules.
pub fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(value).collect())),
        Json::Object(entries) => {
            let map: HashMap<String, Value> =
                entries.iter().map(|(key, one)| (key.clone(), value(one))).collect();
            map.into()
        }
    }
}

//! What a property may hold: literals, and tokens that become functions of the template.
//!
//! A token names another construct, not its logical id: that is settled at synthesis, and so is
//! whether the reference stays in its stack or leads into another one.

use std::fmt;
use std::marker::PhantomData;
use std::rc::Weak;

use crate::ordered::IndexMap;
use serde_json::Value as Json;

use super::tree::Tree;
use crate::template::Node;
use crate::value::Literal;

/// An expression of a template that is not written down yet.
#[derive(Debug, Clone)]
pub enum Expression {
    /// A text.
    Text(String),
    /// A number or a boolean.
    Literal(Literal),
    /// A list.
    List(Vec<Expression>),
    /// A map; a function of CloudFormation is one with a single key.
    Map(IndexMap<String, Expression>),
    /// What `Ref` or `Fn::GetAtt` of a construct gives.
    Reference(Reference),
    /// The logical id of a construct itself.
    Name(Target),
    /// `Fn::Sub`, with variables of its own.
    Sub {
        /// The text.
        text: String,
        /// What its variables stand for.
        variables: Vec<(String, Expression)>,
    },
    /// A local file or directory that stands for a function's code.
    Code(String),
    /// What somebody wrote in a template, to be kept as it is.
    Written(Node),
}

/// A construct that an expression names.
#[derive(Clone)]
pub struct Target {
    pub(super) tree: Weak<Tree>,
    pub(super) index: usize,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.tree.upgrade().map(|tree| tree.path(self.index));
        write!(f, "Target({})", path.unwrap_or_default())
    }
}

/// What is asked of a construct: its `Ref`, or an attribute.
#[derive(Debug, Clone)]
pub struct Reference {
    pub(super) target: Target,
    pub(super) attribute: Option<String>,
}

impl Expression {
    /// A call of a function.
    pub(super) fn call(function: &str, argument: Self) -> Self {
        Self::Map(IndexMap::from_iter([(function.to_owned(), argument)]))
    }

    /// The text, if it is one that is known.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Literal(literal) => Some(literal.text()),
            Self::Written(node) => node.text(),
            _ => None,
        }
    }
}

impl From<Json> for Expression {
    fn from(json: Json) -> Self {
        match json {
            Json::String(text) => Self::Text(text),
            Json::Bool(value) => Self::Literal(Literal::Bool { value, text: value.to_string() }),
            Json::Number(number) => Self::Literal(Literal::Number { text: number.to_string() }),
            Json::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Json::Object(entries) => {
                Self::Map(entries.into_iter().map(|(key, value)| (key, value.into())).collect())
            }
            Json::Null => Self::Map(IndexMap::from_iter([(
                "Ref".to_owned(),
                Self::Text("AWS::NoValue".to_owned()),
            )])),
        }
    }
}

/// A property of type `T`: a literal, or a token that becomes one when the stack is deployed.
///
/// Builders take `impl Into<Prop<T>>`, so that both can be handed to them as they are:
///
/// ```
/// use cairn::construct::{Aws, Prop};
///
/// let _: Prop<String> = "eu-central-1".into();
/// let _: Prop<String> = Aws::REGION.into();
/// let _: Prop<Vec<String>> = ["a", "b"].into();
/// let _: Prop<i64> = 443.into();
/// ```
pub struct Prop<T> {
    pub(super) expression: Expression,
    of: PhantomData<fn() -> T>,
}

impl<T> Prop<T> {
    /// A property that holds any expression.
    pub fn from_expression(expression: impl Into<Expression>) -> Self {
        Self { expression: expression.into(), of: PhantomData }
    }

    /// The expression it holds.
    pub fn into_expression(self) -> Expression {
        self.expression
    }

    /// The same expression where another type is wanted: a parameter's text where a number is.
    pub fn cast<U>(self) -> Prop<U> {
        Prop::from_expression(self.expression)
    }
}

impl<T> Clone for Prop<T> {
    fn clone(&self) -> Self {
        Self { expression: self.expression.clone(), of: PhantomData }
    }
}

impl<T> fmt::Debug for Prop<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

/// A Rust type that a property may hold as a literal.
pub trait Plain {
    /// The value as an expression.
    fn into_expression(self) -> Expression;
}

/// A map with free keys, as the type of a property.
#[derive(Debug)]
pub struct MapOf<T>(PhantomData<fn() -> T>);

impl Plain for String {
    fn into_expression(self) -> Expression {
        Expression::Text(self)
    }
}

impl Plain for bool {
    fn into_expression(self) -> Expression {
        Expression::from(Json::from(self))
    }
}

impl Plain for i64 {
    fn into_expression(self) -> Expression {
        Expression::from(Json::from(self))
    }
}

impl Plain for f64 {
    fn into_expression(self) -> Expression {
        Expression::from(Json::from(self))
    }
}

impl Plain for Json {
    fn into_expression(self) -> Expression {
        Expression::from(self)
    }
}

impl<T: Plain> From<T> for Prop<T> {
    fn from(value: T) -> Self {
        Self::from_expression(value.into_expression())
    }
}

impl<T> From<&Prop<T>> for Prop<T> {
    fn from(value: &Prop<T>) -> Self {
        value.clone()
    }
}

impl From<&str> for Prop<String> {
    fn from(text: &str) -> Self {
        Self::from_expression(Expression::Text(text.to_owned()))
    }
}

impl From<&String> for Prop<String> {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<i32> for Prop<i64> {
    fn from(number: i32) -> Self {
        i64::from(number).into()
    }
}

impl From<u32> for Prop<i64> {
    fn from(number: u32) -> Self {
        i64::from(number).into()
    }
}

impl From<i32> for Prop<f64> {
    fn from(number: i32) -> Self {
        Self::from_expression(Json::from(number))
    }
}

impl From<Prop<String>> for Prop<Json> {
    fn from(value: Prop<String>) -> Self {
        value.cast()
    }
}

impl From<&str> for Prop<Json> {
    fn from(text: &str) -> Self {
        Prop::<String>::from(text).cast()
    }
}

impl<T, X: Into<Prop<T>>> From<Vec<X>> for Prop<Vec<T>> {
    fn from(items: Vec<X>) -> Self {
        let items = items.into_iter().map(|item| item.into().expression).collect();
        Self::from_expression(Expression::List(items))
    }
}

impl<T, X: Into<Prop<T>>, const N: usize> From<[X; N]> for Prop<Vec<T>> {
    fn from(items: [X; N]) -> Self {
        Vec::from(items).into()
    }
}

impl<T, K: Into<String>, X: Into<Prop<T>>> From<Vec<(K, X)>> for Prop<MapOf<T>> {
    fn from(entries: Vec<(K, X)>) -> Self {
        let entries = entries.into_iter();
        let map = entries.map(|(key, value)| (key.into(), value.into().expression)).collect();
        Self::from_expression(Expression::Map(map))
    }
}

impl<T, K: Into<String>, X: Into<Prop<T>>, const N: usize> From<[(K, X); N]> for Prop<MapOf<T>> {
    fn from(entries: [(K, X); N]) -> Self {
        Vec::from(entries).into()
    }
}

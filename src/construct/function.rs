//! CloudFormation's functions and pseudo parameters, for values that only a deployment knows.

use crate::ordered::IndexMap;
use serde_json::Value as Json;

use super::element::Condition;
use super::expression::{Expression, Prop};

/// A pseudo parameter: see [`Aws`].
#[derive(Debug, Clone, Copy)]
pub struct Pseudo(&'static str);

/// What CloudFormation knows of where a stack is deployed.
#[derive(Debug)]
pub struct Aws;

impl Aws {
    /// The account's twelve digits.
    pub const ACCOUNT_ID: Pseudo = Pseudo("AWS::AccountId");
    /// `eu-central-1`.
    pub const REGION: Pseudo = Pseudo("AWS::Region");
    /// `aws`, `aws-cn` or `aws-us-gov`: the second part of every ARN.
    pub const PARTITION: Pseudo = Pseudo("AWS::Partition");
    /// `amazonaws.com` nearly everywhere.
    pub const URL_SUFFIX: Pseudo = Pseudo("AWS::URLSuffix");
    /// The ARN of the stack.
    pub const STACK_ID: Pseudo = Pseudo("AWS::StackId");
    /// The name the stack is deployed under.
    pub const STACK_NAME: Pseudo = Pseudo("AWS::StackName");
}

impl From<Pseudo> for Prop<String> {
    fn from(pseudo: Pseudo) -> Self {
        Fn::ref_(pseudo.0)
    }
}

/// What a condition is made of: see [`Fn::equals`].
#[derive(Debug, Clone)]
pub struct Test(pub(super) Expression);

/// The functions of CloudFormation.
///
/// ```
/// use cairn::construct::{Aws, Fn, Prop};
///
/// let zone: Prop<String> = Fn::sub("${AWS::Region}a");
/// let arn = Fn::join(":", ["arn".into(), Aws::PARTITION.into(), zone]);
/// let first = Fn::select(0, Fn::cidr("10.0.0.0/16", 2, 8));
/// # let _: (Prop<String>, Prop<String>) = (arn, first);
/// ```
#[derive(Debug)]
pub struct Fn;

impl Fn {
    /// `Ref` of a logical id, where there is no construct to ask.
    pub fn ref_(name: &str) -> Prop<String> {
        call("Ref", text(name))
    }

    /// `Fn::GetAtt` of a logical id, where there is no construct to ask.
    pub fn get_att(name: &str, attribute: &str) -> Prop<String> {
        call("Fn::GetAtt", Expression::List(vec![text(name), text(attribute)]))
    }

    /// `Fn::Join`.
    pub fn join<X: Into<Prop<String>>>(
        delimiter: &str,
        parts: impl IntoIterator<Item = X>,
    ) -> Prop<String> {
        let parts = parts.into_iter().map(|part| part.into().expression).collect();
        call("Fn::Join", Expression::List(vec![text(delimiter), Expression::List(parts)]))
    }

    /// `Fn::Sub` of a text whose variables are pseudo parameters.
    pub fn sub(text: &str) -> Prop<String> {
        Self::sub_with(text, Vec::new())
    }

    /// `Fn::Sub` of a text with variables. One that is a reference is written into the text, as
    /// people do: `${Api}`.
    pub fn sub_with<'a>(
        text: &str,
        variables: impl IntoIterator<Item = (&'a str, Prop<String>)>,
    ) -> Prop<String> {
        let variables = variables.into_iter();
        Prop::from_expression(Expression::Sub {
            text: text.to_owned(),
            variables: variables.map(|(name, value)| (name.to_owned(), value.expression)).collect(),
        })
    }

    /// `Fn::Select`.
    pub fn select<T>(index: usize, list: impl Into<Prop<Vec<T>>>) -> Prop<T> {
        call("Fn::Select", Expression::List(vec![number(index), list.into().expression]))
    }

    /// `Fn::Split`.
    pub fn split(delimiter: &str, text: impl Into<Prop<String>>) -> Prop<Vec<String>> {
        let delimiter = Expression::Text(delimiter.to_owned());
        call("Fn::Split", Expression::List(vec![delimiter, text.into().expression]))
    }

    /// `Fn::Cidr`: `count` blocks with `bits` bits for hosts each.
    pub fn cidr(block: impl Into<Prop<String>>, count: usize, bits: usize) -> Prop<Vec<String>> {
        let arguments = vec![block.into().expression, number(count), number(bits)];
        call("Fn::Cidr", Expression::List(arguments))
    }

    /// `Fn::GetAZs` of the stack's region.
    pub fn get_azs() -> Prop<Vec<String>> {
        call("Fn::GetAZs", text(""))
    }

    /// `Fn::Base64`.
    pub fn base64(text: impl Into<Prop<String>>) -> Prop<String> {
        call("Fn::Base64", text.into().expression)
    }

    /// `Fn::ImportValue`. A reference to a construct of another stack becomes one by itself.
    pub fn import_value(name: impl Into<Prop<String>>) -> Prop<String> {
        call("Fn::ImportValue", name.into().expression)
    }

    /// `Fn::If`.
    pub fn if_<T>(
        condition: &Condition,
        then: impl Into<Prop<T>>,
        otherwise: impl Into<Prop<T>>,
    ) -> Prop<T> {
        let branches = vec![condition.name(), then.into().expression, otherwise.into().expression];
        call("Fn::If", Expression::List(branches))
    }

    /// A property that is not there: `AWS::NoValue`.
    pub fn no_value<T>() -> Prop<T> {
        call("Ref", text("AWS::NoValue"))
    }

    /// `Fn::Equals`.
    pub fn equals(left: impl Into<Prop<String>>, right: impl Into<Prop<String>>) -> Test {
        let sides = vec![left.into().expression, right.into().expression];
        Test(Expression::call("Fn::Equals", Expression::List(sides)))
    }

    /// `Fn::Not`.
    pub fn not(test: impl Into<Test>) -> Test {
        Test(Expression::call("Fn::Not", Expression::List(vec![test.into().0])))
    }

    /// `Fn::And`.
    pub fn and<X: Into<Test>>(tests: impl IntoIterator<Item = X>) -> Test {
        Test(Expression::call("Fn::And", tests_of(tests)))
    }

    /// `Fn::Or`.
    pub fn or<X: Into<Test>>(tests: impl IntoIterator<Item = X>) -> Test {
        Test(Expression::call("Fn::Or", tests_of(tests)))
    }
}

impl From<&Condition> for Test {
    fn from(condition: &Condition) -> Self {
        Self(Expression::Map(IndexMap::from_iter([("Condition".to_owned(), condition.name())])))
    }
}

fn tests_of<X: Into<Test>>(tests: impl IntoIterator<Item = X>) -> Expression {
    Expression::List(tests.into_iter().map(|test| test.into().0).collect())
}

fn call<T>(function: &str, argument: Expression) -> Prop<T> {
    Prop::from_expression(Expression::call(function, argument))
}

fn text(text: &str) -> Expression {
    Expression::Text(text.to_owned())
}

fn number(number: usize) -> Expression {
    Expression::from(Json::from(number))
}

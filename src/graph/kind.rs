//! What kind of thing an expression gives, as far as it can be told before its value is known.

use super::evaluate::Evaluator;
use crate::schema::{self, Kind};
use crate::template::{Node, NodeKind};

impl Evaluator<'_> {
    /// What an expression gives; `None` where it may be anything. So a text that stands where only
    /// a list can is found before anything runs, and not when AWS has told the text.
    pub fn kind(&self, node: &Node) -> Option<Kind> {
        let argument = &node.single()?.value;
        match node.single()?.key.as_str() {
            "Ref" if self.template.resources.contains_key(argument.text()?) => Some(Kind::String),
            "Fn::GetAtt" => match &argument.kind {
                NodeKind::String(text) => {
                    let (id, attribute) = text.split_once('.')?;
                    self.attribute_kind(id, attribute)
                }
                NodeKind::List(items) => match items.as_slice() {
                    [id, attribute] => self.attribute_kind(id.text()?, attribute.text()?),
                    _ => None,
                },
                _ => None,
            },
            "Fn::Sub" | "Fn::Join" | "Fn::Base64" | "Fn::Length" | "Fn::ToJsonString"
            | "Fn::ImportValue" | "Fn::GetStackOutput" => Some(Kind::String),
            "Fn::Split" | "Fn::Cidr" | "Fn::GetAZs" => Some(Kind::List),
            "Fn::If" => match argument.items() {
                [condition, then, otherwise] => match self.conditions.get(condition.text()?)? {
                    true => self.kind(then),
                    false => self.kind(otherwise),
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// What an attribute of a resource is: a list, or else a scalar.
    pub(super) fn attribute_kind(&self, id: &str, attribute: &str) -> Option<Kind> {
        let resource = self.template.resources.get(id)?;
        match schema::get_att_kind(schema::facts(&resource.type_name)?, attribute)? {
            Kind::List => Some(Kind::List),
            Kind::String | Kind::Integer | Kind::Number | Kind::Boolean => Some(Kind::String),
            Kind::Map | Kind::Any => None,
        }
    }
}

//! The tree of constructs, as `tree.json` has it.

use crate::ordered::IndexMap;
use serde_json::{Map, Value as Json, json};

/// A construct and those in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TreeNode {
    pub id: String,
    /// Ids from below the app down to here, with a `/` between them.
    pub path: String,
    pub children: IndexMap<String, TreeNode>,
    pub construct: Option<ConstructInfo>,
    /// Such as `aws:cdk:cloudformation:type` and `aws:cdk:cloudformation:props`.
    pub attributes: IndexMap<String, Json>,
}

/// What made a construct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConstructInfo {
    pub fqn: String,
    pub version: String,
}

impl TreeNode {
    /// The tree of a template that no constructs have made: a node for each resource.
    pub fn of_template(id: &str, template: &Json) -> Self {
        let mut stack = Self { id: id.to_owned(), path: id.to_owned(), ..Self::default() };
        let resources = template.get("Resources").and_then(Json::as_object).into_iter().flatten();
        for (logical_id, resource) in resources {
            let Some(type_name) = resource.get("Type") else { continue };
            let mut attributes = IndexMap::default();
            attributes.insert("aws:cdk:cloudformation:type".to_owned(), type_name.clone());
            if let Some(properties) = resource.get("Properties") {
                attributes.insert("aws:cdk:cloudformation:props".to_owned(), properties.clone());
            }
            let path = format!("{id}/{logical_id}");
            let node = Self { id: logical_id.clone(), path, attributes, ..Self::default() };
            stack.children.insert(logical_id.clone(), node);
        }
        stack
    }

    pub(super) fn to_json(&self) -> Json {
        let mut node = Map::new();
        node.insert("id".to_owned(), json!(self.id));
        node.insert("path".to_owned(), json!(self.path));
        if !self.children.is_empty() {
            let children: Map<_, _> =
                self.children.iter().map(|(id, child)| (id.clone(), child.to_json())).collect();
            node.insert("children".to_owned(), Json::Object(children));
        }
        if !self.attributes.is_empty() {
            let attributes: Map<_, _> = self.attributes.clone().into_iter().collect();
            node.insert("attributes".to_owned(), Json::Object(attributes));
        }
        if let Some(info) = &self.construct {
            let info = json!({"fqn": info.fqn, "version": info.version});
            node.insert("constructInfo".to_owned(), info);
        }
        Json::Object(node)
    }
}

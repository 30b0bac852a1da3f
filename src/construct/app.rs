//! An app: the root of the tree, and what becomes of it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use crate::ordered::IndexMap;
use serde_json::Value as Json;

use super::SynthError;
use super::expression::Expression;
use super::synth::{CodeOf, Synthesis, to_json};
use super::tags;
use super::tree::{Construct, Kind, Scope};
use crate::assembly::cloud::{
    self, ConstructInfo, FileAsset, StackArtifact, StackEnvironment, TreeNode, WriteError,
};

/// The root of a tree of constructs.
#[derive(Debug, Clone)]
pub struct App {
    scope: Scope,
}

/// Every stack of an app, synthesized.
#[derive(Debug, Clone, PartialEq)]
pub struct Assembly {
    /// In the order they can be deployed in.
    pub stacks: Vec<StackArtifact>,
}

impl App {
    /// An empty one.
    pub fn new() -> Self {
        Self { scope: Scope::root() }
    }

    /// Lets the aspects visit, validates, and makes every template; local code is hashed.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with the path of its construct.
    pub fn synth(&self) -> Result<Assembly, SynthError> {
        let assets = Assets::default();
        let mut synthesis = Synthesis::of(&self.scope, &assets);
        synthesis.run()?;
        let mut stacks = Vec::new();
        for stack in in_order(&synthesis) {
            stacks.push(artifact(&synthesis, &assets, stack));
        }
        Ok(Assembly { stacks })
    }
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

impl Construct for App {
    fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl Assembly {
    /// The stack of this id.
    pub fn stack(&self, id: &str) -> Option<&StackArtifact> {
        self.stacks.iter().find(|stack| stack.id == id)
    }

    /// Writes a cloud assembly, as the CDK does, with the same bytes for the same app.
    ///
    /// # Errors
    ///
    /// What the disk says.
    pub fn write(&self, out: impl AsRef<Path>) -> Result<(), WriteError> {
        cloud::write(out.as_ref(), &self.stacks)
    }
}

/// Local code as assets.
#[derive(Default)]
struct Assets {
    by_stack: RefCell<BTreeMap<usize, Vec<FileAsset>>>,
}

impl CodeOf for Assets {
    fn code(&self, stack: usize, path: &str) -> Result<Expression, String> {
        let asset = FileAsset::of_code(Path::new(path), path)
            .map_err(|error| format!("the code cannot be packed: {error}"))?;
        let code = asset.code();
        let mut by_stack = self.by_stack.borrow_mut();
        let known = by_stack.entry(stack).or_default();
        if known.iter().all(|other| other.hash != asset.hash) {
            known.push(asset);
        }
        Ok(Expression::from(code))
    }
}

/// The stacks, each after those it waits for.
fn in_order(synthesis: &Synthesis<'_>) -> Vec<usize> {
    let waits = synthesis.waits.borrow();
    let mut order: Vec<usize> = Vec::new();
    let mut rest = synthesis.stacks();
    while !rest.is_empty() {
        let is_ready = |stack: &usize| {
            waits.get(stack).into_iter().flatten().all(|other| order.contains(other))
        };
        let Some(next) = rest.iter().position(is_ready) else { break };
        order.push(rest.remove(next));
    }
    order
}

fn artifact(synthesis: &Synthesis<'_>, assets: &Assets, stack: usize) -> StackArtifact {
    let tree = synthesis.tree();
    let waits = synthesis.waits.borrow();
    let mut artifact = StackArtifact {
        id: synthesis.artifact_id(stack),
        stack_name: synthesis.stack_name(stack),
        display_name: tree.path(stack),
        template: to_json(&synthesis.template(stack)),
        tags: tags::of(tree, stack),
        assets: assets.by_stack.borrow().get(&stack).cloned().unwrap_or_default(),
        dependencies: waits
            .get(&stack)
            .into_iter()
            .flatten()
            .map(|other| synthesis.artifact_id(*other))
            .collect(),
        ..StackArtifact::default()
    };
    if let Kind::Stack(facts) = &tree.branches.borrow()[stack].kind {
        artifact.environment =
            StackEnvironment { account: facts.account.clone(), region: facts.region.clone() };
        artifact.termination_protection = facts.termination_protection;
        artifact.parameters.clone_from(&facts.parameters);
    }
    for index in tree.below(stack) {
        let branches = tree.branches.borrow();
        let is_element = matches!(branches[index].kind, Kind::Element(_));
        drop(branches);
        if is_element && tree.stack_of(index) == Some(stack) {
            let path = format!("/{}", tree.path(index));
            artifact.logical_ids.insert(path, synthesis.logical_id(index));
        }
    }
    artifact.tree = Some(tree_node(synthesis, &artifact.template, stack, stack));
    artifact
}

fn tree_node(synthesis: &Synthesis<'_>, template: &Json, stack: usize, index: usize) -> TreeNode {
    let tree = synthesis.tree();
    let (id, made_by, children, type_name) = {
        let branch = &tree.branches.borrow()[index];
        let type_name = match &branch.kind {
            Kind::Element(element) => element.resource().map(|facts| facts.type_name),
            _ => None,
        };
        (
            branch.id.clone(),
            branch.made_by,
            branch.children.values().copied().collect::<Vec<_>>(),
            type_name,
        )
    };
    let mut attributes = IndexMap::default();
    if let Some(type_name) = type_name {
        let written = &template["Resources"][synthesis.logical_id(index)]["Properties"];
        attributes.insert("aws:cdk:cloudformation:type".to_owned(), Json::from(type_name));
        attributes.insert("aws:cdk:cloudformation:props".to_owned(), written.clone());
    }
    let own = |child: &usize| tree.stack_of(*child) == Some(stack);
    TreeNode {
        id,
        path: tree.path(index),
        children: children
            .into_iter()
            .filter(own)
            .map(|child| {
                let node = tree_node(synthesis, template, stack, child);
                (node.id.clone(), node)
            })
            .collect(),
        construct: Some(ConstructInfo {
            fqn: format!("cairn.{made_by}"),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }),
        attributes,
    }
}

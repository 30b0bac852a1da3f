//! From [`Template`] to [`Graph`]: what should exist, in which order.
//!
//! Everything that can be known without AWS is known here. Parameters, mappings and conditions
//! are settled once; properties stay expressions and are evaluated by [`Graph::properties`] with
//! whatever is known of the resources they refer to. Plan and apply call the same function: a
//! value that was known in the plan is the same at apply.

pub mod aliases;
mod cdk;
mod check;
mod cidr;
mod conditions;
mod directions;
mod endpoints;
mod evaluate;
mod expand;
mod exports;
mod extensions;
mod handlers;
mod inputs;
mod kind;
mod known;
mod limits;
mod lookup;
mod mapping;
mod modules;
mod network;
mod order;
mod policy;
mod portability;
mod references;
mod routes;
mod rules;
mod substitute;
mod tags;
#[cfg(test)]
mod tests;
mod text;
mod trust;
mod types;
mod walk;

pub use directions::{Directions, IgnoreDrift, directions};
pub use expand::expand;
pub use exports::ExportValue;
pub use inputs::{AssetRef, Export, Given, Inputs, NamedValue, Questions, StackOutputs, questions};
pub use lookup::{Lookup, Nothing};
pub use modules::has_modules;
pub use tags::without_room;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ordered::IndexMap;

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::schema::{self, Kind, TypeFacts};
use crate::template::{DeletionPolicy, ResourceNode, Template};
use crate::value::{LogicalId, Value};

use evaluate::{Evaluator, is_failed};
use known::Known;

/// What should exist.
#[derive(Debug, Clone)]
pub struct Graph {
    pub template: Arc<Template>,
    pub inputs: Inputs,
    /// In an order in which each comes after what it depends on.
    pub nodes: IndexMap<LogicalId, Node>,
    pub warnings: Vec<Diagnostic>,
    /// What Cairn cannot do yet of what the template rightly asks for.
    pub obstacles: Vec<Diagnostic>,
    /// The parameters that nobody has given a value.
    pub missing: Vec<Diagnostic>,
    /// The exports of other stacks that are used, each with the stack it comes from.
    pub imports: BTreeMap<String, String>,
    parameters: BTreeMap<String, Value>,
    conditions: BTreeMap<String, bool>,
}

/// One resource that should exist.
#[derive(Debug, Clone)]
pub struct Node {
    pub id: LogicalId,
    pub type_name: String,
    pub id_span: Span,
    /// Direct dependencies: references, `DependsOn` and what AWS requires unsaid.
    pub dependencies: BTreeSet<LogicalId>,
    /// The resources whose content this one copies.
    pub follows: BTreeSet<LogicalId>,
    pub deletion_policy: DeletionPolicy,
    pub update_replace_policy: DeletionPolicy,
    /// What the template says of it to Cairn alone.
    pub directions: Directions,
}

/// An output and what it evaluates to.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputValue {
    pub name: String,
    pub description: Option<String>,
    pub value: Value,
}

/// Settles all that can be settled without AWS.
///
/// # Errors
///
/// Everything that is wrong with the template, sorted by place.
pub fn synth(template: Arc<Template>, inputs: Inputs) -> Result<Graph, Vec<Diagnostic>> {
    if check::is_enough(&template.findings) {
        return Err(template.findings.clone());
    }
    let (mut graph, mut diagnostics) = draft(template, inputs);
    if diagnostics.iter().any(|finding| finding.severity == Severity::Error) {
        diagnostics.append(&mut graph.obstacles);
        diagnostics.append(&mut graph.missing);
        check::sort(&mut diagnostics);
        check::limit(&mut diagnostics, &graph.template.source);
        return Err(diagnostics);
    }
    check::limit(&mut diagnostics, &graph.template.source);
    graph.warnings = diagnostics;
    Ok(graph)
}

/// The graph as far as it can be made, and everything there is to say of it, sorted by place.
pub fn draft(template: Arc<Template>, inputs: Inputs) -> (Graph, Vec<Diagnostic>) {
    let template = expand(template, &inputs);
    let mut diagnostics = template.findings.clone();
    let parameters = inputs::parameters(&template, &inputs, &mut diagnostics);
    let missing = inputs::missing(&template, &inputs);
    let conditions = conditions::conditions(&template, &inputs, &parameters, &mut diagnostics);
    let mut graph = Graph {
        template,
        inputs,
        nodes: IndexMap::default(),
        warnings: Vec::new(),
        obstacles: Vec::new(),
        missing,
        imports: BTreeMap::new(),
        parameters,
        conditions,
    };
    rules::check(&graph, &mut diagnostics);
    let (known, mut obstacles) = graph.collect_nodes(&mut diagnostics);
    graph.check_outputs(&mut diagnostics, &mut obstacles);
    graph.check_exports(&mut diagnostics);
    order::add_followed(&mut graph);
    order::sort(&mut graph, &mut diagnostics);
    obstacles.extend(types::undeployable(&graph));
    check::sort(&mut obstacles);
    types::check_region(&graph, &mut diagnostics);
    network::check(&graph, &known, &mut diagnostics);
    endpoints::check(&graph, &known, &mut diagnostics);
    routes::check(&graph, &known, &mut diagnostics);
    limits::check(&graph, &known, &mut diagnostics);
    handlers::check(&graph, &known, &mut diagnostics);
    trust::check(&graph, &known, &mut diagnostics);
    references::check(&graph, &mut diagnostics);
    portability::check(&graph, &mut diagnostics);
    check::sort(&mut diagnostics);
    graph.obstacles = obstacles;
    (graph, diagnostics)
}

impl Graph {
    /// The properties of one resource, coerced to its schema, with the stack's tags; what
    /// `lookup` does not know is unknown in them.
    ///
    /// # Errors
    ///
    /// What the functions in them complain of. [`synth`] has seen everything that does not depend
    /// on values known later.
    pub fn properties(
        &self,
        id: &LogicalId,
        lookup: &dyn Lookup,
    ) -> Result<Value, Vec<Diagnostic>> {
        let (value, errors) = self.expressed(id, lookup);
        if !errors.is_empty() {
            return Err(errors);
        }
        let Some(facts) = self.facts(id) else { return Ok(value) };
        let (value, findings) = schema::coerce(facts, value);
        let wrong: Vec<_> = findings
            .into_iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| check::diagnostic(self, id, &finding))
            .collect();
        if wrong.is_empty() { Ok(value) } else { Err(wrong) }
    }

    /// What the functions in the properties of one resource give, before any schema types it, and
    /// what they complain of.
    pub fn expressed(&self, id: &LogicalId, lookup: &dyn Lookup) -> (Value, Vec<Diagnostic>) {
        let mut evaluator = self.evaluator(lookup);
        let value = self.evaluate_properties(id, &mut evaluator);
        (value, evaluator.into_errors())
    }

    /// The outputs that are not excluded by their condition.
    pub fn outputs(&self, lookup: &dyn Lookup) -> Result<Vec<OutputValue>, Vec<Diagnostic>> {
        let mut evaluator = self.evaluator(lookup);
        let outputs = self.evaluate_outputs(&mut evaluator);
        let errors = evaluator.into_errors();
        if errors.is_empty() { Ok(outputs) } else { Err(errors) }
    }

    fn evaluate_outputs(&self, evaluator: &mut Evaluator<'_>) -> Vec<OutputValue> {
        let mut outputs = Vec::new();
        for output in self.template.outputs.values() {
            if !self.holds(output.condition.as_ref()) {
                continue;
            }
            let value = evaluator.value(&output.value).unwrap_or(Value::Null);
            outputs.push(OutputValue {
                name: output.name.clone(),
                description: output.description.clone(),
                value,
            });
        }
        outputs
    }

    /// What every parameter is, its default included; `NoEcho` ones as secrets.
    pub fn parameters(&self) -> &BTreeMap<String, Value> {
        &self.parameters
    }

    pub fn facts(&self, id: &LogicalId) -> Option<&'static TypeFacts> {
        schema::facts(&self.template.resources.get(id)?.type_name)
    }

    /// The span of a property, or of the nearest thing to it that is written down.
    pub fn span_of(&self, id: &LogicalId, path: &[schema::Segment], at: schema::At) -> Span {
        check::locate(self, id, path, at)
    }

    fn evaluator<'a>(&'a self, lookup: &'a dyn Lookup) -> Evaluator<'a> {
        Evaluator::new(&self.template, &self.inputs, &self.parameters, &self.conditions, lookup)
    }

    fn holds(&self, condition: Option<&(String, Span)>) -> bool {
        condition.is_none_or(|(name, _)| self.conditions.get(name).copied().unwrap_or(true))
    }

    fn evaluate_properties(&self, id: &LogicalId, evaluator: &mut Evaluator<'_>) -> Value {
        let declared = &self.template.resources[id];
        let mut value = evaluator
            .value(&declared.properties)
            .unwrap_or_else(|| Value::Map(IndexMap::default()));
        if let Value::Map(properties) = &mut value {
            if let Some(asset) = self.inputs.assets.get(id) {
                properties.insert(asset.property.clone(), asset.value());
            }
            if let Some(tags) = self.facts(id).and_then(|facts| facts.tags.as_ref()) {
                inputs::merge_tags(properties, tags, &self.inputs.tags);
            }
        }
        value
    }

    /// Takes in every resource that is to exist, with all that can be said of it alone. What its
    /// properties are is kept for the checks that look further, and apart what Cairn cannot set yet.
    fn collect_nodes(&mut self, diagnostics: &mut Vec<Diagnostic>) -> (Known, Vec<Diagnostic>) {
        let template = Arc::clone(&self.template);
        let (mut known, mut obstacles) = (Known::default(), Vec::new());
        for declared in template.resources.values().filter(|one| !cdk::is_analytics(one)) {
            if check::is_enough(diagnostics) {
                break;
            }
            types::check(&template, declared, diagnostics);
            let (deletion_policy, update_replace_policy) = self.policies(declared, diagnostics);
            let directions = directions(&template, declared, diagnostics);
            if let Some((name, span)) = &declared.condition {
                diagnostics.extend(conditions::missing(&template, name, *span));
            }
            if !self.holds(declared.condition.as_ref()) {
                continue;
            }
            let recorder = lookup::Recorder::default();
            let mut evaluator = self.evaluator(&recorder);
            let value = self.evaluate_properties(&declared.id, &mut evaluator);
            let imported = std::mem::take(&mut evaluator.imported);
            obstacles.append(&mut evaluator.obstacles);
            let errors = evaluator.into_errors();
            let is_evaluated = errors.is_empty();
            diagnostics.extend(errors);
            if let Some(facts) = self.facts(&declared.id) {
                let (value, findings) = schema::coerce(facts, value);
                obstacles.extend(check::unsupported(self, declared, &value));
                diagnostics.append(&mut tags::check(self, declared, &value));
                let is_error = |finding: &schema::Finding| finding.severity == Severity::Error;
                let are_sound = is_evaluated && !findings.iter().any(is_error);
                known.keep(&declared.id, &declared.type_name, value, are_sound);
                let placed = findings.iter().map(|one| check::diagnostic(self, &declared.id, one));
                diagnostics.extend(placed);
            }
            self.imports.extend(imported);
            let mut dependencies = recorder.into_ids();
            dependencies.extend(self.depends_on(declared, diagnostics));
            self.nodes.insert(
                declared.id.clone(),
                Node {
                    id: declared.id.clone(),
                    type_name: declared.type_name.clone(),
                    id_span: declared.id_span,
                    dependencies,
                    follows: BTreeSet::new(),
                    deletion_policy,
                    update_replace_policy,
                    directions,
                },
            );
        }
        (known, obstacles)
    }

    /// What it depends on by its own word, and is there.
    fn depends_on(
        &self,
        declared: &ResourceNode,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> BTreeSet<LogicalId> {
        let mut ids = BTreeSet::new();
        for (name, span) in &declared.depends_on {
            match self.template.resources.get(name.as_str()) {
                None => {
                    diagnostics.extend(check::no_such_dependency(&self.template, name, *span));
                }
                Some(other) if self.holds(other.condition.as_ref()) => {
                    ids.insert(LogicalId::new(name));
                }
                Some(_) => {}
            }
        }
        ids
    }

    fn check_outputs(&self, diagnostics: &mut Vec<Diagnostic>, obstacles: &mut Vec<Diagnostic>) {
        for output in self.template.outputs.values() {
            if let Some((name, span)) = &output.condition {
                diagnostics.extend(conditions::missing(&self.template, name, *span));
            }
        }
        let mut evaluator = self.evaluator(&Nothing);
        for output in self.evaluate_outputs(&mut evaluator) {
            let declared = &self.template.outputs[&output.name];
            let is_list = matches!(output.value, Value::List(_) | Value::Map(_))
                || evaluator.kind(&declared.value) == Some(Kind::List);
            if is_failed(&output.value) {
                continue;
            }
            let finding = match output.value {
                Value::Null => Diagnostic::error(format!("output `{}` has no value", output.name)),
                _ if is_list => {
                    Diagnostic::error(format!("output `{}` is not a string", output.name))
                        .hint("join a list: `!Join [\",\", …]`")
                }
                _ => continue,
            };
            diagnostics.push(finding.at(&self.template.source, declared.value.span));
        }
        obstacles.append(&mut evaluator.obstacles);
        diagnostics.extend(evaluator.into_errors());
    }
}

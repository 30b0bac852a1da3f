//! A stack: what is deployed together, from one template.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::SynthError;
use super::synth::{LocalCode, Synthesis, to_json};
use super::tree::{Construct, Kind, Scope};

/// What is deployed together, from one template.
///
/// ```
/// use cairn::construct::{App, Output, Stack, level1::ec2::CfnVPC};
///
/// let app = App::new();
/// let network = Stack::new(&app, "Network");
/// let vpc = CfnVPC::builder().cidr_block("10.0.0.0/16").build(&network, "Vpc");
///
/// // A construct of one stack, used in another: an export, an import, and an order of the stacks.
/// let service = Stack::new(&app, "Service");
/// Output::new(&service, "VpcId", vpc.ref_());
/// let template = service.template()?;
/// let import = &template["Outputs"]["VpcId"]["Value"]["Fn::ImportValue"];
/// assert_eq!(import, "Network:ExportsOutputRefVpc0040386A");
/// # Ok::<(), cairn::construct::SynthError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Stack {
    scope: Scope,
}

#[derive(Default)]
pub(super) struct StackFacts {
    pub name: Option<String>,
    pub description: Option<String>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub termination_protection: bool,
    pub parameters: BTreeMap<String, String>,
    pub naming: Naming,
}

/// How logical ids are made from paths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Naming {
    /// As the CDK does.
    #[default]
    Hashed,
    /// Without a hash, as a module's resources are called.
    Joined,
}

impl Stack {
    /// Makes one in an app.
    pub fn new(scope: &dyn Construct, id: &str) -> Self {
        let kind = Kind::Stack(StackFacts::default());
        Self { scope: scope.scope().grow(id, "Stack", kind) }
    }

    /// Deploys it under another name than its path.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        self.with(|facts| facts.name = Some(name.to_owned()))
    }

    /// What the template says of itself.
    #[must_use]
    pub fn description(self, text: &str) -> Self {
        self.with(|facts| facts.description = Some(text.to_owned()))
    }

    /// Binds it to an account and a region; without, whoever deploys it decides.
    #[must_use]
    pub fn environment(self, account: &str, region: &str) -> Self {
        self.with(|facts| {
            facts.account = Some(account.to_owned());
            facts.region = Some(region.to_owned());
        })
    }

    /// Protects it from being deleted, where a deployer knows such a thing.
    #[must_use]
    pub fn termination_protection(self) -> Self {
        self.with(|facts| facts.termination_protection = true)
    }

    /// Gives a parameter a value, in a cloud assembly.
    #[must_use]
    pub fn parameter(self, name: &str, value: &str) -> Self {
        self.with(|facts| {
            facts.parameters.insert(name.to_owned(), value.to_owned());
        })
    }

    /// Its CloudFormation template, with local code as paths: what `cairn deploy` takes without
    /// any assembly. The paths are those the constructs were given.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the app.
    pub fn template(&self) -> Result<Json, SynthError> {
        let mut synthesis = Synthesis::of(&self.scope, &LocalCode);
        synthesis.run()?;
        Ok(to_json(&synthesis.template(self.scope.index)))
    }

    fn with(self, change: impl FnOnce(&mut StackFacts)) -> Self {
        edit(&self.scope, change);
        self
    }

    /// One whose resources are called as a module's are.
    pub(super) fn joined(scope: &dyn Construct, id: &str) -> Self {
        Self::new(scope, id).with(|facts| facts.naming = Naming::Joined)
    }
}

impl Construct for Stack {
    fn scope(&self) -> &Scope {
        &self.scope
    }
}

fn edit(scope: &Scope, change: impl FnOnce(&mut StackFacts)) {
    if let Kind::Stack(facts) = &mut scope.tree.branches.borrow_mut()[scope.index].kind {
        change(facts);
    }
}

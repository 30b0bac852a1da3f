//! Constructs: infrastructure written in Rust, which synthesizes to CloudFormation templates.
//!
//! An [`App`] is a tree of [constructs](Construct): stacks, and in them resources. There are three
//! levels. Level 1 ([`level1`]) is one construct for each resource type, with every property it
//! has, and a builder that does not compile while a required one is missing. Level 2 is what one
//! means: a [`ec2::Vpc`] without a way out, a [`lambda::Function`] from a directory, an
//! [`apigateway::RestApi`] with keys, a [`bedrock::Agent`] whose tools run at the caller. Level 3 is
//! the whole of it: [`PrivateAgentApi`].
//!
//! A property takes a literal or a token ([`Prop`]): `vpc.ref_()` names the construct, and becomes
//! `Ref`, or an import where it is used in another stack. Logical ids are those the CDK makes.
//!
//! ```
//! use cairn::construct::{App, Fn, Output, Stack, Tags};
//! use cairn::construct::level1::ec2::{CfnSubnet, CfnVPC};
//!
//! let app = App::new();
//! Tags::of(&app).add("team", "huts");
//!
//! let stack = Stack::new(&app, "Network");
//! let vpc = CfnVPC::builder().cidr_block("10.0.0.0/16").build(&stack, "Vpc");
//! let subnet = CfnSubnet::builder()
//!     .vpc_id(vpc.ref_())
//!     .cidr_block(Fn::select(0, Fn::cidr(vpc.attr_cidr_block(), 2, 8)))
//!     .build(&stack, "Subnet");
//! Output::new(&stack, "SubnetId", subnet.ref_());
//!
//! let assembly = app.synth()?;
//! let template = &assembly.stacks[0].template;
//! assert_eq!(template["Resources"]["Subnet"]["Properties"]["VpcId"]["Ref"], "Vpc");
//! # Ok::<(), cairn::construct::SynthError>(())
//! ```

#![warn(missing_docs)]

pub mod apigateway;
mod app;
mod aspect;
pub mod bedrock;
pub mod ec2;
mod element;
mod expression;
mod function;
pub mod iam;
pub mod lambda;
pub mod level1;
pub(crate) mod module;
mod modules;
mod name;
mod overrides;
mod private_agent_api;
mod stack;
mod substitute;
mod synth;
mod tags;
#[cfg(test)]
mod tests;
mod tree;
mod typed;

pub use app::{App, Assembly};
pub use aspect::{Aspect, Aspects, Tags};
pub use element::{Condition, Mapping, Output, Parameter, RemovalPolicy, Resource, Rule};
pub use expression::{Expression, MapOf, Plain, Prop, Reference, Target};
pub use function::{Aws, Fn, Pseudo, Test};
pub use private_agent_api::{PrivateAgentApi, PrivateAgentApiBuilder};
pub use stack::Stack;
pub use synth::SynthError;
pub use tree::{Construct, Problem, Scope};
pub use typed::{Given, IsGiven, Properties};

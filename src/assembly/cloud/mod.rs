//! The CDK's cloud assembly: a directory with a manifest, templates and assets.
//!
//! Facts from the published schema, @aws-cdk/cloud-assembly-schema on npm.

mod app;
mod asset;
mod error;
mod manifest;
mod order;
mod publish;
mod read;
mod select;
mod stage;
mod tree;
mod write;

pub use app::{App, AppError, CdkJson};
pub use asset::{FileAsset, Packaging};
pub use error::AssemblyError;
pub use publish::{paths, published};
pub use read::{AssembledStack, Assembly, Files, Message, Refused, read};
pub use select::{Reach, SelectError};
pub use stage::StageError;
pub use tree::{ConstructInfo, TreeNode};
pub use write::{WriteError, write};

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use crate::ordered::IndexMap;
use serde_json::Value as Json;

/// A stack as an app synthesizes it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StackArtifact {
    /// Names its files: letters, digits, `-`, `_` and `.`.
    pub id: String,
    pub stack_name: String,
    /// What `cdk ls` shows: the path in the construct tree.
    pub display_name: String,
    pub environment: StackEnvironment,
    /// CloudFormation, its keys in the order they are written in.
    pub template: Json,
    /// Values for the template's parameters.
    pub parameters: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub termination_protection: bool,
    pub assets: Vec<FileAsset>,
    /// The ids of the stacks that this one needs deployed first.
    pub dependencies: Vec<String>,
    /// From a construct's path, which begins with `/`, to its logical id.
    pub logical_ids: IndexMap<String, String>,
    /// The stack's constructs, for display.
    pub tree: Option<TreeNode>,
}

/// The account and region a stack is for; either may be left to who deploys it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackEnvironment {
    pub account: Option<String>,
    pub region: Option<String>,
}

const UNKNOWN_ACCOUNT: &str = "unknown-account";
const UNKNOWN_REGION: &str = "unknown-region";

impl Display for StackEnvironment {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let account = self.account.as_deref().unwrap_or(UNKNOWN_ACCOUNT);
        let region = self.region.as_deref().unwrap_or(UNKNOWN_REGION);
        write!(out, "aws://{account}/{region}")
    }
}
